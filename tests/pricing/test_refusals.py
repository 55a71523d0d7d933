# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cannot be priced is refused with the field that is wrong, and never gets a number that looks right."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.pricing.charging import D, at, cdr, component, cost, element, limit, period, session, tariff
from wwcp_ocpi.protocol.errors import OCPIError, PartnerError, UsageError
from wwcp_ocpi.rules import (
    BadCharge,
    BadTariff,
    NoTariff,
    PricingError,
    Reading,
    Tax,
    TimeZoneMissing,
    metered,
    prepare,
    price,
)

ENERGY = component("ENERGY", "1")
GOOD = tariff(ENERGY)
replace = msgspec.structs.replace


def refused(record: Any, path: str, *, kind: type[PricingError] = BadCharge, tariffs: Any = None) -> str:
    with pytest.raises(kind) as caught:
        price(record, tariffs, time_zone="UTC")
    assert caught.value.path == path
    assert path in str(caught.value)
    return str(caught.value)


def test_errors_tell_whose_mistake_it_is() -> None:
    assert issubclass(BadTariff, PartnerError)
    assert issubclass(BadCharge, PartnerError)
    assert issubclass(NoTariff, UsageError)
    assert issubclass(TimeZoneMissing, UsageError)
    assert issubclass(PricingError, OCPIError)


# -------------------------------------------------------------------------------------------------------- charges


@pytest.mark.parametrize("tariffs", [None, []])
def test_no_tariff(tariffs: Any) -> None:
    refused(cdr([period("10:00", ENERGY=1)]), "$.tariffs", kind=NoTariff, tariffs=tariffs)


def test_no_charging_periods() -> None:
    refused(replace(cdr([period("10:00", ENERGY=1)], [GOOD]), charging_periods=[]), "$.charging_periods")
    refused(session([]), "$.charging_periods", tariffs=[GOOD])


