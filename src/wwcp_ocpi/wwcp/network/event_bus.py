# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events of a network on their way to those who listen: numbered, in order, never waited for.

Who calls `tell` is not held up: a callback runs at once and may not fail it; a stream has a queue of limited length,
and one whose reader is too slow is told how much it missed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

import msgspec
import structlog

from wwcp_ocpi.wwcp.network.events import Event, Missed

log = structlog.get_logger()


class Numbered(msgspec.Struct, frozen=True):
    """An event and its number. Numbers grow by one and begin anew with the process."""

    number: int
    event: Event | Missed


Listener: TypeAlias = Callable[[Numbered], object]


class EventBus:
    """Tells every event to every listener.

    Args:
        remembered: how many of the last events a listener that comes back may still ask for.
    """

    def __init__(self, *, remembered: int = 1000) -> None:
        self.number = 0
        self._listeners: dict[object, Listener] = {}
        self._last: deque[Numbered] = deque(maxlen=remembered)

    def tell(self, event: Event) -> None:
        """Tell it to all; what a listener raises is logged, and the others hear it all the same."""
        self.number += 1
        numbered = Numbered(self.number, event)
        self._last.append(numbered)
        for listener in tuple(self._listeners.values()):
            try:
                listener(numbered)
            except Exception:
                # The edge to code that is not ours: a listener must not break the network it listens to.
                log.exception("wwcp.listener_failed", kind=type(event).__name__)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with every event from now on; the answer ends that."""
        ticket = object()
        self._listeners[ticket] = listener

        def leave() -> None:
            self._listeners.pop(ticket, None)

        return leave

    def stream(self, *, after: int | None = None, limit: int = 10_000) -> EventStream:
        """The events from now on, one after the other, or those after a number that is still remembered.

        Args:
            after: the last number that the listener has seen. What is not remembered any more is told as `Missed`.
            limit: how many may wait for a slow reader.
        """
        return EventStream(self, self._since(after), limit)

    def _since(self, after: int | None) -> list[Numbered]:
        if after is None or after >= self.number:
            return []
        waiting = [numbered for numbered in self._last if numbered.number > after]
        gone = self.number - after - len(waiting)
        return [Numbered(after + gone, Missed(gone)), *waiting] if gone else waiting


class EventStream:
    """An asynchronous iterator; leave it with `close`, or use it as a context manager."""

    def __init__(self, bus: EventBus, waiting: list[Numbered], limit: int) -> None:
        self._waiting = deque(waiting)
        self._limit = max(limit, 1)
        self._missed = 0
        self._missed_number = 0
        self._bell = asyncio.Event()
        self._closed = False
        self._leave = bus.listen(self._take)

    def _take(self, numbered: Numbered) -> None:
        if len(self._waiting) >= self._limit:
            self._missed += 1
            self._missed_number = self._waiting.popleft().number
        self._waiting.append(numbered)
        self._bell.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Numbered:
        while True:
            if self._missed:
                told = Numbered(self._missed_number, Missed(self._missed))
                self._missed = 0
                return told
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                raise StopAsyncIteration
            self._bell.clear()
            await self._bell.wait()

    def close(self) -> None:
        """Hear no more; what waits already is still given out."""
        self._leave()
        self._closed = True
        self._bell.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
