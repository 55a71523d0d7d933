# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP charging sessions to OCPI 2.3.0 Sessions. Spec: mod_sessions#mod_sessions_session_object.

Charging periods are cut where meter values were read and where a price of the tariff changes, as in the CDR that
follows. Before there are two meter values there is nothing to cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from wwcp_ocpi.rules import PricingError, Reading, charging_periods, metered, prepare
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.cdrs import CDR, CdrToken, ChargingPeriod
from wwcp_ocpi.v2_3_0.enums import (
    AuthMethod,
    SessionStatus,
    TariffDimensionType,
    TaxIncluded,
)
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.v2_3_0.tariffs import PriceComponent, Tariff, TariffElement
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.charged_at import ChargedAt
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

_HASHED = 12
ZERO = Decimal(0)


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays, and how that was found out: what OCPI wants to read again in the Session and the CDR.

    `partner` is the id under which the partner is registered.
    """

    partner: str
    token: CdrToken
    auth_method: AuthMethod
    authorization_reference: str | None = None
    group_id: str | None = None


def ocpi_id(id: Id, longest: int = 36) -> str:
    """The id as OCPI can write it: as it is, or where it is too long or no ASCII, its beginning and a hash of it."""
    text = str(id)
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text
    return hashed_id(text, longest)


def hashed_id(text: str, longest: int = 36) -> str:
    """An id that stands for another one, in any case."""
    shown = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in text)
    return f"{shown[: longest - _HASHED - 1]}-{hashlib.sha256(text.encode()).hexdigest()[:_HASHED]}"


def session(
    wwcp: ChargingSession,
    at: ChargedAt,
    payer: Payer,
    *,
    id: str,
    currency: str,
    last_updated: DateTime,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[Session]:
    """The Session.

    Args:
        id: as partners know it.
        currency: where no tariff of the place tells one.
        last_updated: of this state.
    """
    context = Context(last_updated, policy)
    end = None if wwcp.stop is None else wwcp.stop.timestamp
    if end is not None and end < wwcp.start.timestamp:
        context.note("$.stop.timestamp", f"before the start: {wwcp.start.timestamp} stands for it")
        end = wwcp.start.timestamp
    readings = meter_readings(wwcp.energy_meter_values, wwcp.start.timestamp, end, "$.energyMeterValues", context)
    tariffs = at.tariffs[:1]
    made = Session(
        country_code=at.party.country_code,
        party_id=at.party.party_id,
        id=id,
        start_date_time=wwcp.start.timestamp,
        end_date_time=end,
        kwh=energy_of(readings),
        cdr_token=payer.token,
        auth_method=payer.auth_method,
        authorization_reference=payer.authorization_reference,
        location_id=at.location.id,
        evse_uid=at.evse_uid,
        connector_id=at.connector_id,
        meter_id=context.exact(wwcp.energy_meter_id or (at.meter.id if at.meter else None), 255, "$.energyMeterId"),
        currency=str(tariffs[0].currency) if tariffs else currency,
        charging_periods=periods_of(readings, tariffs, at.location.time_zone, context),
        status=status_of(wwcp),
        last_updated=last_updated,
    )
    return Mapped(str(wwcp.id), made, context.notes)


def status_of(wwcp: ChargingSession) -> SessionStatus:
    """PENDING as long as the operator has not told that it began, COMPLETED when it is over."""
    if wwcp.stop is not None:
        return SessionStatus.COMPLETED
    return SessionStatus.PENDING if wwcp.is_awaited else SessionStatus.ACTIVE


def meter_readings(
    values: Sequence[EnergyMeteringValue], start: DateTime, end: DateTime | None, path: str, context: Context
) -> list[Reading]:
    """The meter over time, in order, each moment once, within the session.

    What was read a little before or after counts at its bounds: no energy is lost by a clock that is off. A meter that
    runs backwards is left to who prices it.
    """
    at: dict[int, Reading] = {}
    for value in sorted(values, key=lambda value: value.timestamp):
        moment = max(value.timestamp, start) if end is None else min(max(value.timestamp, start), end)
        if moment != value.timestamp:
            context.note(path, f"read at {value.timestamp}, outside of the session: {moment} stands for it")
        is_before = value.timestamp < start
        if moment.micros in at and not is_before and moment != end:
            context.note(path, f"several values at {moment}: the last one counts")
        at[moment.micros] = Reading(moment, value.energy_kwh)
    return [at[micros] for micros in sorted(at)]


def energy_of(readings: Sequence[Reading]) -> Decimal:
    """What went through the meter, in kWh; nothing, where it was not read twice or runs backwards."""
    return max(Decimal(readings[-1].kwh - readings[0].kwh), ZERO) if len(readings) > 1 else ZERO


def periods_of(
    readings: Sequence[Reading], tariffs: Sequence[Tariff], time_zone: str, context: Context
) -> list[ChargingPeriod] | None:
    """The charging periods between these readings; None where nothing can be said of them."""
    if len(readings) < 2:
        return None
    for tariff in (*tariffs, None):
        try:
            charge = metered(readings, prepare(tariff or NOTHING_COSTS), time_zone=time_zone)
            found: list[ChargingPeriod] = charging_periods(charge, CDR)
        except PricingError as error:
            context.note("$.energyMeterValues", f"not cut by {tariff.id if tariff else 'its meter values'}: {error}")
            continue
        return found if tariff is not None else [msgspec.structs.replace(one, tariff_id=None) for one in found]
    return None


NOTHING_COSTS = Tariff(
    country_code="XX",
    party_id="XXX",
    id="-",
    currency="XXX",
    elements=[TariffElement(price_components=[PriceComponent(type=TariffDimensionType.FLAT, price=ZERO, step_size=1)])],
    tax_included=TaxIncluded.NO,
    last_updated=DateTime.from_micros(0),
)
"""Cuts a charge at its meter readings alone. It is never sent."""
