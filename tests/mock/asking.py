# SPDX-License-Identifier: AGPL-3.0-or-later
"""A platform with a few Locations, and how the tests ask it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from wwcp_ocpi.mock import MockPartner, Platform, Quirk, Rule
from wwcp_ocpi.protocol.http import Request, Response, Transport

LOCATIONS = [
    {
        "id": f"LOC{number}",
        "last_updated": f"2024-01-0{number}T00:00:00Z",
        "evses": [{"uid": f"E{number}", "connectors": [{"id": "1"}]}],
    }
    for number in range(1, 6)
]
IDS = [entry["id"] for entry in LOCATIONS]
BASE = "https://partner.example/ocpi"
PAGES = f"{BASE}/2.2.1/sender/locations"


def platform(*, page_size: int = 2, receives: tuple[str, ...] = (), versions: tuple[str, ...] = ("2.2.1",)) -> Platform:
    return Platform({version: {"locations": LOCATIONS} for version in versions}, page_size=page_size, receives=receives)


def partner(*quirks: Quirk | Rule, **settings: Any) -> MockPartner:
    return MockPartner(platform(**settings), quirks)


def authorized(token: str = "token-a", *, raw: bool = False) -> dict[str, str]:
    return {"authorization": f"Token {token if raw else base64.b64encode(token.encode()).decode()}"}


async def ask(
    transport: Transport,
    url: str,
    method: str = "GET",
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Response:
    encoded = b"" if body is None else msgspec.json.encode(body)
    return await transport(
        Request(method=method, url=url, headers=authorized() if headers is None else headers, body=encoded)
    )


def data(response: Response) -> Any:
    return msgspec.json.decode(response.body).get("data")


def ids(response: Response) -> list[object]:
    return [entry["id"] for entry in data(response)]


def links(responses: Iterable[Response]) -> list[str | None]:
    return [response.headers.get("link") for response in responses]
