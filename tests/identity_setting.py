# SPDX-License-Identifier: AGPL-3.0-or-later
"""A platform with a partner that can be asked for passwords and certificates, made-up connections, and a clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.platforms import CPO, EMSP, MemoryNet, platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Demand, Partner, PartnerParty, Purpose
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface
from wwcp_ocpi.protocol.http import Channel, HeaderOf, PartnerTLS, Request, Response, Transport
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.carriers import Carrier, write_basic, write_header, write_scheme
from wwcp_ocpi.security.certificates import CertificateFacts, CertificateRefused
from wwcp_ocpi.security.totp import TOTP, configured

NOON = 1_790_000_010.0
"""A moment at the beginning of a slot of 30 seconds."""
TOKEN = Secret("partner-token")
OTHER = Secret("other-token")
STRANGER = PartyId("FR", "OTH")
SECRET = "a-shared-secret-of-the-partner"
TLS_1_3 = Channel(tls_version="TLSv1.3", exporter=b"1" * 32)
OTHER_CONNECTION = Channel(tls_version="TLSv1.3", exporter=b"2" * 32)
TLS_1_2 = Channel(tls_version="TLSv1.2")


class Clock:
    """Says the time that it is told."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class Noted:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.events: list[tuple[Reason, Mapping[str, str]]] = []

    def append(self, event: Event) -> None:
        fields = event._asdict()
        self.events.append((fields.pop("reason"), fields))

    @property
    def reasons(self) -> list[Reason]:
        return [reason for reason, _ in self.events]

    def taken(self) -> list[Reason]:
        """The reasons since the last time."""
        found, self.events = self.reasons, []
        return found


class Line:
    """A way out over connections of TLS: what goes through it carries their channel and its address."""

    def __init__(self, net: MemoryNet, channel: Channel | None = TLS_1_3, source: str = "") -> None:
        self.net = net
        self.channel = channel
        self.source = source

    async def __call__(self, request: Request) -> Response:
        return await self.net(replace(request, channel=self.channel, source=self.source))

    def outbound(self, *, tls: PartnerTLS | None = None, header_of: HeaderOf | None = None) -> Transport:
        async def send(request: Request) -> Response:
            late = header_of(self.channel, request) if header_of is not None else {}
            return await self(replace(request, headers={**request.headers, **late}))

        return send


class Certificates:
    """Reads certificates that are their facts in JSON, as `certificate` makes them."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def read(self, chain: tuple[bytes, ...], unix_s: float) -> CertificateFacts:
        facts = msgspec.json.decode(chain[0], type=CertificateFacts)
        if facts.spki in self.revoked:
            raise CertificateRefused("revoked")
        return facts

    def needed(self, row: Endpoint) -> str | None:
        if row.module == "versions":
            return None
        side = "SENDER" if row.interface is Interface.RECEIVER and row.method != "GET" else "RECEIVER"
        return f"{row.module.removesuffix('s').upper()}-{side}"


def certificate(spki: str = "aa", **facts: Any) -> Channel:
    """A connection on which this certificate was shown."""
    chain = (msgspec.json.encode(CertificateFacts(spki=spki, fingerprint=f"print-{spki}", **facts)),)
    return replace(TLS_1_3, peer_chain=chain)


def wire(unix_s: float) -> str:
    """A moment as a DateTime."""
    return DateTime.of(datetime.fromtimestamp(unix_s, UTC)).wire


def totp(secret: str = SECRET, **more: Any) -> TOTP:
    return configured(secret, **more)


class Setting:
    """A platform with a `partner` and a stranger `other`, both with a token, and requests in their names."""

    def __init__(self, made: Platform, role: str) -> None:
        self.made = made
        self.clock = Clock()
        self.audit = Noted()
        self.certificates = Certificates()
        made.server.identity.clock = self.clock
        made.server.identity.audit = self.audit
        made.registration.clock = self.clock
        self.send: Transport = made.server.handle
        """How requests get there: a call, unless a test puts a network in between."""
        self.theirs = "EMSP" if role == "CPO" else "CPO"

    async def demand(self, made: TOTP | None = None, **demand: Any) -> Partner:
        """Have the partner show passwords."""
        way = demand.pop("at_once", False)
        return await self.made.securing.expect_passwords("partner", made or totp(), Demand(**demand), at_once=way)

    async def change(self, id: str, **fields: Any) -> None:
        await self.made.book.change(id, lambda known: replace(known, **fields))

    async def change_token(self, id: str = "partner", **fields: Any) -> None:
        await self.made.book.change(
            id, lambda known: replace(known, access=tuple(replace(one, **fields) for one in known.access))
        )

    async def ask(
        self,
        path: str = "/ocpi/versions",
        *,
        method: str = "GET",
        password: str | None = None,
        bound: bool = False,
        token: Secret = TOKEN,
        headers: Mapping[str, str] | None = None,
        channel: Channel | None = TLS_1_3,
        source: str = "192.0.2.1",
        body: object = None,
    ) -> Response:
        sent = {"authorization": authorization(token, TokenForm.BASE64)}
        if password is not None:
            sent["totp"] = write_header(password, is_bound=bound)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if raw:
            sent["content-type"] = "application/json"
        request = Request(
            method=method, url=path, headers={**sent, **(headers or {})}, body=raw, source=source, channel=channel
        )
        return await self.send(request)

    async def status(self, path: str = "/ocpi/versions", **asked: Any) -> int:
        return (await self.ask(path, **asked)).status

    def now(self, made: TOTP | None = None, *, slots: int = 0, channel: Channel | None = None) -> str:
        """The password of now, or some slots away."""
        way = made or totp()
        exporter = channel.exporter if channel else None
        return way.password(way.slot_at(self.clock.at) + slots, exporter or b"")


def carried(carrier: Carrier, password: str, *, token: Secret = TOKEN, bound: bool = False) -> dict[str, str]:
    """The headers of a carrier."""
    if carrier is Carrier.HEADER:
        return {"totp": write_header(password, is_bound=bound)}
    if carrier is Carrier.BASIC:
        return {"authorization": write_basic(token.reveal(), password)}
    return {"authorization": write_scheme(token.reveal(), password, is_bound=bound)}


async def setting(role: str = "CPO", **settings: Any) -> Setting:
    """A platform in this role with its two partners, each in the other role."""
    ours, theirs = (CPO, EMSP) if role == "CPO" else (EMSP, CPO)
    made = platform(MemoryNet(), "here.example", ours, role, **settings)
    found = Setting(made, role)
    for id, token, party in (("partner", TOKEN, theirs), ("other", OTHER, STRANGER)):
        access = Access(hash=made.book._vault.hash_of(token.reveal()), purpose=Purpose.ACCESS)
        parties = (PartnerParty(id=party, role=found.theirs, name=id),)
        await found.change(id, access=(access,), parties=parties)
    return found
