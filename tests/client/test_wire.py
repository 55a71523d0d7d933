# SPDX-License-Identifier: AGPL-3.0-or-later
"""One call: its headers, when it is made again and when never, and how an answer is understood."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine

from tests.client.awkward import BASE, IDS, OURS, THEIRS, TOKEN, cls, connected, partner, receiver
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from wwcp_ocpi.client import Retries
from wwcp_ocpi.client.wire import Wire
from wwcp_ocpi.mock import Quirk
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import BadAnswer, Refused, Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret

SINCE_2_2_1 = ("2.2.1", "2.3.0")
NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
versions = pytest.mark.parametrize("version", ALL_VERSIONS)


async def ids(version: str, *quirks: Any, retries: Retries | None = None, **settings: Any) -> list[str]:
    made = partner(version, *quirks, page_size=50, **settings)
    peer = await connected(made, retries=retries or Retries())
    return [found.id async for found in peer.locations()]


@rule("TRN-02")
@rule("TRN-03")
@versions
async def test_a_list_is_asked_with_the_headers_of_its_version(version: str) -> None:
    made = partner(version)
    peer = await connected(made, ours=OURS, theirs=THEIRS)
    async for _ in peer.locations():
        break
    headers = dict(made.requests[-1].headers)
    raw = version == "2.1.1"
    tracked = [headers.pop(name, None) for name in ("x-request-id", "x-correlation-id")]
    assert headers == {
        "authorization": f"Token {TOKEN}" if raw else "Token dG9rZW4tYQ==",
        "accept": "application/json",
        **(
            {}
            if raw
            else {
                "ocpi-from-country-code": "NL",
                "ocpi-from-party-id": "EMP",
                "ocpi-to-country-code": "DE",
                "ocpi-to-party-id": "MCK",
            }
        ),
    }
    assert (tracked == [None, None]) is raw


@rule("TRN-52")
@rule("TRN-53")
@rule("TRN-54")
@pytest.mark.parametrize("version", SINCE_2_2_1)
async def test_every_request_has_ids_of_its_own(version: str) -> None:
    made = partner(version)
    peer = await connected(made)
    async for _ in peer.locations():
        pass
    for name in ("x-request-id", "x-correlation-id"):
        found = [str(uuid.UUID(request.headers[name])) for request in made.requests]
        assert len(set(found)) == len(made.requests) == 5


@rule("TRN-36")
@pytest.mark.parametrize("version", SINCE_2_2_1)
async def test_versions_and_credentials_are_not_routed(version: str) -> None:
    made = partner(version)
    peer = await connected(made, ours=OURS, theirs=THEIRS)
    await peer.credentials()
    assert not [name for request in made.requests for name in request.headers if name.startswith("ocpi-")]


@rule("TRN-09")
@versions
async def test_only_a_body_is_announced(version: str) -> None:
    made, _ = receiver(version)
    peer = await connected(made)
    await peer.patch(cls(version), {"name": "x"}, "LOC1", owner=OURS)
    kinds = [request.headers.get("content-type") for request in made.requests]
    assert kinds == [None, None, "application/json"]


@versions
async def test_a_busy_partner_is_asked_again_until_it_answers(version: str) -> None:
    for quirk in (Quirk.TOO_MANY_REQUESTS, Quirk.UNAVAILABLE, Quirk.RESET):
        assert await ids(version, quirk.on("/sender/", times=3)) == IDS
        with pytest.raises((Refused, Unreachable)):
            await ids(version, quirk.on("/sender/", times=4))


@versions
async def test_a_partner_that_says_no_is_not_asked_again(version: str) -> None:
    for quirk in (Quirk.HTML_ERROR, Quirk.CLIENT_ERROR, Quirk.TRUNCATED, Quirk.REDIRECT_OTHER_HOST):
        made = partner(version, quirk.on("/sender/"))
        peer = await connected(made)
        with pytest.raises((Refused, BadAnswer)):
            await anext(aiter(peer.locations()))
        assert len(made.requests) == 3


@rule("TRN-58")
@versions
@pytest.mark.parametrize("quirk", [Quirk.TOO_MANY_REQUESTS, Quirk.UNAVAILABLE, Quirk.RESET], ids=str)
async def test_what_changes_something_is_never_sent_twice(version: str, quirk: Quirk) -> None:
    made, _ = receiver(version, quirk.on("/receiver/"))
    peer = await connected(made)
    with pytest.raises((Refused, Unreachable)):
        await peer.put_bytes(cls(version), b"{}", "LOC1", owner=OURS)
    with pytest.raises((Refused, Unreachable)):
        await peer.patch(cls(version), {"name": "x"}, "LOC1", owner=OURS)
    assert [request.method for request in made.requests] == ["GET", "GET", "PUT", "PATCH"]


async def test_retry_after_in_seconds_is_waited_for(waits: list[float]) -> None:
    assert await ids("2.2.1", Quirk.TOO_MANY_REQUESTS.on("/sender/", times=2), retry_after_s=7) == IDS
    assert waits == [7.0, 7.0]


async def test_retry_after_as_a_date_is_waited_for(waits: list[float]) -> None:
    with time_machine.travel(NOW, tick=False):
        quirk = Quirk.TOO_MANY_REQUESTS_UNTIL.on("/sender/", times=1)
        assert await ids("2.2.1", quirk, retry_after_s=9, now=lambda: NOW) == IDS
        assert waits == [9.0]


async def test_retry_after_a_date_that_has_passed_is_at_once(waits: list[float]) -> None:
    with time_machine.travel(NOW, tick=False):
        quirk = Quirk.TOO_MANY_REQUESTS_UNTIL.on("/sender/", times=1)
        assert await ids("2.2.1", quirk, retry_after_s=-900, now=lambda: NOW) == IDS
        assert waits == [0.0]


async def test_no_partner_can_make_us_wait_longer_than_we_said(waits: list[float]) -> None:
    quirk = Quirk.TOO_MANY_REQUESTS.on("/sender/", times=1)
    assert await ids("2.2.1", quirk, retry_after_s=86400, retries=Retries(longest_wait_s=3)) == IDS
    assert waits == [3.0]


async def test_without_retry_after_each_wait_is_longer_than_the_last(waits: list[float]) -> None:
    assert await ids("2.2.1", Quirk.UNAVAILABLE.on("/sender/", times=3), retries=Retries(first_wait_s=2)) == IDS
    lowest = [2.0, 4.0, 5.0]
    assert [low <= wait <= low + 1 for low, wait in zip(lowest, waits, strict=True)] == [True] * 3


async def test_when_the_time_is_up_there_is_no_other_try(waits: list[float]) -> None:
    retries = Retries(total_s=1e-9)
    with pytest.raises(Refused, match="HTTP 503"):
        await ids("2.2.1", Quirk.UNAVAILABLE.on("/sender/", times=1), retries=retries)
    assert waits == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", [0.0]),
        (" 4 ", [4.0]),
        ("4, 4", [4.0]),
        ("9" * 400, [30.0]),
        ("Thu, 01 Jan 2026 12:00:05 GMT", [5.0]),
        ("Thu, 01 Jan 2026 12:00:05", [5.0]),
        ("Thu, 01 Jan 9999 12:00:05 GMT", [30.0]),
    ],
)
async def test_both_forms_of_retry_after_are_read(waits: list[float], text: str, expected: list[float]) -> None:
    with time_machine.travel(NOW, tick=False):
        await again_after(text)
    assert waits == expected


@pytest.mark.parametrize("text", ["", "soon", "²", "-1", "1.5", "32 Foo 2026", ",", "1 Jan 1 0:0 +9999"])
async def test_a_retry_after_that_is_neither_is_passed_over(waits: list[float], text: str) -> None:
    await again_after(text)
    assert len(waits) == 1
    assert 0.2 <= waits[0] <= 1.2


async def again_after(retry_after: str) -> None:
    answers = [
        Response(status=503, headers={"retry-after": retry_after}),
        Response(status=200, body=b'{"status_code": 1000}'),
    ]

    async def transport(request: Request) -> Response:
        return answers.pop(0)

    await wire(transport).send("GET", f"{BASE}/versions")
    assert answers == []


def wire(transport: Any) -> Wire:
    return Wire(transport, Secret(TOKEN), TokenForm.BASE64, retries=Retries())


async def answered(status: int, body: bytes) -> Any:
    async def transport(request: Request) -> Response:
        return Response(status=status, body=body)

    return await wire(transport).send("POST", f"{BASE}/versions?key=secret", b"{}")


@pytest.mark.parametrize(
    ("status", "body", "http_status", "ocpi_status", "message"),
    [
        (400, b'{"status_code": 2001, "status_message": "why"}', 400, 2001, "HTTP 400 2001 why"),
        (404, b"<html>", 404, 2000, "HTTP 404"),
        (500, b"", 500, 3000, "HTTP 500"),
        (302, b"", 302, 2000, "HTTP 302"),
        (200, b'{"status_code": 2003}', 200, 2003, "answered 2003"),
        (200, b'\xef\xbb\xbf{"status_code": 4001, "status_message": null}', 200, 4001, "answered 4001"),
        (503, b'{"status_code": 3000, "status_message": "later"}', 503, 3000, "HTTP 503 3000 later"),
    ],
)
async def test_a_refusal_carries_what_the_partner_said_and_never_the_query(
    status: int, body: bytes, http_status: int, ocpi_status: int, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        await answered(status, body)
    error = refused.value
    assert (error.http_status, error.ocpi_status) == (http_status, ocpi_status)
    assert str(error).endswith(message)
    assert str(error).startswith(f"POST {BASE}/versions: the partner answered")


@pytest.mark.parametrize("url", ["", "partner.example/x", "/x", "ftp://a/b", "http://", "http://[", "http://a:b/", 7])
async def test_a_url_that_cannot_be_called_is_never_called(url: object) -> None:
    async def transport(request: Request) -> Response:
        raise AssertionError("called")

    with pytest.raises(BadAnswer, match="expected an absolute http or https URL"):
        await wire(transport).send("GET", str(url))


async def test_no_error_shows_the_token() -> None:
    for status, body in ((401, b""), (500, b"x"), (200, b"")):
        with pytest.raises(Exception) as raised:  # noqa: PT011
            await answered(status, body)
        assert TOKEN not in repr(raised.value) + str(raised.value.__dict__)
