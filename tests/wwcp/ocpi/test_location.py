# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.rules import rule
from tests.wwcp.making import (
    GEF,
    MONDAY,
    SECOND,
    TUESDAY,
    evse,
    location_with,
    mapped,
    operator,
    pool,
    station,
    texts,
)
from tests.wwcp.strategies import OPERATORS, operators, pools
from wwcp_ocpi.protocol import codec, coherence
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.v2_3_0.enums import Facility, ImageCategory
from wwcp_ocpi.v2_3_0.enums import ParkingType as OCPIParkingType
from wwcp_ocpi.v2_3_0.locations import BusinessDetails, Image, Location
from wwcp_ocpi.v2_3_0.locations import GeoLocation as OCPIGeoLocation
from wwcp_ocpi.v2_3_0.types import DisplayText
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.opening import OpeningTimes
from wwcp_ocpi.wwcp.model.places import Brand, ChargingPool, ChargingStationOperator, GeoLocation, Logo
from wwcp_ocpi.wwcp.model.texts import ParkingType
from wwcp_ocpi.wwcp.ocpi.location import location_id
from wwcp_ocpi.wwcp.ocpi.words import FACILITY, LocationIds, MappingPolicy

SUFFIX = MappingPolicy(location_ids=LocationIds.SUFFIX)


def test_a_pool_becomes_a_location_with_all_that_it_says() -> None:
    found = mapped(
        pool(
            arrival_instructions={"de": "Links"},
            parking_type=ParkingType.ON_STREET,
            facilities=["HOTEL", "wifi", "HOTEL"],
            hotline="+49 800 1",
            charging_when_closed=False,
            last_change=MONDAY,
        ),
        by=operator(homepage="https://gef.example", logos=[Logo(uri="https://gef.example/l.svg?x=1.png")]),
        now=TUESDAY,
    )
    assert found.notes == []
    assert found.value == Location(
        country_code="DE",
        party_id="GEF",
        id="DE*GEF*P1",
        publish=True,
        name="Am Markt",
        address="Am Markt 7",
        city="Jena",
        postal_code="07743",
        country="DEU",
        coordinates=OCPIGeoLocation(latitude="50.927054", longitude="11.5892372"),
        parking_type=OCPIParkingType.ON_STREET,
        directions=[DisplayText(language="de", text="Links")],
        operator=BusinessDetails(
            name="Beispielstrom",
            website="https://gef.example",
            logo=Image(url="https://gef.example/l.svg?x=1.png", category=ImageCategory.OPERATOR, type="svg"),
        ),
        facilities=[Facility.HOTEL, Facility.WIFI],
        time_zone="Europe/Berlin",
        charging_when_closed=False,
        help_phone="+49 800 1",
        last_updated=MONDAY,
    )


@pytest.mark.parametrize(
    ("id", "policy", "expected"),
    [
        ("DE*GEF*P1234", MappingPolicy(), "DE*GEF*P1234"),
        ("DEGEFP1234", MappingPolicy(), "DEGEFP1234"),
        ("DE*GEF*P12*34", SUFFIX, "12*34"),
        ("+49*822*P1", MappingPolicy(), "+49*822*P1"),
        ("DE*GEF*P" + "1234*" * 6, MappingPolicy(), "DEGEFP" + "1234" * 6),
        ("DE*GEF*P" + "1" * 40, MappingPolicy(), "DEGEFP11111111111111111-83d7f9573cca"),
    ],
)
def test_a_location_is_called_as_the_policy_says_and_the_id_always_fits(
    id: str, policy: MappingPolicy, expected: str
) -> None:
    made = location_id(ChargingPoolId.parse(id), policy)
    assert len(made) <= 36
    assert made == expected


def test_a_shortened_id_is_noted_and_stays_one_of_its_own() -> None:
    ids = [ChargingPoolId.parse("DE*GEF*P" + "1" * 40 + end) for end in "ab"]
    assert len({location_id(id) for id in ids}) == 2
    found = location_with(id=ids[0])
    assert found.value is not None
    assert texts(found) == [f"$.@id: shortened to {found.value.id}"]


def test_the_party_is_that_of_the_pool_id_and_a_din_operator_of_more_digits_has_none() -> None:
    din = location_with(id=ChargingPoolId.parse("+49*822*P1")).value
    assert din is not None
    assert (din.country_code, din.party_id) == ("DE", "822")
    long = location_with(id=ChargingPoolId.parse("+49*8221*P1"))
    assert (long.value, texts(long)) == (None, ["$.@id: no party of OCPI can be made of +49*8221"])


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ({"city": {}}, "$.address.city: no Location without a city"),
        ({"city": {"de": " "}}, "$.address.city: no Location without a city"),
        (
            {"country": "Deutschland"},
            "$.address.country: no Location without a country of ISO 3166-1, got 'Deutschland'",
        ),
        ({"country": None}, "$.address.country: no Location without a country of ISO 3166-1, got None"),
    ],
)
def test_without_city_or_country_there_is_no_location(address: dict[str, Any], note: str) -> None:
    found = location_with(address=address)
    assert (found.value, texts(found)) == (None, [note])


