# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that time does to what is done later: a clock, and a sleep from which an outcome wakes. Tests bring their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from wwcp_ocpi.server.decisions import Outcome

Clock: TypeAlias = Callable[[], float]
"""Seconds since 1970."""
Sleep: TypeAlias = Callable[[float], Awaitable[None]]
Waiting: TypeAlias = asyncio.Future[Outcome]


def waiting() -> Waiting:
    """A place for an outcome that is not there yet."""
    return asyncio.get_running_loop().create_future()


async def wait(outcome: Waiting, seconds: float, sleep: Sleep) -> bool:
    """Wait for an outcome, so long and no longer; says whether it is there."""
    if not outcome.done() and seconds > 0:
        sleeper = asyncio.ensure_future(sleep(seconds))
        try:
            await asyncio.wait((outcome, sleeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
    return outcome.done()
