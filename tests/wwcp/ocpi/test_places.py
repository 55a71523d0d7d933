# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.wwcp.making import (
    FIRST,
    GEF,
    MONDAY,
    POOL,
    SECOND,
    TUESDAY,
    WEDNESDAY,
    Clock,
    evse,
    network,
    operator,
    pool,
    station,
)
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.enums import Status
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, ChargingTariffId
from wwcp_ocpi.wwcp.model.places import ChargingStationOperator, RoamingNetworkData
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.places import LiveNetwork, UnknownId
from wwcp_ocpi.wwcp.ocpi import places
from wwcp_ocpi.wwcp.ocpi.places import EVSEPatch, EVSEStatusPatch
from wwcp_ocpi.wwcp.ocpi.words import LocationIds, MappingPolicy

TNM = ChargingStationOperatorId.parse("NL*TNM")


def two_operators() -> LiveNetwork:
    return LiveNetwork(
        RoamingNetworkData(
            id="test",
            charging_station_operators=[
                operator(
                    charging_pools=[pool(station(evse()))],
                    charging_tariffs=[ChargingTariff(id=ChargingTariffId(GEF, "AC"), currency="EUR")],
                ),
                ChargingStationOperator(
                    id=TNM,
                    charging_pools=[pool(id=ChargingPoolId(TNM, "1"))],
                    charging_tariffs=[ChargingTariff(id=ChargingTariffId(TNM, "AC"), currency="EUR")],
                ),
            ],
        ),
        clock=Clock(MONDAY),
    )


def test_all_pools_of_a_network_or_of_one_operator_become_locations() -> None:
    live = two_operators()
    assert [found.id for found in places.locations(live)] == ["DE*GEF*P1", "NL*TNM*P1"]
    assert [found.id for found in places.locations(live, TNM)] == ["NL*TNM*P1"]
    assert [found.id for found in places.tariffs(live)] == ["DE*GEF*TAC", "NL*TNM*TAC"]
    assert [found.id for found in places.tariffs(live, TNM)] == ["NL*TNM*TAC"]


def test_one_pool_becomes_the_location_that_it_is_among_all() -> None:
    live = two_operators()
    assert places.location_of(live, POOL) == next(places.locations(live))
    with pytest.raises(UnknownId):
        places.location_of(live, ChargingPoolId(GEF, "9"))


def test_a_status_change_becomes_the_patch_of_an_evse() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    clock.now = TUESDAY
    change = live.set_evse_status(SECOND, EVSEStatus.charging)
    assert change is not None
    patch = places.status_patch(live, change)
    assert patch == EVSEPatch(
        party=PartyId("DE", "GEF"),
        location_id="DE*GEF*P1",
        evse_uid="DE*GEF*E1*A*2",
        body=EVSEStatusPatch(status=Status.CHARGING, last_updated=TUESDAY),
    )
    assert check(OCPIEVSE, codec.encode(patch.body), partial=True) == []


def test_the_location_shows_what_the_patch_said() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse())), clock=clock)
    clock.now = WEDNESDAY
    change = live.set_evse_status(FIRST, EVSEStatus.charging, TUESDAY)
    assert change is not None
    patch = places.status_patch(live, change)
    assert patch is not None
    found = places.location_of(live, POOL).value
    assert found is not None
    assert found.evses is not None
    assert (found.evses[0].status, found.evses[0].last_updated) == (patch.body.status, patch.body.last_updated)
    assert found.last_updated == patch.body.last_updated == WEDNESDAY


def test_a_change_of_the_admin_status_is_heard_as_a_status() -> None:
    live = network(pool(station(evse())))
    live.set_evse_status(FIRST, EVSEStatus.available)
    change = live.set_evse_admin_status(FIRST, EVSEAdminStatus.planned)
    assert change is not None
    patch = places.status_patch(live, change)
    assert patch is not None
    assert patch.body.status is Status.PLANNED


def test_a_change_that_partners_cannot_see_is_no_patch() -> None:
    live = network(pool(station(evse())))
    live.set_evse_status(FIRST, EVSEStatus.pluggedIn)
    change = live.set_evse_status(FIRST, EVSEStatus.charging)
    assert change is not None
    assert places.status_patch(live, change) is None


def test_an_evse_that_partners_do_not_see_has_no_patch() -> None:
    dark = evse(charging_connectors=[])
    live = network(pool(station(dark)))
    change = live.set_evse_status(FIRST, EVSEStatus.charging)
    assert change is not None
    assert places.status_patch(live, change) is None


def test_an_operator_that_is_no_party_of_ocpi_has_no_patches() -> None:
    din = ChargingStationOperatorId.parse("+49*8221")
    made = RoamingNetworkData(id="test", charging_pools=[pool(station(evse()), id=ChargingPoolId(din, "1"))])
    live = LiveNetwork(made, clock=Clock(MONDAY))
    change = live.set_evse_status(FIRST, EVSEStatus.charging)
    assert change is not None
    assert places.status_patch(live, change) is None


def test_patches_go_to_the_location_that_the_policy_names() -> None:
    live = network(pool(station(evse(custom_data={"OCPI.EVSEUId": "u7"}))))
    change = live.set_evse_status(FIRST, EVSEStatus.charging)
    assert change is not None
    policy = MappingPolicy(location_ids=LocationIds.SUFFIX, evse_status={EVSEStatus.charging: Status.BLOCKED})
    patch = places.status_patch(live, change, policy=policy)
    assert patch is not None
    assert (patch.location_id, patch.evse_uid, patch.body.status) == ("1", "u7", Status.BLOCKED)
