# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the places of partners are called: ids as they come, and never two on one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wwcp.making import MONDAY
from tests.wwcp.ocpi.inward.making import foreign_evse, foreign_location, mapped_in, pool_in, structure
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingPool, evses_of
from wwcp_ocpi.wwcp.ocpi.inward.location import pool_of
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, OCPIPlace, WWCPPlace, tariff_id_of, tariff_text, text_id_of
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, LocationIds, MappingPolicy

GEF = PartyId("DE", "GEF")
GDF = PartyId("DE", "GDF")


def named(book: NameBook, *evses: dict[str, object], id: str = "DE*GEF*P1", **fields: object) -> ChargingPool:
    found = mapped_in(foreign_location(*evses, id=id, **fields), names=book)
    assert found.value is not None
    return found.value.pool


@pytest.mark.parametrize(
    ("location_id", "expected", "custom_data"),
    [
        ("DE*GEF*P1234*A", "DE*GEF*P1234*A", None),
        ("DEGEFP1234", "DEGEFP1234", None),
        ("1234", "DE*GEF*P1234", {"OCPI.LocationId": "1234"}),
        ("FR*ABC*P1", "DE*GEF*PFRQTABCQTP1", {"OCPI.LocationId": "FR*ABC*P1"}),
        ("a b", "DE*GEF*PaQSb", {"OCPI.LocationId": "a b"}),
        (
            "8a3f-4b1c-11ee-be56-0242ac120002-abcd",
            "DE*GEF*P8a3fQM4b1cQM11eeQMbe56QM0242ac120002QMabcd",
            {"OCPI.LocationId": "8a3f-4b1c-11ee-be56-0242ac120002-abcd"},
        ),
    ],
)
def test_a_location_is_called_as_its_pool_or_after_its_id(
    location_id: str, expected: str, custom_data: dict[str, str] | None
) -> None:
    pool, _ = pool_in(id=location_id)
    assert (str(pool.id), pool.custom_data) == (expected, custom_data)


def test_a_suffix_keeps_its_stars_where_the_policy_says_that_ids_are_suffixes() -> None:
    location = foreign_location(id="1234*A")
    found = pool_of(location, MappingPolicy(location_ids=LocationIds.SUFFIX), now=MONDAY)
    assert found.value is not None
    assert str(found.value.pool.id) == "DE*GEF*P1234*A"


@pytest.mark.parametrize(
    ("uid", "evse_id", "expected", "custom_data"),
    [
        ("DE*GEF*E1*1", "DE*GEF*E1*1", "DE*GEF*E1*1", None),
        ("u1", "DE*GEF*E1*1", "DE*GEF*E1*1", {"OCPI.EVSEUId": "u1"}),
        ("u1", "DEGEFE11", "DEGEFE11", {"OCPI.EVSEUId": "u1"}),
        ("u1", "de*gef*e1*1", "DE*GEF*E1*1", {"OCPI.EVSEUId": "u1", "OCPI.EVSEId": "de*gef*e1*1"}),
        ("u1", "1210", "DE*GEF*E1210", {"OCPI.EVSEUId": "u1", "OCPI.EVSEId": "1210"}),
        ("u1", "DE*GEF*1210", "DE*GEF*E1210", {"OCPI.EVSEUId": "u1", "OCPI.EVSEId": "DE*GEF*1210"}),
        ("u1", "+49*822*066*1", "+49*822*066*1", {"OCPI.EVSEUId": "u1"}),
        ("DE*GEF*E1*1", None, "DE*GEF*E1*1", {"OCPI.EVSEId": None}),
        ("FR*ABC*E1*1", None, "DE*GEF*EFRQTABCQTE1QT1", {"OCPI.EVSEUId": "FR*ABC*E1*1", "OCPI.EVSEId": None}),
    ],
)
def test_an_evse_is_called_after_its_evse_id_or_its_uid(
    uid: str, evse_id: str | None, expected: str, custom_data: dict[str, str | None] | None
) -> None:
    pool, _ = pool_in(foreign_evse(uid) | {"evse_id": evse_id})
    [evse] = evses_of(pool)
    assert (str(evse.id), evse.custom_data) == (expected, custom_data)


def test_a_uid_that_is_too_long_is_a_hash_that_stays_the_same() -> None:
    uid = "65745d1f-3c10-4061-aa22-2df8540f5fc4"
    ids = {str(evses_of(pool_in(foreign_evse(uid) | {"evse_id": None})[0])[0].id) for _ in range(2)}
    [id] = ids
    assert id.startswith("DE*GEF*EQH")


def test_the_same_evse_id_twice_is_two_evses() -> None:
    pool, notes = pool_in(foreign_evse("u1", "DE*GEF*E1*1"), foreign_evse("u2", "de*gef*e11"))
    assert structure(pool) == {"DE*GEF*S1": ["DE*GEF*E1*1"], "DE*GEF*SU2": ["DE*GEF*Eu2"]}
    assert notes == ["$.evses[1].evse_id: de*gef*e11 is taken by another EVSE: this one is called DE*GEF*Eu2"]


def test_an_evse_that_was_removed_leaves_its_id_to_its_successor() -> None:
    pool, _ = pool_in(
        foreign_evse("old", "DE*GEF*E1*1", status="REMOVED"), foreign_evse("new", "DE*GEF*E1*1"), foreign_evse("x")
    )
    assert [str(evse.id) for evse in evses_of(pool)] == ["DE*GEF*Eold", "DE*GEF*E1*1", "DE*GEF*Ex"]


