# SPDX-License-Identifier: AGPL-3.0-or-later
"""A received CDR: right, wrong with the likely reason, or not to be told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.pricing.charging import D, cdr, component, element, limit, period, tariff
from tests.rules import rule
from wwcp_ocpi.rules import NoteCode, Reason, Tolerance, Verdict, cdr_totals, check, check_report, price
from wwcp_ocpi.rules.billing import Steps
from wwcp_ocpi.v2_2_1 import CDR, Price

DAY = element(
    component("ENERGY", "0.40", "20", 500), component("TIME", "1.20", "20", 600), start_time="08:00", end_time="20:00"
)
NIGHT = element(component("ENERGY", "0.20", "20", 500), component("TIME", "0.60", "20", 600))
PERIODS = (period("07:00", ENERGY="10.1", TIME=1), period("08:00", ENERGY="3.3", TIME="0.4167"))
replace = msgspec.structs.replace


def received(
    *elements: Any, periods: Any = PERIODS, end: str = "08:25", stated: dict[str, Any] | None = None, **more: Any
) -> Any:
    """A CDR whose totals are right, or as priced in the way of `stated`."""
    limits = {name: more.pop(name) for name in ("min_price", "max_price") if name in more}
    record = cdr(periods, [tariff(*(elements or (DAY, NIGHT)), **limits)], end=end, **more)
    return replace(record, **cdr_totals(price(record, **{"time_zone": "UTC", **(stated or {})}), CDR))


def reasons(record: Any, path: str = "$.total_cost.excl_vat", **more: Any) -> set[Reason]:
    checked = check(record, **{"time_zone": "UTC", **more})
    assert not checked.matches
    (found,) = [one for one in checked.differences if one.path == path]
    return set(found.reasons)


@rule("CDR-07")
def test_a_cdr_that_is_right_is_ok() -> None:
    checked = check(received(), time_zone="UTC")
    assert (checked.verdict, checked.differences, checked.notes) == (Verdict.OK, (), ())
    assert checked.matches
    assert checked.priced is not None


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"steps": Steps.NEVER}, Reason.STEP_SIZE_IGNORED),
        ({"steps": Steps.EACH_PERIOD}, Reason.STEP_SIZE_EACH_PERIOD),
        ({"time_zone": "Europe/Amsterdam"}, Reason.WRONG_TIME_ZONE),
        ({"limits": False}, Reason.LIMITS_IGNORED),
    ],
)
def test_a_usual_mistake_is_named(stated: dict[str, Any], reason: Reason) -> None:
    record = received(stated=stated, min_price=limit("2.2.1", "50", "60") if "limits" in stated else None)
    assert reasons(record) == {reason}
    assert check(record, time_zone="UTC").verdict is Verdict.DIFFERENT


def test_a_time_zone_that_was_utc_is_named() -> None:
    record = received()
    checked = check(record, time_zone="Europe/Amsterdam")
    assert {reason for one in checked.differences for reason in one.reasons} == {Reason.WRONG_TIME_ZONE}
    assert any("WRONG_TIME_ZONE: UTC" in one.details for one in checked.differences)


def test_vat_that_was_not_added_or_added_twice_is_named() -> None:
    right = received()
    total = right.total_cost
    missing = replace(right, total_cost=Price(excl_vat=total.excl_vat, incl_vat=total.excl_vat))
    assert reasons(missing, "$.total_cost.incl_vat") == {Reason.VAT_MISSING}
    inside = replace(right, total_cost=Price(excl_vat=total.incl_vat, incl_vat=total.incl_vat))
    assert reasons(inside) == {Reason.VAT_IN_PRICE_BEFORE}


def test_lines_that_were_rounded_one_by_one_are_named() -> None:
    periods = [period(f"10:{minute:02}", ENERGY="0.013") for minute in range(0, 50, 10)]
    right = received(component("ENERGY", "0.333"), periods=periods, end="10:50")
    wrong = replace(right, total_cost=Price(excl_vat=D("0.00"), incl_vat=D("0.00")), total_energy_cost=None)
    assert reasons(wrong) == {Reason.OTHER_ROUNDING}


def test_no_reason_is_made_up() -> None:
    wrong = replace(received(), total_cost=Price(excl_vat=D(99), incl_vat=D(111)))
    assert reasons(wrong) == set()


@rule("CDR-05")
def test_a_credit_cdr_negates_its_total_and_its_parts_as_it_likes() -> None:  # defect 10
    credit = received(credit=True, credit_reference_id="C0")
    assert check(credit, time_zone="UTC").verdict is Verdict.OK
    part = credit.total_energy_cost
    negated = Price(excl_vat=-part.excl_vat, incl_vat=-part.incl_vat)
    assert check(replace(credit, total_energy_cost=negated), time_zone="UTC").verdict is Verdict.OK
    positive = replace(credit, total_cost=Price(excl_vat=-credit.total_cost.excl_vat))
    assert reasons(positive) == {Reason.CREDIT_NOT_NEGATED}


def test_energy_and_times_that_do_not_add_up_are_different() -> None:
    for field, reason in (
        ("total_energy", Reason.ENERGY_DOES_NOT_ADD_UP),
        ("total_time", Reason.TIME_DOES_NOT_ADD_UP),
    ):
        checked = check(replace(received(), **{field: D("9.5")}), time_zone="UTC")
        assert checked.verdict is Verdict.DIFFERENT
        assert [(one.path, one.stated, one.reasons) for one in checked.differences] == [
            (f"$.{field}", D("9.5"), (reason,))
        ]
    parked = received(periods=[period("07:00", ENERGY=1, TIME=1), period("08:00", PARKING_TIME="0.4167")])
    checked = check(replace(parked, total_parking_time=D("0.1")), time_zone="UTC")
    assert [one.path for one in checked.differences] == ["$.total_parking_time"]


def test_a_period_that_spans_a_change_of_price_leaves_it_unclear() -> None:
    for elements, periods in (
        ((DAY, NIGHT), [period("07:00", ENERGY="13.4", TIME="1.4167")]),
        ((element(component("ENERGY", "1"), max_kwh=5), component("ENERGY", "2")), [period("07:00", ENERGY=9)]),
        ((element(component("ENERGY", "1"), max_duration=600), component("ENERGY", "2")), [period("07:00", ENERGY=9)]),
        (
            (element(component("ENERGY", "1"), min_power=5), component("ENERGY", "2")),
            [period("07:00", ENERGY=9, MIN_POWER=1, MAX_POWER=9)],
        ),
    ):
        right = received(*elements, periods=periods)
        checked = check(right, time_zone="UTC")
        assert checked.verdict is Verdict.OK  # the totals are as computed, and the note stays
        assert NoteCode.PERIOD_SPANS_PRICE_CHANGE in {note.code for note in checked.notes}
        wrong = replace(right, total_cost=Price(excl_vat=right.total_cost.excl_vat + 1))
        assert reasons(wrong) == {Reason.PERIOD_SPANS_PRICE_CHANGE}
        assert check(wrong, time_zone="UTC").verdict is Verdict.UNCLEAR


def test_the_end_of_a_period_is_not_in_it() -> None:
    elements = (
        element(component("ENERGY", "1"), max_kwh=5, end_time="08:00", max_duration=3600),
        component("ENERGY", "2"),
    )
    record = received(*elements, periods=[period("07:00", ENERGY=5), period("08:00", ENERGY=1)])
    assert check(record, time_zone="UTC").notes == ()


def test_a_long_period_spans_what_comes_and_goes_within_it() -> None:
    record = received(periods=[period("07:00", ENERGY=9, TIME=16)], end="23:00")
    assert NoteCode.PERIOD_SPANS_PRICE_CHANGE in {note.code for note in check(record, time_zone="UTC").notes}


@pytest.mark.parametrize(
    ("starts", "code"),
    [
        (("07:00", "08:20", "08:10"), NoteCode.PERIODS_UNORDERED),
        (("07:00", "09:20"), NoteCode.PERIOD_OUTSIDE_SESSION),
        (("06:00", "08:20"), NoteCode.PERIOD_OUTSIDE_SESSION),
    ],
)
def test_periods_out_of_order_or_outside_leave_it_unclear(starts: tuple[str, ...], code: NoteCode) -> None:
    record = cdr([period(one, ENERGY=1) for one in starts], [tariff(DAY, NIGHT)], start="07:00", end="08:25")
    checked = check(record, time_zone="UTC")
    assert checked.verdict is Verdict.UNCLEAR
    assert code in {note.code for note in checked.notes}
    assert checked.priced is not None


def test_what_cannot_be_priced_is_unclear_with_the_reason() -> None:
    for record, path in (
        (cdr([period("10:00", ENERGY=1)]), "$.tariffs"),
        (cdr([period("10:00", GLITTER=1)], [tariff(NIGHT)]), "$.charging_periods[0].dimensions[0].type"),
        (cdr([period("10:00", ENERGY=1)], [tariff(DAY)], end="09:00"), "$.end_date_time"),
    ):
        checked = check(record, time_zone="UTC")
        assert (checked.verdict, checked.priced) == (Verdict.UNCLEAR, None)
        assert [(note.code, note.path) for note in checked.notes] == [(NoteCode.CANNOT_PRICE, path)]
    no_zone = check(received())
    assert [note.path for note in no_zone.notes] == ["time_zone"]
    odd = check(replace(cdr([period("10:00", ENERGY=1)], [tariff(NIGHT)]), charging_periods=[]))
    assert odd.verdict is Verdict.UNCLEAR


def test_more_time_than_a_period_lasts_and_words_for_sessions_are_noted() -> None:
    record = received(periods=[period("08:00", ENERGY=1, TIME=5, POWER=7, STATE_OF_CHARGE=50)])
    codes = {note.code for note in check(record, time_zone="UTC").notes}
    assert {NoteCode.TIME_EXCEEDS_PERIOD, NoteCode.SESSION_ONLY_DIMENSION} <= codes


def test_a_tariff_that_did_not_hold_then_is_noted() -> None:
    by = tariff(NIGHT, end_date_time="2020-01-01T00:00:00Z")
    codes = {note.code for note in check(cdr(PERIODS, [by], end="08:25"), time_zone="UTC").notes}
    assert NoteCode.TARIFF_NOT_VALID in codes


def test_a_price_that_misses_a_dimension_leaves_it_unclear() -> None:
    record = received(periods=[period("07:00", ENERGY=1)])
    wrong = replace(record, total_cost=Price(excl_vat=record.total_cost.excl_vat + 1))
    assert check(wrong, time_zone="UTC").verdict is Verdict.UNCLEAR


def test_the_tolerance_is_half_of_the_smallest_coin_unless_told_otherwise() -> None:
    right = received()
    total = right.total_cost.excl_vat

    def verdict(stated: Decimal, **more: Any) -> Verdict:
        return check(replace(right, total_cost=Price(excl_vat=stated)), time_zone="UTC", **more).verdict

    assert verdict(total + D("0.005")) is Verdict.OK
    assert verdict(total + D("0.0051")) is Verdict.DIFFERENT
    assert verdict(total + D("0.0001"), tolerance=Tolerance(money=D(0))) is Verdict.DIFFERENT
    assert verdict(total + 1, tolerance=Tolerance(money=D(2))) is Verdict.OK


@pytest.mark.parametrize("version", ["2.1.1", "2.3.0"])
def test_the_other_versions_are_checked_in_their_own_fields(version: str) -> None:
    by = tariff(component("ENERGY", "0.25", None if version == "2.1.1" else "10"), version=version)
    record = cdr([period("10:00", ENERGY=20)], [by], version=version, end="11:00", total_energy=20)
    right = replace(record, **cdr_totals(price(record), type(record)))
    assert check(right).verdict is Verdict.OK
    wrong = replace(record, total_energy=D(20))
    path = {"2.1.1": "$.total_cost", "2.3.0": "$.total_cost.before_taxes"}[version]
    assert [one.path for one in check(wrong).differences if "cost" in one.path] == [path]
    if version == "2.3.0":
        taxed = replace(right, total_cost=replace(right.total_cost, taxes=[]))
        (found,) = check(taxed).differences
        assert (found.path, found.reasons) == ("$.total_cost.taxes", (Reason.VAT_MISSING,))


def test_a_check_can_be_kept_as_json() -> None:
    record = received()
    kept = check_report(check(record, time_zone="UTC"))
    assert msgspec.json.decode(msgspec.json.encode(kept))["verdict"] == "OK"
    assert kept["dimensions"][0] == {
        "dimension": "ENERGY", "unit": "kWh", "volume": D("13.4"), "billed": D("13.5"), "before_taxes": D("3.3800"),
        "after_taxes": D("4.0560"),
    }  # fmt: skip
    wrong = check_report(check(replace(record, total_energy=D(99)), time_zone="UTC"))
    assert [one["reasons"] for one in wrong["differences"]] == [["ENERGY_DOES_NOT_ADD_UP"]]
    nothing = check_report(check(cdr([period("10:00", ENERGY=1)])))
    assert (nothing["verdict"], "total_cost" in nothing) == ("UNCLEAR", False)
    assert msgspec.json.encode(nothing)


def test_periods_are_put_in_order_whatever_is_wrong_with_them() -> None:
    starts = ("08:00", "06:00", "09:30", "07:30")
    record = cdr([period(one, ENERGY=1) for one in starts], [tariff(DAY, NIGHT)], start="07:00", end="08:25")
    checked = check(record, time_zone="UTC")
    assert checked.verdict is Verdict.UNCLEAR
    assert checked.priced is not None
    assert [one.index for one in checked.priced.workings.charge.periods] == [1, 3, 0, 2]


def test_a_cdr_of_2_1_1_is_checked_by_the_time_zone_of_its_own_location() -> None:
    by = tariff(element(component("ENERGY", "1"), start_time="11:00"), component("ENERGY", "2"), version="2.1.1")
    record = cdr([period("10:30", ENERGY=1)], [by], version="2.1.1", end="10:45", total_cost=1, total_energy=1)
    there = replace(record.location, time_zone="Europe/Amsterdam")
    right = replace(record, location=there, total_time=D("0.25"))
    assert check(right).verdict is Verdict.OK
    assert check(right, time_zone="UTC").verdict is Verdict.DIFFERENT
