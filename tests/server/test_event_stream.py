# SPDX-License-Identifier: AGPL-3.0-or-later
"""Server-sent events on the wire, over the ASGI interface and over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest

from tests.net.serving import DEADLINE_S, echo
from wwcp_ocpi.net.asgi import ASGIApp, asgi_app
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.server.event_stream import EventStream, Sent, last_event_id, on_the_wire

ONE = Sent("7", "security", '{"event":"blocked"}')


class Source:
    """Events, and whether it was closed. `ends` False: it waits for ever behind the last one."""

    def __init__(self, *events: Sent, ends: bool = True) -> None:
        self.asked = 0
        self.ended = asyncio.Event()
        self._events = events
        self._ends = ends

    async def __call__(self) -> AsyncIterator[Sent]:
        try:
            for event in self._events:
                self.asked += 1
                yield event
            if not self._ends:
                await asyncio.Event().wait()
        finally:
            self.ended.set()

    @property
    def closed(self) -> bool:
        return self.ended.is_set()


class Reader:
    """The other end of an ASGI answer. `reads` False: it takes nothing behind the head."""

    def __init__(self, *, reads: bool = True) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.gone = asyncio.Event()
        self.got = asyncio.Condition()
        self._reads = reads

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if self.sent and not self._reads:
            await asyncio.Event().wait()
        self.sent.append(message)
        async with self.got:
            self.got.notify_all()

    @property
    def text(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(DEADLINE_S), self.got:
            await self.got.wait_for(lambda: text in self.text)


async def answer(stream: EventStream, reader: Reader) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await stream({"type": "http"}, reader.receive, reader.send)


async def test_events_are_written_in_order_and_the_answer_ends_with_them() -> None:
    source, reader = Source(ONE, Sent("8", "missed", '{"count":3}')), Reader()
    await answer(EventStream(source()), reader)
    head, *_, end = reader.sent
    assert head["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in head["headers"]
    assert (b"cache-control", b"no-store") in head["headers"]
    assert reader.text == (
        b':\n\nid: 7\nevent: security\ndata: {"event":"blocked"}\n\nid: 8\nevent: missed\ndata: {"count":3}\n\n'
    )
    assert not end.get("more_body")
    assert source.closed


async def test_a_reader_that_goes_ends_the_iterator() -> None:
    source, reader = Source(ONE, ends=False), Reader()
    answering = asyncio.create_task(answer(EventStream(source()), reader))
    await reader.until(b"id: 7\n")
    assert not source.closed
    reader.gone.set()
    await answering
    assert source.closed


async def test_a_silence_is_filled_with_comments_and_no_event_is_lost_by_them() -> None:
    ring = asyncio.Event()

    async def late() -> AsyncIterator[Sent]:
        await ring.wait()
        yield ONE

    reader = Reader()
    answering = asyncio.create_task(answer(EventStream(late(), heartbeat_s=0.01), reader))
    await reader.until(b":\n\n:\n\n:\n\n")
    ring.set()
    await answering
    assert reader.text.count(b"id: 7\n") == 1


async def test_a_reader_that_takes_nothing_is_left_and_asks_for_nothing_more_meanwhile() -> None:
    source, reader = Source(*[ONE] * 100), Reader(reads=False)
    await answer(EventStream(source(), stalled_s=0.01), reader)
    assert source.asked == 0
    assert [message["type"] for message in reader.sent] == ["http.response.start"]


async def test_what_goes_wrong_in_the_iterator_reaches_the_server() -> None:
    async def broken() -> AsyncIterator[Sent]:
        yield ONE
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        await answer(EventStream(broken()), Reader())


async def test_a_stop_of_the_server_closes_the_iterator() -> None:
    source, reader = Source(ends=False), Reader()
    answering = asyncio.create_task(answer(EventStream(source()), reader))
    await reader.until(b":\n\n")
    await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert source.closed


def test_line_ends_in_data_are_kept_and_none_gets_out_of_it() -> None:
    assert on_the_wire(Sent("1", "x", "a\nb\r\nc\rid: 9")) == (
        b"id: 1\nevent: x\ndata: a\ndata: b\ndata: c\ndata: id: 9\n\n"
    )
    for bad in (Sent("1\n2", "x", ""), Sent("1", "x\ry", ""), Sent("1\0", "x", "")):
        with pytest.raises(ValueError, match="one line"):
            on_the_wire(bad)


def test_the_id_that_a_reader_saw_last_is_read_from_its_request() -> None:
    assert last_event_id({"headers": [(b"accept", b"*/*"), (b"last-event-id", b"41")]}) == "41"
    assert last_event_id({"headers": []}) is None


async def test_a_reader_over_a_socket_gets_each_event_at_once() -> None:
    source = Source(ONE, ends=False)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await EventStream(source())(scope, receive, send)

    apps: dict[str, ASGIApp] = {"/-/events": page}
    limits = ServerLimits(drain_s=1)
    async with asyncio.timeout(DEADLINE_S), HTTPServer(asgi_app(echo, limits, apps=apps), limits) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /-/events HTTP/1.1\r\nhost: h\r\n\r\n")
        said = await reader.readuntil(b'data: {"event":"blocked"}\n\n')
        assert b"text/event-stream" in said
        writer.close()
        await writer.wait_closed()
        await source.ended.wait()
