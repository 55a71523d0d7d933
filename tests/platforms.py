# SPDX-License-Identifier: AGPL-3.0-or-later
"""Platforms that talk in memory: the same rooms as in production, without a socket or a sleep."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response, Transport
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server import OwnParty, ServerSettings
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Store

ALL_VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
CPO = PartyId("DE", "GEF")
EMSP = PartyId("NL", "EMP")
PTP = PartyId("AT", "PTP")
HUB = PartyId("BE", "HUB")


class MemoryNet:
    """A network of handlers by host name. Hosts in `down` do not answer."""

    def __init__(self) -> None:
        self.hosts: dict[str, Callable[[Request], Awaitable[Response]]] = {}
        self.down: set[str] = set()
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        self.requests.append(request)
        if host in self.down or host not in self.hosts:
            raise Unreachable(f"{host}: connection refused")
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return await self.hosts[host](replace(request, url=path))


def platform(
    net: MemoryNet,
    host: str,
    party: PartyId,
    role: str,
    *,
    versions: tuple[str, ...] = ALL_VERSIONS,
    store: Store | None = None,
    vault: Vault | None = None,
    more: tuple[OwnParty, ...] = (),
    way_out: Transport | None = None,
    **settings: Any,
) -> Platform:
    """A platform on `https://{host}`, reachable through the net, which is its way out too unless it has its own."""
    made = Platform(
        ServerSettings(
            base_url=f"https://{host}",
            parties=(OwnParty(id=party, role=role, name=host), *more),
            versions=versions,
            **settings,
        ),
        store or MemoryStore(),
        vault or Vault(b"k" * 32),
        way_out or net,
    )
    net.hosts[host] = made.server.handle
    return made


async def register(asked: Platform, asking: Platform, versions: tuple[str, ...] | None = None) -> Partner:
    """`asking` joins `asked`, each under the other's host name."""
    here, there = _host(asked), _host(asking)
    token = await asked.registration.invite(there)
    return await asking.registration.join(here, asked.settings.versions_url, token, versions=versions)


def _host(platform: Platform) -> str:
    return urlsplit(platform.settings.base_url).hostname or ""


class Caller:
    """Sends requests to one platform with one token, and reads what comes back."""

    def __init__(self, platform: Platform, token: Secret, form: TokenForm = TokenForm.BASE64) -> None:
        self.platform = platform
        self.token = token
        self.form = form

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"authorization": authorization(self.token, self.form)}
        if raw:
            sent["content-type"] = "application/json"
        return await self.platform.server.handle(
            Request(method=method, url=path, headers={**sent, **(headers or {})}, body=raw)
        )


def envelope_of(response: Response) -> dict[str, Any]:
    """The envelope without its timestamp, which is another at every call."""
    found = json.loads(response.body)
    assert found.pop("timestamp").endswith("Z")
    return dict(found)