def test_without_an_address_there_is_no_location() -> None:
    found = location_with(address=None)
    assert found.value is not None
    found = mapped(pool(address=None))
    assert found.value is None
    assert [note.path for note in found.notes] == ["$.address.city", "$.address.country"]


def test_without_a_street_the_city_stands_for_it() -> None:
    found = location_with(address={"street": None, "house_number": None})
    assert found.value is not None
    assert (found.value.address, texts(found)) == ("Jena", ["$.address.street: no street: the city stands for it"])


def test_parts_of_an_address_that_do_not_fit_are_noted() -> None:
    found = location_with(
        address={"postal_code": "12345-678901", "region": "Thüringen", "postal_code_sub": "7", "city": {"de": "J" * 50}}
    )
    assert found.value is not None
    assert (found.value.postal_code, found.value.state, found.value.city) == (None, "Thüringen", "J" * 45)
    assert [note.path for note in found.notes] == ["$.address.city", "$.address.postalCodeSub", "$.address.postalCode"]


@rule("LOC-42")
@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("50.927054", "11.589237", OCPIGeoLocation(latitude="50.927054", longitude="11.589237")),
        ("50.9", "-180", OCPIGeoLocation(latitude="50.90000", longitude="-180.00000")),
        ("-24.43445779", "-179.1234567", OCPIGeoLocation(latitude="-24.434458", longitude="-179.123457")),
        ("24.43445779", "-79.1234567", OCPIGeoLocation(latitude="24.4344578", longitude="-79.1234567")),
        ("-0.000000001", "0.123456789", OCPIGeoLocation(latitude="0.0000000", longitude="0.1234568")),
    ],
)
def test_coordinates_have_five_to_seven_decimals(latitude: str, longitude: str, expected: OCPIGeoLocation) -> None:
    found = location_with(geo_location=GeoLocation(latitude=Decimal(latitude), longitude=Decimal(longitude)))
    assert found.value is not None
    assert found.value.coordinates == expected


@pytest.mark.parametrize(
    "place",
    [
        GeoLocation(latitude=Decimal(91), longitude=Decimal(0)),
        GeoLocation(latitude=Decimal(0), longitude=Decimal(-181)),
        GeoLocation(latitude=Decimal(0), longitude=Decimal(0), projection="Mars 2000"),
    ],
)
def test_what_is_no_place_on_earth_makes_no_location(place: GeoLocation) -> None:
    found = location_with(geo_location=place)
    assert found.value is None
    assert texts(found) == [
        "$.geoLocation: left out: expected degrees of WGS 84",
        "$.geoLocation: no Location without coordinates",
    ]


def test_a_pool_without_coordinates_has_those_of_its_first_station_that_has_some() -> None:
    there = GeoLocation(latitude=Decimal("1.5"), longitude=Decimal("2.5"), projection="WGS 84")
    second = station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S2"), geo_location=there)
    found = mapped(pool(station(evse()), second, geo_location=None))
    assert found.value is not None
    assert found.value.coordinates == OCPIGeoLocation(latitude="1.50000", longitude="2.50000")
    assert texts(found) == ["$.geoLocation: taken from station DE*GEF*S2"]
    assert mapped(pool(geo_location=None)).value is None


@rule("LOC-03")
def test_hidden_stations_hide_the_location_or_are_left_out() -> None:
    hidden, shown = station(evse(), published=False), station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S2"))
    alone, mixed = mapped(pool(hidden)), mapped(pool(hidden, shown))
    assert alone.value is not None
    assert (alone.value.publish, len(alone.value.evses or [])) == (False, 1)
    assert mixed.value is not None
    assert mixed.value.publish
    assert [made.uid for made in mixed.value.evses or []] == [str(SECOND)]
    assert texts(mixed) == [
        "$.chargingStations[0].published: station DE*GEF*S1*A left out: OCPI hides whole Locations only"
    ]


@pytest.mark.parametrize(
    ("type", "expected", "notes"),
    [
        (None, None, []),
        (ParkingType.UNKNOWN, None, []),
        (ParkingType.OTHER, None, ["$.locationType: left out: OCPI 2.3.0 has no parking type OTHER"]),
        (ParkingType("ROOF"), None, ["$.locationType: left out: OCPI 2.3.0 has no parking type ROOF"]),
        (ParkingType.ALONG_MOTORWAY, OCPIParkingType.ALONG_MOTORWAY, []),
    ],
)
def test_a_parking_type_arrives_or_is_left_out(
    type: ParkingType | None, expected: OCPIParkingType | None, notes: list[str]
) -> None:
    found = location_with(parking_type=type)
    assert found.value is not None
    assert (found.value.parking_type, texts(found)) == (expected, notes)


def test_every_facility_arrives_and_an_unknown_one_is_noted() -> None:
    found = location_with(facilities=[*FACILITY, "CASINO"])
    assert found.value is not None
    assert found.value.facilities == list(Facility)
    assert texts(found) == ["$.facilities[20]: left out: OCPI 2.3.0 has no facility CASINO"]


