# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a certificate says, for people and scripts, whether or not anybody believes it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from cryptography import x509

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki import der
from wwcp_ocpi.security.pki.keys import UNREADABLE, kind_of, pin_of
from wwcp_ocpi.security.pki.oids import Arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment, named_in
from wwcp_ocpi.security.pki.permissions import Permission, permissions_in
from wwcp_ocpi.security.pki.requests import Purpose


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate in our own words. `purpose` is server, client, both or authority."""

    serial: str
    subject: str
    issuer: str
    purpose: str
    environment: Environment | None
    parties: frozenset[CertifiedParty]
    permissions: frozenset[Permission]
    hosts: tuple[str, ...]
    key_group: str | None
    key_type: str
    pin: str
    not_before: datetime
    not_after: datetime

    @property
    def is_authority(self) -> bool:
        """Whether it signs others."""
        return self.purpose == "authority"


def describe(certificate: x509.Certificate, arc: Arc) -> Described:
    """What stands in a certificate.

    Raises:
        UsageError: a part of it cannot be read.
    """
    try:
        return _described(certificate, arc)
    except UNREADABLE as error:
        raise UsageError(f"certificate: cannot be read: {str(error)[:200]}") from error


def _described(certificate: x509.Certificate, arc: Arc) -> Described:
    values = {extension.oid: extension.value for extension in certificate.extensions}
    names = next((one for one in values.values() if isinstance(one, x509.SubjectAlternativeName)), None)
    usages = next((list(one) for one in values.values() if isinstance(one, x509.ExtendedKeyUsage)), [])
    signs = any(isinstance(one, x509.BasicConstraints) and one.ca for one in values.values())
    group = values.get(arc.key_group)
    environment, parties = named_in(names.get_values_for_type(x509.UniformResourceIdentifier) if names else ())
    hosts = (
        [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
        if names
        else []
    )
    ends = [purpose.value for purpose in Purpose if purpose.usage in usages]
    kind = kind_of(certificate.public_key())
    return Described(
        serial=f"{certificate.serial_number:x}",
        subject=certificate.subject.rfc4514_string()[:200],
        issuer=certificate.issuer.rfc4514_string()[:200],
        purpose="authority" if signs else "both" if len(ends) != 1 else ends[0],
        environment=environment,
        parties=parties,
        permissions=permissions_in(usages, arc),
        hosts=tuple(hosts),
        key_group=der.text(group.value) if isinstance(group, x509.UnrecognizedExtension) else None,
        key_type=kind.value if kind else "other",
        pin=pin_of(certificate.public_key()),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
