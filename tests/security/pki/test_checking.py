# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is recognised by a certificate, and every way in which one is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.security.pki.authorities import (
    ARC,
    CDR_SENDER,
    CPO,
    EMSP,
    NOW,
    YEAR,
    forged,
    leaf,
    pki,
    verdict,
)
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.pki.checking import Expected, Identity, Refusal, Trust, Why, check, expiring
from wwcp_ocpi.security.pki.issuing import Authority, subordinate
from wwcp_ocpi.security.pki.keys import MADE, KeyType, new_key, pin_of
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.permissions import ALL, permission_of
from wwcp_ocpi.security.pki.requests import Purpose, Wish
from wwcp_ocpi.security.pki.revocation import Revocation, revocation_list

TEST = Expected(environment=Environment.TEST)
CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
SIGNS = (x509.BasicConstraints(ca=True, path_length=None), True)


def recognised(*args: object, **kwargs: object) -> Identity:
    found = verdict(*args, **kwargs)  # type: ignore[arg-type]
    assert isinstance(found, Identity), found
    return found


def test_a_certificate_tells_who_its_holder_is_and_what_it_may_do() -> None:
    made = leaf(wish=Wish(name="cdr sender", key_group="group1"), parties=(CPO, EMSP))
    assert recognised(pki().chain(made)) == Identity(
        subject="CN=cdr sender",
        issuer="CN=Test client CA",
        serial=f"{made.serial_number:x}",
        fingerprint=made.fingerprint(SHA256()).hex(),
        pin=pin_of(made.public_key()),
        not_before=made.not_valid_before_utc,
        not_after=made.not_valid_after_utc,
        environment=Environment.TEST,
        parties=frozenset({CPO, EMSP}),
        permissions=frozenset({CDR_SENDER}),
        key_group="group1",
    )
    assert recognised(pki().chain(made)).roles == {"CPO", "EMSP"}


@pytest.mark.parametrize("kind", sorted(MADE, key=str), ids=lambda kind: kind.value)
def test_authorities_of_every_kind_of_key_vouch(kind: KeyType) -> None:
    other = pki("Other", kind)
    assert recognised(other.chain(leaf(other.client)), other.trust).parties == {CPO}
    assert verdict(other.chain(leaf(other.client))) is Why.UNKNOWN_ISSUER


def test_a_chain_may_come_in_der_in_any_order_and_with_more_than_is_needed() -> None:
    other, made = pki("Other"), leaf()
    chain = [made, other.root.certificate, pki().root.certificate, other.client.certificate, pki().client.certificate]
    found = check([one.public_bytes(Encoding.DER) for one in chain], pki().trust, TEST, NOW)
    assert isinstance(found, Identity)


def test_a_leaf_alone_is_enough_where_the_authority_between_is_known() -> None:
    assert verdict([leaf()]) is Why.UNKNOWN_ISSUER
    recognised([leaf()], replace(pki().trust, intermediates=(pki().client.certificate,)))


def test_the_authority_of_the_clients_may_be_the_one_that_is_trusted() -> None:
    recognised([leaf()], Trust(authorities=(pki().client.certificate,)))


def test_a_cdr_sender_posts_cdrs_and_does_nothing_else() -> None:
    weak, strict = recognised(pki().chain(leaf(permissions=ALL))), recognised(pki().chain(leaf()))
    allowed = set()
    for version in VERSIONS.values():
        for row in version.endpoints:
            assert weak.may(row)
            if strict.may(row) and permission_of(row) is not None:
                allowed.add((row.module, row.interface, row.operation))
    assert allowed == {("cdrs", Interface.RECEIVER, Operation.POST)}


def test_a_certificate_without_permissions_may_do_nothing_that_needs_one() -> None:
    found = recognised(pki().chain(leaf(permissions=frozenset())))
    rows = VERSIONS["2.2.1"].endpoints
    assert {row.module for row in rows if found.may(row)} == {"versions"}


def test_a_certificate_of_a_public_authority_restricts_nothing() -> None:
    made = forged(pki().client, CLIENT)
    assert verdict(pki().chain(made)) is Why.WRONG_ENVIRONMENT
    found = recognised(pki().chain(made), expected=Expected())
    assert (found.permissions, found.parties, found.environment) == (None, frozenset(), None)
    assert all(found.may(row) for row in VERSIONS["2.3.0"].endpoints)


# Attacks: each succeeds against a weaker setting first


def test_a_certificate_of_staging_opens_nothing_in_test() -> None:
    made = pki().chain(leaf(environment=Environment.STAGING))
    recognised(made, expected=Expected())
    assert verdict(made) is Why.WRONG_ENVIRONMENT


