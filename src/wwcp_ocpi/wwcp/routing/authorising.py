# SPDX-License-Identifier: AGPL-3.0-or-later
"""May a driver begin, may he end: ask everybody who may know him at once, and take the best answer.

ALLOWED wins over everything, whoever says it. Without it the most serious refusal counts, since it tells most: blocked,
then expired, then without credit, then simply not known. That somebody failed to answer counts only when nobody knew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId, new_text
from wwcp_ocpi.wwcp.model.authentication import Authentication, token_text
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, AuthorizeStop
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, AuthStopCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult, said
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.routing.asking import Failure, ask
from wwcp_ocpi.wwcp.routing.attached import Attached
from wwcp_ocpi.wwcp.routing.auth_cache import AuthCache, RateLimit
from wwcp_ocpi.wwcp.routing.core import Core
from wwcp_ocpi.wwcp.routing.whereabouts import located

_C = TypeVar("_C", AuthStartCode, AuthStopCode)

START_RANKS = {
    AuthStartCode.Authorized: 0,
    AuthStartCode.Blocked: 1,
    AuthStartCode.Expired: 2,
    AuthStartCode.NoCredit: 3,
    AuthStartCode.NotAuthorized: 4,
    AuthStartCode.CommunicationTimeout: 6,
    AuthStartCode.Error: 7,
    AuthStartCode.Unspecified: 8,
}
STOP_RANKS = {
    AuthStopCode.Authorized: 0,
    AuthStopCode.Blocked: 1,
    AuthStopCode.Expired: 2,
    AuthStopCode.NoCredit: 3,
    AuthStopCode.NotAuthorized: 4,
    AuthStopCode.CommunicationTimeout: 6,
    AuthStopCode.Error: 7,
    AuthStopCode.Unspecified: 8,
}
_OTHER_RANK = 5
"""What stands in no table: a reason of the partner's own, before those of partners that did not answer."""
_DEFINITE = 4
"""Up to this rank somebody knew the driver, or knew that he does not."""
NOBODY = "no authorization service gave a positive answer"


