# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a tariff element holds: every restriction as one row, and the moment that it is held against.

Minima include, maxima exclude (TAR-22, defect 9). All restrictions of an element must hold at once (TAR-18). A
minimum of current or power is held against the least value of the charging period, a maximum against the
greatest, so that an element holds only where it held all the time.

Spec: mod_tariffs#mod_tariffs_tariffrestrictions_class
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import ZERO

DAY = 24 * 60
WEEK = 7 * DAY
NO_TIME = dt.timedelta()


class Axis(Enum):
    """What a restriction looks at."""

    WEEK = "local time of the week"
    DATE = "local date"
    KWH = "energy so far, kWh"
    DURATION = "duration so far"
    CURRENT = "current, A"
    POWER = "power, kW"


class Moment(msgspec.Struct, gc=False):
    """All that restrictions can ask: the state at the start of a charging period.

    `minute` counts the minutes of the local week from Monday 00:00. Energy and duration are those of the session
    before this moment. `period` is the index of the charging period, to be named where something is missing.
    """

    minute: int = 0
    date: dt.date = dt.date.min
    kwh: Decimal = ZERO
    duration: dt.timedelta = NO_TIME
    least_current: Decimal | None = None
    most_current: Decimal | None = None
    least_power: Decimal | None = None
    most_power: Decimal | None = None
    period: int = 0

    @property
    def path(self) -> str:
        """Where the values should stand that restrictions ask for."""
        return f"$.charging_periods[{self.period}].dimensions"


def _needed(value: Decimal | None, what: str, moment: Moment) -> Decimal:
    if value is None:
        raise BadCharge(
            f"{moment.path}: expected {what}, which the tariff's restrictions ask for, got none", path=moment.path
        )
    return value


def _in_day(limit: tuple[int, int], moment: Moment) -> bool:
    start, end = limit
    minute = moment.minute % DAY
    return start <= minute < end if start <= end else minute >= start or minute < end


class Kind(msgspec.Struct, frozen=True, eq=False):
    """A kind of restriction: its name in the specification, what it looks at, and when it holds."""

    name: str
    axis: Axis
    holds: Callable[[Any, Moment], bool]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("start_time, end_time", Axis.WEEK, _in_day),
        Kind("day_of_week", Axis.WEEK, lambda days, moment: moment.minute // DAY in days),
        Kind("start_date", Axis.DATE, lambda day, moment: moment.date >= day),
        Kind("end_date", Axis.DATE, lambda day, moment: moment.date < day),
        Kind("min_kwh", Axis.KWH, lambda kwh, moment: moment.kwh >= kwh),
        Kind("max_kwh", Axis.KWH, lambda kwh, moment: moment.kwh < kwh),
        Kind("min_current", Axis.CURRENT, lambda a, moment: _needed(moment.least_current, "MIN_CURRENT", moment) >= a),
        Kind("max_current", Axis.CURRENT, lambda a, moment: _needed(moment.most_current, "MAX_CURRENT", moment) < a),
        Kind("min_power", Axis.POWER, lambda kw, moment: _needed(moment.least_power, "MIN_POWER", moment) >= kw),
        Kind("max_power", Axis.POWER, lambda kw, moment: _needed(moment.most_power, "MAX_POWER", moment) < kw),
        Kind("min_duration", Axis.DURATION, lambda time, moment: moment.duration >= time),
        Kind("max_duration", Axis.DURATION, lambda time, moment: moment.duration < time),
    )
}
"""Every restriction but `reservation` and `booking`, which say what an element is for."""


class Restriction(msgspec.Struct, frozen=True):
    """One restriction of one element. `limit` is in the form that its kind takes; `text` is as the tariff has it."""

    kind: Kind
    limit: Any
    text: str

    @property
    def name(self) -> str:
        """The field or fields of the tariff."""
        return self.kind.name

    def holds(self, moment: Moment) -> bool:
        """Whether it holds at that moment.

        Raises:
            BadCharge: the charging period does not say what the restriction asks.
        """
        return self.kind.holds(self.limit, moment)
