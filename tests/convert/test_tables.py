# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of differences are complete, and nothing in them is without need."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from scripts.generate_docs import ROOT
from tests.convert.making import EVERY_OBJECT, names
from wwcp_ocpi.convert import Context
from wwcp_ocpi.convert.bridge import ALIASES, NOT_CONVERTED, STEPS
from wwcp_ocpi.convert.engine import ABSENT
from wwcp_ocpi.convert.plan import Mistake, mistakes, plan_of, words_without_decision
from wwcp_ocpi.convert.rules import Step, Words, added, cut, passes, renamed
from wwcp_ocpi.protocol.shape import StructType, field_names, fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import OCPIEnum

BELOW_ONLY: dict[str, set[str]] = {"2.1.1": set(), "2.2.1": set()}
ABOVE_ONLY = {
    "2.1.1": {
        "ActiveChargingProfile", "ActiveChargingProfileResult", "CancelReservation", "CdrLocation", "CdrToken",
        "ChargingPreferences", "ChargingProfile", "ChargingProfilePeriod", "ChargingProfileResponse",
        "ChargingProfileResult", "ClearProfileResult", "ClientInfo", "CommandResult", "CredentialsRole",
        "EnergyContract", "Price", "PublishTokenType", "SetChargingProfile", "SignedData", "SignedValue",
    },
    "2.2.1": {
        "AccessInformation", "Booking", "BookingLocation", "BookingOption", "BookingRequest", "BookingRequestStatus",
        "BookingTerms", "BookingToken", "Calendar", "Cancellation", "EVSEParking", "FinancialAdviceConfirmation",
        "InvoiceReconciliationRecord", "Parking", "Period", "Policy", "PriceLimit", "TaxAmount", "Terminal", "Timeslot",
    },
}  # fmt: skip
"""Objects that have no counterpart in the neighbour, by the lower version of a step."""

steps = pytest.mark.parametrize("step", STEPS, ids=[step.extension for step in STEPS])


def pairs(step: Step) -> set[tuple[str, str]]:
    """Every pair of objects that is converted by itself or within another."""
    aliases = ALIASES.get(step.lower.number, {})
    return {(aliases.get(name, name), name) for name in names(step)} | set(step.objects)


@steps
def test_every_field_of_every_object_is_the_same_or_has_a_rule_and_no_rule_is_without_need(step: Step) -> None:
    assert [text for pair in sorted(pairs(step)) for text in mistakes(step, pair)] == []


@steps
def test_every_object_of_both_sides_is_converted_or_is_on_one_side_only(step: Step) -> None:
    lower, upper = set(step.lower.objects), set(step.upper.objects)
    assert lower - upper == BELOW_ONLY[step.lower.number]
    assert upper - lower == ABOVE_ONLY[step.lower.number]
    assert NOT_CONVERTED.keys() <= lower & upper


def _enums(cls: StructType) -> Iterator[tuple[str, type[OCPIEnum]]]:
    for field in fields_of(cls):
        if isinstance(field.type, type) and issubclass(field.type, OCPIEnum):
            yield field.name, field.type


@steps
def test_every_table_of_words_is_used_and_complete(step: Step) -> None:
    met: dict[tuple[str, str], tuple[type[OCPIEnum], type[OCPIEnum]]] = {}
    for pair in pairs(step):
        above = dict(_enums(step.upper.objects[pair[1]]))
        for name, kind in _enums(step.lower.objects[pair[0]]):
            if name in above:
                met[kind.__name__, above[name].__name__] = kind, above[name]
    assert set(step.words) <= set(met)
    assert [text for kinds in met.values() for text in words_without_decision(step, *kinds)] == []


def test_the_steps_lead_through_every_version_in_order() -> None:
    assert [STEPS[0].lower.number, *(step.upper.number for step in STEPS)] == list(VERSIONS)
    assert all(before.upper is after.lower for before, after in pairwise(STEPS))


def test_no_field_of_any_version_has_the_name_of_one_that_keeps_something() -> None:
    kept = {ABSENT, *(step.extension for step in STEPS)}
    used = {name for known in VERSIONS.values() for cls in known.objects.values() for name in field_names(cls)}
    assert kept & used == set()


def _with(step: Step, pair: tuple[str, str], *rules: Any) -> list[str]:
    return mistakes(replace(step, objects={**step.objects, pair: rules}), pair)


def test_a_gap_in_the_tables_is_found() -> None:
    connector, step = ("Connector", "Connector"), STEPS[0]
    rules = step.objects[connector]
    assert _with(step, connector, *rules[1:]) == [
        "Connector.voltage is on one side only and has no rule",
        "Connector.max_voltage is on one side only and has no rule",
    ]
    assert _with(step, connector, *rules, *added("speed", why="")) == [
        "Connector.speed is named by a rule and not there"
    ]
    assert _with(step, connector, *rules, *passes("id", why="")) == [
        "Connector.id is the same on both sides and has a rule"
    ]
    assert _with(step, connector, *rules, renamed("voltage", "max_voltage")) == [
        "Connector.max_voltage is named twice",
        "Connector.voltage is named twice",
    ]
    assert _with(step, ("Location", "Location"))[0] == "Location.id: lengths 39 and 36, and has no rule"
    assert "Location.city is the same on both sides and has a rule" in _with(
        step, ("Location", "Location"), *step.objects["Location", "Location"], cut("city", 10, why="")
    )
    wordless = replace(step, words={})
    assert mistakes(wordless, ("Token", "Token")) == [
        "Token.type: AD_HOC_USER has no word below; APP_USER has no word below, and has no rule"
    ]
    useless = replace(step, words={**step.words, ("TokenType", "TokenType"): Words(why="", down={"RFID": "CARD"})})
    assert mistakes(useless, ("Token", "Token")) == [
        "Token.type: AD_HOC_USER has no word below; APP_USER has no word below; RFID is named without need; "
        "CARD is no word, and has no rule"
    ]
    with pytest.raises(Mistake, match=r"2\.1\.1 to 2\.2\.1: Token\.type: AD_HOC_USER"):
        plan_of(wordless, ("Token", "Token"), True)


def test_every_pair_has_a_plan_in_both_directions() -> None:
    assert all(plan_of(step, pair, up) for step in STEPS for pair in pairs(step) for up in (True, False))
    assert len(EVERY_OBJECT) > 80


def test_every_setting_is_in_the_documents() -> None:
    page = (ROOT / "docs" / "conversion.md").read_text(encoding="utf-8")
    assert [name for name in Context.__struct_fields__ if f"`{name}`" not in page] == []
