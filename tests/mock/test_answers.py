# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest

from tests.mock.asking import BASE, IDS, PAGES, ask, authorized, data, ids, partner, platform
from wwcp_ocpi.mock import MockPartner, Quirk
from wwcp_ocpi.mock.answers import HTML
from wwcp_ocpi.mock.partner import TWISTS
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request

NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)


def test_every_quirk_is_done_somewhere() -> None:
    assert set(TWISTS) == set(Quirk)


@pytest.mark.parametrize(("quirk", "missing"), [(Quirk.NO_TIMESTAMP, {"timestamp"}), (Quirk.NO_DATA, {"data"})])
async def test_a_member_of_the_envelope_is_missing(quirk: Quirk, missing: set[str]) -> None:
    envelope = msgspec.json.decode((await ask(partner(quirk), PAGES)).body)
    assert {"data", "status_code", "timestamp"} - envelope.keys() == missing


async def test_the_status_code_is_a_text() -> None:
    response = await ask(partner(Quirk.STATUS_CODE_TEXT), PAGES)
    assert msgspec.json.decode(response.body)["status_code"] == "1000"


@pytest.mark.parametrize(("quirk", "status_code"), [(Quirk.CLIENT_ERROR, 2001), (Quirk.SERVER_ERROR, 3000)])
async def test_an_ocpi_error_comes_in_http_200(quirk: Quirk, status_code: int) -> None:
    response = await ask(partner(quirk), PAGES)
    assert response.status == 200
    assert msgspec.json.decode(response.body)["status_code"] == status_code


async def test_the_bytes_of_a_body_are_spoilt() -> None:
    clock = Quirk.NO_TIMESTAMP  # so that two answers are equal
    honest = (await ask(partner(clock), PAGES)).body
    assert (await ask(partner(clock, Quirk.BOM), PAGES)).body == b"\xef\xbb\xbf" + honest
    assert (await ask(partner(clock, Quirk.TRUNCATED), PAGES)).body == honest[: len(honest) // 2]
    assert (await ask(partner(Quirk.EMPTY_BODY), PAGES)).body == b""


async def test_a_huge_body_is_still_json() -> None:
    mock = MockPartner(platform(), [Quirk.HUGE], huge_bytes=5000)
    response = await ask(mock, PAGES)
    assert len(response.body) == 5000
    assert ids(response) == IDS[:2]


async def test_json_is_announced_as_html() -> None:
    response = await ask(partner(Quirk.WRONG_CONTENT_TYPE), PAGES)
    assert response.headers["content-type"] == "text/html"


async def test_headers_that_come_twice_are_joined_by_the_transport_and_apart_on_the_wire() -> None:
    mock = partner(Quirk.HEADERS_TWICE)
    assert (await ask(mock, PAGES)).headers["x-limit"] == "2, 2"
    assert [name for name in (await ask(mock.handle, PAGES)).headers if name.lower() == "x-limit"] == [
        "x-limit",
        "X-Limit",
    ]


async def test_names_of_headers_in_upper_case_are_lowered_by_the_transport_only() -> None:
    mock = partner(Quirk.HEADER_CASE)
    assert (await ask(mock, PAGES)).headers["x-limit"] == "2"
    assert (await ask(mock.handle, PAGES)).headers["X-LIMIT"] == "2"


async def test_a_slash_at_the_end_is_required() -> None:
    mock = partner(Quirk.SLASH_REQUIRED)
    assert (await ask(mock, f"{PAGES}?offset=2")).status == 404
    assert ids(await ask(mock, f"{PAGES}/?offset=2")) == IDS[2:4]


async def test_a_missing_slash_is_redirected_and_the_transport_follows() -> None:
    mock = partner(Quirk.SLASH_REDIRECT)
    assert ids(await ask(mock, f"{PAGES}?offset=2")) == IDS[2:4]
    assert [request.url for request in mock.requests] == [f"{PAGES}?offset=2", f"{PAGES}/?offset=2"]
    assert (await ask(mock, f"{BASE}/2.2.1/credentials", "POST", {})).status == 301


@pytest.mark.parametrize("url", [PAGES, f"{PAGES}?offset=0"])
async def test_a_move_on_the_same_host_is_followed(url: str) -> None:
    mock = partner(Quirk.REDIRECT_SAME_HOST)
    assert ids(await ask(mock, url)) == IDS[:2]
    assert len(mock.requests) == 2


async def test_a_move_to_another_host_is_the_answer() -> None:
    response = await ask(partner(Quirk.REDIRECT_OTHER_HOST), PAGES)
    assert response.status == 307
    assert response.headers["location"] == "http://elsewhere.example/ocpi/2.2.1/sender/locations"


async def test_a_move_in_a_circle_is_given_up() -> None:
    with pytest.raises(Unreachable, match="too many redirects"):
        await ask(partner(Quirk.REDIRECT_LOOP), PAGES)


@pytest.mark.parametrize(
    ("quirk", "retry_after"),
    [(Quirk.TOO_MANY_REQUESTS, "90"), (Quirk.TOO_MANY_REQUESTS_UNTIL, "Wed, 01 May 2024 12:01:30 GMT")],
)
async def test_too_many_requests_tell_when_to_come_again(quirk: Quirk, retry_after: str) -> None:
    mock = MockPartner(platform(), [quirk], now=lambda: NOON, retry_after_s=90)
    response = await ask(mock, PAGES)
    assert (response.status, response.headers["retry-after"]) == (429, retry_after)


async def test_a_date_to_come_again_lies_ahead_by_default() -> None:
    response = await ask(partner(Quirk.TOO_MANY_REQUESTS_UNTIL), PAGES)
    assert response.headers["retry-after"].endswith(" GMT")


async def test_maintenance_is_503() -> None:
    assert (await ask(partner(Quirk.UNAVAILABLE), PAGES)).status == 503


@pytest.mark.parametrize(("quirk", "status"), [(Quirk.HTML_ERROR, 500), (Quirk.HTML_PAGE, 200)])
async def test_a_page_for_people_comes_instead(quirk: Quirk, status: int) -> None:
    response = await ask(partner(quirk), PAGES)
    assert (response.status, response.body) == (status, HTML)


async def test_a_late_answer_comes_when_the_test_lets_it() -> None:
    asked, let = asyncio.Event(), asyncio.Event()

    async def delay(request: Request) -> None:
        asked.set()
        await let.wait()

    mock = MockPartner(platform(), [Quirk.LATE], delay=delay)
    answer = asyncio.create_task(ask(mock, PAGES))
    await asked.wait()
    assert not answer.done()
    let.set()
    assert ids(await answer) == IDS[:2]


async def test_a_late_answer_is_at_once_where_the_test_says_nothing() -> None:
    assert ids(await ask(partner(Quirk.LATE), PAGES)) == IDS[:2]


async def test_a_connection_that_breaks_off_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="connection reset"):
        await ask(partner(Quirk.RESET), PAGES)


