# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.wwcp.ocpi.inward.escaping import escape, hashed, unescape

any_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=36)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=36)


@given(any_text)
def test_what_was_escaped_comes_out_again(text: str) -> None:
    made = escape(text, 1000)
    assert made.isascii()
    assert made.isalnum()
    assert unescape(made) == text


@given(ids, ids)
def test_two_ids_of_ocpi_are_two_ids_of_wwcp(one: str, other: str) -> None:
    assert (escape(one, 1000).upper() == escape(other, 1000).upper()) == (one.upper() == other.upper())


@given(any_text, st.sampled_from([30, 51]))
def test_an_escaped_text_is_never_too_long(text: str, longest: int) -> None:
    made = escape(text, longest)
    assert len(made) <= longest
    assert unescape(made) in (text, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234", "1234"),
        ("a-b_c.d", "aQMbQUcQPd"),
        ("Q", "QQ"),
        ("DE*GEF*P1", "DEQTGEFQTP1"),
        ("x+y", "xQ2By"),
        ("", "QHE3B0C44298FC1C149AFB"),
    ],
)
def test_what_is_no_letter_or_digit_is_announced(text: str, expected: str) -> None:
    assert escape(text, 51) == expected


def test_signs_that_an_id_allows_stay_but_not_in_front() -> None:
    assert escape("-a-b", 51, also="-") == "QMa-b"


@pytest.mark.parametrize("text", ["Q", "aQ", "Q1", "QG", "QH00", "QFF"])
def test_what_no_escape_wrote_is_nothing(text: str) -> None:
    assert unescape(text) is None


def test_a_hash_is_the_same_in_any_case() -> None:
    assert hashed(["DE", "gef"], 51) == hashed(["de", "GEF"], 51)
