# SPDX-License-Identifier: AGPL-3.0-or-later
"""Findings on tariffs: each with its place, and none on a tariff that is sound."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.pricing.charging import D, at, cdr, component, element, limit, period, tariff
from tests.rules import rule
from tests.versions.tables import SHARED
from wwcp_ocpi import v2_2_1
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.rules import BadTariff, lint, lint_body, picture, price, tell

NOW = at("12:00")
ENERGY = component("ENERGY", "0.25", "10")
TIME = component("TIME", "1", "10")


def found(*elements: Any, version: str = "2.2.1", **more: Any) -> list[tuple[str, str, str]]:
    findings = lint(tariff(*elements, version=version, **more), now=NOW)
    return [(one.code, one.severity.value, one.path) for one in findings]


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_a_sound_tariff_has_no_findings_but_that_2_1_1_knows_no_vat(version: str) -> None:
    vat = None if version == "2.1.1" else "10"
    elements = (
        element(component("ENERGY", "0.25", vat), start_time="22:00", end_time="06:00"),
        element(component("ENERGY", "0.35", vat), component("TIME", "1", vat, 60)),
    )
    expected = [("VAT_MISSING", "note", "$.elements")] if version == "2.1.1" else []
    assert found(*elements, version=version) == expected


def test_what_cannot_be_priced_is_the_only_finding() -> None:
    assert found(component("ENERGY", "1", step=-1), element(ENERGY, min_kwh=5, max_kwh=5)) == [
        ("CANNOT_PRICE", "error", "$.elements[0].price_components[0].step_size")
    ]


@rule("TAR-01", "TAR-03")
def test_elements_that_are_never_reached() -> None:
    at_one = [("UNREACHABLE", "warning", "$.elements[1].price_components[0]")]
    assert found(ENERGY, element(ENERGY, max_kwh=5)) == at_one
    assert found(ENERGY, TIME, ENERGY) == [("UNREACHABLE", "warning", "$.elements[2].price_components[0]")]
    by_two = (element(ENERGY, end_time="12:00"), element(ENERGY, start_time="12:00"), ENERGY)
    assert found(*by_two) == [("UNREACHABLE", "warning", "$.elements[2].price_components[0]")]
    assert found(element(ENERGY, max_kwh=10), element(ENERGY, max_kwh=5), ENERGY) == at_one
    assert found(element(ENERGY, ENERGY)) == [("UNREACHABLE", "warning", "$.elements[0].price_components[1]")]
    reserved = element(component("FLAT", "1", "10"), ENERGY, reservation="RESERVATION")
    assert found(reserved) == [("UNREACHABLE", "error", "$.elements[0].price_components[1].type")]


@rule("TAR-02", "TAR-03")
def test_gaps() -> None:
    gap = [("GAP", "warning", "$.elements")]
    assert found(element(ENERGY, start_time="06:00", end_time="22:00")) == gap
    assert found(element(ENERGY, max_kwh=5), element(ENERGY, min_kwh=6)) == gap
    assert found(element(ENERGY, max_kwh=5), element(ENERGY, min_kwh=5)) == []
    assert found(element(ENERGY, day_of_week=["MONDAY"]), element(ENERGY, max_power=50)) == gap
    (finding,) = lint(tariff(element(ENERGY, end_time="22:00")), now=NOW)
    assert "MONDAY 22:00" in finding.text


def test_overlaps_are_told_where_the_order_decides_a_price() -> None:
    dear = component("ENERGY", "0.5", "10")
    overlap = [("OVERLAP", "note", "$.elements[1]")]
    assert found(element(ENERGY, max_kwh=5), element(dear, end_time="12:00"), ENERGY) == overlap
    assert found(element(ENERGY, max_kwh=5), element(ENERGY, end_time="12:00"), ENERGY) == []
    assert found(element(ENERGY, max_kwh=5), element(dear, min_kwh=5), ENERGY)[0][0] == "UNREACHABLE"


def test_limits_that_never_hold() -> None:
    for low, high in (
        ({"min_kwh": 5}, {"max_kwh": 5}), ({"min_power": 9}, {"max_power": 5}),
        ({"min_current": 9}, {"max_current": 5}),
        ({"min_duration": 60}, {"max_duration": 60}), ({"start_date": "2026-05-01"}, {"end_date": "2026-05-01"}),
    ):  # fmt: skip
        (name,) = high
        expected = [("CONTRADICTION", "error", f"$.elements[0].restrictions.{name}")]
        assert found(element(ENERGY, **low, **high), ENERGY) == expected
    hours = found(element(ENERGY, start_time="08:00", end_time="08:00"), ENERGY)
    assert hours == [("CONTRADICTION", "error", "$.elements[0].restrictions.end_time")]


def test_a_day_that_ends_at_23_59_lacks_a_minute() -> None:
    codes = [code for code, _, _ in found(element(ENERGY, start_time="00:00", end_time="23:59"))]
    assert codes == ["LAST_MINUTE", "GAP"]


@rule("TAR-17")
def test_steps_of_0_and_steps_that_mistake_the_unit() -> None:
    step = [("STEP_SIZE", "warning", "$.elements[0].price_components[0].step_size")]
    assert found(component("ENERGY", "1", "10", 0)) == step
    assert found(component("ENERGY", "1", "10", 1001)) == step
    assert found(component("TIME", "1", "10", 3601)) == step
    assert found(component("PARKING_TIME", "1", "10", 3600)) == []
    assert found(component("FLAT", "1", "10", 0)) == []


@rule("TAR-25", "TAR-26")
def test_missing_vat() -> None:
    bare = component("TIME", "1")
    assert found(ENERGY, bare) == [("VAT_MISSING", "warning", "$.elements[1].price_components[0]")]
    for version, more in (("2.2.1", {}), ("2.3.0", {"tax_included": "NO"}), ("2.3.0", {"tax_included": "YES"})):
        assert found(bare, version=version, **more) == [("VAT_MISSING", "note", "$.elements")]
    assert found(bare, version="2.3.0", tax_included="N/A") == []
    assert found(ENERGY, version="2.3.0", tax_included="N/A") == [
        ("VAT_WITHOUT_TAX", "warning", "$.elements[0].price_components[0].vat")
    ]


def test_dates_in_the_past_by_the_time_that_is_given() -> None:
    assert found(ENERGY, end_date_time="2026-01-12T11:59:59Z") == [("PAST", "warning", "$.end_date_time")]
    assert found(ENERGY, end_date_time="2026-01-12T12:00:00Z") == []
    assert found(ENERGY, start_date_time="2026-05-02T00:00:00Z", end_date_time="2026-05-01T00:00:00Z") == [
        ("NEVER_VALID", "error", "$.end_date_time")
    ]
    assert found(element(ENERGY, end_date="2026-01-10"), ENERGY) == [
        ("PAST", "warning", "$.elements[0].restrictions.end_date")
    ]
    assert found(element(ENERGY, end_date="2026-01-11"), ENERGY) == []  # still that day somewhere on earth


@rule("TAR-04")
def test_free_of_charge_has_a_form() -> None:
    assert found(component("FLAT", "0.00", step=0)) == []
    assert found(component("ENERGY", "0")) == [("FREE_OF_CHARGE", "note", "$.elements")]


@rule("TAR-13", "TAR-27")
def test_other_things_worth_a_look() -> None:
    assert found(ENERGY, max_price=limit("2.2.1", "5")) == [("LIMIT_ONE_SIDED", "note", "$.max_price")]
    assert found(component("ENERGY", "-0.1", "10")) == [
        ("NEGATIVE_PRICE", "warning", "$.elements[0].price_components[0].price")
    ]
    canceling = element(TIME, booking="BOOKING_CANCELLATION_FEES")
    assert found(ENERGY, canceling, version="2.3.0") == [
        ("UNREACHABLE", "warning", "$.elements[1].price_components[0]")
    ]


def test_a_tariff_with_too_many_restrictions_is_not_looked_into() -> None:
    many = [element(ENERGY, min_kwh=n + 1, min_power=n + 1, min_duration=n + 1, min_current=n + 1) for n in range(20)]
    assert ("NOT_EXAMINED", "note", "$.elements") in found(*many)


def test_unknown_fields_are_found_in_the_json() -> None:
    body = codec.encode(tariff(ENERGY))[:-1] + b',"discount":5}'
    findings = lint_body(v2_2_1.Tariff, body, now=NOW)
    assert [(one.path, one.severity) for one in findings] == [("$.discount", Severity.NOTE)]
    broken = lint_body(v2_2_1.Tariff, b'{"id":"T1","elements":[]}', now=NOW)
    assert {one.severity for one in broken} >= {Severity.ERROR}


@pytest.mark.skipif(not (SHARED.parent / "data" / "tariffs").is_dir(), reason="no shared/data/tariffs")
def test_real_tariffs_can_be_examined_and_priced() -> None:
    with gzip.open(SHARED.parent / "data" / "tariffs" / "ndw_sample.jsonl.gz") as lines:
        bodies = [line.strip() for line in lines]
    priced = 0
    for body in bodies:
        lint_body(v2_2_1.Tariff, body, now=NOW)
        one = codec.decode(v2_2_1.Tariff, body)
        record = cdr([period("10:00", ENERGY=10, TIME=1)], [one], end="11:00", currency=one.currency)
        try:
            total = price(record, time_zone="Europe/Amsterdam").total_cost
        except BadTariff:
            continue
        priced += 1
        assert total.before_taxes is not None
        assert 0 <= total.before_taxes < D(1000)
        assert tell(one, "nl")
        assert picture(one, today=NOW.date()).endswith("</svg>")
    assert priced > len(bodies) * 0.9