def test_a_certificate_of_another_partner_is_refused() -> None:
    made = pki().chain(leaf(parties=(EMSP,)))
    recognised(made)
    assert verdict(made, expected=replace(TEST, parties=frozenset({CPO.id}))) is Why.WRONG_PARTY


def test_all_parties_of_the_peer_must_be_named() -> None:
    both = replace(TEST, parties=frozenset({CPO.id, PartyId.parse("FR*ABC")}))
    assert verdict(pki().chain(leaf()), expected=both) is Why.WRONG_PARTY


def test_a_revoked_certificate_is_refused() -> None:
    made, client = leaf(), pki().client
    chain, revoked = pki().chain(made), [Revocation(serial=f"{made.serial_number:x}", at=NOW)]
    recognised(chain)
    lists = (revocation_list(revoked, client, timedelta(days=1), NOW),)
    assert verdict(chain, replace(pki().trust, revocations=lists)) is Why.REVOKED
    recognised(pki().chain(leaf()), replace(pki().trust, revocations=lists))
    assert verdict(chain, replace(pki().trust, revocations=lists), at=NOW + timedelta(days=2)) is Why.REVOKED


def test_an_authority_that_was_revoked_vouches_for_nobody() -> None:
    serial = f"{pki().client.certificate.serial_number:x}"
    lists = (revocation_list([Revocation(serial=serial, at=NOW)], pki().root, timedelta(days=1), NOW),)
    assert verdict(pki().chain(leaf()), replace(pki().trust, revocations=lists)) is Why.REVOKED


def test_a_list_that_the_authority_did_not_sign_revokes_nobody() -> None:
    made = leaf()
    impostor = Authority(pki().client.certificate, new_key(KeyType.P256))
    lists = (revocation_list([Revocation(serial=f"{made.serial_number:x}", at=NOW)], impostor, YEAR, NOW),)
    recognised(pki().chain(made), replace(pki().trust, revocations=lists))


def test_where_lists_are_needed_a_missing_or_old_one_refuses() -> None:
    strict, chain = replace(pki().trust, needs_crl=True), pki().chain(leaf())
    assert verdict(chain, strict) is Why.REVOCATION_UNKNOWN
    lists = tuple(revocation_list([], one, timedelta(days=1), NOW) for one in (pki().client, pki().root))
    recognised(chain, replace(strict, revocations=lists))
    assert verdict(chain, replace(strict, revocations=lists[:1])) is Why.REVOCATION_UNKNOWN
    later = NOW + timedelta(days=1)
    assert verdict(chain, replace(strict, revocations=lists), at=later) is Why.REVOCATION_UNKNOWN


def test_a_certificate_is_good_from_its_first_second_until_before_its_last() -> None:
    made = leaf()
    chain, second = pki().chain(made), timedelta(seconds=1)
    for at, expected in (
        (made.not_valid_before_utc - second, Why.NOT_YET_VALID),
        (made.not_valid_before_utc, None),
        (made.not_valid_after_utc - second, None),
        (made.not_valid_after_utc, Why.EXPIRED),
    ):
        found = verdict(chain, at=at)
        assert (found if isinstance(found, Why) else None) is expected, at


def test_an_authority_that_has_expired_vouches_for_nobody() -> None:
    short = subordinate("Short", Purpose.CLIENT, new_key(KeyType.P256), pki().root, timedelta(days=1), NOW)
    made = forged(short, CLIENT)
    recognised([made, short.certificate], expected=Expected())
    later = NOW + timedelta(days=2)
    assert verdict([made, short.certificate], expected=Expected(), at=later) is Why.EXPIRED


def test_a_self_signed_certificate_is_good_only_as_a_pinned_key() -> None:
    made = forged(None, CLIENT, SIGNS)
    recognised([made], Trust(pins=frozenset({pin_of(made.public_key())})), Expected())
    assert verdict([made], expected=Expected()) is Why.SELF_SIGNED
    assert verdict([made], Trust(), Expected()) is Why.SELF_SIGNED
    assert verdict([made], Trust(pins=frozenset({"0" * 64})), Expected()) is Why.WRONG_PIN


def test_a_pin_beside_an_authority_needs_both() -> None:
    made, other = leaf(), leaf()
    trust = replace(pki().trust, pins=frozenset({pin_of(made.public_key())}))
    recognised(pki().chain(made), trust)
    assert verdict(pki().chain(other), trust) is Why.WRONG_PIN
    stolen_pin = forged(None, CLIENT)
    trust = replace(pki().trust, pins=frozenset({pin_of(stolen_pin.public_key())}))
    assert verdict([stolen_pin], trust, Expected()) is Why.SELF_SIGNED


