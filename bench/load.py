# SPDX-License-Identifier: AGPL-3.0-or-later
"""The load: so many connections, on each one request after the other, as fast as the answers come.

An answer counts when it has arrived whole, with HTTP 2xx and OCPI status 1000; any other ends the measurement,
for a server is not to look fast by refusing.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple, cast

_BUFFER = 1 << 18
_TAIL = 96
_LENGTH = b"content-length: "
_GOOD = b'"status_code":1000'


class Result(NamedTuple):
    """What a run brought. `busy` is the share of its core that the load itself took."""

    answers: int
    seconds: float
    busy: float
    latencies_s: list[float]
    body_bytes: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def ceiling(self) -> float:
        """Answers a second that the load could take if it had its core for itself all the time."""
        return self.rate / max(self.busy, 0.01)

    def quantile_ms(self, share: float) -> float:
        """The latency that this share of the answers stayed below."""
        return quantile(self.latencies_s, share) * 1000


def quantile(values: list[float], share: float) -> float:
    """The value that this share of them stays below."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def run(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    tls: ssl.SSLContext | None = None,
) -> Result:
    """Send requests for so long, or until there are none left.

    Raises:
        RuntimeError: the server refused one, or closed a connection.
        TimeoutError: the server fell silent.
    """
    loop = asyncio.get_running_loop()
    state = _State(requests, loop.create_future())
    made = [
        (await loop.create_connection(lambda: _Connection(state), "127.0.0.1", port, ssl=tls))[1]
        for _ in range(connections)
    ]
    cpu, began = time.process_time(), time.perf_counter()
    state.deadline = began + seconds
    try:
        for connection in made:
            connection.send_next()
        async with asyncio.timeout(seconds + 60):
            await state.finished
    finally:
        for connection in made:
            connection.close()
    # What was under way at the deadline came later and counts with the time that it took.
    elapsed = state.last - began
    return Result(
        answers=len(state.latencies),
        seconds=elapsed,
        busy=(time.process_time() - cpu) / (time.perf_counter() - began),
        latencies_s=state.latencies,
        body_bytes=state.body_bytes,
    )


class _State:
    def __init__(self, requests: Iterator[bytes], finished: asyncio.Future[None]) -> None:
        self.requests = requests
        self.finished = finished
        self.deadline = 0.0
        self.under_way = 0
        self.latencies: list[float] = []
        self.last = 0.0
        self.body_bytes = 0

    def fail(self, why: str) -> None:
        if not self.finished.done():
            self.finished.set_exception(RuntimeError(why))


class _Connection(asyncio.BufferedProtocol):
    def __init__(self, state: _State) -> None:
        self._state = state
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._transport: asyncio.Transport
        self._filled = 0
        """How much of a head that is not complete stands in the buffer."""
        self._left = 0
        """How much of the body is still to come."""
        self._tail = b""
        self._sent_at = 0.0
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def send_next(self) -> None:
        state = self._state
        now = time.perf_counter()
        request = next(state.requests, None) if now < state.deadline else None
        if request is None:
            if state.under_way == 0 and not state.finished.done():
                state.finished.set_result(None)
            return
        state.under_way += 1
        self._sent_at = now
        self._transport.write(request)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        buffer = self._buffer
        if self._left:
            self._left -= nbytes
            size = nbytes
        else:
            size = self._filled + nbytes
            end = buffer.find(b"\r\n\r\n", 0, size)
            if end < 0:
                self._filled = size
                return
            self._filled = 0
            at = buffer.find(_LENGTH, 0, end) + len(_LENGTH)
            length = int(buffer[at : buffer.find(b"\r", at)])
            if not buffer.startswith(b"HTTP/1.1 2"):
                self._state.fail(f"refused: {bytes(buffer[: min(size, 600)])!r}")
                return
            self._state.body_bytes = length
            self._left = end + 4 + length - size
        if self._left > 0:
            self._tail = bytes(buffer[max(0, size - _TAIL) : size])
            return
        tail = bytes(buffer[max(0, size - _TAIL) : size]) if size >= _TAIL else self._tail + bytes(buffer[:size])
        if self._left < 0 or _GOOD not in tail:
            self._state.fail(f"no success: {tail!r}")
            return
        state = self._state
        state.last = time.perf_counter()
        state.latencies.append(state.last - self._sent_at)
        state.under_way -= 1
        self.send_next()

    def close(self) -> None:
        self._closing = True
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._state.fail(f"the server closed a connection: {exc}")
