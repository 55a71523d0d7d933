# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp import (
    ChargingPool,
    EVSEStatus,
    LiveNetwork,
    RoamingNetworkData,
    locations,
    read,
    tariffs,
)
from wwcp_ocpi.wwcp.model.places import evses_of
from wwcp_ocpi.wwcp.sample.network import MADE_AT, sample_json, sample_network
from wwcp_ocpi.wwcp.sample.places import CITIES, STREETS


def pools_of(network: RoamingNetworkData) -> list[ChargingPool]:
    return [pool for operator in network.charging_station_operators for pool in operator.charging_pools]


def test_the_sample_has_three_operators_two_hundred_pools_and_a_thousand_evses() -> None:
    made = sample_network()
    assert [str(operator.id) for operator in made.charging_station_operators] == ["DE*GEF", "NL*VBL", "FR*EXR"]
    assert len(pools_of(made)) == 200
    assert sum(len(evses_of(pool)) for pool in pools_of(made)) == 1000
    assert all(3 <= len(operator.charging_tariffs) <= 6 for operator in made.charging_station_operators)


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others() -> None:
    assert sample_json(7) == sample_json(7)
    assert sample_json(7) != sample_json(8)


def test_a_sample_of_another_size_has_that_size() -> None:
    made = sample_network(pools=4, evses=250)
    assert (len(pools_of(made)), sum(len(evses_of(pool)) for pool in pools_of(made))) == (4, 250)
    assert sum(len(evses_of(pool)) for pool in pools_of(sample_network(pools=5, evses=0))) == 5


def test_the_sample_is_read_from_its_json_without_a_note() -> None:
    found = read(RoamingNetworkData, sample_json())
    assert (found.value, found.notes) == (sample_network(), [])


def test_every_pool_and_tariff_of_the_sample_maps_without_loss_and_without_findings() -> None:
    live = LiveNetwork(read(RoamingNetworkData, sample_json()).value)
    places, prices = list(locations(live)), list(tariffs(live))
    assert [note for found in places for note in found.notes] == []
    assert [note for found in prices for note in found.notes] == []
    assert len(places) == 200
    assert sum(len(found.value.evses or []) for found in places if found.value) == 1000
    assert [finding for found in places for finding in check(Location, codec.encode(found.value))] == []
    assert [finding for found in prices for finding in check(Tariff, codec.encode(found.value))] == []


def test_every_tariff_that_a_connector_names_exists_and_every_moment_is_past() -> None:
    live = LiveNetwork(sample_network())
    offered = {found.value.id for found in tariffs(live) if found.value}
    for found in locations(live):
        assert found.value is not None
        assert found.value.last_updated <= MADE_AT
        for evse in found.value.evses or []:
            assert all(set(connector.tariff_ids or []) <= offered for connector in evse.connectors)


def test_the_sample_lives() -> None:
    live = LiveNetwork(sample_network())
    assert live.snapshot() == sample_network()
    free = next(evse for evse in live.evses() if live.evse_status(evse.id) is EVSEStatus.available)
    change = live.set_evse_status(free.id, EVSEStatus.charging)
    assert change is not None
    assert change.old_status is EVSEStatus.available


def test_every_city_has_street_names_and_lies_in_europe() -> None:
    assert all(STREETS[city.language] for city in CITIES)
    assert all(35 < city.latitude < 65 and -10 < city.longitude < 30 for city in CITIES)
