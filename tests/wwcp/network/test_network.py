# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

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
from tests.wwcp.strategies import networks
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.places import EMobilityProvider, RoamingNetworkData, evses_of
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, PoolChange
from wwcp_ocpi.wwcp.network.places import IdTaken, LiveNetwork, UnknownId

UNKNOWN_EVSE = EVSEId.parse("DE*GEF*E9")
OTHER_POOL = ChargingPoolId.parse("DE*GEF*P2")


def test_a_status_change_is_told_with_old_and_new() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    clock.now = TUESDAY
    change = live.set_evse_status(FIRST, EVSEStatus.charging)
    assert heard == [change]
    assert change == EVSEStatusChange(
        evse_id=FIRST,
        pool_id=POOL,
        timestamp=TUESDAY,
        last_updated=TUESDAY,
        old_status=EVSEStatus.unknown,
        status=EVSEStatus.charging,
        old_admin_status=EVSEAdminStatus.unspecified,
        admin_status=EVSEAdminStatus.unspecified,
    )
    assert live.evse_status(FIRST) is EVSEStatus.charging
    assert live.evse_status(SECOND) is EVSEStatus.unknown


def test_the_same_status_again_is_no_change() -> None:
    live = network(pool(station(evse())))
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    assert live.set_evse_status(FIRST, EVSEStatus.available) is not None
    before = live.evse(FIRST)
    assert live.set_evse_status(FIRST, EVSEStatus.available) is None
    assert (len(heard), live.evse(FIRST)) == (1, before)


def test_a_status_of_the_past_is_a_change_when_nothing_newer_is_known() -> None:
    clock = Clock(WEDNESDAY)
    live = network(pool(station(evse())), clock=clock)
    change = live.set_evse_status(FIRST, EVSEStatus.charging, TUESDAY)
    assert change is not None
    assert (change.timestamp, change.last_updated) == (TUESDAY, WEDNESDAY)
    assert live.set_evse_status(FIRST, EVSEStatus.available, MONDAY) is None
    assert live.evse_status(FIRST) is EVSEStatus.charging


def test_a_planned_status_comes_into_force_when_its_moment_has_come() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse())), clock=clock)
    assert live.set_evse_status(FIRST, EVSEStatus.reserved, TUESDAY) is None
    assert live.advance() == []
    assert live.evse(FIRST).status == [Timestamped(TUESDAY, EVSEStatus.reserved)]
    assert live.evse(FIRST).last_status_update == MONDAY
    clock.now = WEDNESDAY
    (change,) = live.advance()
    assert (change.status, change.timestamp, change.last_updated) == (EVSEStatus.reserved, TUESDAY, WEDNESDAY)
    assert live.advance() == []


def test_an_admin_status_is_a_change_of_its_own() -> None:
    live = network(pool(station(evse())))
    change = live.set_evse_admin_status(FIRST, EVSEAdminStatus.outOfService)
    assert change is not None
    assert (change.old_admin_status, change.admin_status) == (
        EVSEAdminStatus.unspecified,
        EVSEAdminStatus.outOfService,
    )
    assert change.status is change.old_status is EVSEStatus.unknown
    assert live.evse_admin_status(FIRST) is EVSEAdminStatus.outOfService


def test_a_listener_hears_nothing_after_it_has_left() -> None:
    live = network(pool(station(evse())))
    heard: list[object] = []
    leave, leave_pools = live.on_status(heard.append), live.on_pool(heard.append)
    leave()
    leave_pools()
    leave()
    live.set_evse_status(FIRST, EVSEStatus.charging)
    live.upsert_pool(pool(station(evse()), name={"de": "neu"}))
    assert heard == []


def test_a_listener_that_raises_does_not_undo_the_change() -> None:
    live = network(pool(station(evse())))

    def fail(_: EVSEStatusChange) -> None:
        raise RuntimeError("listener")

    live.on_status(fail)
    with pytest.raises(RuntimeError, match="listener"):
        live.set_evse_status(FIRST, EVSEStatus.charging)
    assert live.evse_status(FIRST) is EVSEStatus.charging


