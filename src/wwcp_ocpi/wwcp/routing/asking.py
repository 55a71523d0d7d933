# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking a partner: with a deadline, and so that whatever he does becomes a typed answer.

Partners are other people's code. One that raises, never answers or answers nonsense is an answer like any other, with
the reason in it, and the network goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

import structlog

log = structlog.get_logger()

_R = TypeVar("_R")
_MAX_REASON = 200


class Failure(Enum):
    """In which way a partner failed."""

    TIMEOUT = "timeout"
    ERROR = "error"


async def ask(
    partner: str,
    verb: str,
    call: Callable[[], Awaitable[object]],
    expected: type[_R],
    failed: Callable[[Failure, str], _R],
    timeout_s: float,
) -> tuple[_R, int]:
    """What the partner answers, and after how many milliseconds; what `failed` makes of it when he does not."""
    began = time.monotonic()
    answer: object = None
    try:
        async with asyncio.timeout(timeout_s):
            answer = await call()
        failure = None
    except TimeoutError:
        failure = Failure.TIMEOUT, f"{partner} did not answer within {timeout_s:g} s"
    except Exception as error:
        # The edge to code that is not ours.
        log.warning("wwcp.partner_failed", partner=partner, verb=verb, error=type(error).__name__, exc_info=True)
        failure = Failure.ERROR, f"{partner} failed: {type(error).__name__}: {str(error)[:_MAX_REASON]}"
    if failure is None and not isinstance(answer, expected):
        failure = Failure.ERROR, f"{partner} answered with {type(answer).__name__}, no {expected.__name__}"
    runtime_ms = round((time.monotonic() - began) * 1000)
    if isinstance(answer, expected) and failure is None:
        return answer, runtime_ms
    assert failure is not None
    return failed(*failure), runtime_ms
