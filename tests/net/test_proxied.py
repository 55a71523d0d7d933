# SPDX-License-Identifier: AGPL-3.0-or-later
"""Behind a proxy that ends TLS: by hand, and with HAProxy as docs/tls.md has it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from OpenSSL import SSL
from structlog.testing import capture_logs

from tests.net.serving import DEADLINE_S
from tests.net.tls_setting import Files, Seen
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.proxied import exporter_of
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Channel, Request
from wwcp_ocpi.security.totp import EXPORTER_LABEL

HEADER = "x-tls-exporter-secret"
SECRET = "5a" * 48
PAGE = Path(__file__).parents[2] / "docs" / "tls.md"


@asynccontextmanager
async def behind(*proxies: str, header: str = HEADER, seen: Seen, **how: object) -> AsyncIterator[HTTPServer]:
    limits = ServerLimits()
    server = HTTPServer(
        asgi_app(seen, limits),
        limits,
        trusted_proxies=proxies,
        exporter_header=header,
        **how,  # type: ignore[arg-type]
    )
    async with server:
        yield server


async def ask(server: HTTPServer, **headers: str) -> None:
    async with HTTPTransport() as transport:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await transport(Request(method="GET", url=server.base_url, headers=named))


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"])
def test_material_is_made_of_the_secret_as_openssl_makes_it(tmp_path: Path, suite: str) -> None:
    lines: list[bytes] = []
    server = SSL.Context(SSL.TLS_METHOD)
    server.use_certificate_chain_file(Files(tmp_path).server().certificate)
    server.use_privatekey_file(str(tmp_path / "server.pem"))
    server.set_tls13_ciphersuites(suite.encode())
    server.set_keylog_callback(lambda _, line: lines.append(line))
    ends = SSL.Connection(server), SSL.Connection(SSL.Context(SSL.TLS_METHOD))
    ends[0].set_accept_state()
    ends[1].set_connect_state()
    for mine, theirs in (ends[::-1], ends, ends[::-1]):
        with contextlib.suppress(SSL.WantReadError):
            mine.do_handshake()
        theirs.bio_write(mine.bio_read(65_536))
    ends[0].do_handshake()
    secret = next(line.split()[2] for line in lines if line.startswith(b"EXPORTER_SECRET"))
    expected = ends[1].export_keying_material(EXPORTER_LABEL, 32)
    assert exporter_of(bytes.fromhex(secret.decode()), EXPORTER_LABEL, 32) == expected


async def test_material_comes_from_a_trusted_proxy_and_the_header_goes_no_further() -> None:
    seen = Seen()
    async with behind("127.0.0.0/8", seen=seen) as server:
        await ask(server, x_tls_exporter_secret=SECRET)
        await ask(server, x_tls_exporter_secret="5a" * 32)
        await ask(server)
    materials = [exporter_of(bytes.fromhex(text), EXPORTER_LABEL, 32) for text in (SECRET, "5a" * 32)]
    assert [request.channel for request in seen.requests] == [
        *(Channel(tls_version="TLSv1.3", exporter=material) for material in materials),
        None,
    ]
    assert not any(HEADER in request.headers for request in seen.requests)


async def test_the_header_of_anybody_else_is_taken_off_and_said() -> None:
    seen = Seen()
    async with behind("192.0.2.1", seen=seen) as server:
        with capture_logs() as logs:
            await ask(server, x_tls_exporter_secret=SECRET, x_forwarded_for="192.0.2.1")
    assert seen.requests[0].channel is None
    assert HEADER not in seen.requests[0].headers
    assert [entry["source"] for entry in logs if entry["event"] == "proxy.header_from_elsewhere"] == ["127.0.0.1"]
    assert SECRET not in str(logs)


@pytest.mark.parametrize("value", ["", "rubbish", "5a" * 31, "5a" * 64, "5a " * 32 + "x", "ü"])
async def test_what_is_no_secret_is_no_channel(value: str) -> None:
    seen = Seen()
    async with behind("127.0.0.1", seen=seen) as server:
        await ask(server, x_tls_exporter_secret=value)
    assert seen.requests[0].channel is None


async def test_a_header_that_comes_twice_is_believed_in_neither(tmp_path: Path) -> None:
    seen = Seen()
    line = f"{HEADER}: {SECRET}\r\n".encode()
    async with behind("127.0.0.1", seen=seen) as server, asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n" + line + line + b"\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert seen.requests[0].channel is None
    assert HEADER not in seen.requests[0].headers


async def test_without_a_name_for_it_the_header_means_nothing() -> None:
    seen = Seen()
    async with behind("127.0.0.1", header="", seen=seen) as server:
        await ask(server, x_tls_exporter_secret=SECRET)
    assert seen.requests[0].channel is None


async def test_the_tls_connection_of_the_proxy_itself_says_nothing_of_the_caller(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    proxy = files.client(certificate=files.issue("proxy.example"))
    tls = files.server(client_certificates="required", client_ca=files.ca)
    for proxies, is_there in ((("127.0.0.1", "::1"), False), (("192.0.2.1",), True)):
        async with behind(*proxies, seen=seen, tls=tls) as server, HTTPTransport(tls=proxy) as transport:
            await transport(Request(method="GET", url=server.base_url))
        assert (seen.requests[-1].channel is not None) is is_there


async def test_everybody_is_not_a_proxy_that_hands_over_material() -> None:
    seen = Seen()
    async with behind("*", seen=seen) as server:
        await ask(server, x_tls_exporter_secret=SECRET, x_forwarded_for="203.0.113.9")
    assert (seen.requests[0].channel, seen.requests[0].source) == (None, "203.0.113.9")


def test_a_proxy_that_is_no_address_is_refused() -> None:
    limits = ServerLimits()
    with pytest.raises(UsageError, match="trusted_proxies: expected addresses and networks: 'proxy"):
        HTTPServer(asgi_app(Seen(), limits), limits, trusted_proxies=("proxy.example",))


needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


@needs_haproxy
async def test_haproxy_hands_over_what_the_caller_has_as_well(tmp_path: Path) -> None:
    files, seen, ours = Files(tmp_path), Seen(), []

    def header_of(channel: Channel | None, request: Request) -> dict[str, str]:
        ours.append(channel)
        return {HEADER: SECRET}

    async with behind("127.0.0.1", seen=seen) as server:
        with haproxy(files, server.port) as url:
            for _ in range(2):
                async with HTTPTransport(tls=files.client()) as transport:
                    await answered(transport, url)
                    partner = transport.outbound(header_of=header_of)
                    await asyncio.gather(*(partner(Request(method="GET", url=url)) for _ in range(5)))
    found = [request.channel for request in seen.requests if request.channel]
    assert len(found) == len(seen.requests)
    assert {channel.exporter for channel in ours if channel} <= {channel.exporter for channel in found}
    assert len({channel.exporter for channel in found}) >= 2
    assert exporter_of(bytes.fromhex(SECRET), EXPORTER_LABEL, 32) not in {channel.exporter for channel in found}
    assert not any(HEADER in request.headers for request in seen.requests)
    assert {request.source for request in seen.requests} == {"127.0.0.1"}


@needs_haproxy
async def test_haproxy_has_nothing_to_hand_over_below_tls_1_3(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    async with behind("127.0.0.1", seen=seen) as server:
        with haproxy(files, server.port, "ssl-max-ver TLSv1.2 ") as url:
            async with HTTPTransport(tls=files.client()) as transport:
                await answered(transport, url)
    assert [request.channel for request in seen.requests] == [None]


async def answered(transport: HTTPTransport, url: str) -> None:
    """The first answer, as soon as the proxy is up."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                assert (await transport(Request(method="GET", url=url, headers={HEADER: SECRET}))).status == 200
            except Unreachable:
                await asyncio.sleep(0.02)
            else:
                return


@contextmanager
def haproxy(files: Files, port: int, more: str = "") -> Iterator[str]:
    """HAProxy with the configuration of docs/tls.md, in front of a port."""
    match = re.search(r"```haproxy\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert match
    listen = free_port()
    text = match[1].replace("*:443", f"127.0.0.1:{listen}").replace("127.0.0.1:2310", f"127.0.0.1:{port}")
    text = text.replace("/etc/haproxy/server.pem", files.server().certificate)
    text = text.replace("ssl-min-ver TLSv1.2 ", f"ssl-min-ver TLSv1.2 {more}")
    path = files.write("haproxy.cfg", text.encode())
    process = subprocess.Popen(["haproxy", "-db", "-q", "-f", path])
    try:
        yield f"https://127.0.0.1:{listen}/"
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
