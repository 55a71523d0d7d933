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

    bytes: int
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


async def flood(port: int, packets: Iterable[bytes], *, source: str = "127.0.0.1") -> Sent:
    """Write packets until they end or the answer comes, as a client does that has much to say."""
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        first = asyncio.create_task(reader.read(1))
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
        writer.close()
        return Sent(sent, said)


async def spoken(
    port: int, *packets: bytes, source: str = "127.0.0.1", pause_s: float = 0, tls: ssl.SSLContext | None = None
) -> bytes:
    """All that is said to these packets until the other side closes, with a pause behind each."""
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), ssl=tls)
        reading = asyncio.create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                if reading.done():
                    break
                writer.write(packet)
                await writer.drain()
                await asyncio.sleep(pause_s)
        said = await reading
        writer.close()
        return said


@asynccontextmanager
async def held(port: int, count: int, source: str) -> AsyncIterator[None]:
    """So many connections from an address, on which nothing is asked."""
    opened = [await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)) for _ in range(count)]
    await asyncio.sleep(0.05)  # until the server has seen them
    yield
    for _, writer in opened:
        writer.close()
    await asyncio.sleep(0.05)
