# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a sender lists: pages, their links, their filters, and single objects."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.objects import MIDDLE, NEW, OLD, location
from tests.platforms import ALL_VERSIONS, CPO, Caller, envelope_of
from tests.rules import rule
from tests.server.test_dispatch import sender
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def with_locations(version: str, *moments: str) -> tuple[Platform, Caller]:
    """A CPO that owns LOC0, LOC1 ... changed at these moments."""
    made, call = await sender()
    things = [
        OwnObject(
            owner=CPO,
            id=f"LOC{number}",
            last_updated=DateTime.parse(moment).micros,
            body=json.dumps(location(version, f"LOC{number}", last_updated=moment)).encode(),
        )
        for number, moment in enumerate(moments)
    ]
    await made.publisher.publish(VERSIONS[version], "locations", things)
    return made, call


def ids(response: Response) -> list[str]:
    assert response.status == 200, response.body
    return [entry["id"] for entry in envelope_of(response)["data"]]


async def crawl(call: Caller, path: str) -> tuple[list[list[str]], list[Response]]:
    """All pages by their links, and the responses."""
    pages, responses = [], []
    at: str | None = path
    while at is not None:
        response = await call("GET", at)
        pages.append(ids(response))
        responses.append(response)
        url = read_next(response.headers.get("link"), "https://cpo.example" + at)
        at = url and url.removeprefix("https://cpo.example")
    return pages, responses


def base(version: str) -> str:
    return f"/ocpi/{version}/sender/locations"


@rule("TRN-12")
@rule("TRN-18")
@rule("TRN-19")
@rule("TRN-20")
@rule("TRN-21")
async def test_pages_follow_each_other_to_the_end(version: str) -> None:
    _, call = await with_locations(version, *[MIDDLE] * 5)
    pages, responses = await crawl(call, base(version) + "?limit=2")
    assert pages == [["LOC0", "LOC1"], ["LOC2", "LOC3"], ["LOC4"]]
    assert [response.headers["x-total-count"] for response in responses] == ["5"] * 3
    assert [response.headers["x-limit"] for response in responses] == ["1000"] * 3
    assert "link" not in responses[-1].headers


@rule("TRN-14")
async def test_offset_counts_objects(version: str) -> None:
    _, call = await with_locations(version, *[MIDDLE] * 5)
    assert ids(await call("GET", base(version) + "?offset=3&limit=10")) == ["LOC3", "LOC4"]
    assert ids(await call("GET", base(version) + "?offset=99")) == []


@rule("TRN-15")
async def test_the_order_is_that_of_creation_and_no_change_moves_an_object(version: str) -> None:
    made, call = await with_locations(version, NEW, OLD, MIDDLE)
    assert ids(await call("GET", base(version))) == ["LOC0", "LOC1", "LOC2"]
    change = {"name": "changed", "last_updated": DateTime.parse("2026-06-01T00:00:00Z")}
    await made.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1"], change)
    assert ids(await call("GET", base(version))) == ["LOC0", "LOC1", "LOC2"]


async def test_an_empty_list_is_a_list(version: str) -> None:
    _, call = await with_locations(version)
    response = await call("GET", base(version))
    assert envelope_of(response) == {"data": [], "status_code": 1000}
    assert response.headers["x-total-count"] == "0"


@rule("TRN-13")
@rule("LOC-08")
async def test_date_from_is_inclusive_and_date_to_exclusive(version: str) -> None:
    _, call = await with_locations(version, OLD, MIDDLE, NEW)
    assert ids(await call("GET", f"{base(version)}?date_from={MIDDLE}")) == ["LOC1", "LOC2"]
    assert ids(await call("GET", f"{base(version)}?date_to={MIDDLE}")) == ["LOC0"]
    both = await call("GET", f"{base(version)}?date_from={MIDDLE}&date_to={NEW}")
    assert (ids(both), both.headers["x-total-count"]) == (["LOC1"], "1")


async def test_filters_survive_in_links_and_totals_are_those_of_the_filter(version: str) -> None:
    _, call = await with_locations(version, OLD, *[MIDDLE] * 3, NEW)
    pages, responses = await crawl(call, f"{base(version)}?date_from={MIDDLE}&date_to={NEW}&limit=2&x=1")
    assert pages == [["LOC1", "LOC2"], ["LOC3"]]
    assert [response.headers["x-total-count"] for response in responses] == ["3", "3"]
    link = responses[0].headers["link"]
    query = parse_qs(urlsplit(link[link.index("<") + 1 : link.index(">")]).query)
    assert {name: query[name] for name in ("date_from", "date_to", "limit", "offset", "x")} == {
        "date_from": [MIDDLE],
        "date_to": [NEW],
        "limit": ["2"],
        "offset": ["2"],
        "x": ["1"],
    }


@rule("TRN-20")
async def test_the_limit_is_capped_and_never_refused(version: str) -> None:
    _, call = await with_locations(version, MIDDLE)
    response = await call("GET", base(version) + "?limit=1000000")
    assert (ids(response), response.headers["x-limit"]) == (["LOC0"], "1000")


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=x", "limit=1e3", "offset=-1", "offset=x", "date_from=yesterday", "after=forged"],
)
async def test_a_query_that_is_none_is_refused_by_name(version: str, query: str) -> None:
    _, call = await with_locations(version, MIDDLE)
    found = envelope_of(await call("GET", f"{base(version)}?{query}"))
    assert found["status_code"] == 2001
    assert query.partition("=")[0] in found["status_message"]


@rule("LOC-11")
async def test_an_object_and_its_parts_have_addresses(version: str) -> None:
    _, call = await with_locations(version, MIDDLE)
    whole: dict[str, Any] = location(version, "LOC0")
    for path, expected in (
        ("/LOC0", whole),
        ("/LOC0/E1", whole["evses"][0]),
        ("/LOC0/E1/1", whole["evses"][0]["connectors"][0]),
    ):
        assert envelope_of(await call("GET", base(version) + path))["data"] == expected


@rule("STC-03")
async def test_get_of_what_is_not_there_is_404(version: str) -> None:
    _, call = await with_locations(version, MIDDLE)
    for path in ("/LOC9", "/LOC0/E9", "/LOC0/E1/9"):
        response = await call("GET", base(version) + path)
        assert (response.status, envelope_of(response)["status_code"] >= 2000) == (404, True)
