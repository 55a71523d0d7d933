# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an OCSP responder answers, right and wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.security.pki.authorities import NOW, pki
from wwcp_ocpi.security.pki.keys import signing_hash

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
BY_NAME, BY_KEY = ocsp.OCSPResponderEncoding.NAME, ocsp.OCSPResponderEncoding.HASH


def response(
    certificate: x509.Certificate,
    status: ocsp.OCSPCertStatus = GOOD,
    *,
    issuer: x509.Certificate | None = None,
    responder: x509.Certificate | None = None,
    key: Any = None,
    sent: tuple[x509.Certificate, ...] = (),
    by: ocsp.OCSPResponderEncoding = BY_KEY,
    at: datetime = NOW,
    days: float | None = 7,
    hash: hashes.HashAlgorithm | None = None,
    cert_id: hashes.HashAlgorithm | None = None,
    reason: x509.ReasonFlags | None = None,
) -> bytes:
    """One response in DER, by default of the authority that issued the certificate, an hour old and good for a week."""
    authority = pki().client
    issuer, key = issuer or authority.certificate, key or authority.key
    since = at - timedelta(hours=1)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=issuer,
        algorithm=cert_id or hashes.SHA1(),
        cert_status=status,
        this_update=since,
        next_update=since + timedelta(days=days) if days is not None else None,
        revocation_time=since if status is REVOKED else None,
        revocation_reason=reason,
    )
    builder = builder.responder_id(by, responder or issuer)
    if sent:
        builder = builder.certificates(list(sent))
    return builder.sign(key, hash or signing_hash(key)).public_bytes(Encoding.DER)
