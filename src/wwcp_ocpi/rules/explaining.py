# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why something costs what it costs: for each period and dimension what was tried, what matched, and what it adds.

Made from the rows that the price was made of. The restrictions of elements that did not match are asked again by
the very functions that priced.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, localcontext

import msgspec

from wwcp_ocpi.rules.billing import Row, moment_of
from wwcp_ocpi.rules.dimensions import ENERGY, Line
from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import EXACT, ZERO, Amount, plain
from wwcp_ocpi.rules.plan import Candidate, Plan, Tax
from wwcp_ocpi.rules.pricing import Priced, cost_of
from wwcp_ocpi.rules.restrictions import Axis, Moment
from wwcp_ocpi.rules.walltime import wall_clock

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_HOUR = Decimal(3600)


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One restriction of one element, as it was found: what it asks, what was there, whether it holds."""

    element: int
    restriction: str
    asked: str
    found: str
    holds: bool


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension of one charging period. Volumes in kWh, hours or pieces, costs not rounded.

    `period` is its index in `charging_periods`. `element` and `component` are indices in the tariff; None: nothing
    matched, and the dimension costs nothing. `billed` differs from `volume` where `step_size` is applied.
    """

    period: int
    start: dt.datetime
    end: dt.datetime
    local_start: dt.datetime | None
    dimension: str
    tariff_id: str | None
    element: int | None
    component: int | None
    tried: tuple[Tried, ...]
    unit: str
    volume: Decimal
    billed: Decimal
    price: Decimal | None
    taxes: tuple[Tax, ...]
    before_taxes: Decimal | None
    after_taxes: Decimal | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All lines, their sum before limits, and the total. The sum is not rounded; the total is."""

    currency: str
    lines: tuple[Explained, ...]
    uncapped: Amount
    total: Amount
    texts: tuple[str, ...]


def explain(priced: Priced) -> Explanation:
    """The explanation of a price."""
    with localcontext(EXACT):
        return Explanation(
            currency=priced.currency,
            lines=tuple(_lines(priced)),
            uncapped=priced.workings.uncapped,
            total=priced.total_cost,
            texts=tuple(f"{note.path}: {note.text}" for note in priced.notes),
        )


def _lines(priced: Priced) -> Iterator[Explained]:
    workings = priced.workings
    rows: dict[int, list[Row]] = {}
    for row in workings.rows:
        rows.setdefault(row.period, []).append(row)
    kwh = ZERO
    clock = wall_clock(workings.zone)
    for index, period in enumerate(workings.charge.periods):
        plan = workings.plans[index]
        found = rows.get(index, [])
        moment = None if plan is None else moment_of(period, kwh, plan, clock)
        for line, volume in period.volumes:
            billed = next((row for row in found if row.line in (line, line.otherwise)), None)
            yield _explained(priced, index, line if billed is None else billed.line, volume, billed, moment)
        for row in found:
            if row.line in period.fees:
                yield _explained(priced, index, row.line, row.volume, row, moment)
        kwh += period.volume(ENERGY)


def _explained(
    priced: Priced, index: int, line: Line, volume: Decimal, row: Row | None, moment: Moment | None
) -> Explained:
    workings = priced.workings
    period = workings.charge.periods[index]
    plan = workings.plans[index]
    candidate = None if row is None else row.candidate
    billed = volume if row is None else volume + row.extra
    cost = Amount(ZERO, ZERO) if candidate is None else cost_of(line, candidate, billed)
    hours = line.unit == "h"
    return Explained(
        period=period.index,
        start=period.start,
        end=period.end,
        local_start=None if workings.zone is None else period.start.astimezone(workings.zone),
        dimension=line.name,
        tariff_id=None if plan is None else plan.tariff.id,
        element=None if candidate is None else candidate.element,
        component=None if candidate is None else candidate.index,
        tried=() if plan is None or moment is None else tuple(_tried(plan, line, moment, candidate)),
        unit=line.unit,
        volume=volume / _HOUR if hours else volume,
        billed=billed / _HOUR if hours else billed,
        price=None if candidate is None else candidate.component.price,
        taxes=() if candidate is None else candidate.taxes,
        before_taxes=cost.before_taxes,
        after_taxes=cost.after_taxes,
    )


def _tried(plan: Plan, line: Line, moment: Moment, until: Candidate | None) -> Iterator[Tried]:
    """The restrictions of every element with this dimension, in order, up to the one that matched."""
    lookup = plan.lookups.get(line)
    for candidate in () if lookup is None else lookup.all:
        for one in candidate.restrictions:
            try:
                holds, found = one.holds(moment), found_at(moment, one.kind.axis)
            except BadCharge:
                holds, found = False, "not measured"
            yield Tried(element=candidate.element, restriction=one.name, asked=one.text, found=found, holds=holds)
        if candidate is until:
            return


def found_at(moment: Moment, axis: Axis) -> str:
    """What a restriction on this axis saw, as text."""
    if axis is Axis.WEEK:
        day, minute = divmod(moment.minute, 24 * 60)
        return f"{_DAYS[day]} {minute // 60:02}:{minute % 60:02}"
    if axis is Axis.DATE:
        return moment.date.isoformat()
    if axis is Axis.KWH:
        return f"{plain(moment.kwh)} kWh"
    if axis is Axis.DURATION:
        return f"{moment.duration.total_seconds():g} s"
    ends = (
        (moment.least_current, moment.most_current, "A")
        if axis is Axis.CURRENT
        else (moment.least_power, moment.most_power, "kW")
    )
    low, high = (plain(end) for end in ends[:2])
    return f"{low} {ends[2]}" if low == high else f"{low} to {high} {ends[2]}"


EXPLANATION_HEAD = (
    "period",
    "from",
    "dimension",
    "tariff",
    "element",
    "volume",
    "billed",
    "price",
    "tax",
    "before",
    "after",
    "why",
)


def explanation_rows(explanation: Explanation) -> list[tuple[str, ...]]:
    """The cells of a table under `EXPLANATION_HEAD`: the lines, the sum where it is not the total, the total."""
    rows = [_cells(one) for one in explanation.lines]
    if explanation.uncapped != explanation.total:  # limited, negated, or rounded
        rows.append(_total("sum", explanation.uncapped))
    return [*rows, _total(f"total {explanation.currency}", explanation.total)]


def explanation_table(explanation: Explanation) -> str:
    """The explanation as a table in Markdown, which people can read as it is; notes below."""
    lines = [EXPLANATION_HEAD, *explanation_rows(explanation)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(EXPLANATION_HEAD))]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*written, *(f"\n{text}" for text in explanation.texts)])


def _total(name: str, amount: Amount) -> tuple[str, ...]:
    cells = [""] * len(EXPLANATION_HEAD)
    cells[2] = name
    cells[9:11] = [plain(amount.before_taxes), plain(amount.after_taxes)]
    return tuple(cells)


def _cells(one: Explained) -> tuple[str, ...]:
    start = one.local_start or one.start
    percent = " + ".join(f"{tax.name} {plain(tax.percentage)} %" for tax in one.taxes)
    return (
        str(one.period),
        start.strftime("%Y-%m-%d %H:%M:%S" if start.second else "%Y-%m-%d %H:%M"),
        one.dimension,
        _cell(one.tariff_id or "none"),
        "none" if one.element is None else str(one.element),
        f"{plain(one.volume)} {one.unit}".rstrip(),
        f"{plain(one.billed)} {one.unit}".rstrip(),
        "-" if one.price is None else plain(one.price),
        percent or "-",
        plain(one.before_taxes),
        plain(one.after_taxes),
        _why(one),
    )


def _why(one: Explained) -> str:
    """What was passed over and for which restriction, then what held."""
    passed: dict[int, str] = {}
    for tried in one.tried:
        if not tried.holds and tried.element != one.element:
            passed.setdefault(tried.element, f"{tried.element}: {tried.restriction} {tried.asked}, was {tried.found}")
    held = [f"{tried.restriction} {tried.asked}" for tried in one.tried if tried.element == one.element]
    said = [f"not {text}" for text in passed.values()]
    if one.element is None:
        said.append("none matches" if one.tariff_id is not None else "no tariff is named")
    else:
        said.append(f"{one.element}: {' and '.join(held)}" if held else f"{one.element} always")
    return _cell("; ".join(said))


def _cell(text: str) -> str:
    """Text of a partner in a cell: no bars, no lines of its own."""
    return "".join(" " if not char.isprintable() else char for char in text).replace("|", "/")