@pytest.mark.parametrize(
    ("quirk", "token", "raw", "status"),
    [
        (Quirk.TOKEN_RAW, "token-a", True, 200),
        (Quirk.TOKEN_RAW, "token-a", False, 401),
        (Quirk.TOKEN_NEWLINE, "token-a\n", False, 200),
        (Quirk.TOKEN_NEWLINE, "token-a", False, 401),
        (Quirk.TOKEN_NEWLINE, "token-a", True, 401),
    ],
)
async def test_where_base64_is_specified_another_form_is_wanted(
    quirk: Quirk, token: str, raw: bool, status: int
) -> None:
    assert (await ask(partner(quirk), PAGES, headers=authorized(token, raw=raw))).status == status


@pytest.mark.parametrize(("raw", "status"), [(True, 401), (False, 200)])
async def test_where_the_token_itself_is_specified_base64_is_wanted(raw: bool, status: int) -> None:
    mock = partner(Quirk.TOKEN_BASE64, versions=("2.1.1",))
    assert (await ask(mock, f"{BASE}/2.1.1", headers=authorized(raw=raw))).status == status


async def test_quirks_combine() -> None:
    mock = partner(Quirk.BOM, Quirk.SHUFFLED, Quirk.NO_TIMESTAMP, Quirk.LINK_RELATIVE)
    response = await ask(mock, PAGES)
    assert response.body.startswith(b"\xef\xbb\xbf")
    envelope = msgspec.json.decode(response.body[3:])
    assert [entry["id"] for entry in envelope["data"]] == ["LOC2", "LOC1"]
    assert "timestamp" not in envelope
    assert response.headers["link"].startswith("</ocpi")


async def test_a_quirk_may_show_for_some_requests_only() -> None:
    mock = partner(Quirk.UNAVAILABLE.on("/sender/", skip=1, times=2), Quirk.CLIENT_ERROR.on(method="DELETE"))
    assert (await ask(mock, f"{BASE}/versions")).status == 200
    assert [(await ask(mock, PAGES)).status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert data(await ask(mock, f"{BASE}/2.2.1/credentials", "DELETE")) is None
    assert [request.method for request in mock.requests] == ["GET"] * 6 + ["DELETE"]