def test_a_leaf_does_not_vouch_for_another_leaf() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    middle = forged(pki().client, CLIENT, subject="middle", key=key)
    made = forged(Authority(middle, key), CLIENT)
    assert verdict([made, middle, pki().client.certificate], expected=Expected()) is Why.NOT_AN_AUTHORITY


def test_the_authority_of_the_clients_makes_no_authorities() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    rogue = forged(pki().client, SIGNS, subject="rogue", key=key)
    made = forged(Authority(rogue, key), CLIENT)
    assert verdict([made, rogue, pki().client.certificate], expected=Expected()) is Why.NOT_AN_AUTHORITY


def test_the_authority_of_the_servers_makes_no_clients() -> None:
    made = leaf(pki().server)
    chain = [made, pki().server.certificate]
    assert verdict(chain) is Why.WRONG_USAGE


def test_a_certificate_of_a_server_is_none_of_a_client() -> None:
    made = forged(pki().client, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    assert verdict(pki().chain(made), expected=Expected()) is Why.WRONG_USAGE


def test_an_authority_does_not_call_as_a_client() -> None:
    assert verdict([pki().client.certificate], expected=Expected()) is Why.WRONG_USAGE


def test_a_name_that_is_copied_from_an_authority_signs_nothing() -> None:
    impostor = Authority(pki().client.certificate, ec.generate_private_key(ec.SECP256R1()))
    assert verdict(pki().chain(forged(impostor, CLIENT)), expected=Expected()) is Why.BAD_SIGNATURE


def test_a_critical_extension_that_nobody_here_knows_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    recognised(pki().chain(forged(pki().client, CLIENT, (unknown, False))), expected=Expected())
    made = forged(pki().client, CLIENT, (unknown, True))
    assert verdict(pki().chain(made), expected=Expected()) is Why.MALFORMED


@pytest.mark.parametrize(
    "uris",
    [
        ["urn:ocpi:test:CPO:DE*GEF", "urn:ocpi:prod:CPO:DE*GEF"],
        ["urn:ocpi:test:CPO:de*gef"],
        ["urn:ocpi:test:KING:DE*GEF"],
        ["URN:OCPI:test:CPO:DE*GEF"],
        ["urn:ocpi:test:CPO:DE*GEF\n"],
    ],
)
def test_names_that_can_be_read_in_two_ways_are_refused(uris: list[str]) -> None:
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
    assert verdict(pki().chain(forged(pki().client, CLIENT, (names, False)))) is Why.MALFORMED


def test_another_arc_means_other_permissions() -> None:
    found = recognised(pki().chain(leaf()), replace(pki().trust, arc=replace(ARC, base="1.2.3.4.5.6.8")))
    assert found.permissions == frozenset()


def test_weak_keys_are_refused() -> None:
    for key in (ec.generate_private_key(ec.SECP192R1()), rsa.generate_private_key(65537, 1024)):
        made = forged(pki().client, CLIENT, key=key)  # type: ignore[arg-type]
        assert verdict(pki().chain(made), expected=Expected()) is Why.WEAK


def test_nothing_is_shown_and_too_much_is_shown() -> None:
    assert verdict([]) is Why.NO_CERTIFICATE
    assert verdict([leaf()] * 9) is Why.MALFORMED


def test_authorities_that_vouch_for_one_another_end_soon() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(7)]
    ring = [
        forged(Authority(forged(subject="same", key=other), other), SIGNS, subject="same", issuer="same", key=key)
        for key, other in zip(keys, [*keys[1:], keys[0]], strict=True)
    ]
    made = forged(Authority(ring[0], keys[0]), CLIENT)
    assert verdict([made, *ring], expected=Expected()) in {Why.BAD_SIGNATURE, Why.UNKNOWN_ISSUER}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_damaged_certificate_is_a_refusal_and_never_an_error(data: st.DataObject) -> None:
    whole = bytearray(_SAMPLE.public_bytes(Encoding.DER))
    places = st.dictionaries(st.integers(0, len(whole) - 1), st.integers(1, 255), min_size=1, max_size=4)
    for place, change in data.draw(places).items():
        whole[place] ^= change
    chain: list[x509.Certificate | bytes] = [bytes(whole), pki().client.certificate]
    assert isinstance(check(chain, pki().trust, TEST, NOW), Refusal)
    assert isinstance(check([data.draw(st.binary(max_size=200))], pki().trust, TEST, NOW), Refusal)


_SAMPLE = leaf()


def test_what_ends_soon_is_named_with_the_first_to_end_in_front() -> None:
    soon, later, gone = leaf(longest=timedelta(days=10)), leaf(), leaf(at=NOW - 2 * YEAR)
    said = expiring([later, soon, gone], NOW)
    assert [line.split(": ")[1].split()[0] for line in said] == ["expired", "expires"]
    assert expiring([later], NOW) == []
