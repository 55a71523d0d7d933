# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a charge will cost, before it has happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation, localcontext

import msgspec

from wwcp_ocpi.rules.cutting import LONGEST, Reading, metered
from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import EXACT, FOUR_DECIMALS, ZERO, Rounding
from wwcp_ocpi.rules.plan import Plan, Tax, prepare
from wwcp_ocpi.rules.pricing import Priced, price
from wwcp_ocpi.rules.reading import AnyTariff

_HOUR = Decimal(3600)
_LEAST = Decimal("0.001")


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What was assumed, and what it costs."""

    start: dt.datetime
    charged: dt.datetime
    end: dt.datetime
    energy_kwh: Decimal
    priced: Priced


def estimate(
    tariff: AnyTariff | Plan,
    *,
    start: dt.datetime,
    power_kw: Decimal,
    energy_kwh: Decimal | None = None,
    duration: dt.timedelta | None = None,
    parking: dt.timedelta = dt.timedelta(0),
    current_a: Decimal | None = None,
    time_zone: str | dt.tzinfo | None = None,
    rounding: Rounding = FOUR_DECIMALS,
    taxes: Sequence[Tax] = (),
) -> Estimate:
    """The price of charging evenly from `start` on, until so much is charged or so long has passed.

    Args:
        power_kw: all the time, above 0.
        energy_kwh, duration: one of the two; with both, whichever ends first.
        parking: how long the vehicle stays afterwards.
        current_a: sum of the phases, for tariffs that ask for it.

    Raises:
        BadCharge: neither energy nor duration, or a number that cannot be.
        BadTariff, TimeZoneMissing: as in `price`.
    """
    with localcontext(EXACT):
        power = _positive(power_kw, "power_kw")
        if energy_kwh is None and duration is None:
            raise BadCharge("energy_kwh: expected energy_kwh or duration, got neither", path="energy_kwh")
        length_s = Decimal(LONGEST.days * 86400)
        if duration is not None:
            if not dt.timedelta(0) < duration <= LONGEST:
                raise BadCharge(f"duration: expected up to {LONGEST.days} days, got {duration}", path="duration")
            length_s = Decimal(duration // dt.timedelta(microseconds=1)) / 1_000_000
        if energy_kwh is not None:
            length_s = min(length_s, _positive(energy_kwh, "energy_kwh") * _HOUR / power)
        if not dt.timedelta(0) <= parking <= LONGEST:
            raise BadCharge(f"parking: expected from 0 to {LONGEST.days} days, got {parking}", path="parking")
        energy = round(power * length_s / _HOUR, 6)
        charged = start + max(int(length_s * 1_000_000), 1) * dt.timedelta(microseconds=1)
        plan = tariff if isinstance(tariff, Plan) else prepare(tariff, taxes)
        readings = [Reading(start, ZERO, current_a), Reading(charged, energy, current_a)]
        if parking:
            readings.append(Reading(charged + parking, energy, None if current_a is None else ZERO))
        charge = metered(readings, plan, parking_from=charged if parking else None, time_zone=time_zone)
        found = price(charge, [plan], time_zone=time_zone, rounding=rounding)
    return Estimate(start=start, charged=charged, end=charge.end, energy_kwh=energy, priced=found)


def _positive(value: Decimal, name: str) -> Decimal:
    try:
        if _LEAST <= value <= 1_000_000:
            return value
    except InvalidOperation:  # a NaN
        pass
    raise BadCharge(f"{name}: expected a number from {_LEAST} to 1000000, got {value!s:.40}", path=name)
