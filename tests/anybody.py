# SPDX-License-Identifier: AGPL-3.0-or-later
"""A platform with open data, and whoever comes without a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.objects import location, tariff
from tests.platforms import CPO, EMSP, Caller, envelope_of
from tests.server.test_modules import _registered, own, served
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.http import Request, Response, Transport
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId

SOURCE = "192.0.2.7"
HERE = "https://here.example"
PARTNERS_TARIFF = "FOR-EMP"


class Anybody:
    """Asks one platform without a token."""

    def __init__(self, made: Platform, source: str = SOURCE) -> None:
        self.made = made
        self.source = source
        self.send: Transport = made.server.handle
        """How requests get there: a call, unless a test puts a network in between."""

    async def __call__(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        return await self.send(
            Request(method=method, url=path, headers=dict(headers or {}), body=body, source=self.source)
        )

    async def ids(self, path: str) -> list[str]:
        """The ids on a page."""
        response = await self(path)
        assert response.status == 200, response.body
        return [one["id"] for one in envelope_of(response)["data"]]

    async def crawl(self, path: str) -> tuple[list[list[str]], list[Response]]:
        """All pages by their links, and the responses."""
        pages, responses = [], []
        at: str | None = path
        while at is not None:
            response = await self(at)
            assert response.status == 200, response.body
            pages.append([one["id"] for one in envelope_of(response)["data"]])
            responses.append(response)
            url = read_next(response.headers.get("link"), HERE + at)
            at = url and url.removeprefix(HERE)
        return pages, responses


async def publish(
    made: Platform, version: str, kind: str, *bodies: dict[str, Any], owner: PartyId = CPO, **more: Any
) -> None:
    things = [own(body, owner, **more) for body in bodies]
    for outcome in await made.publisher.publish(VERSIONS[version], kind, things):
        assert not isinstance(outcome, Exception), outcome


async def open_cpo(version: str, **settings: Any) -> tuple[Platform, Anybody, Caller]:
    """A CPO whose data are open, with nothing in it, and a partner of it."""
    asked = {"open_locations": True, "open_tariffs": True, **settings}
    made, (call,) = await served("CPO", ("emsp", EMSP, "EMSP"), **asked)
    await made.book.change("emsp", _registered)
    return made, Anybody(made), call


def unpublished(version: str, id: str, **more: Any) -> dict[str, Any]:
    """A Location that is not to be shown to the public, in a version that can say so."""
    return location(version, id, publish=False, **more)


async def filled(version: str, **settings: Any) -> tuple[Platform, Anybody, Caller]:
    """The same with objects that are for everybody, and some that are not."""
    made, nobody, call = await open_cpo(version, **settings)
    await publish(made, "2.3.0", "locations", location("2.3.0", "OPEN1", postal_code="07749"))
    await publish(made, "2.3.0", "locations", unpublished("2.3.0", "HIDDEN", postal_code="07749"))
    await publish(made, "2.3.0", "locations", location("2.3.0", "OPEN2", postal_code="07749"))
    await publish(made, "2.3.0", "tariffs", tariff("2.3.0", "T1"))
    await publish(made, "2.3.0", "tariffs", tariff("2.3.0", PARTNERS_TARIFF), concerns=EMSP)
    return made, nobody, call


def data_of(response: Response) -> Any:
    assert response.status == 200, response.body
    return json.loads(response.body)["data"]
