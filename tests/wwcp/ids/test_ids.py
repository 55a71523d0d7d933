# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.wwcp.ids.countries import BY_ALPHA_2, BY_ALPHA_3, BY_PHONE, country_of
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolGroupId,
    ChargingPoolId,
    ChargingStationGroupId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffGroupId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEGroupId,
    EVSEId,
    Id,
    IdFormat,
)

KINDS: list[type[Id]] = [
    ChargingStationOperatorId,
    EMobilityProviderId,
    ChargingPoolId,
    ChargingStationId,
    EVSEId,
    ChargingTariffId,
    ChargingPoolGroupId,
    ChargingStationGroupId,
    ChargingTariffGroupId,
    EVSEGroupId,
]
LETTERS: dict[type[Id], str] = {
    ChargingPoolId: "P",
    ChargingStationId: "S",
    EVSEId: "E",
    ChargingTariffId: "T",
    ChargingPoolGroupId: "GP",
    ChargingStationGroupId: "GS",
    ChargingTariffGroupId: "TG",
    EVSEGroupId: "GE",
}
letters = st.text("ABCEPSTabcepst0189", min_size=3, max_size=3)
countries = st.sampled_from(["DE", "de", "NL", "Fr", "US", "CA", "AT"])
iso_operators = st.builds(lambda country, star, id: country + star + id, countries, st.sampled_from(["", "*"]), letters)
din_operators = st.builds(
    lambda plus, country, id: f"{plus}{country}*{id}",
    st.sampled_from(["", "+"]),
    st.sampled_from(["49", "31", "1", "43"]),
    st.from_regex(r"[0-9]{3,6}", fullmatch=True),
)
stars = st.sampled_from(["", "*"])
suffixes = st.text("ABEPSTabepst019*", min_size=1, max_size=30)


@st.composite
def written_ids(draw: st.DrawFn, kind: type[Id]) -> str:
    """Texts that look like ids of a kind, in all spellings; not all of them are."""
    if kind is EMobilityProviderId:
        return draw(countries) + draw(st.sampled_from(["", "*", "-"])) + draw(letters)
    operator = draw(st.one_of(iso_operators, din_operators, st.from_regex(r"[0-9]{3,6}", fullmatch=True)))
    if kind is ChargingStationOperatorId:
        return operator
    letter = LETTERS[kind]
    shown = draw(st.sampled_from([letter, letter.lower(), ""]))
    return operator + draw(stars) + shown + draw(suffixes)


any_kind_and_text = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), written_ids(kind)))


@given(any_kind_and_text)
def test_what_is_read_is_written_so_that_it_is_read_again_as_the_same_value(case: tuple[type[Id], str]) -> None:
    kind, text = case
    found = kind.try_parse(text)
    if found is None:
        with pytest.raises(ValueError, match=r"expected an? "):
            kind.parse(text)
        return
    again = kind.parse(str(found))
    assert (again, str(again), again.canonical) == (found, str(found), found.canonical)
    assert kind.parse(text) == found
    assert hash(again) == hash(found)


@given(any_kind_and_text)
def test_the_canonical_text_is_an_id_of_the_same_value(case: tuple[type[Id], str]) -> None:
    kind, text = case
    found = kind.try_parse(text)
    if found is not None:
        assert kind.parse(found.canonical) == found
        assert kind.parse(found.canonical).canonical == found.canonical


@given(any_kind_and_text)
def test_strict_reading_accepts_a_part_of_lenient_reading_with_the_same_value(case: tuple[type[Id], str]) -> None:
    kind, text = case
    strict = kind.try_parse(text, strict=True)
    if strict is not None:
        assert kind.try_parse(text) == strict
        assert strict.is_strict
        assert kind.parse(str(strict), strict=True) == strict
    else:
        with pytest.raises(ValueError, match=r"expected an? "):
            kind.parse(text, strict=True)


@given(any_kind_and_text)
def test_equal_ids_are_those_that_differ_in_case_and_separators_only(case: tuple[type[Id], str]) -> None:
    kind, text = case
    found = kind.try_parse(text)
    if found is not None:
        for spelling in (text.lower(), text.upper(), f"  {text}\n"):
            assert kind.parse(spelling) == found
            assert hash(kind.parse(spelling)) == hash(found)


@given(st.sampled_from(KINDS), st.text(max_size=60))
def test_any_text_is_an_id_or_refused_with_an_example(kind: type[Id], text: str) -> None:
    found = kind.try_parse(text)
    if found is None:
        with pytest.raises(ValueError, match=r"like .*, got"):
            kind.parse(text)


