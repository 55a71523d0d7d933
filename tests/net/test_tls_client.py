# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.net.serving import DEADLINE_S, serving
from tests.net.tls_setting import Files, Seen, certificate, der, self_signed, serving_tls
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.tls.outgoing import Connector
from wwcp_ocpi.net.tls.settings import ClientTLS
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Channel, Request, Response, Transport
from wwcp_ocpi.security.pki.keys import pin_of
from wwcp_ocpi.security.totp import configured

TOTP = configured("secure!Charging!")
AT = 1_716_423_785.0


def bound(channel: Channel | None, request: Request) -> Mapping[str, str]:
    """A password for the connection that carries the request, as partners will make it."""
    if channel is None or channel.exporter is None:
        return {}
    return {"totp": f"1 {TOTP.password(TOTP.slot_at(AT), channel.exporter)}"}


def is_good(request: Request) -> bool:
    """Whether the server finds the password of its own end of the connection."""
    digit, _, password = request.headers.get("totp", "").partition(" ")
    material = request.channel.exporter if request.channel else None
    return digit == "1" and material is not None and TOTP.matches(password, AT, material) is not None


async def get(transport: Transport, url: str, **headers: str) -> Response:
    async with asyncio.timeout(DEADLINE_S):
        return await transport(Request(method="GET", url=url, headers=headers))


async def failure(transport: Transport, url: str) -> str:
    with pytest.raises(Unreachable) as caught:
        await get(transport, url)
    return str(caught.value)


async def test_both_ends_have_the_same_material_and_keep_it_over_a_pooled_connection(tmp_path: Path) -> None:
    files, seen, ours = Files(tmp_path), Seen(), []
    tls = files.server()

    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        ours.append(channel)
        return {}

    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client()) as transport:
        for _ in range(3):
            await get(transport.outbound(header_of=header_of), server.base_url)
    assert [channel.exporter for channel in seen.channels] == [channel.exporter for channel in ours if channel]
    assert len({channel.exporter for channel in seen.channels}) == 1
    assert len(seen.channels[0].exporter or b"") == 32
    assert (seen.channels[0].tls_version, seen.channels[0].peer_chain) == ("TLSv1.3", ())
    assert ours[0] is ours[2]
    assert seen.channels[0] is seen.channels[2]
    assert ours[0] is not None
    assert ours[0].peer_chain == (der(tls.certificate), der(files.ca))


