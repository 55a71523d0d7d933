# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client certificate of ours and whom a server must be vouched by, as PEM: read and judged before they are used."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.pki.keys import UNREADABLE, pin_of, private_key
from wwcp_ocpi.security.pki.requests import Purpose


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a certificate: whose it is, which (SHA-256 of it in hex), and its dates."""

    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


@lru_cache(maxsize=1024)
def certificates_in(pem: str) -> tuple[Shown, ...]:
    """What a file of certificates holds, in its order.

    Raises:
        UsageError: it holds none, or one that cannot be read.
    """
    return tuple(map(_shown, _read(pem)))


def check_identity(chain: str, key: Secret, at: datetime) -> None:
    """See that a chain can be shown by a client now: its first certificate, and the key that belongs to it.

    Raises:
        UsageError: no certificate, another key, one that is closed with a passphrase, a certificate that is not good
            now or is none of a client.
    """
    leaf = _read(chain)[0]
    if pin_of(private_key(key.reveal().encode()).public_key()) != pin_of(leaf.public_key()):
        raise UsageError("expected the private key of the first certificate")
    if not leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc:
        raise UsageError(f"expected a certificate that is good now, got one from {_dates(leaf)}")
    usage = next((one.value for one in leaf.extensions if isinstance(one.value, x509.ExtendedKeyUsage)), None)
    if usage is not None and Purpose.CLIENT.usage not in usage:
        raise UsageError("expected a certificate for a client")


def _read(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except UNREADABLE as error:
        raise UsageError("expected certificates, PEM") from error


def _shown(certificate: x509.Certificate) -> Shown:
    return Shown(
        subject=certificate.subject.rfc4514_string()[:120],
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _dates(leaf: x509.Certificate) -> str:
    return f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} to {leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
