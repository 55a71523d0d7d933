# SPDX-License-Identifier: AGPL-3.0-or-later
"""The eMSP ends in the middle of something, and goes on where it was. Nothing is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.platforms import ALL_VERSIONS, CPO
from tests.wwcp.adapters.emp_world import EMP, EVSE_1, GEF, POOL, World, world
from tests.wwcp.adapters.test_emp_commanding import RESERVATION, SESSION, reserve, start
from tests.wwcp.adapters.test_emp_records import writing
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Key, Side, Store, Write
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.places import evses_of
from wwcp_ocpi.wwcp.model.requests import RemoteStop
from wwcp_ocpi.wwcp.model.result_codes import RemoteStopCode, SendCDRCode
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange
from wwcp_ocpi.wwcp.ocpi.emp_adapter import follow_partners

versions = pytest.mark.parametrize("version", ALL_VERSIONS)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else await SQLiteStore.open(tmp_path / "store.db")
    yield opened
    await opened.close()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """A database needs a moment."""
    for _ in range(1000):
        if await is_so():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to that")


async def has_result(here: World) -> bool:
    """Whether the result of the command has arrived."""
    return any(b"EVSE_OCCUPIED" in body for _, body in await here.store.documents("command"))


async def is_closed(here: World) -> bool:
    """Whether no command is open."""
    return await here.store.documents("wwcp.emp.commands.test") == []


async def the_session(here: World) -> ChargingSession:
    (found,) = await here.network.sessions()
    return found


@versions
async def test_the_whole_stored_state_is_in_the_network_again(version: str, store: Store) -> None:
    here = await world(version, store=store)
    await here.put("tariffs", here.tariff())
    await here.status("CHARGING")
    before = here.network.places.pool(POOL)
    await here.restart()
    live = here.network.places
    assert [evse.id for evse in evses_of(live.pool(POOL))] == [evse.id for evse in evses_of(before)]
    assert live.pool(POOL).address == before.address
    assert live.pool(POOL).last_change == DateTime.parse("2026-03-01T11:00:00Z")
    assert live.evse_status(EVSE_1) is EVSEStatus.charging
    assert len(live.operator(GEF).charging_tariffs) == 1
    assert here.of(EVSEStatusChange) == []
    await here.status("AVAILABLE", at="2026-03-01T11:30:00Z")
    assert [change.status for change in here.of(EVSEStatusChange)] == [EVSEStatus.available]


async def test_what_came_while_nobody_looked_is_taken_over_once(store: Store) -> None:
    here = await world(store=store)
    await here.send("PUT", "sessions/DE/GEF/S1", here.session())
    await here.send("POST", "cdrs", here.cdr(session_id="S1"))
    await here.send("PATCH", "locations/DE/GEF/LOC1/E1", {"status": "CHARGING", "last_updated": "2026-03-01T11:00:00Z"})
    assert await here.adapter.waiting() == 3
    await here.restart()
    assert await here.adapter.waiting() == 0
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.charging
    assert len(here.provider.cdrs) == 1
    assert (await the_session(here)).stop is not None
    await here.restart()
    assert len(here.provider.cdrs) == 1


async def test_what_was_stored_before_there_was_an_adapter_is_taken_over(store: Store) -> None:
    made = World()
    for kind, id, body in (("sessions", "S1", made.session()), ("cdrs", "C1", made.cdr(session_id="S1"))):
        write = Write(version="2.3.0", last_updated=1, body=codec.encode(body), source="cpo.example")
        await store.change(Key(Side.THEIRS, kind, CPO, id), writing(write))
    here = await World(store=store).begin()
    assert (await the_session(here)).cpo_partner_session_id == "S1"
    assert len(here.provider.cdrs) == 1
    taken = [one.outcome async for one in here.adapter.cdrs()]
    assert taken == ["Success"]


@versions
async def test_an_awaited_session_is_known_by_its_reference_after_a_restart(version: str, store: Store) -> None:
    here = await world(version, store=store)
    here.provider.payload["contract_id"] = "NL-EMP-C1"
    data = (await here.authorize(place={"location_id": "LOC1"}))["data"]
    awaited = await the_session(here)
    await here.restart()
    told = {name: data[name] for name in ("authorization_reference",) if name in data}
    await here.put("sessions", here.session(**told))
    known = await the_session(here)
    assert (known.id, known.is_awaited) == (awaited.id, False)
    await here.restart()
    more = {"session_id": "S1"} if version != "2.1.1" else {}
    await here.put("cdrs", here.cdr(**more))
    if version != "2.1.1":
        assert here.provider.cdrs[0].session_id == awaited.id


@versions
async def test_a_result_that_comes_after_a_restart_closes_the_loop(version: str, store: Store) -> None:
    here = await world(version, store=store)
    await here.network.remote_start(start())
    await here.restart()
    assert (await the_session(here)).is_awaited
    await here.report("ACCEPTED")
    await until(lambda: is_closed(here))
    assert not (await the_session(here)).is_awaited


async def test_a_result_that_came_while_nobody_waited_closes_the_loop(store: Store) -> None:
    here = await world(store=store)
    await here.network.remote_start(start())
    await here.adapter.stop()
    await here.report("EVSE_OCCUPIED")
    await until(lambda: has_result(here))
    here.network.add_emp_roaming_provider("OCPI", here.adapter)
    await here.restart()
    await until(lambda: is_closed(here))
    assert await here.network.sessions() == []


async def test_a_command_of_which_nothing_is_known_any_more_is_forgotten(store: Store) -> None:
    here = await world(store=store)
    await here.network.remote_start(start())
    await here.adapter.stop()
    await here.timer.advance(100_000)
    here.network.add_emp_roaming_provider("OCPI", here.adapter)
    await here.restart()
    assert await store.documents("wwcp.emp.commands.test") == []
    assert (await the_session(here)).is_awaited
    await here.adapter.sweep()
    assert await here.network.sessions() == []


async def test_a_reservation_outlives_a_restart_and_can_still_be_given_up(store: Store) -> None:
    here = await world(store=store)
    await here.network.reserve(reserve())
    await here.report("ACCEPTED")
    await here.restart()
    assert [one.id for one in here.network.reservations] == [RESERVATION]
    url = next(r.url for r in here.net.requests if "/sender/commands/RESERVE_NOW/" in r.url)
    await here.caller("POST", url.removeprefix("https://emsp.example"), {"result": "CANCELED_RESERVATION"})
    assert here.network.reservations == []
    await here.timer.advance(3600)
    await here.adapter.sweep()
    assert await store.documents("wwcp.emp.commands.test") == []


async def test_a_session_can_be_stopped_after_a_restart(store: Store) -> None:
    here = await world(store=store)
    await here.network.remote_start(start())
    reference = here.operator.asked[-1].authorization_reference
    await here.put("sessions", here.session("CPO-1", authorization_reference=reference))
    await here.restart()
    result = await here.network.remote_stop(RemoteStop(session_id=SESSION, provider_id=EMP))
    assert result.result is RemoteStopCode.AsyncOperation
    assert here.operator.asked[-1].session_id == "CPO-1"
    await here.end()


async def test_a_record_that_nobody_took_is_tried_again_after_a_restart(store: Store) -> None:
    here = await world(store=store)
    here.provider.cdr_code = SendCDRCode.Error
    await here.put("cdrs", here.cdr())
    here.provider.cdr_code = SendCDRCode.Success
    await here.restart()
    await here.network.retry_cdrs()
    assert (len(here.provider.cdrs), here.network.waiting_cdrs) == (2, [])


async def test_in_the_background_everything_is_taken_over(store: Store) -> None:
    here = await world(store=store, look_s=0.001)
    task = asyncio.create_task(here.adapter.run())
    await here.send("PATCH", "locations/DE/GEF/LOC1/E1", {"status": "CHARGING", "last_updated": "2026-03-01T11:00:00Z"})
    await here.send("PUT", "tariffs/DE/GEF/T1", here.tariff())
    await here.send("PUT", "sessions/DE/GEF/S1", here.session())
    await here.send("POST", "cdrs", here.cdr(session_id="S1"))
    for _ in range(500):
        if here.provider.cdrs and here.network.places.operator(GEF).charging_tariffs:
            break
        await asyncio.sleep(0.005)
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.charging
    assert len(here.provider.cdrs) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_another_process_writes_is_taken_over(tmp_path: Path) -> None:
    store = await SQLiteStore.open(tmp_path / "store.db")
    here = await world(store=store)
    await here.put("sessions", here.session())
    beside = await SQLiteStore.open(tmp_path / "store.db")
    follow_partners(beside)
    body = codec.encode(here.session(kwh=9, last_updated="2026-03-01T11:00:00Z"))
    write = Write(version="2.3.0", last_updated=1, body=body, source="cpo.example")
    await beside.change(Key(Side.THEIRS, "sessions", CPO, "S1"), writing(write))
    assert await beside.delete_of_party(Side.THEIRS, "locations", CPO) == 1
    assert await here.adapter.settle() == 2
    assert (await the_session(here)).energy_kwh == 9
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.removed
    await beside.close()
    await store.close()
