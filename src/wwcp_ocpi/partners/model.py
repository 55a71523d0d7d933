# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner as it is remembered: its tokens towards us, and what we know of its platform."""

from __future__ import annotations

from enum import Enum

import msgspec

from wwcp_ocpi.client.peer import RemoteEndpoint
from wwcp_ocpi.partners.calling import Hosts, TLSTo
from wwcp_ocpi.partners.passwords import PasswordsFrom, PasswordsTo
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.certificates import CertificateRule


class Purpose(Enum):
    """What a credentials token of a partner opens."""

    INVITATION = "invitation"
    """TOKEN_A: versions and credentials, until it was used to register (CRD-03, CRD-06)."""
    HANDSHAKE = "handshake"
    """TOKEN_B while our own registration is under way: the partner reads our versions with it."""
    ACCESS = "access"
    """Everything that the role allows."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One credentials token that the partner may show us, as a keyed hash.

    `roles` bind it: it stands for the partner in these roles only; empty means all of the partner's roles.
    `replaces` are hashes of older tokens that die when this one is first used (decision 51). It is good from
    `not_before` on and until `not_after`, both DateTimes; empty: always. What is None is as the partner has it.
    """

    hash: str
    purpose: Purpose
    form: TokenForm = TokenForm.EITHER
    roles: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    created: str = ""
    blocked: bool = False
    not_before: str = ""
    not_after: str = ""
    totp_from: PasswordsFrom | None = None
    certificate: CertificateRule | None = None

    @property
    def id(self) -> str:
        """What people and logs call the token; it says nothing of it."""
        return self.hash[:12]


class PartnerParty(msgspec.Struct, frozen=True, kw_only=True):
    """One party of the partner's platform. 2.1.1 does not tell the role; then it is what we are not."""

    id: PartyId
    role: str | None
    name: str


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to call the partner. `token` is sealed."""

    versions_url: str
    token: str
    form: TokenForm
    version: str
    endpoints: tuple[RemoteEndpoint, ...]


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner. Registered means: `remote` is known and one of its tokens is for ACCESS."""

    id: str
    name: str = ""
    blocked: bool = False
    access: tuple[Access, ...] = ()
    parties: tuple[PartnerParty, ...] = ()
    hub: PartyId | None = None
    remote: Remote | None = None
    accepts_older: bool = False
    push: bool = True
    """Whether it hears of changes; if not, it pulls."""
    patch_as_put: bool = False
    """Whether it cannot take PATCH, and is given by PUT the whole of what changed."""
    status_post: bool = False
    """Whether it takes the status of an EVSE by the POST that is an extension."""
    totp_from: PasswordsFrom | None = None
    """The one-time passwords that it must show us, with every token that has none of its own."""
    totp_to: PasswordsTo | None = None
    """The one-time passwords that we show it."""
    certificate: CertificateRule | None = None
    """The client certificate that it must show us, with every token that has no rule of its own."""
    tls_to: TLSTo | None = None
    """The certificate that we show it, and who vouches for its server; None: as with everybody."""
    hosts: Hosts = Hosts()
    """Where it may be called, beside the hosts of the URLs that it registered."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs that it registered."""
        remote = self.remote
        return (remote.versions_url, *(one.url for one in remote.endpoints)) if remote is not None else ()

    @property
    def is_registered(self) -> bool:
        """Whether the credentials handshake was completed and not ended since."""
        return self.remote is not None

    @property
    def party_ids(self) -> frozenset[PartyId]:
        """The parties of the partner's platform."""
        return frozenset(party.id for party in self.parties)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the partner's parties, as far as they are known; HUB for a platform that is one.

        Where a version has one party and no word for a hub, the hub stands before us in the role of that party.
        """
        known = frozenset(party.role for party in self.parties if party.role)
        version = VERSIONS.get(self.remote.version) if self.remote is not None else None
        stands_in = known and version is not None and not version.facts.routed
        return known if self.hub is None or stands_in else known | {"HUB"}

    @property
    def played(self) -> tuple[tuple[PartyId, str | None], ...]:
        """Which party plays which role."""
        return tuple((party.id, party.role) for party in self.parties)

    def state(self) -> str:
        """In one word, for people."""
        if self.blocked:
            return "blocked"
        if self.is_registered:
            return "registered"
        return "invited" if any(access.purpose is Purpose.INVITATION for access in self.access) else "known"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Partner)


def write(partner: Partner) -> bytes:
    """The document of a partner."""
    return _encoder.encode(partner)


def read(body: bytes) -> Partner:
    """The partner in a document."""
    return _decoder.decode(body)
