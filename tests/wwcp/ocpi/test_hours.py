# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests.rules import rule
from tests.wwcp.making import MONDAY, TUESDAY, location_with, texts
from wwcp_ocpi.v2_3_0.locations import ExceptionalPeriod, Hours, RegularHours
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes, Period
from wwcp_ocpi.wwcp.model.texts import Weekday


def opening(times: OpeningTimes | None) -> Mapped[Hours]:
    found = location_with(opening_times=times)
    assert found.value is not None
    return Mapped(found.id, found.value.opening_times, found.notes)


def regular(*ranges: tuple[str, str], day: Weekday = Weekday.MONDAY) -> Mapped[Hours]:
    hours = [HourRange(begin=begin, end=end) for begin, end in ranges]
    return opening(OpeningTimes(regular_openings=[{day: hours}]))


def periods(found: Mapped[Hours]) -> list[tuple[int, str, str]]:
    assert found.value is not None
    return [(made.weekday, made.period_begin, made.period_end) for made in found.value.regular_hours or []]


@rule("LOC-34")
def test_around_the_clock_has_no_regular_hours() -> None:
    times = OpeningTimes(is_24_7=True, regular_openings=[{Weekday.MONDAY: [HourRange(begin="08:00", end="18:00")]}])
    assert opening(times) == Mapped("DE*GEF*P1", Hours(twentyfourseven=True), [])


def test_regular_hours_stand_in_the_order_of_the_week() -> None:
    day = [HourRange(begin="13:00", end="18:00"), HourRange(begin="8:00", end="12:30:00")]
    found = opening(OpeningTimes(regular_openings=[{Weekday.SUNDAY: day[:1]}, {Weekday.MONDAY: day}]))
    assert found.value == Hours(
        twentyfourseven=False,
        regular_hours=[
            RegularHours(weekday=1, period_begin="08:00", period_end="12:30"),
            RegularHours(weekday=1, period_begin="13:00", period_end="18:00"),
            RegularHours(weekday=7, period_begin="13:00", period_end="18:00"),
        ],
    )
    assert found.notes == []


@rule("LOC-36")
@pytest.mark.parametrize(
    ("day", "begin", "end", "expected"),
    [
        (Weekday.MONDAY, "22:00", "06:00", [(1, "22:00", "23:59"), (2, "00:00", "06:00")]),
        (Weekday.SUNDAY, "22:00", "06:00", [(1, "00:00", "06:00"), (7, "22:00", "23:59")]),
        (Weekday.MONDAY, "08:00", "24:00", [(1, "08:00", "23:59")]),
        (Weekday.MONDAY, "08:00", "00:00", [(1, "08:00", "23:59")]),
        (Weekday.MONDAY, "00:00", "00:00", [(1, "00:00", "23:59")]),
        (Weekday.MONDAY, "08:00", "08:00", [(1, "08:00", "23:59"), (2, "00:00", "08:00")]),
    ],
)
def test_hours_past_midnight_are_two_periods_and_the_end_of_a_day_is_2359(
    day: Weekday, begin: str, end: str, expected: list[tuple[int, str, str]]
) -> None:
    found = regular((begin, end), day=day)
    assert periods(found) == expected
    assert texts(found) == ["$.openingTimes.regularOpenings: 24:00 is sent as 23:59"]


@pytest.mark.parametrize(("begin", "end"), [("8", "18:00"), ("08:00", "25:00"), ("24:00", "06:00"), ("", "")])
def test_hours_that_are_none_are_left_out_and_noted(begin: str, end: str) -> None:
    found = regular((begin, end), ("10:00", "11:00"))
    assert periods(found) == [(1, "10:00", "11:00")]
    assert texts(found) == [
        f"$.openingTimes.regularOpenings[0].Monday[0]: left out: expected times HH:MM, got {begin!r} and {end!r}"
    ]


def test_a_day_that_is_none_is_left_out_and_noted() -> None:
    found = regular(("08:00", "18:00"), day=Weekday("Funday"))
    assert found.value is None
    assert texts(found) == [
        "$.openingTimes.regularOpenings[0].Funday[0]: left out: Funday is no day of the week",
        "$.openingTimes: left out: neither 24/7 nor any regular hours",
    ]


def test_exceptions_are_periods_and_those_that_end_before_they_begin_are_left_out() -> None:
    good, bad = Period(begin=MONDAY, end=TUESDAY), Period(begin=TUESDAY, end=MONDAY)
    made = ExceptionalPeriod(period_begin=MONDAY, period_end=TUESDAY)
    found = opening(OpeningTimes(is_24_7=True, exceptional_openings=[bad, good], exceptional_closings=[good]))
    assert found.value == Hours(twentyfourseven=True, exceptional_openings=[made], exceptional_closings=[made])
    assert texts(found) == ["$.openingTimes.exceptionalOpenings[0]: left out: expected an end after the begin"]


@rule("LOC-34")
def test_openings_on_single_days_alone_are_left_out_and_noted() -> None:
    found = opening(OpeningTimes(exceptional_openings=[Period(begin=MONDAY, end=TUESDAY)]))
    assert found.value is None
    assert texts(found) == ["$.openingTimes: left out: neither 24/7 nor any regular hours"]


def test_a_free_text_is_noted() -> None:
    assert texts(opening(OpeningTimes(is_24_7=True, free_text="always"))) == [
        "$.openingTimes.freeText: left out: OCPI 2.3.0 has no place for it"
    ]


def test_no_opening_times_are_no_hours() -> None:
    found: Any = opening(None)
    assert (found.value, found.notes) == (None, [])
