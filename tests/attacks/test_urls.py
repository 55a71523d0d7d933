# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner names a URL that leads into our own network, or to a thief: a response_url, its versions, a next page.

The platform and its client are real, and so is the service inside that should not be reached. Where an address cannot
be had on loopback, the network is taught to bring its connections to that service.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest

from tests.attacks.listed import attack
from tests.attacks.wired import over_http
from tests.commanding import ACCEPTED, START, Operator, fields
from tests.gateway.gateways import until
from tests.identity_setting import Setting, setting
from tests.net.serving import DEADLINE_S, serving
from tests.platforms import ALL_VERSIONS, EMSP, envelope_of
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.partners import Remote
from wwcp_ocpi.partners.calling import Hosts
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused
from wwcp_ocpi.server.decisions import CommandOutcome

TOKEN = "Token hush"
WEAK = OutboundPolicy()
PUBLIC_ONLY = OutboundPolicy(allow_private=False)
PUBLIC_ADDRESS = "8.8.8.8"


class Inside:
    """A service in our own network, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.base_url = ""
        self.port = 0

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return Response(status=200, body=b"the crown jewels")


@asynccontextmanager
async def inside() -> AsyncIterator[Inside]:
    service = Inside()
    async with serving(service) as server:
        service.base_url, service.port = server.base_url, server.port
        yield service


async def call(policy: OutboundPolicy, url: str) -> Response:
    transport = HTTPTransport(allow=policy.check_url, allow_address=policy.check_address)
    async with transport, asyncio.timeout(DEADLINE_S):
        send = policy.guard(transport)
        return await send(Request(method="GET", url=url, headers={"authorization": TOKEN}))


def resolving(monkeypatch: pytest.MonkeyPatch, answers: Callable[[], str]) -> None:
    """Every name resolves to what this says next."""

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (answers(), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


LINK_LOCAL = "169.254.169.254"
"""Where clouds tell their machines who they are, and hand out keys."""
HOSTS = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", LINK_LOCAL, f"[::ffff:{LINK_LOCAL}]"]


def bringing(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The network brings connections to the link-local address to this port of ours."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        if LINK_LOCAL in address[0]:
            address = ("127.0.0.1" if sock.family == socket.AF_INET else "::ffff:127.0.0.1", port)
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)


@asynccontextmanager
async def calling(policy: OutboundPolicy) -> AsyncIterator[Setting]:
    """The platform of a CPO that runs commands, is asked over HTTP, and calls out under this policy."""
    way_out = HTTPTransport(allow=policy.check_url, allow_address=policy.check_address)
    modules = frozenset({"locations", "commands"})
    async with way_out, over_http(await setting("CPO", modules=modules, way_out=way_out)) as made:
        yield made


@attack("response-url")
@pytest.mark.parametrize("host", HOSTS)
async def test_a_response_url_that_points_inside(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    async with inside() as service:
        bringing(monkeypatch, service.port)
        url = f"http://{host}:{service.port}/latest/meta-data"
        weak = Hosts(named=(host.strip("[]"),))
        for policy, reached in ((WEAK, 1), (PUBLIC_ONLY, 0)):
            async with calling(policy) as made:
                await command(made, url, weak)
            assert len(service.asked) == reached
            service.asked.clear()
        async with calling(WEAK) as made:
            answer = await asked_by_partner(made, url, Hosts())
            assert envelope_of(answer)["status_code"] == 2001
        assert not service.asked


async def command(made: Setting, response_url: str, hosts: Hosts) -> None:
    """The partner starts a session, and its result is told to that URL, or cannot be."""
    desk = made.made.desk
    made.made.server.commander = operator = Operator(ACCEPTED)
    answer = await asked_by_partner(made, response_url, hosts)
    assert envelope_of(answer)["data"]["result"] == "ACCEPTED"
    desk.sleep = _at_once
    await operator.reports[-1](CommandOutcome(result="ACCEPTED"))

    async def is_told() -> bool:
        return any(word in ("result_sent", "result_lost") for _, _, word in desk.counts)

    await until(is_told)


async def asked_by_partner(made: Setting, response_url: str, hosts: Hosts) -> Response:
    """The answer to a partner that may be called at its own host, and at these."""
    token = made.made.book._vault.seal(Secret("ours"))
    url = "http://partner.example/versions"
    remote = Remote(versions_url=url, token=token, form=TokenForm.RAW, version="2.2.1", endpoints=())
    await made.change("partner", remote=remote, hosts=hosts)
    body = {**fields("2.2.1", START), "response_url": response_url}
    return await made.ask(f"/ocpi/2.2.1/receiver/commands/{START}", method="POST", body=body)


async def _at_once(_: float) -> None:
    """How long somebody waits before another try."""
    await asyncio.sleep(0)


@attack("versions-url")
@pytest.mark.parametrize(("host", "version"), [*zip(HOSTS, ALL_VERSIONS * 2, strict=False)])
async def test_a_versions_url_that_points_inside(monkeypatch: pytest.MonkeyPatch, host: str, version: str) -> None:
    async with inside() as service:
        bringing(monkeypatch, service.port)
        body = credentials(version, f"http://{host}:{service.port}/latest/meta-data")
        for policy, reached in ((WEAK, 1), (PUBLIC_ONLY, 0)):
            async with calling(policy) as made:
                invitation = await made.made.registration.invite("newcomer")
                path = f"/ocpi/{version}/credentials"
                answer = await made.ask(path, method="POST", body=body, token=invitation)
                assert envelope_of(answer)["status_code"] == 3001
                assert b"crown jewels" not in answer.body
            assert len(service.asked) == reached
            service.asked.clear()


def credentials(version: str, url: str) -> dict[str, Any]:
    """What a newcomer registers with."""
    known: dict[str, Any] = {"token": "hush", "url": url}
    details = {"name": "Newcomer"}
    party = {"country_code": EMSP.country_code, "party_id": EMSP.party_id, "business_details": details}
    return {**known, **party} if version == "2.1.1" else {**known, "roles": [{"role": "EMSP", **party}]}


@attack("rebinding")
async def test_a_name_that_points_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, lambda: "127.0.0.1")
    async with inside() as service:
        url = f"http://innocent.example:{service.port}/"
        assert (await call(WEAK, url)).body == b"the crown jewels"
        with pytest.raises(Unreachable, match="expected a public address"):
            await call(PUBLIC_ONLY, url)
        assert len(service.asked) == 1


@attack("rebinding")
async def test_a_name_whose_address_changes_between_the_check_and_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def checked_by_name(url: str) -> Response:
        """The usual way, and the weak one: resolve, check, and let the client resolve again."""
        found = await asyncio.get_running_loop().getaddrinfo("rebinding.example", 0)
        PUBLIC_ONLY.check_address(str(found[0][4][0]))
        return await call(WEAK, url)

    async def checked_at_the_socket(url: str) -> Response:
        return await call(PUBLIC_ONLY, url)

    async def attack(way: Callable[[str], Awaitable[Response]], *, first: str) -> Response:
        answers = iter([first, *["127.0.0.1"] * 9])
        resolving(monkeypatch, lambda: next(answers))
        return await way(f"http://rebinding.example:{service.port}/")

    async with inside() as service:
        assert (await attack(checked_by_name, first=PUBLIC_ADDRESS)).body == b"the crown jewels"
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1: expected a public address"):
            await attack(checked_at_the_socket, first="127.0.0.1")
        assert len(service.asked) == 1


@attack("rebinding")
async def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    policy = OutboundPolicy(allow_private=False)

    def check(address: str) -> None:
        tried.append(address)
        policy.check_address(address)

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, ("127.0.0.1", port)), (*kind, ("127.0.0.2", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with inside() as service:
        async with HTTPTransport(allow_address=check) as transport:
            with pytest.raises(Unreachable):
                await transport(Request(method="GET", url=f"http://mixed.example:{service.port}/"))
        assert set(tried) == {"127.0.0.1", "127.0.0.2"}
        assert service.asked == []


@attack("redirect")
async def test_a_link_to_another_host_takes_no_token_along() -> None:
    async with inside() as thief, inside() as partner:
        policy = WEAK.for_partner([f"http://127.0.0.1:{partner.port}/ocpi/versions"])
        stolen = f"http://localhost:{thief.port}/next-page"
        await call(WEAK, stolen)
        assert thief.asked[0].headers["authorization"] == TOKEN
        with pytest.raises(OutboundRefused, match="expected a URL on a host of the partner"):
            await call(policy, stolen)
        assert (await call(policy, f"http://127.0.0.1:{partner.port}/ocpi/2.2.1")).status == 200
        assert len(thief.asked) == 1


@attack("redirect")
async def test_a_redirect_to_another_host_takes_no_token_along() -> None:
    """A usual client follows, and one that does not drop the header by itself hands the token over."""
    async with inside() as thief:

        async def partner(request: Request) -> Response:
            return Response(status=307, headers={"location": f"{thief.base_url}/next"})

        async with serving(partner) as server, aiohttp.ClientSession() as usual:
            async with usual.get(f"{server.base_url}/ocpi", headers={"x-token": TOKEN}) as answer:
                assert await answer.read() == b"the crown jewels"
            assert thief.asked[0].headers["x-token"] == TOKEN
            for policy in (WEAK, WEAK.for_partner([server.base_url])):
                assert (await call(policy, f"{server.base_url}/ocpi")).status == 307
        assert len(thief.asked) == 1


def read_by_urllib(url: str) -> bytes:
    with urlopen(url) as found:
        return bytes(found.read())


@attack("odd-scheme")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "unix:///run/x"])
async def test_a_scheme_that_is_not_http(tmp_path: Path, url: str) -> None:
    """`urllib` reads files for whoever names them."""
    (tmp_path / "key").write_text("the crown jewels")
    assert read_by_urllib((tmp_path / "key").as_uri()) == b"the crown jewels"
    for here in (url, (tmp_path / "key").as_uri()):
        with pytest.raises(OutboundRefused, match="expected a URL with http or https"):
            await call(WEAK, here)
