# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles of eMSPs, for operators whose stations follow them. Spec: mod_charging_profiles.

OCPI has its telling words (NOT_SUPPORTED, TOO_OFTEN, UNKNOWN_SESSION) in the answer at once and not in the result. So
the operator has a moment to decide before the partner is answered; who takes longer is accepted and reports later.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

import structlog

from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import (
    ProfileAction,
    ProfileAnswer,
    ProfileOutcome,
    ProfileReport,
    ProfileRequest,
)
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.v2_3_0 import chargingprofiles as ocpi
from wwcp_ocpi.v2_3_0.enums import ChargingProfileResultType, ChargingRateUnit
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.station_verbs import (
    ChargingProfile,
    ProfileCode,
    ProfilePeriod,
    ProfileResult,
    ProfileVerb,
    RateUnit,
)
from wwcp_ocpi.wwcp.model.station_verbs import ProfileRequest as WWCPRequest
from wwcp_ocpi.wwcp.ocpi.charging_words import PROFILE
from wwcp_ocpi.wwcp.ocpi.cso.payers import payer_of
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.ocpi.cso.session_ids import SessionIds
from wwcp_ocpi.wwcp.ocpi.inward.names import provider_id_of
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()

MOMENT_S = 2.0
GRACE_S = 5
_AT_ONCE: Mapping[ProfileCode, str] = {
    ProfileCode.NotSupported: "NOT_SUPPORTED",
    ProfileCode.UnknownOperator: "NOT_SUPPORTED",
    ProfileCode.TooOften: "TOO_OFTEN",
    ProfileCode.InvalidSessionId: "UNKNOWN_SESSION",
    ProfileCode.AlreadyStopped: "UNKNOWN_SESSION",
    ProfileCode.Rejected: "REJECTED",
}
_VERB = {
    ProfileAction.SET: ProfileVerb.SET,
    ProfileAction.CLEAR: ProfileVerb.CLEAR,
    ProfileAction.GET: ProfileVerb.GET,
}
_UNIT = {RateUnit.A: ChargingRateUnit.A, RateUnit.W: ChargingRateUnit.W}
_UNIT_BACK = {there: here for here, there in _UNIT.items()}


class Profiling:
    """The ProfileOperator of the adapter.

    Args:
        moment_s: how long an operator may think before the partner is answered for it.
    """

    def __init__(
        self, name: str, network: RoamingNetwork, ids: SessionIds, scope: Scope, *, moment_s: float = MOMENT_S
    ) -> None:
        self.moment_s = moment_s
        self._name = name
        self._network = network
        self._ids = ids
        self._scope = scope
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
        """Answer at once where that can be known, else when the operator has answered."""
        id = await self._ids.session_id(asked.session_id)
        session = await self._network.session(id) if id is not None else None
        payer = payer_of(session)
        if session is None or payer is None or not self._may(asked, payer.partner, session):
            return ProfileAnswer(result="UNKNOWN_SESSION", timeout_s=0)
        if not self._network.can_profile(session):
            return ProfileAnswer(result="NOT_SUPPORTED", timeout_s=0)
        try:
            profile = profile_in(asked.profile, asked.version) if asked.profile is not None else None
        except OCPIError as error:
            log.warning("wwcp.profile_unreadable", partner=asked.partner, error=str(error))
            return ProfileAnswer(result="REJECTED", timeout_s=0)
        request = WWCPRequest(
            verb=_VERB[asked.action],
            session_id=session.id,
            profile=profile,
            duration_s=asked.duration_s,
            provider_id=provider_id_of(PartyId.of(payer.token.country_code, payer.token.party_id)),
            roaming_provider_id=self._name,
        )
        asking = asyncio.get_running_loop().create_task(self._network.charging_profile(request))
        done, _ = await asyncio.wait({asking}, timeout=self.moment_s)
        if done:
            word = _AT_ONCE.get(asking.result().result)
            if word is not None:
                return ProfileAnswer(result=word, timeout_s=0)
        self._later(asked, report, asking)
        return ProfileAnswer(result="ACCEPTED", timeout_s=math.ceil(self._network.options.verb_timeout_s) + GRACE_S)

    async def settle(self) -> None:
        """Wait until all that was accepted is reported."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _may(self, asked: ProfileRequest, partner: str, session: ChargingSession) -> bool:
        """Whether the partner may: its own session. Of contracts of an SCSP with eMSPs WWCP knows nothing (CHP-01)."""
        is_included = self._scope.has(self._network.places, session.charging_pool_id, session.evse_id)
        return is_included and partner == asked.partner

    def _later(self, asked: ProfileRequest, report: ProfileReport, asking: asyncio.Task[ProfileResult]) -> None:
        async def do() -> None:
            try:
                await report(outcome_of(await asking, asked.action))
            except Exception:
                # The edge of a background task.
                log.exception("wwcp.profile_not_reported", partner=asked.partner, action=asked.action.value)

        task = asyncio.get_running_loop().create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def outcome_of(result: ProfileResult, action: ProfileAction) -> ProfileOutcome:
    """The result as OCPI words it; a GET without a profile is UNKNOWN."""
    word = PROFILE.get(result.result, ChargingProfileResultType.REJECTED)
    if action is not ProfileAction.GET or word is not ChargingProfileResultType.ACCEPTED:
        return ProfileOutcome(result=word.value)
    if result.profile is None or result.profile.start_time is None:
        return ProfileOutcome(result=ChargingProfileResultType.UNKNOWN.value)
    active = ocpi.ActiveChargingProfile(
        start_date_time=result.profile.start_time, charging_profile=ocpi_profile(result.profile)
    )
    return ProfileOutcome(result=word.value, profile=codec.encode(active))


def ocpi_profile(profile: ChargingProfile) -> ocpi.ChargingProfile:
    """The profile as OCPI has it."""
    periods = [ocpi.ChargingProfilePeriod(start_period=one.start_s, limit=one.limit) for one in profile.periods]
    return ocpi.ChargingProfile(
        start_date_time=profile.start_time,
        duration=profile.duration_s,
        charging_rate_unit=_UNIT[profile.unit],
        min_charging_rate=profile.min_rate,
        charging_profile_period=periods or None,
    )


def profile_in(body: bytes, version: str) -> ChargingProfile:
    """A profile of a partner.

    Raises:
        OCPIError: it is none.
    """
    told = convert(body, "ChargingProfile", version, VERSION.number, Context(traces=False))
    profile = codec.decode(ocpi.ChargingProfile, told.body)
    return ChargingProfile(
        unit=_UNIT_BACK[profile.charging_rate_unit],
        start_time=profile.start_date_time,
        duration_s=profile.duration,
        min_rate=profile.min_charging_rate,
        periods=tuple(
            ProfilePeriod(start_s=one.start_period, limit=one.limit) for one in profile.charging_profile_period or ()
        ),
    )
