# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates that are good no more: the list (CRL) that an authority signs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from cryptography import x509

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki.issuing import Authority
from wwcp_ocpi.security.pki.keys import signing_hash

REASONS: dict[str, x509.ReasonFlags] = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key_compromise": x509.ReasonFlags.key_compromise,
    "ca_compromise": x509.ReasonFlags.ca_compromise,
    "affiliation_changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation_of_operation": x509.ReasonFlags.cessation_of_operation,
    "privilege_withdrawn": x509.ReasonFlags.privilege_withdrawn,
}


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate that was revoked. The serial is in hex; JSON has no numbers of that size."""

    serial: str
    at: datetime
    reason: str = "unspecified"


def reason(text: str) -> str:
    """The name of a reason, if it is one.

    Raises:
        UsageError
    """
    if text not in REASONS:
        raise UsageError(f"expected a reason of {', '.join(REASONS)}, got {text[:32]!r}")
    return text


def revocation_list(
    revoked: Iterable[Revocation], issuer: Authority, valid: timedelta, at: datetime
) -> x509.CertificateRevocationList:
    """The signed list. After `valid` it says nothing any more, so it must be written again before."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at.replace(microsecond=0))
        .next_update((at + valid).replace(microsecond=0))
        .add_extension(x509.CRLNumber(int(at.timestamp() * 1000)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for one in sorted(revoked, key=lambda one: one.serial):
        entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(one.at)
        if one.reason != "unspecified":  # RFC 5280, 5.3.1: left out rather than said
            entry = entry.add_extension(x509.CRLReason(REASONS[one.reason]), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, signing_hash(issuer.key))
