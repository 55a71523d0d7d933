# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of single partners that end soon, as security events: they are in no file that anybody looks at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from wwcp_ocpi.net.tls.files import threshold
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.server.audit import Audit


class PartnerCertificates:
    """Looks at what we show partners and at whom their servers are vouched by; says each thing once a threshold."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._said: dict[tuple[str, str], int] = {}

    def look(self, partners: Iterable[Partner], at: datetime) -> None:
        """Note every certificate that is over, or will be in one, seven or thirty days."""
        for partner in partners:
            tls = partner.tls_to
            if tls is None:
                continue
            for kind, certificates in (("certificate", tls.certificates), ("authority", tls.trusted)):
                for one in certificates:
                    crossed = threshold(kind, one.not_after, at)
                    if crossed is None or self._said.get((partner.id, one.fingerprint)) == crossed:
                        continue
                    self._said[partner.id, one.fingerprint] = crossed
                    detail = f"{kind} {one.subject} until {one.not_after:%Y-%m-%dT%H:%M:%SZ}"
                    self._audit.append(
                        Event(Reason.CERTIFICATE_EXPIRING, partner.id, certificate=one.fingerprint, detail=detail)
                    )
