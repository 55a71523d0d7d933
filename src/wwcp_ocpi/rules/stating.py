# SPDX-License-Identifier: AGPL-3.0-or-later
"""A price as each version's CDR writes it: totals and charging periods, for the CPO that makes a CDR.

    charge = metered(readings, plan, time_zone="Europe/Berlin")
    periods = charging_periods(charge, v2_2_1.CDR)
    CDR(..., charging_periods=periods, **cdr_totals(price(charge, [plan]), v2_2_1.CDR))

Numbers on the wire have four decimals. Volumes are rounded so that they still add up.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import msgspec

from wwcp_ocpi import v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.rules.charge import Charge, Period
from wwcp_ocpi.rules.cutting import seconds
from wwcp_ocpi.rules.dimensions import ENERGY, GAUGES, PARKING_TIME, Bucket, Line
from wwcp_ocpi.rules.errors import PricingError
from wwcp_ocpi.rules.money import EXACT, FOUR_DECIMALS, ZERO, Amount
from wwcp_ocpi.rules.pricing import Priced
from wwcp_ocpi.rules.reading_charges import HOUR, AnyCDR
from wwcp_ocpi.rules.taxes import TaxShare, taxes_of
from wwcp_ocpi.scalars import DateTime


def _number(before: Decimal, after: Decimal | None, taxes: tuple[TaxShare, ...] | None) -> Any:
    return before


def _with_vat(before: Decimal, after: Decimal | None, taxes: tuple[TaxShare, ...] | None) -> Any:
    return v2_2_1.Price(excl_vat=before, incl_vat=after)


def _with_taxes(before: Decimal, after: Decimal | None, taxes: tuple[TaxShare, ...] | None) -> Any:
    if taxes is None:
        return v2_3_0.Price(before_taxes=before)
    listed = [v2_3_0.TaxAmount(name=tax.name, percentage=tax.percentage, amount=tax.amount) for tax in taxes]
    return v2_3_0.Price(before_taxes=before, taxes=listed)


class _Written(msgspec.Struct, frozen=True):
    """How a version writes prices and charging periods. `parts`: whether it has totals beside `total_cost`."""

    price: Callable[[Decimal, Decimal | None, tuple[TaxShare, ...] | None], Any]
    parts: bool
    period: Callable[..., Any]
    dimension: Callable[..., Any]
    type: Callable[[str], Any]
    names_tariff: bool


_WRITTEN: dict[type, _Written] = {
    v2_1_1.CDR: _Written(
        _number, False, v2_1_1.ChargingPeriod, v2_1_1.CdrDimension, v2_1_1.CdrDimensionType, names_tariff=False
    ),
    v2_2_1.CDR: _Written(
        _with_vat, True, v2_2_1.ChargingPeriod, v2_2_1.CdrDimension, v2_2_1.CdrDimensionType, names_tariff=True
    ),
    v2_3_0.CDR: _Written(
        _with_taxes, True, v2_3_0.ChargingPeriod, v2_3_0.CdrDimension, v2_3_0.CdrDimensionType, names_tariff=True
    ),
}


def cdr_totals(priced: Priced, cdr: type[AnyCDR]) -> dict[str, Any]:
    """The fields of a CDR that are money or sums of volumes, in the types of its version.

    Totals of which nothing was billed are left out.

    Raises:
        PricingError: a CDR needs the price before taxes, and the tariff leaves it unknown.
    """
    written = _WRITTEN[cdr]
    names = ["total_cost", *(bucket.value for bucket in Bucket if written.parts)]
    fields = {name: _price(priced, name, written) for name in names if getattr(priced, name) is not None}
    charge = priced.workings.charge
    with localcontext(EXACT):
        fields["total_energy"] = FOUR_DECIMALS.of(charge.total(ENERGY))
        fields["total_time"] = FOUR_DECIMALS.of(seconds(charge.end - charge.start) / HOUR)
        parked = charge.total(PARKING_TIME)
        if parked:
            fields["total_parking_time"] = FOUR_DECIMALS.of(parked / HOUR)
    return fields


def _price(priced: Priced, name: str, written: _Written) -> Any:
    amount: Amount = getattr(priced, name)
    if amount.before_taxes is None:
        raise PricingError(f"$.{name}: expected a price before taxes; the tariff does not tell its taxes", path=name)
    return written.price(amount.before_taxes, amount.after_taxes, taxes_of(priced, name))


def charging_periods(charge: Charge, cdr: type[AnyCDR]) -> list[Any]:
    """The charging periods of a CDR of that version.

    Raises:
        PricingError: the version has no word for reserved time.
    """
    written = _WRITTEN[cdr]
    exact: dict[Line, Decimal] = {}
    stated: dict[Line, Decimal] = {}
    made = []
    with localcontext(EXACT):
        for period in charge.periods:
            dimensions = []
            for line, volume in period.volumes:
                exact[line] = exact.get(line, ZERO) + (volume if line is ENERGY else volume / HOUR)
                rounded = FOUR_DECIMALS.of(exact[line])
                dimensions.append(written.dimension(type=_type(line, written), volume=rounded - stated.get(line, ZERO)))
                stated[line] = rounded
            dimensions += _gauges(period, written)
            if not dimensions:
                dimensions.append(written.dimension(type=written.type("ENERGY"), volume=ZERO))
            named = {"tariff_id": period.tariff_id} if written.names_tariff and period.tariff_id else {}
            start = DateTime.of(period.start)
            made.append(written.period(start_date_time=start, dimensions=dimensions, **named))
    return made


def _type(line: Line, written: _Written) -> Any:
    """The version's word for a volume; one without a word for expired time calls it reserved."""
    for name in (line.name, line.otherwise.name if line.otherwise is not None else line.name):
        type = written.type(name)
        if type.is_known:
            return type
    raise PricingError(f"$.charging_periods: expected what this version of OCPI can state, got {line.name}")


def _gauges(period: Period, written: _Written) -> list[Any]:
    found = []
    for name, field in GAUGES.items():
        value: Decimal | None = getattr(period, field)
        type = written.type(name)
        if value is not None and type.is_known:
            found.append(written.dimension(type=type, volume=FOUR_DECIMALS.of(value)))
    return found
