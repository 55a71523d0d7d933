# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charge detail records: what was charged, for good of OCPI 2.1.1."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, NonEmpty, Number
from wwcp_ocpi.scalars.text import CiString36, String255, String3, String36
from wwcp_ocpi.v2_1_1.enums import AuthMethod, CdrDimensionType
from wwcp_ocpi.v2_1_1.locations import Location
from wwcp_ocpi.v2_1_1.tariffs import Tariff


class CDR(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charge detail record: the only object that may be billed. Never changed once sent. Spec: mod_cdrs."""

    id: CiString36
    start_date_time: DateTime
    stop_date_time: DateTime
    auth_id: String36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: String3
    tariffs: list[Tariff] | None = None
    charging_periods: NonEmpty[ChargingPeriod]
    total_cost: Number
    total_energy: Number  # kWh
    total_time: Number  # hours
    total_parking_time: Number | None = None  # hours
    remark: String255 | None = None
    last_updated: DateTime


class CdrDimension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured quantity of a charging period. Spec: mod_cdrs."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of a session in which nothing that matters for the price changed; it ends where the next begins. Spec: mod_cdrs."""

    start_date_time: DateTime
    dimensions: NonEmpty[CdrDimension]
