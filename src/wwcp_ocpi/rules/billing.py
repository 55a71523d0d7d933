# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a charge and its tariffs to rows: this volume of this period at this price component. The one place of it.

Totals are made of the rows, and the explanation of a price is made of the same rows.

Spec: mod_tariffs#mod_tariffs_tariff_object, mod_cdrs#mod_cdrs_step_size.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from wwcp_ocpi.rules.charge import Charge, Period
from wwcp_ocpi.rules.dimensions import ENERGY, Line
from wwcp_ocpi.rules.errors import BadCharge, TimeZoneMissing
from wwcp_ocpi.rules.money import ZERO
from wwcp_ocpi.rules.plan import Candidate, Plan
from wwcp_ocpi.rules.restrictions import Moment
from wwcp_ocpi.rules.walltime import WallClock, wall_clock, week_minute

ONE = Decimal(1)
_HOUR = Decimal(3600)
_MICROSECOND = dt.timedelta(microseconds=1)
_MILLION = Decimal(1_000_000)


class Steps(Enum):
    """When `step_size` counts. Only the first is right; the others are mistakes that a check tries out."""

    ONCE = "once a session"
    NEVER = "never"
    EACH_PERIOD = "in every period"


class Row(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What one charging period adds to one line. `volume` in kWh, seconds or pieces; `extra` is from `step_size`."""

    period: int
    line: Line
    candidate: Candidate
    volume: Decimal
    extra: Decimal = ZERO


def bill(charge: Charge, plans: Sequence[Plan | None], zone: dt.tzinfo | None, steps: Steps = Steps.ONCE) -> list[Row]:
    """The rows of a charge, period by period.

    Args:
        plans: the prepared tariff of each period; None where no tariff is relevant.
        zone: of the Location; needed as soon as a tariff asks for local time.

    Raises:
        TimeZoneMissing: it is needed and not there.
        BadCharge: a period does not say what a restriction asks.
    """
    rows: list[Row] = []
    paid: set[Line] = set()
    kwh = ZERO
    clock: WallClock | None = None
    for index, period in enumerate(charge.periods):
        plan = plans[index]
        if plan is not None:
            moment = _ANY
            if plan.conditional:
                clock = clock or wall_clock(zone)
                moment = moment_of(period, kwh, plan, clock)
            lookups = plan.lookups
            for line, volume in period.volumes:
                lookup = lookups.get(line)
                found = None if lookup is None else lookup.always or lookup.first(moment)
                if found is None and line.otherwise is not None:
                    line = line.otherwise
                    lookup = lookups.get(line)
                    found = None if lookup is None else lookup.first(moment)
                if found is not None:
                    rows.append(Row(index, line, found, volume))
            for line in period.fees:
                if line not in paid and (lookup := lookups.get(line)) is not None:
                    found = lookup.first(moment)
                    if found is not None:
                        paid.add(line)  # a flat fee is paid once, when it first matches (defect 55)
                        rows.append(Row(index, line, found, ONE))
        for line, volume in period.volumes:
            if line is ENERGY:
                kwh += volume
    return _stepped(rows, charge.time_slack_s, steps)


_ANY = Moment()


def moment_of(period: Period, kwh: Decimal, plan: Plan, clock: WallClock | None) -> Moment:
    """The start of a period as restrictions see it. `kwh` is the energy of the session before it.

    Power that a period does not tell is its energy over its time, which is the average.

    Raises:
        TimeZoneMissing: the tariff asks for local time, and there is no time zone.
        BadCharge: the period begins outside of the calendar.
    """
    moment = Moment(
        kwh=kwh,
        duration=period.start - period.clock,
        least_current=period.least_current,
        most_current=period.most_current,
        least_power=period.least_power,
        most_power=period.most_power,
        period=period.index,
    )
    if plan.local:
        if clock is None:
            raise TimeZoneMissing(
                f"time_zone: expected that of the Location, by which tariff {plan.tariff.id} goes, got none",
                path="time_zone",
            )
        try:
            wall = clock(period.start)
        except OverflowError as error:
            path = f"{period.path}.start_date_time"
            raise BadCharge(f"{path}: expected a time that has a local time, got {period.start}", path=path) from error
        moment.minute = week_minute(wall)
        moment.date = wall.date()
    if plan.powered and moment.least_power is None:
        moment.least_power = moment.most_power = average_power(period)
    return moment


def average_power(period: Period) -> Decimal | None:
    """The energy of a period over its time, in kW; None for a period without length."""
    micros = (period.end - period.start) // _MICROSECOND
    return period.volume(ENERGY) * _HOUR * _MILLION / micros if micros > 0 else None


def _stepped(rows: list[Row], slack_s: Decimal, steps: Steps) -> list[Row]:
    """Round up to `step_size`, once for each group of lines: the total of the line that came last.

    The step is that of the last component, and what it adds is billed at the price of the last row (CDR-15 to
    CDR-17). A line that another of its group follows is not rounded.
    """
    if steps is Steps.NEVER:
        return rows
    if steps is Steps.EACH_PERIOD:
        return [_with_extra(row, row.volume, slack_s) if row.line.group else row for row in rows]
    done: list[str] = []
    for at in range(len(rows) - 1, -1, -1):
        row = rows[at]
        line = row.line
        if line.group and line.group not in done:
            done.append(line.group)
            total = row.volume
            for other in rows[:at]:
                if other.line is line:
                    total += other.volume
            rows[at] = _with_extra(row, total, slack_s)
    return rows


def _with_extra(row: Row, total: Decimal, slack_s: Decimal) -> Row:
    """The row with what lifts the total to a multiple of its step (defect 7: an exact multiple stays)."""
    candidate = row.candidate
    step = candidate.step
    over = total % step if step else ZERO
    if not over:
        return row
    kept = over <= slack_s and total >= step and row.line is not ENERGY
    return Row(row.period, row.line, candidate, row.volume, -over if kept else step - over)
