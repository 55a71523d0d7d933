# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

import pytest
import trustme

from tests.net.serving import DEADLINE_S, echo, exchange, serving
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer, run, settled
from wwcp_ocpi.net.tls.settings import ClientTLS, ServerTLS
from wwcp_ocpi.protocol.http import Request, Response

LIMITS = ServerLimits()
LAST = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"


def test_what_is_there_for_good_is_no_business_of_the_garbage_collector() -> None:
    before = gc.get_freeze_count()
    try:
        settled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


async def test_a_free_port_is_taken_and_told() -> None:
    async with serving() as first, serving() as second:
        assert first.port != second.port
        assert first.base_url == f"http://127.0.0.1:{first.port}"
        assert (await exchange(second, LAST)).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_ipv6_address_stands_in_brackets() -> None:
    assert HTTPServer(asgi_app(echo, LIMITS), LIMITS, host="::1", port=8080).base_url == "http://[::1]:8080"


async def test_a_port_that_is_taken_is_an_error_at_the_start() -> None:
    async with serving() as server:
        with pytest.raises(OSError, match="in use"):
            await HTTPServer(asgi_app(echo, LIMITS), LIMITS, port=server.port).start()


async def test_a_failing_startup_leaves_the_event_loop_and_the_port_alone() -> None:
    async def fail() -> None:
        raise OSError("no disk")

    server = HTTPServer(asgi_app(echo, LIMITS, startup=[fail]), LIMITS)
    with pytest.raises(RuntimeError, match="refused to start"):
        await server.start()
    await server.stop()
    async with HTTPServer(asgi_app(echo, LIMITS), LIMITS, port=server.port) as again:
        assert again.port == server.port


async def test_startup_and_shutdown_frame_the_requests() -> None:
    order: list[str] = []

    async def opened() -> None:
        order.append("opened")

    async def closed() -> None:
        order.append("closed")

    async def handler(request: Request) -> Response:
        order.append("asked")
        return Response(status=200)

    async with HTTPServer(asgi_app(handler, LIMITS, startup=[opened], shutdown=[closed]), LIMITS) as server:
        await exchange(server, LAST)
    assert order == ["opened", "asked", "closed"]


async def test_a_request_under_way_is_answered_before_the_server_stops() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        await leave.wait()
        return Response(status=200, body=b"done")

    async with serving(handler) as server, asyncio.timeout(DEADLINE_S):
        asking = asyncio.create_task(exchange(server, b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"))
        await entered.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        leave.set()
        assert (await asking).endswith(b"done")
        await stopping
        assert not await is_listening(server)


async def test_a_request_that_takes_too_long_does_not_keep_the_server_from_stopping() -> None:
    entered = asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handler, ServerLimits(drain_s=0)) as server, asyncio.timeout(DEADLINE_S):
        asking = asyncio.create_task(exchange(server, LAST))
        await entered.wait()
        await server.stop()
        await asking


async def test_a_second_connection_over_the_limit_is_turned_away() -> None:
    async with serving(limits=ServerLimits(connections=1)) as server:
        _, idle = await asyncio.open_connection(server.host, server.port)
        assert b" 503 " in await exchange(server, LAST)
        idle.close()
        await idle.wait_closed()


async def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy() -> None:
    request = LAST.replace(b"host: h", b"host: h\r\nx-forwarded-for: 203.0.113.9")
    async with serving() as server:
        assert b" 127.0.0.1 " in await exchange(server, request)
    app = asgi_app(echo, LIMITS)
    async with HTTPServer(app, LIMITS, trusted_proxies=("127.0.0.1",)) as server:
        assert b" 203.0.113.9 " in await exchange(server, request)


async def test_with_a_certificate_the_server_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    server = HTTPServer(asgi_app(echo, LIMITS), LIMITS, tls=ServerTLS(certificate=str(tmp_path / "server.pem")))
    tls = ClientTLS(authorities=str(tmp_path / "ca.pem"))
    async with server, HTTPTransport(tls=tls) as transport:
        assert server.base_url.startswith("https://")
        response = await transport(Request(method="GET", url=f"https://localhost:{server.port}/ocpi"))
    assert response.body == b"GET /ocpi 127.0.0.1 0"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_stops_and_leaves_the_handlers_as_they_were(number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = HTTPServer(asgi_app(echo, LIMITS), LIMITS)
    await server.start()
    running = asyncio.create_task(server.run_forever())
    async with asyncio.timeout(DEADLINE_S):
        assert (await exchange(server, LAST)).startswith(b"HTTP/1.1 200")
        os.kill(os.getpid(), number)
        await running
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert not await is_listening(server)


async def test_running_for_ever_starts_what_is_not_started_and_stops_when_cancelled() -> None:
    server = HTTPServer(asgi_app(echo, LIMITS), LIMITS)
    running = asyncio.create_task(server.run_forever())
    async with asyncio.timeout(DEADLINE_S):
        while not await is_listening(server):
            pass
        assert (await exchange(server, LAST)).startswith(b"HTTP/1.1 200")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not await is_listening(server)


async def test_a_start_that_is_cancelled_leaves_nothing_behind() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        entered.set()
        await leave.wait()

    server = HTTPServer(asgi_app(echo, LIMITS, startup=[slow]), LIMITS)
    starting = asyncio.create_task(server.start())
    async with asyncio.timeout(DEADLINE_S):
        await entered.wait()
        starting.cancel()
        await asyncio.sleep(0)
        leave.set()
        with pytest.raises(asyncio.CancelledError):
            await starting
    assert not await is_listening(server)


async def is_listening(server: HTTPServer) -> bool:
    try:
        _, writer = await asyncio.open_connection(server.host, server.port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _loop_module() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop")
def test_run_takes_uvloop_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(_loop_module()).startswith("uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run(_loop_module()).startswith("asyncio")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop")
def test_the_server_works_on_uvloop() -> None:
    async def main() -> bytes:
        async with serving() as server:
            return await exchange(server, LAST)

    assert run(main()).startswith(b"HTTP/1.1 200")


async def test_a_body_in_pieces_arrives_whole_however_slowly_it_is_read() -> None:
    pieces = (b"[", b"x" * (8 << 20), b"]")

    async def handler(request: Request) -> Response:
        return Response(status=200, pieces=pieces)

    async with serving(handler) as server:
        head, _, body = (await exchange(server, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).partition(
            b"\r\n\r\n"
        )
    assert b"content-length: 8388610" in head
    assert body == b"".join(pieces)
