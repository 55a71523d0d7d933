# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a stated price may differ from the right one: the usual mistakes, each tried out.

A mistake explains a field when the price computed with that mistake is what the CDR states.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum

from wwcp_ocpi.rules.billing import Steps
from wwcp_ocpi.rules.charge import Charge
from wwcp_ocpi.rules.errors import PricingError
from wwcp_ocpi.rules.money import ZERO, Amount, Rounding, minor_units
from wwcp_ocpi.rules.plan import Plan
from wwcp_ocpi.rules.pricing import Priced, cost_of, limited, priced


class Reason(Enum):
    """What the other side probably did."""

    OTHER_ROUNDING = "every line rounded before it was added"
    WRONG_TIME_ZONE = "the tariff's times read in another time zone"
    STEP_SIZE_IGNORED = "step_size ignored"
    STEP_SIZE_EACH_PERIOD = "step_size applied in every charging period"
    LIMITS_IGNORED = "min_price or max_price ignored"
    VAT_MISSING = "no VAT added"
    VAT_IN_PRICE_BEFORE = "the price before taxes holds the VAT"
    CREDIT_NOT_NEGATED = "the total of a credit CDR is not negative"
    PERIOD_SPANS_PRICE_CHANGE = "a charging period spans a change of price"
    ENERGY_DOES_NOT_ADD_UP = "the energy of the charging periods is not that of the CDR"
    TIME_DOES_NOT_ADD_UP = "the times of the charging periods are not those of the CDR"


TOTALS = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)


def mistaken(
    charge: Charge, plans: tuple[Plan | None, ...], zone: dt.tzinfo | None
) -> Iterator[tuple[Reason, str, dict[str, Amount | None]]]:
    """Each mistake that can be made with this tariff: the reason, more in words, and the totals it leads to."""
    for reason, steps in (
        (Reason.STEP_SIZE_IGNORED, Steps.NEVER),
        (Reason.STEP_SIZE_EACH_PERIOD, Steps.EACH_PERIOD),
    ):
        yield reason, "", totals(priced(charge, plans, zone, steps=steps))
    right = priced(charge, plans, zone)
    for places in sorted({minor_units(right.currency), 3, 4}):
        yield Reason.OTHER_ROUNDING, f"{places} decimals", _line_by_line(right, Rounding(places))
    if any(plan is not None and (plan.tariff.min_price or plan.tariff.max_price) for plan in plans):
        yield Reason.LIMITS_IGNORED, "", totals(priced(charge, plans, zone, limits=False))
    if zone is not None and any(plan is not None and plan.local for plan in plans):
        for other in _other_zones(charge, zone):
            try:
                yield Reason.WRONG_TIME_ZONE, str(other), totals(priced(charge, plans, other))
            except PricingError:
                continue


def _other_zones(charge: Charge, zone: dt.tzinfo) -> Iterator[dt.tzinfo]:
    """UTC, the zone without its summer time, and the neighbours."""
    here = charge.start.astimezone(zone).utcoffset() or dt.timedelta()
    yield dt.UTC
    for hours in (-1, 1, -2, 2):
        offset = here + dt.timedelta(hours=hours)
        if offset and abs(offset) < dt.timedelta(hours=24):
            yield dt.timezone(offset)


def totals(found: Priced) -> dict[str, Amount | None]:
    """The totals by their names."""
    return {name: getattr(found, name) for name in TOTALS}


def _line_by_line(right: Priced, rounding: Rounding) -> dict[str, Amount | None]:
    """The totals, had every line been rounded."""
    sums: dict[str, Amount | None] = dict.fromkeys(TOTALS)
    for row in right.workings.rows:
        amount = rounding.of_amount(cost_of(row.line, row.candidate, row.volume + row.extra))
        for name in ("total_cost", row.candidate.total):
            known = sums[name] or Amount(ZERO, ZERO)
            sums[name] = Amount(
                _plus(known.before_taxes, amount.before_taxes), _plus(known.after_taxes, amount.after_taxes)
            )
    workings = right.workings
    whole = sums["total_cost"]
    if whole is not None and workings.charge.has_charging:
        whole, _ = limited(whole, [one for one in workings.plans if one is not None], workings.costs)
    if whole is not None and workings.charge.credit:
        whole = Amount(_minus(whole.before_taxes), _minus(whole.after_taxes))
    sums["total_cost"] = whole
    return sums


def _minus(value: Decimal | None) -> Decimal | None:
    return None if value is None else -value


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