@rule("LOC-52")
def test_the_time_zone_is_that_of_the_address_then_of_the_pool_then_utc() -> None:
    own = location_with(time_zone="Europe/Paris")
    other = location_with(address={"time_zone": None}, time_zone="Europe/Paris")
    none = location_with(address={"time_zone": None})
    assert own.value is not None
    assert other.value is not None
    assert none.value is not None
    assert [found.time_zone for found in (own.value, other.value, none.value)] == [
        "Europe/Berlin",
        "Europe/Paris",
        "UTC",
    ]
    assert texts(none) == ["$.timeZone: UTC assumed"]
    odd = location_with(address={"time_zone": "Europe/Jena"})
    assert odd.value is not None
    assert odd.value.time_zone == "UTC"
    assert texts(odd) == ["$.timeZone: left out: no time zone is called 'Europe/Jena'", "$.timeZone: UTC assumed"]


def test_an_operator_without_a_name_is_called_by_its_id() -> None:
    found = mapped(pool(), by=ChargingStationOperator(id=GEF, logos=[Logo(uri="https://gef.example/logo")]))
    assert found.value is not None
    assert found.value.operator == BusinessDetails(
        name="DE*GEF",
        logo=Image(url="https://gef.example/logo", category=ImageCategory.OPERATOR, type="jpg"),
    )


def test_the_brand_is_the_suboperator() -> None:
    first = Brand(id="b1", name={"de": "Marke"}, homepage="https://b1.example")
    second = Brand(id="b2")
    found = mapped(pool(station(evse(), brands=[second]), brands=[first]))
    assert found.value is not None
    assert found.value.suboperator == BusinessDetails(name="Marke", website="https://b1.example")
    assert "$.brands: only b1 of 2 brands is kept" in texts(found)
    other = mapped(pool(station(evse(), brands=[second])))
    assert other.value is not None
    assert other.value.suboperator == BusinessDetails(name="b2")
    nameless = mapped(pool(brands=[Brand(id=" ")]))
    assert nameless.value is not None
    assert nameless.value.suboperator == BusinessDetails(name="-")


def test_one_name_is_kept_of_several_languages_and_noted() -> None:
    found = location_with(name={"de": "Markt", "en": "Market"})
    same = location_with(name={"de": "Markt", "en": "Markt"})
    assert found.value is not None
    assert found.value.name == "Markt"
    assert texts(found) == ["$.name: only the first language is kept of de, en"]
    assert same.notes == []


def test_directions_have_each_language_once_in_two_letters() -> None:
    found = location_with(arrival_instructions={"en": "Left", "en-GB": "Keep left", "": "?", "de": " "})
    assert found.value is not None
    assert found.value.directions == [DisplayText(language="en", text="Left")]
    assert [note.path for note in found.notes] == ["$.arrivalInstructions.en-GB", "$.arrivalInstructions."]


def test_a_phone_number_or_url_that_does_not_fit_is_left_out_whole() -> None:
    found = mapped(pool(hotline="+49 30 1234567890 1234567890"), by=operator(homepage="https://" + "g" * 260))
    assert found.value is not None
    assert found.value.operator is not None
    assert (found.value.help_phone, found.value.operator.website) == (None, None)
    assert [note.path for note in found.notes] == ["operator.homepage", "$.hotlinePhoneNumber"]


def test_what_a_station_says_otherwise_than_its_pool_is_noted() -> None:
    found = mapped(
        pool(
            station(evse(), hotline="1", opening_times=OpeningTimes(is_24_7=True), name={"de": "Säule"}),
            hotline="2",
            description={"de": "x"},
            custom_data={"a": 1},
        )
    )
    assert [note.path for note in found.notes] == [
        "$.chargingStations[0].name",
        "$.chargingStations[0].hotlinePhoneNumber",
        "$.chargingStations[0].openingTimes",
        "$.description",
        "$.customData.a",
    ]
    same = mapped(pool(station(evse(), hotline="2"), hotline="2"))
    assert same.notes == []


@rule("TYP-16")
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(pools(OPERATORS[0], 1), operators(OPERATORS[0]))
def test_any_pool_becomes_a_location_without_findings_or_notes_that_say_why_not(
    wwcp: ChargingPool, by: ChargingStationOperator
) -> None:
    found = mapped(wwcp, by=by, now=TUESDAY)
    if found.value is None:
        assert any("no Location without" in note.text for note in found.notes)
    else:
        body = codec.encode(found.value)
        # Only what is added for partners that know stations.
        added = ("$.charging_stations", "$.charging_pool_id")
        assert [one for one in check(Location, body) if one.path not in added] == []
        # What people wrote travels as it is: a website that is no URL, a text with markup.
        found_odd = [one for one in coherence.check(Location, body) if one.rule not in ("TYP-08", "TYP-10", "TRN-51")]
        assert found_odd == []
        assert all(EVSEId.try_parse(made.evse_id or "") for made in found.value.evses or ())
