# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must hold for every tariff and every charge, tried on many."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.charging import D, at, cdr, component, cost, element, period, tariff
from tests.rules import rule
from wwcp_ocpi import v2_2_1
from wwcp_ocpi.rules import (
    Reading,
    Steps,
    Verdict,
    cdr_totals,
    charging_periods,
    check,
    explain,
    metered,
    prepare,
    price,
    read_charge,
)
from wwcp_ocpi.rules.billing import moment_of
from wwcp_ocpi.rules.dimensions import CHARGING_LINES, ENERGY, LINES
from wwcp_ocpi.rules.plan import Plan
from wwcp_ocpi.rules.walltime import changes, wall_clock
from wwcp_ocpi.scalars import DateTime

ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
MINUTE = dt.timedelta(minutes=1)
TYPES = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")
DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

cents = st.integers(0, 5000).map(lambda n: str(Decimal(n) / 1000))
volumes = st.integers(0, 500_000).map(lambda n: str(Decimal(n) / 10_000))
vats = st.sampled_from(["0", "7", "19", "21", "25.5"])
steps = st.sampled_from([0, 1, 60, 300, 900])
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30]))


@st.composite
def components(draw: st.DrawFn, *, step: st.SearchStrategy[int] = steps) -> dict[str, Any]:
    return component(draw(st.sampled_from(TYPES)), draw(cents), draw(vats), draw(step))


@st.composite
def restrictions(draw: st.DrawFn) -> dict[str, Any]:
    possible: dict[str, st.SearchStrategy[Any]] = {
        "start_time": clocks,
        "end_time": clocks,
        "day_of_week": st.lists(st.sampled_from(DAYS), min_size=1, max_size=7),
        "start_date": st.sampled_from(["2026-01-10", "2026-01-12", "2026-01-13"]),
        "end_date": st.sampled_from(["2026-01-12", "2026-01-13"]),
        "min_kwh": st.integers(0, 20),
        "max_kwh": st.integers(0, 20),
        "min_duration": st.integers(0, 7200),
        "max_duration": st.integers(0, 7200),
        "min_power": st.integers(0, 50),
        "max_power": st.integers(0, 50),
    }
    names = draw(st.lists(st.sampled_from(sorted(possible)), unique=True, max_size=3))
    return {name: draw(possible[name]) for name in names}


@st.composite
def elements(draw: st.DrawFn) -> dict[str, Any]:
    return element(*draw(st.lists(components(), min_size=1, max_size=3)), **draw(restrictions()))


