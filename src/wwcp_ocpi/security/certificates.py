# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a client certificate must say so that its holder may use a credentials token.

Reading certificates and judging their path is somebody else's work, behind `CertificateReader`. Here is what is then
asked of the facts: whose key it is, who vouches for it, for which parties and environment, and what it allows.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from wwcp_ocpi.protocol.endpoint import Endpoint
from wwcp_ocpi.scalars import PartyId


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says of its holder, its chain being good.

    `spki` and those in `issuers` are SHA-256 digests of public keys (SubjectPublicKeyInfo) in lower-case hex; `issuers`
    has one for each authority of the verified chain. `permissions` are written `CDR-SENDER`; None where the certificate
    speaks of none, so that it restricts nothing.
    """

    spki: str
    fingerprint: str = ""
    issuers: frozenset[str] = frozenset()
    environment: str | None = None
    parties: frozenset[tuple[str, PartyId]] = frozenset()
    """Role and party."""
    permissions: frozenset[str] | None = None

    @property
    def party_ids(self) -> frozenset[PartyId]:
        """The parties, whatever their roles."""
        return frozenset(id for _, id in self.parties)

    @property
    def roles(self) -> frozenset[str]:
        """The roles, whoever plays them."""
        return frozenset(role for role, _ in self.parties)


class CertificateRefused(Exception):
    """A chain that is not good, or cannot be read; the text says why, for our log."""


class CertificateReader(Protocol):
    """Knows certificates: their path, validity and revocation, and the permissions that operations need."""

    def read(self, chain: tuple[bytes, ...], unix_s: float) -> CertificateFacts:
        """The facts of a chain in DER, the holder's certificate first.

        Raises:
            CertificateRefused
        """
        ...

    def needed(self, row: Endpoint) -> str | None:
        """The permission that an operation needs, like `CDR-SENDER`; None: it needs none."""
        ...


class _Nobody:
    """Reads no certificate: where a rule asks for one, nobody gets in."""

    def read(self, chain: tuple[bytes, ...], unix_s: float) -> CertificateFacts:
        raise CertificateRefused("nobody here can read certificates")

    def needed(self, row: Endpoint) -> str | None:
        return None


NO_READER: CertificateReader = _Nobody()


class CertificateRule(msgspec.Struct, frozen=True, kw_only=True):
    """What the certificate of a partner must be. Each part that is set must hold; with none, any good one will do.

    `pins` and `issuers` are digests as in CertificateFacts: the key must be one of `pins`, and one of `issuers` must
    be in the chain. `parties`: all parties of the partner must be named in it, and it limits the roles.
    `permissions`: it must name some; those that it names limit what it opens in any case.
    """

    pins: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    environment: str = ""
    parties: bool = False
    permissions: bool = False

    def problem(self, facts: CertificateFacts, parties: frozenset[PartyId]) -> str | None:
        """What is wrong with a certificate, for our log; None if nothing is."""
        if self.pins and facts.spki not in self.pins:
            return "another key than those that are pinned"
        if self.issuers and facts.issuers.isdisjoint(self.issuers):
            return "from another authority"
        if self.environment and facts.environment != self.environment:
            return f"for the environment {facts.environment or 'none'}"
        if self.parties:
            missing = parties - facts.party_ids
            if missing or not facts.parties:
                return f"does not name {', '.join(sorted(map(str, missing))) or 'any party'}"
        if self.permissions and facts.permissions is None:
            return "names no permissions"
        return None
