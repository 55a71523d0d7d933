# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a step of the demo is, and how it waits for what it expects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from typing import TypeAlias

import msgspec

ARRIVAL_S = 30.0


class Result(Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table at the end. `count` is of whatever the step is about, see `detail`."""

    name: str
    result: Result
    count: int = 0
    ms: float = 0.0
    detail: str = ""


Work: TypeAlias = Callable[[], Awaitable[tuple[int, str]]]
"""Does a step; how many there were of what it is about, and a detail for people."""

Steps: TypeAlias = Iterator[tuple[str, Work]]
"""One after the other, by name: the later ones exist only when the earlier ones have gone well."""


class Failed(Exception):
    """A step did not come to what it promises; the message says what was expected."""


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Look again and again: the demo sees a gateway from outside, as a person would.

    Raises:
        Failed: it did not come true in time.
    """
    deadline = time.monotonic() + ARRIVAL_S
    while not await true():
        if time.monotonic() > deadline:
            raise Failed(f"expected {what} within {ARRIVAL_S:.0f} s")
        await asyncio.sleep(0.001)
