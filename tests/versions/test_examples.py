# SPDX-License-Identifier: AGPL-3.0-or-later
"""The example files of the specification: the right ones survive a round trip, the wrong ones are found out.

They are not part of this repository (the specification is CC BY-ND); without them beside it these tests skip.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest

from tests.rules import rule
from tests.versions.examples import ERROR, EXAMPLES, INDEX, NONE, NOT_OF_SHAPE, NOTE, WRONG, Example, each, parts, wrong
from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody
from wwcp_ocpi.protocol.shape import patch_form


def _value(body: bytes) -> Any:
    """The JSON value, every number as the text it was written with."""
    return json.loads(body, parse_float=lambda text: f"number {text}", parse_int=lambda text: f"number {text}")


def _findings(example: Example) -> dict[str, Severity]:
    return {
        finding.path: finding.severity
        for part in parts(example)
        for finding in conformance.check(part.cls, part.body, partial=part.partial)
    }


def _decodable(example: Example) -> bool:
    return ERROR not in wrong(example.file).values()


@NONE
@each([example for example in INDEX if not wrong(example.file)])
def test_a_right_example_comes_back_as_the_same_json_with_its_digits(example: Example) -> None:
    for cls, body, partial in parts(example):
        form = patch_form(cls) if partial else cls
        assert _value(codec.encode(codec.decode(form, body))) == _value(body)


@NONE
@each(INDEX)
def test_all_that_is_wrong_with_an_example_is_found(example: Example) -> None:
    assert _findings(example) == wrong(example.file)


@NONE
@each(INDEX)
def test_an_example_decodes_unless_an_error_was_found(example: Example) -> None:
    forms = [(patch_form(cls) if partial else cls, body) for cls, body, partial in parts(example)]
    if _decodable(example):
        assert [codec.decode(form, body) is not None for form, body in forms] == [True] * len(forms)
    else:
        with pytest.raises(InvalidParameters):
            [codec.decode(form, body) for form, body in forms]


@NONE
@each(INDEX)
def test_the_quick_look_says_the_same_as_the_thorough_one(example: Example) -> None:
    for cls, body, partial in parts(example):
        if not partial:
            worse = [found for found in conformance.check(cls, body) if found.severity is not NOTE]
            assert codec.conforms(cls, body) is (not worse)


@rule("STC-01")
@NONE
@each([example for example in INDEX if not example.is_json])
def test_an_example_that_is_no_json_is_refused_as_malformed(example: Example) -> None:
    with pytest.raises(MalformedBody, match="expected JSON"):
        conformance.check(msgspec.Struct, (EXAMPLES / example.file).read_bytes())


@NONE
def test_what_is_listed_as_wrong_is_what_the_index_says() -> None:
    listed = {example.file for example in INDEX if wrong(example.file)} | NOT_OF_SHAPE.keys()
    assert listed == {example.file for example in INDEX if example.violations}
    assert [pattern for pattern in WRONG if not any(fnmatchcase(example.file, pattern) for example in INDEX)] == []


@NONE
def test_every_example_file_is_in_the_index() -> None:
    files = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.json")}
    mended = {example.file.replace(".json", ".fixed.json") for example in INDEX if not example.is_json}
    assert files == {example.file for example in INDEX} | mended
