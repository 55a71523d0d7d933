# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, TUESDAY, WEDNESDAY, Clock, evse, network, pool, station
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EMobilityProviderId
from wwcp_ocpi.wwcp.jsonld.documents import read_network, write
from wwcp_ocpi.wwcp.model.status import EVSEStatus, StatusSchedule, Timestamped
from wwcp_ocpi.wwcp.model.status_words import WORDS, AdminStatus, Status
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, PlaceStatusChange
from wwcp_ocpi.wwcp.network.loading import load
from wwcp_ocpi.wwcp.network.place_statuses import Share, status_report
from wwcp_ocpi.wwcp.network.places import LiveNetwork, UnknownId

STATION = ChargingStationId.parse("DE*GEF*S1*A")
PLACES = [None, STATION, POOL, GEF]


def live_network(clock: Clock | None = None) -> LiveNetwork:
    return network(pool(station(evse())), clock=clock)


@pytest.mark.parametrize("id", PLACES)
def test_a_status_of_any_place_is_told_once_and_kept(id: object) -> None:
    live = live_network()
    heard: list[object] = []
    live.on_other(heard.append)
    change = live.set_status(id, Status.available, AdminStatus.operational)  # type: ignore[arg-type]
    assert heard == [change]
    assert change == PlaceStatusChange(
        id=id,  # type: ignore[arg-type]
        timestamp=MONDAY,
        old_status=Status.unspecified,
        status=Status.available,
        old_admin_status=AdminStatus.unspecified,
        admin_status=AdminStatus.operational,
    )
    assert live.set_status(id, Status.available) is None  # type: ignore[arg-type]
    assert live.statuses.history(id).status == (Timestamped(MONDAY, Status.available),)  # type: ignore[arg-type]


def test_a_planned_status_of_a_place_comes_into_force_when_its_moment_has_come() -> None:
    clock = Clock(MONDAY)
    live = live_network(clock)
    heard: list[PlaceStatusChange] = []
    live.on_other(lambda change: heard.append(change) if isinstance(change, PlaceStatusChange) else None)
    assert live.set_status(POOL, Status.offline, at=TUESDAY) is None
    live.advance()
    assert (heard, live.statuses.status(POOL, clock.now)) == ([], Status.unspecified)
    clock.now = WEDNESDAY
    live.advance()
    live.advance()
    assert [(change.status, change.timestamp) for change in heard] == [(Status.offline, TUESDAY)]


def test_statuses_of_places_travel_with_the_network() -> None:
    live = live_network()
    for id in PLACES:
        live.set_status(id, Status.available, AdminStatus.operational)
    live.set_status(STATION, Status.charging, at=TUESDAY)
    snapshot = live.snapshot()
    assert snapshot.status == (Timestamped(MONDAY, Status.available),)
    found = snapshot.charging_station_operators[0].charging_pools[0]
    assert found.status == (Timestamped(MONDAY, Status.available),)
    assert [entry.value for entry in found.charging_stations[0].status] == [Status.charging, Status.available]
    assert live.station(STATION) == found.charging_stations[0]
    again = LiveNetwork(read_network(write(snapshot)), clock=Clock(MONDAY))
    assert again.snapshot() == snapshot
    assert load(write(snapshot), clock=Clock(MONDAY)).value.snapshot() == snapshot


@pytest.mark.parametrize(
    ("id", "text"),
    [
        (ChargingStationId.parse("DE*GEF*S9"), "no charging station DE*GEF*S9 in the roaming network test"),
        (ChargingPoolId.parse("DE*GEF*P9"), "no pool DE*GEF*P9 in the roaming network test"),
        (EMobilityProviderId.parse("DE-GDF"), "no provider DE-GDF in the roaming network test"),
    ],
)
def test_a_status_of_an_unknown_place_is_refused(id: ChargingStationId, text: str) -> None:
    with pytest.raises(UnknownId, match=text.replace("*", r"\*")):
        live_network().set_status(id, Status.available)


def test_a_schedule_of_an_evse_is_set_whole_or_added_to() -> None:
    clock = Clock(TUESDAY)
    live = live_network(clock)
    heard: list[EVSEStatusChange] = []
    live.on_status(heard.append)
    change = live.set_evse_schedule(
        FIRST,
        [
            Timestamped(WEDNESDAY, EVSEStatus.outOfService),
            Timestamped(MONDAY, EVSEStatus.available),
            Timestamped(TUESDAY, EVSEStatus.charging),
        ],
    )
    assert heard == [change]
    assert (live.evse_status(FIRST), len(live.evse_history(FIRST)[0])) == (EVSEStatus.charging, 3)
    live.set_evse_schedule(FIRST, [Timestamped(MONDAY, EVSEStatus.reserved)], keep=False)
    assert live.evse_history(FIRST)[0] == [Timestamped(MONDAY, EVSEStatus.reserved)]
    clock.now = WEDNESDAY
    assert live.advance() == []


entries = st.lists(
    st.builds(
        Timestamped,
        st.integers(0, 20).map(lambda second: DateTime.from_micros(second * 1_000_000)),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=12,
)


@given(entries, st.integers(0, 20))
def test_a_replaced_schedule_is_sorted_has_one_entry_a_moment_and_says_at_any_time_what_was_given(
    given_entries: list[Timestamped[str]], second: int
) -> None:
    schedule: StatusSchedule[str] = StatusSchedule("none")
    now = DateTime.from_micros(second * 1_000_000)
    schedule.put("old", DateTime.from_micros(5_000_000), now)
    schedule.replace(given_entries, now)
    last = {entry.timestamp: entry.value for entry in given_entries}
    kept = schedule.entries
    assert [entry.timestamp for entry in kept] == sorted({entry.timestamp for entry in kept}, reverse=True)
    assert all(one.value != other.value for one, other in pairwise(kept))
    before = [moment for moment in sorted(last) if moment <= now]
    assert schedule.value(now) == (last[before[-1]] if before else "none")


def test_a_report_counts_statuses_the_most_frequent_first() -> None:
    report = status_report([EVSEStatus.available] * 3 + [EVSEStatus.charging], MONDAY)
    assert (report.timestamp, report.count) == (MONDAY, 4)
    assert report.report == {"available": Share(3, 75.0), "charging": Share(1, 25.0)}
    assert status_report([], MONDAY).report == {}


def test_every_kind_of_place_has_its_words() -> None:
    for words in WORDS.values():
        assert {Status.unknown, Status.available, Status.offline} <= words.status
        assert AdminStatus.operational in words.admin_status
