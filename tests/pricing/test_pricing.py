# SPDX-License-Identifier: AGPL-3.0-or-later
"""Totals: steps, limits, taxes, several tariffs, reservations, credit, rounding."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest

from tests.pricing.charging import D, at, cdr, component, cost, element, limit, period, priced, same, session, tariff
from tests.rules import rule
from wwcp_ocpi.rules import (
    Amount,
    BadTariff,
    NoTariff,
    NoteCode,
    Reserved,
    Rounding,
    Tax,
    in_currency,
    prepare,
    price,
    taxes_of,
)

VERSIONS = ("2.2.1", "2.3.0")
ENERGY = component("ENERGY", "0.25", "10")


def amounts(record: Any, *, names: str = "total_cost", **more: Any) -> Amount | None:
    found: Amount | None = getattr(price(record, **more), names)
    return found


# ------------------------------------------------------------------------------------------------------ step_size


@rule("CDR-16", "TAR-16")
def test_an_exact_multiple_of_step_size_stays() -> None:  # defect 7
    by = tariff(component("TIME", "6", step=600))
    assert same(cost(priced(period("10:00", TIME="0.5"), by=by))[0], "3")


def test_ten_minutes_in_four_decimals_of_an_hour_are_two_steps_of_five() -> None:
    by = tariff(component("TIME", "6", step=300))
    assert same(cost(priced(period("10:00", TIME="0.1667"), by=by))[0], "1")
    assert same(cost(priced(period("10:00", TIME="0.1668"), by=by))[0], "1.5")  # a second more is a step more


@rule("CDR-17")
def test_charging_that_parking_follows_is_not_rounded_and_the_reverse() -> None:
    by = tariff(element(component("TIME", "6", step=600), component("PARKING_TIME", "12", step=600)))
    parks_last = priced(period("10:00", TIME="0.05"), period("10:03", PARKING_TIME="0.05"), by=by)
    assert same(cost(parks_last)[0], "2.3")  # 3 min of charging, 10 min of parking
    charges_last = priced(period("10:00", PARKING_TIME="0.05"), period("10:03", TIME="0.05"), by=by)
    assert same(cost(charges_last)[0], "1.6")


def test_parking_comes_after_charging_within_one_period() -> None:
    by = tariff(element(component("TIME", "6", step=600), component("PARKING_TIME", "12", step=600)))
    assert same(cost(priced(period("10:00", PARKING_TIME="0.05", TIME="0.05"), by=by))[0], "2.3")


def test_a_step_of_0_rounds_nothing() -> None:
    by = tariff(component("ENERGY", "1", step=0))
    assert same(cost(priced(period("10:00", ENERGY="0.1234"), by=by))[0], "0.1234")


def test_reserved_time_is_rounded_by_itself() -> None:  # defect 54
    by = tariff(
        element(component("TIME", "6", step=600), reservation="RESERVATION"), element(component("TIME", "6", step=600))
    )
    found = priced(period("10:00", RESERVATION_TIME="0.05"), period("10:03", TIME="0.05"), by=by)
    assert same(cost(found)[0], "2")


@rule("CDR-17")
def test_only_the_last_of_several_tariffs_rounds() -> None:
    tariffs = [tariff(component("ENERGY", "1", step=1000), id="A"), tariff(component("ENERGY", "2", step=500), id="B")]
    record = cdr([period("10:00", "A", ENERGY="1.1"), period("11:00", "B", ENERGY="1.1")], tariffs)
    assert same(cost(price(record))[0], "3.9")  # 2.2 kWh become 2.5: 1.1 at 1, 1.4 at 2


# --------------------------------------------------------------------------------------------------------- limits


@rule("TAR-13")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min_price": ("6", "6.2")}, ("6", "6.2")),  # each side for itself: 5 and 5.5 before
        ({"min_price": ("4", "6")}, ("5", "6")),
        ({"min_price": ("5.2", "5.4")}, ("5.2", "5.5")),
        ({"max_price": ("4", "4.8")}, ("4", "4.8")),
        ({"max_price": ("5.3", "5.4")}, ("5", "5.4")),
        ({"min_price": ("10", None)}, ("10", "11")),  # one side given: the taxes keep their share
        ({"max_price": ("4", None)}, ("4", "4.4")),
    ],
)
def test_a_limit_counts_for_each_side(
    limits: dict[str, tuple[str, str | None]], expected: tuple[str, str], version: str
) -> None:
    given = {name: limit(version, *values) for name, values in limits.items()}
    found = priced(period("10:00", ENERGY=20), by=tariff(ENERGY, version=version, **given), version=version)
    assert cost(found) == (D(expected[0]), D(expected[1]))
    assert [note.code for note in found.notes] == [NoteCode.LIMIT_APPLIED]
    assert found.total_energy_cost == Amount(D("5.0000"), D("5.5000"))  # the parts are not limited
    shares = taxes_of(found)
    assert shares is not None
    assert sum(share.amount for share in shares) == D(expected[1]) - D(expected[0])


def test_a_session_without_energy_costs_at_least_the_least_price() -> None:
    by = tariff(ENERGY, min_price=limit("2.2.1", "1"))
    assert cost(priced(period("10:00", ENERGY=0), by=by)) == (D("1.0000"), None)


def test_a_reservation_that_nobody_came_for_is_no_session_and_has_no_least_price() -> None:
    by = tariff(ENERGY, element(component("TIME", "1"), reservation="RESERVATION"), min_price=limit("2.2.1", "9"))
    assert same(cost(priced(period("10:00", RESERVATION_TIME=1), by=by))[0], "1")


def test_limits_of_two_tariffs_that_exclude_each_other_are_refused() -> None:
    tariffs = [
        tariff(ENERGY, id="A", min_price=limit("2.2.1", "9")),
        tariff(ENERGY, id="B", max_price=limit("2.2.1", "1")),
    ]
    record = cdr([period("10:00", "A", ENERGY=1), period("11:00", "B", ENERGY=1)], tariffs)
    with pytest.raises(BadTariff, match="no min_price above the max_price"):
        price(record)


# ---------------------------------------------------------------------------------------------------------- taxes


@rule("TAR-25", "TAR-26")
@pytest.mark.parametrize(
    ("version", "tax", "vat", "expected"),
    [
        ("2.1.1", None, None, ("12.1", None)),
        ("2.2.1", None, "21", ("12.1", "14.641")),
        ("2.2.1", None, "0", ("12.1", "12.1")),
        ("2.2.1", None, None, ("12.1", "12.1")),
        ("2.3.0", "NO", "21", ("12.1", "14.641")),
        ("2.3.0", "NO", None, ("12.1", None)),
        ("2.3.0", "YES", "21", ("10", "12.1")),  # defect 53
        ("2.3.0", "YES", None, (None, "12.1")),
        ("2.3.0", "N/A", None, ("12.1", "12.1")),
        ("2.3.0", "N/A", "21", ("12.1", "12.1")),
    ],
)
def test_before_and_after_tax(version: str, tax: str | None, vat: str | None, expected: tuple[str, str]) -> None:
    more = {} if tax is None else {"tax_included": tax}
    by = tariff(component("ENERGY", "1.21", vat), version=version, **more)
    found = priced(period("10:00", ENERGY=10), by=by, version=version)
    before, after = cost(found)
    assert same(before, expected[0])
    assert same(after, expected[1])
    assert (NoteCode.TAX_UNKNOWN in {note.code for note in found.notes}) == (None in expected)


def test_a_price_without_vat_among_others_has_none_on_it() -> None:
    for version in VERSIONS:
        by = tariff(element(component("FLAT", "1"), component("ENERGY", "1", "20")), version=version)
        assert cost(priced(period("10:00", ENERGY=1), by=by, version=version)) == (D("2.0000"), D("2.2000"))


def test_several_taxes_that_the_caller_knows() -> None:
    taxes = (Tax("GST", D(5)), Tax("QST", D("9.975")))
    added = tariff(component("TIME", "2.00"), version="2.3.0", currency="CAD")
    record = cdr([period("10:00", TIME="2.5")], [added], version="2.3.0", currency="CAD")
    found = price(record, taxes=taxes)
    assert found.total_cost == Amount(D("5.0000"), D("5.7488"))
    shares = taxes_of(found)
    assert shares is not None
    assert [(share.name, share.amount) for share in shares] == [("GST", D("0.2500")), ("QST", D("0.4988"))]
    inside = tariff(component("TIME", "2.29950"), version="2.3.0", currency="CAD", tax_included="YES")
    record = cdr([period("10:00", TIME="2.5")], [inside], version="2.3.0", currency="CAD")
    assert price(record, taxes=taxes).total_cost == Amount(D("5.0000"), D("5.7488"))


def test_taxes_of_several_rates_add_up_to_the_difference() -> None:
    by = tariff(element(component("FLAT", "0.333", "7"), component("ENERGY", "0.777", "19.6")))
    found = priced(period("10:00", ENERGY="3.33"), by=by)
    shares = taxes_of(found)
    assert shares is not None
    assert [share.percentage for share in shares] == [D("19.6"), D(7)]
    assert found.total_cost.before_taxes is not None
    assert found.total_cost.after_taxes == found.total_cost.before_taxes + sum(share.amount for share in shares)
    assert taxes_of(found, "total_parking_cost") is None
    fixed = taxes_of(found, "total_fixed_cost")
    assert fixed is not None
    assert [share.percentage for share in fixed] == [D(7)]


# -------------------------------------------------------------------------------------------------------- tariffs


def test_each_period_has_the_tariff_that_it_names_in_any_case() -> None:
    tariffs = [tariff(component("ENERGY", "1"), id="DAY"), tariff(component("ENERGY", "2"), id="NIGHT")]
    record = cdr([period("10:00", "day", ENERGY=1), period("11:00", "NIGHT", ENERGY=1)], tariffs)
    assert same(cost(price(record))[0], "3")


def test_a_period_that_names_no_tariff_among_others_that_do_costs_nothing() -> None:
    by = tariff(component("ENERGY", "1"), id="A")
    found = price(cdr([period("10:00", "A", ENERGY=1), period("11:00", ENERGY=1)], [by]))
    assert same(cost(found)[0], "1")
    assert [(note.code, note.path) for note in found.notes] == [
        (NoteCode.NO_TARIFF_IN_PERIOD, "$.charging_periods[1].tariff_id")
    ]


def test_a_period_that_names_a_tariff_which_is_not_there_is_refused() -> None:
    record = cdr([period("10:00", "B", ENERGY=1)], [tariff(component("ENERGY", "1"), id="A")])
    with pytest.raises(NoTariff, match=r"\$\.charging_periods\[0\]\.tariff_id: expected one of A, got B"):
        price(record)


def test_several_tariffs_and_no_period_that_names_one_are_refused() -> None:
    record = cdr([period("10:00", ENERGY=1)], [tariff(ENERGY, id="A"), tariff(ENERGY, id="B")])
    with pytest.raises(NoTariff, match="expected one of A, B, got none"):
        price(record)


def test_a_tariff_that_is_asked_for_prices_everything() -> None:
    own = prepare(tariff(component("ENERGY", "3"), id="OWN"))
    record = cdr([period("10:00", "A", ENERGY=1)], [tariff(component("ENERGY", "1"), id="A")])
    found = price(record, [own])
    assert same(cost(found)[0], "3")
    assert [note.code for note in found.notes] == [NoteCode.OTHER_TARIFF_USED]


def test_a_session_needs_tariffs_and_ends_when_it_was_last_updated() -> None:
    for version in ("2.1.1", *VERSIONS):
        running = session(
            [period("10:00", ENERGY=1, **({} if version == "2.1.1" else {"CURRENT": 16, "STATE_OF_CHARGE": 50}))],
            version=version, last_updated=str(at("11:00")),
        )  # fmt: skip
        by = tariff(component("ENERGY", "1"), version=version)
        found = price(running, [by])
        assert same(cost(found)[0], "1")
        assert found.workings.charge.end == at("11:00")
        with pytest.raises(NoTariff, match="at least one tariff"):
            price(running)


@rule("TAR-20")
def test_the_average_current_of_a_session_stands_for_its_ends() -> None:
    by = tariff(element(component("ENERGY", "1"), min_current=16), component("ENERGY", "2"))
    running = session([period("10:00", ENERGY=1, CURRENT=16), period("10:30", ENERGY=1, CURRENT=15)])
    assert same(cost(price(running, [by]))[0], "3")


# --------------------------------------------------------------------------------------- reservations and bookings


RESERVING = element(component("FLAT", "1"), component("TIME", "2"), reservation="RESERVATION")
EXPIRING = element(component("FLAT", "10"), component("TIME", "20"), reservation="RESERVATION_EXPIRES")
CHARGING = element(component("FLAT", "100"), component("ENERGY", "200"))


@rule("TAR-23", "TAR-24")
def test_a_reservation_that_was_used_costs_both_and_an_expired_one_its_expiry() -> None:
    by = tariff(RESERVING, EXPIRING, CHARGING)
    used = priced(period("10:00", RESERVATION_TIME=1), period("11:00", ENERGY=1), by=by)
    assert cost(used)[0] == 1 + 2 + 100 + 200
    assert used.total_reservation_cost == Amount(D("3.0000"), D("3.0000"))
    expired = priced(period("10:00", RESERVATION_TIME=1), by=by)
    assert cost(expired)[0] == 1 + 10 + 20
    told = price(cdr([period("10:00", RESERVATION_TIME=1)], [by]), reserved=Reserved.USED)
    assert cost(told)[0] == 1 + 2


def test_the_word_reserved_is_understood_as_reservation() -> None:  # defect 8
    by = tariff(element(component("TIME", "2"), reservation="RESERVED"))
    assert same(cost(priced(period("10:00", RESERVATION_TIME=1), by=by))[0], "2")


BOOKING = (
    element(component("FLAT", "1"), component("TIME", "2"), booking="BOOKING"),
    element(component("FLAT", "10"), component("TIME", "20"), booking="BOOKING_EXPIRES"),
    element(component("TIME", "200"), component("FLAT", "100"), booking="BOOKING_OVERTIME"),
    element(component("FLAT", "1000"), booking="BOOKING_CANCELLATION_FEES"),
    element(component("ENERGY", "5000")),
)


@rule("TAR-27", "CDR-28")
@pytest.mark.parametrize(
    ("periods", "more", "reserved", "expected"),
    [
        ([period("10:00", RESERVATION_TIME=1), period("11:00", ENERGY=1)], {}, None, 5003),
        ([period("10:00", RESERVATION_TIME=1, RESERVATION_EXPIRES=1)], {}, None, 31),
        ([period("10:00", ENERGY=1, RESERVATION_OVERTIME="0.5")], {}, None, 5200),
        ([period("10:00", ENERGY=1)], {"booking_id": "B1"}, None, 5001),
        ([period("10:00", RESERVATION_TIME=1)], {}, Reserved.CANCELED, 1003),
    ],
)
def test_bookings_have_their_own_elements(
    periods: list[dict[str, Any]], more: dict[str, str], reserved: Reserved | None, expected: int
) -> None:  # defect 48
    record = cdr(periods, [tariff(*BOOKING, version="2.3.0")], version="2.3.0", **more)
    assert cost(price(record, reserved=reserved))[0] == expected


# ------------------------------------------------------------------------------------------- credit and rounding


@rule("CDR-05")
def test_of_a_credit_cdr_only_the_total_is_negated() -> None:  # defect 10
    record = cdr([period("10:00", ENERGY=20)], [tariff(ENERGY)], credit=True, credit_reference_id="C0")
    found = price(record)
    assert found.total_cost == Amount(D("-5.0000"), D("-5.5000"))
    assert found.total_energy_cost == Amount(D("5.0000"), D("5.5000"))
    shares = taxes_of(found)
    assert shares is not None
    assert [share.amount for share in shares] == [D("-0.5000")]


@rule("TAR-05")
def test_money_is_rounded_once_at_the_end_as_asked() -> None:
    by = tariff(element(component("ENERGY", "0.3333"), component("FLAT", "0.0040")))
    record = cdr([period("10:00", ENERGY=1), period("11:00", ENERGY=1), period("12:00", ENERGY=1)], [by])
    assert cost(price(record))[0] == D("1.0039")
    assert cost(price(record, rounding=in_currency("EUR")))[0] == D("1.00")
    assert cost(price(record, rounding=in_currency("JPY")))[0] == D("1")
    assert cost(price(record, rounding=in_currency("KWD")))[0] == D("1.004")
    assert price(record, rounding=in_currency("EUR")).total_fixed_cost == Amount(D("0.00"), D("0.00"))


def test_a_third_of_an_hour_is_exactly_that_when_it_is_rounded() -> None:
    by = tariff(component("TIME", "0.0003", step=1200))  # three thirds of 0.0001, and half of the last digit
    assert Rounding().of(D("0.00015")) == D("0.0002")
    assert Rounding(mode=ROUND_HALF_EVEN).of(D("0.00025")) == D("0.0002")
    assert cost(priced(period("10:00", TIME="0.5"), by=by))[0] == D("0.0002")
    assert Rounding().of(Decimal("0.0000499999999999999999999999999999999999999")) == D("0.0001")


def test_the_parts_stand_in_the_fields_of_the_cdr() -> None:
    by = tariff(
        element(component("FLAT", "1"), component("ENERGY", "2"), component("TIME", "4")),
        element(component("PARKING_TIME", "8"), component("FLAT", "16")),
    )
    found = priced(period("10:00", ENERGY=1, TIME=1), period("11:00", PARKING_TIME=1), by=by)
    parts = [found.total_fixed_cost, found.total_energy_cost, found.total_time_cost, found.total_parking_cost]
    assert [part and part.before_taxes for part in parts] == [1, 2, 4, 8]
    assert found.total_reservation_cost is None
    parking_fee = tariff(element(component("PARKING_TIME", "8"), component("FLAT", "16")))
    parked = priced(period("11:00", PARKING_TIME=1), by=parking_fee)
    assert (parked.total_fixed_cost, parked.total_parking_cost) == (None, Amount(D("24.0000"), D("24.0000")))


def test_a_dimension_that_is_priced_and_never_measured_is_noted() -> None:
    by = tariff(element(component("ENERGY", "1"), component("TIME", "1")))
    found = priced(period("10:00", ENERGY=1), by=by)
    assert [note.code for note in found.notes] == [NoteCode.NOT_MEASURED]
    assert priced(period("10:00", ENERGY=1, TIME=1), by=by).notes == ()
    free = tariff(element(component("ENERGY", "1"), component("TIME", "0")))
    assert priced(period("10:00", ENERGY=1), by=free).notes == ()
