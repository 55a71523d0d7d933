# SPDX-License-Identifier: AGPL-3.0-or-later
"""Server-sent events of a network: all that changes, from where a reader left off, and what it may see of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from msgspec.structs import replace

from tests.net.serving import DEADLINE_S
from tests.wwcp.http.serving import EVSE_PATH, RN, Node, node, said
from tests.wwcp.making import FIRST, GEF, POOL, SECOND, evse, operator, pool, station
from tests.wwcp.roaming import GDF, Operator, Provider, record
from wwcp_ocpi.protocol.errors import BadAnswer, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.wwcp.http import server_events
from wwcp_ocpi.wwcp.http.events import Readers
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.http.server_events import Parser, Received
from wwcp_ocpi.wwcp.ids.places import ChargingStationId
from wwcp_ocpi.wwcp.model.places import EMobilityProvider, RoamingNetworkData
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import Status

REMOTE = {"eMAId": "DE-GDF-C12345678", "ProviderId": "DE-GDF"}


class Reader:
    """Somebody who reads events, one after the other."""

    def __init__(self, events: AsyncIterator[Received]) -> None:
        self._events = events
        self.last = ""
        self.first: asyncio.Task[tuple[str, Any]]

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            event = await anext(self._events)
        self.last = event.id
        return event.name, json.loads(event.data)


async def reading(here: Node, client: str = "all", after: str = "") -> tuple[Reader, Any]:
    """A reader, once the node has it."""
    before = here.face.readers.opened
    events = here.remote(here, client).events(after)
    reader = Reader(events)
    reader.first = asyncio.create_task(reader.next())
    async with asyncio.timeout(DEADLINE_S):
        while here.face.readers.opened == before:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return reader, events


async def test_everything_that_changes_is_told() -> None:
    async with node() as here:
        here.network.add_provider(GDF, Provider(tokens={"11223344": AuthStartCode.Authorized}))
        here.network.add_operator(GEF, Operator())
        reader, events = await reading(here)
        async with aclosing(events):
            places = here.network.places
            places.set_evse_status(FIRST, EVSEStatus.charging)
            name, told = await reader.first
            assert (name, told["evseId"], told["oldStatus"], told["status"]) == (
                "evseStatus",
                str(FIRST),
                "unknown",
                "charging",
            )
            places.set_status(POOL, status=Status.charging)
            assert (await reader.next())[0] == "placeStatus"
            places.upsert_pool(replace(places.pool(POOL), name={"en": "New"}, last_change=None))
            name, told = await reader.next()
            assert (name, told["chargingPool"]["name"], told["isNew"]) == ("chargingPool", {"en": "New"}, False)
            places.upsert_operator(replace(places.operator(GEF), homepage="https://example.org", last_change=None))
            assert (await reader.next())[0] == "chargingStationOperator"
            places.upsert_provider(EMobilityProvider(id=GDF, name={"en": "GDF"}))
            assert (await reader.next())[0] == "eMobilityProvider"
            await here.ask("RESERVE", EVSE_PATH, REMOTE)
            name, told = await reader.next()
            assert (name, told["reservation"]["EVSEId"]) == ("reservation", str(FIRST))
            begun = said(await here.ask("AUTHSTART", EVSE_PATH, {"authToken": "11223344"}))["sessionId"]
            name, told = await reader.next()
            assert (name, told["chargingSession"]["@id"]) == ("chargingSession", begun)
            await here.network.send_cdrs([record(begun, evse_id=FIRST)])
            assert (await reader.next())[0] == "chargeDetailRecord"
            name, told = await reader.next()
            assert (name, told["result"]["result"]) == ("chargeDetailRecord", "Success")


async def test_a_reader_that_comes_back_goes_on_where_it_left_off() -> None:
    async with node() as here:
        reader, events = await reading(here)
        async with aclosing(events):
            here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
            await reader.first
        here.network.places.set_evse_status(FIRST, EVSEStatus.available)
        here.network.places.set_evse_status(SECOND, EVSEStatus.reserved)
        again, events = await reading(here, after=reader.last)
        async with aclosing(events):
            _, first = await again.first
            _, second = await again.next()
            assert [(one["evseId"], one["status"]) for one in (first, second)] == [
                (str(FIRST), "available"),
                (str(SECOND), "reserved"),
            ]


@pytest.mark.parametrize("last", ["7", "deadbeef-3", "{mark}-999", "{mark}-x", "{mark}-" + "9" * 40, "ü"])
async def test_a_reader_from_another_life_is_told_that_it_missed_something(last: str) -> None:
    async with node() as here:
        reader, events = await reading(here, after=last.replace("{mark}", here.face.readers.mark))
        async with aclosing(events):
            assert await reader.first == ("missed", {"count": None})
            here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
            assert (await reader.next())[0] == "evseStatus"


async def test_a_reader_that_was_away_too_long_is_told_how_much_it_missed() -> None:
    async with node() as here:
        mark = here.face.readers.mark
        for number in range(1200):
            word = EVSEStatus.charging if number % 2 else EVSEStatus.available
            here.network.places.set_evse_status(FIRST, word)
        gone = here.network.bus.number - 1000
        assert gone > 0
        reader, events = await reading(here, after=f"{mark}-0")
        async with aclosing(events):
            assert await reader.first == ("missed", {"count": gone})
            assert (await reader.next())[0] == "evseStatus"


async def test_sessions_are_told_to_those_who_take_part_and_places_to_all() -> None:
    async with node() as here:
        here.network.add_operator(GEF, Operator())
        readers = {}
        for client in ("gdf", "gd2", "gef", "other"):
            readers[client] = await reading(here, client)
        await here.ask("REMOTESTART", EVSE_PATH, REMOTE, client="gdf")
        here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        for client, (reader, events) in readers.items():
            async with aclosing(events):
                name, _ = await reader.first
                assert name == ("chargingSession" if client in ("gdf", "gef") else "evseStatus"), client


async def test_the_public_hears_of_what_is_published() -> None:
    hidden = station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S1*B"), published=False)
    data = RoamingNetworkData(
        id="test", charging_station_operators=[operator(charging_pools=[pool(station(evse()), hidden)])]
    )
    async with node(data, anonymous=True) as here:
        reader, writer = await asyncio.open_connection(here.http.host, here.http.port)
        writer.write(f"GET {RN}/events HTTP/1.1\r\nhost: h\r\n\r\n".encode())
        async with asyncio.timeout(DEADLINE_S):
            await reader.readuntil(b":\n\n")
            while not here.face.readers.count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            here.network.places.set_evse_status(SECOND, EVSEStatus.charging)
            here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
            heard = await reader.readuntil(b"\n\n")
        assert str(SECOND).encode() not in heard
        assert str(FIRST).encode() in heard
        writer.close()
        await writer.wait_closed()


async def test_a_blocked_client_hears_no_more() -> None:
    async with node() as here:
        reader, events = await reading(here, "gef")
        async with aclosing(events):
            await here.book.block("gef")
            here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
            with pytest.raises((StopAsyncIteration, RuntimeError)):
                await reader.first


@pytest.mark.parametrize("limits", [{"most": 1}, {"most_each": 1}])
async def test_there_are_so_many_readers_and_no_more(limits: dict[str, int]) -> None:
    async with node(readers=Readers(**limits)) as here:
        reader, events = await reading(here)
        async with aclosing(events):
            full = await here.ask("GET", f"{RN}/events")
            assert (full.status, full.headers["retry-after"]) == (503, "10")
            other = await here.ask("HEAD", f"{RN}/events", client="gef")
            assert other.status == (503 if "most" in limits else 200)
            here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
            await reader.first


async def test_a_stop_of_the_node_lets_its_readers_go() -> None:
    here = await Node().start()
    reader, events = await reading(here)
    async with aclosing(events):
        async with asyncio.timeout(DEADLINE_S):
            await here.stop()
        with pytest.raises((StopAsyncIteration, RuntimeError, Unreachable)):
            await reader.first


async def test_a_head_of_events_has_no_body_and_no_end_to_wait_for() -> None:
    async with node() as here:
        assert (await here.ask("HEAD", f"{RN}/events")).status == 200
        assert here.face.readers.count == 0


async def test_who_may_not_hear_is_refused_and_a_plain_transport_cannot() -> None:
    async with node() as here:
        stranger = RemoteNode(here.url, "test", here.transport, Secret("nobody"))
        with pytest.raises(Refused, match="401"):
            await anext(stranger.events())

    async def plain(request: Request) -> Response:
        return Response(status=200)

    with pytest.raises(UsageError, match="streams"):
        await anext(RemoteNode("https://h", "test", plain, Secret("x")).events())


def test_events_are_read_wherever_they_are_cut() -> None:
    text = (
        b":\n\nid: a-1\nevent: x\ndata: {\ndata: }\n\n\ndata:1\r\n\r\nevent: no data\n\nid: 2\nnonsense\ndata: \xff\n\n"
    )
    expected = [Received("a-1", "x", "{\n}"), Received("a-1", "message", "1"), Received("2", "message", "\ufffd")]
    for cut in range(1, len(text)):
        parser = Parser()
        assert [*parser.feed(text[:cut]), *parser.feed(text[cut:])] == expected, cut
    parser = Parser()
    assert [event for byte in text for event in parser.feed(bytes([byte]))] == expected


@pytest.mark.parametrize("line", [b"data: x", b"data: x\n"])
def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.setattr(server_events, "LARGEST", 1000)
    parser = Parser()
    for _ in range(50):
        assert list(parser.feed(line)) == []
    with pytest.raises(BadAnswer, match="1000 bytes"):
        list(parser.feed(line * 1000))
