# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles of OCPI 2.2.1: smart charging of a running session."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int
from wwcp_ocpi.scalars.numbers import NumberOfOneDecimal
from wwcp_ocpi.scalars.text import URL
from wwcp_ocpi.v2_2_1.enums import ChargingProfileResponseType, ChargingProfileResultType, ChargingRateUnit


class ChargingProfileResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The direct answer to a charging-profile request; the result follows later.

    Spec: mod_charging_profiles#mod_charging_profiles_response_object
    """

    result: ChargingProfileResponseType
    timeout: Int  # seconds


class ActiveChargingProfileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The later answer to the question for the active profile.

    Spec: mod_charging_profiles#mod_charging_profiles_active_charging_profiles_result_object
    """

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The later result of setting a charging profile.

    Spec: mod_charging_profiles#mod_charging_profiles_charging_profiles_result_object
    """

    result: ChargingProfileResultType


class ClearProfileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The later result of clearing a charging profile.

    Spec: mod_charging_profiles#mod_charging_profiles_clear_profiles_result_object
    """

    result: ChargingProfileResultType


class SetChargingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charging profile for a session, and where its result goes.

    Spec: mod_charging_profiles#mod_charging_profiles_set_charging_profile_object
    """

    charging_profile: ChargingProfile
    response_url: URL


class ActiveChargingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The profile that a charge point follows now.

    Spec: mod_charging_profiles#mod_charging_profiles_active_charging_profile_class
    """

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits on power or current over time, from the start of the profile.

    Spec: mod_charging_profiles#mod_charging_profiles_charging_profile_class
    """

    start_date_time: DateTime | None = None
    duration: Int | None = None  # seconds
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: NumberOfOneDecimal | None = None  # A or W
    charging_profile_period: list[ChargingProfilePeriod] | None = None


class ChargingProfilePeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a charging profile.

    Spec: mod_charging_profiles#mod_charging_profiles_charging_profile_period_class
    """

    start_period: Int  # seconds from the start of the profile
    limit: NumberOfOneDecimal  # A or W