async def test_each_of_many_requests_at_once_has_the_password_of_its_own_connection(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    together = asyncio.Barrier(20)

    async def handler(request: Request) -> Response:
        await together.wait()  # so that none of them can share a connection
        return await seen(request)

    async with serving_tls(files.server(), handler) as server, HTTPTransport(tls=files.client()) as transport:
        partner = transport.outbound(header_of=bound)
        async with asyncio.timeout(DEADLINE_S):
            for _ in range(2):
                await asyncio.gather(*(get(partner, f"{server.base_url}/{number}") for number in range(20)))
    assert all(is_good(request) for request in seen.requests)
    assert len({channel.exporter for channel in seen.channels}) == 20
    assert len(seen.requests) == 40


async def test_a_password_of_one_connection_is_worth_nothing_on_another(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    async with serving_tls(files.server(), seen) as server:
        async with HTTPTransport(tls=files.client()) as transport:
            await get(transport.outbound(header_of=bound), server.base_url)
        stolen = seen.requests[0].headers["totp"]
        async with HTTPTransport(tls=files.client()) as transport:
            await get(transport, server.base_url, totp=stolen)
    assert [is_good(request) for request in seen.requests] == [True, False]


async def test_a_redirect_gets_a_header_of_its_own(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    asked: list[str] = []

    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        asked.append(request.path)
        return bound(channel, request)

    async def handler(request: Request) -> Response:
        await seen(request)
        return Response(status=200 if request.path == "/end" else 302, headers={"location": "/end"})

    async with serving_tls(files.server(), handler) as server, HTTPTransport(tls=files.client()) as transport:
        response = await get(transport.outbound(header_of=header_of), f"{server.base_url}/start")
    assert response.status == 200
    assert asked == ["/start", "/end"]
    assert all(is_good(request) for request in seen.requests)


async def test_a_new_connection_gets_a_new_header(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()

    async def handler(request: Request) -> Response:
        return Response(status=(await seen(request)).status, headers={"connection": "close"})

    async with serving_tls(files.server(), handler) as server, HTTPTransport(tls=files.client()) as transport:
        partner = transport.outbound(header_of=bound)
        for _ in range(3):
            await get(partner, server.base_url)
    assert all(is_good(request) for request in seen.requests)
    assert len({request.headers["totp"] for request in seen.requests}) == 3


async def test_a_header_that_is_made_late_replaces_that_of_the_request(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    async with serving_tls(files.server(), seen) as server, HTTPTransport(tls=files.client()) as transport:
        await get(transport.outbound(header_of=lambda *_: {"totp": "late"}), server.base_url, totp="early", other="x")
        await get(transport, server.base_url, totp="early")
    assert [request.headers["totp"] for request in seen.requests] == ["late", "early"]
    assert seen.requests[0].headers["other"] == "x"


async def test_an_error_of_the_header_is_that_of_the_call(tmp_path: Path) -> None:
    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        raise UsageError("no password without TLS 1.3")

    async with serving() as server, HTTPTransport() as transport:
        with pytest.raises(UsageError, match="no password"):
            await get(transport.outbound(header_of=header_of), server.base_url)


async def test_without_tls_there_is_no_channel_at_either_end() -> None:
    seen, ours = Seen(), []

    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        ours.append(channel)
        return {"made": "late"}

    async with serving(seen) as server, HTTPTransport() as transport:
        await get(transport.outbound(header_of=header_of), server.base_url)
    assert ours == [None]
    assert seen.requests[0].channel is None
    assert seen.requests[0].headers["made"] == "late"


async def test_below_tls_1_3_there_is_no_material_and_so_no_bound_password(tmp_path: Path) -> None:
    files, ours = Files(tmp_path), []

    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        ours.append(channel)
        return bound(channel, request)

    async with answering_tls_1_2(files) as url, HTTPTransport(tls=files.client()) as transport:
        response = await get(transport.outbound(header_of=header_of), url)
    assert b"totp" not in response.body
    assert [(channel.tls_version, channel.exporter) for channel in ours if channel] == [("TLSv1.2", None)]


async def test_a_client_may_insist_on_tls_1_3(tmp_path: Path) -> None:
    files = Files(tmp_path)
    async with answering_tls_1_2(files) as url, HTTPTransport(tls=files.client(least="1.3")) as transport:
        assert "closed in the handshake" in await failure(transport, url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_is_good_for_its_names_and_addresses_only(tmp_path: Path, host: str) -> None:
    files = Files(tmp_path)
    other = files.server(certificate=files.issue("other.example"))
    transport = HTTPTransport(tls=files.client())
    async with serving_tls(files.server()) as good, serving_tls(other) as wrong, transport:
        assert (await get(transport, f"https://{host}:{good.port}/")).status == 200
        assert "certificate: " in await failure(transport, f"https://{host}:{wrong.port}/")


async def test_another_authority_is_not_trusted(tmp_path: Path) -> None:
    files, others = Files(tmp_path), Files(tmp_path, "others")
    async with serving_tls(files.server()) as server, HTTPTransport(tls=others.client()) as transport:
        assert "certificate: unable to get " in await failure(transport, server.base_url)


async def test_partners_of_one_transport_trust_each_their_own(tmp_path: Path) -> None:
    files, others = Files(tmp_path), Files(tmp_path, "others")
    theirs = others.issue("localhost")
    transport = HTTPTransport()
    first, second = transport.outbound(tls=files.client()), transport.outbound(tls=others.client())
    async with serving_tls(files.server()) as one, serving_tls(others.server(certificate=theirs)) as two, transport:
        urls = [f"https://localhost:{server.port}/" for server in (one, two)]
        assert [(await get(first, urls[0])).status, (await get(second, urls[1])).status] == [200, 200]
        for wrong, url in ((first, urls[1]), (second, urls[0]), (transport, urls[0])):
            assert "certificate: " in await failure(wrong, url)


async def test_each_partner_is_shown_its_own_certificate(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    shown = [files.issue("one.example"), files.issue("two.example")]
    tls = files.server(client_certificates="optional", client_ca=files.ca)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client()) as transport:
        for path in (*shown, shown[0]):
            await get(transport.outbound(tls=files.client(certificate=path)), server.base_url)
        await get(transport, server.base_url)
    leaves = [channel.peer_chain[:1] for channel in seen.channels]
    assert leaves == [(der(shown[0]),), (der(shown[1]),), (der(shown[0]),), ()]
    assert seen.channels[0] is seen.channels[2]


async def test_a_pinned_key_is_trusted_whoever_issued_it(tmp_path: Path) -> None:
    files, ours = Files(tmp_path), []
    path = self_signed(tmp_path / "self.pem")

    def header_of(channel: Channel | None, request: Request) -> Mapping[str, str]:
        ours.append(channel)
        return {}

    async with serving_tls(files.server(certificate=path)) as server, HTTPTransport() as transport:
        pinned = transport.outbound(
            tls=ClientTLS(pins=(pin_of(certificate(path).public_key()).upper(),)), header_of=header_of
        )
        assert (await get(pinned, server.base_url)).status == 200
        assert "certificate: " in await failure(transport, server.base_url)
    assert [channel.peer_chain for channel in ours if channel] == [(der(path),)]


async def test_another_key_than_the_pinned_one_gets_no_request(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    other = pin_of(certificate(self_signed(tmp_path / "other.pem")).public_key())
    async with serving_tls(files.server(), seen) as server, HTTPTransport() as transport:
        for tls in (ClientTLS(pins=(other,)), files.client(pins=(other,))):
            assert "expected a pinned key, got one with SHA-256 " in await failure(
                transport.outbound(tls=tls), server.base_url
            )
    assert seen.requests == []


async def test_a_pin_beside_an_authority_asks_for_both(tmp_path: Path) -> None:
    files, others = Files(tmp_path), Files(tmp_path, "others")
    tls = files.server()
    pins = (pin_of(certificate(tls.certificate).public_key()),)
    async with serving_tls(tls) as server, HTTPTransport() as transport:
        assert (await get(transport.outbound(tls=files.client(pins=pins)), server.base_url)).status == 200
        assert "certificate: " in await failure(transport.outbound(tls=others.client(pins=pins)), server.base_url)


def test_a_file_that_cannot_be_used_is_named_when_the_partner_is_set_up(tmp_path: Path) -> None:
    files = Files(tmp_path)
    empty = files.write("empty.pem", b"")
    transport = HTTPTransport()
    for tls, problem in (
        (ClientTLS(authorities=empty), "empty.pem: expected certificates, PEM"),
        (ClientTLS(authorities=str(tmp_path / "none.pem")), "none.pem: No such file or directory"),
        (ClientTLS(certificate=files.ca), "ca.pem: expected a private key, PEM, without a password"),
        (
            ClientTLS(certificate=files.issue(), key=self_signed(tmp_path / "k.pem")),
            "k.pem: expected the private key of",
        ),
    ):
        with pytest.raises(UsageError, match=problem):
            transport.outbound(tls=tls)
    with pytest.raises(UsageError, match="No such file"):
        HTTPTransport(tls=ClientTLS(authorities=str(tmp_path / "none.pem")))


async def test_new_files_are_taken_for_new_connections(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    mine = files.issue("us.example")
    first = der(mine)
    tls = files.server(client_certificates="required", client_ca=files.ca)
    async with serving_tls(tls, seen, ServerLimits(keep_alive_s=0)) as server, HTTPTransport() as transport:
        partner = transport.outbound(tls=files.client(certificate=mine))
        await get(partner, server.base_url)
        assert files.issue("us.example") == mine
        async with asyncio.timeout(DEADLINE_S):
            while len({leaf for channel in seen.channels for leaf in channel.peer_chain[:1]}) < 2:
                await get(partner, server.base_url)
    assert seen.channels[0].peer_chain[0] == first
    assert seen.channels[-1].peer_chain[0] == der(mine)


async def test_tls_counts_for_the_time_that_connecting_may_take(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, HTTPTransport(ClientLimits(connect_s=0.1), tls=Files(tmp_path).client()) as transport:
        assert "no connection within 0.1 s" in await failure(transport, url)
        release.set()


async def test_a_server_that_speaks_no_tls_is_unreachable(tmp_path: Path) -> None:
    async with serving() as server, HTTPTransport(tls=Files(tmp_path).client()) as transport:
        assert "wrong version number" in await failure(transport, server.base_url.replace("http:", "https:"))


def test_what_is_overridden_of_aiohttp_is_there_in_the_one_minor_version_that_is_allowed() -> None:
    """Raise the version in pyproject.toml only with this test and net/tls/outgoing.py looked through."""
    assert aiohttp.__version__.split(".")[:2] == ["3", "14"]
    original = inspect.signature(aiohttp.TCPConnector._wrap_create_connection).parameters
    assert list(original) == ["self", "args", "addr_infos", "req", "timeout", "client_error", "kwargs"]
    assert issubclass(Connector, aiohttp.TCPConnector)
    assert list(inspect.signature(aiohttp.ClientRequest.send).parameters) == ["self", "conn"]


@asynccontextmanager
async def answering_tls_1_2(files: Files) -> AsyncIterator[str]:
    """A server of another make that answers with the head of the request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(head), head))
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.server().certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/"
