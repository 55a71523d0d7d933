# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wwcp.making import MONDAY, TUESDAY, evse, operator, pool, station
from tests.wwcp.strategies import addresses, connectors, evses_with, networks, opening_times, tariffs
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, TooLarge
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import read, read_network, write
from wwcp_ocpi.wwcp.jsonld.shapes import CHARGING_PLUG_TYPES
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.opening import OpeningTimes, Period
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    Address,
    ChargingCable,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    GeoLocation,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.status import EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.tariff import ChargingPriceComponent, ChargingTariff
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType, CurrentType, ParkingType

EVSE_JSON: dict[str, Any] = {
    "@id": "DE*GEF*E1234*A*1",
    "currentType": ["AC_ThreePhases"],
    "averageVoltage": 400,
    "maxCurrent": 32,
    "maxPower": 22000,
    "socketOutlets": [{"@id": "1", "type": "IEC_62196_T2"}],
}
POOL_JSON: dict[str, Any] = {
    "@id": "DE*GEF*P1234",
    "@context": "https://open.charging.cloud/contexts/wwcp+json/chargingPool",
    "name": {"en": "Test pool"},
    "geoLocation": {"lat": 50.93, "lng": 11.63},
    "address": {"street": "Example Rd", "houseNumber": "18", "city": {"de": "Jena"}, "country": "DEU"},
    "locationType": "ON_STREET",
    "openingTimes": {"24/7": True},
    "chargingStations": [{"@id": "DE*GEF*S1234*A", "EVSEs": [EVSE_JSON]}],
}
encode = msgspec.json.encode
decode = msgspec.json.decode


def network_json(*pools: dict[str, Any], operator_id: str = "DE*GEF") -> dict[str, Any]:
    return {
        "@id": "Prod",
        "chargingStationOperators": [{"@id": operator_id, "chargingPools": list(pools)}],
    }


def read_evse(**changes: Any) -> EVSE:
    return read(EVSE, encode(EVSE_JSON | changes)).value


def read_connector(**keys: Any) -> ChargingConnector:
    return read(ChargingConnector, encode({"@id": "1"} | keys)).value


def refusal(body: Any, cls: type[msgspec.Struct] = RoamingNetworkData) -> str:
    with pytest.raises(InvalidParameters) as caught:
        read(cls, encode(body))
    assert caught.value.path is not None
    assert str(caught.value).startswith(caught.value.path)
    return str(caught.value)


def test_a_pool_is_read_from_its_documented_form() -> None:
    found = read(ChargingPool, encode(POOL_JSON))
    assert found.notes == []
    assert found.value == ChargingPool(
        id=ChargingPoolId.parse("DE*GEF*P1234"),
        name={"en": "Test pool"},
        geo_location=GeoLocation(latitude=Decimal("50.93"), longitude=Decimal("11.63")),
        address=Address(street="Example Rd", house_number="18", city={"de": "Jena"}, country="DEU"),
        parking_type=ParkingType.ON_STREET,
        opening_times=OpeningTimes(is_24_7=True),
        charging_stations=[
            ChargingStation(
                id=found.value.charging_stations[0].id,
                evses=[
                    EVSE(
                        id=EVSEId.parse("DE*GEF*E1234*A*1"),
                        current_type=[CurrentType.AC_ThreePhases],
                        max_voltage=Decimal(400),
                        max_current=Decimal(32),
                        max_power=Decimal(22000),
                        charging_connectors=[ChargingConnector(id="1", type=ChargingConnectorType.IEC_62196_T2)],
                    )
                ],
            )
        ],
    )


def test_a_pool_is_written_in_its_documented_form() -> None:
    assert decode(write(read(ChargingPool, encode(POOL_JSON)).value)) == POOL_JSON


def assert_survives(value: msgspec.Struct) -> None:
    body = write(value)
    found = read(type(value), body)
    assert found.value == value
    assert write(found.value) == body


ANY_EVSE = evses_with(EVSEId.parse("DE*GEF*E1"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(opening_times, tariffs, connectors, addresses, ANY_EVSE))
def test_a_part_that_is_written_is_read_again_as_the_same_part(part: msgspec.Struct) -> None:
    assert_survives(part)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks)
def test_a_network_that_is_written_is_read_again_as_the_same_network(network: RoamingNetworkData) -> None:
    assert_survives(network)


