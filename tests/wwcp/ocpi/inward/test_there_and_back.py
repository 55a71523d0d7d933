# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pools that go through OCPI and come back: to another gateway, which knows stations, and to any other partner.

What does not survive is listed here, and nowhere else: `_as_it_comes_back` is that list.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.rules import rule
from tests.wwcp.making import GEF, MONDAY, evse, mapped, operator, pool, station
from tests.wwcp.ocpi.inward.making import mapped_in, structure
from tests.wwcp.strategies import pools
from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.energy import EnergyMix, EnergySource, EnergySourceCategory
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes
from wwcp_ocpi.wwcp.model.places import (
    Address,
    AuthenticationMode,
    ChargingCable,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    GeoLocation,
)
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.texts import AuthenticationType, Feature, ParkingType, PaymentOption, Weekday
from wwcp_ocpi.wwcp.ocpi.connector import LEAST_LINE_TO_LINE
from wwcp_ocpi.wwcp.ocpi.inward.location import read_location
from wwcp_ocpi.wwcp.ocpi.stations import StationedLocation
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, LocationIds, MappingPolicy

PLACE = pool().geo_location


def back(
    wwcp: ChargingPool,
    *,
    by: ChargingStationOperator | None = None,
    policy: MappingPolicy = DEFAULT_POLICY,
    over: str = "2.3.0",
) -> ChargingPool:
    """The pool as it is at a partner who has it by this version."""
    sent = mapped(wwcp, by=by or operator(id=wwcp.id.operator), policy=policy).value
    assert sent is not None
    body = codec.encode(sent)
    if over != "2.3.0":
        owner = PartyId.of(sent.country_code, sent.party_id)
        context = Context(owner=owner, time_zone="Europe/Berlin", postal_code="07749")
        body = convert(convert(body, "Location", "2.3.0", over, context).body, "Location", over, "2.3.0", context).body
    found = mapped_in(read_location(body))
    assert found.value is not None
    return found.value.pool


suffixes = st.text("0123AB*", min_size=1, max_size=8).map(lambda text: f"7{text}")
formats = st.sampled_from(["DE*GEF", "DEGEF", "+49*822"]).map(ChargingStationOperatorId.parse)


@st.composite
def shapes(draw: st.DrawFn) -> ChargingPool:
    """Pools of any shape: stations whose ids say nothing of their EVSEs, or everything, and stations without any."""
    by = draw(formats)
    told = draw(st.lists(st.tuples(suffixes, st.lists(suffixes, max_size=3)), max_size=4))
    evse_ids: set[EVSEId] = set()
    stations: dict[ChargingStationId, ChargingStation] = {}
    for station_suffix, evse_suffixes in told:
        ids = {EVSEId(by, f"{station_suffix}*{one}" if draw(st.booleans()) else one) for one in evse_suffixes}
        fresh = sorted(ids - evse_ids, key=str)
        evse_ids |= ids
        id = ChargingStationId(by, station_suffix)
        stations[id] = station(*(evse(one) for one in fresh), id=id)
    return pool(*stations.values(), id=ChargingPoolId(by, draw(suffixes | st.just("7" * 50))))


@rule("TRN-33")
@given(shapes(), st.sampled_from(LocationIds), st.sampled_from(["2.3.0", "2.2.1", "2.1.1"]))
@settings(max_examples=30, deadline=None, phases=[Phase.generate])
def test_stations_and_ids_survive_exactly(wwcp: ChargingPool, ids: LocationIds, over: str) -> None:
    found = back(wwcp, policy=MappingPolicy(location_ids=ids), over=over)
    assert (str(found.id), structure(found)) == (str(wwcp.id), structure(wwcp))


@given(shapes())
@settings(max_examples=30, deadline=None)
def test_without_the_two_properties_evses_survive_and_stations_are_found(wwcp: ChargingPool) -> None:
    policy = MappingPolicy(station_fields=False)
    found = mapped(wwcp, by=operator(id=wwcp.id.operator), policy=policy).value
    assert type(found) is Location
    evses = {id for ids in structure(back(wwcp, policy=policy)).values() for id in ids}
    assert evses == {id for ids in structure(wwcp).values() for id in ids}


