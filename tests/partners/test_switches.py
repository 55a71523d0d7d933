# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done for one partner that speaks OCPI a little otherwise: PUT for PATCH, POST for the status of an EVSE."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, evse, location, tariff
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Key, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
CHARGING = {"status": "CHARGING", "last_updated": DateTime.parse(NEW)}


class Linked:
    """A CPO with one Location, and an eMSP to which it was delivered."""

    def __init__(self, version: str, **settings: Any) -> None:
        self.version = VERSIONS[version]
        self.net = MemoryNet()
        modules = frozenset({"locations", "tariffs"})
        self.cpo = platform(self.net, "cpo.example", CPO, "CPO", modules=modules)
        self.emsp = platform(self.net, "emsp.example", EMSP, "EMSP", modules=modules, **settings)

    async def publish(self, kind: str, body: dict[str, Any]) -> None:
        thing = OwnObject(
            owner=CPO, id=body["id"], last_updated=DateTime.parse(MIDDLE).micros, body=json.dumps(body).encode()
        )
        await self.cpo.publisher.publish(self.version, kind, [thing])
        await self.deliver()

    async def change(self, change: dict[str, Any], *ids: str, kind: str = "locations") -> list[tuple[str, str]]:
        """Change our object; the requests that the eMSP got."""
        self.net.requests.clear()
        await self.cpo.publisher.change(self.version, kind, CPO, ids or ("LOC1", "E1"), change)
        await self.deliver()
        base = f"https://emsp.example/ocpi/{self.version.number}/receiver/{kind}/DE/GEF/"
        return [(request.method, request.url.removeprefix(base)) for request in self.net.requests]

    def sent(self) -> Any:
        return json.loads(self.net.requests[-1].body)

    async def deliver(self) -> None:
        while await self.cpo.courier.round():
            pass
        assert await self.cpo.store.waiting() == 0

    async def kept(self, made: Platform, side: Side, kind: str = "locations", id: str = "LOC1") -> Any:
        stored = await made.store.get(Key(side, kind, CPO, id))
        return json.loads(stored.body) if stored else None

    async def same(self, kind: str = "locations", id: str = "LOC1") -> bool:
        """Whether both sides hold the same."""
        ours = await self.kept(self.cpo, Side.OURS, kind, id)
        return bool(ours == await self.kept(self.emsp, Side.THEIRS, kind, id))


async def linked(version: str, *extensions: str, **switches: bool) -> Linked:
    made = Linked(version, extensions=frozenset(extensions))
    await register(made.cpo, made.emsp, (version,))
    await made.cpo.book.change("emsp.example", lambda known: replace(known, **switches))
    await made.publish("locations", location(version))
    return made


async def test_a_partner_without_patch_gets_the_evse_that_changed(version: str) -> None:
    made = await linked(version, patch_as_put=True)
    assert await made.change(CHARGING) == [("PUT", "LOC1/E1")]
    assert made.sent() == {**evse(version), "status": "CHARGING", "last_updated": NEW}
    assert await made.same()


async def test_a_partner_without_patch_gets_the_location_that_changed(version: str) -> None:
    made = await linked(version, patch_as_put=True)
    assert await made.change({"name": "Other", "last_updated": DateTime.parse(NEW)}, "LOC1") == [("PUT", "LOC1")]
    assert made.sent() == {**location(version), "name": "Other", "last_updated": NEW}
    assert await made.same()


async def test_a_partner_that_says_that_it_has_no_patch_gets_the_whole(version: str) -> None:
    made = await linked(version)
    handle = made.net.hosts["emsp.example"]

    async def old(request: Request) -> Response:
        return Response(status=405) if request.method == "PATCH" else await handle(request)

    made.net.hosts["emsp.example"] = old
    assert await made.change(CHARGING) == [("PATCH", "LOC1/E1"), ("PUT", "LOC1")]
    assert await made.same()


async def test_what_a_version_cannot_patch_is_put(version: str) -> None:
    made = await linked(version)
    await made.publish("tariffs", tariff(version))
    change = {"currency": "SEK", "last_updated": DateTime.parse(NEW)}
    expected = "PATCH" if version == "2.1.1" else "PUT"
    assert await made.change(change, "T1", kind="tariffs") == [(expected, "T1")]
    assert await made.same("tariffs", "T1")


async def test_a_part_that_is_gone_when_it_is_to_be_sent_is_not_sent(version: str) -> None:
    made = await linked(version, patch_as_put=True)
    await made.cpo.publisher.change(made.version, "locations", CPO, ["LOC1", "E1"], CHARGING)
    body = json.dumps(location(version, evses=[evse(version, "E2")], last_updated=NEW)).encode()
    thing = OwnObject(owner=CPO, id="LOC1", last_updated=DateTime.parse(NEW).micros, body=body)
    made.net.requests.clear()
    await made.cpo.publisher.publish(made.version, "locations", [thing])
    await made.deliver()
    assert [request.method for request in made.net.requests] == ["PUT"]
    assert await made.same()


async def test_a_partner_hears_of_a_status_by_post_when_it_wants_to(version: str) -> None:
    made = await linked(version, "evse_status", status_post=True)
    assert await made.change(CHARGING) == [("POST", "LOC1/E1/status")]
    assert made.sent() == {"id": "E1", "status": "CHARGING", "timestamp": NEW}
    assert await made.same()


@pytest.mark.parametrize(("put", "method"), [(False, "PATCH"), (True, "PUT")])
async def test_what_is_more_than_a_status_is_told_as_ever(version: str, put: bool, method: str) -> None:
    made = await linked(version, "evse_status", status_post=True, patch_as_put=put)
    more = {**CHARGING, "physical_reference": "7"}
    assert await made.change(more) == [(method, "LOC1/E1")]
    assert await made.change({"name": "Other"}, "LOC1") == [(method, "LOC1")]
    assert await made.same()


async def test_a_partner_that_does_not_know_the_post_gets_the_whole(version: str) -> None:
    made = await linked(version, status_post=True)
    assert await made.change(CHARGING) == [("POST", "LOC1/E1/status"), ("PUT", "LOC1")]
    assert await made.same()