@pytest.mark.parametrize(
    "call",
    [
        lambda live: live.set_evse_status(UNKNOWN_EVSE, EVSEStatus.charging),
        lambda live: live.set_evse_admin_status(UNKNOWN_EVSE, EVSEAdminStatus.deleted),
        lambda live: live.evse(UNKNOWN_EVSE),
        lambda live: live.evse_status(UNKNOWN_EVSE),
        lambda live: live.evse_admin_status(UNKNOWN_EVSE),
        lambda live: live.pool_of(UNKNOWN_EVSE),
        lambda live: live.pool(OTHER_POOL),
        lambda live: live.operator(ChargingStationOperatorId.parse("NL*TNM")),
        lambda live: live.upsert_pool(pool(id=ChargingPoolId.parse("NL*TNM*P1"))),
        lambda live: live.upsert_operator(operator(charging_pools=[pool(id=ChargingPoolId.parse("NL*TNM*P1"))])),
    ],
)
def test_an_unknown_id_is_refused_and_changes_nothing(call: Any) -> None:
    live = network(pool(station(evse())))
    before = live.snapshot()
    with pytest.raises(UnknownId, match=r"DE\*GEF|NL\*TNM"):
        call(live)
    assert live.snapshot() == before


def test_an_evse_lives_in_one_pool() -> None:
    live = network(pool(station(evse())))
    before = live.snapshot()
    with pytest.raises(IdTaken, match=r"got DE\*GEF\*E1\*A\*1 of DE\*GEF\*P1"):
        live.upsert_pool(pool(station(evse()), id=OTHER_POOL))
    with pytest.raises(IdTaken, match="twice"):
        live.upsert_pool(pool(station(evse(), evse(EVSEId.parse("degefe1a1")))))
    assert live.snapshot() == before


def test_ids_are_found_in_every_spelling() -> None:
    live = network(pool(station(evse())))
    assert live.evse(EVSEId.parse("degefe1a1")).id == FIRST
    assert live.pool_of(EVSEId.parse("DEGEFE1*A1")).id == POOL
    assert live.pool(ChargingPoolId.parse("degefp1")) == live.pool(POOL)
    assert live.operator(GEF) == live.operators[GEF]


def test_a_new_pool_is_told_with_its_evses() -> None:
    live = network(pool(station(evse())))
    heard: list[PoolChange] = []
    statuses: list[EVSEStatusChange] = []
    live.on_pool(heard.append)
    live.on_status(statuses.append)
    available = [Timestamped(MONDAY, EVSEStatus.available)]
    told = live.upsert_pool(pool(station(evse(SECOND, status=available)), id=OTHER_POOL))
    assert told is not None
    assert heard == [told]
    assert (told.previous, told.added, told.removed, told.timestamp) == (None, [SECOND], [], MONDAY)
    assert statuses == []
    assert live.evse_status(SECOND) is EVSEStatus.available


def test_a_pool_that_comes_again_unchanged_changes_nothing() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse())), clock=clock)
    before = live.snapshot()
    clock.now = TUESDAY
    assert live.upsert_pool(pool(station(evse()))) is None
    assert live.upsert_pool(before.charging_station_operators[0].charging_pools[0]) is None
    assert live.snapshot() == before


def test_only_what_changed_has_a_new_moment_of_change() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    clock.now = TUESDAY
    told = live.upsert_pool(pool(station(evse(), evse(SECOND, physical_reference="2"))))
    assert told is not None
    after = live.pool(POOL)
    assert (told.added, told.removed) == ([], [])
    assert [found.last_change for found in evses_of(after)] == [MONDAY, TUESDAY]
    assert (after.last_change, after.charging_stations[0].last_change) == (MONDAY, MONDAY)


