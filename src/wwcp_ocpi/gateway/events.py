# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/-/events`: security events as they happen, for the operator. See docs/audit.md.

All readers look at the same last events; each has only a place in them. So a reader costs nothing while it does not
read, holds nobody up, and is told how many it missed when it comes back too late.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from wwcp_ocpi.gateway.operators import CHALLENGE, Operators
from wwcp_ocpi.net.asgi import Send
from wwcp_ocpi.net.body import Message, Receive
from wwcp_ocpi.security.audit import LONGEST_TEXT, Event, Reason
from wwcp_ocpi.server.audit import Audit
from wwcp_ocpi.server.event_stream import EventStream, Sent, last_event_id
from wwcp_ocpi.server.identity import Identity

PATH = "/-/events"
REMEMBERED = 1000
MOST_READERS = 32
_NAME, _MISSED = "security", "missed"


class EventFeed:
    """An audit that tells readers as well. Its events are numbered from the start of the process on."""

    def __init__(self, audit: Audit, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.time) -> None:
        """Nobody listens yet.

        Args:
            audit: where everything is noted that is told here.
            remembered: how many of the last events a reader may still get.
        """
        self._audit = audit
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._last: deque[tuple[Event, float]] = deque(maxlen=remembered)
        self._count = 0
        self._bell = asyncio.Event()
        self._waiting = 0
        self._is_closed = False

    def append(self, event: Event) -> None:
        """Note it, and wake who listens; only that, since a partner waits meanwhile."""
        self._audit.append(event)
        self._count += 1
        self._last.append((event, self._clock()))
        if self._waiting:
            self._ring()

    def close(self) -> None:
        """End all streams, once they have told what they have."""
        self._is_closed = True
        self._ring()

    async def follow(self, after: str | None = None) -> AsyncIterator[Sent]:
        """The events from now on, or behind the one with this id, as far as they are remembered.

        What is not is told as `missed`, with the number of events; null if they were those of an earlier process.
        """
        place = self._count
        if after is not None:
            run, _, number = after.partition("-")
            if run == self._run and number.isascii() and number.isdigit() and len(number) < 20:
                place = min(int(number), self._count)
            else:
                place = self._count - len(self._last)
                yield self._missed(place, None)
        while True:
            gone = self._count - len(self._last)
            if place < gone:
                count, place = gone - place, gone
                yield self._missed(place, count)
            elif place < self._count:
                place += 1
                yield Sent(f"{self._run}-{place}", _NAME, _told(*self._last[place - gone - 1]))
            elif self._is_closed:
                return
            else:
                self._waiting += 1
                try:
                    await self._bell.wait()
                finally:
                    self._waiting -= 1

    def _missed(self, place: int, count: int | None) -> Sent:
        return Sent(f"{self._run}-{place}", _MISSED, msgspec.json.encode({"count": count}).decode())

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()


class EventsPage:
    """The ASGI application of the path."""

    def __init__(self, feed: EventFeed, operators: Operators, identity: Identity) -> None:
        self._feed = feed
        self._operators = operators
        self._identity = identity
        self._readers = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a reader as long as it stays."""
        status, headers = self._look(scope)
        if status is not HTTPStatus.OK:
            await _answer(send, status, headers)
            return
        self._readers += 1
        try:
            await EventStream(self._feed.follow(last_event_id(scope)))(scope, receive, send)
        finally:
            self._readers -= 1

    def _look(self, scope: Message) -> tuple[HTTPStatus, dict[str, str]]:
        if scope["path"] != PATH or not self._operators.are_there:
            return HTTPStatus.NOT_FOUND, {}
        source = scope["client"][0] if scope["client"] else ""
        wait_s = self._identity.wait_s(source)
        if wait_s:
            return HTTPStatus.TOO_MANY_REQUESTS, {"retry-after": str(wait_s)}
        shown = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
        if not self._operators.has(shown):
            if shown:
                event = Event(Reason.UNKNOWN_TOKEN, source=source, request=f"{scope['method']} {PATH}")
                self._identity.stranger(event)
            return HTTPStatus.UNAUTHORIZED, {"www-authenticate": CHALLENGE}
        if scope["method"] != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, {"allow": "GET"}
        if self._readers >= MOST_READERS:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "10"}
        return HTTPStatus.OK, {}


async def _answer(send: Send, status: HTTPStatus, headers: Mapping[str, str]) -> None:
    body = msgspec.json.encode({"error": status.phrase})
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": int(status), "headers": sent})
    await send({"type": "http.response.body", "body": body})


def _told(event: Event, unix_s: float) -> str:
    """What a reader sees of an event: what the audit log has of it."""
    moment = datetime.fromtimestamp(int(unix_s), UTC)
    fields = {name: _clean(text) for name, text in event._asdict().items() if name != "reason" and text}
    told = {
        "at": f"{moment:%Y-%m-%dT%H:%M:%S}.{int(unix_s * 1000) % 1000:03}Z",
        "event": event.reason.code,
        "severity": event.reason.severity.value,
        **fields,
    }
    return msgspec.json.encode(told).decode()


def _clean(text: str) -> str:
    """A text of anybody, cut, without half of a surrogate pair, which is in no JSON."""
    return text[:LONGEST_TEXT].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
