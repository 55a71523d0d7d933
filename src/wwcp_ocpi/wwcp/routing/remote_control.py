# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions that a provider begins and ends from afar: RemoteStart and RemoteStop, on their way to who runs the EVSE.

The operator of the place is asked; where he does not take part here, or says that he does not know the place, those who
know foreign operators are asked, one after the other by priority. What comes to nothing leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from msgspec.structs import replace

from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId, new_text
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.requests import ChargingLocation, RemoteStart, RemoteStop
from wwcp_ocpi.wwcp.model.result_codes import RemoteStartCode, RemoteStopCode
from wwcp_ocpi.wwcp.model.results import RemoteStartResult, RemoteStopResult, said
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.routing.asking import Failure, ask
from wwcp_ocpi.wwcp.routing.attached import Attached
from wwcp_ocpi.wwcp.routing.core import Core
from wwcp_ocpi.wwcp.routing.whereabouts import located

BEGUN = frozenset({RemoteStartCode.Success, RemoteStartCode.SuccessPlugInCableToStartCharging})
_NOT_HERE = frozenset({RemoteStartCode.UnknownLocation, RemoteStartCode.UnknownOperator, RemoteStartCode.NoOperation})
_NOT_HIS = frozenset({RemoteStopCode.InvalidSessionId, RemoteStopCode.UnknownOperator, RemoteStopCode.NoOperation})


