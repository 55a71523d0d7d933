# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from tests.net.serving import DEADLINE_S, echo, serving
from tests.net.tls_setting import Files, Seen, certificate, der, said, self_signed, serving_tls, stdlib_client
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.net.tls.session import EXTENSION, Session
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Channel, Request

GET = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"


async def ask(server: HTTPServer, client: ssl.SSLContext, *packets: bytes) -> bytes:
    """What a client of another make gets."""
    async with asyncio.timeout(DEADLINE_S):
        return await said(*await asyncio.open_connection("localhost", server.port, ssl=client), *packets)


async def test_the_scope_has_what_the_tls_extension_of_asgi_names(tmp_path: Path) -> None:
    files, scopes = Files(tmp_path), []
    ours = files.issue("us.example")
    inner = asgi_app(echo, ServerLimits())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await inner(scope, receive, send)

    tls = files.server(client_certificates="required", client_ca=files.ca)
    transport = HTTPTransport(tls=files.client(certificate=ours))
    async with HTTPServer(app, ServerLimits(), tls=tls) as server, transport:
        await transport(Request(method="GET", url=server.base_url))
    extensions = scopes[1]["extensions"]
    chain = extensions["tls"].pop("client_cert_chain")
    assert [ssl.PEM_cert_to_DER_cert(pem) for pem in chain] == [der(ours), der(files.ca)]
    assert extensions["tls"] == {
        "server_cert": None,
        "client_cert_name": certificate(ours).subject.rfc4514_string(),
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": 0x1302,
    }
    session: Session = extensions[EXTENSION]
    assert scopes[1]["scheme"] == "https"
    assert session.export(b"EXPORTER-another", 16) != session.export(b"EXPORTER-one-more", 16)


async def test_tls_1_2_is_for_those_who_allow_it_and_has_no_material(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    old = stdlib_client(files.ca, maximum_version=ssl.TLSVersion.TLSv1_2)
    async with serving_tls(files.server(least="1.2"), seen) as server:
        assert (await ask(server, old, LAST)).startswith(b"HTTP/1.1 200")
        assert (await ask(server, stdlib_client(files.ca), LAST)).startswith(b"HTTP/1.1 200")
    assert seen.channels[0] == Channel(tls_version="TLSv1.2")
    assert seen.channels[1].exporter is not None
    async with serving_tls(files.server(), seen) as server:
        with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
            await ask(server, old, LAST)


async def test_weak_suites_of_tls_1_2_are_not_offered(tmp_path: Path) -> None:
    files = Files(tmp_path)
    weak = stdlib_client(files.ca, maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256")
    async with serving_tls(files.server(least="1.2")) as server:
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            await ask(server, weak, LAST)


async def test_http_1_1_is_agreed_on_where_the_client_asks(tmp_path: Path) -> None:
    files = Files(tmp_path)
    client = stdlib_client(files.ca)
    client.set_alpn_protocols(["h2", "http/1.1"])
    async with serving_tls(files.server()) as server, asyncio.timeout(DEADLINE_S):
        _, writer = await asyncio.open_connection("localhost", server.port, ssl=client)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("mode", "shown", "cause"),
    [
        ("none", None, None),
        ("none", "foreign", None),
        ("optional", None, None),
        ("optional", "good", None),
        ("optional", "foreign", "unknown ca"),
        ("required", "good", None),
        ("required", None, "certificate required"),
        ("required", "foreign", "unknown ca"),
        ("required", "expired", "certificate expired"),
        ("required", "server", "certificate unknown|unsupported certificate"),
    ],
)
async def test_a_certificate_of_the_client_is_needed_or_not_and_good_if_it_is_there(
    tmp_path: Path, mode: Any, shown: str | None, cause: str | None
) -> None:
    files, seen = Files(tmp_path), Seen()
    made = {
        "good": lambda: files.issue("us.example"),
        "foreign": lambda: Files(tmp_path, "foreign").issue("us.example"),
        "expired": lambda: files.issue("us.example", not_after=datetime(2025, 1, 1, tzinfo=UTC)),
        "server": lambda: files.issue_for("server.example", ExtendedKeyUsageOID.SERVER_AUTH),
    }
    path = made[shown]() if shown else None
    tls = files.server(client_certificates=mode, client_ca=None if mode == "none" else files.ca)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client(certificate=path)) as transport:
        request = Request(method="GET", url=server.base_url)
        if cause is None:
            assert (await transport(request)).status == 200
            is_shown = shown is not None and mode != "none"
            assert [channel.peer_chain[:1] for channel in seen.channels] == [(der(path),) if is_shown and path else ()]
        else:
            with pytest.raises(Unreachable, match=cause):
                await transport(request)
            assert seen.requests == []


