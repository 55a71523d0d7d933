# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is asked of TLS, as values. All files are PEM; they may be replaced while the process runs."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from wwcp_ocpi.protocol.http import PartnerTLS
from wwcp_ocpi.scalars import Secret

ClientCertificates: TypeAlias = Literal["none", "optional", "required"]
TLSVersion: TypeAlias = Literal["1.2", "1.3"]

CLIENT_CERTIFICATES: tuple[str, ...] = get_args(ClientCertificates)
TLS_VERSIONS: tuple[str, ...] = get_args(TLSVersion)


class Held(msgspec.Struct, frozen=True):
    """PEM that is in no file; `name` stands for the path in messages."""

    name: str
    pem: Secret


Source: TypeAlias = str | Held
"""Where PEM is: the path of a file, or in memory."""


class ServerTLS(msgspec.Struct, frozen=True, kw_only=True):
    """How a server proves who it is, and what it asks of its callers.

    `key` is None where the private key is in the file of the certificate. `client_ca` holds every authority, root or
    intermediate, whose certificates are accepted, or self-signed certificates as they are. `crl` holds the revocation
    lists of all of them, and of those above them; without that of an authority, none of its certificates is accepted.
    """

    certificate: str
    key: str | None = None
    client_certificates: ClientCertificates = "none"
    client_ca: str | None = None
    crl: str | None = None
    ocsp: str | None = None
    """OCSP responses of client certificates, DER: one that has none which is good now is not accepted."""
    least: TLSVersion = "1.3"
    """Below 1.3 there is no exporter material, and so no password bound to the connection."""
    watch_s: float = 5.0
    """How often the files are looked at for changes, and for certificates that are about to expire."""


class ClientTLS(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a client trusts, and how it proves who it is. The same values share a pool of connections.

    Args:
        authorities: The authorities that are trusted. None: those of the machine.
        pins: SHA-256 of the server's public key (SubjectPublicKeyInfo) in hex, one of which it must have. Without
            `authorities` the key alone decides: issuer, name and dates of the certificate do not count.
        certificate: Our certificate, shown where the server asks for one; `key` as for the server.
    """

    authorities: Source | None = None
    pins: tuple[str, ...] = ()
    certificate: Source | None = None
    key: Source | None = None
    least: TLSVersion = "1.2"

    @property
    def is_pinned_only(self) -> bool:
        """Whether the key of the server is all that counts."""
        return bool(self.pins) and self.authorities is None

    def towards(self, partner: PartnerTLS) -> ClientTLS:
        """These settings as they are with one partner."""
        authorities, certificate, key = self.authorities, self.certificate, self.key
        if partner.authorities or partner.pins:
            pem = partner.authorities
            authorities = Held(f"authorities of partner {partner.partner}", Secret(pem)) if pem else None
        if partner.certificate:
            name = f"certificate for partner {partner.partner}"
            certificate = Held(name, Secret(partner.certificate))
            key = Held(name, partner.key or Secret(""))
        return ClientTLS(authorities=authorities, pins=partner.pins, certificate=certificate, key=key, least=self.least)
