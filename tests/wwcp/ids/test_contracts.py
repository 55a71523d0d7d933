# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.wwcp.ids.check_digits import din_check_digit, iso_check_digit
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId, TextId
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEXT_IDS: list[type[TextId]] = [ChargingSessionId, ChargingReservationId, ChargeDetailRecordId]
fourteen = st.text(SIGNS, min_size=14, max_size=14)
separators = st.sampled_from(["", "-", "*"])


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("NN123ABCDEFGHI", "T"),
        ("FRXYZ123456789", "2"),
        ("ITA1B2C3E4F5G6", "4"),
        ("ESZU8WOX834H1D", "R"),
        ("PT73902837ABCZ", "Z"),
        ("DE83DUIEN83QGZ", "D"),
        ("DE83DUIEN83ZGQ", "M"),
        ("DE8AA001234567", "0"),
        ("DE8AACA2B3C4D5", "L"),
        ("NLTNMC00122045", "K"),
    ],
)
def test_the_check_digit_of_iso_15118_is_that_of_the_published_examples(text: str, digit: str) -> None:
    assert iso_check_digit(text) == digit


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("INTNM000071", "9"),
        ("INTNM000110", "X"),
        ("INTNM000124", "0"),
        ("INTNM000114", "6"),
        ("INTNM000191", "5"),
        ("NLTNM012204", "5"),
        ("DEBMW0010LY", "3"),
    ],
)
def test_the_check_digit_of_din_91286_is_that_of_the_published_examples(text: str, digit: str) -> None:
    assert din_check_digit(text) == digit


@given(fourteen, st.integers(0, 13), st.sampled_from(SIGNS))
def test_one_wrong_sign_changes_the_check_digit_of_iso(text: str, place: int, sign: str) -> None:
    other = text[:place] + sign + text[place + 1 :]
    assert (iso_check_digit(other) == iso_check_digit(text)) == (other == text)


@given(fourteen, st.integers(0, 12))
def test_two_swapped_signs_change_the_check_digit_of_iso(text: str, place: int) -> None:
    other = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (iso_check_digit(other) == iso_check_digit(text)) == (other == text)


@pytest.mark.parametrize("text", ["", "DE8AA00123456", "DE8AA0012345678", "DE-AA001234567", "DE٨٣DUIEN٨٣QGZ"])
def test_no_check_digit_is_made_of_other_texts(text: str) -> None:
    with pytest.raises(ValueError, match="expected 14 letters and digits"):
        iso_check_digit(text)


def test_no_check_digit_of_din_is_made_of_other_texts() -> None:
    for text in ("", "DE*GDF", "äöü"):
        with pytest.raises(ValueError, match="expected letters and digits"):
            din_check_digit(text)


@pytest.mark.parametrize(
    ("text", "canonical", "provider"),
    [
        ("DE-8AA-CA2B3C4D5-L", "DE-8AA-CA2B3C4D5", "DE-8AA"),
        ("DE8AACA2B3C4D5L", "DE-8AA-CA2B3C4D5", "DE-8AA"),
        ("de8aaca2b3c4d5", "DE-8AA-CA2B3C4D5", "DE-8AA"),
        ("DE*8AA*CA2B3C4D5*L", "DE-8AA-CA2B3C4D5", "DE-8AA"),
        ("DE-8AA-CA2B3C4D5-M", "DE-8AA-CA2B3C4D5-M", "DE-8AA"),
        ("DE*BMW*0010LY*3", "DE-BMW-0010LY-3", "DE-BMW"),
        ("DEBMW0010LY3", "DE-BMW-0010LY-3", "DE-BMW"),
        ("DE-BMW-0010LY-X", "DE-BMW-0010LY-X", "DE-BMW"),
    ],
)
def test_a_contract_id_is_read_in_all_its_forms(text: str, canonical: str, provider: str) -> None:
    found = EMobilityAccountId.parse(text)
    assert (str(found), found.canonical, str(found.provider.canonical)) == (text, canonical, provider)


@pytest.mark.parametrize(
    "text",
    ["", "DE-GDF", "ZZ-GDF-C12345678-5", "DE-GDF-C1234567", "DE-GDF-C123456789-55", "DE|GDF|0010LY|3", "1" * 999],
)
def test_what_is_no_contract_id_is_refused(text: str) -> None:
    assert EMobilityAccountId.try_parse(text) is None
    with pytest.raises(ValueError, match="expected an EMobilityAccountId like DE-GDF-C12345678"):
        EMobilityAccountId.parse(text)


