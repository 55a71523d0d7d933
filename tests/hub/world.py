# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO and an eMSP that speak one version each, and a hub between them that speaks all."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from tests.commanding import Operator, Timer
from tests.platforms import ALL_VERSIONS, CPO, EMSP, HUB, MemoryNet, platform
from wwcp_ocpi.convert import Context
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.store.ports import PageRequest, Push, Side, Store

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs", "commands"})
WITH_CLIENTS = MODULES | {"hubclientinfo"}
KNOWN = Context(time_zone="Europe/Berlin", postal_code="07749", traces=False)
FAR = [("2.3.0", "2.1.1"), ("2.1.1", "2.3.0")]
"""The version of the CPO, and that of the eMSP."""
OTHER = PartyId("FR", "OTH")


class World:
    """Who is registered where, under which id: `cpo`, `emsp` and `hub`."""

    def __init__(self, cpo: str, emsp: str, store: Store | None = None, more: tuple[OwnParty, ...] = ()) -> None:
        self.net = MemoryNet()
        self.timer = Timer()
        self.operator = Operator()
        self.versions = {"cpo": cpo, "emsp": emsp}
        self.cpo = self._made("cpo", CPO, "CPO", (cpo,), more=more)
        self.emsp = self._made("emsp", EMSP, "EMSP", (emsp,))
        self.hub = self._made("hub", HUB, "HUB", ALL_VERSIONS, relays=MODULES, convert=KNOWN, store=store)
        self.cpo.server.commander = self.operator

    def _made(self, host: str, party: PartyId, role: str, versions: tuple[str, ...], **more: Any) -> Platform:
        vault = Vault(b"k" * 32)
        made = platform(
            self.net, f"{host}.example", party, role, modules=WITH_CLIENTS, versions=versions, vault=vault, **more
        )
        for one in (made.desk, made.commands):
            one.clock, one.sleep = self.timer.clock, self.timer.sleep
        return made

    async def restart_hub(self) -> None:
        """The hub begins again on what it stored."""
        assert self.hub.hub is not None
        await self.hub.hub.stop()
        await self.hub.desk.stop()
        self.hub = self._made("hub", HUB, "HUB", ALL_VERSIONS, relays=MODULES, convert=KNOWN, store=self.hub.store)
        await self.hub.book.load()
        await self.hub.desk.resume()
        assert self.hub.hub is not None
        await self.hub.hub.resume()

    async def add(self, name: str, party: PartyId, role: str, version: str) -> Platform:
        """One more partner of the hub."""
        made = self._made(name, party, role, (version,))
        await join(self.hub, made, name, role, version)
        return made

    async def settle(self) -> None:
        """Deliver everything, at everybody, that can be delivered now."""
        for _ in range(100):
            rounds = [await made.courier.round() for made in (self.cpo, self.emsp, self.hub)]
            if not any(rounds):
                return
        raise AssertionError("delivery does not come to an end")


async def join(hub: Platform, made: Platform, name: str, role: str, version: str) -> None:
    """A partner registers at the hub. 2.1.1 tells neither its role nor that the other is a hub: people say it."""
    await made.book.change("hub", lambda known: replace(known, hub=HUB))
    token = await hub.registration.invite(name, roles=[role])
    await made.registration.join("hub", hub.settings.versions_url, token, versions=[version])


async def linked(cpo: str, emsp: str, store: Store | None = None) -> World:
    world = World(cpo, emsp, store)
    await join(world.hub, world.cpo, "cpo", "CPO", cpo)
    await join(world.hub, world.emsp, "emsp", "EMSP", emsp)
    world.net.requests.clear()
    return world


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    moment = DateTime.parse(body["last_updated"]).micros
    return OwnObject(
        owner=owner, id=body.get("id") or body["uid"], last_updated=moment, body=json.dumps(body).encode(), **more
    )


async def kept(made: Platform, kind: str, side: Side = Side.THEIRS, audience: str = "") -> list[dict[str, Any]]:
    """The objects of a kind, in the order in which they came."""
    page = await made.store.page(PageRequest(side=side, module=kind, limit=1000, audience=audience))
    return [json.loads(body) for body in page.bodies]


async def waiting(made: Platform) -> list[Push]:
    """What is still to be delivered, without delivering it."""
    return [one.push for one in await made.store.due(1000)]
