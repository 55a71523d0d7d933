# SPDX-License-Identifier: AGPL-3.0-or-later
"""An operator of a WWCP network behind a CPO platform, and eMSPs that are its partners, in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.objects import token
from tests.partners.test_modules import deliver, own
from tests.platforms import CPO, EMSP, HUB, MemoryNet, platform, register
from tests.wwcp.making import FIRST, GEF, MONDAY, SECOND, Clock, connector, evse, operator, pool, station
from tests.wwcp.roaming import Operator
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.commands import SentCommand
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest
from wwcp_ocpi.store.ports import Outbox, PageRequest, Side, Store
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, SessionTime
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue, MeteringValueType
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, RoamingNetworkData
from wwcp_ocpi.wwcp.model.station_verbs import (
    ChargingProfile,
    ProfileCode,
    ProfileRequest,
    ProfileResult,
    Unlock,
    UnlockCode,
    UnlockResult,
)
from wwcp_ocpi.wwcp.model.tariff import ChargingPriceComponent, ChargingTariff, ChargingTariffElement
from wwcp_ocpi.wwcp.model.texts import PriceComponentType
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOAdapter, CSOOptions
from wwcp_ocpi.wwcp.routing.core import RoamingOptions
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles"})
OTHER = PartyId("FR", "OTH")
CARD = "11223344"
ENERGY = ChargingTariffId(GEF, "ENERGY")
HOUR_LATER = DateTime.parse("2026-08-03T09:00:00Z")
HALF_LATER = DateTime.parse("2026-08-03T08:30:00Z")


def energy_tariff(price: str = "0.40", id: ChargingTariffId = ENERGY, **fields: Any) -> ChargingTariff:
    component = ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal(price))
    made = ChargingTariff(id=id, currency="EUR", elements=[ChargingTariffElement(price_components=[component])])
    return replace(made, **fields)


def priced(**fields: Any) -> ChargingPool:
    """The pool of two EVSEs, with the tariff at each connector."""
    sockets = [connector(tariff_ids=[ENERGY])]
    return pool(station(evse(charging_connectors=sockets), evse(SECOND, charging_connectors=sockets)), **fields)


class Stations(Operator):
    """An operator whose stations can do everything; what they answer may be set."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.unlocked = UnlockResult(result=UnlockCode.Success)
        self.profiled = ProfileResult(result=ProfileCode.Success)
        self.profile: ChargingProfile | None = None

    async def unlock(self, request: Unlock) -> UnlockResult:
        self.asked.append(request)
        return self.unlocked

    async def charging_profile(self, request: ProfileRequest) -> ProfileResult:
        self.asked.append(request)
        self.profile = request.profile or self.profile
        return self.profiled


class Desk:
    """An eMSP that answers what it is told: about any Token, or about these alone."""

    def __init__(
        self, version: str, allowed: str = "ALLOWED", *, cards: tuple[str, ...] = (), **token_fields: Any
    ) -> None:
        self.version = version
        self.allowed = allowed
        self.cards = cards
        self.token_fields = token_fields
        self.evse_uids: tuple[str, ...] | None = None
        self.reference: str | None = "REF-1"
        self.asked: list[AuthorizationRequest] = []

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        self.asked.append(asked)
        if self.allowed == "UNKNOWN" or (self.cards and asked.token_uid not in self.cards):
            return None
        made = token(self.version, uid=asked.token_uid, **self.token_fields)
        return Authorization(
            allowed=self.allowed,
            token=json.dumps(made).encode(),
            reference=self.reference,
            info=("en", "hello"),
            evse_uids=self.evse_uids,
        )


