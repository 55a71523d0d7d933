# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an authority signs of what it is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.security.pki.authorities import ARC, CDR_SENDER, CPO, EMSP, NOW, asked, leaf, pki, policy
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.pki.checking import Expected, Identity, check
from wwcp_ocpi.security.pki.describing import describe
from wwcp_ocpi.security.pki.issuing import SKEW, Policy, issue, judged
from wwcp_ocpi.security.pki.keys import MADE, KeyType, new_key
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.permissions import ALL, permission
from wwcp_ocpi.security.pki.requests import NotIssued, Purpose, Wish, read

DAY = timedelta(days=1)


def signed(wish: Wish, granted: Policy) -> x509.Certificate:
    return issue(asked(wish), granted, pki().client, ARC, NOW)


def test_what_a_request_leaves_open_it_gets_from_the_policy() -> None:
    made = describe(signed(Wish(name="x"), policy(CPO, EMSP)), ARC)
    assert (made.environment, made.parties, made.permissions, made.purpose) == (
        Environment.TEST, frozenset({CPO, EMSP}), frozenset({CDR_SENDER}), "client",
    )  # fmt: skip


def test_a_request_gets_what_it_asks_for_and_no_more() -> None:
    wish = Wish(name="x", parties=frozenset({EMSP}), permissions=frozenset({CDR_SENDER}))
    made = describe(signed(wish, policy(CPO, EMSP, permissions=ALL)), ARC)
    assert (made.parties, made.permissions) == (frozenset({EMSP}), frozenset({CDR_SENDER}))


def test_a_party_without_a_role_gets_the_roles_that_were_agreed() -> None:
    wish = Wish(name="x", ids=frozenset({CPO.id}))
    assert describe(signed(wish, policy(CPO, EMSP)), ARC).parties == {CPO}


@pytest.mark.parametrize(
    ("wish", "grants", "said"),
    [
        ({"parties": frozenset({EMSP})}, {}, "parties: not granted: EMSP:NL*EMP"),
        ({"ids": frozenset({PartyId.parse("NL*EMP")})}, {}, "parties: not granted: NL*EMP"),
        ({"permissions": ALL}, {}, "permissions: not granted: BOOKING-OWNER, "),
        ({"permissions": frozenset({permission("CDR-RECEIVER")})}, {}, "permissions: not granted: CDR-RECEIVER"),
        ({"environment": Environment.PROD, "parties": frozenset({CPO})}, {}, "environment: expected test"),
        ({"purpose": Purpose.SERVER}, {}, "usage: expected client"),
        ({"hosts": ("bank.example",)}, {}, "hosts: not granted: bank.example"),
        ({"key_group": "g" * 65}, {}, "keyGroupId: expected at most 64 characters"),
        ({}, {"key_types": frozenset({KeyType.ED25519})}, "key: expected ed25519"),
        ({}, {"purpose": Purpose.SERVER}, "expected a host name of the server"),
    ],
)
def test_what_the_policy_does_not_grant_is_refused(wish: dict[str, Any], grants: dict[str, Any], said: str) -> None:
    with pytest.raises(NotIssued) as refused:
        signed(Wish(name="x", **wish), policy(**grants))
    assert said in str(refused.value)
    generous = policy(CPO, EMSP, permissions=ALL, hosts=frozenset({"bank.example"}))
    if wish and not {"environment", "purpose", "key_group"} & set(wish):
        signed(Wish(name="x", **wish), generous)


def test_a_client_for_which_no_party_was_agreed_is_refused() -> None:
    with pytest.raises(NotIssued, match="expected a party"):
        issue(asked(), Policy(purpose=Purpose.CLIENT, environment=Environment.TEST), pki().client, ARC, NOW)


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (None, None, (-SKEW, 30 * DAY - SKEW)),
        (None, 10 * DAY, (-SKEW, 10 * DAY)),
        (2 * DAY, None, (2 * DAY, 32 * DAY)),
        (2 * DAY, 10 * DAY, (2 * DAY, 10 * DAY)),
        (None, 3650 * DAY, (-SKEW, 30 * DAY)),
        (-365 * DAY, 10 * DAY, (-SKEW, 10 * DAY)),
    ],
)
def test_the_wished_validity_is_kept_as_far_as_the_policy_goes(
    begins: timedelta | None, ends: timedelta | None, expected: tuple[timedelta, timedelta]
) -> None:
    wish = Wish(
        name="x",
        not_before=None if begins is None else NOW + begins,
        not_after=None if ends is None else NOW + ends,
    )
    made = signed(wish, policy(longest=30 * DAY))
    assert (made.not_valid_before_utc - NOW, made.not_valid_after_utc - NOW) == expected


@pytest.mark.parametrize(
    ("begins", "ends"), [(None, -DAY), (5 * DAY, 4 * DAY), (40 * DAY, 50 * DAY), (3000 * DAY, None)]
)
def test_a_validity_that_is_none_is_refused(begins: timedelta | None, ends: timedelta | None) -> None:
    wish = Wish(
        name="x",
        not_before=None if begins is None else NOW + begins,
        not_after=None if ends is None else NOW + ends,
    )
    with pytest.raises(NotIssued, match="validity"):
        signed(wish, policy(longest=30 * DAY))


def test_no_certificate_outlives_its_authority() -> None:
    made = leaf(longest=100 * 365 * DAY)
    assert made.not_valid_after_utc == pki().client.certificate.not_valid_after_utc


@pytest.mark.parametrize("kind", sorted(MADE, key=str), ids=lambda kind: kind.value)
def test_keys_of_every_kind_that_the_policy_names_are_certified(kind: KeyType) -> None:
    made = issue(asked(key=new_key(kind)), policy(key_types=MADE), pki().client, ARC, NOW)
    assert describe(made, ARC).key_type == kind.value
    assert isinstance(check(pki().chain(made), pki().trust, Expected(), NOW), Identity)


def test_post_quantum_keys_need_to_be_asked_for() -> None:
    for kind in MADE - {KeyType.P256, KeyType.P384, KeyType.ED25519}:
        with pytest.raises(NotIssued, match="key: expected ed25519, p256, p384"):
            issue(asked(key=new_key(kind)), policy(), pki().client, ARC, NOW)


def test_an_rsa_key_is_certified_by_nobody_here() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    pem = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256()).public_bytes(Encoding.PEM)
    with pytest.raises(NotIssued, match="key: expected"):
        judged(read(pem, ARC), policy())


def test_the_chain_says_what_each_authority_may_sign() -> None:
    top, client = describe(pki().root.certificate, ARC), describe(pki().client.certificate, ARC)
    assert (top.is_authority, client.is_authority) == (True, True)
    limits = [
        one.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length for one in pki()
    ]
    assert limits == [1, 0, 0]
