# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same partner over real connections: what the transport makes of it is what it makes of itself in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.mock.asking import IDS, ask, data, ids, platform
from wwcp_ocpi.mock import CallQuirk, MockCaller, MockPartner, Quirk, Rule
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response

PAGES = "/2.2.1/sender/locations"


@asynccontextmanager
async def serving(*quirks: Quirk | Rule) -> AsyncIterator[tuple[MockPartner, str]]:
    """A partner on a free port, and the base of its URLs."""
    honest = platform()

    async def never(request: Request) -> None:
        await asyncio.Event().wait()

    mock = MockPartner(honest, quirks, delay=never, huge_bytes=100_000)
    async with HTTPServer(mock.asgi(), ServerLimits(drain_s=0)) as server:
        honest.base = f"{server.base_url}/ocpi"
        yield mock, honest.base


def stripped(response: Response) -> Response:
    """Without what depends on the clock and on HTTP itself."""
    headers = {name: text for name, text in response.headers.items() if name not in {"date", "content-length"}}
    return Response(status=response.status, headers=headers, body=response.body)


@pytest.mark.parametrize(
    "quirk",
    [
        Quirk.SHUFFLED,
        Quirk.LINK_UNQUOTED,
        Quirk.URL_QUERY,
        Quirk.BOM,
        Quirk.EMPTY_BODY,
        Quirk.HEADERS_TWICE,
        Quirk.HEADER_CASE,
        Quirk.SLASH_REDIRECT,
        Quirk.REDIRECT_SAME_HOST,
        Quirk.TOO_MANY_REQUESTS,
        Quirk.HTML_ERROR,
    ],
)
async def test_over_http_a_partner_is_as_awkward_as_in_memory(quirk: Quirk) -> None:
    async with serving(Quirk.NO_TIMESTAMP, quirk) as (mock, base), HTTPTransport() as transport:
        over_http = [stripped(await ask(transport, base + path)) for path in ("/2.2.1", PAGES)]
        in_memory = [stripped(await ask(mock, base + path)) for path in ("/2.2.1", PAGES)]
    if quirk in {Quirk.TOO_MANY_REQUESTS, Quirk.URL_QUERY}:  # refusals have a clock
        assert [(found.status, found.headers) for found in over_http] == [
            (found.status, found.headers) for found in in_memory
        ]
    else:
        assert over_http == in_memory


@pytest.mark.parametrize("quirk", [Quirk.RESET, Quirk.LATE, Quirk.HUGE, Quirk.REDIRECT_LOOP])
async def test_over_http_no_answer_is_unreachable(quirk: Quirk) -> None:
    limits = ClientLimits(total_s=1, body_bytes=50_000)
    async with serving(quirk.on(PAGES)) as (_, base), HTTPTransport(limits) as transport:
        with pytest.raises(Unreachable):
            await ask(transport, base + PAGES)
        assert data(await ask(transport, f"{base}/versions")) == [{"version": "2.2.1", "url": f"{base}/2.2.1"}]


async def test_over_http_a_broken_connection_is_followed_by_a_good_one() -> None:
    async with serving(Quirk.RESET.on(times=1)) as (mock, base), HTTPTransport() as transport:
        with pytest.raises(Unreachable):
            await ask(transport, base + PAGES)
        assert ids(await ask(transport, base + PAGES)) == IDS[:2]
    assert len(mock.requests) == 2


async def test_an_awkward_caller_over_http_reaches_an_honest_server() -> None:
    async with serving() as (mock, base), HTTPTransport() as transport:
        caller = MockCaller(transport, [CallQuirk.HEADERS_UPPER, CallQuirk.SCHEME_LOWER])
        assert ids(await ask(caller, base + PAGES)) == IDS[:2]
        assert mock.requests[0].headers["authorization"].startswith("token ")
