# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom the gateway trusts to vouch for its callers: the files of the configuration, read anew when they change."""

from __future__ import annotations

from pathlib import Path

import structlog
from cryptography import x509

from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.certificates import NO_READER, CertificateReader
from wwcp_ocpi.security.pki.checking import Trust
from wwcp_ocpi.security.pki.ocsp import Responses, read_responses
from wwcp_ocpi.security.pki.oids import arc
from wwcp_ocpi.security.pki.parties import environment
from wwcp_ocpi.security.pki.reader import PKIReader

log = structlog.get_logger()


class TrustFiles:
    """Authorities, revocation lists and OCSP responses in files. Files that cannot be read change nothing."""

    def __init__(
        self, authorities: Path, revocations: Path | None, trust: Trust, responses: Path | None = None
    ) -> None:
        """`trust` is what counts beside the files.

        Raises:
            OSError: a file cannot be read.
            ValueError, UsageError: a file has nothing of its kind.
        """
        self._authorities, self._revocations, self._responses = authorities, revocations, responses
        self._seen = self._stamps()
        self._trust = self._read(trust)

    def __call__(self) -> Trust:
        """What is trusted now."""
        try:
            stamps = self._stamps()
            if stamps != self._seen:
                self._trust = self._read(self._trust)
                self._seen = stamps
        except (OSError, ValueError, UsageError) as error:
            log.warning("certificates.files_refused", error=str(error)[:200])
        return self._trust

    def _stamps(self) -> list[tuple[int, int]]:
        files = (self._authorities, self._revocations, self._responses)
        return [(stat.st_mtime_ns, stat.st_size) for stat in (file.stat() for file in files if file is not None)]

    def _read(self, trust: Trust) -> Trust:
        lists = self._revocations.read_bytes().split(_END)[:-1] if self._revocations is not None else []
        return Trust(
            authorities=tuple(x509.load_pem_x509_certificates(self._authorities.read_bytes())),
            revocations=tuple(x509.load_pem_x509_crl(one + _END) for one in lists),
            needs_crl=self._revocations is not None,
            ocsp=read_responses(self._responses.read_bytes()) if self._responses is not None else Responses(),
            needs_ocsp=self._responses is not None,
            arc=trust.arc,
        )


def handshake_reason(cause: str) -> Reason | None:
    """What a handshake that came to nothing says of the caller's certificate; None: it is about something else."""
    if cause.startswith("certificate:"):
        return Reason.WRONG_CERTIFICATE
    return Reason.MISSING_CERTIFICATE if "did not return a certificate" in cause else None


_END = b"-----END X509 CRL-----"


def certificate_reader(config: Config) -> CertificateReader:
    """Who reads certificates of callers; nobody, where the server asks for none.

    Raises:
        OSError: a file cannot be read.
        UsageError: a file has no PEM of its kind.
    """
    server = config.server
    if not server.client_ca:
        return NO_READER
    crl, ocsp = (Path(path) if path else None for path in (server.crl, server.ocsp))
    files = TrustFiles(Path(server.client_ca), crl, Trust(arc=arc(config.pki.arc)), ocsp)
    return PKIReader(files, environment(config.pki.environment))
