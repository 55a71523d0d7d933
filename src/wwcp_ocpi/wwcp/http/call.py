# SPDX-License-Identifier: AGPL-3.0-or-later
"""One request on its way to a handler: what was asked, by whom, about which network; and how answers look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, WrongContentType
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.wwcp.http.clients import Client, ClientBook
from wwcp_ocpi.wwcp.http.query import Query
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.jsonld.documents import encode
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

if TYPE_CHECKING:
    from wwcp_ocpi.wwcp.http.events import Readers
    from wwcp_ocpi.wwcp.http.keeping import Uploads
    from wwcp_ocpi.wwcp.http.shown import Shown

_I = TypeVar("_I", bound=Id)
_T = TypeVar("_T")

JSON_UTF8 = "application/json; charset=utf-8"
EXPECTED_TOTAL = "x-expectedtotalnumberofitems"
SLICE_S = 0.005
"""How long a handler works before others have their turn."""


class Call(NamedTuple):
    """What a handler gets. `client` is None for somebody unknown who reads what is public."""

    request: Request
    network: RoamingNetwork
    shown: Shown
    uploads: Uploads
    readers: Readers
    client: Client | None
    book: ClientBook
    params: Mapping[str, str]
    query: Query

    @property
    def places(self) -> LiveNetwork:
        """Operators, pools, EVSEs and their states."""
        return self.network.places

    @property
    def is_public(self) -> bool:
        """Whether only what everybody may see is shown."""
        return self.client is None

    @property
    def is_welcome(self) -> bool:
        """Whether the client is what it was when it came: one that was blocked meanwhile hears no more."""
        return self.client is None or self.book.get(self.client.id) == self.client

    def id(self, name: str, kind: type[_I]) -> _I:
        """An id in the path.

        Raises:
            InvalidParameters: it is none.
        """
        try:
            return kind.parse(self.params[name])
        except ValueError as error:
            raise InvalidParameters(f"path: {error}") from error

    def acts_for(self, *parties: ChargingStationOperatorId | EMobilityProviderId | None) -> bool:
        """Whether the client may speak for one of these; who may for all may for nobody in particular, too."""
        client = self.client
        if client is None:
            return False
        if not any(parties):
            return client.acts_for(None)
        return any(client.acts_for(party) for party in parties if party is not None)

    def require(self, party: ChargingStationOperatorId | EMobilityProviderId) -> None:
        """Refuse what is not for this client to say.

        Raises:
            NotAllowed: it does not act for that operator or provider.
        """
        if not self.acts_for(party):
            raise NotAllowed(f"this client does not act for {party}")

    def require_every_operator(self) -> None:
        """Refuse what names no operator, unless the client may speak for all. Raises NotAllowed."""
        if self.client is None or not self.client.is_every_operator:
            raise NotAllowed("expected an operator that this client acts for, got none")

    def json(self) -> Any:
        """The body as plain JSON, numbers with their digits.

        Raises:
            WrongContentType, MalformedBody, TooLarge.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise WrongContentType(f"content-type: expected application/json, got {kind[:80]!r}")
        return codec.read_json(self.request.body)


def answer(value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(status=status, headers={"content-type": JSON_UTF8, **(headers or {})}, body=encode(value))


def nothing(status: int = HTTPStatus.NO_CONTENT, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(status=status, headers=dict(headers or {}))


async def in_slices(items: Iterable[_T]) -> AsyncIterator[_T]:
    """The same items; now and then others have their turn. `items` must not mind what changes meanwhile."""
    until = time.perf_counter() + SLICE_S
    for item in items:
        yield item
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + SLICE_S
