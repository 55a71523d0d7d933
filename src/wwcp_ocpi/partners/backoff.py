# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which partners are left alone for now: those that are away, and those that take their time with what they have."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import msgspec

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 3600.0
BUSY_S = 1.0
"""How long to look away from a partner that has not answered yet."""


def wait_s(attempts: int) -> float:
    """How long to wait after that many failed attempts: doubling, an hour at the most."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 30))


class _Away(msgspec.Struct, frozen=True):
    failures: int
    until: float


class BackOff:
    """One back-off for each partner, whatever is to be delivered to it. In memory: a restart asks everybody anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.came_back: Callable[[str], None] = lambda partner: None
        """Told when a partner that was away answers again."""
        self._away: dict[str, _Away] = {}
        self._busy: Counter[str] = Counter()

    def failed(self, partner: str) -> None:
        """A call found nobody. Of calls that were under way together only the first counts."""
        known = self._away.get(partner)
        if known is None or known.until <= self.clock():
            failures = known.failures + 1 if known else 1
            self._away[partner] = _Away(failures, self.clock() + wait_s(failures - 1))

    def answered(self, partner: str) -> None:
        """It is there, whatever it said."""
        if self._away.pop(partner, None) is not None:
            self.came_back(partner)

    def is_doubtful(self, partner: str) -> bool:
        """Whether it was away when it was last called: one call finds out about it, not many."""
        return partner in self._away

    def pause_s(self, partner: str) -> float:
        """For how many seconds the partner is left alone; 0 when it may be called."""
        away = self._away.get(partner)
        left = away.until - self.clock() if away else 0.0
        return max(left, BUSY_S if self._busy[partner] else 0.0, 0.0)

    def begin_waiting(self, partner: str) -> None:
        """A call to it takes long."""
        self._busy[partner] += 1

    def end_waiting(self, partner: str) -> None:
        """That call came to an end."""
        self._busy[partner] -= 1
        if self._busy[partner] <= 0:
            del self._busy[partner]
