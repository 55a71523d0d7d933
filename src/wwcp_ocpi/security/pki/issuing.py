# SPDX-License-Identifier: AGPL-3.0-or-later
"""Authorities, and what they sign: only what their policy grants, whatever a request asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from msgspec.structs import replace

from wwcp_ocpi.security.pki.keys import CLASSIC, KeyType, kind_of, signing_hash
from wwcp_ocpi.security.pki.oids import Arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment
from wwcp_ocpi.security.pki.permissions import Permission
from wwcp_ocpi.security.pki.requests import Asked, NotIssued, Purpose, Wish, attributes_of, common_name

SKEW = timedelta(minutes=5)
"""How far a certificate begins in the past, for the clocks of others."""


class Authority(NamedTuple):
    """A certificate that signs, and its key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority grants an applicant. By default nothing that names a party, a host or a permission.

    A request that asks for more is refused; what it leaves open it gets from here.
    """

    purpose: Purpose
    environment: Environment
    parties: frozenset[CertifiedParty] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    hosts: frozenset[str] = frozenset()
    longest: timedelta = timedelta(days=90)
    key_types: frozenset[KeyType] = CLASSIC


def root(name: str, key: CertificateIssuerPrivateKeyTypes, valid: timedelta, at: datetime) -> Authority:
    """A RootCA, which signs other authorities only."""
    subject = common_name(name)
    builder = _builder(subject, key.public_key(), at - SKEW, at + valid).issuer_name(subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    return Authority(_signed(builder, key, key, signs=True), key)


def subordinate(
    name: str,
    purpose: Purpose,
    key: CertificateIssuerPrivateKeyTypes,
    issuer: Authority,
    valid: timedelta,
    at: datetime,
) -> Authority:
    """A ServerCA or ClientCA. Its certificate says which of the two, so that neither can do the other's work."""
    ends = min(at + valid, issuer.certificate.not_valid_after_utc)
    builder = _builder(common_name(name), key.public_key(), at - SKEW, ends).issuer_name(issuer.certificate.subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose.usage]), critical=False)
    return Authority(_signed(builder, issuer.key, key, signs=True), key)


def issue(asked: Asked, policy: Policy, issuer: Authority, arc: Arc, at: datetime) -> x509.Certificate:
    """Sign a request as far as the policy goes.

    The validity is the wished one, cut to what the policy and the authority's own certificate allow.

    Raises:
        NotIssued: the request asks for what the policy does not grant; the message names it.
    """
    granted = judged(asked, policy)
    begins, ends = _validity(granted, policy, issuer.certificate, at)
    builder = _builder(common_name(granted.name), asked.key, begins, ends).issuer_name(issuer.certificate.subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    for extension, critical in attributes_of(granted, policy.environment, arc):
        builder = builder.add_extension(extension, critical)
    return _signed(builder, issuer.key, asked.key, signs=False)


def judged(asked: Asked, policy: Policy) -> Wish:
    """The wish with what it leaves open, if the policy grants all of it.

    Raises:
        NotIssued
    """
    wish = asked.wish
    kind = kind_of(asked.key)
    ids = {party.id for party in policy.parties}
    for is_wrong, problem in (
        (kind not in policy.key_types, f"key: expected {_listed(one.value for one in policy.key_types)}"),
        (wish.purpose not in {None, policy.purpose}, f"usage: expected {policy.purpose.value}"),
        (
            wish.environment not in {None, policy.environment},
            f"environment: expected {policy.environment.value}",
        ),
        (not wish.parties <= policy.parties, f"parties: not granted: {_listed(wish.parties - policy.parties)}"),
        (not wish.ids <= ids, f"parties: not granted: {_listed(wish.ids - ids)}"),
        (
            not wish.permissions <= policy.permissions,
            f"permissions: not granted: {_listed(wish.permissions - policy.permissions)}",
        ),
        (
            not set(wish.hosts) <= policy.hosts,
            f"hosts: not granted: {_listed(set(wish.hosts) - policy.hosts)}",
        ),
        (len(wish.key_group or "") > 64, "keyGroupId: expected at most 64 characters"),
    ):
        if is_wrong:
            raise NotIssued(f"signing request: {problem}")
    named = wish.parties | {party for party in policy.parties if party.id in wish.ids}
    parties = named or policy.parties
    if policy.purpose is Purpose.CLIENT and not parties:
        raise NotIssued("signing request: expected a party that the client speaks for, got none")
    if policy.purpose is Purpose.SERVER and not (wish.hosts or policy.hosts):
        raise NotIssued("signing request: expected a host name of the server, got none")
    return replace(
        wish,
        purpose=policy.purpose,
        environment=policy.environment,
        parties=parties,
        ids=frozenset(),
        permissions=wish.permissions or policy.permissions,
        hosts=wish.hosts or tuple(sorted(policy.hosts)),
    )


def _validity(wish: Wish, policy: Policy, issuer: x509.Certificate, at: datetime) -> tuple[datetime, datetime]:
    begins = max(wish.not_before or at - SKEW, at - SKEW)
    ends = min(
        wish.not_after or begins + policy.longest,
        max(begins, at) + policy.longest,
        issuer.not_valid_after_utc,
    )
    if ends <= begins or ends <= at:
        raise NotIssued(f"validity: expected an end after {max(begins, at):%Y-%m-%dT%H:%M:%SZ}, got {ends:%Y-%m-%d}")
    if begins > at + policy.longest:
        raise NotIssued(f"validity: expected a begin within {policy.longest.days} days")
    return begins, ends


def _builder(
    subject: x509.Name, key: CertificatePublicKeyTypes, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins.replace(microsecond=0))
        .not_valid_after(ends.replace(microsecond=0))
    )


def _signed(
    builder: x509.CertificateBuilder,
    by: CertificateIssuerPrivateKeyTypes,
    key: CertificateIssuerPrivateKeyTypes | CertificatePublicKeyTypes,
    *,
    signs: bool,
) -> x509.Certificate:
    public = key.public_key() if hasattr(key, "public_key") else key
    usage = x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        builder.add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    return builder.sign(by, signing_hash(by))


def _listed(values: object) -> str:
    return ", ".join(sorted(map(str, values)))[:300]  # type: ignore[call-overload]
