# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who shows this certificate: path, time, revocation, usage, environment and parties, judged in one place.

The path is built here and not by the TLS library, because it knows neither OCPI's environments nor its parties, and
because the same judgement is needed for a chain that a proxy hands over. A refusal is a value: it says why, in a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import TypeAlias, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from wwcp_ocpi.protocol.endpoint import Endpoint
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.pki import der
from wwcp_ocpi.security.pki.keys import UNREADABLE, kind_of, pin_of
from wwcp_ocpi.security.pki.ocsp import OLD_HASHES, Responses, Status
from wwcp_ocpi.security.pki.oids import Arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment, named_in
from wwcp_ocpi.security.pki.permissions import Permission, permission_of, permissions_in
from wwcp_ocpi.security.pki.requests import Purpose

_E = TypeVar("_E", bound=x509.ExtensionType)

LONGEST_CHAIN = 8
_DEEPEST = 5
_MOST_TRIES = 32
"""Of signatures that are checked for one chain: a caller can show many that fit one another."""
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)


class Why(Enum):
    """Why a certificate was refused."""

    NO_CERTIFICATE = "no_certificate"
    MALFORMED = "malformed"
    UNKNOWN_ISSUER = "unknown_issuer"
    SELF_SIGNED = "self_signed"
    BAD_SIGNATURE = "bad_signature"
    NOT_AN_AUTHORITY = "not_an_authority"
    WEAK = "weak"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    WRONG_USAGE = "wrong_usage"
    WRONG_PIN = "wrong_pin"
    WRONG_ENVIRONMENT = "wrong_environment"
    NO_PARTY = "no_party"
    WRONG_PARTY = "wrong_party"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom we believe: authorities, keys, or both. With pins alone, a self-signed certificate of that key is enough.

    With neither, nobody is believed. Where `needs_crl`, an authority without a list that is valid now cannot vouch
    for anybody; otherwise only a list that is there counts, and it counts as well when it is out of date. Where
    `needs_ocsp`, the certificate that is shown must be good by an OCSP response, or be on no list that is valid now.
    An OCSP response that says good now stands for the list that its authority lacks.
    """

    authorities: tuple[x509.Certificate, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()
    """Those between, for callers who send their leaf only."""
    revocations: tuple[x509.CertificateRevocationList, ...] = ()
    needs_crl: bool = False
    ocsp: Responses = Responses()
    needs_ocsp: bool = False
    pins: frozenset[str] = frozenset()
    """SHA-256 of public keys, in hex, see `keys.pin_of`."""
    arc: Arc = Arc()


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate must say. Without an environment it need say nothing of OCPI, as those of public authorities.

    `parties` are the peer's: all of them must be named in it.
    """

    purpose: Purpose = Purpose.CLIENT
    environment: Environment | None = None
    parties: frozenset[PartyId] = frozenset()


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who was recognised. `permissions` is None where certificates carry none, so that they restrict nothing."""

    subject: str
    issuer: str
    serial: str
    fingerprint: str
    pin: str
    not_before: datetime
    not_after: datetime
    environment: Environment | None
    parties: frozenset[CertifiedParty]
    permissions: frozenset[Permission] | None
    key_group: str | None

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the certificate names."""
        return frozenset(party.role for party in self.parties)

    def may(self, row: Endpoint) -> bool:
        """Whether the certificate allows an operation."""
        needed = permission_of(row)
        return needed is None or self.permissions is None or needed in self.permissions


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody was recognised. `detail` is for our log; the caller is not told."""

    why: Why
    detail: str


Verdict: TypeAlias = Identity | Refusal


class _Refused(Exception):
    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why


def check(shown: Sequence[x509.Certificate | bytes], trust: Trust, expected: Expected, at: datetime) -> Verdict:
    """Judge a chain, the leaf first, as certificates or in DER.

    Its order beyond the leaf does not matter, nor what else is in it.
    """
    try:
        chain = _read(shown)
        leaf = chain[0]
        _check_alone(leaf, at)
        _check_pin(leaf, trust.pins)
        if trust.authorities or not trust.pins:
            path = _path(chain, trust, at)
            _check_leaf(leaf)
            _check_usage(path[1:], expected.purpose)
            _check_revocation(path, trust, at)
        _check_usage([leaf], expected.purpose)
        return _identity(leaf, trust.arc, expected)
    except _Refused as refused:
        return Refusal(why=refused.why, detail=str(refused)[:300])
    except UNREADABLE as error:
        return Refusal(why=Why.MALFORMED, detail=str(error)[:300])


def expiring(certificates: Iterable[x509.Certificate], at: datetime, within_days: int = 30) -> list[str]:
    """A warning for each certificate that has expired or will soon, the first to expire first."""
    ending = sorted(
        (one for one in certificates if (one.not_valid_after_utc - at).days < within_days),
        key=lambda one: one.not_valid_after_utc,
    )
    return [
        f"{_text(one.subject)}: {'expired' if one.not_valid_after_utc <= at else 'expires'} "
        f"{one.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        for one in ending
    ]


def _read(shown: Sequence[x509.Certificate | bytes]) -> list[x509.Certificate]:
    if not shown:
        raise _Refused(Why.NO_CERTIFICATE, "no certificate was shown")
    if len(shown) > LONGEST_CHAIN:
        raise _Refused(Why.MALFORMED, f"expected at most {LONGEST_CHAIN} certificates, got {len(shown)}")
    return [one if isinstance(one, x509.Certificate) else x509.load_der_x509_certificate(one) for one in shown]


def _check_pin(leaf: x509.Certificate, pins: frozenset[str]) -> None:
    if pins and pin_of(leaf.public_key()) not in pins:
        raise _Refused(Why.WRONG_PIN, "the key is not the one that is known for this peer")


def _check_leaf(leaf: x509.Certificate) -> None:
    constraints, keys = _extension(leaf, x509.BasicConstraints), _extension(leaf, x509.KeyUsage)
    if constraints is not None and constraints.ca:
        raise _Refused(Why.WRONG_USAGE, "an authority's certificate is none of a server or client")
    if keys is not None and not keys.digital_signature:
        raise _Refused(Why.WRONG_USAGE, "the key does not sign")


def _check_alone(certificate: x509.Certificate, at: datetime) -> None:
    """What every certificate of a path must be: understood, strong and valid now."""
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise _Refused(Why.MALFORMED, f"critical extension {extension.oid.dotted_string} is not understood")
    if certificate.serial_number <= 0:  # the library warns of these and reads them still
        raise _Refused(Why.MALFORMED, "expected a serial number above zero")
    if kind_of(certificate.public_key()) is None:
        raise _Refused(Why.WEAK, f"{_text(certificate.subject)}: a kind or size of key that is not accepted")
    if certificate.not_valid_before_utc > at:
        raise _Refused(Why.NOT_YET_VALID, f"{_text(certificate.subject)}: from {certificate.not_valid_before_utc}")
    if certificate.not_valid_after_utc <= at:
        raise _Refused(Why.EXPIRED, f"{_text(certificate.subject)}: until {certificate.not_valid_after_utc}")


def revocation(path: Sequence[x509.Certificate], trust: Trust, at: datetime) -> Refusal | None:
    """Why nobody on a path that was verified already may be believed: its leaf first, each issued by the next one."""
    try:
        _check_revocation(list(path), trust, at)
    except _Refused as refused:
        return Refusal(why=refused.why, detail=str(refused)[:300])
    except UNREADABLE as error:
        return Refusal(why=Why.MALFORMED, detail=str(error)[:300])
    return None


def _path(chain: list[x509.Certificate], trust: Trust, at: datetime) -> list[x509.Certificate]:
    """From the leaf to an authority that is trusted. The reason of a refusal is that of the longest way tried."""
    candidates = [*trust.authorities, *trust.intermediates, *chain[1:]]
    path, refusal = [chain[0]], _Refused(Why.UNKNOWN_ISSUER, f"{_text(chain[0].issuer)}: not trusted")
    if chain[0].issuer == chain[0].subject:
        refusal = _Refused(Why.SELF_SIGNED, "self-signed, and an authority is required")

    tries = 0

    def extend() -> Iterator[list[x509.Certificate]]:
        nonlocal refusal, tries
        for issuer in candidates:
            if issuer.subject != path[-1].issuer or issuer in path or tries >= _MOST_TRIES:
                continue
            tries += 1
            try:
                _check_issuer(issuer, path, at)
            except _Refused as refused:
                refusal = refused
                continue
            path.append(issuer)
            if issuer in trust.authorities:
                yield list(path)
            elif len(path) <= _DEEPEST:
                yield from extend()
            path.pop()

    found = next(extend(), None)
    if found is None:
        raise refusal
    return found


def _check_issuer(issuer: x509.Certificate, path: list[x509.Certificate], at: datetime) -> None:
    child, below = path[-1], len(path) - 1
    name = _text(issuer.subject)
    try:
        child.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE) as error:
        raise _Refused(Why.BAD_SIGNATURE, f"{_text(child.subject)}: not signed by {name}") from error
    if child.signature_hash_algorithm is not None and child.signature_hash_algorithm.name in OLD_HASHES:
        raise _Refused(Why.WEAK, f"{_text(child.subject)}: signed with {child.signature_hash_algorithm.name}")
    constraints, keys = _extension(issuer, x509.BasicConstraints), _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or (keys is not None and not keys.key_cert_sign):
        raise _Refused(Why.NOT_AN_AUTHORITY, f"{name}: may not sign certificates")
    if constraints.path_length is not None and below > constraints.path_length:
        raise _Refused(Why.NOT_AN_AUTHORITY, f"{name}: may not sign other authorities")
    _check_alone(issuer, at)


def _check_usage(certificates: Iterable[x509.Certificate], purpose: Purpose) -> None:
    for one in certificates:
        usage = _extension(one, x509.ExtendedKeyUsage)
        if usage is not None and purpose.usage not in usage:
            raise _Refused(Why.WRONG_USAGE, f"{_text(one.subject)}: not for a {purpose.value}")


def _check_revocation(path: list[x509.Certificate], trust: Trust, at: datetime) -> None:
    for depth, (certificate, issuer) in enumerate(pairwise(path)):
        lists = [one for one in trust.revocations if one.issuer == issuer.subject and _is_signed_by(one, issuer)]
        for one in lists:
            if one.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                raise _Refused(Why.REVOKED, f"{_text(certificate.subject)}: revoked by {_text(issuer.subject)}")
        status = trust.ocsp.status_of(certificate, issuer, at)
        if status is Status.REVOKED:
            raise _Refused(Why.REVOKED, f"{_text(certificate.subject)}: revoked, by OCSP of {_text(issuer.subject)}")
        if status is Status.GOOD or any(_is_current(one, at) for one in lists):
            continue
        if trust.needs_crl:
            raise _Refused(Why.REVOCATION_UNKNOWN, f"{_text(issuer.subject)}: no list of revocations that is valid now")
        if trust.needs_ocsp and not depth:
            raise _Refused(Why.REVOCATION_UNKNOWN, f"{_text(certificate.subject)}: OCSP: {status.value}")


def _is_signed_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except UNREADABLE:
        return False


def _is_current(revocations: x509.CertificateRevocationList, at: datetime) -> bool:
    ends = revocations.next_update_utc
    return revocations.last_update_utc <= at and ends is not None and at < ends


def _identity(leaf: x509.Certificate, arc: Arc, expected: Expected) -> Identity:
    names = _extension(leaf, x509.SubjectAlternativeName)
    environment, parties = named_in(names.get_values_for_type(x509.UniformResourceIdentifier) if names else ())
    usage = _extension(leaf, x509.ExtendedKeyUsage)
    permissions = permissions_in(usage or (), arc)
    if expected.environment is not None:
        if environment is not expected.environment:
            shown = environment.value if environment else "none"
            raise _Refused(Why.WRONG_ENVIRONMENT, f"expected {expected.environment.value}, got {shown}")
        if not parties:
            raise _Refused(Why.NO_PARTY, "no party is named")
        missing = expected.parties - {party.id for party in parties}
        if missing:
            raise _Refused(Why.WRONG_PARTY, f"not named: {', '.join(sorted(map(str, missing)))}")
    says_something = expected.environment is not None or environment is not None or bool(permissions)
    group = next((one.value for one in leaf.extensions if one.oid == arc.key_group), None)
    return Identity(
        subject=_text(leaf.subject),
        issuer=_text(leaf.issuer),
        serial=f"{leaf.serial_number:x}",
        fingerprint=hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(),
        pin=pin_of(leaf.public_key()),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        environment=environment,
        parties=parties,
        permissions=permissions if says_something else None,
        key_group=der.text(group.value) if isinstance(group, x509.UnrecognizedExtension) else None,
    )


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _text(name: x509.Name) -> str:
    return name.rfc4514_string()[:100]