def test_nothing_is_added_where_ids_tell_the_stations() -> None:
    one, two = EVSEId.parse("DE*GEF*E1*A*1"), EVSEId.parse("DE*GEF*E2*1")
    other = station(evse(two), id=ChargingStationId.parse("DE*GEF*S2"))
    assert type(mapped(pool(station(evse(one)), other)).value) is Location
    turned = mapped(pool(station(evse(two)), replace(other, evses=[evse(one)]))).value
    assert isinstance(turned, StationedLocation)
    assert codec.read_json(codec.encode(turned))["charging_stations"] == [
        {"id": "DE*GEF*S1*A", "evse_uids": ["DE*GEF*E2*1"]},
        {"id": "DE*GEF*S2", "evse_uids": ["DE*GEF*E1*A*1"]},
    ]


def test_of_two_evses_with_one_uid_the_first_is_told_and_stands_in_its_station_once() -> None:
    custom = {"OCPI.EVSEUId": "u1"}
    one, two = EVSEId.parse("DE*GEF*E1*A*1"), EVSEId.parse("DE*GEF*E2*A*1")
    both = (evse(one, custom_data=custom), evse(two, custom_data=custom))
    made = mapped(pool(station(*both, id=ChargingStationId.parse("DE*GEF*S99"))))
    assert isinstance(made.value, StationedLocation)
    told = codec.read_json(codec.encode(made.value))
    assert [one["uid"] for one in told["evses"]] == ["u1"]
    assert [station["evse_uids"] for station in told["charging_stations"]] == [["u1"]]
    assert any("the uid u1 is taken" in note.text for note in made.notes)


def test_hidden_stations_are_not_told() -> None:
    hidden = station(id=ChargingStationId.parse("DE*GEF*S99"), published=False)
    found = mapped(pool(station(evse(), id=ChargingStationId.parse("DE*GEF*S7")), hidden)).value
    assert b"S99" not in codec.encode(found)


@pytest.mark.parametrize(
    ("given_stations", "expected", "noted"),
    [
        ("nonsense", {"DE*GEF*S1*A": ["DE*GEF*E1*A*1"]}, 1),
        ([{"id": 7}], {"DE*GEF*S1*A": ["DE*GEF*E1*A*1"]}, 1),
        ([{"id": "x", "evse_uids": ["DE*GEF*E1*A*1"]}], {"DE*GEF*S1*A": ["DE*GEF*E1*A*1"]}, 1),
        ([{"id": "DE*GEF*S7", "evse_uids": ["y"]}], {"DE*GEF*S7": [], "DE*GEF*S1*A": ["DE*GEF*E1*A*1"]}, 1),
        ([{"id": "DE*GEF*S7", "evse_uids": ["de*gef*e1*a*1"]}], {"DE*GEF*S7": ["DE*GEF*E1*A*1"]}, 0),
    ],
)
def test_nonsense_about_stations_is_noted(given_stations: Any, expected: dict[str, list[str]], noted: int) -> None:
    body = codec.read_json(codec.encode(mapped(pool(station(evse()))).value))
    found = mapped_in(read_location(codec.encode(body | {"charging_stations": given_stations})))
    assert found.value is not None
    assert (structure(found.value.pool), len(found.notes)) == (expected, noted)


@pytest.mark.parametrize("told", [7, "x", "FR*ABC*P1"])
def test_a_pool_id_of_somebody_else_is_noted(told: Any) -> None:
    body = codec.read_json(codec.encode(mapped(pool(station(evse()))).value))
    found = mapped_in(read_location(codec.encode(body | {"charging_pool_id": told})))
    assert found.value is not None
    assert (str(found.value.pool.id), [note.path for note in found.notes]) == ("DE*GEF*P1", ["$.charging_pool_id"])


def _as_it_comes_back(wwcp: ChargingPool) -> ChargingPool:
    """What is other afterwards, or gone; but for what a Location cannot say at all, which its notes tell."""
    address = wwcp.address
    assert address is not None
    street = " ".join(part for part in (address.street, address.house_number) if part)
    return replace(
        wwcp,
        # OCPI has one language for names and cities, and does not say which.
        name={"en": next(iter(wwcp.name.values()))},
        address=replace(address, street=street, house_number=None, city={"en": next(iter(address.city.values()))}),
        # What stations inherit from their pool they have themselves.
        authentication_modes=[],
        payment_options=[],
        features=[],
        charging_stations=[_station_as_it_comes_back(station, wwcp) for station in wwcp.charging_stations],
    )


