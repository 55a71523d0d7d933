# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bookings of OCPI 2.3.0: a charge point for a time ahead."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int, NonEmpty, Number
from wwcp_ocpi.scalars.text import URL, CiString2, CiString3, CiString36, CiString36OrNA, String
from wwcp_ocpi.v2_3_0.enums import (
    AccessMethod,
    CanceledReason,
    ConnectorFormat,
    ConnectorType,
    EVSEPosition,
    PowerType,
    ReservationRequestStatus,
    ReservationStatus,
    Role,
    TokenType,
    VehicleType,
)


class Booking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booked charge point, as the CPO keeps it. Spec: mod_bookings#mod_bookings_booking_object."""

    id: CiString36
    country_code: CiString2
    party_id: CiString3
    request_id: CiString36
    booking_option: BookingOption | None = None
    location_id: CiString36
    booking_tokens: list[BookingToken] | None = None
    tariff_ids: list[CiString36] | None = None
    period: Timeslot
    reservation_status: ReservationStatus
    canceled: Cancellation | None = None
    access_information: list[AccessInformation] | None = None
    authorization_reference: CiString36
    booking_terms: BookingTerms
    booking_requests: NonEmpty[BookingRequestStatus]
    last_updated: DateTime


class BookingLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be booked at a Location, and under which terms.

    Spec: mod_bookings#mod_bookings_bookinglocation_object
    """

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    location_id: CiString36
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: list[CiString36] | None = None
    booking_terms: BookingTerms | None = None
    calendars: list[Calendar] | None = None
    last_updated: DateTime


class Calendar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a BookingLocation is free. Spec: mod_bookings#mod_bookings_calendar_object."""

    id: CiString36
    begin_from: DateTime
    end_before: DateTime
    timeslot_increment: Int | None = None  # minutes
    available_timeslots: NonEmpty[Timeslot]
    last_updated: DateTime


class AccessInformation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a booked driver gets in. Spec: mod_bookings#mod_bookings_access_information_class."""

    method: AccessMethod
    value: String | None = None


class BookingOption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must be true of the charge point that is booked.

    Spec: mod_bookings#mod_bookings_booking_option_class
    """

    evse_uid: CiString36OrNA | None = None
    connector_id: CiString36 | None = None
    parking_id: CiString36 | None = None
    evse_position: list[EVSEPosition] | None = None
    vehicle_types: list[VehicleType] | None = None
    connector_format: list[ConnectorFormat] | None = None
    connector_types: list[ConnectorType] | None = None
    power_types: list[PowerType] | None = None
    max_vehicle_weight: Number | None = None  # kg
    max_vehicle_height: Number | None = None  # cm
    max_vehicle_length: Number | None = None  # cm
    max_vehicle_width: Number | None = None  # cm
    min_parking_space_length: Number | None = None  # cm
    min_parking_space_width: Number | None = None  # cm
    dangerous_goods_allowed: bool | None = None
    drive_through: bool | None = None
    refrigeration_outlet: bool | None = None


class BookingRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an eMSP asks for: a booking, its change, or its end.

    Spec: mod_bookings#mod_bookings_request_class
    """

    country_code: CiString2
    party_id: CiString3
    request_id: CiString36
    booking_option: BookingOption | None = None
    location_id: CiString36
    booking_location_id: CiString36
    tokens: list[BookingToken] | None = None
    access_information: list[AccessInformation] | None = None
    period: Period
    authorization_reference: CiString36
    power_required: Int | None = None  # kW
    canceled: Cancellation | None = None


class BookingRequestStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request for a booking and what became of it.

    Spec: mod_bookings#mod_bookings_request_status_class
    """

    request_status: ReservationRequestStatus
    booking_request: BookingRequest
    request_received: DateTime


class BookingTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The conditions of a booking. Spec: mod_bookings#mod_bookings_booking_terms_class."""

    rfid_auth_required: bool | None = None
    token_groups_supported: bool | None = None
    remote_auth_supported: bool | None = None
    supported_access_methods: NonEmpty[AccessMethod]
    change_until_minutes: Number  # before the start
    cancel_until_minutes: Number  # before the start
    change_not_allowed: bool | None = None
    early_start_allowed: bool | None = None
    early_start_time: Number | None = None  # minutes
    noshow_timeout: Number | None = None  # minutes after the start; None for no time-out
    noshow_fee: bool | None = None
    late_stop_allowed: bool | None = None
    late_stop_time: Number | None = None  # minutes
    overlapping_bookings_allowed: bool | None = None
    min_booking_duration: Number | None = None  # minutes
    max_booking_duration: Number | None = None  # minutes
    booking_terms: URL | None = None


class BookingToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which Token may start the booked session. Spec: mod_bookings#mod_bookings_booking_token_object."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: TokenType
    contract_id: CiString36


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who ended a booking, and why. Spec: mod_bookings#mod_bookings_cancellation_class."""

    cancellation_reason: CanceledReason
    who_canceled: Role


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time with both ends. Spec: mod_bookings#mod_bookings_period_class."""

    start_date_time: DateTime
    end_date_time: DateTime


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a charge point needs a booking. Spec: mod_bookings#mod_bookings_policy_object."""

    reservation_required: bool
    ad_hoc: Number | None = None  # how many can be used without a booking


class Timeslot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time that can be booked. Spec: mod_bookings#mod_bookings_timeslot_class."""

    start_date_time: DateTime
    end_date_time: DateTime
    min_power: Number | None = None  # W
    max_power: Number | None = None  # W
    green_energy_support: bool | None = None