def test_the_context_stands_on_the_outermost_level_only() -> None:
    plain = decode(write(read_network(encode(network_json(POOL_JSON)))))
    assert plain["@context"] == "https://open.charging.cloud/contexts/wwcp+json/roamingNetwork"
    assert list(plain)[:2] == ["@id", "@context"]
    assert "@context" not in plain["chargingStationOperators"][0]["chargingPools"][0]
    assert decode(write(ChargingConnector(id="1", type=ChargingConnectorType.CHADEMO))) == {
        "@id": "1",
        "@context": "https://open.charging.cloud/contexts/wwcp+json/chargingConnector",
        "type": "CHADEMO",
    }


def test_digits_of_numbers_are_kept() -> None:
    body = encode(POOL_JSON).replace(b"50.93", b"50.930000")
    assert b'"lat":50.930000' in write(read(ChargingPool, body).value)


def test_unknown_keys_are_kept_where_they_stood_and_noted() -> None:
    body = encode(
        network_json(POOL_JSON | {"colour": {"roof": ["red", None]}, "geoLocation": {"lat": 1, "lng": 2, "h": 3}})
    )
    found = read(RoamingNetworkData, body)
    path = "$.chargingStationOperators[0].chargingPools[0]"
    assert sorted(found.notes, key=lambda note: note.path) == [
        Note(f"{path}.colour", "ChargingPool has no such key; kept unread"),
        Note(f"{path}.geoLocation.h", "GeoLocation has no such key; kept unread"),
    ]
    written = decode(write(found.value))["chargingStationOperators"][0]["chargingPools"][0]
    assert written["colour"] == {"roof": ["red", None]}
    assert written["geoLocation"] == {"lat": 1, "lng": 2, "h": 3}


def test_the_key_of_our_own_for_unknown_keys_is_an_unknown_key_like_any_other() -> None:
    found = read(ChargingPool, encode(POOL_JSON | {"@extra": {"a": 1}}))
    assert found.value.extra == {"@extra": {"a": 1}}
    assert read(ChargingPool, write(found.value)).value == found.value


def test_keys_are_read_in_any_case_and_null_is_nothing() -> None:
    assert read(EVSE, encode({"@ID": "DE*GEF*E12", "MaxPower": 1, "maxCurrent": None})).value == EVSE(
        id=EVSEId.parse("DE*GEF*E12"), max_power=Decimal(1)
    )


def test_a_key_that_stands_twice_in_different_case_is_refused() -> None:
    assert "the key maxPower stands here twice" in refusal(EVSE_JSON | {"MAXPOWER": 1}, EVSE)


@pytest.mark.parametrize(("plug", "type"), CHARGING_PLUG_TYPES.items())
def test_every_old_plug_type_becomes_a_connector_type_or_stays_as_a_word(plug: str, type: str | None) -> None:
    found = read_connector(plug=plug, cableAttached="False")
    assert found.type == ChargingConnectorType(type or plug)
    assert found.type.is_known == (type is not None)
    assert (found.cable is not None) == plug.endswith("_CableAttached")


def test_an_old_connector_tells_its_cable_in_words() -> None:
    assert read_connector(plug="Type2Outlet", cableAttached="True") == ChargingConnector(
        id="1", type=ChargingConnectorType.IEC_62196_T2, cable=ChargingCable()
    )
    assert read_connector(plug="Type2Outlet").cable is None
    assert read_connector(plug="CHAdeMO", cableAttached="True", cable={"length": 3}).cable == ChargingCable(
        length=Decimal(3)
    )


def test_a_new_connector_is_not_touched_by_the_old_keys() -> None:
    found = read(ChargingConnector, encode({"@id": "1", "type": "CHADEMO", "plug": "Type2Outlet"}))
    assert (found.value.type, found.value.extra) == (ChargingConnectorType.CHADEMO, {"plug": "Type2Outlet"})


AVAILABLE = Timestamped(MONDAY, EVSEStatus.available)
CHARGING = Timestamped(TUESDAY, EVSEStatus.charging)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ([MONDAY.wire, "available"], [AVAILABLE]),
        ({"status": "available", "timestamp": MONDAY.wire}, [AVAILABLE]),
        ({MONDAY.wire: "available", TUESDAY.wire: "charging"}, [CHARGING, AVAILABLE]),
        ([[TUESDAY.wire, "charging"], [MONDAY.wire, "Available"]], [CHARGING, AVAILABLE]),
        ([[MONDAY.wire, "available"], [TUESDAY.wire, "charging"]], [CHARGING, AVAILABLE]),
        (None, []),
    ],
)
def test_a_status_is_read_in_each_documented_form(written: object, read_as: list[Timestamped[EVSEStatus]]) -> None:
    assert read_evse(status=written).status == read_as


