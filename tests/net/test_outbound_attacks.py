# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a partner's URL can make a real client do: first without the policy, where it works, then with it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.net.serving import DEADLINE_S, serving
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused

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


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_response_url_that_points_inside(host: str) -> None:
    async with inside() as service:
        url = f"http://{host}:{service.port}/latest/meta-data"
        assert (await call(WEAK, url)).body == b"the crown jewels"
        with pytest.raises(Unreachable, match="expected a public address"):
            await call(PUBLIC_ONLY, url)
        assert len(service.asked) == 1


async def test_a_name_that_points_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, lambda: "127.0.0.1")
    async with inside() as service:
        url = f"http://innocent.example:{service.port}/"
        assert (await call(WEAK, url)).body == b"the crown jewels"
        with pytest.raises(Unreachable, match="expected a public address"):
            await call(PUBLIC_ONLY, url)
        assert len(service.asked) == 1


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


async def test_a_redirect_to_another_host_takes_no_token_along() -> None:
    async with inside() as thief:

        async def partner(request: Request) -> Response:
            return Response(status=307, headers={"location": f"{thief.base_url}/next"})

        async with serving(partner) as server:
            response = await call(WEAK.for_partner([server.base_url]), f"{server.base_url}/ocpi")
        assert response.status == 307
        assert thief.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "unix:///run/x"])
async def test_other_schemes_go_nowhere(url: str) -> None:
    with pytest.raises(OutboundRefused, match="expected a URL with http or https"):
        await call(WEAK, url)
