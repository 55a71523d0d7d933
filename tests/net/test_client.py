# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path

import pytest
import trustme

from tests.net.serving import DEADLINE_S, answering, echo, serving
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.net.tls.settings import ServerTLS
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused

HUSH = "hush"


async def get(transport: HTTPTransport, url: str) -> Response:
    async with asyncio.timeout(DEADLINE_S):
        return await transport(Request(method="GET", url=url, headers={"authorization": f"Token {HUSH}"}))


async def failure(transport: HTTPTransport, url: str) -> str:
    with pytest.raises(Unreachable) as caught:
        await get(transport, url)
    assert HUSH not in str(caught.value)
    return str(caught.value)


async def test_a_request_arrives_as_it_is_and_its_answer_comes_back() -> None:
    got: list[Request] = []

    async def handler(request: Request) -> Response:
        got.append(request)
        return Response(status=201, headers={"X-Total-Count": "7", "content-type": "text/plain"}, body=b"made")

    async with serving(handler) as server, HTTPTransport() as transport:
        request = Request(
            method="PUT",
            url=f"{server.base_url}/ocpi/a%2Fb/~x;y=1/?offset=%2B1&x=a+b",
            headers={"authorization": "Token x", "content-type": "application/json"},
            body=b"{}",
        )
        response = await transport(request)
    assert (response.status, response.body) == (201, b"made")
    assert response.headers["x-total-count"] == "7"
    assert (got[0].method, got[0].body) == ("PUT", b"{}")
    assert got[0].url == "/ocpi/a%2Fb/~x;y=1/?offset=%2B1&x=a+b"
    assert got[0].headers == {
        "host": f"127.0.0.1:{server.port}",
        "authorization": "Token x",
        "content-type": "application/json",
        "content-length": "2",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "wwcp-ocpi",
    }


async def test_a_url_that_is_not_written_right_is_escaped() -> None:
    async with serving() as server, HTTPTransport() as transport:
        response = await get(transport, f"{server.base_url}/größe a\r\nx-evil: 1")
    assert response.body == b"GET /gr%C3%B6%C3%9Fe%20ax-evil:%201 127.0.0.1 0"


async def test_one_connection_serves_many_requests() -> None:
    sources: set[tuple[str, int]] = set()
    inner = asgi_app(echo, ServerLimits())

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "http":
            sources.add(scope["client"])
        await inner(scope, receive, send)

    async with HTTPServer(app, ServerLimits()) as server, HTTPTransport() as transport:
        for _ in range(5):
            await get(transport, server.base_url)
    assert len(sources) == 1


async def test_a_closed_transport_opens_again_when_it_is_used() -> None:
    async with serving() as server:
        transport = HTTPTransport()
        await transport.close()
        assert (await get(transport, server.base_url)).status == 200
        await transport.close()
        assert (await get(transport, server.base_url)).status == 200
        await transport.close()


async def test_no_cookie_comes_back() -> None:
    got: list[Request] = []

    async def handler(request: Request) -> Response:
        got.append(request)
        return Response(status=200, headers={"set-cookie": "session=1; Path=/"})

    async with serving(handler) as server, HTTPTransport() as transport:
        for _ in range(2):
            await get(transport, server.base_url)
    assert all("cookie" not in request.headers for request in got)


async def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving() as server, HTTPTransport() as transport:
        assert (await get(transport, server.base_url)).status == 200


async def test_headers_that_come_twice_are_joined() -> None:
    answer = b"HTTP/1.1 200 OK\r\nLink: <a>\r\nlink: <b>\r\ncontent-length: 0\r\n\r\n"
    async with answering(answer) as url, HTTPTransport() as transport:
        assert (await get(transport, url)).headers == {"link": "<a>, <b>", "content-length": "0"}


async def test_a_packed_answer_is_unpacked() -> None:
    async def handler(request: Request) -> Response:
        return Response(status=200, headers={"content-encoding": "gzip"}, body=gzip.compress(b"x" * 5000))

    async with serving(handler) as server, HTTPTransport() as transport:
        response = await get(transport, server.base_url)
    assert response.body == b"x" * 5000
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "Server disconnected"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "Response payload is not completed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "Invalid character in chunk size"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "Bad status line"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n" + b"x" * 101, "body: expected at most 100 bytes, got more"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101, "body: expected at most 100 bytes, got more"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 101, mtime=0),
            "body: expected at most 100 bytes when unpacked, got more",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\nx", "Content-Encoding: expected gzip, deflate, got 'br'"),
    ],
)
async def test_an_answer_that_is_none_names_the_url_and_the_cause(answer: bytes, cause: str) -> None:
    async with answering(answer) as url, HTTPTransport(ClientLimits(body_bytes=100)) as transport:
        message = await failure(transport, f"{url}/ocpi/versions?token={HUSH}")
    assert message.startswith(f"GET {url}/ocpi/versions: ")
    assert cause in message


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/ocpi"
        async with HTTPTransport() as transport:
            assert (await failure(transport, f"{url}?{HUSH}")).startswith(f"GET {url}: Cannot connect to host")


