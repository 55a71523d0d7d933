# SPDX-License-Identifier: AGPL-3.0-or-later
"""A caller that writes what it likes to a port, from the loopback address that it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

DEADLINE_S = 20


class Sent(NamedTuple):
    """How much of a flood was taken, and what was said to it."""

    size: int
    said: bytes

    @property
    def status(self) -> int:
        return int(self.said.split(b" ", 2)[1])

    @property
    def message(self) -> str:
        """Of the OCPI envelope, which every refusal has."""
        body = json.loads(self.said.partition(b"\r\n\r\n")[2])
        assert {"status_code", "status_message", "timestamp"} <= body.keys()
        return str(body["status_message"])


@asynccontextmanager
async def connected(
    port: int, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, which is gone at the end, however that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def flood(port: int, packets: Iterable[bytes], *, source: str = "127.0.0.1") -> Sent:
    """Write packets until they end or the answer comes, as a client does that has much to say."""
    async with asyncio.timeout(DEADLINE_S), connected(port, source) as (reader, writer), asyncio.TaskGroup() as group:
        first = group.create_task(reader.read(1))
        sent = 0
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                if first.done():
                    break
                writer.write(packet)
                sent += len(packet)
                await writer.drain()
                await asyncio.sleep(0)
        said = await first
        if said:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            said += head + await reader.readexactly(int(length.partition(b":")[2]))
        return Sent(sent, said)


async def spoken(
    port: int, *packets: bytes, source: str = "127.0.0.1", pause_s: float = 0, tls: ssl.SSLContext | None = None
) -> bytes:
    """All that is said to these packets until the other side closes, with a pause behind each."""
    async with (
        asyncio.timeout(DEADLINE_S),
        connected(port, source, tls) as (reader, writer),
        asyncio.TaskGroup() as group,
    ):
        reading = group.create_task(_until_the_end(reader))
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                if reading.done():
                    break
                writer.write(packet)
                await writer.drain()
                await asyncio.sleep(pause_s)
        return await reading


async def _until_the_end(reader: asyncio.StreamReader) -> bytes:
    """Also where that is a reset: who goes on writing gets one, some time after the answer."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            said += piece
    return said


@asynccontextmanager
async def held(port: int, count: int, source: str) -> AsyncIterator[None]:
    """So many connections from an address, on which nothing is asked."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(connected(port, source))
        await asyncio.sleep(0.05)  # until the server has seen them
        yield
    await asyncio.sleep(0.05)
