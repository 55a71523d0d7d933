# SPDX-License-Identifier: AGPL-3.0-or-later
"""The answers to the verbs of a roaming network: a code, a reason for people, and what belongs to it.

A refusal is an answer, never an exception. Who answers need not fill in `authorizator_id`, `response_timestamp` and
`runtime_ms`: the network does.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff


class AuthStartResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether the driver may charge, on whose account, and within which limits."""

    result: AuthStartCode
    authorizator_id: str = ""
    response_timestamp: DateTime | None = None
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    cached_until: DateTime | None = msgspec.field(default=None, name="cachedResultEndOfLifeTime")
    session_id: ChargingSessionId | None = None
    emp_partner_session_id: str | None = None
    authorization_reference: str | None = None
    contract_id: str | None = None
    printed_number: str | None = None
    ui_language: str | None = None
    expiry_date: DateTime | None = None
    max_power: Decimal | None = None  # W
    max_energy: Decimal | None = None  # Wh
    max_duration: int | None = None  # min
    charging_tariffs: list[ChargingTariff] = []
    stop_tokens: list[str] = msgspec.field(default_factory=list, name="listOfAuthStopTokens")
    stop_pins: list[str] = msgspec.field(default_factory=list, name="listOfAuthStopPINs")
    provider_id: EMobilityProviderId | None = None
    provider_name: str | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    additional_context: Extra | None = None
    number_of_retries: int = 0
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class AuthStopResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether the driver may end the session."""

    result: AuthStopCode
    authorizator_id: str = ""
    response_timestamp: DateTime | None = None
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    session_id: ChargingSessionId | None = None
    provider_id: EMobilityProviderId | None = None
    provider_name: str | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    additional_context: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class RemoteStartResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether a session began. With AsyncOperation it is not known yet: the operator tells later."""

    result: RemoteStartCode
    session_id: ChargingSessionId | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class RemoteStopResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether the session ended. Its record follows on its own."""

    result: RemoteStopCode
    session_id: ChargingSessionId | None = None
    reservation_id: ChargingReservationId | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ReservationResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether something is kept free. An operator may say which EVSE by the reservation that it gives back."""

    result: ReservationCode
    reservation_id: ChargingReservationId | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class CancelReservationResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Whether it is free again."""

    result: CancelReservationCode
    reservation_id: ChargingReservationId | None = None
    description: I18NText = {}
    additional_info: I18NText = {}
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class SendCDRResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What became of one record. `location` is where the receiver keeps it."""

    result: SendCDRCode
    cdr_id: ChargeDetailRecordId | None = msgspec.field(default=None, name="chargeDetailRecordId")
    authorizator_id: str = ""
    timestamp: DateTime | None = None
    location: str | None = None
    description: I18NText = {}
    warnings: list[str] = []
    runtime_ms: int = msgspec.field(default=0, name="runtime")  # ms
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class SendCDRsResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What became of several: each, in the order in which they were given, and the word that fits all of them."""

    result: SendCDRCode
    results: list[SendCDRResult] = []
    extra: Extra | None = msgspec.field(default=None, name="@extra")


def said(text: str) -> I18NText:
    """A reason in English, as results carry it."""
    return {"en": text}


CDR_SUCCESSES = frozenset({SendCDRCode.Success, SendCDRCode.Enqueued})


def all_of(results: list[SendCDRResult]) -> SendCDRsResult:
    """Several results as one: what most of them say; of words said equally often one that is no success."""
    counts: dict[SendCDRCode, int] = {}
    for result in results:
        counts[result.result] = counts.get(result.result, 0) + 1
    if not counts:
        return SendCDRsResult(result=SendCDRCode.NoOperation)
    code = max(counts, key=lambda code: (counts[code], code not in CDR_SUCCESSES))
    return SendCDRsResult(result=code, results=results)
