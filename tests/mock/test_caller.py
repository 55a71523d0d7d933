# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.mock.asking import authorized
from wwcp_ocpi.mock import CallQuirk, MockCaller
from wwcp_ocpi.mock.caller import CALLS
from wwcp_ocpi.protocol.http import Request, Response

URL = "https://us.example/ocpi/2.2.1/receiver/tokens/NL/TNM/1?type=RFID"
JSON = {"content-type": "application/json"}
HONEST = Request(method="PUT", url=URL, headers={**authorized(), **JSON}, body=b'{"uid":1}')


async def bent(*quirks: CallQuirk, request: Request = HONEST) -> Request:
    got: list[Request] = []

    async def server(request: Request) -> Response:
        got.append(request)
        return Response(status=200)

    assert (await MockCaller(server, quirks)(request)).status == 200
    return got[0]


def test_every_quirk_of_a_caller_is_done() -> None:
    assert set(CALLS) == set(CallQuirk)


async def test_without_quirks_a_request_is_as_it_was() -> None:
    assert await bent() == HONEST


@pytest.mark.parametrize(
    ("quirk", "headers"),
    [
        (CallQuirk.TOKEN_RAW, {**authorized(raw=True), **JSON}),
        (CallQuirk.TOKEN_NEWLINE, {**authorized("token-a\n"), **JSON}),
        (CallQuirk.TOKEN_MISSING, JSON),
        (CallQuirk.SCHEME_LOWER, {"authorization": authorized()["authorization"].replace("T", "t", 1), **JSON}),
        (CallQuirk.CONTENT_TYPE_CHARSET, {**authorized(), "content-type": "application/json; charset=UTF-8"}),
        (CallQuirk.CONTENT_TYPE_WRONG, {**authorized(), "content-type": "text/plain"}),
        (CallQuirk.CONTENT_TYPE_MISSING, authorized()),
        (CallQuirk.HEADERS_UPPER, {"AUTHORIZATION": authorized()["authorization"], "CONTENT-TYPE": "application/json"}),
    ],
)
async def test_headers_are_bent(quirk: CallQuirk, headers: dict[str, str]) -> None:
    assert (await bent(quirk)).headers == headers


async def test_a_raw_token_is_sent_as_base64() -> None:
    request = Request(method="GET", url=URL, headers=authorized(raw=True))
    assert (await bent(CallQuirk.TOKEN_BASE64, request=request)).headers == authorized()


async def test_method_body_and_path_are_bent() -> None:
    assert (await bent(CallQuirk.METHOD_LOWER)).method == "put"
    assert (await bent(CallQuirk.BOM)).body == b'\xef\xbb\xbf{"uid":1}'
    assert (await bent(CallQuirk.TRUNCATED)).body == b'{"ui'
    assert (await bent(CallQuirk.TRAILING_SLASH)).url.endswith("/NL/TNM/1/?type=RFID")
    assert (await bent(CallQuirk.DOUBLE_SLASH)).url.endswith("/NL/TNM//1?type=RFID")
