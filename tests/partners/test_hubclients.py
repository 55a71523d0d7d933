# SPDX-License-Identifier: AGPL-3.0-or-later
"""A hub tells its partners who is connected, and they ask it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import NEW, client_info
from tests.platforms import CPO, EMSP, HUB, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.store.ports import PageRequest, Side

MODULES = frozenset({"locations", "hubclientinfo"})
KIND = "hubclientinfo"
pytestmark = pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])


async def linked(version: str) -> tuple[MemoryNet, Platform, Platform, Platform]:
    """A hub, with a CPO and an eMSP that joined it."""
    net = MemoryNet()
    hub = platform(net, "hub.example", HUB, "HUB", modules=MODULES)
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    for one in (cpo, emsp):
        await register(hub, one, (version,))
    return net, hub, cpo, emsp


async def deliver(made: Platform) -> None:
    for _ in range(100):
        if await made.courier.round() == 0:
            return
    raise AssertionError("delivery does not come to an end")


async def known(made: Platform, version: str, side: Side = Side.THEIRS) -> dict[str, tuple[str, str]]:
    """Role and status of each party that is known."""
    page = await made.store.page(PageRequest(side=side, module=KIND, limit=100))
    found = [json.loads(body) for body in page.bodies]
    return {f"{one['country_code']}*{one['party_id']}": (one["role"], one["status"]) for one in found}


CONNECTED = {"DE*GEF": ("CPO", "CONNECTED"), "NL*EMP": ("EMSP", "CONNECTED")}


@rule("HCI-01")
@rule("HCI-06")
async def test_every_partner_hears_of_every_party(version: str) -> None:
    net, hub, cpo, emsp = await linked(version)
    net.requests.clear()
    assert await hub.hub_clients.publish() == 2
    await deliver(hub)
    assert {(one.method, one.path.rpartition("hubclientinfo")[2]) for one in net.requests} == {
        ("PUT", "/DE/GEF"),
        ("PUT", "/NL/EMP"),
    }
    for one in (cpo, emsp):
        assert await known(one, version) == CONNECTED
    assert await hub.hub_clients.publish() == 0, "nothing has changed"
    net.requests.clear()
    await deliver(hub)
    assert net.requests == []


@rule("TRN-36")
async def test_nothing_is_routed(version: str) -> None:
    net, hub, _, _ = await linked(version)
    await hub.hub_clients.publish()
    net.requests.clear()
    await deliver(hub)
    assert net.requests
    assert [name for one in net.requests for name in one.headers if name.lower().startswith("ocpi-")] == []


@rule("HCI-01")
async def test_who_leaves_is_suspended_and_who_is_blocked_is_offline(version: str) -> None:
    _, hub, cpo, emsp = await linked(version)
    await hub.hub_clients.publish()
    await hub.book.change("cpo.example", lambda partner: replace(partner, blocked=True))
    await hub.hub_clients.publish()
    await deliver(hub)
    assert await known(emsp, version) == {**CONNECTED, "DE*GEF": ("CPO", "OFFLINE")}
    await hub.book.change("cpo.example", lambda partner: replace(partner, blocked=False))
    await cpo.registration.leave("hub.example")
    await hub.hub_clients.publish()
    await deliver(hub)
    assert await known(emsp, version) == {**CONNECTED, "DE*GEF": ("CPO", "SUSPENDED")}
    await hub.book.remove("cpo.example")
    assert await hub.hub_clients.publish() == 0
    assert await known(hub, version, Side.OURS) == {**CONNECTED, "DE*GEF": ("CPO", "SUSPENDED")}


async def test_who_was_forgotten_is_suspended_and_who_is_planned_stays_planned(version: str) -> None:
    _, hub, _, _ = await linked(version)
    planned = client_info(version, ("FR", "NEW"), NEW, status="PLANNED")
    micros = DateTime.parse(NEW).micros
    thing = OwnObject(owner=PartyId("FR", "NEW"), id="", last_updated=micros, body=json.dumps(planned).encode())
    await hub.publisher.publish(VERSIONS[version], KIND, [thing])
    await hub.hub_clients.publish()
    await hub.book.remove("cpo.example")
    await hub.hub_clients.publish()
    assert await known(hub, version, Side.OURS) == {
        "DE*GEF": ("CPO", "SUSPENDED"),
        "FR*NEW": ("CPO", "PLANNED"),
        "NL*EMP": ("EMSP", "CONNECTED"),
    }


@rule("HCI-05")
async def test_who_is_silent_is_asked_and_found_offline_or_not(version: str) -> None:
    net, hub, _, emsp = await linked(version)
    moment = [1000.0]
    hub.hub_clients._clock = lambda: moment[0]
    hub.hub_clients.heard.update({"cpo.example": 1000.0, "emsp.example": 1000.0})
    net.requests.clear()
    await hub.hub_clients.look()
    assert net.requests == [], "nobody is silent"
    moment[0] += 400
    net.down.add("cpo.example")
    await hub.hub_clients.look()
    assert {one.url for one in net.requests} == {f"https://{name}.example/ocpi/versions" for name in ("cpo", "emsp")}
    assert {one.method for one in net.requests} == {"GET"}
    await deliver(hub)
    assert await known(emsp, version) == {**CONNECTED, "DE*GEF": ("CPO", "OFFLINE")}
    net.down.clear()
    hub.hub_clients.heard["cpo.example"] = moment[0]
    await hub.hub_clients.look()
    assert await known(hub, version, Side.OURS) == CONNECTED


async def test_a_hub_notes_who_says_something(version: str) -> None:
    _, hub, cpo, _ = await linked(version)
    hub.hub_clients.heard.clear()
    await cpo.pull("hub.example", KIND)
    assert list(hub.hub_clients.heard) == ["cpo.example"]
    assert cpo.hub_clients.heard == {}, "who is no hub need not know"


@rule("HCI-08")
async def test_a_partner_asks_for_the_whole_and_forgets_what_is_not_there_any_more(version: str) -> None:
    _, hub, cpo, _ = await linked(version)
    await hub.hub_clients.publish()
    assert await cpo.pull("hub.example", KIND) == Pulled(pages=1, received=2, stored=2)
    assert await known(cpo, version) == CONNECTED
    await hub.publisher.withdraw(VERSIONS[version], KIND, EMSP, "")
    assert await cpo.pull("hub.example", KIND) == Pulled(pages=1, received=1, unchanged=1, removed=1)
    assert await known(cpo, version) == {"DE*GEF": ("CPO", "CONNECTED")}


async def test_a_hub_reads_what_a_partner_holds(version: str) -> None:
    _, hub, _, _ = await linked(version)
    await hub.hub_clients.publish()
    await deliver(hub)
    kind: Any = VERSIONS[version].object_named("ClientInfo")
    peer = hub.peer("emsp.example")
    found = await peer.get(kind, owner=CPO)
    assert (found.party_id, str(found.status)) == ("GEF", "CONNECTED")
    await peer.put(replace(found, status="OFFLINE"), owner=CPO)
    assert str((await peer.get(kind, owner=CPO)).status) == "OFFLINE"


@rule("CRD-26")
@rule("CRD-27")
@rule("CRD-28")
async def test_a_hub_says_that_it_is_one(version: str) -> None:
    _, hub, cpo, _ = await linked(version)
    body = json.loads(await cpo.peer("hub.example").credentials())
    if VERSIONS[version].facts.has_hub_role:
        assert [role["role"] for role in body["roles"]] == ["HUB"]
        assert "hub_party_id" not in body
    else:
        assert body["hub_party_id"] == "BEHUB"
    partner = cpo.book.get("hub.example")
    assert (partner.hub, "HUB" in partner.roles) == (HUB, True)
    assert cpo.peer("hub.example").offers(KIND, Interface.SENDER)
    assert hub.peer("cpo.example").offers(KIND, Interface.RECEIVER)


@rule("CRD-28")
async def test_a_hub_that_is_more_lists_its_other_parties(version: str) -> None:
    net = MemoryNet()
    also = OwnParty(id=PartyId("BE", "CPO"), role="CPO", name="charge points of the hub")
    hub = platform(net, "hub.example", HUB, "HUB", modules=MODULES, more=(also,))
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(hub, emsp, (version,))
    has_role = VERSIONS[version].facts.has_hub_role
    assert emsp.book.get("hub.example").party_ids == ({HUB, also.id} if has_role else {also.id})
    assert emsp.book.get("hub.example").hub == HUB


async def test_who_is_no_hub_publishes_nothing_and_has_no_sender_side(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(cpo, emsp, (version,))
    assert await cpo.hub_clients.publish() == 0
    await cpo.hub_clients.look()
    assert not emsp.peer("cpo.example").offers(KIND, Interface.SENDER)
    assert (KIND, Interface.SENDER) not in cpo.server.served(VERSIONS[version])