@pytest.mark.parametrize(
    ("text", "format", "written", "country", "suffix"),
    [
        ("DE*GEF", IdFormat.ISO_STAR, "DE*GEF", "DE", "GEF"),
        ("degef", IdFormat.ISO, "DEGEF", "DE", "GEF"),
        ("+49*822", IdFormat.DIN, "+49*822", "DE", "822"),
        ("49*822", IdFormat.DIN, "+49*822", "DE", "822"),
        ("822", IdFormat.DIN, "+49*822", "DE", "822"),
        ("+31*1234", IdFormat.DIN, "+31*1234", "NL", "1234"),
        (" NL*TNM ", IdFormat.ISO_STAR, "NL*TNM", "NL", "TNM"),
    ],
)
def test_an_operator_id_is_read_in_iso_and_din_forms(
    text: str, format: IdFormat, written: str, country: str, suffix: str
) -> None:
    found = ChargingStationOperatorId.parse(text)
    assert (found.format, str(found), found.country_code, found.suffix) == (format, written, country, suffix)


@pytest.mark.parametrize(
    "text", ["", "GEF", "ZZ*GEF", "DE-GEF", "DE*GE", "DE*GEFX", "+999*822", "+49822", "1", "+49*1"]
)
def test_what_is_no_operator_id_is_refused(text: str) -> None:
    assert ChargingStationOperatorId.try_parse(text) is None


def test_an_operator_is_the_same_in_every_format() -> None:
    assert ChargingStationOperatorId.parse("DE*GEF") == ChargingStationOperatorId.parse("DEGEF")
    assert ChargingStationOperatorId.parse("DE*822") == ChargingStationOperatorId.parse("+49*822")
    assert ChargingStationOperatorId.parse("+49*8221") != ChargingStationOperatorId.parse("+49*822")


def test_an_operator_changes_its_format_where_the_format_can_write_it() -> None:
    star = ChargingStationOperatorId.parse("DE*822")
    assert str(star.in_format(IdFormat.ISO)) == "DE822"
    assert str(star.in_format(IdFormat.DIN)) == "+49*822"
    for text, format in [("DE*GEF", IdFormat.DIN), ("+49*8221", IdFormat.ISO), ("DE*GEF", IdFormat.ISO_HYPHEN)]:
        with pytest.raises(ValueError, match="no operator id of the format"):
            ChargingStationOperatorId.parse(text).in_format(format)


def test_a_country_that_shares_its_phone_code_has_no_din_form_that_would_lead_elsewhere() -> None:
    with pytest.raises(ValueError, match="DIN"):
        ChargingStationOperatorId("CA", "123", IdFormat.DIN)
    assert ChargingStationOperatorId.parse("+1*123").country_code == "US"


def test_an_operator_id_of_no_country_is_refused() -> None:
    with pytest.raises(ValueError, match="ISO 3166-1"):
        ChargingStationOperatorId("ZZ", "GEF")


@pytest.mark.parametrize(
    ("text", "format"),
    [("DE-GDF", IdFormat.ISO_HYPHEN), ("DE*GDF", IdFormat.ISO_STAR), ("degdf", IdFormat.ISO)],
)
def test_a_provider_id_is_read_with_any_separator(text: str, format: IdFormat) -> None:
    found = EMobilityProviderId.parse(text)
    assert (found, found.format, str(found)) == (EMobilityProviderId("DE", "GDF"), format, text.upper())


def test_a_provider_id_of_wrong_parts_is_refused() -> None:
    for country, suffix, format in [
        ("ZZ", "GDF", IdFormat.ISO),
        ("DE", "GD", IdFormat.ISO),
        ("DE", "GDF", IdFormat.DIN),
    ]:
        with pytest.raises(ValueError, match="no provider id"):
            EMobilityProviderId(country, suffix, format)
    assert EMobilityProviderId.try_parse("ZZ-GDF") is None