def test_a_history_is_sorted_by_moment_and_not_by_text() -> None:
    found = read_evse(status={"2026-08-03T08:00:00.500Z": "charging", "2026-08-03T08:00:00Z": "available"})
    assert [entry.value for entry in found.status] == [EVSEStatus.charging, EVSEStatus.available]


def test_a_status_is_written_as_a_pair_and_a_history_as_an_object() -> None:
    one, many = evse(status=[AVAILABLE]), evse(status=[CHARGING, AVAILABLE])
    assert decode(write(one))["status"] == [MONDAY.wire, "available"]
    assert decode(write(many))["status"] == {TUESDAY.wire: "charging", MONDAY.wire: "available"}


def test_charging_modes_are_read_as_lists_in_lists_and_a_current_type_as_text() -> None:
    found = read_evse(chargingModes=[["Mode_3", "Mode_4"], "CHAdeMO"], currentType="DC")
    assert (found.charging_modes, found.current_type) == (["Mode_3", "Mode_4", "CHAdeMO"], [CurrentType.DC])


@pytest.mark.parametrize("between", ["/", " -> ", " - ", " – "])
def test_an_exceptional_opening_is_read_from_a_text_and_written_as_an_interval(between: str) -> None:
    found = read(OpeningTimes, encode({"exceptionalOpenings": [f"{MONDAY}{between}{TUESDAY}"]})).value
    assert found.exceptional_openings == [Period(begin=MONDAY, end=TUESDAY)]
    assert decode(write(found)) == {"exceptionalOpenings": [f"{MONDAY}/{TUESDAY}"]}


def test_a_price_is_read_and_written_as_text() -> None:
    found = read(ChargingPriceComponent, encode({"type": "ENERGY", "price": "0.50"})).value
    assert found.price == Decimal("0.50")
    assert decode(write(found))["price"] == "0.50"


def test_links_to_the_parents_are_dropped_and_noted_when_they_lie() -> None:
    truthful = POOL_JSON | {"roamingNetworkId": "Prod", "chargingStationOperatorId": "DEGEF"}
    assert read(RoamingNetworkData, encode(network_json(truthful))).notes == []
    lying = read(RoamingNetworkData, encode(network_json(POOL_JSON | {"chargingStationOperatorId": "NL*TNM"})))
    assert [note.text for note in lying.notes] == ["names 'NL*TNM', but stands in DE*GEF; the place counts"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "$: expected a RoamingNetworkData object, got an array"),
        ({}, "$: Object missing required field `@id`"),
        ({"@id": None}, "$: Object missing required field `@id`"),
        ({"@id": 3}, "$.@id: Expected `str`, got `int`"),
        ({"@id": "x", "chargingPools": {}}, "$.chargingPools: expected an array of ChargingPool, got an object"),
        ({"@id": "x", "chargingPools": [7]}, "$.chargingPools[0]: expected a ChargingPool object, got 7"),
        (
            network_json(POOL_JSON | {"@id": "DE*GEF*Q1"}),
            "$.chargingStationOperators[0].chargingPools[0].@id: "
            "expected a ChargingPoolId like DE*GEF*P1234, got 'DE*GEF*Q1'",
        ),
        (
            network_json(POOL_JSON | {"@id": 12}),
            "$.chargingStationOperators[0].chargingPools[0].@id: expected a text that is a ChargingPoolId, got int",
        ),
        (
            network_json(POOL_JSON | {"lastChange": "yesterday"}),
            "$.chargingStationOperators[0].chargingPools[0].lastChange: "
            "expected a DateTime like 2015-06-29T20:39:09Z, got 'yesterday'",
        ),
        (
            network_json(POOL_JSON | {"name": "Jena"}),
            "$.chargingStationOperators[0].chargingPools[0].name: Expected `object`, got `str`",
        ),
        (
            network_json(POOL_JSON, operator_id="NL*TNM"),
            "$.chargingStationOperators[0].chargingPools[0].@id: expected a pool of NL*TNM, got DE*GEF*P1234",
        ),
        (
            network_json(POOL_JSON, POOL_JSON),
            "$.chargingStationOperators[0].chargingPools[1].@id: DE*GEF*P1234 "
            "occurs already at $.chargingStationOperators[0].chargingPools[0]",
        ),
    ],
)
def test_what_is_no_network_is_refused_with_path_and_expectation(body: Any, message: str) -> None:
    assert refusal(body) == message


