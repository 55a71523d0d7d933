# SPDX-License-Identifier: AGPL-3.0-or-later
"""A roaming network behind the real HTTP server on loopback, with clients of every right, and a way to ask it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from tests.net.serving import DEADLINE_S
from tests.wwcp.making import FIRST, SECOND, evse, operator, pool, station
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.audit import Event
from wwcp_ocpi.security.outbound import OutboundPolicy
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.wwcp.http.clients import ClientBook
from wwcp_ocpi.wwcp.http.events import Readers
from wwcp_ocpi.wwcp.http.face import Face
from wwcp_ocpi.wwcp.http.identity import Identity
from wwcp_ocpi.wwcp.http.keeping import Uploads
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.http.routes import METHODS
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.core import RoamingOptions
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

RN = "/wwcp/RNs/test"
EVSE_PATH = f"{RN}/EVSEs/DE*GEF*E1*A*1"
CLIENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "all": (("*",), ("*",)),
    "gef": (("DE*GEF",), ()),
    "other": (("NL*OTH",), ()),
    "gdf": ((), ("DE-GDF",)),
    "gd2": ((), ("DE-GD2",)),
    "two": ((), ("DE-GDF", "DE-GD2")),
}
"""Operators and providers of each client."""
PATIENT = RoamingOptions(auth_timeout_s=DEADLINE_S, verb_timeout_s=DEADLINE_S)


class Noted:
    """Keeps security events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, event: Event) -> None:
        self.events.append(event)

    @property
    def codes(self) -> list[str]:
        return [event.reason.code for event in self.events]


def small_network() -> RoamingNetworkData:
    """One operator with one pool, one station and two EVSEs."""
    return RoamingNetworkData(
        id="test", charging_station_operators=[operator(charging_pools=[pool(station(evse(), evse(SECOND)))])]
    )


class Node:
    """One node: its network, its API, its port."""

    def __init__(
        self,
        data: RoamingNetworkData | None = None,
        *,
        store: MemoryStore | None = None,
        anonymous: bool = False,
        limits: ServerLimits | None = None,
        readers: Readers | None = None,
        options: RoamingOptions = PATIENT,
    ) -> None:
        self.store = store or MemoryStore()
        self.network = RoamingNetwork(LiveNetwork(data or small_network()), self.store, options)
        self.audit = Noted()
        self.book = ClientBook(self.store, Vault(b"k" * 32))
        self.identity = Identity(self.book, audit=self.audit, anonymous=anonymous)
        self.uploads = Uploads(self.store, self.network.id)
        self.tokens: dict[str, Secret] = {}
        self._limits = limits or ServerLimits(drain_s=1)
        self._readers = readers
        self.transport = HTTPTransport(
            ClientLimits(total_s=DEADLINE_S),
            allow=(policy := OutboundPolicy(allow_http=True, allow_private=True)).check_url,
            allow_address=policy.check_address,
        )
        self.face: Face
        self.http: HTTPServer

    async def start(self) -> Self:
        await self.book.load()
        for id, (operators, providers) in CLIENTS.items():
            self.tokens[id] = await self.book.add(id, operators, providers)
        await self.uploads.resume(self.network.places)
        await self.network.resume()
        self.face = Face(self.network, self.identity, self.uploads, self._readers)
        self.http = HTTPServer(asgi_app(self.face.handle, self._limits), self._limits, methods=METHODS)
        await self.http.start()
        return self

    async def stop(self) -> None:
        self.face.close()
        await self.http.stop()
        await self.transport.close()
        await self.uploads.settle()

    @property
    def url(self) -> str:
        return f"{self.http.base_url}/wwcp"

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        client: str | None = "all",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request over the socket. `path` begins at the root; `>` and blanks in it are sent encoded."""
        sent = {} if client is None else {"authorization": f"Bearer {self.tokens[client].reveal()}"}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if raw:
            sent["content-type"] = "application/json"
        url = f"{self.http.base_url}{path.replace('>', '%3E').replace(' ', '%20')}"
        return await self.transport(Request(method=method, url=url, headers={**sent, **(headers or {})}, body=raw))

    async def read(self, path: str, *, client: str | None = "all") -> Any:
        """What a GET finds."""
        response = await self.ask("GET", path, client=client)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def remote(self, node: Node, client: str = "all", **options: Any) -> RemoteNode:
        """Another node as it takes part here."""
        return RemoteNode(node.url, node.network.id, self.transport, node.tokens[client], **options)


@asynccontextmanager
async def node(data: RoamingNetworkData | None = None, **options: Any) -> AsyncIterator[Node]:
    """A node that runs."""
    made = await Node(data, **options).start()
    try:
        yield made
    finally:
        await made.stop()


def said(response: Response) -> Any:
    """The JSON of an answer."""
    return json.loads(response.body)


__all__ = ["FIRST", "Node", "node", "said", "small_network"]
