# SPDX-License-Identifier: AGPL-3.0-or-later
"""A caller sends more than anybody needs: bytes, depth, headers, trailers, connections. None of it takes a token.

The weak half is the same gateway with limits that an operator could have set, or the library that would do the work
without us.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from msgspec.structs import replace
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.attacks.hostile import flood, held, spoken
from tests.attacks.listed import attack
from tests.attacks.wired import over_http
from tests.gateway.gateways import config
from tests.identity_setting import setting
from tests.net.serving import answering, serving
from tests.objects import MIDDLE, location
from tests.platforms import ALL_VERSIONS, envelope_of
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import LimitsSection
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response

MB = 1024 * 1024
HUNDRED_MB = 100 * MB
POST = b"POST /ocpi/2.2.1/receiver/cdrs HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n"
GET = b"GET /ocpi/versions HTTP/1.1\r\nhost: h\r\n"


def gateway(folder: Path, **limits: Any) -> Gateway:
    return Gateway(replace(config(folder), limits=LimitsSection(**limits)))


# Bodies


def announced() -> Iterator[bytes]:
    yield POST + b"content-length: %d\r\n\r\n" % HUNDRED_MB
    yield from (b" " * MB for _ in range(100))


def chunked() -> Iterator[bytes]:
    yield POST + b"transfer-encoding: chunked\r\n\r\n"
    yield from (b"%x\r\n%s\r\n" % (MB, b" " * MB) for _ in range(100))
    yield b"0\r\n\r\n"


async def _large_body(folder: Path, body: Any) -> None:
    async with gateway(folder / "weak", body_bytes=2 * HUNDRED_MB) as here:
        sent = await flood(here.http.port, body())
        assert (sent.status, sent.size > HUNDRED_MB) == (401, True), "all of it was read for somebody without a token"
    async with gateway(folder / "strong") as here:
        sent = await flood(here.http.port, body())
        assert (sent.status, sent.size < 40 * MB) == (413, True)
        assert sent.message.startswith("body: expected at most 4194304 bytes, got ")


@attack("large-body")
async def test_a_large_body_that_is_announced(tmp_path: Path) -> None:
    await _large_body(tmp_path, announced)


@attack("large-chunked-body")
async def test_a_large_body_that_is_not_announced(tmp_path: Path) -> None:
    await _large_body(tmp_path, chunked)


@attack("packed-body")
async def test_a_request_that_unpacks_to_a_large_body() -> None:
    """Nothing is ever unpacked for a caller: to whom it came as such, it is no JSON."""
    bomb = gzip.compress(b" " * HUNDRED_MB, mtime=0)
    assert (len(bomb) < MB, len(gzip.decompress(bomb))) == (True, HUNDRED_MB)
    async with over_http(await setting("EMSP", modules=frozenset({"cdrs"}))) as made:
        request = {"content-encoding": "gzip", "content-type": "application/json"}
        answer = await made.ask("/ocpi/2.2.1/receiver/cdrs", method="POST", body=bomb, headers=request)
        assert answer.status == 400
        assert envelope_of(answer)["status_message"].startswith("$: expected JSON")


@attack("packed-body")
async def test_an_answer_that_unpacks_to_a_large_body() -> None:
    bomb = gzip.compress(b" " * 20 * MB, mtime=0)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    async with answering(head + bomb) as url:
        async with HTTPTransport(ClientLimits()) as weak:
            assert len((await weak(Request(method="GET", url=url))).body) == 20 * MB
        async with HTTPTransport(ClientLimits(body_bytes=MB)) as strong:
            with pytest.raises(Unreachable, match="expected at most 1048576 bytes when unpacked, got more"):
                await strong(Request(method="GET", url=url))


def deep(depth: int = 10_000) -> bytes:
    return b"[" * depth + b"]" * depth


@attack("deep-json")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_json_that_is_nested_10_000_deep(version: str) -> None:
    """In a field that is known, in one that is not, as a change, and as the whole; later it is read again."""
    with pytest.raises(RecursionError):
        json.loads(deep(100_000))
    async with over_http(await setting("EMSP", modules=frozenset({"locations", "cdrs"}))) as made:
        path = f"/ocpi/{version}/receiver/locations/DE/GEF/LOC1"
        good = location(version)
        raw = json.dumps(good).encode()
        unknown, known = (raw[:-1] + b', "%s": %s}' % (name, deep()) for name in (b"x", b"name"))
        changed = b'{"last_updated": "%s", "x": %s}' % (MIDDLE.encode(), deep())
        for method, body in (("PUT", known), ("PUT", unknown), ("PUT", deep()), ("PATCH", changed)):
            answer = await made.ask(path, method=method, body=body)
            assert 400 <= answer.status < 500 or envelope_of(answer)["status_code"] == 2001, (method, answer)
        assert await made.status(path) == 404
        assert await made.status(path, method="PUT", body=good) == 201
        assert await made.status(path, method="PATCH", body=changed) in (400, 413)
        assert envelope_of(await made.ask(path))["data"]["id"] == "LOC1"


# Heads


@attack("many-headers")
@pytest.mark.parametrize("size", [2, 60], ids=["tiny", "usual"])
async def test_10_000_headers(tmp_path: Path, size: int) -> None:
    """Tiny ones are within the bytes that a head may have, when they come in two packets."""
    lines = [b"x%x:%s\r\n" % (number, b"v" * (size - 2)) for number in range(10_000)]
    packets = [GET, b"".join(lines[:4000]), b"".join(lines[4000:]), b"connection: close\r\n\r\n"]
    async with gateway(tmp_path / "weak", headers=20_000, head_bytes=2 * MB) as here:
        assert (await flood(here.http.port, packets)).status == 401
    async with gateway(tmp_path / "strong", head_bytes=2 * MB) as here:
        sent = await flood(here.http.port, packets)
        assert (sent.status, sent.message) == (431, "headers: expected at most 100")
    async with gateway(tmp_path / "strongest") as here:
        assert (await flood(here.http.port, packets)).status == 431


@attack("huge-header")
@pytest.mark.parametrize("line", [b"x: %s\r\n", b"%s: x\r\n", b"authorization: Token %s\r\n"])
async def test_one_huge_header(tmp_path: Path, line: bytes) -> None:
    packets = [GET, line % (b"x" * MB), b"connection: close\r\n\r\n"]
    async with gateway(tmp_path / "weak", head_bytes=2 * MB) as here:
        assert (await flood(here.http.port, packets)).status == 401
    async with gateway(tmp_path / "strong") as here:
        sent = await flood(here.http.port, packets)
        assert (sent.status, sent.message) == (431, "request line and headers: expected at most 32768 bytes")


# Beside a body

CHUNKED = POST + b"transfer-encoding: chunked\r\n"
FILL = [b"x" * 60_000 + b"\r\n"] * 10
BESIDE = {
    "one huge trailer": [CHUNKED + b"\r\n2\r\n{}\r\n0\r\nx-trailer: ", *[b"x" * 60_000] * 10, b"\r\n\r\n"],
    "many trailers": [CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", *[b"x: y\r\n" * 10_000] * 10, b"\r\n"],
    "a huge chunk extension": [CHUNKED + b"\r\n2;x=", *[b"x" * 60_000] * 10, b"\r\n{}\r\n0\r\n\r\n"],
}


@attack("endless-trailers")
@pytest.mark.parametrize("packets", BESIDE.values(), ids=list(BESIDE))
async def test_more_beside_a_body_than_in_it(tmp_path: Path, packets: list[bytes]) -> None:
    async with gateway(tmp_path / "weak", head_bytes=2 * MB) as here:
        assert (await flood(here.http.port, packets)).status == 401
    async with gateway(tmp_path / "strong") as here:
        sent = await flood(here.http.port, packets)
        assert sent.status == 431
        assert sent.message == "what stands beside a chunked body: expected at most 32768 bytes"


@attack("smuggled-trailer")
async def test_a_header_behind_the_body_is_none() -> None:
    """A proxy that takes a header off looks at the head. uvicorn alone adds trailers to what the application sees."""
    packet = CHUNKED + b"connection: close\r\n\r\n2\r\n{}\r\n0\r\nx-exporter: stolen\r\nauthorization: Token t\r\n\r\n"

    async def echo(request: Request) -> Response:
        shown = {name: request.headers.get(name, "") for name in ("x-exporter", "authorization")}
        return Response(status=200, body=json.dumps(shown).encode())

    limits = ServerLimits()
    weak = HTTPServer(asgi_app(echo, limits), limits)
    weak._config = uvicorn.Config(weak._config.app, http=HttpToolsProtocol, log_config=None)
    weak._server.config = weak._config
    async with weak:
        assert b'"x-exporter": "stolen"' in await spoken(weak.port, packet)
    async with serving(echo) as strong:
        assert b'{"x-exporter": "", "authorization": ""}' in await spoken(strong.port, packet)


# Connections

STRANGER, PARTNER = "127.0.0.66", "127.0.0.2"


@attack("many-connections")
async def test_all_connections_from_one_address(tmp_path: Path) -> None:
    ask = GET + b"connection: close\r\n\r\n"
    async with gateway(tmp_path / "weak", connections=20, connections_per_address=0) as here:
        async with held(here.http.port, 20, STRANGER):
            said = await spoken(here.http.port, ask, source=PARTNER)
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b'"status_message":"connections: expected at most 20; try again later"' in said
        assert (await spoken(here.http.port, ask, source=PARTNER)).startswith(b"HTTP/1.1 401 ")
    async with gateway(tmp_path / "strong", connections=20, connections_per_address=15) as here:
        async with held(here.http.port, 15, STRANGER):
            said = await spoken(here.http.port, ask, source=STRANGER)
            assert said.startswith(b"HTTP/1.1 429 ")
            assert b'"status_message":"connections from one address: expected at most 15"' in said
            assert (await spoken(here.http.port, ask, source=PARTNER)).startswith(b"HTTP/1.1 401 ")
        assert (await spoken(here.http.port, ask, source=STRANGER)).startswith(b"HTTP/1.1 401 ")


@attack("many-connections")
async def test_who_is_connected_is_heard_when_there_is_no_room_for_others(tmp_path: Path) -> None:
    async with gateway(tmp_path, connections=5, connections_per_address=0) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.http.port)
        async with held(here.http.port, 6, STRANGER):
            writer.write(GET + b"connection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
        writer.close()