def test_the_same_uid_twice_is_noted() -> None:
    pool, notes = pool_in(foreign_evse("u1", "DE*GEF*E1*1"), foreign_evse("U1", "DE*GEF*E1*2"))
    assert len(evses_of(pool)) == 1
    assert notes == ["$.evses[1].uid: left out: there is an EVSE U1 already"]


def test_two_locations_never_share_a_name() -> None:
    book = NameBook()
    first = named(book, foreign_evse("DE*GEF*E1*1"), id="DE*GEF*P12*34")
    second = named(book, foreign_evse("v1", "DE*GEF*E1*1"), foreign_evse("DE*GEF*E1*2"), id="DE*GEF*P1234")
    third = named(book, id="1234")
    assert (str(first.id), str(second.id)) == ("DE*GEF*P12*34", "DE*GEF*PDEQTGEFQTP1234")
    assert str(third.id).startswith("DE*GEF*PQH")
    assert structure(first) == {"DE*GEF*S1": ["DE*GEF*E1*1"]}
    assert [id for ids in structure(second).values() for id in ids] == ["DE*GEF*Ev1", "DE*GEF*E1*2"]
    assert "DE*GEF*S1" not in structure(second)
    assert book.ocpi_place(first.id) == OCPIPlace(GEF, "DE*GEF*P12*34")
    assert book.ocpi_place(second.id) == OCPIPlace(GEF, "DE*GEF*P1234")
    assert book.ocpi_place(third.id) == OCPIPlace(GEF, "1234")


def test_a_book_knows_both_names() -> None:
    book = NameBook()
    named(book, foreign_evse("u1", "DE*GEF*E1*1"), id="loc")
    place = WWCPPlace(
        ChargingPoolId.parse("DE*GEF*Ploc"), ChargingStationId.parse("DE*GEF*S1"), EVSEId.parse("DE*GEF*E1*1")
    )
    assert book.wwcp_place(GEF, "LOC", "U1") == place
    assert book.wwcp_place(GEF, "loc") == WWCPPlace(place.pool_id)
    assert book.wwcp_place(GEF, "loc", "u2") is None
    assert book.wwcp_place(GDF, "loc") is None
    assert book.ocpi_place(EVSEId.parse("DEGEFE11")) == OCPIPlace(GEF, "loc", "u1")
    assert book.ocpi_place(ChargingStationId.parse("DE*GEF*S1")) == OCPIPlace(GEF, "loc")
    book.forget(GEF, "LOC")
    book.forget(GEF, "LOC")
    assert book.wwcp_place(GEF, "loc", "u1") is None
    assert book.ocpi_place(EVSEId.parse("DEGEFE11")) is None


def test_a_location_that_comes_again_has_the_names_it_had() -> None:
    book = NameBook()
    evses = [foreign_evse("u1", "DE*GEF*E1*1"), foreign_evse("u2", "DE*GEF*E1*2")]
    assert named(book, *evses, id="a") == named(book, *evses, id="a")
    assert structure(named(book, evses[1], id="a")) == {"DE*GEF*S1": ["DE*GEF*E1*2"]}
    named(book, evses[0], id="b")
    assert book.ocpi_place(EVSEId.parse("DE*GEF*E1*1")) == OCPIPlace(GEF, "b", "u1")


location_ids = st.text("aB1-*_.qQ", min_size=1, max_size=36)


@given(st.lists(location_ids, min_size=2, max_size=6))
def test_pools_are_as_many_as_locations(ids: list[str]) -> None:
    book = NameBook()
    pools = {str(named(book, id=id).id.canonical) for id in ids}
    assert len(pools) == len({id.upper() for id in ids})


@pytest.mark.parametrize("text", ["DE*GEF*TAC1", "AC1", "a b", "8a3f-11ee", "DE*GEF*T_x", "NL*TNM*T1"])
def test_a_tariff_goes_out_as_it_came_in(text: str) -> None:
    found = tariff_id_of(GEF, text)
    assert found is not None
    assert tariff_text(found) == text


@given(location_ids, location_ids)
def test_two_tariffs_are_two_tariffs(one: str, other: str) -> None:
    assert (tariff_id_of(GEF, one) == tariff_id_of(GEF, other)) == (one.strip().upper() == other.strip().upper())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE*GEF*N1", "DE*GEF*N1"),
        ("DE-GDF-N1", "DE-GDF-N1"),
        ("DE-XXX-N1", "DE*GEF*NDE-XXX-N1"),
        ("FR*ABC*N1", "DE*GEF*NFR*ABC*N1"),
        ("8a3f-11ee", "DE*GEF*N8a3f-11ee"),
        ("a/b", "DE*GEF*NaQVb"),
    ],
)
def test_a_session_is_called_by_whom_it_is(text: str, expected: str) -> None:
    assert str(text_id_of(ChargingSessionId, GEF, text, DEFAULT_POLICY, provider=GDF)) == expected


def test_a_record_of_a_party_that_is_no_operator_has_the_id_that_it_came_with() -> None:
    assert str(text_id_of(ChargeDetailRecordId, PartyId("XX", "GEF"), "C1", DEFAULT_POLICY, provider=None)) == "C1"
    made = text_id_of(ChargeDetailRecordId, PartyId("XX", "GEF"), "\n", DEFAULT_POLICY, provider=None)
    assert str(made).startswith("QH")