@pytest.mark.parametrize(
    ("text", "written", "canonical"),
    [
        ("DE*GEF*E1234*1", "DE*GEF*E1234*1", "DE*GEF*E12341"),
        ("DEGEFE12345678", "DEGEFE12345678", "DE*GEF*E12345678"),
        ("DE*GEFe12*ab", "DE*GEF*E12*ab", "DE*GEF*E12AB"),
        ("DEGEF*E1", "DE*GEF*E1", "DE*GEF*E1"),
        ("+49*822*066268034*1", "+49*822*066268034*1", "DE*822*E0662680341"),
        ("49*822*066268034*1", "+49*822*066268034*1", "DE*822*E0662680341"),
        ("+49*8221*0662", "+49*8221*0662", "+49*8221*0662"),
        ("+49*822*" + "1" * 32, "+49*822*" + "1" * 32, "+49*822*" + "1" * 32),
    ],
)
def test_an_evse_id_is_read_in_all_its_forms(text: str, written: str, canonical: str) -> None:
    found = EVSEId.parse(text)
    assert (str(found), found.canonical) == (written, canonical)


@pytest.mark.parametrize(
    "text", ["DE*GEF*1234", "DE*GEF*E", "DE*GEF*E**", "DE*GEF*E" + "1" * 31, "ZZ*GEF*E1", "+49*8220662", "DE*GEF*E1_2"]
)
def test_what_is_no_evse_id_is_refused(text: str) -> None:
    assert EVSEId.try_parse(text) is None


def test_stars_in_an_evse_id_are_for_people() -> None:
    assert EVSEId.parse("DE*GEF*E12*34") == EVSEId.parse("DEGEFE1234")
    assert len({EVSEId.parse("DE*GEF*E12*34"), EVSEId.parse("degefe1234"), EVSEId.parse("DE*GEF*E1*234")}) == 1


def test_strict_evse_ids_are_upper_case_iso_ids_of_two_signs_and_more() -> None:
    assert EVSEId.try_parse("DE*GEF*E12", strict=True) is not None
    for text in ("DE*GEF*E1", "DE*GEF*evse*1", "+49*822*0662", "DE*GEF*E*12"):
        assert EVSEId.try_parse(text, strict=True) is None


def test_pools_and_stations_of_a_din_operator_are_read_as_they_are_written() -> None:
    operator = ChargingStationOperatorId.parse("+49*822")
    for made in (ChargingPoolId(operator, "1234"), ChargingStationId(operator, "1234*A")):
        assert type(made).parse(str(made)) == made
    assert str(ChargingPoolId(operator, "1234")) == "+49*822*P1234"


def test_a_pool_id_keeps_a_word_that_begins_with_its_letter() -> None:
    found = ChargingPoolId.parse("DE*GEF*POOL1")
    assert (found.suffix, str(found)) == ("OOL1", "DE*GEF*POOL1")


def test_stars_in_a_tariff_id_count() -> None:
    assert ChargingTariffId.parse("DE*GEF*T1*1") != ChargingTariffId.parse("DE*GEF*T11")
    assert ChargingTariffId.parse("DE*GEF*TAC-1.5€") == ChargingTariffId.parse("degefTac-1.5€")


def test_an_id_is_not_made_of_a_suffix_that_could_not_be_read() -> None:
    with pytest.raises(ValueError, match="is no suffix of an EVSEId"):
        EVSEId(ChargingStationOperatorId.parse("DE*GEF"), "")


def test_ids_of_different_kinds_are_never_equal() -> None:
    assert ChargingPoolId.parse("DE*GEF*P1") != ChargingStationId.parse("DE*GEF*S1")
    assert ChargingPoolId.parse("DE*GEF*P1") != "DE*GEF*P1"


def test_an_id_does_not_change() -> None:
    found = EVSEId.parse("DE*GEF*E12")
    with pytest.raises(AttributeError, match="does not change"):
        found.operator = ChargingStationOperatorId.parse("DE*GE2")
    assert repr(found) == "EVSEId('DE*GEF*E12')"


def test_an_id_can_be_copied_and_pickled() -> None:
    found = EVSEId.parse("DEGEFE12*1")
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (again, str(again)) == (found, str(found))


def test_the_country_table_leads_from_each_phone_code_to_one_country_and_back() -> None:
    assert len(BY_ALPHA_2) == len(BY_ALPHA_3) == 250
    assert all(country.phone == code for code, country in BY_PHONE.items())


@pytest.mark.parametrize(
    ("text", "alpha_3"), [("DEU", "DEU"), ("de", "DEU"), (" nld", "NLD"), ("XX", None), ("", None)]
)
def test_a_country_is_found_by_two_or_three_letters(text: str, alpha_3: str | None) -> None:
    country = country_of(text)
    assert (country and country.alpha_3) == alpha_3