def test_a_moment_of_change_that_is_told_is_kept() -> None:
    live = network(pool(station(evse(last_change=MONDAY)), last_change=MONDAY), clock=Clock(WEDNESDAY))
    assert (live.pool(POOL).last_change, live.evse(FIRST).last_change) == (MONDAY, MONDAY)
    assert live.pool(POOL).charging_stations[0].last_change == WEDNESDAY


def test_an_id_stays_as_it_was_written_first() -> None:
    live = network(pool(station(evse())))
    live.upsert_pool(
        pool(
            station(evse(EVSEId.parse("DEGEFE1A1")), id=ChargingStationId.parse("DEGEFS1A")),
            id=ChargingPoolId.parse("DEGEFP1"),
            name={"de": "neu"},
        )
    )
    after = live.pool(POOL)
    assert (str(after.id), str(after.charging_stations[0].id), str(evses_of(after)[0].id)) == (
        "DE*GEF*P1",
        "DE*GEF*S1*A",
        "DE*GEF*E1*A*1",
    )


def test_an_evse_that_is_not_named_any_more_stays_as_removed() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    clock.now = TUESDAY
    told = live.upsert_pool(pool(station(evse())))
    assert told is not None
    assert told.removed == [SECOND]
    assert [(change.evse_id, change.status) for change in heard] == [(SECOND, EVSEStatus.removed)]
    assert [found.id for found in evses_of(live.pool(POOL))] == [FIRST, SECOND]
    assert live.upsert_pool(pool(station(evse()))) is None


