# SPDX-License-Identifier: AGPL-3.0-or-later
"""ETags: one for every spelling of a value, another for every other value."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.protocol.errors import MalformedBody, TooLarge
from wwcp_ocpi.protocol.etag import canonical, etag, matches

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_canonical_form_sorts_names_drops_blanks_and_keeps_digits() -> None:
    assert canonical(b' {"b" : 1.50, "a": [1, 1.0, null , "\\u00e4"]} ') == '{"a":[1,1.0,null,"ä"],"b":1.50}'.encode()


def test_names_are_sorted_at_every_depth_and_lists_are_not() -> None:
    assert canonical(b'[{"b":{"d":1,"c":2},"a":3},2,1]') == b'[{"a":3,"b":{"c":2,"d":1}},2,1]'


@given(values, st.booleans(), st.sampled_from([None, 1, 4]))
def test_every_spelling_of_a_value_has_the_same_tag(value: object, ascii_only: bool, indent: int | None) -> None:
    plain = json.dumps(value, ensure_ascii=False).encode()
    other = json.dumps(_reversed(value), ensure_ascii=ascii_only, indent=indent).encode()
    assert canonical(plain) == canonical(other)
    assert etag(plain) == etag(other)
    assert canonical(canonical(plain)) == canonical(plain)


def _reversed(value: object) -> object:
    """The same value, names in the opposite order."""
    if isinstance(value, dict):
        return {name: _reversed(item) for name, item in reversed(value.items())}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


@given(values, values)
def test_other_values_have_other_tags(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (etag(json.dumps(one).encode()) == etag(json.dumps(other).encode())) is same


def test_a_cent_more_has_another_tag() -> None:
    tags = [etag(body) for body in (b'{"p":1.5}', b'{"p":1.50}', b'{"p":1.51}', b'{"p":"1.5"}', b'{"p":15E-1}')]
    assert len(set(tags)) == 4  # 1.5 and 15E-1 have the same digits, and so one spelling
    assert tags[0] == tags[4]


def test_a_tag_is_strong_and_quoted() -> None:
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag(b"{}"))


@pytest.mark.parametrize(
    ("header", "is_there"),
    [
        ('"a"', True),
        ('"b", "a"', True),
        ('W/"a"', True),
        ('  "b" ,W/"a"  ', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
        (",,,", False),
        ('"a', False),
    ],
)
def test_a_header_names_a_state_or_not(header: str, is_there: bool) -> None:
    assert matches(header, '"a"') is is_there


@pytest.mark.parametrize("header", ["*", '"a"', ""])
def test_nothing_names_the_state_of_no_object(header: str) -> None:
    assert not matches(header, None)


@pytest.mark.parametrize(
    ("body", "error"), [(b"{", MalformedBody), (b"\xff", MalformedBody), (b"[" * 100_000, TooLarge)]
)
def test_what_is_no_json_has_no_tag(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        etag(body)
