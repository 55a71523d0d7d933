# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions of OCPI 2.1.1: what is charging now."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Number
from wwcp_ocpi.scalars.text import String3, String36, String255
from wwcp_ocpi.v2_1_1.cdrs import ChargingPeriod
from wwcp_ocpi.v2_1_1.enums import AuthMethod, SessionStatus
from wwcp_ocpi.v2_1_1.locations import Location


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charging session while it runs. Spec: mod_sessions#31-session-object."""

    id: String36
    start_datetime: DateTime
    end_datetime: DateTime | None = None
    kwh: Number  # kWh
    auth_id: String36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: String3
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Number | None = None  # without VAT
    status: SessionStatus
    last_updated: DateTime
