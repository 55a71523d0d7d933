# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WWCP network's operators towards OCPI partners, as CPO: one object that joins the two sides.

    adapter = CSOAdapter(network, platform, scope=Scope(pools={...}))
    await adapter.start()
    task = asyncio.create_task(adapter.run())

Out go Locations, statuses, Tariffs, Sessions and CDRs; in come commands and charging profiles; AuthorizeStart and
AuthorizeStop are asked of all eMSPs and hubs. What the adapter keeps is in the store: a restart loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Protocol

import msgspec
import structlog

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.drivers import Drivers
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.protocol.modifiers import Modifiers
from wwcp_ocpi.server.decisions import TARIFF_PRICER, Pricer
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, AuthorizeStop
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult, SendCDRResult
from wwcp_ocpi.wwcp.network.event_bus import Numbered
from wwcp_ocpi.wwcp.network.events import ReservationChange, SessionChange
from wwcp_ocpi.wwcp.ocpi.cso.authorizing import Authorizing
from wwcp_ocpi.wwcp.ocpi.cso.commanding import Commanding
from wwcp_ocpi.wwcp.ocpi.cso.partner_names import SuffixIds, after
from wwcp_ocpi.wwcp.ocpi.cso.payers import Payers
from wwcp_ocpi.wwcp.ocpi.cso.profiling import Profiling
from wwcp_ocpi.wwcp.ocpi.cso.reserving import ReservationDesk, Reservations
from wwcp_ocpi.wwcp.ocpi.cso.scope import EVERYTHING, Scope
from wwcp_ocpi.wwcp.ocpi.cso.session_ids import SessionIds
from wwcp_ocpi.wwcp.ocpi.cso.sessions import Sessions
from wwcp_ocpi.wwcp.ocpi.publish import NetworkPublisher
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()


class CPOPlatform(Protocol):
    """What is needed of an OCPI platform: `gateway.Platform` has it."""

    @property
    def store(self) -> Documents: ...
    @property
    def book(self) -> PartnerBook: ...
    @property
    def publisher(self) -> Publisher: ...
    @property
    def drivers(self) -> Drivers: ...
    @property
    def desk(self) -> ReservationDesk: ...
    @property
    def modifiers(self) -> MutableMapping[str, Modifiers]: ...


class CSOOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the adapter behaves.

    `name` is what it is called among those who know foreign providers, in sessions and results. `suffix_ids_for` are
    the partners that want Locations to be called by what follows the `P` of the pool id.
    """

    name: str = "OCPI"
    priority: int = 10
    scope: Scope = EVERYTHING
    policy: MappingPolicy = DEFAULT_POLICY
    currency: str = "EUR"
    """Of sessions at connectors without a tariff."""
    suffix_ids_for: frozenset[str] = frozenset()


class CSOAdapter:
    """Joins a roaming network with an OCPI platform.

    It is Authorizer, CDRSink and CDRClaimer of the network. The server asks its `commander` and `profile_operator`:
    `platform.attach(None, adapter.commander)`, `platform.server.profile_operator = adapter.profile_operator`.

    Args:
        network: whose operators are to be seen. `resume` it before the adapter is started.
        platform: an OCPI platform that is CPO for the parties of these operators.
        pricer: what sessions cost; by the tariffs unless the operator has his own.
    """

    def __init__(
        self,
        network: RoamingNetwork,
        platform: CPOPlatform,
        options: CSOOptions | None = None,
        *,
        pricer: Pricer = TARIFF_PRICER,
    ) -> None:
        options = options or CSOOptions()
        self.network = network
        self.options = options
        self.publisher = NetworkPublisher(network.places, platform.publisher, options.policy, scope=options.scope)
        names, scope, store, book = self.publisher.names, options.scope, platform.store, platform.book
        payers = Payers(options.name, book, platform.drivers)
        self._ids = ids = SessionIds(network.id, store)
        self._reservations = Reservations(network.id, store, platform.desk)
        self.sessions = Sessions(
            network, platform.publisher, payers, names, scope, ids, pricer, currency=options.currency
        )
        self._authorizing = Authorizing(network, platform.drivers, book, payers, names, scope)
        self._commanding = Commanding(
            options.name, network, book, names, scope, ids, self._reservations, self._session_changed
        )
        self.profile_operator = Profiling(options.name, network, ids, scope)
        self._modifiers = platform.modifiers
        self._suffix_ids = SuffixIds(names)
        self._changes: asyncio.Queue[SessionChange | ReservationChange | ChargingSessionId] = asyncio.Queue()
        self._leave: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Publish everything, take part in the network, and take up what an earlier run left.

        Raises:
            IdTaken: somebody of this name takes part already.
        """
        network, options = self.network, self.options
        self._leave = [
            network.add_cso_roaming_provider(options.name, self, priority=options.priority),
            network.on_event(self._heard),
        ]
        for partner in options.suffix_ids_for:
            self._modifiers[partner] = after(self._suffix_ids.modifiers(), self._modifiers.get(partner))
        await self._reservations.resume(network.reservation)
        await self.publisher.publish_all()
        for session in await network.sessions():
            await self._publish(session.id, None)

    async def run(self) -> None:
        """Follow the network until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.publisher.run())
                group.create_task(self._follow())
        finally:
            self.leave()
            await self._commanding.stop()
            await self.profile_operator.stop()

    def leave(self) -> None:
        """Take part in the network no more. What was published stays."""
        for leave in self._leave:
            leave()
        self._leave = []
        self.publisher.leave()

    async def settle(self) -> None:
        """Wait until everything that was heard so far is stored and reported. `run` must be running."""
        await self._commanding.settle()
        await self.profile_operator.settle()
        await self._changes.join()
        await self.publisher.settle()

    # What the network asks

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        """Ask all partners that may know the driver."""
        return await self._authorizing.start(request)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """Ask whether he may end it."""
        return await self._authorizing.stop(request)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> list[SendCDRResult]:
        """Publish the CDRs, each for the partner that pays; Enqueued means that it is stored and will be delivered."""
        return [await self.sessions.send(one) for one in cdrs]

    async def claims_cdr(self, cdr: ChargeDetailRecord) -> bool:
        """Whether a partner pays for a record that names nobody who takes part in the network."""
        return await self.sessions.claims(cdr)

    # What partners ask

    @property
    def commander(self) -> Commanding:
        """Runs the commands of eMSPs: for `Platform.attach`."""
        return self._commanding

    # What changes

    def _heard(self, numbered: Numbered) -> None:
        if isinstance(numbered.event, SessionChange | ReservationChange):
            self._changes.put_nowait(numbered.event)

    def _session_changed(self, id: ChargingSessionId) -> None:
        self._changes.put_nowait(id)

    async def _follow(self) -> None:
        while True:
            change = await self._changes.get()
            try:
                await self._one(change)
            except Exception:
                # The edge of a background task: one change that cannot be stored must not end it for good.
                log.exception("wwcp.change_failed", change=type(change).__name__)
            finally:
                self._changes.task_done()

    async def _one(self, change: SessionChange | ReservationChange | ChargingSessionId) -> None:
        if isinstance(change, ReservationChange):
            await self._reservations.ended(change)
        elif isinstance(change, ChargingSessionId):
            await self._publish(change, None)
        else:
            known = change.session or change.previous
            if known is not None:
                await self._publish(known.id, change.previous)

    async def _publish(self, id: ChargingSessionId, known: ChargingSession | None) -> None:
        """Partners hear of a session when its start was answered: before that it may come to nothing."""
        if id not in self._commanding.starting:
            await self.sessions.publish(id, known)

    async def forget(self, ids: Iterable[ChargingSessionId]) -> None:
        """Forget how partners call these sessions; the network knows them no more."""
        for id in ids:
            await self._ids.forget(id)
