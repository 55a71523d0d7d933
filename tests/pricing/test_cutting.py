# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging periods from meter readings: cut where a price may change, and adding up."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.pricing.charging import D, at, cdr, component, cost, element, period, same, tariff
from tests.rules import rule
from wwcp_ocpi import v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.rules import (
    Amount,
    PricingError,
    Reading,
    Verdict,
    cdr_totals,
    charging_periods,
    check,
    expired_reservation,
    metered,
    prepare,
    price,
)
from wwcp_ocpi.rules.dimensions import ENERGY, PARKING_TIME, TIME

FREE = element(component("ENERGY", "0"))


def starts(charge: Any, zone: dt.tzinfo = dt.UTC) -> list[str]:
    return [one.start.astimezone(zone).strftime("%H:%M") for one in charge.periods]


def hours(start: str, *kwh: str, minutes: int = 60) -> list[Reading]:
    """Readings an hour apart."""
    began = at(start)
    return [Reading(began + index * dt.timedelta(minutes=minutes), D(value)) for index, value in enumerate(kwh)]


@rule("CDR-14")
def test_a_period_begins_at_every_bound_that_is_reached() -> None:
    plan = prepare(
        tariff(
            element(component("ENERGY", "1"), start_time="10:30", end_time="11:15"),
            element(component("TIME", "1"), max_duration=5400),
            element(component("ENERGY", "2"), min_kwh=7),
            element(component("ENERGY", "3"), day_of_week=["TUESDAY"]),
        )
    )
    charge = metered(hours("10:00", "100", "104", "108"), plan, parking_from=at("11:50"), time_zone="UTC")
    assert starts(charge) == ["10:00", "10:30", "11:00", "11:15", "11:30", "11:45", "11:50"]
    assert [one.volume(ENERGY) for one in charge.periods] == [2, 2, 1, 1, 1, D("0.333333"), D("0.666667")]
    assert charge.total(ENERGY) == 8
    assert charge.total(TIME) + charge.total(PARKING_TIME) == 7200
    assert charge.total(PARKING_TIME) == 600


def test_energy_is_cut_where_a_restriction_is_reached_exactly() -> None:
    plan = prepare(tariff(element(component("ENERGY", "1"), max_kwh=D("3.333333333")), component("ENERGY", "2")))
    charge = metered(hours("10:00", "0", "10"), plan)
    assert [one.volume(ENERGY) for one in charge.periods] == [D("3.333333333"), D("6.666666667")]
    assert [one.candidate.element for one in price(charge, [plan]).workings.rows] == [0, 1]


def test_a_tariff_that_takes_over_begins_a_period() -> None:
    day, night = prepare(tariff(component("ENERGY", "1"), id="A")), prepare(tariff(component("ENERGY", "2"), id="B"))
    charge = metered(hours("10:00", "0", "10"), [(at("09:00"), day), (at("10:30"), night)])
    assert [(one.tariff_id, one.volume(ENERGY)) for one in charge.periods] == [("A", D(5)), ("B", D(5))]
    assert cost(price(charge, [day, night]))[0] == 15


def test_power_and_current_are_those_between_two_readings() -> None:
    plan = prepare(tariff(element(component("ENERGY", "1"), max_power=8), component("ENERGY", "2")))
    charge = metered(hours("10:00", "0", "10", "14"), plan)
    assert [(one.least_power, one.most_power) for one in charge.periods] == [(D(10), D(10)), (D(4), D(4))]
    assert cost(price(charge, [plan]))[0] == 24
    amps = prepare(tariff(element(component("ENERGY", "1"), min_current=16), component("ENERGY", "2")))
    readings = [Reading(at("10:00"), D(0), D(20)), Reading(at("11:00"), D(1), D(10)), Reading(at("12:00"), D(2))]
    assert cost(price(metered(readings, amps), [amps]))[0] == 3


