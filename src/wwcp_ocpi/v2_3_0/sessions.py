# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions of OCPI 2.3.0: what is charging now."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Number
from wwcp_ocpi.scalars.text import CiString2, CiString3, CiString36, CiString36OrNA, String3, String255
from wwcp_ocpi.v2_3_0.cdrs import CdrToken, ChargingPeriod
from wwcp_ocpi.v2_3_0.enums import AuthMethod, ProfileType, SessionStatus
from wwcp_ocpi.v2_3_0.types import Price


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charging session while it runs. Spec: mod_sessions#mod_sessions_session_object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number  # kWh
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: CiString36
    evse_uid: CiString36OrNA
    connector_id: CiString36OrNA
    meter_id: String255 | None = None
    currency: String3
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime


class ChargingPreferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the driver wishes: when to leave, how much energy, cheap or fast or green.

    Spec: mod_sessions#mod_sessions_charging_preferences_object
    """

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None  # kWh
    discharge_allowed: bool | None = None
