# SPDX-License-Identifier: AGPL-3.0-or-later
"""The explanation: for each cent its tariff, element and component, and what was tried before."""

from __future__ import annotations

from typing import Any

from tests.pricing.charging import D, cdr, component, element, limit, period, priced, tariff
from wwcp_ocpi.rules import EXPLANATION_HEAD, Amount, Tax, Tried, explain, explanation_table, price

DAY = element(component("ENERGY", "0.40", "20", 1000), start_time="08:00", end_time="20:00")
NIGHT = element(component("ENERGY", "0.20", "20", 1000), component("FLAT", "1"))
RECORD = (
    period("07:00", ENERGY="2", TIME="1"),
    period("08:00", ENERGY="3.5", TIME="0.5"),
    period("08:30", PARKING_TIME="0.5"),
)


def test_each_line_names_what_prices_it_and_what_was_tried_before() -> None:
    explanation = explain(priced(*RECORD, by=tariff(DAY, NIGHT), zone="UTC", end="09:00"))
    assert [(one.period, one.dimension, one.element, one.component) for one in explanation.lines] == [
        (0, "ENERGY", 1, 0), (0, "TIME", None, None), (0, "FLAT", 1, 1), (1, "ENERGY", 0, 0), (1, "TIME", None, None),
        (2, "PARKING_TIME", None, None),
    ]  # fmt: skip
    first, second = explanation.lines[0], explanation.lines[3]
    hours: dict[str, Any] = {"element": 0, "restriction": "start_time, end_time", "asked": "08:00 to 20:00"}
    assert first.tried == (Tried(**hours, found="MONDAY 07:00", holds=False),)
    assert second.tried == (Tried(**hours, found="MONDAY 08:00", holds=True),)
    assert (second.volume, second.billed, second.price) == (D("3.5"), D("4.0"), D("0.40"))  # 5.5 kWh become 6
    assert second.taxes == (Tax("VAT", D(20)),)
    assert (second.before_taxes, second.after_taxes) == (D("1.60"), D("1.92"))
    assert explanation.total == Amount(D("3.0000"), D("3.4000"))


def test_the_lines_add_up_to_the_sum() -> None:
    explanation = explain(priced(*RECORD, by=tariff(DAY, NIGHT, max_price=limit("2.2.1", "2", "2")), zone="UTC"))
    assert sum(one.before_taxes or 0 for one in explanation.lines) == explanation.uncapped.before_taxes == 3
    assert sum(one.after_taxes or 0 for one in explanation.lines) == explanation.uncapped.after_taxes
    assert explanation.total == Amount(D("2.0000"), D("2.0000"))
    assert explanation.texts == ("$.total_cost: 3 before and 3.4 after taxes became 2 and 2",)


def test_the_table_can_be_read() -> None:
    by = tariff(
        element(component("ENERGY", "0.30", "10"), max_kwh=1),
        element(component("ENERGY", "0.50", "10"), min_power=50),
        element(component("ENERGY", "0.40", "10")),
        id="A|B\n",
    )
    found = priced(period("10:00", ENERGY=1), period("11:00", ENERGY=1), by=by, end="12:00", zone="Europe/Amsterdam")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in explanation_table(explain(found)).splitlines()]
    assert rows[0] == list(EXPLANATION_HEAD)
    assert set("".join(rows[1])) == {"-"}
    assert rows[2:] == [
        ["0", "2026-01-12 11:00", "ENERGY", "A/B", "0", "1 kWh", "1 kWh", "0.3", "VAT 10 %", "0.3", "0.33",
         "0: max_kwh 1"],
        ["1", "2026-01-12 12:00", "ENERGY", "A/B", "2", "1 kWh", "1 kWh", "0.4", "VAT 10 %", "0.4", "0.44",
         "not 0: max_kwh 1, was 1 kWh; not 1: min_power 50, was 1 kW; 2 always"],
        ["", "", "total EUR", "", "", "", "", "", "", "0.7", "0.77", ""],
    ]  # fmt: skip


def test_an_expired_reservation_and_a_period_without_tariff_are_explained() -> None:
    by = tariff(element(component("TIME", "2"), reservation="RESERVATION"))
    (line,) = explain(priced(period("10:00", RESERVATION_TIME=1), by=by)).lines
    assert (line.dimension, line.element) == ("RESERVATION_TIME", 0)
    record = cdr([period("10:00", "T1", ENERGY=1), period("11:00", ENERGY=1)], [tariff(component("ENERGY", "1"))])
    lines = explain(price(record)).lines
    assert [(one.tariff_id, str(one.before_taxes)) for one in lines] == [("T1", "1"), (None, "0")]
    assert "no tariff is named" in explanation_table(explain(price(record)))


def test_what_was_not_measured_is_said_in_the_explanation() -> None:
    by = tariff(element(component("ENERGY", "1"), max_kwh=1), element(component("TIME", "1"), min_current=6))
    (line,) = explain(priced(period("10:00", ENERGY=1), by=by)).lines
    assert line.element == 0
