# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner that is away or slow is left alone, is not called once for each object, and holds up nobody else."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.objects import MIDDLE, location
from tests.platforms import CPO, EMSP, MemoryNet, platform, register
from wwcp_ocpi.partners import delivery
from wwcp_ocpi.partners.backoff import BUSY_S, BackOff
from wwcp_ocpi.partners.delivery import AT_ONCE
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.memory import MemoryStore

VERSION = "2.2.1"
HERE, AWAY = "emsp.example", "other.example"


class World:
    """A CPO with two eMSPs, in a world with one clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.net = MemoryNet()
        self.store = MemoryStore(clock=lambda: self.now)
        self.cpo = platform(self.net, "cpo.example", CPO, "CPO", store=self.store)
        self.cpo.courier.backoff.clock = lambda: self.now
        self.emsps = {
            HERE: platform(self.net, HERE, EMSP, "EMSP"),
            AWAY: platform(self.net, AWAY, PartyId("FR", "OTH"), "EMSP"),
        }

    async def publish(self, *ids: str) -> None:
        at = DateTime.parse(MIDDLE).micros
        things = [
            OwnObject(owner=CPO, id=id, last_updated=at, body=json.dumps(location(VERSION, id)).encode()) for id in ids
        ]
        await self.cpo.publisher.publish(VERSIONS[VERSION], "locations", things)

    async def deliver(self) -> dict[str, int]:
        """Deliver what can be delivered now; the calls that each partner got."""
        self.net.requests.clear()
        while await self.cpo.courier.round():
            pass
        return self.calls()

    async def until_nothing_waits(self, host: str) -> None:
        """Deliver and let time pass, as long as something waits for this partner."""
        async with asyncio.timeout(30):
            while await self.store.waiting(host):
                await self.cpo.courier.round()
                await asyncio.sleep(0)
                self.now += BUSY_S

    def calls(self) -> dict[str, int]:
        urls = [request.url for request in self.net.requests]
        return {host: sum(host in url for url in urls) for host in self.emsps}

    def hang(self, host: str) -> asyncio.Event:
        """From now on the host answers nothing until the event is set."""
        answer, go = self.net.hosts[host], asyncio.Event()

        async def slowly(request: Request) -> Response:
            await go.wait()
            return await answer(request)

        self.net.hosts[host] = slowly
        return go


async def world() -> World:
    made = World()
    for emsp in made.emsps.values():
        await register(made.cpo, emsp, (VERSION,))
    return made


def ids(count: int) -> list[str]:
    return [f"L{number}" for number in range(count)]


async def test_a_partner_that_is_away_is_called_for_one_object_not_for_each() -> None:
    made = await world()
    made.net.down.add(AWAY)
    await made.publish(*ids(200))
    first = await made.deliver()
    assert first[HERE] == 200
    assert 1 <= first[AWAY] <= AT_ONCE
    assert await made.store.waiting(AWAY) == 200
    for wait_s in (1, 2, 4, 8):
        made.now += wait_s - 0.01
        assert await made.deliver() == {HERE: 0, AWAY: 0}
        made.now += 0.01
        assert await made.deliver() == {HERE: 0, AWAY: 1}


async def test_when_it_is_back_it_gets_everything() -> None:
    made = await world()
    made.net.down.add(AWAY)
    await made.publish(*ids(200))
    await made.deliver()
    made.net.down.clear()
    await made.publish("NEW")
    made.now += 1
    assert await made.deliver() == {HERE: 1, AWAY: 201}
    assert await made.store.waiting() == 0


async def test_what_is_published_while_a_partner_is_away_goes_to_the_others_at_once() -> None:
    made = await world()
    made.net.down.add(AWAY)
    await made.publish(*ids(10))
    await made.deliver()
    await made.publish("NEW")
    assert await made.deliver() == {HERE: 1, AWAY: 0}
    assert await made.store.waiting(HERE) == 0


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_partner_that_cannot_take_anything_now_is_as_if_it_were_away(status: int) -> None:
    made = await world()

    async def busy(request: Request) -> Response:
        return Response(status=status)

    made.net.hosts[AWAY] = busy
    await made.publish(*ids(100))
    assert (await made.deliver())[AWAY] <= AT_ONCE
    made.now += 1
    assert await made.deliver() == {HERE: 0, AWAY: 1}


async def test_a_partner_that_refuses_is_there() -> None:
    made = await world()

    async def no(request: Request) -> Response:
        return Response(status=400)

    made.net.hosts[AWAY] = no
    await made.publish(*ids(100))
    assert await made.deliver() == {HERE: 100, AWAY: 100}
    assert await made.store.waiting() == 0


async def test_a_partner_that_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE_S", 0.01)
    made = await world()
    made.net.requests.clear()
    go = made.hang(AWAY)
    await made.publish(*ids(100))
    await made.until_nothing_waits(HERE)
    await made.publish("NEW")
    await made.until_nothing_waits(HERE)
    assert await made.store.waiting(AWAY) == 101
    assert made.calls()[AWAY] <= AT_ONCE
    go.set()
    await made.until_nothing_waits(AWAY)
    assert made.calls() == {HERE: 101, AWAY: 101}


async def test_what_was_under_way_at_the_end_is_due_at_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE_S", 0.01)
    made = await world()
    made.hang(AWAY)
    await made.publish("L1")
    task = asyncio.create_task(made.cpo.courier.run())
    async with asyncio.timeout(10):
        while await made.store.due(10):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert await made.store.waiting() == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [one.push.partner for one in await made.store.due(10)] == [AWAY]


def test_failures_of_calls_that_were_under_way_together_count_once() -> None:
    now = 0.0
    backoff = BackOff(lambda: now)
    for _ in range(AT_ONCE):
        backoff.failed("a")
    assert (backoff.pause_s("a"), backoff.pause_s("b")) == (1, 0)
    now = 1.0
    assert (backoff.pause_s("a"), backoff.is_doubtful("a")) == (0, True)
    backoff.failed("a")
    assert backoff.pause_s("a") == 2
    backoff.answered("a")
    assert (backoff.pause_s("a"), backoff.is_doubtful("a")) == (0, False)


def test_a_partner_is_busy_until_the_last_call_has_ended() -> None:
    backoff = BackOff(lambda: 0.0)
    backoff.begin_waiting("a")
    backoff.begin_waiting("a")
    backoff.end_waiting("a")
    assert backoff.pause_s("a") == BUSY_S
    backoff.end_waiting("a")
    assert backoff.pause_s("a") == 0