class RemoteControl:
    """RemoteStart and RemoteStop."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def start(self, request: RemoteStart) -> RemoteStartResult:
        """Begin a session there. With AsyncOperation it is awaited until the operator reports it."""
        began = time.monotonic()
        result = await self._start(request)
        return replace(result, runtime_ms=round((time.monotonic() - began) * 1000))

    async def _start(self, request: RemoteStart) -> RemoteStartResult:
        core = self._core
        if request.location is None:
            return _refused(RemoteStartCode.UnknownLocation, "no place is told")
        if core.is_out_of_service:
            return _refused(RemoteStartCode.OutOfService, "the roaming network is out of service")
        missing = None
        try:
            location = located(core.network, request.location)
        except UnknownId as error:
            # A place that is not in our data may still be known to those who know foreign operators.
            location, missing = request.location, str(error)
        partners = list(self._who_runs(location, known=missing is None))
        if not partners:
            if missing is not None:
                return _refused(RemoteStartCode.UnknownLocation, missing)
            owner = location.charging_station_operator_id
            return _refused(RemoteStartCode.UnknownOperator, f"the operator {owner} takes no part in this network")
        id = request.session_id or self._new_id(request, location)
        request = replace(request, location=location, session_id=id)
        if not await core.new_session(self._awaited(request, id, location)):
            return _refused(RemoteStartCode.InvalidSessionId, f"there is a session {id} already")
        result, partner = _refused(RemoteStartCode.UnknownOperator, missing or "nobody runs it"), None
        try:
            for partner in partners:
                result = await self._ask_to_start(partner, request)
                if result.result not in _NOT_HERE:
                    break
        except asyncio.CancelledError:
            # Whoever asked has gone away; the operator may begin it all the same.
            await self._settled(id, _refused(RemoteStartCode.Timeout, "called off"), partner)
            raise
        kept = await self._settled(id, result, partner)
        return replace(result, session_id=kept)

    def _who_runs(self, location: ChargingLocation, *, known: bool) -> Iterator[Attached]:
        partners = self._core.partners
        _, roaming = partners.starters()
        owner = partners.operator(location.charging_station_operator_id) if known else None
        if owner is not None and owner.starter is not None:
            yield owner
        yield from roaming

    def _new_id(self, request: RemoteStart, location: ChargingLocation) -> ChargingSessionId:
        maker = request.provider_id or location.charging_station_operator_id
        return ChargingSessionId.of(maker) if maker else ChargingSessionId.parse(new_text())

    def _awaited(self, request: RemoteStart, id: ChargingSessionId, location: ChargingLocation) -> ChargingSession:
        core = self._core
        return ChargingSession(
            id=id,
            roaming_network_id=core.network.id,
            start=SessionStart(
                timestamp=core.now,
                cso_roaming_provider_id=request.roaming_provider_id,
                provider_id=request.provider_id,
                authentication=request.authentication,
                authentication_path=request.authentication_path,
            ),
            charging_station_operator_id=location.charging_station_operator_id,
            charging_pool_id=location.charging_pool_id,
            charging_station_id=location.charging_station_id,
            evse_id=location.evse_id,
            charging_connector_id=location.connector_id,
            charging_product=request.product,
            reservation_id=request.reservation_id,
            is_awaited=True,
            additional_context=request.additional_context,
        )

    async def _ask_to_start(self, partner: Attached, request: RemoteStart) -> RemoteStartResult:
        code = partner.starter
        assert code is not None
        result, _ = await ask(
            partner.name,
            "remote_start",
            lambda: code.remote_start(request),
            RemoteStartResult,
            _start_failed,
            self._core.options.verb_timeout_s,
        )
        return result

    async def _settled(
        self, id: ChargingSessionId, result: RemoteStartResult, partner: Attached | None
    ) -> ChargingSessionId | None:
        """Keep the session, or take it away again; the id under which it is kept.

        A time-out is no refusal: the operator may have started it, so the session is awaited on.
        """
        core = self._core
        code, other = result.result, result.session_id
        is_begun = code in BEGUN
        is_kept = is_begun or code in (RemoteStartCode.AsyncOperation, RemoteStartCode.Timeout)
        roaming = core.partners.emp_roaming_provider(partner.name) if partner is not None else None

        def decide(known: ChargingSession | None) -> ChargingSession | None:
            if known is None or not known.is_awaited:
                return known  # the operator has reported it already
            if not is_kept:
                return None
            start = replace(known.start, emp_roaming_provider_id=roaming.name if roaming else None)
            return replace(known, start=start, is_awaited=not is_begun)

        _, after = await core.change_session(id, decide)
        if after is None or other is None or other == id:
            return None if after is None else id
        # The operator calls it otherwise. His name is the one that he will use from here on.
        renamed = replace(after, id=other, emp_partner_session_id=after.emp_partner_session_id or str(id))
        if await core.new_session(renamed):
            await core.change_session(id, lambda _: None)
            return other
        return id

    async def stop(self, request: RemoteStop) -> RemoteStopResult:
        """End that session."""
        began = time.monotonic()
        result = await self._stop(request)
        runtime_ms = round((time.monotonic() - began) * 1000)
        return replace(result, session_id=request.session_id, runtime_ms=runtime_ms)

    async def _stop(self, request: RemoteStop) -> RemoteStopResult:
        core = self._core
        session = await core.sessions.get(request.session_id)
        if session is not None and session.stop is not None:
            return _stop_refused(RemoteStopCode.AlreadyStopped, f"the session ended at {session.stop.timestamp}")
        result = _stop_refused(RemoteStopCode.InvalidSessionId, f"nobody knows a session {request.session_id}")
        for partner in self._who_began(session):
            answer = await self._ask_to_stop(partner, request)
            if answer.result not in _NOT_HIS:
                result = answer
                break
        if session is not None and result.result is RemoteStopCode.Success:
            stop = SessionStop(
                timestamp=core.now,
                cso_roaming_provider_id=request.roaming_provider_id,
                provider_id=request.provider_id,
                authentication=request.authentication,
                authentication_path=request.authentication_path,
            )
            await core.end_session(session.id, stop)  # or the operator has reported its end meanwhile
        return result

    def _who_began(self, session: ChargingSession | None) -> list[Attached]:
        partners = self._core.partners
        operators, roaming = partners.starters()
        if session is None:
            return operators + roaming
        own = partners.operator(session.charging_station_operator_id)
        through = partners.emp_roaming_provider(session.start.emp_roaming_provider_id)
        first = [one for one in (through, own) if one is not None and one.starter is not None]
        return first + [one for one in operators + roaming if one not in first]

    async def _ask_to_stop(self, partner: Attached, request: RemoteStop) -> RemoteStopResult:
        code = partner.starter
        assert code is not None
        result, _ = await ask(
            partner.name,
            "remote_stop",
            lambda: code.remote_stop(request),
            RemoteStopResult,
            _stop_failed,
            self._core.options.verb_timeout_s,
        )
        return result


def _refused(code: RemoteStartCode, reason: str) -> RemoteStartResult:
    return RemoteStartResult(result=code, description=said(reason))


def _stop_refused(code: RemoteStopCode, reason: str) -> RemoteStopResult:
    return RemoteStopResult(result=code, description=said(reason))


def _start_failed(failure: Failure, reason: str) -> RemoteStartResult:
    return _refused(RemoteStartCode.Timeout if failure is Failure.TIMEOUT else RemoteStartCode.Error, reason)


def _stop_failed(failure: Failure, reason: str) -> RemoteStopResult:
    return _stop_refused(RemoteStopCode.Timeout if failure is Failure.TIMEOUT else RemoteStopCode.Error, reason)