def _station_as_it_comes_back(station: ChargingStation, pool: ChargingPool) -> ChargingStation:
    evses = [
        replace(
            one,
            # Where the station stands, its EVSEs do.
            geo_location=one.geo_location or station.geo_location,
            physical_reference=one.physical_reference or station.physical_reference,
            # A plug for direct current has a cable. Since when a status holds is when it was told.
            charging_connectors=[
                replace(plug, cable=plug.cable and ChargingCable()) for plug in one.charging_connectors
            ],
            last_status_update=MONDAY,
            last_change=None,
        )
        for one in station.evses
    ]
    return replace(
        station,
        geo_location=None,
        physical_reference=None,
        authentication_modes=station.authentication_modes or pool.authentication_modes,
        payment_options=station.payment_options or pool.payment_options,
        features=station.features or pool.features,
        evses=evses,
    )


def test_a_pool_comes_back_but_for_what_is_listed() -> None:
    now = [Timestamped(MONDAY, EVSEStatus.charging)]
    admin = [Timestamped(MONDAY, EVSEAdminStatus.operational)]
    place = GeoLocation(latitude=Decimal("50.92000"), longitude=Decimal("11.58000"))
    first = evse(status=now, admin_status=admin, photo_urls=("https://example.com/e.png",))
    second = evse(
        EVSEId.parse("DE*GEF*E1*A*2"),
        status=[Timestamped(MONDAY, EVSEStatus.available)],
        admin_status=admin,
        charging_connectors=[ChargingConnector(id="1", type=first.charging_connectors[0].type, cable=ChargingCable())],
        custom_data={"OCPI.EVSEUId": "u2"},
    )
    wwcp = pool(
        station(
            first,
            second,
            geo_location=place,
            physical_reference="7",
            arrival_instructions={"de": "Links"},
            payment_options=[PaymentOption.CreditCard],
        ),
        parking_type=ParkingType.ON_STREET,
        arrival_instructions={"de": "Ganz links", "en": "Left"},
        authentication_modes=[AuthenticationMode(type=AuthenticationType.RFID)],
        features=[Feature.Reservable],
        facilities=["HOTEL"],
        hotline="+49 1",
        charging_when_closed=False,
        photo_urls=("https://example.com/p.png",),
        opening_times=OpeningTimes(regular_openings=[{Weekday.FRIDAY: [HourRange(begin="22:00", end="06:00")]}]),
        energy_mix=EnergyMix(
            energy_sources=[
                EnergySource(category=EnergySourceCategory.Sun, percent=Decimal(70)),
                EnergySource(category=EnergySourceCategory.Coal, percent=Decimal(30)),
            ]
        ),
    )
    assert back(wwcp) == _as_it_comes_back(wwcp)


def _without_moments(value: Any) -> Any:
    """Without what is new each time, and the voltage of three-phase grids above all that there are."""
    match value:
        case {"power_type": "AC_3_PHASE", "max_voltage": int(volts)} if volts > LEAST_LINE_TO_LINE:
            return _without_moments(value | {"max_voltage": 0})
        case dict():
            return {key: _without_moments(inner) for key, inner in value.items() if key != "last_updated"}
        case list():
            return [_without_moments(inner) for inner in value]
        case _:
            return value


@given(pools(GEF, 7))
@settings(max_examples=25, deadline=None, phases=[Phase.generate])
def test_what_ocpi_can_say_goes_out_again_as_it_came_in(wwcp: ChargingPool) -> None:
    address = replace(wwcp.address or Address(), country="DEU", city={"en": "Jena"})
    sent = mapped(replace(wwcp, address=address, geo_location=PLACE)).value
    assert sent is not None
    found = mapped_in(read_location(codec.encode(sent)))
    assert found.value is not None
    again = mapped(found.value.pool).value
    assert again is not None
    first, second = (_without_moments(codec.read_json(codec.encode(one))) for one in (sent, again))
    assert {key: (first.get(key), second.get(key)) for key in first | second if first.get(key) != second.get(key)} == {}