def test_an_evse_stays_removed_even_when_its_whole_station_is_gone() -> None:
    live = network(pool(station(evse()), station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S1*B"))))
    live.upsert_pool(pool(station(evse())))
    assert [len(found.evses) for found in live.pool(POOL).charging_stations] == [1, 1]
    assert live.evse_status(SECOND) is EVSEStatus.removed


def test_an_evse_that_moves_to_another_station_of_its_pool_is_not_removed() -> None:
    live = network(pool(station(evse()), station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S1*B"))))
    live.set_evse_status(SECOND, EVSEStatus.available)
    live.upsert_pool(pool(station(evse(), evse(SECOND))))
    assert [len(found.evses) for found in live.pool(POOL).charging_stations] == [2]
    assert live.evse_status(SECOND) is EVSEStatus.available


def test_a_removed_evse_that_comes_back_is_in_an_unknown_state_until_it_tells() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    live.upsert_pool(pool(station()))
    clock.now = TUESDAY
    live.upsert_pool(pool(station(evse(), evse(SECOND, status=[Timestamped(TUESDAY, EVSEStatus.available)]))))
    assert live.evse_status(FIRST) is EVSEStatus.unknown
    assert live.evse_status(SECOND) is EVSEStatus.available


def test_statuses_inside_an_upsert_are_taken_over_and_told() -> None:
    clock = Clock(MONDAY)
    live = network(pool(station(evse())), clock=clock)
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    clock.now = TUESDAY
    with_status = evse(
        status=[Timestamped(TUESDAY, EVSEStatus.charging)],
        admin_status=[Timestamped(MONDAY, EVSEAdminStatus.operational)],
    )
    assert live.upsert_pool(pool(station(with_status))) is None
    (change,) = heard
    assert (change.status, change.admin_status) == (EVSEStatus.charging, EVSEAdminStatus.operational)


def test_an_operator_that_comes_again_keeps_the_moments_of_unchanged_tariffs() -> None:
    clock = Clock(MONDAY)
    live = network(clock=clock)
    ac = ChargingTariff(id=ChargingTariffId(GEF, "AC"), currency="EUR")
    dc = ChargingTariff(id=ChargingTariffId(GEF, "DC"), currency="EUR")
    told = ChargingTariff(id=ChargingTariffId(GEF, "HPC"), currency="EUR", last_change=MONDAY)
    live.upsert_operator(operator(charging_tariffs=[ac, dc, told]))
    clock.now = TUESDAY
    live.upsert_operator(operator(charging_tariffs=[ac, replace(dc, currency="CHF"), told]))
    moments = [tariff.last_change for tariff in live.operator(GEF).charging_tariffs]
    assert moments == [MONDAY, TUESDAY, MONDAY]


def test_pools_beside_the_operators_are_put_under_them() -> None:
    abroad = pool(id=ChargingPoolId.parse("NL*TNM*P1"))
    provider = EMobilityProvider(id=EMobilityProviderId.parse("DE-GDF"))
    made = RoamingNetworkData(
        id="test",
        name={"en": "Test"},
        charging_station_operators=[operator()],
        charging_pools=[pool(station(evse())), abroad],
        e_mobility_providers=[provider],
    )
    live = LiveNetwork(made, clock=Clock(MONDAY))
    assert [str(found.id) for found in live.pools()] == ["DE*GEF*P1", "NL*TNM*P1"]
    assert [str(found.id) for found in live.pools(GEF)] == ["DE*GEF*P1"]
    assert list(live.operators) == [GEF, abroad.id.operator]
    assert list(live.providers) == [provider.id]
    assert [found.id for found in live.evses()] == [FIRST]
    snapshot = live.snapshot()
    assert (snapshot.id, snapshot.name, live.id) == ("test", {"en": "Test"}, "test")
    assert [len(found.charging_pools) for found in snapshot.charging_station_operators] == [1, 1]


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks)
def test_a_snapshot_brings_the_same_network_to_life(made: RoamingNetworkData) -> None:
    clock = Clock(WEDNESDAY)
    snapshot = LiveNetwork(made, clock=clock).snapshot()
    assert LiveNetwork(snapshot, clock=clock).snapshot() == snapshot


def test_an_evse_that_was_removed_in_one_pool_may_stand_in_another() -> None:
    live = network(pool(station(evse(), evse(SECOND))), clock=Clock(MONDAY))
    other = pool(station(evse(), id=ChargingStationId.parse("DE*GEF*S2")), id=OTHER_POOL)
    with pytest.raises(IdTaken):
        live.upsert_pool(other)
    live.upsert_pool(pool(station(evse(SECOND))))
    assert live.evse_status(FIRST) is EVSEStatus.removed
    change = live.upsert_pool(other)
    assert change is not None
    assert change.added == [FIRST]
    assert (live.pool_id_of(FIRST), live.evse_status(FIRST)) == (OTHER_POOL, EVSEStatus.unknown)
    assert [found.id for found in evses_of(live.pool(POOL))] == [SECOND]


def test_both_kinds_of_status_at_once_are_one_change() -> None:
    live = network(pool(station(evse())), clock=Clock(TUESDAY))
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    live.set_evse_schedule(
        FIRST,
        [Timestamped(MONDAY, EVSEStatus.inDeployment), Timestamped(WEDNESDAY, EVSEStatus.available)],
        admin_statuses=[Timestamped(MONDAY, EVSEAdminStatus.planned), Timestamped(WEDNESDAY, EVSEAdminStatus.unknown)],
    )
    assert [(one.status, one.admin_status) for one in heard] == [(EVSEStatus.inDeployment, EVSEAdminStatus.planned)]
    live.set_evse_schedule(
        FIRST,
        [Timestamped(TUESDAY, EVSEStatus.available)],
        admin_statuses=[Timestamped(TUESDAY, EVSEAdminStatus.operational)],
        keep=False,
    )
    assert [len(entries) for entries in live.evse_history(FIRST)] == [1, 1]
    live.set_evse_schedule(FIRST, [Timestamped(TUESDAY, EVSEStatus.charging)], keep=False)
    assert live.evse_admin_status(FIRST) is EVSEAdminStatus.operational
