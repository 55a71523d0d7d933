# SPDX-License-Identifier: AGPL-3.0-or-later
"""Party ids, secrets, texts and numbers."""

from __future__ import annotations

import copy
import pickle
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.scalars import PartyId, Secret, fold
from wwcp_ocpi.scalars import text as texts
from wwcp_ocpi.scalars.numbers import Digits, Int1, Number
from wwcp_ocpi.scalars.text import Text


@pytest.mark.parametrize("text", ["NL*TNM", "NL-TNM", "NLTNM", "nl*tnm", " nLtNm ", "NLtnm"])
def test_a_party_is_read_in_every_spelling(text: str) -> None:
    assert PartyId.parse(text) == PartyId("NL", "TNM")


@pytest.mark.parametrize(
    "text", ["", "NL", "NL*", "NL*TN", "NL*TNMX", "N1*TNM", "NL**TNM", "NL TNM", "ÄÖ*TNM", "NL*TN\n"]
)
def test_what_is_no_party_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a party like NL\\*TNM"):
        PartyId.parse(text)


@rule("TYP-05")
@given(st.from_regex(r"[A-Za-z]{2}", fullmatch=True), st.from_regex(r"[A-Za-z0-9]{3}", fullmatch=True))
def test_a_party_has_one_key_in_any_case(country_code: str, party_id: str) -> None:
    party = PartyId.of(country_code, party_id)
    assert party == PartyId.of(country_code.lower(), party_id.upper())
    assert PartyId.parse(str(party)) == party
    assert PartyId.parse(f"{country_code}{party_id}") == party


def test_ci_strings_are_equal_in_any_case() -> None:
    assert fold("NL-tnm-012") == fold("nl-TNM-012") != fold("nl-TNM-013")


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r:>20}".format, lambda secret: f"{[secret]}"])
def test_a_secret_never_shows(show: object) -> None:
    assert callable(show)
    shown = show(Secret("hunter2"))
    assert "hunter2" not in shown
    assert "Secret(***)" in shown


def test_a_secret_gives_its_text_only_when_asked() -> None:
    assert Secret("hunter2").reveal() == "hunter2"


def test_secrets_compare_by_their_text() -> None:
    assert Secret("ä") == Secret("ä")
    assert hash(Secret("ä")) == hash(Secret("ä"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, vars])
def test_a_secret_does_not_leave_by_pickle_copy_json_or_vars(leak: object) -> None:
    assert callable(leak)
    with pytest.raises(TypeError):
        leak(Secret("hunter2"))


def test_a_text_type_says_in_its_name_how_long_it_may_be() -> None:
    named = {name: _text(found) for name, found in vars(texts).items() if re.fullmatch(r"(Ci)?String\d*(OrNA)?", name)}
    assert named == {
        name: Text(
            "CiString" if name.startswith("Ci") else "string",
            int(digits) if (digits := re.sub(r"\D", "", name)) else None,
            na=name.endswith("NA"),
        )
        for name in named
    }


def _text(annotated: object) -> object:
    return annotated.__metadata__[0]  # type: ignore[attr-defined]


@rule("LOC-42")
@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        (texts.Latitude, ["50.770774", "-1.12345", "90.1234567"], ["50.77", "050.77077", "+1.12345", "1,12345"]),
        (texts.Longitude, ["-126.104965", "3.72994"], ["1260.104965", "3."]),
        (texts.LatitudeOfSixDecimals, ["50.770774"], ["50.77077", "50.7707741"]),
        (texts.LongitudeOfSixDecimals, ["-126.104965"], ["-126.10496"]),
        (texts.LocalTime, ["00:00", "23:59"], ["24:00", "7:00", "07:60"]),
        (texts.LocalDate, ["2015-12-24"], ["2015-13-24", "2015-12-32", "24.12.2015"]),
    ],
)
def test_a_form_fits_what_is_right_and_nothing_else(form: object, right: list[str], wrong: list[str]) -> None:
    text = _text(form)
    assert isinstance(text, Text)
    assert text.pattern is not None
    assert [value for value in right if not re.fullmatch(text.pattern, value)] == []
    assert [value for value in wrong if re.fullmatch(text.pattern, value)] == []


def test_numbers_are_decimals_and_small_ints_know_their_digits() -> None:
    assert Number is Decimal
    assert _text(Int1) == Digits(1)