class Authorising:
    """The two verbs of a station: AuthorizeStart and AuthorizeStop."""

    def __init__(self, core: Core) -> None:
        self._core = core
        options = core.options
        self.cache = AuthCache(ttl_s=options.auth_cache_ttl_s, size=options.auth_cache_size)
        self._limit = RateLimit(count=options.auth_rate_limit, window_s=options.auth_rate_window_s)
        self._invalid = frozenset(token_text(token) for token in options.invalid_tokens)
        self._uncached = frozenset(token_text(token) for token in options.uncached_tokens)

    async def start(self, request: AuthorizeStart, brought_by: str | None = None) -> AuthStartResult:
        """May he begin? When he may, there is a session from here on, with the id in the answer."""
        began = time.monotonic()
        result = await self._start(request, brought_by)
        core = self._core
        return replace(
            result,
            authorizator_id=result.authorizator_id or core.network.id,
            response_timestamp=result.response_timestamp or core.now,
            runtime_ms=round((time.monotonic() - began) * 1000),
        )

    async def _start(self, request: AuthorizeStart, brought_by: str | None) -> AuthStartResult:
        core = self._core
        if core.is_out_of_service:
            return _refused(AuthStartCode.AdminDown, "the roaming network is out of service")
        if request.location is not None:
            try:
                request = replace(request, location=located(core.network, request.location))
            except UnknownId as error:
                return _refused(AuthStartCode.UnknownLocation, str(error))
        token = _token(request.authentication)
        if token in self._invalid:
            return _refused(AuthStartCode.InvalidToken, "this is the serial number of no card")
        if request.session_id is not None and await core.sessions.get(request.session_id) is not None:
            return _refused(AuthStartCode.InvalidSessionId, f"there is a session {request.session_id} already")
        now = core.now
        # What somebody said who is not asked now is no answer, nor is one without him an answer for everybody.
        is_cached = brought_by is None and token not in self._uncached
        result = self.cache.find(request, now) if is_cached else None
        if result is None:
            location = request.location
            place = str(location.evse_id or location.charging_pool_id or "") if location else ""
            if not self._limit.allows(place, now):
                return _refused(AuthStartCode.RateLimitReached, "too many questions from this place; try again later")
            result = await self._ask_all(request, brought_by)
            if is_cached:
                self.cache.put(request, result, core.now)
        return await self._begun(request, result, now) if result.result is AuthStartCode.Authorized else result

    async def _ask_all(self, request: AuthorizeStart, brought_by: str | None) -> AuthStartResult:
        asked = [one for one in self._core.partners.authorizers(request.provider_id) if one.name != brought_by]
        if not asked:
            return _refused(AuthStartCode.NotAuthorized, f"{NOBODY}: there is none")
        return await self.first_or_best(request, asked)

    async def first_or_best(self, request: AuthorizeStart, asked: Iterable[Attached]) -> AuthStartResult:
        """Ask these at once: the first who allows it, else the best of all answers, each within the same deadline."""

        async def one(partner: Attached) -> AuthStartResult:
            code = partner.authorizer
            assert code is not None
            result, _ = await ask(
                partner.name,
                "authorize_start",
                lambda: code.authorize_start(request),
                AuthStartResult,
                _start_failed,
                self._core.options.auth_timeout_s,
            )
            return replace(result, authorizator_id=result.authorizator_id or partner.name)

        best: AuthStartResult | None = None
        tasks = [asyncio.create_task(one(partner)) for partner in asked]
        try:
            for done in asyncio.as_completed(tasks):
                result = await done
                if best is None or _rank(result.result, START_RANKS) < _rank(best.result, START_RANKS):
                    best = result
                if best.result is AuthStartCode.Authorized:
                    break
        finally:
            await _call_off(tasks)
        return best or _refused(AuthStartCode.NotAuthorized, NOBODY)

    async def _begun(self, request: AuthorizeStart, result: AuthStartResult, now: DateTime) -> AuthStartResult:
        """Make the session. Two that begin with the same id at the same moment: one has it."""
        core, location = self._core, request.location
        id = request.session_id or result.session_id
        if id is None or (request.session_id is None and await core.sessions.get(id) is not None):
            id = ChargingSessionId.of(result.provider_id) if result.provider_id else ChargingSessionId.parse(new_text())
        result = replace(result, session_id=id)
        partner = core.partners.authorizer(result.authorizator_id)
        is_local = partner is not None and core.partners.provider(result.provider_id) is partner
        session = ChargingSession(
            id=id,
            roaming_network_id=core.network.id,
            start=SessionStart(
                timestamp=now,
                cso_roaming_provider_id=None if is_local or partner is None else partner.name,
                authorizator_id=result.authorizator_id,
                provider_id=result.provider_id,
                authentication=request.authentication,
                auth_start_result=replace(result, additional_context=None),
            ),
            charging_station_operator_id=location.charging_station_operator_id if location else None,
            charging_pool_id=location.charging_pool_id if location else None,
            charging_station_id=location.charging_station_id if location else None,
            evse_id=location.evse_id if location else None,
            charging_connector_id=location.connector_id if location else None,
            charging_product=request.product,
            cpo_partner_session_id=request.cpo_partner_session_id,
            emp_partner_session_id=result.emp_partner_session_id,
            additional_context=result.additional_context,
        )
        if not await core.new_session(session):
            return _refused(AuthStartCode.InvalidSessionId, f"there is a session {id} already")
        return result

    async def stop(self, request: AuthorizeStop) -> AuthStopResult:
        """May he end it? When he may, the session is over."""
        began = time.monotonic()
        result = await self._stop(request)
        return replace(
            result,
            session_id=request.session_id,
            authorizator_id=result.authorizator_id or self._core.network.id,
            response_timestamp=result.response_timestamp or self._core.now,
            runtime_ms=round((time.monotonic() - began) * 1000),
        )

    async def _stop(self, request: AuthorizeStop) -> AuthStopResult:
        core = self._core
        if _token(request.authentication) in self._invalid:
            return _stop_refused(AuthStopCode.InvalidToken, "this is the serial number of no card")
        if request.location is not None:
            try:
                request = replace(request, location=located(core.network, request.location))
            except UnknownId as error:
                return _stop_refused(AuthStopCode.UnknownLocation, str(error))
        if not self._limit.allows(f"session {request.session_id.canonical}", core.now):
            return _stop_refused(
                AuthStopCode.RateLimitReached, "too many questions about this session; try again later"
            )
        session = await core.sessions.get(request.session_id)
        if session is not None and session.stop is not None:
            return _stop_refused(AuthStopCode.AlreadyStopped, f"the session ended at {session.stop.timestamp}")
        result = await self._ask_to_stop(request, session)
        if result.result is AuthStopCode.Authorized and session is not None:
            stop = SessionStop(
                timestamp=core.now,
                authorizator_id=result.authorizator_id,
                provider_id=result.provider_id,
                authentication=request.authentication,
                auth_stop_result=replace(result, additional_context=None),
            )
            if not await core.end_session(session.id, stop):
                return _stop_refused(AuthStopCode.AlreadyStopped, "the session ended a moment ago")
        return result

    async def _ask_to_stop(self, request: AuthorizeStop, session: ChargingSession | None) -> AuthStopResult:
        """First whoever let the session begin; all of them where he is gone or knows nothing of this driver."""
        partners, asked = self._core.partners, None
        if session is not None:
            start = session.start
            own = partners.provider(start.provider_id)
            asked = own if own is not None and own.authorizer else partners.authorizer(start.cso_roaming_provider_id)
        best: AuthStopResult | None = None
        if asked is not None:
            best = await self._ask_one_to_stop(request, asked)
            if best.result in _SETTLED:
                return best
        others = [one for one in partners.authorizers(request.provider_id) if one != asked]
        tasks = [asyncio.create_task(self._ask_one_to_stop(request, one)) for one in others]
        try:
            for done in asyncio.as_completed(tasks):
                result = await done
                if best is None or _rank(result.result, STOP_RANKS) < _rank(best.result, STOP_RANKS):
                    best = result
                if best.result is AuthStopCode.Authorized:
                    break
        finally:
            await _call_off(tasks)
        return best or _stop_refused(AuthStopCode.NotAuthorized, NOBODY)

    async def _ask_one_to_stop(self, request: AuthorizeStop, partner: Attached) -> AuthStopResult:
        code = partner.authorizer
        assert code is not None
        result, _ = await ask(
            partner.name,
            "authorize_stop",
            lambda: code.authorize_stop(request),
            AuthStopResult,
            _stop_failed,
            self._core.options.auth_timeout_s,
        )
        return replace(result, authorizator_id=result.authorizator_id or partner.name)


def _token(authentication: Authentication) -> str | None:
    return None if authentication.auth_token is None else token_text(authentication.auth_token)


_SETTLED = frozenset({AuthStopCode.Authorized, AuthStopCode.Blocked, AuthStopCode.AlreadyStopped})


def _rank(code: _C, ranks: dict[_C, int]) -> int:
    return ranks.get(code, _OTHER_RANK)


def _refused(code: AuthStartCode, reason: str) -> AuthStartResult:
    return AuthStartResult(result=code, description=said(reason))


def _stop_refused(code: AuthStopCode, reason: str) -> AuthStopResult:
    return AuthStopResult(result=code, description=said(reason))


def _start_failed(failure: Failure, reason: str) -> AuthStartResult:
    is_late = failure is Failure.TIMEOUT
    return _refused(AuthStartCode.CommunicationTimeout if is_late else AuthStartCode.Error, reason)


def _stop_failed(failure: Failure, reason: str) -> AuthStopResult:
    is_late = failure is Failure.TIMEOUT
    return _stop_refused(AuthStopCode.CommunicationTimeout if is_late else AuthStopCode.Error, reason)


async def _call_off(tasks: list[asyncio.Task[AuthStartResult]] | list[asyncio.Task[AuthStopResult]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
