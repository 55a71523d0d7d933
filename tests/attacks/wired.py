# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network between the settings of the other tests and whoever calls: HTTP on loopback, or TLS 1.3 with a PKI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.identity_setting import TOKEN, Setting, setting, totp
from tests.net.serving import serving
from tests.net.tls_setting import serving_tls
from tests.platforms import EMSP
from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.gateway.config import Config, PKISection, ServerSection
from wwcp_ocpi.gateway.trusting import certificate_reader
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.tls.settings import ClientTLS, ServerTLS
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.http import Channel, Request, Response
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security.pki.folder import Folder, Settings
from wwcp_ocpi.security.pki.issuing import Policy
from wwcp_ocpi.security.pki.keys import KeyType
from wwcp_ocpi.security.pki.leaves import Leaf, make_leaf
from wwcp_ocpi.security.pki.oids import DEFAULT_ARC
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment
from wwcp_ocpi.security.pki.permissions import ALL
from wwcp_ocpi.security.pki.requests import Purpose, Wish
from wwcp_ocpi.security.pki.revocation import Revocation
from wwcp_ocpi.security.totp import TOTP

DEADLINE_S = 20
VERSIONS_PATH = "/ocpi/versions"
TEST, STAGING = Environment.TEST, Environment.STAGING


@asynccontextmanager
async def over_http(made: Setting, limits: ServerLimits | None = None) -> AsyncIterator[Setting]:
    """The same setting, whose requests go over HTTP from now on."""
    handle = made.made.server.handle
    async with serving(handle, limits) as server, HTTPTransport() as transport, asyncio.timeout(DEADLINE_S):

        async def send(request: Request) -> Response:
            return await transport(replace(request, url=server.base_url + request.url))

        made.send = send
        yield made


class Authority:
    """A PKI for the environment `test`, and what it is talked into."""

    def __init__(self, folder: Path, at: datetime | None = None) -> None:
        self.now = datetime.now(UTC)
        settings = Settings(environment=TEST, arc=DEFAULT_ARC, name="Attacked")
        self.pki = Folder.create(folder, settings, KeyType.P256, at or self.now)

    @property
    def trust(self) -> str:
        return str(self.pki.path / "trust.pem")

    @property
    def revocations(self) -> str:
        return str(self.pki.path / "crls.pem")

    def server(self) -> Leaf:
        policy = Policy(purpose=Purpose.SERVER, environment=TEST, hosts=frozenset({"127.0.0.1"}))
        return make_leaf(self.pki, Wish(name="server"), policy, KeyType.P256, self.now)

    def client(
        self, name: str, party: PartyId = EMSP, environment: Environment = TEST, at: datetime | None = None
    ) -> Leaf:
        """The certificate of an eMSP."""
        policy = Policy(
            purpose=Purpose.CLIENT,
            environment=environment,
            parties=frozenset({CertifiedParty("EMSP", party)}),
            permissions=ALL,
            longest=timedelta(days=30),
        )
        return make_leaf(self.pki, Wish(name=name), policy, KeyType.P256, at or self.now)

    def revoke(self, leaf: Leaf) -> None:
        self.pki.revoke(leaf.certificate, Revocation(serial=f"{leaf.certificate.serial_number:x}", at=self.now))
        self.pki.write_lists(self.now)


class Wired:
    """A platform behind TLS, all that it was asked, and lines to it: a line keeps its one connection."""

    def __init__(self, made: Setting, url: str, trust: str) -> None:
        self.made = made
        self.url = url
        self.asked: list[Request] = []
        self.trust = trust
        """File with the authority of the server."""
        self._lines: list[HTTPTransport] = []

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def line(self, certificate: Leaf | tuple[str, str] | None = None) -> HTTPTransport:
        """A new connection, on which this certificate is shown."""
        chain, key = (certificate.chain, certificate.key) if isinstance(certificate, Leaf) else certificate or ("", "")
        tls = ClientTLS(authorities=self.trust, certificate=str(chain) or None, key=str(key) or None)
        self._lines.append(HTTPTransport(tls=tls))
        return self._lines[-1]

    async def ask(
        self,
        line: HTTPTransport,
        password: TOTP | None = None,
        *,
        bound: bool = True,
        token: Secret = TOKEN,
        path: str = VERSIONS_PATH,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> int:
        """The status of a request with this token, and with the password of now if there is a way to make one."""
        sent = {"authorization": authorization(token, TokenForm.BASE64)} if headers is None else dict(headers)
        request = Request(method="GET", url=self.url + path, headers=sent)
        if password is None:
            return (await line(request)).status
        passwords = Passwords(totp=password, is_bound=bound, clock=clock or self.made.clock)

        def header_of(channel: Channel | None, _: Request) -> Mapping[str, str]:
            return passwords.headers(token, channel)

        return (await line.outbound(header_of=header_of)(request)).status

    async def captured(self, line: HTTPTransport, *, bound: bool, password: TOTP | None = None) -> dict[str, str]:
        """The partner asks and is answered; the headers as they came."""
        assert await self.ask(line, password or totp(), bound=bound) == 200
        return {name: self.asked[-1].headers[name] for name in ("authorization", "totp")}

    async def close(self) -> None:
        for line in self._lines:
            await line.close()


@asynccontextmanager
async def wired(
    authority: Authority, *, environment: Environment = TEST, least: str = "1.3", **tls: Any
) -> AsyncIterator[Wired]:
    """The platform of a CPO on TLS; `tls` are further fields of its ServerTLS."""
    made = await setting()
    made.clock.at = time.time()
    wire = Wired(made, "", authority.trust)

    async def handler(request: Request) -> Response:
        wire.asked.append(request)
        return await made.made.server.handle(request)

    leaf = authority.server()
    server_tls = ServerTLS(certificate=str(leaf.chain), key=str(leaf.key), least=least, **tls)  # type: ignore[arg-type]
    section = ServerSection(client_ca=server_tls.client_ca or "", crl=server_tls.crl or "")
    config = Config(server=section, pki=PKISection(environment=environment.value))
    made.made.server.identity.certificates = certificate_reader(config)
    async with asyncio.timeout(DEADLINE_S), serving_tls(server_tls, handler) as server:
        wire.url = f"https://127.0.0.1:{server.port}"
        try:
            yield wire
        finally:
            await wire.close()
