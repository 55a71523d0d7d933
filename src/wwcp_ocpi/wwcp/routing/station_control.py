# SPDX-License-Identifier: AGPL-3.0-or-later
"""What only some operators can do: Unlock, and the charging profiles of sessions, on their way to who runs the EVSE.

Who cannot do it is not asked: the answer is NotSupported.
"""

from __future__ import annotations

import time

from msgspec.structs import replace

from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.requests import ChargingLocation
from wwcp_ocpi.wwcp.model.results import said
from wwcp_ocpi.wwcp.model.station_verbs import (
    ProfileCode,
    ProfileRequest,
    ProfileResult,
    Unlock,
    UnlockCode,
    UnlockResult,
)
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.routing.asking import Failure, ask
from wwcp_ocpi.wwcp.routing.attached import Attached
from wwcp_ocpi.wwcp.routing.core import Core
from wwcp_ocpi.wwcp.routing.whereabouts import located


class StationControl:
    """Unlock and profiles."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def can_unlock(self, location: ChargingLocation) -> bool:
        """Whether there is somebody to ask; True too for a place that is unknown, which has an answer of its own."""
        try:
            found = located(self._core.network, location)
        except UnknownId:
            return True
        return any(one.unlocker is not None for one in self._who_runs(found))

    def can_profile(self, session: ChargingSession) -> bool:
        """The same for the profile of a session."""
        return any(one.profile_setter is not None for one in self._who_runs_session(session))

    async def unlock(self, request: Unlock) -> UnlockResult:
        """Have the connector let go of the cable."""
        began = time.monotonic()
        result = await self._unlock(request)
        return replace(result, runtime_ms=round((time.monotonic() - began) * 1000))

    async def _unlock(self, request: Unlock) -> UnlockResult:
        core = self._core
        if core.is_out_of_service:
            return _not_unlocked(UnlockCode.OutOfService, "the roaming network is out of service")
        try:
            location = located(core.network, request.location)
        except UnknownId as error:
            return _not_unlocked(UnlockCode.UnknownLocation, str(error))
        if location.evse_id is None:
            return _not_unlocked(UnlockCode.UnknownLocation, "expected an EVSE, got a larger place")
        connectors = [one.id for one in core.network.evse(location.evse_id).charging_connectors]
        if location.connector_id is not None and location.connector_id not in connectors:
            reason = f"{location.evse_id} has no connector {location.connector_id}; there are {', '.join(connectors)}"
            return _not_unlocked(UnlockCode.UnknownConnector, reason)
        request = replace(request, location=location)
        for partner in self._who_runs(location):
            code = partner.unlocker
            if code is None:
                continue
            result, _ = await ask(
                partner.name,
                "unlock",
                lambda code=code: code.unlock(request),  # type: ignore[misc]
                UnlockResult,
                _unlock_failed,
                core.options.verb_timeout_s,
            )
            return result
        owner = location.charging_station_operator_id
        return _not_unlocked(UnlockCode.NotSupported, f"the operator {owner} cannot unlock connectors")

    async def profile(self, request: ProfileRequest) -> ProfileResult:
        """Set, clear or tell the profile of a session."""
        began = time.monotonic()
        result = await self._profile(request)
        return replace(result, runtime_ms=round((time.monotonic() - began) * 1000))

    async def _profile(self, request: ProfileRequest) -> ProfileResult:
        core = self._core
        session = await core.sessions.get(request.session_id)
        if session is None:
            return _no_profile(ProfileCode.InvalidSessionId, f"nobody knows a session {request.session_id}")
        if session.stop is not None:
            return _no_profile(ProfileCode.AlreadyStopped, f"the session ended at {session.stop.timestamp}")
        for partner in self._who_runs_session(session):
            code = partner.profile_setter
            if code is None:
                continue
            result, _ = await ask(
                partner.name,
                "charging_profile",
                lambda code=code: code.charging_profile(request),  # type: ignore[misc]
                ProfileResult,
                _profile_failed,
                core.options.verb_timeout_s,
            )
            return result
        owner = session.charging_station_operator_id
        return _no_profile(ProfileCode.NotSupported, f"the operator {owner} knows no charging profiles")

    def _who_runs(self, location: ChargingLocation) -> list[Attached]:
        partners = self._core.partners
        owner = partners.operator(location.charging_station_operator_id)
        return [*([owner] if owner is not None else []), *partners.of_foreign_operators()]

    def _who_runs_session(self, session: ChargingSession) -> list[Attached]:
        partners = self._core.partners
        through = partners.emp_roaming_provider(session.start.emp_roaming_provider_id)
        own = partners.operator(session.charging_station_operator_id)
        return [one for one in (through, own) if one is not None]


def _not_unlocked(code: UnlockCode, reason: str) -> UnlockResult:
    return UnlockResult(result=code, description=said(reason))


def _no_profile(code: ProfileCode, reason: str) -> ProfileResult:
    return ProfileResult(result=code, description=said(reason))


def _unlock_failed(failure: Failure, reason: str) -> UnlockResult:
    return _not_unlocked(UnlockCode.Timeout if failure is Failure.TIMEOUT else UnlockCode.Error, reason)


def _profile_failed(failure: Failure, reason: str) -> ProfileResult:
    return _no_profile(ProfileCode.Timeout if failure is Failure.TIMEOUT else ProfileCode.Error, reason)
