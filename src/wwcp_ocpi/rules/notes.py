# SPDX-License-Identifier: AGPL-3.0-or-later
"""Notes: what one should know to read a price, and what is wrong with what was priced."""

from __future__ import annotations

from enum import Enum

import msgspec


class NoteCode(Enum):
    """What a note is about, for programs."""

    TAX_UNKNOWN = "TAX_UNKNOWN"
    LIMIT_APPLIED = "LIMIT_APPLIED"
    NO_TARIFF_IN_PERIOD = "NO_TARIFF_IN_PERIOD"
    OTHER_TARIFF_USED = "OTHER_TARIFF_USED"
    NOT_MEASURED = "NOT_MEASURED"
    SESSION_ONLY_DIMENSION = "SESSION_ONLY_DIMENSION"
    TARIFF_NOT_VALID = "TARIFF_NOT_VALID"
    TARIFF_CHANGED_SINCE = "TARIFF_CHANGED_SINCE"
    PERIODS_UNORDERED = "PERIODS_UNORDERED"
    PERIOD_OUTSIDE_SESSION = "PERIOD_OUTSIDE_SESSION"
    PERIOD_SPANS_PRICE_CHANGE = "PERIOD_SPANS_PRICE_CHANGE"
    TIME_EXCEEDS_PERIOD = "TIME_EXCEEDS_PERIOD"
    CANNOT_PRICE = "CANNOT_PRICE"


class Note(msgspec.Struct, frozen=True, gc=False):
    """One note: what, where (a JSON path of the CDR, Session or Tariff), and in words."""

    code: NoteCode
    path: str
    text: str
