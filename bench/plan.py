# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is measured: what the project's limits speak of, or in a quick run just enough to see that it works."""

from __future__ import annotations

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and times of a run."""

    rounds: int
    round_s: float
    locations: int = 1000
    connections: int = 32
    imported: int
    puts: int
    many: int
    visits: int
    """How many of the many pages are visited in each random order."""
    priced: int
    """How many CDRs are priced in each of many short rounds."""
    evses: int
    """Of the large WWCP network."""
    changes: int
    """Of statuses in that network."""
    authorized: int
    """How many drivers are let charge in each of five rounds."""


FULL = Plan(
    rounds=9, round_s=2.0, imported=69_000, puts=20_000, many=1_000_000, visits=5_000, priced=400,
    evses=100_000, changes=20_000, authorized=20_000,
)  # fmt: skip
QUICK = Plan(
    rounds=2, round_s=0.5, imported=2_000, puts=1_000, many=20_000, visits=300, priced=50,
    evses=2_000, changes=1_000, authorized=640,
)  # fmt: skip
EVSES = 200
"""Of a large Location."""
