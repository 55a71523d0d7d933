# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds for every object on every step, whatever is in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.convert.making import CONTEXT, EVERY_OBJECT, at, body_of, canonical, errors, names, seeds, type_of
from tests.convert.telling import attempt
from wwcp_ocpi.convert import Converted, convert
from wwcp_ocpi.convert.bridge import STEPS
from wwcp_ocpi.convert.rules import Step

NOT_ALONE = frozenset({"CdrDimension"})
"""What may have no counterpart by itself; a ChargingPeriod with FLAT in it is converted."""
LOWEST, HIGHEST = STEPS[0].lower.number, STEPS[-1].upper.number
THROUGHOUT = sorted(set(names(STEPS[0])) & set(names(STEPS[1])))

objects = pytest.mark.parametrize(
    ("step", "name"), EVERY_OBJECT, ids=[f"{step.lower.number}-{name}" for step, name in EVERY_OBJECT]
)
often = settings(max_examples=10, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


def told(body: bytes, name: str, source: str, target: str) -> Converted | None:
    """The object in the other version, if it can be told; a refusal names a place."""
    done = attempt(body, name, source, target, CONTEXT)
    if isinstance(done, Converted):
        return done
    assert done.path is not None
    at(canonical(body), done.path)
    return None


def there_and_back(name: str, lower: str, upper: str, seed: int) -> None:
    body = body_of(type_of(name, lower), seed)
    up = told(body, name, lower, upper)
    if up is None:
        assert name in NOT_ALONE
        return
    assert up.losses == ()
    assert errors(name, upper, up.body) == []
    down = convert(up.body, name, upper, lower, CONTEXT)
    assert canonical(down.body) == canonical(body)
    assert [loss for loss in down.losses if not loss.path.endswith(MADE)] == []


MADE = (
    ".token", ".timeout", ".vat", ".incl_vat", ".taxes", ".roles[0].role", ".cdr_token.uid", ".cdr_token.type",
    ".cdr_token.country_code", ".cdr_token.party_id",
)  # fmt: skip
"""What a setting supplied on the way up, so that it is a loss on the way down."""


def down_is_valid(name: str, upper: str, lower: str, seed: int) -> None:
    body = body_of(type_of(name, upper), seed)
    down = told(body, name, upper, lower)
    if down is None:
        return
    assert errors(name, lower, down.body) == []
    value: Any = canonical(body)
    for loss in down.losses:
        at(value, loss.path)


@objects
@given(seed=seeds())
@often
def test_up_loses_nothing_and_down_gives_back_what_came(step: Step, name: str, seed: int) -> None:
    there_and_back(name, step.lower.number, step.upper.number, seed)


@objects
@given(seed=seeds())
@often
def test_down_stays_valid_and_every_loss_names_a_place_of_the_source(step: Step, name: str, seed: int) -> None:
    down_is_valid(name, step.upper.number, step.lower.number, seed)


@pytest.mark.parametrize("name", THROUGHOUT)
@given(seed=seeds())
@often
def test_the_same_holds_for_both_steps_at_once(name: str, seed: int) -> None:
    there_and_back(name, LOWEST, HIGHEST, seed)
    down_is_valid(name, HIGHEST, LOWEST, seed)


@objects
def test_to_the_same_version_an_object_passes_as_it_is(step: Step, name: str) -> None:
    body = body_of(type_of(name, step.upper.number), 1)
    assert convert(body, name, step.upper.number, step.upper.number) == Converted(body, ())
