# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pulls that start by themselves: when, what is asked, and what one partner does to the others."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import KindPulled, Puller, PullState, pulling
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.errors import OCPIError, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import PageRequest, Side

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs"})
HOUR = 3600.0
START = DateTime.parse("2025-06-01T00:00:00Z").micros / 1e6
OTHER = PartyId("FR", "BEN")


class Watch:
    """A clock that tests put forward."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def puller_of(made: Platform, watch: Watch, *, chance: float = 0.5) -> Puller:
    """The pulls of a platform with a clock and a chance of our own; one half is exactly the interval."""
    found = Puller(made.settings, made.store, made.book, made.registration.peer_of, clock=watch, chance=lambda: chance)
    found.every_h = 6.0
    made.puller = found
    made.courier.backoff.came_back = found.came_back
    made.courier.backoff.clock = watch
    return found


async def linked(version: str = "2.2.1", **settings: Any) -> tuple[MemoryNet, Platform, Platform, Watch]:
    """A CPO and an eMSP that pulls from it."""
    net, watch = MemoryNet(), Watch()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES, **settings)
    puller_of(emsp, watch)
    puller_of(cpo, watch)
    for made in (cpo, emsp):
        made.puller.look()  # nobody is there yet: who comes now is asked at once
    await register(cpo, emsp, (version,))
    net.requests.clear()
    return net, cpo, emsp, watch


async def publish(made: Platform, version: str, *ids: str, moment: str = MIDDLE) -> None:
    at = DateTime.parse(moment).micros
    things = [
        OwnObject(
            owner=CPO, id=id, last_updated=at, body=json.dumps(location(version, id, last_updated=moment)).encode()
        )
        for id in ids
    ]
    await made.publisher.publish(VERSIONS[version], "locations", things, push=False)


async def ids(made: Platform) -> list[str]:
    page = await made.store.page(PageRequest(side=Side.THEIRS, module="locations", limit=1000))
    return sorted(json.loads(body)["id"] for body in page.bodies)


def asked(net: MemoryNet, host: str = "cpo.example") -> dict[str, str | None]:
    """The modules that were listed there, and since when; the list of what was asked begins anew."""
    found: dict[str, str | None] = {}
    for request in net.requests:
        parts = urlsplit(request.url)
        if parts.hostname == host and request.method == "GET":
            found[parts.path.rpartition("/")[2]] = parse_qs(parts.query).get("date_from", [None])[0]
    net.requests.clear()
    return found


async def pulled(made: Platform) -> int:
    count = made.puller.look()
    await made.puller.settle()
    return count


@rule("TRN-08", "TRN-59")
@versions
async def test_a_partner_that_registers_is_asked_for_everything_that_it_sends(version: str) -> None:
    net, cpo, emsp, _ = await linked(version)
    await publish(cpo, version, "L1", "L2")
    assert await pulled(emsp) == 1
    assert await ids(emsp) == ["L1", "L2"]
    # Of the history everything, but so that nothing is removed; tokens are ours.
    beginning = "1970-01-01T00:00:00Z"
    assert asked(net) == {"locations": None, "tariffs": None, "sessions": beginning, "cdrs": beginning}
    assert await pulled(cpo) == 1
    assert asked(net, "emsp.example") == {"tokens": None}


@rule("TRN-08")
@versions
async def test_every_few_hours_what_changed_is_asked_and_once_a_day_the_whole(version: str) -> None:
    net, cpo, emsp, watch = await linked(version)
    await publish(cpo, version, "L1", "L2")
    await pulled(emsp)
    asked(net)
    watch.now += 6 * HOUR - 1
    assert await pulled(emsp) == 0
    watch.now += 1
    await publish(cpo, version, "L3", moment=NEW)
    assert await pulled(emsp) == 1
    since = "2025-05-31T23:50:00Z"
    assert asked(net) == dict.fromkeys(("locations", "tariffs", "sessions", "cdrs"), since)
    await cpo.store.delete_of_party(Side.OURS, "locations", CPO)
    await publish(cpo, version, "L2")
    for _ in range(3):
        watch.now += 6 * HOUR
        await pulled(emsp)
    found = asked(net)
    assert (found["locations"], found["tariffs"]) == (None, None)
    assert None not in (found["sessions"], found["cdrs"])
    assert await ids(emsp) == ["L2"]


@rule("TRN-08")
@pytest.mark.parametrize(("chance", "hours"), [(0.0, 4.5), (0.5, 6.0), (1.0, 7.5)])
async def test_chance_moves_the_next_pull(chance: float, hours: float) -> None:
    _, _, emsp, watch = await linked()
    puller_of(emsp, watch, chance=chance)
    if not await pulled(emsp):
        watch.now += pulling.FIRST_SPLAY_S * chance
        assert await pulled(emsp) == 1
    watch.now += hours * HOUR - 1
    assert await pulled(emsp) == 0
    watch.now += 1
    assert await pulled(emsp) == 1


@rule("TRN-59")
async def test_after_a_start_all_partners_are_asked_what_changed_meanwhile_each_at_its_time() -> None:
    net, cpo, emsp, watch = await linked()
    await publish(cpo, "2.2.1", "L1")
    await pulled(emsp)
    asked(net)
    watch.now += HOUR
    puller_of(emsp, watch)
    assert await pulled(emsp) == 0
    watch.now += pulling.FIRST_SPLAY_S / 2
    assert await pulled(emsp) == 1
    assert asked(net)["locations"] == "2025-05-31T23:50:00Z"


@rule("TRN-59")
@versions
async def test_a_partner_that_is_back_is_soon_asked_what_it_could_not_tell(version: str) -> None:
    net, cpo, emsp, watch = await linked(version)
    await pulled(emsp)
    await pulled(cpo)
    asked(net)
    net.down.add("emsp.example")
    await cpo.publisher.publish(
        VERSIONS[version],
        "locations",
        [OwnObject(owner=CPO, id="L1", last_updated=0, body=json.dumps(location(version, "L1")).encode())],
    )
    await cpo.courier.round()
    assert cpo.courier.backoff.is_doubtful("emsp.example")
    net.down.clear()
    watch.now += pulling.LEAST_GAP_S
    assert await pulled(cpo) == 0
    cpo.courier.backoff.answered("emsp.example")
    assert await pulled(cpo) == 1
    assert asked(net, "emsp.example") == {"tokens": "2025-05-31T23:50:00Z"}


async def test_a_partner_that_comes_and_goes_is_not_asked_each_time() -> None:
    _, _, emsp, watch = await linked()
    await pulled(emsp)
    for _ in range(3):
        emsp.puller.came_back("cpo.example")
        emsp.puller.came_back("nobody")
        assert await pulled(emsp) == 0
    watch.now += pulling.LEAST_GAP_S
    assert await pulled(emsp) == 1
    assert await pulled(emsp) == 0


async def test_a_partner_that_cannot_be_pulled_is_tried_later_and_later_and_the_reason_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, _, emsp, watch = await linked()
    answer = net.hosts["cpo.example"]

    async def refuses(request: Request) -> Response:
        if "/tariffs" in request.url:
            return Response(status=400, body=b'{"status_code":2000,"timestamp":"2025-06-01T00:00:00Z"}')
        return await answer(request)

    net.hosts["cpo.example"] = refuses
    await pulled(emsp)
    state = await emsp.puller.state("cpo.example")
    assert state.kinds["tariffs"].done == 0
    assert "2000" in state.kinds["tariffs"].error
    assert state.kinds["cdrs"].done == state.kinds["locations"].done == START * 1e6
    waits = []
    for _ in range(4):
        began = watch.now
        while not emsp.puller.look():
            watch.now += 15
        await emsp.puller.settle()
        waits.append(watch.now - began)
    assert waits == [75.0, 135.0, 270.0, 540.0]
    net.hosts["cpo.example"] = answer
    watch.now += HOUR
    await pulled(emsp)
    assert (await emsp.puller.state("cpo.example")).kinds["tariffs"].error == ""
    assert emsp.puller.counts == {("cpo.example", "done"): 19, ("cpo.example", "failed"): 5}


async def test_a_partner_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "AT_ONCE", 1)
    monkeypatch.setattr(pulling, "PATIENCE_S", 0.01)
    net, cpo, emsp, watch = await linked()
    other = platform(net, "other.example", OTHER, "CPO", modules=MODULES)
    puller_of(emsp, watch)
    await register(other, emsp, ("2.2.1",))
    await publish(cpo, "2.2.1", "L1")
    hangs, answer = asyncio.Event(), net.hosts["cpo.example"]

    async def hanging(request: Request) -> Response:
        await hangs.wait()
        return await answer(request)

    net.hosts["cpo.example"] = hanging
    emsp.puller.look()
    watch.now += pulling.FIRST_SPLAY_S
    assert emsp.puller.look() == 2
    while not (await emsp.puller.state("other.example")).kinds.get("cdrs"):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert await ids(emsp) == []
    hangs.set()
    await emsp.puller.settle()
    assert await ids(emsp) == ["L1"]


async def test_a_defect_in_one_pull_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, emsp, watch = await linked()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(pulling, "pull", broken)
    assert await pulled(emsp) == 1
    monkeypatch.undo()
    watch.now += 2 * pulling.LEAST_GAP_S
    assert await pulled(emsp) == 1
    assert (await emsp.puller.state("cpo.example")).kinds["locations"].done


@pytest.mark.parametrize("change", [{"blocked": True}, {"remote": None}])
async def test_who_is_blocked_or_gone_is_not_asked(change: dict[str, Any]) -> None:
    net, _, emsp, _ = await linked()
    await pulled(emsp)
    asked(net)
    before = emsp.book.get("cpo.example")
    await emsp.book.change("cpo.example", lambda known: replace(known, **change))
    assert await pulled(emsp) == 0
    await emsp.book.change("cpo.example", lambda known: before)
    assert await pulled(emsp) == 1
    assert "locations" in asked(net)


async def test_another_platform_under_the_same_name_is_asked_for_everything() -> None:
    net, _, emsp, watch = await linked("2.2.1")
    await pulled(emsp)
    asked(net)
    await emsp.registration.renew("cpo.example", versions=["2.3.0"])
    net.requests.clear()
    watch.now += 6 * HOUR
    await pulled(emsp)
    assert asked(net)["locations"] is None


async def test_a_pull_by_hand_counts_as_long_as_it_leaves_no_gap() -> None:
    _, _, emsp, watch = await linked()
    micros = int(START * 1e6)
    await emsp.pull("cpo.example", "locations", date_from=DateTime.parse(OLD))
    assert (await emsp.puller.state("cpo.example")).kinds == {"locations": KindPulled(tried=micros)}
    await emsp.pull("cpo.example", "locations")
    whole = KindPulled(tried=micros, done=micros, whole=micros)
    assert (await emsp.puller.state("cpo.example")).kinds == {"locations": whole}
    watch.now += HOUR
    later = int(watch.now * 1e6)
    await emsp.pull("cpo.example", "locations", date_from=DateTime.from_micros(micros))
    after = KindPulled(tried=later, done=later, whole=micros)
    assert (await emsp.puller.state("cpo.example")).kinds == {"locations": after}
    with pytest.raises(OCPIError):
        await emsp.pull("nobody", "locations")
    with pytest.raises(UsageError):
        await emsp.pull("cpo.example", "commands")
    assert await emsp.puller.state("nobody") == PullState()


async def test_without_an_interval_nothing_runs_and_when_it_ends_pulls_end_with_it() -> None:
    net, _, emsp, _ = await linked()
    emsp.puller.every_h = 0
    await emsp.puller.run()
    assert asked(net) == {}
    emsp.puller.every_h = 6
    begun = asyncio.Event()

    async def hanging(request: Request) -> Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    net.hosts["cpo.example"] = hanging
    running = asyncio.create_task(emsp.puller.run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await emsp.puller.state("cpo.example") == PullState()
