# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP charge detail records to OCPI 2.3.0 CDRs. Spec: mod_cdrs#mod_cdrs_cdr_object.

Three steps: `charge_of_record` gathers what was charged, a `Pricer` prices it by the tariffs (or finds no price), and
`cdr` puts the CDR together. A price that the operator states himself stands, whatever the tariffs say; without either
there is no CDR, and never one with a price that merely looks right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.rules import PricingError, Reading, charging_periods, metered, prepare
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.decisions import PricingRequest
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.v2_3_0.cdrs import CDR, SignedData, SignedValue
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.v2_3_0.types import Price, TaxAmount
from wwcp_ocpi.wwcp.model.charging import (
    ChargeDetailRecord,
    ChargingPrice,
    ChargingSession,
    SessionStart,
    SessionStop,
)
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.charged_at import ChargedAt, cdr_location
from wwcp_ocpi.wwcp.ocpi.charging_words import ENCODING_METHODS, SIGNED_NATURE, UNKNOWN_ENCODING
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.session import NOTHING_COSTS, ZERO, Payer, meter_readings, ocpi_id, session
from wwcp_ocpi.wwcp.ocpi.tariff import tariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

REMARK_KEY = "OCPI.remark"
"""In a record's `customData`: the remark of its CDR."""
_HOUR = Decimal(3600)
_COSTS = (
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
_FOUR_DECIMALS = Decimal("0.0001")


class RecordedCharge(msgspec.Struct, frozen=True, kw_only=True):
    """What a record says was charged, ready to be priced. `session` is the Session that it ends, COMPLETED."""

    record: ChargeDetailRecord
    at: ChargedAt
    payer: Payer
    session: Session
    readings: tuple[Reading, ...]
    tariffs: tuple[Tariff, ...]
    end: DateTime

    @property
    def pricing_request(self) -> PricingRequest:
        """The question to a `Pricer`."""
        length_s = self.record.parking_time_s
        parked = None if not length_s else self.end - dt.timedelta(seconds=float(length_s))
        return PricingRequest(
            partner=self.payer.partner,
            version=VERSION.number,
            session=self.session,
            start=self.session.start_date_time,
            end=self.end,
            tariffs=self.tariffs,
            time_zone=self.at.location.time_zone,
            readings=self.readings,
            parking_from=parked,
        )


def charge_of_record(
    record: ChargeDetailRecord,
    known: ChargingSession | None,
    at: ChargedAt,
    payer: Payer,
    *,
    session_id: str,
    currency: str,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[RecordedCharge]:
    """What the record says, with what its session knows and it does not tell. None: it does not tell its end.

    Args:
        session_id: of the Session, as partners know it.
        currency: where neither the tariff nor the price of the record tells one.
    """
    end = record.session_time.end or (known.stop.timestamp if known is not None and known.stop is not None else None)
    context = Context(end or record.session_time.start, policy)
    if end is None:
        context.note("$.sessionTime.end", "no CDR without the end of the session")
        return Mapped(str(record.id), None, context.notes)
    values = record.energy_metering_values or (known.energy_meter_values if known is not None else [])
    readings = meter_readings(values, record.session_time.start, end, "$.energyMeteringValues", context)
    if len(readings) < 2:
        readings = _told(record, readings, end, context)
    tariffs, more = _tariffs(record, at, context)
    price_currency = record.charging_price.currency if record.charging_price is not None else None
    told_currency = price_currency or (str(tariffs[0].currency) if tariffs else currency)
    whole = ChargingSession(
        id=record.session_id,
        start=SessionStart(timestamp=record.session_time.start),
        stop=SessionStop(timestamp=end),
        energy_meter_id=record.energy_meter_id or (known.energy_meter_id if known is not None else None),
        energy_meter_values=[
            EnergyMeteringValue(timestamp=DateTime.of(one.at), energy_kwh=Decimal(one.kwh)) for one in readings
        ],
    )
    mapped = session(
        whole,
        replace(at, tariffs=tariffs),
        payer,
        id=session_id,
        currency=told_currency,
        last_updated=end,
        policy=policy,
    )
    assert mapped.value is not None
    # The meter values cut the periods, and they alone: those of the Session are not to be looked at.
    made = replace(mapped.value, charging_periods=None, currency=told_currency.upper())
    charge = RecordedCharge(
        record=record, at=at, payer=payer, session=made, readings=tuple(readings), tariffs=tariffs, end=end
    )
    return Mapped(str(record.id), charge, [*context.notes, *more, *mapped.notes])


def cdr(
    charge: RecordedCharge,
    priced: Mapping[str, Any] | None,
    why_not: str = "",
    *,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[CDR]:
    """The CDR; None where there is no price, or no EVSE of which it could tell.

    Args:
        priced: what a `Pricer` said of `charge.pricing_request`; None: nothing.
        why_not: the reason for that.
    """
    record, at = charge.record, charge.at
    last_updated = max(one for one in (charge.end, record.last_change, record.created) if one is not None)
    context = Context(last_updated, policy)
    place = cdr_location(at)
    if place is None:
        context.note("$.evseId", "no CDR without the EVSE")
    costs = _costs(charge, priced, why_not, context)
    if place is None or costs is None:
        return Mapped(str(record.id), None, context.notes)
    body = charge.session
    used = list(charge.tariffs[:1]) if priced is not None else []
    remark = (record.custom_data or {}).get(REMARK_KEY)
    fields: dict[str, Any] = {"tariffs": used or None, **costs}
    made = CDR(
        country_code=body.country_code,
        party_id=body.party_id,
        id=ocpi_id(record.id, 39),
        start_date_time=body.start_date_time,
        end_date_time=charge.end,
        session_id=body.id,
        cdr_token=charge.payer.token,
        auth_method=charge.payer.auth_method,
        authorization_reference=charge.payer.authorization_reference,
        cdr_location=place,
        meter_id=body.meter_id,
        currency=body.currency,
        signed_data=_signed_data(record, at, context),
        remark=context.cut(remark if isinstance(remark, str) else None, 255, f"$.customData.{REMARK_KEY}"),
        last_updated=last_updated,
        **{name: value for name, value in fields.items() if value is not None},
    )
    return Mapped(str(record.id), made, context.notes)


def _told(record: ChargeDetailRecord, readings: Sequence[Reading], end: DateTime, context: Context) -> list[Reading]:
    """Two readings where the record tells what was taken and not what the meter showed; none where it tells neither."""
    energy = record.consumed_energy_kwh
    if energy is None or record.session_time.start >= end:
        return []
    if readings:
        context.note("$.energyMeteringValues", "expected two values or more: consumedEnergy stands for them")
    return [Reading(record.session_time.start, ZERO), Reading(end, energy)]


def _tariffs(record: ChargeDetailRecord, at: ChargedAt, context: Context) -> tuple[tuple[Tariff, ...], list[Any]]:
    """The tariff that the record brings, else that of the connector; none where it is free of charge."""
    if record.charging_tariff is not None:
        made = tariff(record.charging_tariff, now=context.now, policy=context.policy)
        return ((made.value,) if made.value is not None else ()), made.notes
    if len(at.tariffs) > 1:
        context.note(
            "$.chargingTariff", f"not told: {at.tariffs[0].id} is the first of {len(at.tariffs)} that may be meant"
        )
    return at.tariffs[:1], []


def _costs(
    charge: RecordedCharge, priced: Mapping[str, Any] | None, why_not: str, context: Context
) -> dict[str, Any] | None:
    """Charging periods and totals."""
    record = charge.record
    _compare_energy(charge, context)
    if priced is not None and record.charging_price is None:
        if len(charge.readings) < 2 and _prices_energy(charge.tariffs):
            context.note("$.energyMeteringValues", "no price: the tariff is by energy, and nobody told how much")
            return None
        return dict(priced)
    if record.charging_price is None and not charge.at.is_free:
        context.note("$.chargingPrice", f"no CDR without a price: {why_not or 'there is none, and no tariff'}")
        return None
    made = dict(priced) if priced is not None else _unpriced(charge, context)
    if made is None:
        return None
    if record.charging_price is None:
        return {**made, "total_cost": Price(before_taxes=ZERO)}
    stated, computed = _price(record.charging_price), made.get("total_cost")
    if computed is None or abs(computed.before_taxes - stated.before_taxes) > _FOUR_DECIMALS:
        if computed is not None:
            reason = f"{stated.before_taxes} stands, the tariff makes it {computed.before_taxes}"
            context.note("$.chargingPrice.base", reason)
        made = {name: value for name, value in made.items() if name not in _COSTS}
        fees = {"total_parking_cost": record.parking_fee, "total_reservation_cost": record.reservation_fee}
        made |= {name: _price(fee) for name, fee in fees.items() if fee is not None}
    return {**made, "total_cost": stated}


def _unpriced(charge: RecordedCharge, context: Context) -> dict[str, Any] | None:
    """Periods by the meter alone, and the totals that are no money."""
    asked = charge.pricing_request
    start, end = charge.session.start_date_time, charge.end
    readings = [one for one in charge.readings if start <= one.at <= end] or [Reading(start, ZERO)]
    if readings[0].at > start:
        readings.insert(0, Reading(start, readings[0].kwh))
    if readings[-1].at < end:
        readings.append(Reading(end, readings[-1].kwh))
    try:
        charged = metered(readings, prepare(NOTHING_COSTS), parking_from=asked.parking_from)
    except PricingError as error:
        context.note("$.energyMeteringValues", str(error))
        return None
    hours = {
        "total_time": Decimal(str((end - start).total_seconds())),
        "total_parking_time": charge.record.parking_time_s,
    }
    return {
        "charging_periods": [replace(one, tariff_id=None) for one in charging_periods(charged, CDR)],
        "total_energy": Decimal(readings[-1].kwh - readings[0].kwh),
        **{name: (s / _HOUR).quantize(_FOUR_DECIMALS) for name, s in hours.items() if s is not None},
    }


def _compare_energy(charge: RecordedCharge, context: Context) -> None:
    told = charge.record.consumed_energy_kwh
    if told is not None and len(charge.readings) > 1 and abs(charge.session.kwh - told) > _FOUR_DECIMALS:
        context.note("$.consumedEnergy", f"{charge.session.kwh} kWh of the meter stand, {told} kWh were told")


def _prices_energy(tariffs: Sequence[Tariff]) -> bool:
    return any(
        component.type == "ENERGY" and component.price
        for one in tariffs
        for element in one.elements
        for component in element.price_components
    )


def _price(price: ChargingPrice) -> Price:
    taxes = None if price.vat is None else [TaxAmount(name="VAT", amount=price.vat)]
    return Price(before_taxes=price.base, taxes=taxes)


def _signed_data(record: ChargeDetailRecord, at: ChargedAt, context: Context) -> SignedData | None:
    """The signed meter values, as the meter wrote them. Spec: mod_cdrs#mod_cdrs_signed_data_class."""
    made = []
    for index, value in enumerate(record.energy_metering_values):
        signed = value.signed_data or value.signature
        path = f"$.energyMeteringValues[{index}].signedData"
        fitted = context.exact(signed, 5000, path)
        if fitted is None:
            continue
        nature = SIGNED_NATURE.get(value.type) if value.type is not None else None
        is_last = index == len(record.energy_metering_values) - 1
        made.append(
            SignedValue(
                nature=nature or ("Start" if index == 0 else "End" if is_last else "Intermediate"),
                plain_data=f"{value.energy_kwh:f}",
                signed_data=fitted,
            )
        )
    if not made:
        return None
    first = made[0].signed_data.lstrip()
    meter = record.energy_meter or at.meter
    key = record.public_key or (meter.public_keys[0] if meter is not None and meter.public_keys else None)
    return SignedData(
        encoding_method=next((name for sign, name in ENCODING_METHODS if first.startswith(sign)), UNKNOWN_ENCODING),
        public_key=context.exact(key, 512, "$.publicKey"),
        signed_values=made,
    )