async def test_a_self_signed_certificate_may_be_among_the_authorities(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    mine, stranger = self_signed(tmp_path / "mine.pem"), self_signed(tmp_path / "stranger.pem")
    tls = files.server(client_certificates="required", client_ca=mine)
    async with serving_tls(tls, seen) as server, HTTPTransport() as transport:
        request = Request(method="GET", url=server.base_url)
        await transport.outbound(tls=files.client(certificate=mine))(request)
        with pytest.raises(Unreachable):
            await transport.outbound(tls=files.client(certificate=stranger))(request)
    assert [channel.peer_chain for channel in seen.channels] == [(der(mine),)]


@pytest.mark.parametrize("kind", ["ec.P-384", "ed25519", "ML-DSA-65"])
async def test_keys_of_newer_kinds_work_at_both_ends(tmp_path: Path, kind: str) -> None:
    files, seen = Files(tmp_path), Seen()
    path = self_signed(tmp_path / "self.pem", "localhost", key=new_key(kind))
    tls = files.server(certificate=path, client_certificates="required", client_ca=path)
    client = files.client(authorities=path, certificate=path)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=client) as transport:
        await transport(Request(method="GET", url=f"https://localhost:{server.port}/"))
    assert seen.channels[0].peer_chain == (der(path),)
    assert seen.channels[0].exporter is not None


async def test_an_intermediate_may_be_trusted_without_the_root_above_it(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    below = files.authority.create_child_ca()
    issued = below.issue_cert("us.example")
    mine = files.write("us.pem", issued.private_key_and_cert_chain_pem.bytes())
    tls = files.server(client_certificates="required", client_ca=files.write("below.pem", below.cert_pem.bytes()))
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client(certificate=mine)) as transport:
        await transport(Request(method="GET", url=server.base_url))
        with pytest.raises(Unreachable):
            await transport.outbound(tls=files.client(certificate=files.issue("x.example")))(
                Request(method="GET", url=server.base_url)
            )
    assert seen.channels[0].peer_chain[0] == der(mine)


async def test_a_session_is_never_resumed_so_every_connection_shows_its_certificate(tmp_path: Path) -> None:
    """By a client that tries: a resumed session has no chain, and nobody looked at the revocation list."""
    files, seen = Files(tmp_path), Seen()
    client = stdlib_client(files.ca)
    client.load_cert_chain(files.issue("us.example"))

    def twice(port: int) -> list[bool]:
        resumed, session = [], None
        for _ in range(2):
            with (
                socket.create_connection(("localhost", port)) as plain,
                client.wrap_socket(plain, server_hostname="localhost", session=session) as secured,
            ):
                secured.sendall(GET)
                secured.recv(4096)
                session = secured.session
                resumed.append(bool(secured.session_reused))
        return resumed

    tls = files.server(client_certificates="required", client_ca=files.ca)
    async with serving_tls(tls, seen) as server:
        assert await asyncio.to_thread(twice, server.port) == [False, False]
    assert [len(channel.peer_chain) for channel in seen.channels] == [2, 2]


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 100_000, 5_000_000])
async def test_bodies_of_all_sizes_arrive_whole_both_ways(tmp_path: Path, size: int) -> None:
    files, seen = Files(tmp_path), Seen()
    body = hashlib.shake_128(b"seed").digest(size)
    limits = ServerLimits(body_bytes=6_000_000)
    async with serving_tls(files.server(), seen, limits) as server, HTTPTransport(tls=files.client()) as transport:
        for _ in range(2):
            assert (await transport(Request(method="PUT", url=server.base_url, body=body))).body == body


