# SPDX-License-Identifier: AGPL-3.0-or-later
"""Following pages: filters, lists that change while they are read, and links that lead nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.awkward import BASE, IDS, THEIRS, cls, connected, locations, partner
from tests.objects import MIDDLE, NEW, OLD, location
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from wwcp_ocpi.client import BadObject, Peer
from wwcp_ocpi.client import pages as pages_module
from wwcp_ocpi.protocol.errors import BadAnswer
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import DateTime

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


def dated(version: str) -> list[dict[str, Any]]:
    return [location(version, id, THEIRS, moment) for id, moment in (("A", OLD), ("B", MIDDLE), ("C", NEW))]


@rule("TRN-12")
@rule("TRN-13")
async def test_filters_and_limit_are_asked_for_and_survive_in_the_links(version: str) -> None:
    made = partner(version, objects=dated(version))
    peer = await connected(made)
    asked = peer.pages(cls(version), date_from=DateTime.parse(OLD), date_to=DateTime.parse(NEW), limit=1)
    assert [found.id async for found in asked] == ["A", "B"]
    assert [request.query for request in made.requests[2:]] == [
        {"date_from": OLD, "date_to": NEW, "limit": "1"},
        {"date_from": OLD, "date_to": NEW, "limit": "1", "offset": "1"},
    ]


async def test_an_empty_list_has_no_objects_and_one_page(version: str) -> None:
    pages = (await connected(partner(version, objects=[]))).locations()
    assert [found async for found in pages] == []
    assert (pages.pages, pages.total) == (1, 0)


async def test_objects_come_with_the_bytes_that_they_came_as(version: str) -> None:
    pages = (await connected(partner(version))).locations()
    assert [json.loads(found.body) async for found in pages.received()] == locations(version)


@rule("TRN-17")
@pytest.mark.parametrize("gone", [1, 2, 3])
async def test_when_objects_vanish_while_reading_none_of_the_others_slips_through(version: str, gone: int) -> None:
    objects = locations(version)
    peer = await connected(partner(version, objects=objects))
    found: list[str] = []
    pages = peer.locations()
    async for one in pages:
        found.append(one.id)
        if found == IDS[:2]:
            del objects[:gone]
    assert sorted(set(found)) == IDS[:2] + IDS[max(2, gone) :]
    assert (pages.total, pages.missing) == (5 - gone, 0)


@rule("TRN-17")
async def test_a_step_back_to_a_page_that_was_read_already_is_no_circle(version: str) -> None:
    objects = [location(version, f"L{number}", THEIRS) for number in range(8)]
    peer = await connected(partner(version, objects=objects))
    found: list[str] = []
    async for one in peer.locations():
        found.append(one.id)
        if found[-1] == "L3" and len(objects) == 8:
            del objects[:2]
    assert found == ["L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7"]


@rule("TRN-16")
async def test_when_objects_are_added_while_reading_nothing_is_read_again(version: str) -> None:
    objects = locations(version)
    peer = await connected(partner(version, objects=objects))
    found: list[str] = []
    async for one in peer.locations():
        found.append(one.id)
        if len(found) == 1:
            objects.append(location(version, "LOC6", THEIRS))
    assert found == [*IDS, "LOC6"]


class Scripted:
    """A partner whose pages of Locations are what a function makes of the request; the rest is honest."""

    def __init__(self, version: str, page: Callable[[Request], Response]) -> None:
        self._honest = partner(version)
        self._page = page
        self.asked = 0

    async def __call__(self, request: Request) -> Response:
        if "/sender/" not in request.url:
            return await self._honest(request)
        self.asked += 1
        return self._page(request)

    async def connect(self) -> Peer:
        return await Peer.open(f"{BASE}/versions", "token-a", self)


def page(data: object, **headers: object) -> Response:
    body = {"status_code": 1000, "timestamp": OLD, "data": data}
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Response(status=200, headers=named, body=json.dumps(body).encode())


async def ids(peer: Peer) -> list[str]:
    return [found.id async for found in peer.locations()]


async def test_an_empty_page_beyond_the_total_is_the_last_even_if_it_has_a_link(version: str) -> None:
    def endless(request: Request) -> Response:
        offset = int(request.query.get("offset", 0))
        return page([], x_total_count=4, link=f'<?offset={offset + 2}>; rel="next"')

    made = Scripted(version, endless)
    assert await ids(await made.connect()) == []
    assert made.asked == 3


async def test_an_empty_page_before_the_total_is_passed_over(version: str) -> None:
    def gap(request: Request) -> Response:
        if "offset" not in request.query:
            return page([], x_total_count=3, link='<?offset=2>; rel="next"')
        return page([location(version, "L3", THEIRS)], x_total_count=3)

    assert await ids(await Scripted(version, gap).connect()) == ["L3"]


async def test_links_without_end_come_to_an_end(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGES", 7)
    made = Scripted(version, lambda request: page([], link=f'<?page={made.asked}>; rel="next"'))
    with pytest.raises(BadAnswer, match="go round in a circle"):
        await ids(await made.connect())
    assert made.asked == 7


async def test_a_circle_of_several_pages_is_noticed(version: str) -> None:
    made = Scripted(version, lambda request: page([], link=f'<?page={made.asked % 3}>; rel="next"'))
    with pytest.raises(BadAnswer, match="go round in a circle"):
        await ids(await made.connect())
    assert made.asked == 4


@pytest.mark.parametrize("total", ["", "many", "-1", "²", "9" * 5000, "1.5"])
async def test_a_total_that_is_no_number_is_none(version: str, total: str) -> None:
    pages = (await Scripted(version, lambda request: page([], x_total_count=total)).connect()).locations()
    assert [found async for found in pages] == []
    assert (pages.total, pages.missing) == (None, 0)


@pytest.mark.parametrize("query", ["offset=²", "offset=", "offset=4&after=x", "offset=0", "page=3"])
async def test_a_shrinking_total_is_of_no_use_on_a_page_without_an_offset(version: str, query: str) -> None:
    def shrinking(request: Request) -> Response:
        first = not request.query
        link = {"link": f'<?{query}>; rel="next"'} if first else {}
        return page([location(version, "L1", THEIRS)], x_total_count=9 if first else 2, **link)

    assert await ids(await Scripted(version, shrinking).connect()) == ["L1", "L1"]


@pytest.mark.parametrize("data", [{"id": "LOC1"}, "text", 17, True])
async def test_data_that_is_no_array_is_the_partners_fault(version: str, data: object) -> None:
    made = Scripted(version, lambda request: page(data))
    with pytest.raises(BadAnswer, match=r"sender/locations: \$\.data: expected an array"):
        await ids(await made.connect())


@pytest.mark.parametrize("link", ["ftp://partner.example/x", "http://[", "https://partner.example:99999/"])
async def test_a_link_to_where_nobody_can_call_is_the_partners_fault(version: str, link: str) -> None:
    made = Scripted(version, lambda request: page([], link=f'<{link}>; rel="next"'))
    with pytest.raises(BadAnswer, match="expected"):
        await ids(await made.connect())


async def test_bad_entries_of_every_kind_are_named_with_their_place(version: str) -> None:
    entries: list[object] = [17, None, {}, {"id": "X"}, location(version, "GOOD", THEIRS), []]
    made = Scripted(version, lambda request: page(entries))
    bad: list[BadObject] = []
    pages = (await made.connect()).locations(on_bad=bad.append)
    assert [found.id async for found in pages] == ["GOOD"]
    assert [one.index for one in bad] == [0, 1, 2, 3, 5]
    assert [one.error.startswith("$") for one in bad] == [True] * 5
    assert (pages.rejected, pages.entries) == (5, 6)


async def test_an_entry_that_cannot_even_be_checked_is_a_bad_entry(version: str) -> None:
    answer = page([location(version, "GOOD", THEIRS), {"id": "HUGE"}])
    huge = answer.body.replace(b'"HUGE"', b"1e99999999999999999999")
    bad: list[BadObject] = []
    made = Scripted(version, lambda request: Response(status=200, body=huge))
    assert [found.id async for found in (await made.connect()).locations(on_bad=bad.append)] == ["GOOD"]
    assert [one.index for one in bad] == [1]
