# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charge this Session no faster than that. The question of an eMSP or SCSP to the CPO, and what the CPO tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Protocol, TypeAlias

import msgspec
import structlog

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions.replies import Outcome, Reply

log = structlog.get_logger()


class ProfileAction(Enum):
    """What is asked for a Session."""

    SET = "set_profile"
    CLEAR = "clear_profile"
    GET = "get_profile"


class ProfileRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A partner asks for something to be done with the charging profile of a Session.

    `id` is ours, and new with every request. `parties` are those of ours that are asked. `profile` is the
    ChargingProfile of a SET as it came, in this version. `duration_s` is what a GET wants to know, in seconds from now.
    `is_foreign`: the Session is another partner's. Only an SCSP gets that far, and its contract must allow it (CHP-01).
    """

    id: str
    partner: str
    version: str
    action: ProfileAction
    parties: tuple[PartyId, ...]
    session_id: str
    profile: bytes | None = None
    duration_s: int | None = None
    is_foreign: bool = False


class ProfileAnswer(Reply, frozen=True, kw_only=True):
    """What is said at once: a word of ChargingProfileResponseType, TOO_OFTEN among them (CHP-11)."""


class ProfileOutcome(Outcome, frozen=True, kw_only=True):
    """What the charge point said: a word of ChargingProfileResultType.

    `profile` is the ActiveChargingProfile that a GET asked for, as JSON. Without a profile in force it shows the
    capacity of the EVSE (CHP-06).
    """

    profile: bytes | None = None


ProfileReport: TypeAlias = Callable[[ProfileOutcome], Awaitable[None]]
"""Tells the outcome of one request. The first one counts; after the timeout it is too late."""


class ProfileOperator(Protocol):
    """Handles charging profiles for the CPO."""

    async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
        """Decide within seconds, before the charge point has answered; `report` its answer when it comes."""
        ...


class NoProfileOperator:
    """Knows no charging profiles, and says so."""

    async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
        """Refuse: NOT_SUPPORTED."""
        return ProfileAnswer(result="NOT_SUPPORTED")


NO_PROFILE_OPERATOR = NoProfileOperator()


class ProfileUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A CPO tells which profile a charge point follows from now on. `profile` is the ActiveChargingProfile as it came.

    The Session is that of `owner`, as this partner gave it to us.
    """

    partner: str
    version: str
    owner: PartyId
    session_id: str
    profile: bytes


class ProfileListener(Protocol):
    """Hears for the eMSP or SCSP of profiles that were changed by others."""

    async def changed(self, update: ProfileUpdate) -> None:
        """Take note, within seconds."""
        ...


class LoggedProfiles:
    """Takes note in the log alone."""

    async def changed(self, update: ProfileUpdate) -> None:
        """One line, without the profile."""
        log.info("profile.changed", partner=update.partner, session=update.session_id)