@pytest.mark.parametrize("volume", ["-0.001", "1000000001", "NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("type", ["ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"])
def test_a_volume_that_cannot_be(type: str, volume: str) -> None:
    record = cdr([period("10:00", ENERGY=1), period("11:00", **{type: 1})], [GOOD])
    wrong = replace(record.charging_periods[1].dimensions[0], volume=Decimal(volume))
    periods = [record.charging_periods[0], replace(record.charging_periods[1], dimensions=[wrong])]
    said = refused(replace(record, charging_periods=periods), "$.charging_periods[1].dimensions[0].volume")
    assert "expected a volume from 0" in said


def test_a_float_is_no_number_to_bill() -> None:
    record = cdr([period("10:00", ENERGY=1)], [GOOD])
    wrong: Any = replace(record.charging_periods[0].dimensions[0], volume=1.5)
    periods = [replace(record.charging_periods[0], dimensions=[wrong])]
    refused(replace(record, charging_periods=periods), "$.charging_periods[0].dimensions[0].volume")


def test_the_greatest_of_everything_still_has_a_price() -> None:
    by = tariff(component("TIME", "1000000000", "1000", 10**9), version="2.3.0")
    record = cdr([period("10:00", TIME=10**9)] * 200, [by], version="2.3.0", end="10:00")
    assert cost(price(record))[0] == D(10) ** 9 * D(10) ** 9 * 200


@pytest.mark.parametrize("volume", ["1000000001", "NaN", "-Infinity"])
def test_a_current_that_cannot_be(volume: str) -> None:
    record = cdr([period("10:00", MIN_CURRENT=1)], [GOOD])
    wrong = replace(record.charging_periods[0].dimensions[0], volume=Decimal(volume))
    periods = [replace(record.charging_periods[0], dimensions=[wrong])]
    refused(replace(record, charging_periods=periods), "$.charging_periods[0].dimensions[0].volume")


def test_a_negative_current_is_one_that_flows_back() -> None:
    assert cost(price(cdr([period("10:00", ENERGY=1, MIN_CURRENT=-16)], [GOOD])))[0] == 1


def test_an_unknown_dimension() -> None:
    said = refused(
        cdr([period("10:00", ENERGY=1), period("11:00", ENERGY=1, GLITTER=1)], [GOOD]),
        "$.charging_periods[1].dimensions[1].type",
    )
    assert "expected a CdrDimensionType, got GLITTER" in said


def test_a_dimension_twice() -> None:
    record = cdr([period("10:00", ENERGY=1)], [GOOD])
    twice = replace(record.charging_periods[0], dimensions=record.charging_periods[0].dimensions * 2)
    refused(replace(record, charging_periods=[twice]), "$.charging_periods[0].dimensions[1].type")


def test_an_end_before_the_start() -> None:
    refused(cdr([period("10:00", ENERGY=1)], [GOOD], end="09:00"), "$.end_date_time")
    by = tariff(ENERGY, version="2.1.1")
    refused(cdr([period("10:00", ENERGY=1)], [by], end="09:00", version="2.1.1"), "$.stop_date_time")


def test_times_that_nobody_knows() -> None:  # defect 11
    refused(cdr([period("10:00", ENERGY=1)], [GOOD], start="1970-01-01T00:00:00Z"), "$.start_date_time")


@pytest.mark.parametrize(
    ("starts", "index"), [(("09:00", "11:00"), 0), (("10:00", "13:00"), 1), (("10:00", "11:00", "10:30"), 2)]
)
def test_periods_outside_of_the_session_or_out_of_order(starts: tuple[str, ...], index: int) -> None:
    record = cdr([period(start, ENERGY=1) for start in starts], [GOOD], start="10:00", end="12:00")
    refused(record, f"$.charging_periods[{index}].start_date_time")


def test_a_session_of_no_length_has_a_price() -> None:
    assert cost(price(cdr([period("10:00", ENERGY=0)], [GOOD], end="10:00")))[0] == 0


def test_a_local_time_beyond_the_calendar() -> None:
    by = tariff(element(ENERGY, start_time="10:00"))
    record = cdr([period("0001-01-01T00:00:00Z", ENERGY=1)], [by])
    with pytest.raises(BadCharge, match=r"charging_periods\[0\]\.start_date_time: expected a time that has a local"):
        price(record, time_zone="America/New_York")


def test_another_currency() -> None:
    refused(cdr([period("10:00", ENERGY=1)], [GOOD], currency="CHF"), "$.currency", kind=BadTariff)


def test_what_is_no_cdr_and_no_tariff() -> None:
    with pytest.raises(BadCharge, match="expected a CDR or Session of a version, got dict"):
        price({}, [GOOD])  # type: ignore[arg-type]
    with pytest.raises(BadTariff, match="expected a Tariff of a version, got dict"):
        price(cdr([period("10:00", ENERGY=1)]), [{}])  # type: ignore[list-item]


# -------------------------------------------------------------------------------------------------------- tariffs


def bad(path: str, *elements: Any, version: str = "2.2.1", **more: Any) -> None:
    with pytest.raises(BadTariff) as caught:
        prepare(tariff(*elements, version=version, **more))
    assert caught.value.path == path
    assert f"{path}: expected" in str(caught.value)


def test_empty_elements() -> None:
    with pytest.raises(BadTariff, match=r"\$\.elements: expected at least one element"):
        prepare(replace(GOOD, elements=[]))
    nothing = replace(GOOD.elements[0], price_components=[])
    with pytest.raises(BadTariff, match=r"\$\.elements\[0\]\.price_components: expected at least one"):
        prepare(replace(GOOD, elements=[nothing]))


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", "NaN"), ("price", "Infinity"), ("price", "1000000001"), ("vat", "-1"), ("vat", "1001"), ("vat", "NaN")],
)
def test_a_price_that_cannot_be(field: str, value: str) -> None:
    wrong = replace(GOOD.elements[0].price_components[0], **{field: Decimal(value)})
    element = replace(GOOD.elements[0], price_components=[wrong])
    with pytest.raises(BadTariff) as caught:
        prepare(replace(GOOD, elements=[element]))
    assert caught.value.path == f"$.elements[0].price_components[0].{field}"


def test_words_and_forms_that_no_price_can_be_made_of() -> None:
    at = "$.elements[0]"
    bad(f"{at}.price_components[0].type", component("GLITTER", "1"))
    bad(f"{at}.price_components[0].step_size", component("ENERGY", "1", step=-1))
    bad(f"{at}.price_components[0].step_size", component("ENERGY", "1", step=10**10))
    bad(f"{at}.restrictions.start_time", element(ENERGY, start_time="9:00"))
    bad(f"{at}.restrictions.end_time", element(ENERGY, end_time="24:00"))
    bad(f"{at}.restrictions.start_date", element(ENERGY, start_date="2026-02-30"))
    bad(f"{at}.restrictions.end_date", element(ENERGY, end_date="20260201"))
    bad(f"{at}.restrictions.day_of_week[1]", element(ENERGY, day_of_week=["MONDAY", "FUNDAY"]))
    bad(f"{at}.restrictions.min_duration", element(ENERGY, min_duration=-1))
    bad(f"{at}.restrictions.max_duration", element(ENERGY, max_duration=10**12))
    bad(f"{at}.restrictions.max_kwh", element(ENERGY, max_kwh=10**12))
    bad(f"{at}.restrictions.reservation", element(ENERGY, reservation="MAYBE"))
    bad(f"{at}.restrictions", element(ENERGY, reservation="RESERVATION", booking="BOOKING"), version="2.3.0")
    bad("$.tax_included", ENERGY, version="2.3.0", tax_included="PERHAPS")


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_limits_that_contradict_each_other(version: str) -> None:
    before, after = ("excl_vat", "incl_vat") if version == "2.2.1" else ("before_taxes", "after_taxes")
    bad(f"$.min_price.{after}", ENERGY, version=version, min_price=limit(version, "2", "1"))
    bad(f"$.max_price.{before}", ENERGY, version=version, max_price=limit(version, "-1"))
    limits = {"min_price": limit(version, "2"), "max_price": limit(version, "1")}
    bad("$.max_price", ENERGY, version=version, **limits)


# ------------------------------------------------------------------------------------------------ metered values


NOON = at("12:00")


def later(minutes: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("readings", "path"),
    [
        ([], "readings"),
        ([Reading(NOON, D(1))], "readings"),
        ([Reading(NOON, D(1)), Reading(NOON, D(1))], "readings[1].at"),
        ([Reading(NOON, D(1)), Reading(later(-1), D(1))], "readings[1].at"),
        ([Reading(NOON, D(1)), Reading(later(1), D("0.9"))], "readings[1].kwh"),
        ([Reading(NOON, D(1)), Reading(later(1), D("NaN"))], "readings[1].kwh"),
        ([Reading(NOON, D("-Infinity")), Reading(later(1), D(1))], "readings[0].kwh"),
        ([Reading(NOON, D(0)), Reading(later(1), D(10**12))], "readings[1].kwh"),
        ([Reading(NOON, D(0)), Reading(later(60 * 24 * 400), D(1))], "readings"),
    ],
)
def test_readings_that_cannot_be(readings: list[Reading], path: str) -> None:
    with pytest.raises(BadCharge) as caught:
        metered(readings, prepare(GOOD))
    assert caught.value.path == path


def test_parking_and_reservation_outside_of_the_session() -> None:
    readings = [Reading(NOON, D(0)), Reading(later(60), D(1))]
    wrong: Any
    for wrong, path in (
        ({"parking_from": later(-1)}, "parking_from"),
        ({"parking_from": later(61)}, "parking_from"),
        ({"reserved_from": later(1)}, "reserved_from"),
    ):
        with pytest.raises(BadCharge) as caught:
            metered(readings, prepare(GOOD), **wrong)
        assert caught.value.path == path
    with pytest.raises(NoTariff):
        metered(readings, [(later(1), prepare(GOOD))])
    with pytest.raises(TimeZoneMissing):
        metered(readings, prepare(tariff(element(ENERGY, start_time="10:00"))))


# ------------------------------------------------------------------------------------------------ hostile sizes


def test_a_tariff_or_charge_beyond_all_measure_is_refused() -> None:
    with pytest.raises(BadTariff, match=r"\$\.elements: expected at most 5000, got 5001"):
        prepare(tariff(*[ENERGY] * 5001))
    many = prepare(tariff(*[element(ENERGY, min_kwh=n) for n in range(2000)], ENERGY))
    periods = [period("10:00", ENERGY=1)] * 1001
    refused(cdr(periods, [tariff(ENERGY)]), "$.charging_periods", tariffs=[many])


def test_a_tariff_that_is_too_large_for_an_index_is_priced_all_the_same() -> None:
    """A price for every minute of the day, with days, so that an index would have 10,000 places."""
    minutes = [
        element(
            component("ENERGY", str(n)), start_time=f"{n // 60:02}:{n % 60:02}",
            end_time=f"{(n + 1) // 60 % 24:02}:{(n + 1) % 60:02}", day_of_week=["MONDAY"],
        )
        for n in range(1440)
    ]  # fmt: skip
    plan = prepare(tariff(*minutes))
    record = cdr([period("10:00", ENERGY=1), period("10:01:59", ENERGY=1)], [GOOD])
    assert cost(price(record, [plan], time_zone="UTC"))[0] == 600 + 601


@pytest.mark.parametrize("percent", ["-1", "1001", "NaN", "Infinity"])
def test_a_tax_that_cannot_be(percent: str) -> None:
    with pytest.raises(UsageError, match="taxes: expected percentages from 0 to 1000"):
        prepare(GOOD, [Tax("GST", D(percent))])
