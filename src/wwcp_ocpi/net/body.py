# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading the body of a request, never more of it than a caller may send and never longer than it may take.

What is too much is read away for a while before the refusal goes out, and for a while after it: TCP resets a connection
that is closed on unread bytes, and the caller would lose the answer that tells it what was wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.protocol.errors import PartnerError, TooLarge

# ASGI itself leaves the values of its messages open.
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

_CLOSE = {"connection": "close"}


class ClientGone(Exception):
    """The caller hung up before its body was complete; nobody is left to answer."""


async def read_body(receive: Receive, headers: Mapping[str, str], limits: ServerLimits) -> bytes:
    """The whole body of a request whose head announces one.

    Raises:
        TooLarge: more bytes than allowed, announced or sent.
        PartnerError: it did not arrive in time (408).
        ClientGone: it will never be complete.
    """
    announced = int(headers.get("content-length", 0))
    if announced > limits.body_bytes:
        # A caller that asks first (Expect: 100-continue) sends nothing when it is refused.
        asked = "expect" in headers
        raise await _too_large(receive, limits, str(announced), more=not asked, drained=False)
    message = await receive()  # `net.http1` sees to it that something comes in time
    if message["type"] == "http.request" and not message["more_body"]:
        body: bytes = message["body"]
        if len(body) <= limits.body_bytes:
            return body
    return await _read_on(receive, message, limits)


async def read_away(receive: Receive, seconds: float) -> None:
    """Drop what still comes of a request that was answered and whose connection is about to be closed."""
    try:
        async with asyncio.timeout(seconds):
            while (message := await receive())["type"] == "http.request" and message["more_body"]:
                pass
    except TimeoutError:
        pass


async def _read_on(receive: Receive, message: Message, limits: ServerLimits) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message["body"]
                more = message["more_body"]
                if len(body) > limits.body_bytes:
                    break
                if not more:
                    return bytes(body)
                message = await receive()
    except TimeoutError as error:
        raise PartnerError(
            f"body: expected all of it within {limits.body_s:g} s",
            http_status=HTTPStatus.REQUEST_TIMEOUT,
            headers=_CLOSE,
        ) from error
    raise await _too_large(receive, limits, "more", more=more, drained=not more)


async def _too_large(receive: Receive, limits: ServerLimits, got: str, *, more: bool, drained: bool) -> TooLarge:
    if more:
        drained = await _discard(receive, limits)
    return TooLarge(f"body: expected at most {limits.body_bytes} bytes, got {got}", headers=None if drained else _CLOSE)


async def _discard(receive: Receive, limits: ServerLimits) -> bool:
    """Read the rest away; False when there is so much of it that closing is cheaper."""
    left = limits.body_bytes
    try:
        async with asyncio.timeout(limits.body_s):
            while left >= 0:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                left -= len(message["body"])
                if not message["more_body"]:
                    return True
    except TimeoutError:
        pass
    return False
