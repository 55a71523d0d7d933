# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prices and checks as plain values: what can be stored, sent and shown. Numbers are Decimals, times are texts.

The command line prints it, and who checks CDRs on arrival keeps it beside the CDR.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from wwcp_ocpi.rules.checking import Checked
from wwcp_ocpi.rules.explaining import Explained, explain
from wwcp_ocpi.rules.money import ZERO, Amount
from wwcp_ocpi.rules.notes import Note
from wwcp_ocpi.rules.pricing import Priced
from wwcp_ocpi.rules.reasons import TOTALS
from wwcp_ocpi.rules.taxes import taxes_of


def report(priced: Priced) -> dict[str, Any]:
    """Totals with their taxes, what was billed of each dimension, each line with what was tried, and the notes."""
    return {
        "currency": priced.currency,
        **{name: _amount(priced, name) for name in TOTALS},
        "dimensions": _dimensions(priced),
        "periods": [_line(line) for line in explain(priced).lines],
        "notes": notes_report(priced.notes),
    }


def check_report(checked: Checked) -> dict[str, Any]:
    """The verdict, every difference with the likely reasons, the notes; and the price, where there is one."""
    return {
        **({} if checked.priced is None else report(checked.priced)),
        "verdict": checked.verdict.value,
        "matches": checked.matches,
        "differences": [
            {**msgspec.structs.asdict(one), "reasons": [reason.name for reason in one.reasons]}
            for one in checked.differences
        ],
        "notes": notes_report(checked.notes),
    }


def notes_report(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Notes as plain values."""
    return [{"code": note.code.value, "path": note.path, "text": note.text} for note in notes]


def _amount(priced: Priced, name: str) -> dict[str, Any] | None:
    amount: Amount | None = getattr(priced, name)
    if amount is None:
        return None
    taxes = taxes_of(priced, name)
    return {
        "before_taxes": amount.before_taxes,
        "after_taxes": amount.after_taxes,
        "taxes": None if taxes is None else [msgspec.structs.asdict(tax) for tax in taxes],
    }


def _line(line: Explained) -> dict[str, Any]:
    plain = msgspec.structs.asdict(line)
    for name in ("start", "end", "local_start"):
        plain[name] = None if plain[name] is None else plain[name].isoformat()
    for name in ("volume", "billed", "before_taxes", "after_taxes"):
        plain[name] = None if plain[name] is None else round(plain[name], 6)
    plain["tried"] = [msgspec.structs.asdict(one) for one in line.tried]
    plain["taxes"] = [msgspec.structs.asdict(one) for one in line.taxes]
    return plain


def _dimensions(priced: Priced) -> list[dict[str, Any]]:
    """What was measured and billed of each dimension, in kWh, hours or pieces, and what it costs."""
    found: dict[str, dict[str, Any]] = {}
    for cost in priced.workings.costs:
        one = found.setdefault(
            cost.line.name,
            {
                "dimension": cost.line.name,
                "unit": cost.line.unit,
                "volume": ZERO,
                "billed": ZERO,
                "before_taxes": ZERO,
                "after_taxes": ZERO,
            },
        )
        one["volume"] += cost.volume / (cost.line.divisor or 1)
        one["billed"] += cost.billed / (cost.line.divisor or 1)
        for side in ("before_taxes", "after_taxes"):
            value: Decimal | None = getattr(cost.amount, side)
            one[side] = None if value is None or one[side] is None else one[side] + value
    rounding = priced.workings.rounding
    for one in found.values():
        for side in ("before_taxes", "after_taxes"):
            one[side] = None if one[side] is None else rounding.of(one[side])
        for volume in ("volume", "billed"):
            one[volume] = round(one[volume], 6)
    return list(found.values())
