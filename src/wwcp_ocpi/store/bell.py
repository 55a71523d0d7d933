# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lets the delivery worker sleep until there is something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECOND = 1_000_000
"""Times in the outbox are in microseconds since 1970."""


class Bell:
    """Rings when the outbox was written; the worker hears it once, also when it rang while the worker was busy.

    What the worker has looked at and left (a delivery that is under way) does not ring again: else a worker
    with deliveries in flight would never sleep.
    """

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._looked_at = 0

    def ring(self) -> None:
        """The outbox was written, and committed."""
        self._rung.set()

    def looked(self, now: int) -> None:
        """The worker is about to read what is due at `now`."""
        self._rung.clear()
        self._looked_at = now

    async def wait(self, timeout_s: float, now: int, next_due: Callable[[int], int | None]) -> None:
        """Return when it rings or rang, or something has become due since the worker looked."""
        if self._rung.is_set():
            return
        due_at = next_due(self._looked_at)
        if due_at is not None:
            timeout_s = min(timeout_s, (due_at - now) / SECOND)
        if timeout_s > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._rung.wait()
            except TimeoutError:
                return
