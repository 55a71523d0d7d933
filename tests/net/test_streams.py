# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answers without an end: handed over while they come, in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.net.serving import DEADLINE_S, answering, serving
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response, StreamTransport
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused
from wwcp_ocpi.server.event_stream import EventStream, Sent

POLICY = OutboundPolicy(allow_http=True, allow_private=True)


def transport() -> HTTPTransport:
    return HTTPTransport(allow=POLICY.check_url, allow_address=POLICY.check_address)


async def streaming(request: Request) -> Response:
    async def events() -> AsyncIterator[Sent]:
        yield Sent("1", "x", request.method)
        await asyncio.Event().wait()

    return Response(status=200, headers={"x-ignored": "1"}, stream=EventStream(events()))


async def test_an_answer_is_read_while_it_comes_and_left_when_one_likes() -> None:
    async with asyncio.timeout(DEADLINE_S), serving(streaming) as server, transport() as way:
        assert isinstance(way, StreamTransport)
        got = b""
        async with way.stream(Request(method="GET", url=f"{server.base_url}/events"), idle_s=5) as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            async for chunk in answer.chunks:
                got += chunk
                if b"data: GET\n\n" in got:
                    break


async def test_a_head_of_it_has_no_body() -> None:
    async with serving(streaming) as server, transport() as way:
        response = await way(Request(method="HEAD", url=f"{server.base_url}/events"))
        assert (response.status, response.body) == (200, b"")


async def read_all(way: HTTPTransport, url: str, *, idle_s: float = 5) -> bytes:
    async with asyncio.timeout(DEADLINE_S):
        async with way.stream(Request(method="GET", url=url), idle_s=idle_s) as answer:
            return b"".join([chunk async for chunk in answer.chunks])


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it"]
)
async def test_one_that_breaks_off_or_is_none_is_unreachable(answer: bytes) -> None:
    async with answering(answer) as url, transport() as way:
        with pytest.raises(Unreachable):
            await read_all(way, url)


async def test_silence_is_bearable_for_so_long() -> None:
    async with serving(streaming) as server, transport() as way:
        with pytest.raises(Unreachable):
            await read_all(way, f"{server.base_url}/events", idle_s=0.05)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "ftp://h/", "https://10.0.0.1/x"])
async def test_it_goes_only_where_the_policy_allows(url: str) -> None:
    async with HTTPTransport() as way:
        with pytest.raises((OutboundRefused, Unreachable)):
            await read_all(way, url)


async def test_what_goes_wrong_behind_the_head_ends_the_connection() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise OSError("no disk")

    async def handler(request: Request) -> Response:
        return Response(status=200, stream=broken)

    async with serving(handler) as server, transport() as way:
        with pytest.raises(Unreachable):
            await read_all(way, server.base_url)
