# SPDX-License-Identifier: AGPL-3.0-or-later
"""A roaming network that works: places with their states, and the verbs between operators and providers.

    network = RoamingNetwork(LiveNetwork(read_network(body)), store)
    network.add_provider(EMobilityProviderId.parse("DE-GDF"), MyProvider())
    await network.resume()
    result = await network.authorize_start(AuthorizeStart(authentication=rfid("04AB12CD"), location=...))

No verb raises for what a partner or a driver did: it answers with a typed result that has the reason in it, and the
network is as it was before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum

import structlog
from msgspec.structs import fields, replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingReservation, ChargingSession
from wwcp_ocpi.wwcp.model.places import ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.result_codes import CancellationReason
from wwcp_ocpi.wwcp.model.results import (
    AuthStartResult,
    AuthStopResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
    SendCDRsResult,
)
from wwcp_ocpi.wwcp.model.station_verbs import ProfileRequest, ProfileResult, Unlock, UnlockResult
from wwcp_ocpi.wwcp.network.event_bus import EventBus, EventStream, Numbered
from wwcp_ocpi.wwcp.network.places import LiveNetwork, UnknownId
from wwcp_ocpi.wwcp.routing.authorising import Authorising
from wwcp_ocpi.wwcp.routing.cdrs import CDRRouting
from wwcp_ocpi.wwcp.routing.core import Core, RoamingOptions
from wwcp_ocpi.wwcp.routing.keeping import CDRState, KeptCDR
from wwcp_ocpi.wwcp.routing.remote_control import BEGUN, RemoteControl
from wwcp_ocpi.wwcp.routing.reserving import Reserving
from wwcp_ocpi.wwcp.routing.station_control import StationControl
from wwcp_ocpi.wwcp.routing.token_source import TokenSource
from wwcp_ocpi.wwcp.routing.whereabouts import located

log = structlog.get_logger()


class SessionReport(Enum):
    """What became of what an operator reported of a session."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    """The same was known already."""
    ALREADY_STOPPED = "already stopped"
    """The session is over; what comes afterwards does not open it again."""
    UNKNOWN_LOCATION = "unknown location"


class RoamingNetwork:
    """One network.

    Args:
        places: operators, pools, EVSEs and their states; look at them and change them there.
        documents: where sessions, reservations and records survive a restart; in memory unless it is given.
        options: time-outs, limits, the filter of records.
    """

    def __init__(
        self,
        places: LiveNetwork,
        documents: Documents | None = None,
        options: RoamingOptions | None = None,
    ) -> None:
        self.places = places
        self._core = Core(places, documents or MemoryStore(), options or RoamingOptions())
        self._authorising = Authorising(self._core)
        self._remote = RemoteControl(self._core)
        self._reserving = Reserving(self._core)
        self._cdrs = CDRRouting(self._core, self._authorising)
        self._stations = StationControl(self._core)
        bus = self._core.bus
        places.on_status(bus.tell)
        places.on_pool(bus.tell)
        places.on_other(bus.tell)

    @property
    def id(self) -> str:
        """Its name, "Prod" for example."""
        return self.places.id

    @property
    def options(self) -> RoamingOptions:
        """How it behaves."""
        return self._core.options

    async def resume(self) -> None:
        """Take over reservations and records from before a restart. Sessions are found when they are needed."""
        await self._reserving.resume()
        await self._cdrs.resume()

    # Who takes part

    def add_operator(self, id: ChargingStationOperatorId, code: object) -> Callable[[], None]:
        """Attach an operator's code: whichever of RemoteStarter, Reserver, Unlocker and ProfileSetter it can.

        The answer detaches it.

        Raises:
            IdTaken: it takes part already.
            UsageError: it can nothing of that.
        """
        leave = self._core.partners.add_operator(id, code)
        if id not in self.places.operators:
            self.places.upsert_operator(ChargingStationOperator(id=id))
        return leave

    def add_provider(self, id: EMobilityProviderId, code: object) -> Callable[[], None]:
        """Attach a provider's code: whichever of Authorizer and CDRSink it can. The answer detaches it.

        Raises:
            IdTaken: it takes part already.
            UsageError: it can nothing of that.
        """
        leave = self._core.partners.add_provider(id, code)
        if id not in self.places.providers:
            self.places.upsert_provider(EMobilityProvider(id=id))
        self._authorising.cache.forget()
        return leave

    def add_cso_roaming_provider(self, id: str, code: object, *, priority: int = 10) -> Callable[[], None]:
        """Attach who knows foreign providers (Authorizer, CDRSink, CDRClaimer). The answer detaches it.

        Raises as above.
        """
        leave = self._core.partners.add_cso_roaming_provider(id, code, priority)
        self._authorising.cache.forget()
        return leave

    def add_emp_roaming_provider(self, id: str, code: object, *, priority: int = 10) -> Callable[[], None]:
        """Attach who knows foreign operators (RemoteStarter, Reserver); low priorities are asked first.

        The answer detaches it.

        Raises:
            IdTaken: it takes part already.
            UsageError: it can nothing of that.
        """
        return self._core.partners.add_emp_roaming_provider(id, code, priority)

    @property
    def token_sources(self) -> dict[EMobilityProviderId, TokenSource]:
        """The attached providers that tell their tokens, for whoever takes those to operators."""
        return self._core.partners.token_sources()

    # Verbs

    async def authorize_start(self, request: AuthorizeStart, *, brought_by: str | None = None) -> AuthStartResult:
        """May this driver begin? The answer of a moment ago, or that of all providers, asked at once.

        Args:
            brought_by: the name of the roaming provider from whose side the question comes. It is not asked itself,
                or two networks that ask each other would never end.
        """
        return await self._authorising.start(request, brought_by)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """May this driver end that session?"""
        return await self._authorising.stop(request)

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Begin a session at the EVSE of an operator."""
        result = await self._remote.start(request)
        if result.result in BEGUN and request.reservation_id is not None:
            await self._reserving.end(request.reservation_id, CancellationReason.EndOfProcess)
        return result

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """End it."""
        return await self._remote.stop(request)

    async def reserve(self, request: Reserve) -> ReservationResult:
        """Keep a place free, or change a reservation."""
        return await self._reserving.reserve(request)

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        """Free it again."""
        return await self._reserving.cancel(request)

    def can_unlock(self, location: ChargingLocation) -> bool:
        """Whether who runs this place can unlock connectors at all."""
        return self._stations.can_unlock(location)

    async def unlock(self, request: Unlock) -> UnlockResult:
        """Have a connector let go of its cable; NotSupported where the operator cannot."""
        return await self._stations.unlock(request)

    def can_profile(self, session: ChargingSession) -> bool:
        """Whether who runs this session knows charging profiles at all."""
        return self._stations.can_profile(session)

    async def charging_profile(self, request: ProfileRequest) -> ProfileResult:
        """Set, clear or tell the charging profile of a session; NotSupported where the operator cannot."""
        return await self._stations.profile(request)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> SendCDRsResult:
        """Forward records to who pays; what nobody takes is kept and tried again."""
        return await self._cdrs.send(cdrs)

    async def retry_cdrs(self) -> SendCDRsResult:
        """Try those again that nobody has taken yet; `run` does it now and then."""
        return await self._cdrs.retry()

    async def report_session(self, session: ChargingSession) -> SessionReport:
        """An operator tells how a session goes: it began, goes on, is over. What it leaves out stays as it was."""
        if session.evse_id is not None:
            try:
                located(self.places, ChargingLocation(evse_id=session.evse_id))
            except UnknownId:
                return SessionReport.UNKNOWN_LOCATION
        outcome = SessionReport.UNCHANGED

        def decide(known: ChargingSession | None) -> ChargingSession | None:
            nonlocal outcome
            merged = session if known is None else _merged(known, session)
            if merged == known:
                outcome = SessionReport.UNCHANGED
            elif known is not None and known.stop is not None:
                outcome = SessionReport.ALREADY_STOPPED
                return known
            else:
                outcome = SessionReport.ACCEPTED
            return merged

        await self._core.change_session(session.id, decide)
        return outcome

    async def end_reservation(
        self, id: ChargingReservationId, reason: CancellationReason = CancellationReason.EndOfProcess
    ) -> bool:
        """An operator tells that a reservation is over. False when there is none."""
        return await self._reserving.end(id, reason)

    async def drop_session(self, id: ChargingSessionId) -> bool:
        """An awaited session came to nothing. False when there is none, or when it has begun."""

        def decide(known: ChargingSession | None) -> ChargingSession | None:
            return None if known is None or known.is_awaited else known

        before, after = await self._core.change_session(id, decide)
        return before is not None and after is None

    # What is known

    async def session(self, id: ChargingSessionId) -> ChargingSession | None:
        """One session."""
        return await self._core.sessions.get(id)

    async def sessions(self) -> list[ChargingSession]:
        """All that are kept, by id."""
        return await self._core.sessions.all()

    def each_session(self) -> AsyncIterator[ChargingSession]:
        """The same one by one."""
        return self._core.sessions.each()

    async def cdr(self, id: ChargeDetailRecordId) -> KeptCDR | None:
        """One record, and what became of it."""
        return await self._core.cdrs.get(id)

    async def cdrs(self) -> list[KeptCDR]:
        """All that are kept, by id."""
        return await self._core.cdrs.all()

    def each_cdr(self) -> AsyncIterator[KeptCDR]:
        """The same one by one."""
        return self._core.cdrs.each()

    @property
    def waiting_cdrs(self) -> list[ChargeDetailRecordId]:
        """The records that nobody has taken yet."""
        return self._cdrs.waiting

    def reservation(self, id: ChargingReservationId) -> ChargingReservation | None:
        """One reservation that is in force."""
        return self._reserving.get(id)

    @property
    def reservations(self) -> list[ChargingReservation]:
        """Those in force."""
        return self._reserving.all()

    async def forget(self, before: DateTime) -> int:
        """Remove sessions that ended before, and records that came before and were delivered or held back.

        Nothing is removed by itself. Records that nobody has taken stay, and so do sessions that go on.

        Returns:
            How many were removed.
        """
        core, count = self._core, 0
        for session in await core.sessions.all():
            if session.stop is not None and session.stop.timestamp < before:
                count += (await core.sessions.change(session.id, lambda _: None)).before is not None
        for kept in await core.cdrs.all():
            if kept.state is not CDRState.RECEIVED and kept.received_at < before:
                count += (await core.cdrs.change(kept.cdr.id, lambda _: None)).before is not None
        return count

    # Events

    def on_event(self, listener: Callable[[Numbered], object]) -> Callable[[], None]:
        """Call the listener at once with everything that changes; the answer ends that."""
        return self._core.bus.listen(listener)

    def events(self, *, after: int | None = None, limit: int = 10_000) -> EventStream:
        """Everything that changes, from now on or after a number, as an asynchronous iterator."""
        return self._core.bus.stream(after=after, limit=limit)

    @property
    def bus(self) -> EventBus:
        """Where events come from."""
        return self._core.bus

    # Time

    async def advance(self) -> None:
        """Let planned states come into force and reservations end whose time is over."""
        self.places.advance()
        await self._reserving.expire()

    async def run(self) -> None:
        """`advance` every second, and try waiting records again, until cancelled."""
        options = self._core.options
        tried = time.monotonic()
        while True:
            await asyncio.sleep(options.tick_s)
            try:
                await self.advance()
                if self.waiting_cdrs and time.monotonic() - tried >= options.cdr_retry_s:
                    tried = time.monotonic()
                    await self.retry_cdrs()
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("wwcp.tick_failed")


_OWN = frozenset({"id", "start", "is_awaited"})


def _merged(known: ChargingSession, told: ChargingSession) -> ChargingSession:
    """What is told, and what was known and is not told. Who began it, and on whose word, is what was known."""
    defaults = ChargingSession(id=told.id, start=told.start)
    changes = {
        field.name: getattr(told, field.name)
        for field in fields(ChargingSession)
        if field.name not in _OWN and getattr(told, field.name) != getattr(defaults, field.name)
    }
    start = told.start
    for field in fields(type(start)):
        if field.name != "timestamp" and getattr(known.start, field.name) is not None:
            start = replace(start, **{field.name: getattr(known.start, field.name)})
    return replace(known, **changes, start=start, is_awaited=told.is_awaited)
