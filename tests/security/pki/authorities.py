# SPDX-License-Identifier: AGPL-3.0-or-later
"""Authorities in memory, what they sign, and chains that somebody else made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from wwcp_ocpi.security.pki import requests
from wwcp_ocpi.security.pki.checking import Expected, Identity, Refusal, Trust, Why, check
from wwcp_ocpi.security.pki.issuing import Authority, Policy, issue, root, subordinate
from wwcp_ocpi.security.pki.keys import KeyType, new_key
from wwcp_ocpi.security.pki.oids import Arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment, certified
from wwcp_ocpi.security.pki.permissions import Permission, permission
from wwcp_ocpi.security.pki.requests import Asked, Purpose, Wish

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
ARC = Arc()
CPO = certified("CPO:DE*GEF")
EMSP = certified("EMSP:NL*EMP")
CDR_SENDER = permission("CDR-SENDER")


class PKI(NamedTuple):
    """A root, its two authorities, and the trust of those who believe it."""

    root: Authority
    server: Authority
    client: Authority

    @property
    def trust(self) -> Trust:
        return Trust(authorities=(self.root.certificate,))

    def chain(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        return [leaf, self.client.certificate]


@cache
def pki(name: str = "Test", kind: KeyType = KeyType.P256) -> PKI:
    top = root(f"{name} RootCA", new_key(kind), 10 * YEAR, NOW)
    server, client = (
        subordinate(f"{name} {purpose.value} CA", purpose, new_key(kind), top, 5 * YEAR, NOW) for purpose in Purpose
    )
    return PKI(top, server, client)


def policy(
    *parties: CertifiedParty, permissions: frozenset[Permission] = frozenset({CDR_SENDER}), **other: Any
) -> Policy:
    wanted = {"purpose": Purpose.CLIENT, "environment": Environment.TEST, **other}
    return Policy(parties=frozenset(parties or (CPO,)), permissions=permissions, **wanted)


def asked(wish: Wish | None = None, key: CertificateIssuerPrivateKeyTypes | None = None) -> Asked:
    """A signing request that went over the wire."""
    made = requests.write(wish or Wish(name="client"), key or new_key(KeyType.P256), ARC)
    return requests.read(made.public_bytes(Encoding.PEM), ARC)


def leaf(by: Authority | None = None, wish: Wish | None = None, at: datetime = NOW, **grants: Any) -> x509.Certificate:
    """A certificate of a client that was issued in order."""
    return issue(asked(wish), policy(*grants.pop("parties", ()), **grants), by or pki().client, ARC, at)


def verdict(
    chain: list[x509.Certificate], trust: Trust | None = None, expected: Expected | None = None, at: datetime = NOW
) -> Identity | Why:
    """Who was recognised, or the word for why nobody was."""
    found = check(chain, trust or pki().trust, expected or Expected(environment=Environment.TEST), at)
    return found.why if isinstance(found, Refusal) else found


def forged(
    by: Authority | None = None,
    *extensions: tuple[x509.ExtensionType, bool],
    subject: str = "forged",
    issuer: str | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    days: int = 30,
) -> x509.Certificate:
    """A certificate with exactly these extensions; self-signed if nobody signs it."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer or subject)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(by.certificate.subject if by and issuer is None else names[1])
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = by.key if by else own
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return builder.sign(signer, SHA256())
