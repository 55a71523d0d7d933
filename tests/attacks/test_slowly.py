# SPDX-License-Identifier: AGPL-3.0-or-later
"""A caller takes its time, and holds a connection and memory meanwhile: with its head, its body, our answer, or TLS.

The weak half is a limit so long that the connection is still held when the attacker has enough of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.hostile import DEADLINE_S, spoken
from tests.attacks.listed import attack
from tests.gateway.gateways import until
from tests.net.serving import serving
from tests.net.tls_setting import Files, serving_tls, stdlib_client
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.http import Request, Response

LONG_S, SHORT_S = 30.0, 0.2
ENOUGH_S = 0.5
"""How long the attacker has the patience to look whether it is still there."""
HEAD = b"POST /ocpi HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n"
DRIPS = {
    "nothing": (b"content-length: 100000\r\n\r\n", b""),
    "announced": (b"content-length: 100000\r\n\r\n", b" "),
    "chunked": (b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk extensions": (b"transfer-encoding: chunked\r\n\r\n1;x=", b"x"),
    "trailers": (b"transfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", b"x:x\r\n"),
}


@asynccontextmanager
async def at(folder: Path, *, tls: bool, **limits: Any) -> AsyncIterator[tuple[HTTPServer, Any]]:
    """A server with these limits, and what a client needs to come to it."""
    made = ServerLimits(drain_s=0, linger_s=0.2, **limits)
    if not tls:
        async with serving(limits=made) as server:
            yield server, None
        return
    folder.mkdir()
    files = Files(folder)
    async with serving_tls(files.server(), limits=made) as server:
        yield server, stdlib_client(files.ca, check_hostname=False)


async def drips(folder: Path, first: bytes, drip: bytes, *, tls: bool, **limits: Any) -> bytes | None:
    """What is said to a caller that sends `drip` again and again; None if it had enough of that first."""
    async with at(folder, tls=tls, **limits) as (server, client):
        is_weak = LONG_S in limits.values()
        try:
            async with asyncio.timeout(ENOUGH_S if is_weak else DEADLINE_S):
                return await spoken(server.port, first, *[drip] * 10_000, pause_s=0.02, tls=client)
        except TimeoutError:
            return None


@attack("slow-head")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_head_a_byte_at_a_time(tmp_path: Path, *, tls: bool) -> None:
    weak, strong = await asyncio.gather(
        *[
            drips(tmp_path / str(seconds), b"GET / HTTP/1.1\r\n", b"x: y\r\n", tls=tls, head_s=seconds)
            for seconds in (LONG_S, SHORT_S)
        ]
    )
    assert weak is None
    assert strong is not None
    assert strong.startswith(b"HTTP/1.1 408 ")
    assert b"request line and headers: expected all of it within 0.2 s" in strong


@attack("slow-head")
@pytest.mark.parametrize("packet", [b"", b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"], ids=["never", "never again"])
async def test_a_connection_on_which_nothing_is_asked(tmp_path: Path, packet: bytes) -> None:
    async with at(tmp_path, tls=False, head_s=LONG_S, keep_alive_s=30) as (server, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(ENOUGH_S):
                await spoken(server.port, packet)
    async with at(tmp_path, tls=False, head_s=SHORT_S, keep_alive_s=0) as (server, _):
        await spoken(server.port, packet)


@attack("slow-body")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("way", DRIPS)
async def test_a_body_a_byte_at_a_time(tmp_path: Path, way: str, *, tls: bool) -> None:
    first, drip = DRIPS[way]
    weak, strong = await asyncio.gather(
        *[drips(tmp_path / str(seconds), HEAD + first, drip, tls=tls, body_s=seconds) for seconds in (LONG_S, SHORT_S)]
    )
    assert weak is None
    assert strong is not None
    assert strong.startswith(b"HTTP/1.1 408 ")
    assert b"body: expected all of it within 0.2 s" in strong


@attack("slow-reader")
@pytest.mark.parametrize("size_kb", [20_000, 60], ids=["large", "less than would hold the handler back"])
@pytest.mark.parametrize("last", [False, True], ids=["kept", "to be closed"])
async def test_an_answer_that_is_not_read(tmp_path: Path, size_kb: int, *, last: bool) -> None:
    answer = Response(status=200, body=b"x" * size_kb * 1024)

    async def large(request: Request) -> Response:
        return answer

    head = b"GET / HTTP/1.1\r\nhost: h\r\n" + (b"connection: close\r\n" if last else b"") + b"\r\n"
    for limits, is_held in (
        (ServerLimits(read_s=LONG_S, keep_alive_s=30, drain_s=0), True),
        (ServerLimits(read_s=SHORT_S, keep_alive_s=0, drain_s=0), False),
    ):
        async with serving(large, limits) as server, asyncio.timeout(DEADLINE_S):
            (listening,) = server._server.servers[0].sockets
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            with small_socket() as sock:
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
                await asyncio.get_running_loop().sock_sendall(sock, head)

                async def is_gone() -> bool:
                    return not server._server.server_state.connections

                await asyncio.sleep(ENOUGH_S if is_held else 0.05)
                if is_held:
                    assert not await is_gone()
                else:
                    await until(is_gone)


@contextlib.contextmanager
def small_socket() -> Iterator[socket.socket]:
    """A socket that takes little and is not read."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        yield sock


@attack("slow-reader")
async def test_who_reads_slowly_but_reads_gets_all_of_it() -> None:
    body = b"x" * 8_000_000

    async def large(request: Request) -> Response:
        return Response(status=200, body=body)

    async with serving(large, ServerLimits(read_s=0.3)) as server, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=65536)
        writer.write(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        got = 0
        while piece := await reader.read(200_000):
            got += len(piece)
            await asyncio.sleep(0.01)
        writer.close()
    assert got > len(body)


@attack("slow-handshake")
@pytest.mark.parametrize("beginning", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a beginning"])
async def test_a_handshake_that_never_ends(tmp_path: Path, beginning: bytes) -> None:
    files = Files(tmp_path)
    for seconds, is_held in ((LONG_S, True), (SHORT_S, False)):
        async with serving_tls(files.server(), limits=ServerLimits(handshake_s=seconds, linger_s=0.1)) as server:
            try:
                async with asyncio.timeout(ENOUGH_S if is_held else DEADLINE_S):
                    assert await spoken(server.port, beginning) == b""
            except TimeoutError:
                assert is_held
            else:
                assert not is_held
