# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which element prices a period: first match per dimension, and every restriction at its very bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.pricing.charging import D, cdr, component, cost, element, period, priced, same, tariff
from tests.rules import rule
from wwcp_ocpi.rules import BadCharge, TimeZoneMissing, price

ENERGY = component("ENERGY", "1")
OTHER = component("ENERGY", "2")


def matched(*periods: dict[str, Any], zone: Any = "UTC", end: Any = "23:30", **restrictions: Any) -> list[int]:
    """For each kWh charged: 1 where the restricted element holds, 2 where the fallback does."""
    by = tariff(element(ENERGY, **restrictions), OTHER)
    found = price(cdr(periods, [by], end=end), time_zone=zone)
    return [int(row.candidate.component.price) for row in found.workings.rows]


def kwh(*starts: str, **more: Any) -> list[dict[str, Any]]:
    return [period(start, ENERGY=1, **more) for start in starts]


@rule("TAR-01", "TAR-02")
def test_per_dimension_the_first_element_that_holds_counts() -> None:
    by = tariff(
        element(component("TIME", "1"), component("ENERGY", "10"), max_kwh=1),
        element(component("TIME", "2")),
        element(component("ENERGY", "20"), component("TIME", "3")),
    )
    found = priced(period("10:00", ENERGY=1, TIME=1), period("11:00", ENERGY=1, TIME=1), by=by)
    assert [(row.line.name, row.candidate.element) for row in found.workings.rows] == [
        ("ENERGY", 0), ("TIME", 0), ("ENERGY", 2), ("TIME", 1),
    ]  # fmt: skip


@rule("TAR-02")
def test_a_dimension_without_a_matching_element_costs_nothing() -> None:
    by = tariff(element(ENERGY, max_kwh=1))
    assert same(cost(priced(*kwh("10:00", "11:00"), by=by))[0], "1")


@rule("TAR-19")
@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ({"start_time": "10:00", "end_time": "12:00"}, [2, 1, 1, 2]),
        ({"start_time": "10:00"}, [2, 1, 1, 1]),
        ({"end_time": "12:00"}, [1, 1, 1, 2]),
        ({"start_time": "12:00", "end_time": "10:00"}, [1, 2, 2, 1]),  # over midnight
        ({"start_time": "10:00", "end_time": "00:00"}, [2, 1, 1, 1]),  # to the end of the day
        ({"start_time": "00:00", "end_time": "00:00"}, [1, 1, 1, 1]),
        ({"start_time": "10:00", "end_time": "10:00"}, [2, 2, 2, 2]),  # no time at all
    ],
)
def test_a_time_of_day_begins_with_its_start_and_ends_before_its_end(
    hours: dict[str, str], expected: list[int]
) -> None:
    assert matched(*kwh("09:59:59", "10:00", "11:59:59", "12:00"), **hours) == expected


@rule("TAR-19")
def test_a_day_is_that_of_the_moment_also_after_midnight() -> None:
    starts = ("2026-01-16T22:30:00Z", "2026-01-17T05:00:00Z", "2026-01-17T22:30:00Z")  # Friday, Saturday
    night = {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}
    assert matched(*kwh(*starts), end="2026-01-18T00:00:00Z", **night) == [1, 2, 2]
    assert matched(*kwh("2026-01-16T03:00:00Z"), end="2026-01-18T00:00:00Z", **night) == [1]


@rule("TAR-19")
def test_dates_are_local_the_first_inclusive_the_last_exclusive() -> None:
    starts = ("2026-01-09T23:30:00Z", "2026-01-10T22:59:00Z", "2026-01-10T23:00:00Z")
    dates = {"start_date": "2026-01-10", "end_date": "2026-01-11"}
    assert matched(*kwh(*starts), zone="Europe/Amsterdam", end="2026-01-12T00:00:00Z", **dates) == [1, 1, 2]
    assert matched(*kwh(*starts), end="2026-01-12T00:00:00Z", **dates) == [2, 1, 1]


@rule("TAR-18")
@pytest.mark.parametrize(
    ("restrictions", "expected"),
    [({"min_kwh": 2}, [2, 2, 1, 1]), ({"max_kwh": 2}, [1, 1, 2, 2]), ({"min_kwh": 1, "max_kwh": 3}, [2, 1, 1, 2])],
)
def test_energy_counts_from_the_start_of_the_session(restrictions: dict[str, int], expected: list[int]) -> None:
    assert matched(*kwh("10:00", "11:00", "12:00", "13:00"), **restrictions) == expected


@rule("TAR-22")
@pytest.mark.parametrize(
    ("restrictions", "expected"), [({"min_duration": 3600}, [2, 2, 1]), ({"max_duration": 3600}, [1, 1, 2])]
)
def test_a_least_duration_includes_and_a_greatest_excludes(
    restrictions: dict[str, int], expected: list[int]
) -> None:  # defect 9
    assert matched(*kwh("10:00", "10:59:59", "11:00"), **restrictions) == expected


def test_the_duration_of_a_session_begins_when_its_reservation_ends() -> None:
    by = tariff(element(ENERGY, max_duration=3600), OTHER)
    found = priced(period("08:00", RESERVATION_TIME=2), period("10:00", ENERGY=1), period("11:00", ENERGY=1), by=by)
    assert [row.candidate.element for row in found.workings.rows] == [0, 1]


