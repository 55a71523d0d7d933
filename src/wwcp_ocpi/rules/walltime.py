# SPDX-License-Identifier: AGPL-3.0-or-later
"""The clock on the wall at the Location: where the local time of a moment comes from, and where it changes.

Charging periods are cut in UTC, restrictions ask the wall. When clocks are set back, 02:30 comes twice and both
match; when they are set forward, it does not come at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wwcp_ocpi.rules.errors import TimeZoneMissing
from wwcp_ocpi.rules.restrictions import DAY

WallClock: TypeAlias = Callable[[dt.datetime], dt.datetime]
"""The local time of a moment."""

_SECOND = dt.timedelta(seconds=1)
_ONE_DAY = dt.timedelta(days=1)
_NO_TIME = dt.timedelta()
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def zone_of(time_zone: str | dt.tzinfo) -> dt.tzinfo:
    """The time zone of an IANA name, as in `Location.time_zone`.

    Raises:
        TimeZoneMissing: there is no such time zone.
    """
    return _named(time_zone) if isinstance(time_zone, str) else time_zone


@lru_cache(maxsize=1024)
def _named(time_zone: str) -> dt.tzinfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimeZoneMissing(
            f"time_zone: expected an IANA time zone like Europe/Amsterdam, got {time_zone[:60]!r}", path="time_zone"
        ) from error


def wall_clock(zone: dt.tzinfo | None) -> WallClock | None:
    """The clock of a time zone: it shows what `moment.astimezone(zone)` does, at a tenth of the cost.

    The arithmetic of a DateTime makes a DateTime of every step; this counts from a plain datetime. What is asked may
    raise an OverflowError: the moment is outside of the local calendar.
    """
    if zone is None:
        return None
    epoch = dt.datetime(1970, 1, 1, tzinfo=zone)
    return lambda moment: zone.fromutc(epoch + (moment - _EPOCH))


def week_minute(wall: dt.datetime) -> int:
    """The minute of the week, Monday 00:00 being 0."""
    return wall.weekday() * DAY + wall.hour * 60 + wall.minute


def changes(start: dt.datetime, end: dt.datetime, minutes: Iterable[int], zone: dt.tzinfo) -> Iterator[dt.datetime]:
    """The moments between start and end at which the wall shows one of these minutes of the day, or is set."""
    settings = list(_settings(start, end, zone))
    yield from (_shown_amid_settings if settings else _shown)(start, end, minutes, zone)
    yield from settings


def _shown(start: dt.datetime, end: dt.datetime, minutes: Iterable[int], zone: dt.tzinfo) -> Iterator[dt.datetime]:
    """Where no clock is set in between, the wall runs as UTC does: that is nearly always, and nearly all there is."""
    begin = start.astimezone(dt.UTC)
    wall = begin.astimezone(zone)
    since_midnight = wall.replace(tzinfo=None) - dt.datetime.combine(wall.date(), dt.time())
    length = end - start
    for minute in minutes:
        ahead = dt.timedelta(minutes=minute) - since_midnight
        while ahead < length:
            if ahead > _NO_TIME:
                yield begin + ahead
            ahead += _ONE_DAY


def _shown_amid_settings(
    start: dt.datetime, end: dt.datetime, minutes: Iterable[int], zone: dt.tzinfo
) -> Iterator[dt.datetime]:
    wanted = [divmod(minute, 60) for minute in minutes]
    day = start.astimezone(zone).date() - _ONE_DAY
    last = end.astimezone(zone).date() + _ONE_DAY
    while day <= last:
        for hour, minute in wanted:
            for fold in (0, 1):
                wall = dt.datetime.combine(day, dt.time(hour, minute, fold=fold), zone)
                moment = wall.astimezone(dt.UTC)
                shown = moment.astimezone(zone)
                if start < moment < end and (shown.hour, shown.minute, shown.second) == (hour, minute, 0):
                    yield moment
        day += _ONE_DAY


def _settings(start: dt.datetime, end: dt.datetime, zone: dt.tzinfo) -> Iterator[dt.datetime]:
    """The moments between start and end at which the clock is set forward or back."""
    low = start.astimezone(dt.UTC)
    while low < end:
        high = min(low + _ONE_DAY, end.astimezone(dt.UTC))
        before = low.astimezone(zone).utcoffset()
        if high.astimezone(zone).utcoffset() != before:
            early, late = low, high
            while late - early > _SECOND:
                middle = early + (late - early) // 2
                if middle.astimezone(zone).utcoffset() == before:
                    early = middle
                else:
                    late = middle
            moment = late.replace(microsecond=0)
            if start < moment < end:
                yield moment
        low = high
