# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing requests: what an applicant wishes, written and read.

Everything is asked for as an extension of the certificate to be. Read are also the attributes that the first drafts of
OCPI 3.0 use: key group, wished times and party ids, as one value, a set or a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from ipaddress import ip_address
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wwcp_ocpi.protocol.errors import PartnerError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.pki import der
from wwcp_ocpi.security.pki.keys import UNREADABLE, signing_hash
from wwcp_ocpi.security.pki.oids import Arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment, named_in
from wwcp_ocpi.security.pki.permissions import Permission, identifiers, permissions_in

_T = TypeVar("_T")
_NONE: tuple[str, ...] = ()


class Purpose(Enum):
    """Which end of a TLS connection a leaf is for."""

    SERVER = "server"
    CLIENT = "client"

    @property
    def usage(self) -> x509.ObjectIdentifier:
        """The extended key usage that TLS asks for."""
        return ExtendedKeyUsageOID.SERVER_AUTH if self is Purpose.SERVER else ExtendedKeyUsageOID.CLIENT_AUTH


class NotIssued(PartnerError):
    """A signing request that cannot be read, or that asks for more than the policy grants."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a signing request asks for. What is empty or None is left to the authority."""

    name: str
    purpose: Purpose | None = None
    hosts: tuple[str, ...] = ()
    """DNS names and IP addresses, of servers."""
    environment: Environment | None = None
    parties: frozenset[CertifiedParty] = frozenset()
    ids: frozenset[PartyId] = frozenset()
    """Parties named without a role."""
    permissions: frozenset[Permission] = frozenset()
    key_group: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A signing request that was read: its wish, and the key that it proved to hold."""

    wish: Wish
    key: CertificatePublicKeyTypes


def common_name(name: str) -> x509.Name:
    """A subject with nothing but a common name.

    Raises:
        NotIssued: empty, or longer than 64 characters.
    """
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise NotIssued(f"expected a name of 1 to 64 printable characters, got {name[:80]!r}")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name.strip())])


def attributes_of(wish: Wish, environment: Environment | None, arc: Arc) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions that carry a wish, in a request or in the certificate, each with whether it is critical."""
    names: list[x509.GeneralName] = [_host(host) for host in wish.hosts]
    if environment is not None:
        names += [x509.UniformResourceIdentifier(party.urn(environment)) for party in sorted(wish.parties)]
    usages = [] if wish.purpose is None else [wish.purpose.usage]
    usages += identifiers(wish.permissions, arc)
    ids = sorted({party.id for party in wish.parties} | wish.ids)
    found: list[tuple[x509.ExtensionType, bool]] = []
    if names:
        found.append((x509.SubjectAlternativeName(names), False))
    if usages:
        found.append((x509.ExtendedKeyUsage(usages), False))
    for identifier, texts in (
        (arc.party_ids, [id.country_code + id.party_id for id in ids]),
        (arc.cpo_ids, [str(party.id) for party in sorted(wish.parties) if party.role == "CPO"]),
        (arc.emsp_ids, ["-".join(party.id) for party in sorted(wish.parties) if party.role == "EMSP"]),
    ):
        if texts:
            found.append((x509.UnrecognizedExtension(identifier, der.of_texts(texts)), False))
    if wish.key_group:
        found.append((x509.UnrecognizedExtension(arc.key_group, der.of_text(wish.key_group)), False))
    return found


def write(wish: Wish, key: CertificateIssuerPrivateKeyTypes, arc: Arc) -> x509.CertificateSigningRequest:
    """A signing request for a key of ours.

    Raises:
        NotIssued: a name or host that cannot stand in a certificate.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(common_name(wish.name))
    for extension, critical in attributes_of(wish, wish.environment, arc):
        builder = builder.add_extension(extension, critical)
    for identifier, moment in ((arc.not_before, wish.not_before), (arc.not_after, wish.not_after)):
        if moment is not None:
            builder = builder.add_extension(x509.UnrecognizedExtension(identifier, der.of_time(moment)), False)
    return builder.sign(key, signing_hash(key))


def read(pem: bytes, arc: Arc) -> Asked:
    """What a signing request in PEM asks for. That its sender holds the key is checked here.

    Raises:
        NotIssued: no request, a signature that is not of its key, or wishes that cannot be read.
    """
    try:
        request = x509.load_pem_x509_csr(pem)
        if not request.is_signature_valid:
            raise NotIssued("signing request: the signature is not of the key in it")
        return Asked(wish=_wish(request, arc), key=request.public_key())
    except UNREADABLE as error:
        raise NotIssued(f"signing request: cannot be read: {str(error)[:200]}") from error


def _wish(request: x509.CertificateSigningRequest, arc: Arc) -> Wish:
    names = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1:
        raise NotIssued(f"signing request: expected one common name, got {len(names)}")
    values = der.attributes(request.tbs_certrequest_bytes)
    hosts: tuple[str, ...] = ()
    uris: list[str] = []
    usages: list[x509.ObjectIdentifier] = []
    for extension in request.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            hosts, uris = _alternatives(value)
        elif isinstance(value, x509.ExtendedKeyUsage):
            usages = list(value)
        elif isinstance(value, x509.UnrecognizedExtension):
            values[extension.oid.dotted_string] = value.value
        elif isinstance(value, x509.BasicConstraints) and value.ca:
            raise NotIssued("signing request: asks to become an authority")

    def one(identifier: x509.ObjectIdentifier, reader: Callable[[bytes], _T], missing: _T) -> _T:
        found = values.get(identifier.dotted_string)
        return missing if found is None else reader(found)

    environment, parties = named_in(uris)
    listed = {
        role: {PartyId.parse(text) for text in one(identifier, der.texts, _NONE)}
        for role, identifier in (("", arc.party_ids), ("CPO", arc.cpo_ids), ("EMSP", arc.emsp_ids))
    }
    with_roles = {CertifiedParty(role, id) for role, ids in listed.items() if role for id in ids}
    named = parties | with_roles
    purposes = [purpose for purpose in Purpose if purpose.usage in usages]
    if len(purposes) > 1:
        raise NotIssued("signing request: expected a server or a client, got both")
    return Wish(
        name=names[0],
        purpose=purposes[0] if purposes else None,
        hosts=hosts,
        environment=environment,
        parties=frozenset(named),
        ids=frozenset(listed[""] - {party.id for party in named}),
        permissions=permissions_in(usages, arc),
        key_group=one(arc.key_group, der.text, ""),
        not_before=one(arc.not_before, der.time, None),
        not_after=one(arc.not_after, der.time, None),
    )


def _alternatives(names: x509.SubjectAlternativeName) -> tuple[tuple[str, ...], list[str]]:
    hosts = [
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    ]
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(hosts) + len(uris) < len(list(names)):
        raise NotIssued("signing request: expected DNS names, addresses and URIs as alternative names only")
    return tuple(hosts), list(uris)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise NotIssued(f"expected a host name in ASCII, got {host[:80]!r}") from error