def test_a_wrong_check_digit_is_another_contract_and_strict_readers_refuse_it() -> None:
    right, wrong = EMobilityAccountId.parse("DE-8AA-CA2B3C4D5-L"), EMobilityAccountId.parse("DE-8AA-CA2B3C4D5-M")
    assert right != wrong
    assert wrong.has_wrong_check_digit
    assert EMobilityAccountId.try_parse(str(right), strict=True) == right
    assert EMobilityAccountId.try_parse(str(wrong), strict=True) is None
    assert (right.is_strict, wrong.is_strict) == (True, False)
    assert EMobilityAccountId.try_parse("DE*BMW*0010LY*3", strict=True) is not None
    for text in ("DE*BMW*0010LY*4", "DE*8AA*CA2B3C4D5*L", "DE-8AACA2B3C4D5-L", "de-8aa-ca2b3c4d5-l"):
        assert EMobilityAccountId.try_parse(text, strict=True) is None


def test_a_contract_id_is_made_with_its_check_digit() -> None:
    made = EMobilityAccountId(EMobilityProviderId.parse("DE*8AA"), "ca2b3c4d5")
    assert (str(made), made.check_digit, made.is_strict) == ("DE-8AA-CA2B3C4D5-L", "L", True)
    with pytest.raises(ValueError, match="expected 14 letters and digits"):
        EMobilityAccountId(EMobilityProviderId.parse("DE-8AA"), "C1")


@st.composite
def contract_texts(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(["DE", "de", "NL", "ZZ"]))
    sign, second, third = draw(separators), draw(separators), draw(separators)
    instance = draw(st.text(SIGNS + "abc", min_size=5, max_size=10))
    digit = draw(st.text(SIGNS + "x", max_size=1))
    return f"{country}{sign}{draw(st.text(SIGNS, min_size=3, max_size=3))}{second}{instance}{third}{digit}"


@given(contract_texts())
def test_lenient_and_strict_reading_of_contract_ids_agree_in_both_directions(text: str) -> None:
    found, strict = EMobilityAccountId.try_parse(text), EMobilityAccountId.try_parse(text, strict=True)
    if found is None:
        assert strict is None
        return
    for again in (EMobilityAccountId.parse(str(found)), EMobilityAccountId.parse(found.canonical)):
        assert (again, again.canonical, hash(again)) == (found, found.canonical, hash(found))
    assert (strict is not None) == found.is_strict
    assert strict is None or (strict == found and str(strict) == str(found))


@pytest.mark.parametrize(
    ("text", "party", "canonical"),
    [
        ("DE*GEF*Nabc-1", "DE*GEF", "DE*GEF*Nabc-1"),
        ("DEGEF*Nabc", "DE*GEF", "DE*GEF*Nabc"),
        ("DE-GDF-N0815", "DE-GDF", "DE-GDF-N0815"),
        ("DEGDF-N0815", "DE-GDF", "DE-GDF-N0815"),
        ("DE-GDF-R0815", None, "DE-GDF-R0815"),
        ("ZZ-GDF-N0815", None, "ZZ-GDF-N0815"),
        ("4711 / 2", None, "4711 / 2"),
    ],
)
def test_a_session_id_names_its_maker_or_is_any_text(text: str, party: str | None, canonical: str) -> None:
    found = ChargingSessionId.parse(text)
    assert (str(found), found.canonical) == (text, canonical)
    assert (found.party.canonical if found.party else None) == party


@given(st.sampled_from(TEXT_IDS), st.from_regex(r"(DE|NL|ZZ)?[*-]?(GEF)?[*-]?[NRD]?[a-zA-Z0-9*-]{0,9}", fullmatch=True))
def test_lenient_and_strict_reading_of_text_ids_agree_in_both_directions(kind: type[TextId], text: str) -> None:
    found, strict = kind.try_parse(text), kind.try_parse(text, strict=True)
    if found is None:
        assert strict is None
        return
    for again in (kind.parse(str(found)), kind.parse(found.canonical)):
        assert (again, again.canonical, hash(again)) == (found, found.canonical, hash(found))
    assert strict is None or strict == found


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 256, "\x00"])
def test_what_is_no_text_is_no_session_id(text: str) -> None:
    assert ChargingSessionId.try_parse(text) is None


def test_a_new_id_is_random_and_names_its_maker() -> None:
    operator, provider = ChargingStationOperatorId.parse("DE*GEF"), EMobilityProviderId.parse("DE-GDF")
    assert str(ChargingSessionId.of(operator, "1")) == "DE*GEF*N1"
    assert str(ChargingReservationId.of(provider, "1")) == "DE-GDF-R1"
    assert len({ChargingSessionId.of(provider) for _ in range(50)}) == 50
    assert ChargingSessionId.of(provider).party == provider
    assert ChargingSessionId.of(ChargingStationOperatorId.parse("+49*8221"), "1").canonical


def test_these_ids_can_be_copied_and_pickled() -> None:
    for found in (EMobilityAccountId.parse("DE8AACA2B3C4D5"), ChargingSessionId.parse("DE*GEF*N1")):
        for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
            assert (again, str(again)) == (found, str(found))
