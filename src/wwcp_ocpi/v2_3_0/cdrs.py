# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charge detail records of OCPI 2.3.0: what was charged, for good."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int, NonEmpty, Number
from wwcp_ocpi.scalars.text import (
    CiString2,
    CiString3,
    CiString32,
    CiString36,
    CiString36OrNA,
    CiString39,
    CiString48OrNA,
    String3,
    String10,
    String20,
    String45,
    String255,
    String512,
    String5000,
)
from wwcp_ocpi.v2_3_0.enums import (
    AuthMethod,
    CdrDimensionType,
    ConnectorFormat,
    ConnectorType,
    PowerType,
    TokenType,
)
from wwcp_ocpi.v2_3_0.locations import GeoLocation
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.v2_3_0.types import Price


class CDR(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charge detail record: the only object that may be billed. Never changed once sent.

    Spec: mod_cdrs#mod_cdrs_cdr_object
    """

    country_code: CiString2
    party_id: CiString3
    id: CiString39
    start_date_time: DateTime
    end_date_time: DateTime
    booking_id: CiString36 | None = None
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: String255 | None = None
    currency: String3
    tariffs: list[Tariff] | None = None
    charging_periods: NonEmpty[ChargingPeriod]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number  # kWh
    total_energy_cost: Price | None = None
    total_time: Number  # hours
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None  # hours in which no energy flowed
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: CiString39 | None = None
    credit: bool | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: bool | None = None
    last_updated: DateTime


class CdrDimension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured quantity of a charging period. Spec: mod_cdrs#mod_cdrs_cdrdimension_class."""

    type: CdrDimensionType
    volume: Number  # in the unit of its type


class CdrLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a Location that a CDR keeps: where this session was.

    Spec: mod_cdrs#mod_cdrs_cdr_location_class
    """

    id: CiString36
    name: String255 | None = None
    address: String45
    city: String45
    postal_code: String10 | None = None
    state: String20 | None = None
    country: String3
    coordinates: GeoLocation
    evse_uid: CiString36OrNA
    evse_id: CiString48OrNA
    connector_id: CiString36OrNA
    connector_standard: ConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class CdrToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a Token that a CDR keeps: who charged. Spec: mod_cdrs#mod_cdrs_cdr_token_object."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: TokenType
    contract_id: CiString36


class ChargingPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of a session during which the price did not change; it ends where the next begins.

    Spec: mod_cdrs#mod_cdrs_chargingperiod_class
    """

    start_date_time: DateTime
    dimensions: NonEmpty[CdrDimension]
    tariff_id: CiString36 | None = None


class SignedData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Meter values with the signature of the meter. Spec: mod_cdrs#mod_cdrs_signed_data_class."""

    encoding_method: CiString36
    encoding_method_version: Int | None = None
    public_key: String512 | None = None
    signed_values: NonEmpty[SignedValue]
    url: String512 | None = None


class SignedValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One signed meter value, as the meter wrote it. Spec: mod_cdrs#mod_cdrs_signed_value_class."""

    nature: CiString32
    plain_data: String5000
    signed_data: String5000
