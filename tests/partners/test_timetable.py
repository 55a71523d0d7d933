# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs in several variants under one id: what partners see now, are told when one begins, and may ask of others."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.objects import OLD, tariff
from tests.partners.test_modules import MODULES, deliver, linked, own, theirs
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform, register
from tests.server.test_modules import at as path_of
from tests.server.test_modules import refused
from tests.store.objects import Clock
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import TariffTimetables, timetable
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.ports import Store
from wwcp_ocpi.store.sqlite import SQLiteStore

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
MARCH, APRIL, MAY = (DateTime.parse(f"2026-{month:02d}-01T00:00:00Z") for month in (3, 4, 5))
SECOND = 1_000_000


def seconds(moment: DateTime) -> float:
    return moment.micros / SECOND


def priced(version: str, price: float, **more: Any) -> dict[str, Any]:
    element = {"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}
    return tariff(version, last_updated=OLD, elements=[element], **more)


def price_of(body: dict[str, Any]) -> float:
    found: float = body["elements"][0]["price_components"][0]["price"]
    return found


class World:
    """A CPO that plans its Tariff T1, and its partner. It is March."""

    def __init__(self, version: str, cpo: Platform, emsp: Platform) -> None:
        self.version, self.cpo, self.emsp = VERSIONS[version], cpo, emsp
        self.clock = Clock()
        self.clock.now = seconds(MARCH)
        self.timetables = TariffTimetables(cpo.store, cpo.publisher, clock=self.clock)

    async def plan(self, price: float, begin: DateTime | None = None, end: DateTime | None = None, **more: Any) -> None:
        thing = own(priced(self.version.number, price), CPO, **more)
        await self.timetables.plan(self.version, thing, not_before=begin, not_after=end)

    async def advance(self, moment: DateTime) -> None:
        self.clock.now = seconds(moment)
        await self.timetables.settle_due()

    async def held(self) -> list[float]:
        """The prices that the partner holds, after all that is due was delivered."""
        await deliver(self.cpo)
        return [price_of(one) for one in await theirs(self.emsp, self.version.number, "tariffs")]

    async def asked(self, query: str = "", id: str = "") -> Any:
        """What the partner is answered by the CPO: the price of one Tariff, or the prices in the list."""
        found = await self.raw(query, id)
        return price_of(found) if id else [price_of(one) for one in found]

    async def raw(self, query: str = "", id: str = "") -> Any:
        peer = self.emsp.peer("cpo.example")
        url = path_of(self.version.number, "tariffs", *((id,) if id else ()), side="sender")
        answered = await peer.wire.send("GET", f"https://cpo.example{url}?{query}", None)
        return json.loads(bytes(answered.envelope.data or b"null"))


async def world(version: str) -> World:
    _, cpo, emsp = await linked(version)
    return World(version, cpo, emsp)


async def planned(version: str) -> World:
    made = await world(version)
    await made.plan(0.3)
    await made.plan(0.4, APRIL)
    await made.plan(0.5, MAY)
    return made


async def test_partners_hold_what_is_valid_now_and_are_told_when_the_next_one_begins(version: str) -> None:
    made = await planned(version)
    assert await made.held() == [0.3]
    assert await made.asked() == [0.3]
    await made.advance(APRIL)
    assert await made.cpo.store.waiting() == 1
    assert await made.held() == [0.4]
    await made.advance(MAY)
    await made.timetables.settle_due()
    assert await made.held() == [0.5]
    assert await made.asked() == [0.5]
    assert await made.asked(id="T1") == 0.5
    assert await made.cpo.store.waiting() == 0


async def test_who_asks_what_is_new_is_told_of_the_one_that_began_since(version: str) -> None:
    made = await planned(version)
    await made.advance(APRIL)
    assert await made.asked(f"date_from={APRIL.wire}") == [0.4]
    (found,) = await made.raw()
    assert DateTime.parse(found["last_updated"]) == APRIL
    assert "not_before" not in found


async def test_a_partner_asks_for_another_time(version: str) -> None:
    made = await planned(version)
    for moment, price in ((OLD, 0.3), (APRIL.wire, 0.4), ("2026-04-30T23:59:59Z", 0.4), ("2030-01-01T00:00:00Z", 0.5)):
        assert await made.asked(f"timestamp={moment}", "T1") == price
        assert await made.asked(f"timestamp={moment}") == [price]
    await made.advance(MAY)
    assert await made.asked(f"timestamp={OLD}", "T1") == 0.3, "what was valid is still known"


async def test_a_gap_can_be_bridged_by_a_tolerance(version: str) -> None:
    made = await world(version)
    await made.plan(0.4, APRIL, MAY)
    assert await made.held() == []
    call = await direct(made)
    single = path_of(version, "tariffs", "T1", side="sender")

    async def status(query: str) -> tuple[int, int]:
        return refused(await call("GET", f"{single}?{query}"))

    assert await status("timestamp=2026-03-31T23:59:59Z") == (404, 2001)
    assert await status("timestamp=2026-03-31T23:59:59Z&tolerance=1") == (200, 1000)
    assert await status("timestamp=2026-05-01T00:00:00Z") == (404, 2001)
    assert await status("timestamp=2026-05-01T00:00:00Z&tolerance=0") == (404, 2001)
    assert await status("timestamp=2026-05-01T00:00:00Z&tolerance=1") == (200, 1000)
    assert await status("tolerance=1") == (200, 2001)
    assert await status("timestamp=now") == (200, 2001)
    assert await status("timestamp=2026-05-01T00:00:00Z&tolerance=-1") == (200, 2001)
    assert await status("") == (404, 2001), "not valid now"
    assert await made.asked("timestamp=2026-04-05T00:00:00Z") == [0.4]
    assert await made.asked("timestamp=2026-03-05T00:00:00Z") == []
    listed = await call("GET", path_of(version, "tariffs", side="sender") + f"?timestamp={APRIL.wire}&match=T1")
    assert refused(listed) == (200, 2001)


async def direct(made: World) -> Caller:
    remote = made.emsp.book.get("cpo.example").remote
    assert remote is not None
    secret = made.emsp.registration.peer("cpo.example").wire.token
    return Caller(made.cpo, secret, made.version.facts.token_form)


async def test_a_variant_that_ends_without_a_next_one_is_withdrawn(version: str) -> None:
    made = await world(version)
    await made.plan(0.3, None, APRIL)
    await made.plan(0.5, MAY)
    assert await made.held() == [0.3]
    await made.advance(APRIL)
    assert await made.held() == []
    assert await made.asked() == []
    await made.advance(MAY)
    assert await made.held() == [0.5]


async def test_a_list_at_a_time_has_every_tariff_once(version: str) -> None:
    made = await planned(version)
    await made.cpo.publisher.publish(made.version, "tariffs", [own(tariff(version, "PLAIN"), CPO)])
    await made.timetables.plan(made.version, own(tariff(version, "LATER"), CPO), not_before=MAY)
    await made.timetables.plan(made.version, own(tariff(version, "ENDED"), CPO), not_after=MARCH)
    call = await direct(made)

    async def ids(query: str) -> list[str]:
        found: list[str] = []
        at: str | None = path_of(version, "tariffs", side="sender") + f"?limit=1&{query}"
        while at is not None:
            response = await call("GET", at)
            found += [one["id"] for one in envelope_of(response)["data"]]
            link = response.headers.get("link")
            at = link and link.partition("<https://cpo.example")[2].partition(">")[0]
        return found

    assert await ids("") == ["T1", "PLAIN"]
    assert await ids(f"timestamp={APRIL.wire}") == ["PLAIN", "T1"]
    assert await ids(f"timestamp={MAY.wire}") == ["PLAIN", "T1", "LATER"]
    assert await ids(f"timestamp={OLD}") == ["PLAIN", "T1", "ENDED"]


async def test_validity_is_told_to_whoever_asks_for_extensions(version: str) -> None:
    made = await planned(version)
    (found,) = await made.raw("with_extensions=true")
    assert ("not_before" in found, found["not_after"]) == (False, APRIL.wire)
    then = await made.raw(f"with_extensions=true&timestamp={APRIL.wire}", "T1")
    assert (then["not_before"], then["not_after"]) == (APRIL.wire, MAY.wire)
    (then,) = await made.raw(f"with_extensions=true&timestamp={MAY.wire}")
    assert (then["not_before"], "not_after" in then) == (MAY.wire, False)


async def test_the_standard_s_own_dates_are_the_validity_where_there_are_any(version: str) -> None:
    made = await world(version)
    dates = {"start_date_time": APRIL.wire, "end_date_time": MAY.wire}
    await made.timetables.plan(made.version, own(priced(version, 0.4, **dates), CPO))
    has_dates = "start_date_time" in made.version.objects["Tariff"].__struct_fields__
    # 2.1.1 has no such fields; what a vendor adds is read alike.
    assert await made.held() == []
    await made.advance(APRIL)
    (found,) = await made.raw()
    assert (found["start_date_time"], found["end_date_time"]) == (APRIL.wire, MAY.wire)
    await made.cpo.publisher.publish(made.version, "tariffs", [own({**priced(version, 1), **dates, "id": "P"}, CPO)])
    assert await made.asked(f"timestamp={OLD}") == []
    assert await made.asked(f"timestamp={APRIL.wire}") == [1, 0.4]
    assert has_dates or version == ALL_VERSIONS[0]


async def test_two_variants_at_one_time_are_refused(version: str) -> None:
    made = await world(version)
    await made.plan(0.3, MARCH, MAY)
    with pytest.raises(UsageError, match="one variant ends at 2026-05-01T00:00:00Z, another begins before"):
        await made.plan(0.4, APRIL)
    with pytest.raises(UsageError, match="not_after behind not_before"):
        await made.plan(0.4, MAY, APRIL)
    assert await made.held() == [0.3]


async def test_a_variant_is_replaced_and_cancelled(version: str) -> None:
    made = await planned(version)
    await made.plan(0.45, APRIL)
    await made.timetables.cancel(made.version, CPO, "T1", MAY)
    await made.advance(MAY)
    assert await made.held() == [0.45]
    with pytest.raises(NotFound):
        await made.timetables.cancel(made.version, CPO, "T1", MAY)
    with pytest.raises(NotFound):
        await made.timetables.cancel(made.version, CPO, "T2")
    await made.plan(0.46, APRIL)
    assert await made.held() == [0.46], "what is valid now is told at once, and is newer"
    await made.timetables.cancel(made.version, CPO, "T1", APRIL)
    assert await made.held() == [0.3]
    await made.timetables.cancel(made.version, CPO, "T1")
    assert await made.held() == []
    assert await made.asked(f"timestamp={APRIL.wire}") == []


async def test_the_same_again_is_told_to_nobody(version: str) -> None:
    made = await planned(version)
    await made.held()
    await made.plan(0.3)
    await made.plan(0.5, MAY)
    assert await made.cpo.store.waiting() == 0


async def test_a_timetable_for_one_party_is_seen_by_no_other(version: str) -> None:
    made = await world(version)
    await made.plan(0.3, None, None, concerns=EMSP)
    await made.timetables.plan(made.version, own(tariff(version, "T2"), CPO, concerns=PartyId("FR", "OTH")))
    assert await made.held() == [0.3]
    assert await made.asked() == [0.3]
    assert await made.asked(f"timestamp={OLD}") == [0.3]
    assert await made.asked(f"timestamp={OLD}", "T1") == 0.3
    call = await direct(made)
    assert refused(await call("GET", path_of(version, "tariffs", "T2", side="sender") + f"?timestamp={OLD}"))[0] == 404


async def linked_on(version: str, store: Store) -> World:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES, store=store)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(cpo, emsp, (version,))
    return World(version, cpo, emsp)


