# SPDX-License-Identifier: AGPL-3.0-or-later
"""A change that was made in another version comes into the stored object, and nothing else does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from tests.convert.making import CONTEXT, EVERY_OBJECT, body_of, errors, seeds, type_of
from tests.objects import cdr, evse, location, session, tariff
from wwcp_ocpi.convert import NOTHING_KNOWN, Context, Known, Loss, convert, merge_back
from wwcp_ocpi.convert.plan import plan_of
from wwcp_ocpi.convert.rules import Step
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.protocol.patch import RawObject, join, split

SETTINGS = replace(CONTEXT, vat=None)
often = settings(max_examples=4, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
CHANGING = [(step, name) for step, name in EVERY_OBJECT if name != "CDR"]  # a CDR never changes
changing = pytest.mark.parametrize(
    ("step", "name"), CHANGING, ids=[f"{step.lower.number}-{name}" for step, name in CHANGING]
)


def shown(body: bytes, name: str, source: str, target: str) -> RawObject | None:
    try:
        return split(convert(body, name, source, target, SETTINGS).body)
    except CannotConvert:
        return None


def numbers(body: bytes) -> Any:
    """JSON in which numbers are equal by value: a price that was worked out may have other digits."""
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


@changing
@given(seed=seeds())
@often
def test_what_was_only_shown_changes_nothing(step: Step, name: str, seed: int) -> None:
    for source, target in ((step.lower.number, step.upper.number), (step.upper.number, step.lower.number)):
        body = body_of(type_of(name, source), seed)
        told = shown(body, name, source, target)
        if told is not None:
            assert merge_back(body, join(told), name, source, target, SETTINGS) == (body, ())


@changing
@given(seed=seeds())
@often
def test_a_changed_field_is_changed_as_the_partner_sees_it(step: Step, name: str, seed: int) -> None:
    source, target = step.upper.number, step.lower.number
    body = body_of(type_of(name, source), seed)
    told, other = (
        shown(body, name, source, target),
        shown(body_of(type_of(name, source), seed + 1), name, source, target),
    )
    if told is None or other is None:
        return
    for field in other:
        changed = join({**told, field: other[field]})
        try:
            merged = merge_back(body, changed, name, source, target, SETTINGS).body
            again = convert(merged, name, source, target, SETTINGS).body
        except CannotConvert:  # a Session at another Location, which nobody knows
            continue
        assert errors(name, source, merged) == []
        assert numbers(again) == numbers(changed)


@changing
@given(seed=seeds())
@often
def test_a_field_that_both_versions_have_changes_alone(step: Step, name: str, seed: int) -> None:
    for source, target, up in (
        (step.lower.number, step.upper.number, True),
        (step.upper.number, step.lower.number, False),
    ):
        body = body_of(type_of(name, source), seed)
        told, other = shown(body, name, source, target), split(body_of(type_of(name, source), seed + 1))
        if told is None:
            continue
        pair = (type_of(name, step.lower.number).__name__, type_of(name, step.upper.number).__name__)
        special = {*plan_of(step, pair, up).special, *plan_of(step, pair, not up).special}
        for field in other.keys() - special:
            changed = join({**told, field: other[field]})
            merged = merge_back(body, changed, name, source, target, SETTINGS).body
            found = {name: value for name, value in numbers(merged).items() if name != step.extension}
            assert found == numbers(join({**split(body), field: other[field]}))


# --------------------------------------------------------------------------------------------------------- by example


def merged(
    stored: dict[str, Any], change: dict[str, Any], name: str, source: str, target: str, context: Context = CONTEXT
) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """The stored object after a PATCH of its converted form."""
    body = msgspec.json.encode(stored)
    told = msgspec.json.decode(convert(body, name, source, target, context).body)
    done = merge_back(body, msgspec.json.encode({**told, **change}), name, source, target, context)
    return msgspec.json.decode(done.body), done.losses


def test_what_the_partner_cannot_say_stays() -> None:
    stored = location(
        "2.3.0", help_phone="+49", facilities=["HOTEL", "TRAM_STOP"], address="x" * 60, parking_type="ON_DRIVEWAY"
    )
    assert merged(stored, {"name": "New"}, "Location", "2.3.0", "2.1.1") == ({**stored, "name": "New"}, ())
    assert merged(stored, {"facilities": ["HOTEL", "WIFI"]}, "Location", "2.3.0", "2.1.1")[0]["facilities"] == [
        "HOTEL",
        "TRAM_STOP",
        "WIFI",
    ]
    assert merged(stored, {"type": "ON_STREET"}, "Location", "2.3.0", "2.1.1")[0]["parking_type"] == "ON_STREET"


def test_an_entry_that_the_partner_never_saw_stays_behind_the_one_before_it() -> None:
    hidden = evse("2.3.0", "E2")
    hidden["connectors"][0]["standard"] = "MCS"
    stored = location("2.3.0", evses=[evse("2.3.0", "E1", parking=[]), hidden, evse("2.3.0", "E3")])
    told = json.loads(convert(msgspec.json.encode(stored), "Location", "2.3.0", "2.1.1", CONTEXT).body)["evses"]
    assert [one["uid"] for one in told] == ["E1", "E3"]
    told[1]["status"] = "CHARGING"
    found, losses = merged(stored, {"evses": told[::-1]}, "Location", "2.3.0", "2.1.1")
    assert found["evses"] == [{**stored["evses"][2], "status": "CHARGING"}, stored["evses"][0], hidden]
    assert losses == ()
    assert merged(stored, {"evses": told[1:]}, "Location", "2.3.0", "2.1.1")[0]["evses"] == [
        {**stored["evses"][2], "status": "CHARGING"},
        hidden,
    ]


def test_what_the_store_cannot_say_of_a_change_is_a_loss() -> None:
    stored = location("2.1.1")
    found, losses = merged(stored, {"help_phone": "+49", "name": "New"}, "Location", "2.1.1", "2.3.0")
    assert found == {**stored, "name": "New"}
    assert losses == (Loss("$.help_phone", "OCPI 2.2.1 has no such field here"),)


def test_a_net_price_that_was_changed_is_stored_with_tax_as_the_tariff_says() -> None:
    component = {"type": "ENERGY", "price": 0.357, "vat": 19, "step_size": 1}
    stored = tariff("2.3.0", tax_included="YES", elements=[{"price_components": [component]}])
    net = {"price_components": [{**component, "price": 0.4}]}
    found, _ = merged(stored, {"elements": [net]}, "Tariff", "2.3.0", "2.2.1", NOTHING_KNOWN)
    assert found == {**stored, "elements": [{"price_components": [{**component, "price": 0.476}]}]}


def test_a_taken_away_field_is_gone() -> None:
    stored = location("2.2.1")
    body = msgspec.json.encode(stored)
    told = json.loads(convert(body, "Location", "2.2.1", "2.3.0").body)
    del told["name"]
    done = merge_back(body, msgspec.json.encode(told), "Location", "2.2.1", "2.3.0")
    assert json.loads(done.body) == {name: value for name, value in stored.items() if name != "name"}


def test_a_stored_object_says_its_owner_and_its_driver_itself() -> None:
    context = Context(location=Known("2.2.1", msgspec.json.encode(location("2.2.1"))), postal_code="")
    stored = session("2.2.1")
    assert merged(stored, {"kwh": 2.5}, "Session", "2.2.1", "2.1.1", context) == ({**stored, "kwh": 2.5}, ())


def test_a_remark_comes_into_a_stored_cdr() -> None:
    stored = cdr("2.3.0", booking_id="B1")
    context = Context(postal_code="")
    assert merged(stored, {"remark": "x"}, "CDR", "2.3.0", "2.1.1", context) == ({**stored, "remark": "x"}, ())


def test_a_periods_list_that_grows_keeps_what_it_has() -> None:
    period = {
        "start_date_time": "2026-01-01T00:00:00Z",
        "dimensions": [{"type": "ENERGY", "volume": 1}],
        "tariff_id": "T1",
    }
    more = {"start_date_time": "2026-01-01T01:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 2}]}
    stored = session("2.2.1", charging_periods=[period])
    without = {name: value for name, value in period.items() if name != "tariff_id"}
    found, _ = merged(stored, {"charging_periods": [without, more]}, "Session", "2.2.1", "2.1.1")
    assert found["charging_periods"] == [period, more]
