# SPDX-License-Identifier: AGPL-3.0-or-later
"""Telling a partner something for which there is no outbox: a few tries, while somebody waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from wwcp_ocpi.partners.waiting import Clock, Sleep
from wwcp_ocpi.protocol.errors import OCPIError, Refused, Unreachable
from wwcp_ocpi.security.outbound import OutboundRefused

ATTEMPTS = 4
FIRST_WAIT_S = 1.0


async def insist(tell: Callable[[], Awaitable[None]], until: float, clock: Clock, sleep: Sleep) -> OCPIError | None:
    """Try it again as long as that may help, and not after `until` (seconds since 1970); the error that is left."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await tell()
            return None
        except OCPIError as error:
            wait_s = FIRST_WAIT_S * 2 ** (attempt - 1)
            if attempt == ATTEMPTS or clock() + wait_s > until or not may_help(error):
                return error
        await sleep(wait_s)
    raise AssertionError("the last attempt returns")


def may_help(error: OCPIError) -> bool:
    """Whether another try may find a partner that can."""
    if isinstance(error, Refused):
        return error.http_status >= 500 or error.http_status == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, Unreachable) and not isinstance(error, OutboundRefused)