async def test_what_began_while_nothing_ran_is_told_at_the_next_start(version: str, tmp_path: Path) -> None:
    store = await SQLiteStore.open(tmp_path / "store.db")
    made = await linked_on(version, store)
    await made.plan(0.3)
    await made.plan(0.4, APRIL)
    assert await made.held() == [0.3]
    made.clock.now = seconds(MAY)
    again = TariffTimetables(store, made.cpo.publisher, clock=made.clock)
    await again.settle_due()
    assert await store.waiting() == 1, "in the outbox, once"
    await TariffTimetables(store, made.cpo.publisher, clock=made.clock).settle_due()
    assert await store.waiting() == 1
    assert await made.held() == [0.4]
    await store.close()


async def test_being_stopped_between_two_writes_loses_nothing_and_tells_nothing_twice(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await planned(version)
    await made.held()
    real, count = made.cpo.store.change, 0

    async def broken(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(made.cpo.store, "change", broken)
    with pytest.raises(StoreFailed):
        await made.advance(APRIL)
    monkeypatch.setattr(made.cpo.store, "change", real)
    assert await made.cpo.store.waiting() == 1, "published, not yet marked"
    await TariffTimetables(made.cpo.store, made.cpo.publisher, clock=made.clock).settle_due()
    assert await made.cpo.store.waiting() == 1
    assert await made.held() == [0.4]


async def test_the_worker_publishes_when_it_is_time(version: str) -> None:
    made = await world(version)
    task = asyncio.create_task(made.timetables.run())
    made.clock.now = seconds(APRIL) - 0.01
    await made.plan(0.3)
    await made.plan(0.4, APRIL)
    assert await made.held() == [0.3]
    made.clock.now = seconds(APRIL)
    for _ in range(500):
        if await made.held() == [0.4]:
            break
        await asyncio.sleep(0.01)
    assert await made.held() == [0.4]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_store_that_fails_does_not_end_the_worker(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "RETRY_S", 0.01)
    made = await planned(version)
    await made.timetables.settle_due()
    made.clock.now = seconds(APRIL)
    failed = asyncio.Event()

    async def broken(*arguments: Any) -> Any:
        failed.set()
        raise StoreFailed("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(made.cpo.store, "change_all", broken)
        task = asyncio.create_task(made.timetables.run())
        await failed.wait()
    for _ in range(500):
        if await made.held() == [0.4]:
            break
        await asyncio.sleep(0.01)
    assert await made.held() == [0.4]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
