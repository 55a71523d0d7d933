# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO that speaks OCPI, and an eMSP with a WWCP network behind it, in memory, in a world with one clock."""

from __future__ import annotations

import json
from typing import Any

from tests.commanding import NOON_S, Operator, Timer, rest
from tests.objects import MIDDLE, cdr, evse, location, session, tariff
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, platform, register
from tests.wwcp.roaming import Provider
from wwcp_ocpi.convert import Context
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server.decisions import CommandOutcome
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Store
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.network.event_bus import Numbered
from wwcp_ocpi.wwcp.network.events import Event, Missed
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.emp_adapter import EMPAdapter, EMPOptions
from wwcp_ocpi.wwcp.routing.core import RoamingOptions
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

MODULES = frozenset({"locations", "tariffs", "sessions", "cdrs", "tokens", "commands"})
GEF, EMP = ChargingStationOperatorId.parse("DE*GEF"), EMobilityProviderId.parse("NL-EMP")
POOL, EVSE_1 = ChargingPoolId.parse("DE*GEF*PLOC1"), EVSEId.parse("DE*GEF*E1")
CARD = "012345678"
"""The card in the Tokens, Sessions and CDRs of `tests.objects`."""
CPO_HOST, EMSP_HOST = "cpo.example", "emsp.example"


