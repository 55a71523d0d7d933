# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI charging periods and signed data to meter values. Spec: mod_cdrs#mod_cdrs_chargingperiod_class.

OCPI tells how much energy each period took, WWCP what the meter showed: the values count up from zero, one at the
begin of every period and one at the end. What a period says besides is noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.cdrs import ChargingPeriod, SignedData, SignedValue
from wwcp_ocpi.v2_3_0.enums import CdrDimensionType
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue, MeteringValueType
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.words import CDR_DIMENSION, NATURE, DimensionUse

PLAIN_DATA_KEY = "OCPI.PlainData"
"""In the `extra` of a meter value: what the meter signed, readable."""


def metering_values(
    periods: Sequence[ChargingPeriod] | None,
    start: DateTime,
    end: DateTime | None,
    total_kwh: Decimal,
    path: str,
    context: Context,
) -> list[EnergyMeteringValue]:
    """The meter values in their order: one more than there are periods, which may come in any order.

    Args:
        end: when the last one was taken; None while the session runs, then the last begin counts.
        total_kwh: what was taken in all. It counts where the periods add up to something else, which is noted.
    """
    ordered = sorted(enumerate(periods or ()), key=lambda one: one[1].start_date_time)
    taken, tariff_id, noted = Decimal(0), None, set[CdrDimensionType]()
    made: dict[DateTime, EnergyMeteringValue] = {}
    for index, period in ordered:
        at = f"{path}[{index}]"
        begin = period.start_date_time
        if begin < start or (end is not None and begin > end):
            context.note(f"{at}.start_date_time", "before the begin or after the end of the session")
            begin = start if begin < start else begin if end is None else end
        changes = bool(made) and period.tariff_id != tariff_id
        type = MeteringValueType.TariffChange if changes else MeteringValueType.Intermediate
        made[begin] = EnergyMeteringValue(timestamp=begin, energy_kwh=taken, type=type)
        tariff_id = period.tariff_id
        taken += _energy(period, at, noted, context)
    first = EnergyMeteringValue(timestamp=start, energy_kwh=Decimal(0), type=MeteringValueType.Start)
    made[start] = first
    if periods and taken != total_kwh:
        context.note(path, f"the periods add up to {taken} kWh, {total_kwh} kWh are told")
    last_type = MeteringValueType.Intermediate if end is None else MeteringValueType.Stop
    moment = end or max(made)
    if moment > start or total_kwh:
        last = EnergyMeteringValue(timestamp=moment, energy_kwh=total_kwh, type=last_type)
        values = [value for value in made.values() if value.timestamp < moment or value is first]
        return [*sorted(values, key=lambda value: value.timestamp), last]
    return [first]


def signed(
    values: list[EnergyMeteringValue], data: SignedData | None, path: str, context: Context
) -> list[EnergyMeteringValue]:
    """The values with what the meter signed: at the begin, in between in the order in which it comes, and at the end.

    Signed values for which there is no moment stand at the begin: OCPI does not say when they were read.
    """
    if data is None:
        return values
    kinds: dict[MeteringValueType, list[SignedValue]] = {}
    for index, one in enumerate(data.signed_values):
        kind = NATURE.get(one.nature.strip().upper())
        if kind is None:
            context.note(f"{path}.signed_values[{index}].nature", f"read as Intermediate: {one.nature[:40]!r}")
        kinds.setdefault(kind or MeteringValueType.Intermediate, []).append(one)
    made = []
    for value in values:
        kind = value.type if value.type is not MeteringValueType.TariffChange else MeteringValueType.Intermediate
        found = kinds.get(kind or MeteringValueType.Intermediate)
        made.append(_with_signature(value, found.pop(0)) if found else value)
    for kind, left in kinds.items():
        for one in left:
            context.note(f"{path}.signed_values", f"a signed value more than there are moments of the kind {kind}")
            made.append(_with_signature(replace(values[0], type=kind), one))
    return made


def signature_scheme(data: SignedData | None) -> Extra | None:
    """What all signed values have in common, but for the public key."""
    if data is None:
        return None
    told = {
        "encoding_method": data.encoding_method,
        "encoding_method_version": data.encoding_method_version,
        "url": data.url,
    }
    return {key: value for key, value in told.items() if value is not None}


def _with_signature(value: EnergyMeteringValue, one: SignedValue) -> EnergyMeteringValue:
    return replace(value, signed_data=one.signed_data, extra={PLAIN_DATA_KEY: one.plain_data})


def _energy(period: ChargingPeriod, path: str, noted: set[CdrDimensionType], context: Context) -> Decimal:
    taken = imported = None
    for dimension in period.dimensions:
        use = CDR_DIMENSION[dimension.type]
        if use is DimensionUse.ENERGY:
            taken = (taken or Decimal(0)) + dimension.volume
        elif use is DimensionUse.IMPORT:
            imported = dimension.volume
        elif use is DimensionUse.NOTED and dimension.type not in noted:
            noted.add(dimension.type)
            context.note(f"{path}.dimensions", f"left out: WWCP has no place for {dimension.type}")
    return taken if taken is not None else imported or Decimal(0)
