# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charge detail records of OCPI 2.1.1: what was charged, for good."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, NonEmpty, Number
from wwcp_ocpi.scalars.text import CiString36, String3, String36, String255
from wwcp_ocpi.v2_1_1.enums import AuthMethod, CdrDimensionType
from wwcp_ocpi.v2_1_1.locations import Location
from wwcp_ocpi.v2_1_1.tariffs import Tariff


class CDR(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charge detail record: the only object that may be billed. Never changed once sent.

    Spec: mod_cdrs#31-cdr-object
    """

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
    total_cost: Number  # without VAT
    total_energy: Number  # kWh
    total_time: Number  # hours
    total_parking_time: Number | None = None  # hours in which no energy flowed
    remark: String255 | None = None
    last_updated: DateTime


class CdrDimension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured quantity of a charging period. Spec: mod_cdrs#42-cdrdimension-class."""

    type: CdrDimensionType
    volume: Number  # in the unit of its type


class ChargingPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of a session during which the price did not change; it ends where the next begins.

    Spec: mod_cdrs#44-chargingperiod-class
    """

    start_date_time: DateTime
    dimensions: NonEmpty[CdrDimension]
