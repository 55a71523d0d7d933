# SPDX-License-Identifier: AGPL-3.0-or-later
"""What WWCP has no verb for and stations can do all the same: free a connector, follow a charging profile.

Both are our additions, in the form of the other verbs: a request, a code, a reason for people.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.requests import ChargingLocation
from wwcp_ocpi.wwcp.model.texts import WWCPText


class UnlockCode(WWCPText):
    """Is the connector free?"""

    UnknownLocation = "UnknownLocation"
    UnknownOperator = "UnknownOperator"
    UnknownConnector = "UnknownConnector"
    NotSupported = "NotSupported"
    SessionOngoing = "SessionOngoing"
    OutOfService = "OutOfService"
    Offline = "Offline"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    Rejected = "Rejected"
    Failed = "Failed"
    Timeout = "Timeout"
    Error = "Error"


class Unlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A provider wants the connector to let go of the cable. The location names the EVSE and the connector."""

    location: ChargingLocation = msgspec.field(name="chargingLocation")
    provider_id: EMobilityProviderId | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class UnlockResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether it let go."""

    result: UnlockCode
    description: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class RateUnit(WWCPText):
    """What the limits of a profile are: the current of each phase, or the power of all."""

    A = "A"
    W = "W"


class ProfilePeriod(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """From so many seconds after the start of the profile on, no more than that."""

    start_s: int = msgspec.field(name="start")  # s
    limit: Decimal  # A or W


class ChargingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Limits over time. Without a start it begins with the session, without a duration it holds until its end."""

    unit: RateUnit
    start_time: DateTime | None = None
    duration_s: int | None = msgspec.field(default=None, name="duration")  # s
    min_rate: Decimal | None = None  # A or W
    periods: tuple[ProfilePeriod, ...] = ()
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ProfileVerb(Enum):
    """What is wanted with the profile of a session."""

    SET = "set"
    CLEAR = "clear"
    GET = "get"


class ProfileCode(WWCPText):
    """Does the session follow it? NoProfile: there is none to be cleared or told."""

    InvalidSessionId = "InvalidSessionId"
    AlreadyStopped = "AlreadyStopped"
    UnknownOperator = "UnknownOperator"
    NotSupported = "NotSupported"
    TooOften = "TooOften"
    NoProfile = "NoProfile"
    OutOfService = "OutOfService"
    Offline = "Offline"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    Rejected = "Rejected"
    Timeout = "Timeout"
    Error = "Error"


class ProfileRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A provider wants a session to follow a profile, no profile, or to know which one it follows.

    `profile` comes with SET, `duration_s` with GET: for how long from now on the limits are wanted.
    """

    verb: ProfileVerb
    session_id: ChargingSessionId = msgspec.field(name="chargingSessionId")
    profile: ChargingProfile | None = msgspec.field(default=None, name="chargingProfile")
    duration_s: int | None = msgspec.field(default=None, name="duration")  # s
    provider_id: EMobilityProviderId | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ProfileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What became of it; `profile` is the answer to a GET."""

    result: ProfileCode
    profile: ChargingProfile | None = msgspec.field(default=None, name="chargingProfile")
    description: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")
