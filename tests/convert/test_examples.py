# SPDX-License-Identifier: AGPL-3.0-or-later
"""The example objects of the specification in every other version, and back where that is upwards first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.convert.making import CONTEXT, at, canonical, errors
from tests.convert.telling import attempt
from tests.versions.examples import ERROR, INDEX, NONE, Example, each, parts, wrong
from wwcp_ocpi.convert import convert
from wwcp_ocpi.convert.bridge import NOT_CONVERTED
from wwcp_ocpi.protocol.errors import CannotConvert, NotInVersion
from wwcp_ocpi.registry import VERSIONS

RIGHT = [example for example in INDEX if ERROR not in wrong(example.file).values()]


def objects(example: Example) -> Iterator[tuple[str, bytes]]:
    for cls, body, partial in parts(example):
        if not partial and cls.__name__ not in NOT_CONVERTED:
            yield cls.__name__, body


@NONE
@each(RIGHT)
def test_an_example_goes_up_and_comes_back_unchanged(example: Example) -> None:
    source = example.file[:5]
    later = list(VERSIONS)[list(VERSIONS).index(source) :]
    for name, body in objects(example):
        for target in later:
            up = convert(body, name, source, target, CONTEXT)
            assert up.losses == ()
            assert errors(name, target, up.body) == []
            assert canonical(convert(up.body, name, target, source, CONTEXT).body) == canonical(body)


NOT_BELOW: dict[str, str] = {
    "Session": "$.location_id",  # at a Location that the test does not know
    "Tariff": "$.elements",  # reservation prices alone
}
"""Why an example cannot be told in an older version, beside having no object there."""


@NONE
@each(RIGHT)
def test_an_example_goes_down_valid_with_its_losses_in_place(example: Example) -> None:
    source = example.file[:5]
    for name, body in objects(example):
        for target in list(VERSIONS)[: list(VERSIONS).index(source)]:
            down = attempt(body, name, source, target, CONTEXT)
            if isinstance(down, NotInVersion):
                assert name not in VERSIONS[target].objects
                continue
            if isinstance(down, CannotConvert):
                assert NOT_BELOW[name] == down.path
                continue
            assert errors(name, target, down.body) == []
            for loss in down.losses:
                at(canonical(body), loss.path)


@NONE
def test_most_examples_are_converted() -> None:
    assert len([name for example in RIGHT for name, _ in objects(example)]) > 200


@pytest.mark.parametrize("name", sorted(NOT_CONVERTED))
def test_only_what_tells_of_a_platform_is_left_out(name: str) -> None:
    assert all(name in known.objects for known in VERSIONS.values())
