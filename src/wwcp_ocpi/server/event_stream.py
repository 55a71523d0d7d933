# SPDX-License-Identifier: AGPL-3.0-or-later
"""Server-sent events on the wire: an asynchronous iterator becomes an ASGI answer, which Starlette takes as well.

It writes and does not remember. Who makes the iterator says what a reader that comes back has missed, and bounds what
waits for one that is slow: only that reader's own iterator stands still while it does not read.
Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple, TypeAlias

# ASGI itself leaves the values of its messages open.
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]

HEARTBEAT_S = 15.0
STALLED_S = 60.0
LAST_EVENT_ID = b"last-event-id"
_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect what is written before it hands it on
)
_HEARTBEAT = b":\n\n"


class Sent(NamedTuple):
    """One event: its id, which a reader hands back as `Last-Event-ID`, its name, and its data as JSON text."""

    id: str
    name: str
    data: str


class EventStream:
    """The answer to one reader; an ASGI application, to be called once.

    It ends when the iterator ends, when the reader goes, or when nothing could be written for `stalled_s` seconds; the
    iterator is closed (`aclose`) in any case. Nobody but this reader waits for any of it.
    """

    def __init__(
        self,
        events: AsyncIterator[Sent],
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        heartbeat_s: float = HEARTBEAT_S,
        stalled_s: float = STALLED_S,
    ) -> None:
        """Nothing is asked for before the answer begins.

        Args:
            events: What is sent, in its order. Asked for the next one when the one before was handed to the connection.
            headers: Further ones of the answer, names in lower case.
            heartbeat_s: A comment is sent when there was no event for so long, so that a dead connection is noticed.
            stalled_s: How long a reader may take nothing.
        """
        self._events = events
        self._headers = [*_HEADERS, *headers]
        self._heartbeat_s = heartbeat_s
        self._stalled_s = stalled_s

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer a request. Starlette calls this with what a route returns."""
        writing = asyncio.ensure_future(self._write(send))
        going = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({writing, going}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
        finally:
            for task in (writing, going):
                task.cancel()
            await asyncio.gather(writing, going, return_exceptions=True)

    async def _write(self, send: _Send) -> None:
        upcoming: asyncio.Future[Sent | None] | None = None
        try:
            async with asyncio.timeout(self._stalled_s):
                await send({"type": "http.response.start", "status": 200, "headers": self._headers})
                await send(_body(_HEARTBEAT))  # some proxies hand nothing on before the first byte
            while True:
                upcoming = upcoming or asyncio.ensure_future(_next(self._events))
                await asyncio.wait({upcoming}, timeout=self._heartbeat_s)
                if not upcoming.done():
                    content = _HEARTBEAT
                else:
                    event, upcoming = upcoming.result(), None
                    if event is None:
                        break
                    content = on_the_wire(event)
                async with asyncio.timeout(self._stalled_s):
                    await send(_body(content))
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            pass  # the server closes the connection of an answer that was not finished
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)
            close = getattr(self._events, "aclose", None)
            if close is not None:
                await close()


def on_the_wire(event: Sent) -> bytes:
    """The bytes of one event.

    Raises:
        ValueError: an id or a name with a line end or a NUL in it.
    """
    for text in (event.id, event.name):
        if _LINE_END.search(text) or "\0" in text:
            raise ValueError(f"expected an id and a name on one line, got {text[:80]!r}")
    data = "".join(f"data: {line}\n" for line in _LINE_END.split(event.data))
    return f"id: {event.id}\nevent: {event.name}\n{data}\n".encode()


def last_event_id(scope: _Message) -> str | None:
    """What a reader that comes back has seen last; None for one that comes for the first time."""
    for name, value in scope["headers"]:
        if name == LAST_EVENT_ID:
            return str(value.decode("utf-8", "replace"))
    return None


async def _next(events: AsyncIterator[Sent]) -> Sent | None:
    with contextlib.suppress(StopAsyncIteration):
        return await anext(events)
    return None


async def _gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(content: bytes) -> _Message:
    return {"type": "http.response.body", "body": content, "more_body": True}
