# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds for every object on every step, whatever is in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.convert.making import CONTEXT, EVERY_OBJECT, at, bodies, canonical, type_of
from wwcp_ocpi.convert import convert
from wwcp_ocpi.convert.bridge import STEPS
from wwcp_ocpi.convert.rules import Step
from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.errors import CannotConvert

EXAMPLES = 60
objects = pytest.mark.parametrize(
    ("step", "name"), EVERY_OBJECT, ids=[f"{step.lower.number}-{name}" for step, name in EVERY_OBJECT]
)
often = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
NOT_ALONE = {"CdrDimension": "FLAT alone is no dimension of 2.2.1; a period is told another one"}


def errors(name: str, number: str, body: bytes) -> list[str]:
    found = check(type_of(name, number), body)
    return [f"{one.path}: {one.message}" for one in found if one.severity is Severity.ERROR]


@objects
@given(data=st.data())
@often
def test_up_loses_nothing_and_down_gives_back_what_came(step: Step, name: str, data: st.DataObject) -> None:
    lower, upper = step.lower.number, step.upper.number
    body = data.draw(bodies(type_of(name, lower)))
    try:
        up = convert(body, name, lower, upper, CONTEXT)
    except CannotConvert:
        assert name in NOT_ALONE
        return
    assert up.losses == ()
    assert errors(name, upper, up.body) == []
    down = convert(up.body, name, upper, lower, CONTEXT)
    assert canonical(down.body) == canonical(body)


@objects
@given(data=st.data())
@often
def test_down_stays_valid_and_every_loss_names_a_place_of_the_source(
    step: Step, name: str, data: st.DataObject
) -> None:
    lower, upper = step.lower.number, step.upper.number
    body = data.draw(bodies(type_of(name, upper)))
    try:
        down = convert(body, name, upper, lower, CONTEXT)
    except CannotConvert as refused:
        assert refused.path is not None
        return
    assert errors(name, lower, down.body) == []
    value: Any = canonical(body)
    for loss in down.losses:
        at(value, loss.path)
