# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pricing CDRs that bring their tariffs with them, in process, from the object to rounded totals. By computing time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from bench.load import quantile
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.rules import check, explain, lint, price
from wwcp_ocpi.scalars import now
from wwcp_ocpi.v2_2_1 import CDR

ROUNDS = 60
_ZONE = "Europe/Amsterdam"
_DAYS = (["SATURDAY", "SUNDAY"], ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"])


def measure(report: Report, plan: Plan) -> None:
    """A simple tariff with 3 periods; 48 hourly elements with 30 periods; and what is made of a price."""
    simple, hourly = _simple(), _hourly()
    _row(report, plan, "price a CDR: simple tariff, 3 periods", lambda: price(simple, time_zone=_ZONE), 20_000)
    _row(report, plan, "price a CDR: 48 elements, 30 periods", lambda: price(hourly, time_zone=_ZONE), 2_000, share=8)
    _row(report, plan, "check a CDR with wrong totals: simple", lambda: check(simple, time_zone=_ZONE))
    priced = price(simple, time_zone=_ZONE)
    _row(report, plan, "explain its price", lambda: explain(priced))
    by = (hourly.tariffs or [])[0]
    _row(report, plan, "examine the tariff of 48 elements", lambda: lint(by, now=now()), rounds=5, share=40)


def _row(
    report: Report, plan: Plan, name: str, run: Callable[[], object], at_least: float | None = None, *,
    rounds: int = ROUNDS, share: int = 1,
) -> None:  # fmt: skip
    count = max(plan.priced // share, 1)
    run()
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(count):
            run()
        rates.append(count / (time.process_time() - began))
    rates.sort()
    middle = quantile(rates, 0.5)
    report.add(
        name, middle, "/s", at_least=at_least, spread=f"{rates[0]:,.0f}, {rates[-1]:,.0f} /s",
        details=f"{1e6 / middle:,.0f} us each, by computing time",
    )  # fmt: skip


def _simple() -> CDR:
    components = [
        {"type": "FLAT", "price": 0.5, "vat": 21, "step_size": 1},
        {"type": "ENERGY", "price": 0.35, "vat": 21, "step_size": 1},
        {"type": "PARKING_TIME", "price": 6, "vat": 21, "step_size": 60},
    ]
    volumes = [{"ENERGY": 11.2345, "TIME": 1}, {"ENERGY": 4.321, "TIME": 0.5}, {"PARKING_TIME": 0.3333}]
    return _cdr([{"price_components": components}], volumes, minutes=60)


def _hourly() -> CDR:
    elements = [
        {
            "price_components": [{"type": "ENERGY", "price": round(0.2 + hour / 100, 4), "vat": 21, "step_size": 1}],
            "restrictions": {
                "start_time": f"{hour:02}:00",
                "end_time": f"{(hour + 1) % 24:02}:00",
                "day_of_week": days,
            },
        }
        for days in _DAYS
        for hour in range(24)
    ]
    return _cdr(elements, [{"ENERGY": 1.234, "TIME": 0.75} for _ in range(30)], minutes=45)


def _cdr(elements: list[dict[str, Any]], volumes: list[dict[str, float]], *, minutes: int) -> CDR:
    def at(minute: int) -> str:
        return f"2026-01-1{minute // 1440}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"

    owner = {"country_code": "NL", "party_id": "CPO"}
    periods = [
        {
            "start_date_time": at(index * minutes),
            "dimensions": [{"type": type, "volume": volume} for type, volume in one.items()],
            "tariff_id": "T1",
        }
        for index, one in enumerate(volumes)
    ]
    plain = {
        **owner,
        "id": "C1",
        "start_date_time": at(0),
        "end_date_time": at(len(volumes) * minutes),
        "cdr_token": {**owner, "uid": "1", "type": "RFID", "contract_id": "NL-CPO-1"},
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "L1", "address": "A 1", "city": "B", "country": "NLD",
            "coordinates": {"latitude": "52.000000", "longitude": "5.000000"},
            "evse_uid": "E1", "evse_id": "NL*CPO*E1", "connector_id": "1", "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET", "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "tariffs": [{**owner, "id": "T1", "currency": "EUR", "elements": elements, "last_updated": at(0)}],
        "charging_periods": periods,
        "total_cost": {"excl_vat": 0},
        "total_energy": 0,
        "total_time": 0,
        "last_updated": at(0),
    }  # fmt: skip
    return codec.decode(CDR, json.dumps(plain).encode())
