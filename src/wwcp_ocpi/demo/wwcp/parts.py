# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who takes part in the networks of the demo: an operator with stations at A, a provider with a driver at B."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from wwcp_ocpi.demo import charging
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp import (
    Authentication,
    AuthorizeStart,
    AuthorizeStop,
    AuthStartCode,
    AuthStartResult,
    AuthStopCode,
    AuthStopResult,
    ChargeDetailRecord,
    ChargeDetailRecordId,
    ChargingSession,
    ChargingSessionId,
    EMobilityProviderId,
    EnergyMeteringValue,
    EVSEStatus,
    ListedToken,
    MeteringValueType,
    RemoteStart,
    RemoteStartCode,
    RemoteStartResult,
    RemoteStop,
    RemoteStopCode,
    RemoteStopResult,
    RoamingNetwork,
    SendCDRCode,
    SendCDRResult,
    SessionStop,
    SessionTime,
    Whitelist,
    rfid,
)

CARD = rfid(charging.TOKEN_UID)


def readings(began: DateTime, ended: DateTime, kwh: Decimal) -> list[EnergyMeteringValue]:
    """What the meter showed: at the beginning, half way, and at the end."""
    half = DateTime.of(began + (ended - began) / 2)
    return [
        EnergyMeteringValue(timestamp=began, energy_kwh=Decimal(0), type=MeteringValueType.Start),
        EnergyMeteringValue(timestamp=half, energy_kwh=kwh / 2, type=MeteringValueType.Intermediate),
        EnergyMeteringValue(timestamp=ended, energy_kwh=kwh, type=MeteringValueType.Stop),
    ]


class Stations:
    """The operator's charge points. A session that is begun from afar is said to have begun an hour ago."""

    def __init__(self, network: RoamingNetwork) -> None:
        self._network = network
        self._tasks: set[asyncio.Task[None]] = set()
        self.begun: list[ChargingSessionId] = []

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Say at once that it is being tried; the charge point begins a moment later."""
        evse_id = request.location.evse_id if request.location else None
        if evse_id is None or request.session_id is None:
            return RemoteStartResult(result=RemoteStartCode.UnknownLocation)
        if self._network.places.evse_status(evse_id) is EVSEStatus.outOfService:
            return RemoteStartResult(result=RemoteStartCode.OutOfService)
        self._network.places.set_evse_status(evse_id, EVSEStatus.charging)
        self._later(self._begin(request.session_id))
        return RemoteStartResult(result=RemoteStartCode.Success, session_id=request.session_id)

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """Stop, and hand in the record."""
        session = await self._network.session(request.session_id)
        if session is None or session.evse_id is None:
            return RemoteStopResult(result=RemoteStopCode.InvalidSessionId)
        self._network.places.set_evse_status(session.evse_id, EVSEStatus.available)
        self._later(self._end(session))
        return RemoteStopResult(result=RemoteStopCode.Success)

    async def goes_on(self, id: ChargingSessionId, kwh: Decimal) -> None:
        """The meter has moved."""
        session = await self._network.session(id)
        assert session is not None
        now = self._network.places.now
        values = readings(session.start.timestamp, now, kwh)[:-1]
        values.append(EnergyMeteringValue(timestamp=now, energy_kwh=kwh, type=MeteringValueType.Intermediate))
        await self._network.report_session(replace(session, energy_meter_values=values))

    async def _begin(self, id: ChargingSessionId) -> None:
        session = None
        while session is None or session.is_awaited:  # until the network has it, as our answer has reached it
            await asyncio.sleep(0.01)
            session = await self._network.session(id)
        began = DateTime.of(self._network.places.now - charging.LASTED)
        start = replace(session.start, timestamp=began)
        values = readings(began, began, Decimal(0))[:1]
        await self._network.report_session(replace(session, start=start, energy_meter_values=values))
        self.begun.append(id)

    async def _end(self, session: ChargingSession) -> None:
        ended, began = self._network.places.now, session.start.timestamp
        stop = SessionStop(timestamp=ended)
        values = readings(began, ended, charging.KWH)
        await self._network.report_session(replace(session, stop=stop, energy_meter_values=values))
        await self._network.send_cdrs([record(session, ended, values)])

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def record(session: ChargingSession, ended: DateTime, values: list[EnergyMeteringValue]) -> ChargeDetailRecord:
    """The record of a session that is over."""
    return ChargeDetailRecord(
        id=ChargeDetailRecordId.parse(str(session.id)),
        session_id=session.id,
        session_time=SessionTime(start=session.start.timestamp, end=ended),
        evse_id=session.evse_id,
        authentication_start=session.start.authentication,
        energy_metering_values=values,
    )


class Provider:
    """Has one driver with one card; every charge of his is asked about, and its record kept."""

    def __init__(self, id: EMobilityProviderId) -> None:
        self.id = id
        self.asked: list[AuthorizeStart] = []
        self.cdrs: list[ChargeDetailRecord] = []

    async def tokens(self) -> AsyncIterator[ListedToken]:
        """The card. Operators ask before each charge."""
        yield ListedToken(
            authentication=CARD, contract_id=charging.CONTRACT, issuer="Provider B", whitelist=Whitelist.NEVER
        )

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        """The card may charge everywhere."""
        self.asked.append(request)
        if not _is_card(request.authentication):
            return AuthStartResult(result=AuthStartCode.NotAuthorized)
        return AuthStartResult(result=AuthStartCode.Authorized, provider_id=self.id, contract_id=charging.CONTRACT)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """Who may start may stop."""
        known = _is_card(request.authentication)
        return AuthStopResult(result=AuthStopCode.Authorized if known else AuthStopCode.NotAuthorized)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> list[SendCDRResult]:
        """Keep them."""
        self.cdrs += cdrs
        return [SendCDRResult(result=SendCDRCode.Success) for _ in cdrs]


def _is_card(authentication: Authentication) -> bool:
    return authentication.auth_token == CARD.auth_token
