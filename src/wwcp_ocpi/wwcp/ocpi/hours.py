# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP opening times to OCPI Hours. Spec: mod_locations#mod_locations_hours_class.

OCPI's periods end on the day they begin, before 24:00. A night from 22:00 to 06:00 becomes two periods, and the
end of a day becomes 23:59.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wwcp_ocpi.v2_3_0.locations import ExceptionalPeriod, Hours, RegularHours
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes, Period
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.words import WEEKDAY_NUMBER

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?", re.ASCII)
_DAY = 24 * 60


def hours(times: OpeningTimes | None, path: str, context: Context) -> Hours | None:
    """The Hours, None where nothing is known."""
    if times is None:
        return None
    context.has_no_place(times, ("free_text", "extra"), path)
    openings = _exceptional(times.exceptional_openings, f"{path}.exceptionalOpenings", context)
    closings = _exceptional(times.exceptional_closings, f"{path}.exceptionalClosings", context)
    regular = [] if times.is_24_7 else _regular(times, f"{path}.regularOpenings", context)
    if not (times.is_24_7 or regular):  # LOC-34: single days alone are no opening hours
        context.note(path, "left out: neither 24/7 nor any regular hours")
        return None
    return Hours(
        twentyfourseven=times.is_24_7,
        regular_hours=regular or None,
        exceptional_openings=openings or None,
        exceptional_closings=closings or None,
    )


def _exceptional(periods: list[Period], path: str, context: Context) -> list[ExceptionalPeriod]:
    made = []
    for index, period in enumerate(periods):
        if period.begin < period.end:
            made.append(ExceptionalPeriod(period_begin=period.begin, period_end=period.end))
        else:
            context.note(f"{path}[{index}]", "left out: expected an end after the begin")
    return made


def _regular(times: OpeningTimes, path: str, context: Context) -> list[RegularHours]:
    made: set[tuple[int, int, int]] = set()
    for index, days in enumerate(times.regular_openings):
        for day, ranges in days.items():
            for position, hour_range in enumerate(ranges):
                at = f"{path}[{index}].{day}[{position}]"
                if day not in WEEKDAY_NUMBER:
                    context.note(at, f"left out: {day} is no day of the week")
                else:
                    made.update(_periods(WEEKDAY_NUMBER[day], hour_range, at, context))
    if any(end == _DAY for _, _, end in made):
        context.note(path, "24:00 is sent as 23:59")
    return [
        RegularHours(weekday=weekday, period_begin=_clock(begin), period_end=_clock(min(end, _DAY - 1)))
        for weekday, begin, end in sorted(made)
        if begin < min(end, _DAY - 1)
    ]


def _periods(weekday: int, hour_range: HourRange, path: str, context: Context) -> Iterator[tuple[int, int, int]]:
    begin, end = _minutes(hour_range.begin), _minutes(hour_range.end)
    if begin is None or end is None or begin == _DAY:
        context.note(path, f"left out: expected times HH:MM, got {hour_range.begin!r} and {hour_range.end!r}")
    elif begin < end:
        yield weekday, begin, end
    else:
        yield weekday, begin, _DAY
        if end > 0:
            yield weekday % 7 + 1, 0, end


def _minutes(text: str) -> int | None:
    if text.strip() in ("24:00", "24:00:00"):
        return _DAY
    match = _TIME.fullmatch(text.strip())
    return int(match[1]) * 60 + int(match[2]) if match else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
