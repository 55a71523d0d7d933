# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small roaming network, and operators and providers of every temper, for tests of its verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.wwcp.making import FIRST, GEF, MONDAY, SECOND, Clock, evse, operator, pool, station
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import rfid
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, SessionTime
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
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
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.core import RoamingOptions
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

GDF, GD2 = EMobilityProviderId.parse("DE-GDF"), EMobilityProviderId.parse("DE-GD2")
AT_FIRST = ChargingLocation(evse_id=FIRST)
QUICK = RoamingOptions(auth_timeout_s=0.05, verb_timeout_s=0.05)


def roaming(
    documents: Documents | None = None, *, clock: Clock | None = None, options: RoamingOptions = QUICK
) -> RoamingNetwork:
    """A network with one pool, one station and two EVSEs, in which nobody takes part yet."""
    data = RoamingNetworkData(
        id="test", charging_station_operators=[operator(charging_pools=[pool(station(evse(), evse(SECOND)))])]
    )
    return RoamingNetwork(LiveNetwork(data, clock=clock or Clock(MONDAY)), documents, options)


def auth_start(token: str = "11223344", **fields: Any) -> AuthorizeStart:
    return replace(AuthorizeStart(authentication=rfid(token), location=AT_FIRST), **fields)


class Provider:
    """Answers with what it knows of tokens; counts what it was asked; takes records."""

    def __init__(
        self,
        id: EMobilityProviderId = GDF,
        tokens: dict[str, AuthStartCode] | None = None,
        *,
        wait_s: float = 0,
        **payload: Any,
    ) -> None:
        self.id = id
        self.tokens = tokens or {}
        self.wait_s = wait_s
        self.payload = payload
        self.asked: list[AuthorizeStart] = []
        self.asked_to_stop: list[AuthorizeStop] = []
        self.cdrs: list[ChargeDetailRecord] = []
        self.cdr_code = SendCDRCode.Success

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        self.asked.append(request)
        await asyncio.sleep(self.wait_s)
        code = self.tokens.get(request.authentication.auth_token or "", AuthStartCode.NotAuthorized)
        return AuthStartResult(result=code, provider_id=self.id, **self.payload)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        self.asked_to_stop.append(request)
        await asyncio.sleep(self.wait_s)
        code = self.tokens.get(request.authentication.auth_token or "", AuthStartCode.NotAuthorized)
        return AuthStopResult(result=AuthStopCode(code.value), provider_id=self.id)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> list[SendCDRResult]:
        self.cdrs += cdrs
        return [SendCDRResult(result=self.cdr_code, location=f"/cdrs/{cdr.id}") for cdr in cdrs]


class Operator:
    """Obeys with the codes that it is told; keeps what it was asked."""

    def __init__(self, start: RemoteStartCode = RemoteStartCode.Success, **fields: Any) -> None:
        self.start = RemoteStartResult(result=start, **fields)
        self.stop = RemoteStopResult(result=RemoteStopCode.Success)
        self.reservation = ReservationResult(result=ReservationCode.Success)
        self.cancellation = CancelReservationResult(result=CancelReservationCode.Success)
        self.asked: list[object] = []

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        self.asked.append(request)
        return self.start

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        self.asked.append(request)
        return self.stop

    async def reserve(self, request: Reserve) -> ReservationResult:
        self.asked.append(request)
        return self.reservation

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        self.asked.append(request)
        return self.cancellation


class Broken:
    """A partner whose every method does what `does` says: raise it, return it, or never end where it is None."""

    def __init__(self, does: object) -> None:
        self._does = does

    async def _act(self, *_: object) -> Any:
        if self._does is None:
            await asyncio.sleep(3600)
        if isinstance(self._does, Exception):
            raise self._does
        return self._does

    authorize_start = authorize_stop = remote_start = remote_stop = reserve = cancel_reservation = send_cdrs = _act


BROKEN = [RuntimeError("no database"), None, "yes", 42]
"""What a `Broken` partner may do."""


def record(session: ChargingSessionId | str, id: str = "DE*GEF*D1", **fields: Any) -> ChargeDetailRecord:
    made = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse(id),
        session_id=session if isinstance(session, ChargingSessionId) else ChargingSessionId.parse(session),
        session_time=SessionTime(start=MONDAY, end=DateTime.parse("2026-08-03T10:00:00Z")),
        consumed_energy_kwh=Decimal("12.5"),
    )
    return replace(made, **fields)


__all__ = ["BROKEN", "GEF", "Broken", "Operator", "Provider", "auth_start", "record", "roaming"]
