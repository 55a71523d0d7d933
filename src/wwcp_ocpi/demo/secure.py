# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job as nobody else can take part in it: TLS 1.3, certificates on both sides, bound passwords.

Everything is made on the spot by `pki`, in the folder of the demo. Then the same request is tried again by those who
know more and more of it, and each of them is shown the door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from wwcp_ocpi.client.wire import Wire
from wwcp_ocpi.demo.main_job import PROVIDER, Demo
from wwcp_ocpi.demo.networks import DemoNetwork
from wwcp_ocpi.demo.steps import Failed, Steps
from wwcp_ocpi.gateway.auditing import audit_folder
from wwcp_ocpi.gateway.config import Config, OutboundSection, PKISection
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.tls.settings import ClientTLS
from wwcp_ocpi.partners.securing import Demand, new_secret
from wwcp_ocpi.protocol.credentials_token import authorization
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import AUTHORIZATION, Channel, HeaderOf, Request, Transport
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.audit_log import latest
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.outbound import OutboundPolicy
from wwcp_ocpi.security.pki.folder import Folder, Settings
from wwcp_ocpi.security.pki.issuing import Policy
from wwcp_ocpi.security.pki.keys import KeyType
from wwcp_ocpi.security.pki.leaves import Leaf, make_leaf
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment
from wwcp_ocpi.security.pki.permissions import ALL
from wwcp_ocpi.security.pki.requests import Purpose, Wish
from wwcp_ocpi.security.totp import configured

HOST = "127.0.0.1"
STRANGER = PartyId("NL", "EVE")
"""A member of the same PKI, with a good certificate of its own, who listens."""


class Password(Enum):
    """Which one-time password a thief can show."""

    NONE = "none"
    CAPTURED = "captured"
    FRESH = "fresh"


class Thief(NamedTuple):
    """Who has what, and what the gateway must write down about it. `reason` None: the handshake already fails."""

    has: str
    certificate: Leaf | None
    password: Password
    reason: Reason | None


