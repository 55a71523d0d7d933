# SPDX-License-Identifier: AGPL-3.0-or-later
"""Servers on free loopback ports: ours, and one that answers with given bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wwcp_ocpi.net.asgi import Handler, asgi_app
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.http import Request, Response

DEADLINE_S = 10


async def echo(request: Request) -> Response:
    """Answers with what it was asked."""
    asked = f"{request.method} {request.url} {request.source} {len(request.body)}"
    return Response(status=200, headers={"content-type": "text/plain"}, body=asked.encode())


@asynccontextmanager
async def serving(handler: Handler = echo, limits: ServerLimits | None = None) -> AsyncIterator[HTTPServer]:
    """Our server around a handler."""
    limits = limits or ServerLimits()
    async with HTTPServer(asgi_app(handler, limits), limits) as server:
        yield server


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that reads one head, writes these bytes and closes. Yields its base URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def exchange(server: HTTPServer, *packets: bytes) -> bytes:
    """Everything that the server says to these bytes until it closes. A pause lies between two packets."""
    async with asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for packet in packets:
            writer.write(packet)
            await writer.drain()
            await asyncio.sleep(0)
        said = await reader.read()
        writer.close()
        return said
