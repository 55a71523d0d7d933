# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the verbs of a roaming network share: places, partners, what is kept, who is told."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingReservation, ChargingSession, SessionStop
from wwcp_ocpi.wwcp.model.status_words import AdminStatus
from wwcp_ocpi.wwcp.network.event_bus import EventBus
from wwcp_ocpi.wwcp.network.events import SessionChange
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.attached import Partners
from wwcp_ocpi.wwcp.routing.keeping import Kept, KeptCDR

_CLOSED = frozenset({AdminStatus.outOfService, AdminStatus.planned, AdminStatus.inDeployment})


class CDRFilter(Enum):
    """What to do with a record before anybody sees it."""

    FORWARD = "forward"
    DROP = "drop"
    """It is kept, and answered with Filtered, and sent to nobody."""


def forward_all(_: ChargeDetailRecord) -> CDRFilter:
    """The filter that lets everything pass."""
    return CDRFilter.FORWARD


class RoamingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a network behaves. Times in seconds."""

    auth_timeout_s: float = 20
    """For all providers together, since they are asked at once."""
    verb_timeout_s: float = 60
    """For one operator or one receiver of records."""
    auth_cache_ttl_s: float = 3600
    auth_cache_size: int = 2000
    """0 switches the cache off."""
    auth_rate_limit: int = 0
    """Questions from one EVSE within the window; 0 means no limit."""
    auth_rate_window_s: float = 300
    invalid_tokens: frozenset[str] = frozenset({"00000000", "00000000000000"})
    uncached_tokens: frozenset[str] = frozenset()
    cdr_filter: Callable[[ChargeDetailRecord], CDRFilter] = forward_all
    cdr_retry_s: float = 300
    """How often records that nobody took yet are tried again."""
    tick_s: float = 1
    """How often planned statuses and the ends of reservations are looked for."""


class Core:
    """The state of one network. The verbs are in rooms of their own."""

    def __init__(self, network: LiveNetwork, documents: Documents, options: RoamingOptions) -> None:
        self.network = network
        self.options = options
        self.partners = Partners()
        self.bus = EventBus()
        self.sessions = Kept(documents, f"wwcp.sessions.{network.id}", ChargingSession)
        self.cdrs = Kept(documents, f"wwcp.cdrs.{network.id}", KeptCDR)
        self.stored_reservations = Kept(documents, f"wwcp.reservations.{network.id}", ChargingReservation)

    @property
    def now(self) -> DateTime:
        """The moment that the network's clock shows."""
        return self.network.now

    @property
    def is_out_of_service(self) -> bool:
        """Whether the network as a whole refuses its verbs."""
        return self.network.statuses.admin_status(None, self.now) in _CLOSED

    async def new_session(self, session: ChargingSession) -> bool:
        """Keep it; False when there is one of that id already, which stays as it is."""
        change = await self.sessions.change(session.id, lambda known: known if known is not None else session)
        if change.before is not None:
            return False
        self.bus.tell(SessionChange(session=session, previous=None, timestamp=session.start.timestamp))
        return True

    async def change_session(
        self, id: ChargingSessionId, decide: Callable[[ChargingSession | None], ChargingSession | None]
    ) -> tuple[ChargingSession | None, ChargingSession | None]:
        """Change it, and tell it where there is something to tell. Returns it before and after."""
        before, after = await self.sessions.change(id, decide)
        if before != after:
            self.bus.tell(SessionChange(session=after, previous=before, timestamp=self.now))
        return before, after

    async def end_session(self, id: ChargingSessionId, stop: SessionStop) -> bool:
        """It is over now; False when it was so already, or there is none."""

        def decide(known: ChargingSession | None) -> ChargingSession | None:
            if known is None or known.stop is not None:
                return known
            return replace(known, stop=stop, is_awaited=False)

        before, after = await self.change_session(id, decide)
        return before != after