@st.composite
def charges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Charging periods of half an hour each from 07:00 on."""
    made = []
    for index in range(draw(st.integers(1, 6))):
        used: dict[str, Any] = {"ENERGY": draw(volumes)}
        used[draw(st.sampled_from(["TIME", "PARKING_TIME"]))] = "0.5"
        made.append(period(f"{7 + index // 2:02}:{index % 2 * 30:02}", **used))
    return made


tariffs = st.lists(elements(), min_size=1, max_size=5).map(lambda some: tariff(*some))
zones = st.sampled_from(ZONES)


def linear(type: str, per_unit: str, vat: str | None = "19", step: int = 0) -> Any:
    return tariff(component(type, per_unit, vat, step))


# ----------------------------------------------------------------------------------------------- the four of the issue


@given(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME"]), cents, steps, volumes, st.floats(0, 1))
def test_to_split_a_period_never_changes_the_price_of_a_linear_tariff(
    type: str, per_unit: str, step: int, volume: str, part: float
) -> None:
    first = round(D(volume) * D(str(part)), 4)
    by = linear(type, per_unit, step=step)
    whole = cdr([period("10:00", **{type: volume})], [by])
    split = cdr([period("10:00", **{type: str(first)}), period("11:00", **{type: str(D(volume) - first)})], [by])
    assert cost(price(whole)) == cost(price(split))


@rule("TAR-01")
@given(tariffs, charges(), zones, st.randoms(use_true_random=False))
def test_the_order_of_elements_matters_only_by_the_first_match(
    by: Any, periods: list[dict[str, Any]], zone: str, random: Any
) -> None:
    """Elements that never match at the same time may change places; the first of those that do always counts."""
    record = cdr(periods, [by])
    found = price(record, time_zone=zone)
    (plan,) = set(found.workings.plans)
    assert plan is not None
    matching = _matching(record, plan, zone)
    for row in found.workings.rows:
        holding = [one for line, _, one in matching if line is row.line]
        if row.line in CHARGING_LINES:
            assert row.candidate.element == holding[_nth(found, row)][0]
    order = list(range(len(by.elements)))
    random.shuffle(order)
    clash = any(
        (one < other) != (order.index(one) < order.index(other))
        for _, _, holding in matching
        for one in holding
        for other in holding
        if one != other
    )
    if not clash:
        shuffled = _replace(by, elements=[by.elements[index] for index in order])
        assert cost(price(cdr(periods, [shuffled]), time_zone=zone)) == cost(found)


def _replace(struct: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(struct, **fields)


def _nth(found: Any, row: Any) -> int:
    """The place of a row among the moments at which its line was measured and something held."""
    rows = [one for one in found.workings.rows if one.line is row.line]
    return rows.index(row)


def _matching(record: Any, plan: Plan, zone: str) -> list[tuple[Any, int, list[int]]]:
    """By brute force, without the index: for each period and line, the elements that hold, in order."""
    charge = read_charge(record)
    made, kwh = [], D(0)
    for index, one in enumerate(charge.periods):
        moment = moment_of(one, kwh, plan, wall_clock(ZoneInfo(zone)))
        measured = {line for line, _ in one.volumes}
        for line in LINES:
            if line not in measured and line.name != "FLAT":
                continue
            holding = [
                at
                for at, element in enumerate(plan.tariff.elements)
                if any(component.type == line.component for component in element.components)
                and all(restriction.holds(moment) for restriction in element.restrictions)
            ]
            if holding:
                made.append((line, index, holding))
        kwh += one.volume(ENERGY)
    return made


@given(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME"]), cents, vats, steps, volumes, volumes, st.booleans())
def test_a_price_never_falls_when_more_is_used(
    type: str, per_unit: str, vat: str, step: int, one: str, other: str, limited: bool
) -> None:
    limits = {"min_price": {"excl_vat": 3}, "max_price": {"excl_vat": 30}} if limited else {}
    by = tariff(component(type, per_unit, vat, step), **limits)
    less, more = sorted((one, other), key=Decimal)
    low, high = (cost(price(cdr([period("10:00", **{type: volume})], [by]))) for volume in (less, more))
    assert low[0] is not None
    assert high[0] is not None
    assert low[0] <= high[0]
    if low[1] is not None and high[1] is not None:
        assert low[1] <= high[1]


@rule("TAR-26")
@given(tariffs, charges(), zones)
def test_prices_that_hold_the_tax_and_prices_that_do_not_agree(
    by: Any, periods: list[dict[str, Any]], zone: str
) -> None:
    """A 2.3.0 tariff with taxes added, and the same with each price raised by its tax and taxes included."""
    plain = [
        element(
            *(component(str(one.type), str(one.price), str(one.vat), one.step_size) for one in given.price_components),
            **_restricted(given),
        )
        for given in by.elements
    ]
    raised = [
        {
            **one,
            "price_components": [
                {**part, "price": part["price"] * (100 + part["vat"]) / 100} for part in one["price_components"]
            ],
        }
        for one in plain
    ]
    added = tariff(*plain, version="2.3.0", tax_included="NO")
    included = tariff(*raised, version="2.3.0", tax_included="YES")
    found = [price(cdr(periods, [one], version="2.3.0"), time_zone=zone) for one in (added, included)]
    assert found[0].total_cost == found[1].total_cost
    assert found[0].total_energy_cost == found[1].total_energy_cost
    older = price(cdr(periods, [by]), time_zone=zone)  # and as 2.2.1 has it
    assert older.total_cost == found[0].total_cost


def _restricted(given: Any) -> dict[str, Any]:
    if given.restrictions is None:
        return {}
    plain = msgspec.structs.asdict(given.restrictions)
    return {
        name: [str(day) for day in value] if name == "day_of_week" else value
        for name, value in plain.items()
        if value is not None
    }


# ------------------------------------------------------------------------------------------------------------ and more


@given(tariffs, charges(), zones)
def test_the_explanation_adds_up_to_the_price(by: Any, periods: list[dict[str, Any]], zone: str) -> None:
    found = price(cdr(periods, [by]), time_zone=zone)
    explanation = explain(found)
    for side in ("before_taxes", "after_taxes"):
        total = sum((getattr(line, side) for line in explanation.lines), D(0))
        assert abs(total - getattr(explanation.uncapped, side)) < D("1e-20")


@given(tariffs, charges(), zones)
def test_parts_add_up_to_the_total_but_for_rounding(by: Any, periods: list[dict[str, Any]], zone: str) -> None:
    found = price(cdr(periods, [by]), time_zone=zone)
    parts = [found.total_fixed_cost, found.total_energy_cost, found.total_time_cost, found.total_parking_cost]
    total = sum((part.before_taxes or D(0) for part in parts if part is not None), D(0))
    assert abs(total - (found.total_cost.before_taxes or D(0))) <= D("0.0002")


@given(tariffs, charges(), zones)
def test_step_size_never_makes_anything_cheaper(by: Any, periods: list[dict[str, Any]], zone: str) -> None:
    record = cdr(periods, [by])
    stepped, plain = (cost(price(record, time_zone=zone, steps=how))[0] for how in (Steps.ONCE, Steps.NEVER))
    assert stepped is not None
    assert plain is not None
    assert stepped >= plain


moments = st.integers(0, 60 * 24 * 3).map(lambda minutes: dt.timedelta(minutes=minutes))


@given(
    st.lists(elements(), min_size=1, max_size=4), st.sampled_from(ZONES),
    st.sampled_from(["2026-01-11T05:00:00Z", "2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z", "2026-04-04T03:00:00Z"]),
    st.lists(st.integers(0, 30_000), min_size=1, max_size=4), st.integers(1, 700), st.booleans(),
)  # fmt: skip
def test_a_metered_session_adds_up_and_its_cdr_passes_the_check(
    some: list[dict[str, Any]], zone: str, start: str, kwh: list[int], minutes: int, parks: bool
) -> None:
    plan = prepare(tariff(*some))
    began, meter = at(start), D("100.5")
    readings = [Reading(began, meter)]
    for index, more in enumerate(kwh, 1):
        meter += D(more) / 1000
        readings.append(Reading(began + index * dt.timedelta(minutes=minutes), meter))
    parked = began + dt.timedelta(minutes=minutes * len(kwh)) * 2 // 3 if parks else None
    charge = metered(readings, plan, parking_from=parked, time_zone=zone)
    assert charge.total(ENERGY) == meter - D("100.5")
    counted = sum(volume for one in charge.periods for line, volume in one.volumes if line is not ENERGY)
    assert counted == (readings[-1].at - began).total_seconds()
    assert all(one.end == other.start for one, other in pairwise(charge.periods))
    found = price(charge, [plan], time_zone=zone)
    # No piece of it is priced otherwise than its own start says: cutting it finer changes nothing.
    assert cost(price(_cut_in_two(charge), [plan], time_zone=zone)) == cost(found)
    assert cdr_totals(found, v2_2_1.CDR)["total_cost"].excl_vat == cost(found)[0]
    assert len(charging_periods(charge, v2_2_1.CDR)) == len(charge.periods)


def _cut_in_two(charge: Any) -> Any:
    """Each period as two halves, with the same power in both."""
    halves = []
    for one in charge.periods:
        middle = one.start + (one.end - one.start) / 2
        if middle in (one.start, one.end):
            halves.append(one)
            continue
        part = D((middle - one.start) // dt.timedelta(microseconds=1)) / (
            (one.end - one.start) // dt.timedelta(microseconds=1)
        )
        first = tuple((line, round(volume * part, 12)) for line, volume in one.volumes)
        rest = tuple((line, volume - taken) for (line, volume), (_, taken) in zip(one.volumes, first, strict=True))
        halves.append(_replace(one, end=middle, volumes=first))
        halves.append(_replace(one, start=middle, volumes=rest))
    return _replace(charge, periods=tuple(halves))


@given(tariffs, charges(), zones)
def test_a_cdr_with_its_own_totals_is_never_different(by: Any, periods: list[dict[str, Any]], zone: str) -> None:
    record = cdr(periods, [by], end=f"{7 + len(periods) // 2:02}:{len(periods) % 2 * 30:02}")
    stated = _replace(record, **cdr_totals(price(record, time_zone=zone), v2_2_1.CDR))
    assert check(stated, time_zone=zone).verdict is Verdict.OK


@given(st.integers(-2_000_000_000, 4_000_000_000), st.sampled_from(ZONES))
def test_the_clock_on_the_wall_shows_what_astimezone_does(seconds: int, zone: str) -> None:
    moment = DateTime.from_micros(seconds * 1_000_000)
    clock = wall_clock(ZoneInfo(zone))
    assert clock is not None
    shown, expected = clock(moment), moment.astimezone(ZoneInfo(zone))
    assert (shown, shown.fold, shown.utcoffset()) == (expected, expected.fold, expected.utcoffset())
    assert shown.replace(tzinfo=None) == expected.replace(tzinfo=None)


@given(
    st.sampled_from(["2026-01-10", "2026-03-28", "2026-10-24", "2026-04-04", "2026-10-03"]),
    st.integers(0, 48 * 60),
    st.integers(0, 30 * 60),
    st.sets(st.integers(0, 24 * 60 - 1), min_size=1, max_size=4),
    st.sampled_from(ZONES),
)
def test_the_wall_changes_when_it_shows_the_minute_or_is_set(
    day: str, begin: int, length: int, minutes: set[int], zone: str
) -> None:
    start = DateTime.parse(f"{day}T00:00:30Z") + begin * MINUTE
    end = start + length * MINUTE
    clock = wall_clock(ZoneInfo(zone))
    assert clock is not None
    expected = set()
    moment = start + MINUTE / 2
    while moment < end:
        shown, before = clock(moment), clock(moment - MINUTE)
        if shown.hour * 60 + shown.minute in minutes or shown.utcoffset() != before.utcoffset():
            expected.add(moment)
        moment += MINUTE
    assert set(changes(start, end, minutes, ZoneInfo(zone))) == expected
