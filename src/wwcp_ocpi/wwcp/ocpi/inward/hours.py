# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI Hours to WWCP opening times. Spec: mod_locations#mod_locations_hours_class.

OCPI's periods end on the day they begin: two that meet at midnight are one night. What ends at 23:59 ends at 24:00.
"""

from __future__ import annotations

import re
from collections import defaultdict

from wwcp_ocpi.v2_3_0.locations import ExceptionalPeriod, Hours
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes, Period
from wwcp_ocpi.wwcp.model.texts import Weekday
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.words import WEEKDAY

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
_MIDNIGHT = "24:00"
_ENDS_OF_DAY = ("23:59", "00:00", _MIDNIGHT)


def opening_times(hours: Hours | None, path: str, context: Context) -> OpeningTimes | None:
    """The opening times, None where nothing is told."""
    if hours is None:
        return None
    if hours.twentyfourseven and hours.regular_hours:
        context.note(f"{path}.regular_hours", "left out: it is open around the clock")
    return OpeningTimes(
        is_24_7=hours.twentyfourseven,
        regular_openings=[] if hours.twentyfourseven else _regular(hours, f"{path}.regular_hours", context),
        exceptional_openings=_periods(hours.exceptional_openings, f"{path}.exceptional_openings", context),
        exceptional_closings=_periods(hours.exceptional_closings, f"{path}.exceptional_closings", context),
    )


def _periods(periods: list[ExceptionalPeriod] | None, path: str, context: Context) -> list[Period]:
    made = []
    for index, period in enumerate(periods or ()):
        if period.period_begin < period.period_end:
            made.append(Period(begin=period.period_begin, end=period.period_end))
        else:
            context.note(f"{path}[{index}]", "left out: expected an end after the begin")
    return made


def _regular(hours: Hours, path: str, context: Context) -> list[dict[Weekday, list[HourRange]]]:
    days: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for index, period in enumerate(hours.regular_hours or ()):
        begin, end = period.period_begin[:5], period.period_end[:5]
        if period.weekday not in WEEKDAY or not (_TIME.fullmatch(begin) and _TIME.fullmatch(end)) or begin == _MIDNIGHT:
            context.note(f"{path}[{index}]", "left out: expected a weekday from 1 to 7 and times HH:MM")
        else:
            days[period.weekday].append((begin, _MIDNIGHT if end in _ENDS_OF_DAY else end))
    for day in sorted(days):
        _join_night(days[day], days.get(day % 7 + 1, []))
    return [
        {WEEKDAY[day]: [HourRange(begin=begin, end=end) for begin, end in sorted(days[day])]}
        for day in sorted(days)
        if days[day]
    ]


def _join_night(day: list[tuple[str, str]], next_day: list[tuple[str, str]]) -> None:
    """Evening and morning of one night become one range, when it is shorter than a day."""
    evening = next((times for times in day if times[1] == _MIDNIGHT and times[0] != "00:00"), None)
    morning = next((times for times in next_day if times[0] == "00:00"), None)
    if evening is not None and morning is not None and morning[1] <= evening[0]:
        day[day.index(evening)] = (evening[0], morning[1])
        next_day.remove(morning)