@pytest.mark.parametrize(
    ("value", "shown"),
    [("NaN", "'NaN'"), ("1e5", "'1e5'"), (True, "True"), ([], "an array"), ("", "''")],
)
def test_what_is_no_number_is_refused(value: object, shown: str) -> None:
    assert refusal(EVSE_JSON | {"maxPower": value}, EVSE) == f"$.maxPower: expected a number, got {shown}"


def test_a_number_beyond_all_measure_is_refused() -> None:
    body = encode(EVSE_JSON).replace(b"22000", b"1e99999")
    with pytest.raises(InvalidParameters, match=r"\$\.maxPower: expected a number of less than 30 digits"):
        read(EVSE, body)


@pytest.mark.parametrize("status", ["available", [MONDAY.wire], 3, [["x", "available"]]])
def test_a_status_without_a_moment_is_refused(status: object) -> None:
    assert refusal(EVSE_JSON | {"status": status}, EVSE).startswith("$.status")


def test_keys_beside_the_two_of_a_period_are_refused() -> None:
    period = {"begin": MONDAY.wire, "end": TUESDAY.wire, "why": "feast"}
    message = refusal({"exceptionalClosings": [period]}, OpeningTimes)
    assert message == "$.exceptionalClosings[0].why: Period has only the keys begin, end"


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(MalformedBody):
        read_network(b"{")
    with pytest.raises(TooLarge):
        read_network(b"[" * 100_000)


def test_keeping_going_leaves_out_the_smallest_part_that_is_wrong() -> None:
    bad_connector = EVSE_JSON | {"@id": "DE*GEF*E2", "socketOutlets": [{"@id": "1"}, {"@id": "2", "type": "CHADEMO"}]}
    bad_evse = EVSE_JSON | {"@id": "nonsense", "colour": "red"}
    bad_pool = POOL_JSON | {"@id": "DE*GEF*P2", "address": {"city": 7}}
    good_pool = POOL_JSON | {"@id": "DE*GEF*P3"}
    first = POOL_JSON | {"chargingStations": [{"@id": "DE*GEF*S1", "EVSEs": [bad_evse, bad_connector]}]}
    found = read(RoamingNetworkData, encode(network_json(first, bad_pool, good_pool)), keep_going=True)
    pools = found.value.charging_station_operators[0].charging_pools
    assert [str(pool.id) for pool in pools] == ["DE*GEF*P1234", "DE*GEF*P3"]
    assert [len(evse.charging_connectors) for evse in pools[0].charging_stations[0].evses] == [1]
    path = "$.chargingStationOperators[0].chargingPools"
    assert [note.path for note in found.notes] == [
        f"{path}[0].chargingStations[0].EVSEs[0]",
        f"{path}[0].chargingStations[0].EVSEs[1].socketOutlets[0]",
        f"{path}[1]",
    ]
    assert all(note.text.startswith("left out: ") for note in found.notes)


def test_an_entity_of_a_part_that_was_left_out_may_occur_elsewhere() -> None:
    wrong = POOL_JSON | {"@id": "DE*GEF*P2", "lastChange": "yesterday"}
    found = read(RoamingNetworkData, encode(network_json(wrong, POOL_JSON)), keep_going=True)
    assert [str(pool.id) for pool in found.value.charging_station_operators[0].charging_pools] == ["DE*GEF*P1234"]


def test_a_pool_under_an_operator_whose_id_is_wrong_is_refused_for_that_id() -> None:
    assert "expected a ChargingStationOperatorId" in refusal(network_json(POOL_JSON, operator_id="GEF"))


def test_a_network_keeps_the_tariffs_of_its_operators() -> None:
    body = encode(
        {
            "@id": "Prod",
            "chargingStationOperators": [
                {
                    "@id": "DE*GEF",
                    "chargingTariffs": [
                        {
                            "@id": "DE*GEF*TAC",
                            "currency": "EUR",
                            "elements": [{"priceComponents": [{"type": "ENERGY", "price": "0.49", "stepSize": 1}]}],
                        }
                    ],
                }
            ],
        }
    )
    (tariff,) = read_network(body).charging_station_operators[0].charging_tariffs
    assert isinstance(tariff, ChargingTariff)
    assert tariff.elements[0].price_components[0].price == Decimal("0.49")


def test_an_operator_is_read_and_written_alone() -> None:
    made = operator(charging_pools=[pool(station(evse()))])
    assert read(type(made), write(made)).value == made
