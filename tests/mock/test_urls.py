# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.mock.asking import BASE, IDS, PAGES, ask, data, ids, partner
from wwcp_ocpi.mock import MockPartner, Quirk
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.paging import read_next

DETAILS = f"{BASE}/2.2.1"
DEEP = "https://partner.example/gw/eu-central%2F1/~roaming/v1.0;a=b/ocpi/2.2.1/sender/locations"


async def published(mock: MockPartner) -> str:
    """The URL of the locations in the version details."""
    [url] = [row["url"] for row in data(await ask(mock, DETAILS))["endpoints"] if row["identifier"] == "locations"]
    assert isinstance(url, str)
    return url


@pytest.mark.parametrize(
    ("quirks", "url"),
    [
        ([Quirk.URL_OTHER_HOST], "https://elsewhere.example/ocpi/2.2.1/sender/locations"),
        ([Quirk.URL_DEEP], DEEP),
        ([Quirk.URL_QUERY], f"{PAGES}?tenant=7%2C1"),
        ([Quirk.URL_SLASH], f"{PAGES}/"),
        ([Quirk.URL_DEEP, Quirk.URL_QUERY, Quirk.URL_SLASH], f"{DEEP}/?tenant=7%2C1"),
        ([Quirk.URL_SLASH, Quirk.SLASH_REQUIRED.on("/sender/")], f"{PAGES}/"),
    ],
)
async def test_the_published_url_leads_to_all_pages(quirks: list[Quirk], url: str) -> None:
    mock = partner(*quirks)
    assert await published(mock) == url
    found, next_url = [], url
    while next_url:
        page = await ask(mock, next_url)
        found += ids(page)
        next_url = read_next(page.headers.get("link"), next_url) or ""
    assert found == IDS


@pytest.mark.parametrize("quirk", [Quirk.URL_DEEP, Quirk.URL_QUERY])
@pytest.mark.parametrize("url", [PAGES, f"{PAGES}?tenant=8", f"{BASE}/2.2.1/credentials"])
async def test_a_url_that_was_not_published_does_not_exist(quirk: Quirk, url: str) -> None:
    assert (await ask(partner(quirk), url)).status == 404


async def test_an_object_stands_before_the_query() -> None:
    mock = partner(Quirk.URL_QUERY)
    assert data(await ask(mock, f"{PAGES}/LOC1?tenant=7%2C1"))["id"] == "LOC1"
    assert (await ask(mock, f"{PAGES}?tenant=7%2C1/LOC1")).status == 404


async def test_two_slashes_in_a_row_do_not_exist() -> None:
    mock = partner(Quirk.URL_SLASH)
    assert (await ask(mock, f"{PAGES}/LOC1")).status == 200
    assert (await ask(mock, f"{PAGES}//LOC1")).status == 404


async def test_unknown_versions_stand_beside_the_known_one_which_comes_twice() -> None:
    rows = data(await ask(partner(Quirk.VERSIONS_UNKNOWN), f"{BASE}/versions"))
    assert [row["version"] for row in rows] == ["2.0", "9.9.9", "latest", "2.2.1", "2.2.1"]
    assert rows[0]["url"] == f"{BASE}/2.0"


async def test_the_versions_list_may_have_urls_without_scheme() -> None:
    rows = data(await ask(partner(Quirk.URL_NO_SCHEME), f"{BASE}/versions"))
    assert rows == [{"version": "2.2.1", "url": "partner.example/ocpi/2.2.1"}]


@pytest.mark.parametrize("quirk", [Quirk.VERSIONS_UNKNOWN, Quirk.URL_NO_SCHEME, Quirk.URL_OTHER_HOST])
async def test_other_answers_keep_their_urls(quirk: Quirk) -> None:
    honest = await ask(partner(), f"{PAGES}/LOC1")
    assert data(await ask(partner(quirk), f"{PAGES}/LOC1")) == data(honest)
    assert (await ask(partner(quirk), f"{BASE}/nowhere")).status == 404


async def test_an_honest_answer_that_is_no_envelope_passes() -> None:
    page = Response(status=502, headers={"content-type": "text/html"}, body=b"<html>")

    async def proxy(request: Request) -> Response:
        return page

    mock = MockPartner(proxy, [Quirk.VERSIONS_UNKNOWN, Quirk.URL_OTHER_HOST, Quirk.SHUFFLED, Quirk.NO_DATA])
    assert await ask(mock, f"{BASE}/versions") == page
