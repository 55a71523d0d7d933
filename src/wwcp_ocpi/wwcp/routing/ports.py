# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a partner of a roaming network can do: one small protocol each, and nobody needs all of them.

A provider answers as `Authorizer` and takes records as `CDRSink`. An operator obeys as `RemoteStarter` and `Reserver`,
and where its stations can do so as `Unlocker` and `ProfileSetter`.
An adapter towards foreign providers or operators does the same in their name, and hears what changes as `POISink`,
`StatusSink` and `SessionSink` (`feeding.feed`). A verb that a partner has not is not asked of him.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.results import (
    AuthStartResult,
    AuthStopResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
    SendCDRResult,
)
from wwcp_ocpi.wwcp.model.station_verbs import ProfileRequest, ProfileResult, Unlock, UnlockResult
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, OperatorChange, PoolChange


@runtime_checkable
class Authorizer(Protocol):
    """Knows drivers. It is asked by all operators at once, so it may take its time and may be called off."""

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        """May he begin?"""
        ...

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """May he end it?"""
        ...


@runtime_checkable
class RemoteStarter(Protocol):
    """Runs charge points that a provider may start and stop."""

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Begin a session. `session_id` is always given: the network makes one where the provider did not."""
        ...

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """End a session."""
        ...


@runtime_checkable
class Reserver(Protocol):
    """Keeps charge points free."""

    async def reserve(self, request: Reserve) -> ReservationResult:
        """Keep it free. `reservation_id` and `start_time` are always given."""
        ...

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        """Free it again."""
        ...


@runtime_checkable
class Unlocker(Protocol):
    """Can have a connector let go of a cable that is stuck."""

    async def unlock(self, request: Unlock) -> UnlockResult:
        """Free it. EVSE and connector are always given."""
        ...


@runtime_checkable
class ProfileSetter(Protocol):
    """Runs stations that follow charging profiles."""

    async def charging_profile(self, request: ProfileRequest) -> ProfileResult:
        """Set, clear or tell the profile of a session that goes on."""
        ...


@runtime_checkable
class CDRSink(Protocol):
    """Takes records of what its drivers took."""

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> Sequence[SendCDRResult]:
        """Take them; one result each, in their order. A record may come twice and is the same then."""
        ...


@runtime_checkable
class CDRClaimer(Protocol):
    """Stands for providers that do not take part themselves, and may know whose a record is."""

    async def claims_cdr(self, cdr: ChargeDetailRecord) -> bool:
        """Whether it would take this record. Asked only where nobody else is named in it or in its session."""
        ...


@runtime_checkable
class POISink(Protocol):
    """Hears of places."""

    async def pool_changed(self, change: PoolChange) -> None:
        """A pool is new or its static data changed."""
        ...

    async def operator_changed(self, change: OperatorChange) -> None:
        """An operator or one of its tariffs is new or changed."""
        ...


@runtime_checkable
class StatusSink(Protocol):
    """Hears of the state of EVSEs."""

    async def status_changed(self, change: EVSEStatusChange) -> None:
        """An EVSE is in another state now."""
        ...


@runtime_checkable
class SessionSink(Protocol):
    """Hears of sessions."""

    async def session_changed(self, session: ChargingSession, previous: ChargingSession | None) -> None:
        """A session is new (`previous` is None), goes on, or is over."""
        ...