async def test_a_header_that_would_break_the_request_apart_is_refused() -> None:
    async with serving() as server, HTTPTransport() as transport:
        request = Request(method="GET", url=server.base_url, headers={"x-name": "a\r\nx-evil: 1"})
        with pytest.raises(Unreachable):
            await transport(request)


async def test_a_url_that_passes_the_policy_and_is_none_is_unreachable() -> None:
    async with HTTPTransport(allow=lambda url: None) as transport:
        assert await failure(transport, f"http://[broken/?{HUSH}") == "GET http://[broken/: Invalid IPv6 URL"
        assert await failure(transport, f"gopher://x/?{HUSH}") == "GET gopher://x/: expected a URL that can be called"
        assert (
            await failure(transport, f"http://2130706433/?{HUSH}")
            == "GET http://2130706433/: expected a URL that can be called"
        )


async def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        asked.set()
        await never.wait()
        return Response(status=200)

    async with (
        serving(handler, ServerLimits(drain_s=0)) as server,
        HTTPTransport(ClientLimits(total_s=0.5)) as transport,
    ):
        message = await failure(transport, f"{server.base_url}/slow?{HUSH}")
        assert message == f"GET {server.base_url}/slow: no answer within 0.5 s"
        assert asked.is_set()
        never.set()


async def test_a_connection_that_does_not_come_up_in_time_is_none() -> None:
    release = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)  # never says a word of TLS
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpi"
    async with server, HTTPTransport(ClientLimits(connect_s=0.1)) as transport:
        assert await failure(transport, f"{url}?{HUSH}") == f"GET {url}: no connection within 0.1 s"
        release.set()


async def test_a_server_that_nobody_vouches_for_is_unreachable(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    limits = ServerLimits()
    server = HTTPServer(asgi_app(echo, limits), limits, tls=ServerTLS(certificate=str(tmp_path / "server.pem")))
    async with server, HTTPTransport() as transport:
        assert "certificate: " in await failure(transport, f"https://localhost:{server.port}/")


async def test_the_policy_is_asked_for_every_url() -> None:
    asked: list[str] = []

    async def handler(request: Request) -> Response:
        return Response(status=302, headers={"location": "/end"}) if request.url != "/end" else await echo(request)

    async with serving(handler) as server, HTTPTransport(allow=asked.append) as transport:
        await get(transport, f"{server.base_url}/start")
        assert asked == [f"{server.base_url}/start", f"{server.base_url}/end"]


async def test_the_default_policy_knows_http_only() -> None:
    async with HTTPTransport() as transport:
        with pytest.raises(OutboundRefused):
            await get(transport, "file:///etc/passwd")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    policy = OutboundPolicy(allow_private=False)
    asked: list[Request] = []

    async def handler(request: Request) -> Response:
        asked.append(request)
        return Response(status=200)

    async with serving(handler) as server, HTTPTransport(allow_address=policy.check_address) as transport:
        message = await failure(transport, f"http://{host}:{server.port}/ocpi")
    assert "expected a public address" in message
    assert asked == []


async def test_a_redirect_on_the_same_host_is_followed_with_the_credentials() -> None:
    got: list[Request] = []

    async def handler(request: Request) -> Response:
        got.append(request)
        return Response(status=308, headers={"location": "/b"}) if request.url == "/a" else await echo(request)

    async with serving(handler) as server, HTTPTransport() as transport:
        response = await get(transport, f"{server.base_url}/a")
    assert response.body.startswith(b"GET /b ")
    assert [request.headers["authorization"] for request in got] == [f"Token {HUSH}"] * 2


async def test_a_redirect_to_another_place_is_the_answer() -> None:
    got: list[Request] = []

    async def trap(request: Request) -> Response:
        got.append(request)
        return Response(status=200)

    async with serving(trap) as other:

        async def handler(request: Request) -> Response:
            return Response(status=302, headers={"location": other.base_url})

        async with serving(handler) as server, HTTPTransport() as transport:
            response = await get(transport, server.base_url)
    assert (response.status, response.headers["location"]) == (302, other.base_url)
    assert got == []


async def test_redirects_without_end_are_given_up() -> None:
    async def handler(request: Request) -> Response:
        return Response(status=302, headers={"location": f"{request.url}x"})

    async with serving(handler) as server, HTTPTransport(ClientLimits(redirects=2)) as transport:
        assert (await failure(transport, server.base_url)).endswith(": more than 2 redirects")


async def test_head_brings_the_headers_and_no_body() -> None:
    async with serving() as server, HTTPTransport() as transport:
        response = await transport(Request(method="HEAD", url=server.base_url))
    assert (response.status, response.body) == (200, b"")
    assert int(response.headers["content-length"]) > 0
