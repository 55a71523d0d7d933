# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worked example of docs/pricing.md is what the code says."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from tests.pricing.charging import cdr, decoded
from tests.versions.tables import ROOT
from wwcp_ocpi.rules import NoteCode, Reason, Verdict, explain, explanation_table, price

PAGE = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")


def test_the_worked_example_is_what_comes_out() -> None:
    tariff, periods = (json.loads(text, parse_float=Decimal) for text in re.findall(r"```json\n(.*?)```", PAGE, re.S))
    by = decoded("2.2.1", "Tariff", tariff)
    record = cdr(periods, [by], end="2026-01-12T20:32:00Z")
    table = explanation_table(explain(price(record, time_zone="Europe/Amsterdam")))
    assert table in PAGE, table


def test_every_note_verdict_and_reason_is_in_the_page() -> None:
    for enum in (NoteCode, Reason, Verdict):
        for one in enum:
            assert f"`{one.name}`" in PAGE, one
