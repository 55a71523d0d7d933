# SPDX-License-Identifier: AGPL-3.0-or-later
"""What OCSP responses in a file say of certificates, and those that nobody believes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.security.pki.authorities import NOW, forged, leaf, pki
from tests.security.pki.responders import BY_KEY, BY_NAME, REVOKED, UNKNOWN, response
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki.checking import Expected, Identity, Refusal, Trust, check, revocation
from wwcp_ocpi.security.pki.keys import MADE, KeyType, new_key
from wwcp_ocpi.security.pki.ocsp import Responses, Status, read_responses
from wwcp_ocpi.security.pki.revocation import Revocation, revocation_list

LEAF = leaf()
RESPONDS = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)


def status(*contents: bytes, of: x509.Certificate = LEAF, hours: float = 0) -> Status:
    """What a file says of a certificate, some hours from now."""
    responses = read_responses(b"".join(contents))
    return responses.status_of(of, pki().client.certificate, NOW + timedelta(hours=hours))


def responder(*extensions: tuple[x509.ExtensionType, bool], by: Any = None, days: int = 30) -> tuple[Any, Any]:
    """A certificate for a responder, and its key."""
    key = new_key(KeyType.P256)
    return forged(by or pki().client, *extensions, subject="Responder", key=key, days=days), key  # type: ignore[arg-type]


def pretended() -> bytes:
    """A response in the name of the authority, by a stranger who took that name."""
    key = new_key(KeyType.P256)
    name = pki().client.certificate.subject
    since = NOW - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 9, since, since + timedelta(days=9))
    made = builder.sign(key, hashes.SHA256())
    return response(LEAF, responder=made, key=key, sent=(made,), by=BY_NAME)


@pytest.mark.parametrize("by", [BY_KEY, BY_NAME])
@pytest.mark.parametrize("cert_id", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384()], ids=lambda one: one.name)
def test_a_response_of_the_authority_is_believed(by: Any, cert_id: Any) -> None:
    assert status(response(LEAF, by=by, cert_id=cert_id)) is Status.GOOD
    assert status(response(LEAF, REVOKED, by=by, cert_id=cert_id)) is Status.REVOKED
    assert status(response(LEAF, UNKNOWN, by=by, cert_id=cert_id)) is Status.UNKNOWN


@pytest.mark.parametrize("kind", sorted(MADE, key=str), ids=lambda kind: kind.value)
def test_authorities_of_every_kind_of_key_answer(kind: KeyType) -> None:
    made = pki("Other", kind).client
    one = leaf(made)
    try:
        content = response(one, issuer=made.certificate, key=made.key)
    except (TypeError, ValueError, AttributeError) as error:
        pytest.skip(f"cryptography signs no OCSP responses with {kind.value}: {error}")
    found = read_responses(content)
    assert found.status_of(one, made.certificate, NOW) is Status.GOOD
    assert found.status_of(LEAF, pki().client.certificate, NOW) is Status.NONE


def test_a_responder_that_the_authority_made_one_is_believed() -> None:
    made, key = responder(RESPONDS)
    for by in (BY_KEY, BY_NAME):
        assert status(response(LEAF, responder=made, key=key, sent=(made,), by=by)) is Status.GOOD


def test_nobody_else_is_a_responder() -> None:
    stranger = pki("Stranger").client
    made, key = responder(RESPONDS)
    no_usage, its_key = responder()
    foreign, foreign_key = responder(RESPONDS, by=stranger)
    over, over_key = responder(RESPONDS, days=0)
    wrong = [
        response(LEAF, responder=made, key=key),  # its certificate is not there
        response(LEAF, responder=no_usage, key=its_key, sent=(no_usage,)),
        response(LEAF, responder=foreign, key=foreign_key, sent=(foreign,)),
        response(LEAF, responder=over, key=over_key, sent=(over,)),
        response(LEAF, responder=stranger.certificate, key=stranger.key, sent=(stranger.certificate,)),
    ]
    assert [status(one) for one in wrong] == [Status.WRONG_RESPONDER] * len(wrong)


def test_a_signature_by_another_key_or_of_other_content_is_not_good() -> None:
    assert status(pretended()) is Status.BAD_SIGNATURE
    made, key = responder(RESPONDS)
    for content in (response(LEAF), response(LEAF, responder=made, key=key, sent=(made,))):
        signature = ocsp.load_der_ocsp_response(content).signature
        other = signature[:-1] + bytes((signature[-1] ^ 1,))
        assert status(content.replace(signature, other)) is Status.BAD_SIGNATURE


def test_old_hashes_and_small_keys_are_not_accepted() -> None:
    small = rsa.generate_private_key(65537, 1024)
    builder = x509.CertificateBuilder(
        pki().client.certificate.subject, LEAF.subject, small.public_key(), 7, NOW, NOW + timedelta(days=1)
    )
    weak = builder.add_extension(*RESPONDS).sign(pki().client.key, hashes.SHA256())
    found = status(response(LEAF, responder=weak, key=small, sent=(weak,), hash=hashes.SHA256()))
    assert found is Status.WEAK
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")  # with RSA
    large = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder(
        pki().client.certificate.subject, LEAF.subject, large.public_key(), 8, NOW, NOW + timedelta(days=1)
    )
    strong = builder.add_extension(*RESPONDS).sign(pki().client.key, hashes.SHA256())
    content = response(LEAF, responder=strong, key=large, sent=(strong,), hash=hashes.SHA256())
    assert status(content) is Status.GOOD
    assert status(content.replace(sha256, sha1)) is Status.WEAK


@pytest.mark.parametrize(
    ("hours", "good", "revoked", "held"),
    [
        (-2, Status.NOT_YET_VALID, Status.REVOKED, Status.NOT_YET_VALID),
        (-1, Status.GOOD, Status.REVOKED, Status.REVOKED),
        (166.9, Status.GOOD, Status.REVOKED, Status.REVOKED),
        (167, Status.OUT_OF_DATE, Status.REVOKED, Status.OUT_OF_DATE),
    ],
)
def test_good_is_believed_for_its_time_and_revoked_for_ever(
    hours: float, good: Status, revoked: Status, held: Status
) -> None:
    on_hold = response(LEAF, REVOKED, reason=x509.ReasonFlags.certificate_hold)
    assert status(response(LEAF), hours=hours) is good
    assert status(response(LEAF, REVOKED), hours=hours) is revoked
    assert status(on_hold, hours=hours) is held


def test_a_response_that_does_not_say_how_long_it_is_good_is_not_believed() -> None:
    assert status(response(LEAF, days=None)) is Status.OUT_OF_DATE


def test_of_several_answers_revoked_counts_and_then_good() -> None:
    old, new = response(LEAF, at=NOW - timedelta(days=20)), response(LEAF)
    assert status(old) is Status.OUT_OF_DATE
    assert status(old, new) is Status.GOOD
    assert status(new, response(LEAF, REVOKED), old) is Status.REVOKED
    assert status(new, pretended()) is Status.GOOD


def test_an_answer_about_another_certificate_is_none() -> None:
    other = leaf()
    assert status(response(other)) is Status.NONE
    stranger = pki("Stranger").client
    same_serial = x509.CertificateBuilder(
        stranger.certificate.subject, LEAF.subject, LEAF.public_key(), LEAF.serial_number, NOW, NOW + timedelta(days=1)
    ).sign(stranger.key, hashes.SHA256())
    assert status(response(same_serial, issuer=stranger.certificate, key=stranger.key)) is Status.NONE
    assert Responses().status_of(LEAF, pki().client.certificate, NOW) is Status.NONE


def test_what_is_no_response_is_refused() -> None:
    busy = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    for content, message in (
        (b"", "expected OCSP responses, DER"),
        (b"-----BEGIN", "expected OCSP responses, DER"),
        (response(LEAF)[:-1], "expected OCSP responses, DER"),
        (LEAF.public_bytes(Encoding.DER), "expected OCSP responses, DER"),
        (busy, "expected answers of an OCSP responder, got try_later"),
        (bytes(17 * 1024 * 1024), "at most"),
    ):
        with pytest.raises(UsageError, match=message):
            read_responses(content)


@given(st.integers(0, 400), st.integers(1, 255))
def test_no_byte_can_be_changed_to_anything_better(place: int, change: int) -> None:
    content = bytearray(_REVOKED)
    content[place % len(content)] ^= change
    try:
        found = status(bytes(content))
    except UsageError:
        return
    assert found is not Status.GOOD


_REVOKED = response(LEAF, REVOKED)


# In the judgement of a chain


def judged(trust: Trust, hours: float = 0) -> str:
    found = check(pki().chain(LEAF), trust, Expected(), NOW + timedelta(hours=hours))
    return "" if isinstance(found, Identity) else f"{found.why.value}: {found.detail}"


def asking(*contents: bytes, **more: Any) -> Trust:
    responses = read_responses(b"".join(contents)) if contents else Responses()
    return replace(pki().trust, ocsp=responses, needs_ocsp=True, **more)


def test_a_certificate_without_a_response_that_is_good_now_is_refused_with_the_reason() -> None:
    assert judged(asking(response(LEAF))) == ""
    assert judged(asking()) == "revocation_unknown: CN=client: OCSP: no response is about it"
    assert judged(asking(response(LEAF)), hours=200).endswith("the response is out of date")
    assert judged(asking(response(LEAF, UNKNOWN))).endswith("the responder does not know the certificate")
    assert judged(asking(pretended())).endswith("signature of the response is not good")
    assert judged(asking(response(LEAF, REVOKED))).startswith("revoked: CN=client: revoked, by OCSP of")


def test_a_response_counts_where_none_is_asked_for_as_well() -> None:
    assert judged(replace(pki().trust, ocsp=read_responses(response(LEAF, REVOKED)))).startswith("revoked")
    assert judged(replace(pki().trust, ocsp=read_responses(response(LEAF, days=None)))) == ""


def test_a_list_and_a_response_stand_for_each_other_and_each_can_revoke() -> None:
    clean = revocation_list((), pki().client, timedelta(days=7), NOW)
    above = revocation_list((), pki().root, timedelta(days=7), NOW)
    gone = revocation_list(
        (Revocation(serial=f"{LEAF.serial_number:x}", at=NOW),), pki().client, timedelta(days=7), NOW
    )
    good = response(LEAF)
    assert judged(asking(revocations=(clean,))) == ""
    assert judged(asking(good, revocations=(above,), needs_crl=True)) == ""
    assert judged(asking(good, needs_crl=True)).startswith("revocation_unknown: CN=Test RootCA")
    assert judged(asking(good, revocations=(gone, above), needs_crl=True)).startswith("revoked")
    assert judged(asking(response(LEAF, REVOKED), revocations=(clean, above))).startswith("revoked")


def test_a_path_that_was_verified_already_is_asked_for_its_statuses_alone() -> None:
    path = [LEAF, pki().client.certificate, pki().root.certificate]
    assert revocation(path, asking(response(LEAF)), NOW) is None
    found = revocation(path, asking(response(LEAF, REVOKED)), NOW)
    assert isinstance(found, Refusal)
    assert found.why.value == "revoked"