class World:
    """One CPO with its network and adapter, and eMSPs by host name."""

    def __init__(
        self,
        version: str = "2.3.0",
        *,
        operators: list[ChargingStationOperator] | None = None,
        code: object | None = None,
        options: CSOOptions | None = None,
        store: Store | None = None,
        **parties: Any,
    ) -> None:
        self.version = version
        self.net = MemoryNet()
        self.clock = Clock(MONDAY)
        self.code: Any = Stations() if code is None else code
        made = [operator(charging_pools=[priced()], charging_tariffs=[energy_tariff()])]
        data = RoamingNetworkData(id="test", charging_station_operators=made if operators is None else operators)
        self.data = data
        self.options = options or CSOOptions()
        self.cpo = platform(self.net, "cpo.example", CPO, "CPO", modules=MODULES, store=store, **parties)
        self.emsps: dict[str, Platform] = {}
        self._begin()

    def _begin(self) -> None:
        places = LiveNetwork(self.data, clock=self.clock)
        quick = RoamingOptions(auth_timeout_s=1, verb_timeout_s=0.2)
        self.network = RoamingNetwork(places, self.cpo.store, quick)
        self.network.add_operator(GEF, self.code)
        self.adapter = CSOAdapter(self.network, self.cpo, self.options)
        self.cpo.attach(None, self.adapter.commander)
        self.cpo.server.profile_operator = self.adapter.profile_operator

    async def join(self, host: str = "emsp.example", party: PartyId = EMSP, version: str | None = None) -> Platform:
        """An eMSP registers."""
        made = platform(self.net, host, party, "EMSP", modules=MODULES)
        await register(self.cpo, made, (version or self.version,))
        self.emsps[host] = made
        return made

    async def start(self) -> None:
        await self.network.resume()
        await self.adapter.start()
        self._task = asyncio.create_task(self.adapter.run())
        await asyncio.sleep(0)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def restart(self) -> None:
        """The process ends, and begins again on what is in the store."""
        await self.stop()
        self.data = self.network.places.snapshot()
        self._begin()
        await self.start()

    async def close(self) -> None:
        await self.stop()
        for one in (self.cpo, *self.emsps.values()):
            await one.desk.stop()

    async def settle(self) -> None:
        """Everything that was told is at the partners that can be reached."""
        await self.adapter.settle()
        await deliver(self.cpo)

    async def at(self, host: str, kind: str) -> list[dict[str, Any]]:
        """What an eMSP holds."""
        await self.settle()
        page = await self.emsps[host].store.page(PageRequest(side=Side.THEIRS, module=kind, limit=100))
        return [json.loads(body) for body in page.bodies]

    async def ours(self, kind: str, audience: str = "") -> list[dict[str, Any]]:
        """What the CPO has published, for one partner or for all."""
        await self.adapter.settle()
        request = PageRequest(side=Side.OURS, module=kind, limit=100, audience=audience)
        return [json.loads(body) for body in (await self.cpo.store.page(request)).bodies]

    async def send(self, command: str, fields: dict[str, Any], host: str = "emsp.example") -> SentCommand:
        """An eMSP sends a command."""
        return await self.emsps[host].commands.send("cpo.example", command, fields)

    async def result(self, sent: SentCommand) -> tuple[str, str]:
        """What it hears at once, and in the end."""
        await self.adapter.settle()
        if not sent.is_accepted:
            return sent.answer.result, ""
        return sent.answer.result, (await sent.result()).result

    def start_fields(self, **more: Any) -> dict[str, Any]:
        """Of START_SESSION at the first EVSE."""
        made = codec.decode(
            VERSIONS[self.version].object_named("Token"), json.dumps(token(self.version, uid=CARD)).encode()
        )
        return {"token": made, "location_id": "DE*GEF*P1", "evse_uid": str(FIRST), **more}

    @property
    def outbox(self) -> Outbox:
        return self.cpo.store


@asynccontextmanager
async def world(*hosts: str, version: str = "2.3.0", **how: Any) -> AsyncIterator[World]:
    """A world with these eMSPs (`emsp.example` is NL*EMP, any other FR*OTH), running."""
    made = World(version, **how)
    for host in hosts or ("emsp.example",):
        await made.join(host, EMSP if host == "emsp.example" else OTHER)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def hub_world() -> AsyncIterator[World]:
    """A world in which a hub stands before the only eMSP, whose Token the hub knows."""
    made = World()
    hub = platform(made.net, "hub.example", HUB, "HUB", modules=MODULES, relays=MODULES)
    emsp = platform(made.net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(hub, emsp, ("2.3.0",))
    await register(made.cpo, hub, ("2.3.0",))
    emsp.server.authorizer = Desk("2.3.0")
    body = token("2.3.0", uid=CARD, whitelist="NEVER")
    await emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(body, EMSP, qualifier=body["type"])])
    await deliver(emsp)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


def meter(*kwh: str, signed: bool = False) -> list[EnergyMeteringValue]:
    """Values at the start, half an hour later and an hour later; of two the first and the last."""
    moments = [MONDAY, HALF_LATER, HOUR_LATER] if len(kwh) == 3 else [MONDAY, HOUR_LATER]
    types = [MeteringValueType.Start, MeteringValueType.Intermediate, MeteringValueType.Stop]
    if len(kwh) == 2:
        types.pop(1)
    return [
        EnergyMeteringValue(
            timestamp=moment, energy_kwh=Decimal(one), type=type, signed_data=f"OCMF|{{}}|{one}" if signed else None
        )
        for moment, one, type in zip(moments, kwh, types, strict=False)
    ]


def record(session_id: ChargingSessionId | str, id: str = "DE*GEF*D1", **fields: Any) -> ChargeDetailRecord:
    """A record of an hour at the first EVSE, with three meter values."""
    made = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse(id),
        session_id=ChargingSessionId.parse(str(session_id)),
        session_time=SessionTime(start=MONDAY, end=HOUR_LATER),
        evse_id=FIRST,
        energy_metering_values=meter("100", "106.5", "110"),
    )
    return replace(made, **fields)
