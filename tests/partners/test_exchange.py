# SPDX-License-Identifier: AGPL-3.0-or-later
"""What moves between two registered platforms: pulls, pushes, and what happens when one is away."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, evse, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.client.pages import BadObject
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import delivery, pull
from wwcp_ocpi.partners.backoff import LONGEST_WAIT_S, wait_s
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import Key, PageRequest, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def linked(version: str) -> tuple[MemoryNet, Platform, Platform]:
    """A CPO and an eMSP that are registered in that version."""
    net = MemoryNet()
    cpo, emsp = platform(net, "cpo.example", CPO, "CPO"), platform(net, "emsp.example", EMSP, "EMSP")
    await register(cpo, emsp, (version,))
    return net, cpo, emsp


def own(version: str, id: str = "LOC1", moment: str = MIDDLE, **more: Any) -> OwnObject:
    body = json.dumps(location(version, id, last_updated=moment, **more)).encode()
    return OwnObject(owner=CPO, id=id, last_updated=DateTime.parse(moment).micros, body=body)


async def publish(cpo: Platform, version: str, *things: OwnObject, push: bool = True) -> None:
    await cpo.publisher.publish(VERSIONS[version], "locations", things, push=push)


async def kept(made: Platform, version: str, side: Side) -> dict[str, Any]:
    page = await made.store.page(PageRequest(side=side, module="locations", limit=1000))
    objects = [json.loads(body) for body in page.bodies]
    return {entry["id"]: entry for entry in objects}


async def deliver(made: Platform) -> None:
    for _ in range(100):
        if await made.courier.round() == 0:
            return
    raise AssertionError("delivery does not come to an end")


@rule("TRN-07")
async def test_a_pull_brings_everything_and_again_nothing_new(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, *(own(version, f"LOC{number}") for number in range(7)), push=False)
    done = await emsp.pull("cpo.example", "locations")
    assert done == Pulled(pages=1, received=7, stored=7)
    assert await kept(emsp, version, Side.THEIRS) == await kept(cpo, version, Side.OURS)
    assert await emsp.pull("cpo.example", "locations") == Pulled(pages=1, received=7, unchanged=7)


@rule("LOC-09")
async def test_a_full_pull_removes_what_is_not_listed_any_more(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version, "LOC1"), own(version, "LOC2"))
    await emsp.pull("cpo.example", "locations")
    await cpo.store.delete_of_party(Side.OURS, "locations", CPO)
    await publish(cpo, version, own(version, "LOC2"), push=False)
    assert (await emsp.pull("cpo.example", "locations")).removed == 1
    assert list(await kept(emsp, version, Side.THEIRS)) == ["LOC2"]


async def test_a_partial_pull_removes_nothing(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version, "LOC1", OLD), own(version, "LOC2", NEW))
    await emsp.pull("cpo.example", "locations")
    done = await emsp.pull("cpo.example", "locations", date_from=DateTime.parse(MIDDLE))
    assert done == Pulled(pages=1, received=1, unchanged=1)
    assert len(await kept(emsp, version, Side.THEIRS)) == 2


async def test_a_pull_never_overwrites_something_newer(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version, "LOC1", NEW))
    await deliver(cpo)
    await cpo.store.delete_of_party(Side.OURS, "locations", CPO)
    await publish(cpo, version, own(version, "LOC1", OLD), push=False)
    assert (await emsp.pull("cpo.example", "locations")).unchanged == 1
    assert (await kept(emsp, version, Side.THEIRS))["LOC1"]["last_updated"] == NEW


@rule("TRN-11")
async def test_one_bad_object_does_not_spoil_a_pull(version: str) -> None:
    net, cpo, emsp = await linked(version)
    sound, city = own(version, "BAD"), b'"city": "Weimar", '
    sound = replace(sound, body=sound.body.replace(b'"city": "Jena", ', city))
    spoiled = replace(sound, body=sound.body.replace(city, b""))
    await publish(cpo, version, own(version, "LOC1"), sound, own(version, "LOC2"), push=False)
    answer = cpo.server.handle

    async def spoil(request: Request) -> Response:
        response = await answer(request)
        return replace(response, body=response.body.replace(city, b""))

    net.hosts["cpo.example"] = spoil
    found: list[BadObject] = []
    done = await pull(
        emsp.peer("cpo.example"), emsp.book.get("cpo.example"), "locations", emsp.store, on_bad=found.append
    )
    assert (done.received, done.stored, done.rejected, done.removed) == (2, 2, 1, 0)
    assert [(one.index, one.error, one.body) for one in found] == [
        (1, "$.city: required in Location, but missing", spoiled.body)
    ]


async def test_a_published_object_arrives_at_the_partner(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version))
    await deliver(cpo)
    assert await kept(emsp, version, Side.THEIRS) == {"LOC1": location(version)}
    assert await cpo.store.waiting() == 0


async def test_what_is_unchanged_is_not_pushed_again(version: str) -> None:
    _, cpo, _ = await linked(version)
    await publish(cpo, version, own(version))
    await deliver(cpo)
    await publish(cpo, version, own(version))
    assert await cpo.store.waiting() == 0


@rule("LOC-07")
async def test_a_status_change_arrives_as_a_patch_of_the_evse(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version))
    await deliver(cpo)
    net.requests.clear()
    change = {"status": "CHARGING", "last_updated": DateTime.parse(NEW)}
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], change)
    await deliver(cpo)
    (request,) = net.requests
    assert (request.method, request.path) == (
        "PATCH",
        f"/ocpi/{version}/receiver/locations/DE/GEF/LOC1/E1",
    )
    assert json.loads(request.body) == {"status": "CHARGING", "last_updated": NEW}
    expected = location(version, evses=[{**evse(version), "status": "CHARGING", "last_updated": NEW}], last_updated=NEW)
    assert await kept(emsp, version, Side.THEIRS) == {"LOC1": expected} == await kept(cpo, version, Side.OURS)


async def test_a_change_that_changes_nothing_is_not_heard_of(version: str) -> None:
    _, cpo, _ = await linked(version)
    await publish(cpo, version, own(version))
    await deliver(cpo)
    outcome = await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "AVAILABLE"})
    assert (outcome.changed, await cpo.store.waiting()) == (False, 0)


async def test_a_change_of_what_we_do_not_have_is_refused(version: str) -> None:
    _, cpo, _ = await linked(version)
    with pytest.raises(NotFound):
        await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC9"], {"name": "x"})
    await publish(cpo, version, own(version))
    with pytest.raises(NotFound):
        await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E9"], {"status": "CHARGING"})


@rule("TRN-24")
async def test_a_patch_of_an_object_that_the_partner_lost_becomes_a_put(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version))
    await deliver(cpo)
    await emsp.store.delete_of_party(Side.THEIRS, "locations", CPO)
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING"})
    await deliver(cpo)
    assert await kept(emsp, version, Side.THEIRS) == await kept(cpo, version, Side.OURS)


async def test_what_could_not_be_delivered_waits_and_keeps_its_order(version: str) -> None:
    net, cpo, _ = await linked(version)
    net.down.add("emsp.example")
    await publish(cpo, version, own(version))
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING"})
    assert await cpo.courier.round() == 1
    assert await cpo.courier.round() == 0, "the second change waits behind the first, which waits for its retry"
    assert await cpo.store.waiting("emsp.example") == 2
    assert (cpo.courier.delivered, cpo.courier.refused) == (0, 0)


@pytest.mark.parametrize("status", [429, 500, 503, 401])
async def test_a_partner_that_cannot_take_it_now_is_asked_again(version: str, status: int) -> None:
    net, cpo, _ = await linked(version)

    async def busy(request: Request) -> Response:
        return Response(status=status)

    net.hosts["emsp.example"] = busy
    await publish(cpo, version, own(version))
    await cpo.courier.round()
    assert await cpo.store.waiting() == 1


async def test_a_partner_that_refuses_is_not_asked_again(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await emsp.book.change("cpo.example", lambda known: replace(known, parties=()))
    await publish(cpo, version, own(version))
    await deliver(cpo)
    assert (await cpo.store.waiting(), cpo.courier.refused, cpo.courier.delivered) == (0, 1, 0)
    assert cpo.courier.counts == {("emsp.example", "refused"): 1}


async def test_a_partner_that_left_was_blocked_or_forgotten_gets_nothing(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version, "LOC1"))
    await cpo.book.change("emsp.example", lambda known: replace(known, blocked=True))
    net.requests.clear()
    await deliver(cpo)
    assert net.requests == []
    await cpo.book.change("emsp.example", lambda known: replace(known, blocked=False))
    await publish(cpo, version, own(version, "LOC2"))
    await cpo.book.remove("emsp.example")
    await deliver(cpo)
    assert net.requests == []
    assert await kept(emsp, version, Side.THEIRS) == {}


@rule("TRN-07")
async def test_a_partner_that_only_pulls_is_not_pushed_to(version: str) -> None:
    _, cpo, _ = await linked(version)
    await cpo.book.change("emsp.example", lambda known: replace(known, push=False))
    await publish(cpo, version, own(version))
    assert await cpo.store.waiting() == 0


@rule("TRN-28")
async def test_objects_of_parties_that_are_not_the_partners_are_left_out(version: str) -> None:
    _, cpo, emsp = await linked(version)
    stranger = replace(own(version), body=json.dumps(location(version, owner=("FR", "ABC"))).encode())
    await publish(cpo, version, stranger, push=False)
    done = await emsp.pull("cpo.example", "locations")
    names_owner = VERSIONS[version].facts.objects_name_owner
    assert (done.foreign, done.stored) == ((1, 0) if names_owner else (0, 1))


async def test_the_courier_runs_until_it_is_cancelled_and_survives_a_defect(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, cpo, emsp = await linked(version)
    monkeypatch.setattr(delivery, "IDLE_S", 0.001)
    original, calls = cpo.courier.round, []

    async def once_broken() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a defect")
        return await original()

    monkeypatch.setattr(cpo.courier, "round", once_broken)
    task = asyncio.create_task(cpo.courier.run())
    await publish(cpo, version, own(version))
    arrived = asyncio.Event()
    receiving = emsp.server.handle

    async def watched(request: Request) -> Response:
        response = await receiving(request)
        arrived.set()
        return response

    net.hosts["emsp.example"] = watched
    async with asyncio.timeout(10):
        await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await kept(emsp, version, Side.THEIRS) == {"LOC1": location(version)}


def test_waits_double_and_end_at_an_hour(version: str) -> None:
    assert [wait_s(attempts) for attempts in range(4)] == [1, 2, 4, 8]
    assert wait_s(10**6) == LONGEST_WAIT_S


async def test_ids_are_one_key_in_any_case_where_they_are_ci_strings(version: str) -> None:
    _, cpo, _ = await linked(version)
    await publish(cpo, version, own(version, "Loc1"))
    folds = VERSIONS[version].facts.ids_fold
    for id, found in (("Loc1", not folds), ("LOC1", folds)):
        key = Key(Side.OURS, "locations", PartyId("DE", "GEF"), id)
        assert (await cpo.store.get(key) is not None) == found


async def test_a_pull_that_was_cut_short_removes_nothing(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await publish(cpo, version, own(version, "LOC1"), own(version, "LOC2"))
    await deliver(cpo)
    honest = net.hosts["cpo.example"]

    async def without_links(request: Request) -> Response:
        response = await honest(request)
        kept = {name: value for name, value in response.headers.items() if name != "link"}
        return Response(status=response.status, headers=kept, body=response.body)

    net.hosts["cpo.example"] = without_links
    done = await pull(emsp.peer("cpo.example"), emsp.book.get("cpo.example"), "locations", emsp.store, limit=1)
    assert (done.received, done.removed) == (1, 0)
    assert len(await kept(emsp, version, Side.THEIRS)) == 2
