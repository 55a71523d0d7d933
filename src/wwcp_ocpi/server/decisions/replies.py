# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all that is done later has in common: a word at once, and a word when the charge point has answered."""

from __future__ import annotations

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is said at once. Only after ACCEPTED there is an outcome to report, within `timeout_s` seconds."""

    result: str
    timeout_s: int = 30


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    result: str