@rule("TAR-20", "TAR-21")
@pytest.mark.parametrize("what", ["current", "power"])
def test_current_and_power_must_hold_all_through_a_period(what: str) -> None:
    def at(low: int, high: int) -> dict[str, int]:
        return {f"MIN_{what.upper()}": low, f"MAX_{what.upper()}": high}

    periods = [
        period("10:00", ENERGY=1, **at(16, 16)), period("11:00", ENERGY=1, **at(10, 15)),
        period("12:00", ENERGY=1, **at(10, 32)), period("13:00", ENERGY=1, **at(16, 31)),
    ]  # fmt: skip
    assert matched(*periods, **{f"min_{what}": 16}) == [1, 2, 2, 1]
    assert matched(*periods, **{f"max_{what}": 16}) == [2, 1, 2, 2]
    assert matched(*periods, **{f"min_{what}": 16, f"max_{what}": 32}) == [1, 2, 2, 1]


def test_one_end_of_current_or_power_stands_for_both() -> None:
    periods = [period("10:00", ENERGY=1, MAX_POWER=20), period("11:00", ENERGY=1, MIN_POWER=10)]
    assert matched(*periods, min_power=16) == [1, 2]


def test_power_that_is_not_told_is_energy_over_time() -> None:
    assert matched(period("10:00", ENERGY=8), period("11:00", ENERGY=4), end="12:00", min_power=8) == [1, 2]


def test_current_that_is_not_told_is_refused() -> None:
    with pytest.raises(BadCharge, match=r"\$\.charging_periods\[0\]\.dimensions: expected MIN_CURRENT"):
        matched(period("10:00", ENERGY=8), min_current=8)


def test_local_time_needs_a_time_zone_and_other_tariffs_need_none() -> None:
    by = None
    for restrictions in ({"start_time": "10:00"}, {"day_of_week": ["MONDAY"]}, {"end_date": "2027-01-01"}):
        by = tariff(element(ENERGY, **restrictions))
        with pytest.raises(TimeZoneMissing, match="time_zone: expected that of the Location"):
            priced(*kwh("10:00"), by=by, zone=None)
    assert same(cost(priced(*kwh("10:00"), by=tariff(element(ENERGY, max_kwh=9)), zone=None))[0], "1")
    with pytest.raises(TimeZoneMissing, match="got 'Europe/Atlantis'"):
        priced(*kwh("10:00"), by=by, zone="Europe/Atlantis")


def test_a_cdr_of_2_1_1_may_bring_its_own_time_zone() -> None:
    by = tariff(element(ENERGY, start_time="11:00"), OTHER, version="2.1.1")
    plain = cdr(kwh("10:30"), [by], version="2.1.1")
    there = msgspec.structs.replace(plain.location, time_zone="Europe/Amsterdam")
    local = msgspec.structs.replace(plain, location=there)
    assert same(cost(price(local))[0], "1")
    assert same(cost(price(local, time_zone="UTC"))[0], "2")


@rule("TAR-19")
def test_when_clocks_are_set_back_both_half_past_two_match() -> None:
    """On 2026-10-25 at 01:00 UTC Amsterdam sets its clocks from 03:00 back to 02:00."""
    starts = [f"2026-10-25T{hour:02}:30:00Z" for hour in (-1 % 24, 0, 1, 2)]
    starts[0] = "2026-10-24T23:30:00Z"
    end = "2026-10-25T04:00:00Z"
    restricted = {"start_time": "02:00", "end_time": "03:00"}
    assert matched(*kwh(*starts), zone="Europe/Amsterdam", end=end, **restricted) == [2, 1, 1, 2]


@rule("TAR-19")
def test_when_clocks_are_set_forward_half_past_two_never_comes() -> None:
    """On 2026-03-29 at 01:00 UTC Amsterdam sets its clocks from 02:00 to 03:00."""
    starts = ("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")
    restricted = {"start_time": "02:00", "end_time": "03:00"}
    end = "2026-03-29T04:00:00Z"
    assert matched(*kwh(*starts), zone="Europe/Amsterdam", end=end, **restricted) == [2, 2, 2]


def test_a_tariff_of_many_hours_is_looked_up_as_it_is_read() -> None:
    hourly = [
        element(component("ENERGY", str(hour)), start_time=f"{hour:02}:00", end_time=f"{(hour + 1) % 24:02}:00")
        for hour in range(24)
    ]
    found = priced(*[period(f"{hour:02}:15", ENERGY=1) for hour in range(23)], by=tariff(*hourly), end="23:59")
    assert [row.candidate.component.price for row in found.workings.rows] == [Decimal(hour) for hour in range(23)]


def test_a_flat_fee_is_paid_once_when_it_first_matches() -> None:  # defect 55
    fee = element(component("FLAT", "5"), start_time="12:00")
    by = tariff(fee, element(component("FLAT", "1"), start_time="14:00"))
    found = priced(*kwh("10:00", "12:00", "14:00", "15:00"), by=by)
    assert [(row.period, row.volume) for row in found.workings.rows] == [(1, D(1))]
    assert same(cost(found)[0], "5")