@rule("TAR-19")
def test_the_night_on_which_clocks_are_set_back_has_five_hours_at_night() -> None:
    """23:00 to 03:00 local: on 2026-10-25 in Amsterdam that takes five hours."""
    plan = prepare(
        tariff(
            element(component("TIME", "1"), start_time="23:00", end_time="02:00"),
            element(component("TIME", "10"), start_time="02:00", end_time="03:00"),
        )
    )
    readings = [Reading(at("2026-10-24T20:00:00Z"), D(0)), Reading(at("2026-10-25T04:00:00Z"), D(8))]
    charge = metered(readings, plan, time_zone="Europe/Amsterdam")
    found = price(charge, [plan], time_zone="Europe/Amsterdam")
    assert cost(found)[0] == 3 * 1 + 2 * 10
    assert [one.start.strftime("%H:%M") for one in charge.periods] == [
        "20:00",
        "21:00",
        "22:00",
        "00:00",
        "01:00",
        "02:00",
    ]


@rule("TAR-19")
def test_the_night_on_which_clocks_are_set_forward_leaves_an_hour_out() -> None:
    plan = prepare(
        tariff(
            element(component("TIME", "10"), start_time="02:00", end_time="03:00"),
            element(component("TIME", "100"), start_time="03:00", end_time="03:30"),
            component("TIME", "1"),
        )
    )
    readings = [Reading(at("2026-03-29T00:00:00Z"), D(0)), Reading(at("2026-03-29T03:00:00Z"), D(8))]
    charge = metered(readings, plan, time_zone="Europe/Amsterdam")
    assert cost(price(charge, [plan], time_zone="Europe/Amsterdam"))[0] == 1 + 50 + D("1.5")


def test_clocks_that_are_set_by_half_an_hour_or_at_midnight_cut_as_well() -> None:
    plan = prepare(
        tariff(element(component("TIME", "1"), start_time="00:00", end_time="01:00"), component("TIME", "10"))
    )
    for zone, start, end in (
        ("Australia/Lord_Howe", "2026-04-04T12:00:00Z", "2026-04-05T12:00:00Z"),  # 02:00 to 01:30
        ("Asia/Beirut", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),  # 00:00 to 23:00
    ):
        readings = [Reading(at(start), D(0)), Reading(at(end), D(1))]
        charge = metered(readings, plan, time_zone=zone)
        assert cost(price(charge, [plan], time_zone=zone))[0] == 1 + 230


def test_a_reservation_comes_before_the_session_or_expires() -> None:
    plan = prepare(
        tariff(
            element(component("TIME", "2"), reservation="RESERVATION"),
            element(component("FLAT", "4"), reservation="RESERVATION_EXPIRES"),
            element(component("ENERGY", "1")),
        )
    )
    charge = metered(hours("10:00", "0", "10"), plan, reserved_from=at("09:30"))
    assert [one.path for one in charge.periods] == ["$.charging_periods[0]", "$.charging_periods[1]"]
    assert cost(price(charge, [plan]))[0] == 11
    assert cost(price(expired_reservation(at("09:30"), at("10:00"), plan), [plan]))[0] == 5
    with pytest.raises(PricingError, match="expected no time before"):
        expired_reservation(at("09:30"), at("09:00"), plan)


# ------------------------------------------------------------------------------------------------ from it, a CDR

CDRS: dict[str, Any] = {"2.1.1": v2_1_1.CDR, "2.2.1": v2_2_1.CDR, "2.3.0": v2_3_0.CDR}


