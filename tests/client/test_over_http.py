# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client over real HTTP: `Peer.connect` as a script calls it, and answers that come late or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.client.awkward import IDS, TOKEN, locations
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from wwcp_ocpi import Peer, client
from wwcp_ocpi.mock import MockPartner, Platform, Quirk, Rule
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import NotAuthenticated, PartnerError, Refused, Unreachable
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.scalars import Secret

versions = pytest.mark.parametrize("version", ALL_VERSIONS)


async def at_once(request: Request) -> None:
    """No delay."""


@asynccontextmanager
async def serving(
    version: str, *quirks: Quirk | Rule, delay: Callable[[Request], Awaitable[None]] = at_once
) -> AsyncIterator[str]:
    """An awkward partner on a free port; yields its versions URL."""
    platform = Platform({version: {"locations": locations(version)}}, page_size=2)
    made = MockPartner(platform, quirks, delay=delay)
    limits = ServerLimits(drain_s=1)
    async with HTTPServer(made.asgi(limits), limits) as server:
        platform.base = f"{server.base_url}/ocpi"
        yield f"{platform.base}/versions"


@versions
async def test_connect_agrees_on_a_version_and_follows_every_page(version: str) -> None:
    async with serving(version) as url, Peer.connect(url, TOKEN) as peer:
        assert peer.version.number == version
        assert [found.id async for found in peer.locations()] == IDS


@versions
@pytest.mark.parametrize(
    "quirk",
    [Quirk.HEADERS_TWICE, Quirk.HEADER_CASE, Quirk.SLASH_REDIRECT, Quirk.REDIRECT_SAME_HOST, Quirk.URL_DEEP, Quirk.BOM],
    ids=lambda quirk: quirk.name,
)
async def test_what_is_awkward_in_http_itself_is_borne(version: str, quirk: Quirk) -> None:
    async with serving(version, quirk) as url, Peer.connect(url, Secret(TOKEN)) as peer:
        assert [found.id async for found in peer.locations()] == IDS


@rule("TRN-05")
async def test_connect_takes_the_versions_and_the_form_that_it_is_told() -> None:
    async with serving("2.2.1") as url:
        async with Peer.connect(url, TOKEN, versions=["2.2.1"], form=TokenForm.BASE64) as peer:
            assert peer.version.number == "2.2.1"
        with pytest.raises(NotAuthenticated):
            async with Peer.connect(url, "wrong", form=TokenForm.RAW):
                raise AssertionError("connected")


async def test_the_connection_is_closed_when_the_block_ends_with_an_error() -> None:
    async with serving("2.2.1") as url:
        with pytest.raises(Refused, match="HTTP 404"):
            async with Peer.connect(url, TOKEN) as peer:
                await peer.get(peer.version.object_named("Location"), "LOC9")


async def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    held = asyncio.Event()

    async def hold(request: Request) -> None:
        await held.wait()

    async with serving("2.2.1", Quirk.LATE.on("/versions"), delay=hold) as url:
        async with HTTPTransport(ClientLimits(total_s=0.05)) as transport:
            with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
                await client.Peer.open(url, TOKEN, transport, retries=client.Retries(attempts=2))
        held.set()


async def test_a_connection_that_breaks_off_once_is_tried_again() -> None:
    async with serving("2.2.1", Quirk.RESET.on("/versions", times=1)) as url, Peer.connect(url, TOKEN) as peer:
        assert len(peer.endpoints) == 2


async def test_a_body_beyond_the_limit_is_not_read() -> None:
    limits = ClientLimits(body_bytes=100_000)
    async with serving("2.2.1", Quirk.HUGE.on("/sender/")) as url, HTTPTransport(limits) as transport:
        peer = await client.Peer.open(url, TOKEN, transport)
        with pytest.raises(PartnerError, match="expected at most 100000 bytes"):
            await anext(aiter(peer.locations()))


async def test_nobody_listening_is_unreachable() -> None:
    async with serving("2.2.1") as url:
        pass
    with pytest.raises(Unreachable):
        async with Peer.connect(url, TOKEN):
            raise AssertionError("connected")