class Secure(Demo):
    """Two gateways, from start to stop, each with everything on that a partner can be asked for."""

    def __init__(self, network: DemoNetwork, folder: Path, say: Callable[[str], None]) -> None:
        super().__init__(network, folder, say)
        at = datetime.now(UTC)
        settings = Settings(environment=Environment.TEST, arc=PKISection().arc, name="Demo")
        self._pki = Folder.create(folder / "pki", settings, KeyType.P256, at)
        operators = frozenset(CertifiedParty("CPO", party) for party in network.parties)
        provider = CertifiedParty("EMSP", PROVIDER)
        self.clients = {
            "A": self._client("A", operators, at),
            "B": self._client("B", frozenset({provider}), at),
            "E": self._client("E", frozenset({CertifiedParty("EMSP", STRANGER)}), at),
        }
        policy = Policy(purpose=Purpose.SERVER, environment=Environment.TEST, hosts=frozenset({HOST}))
        self._servers = {
            name: make_leaf(self._pki, Wish(name=f"server-{name}"), policy, KeyType.P256, at) for name in "AB"
        }

    def _client(self, name: str, parties: frozenset[CertifiedParty], at: datetime) -> Leaf:
        policy = Policy(purpose=Purpose.CLIENT, environment=Environment.TEST, parties=parties, permissions=ALL)
        return make_leaf(self._pki, Wish(name=f"client-{name}"), policy, KeyType.P256, at)

    def _secured(self, name: str, config: Config) -> Config:
        server, client = self._servers[name], self.clients[name]
        trusted = str(self._pki.path / "trust.pem")
        return replace(
            config,
            server=replace(
                config.server,
                certificate=str(server.chain),
                key=str(server.key),
                tls_min="1.3",
                client_certificates="required",
                client_ca=trusted,
                crl=str(self._pki.path / "crls.pem"),
            ),
            outbound=OutboundSection(
                allow_private=True, authorities=trusted, certificate=str(client.chain), key=str(client.key)
            ),
            pki=PKISection(environment=Environment.TEST.value),
        )

    def _steps(self) -> Steps:
        steps = super()._steps()
        yield next(steps)
        yield "each asks the other for a certificate and bound passwords", self._demand
        yield from steps
        yield "who has stolen the token, the password and the request gets nothing", self._steal

    async def _demand(self) -> tuple[int, str]:
        """One setting a partner, before they know each other: the handshake is protected as well."""
        a, b = self.gateways["A"].platform, self.gateways["B"].platform
        await a.book.change("B", lambda known: known)
        await b.book.change("A", lambda known: known)
        for asking, asked, there, here in ((a, b, "B", "A"), (b, a, "A", "B")):
            secret = configured(new_secret())
            await asking.securing.expect_passwords(there, secret, Demand(must_bind=True))
            await asked.securing.show_passwords(here, secret, is_bound=True)
            rule = CertificateRule(environment=Environment.TEST.value, parties=True, permissions=True)
            await asking.securing.expect_certificate(there, rule)
        return 2, "TLS 1.3, client certificates with parties and permissions, TOTP bound to the connection"

    async def _steal(self) -> tuple[int, str]:
        """B asks A once more while E listens; then E asks, with what it has got."""
        wire = self.gateways["B"].platform.peer("A").wire
        captured = await self._captured(wire)
        own, stolen = self.clients["E"], self.clients["B"]
        thieves = (
            Thief("the token, the password and the request", None, Password.CAPTURED, None),
            Thief("the same, and a certificate of its own", own, Password.CAPTURED, Reason.INVALID_TOTP),
            Thief("the token, and B's certificate with its key", stolen, Password.NONE, Reason.MISSING_TOTP),
            Thief("token, password, request, B's certificate, its key", stolen, Password.CAPTURED, Reason.INVALID_TOTP),
            Thief("even the secret of the passwords", own, Password.FRESH, Reason.WRONG_CERTIFICATE),
        )
        for thief in thieves:
            await self._turned_away(thief, captured, wire.header_of)
        return len(thieves), "a 401, or not even a handshake"

    async def _captured(self, wire: Wire) -> Request:
        """A request of B as it stood on the wire, which A answered."""
        seen: dict[str, str] = {}

        def overheard(channel: Channel | None, request: Request) -> Mapping[str, str]:
            headers = wire.header_of(channel, request)
            seen.update(headers)
            return headers

        request = Request(
            method="GET",
            url=self.gateways["A"].versions_url,
            headers={AUTHORIZATION: authorization(wire.token, wire.form)},
        )
        async with self._outside(self.clients["B"]) as transport:
            response = await transport.outbound(header_of=overheard)(request)
        if response.status != 200 or not seen:
            raise Failed(f"expected A to answer B, got HTTP {response.status}")
        return replace(request, headers={**request.headers, **seen})

    async def _turned_away(self, thief: Thief, captured: Request, fresh: HeaderOf) -> None:
        kept = {AUTHORIZATION: captured.headers[AUTHORIZATION]}
        if thief.password is Password.CAPTURED:
            kept = dict(captured.headers)
        async with self._outside(thief.certificate) as transport:
            way = transport.outbound(header_of=fresh if thief.password is Password.FRESH else None)
            status = await _status(way, replace(captured, headers=kept))
        expected = None if thief.reason is None else 401
        if status != expected:
            raise Failed(f"expected {expected or 'no answer'} for who has {thief.has}, got {status}")
        came = (
            "no handshake" if thief.reason is None else f"HTTP {status}, in the audit log {self._noted(thief.reason)}"
        )
        self._say(f"         E with {thief.has}: {came}")

    def _noted(self, reason: Reason) -> str:
        """What A wrote down of it."""
        gateway = self.gateways["A"]
        gateway.audit.flush()
        (last,) = latest(audit_folder(gateway.config), 1, lambda record: record.event == reason.code)
        return f"{last.event} of {last.partner}"

    def _outside(self, certificate: Leaf | None) -> HTTPTransport:
        """A client that nothing of the gateways goes through."""
        tls = ClientTLS(
            authorities=str(self._pki.path / "trust.pem"),
            certificate=str(certificate.chain) if certificate else None,
            key=str(certificate.key) if certificate else None,
        )
        policy = OutboundPolicy(allow_private=True)
        return HTTPTransport(allow=policy.check_url, allow_address=policy.check_address, tls=tls)


async def _status(transport: Transport, request: Request) -> int | None:
    """What comes back; None where there is no connection."""
    try:
        return (await transport(request)).status
    except Unreachable:
        return None
