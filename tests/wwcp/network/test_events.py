# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.wwcp.making import FIRST, GEF, SECOND, evse, operator, pool, station
from tests.wwcp.roaming import GDF, Provider, auth_start, roaming
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import Status
from wwcp_ocpi.wwcp.network.event_bus import Numbered
from wwcp_ocpi.wwcp.network.events import (
    EVSEStatusChange,
    Missed,
    OperatorChange,
    PlaceStatusChange,
    PoolChange,
    ProviderChange,
    SessionChange,
)
from wwcp_ocpi.wwcp.routing.feeding import feed

ALLOWED = {"11223344": AuthStartCode.Authorized}


async def test_everything_that_changes_is_told_in_order_and_numbered() -> None:
    network = roaming()
    heard: list[Numbered] = []
    network.on_event(heard.append)
    network.places.set_evse_status(FIRST, EVSEStatus.charging)
    network.places.upsert_operator(operator(homepage="https://gef.example/"))
    network.places.upsert_pool(pool(station(evse(), evse(SECOND)), name={"de": "Neu"}))
    network.places.set_status(GEF, Status.available)
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    await network.authorize_start(auth_start())
    kinds = [EVSEStatusChange, OperatorChange, PoolChange, PlaceStatusChange, ProviderChange, SessionChange]
    assert [type(told.event) for told in heard] == kinds
    assert [told.number for told in heard] == [1, 2, 3, 4, 5, 6]


async def test_a_stream_gives_events_from_its_beginning_on_until_it_is_closed() -> None:
    network = roaming()
    network.places.set_evse_status(FIRST, EVSEStatus.charging)
    with network.events() as events:
        network.places.set_evse_status(FIRST, EVSEStatus.available)
        network.places.set_evse_status(FIRST, EVSEStatus.reserved)
    network.places.set_evse_status(FIRST, EVSEStatus.blocked)
    assert [told.number async for told in events] == [2, 3]


async def test_a_stream_waits_for_what_comes() -> None:
    network = roaming()
    with network.events() as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        network.places.set_evse_status(FIRST, EVSEStatus.charging)
        assert (await asyncio.wait_for(waiting, 1)).number == 1


async def test_a_slow_reader_is_told_how_much_it_missed() -> None:
    network = roaming()
    with network.events(limit=2) as events:
        for status in (EVSEStatus.charging, EVSEStatus.available) * 3:
            network.places.set_evse_status(FIRST, status)
    assert [(told.number, told.event) async for told in events if isinstance(told.event, Missed)] == [(4, Missed(4))]


async def test_a_reader_who_comes_back_gets_what_it_missed_as_far_as_it_is_remembered() -> None:
    network = roaming()
    for number in range(1500):
        network.places.set_evse_status(FIRST, (EVSEStatus.charging, EVSEStatus.available)[number % 2])
    with network.events(after=1490) as events:
        pass
    assert [told.number async for told in events] == list(range(1491, 1501))
    with network.events(after=100) as events:
        pass
    told = [told async for told in events]
    assert (told[0], told[1].number, len(told)) == (Numbered(500, Missed(400)), 501, 1001)
    with network.events(after=1500) as events:
        pass
    assert [told async for told in events] == []


async def test_a_listener_who_fails_breaks_nothing() -> None:
    network = roaming()

    def fails(_: Numbered) -> None:
        raise RuntimeError("no")

    heard: list[Numbered] = []
    network.on_event(fails)
    leave = network.on_event(heard.append)
    with capture_logs() as logs:
        network.places.set_evse_status(FIRST, EVSEStatus.charging)
    leave()
    leave()
    assert ([line["event"] for line in logs], len(heard)) == (["wwcp.listener_failed"], 1)
    assert network.places.evse_status(FIRST) == EVSEStatus.charging


class Sink:
    def __init__(self) -> None:
        self.heard: list[str] = []

    async def pool_changed(self, change: PoolChange) -> None:
        self.heard.append(f"pool {change.pool.id}")

    async def operator_changed(self, change: OperatorChange) -> None:
        raise RuntimeError("no")

    async def status_changed(self, change: EVSEStatusChange) -> None:
        self.heard.append(f"{change.evse_id} {change.status}")

    async def session_changed(self, session: ChargingSession, previous: ChargingSession | None) -> None:
        self.heard.append(f"session {previous is None}")


async def test_a_sink_is_fed_in_order_and_one_failure_does_not_end_it() -> None:
    network, sink = roaming(), Sink()
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    with network.events() as events:
        network.places.upsert_operator(operator(homepage="https://gef.example/"))
        network.places.upsert_pool(pool(station(evse(), evse(SECOND)), name={"de": "Neu"}))
        network.places.set_evse_status(FIRST, EVSEStatus.charging)
        await network.authorize_start(auth_start())
    with capture_logs() as logs:
        await feed(events, sink)
    assert sink.heard == ["pool DE*GEF*P1", "DE*GEF*E1*A*1 charging", "session True"]
    assert [line["event"] for line in logs] == ["wwcp.sink_failed"]


async def test_the_log_tells_of_a_sink_that_is_too_slow() -> None:
    network = roaming()
    with network.events(limit=1) as events:
        for status in (EVSEStatus.charging, EVSEStatus.available):
            network.places.set_evse_status(FIRST, status)
    with capture_logs() as logs:
        await feed(events, Sink())
    assert [(line["event"], line["count"]) for line in logs] == [("wwcp.events_missed", 1)]


async def test_a_network_runs_by_itself_until_it_is_cancelled() -> None:
    network = roaming()
    task = asyncio.create_task(network.run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
