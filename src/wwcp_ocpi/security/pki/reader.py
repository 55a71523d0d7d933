# SPDX-License-Identifier: AGPL-3.0-or-later
"""The certificates of callers, read with what this gateway trusts: the answer to `security.certificates`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from wwcp_ocpi.protocol.endpoint import Endpoint
from wwcp_ocpi.security.certificates import CertificateFacts, CertificateRefused
from wwcp_ocpi.security.pki.checking import Expected, Refusal, Trust, check
from wwcp_ocpi.security.pki.keys import pin_of
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.permissions import permission_of


class PKIReader:
    """Reads chains that the TLS connection has verified, and judges them again: what is trusted may have changed."""

    def __init__(self, trust: Callable[[], Trust], environment: Environment) -> None:
        """Nothing is read yet.

        Args:
            trust: asked each time, so that files may change.
            environment: ours; a certificate that names another one is refused, one that names none is not.
        """
        self._trust = trust
        self._environment = environment

    def read(self, chain: tuple[bytes, ...], unix_s: float) -> CertificateFacts:
        """The facts of a chain.

        Raises:
            CertificateRefused: it is not good (any more), or of another environment.
        """
        trust = self._trust()
        leaf = chain[0] if chain else b""
        if any(one.public_bytes(Encoding.DER) == leaf for one in trust.authorities):
            # A partner's own certificate among what is trusted: its key is what counts, nobody vouches for it.
            pinned = pin_of(x509.load_der_x509_certificate(leaf).public_key())
            trust = replace(trust, authorities=(), pins=frozenset((pinned,)))
        found = check(chain, trust, Expected(), datetime.fromtimestamp(unix_s, UTC))
        if isinstance(found, Refusal):
            raise CertificateRefused(f"{found.why.value}: {found.detail}")
        if found.environment not in (None, self._environment):
            raise CertificateRefused(f"for the environment {found.environment.value}")
        return CertificateFacts(
            spki=found.pin,
            fingerprint=found.fingerprint,
            issuers=frozenset(pin_of(x509.load_der_x509_certificate(one).public_key()) for one in chain[1:]),
            environment=found.environment.value if found.environment else None,
            parties=frozenset((party.role, party.id) for party in found.parties),
            permissions=None if found.permissions is None else frozenset(map(str, found.permissions)),
        )

    def needed(self, row: Endpoint) -> str | None:
        """The permission that an operation needs."""
        needed = permission_of(row)
        return None if needed is None else str(needed)
