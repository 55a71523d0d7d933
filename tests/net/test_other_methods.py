# SPDX-License-Identifier: AGPL-3.0-or-later
"""Methods that the parser does not know: taken where they are wanted, refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.net.serving import echo, exchange
from tests.net.tls_setting import Files
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.security.outbound import OutboundPolicy

METHODS = ("AUTHSTART", "AUTHSTOP", "SET")


def server(*methods: str) -> HTTPServer:
    limits = ServerLimits(head_s=1, keep_alive_s=1)
    return HTTPServer(asgi_app(echo, limits), limits, methods=methods)


def head(method: str, *, end: str = "connection: close\r\n", body: str = "") -> bytes:
    return f"{method} /a%2Ab HTTP/1.1\r\nhost: h\r\ncontent-length: {len(body)}\r\n{end}\r\n{body}".encode()


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_that_is_wanted_reaches_the_application_with_its_body(method: str) -> None:
    async with server(*METHODS) as listening:
        said = await exchange(listening, head(method, body="{}"))
    assert b" 200 " in said
    assert f"{method} /a%2Ab 127.0.0.1 2".encode() in said


@pytest.mark.parametrize("cut", range(1, 11))
async def test_it_is_understood_in_two_packets_wherever_they_are_cut(cut: int) -> None:
    whole = head("AUTHSTART")
    async with server(*METHODS) as listening:
        assert b"AUTHSTART /a" in await exchange(listening, whole[:cut], whole[cut:])


async def test_several_requests_on_one_connection_keep_their_methods() -> None:
    async with server(*METHODS) as listening:
        said = await exchange(
            listening,
            head("AUTHSTART", end="", body="1"),
            head("POST", end="", body="AUTHSTOP"),
            head("SET", end=""),
            head("GET"),
        )
    assert [line.split()[0] for line in said.splitlines() if b"/a%2Ab" in line] == [
        b"AUTHSTART",
        b"POST",
        b"SET",
        b"GET",
    ]


@pytest.mark.parametrize("sent", ["AUTHSTART", "AUTHSTARTS", "authstart", "COUNT"])
async def test_any_other_word_is_refused_as_before(sent: str) -> None:
    async with server("AUTHSTOP") as listening:
        assert b" 400 " in await exchange(listening, head(sent))


async def test_a_body_that_looks_like_a_request_is_a_body() -> None:
    inner = head("AUTHSTOP").decode()
    outer = head("AUTHSTART", body=inner)
    cut = outer.index(b"AUTHSTOP")
    async with server(*METHODS) as listening:
        said = await exchange(listening, outer[:cut], outer[cut:])
    assert said.count(b" 200 ") == 1
    assert f"AUTHSTART /a%2Ab 127.0.0.1 {len(inner)}".encode() in said


async def test_it_is_the_same_over_tls(tmp_path: Path) -> None:
    files, limits = Files(tmp_path), ServerLimits(linger_s=0.5)
    policy = OutboundPolicy(allow_http=True, allow_private=True)
    async with (
        HTTPServer(asgi_app(echo, limits), limits, tls=files.server(), methods=METHODS) as listening,
        HTTPTransport(allow=policy.check_url, allow_address=policy.check_address, tls=files.client()) as transport,
    ):
        url = f"https://localhost:{listening.port}/a"
        for method in (*METHODS, "GET"):
            response = await transport(Request(method=method, url=url, body=b"{}" if method != "GET" else b""))
            assert response.body.startswith(f"{method} /a ".encode())
