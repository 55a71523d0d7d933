# SPDX-License-Identifier: AGPL-3.0-or-later
"""What uvicorn leaves open, over real connections."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.net.serving import DEADLINE_S, exchange, serving
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.protocol.http import Request, Response

LAST = b"host: here\r\nconnection: close\r\n\r\n"
SMALL = ServerLimits(head_bytes=512, body_bytes=5000)


def taken_apart(said: bytes) -> tuple[int, bytes]:
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def message(said: bytes) -> tuple[int, str]:
    status, body = taken_apart(said)
    return status, msgspec.json.decode(body)["status_message"]


async def test_a_request_in_many_small_packets_is_answered() -> None:
    async with serving(limits=SMALL) as server:
        request = b"PUT /ocpi?x=1 HTTP/1.1\r\ncontent-length: 3\r\n" + LAST + b"abc"
        said = await exchange(server, *[bytes([byte]) for byte in request])
    assert taken_apart(said) == (200, b"PUT /ocpi?x=1 127.0.0.1 3")


async def test_a_large_body_behind_a_small_head_is_answered() -> None:
    async with serving(limits=SMALL) as server:
        said = await exchange(server, b"PUT / HTTP/1.1\r\ncontent-length: 4000\r\n" + LAST + b"x" * 4000)
    assert taken_apart(said) == (200, b"PUT / 127.0.0.1 4000")


@pytest.mark.parametrize("packets", [1, 6])
async def test_a_head_that_is_too_large_is_refused(packets: int) -> None:
    head = b"GET / HTTP/1.1\r\nx-flood: " + b"x" * 600
    size = len(head) // packets + 1
    async with serving(limits=SMALL) as server:
        said = await exchange(server, *[head[start : start + size] for start in range(0, len(head), size)])
    assert message(said) == (431, "request line and headers: expected at most 512 bytes")


async def test_a_complete_head_that_is_too_large_is_refused() -> None:
    async with serving(limits=SMALL) as server:
        said = await exchange(server, b"GET / HTTP/1.1\r\nx-flood: " + b"x" * 1500 + b"\r\n" + LAST)
    assert message(said)[0] == 431


async def test_a_request_line_without_end_is_refused() -> None:
    async with serving(limits=SMALL) as server:
        said = await exchange(server, b"GET /" + b"x" * 2000)
    assert message(said)[0] == 431


async def test_a_head_that_does_not_come_in_time_is_refused() -> None:
    async with serving(limits=ServerLimits(head_s=0.05)) as server:
        said = await exchange(server, b"GET / HTTP/1.1\r\nhost: h")
    assert message(said) == (408, "request line and headers: expected all of it within 0.05 s")


async def test_a_connection_that_asks_nothing_is_closed_without_a_word() -> None:
    async with serving(limits=ServerLimits(head_s=0.05)) as server:
        assert await exchange(server) == b""


async def test_a_second_head_that_does_not_come_in_time_is_refused() -> None:
    async with serving(limits=ServerLimits(head_s=0.5)) as server, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /1 HTTP/1.1\r\nhost: h\r\n\r\n")
        assert b"GET /1 127.0.0.1 0" in await reader.readuntil(b"127.0.0.1 0")
        writer.write(b"GET /2 HT")
        assert message(await reader.read())[0] == 408
        writer.close()


async def test_a_body_that_does_not_come_in_time_is_refused() -> None:
    async with serving(limits=ServerLimits(linger_s=0.05, body_s=0.05)) as server:
        said = await exchange(server, b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nabc")
    assert message(said) == (408, "body: expected all of it within 0.05 s")


async def test_too_large_a_body_that_never_ends_is_refused_in_time() -> None:
    async with serving(limits=ServerLimits(linger_s=0.05, body_s=0.05, body_bytes=10)) as server:
        said = await exchange(server, b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 99\r\n\r\nabc")
    assert message(said) == (413, "body: expected at most 10 bytes, got 99")


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01\xfc\x03", b"BREW /pot HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
async def test_what_is_not_http_is_answered_with_an_envelope(noise: bytes) -> None:
    async with serving() as server:
        assert message(await exchange(server, noise)) == (400, "Invalid HTTP request received.")


async def test_noise_in_large_packets_is_answered_once() -> None:
    async with serving(limits=SMALL) as server:
        said = await exchange(server, b"\x00" * 5000)
    assert message(said)[0] == 400
    assert said.count(b"HTTP/1.1 ") == 1


async def test_two_requests_in_one_packet_are_answered_in_order() -> None:
    async with serving() as server:
        said = await exchange(server, b"GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\n" + LAST)
    assert said.index(b"GET /1 127") < said.index(b"GET /2 127")


async def test_a_head_that_begins_behind_a_body_is_not_charged_for_it() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        await leave.wait()
        return Response(status=200, body=request.url.encode())

    async with serving(handler, SMALL) as server, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        head = b"PUT /1 HTTP/1.1\r\nhost: h\r\ncontent-length: 400\r\n\r\n"
        writer.write(head + b"x" * 400 + b"GET /2 HTTP/1.1\r\n")
        await entered.wait()
        writer.write(b"x-filler: " + b"x" * 200 + b"\r\n" + LAST)
        leave.set()
        said = await reader.read()
        writer.close()
    assert said.count(b"HTTP/1.1 200 OK") == 2


async def test_noise_behind_a_request_does_not_spoil_its_answer() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        await leave.wait()
        return Response(status=200, body=b"yes")

    async with serving(handler) as server, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /1 HTTP/1.1\r\nhost: h\r\n\r\n")
        await entered.wait()
        writer.write(b"\x00\x01\x02 nonsense\r\n\r\n")
        said = await reader.read()
        leave.set()
        writer.close()
    assert b"400" not in said