@pytest.mark.parametrize("part", [1_000_000, 2_000])
async def test_a_slow_reader_and_a_slow_handler_hold_the_other_side_back(tmp_path: Path, part: int) -> None:
    files, size = Files(tmp_path), 20_000_000
    turns: list[None] = []
    waited: list[int] = []
    go_on = asyncio.Event()
    got: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        await go_on.wait()  # while the caller fills all buffers
        more = True
        while more:
            message = await receive()
            got.append(len(message["body"]))
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        turns.clear()
        for start in range(0, size, part):
            await send({"type": "http.response.body", "body": b"y" * part, "more_body": start + part < size})
        waited.append(len(turns))

    async with HTTPServer(app, ServerLimits(), tls=files.server()) as server, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("localhost", server.port, ssl=stdlib_client(files.ca))
        writer.write(b"PUT / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        for _ in range(1000):
            await asyncio.sleep(0)
        go_on.set()
        head = await reader.readuntil(b"\r\n\r\n")
        answer = bytearray()
        while chunk := await reader.read(65_536):
            answer += chunk
            turns.append(None)
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 200")
    assert sum(got) == size
    assert got[0] < 500_000, "what the handler did not ask for was read nevertheless"
    assert waited[0] > 10, "the answer was taken from the handler before anybody had read it"
    assert bytes(answer) == b"y" * size


@pytest.mark.parametrize("piece", [1, 3, 5, 26, 100, 1_000_000])
@pytest.mark.parametrize("record", [1, 40, 1000])
async def test_records_and_packets_may_lie_across_each_other(tmp_path: Path, piece: int, record: int) -> None:
    """Requests that come before the last is answered, cut into records, and the records into packets."""
    files, seen = Files(tmp_path), Seen()
    asked = b"".join(b"PUT /%d HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc" % number for number in range(4))
    async with serving_tls(files.server(), seen) as server, by_hand(server) as client:
        for text in (asked, LAST):
            for start in range(0, len(text), record):
                client.tls.send(text[start : start + record])
            wire = client.tls.bio_read(1_000_000)
            for start in range(0, len(wire), piece):
                client.writer.write(wire[start : start + piece])
                await asyncio.sleep(0)
        assert (await client.rest()).count(b"HTTP/1.1 200") == 5
    assert [request.path for request in seen.requests] == ["/0", "/1", "/2", "/3", "/"]


async def test_head_and_body_of_an_answer_are_one_record(tmp_path: Path) -> None:
    files = Files(tmp_path)
    async with serving_tls(files.server()) as server, by_hand(server) as client:
        client.tls.send(GET)
        assert (await client.step(lambda: client.tls.recv(1000))).endswith(b"\r\n\r\nGET / 127.0.0.1 0")


async def test_the_server_says_that_it_closes_and_answers_a_client_that_does(tmp_path: Path) -> None:
    """By OpenSSL alone, so that each message is seen: close_notify after an answer, and in answer to one."""
    files = Files(tmp_path)
    async with serving_tls(files.server()) as server:
        async with by_hand(server) as client:
            client.tls.send(LAST)
            assert (await client.rest()).startswith(b"HTTP/1.1 200")
            assert client.tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN
            client.tls.shutdown()
            client.flush()
            assert await client.is_cut_off()
        async with by_hand(server) as client:
            client.tls.send(GET)
            assert (await client.step(lambda: client.tls.recv(1000))).startswith(b"HTTP/1.1 200")
            client.tls.shutdown()
            await client.rest()
            assert client.tls.get_shutdown() & SSL.RECEIVED_SHUTDOWN
            assert await client.is_cut_off()


async def test_a_client_that_never_closes_is_closed_on(tmp_path: Path) -> None:
    files = Files(tmp_path)
    async with serving_tls(files.server(), limits=ServerLimits(linger_s=0.05)) as server, by_hand(server) as client:
        client.tls.send(LAST)
        await client.rest()
        assert await client.is_cut_off()


@pytest.mark.parametrize("beginning", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_client_that_does_not_finish_its_handshake_is_cut_off(tmp_path: Path, beginning: bytes) -> None:
    files = Files(tmp_path)
    limits = ServerLimits(handshake_s=0.05)
    async with serving_tls(files.server(), limits=limits) as server, by_hand(server, beginning) as client:
        assert await client.is_cut_off()


async def test_a_server_stops_without_waiting_for_handshakes(tmp_path: Path) -> None:
    files = Files(tmp_path)
    limits = ServerLimits(handshake_s=1000)
    async with serving_tls(files.server(), limits=limits) as server, by_hand(server, b"\x16") as client:
        await ask(server, stdlib_client(files.ca), LAST)
        await server.stop()
        assert await client.is_cut_off()


async def test_too_many_handshakes_at_once_are_turned_away(tmp_path: Path) -> None:
    files = Files(tmp_path)
    limits = ServerLimits(connections=1, handshake_s=1000)
    serving = serving_tls(files.server(), limits=limits)
    async with serving as server, by_hand(server, b"\x16"), by_hand(server, b"") as second:
        assert await second.is_cut_off()


@pytest.mark.parametrize("rubbish", [LAST, b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"SSH-2.0-x\r\n"])
async def test_rubbish_ends_the_connection_and_nothing_else(tmp_path: Path, rubbish: bytes) -> None:
    files = Files(tmp_path)
    async with serving_tls(files.server()) as server:
        async with by_hand(server, rubbish) as client:
            assert await client.is_cut_off()
        assert (await ask(server, stdlib_client(files.ca), LAST)).startswith(b"HTTP/1.1 200")


async def test_rubbish_amid_a_connection_ends_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    async with serving_tls(files.server()) as server, by_hand(server) as client:
        client.tls.send(GET)
        assert await client.step(lambda: client.tls.recv(1000))
        client.writer.write(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        assert await client.is_cut_off()


async def test_a_client_that_vanishes_amid_its_request_harms_nobody(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    async with serving_tls(files.server(), seen) as server, asyncio.timeout(DEADLINE_S):
        _, writer = await asyncio.open_connection("localhost", server.port, ssl=stdlib_client(files.ca))
        writer.write(b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()
        assert (await ask(server, stdlib_client(files.ca), LAST)).startswith(b"HTTP/1.1 200")
    assert len(seen.requests) == 1


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"certificate": "none.pem"}, "none.pem: No such file"),
        ({"key": "ca.pem"}, "ca.pem: expected a private key, PEM"),
        ({"client_certificates": "required"}, "client_ca: expected a file"),
        ({"client_certificates": "required", "client_ca": "rubbish.pem"}, "rubbish.pem: expected certificates, PEM"),
        ({"client_certificates": "optional", "client_ca": "ca.pem", "crl": "ca.pem"}, "ca.pem: expected revocation"),
    ],
)
def test_files_that_cannot_be_used_keep_the_server_from_being_made(
    tmp_path: Path, wrong: dict[str, Any], problem: str
) -> None:
    files = Files(tmp_path)
    files.write("rubbish.pem", b"-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    how = {name: str(tmp_path / value) if value.endswith(".pem") else value for name, value in wrong.items()}
    with pytest.raises(UsageError, match=problem):
        HTTPServer(asgi_app(echo, ServerLimits()), ServerLimits(), tls=files.server(**how))


async def test_plain_http_is_as_it_was() -> None:
    seen = Seen()
    async with serving(seen) as server, HTTPTransport() as transport:
        await transport(Request(method="GET", url=server.base_url))
    assert seen.requests[0].channel is None


def test_a_channel_does_not_show_its_material() -> None:
    assert repr(Channel(tls_version="TLSv1.3", exporter=b"\x01" * 32, peer_chain=(b"der",))) == (
        "Channel(TLSv1.3, with exporter material, 1 certificates)"
    )


class ByHand:
    """A client whose every byte the test sees."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.tls = SSL.Connection(SSL.Context(SSL.TLS_METHOD))
        self.tls.set_connect_state()

    def flush(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self.writer.write(self.tls.bio_read(65_536))

    async def step(self, act: Callable[[], Any]) -> Any:
        """Do something, carrying bytes until it is done."""
        while True:
            with contextlib.suppress(SSL.WantReadError):
                found = act()
                self.flush()
                return found
            self.flush()
            chunk = await self.reader.read(65_536)
            assert chunk, "the server closed without saying so"
            self.tls.bio_write(chunk)

    async def rest(self) -> bytes:
        """All that comes before close_notify."""
        found = b""
        with contextlib.suppress(SSL.ZeroReturnError):
            while True:
                found += await self.step(lambda: self.tls.recv(65_536))
        self.flush()
        return found

    async def is_cut_off(self) -> bool:
        """Wait until TCP ends, in whatever way, and tell that no HTTP came."""
        try:
            return b"HTTP" not in await self.reader.read()
        except ConnectionError:
            return True


@asynccontextmanager
async def by_hand(server: HTTPServer, beginning: bytes | None = None) -> AsyncIterator[ByHand]:
    """A connection whose handshake is done, or which said something else instead."""
    async with asyncio.timeout(DEADLINE_S):
        client = ByHand(*await asyncio.open_connection("localhost", server.port))
        try:
            if beginning is None:
                await client.step(client.tls.do_handshake)
            else:
                client.writer.write(beginning)
                await client.writer.drain()
            yield client
        finally:
            client.writer.close()
            with contextlib.suppress(ConnectionError):
                await client.writer.wait_closed()


def new_key(kind: str) -> Any:
    if kind == "ML-DSA-65":
        mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
        return mldsa.MLDSA65PrivateKey.generate()
    return ec.generate_private_key(ec.SECP384R1()) if kind == "ec.P-384" else ed25519.Ed25519PrivateKey.generate()