@pytest.mark.parametrize("version", CDRS)
@rule("CDR-07", "CDR-14")
def test_a_cdr_that_is_made_of_meter_readings_passes_the_check(version: str) -> None:
    vat = None if version == "2.1.1" else "19"
    by = tariff(
        element(component("ENERGY", "0.31", vat, 1), component("TIME", "1.20", vat, 60), end_time="17:00"),
        element(component("ENERGY", "0.29", vat, 1), component("TIME", "0.90", vat, 300)),
        element(component("PARKING_TIME", "6", vat, 300), min_duration=3600),
        version=version,
    )
    plan = prepare(by)
    charge = metered(
        hours("15:10", "1234.5", "1239.75", "1245.5", minutes=25),
        plan,
        parking_from=at("15:48"),
        time_zone="Europe/Berlin",
    )
    found = price(charge, [plan], time_zone="Europe/Berlin")
    totals = cdr_totals(found, CDRS[version])
    stated = msgspec.structs.replace(
        cdr([period("15:10", ENERGY=1)], [by], version=version, end="16:00"),
        charging_periods=charging_periods(charge, CDRS[version]),
        **totals,
    )
    checked = check(stated, time_zone="Europe/Berlin")
    assert (checked.verdict, checked.differences) == (Verdict.OK, ()), checked.notes
    assert stated.total_energy == 11
    assert same(stated.total_time, "0.8333")
    assert same(stated.total_parking_time, "0.2")
    assert sum(one.volume for p in stated.charging_periods for one in p.dimensions if one.type == "ENERGY") == 11


def test_totals_are_written_as_each_version_has_them() -> None:
    def totals(version: str, **more: Any) -> dict[str, Any]:
        by = tariff(element(component("ENERGY", "1", "21"), component("FLAT", "1", "9")), version=version, **more)
        plan = prepare(by)
        return cdr_totals(price(metered(hours("10:00", "0", "10"), plan), [plan]), CDRS[version])

    volumes = {"total_energy": D("10.0000"), "total_time": D("1.0000")}
    assert totals("2.1.1") == {"total_cost": D("11.0000"), **volumes}
    assert totals("2.2.1") == {
        "total_cost": v2_2_1.Price(excl_vat=D("11.0000"), incl_vat=D("13.1900")),
        "total_fixed_cost": v2_2_1.Price(excl_vat=D("1.0000"), incl_vat=D("1.0900")),
        "total_energy_cost": v2_2_1.Price(excl_vat=D("10.0000"), incl_vat=D("12.1000")),
        **volumes,
    }
    whole = totals("2.3.0")["total_cost"]
    assert whole.before_taxes == D("11.0000")
    assert [(tax.name, tax.percentage, tax.amount) for tax in whole.taxes] == [
        ("VAT", 21, D("2.1000")), ("VAT", 9, D("0.0900")),
    ]  # fmt: skip


def test_a_price_before_taxes_that_is_unknown_cannot_be_written() -> None:
    plan = prepare(tariff(component("ENERGY", "1"), version="2.3.0", tax_included="YES"))
    found = price(metered(hours("10:00", "0", "10"), plan), [plan])
    assert found.total_cost == Amount(None, D("10.0000"))
    with pytest.raises(PricingError, match=r"\$\.total_cost: expected a price before taxes"):
        cdr_totals(found, v2_3_0.CDR)


def test_expired_time_is_called_what_the_version_calls_it() -> None:
    plan = prepare(tariff(element(component("TIME", "1"), reservation="RESERVATION")))
    charge = expired_reservation(at("09:00"), at("09:20"), plan)
    for kind, name in ((v2_2_1.CDR, "RESERVATION_TIME"), (v2_3_0.CDR, "RESERVATION_EXPIRES")):
        (made,) = charging_periods(charge, kind)
        assert [(str(one.type), one.volume) for one in made.dimensions] == [(name, Decimal("0.3333"))]
    with pytest.raises(PricingError, match="expected what this version of OCPI can state"):
        charging_periods(charge, v2_1_1.CDR)


FREE_PLAN = prepare(tariff(FREE))


def test_what_is_free_costs_nothing() -> None:
    assert cost(price(metered(hours("10:00", "0", "10"), FREE_PLAN), [FREE_PLAN])) == (0, 0)