class World:
    """The two platforms, and what happens in the network behind the eMSP.

    `provider` knows one card. `events` are those of the network since it began, without those of its start.
    """

    def __init__(
        self,
        version: str = "2.3.0",
        *,
        store: Store | None = None,
        host: str = EMSP_HOST,
        party: PartyId = EMSP,
        beside: World | None = None,
        **options: Any,
    ) -> None:
        """An eMSP and a CPO, or one more eMSP `beside` another, with the same CPO."""
        self.version = version
        self.host = host
        self.party = party
        self.provider_id = EMobilityProviderId.parse(f"{party.country_code}-{party.party_id}")
        self.provider = Provider(self.provider_id, {CARD: AuthStartCode.Authorized})
        self.options = EMPOptions(**options)
        self.store = store or MemoryStore()
        self.net: MemoryNet = beside.net if beside else MemoryNet()
        self.timer: Timer = beside.timer if beside else Timer()
        self.operator: Operator = beside.operator if beside else Operator()
        self.cpo: Platform = beside.cpo if beside else self._made_cpo()
        self._open()

    def _made_cpo(self) -> Platform:
        made = platform(
            self.net, CPO_HOST, CPO, "CPO", modules=MODULES, versions=(self.version,), vault=Vault(b"k" * 32)
        )
        made.server.commander = self.operator
        return made

    def _open(self) -> None:
        self.emsp = platform(
            self.net,
            self.host,
            self.party,
            "EMSP",
            modules=MODULES,
            store=self.store,
            vault=Vault(b"k" * 32),
            convert=Context(traces=False, time_zone="Europe/Berlin"),
        )
        for one in (self.cpo.desk, self.emsp.commands):
            one.clock, one.sleep = self.timer.clock, self.timer.sleep
        data = RoamingNetworkData(id="test")
        options = RoamingOptions(auth_timeout_s=5, verb_timeout_s=5, auth_cache_size=0)
        self.network = RoamingNetwork(LiveNetwork(data, clock=self.now), self.store, options)
        self.network.add_provider(self.provider_id, self.provider)
        self.adapter = self.adapted(self.emsp)
        self.emsp.attach(self.adapter.authorizer, None)
        self.events: list[Event] = []
        self.network.on_event(self._heard)

    def adapted(self, emsp: Platform, **more: Any) -> EMPAdapter:
        """The adapter between the network and a platform."""
        return EMPAdapter(
            self.network,
            emsp.settings,
            emsp.store,
            emsp.book,
            emsp.bridge,
            emsp.publisher,
            emsp.commands,
            options=self.options,
            clock=self.timer.clock,
            sleep=self.timer.sleep,
            **more,
        )

    def now(self) -> DateTime:
        return DateTime.from_micros(round(self.timer.now * 1_000_000))

    def _heard(self, numbered: Numbered) -> None:
        if not isinstance(numbered.event, Missed):
            self.events.append(numbered.event)

    def of(self, kind: type) -> list[Any]:
        """The events of that kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def begin(self) -> World:
        """Register the platforms with each other, and start."""
        await register(self.emsp, self.cpo)
        await self.adapter.start()
        self.caller = Caller(self.emsp, self.cpo.peer(self.host).wire.token)
        return self

    async def restart(self) -> None:
        """The eMSP ends at once, and begins again on what it stored."""
        await self.adapter.stop()
        self._open()
        await self.emsp.book.load()
        await self.network.resume()
        await self.adapter.start()
        self.caller.platform = self.emsp

    async def end(self) -> None:
        await self.adapter.stop()
        await self.cpo.desk.stop()

    # What the CPO does

    async def send(self, method: str, path: str, body: object = None) -> Response:
        """A request of the CPO to the receiving side of the eMSP."""
        return await self.caller(method, f"/ocpi/{self.version}/receiver/{path}", body)

    async def put(self, kind: str, body: dict[str, Any]) -> None:
        """Push an object, and let the network have it."""
        method, path = ("POST", "cdrs") if kind == "cdrs" else ("PUT", "/".join((kind, *CPO, str(body["id"]))))
        answer = await self.send(method, path, body)
        assert json.loads(answer.body)["status_code"] == 1000, answer.body
        await self.adapter.settle()

    async def status(self, status: str, uid: str = "E1", at: str = "2026-03-01T11:00:00Z", id: str = "LOC1") -> None:
        """PATCH the status of an EVSE, and let the network have it."""
        answer = await self.send("PATCH", f"locations/DE/GEF/{id}/{uid}", {"status": status, "last_updated": at})
        assert json.loads(answer.body)["status_code"] == 1000, answer.body
        await self.adapter.settle()

    async def place(self, *, id: str = "LOC1", **more: Any) -> None:
        """Push a Location with the EVSE E1."""
        await self.put("locations", location(self.version, id, **{"evses": [self.evse()], **more}))

    def evse(self, uid: str = "E1", **more: Any) -> dict[str, Any]:
        return evse(self.version, uid, **{"evse_id": f"DE*GEF*{uid}", **more})

    def session(self, id: str = "S1", **more: Any) -> dict[str, Any]:
        return session(self.version, id, **{**self._whole(), **more})

    def cdr(self, id: str = "C1", **more: Any) -> dict[str, Any]:
        return cdr(self.version, id, **{**self._whole(), **more})

    def tariff(self, id: str = "T1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
        return tariff(self.version, id, last_updated, **more)

    def _whole(self) -> dict[str, Any]:
        """2.1.1 has the whole Location in Sessions and CDRs."""
        return {"location": location(self.version, evses=[self.evse()])} if self.version == "2.1.1" else {}

    async def authorize(self, uid: str = CARD, place: object = None, type: str = "RFID") -> dict[str, Any]:
        """Ask about a Token; the envelope, with the HTTP status."""
        path = f"/ocpi/{self.version}/sender/tokens/{uid}/authorize?type={type}"
        answer = await self.caller("POST", path, place)
        found: dict[str, Any] = json.loads(answer.body)
        return {**found, "http": answer.status}

    async def report(self, result: str, *message: tuple[str, str]) -> None:
        """The charge point answers the last command."""
        await self.operator.reports[-1](CommandOutcome(result=result, message=message))
        await rest()


async def world(version: str = "2.3.0", **options: Any) -> World:
    """The two of them, registered in that version, with the Location LOC1."""
    made = await World(version, **options).begin()
    await made.place()
    made.events.clear()
    return made


def party(text: str) -> PartyId:
    return PartyId.parse(text)


__all__ = ["ALL_VERSIONS", "NOON_S", "World", "party", "rest", "world"]
