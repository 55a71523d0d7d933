# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing requests: ours come back as they were made, those of others are read or refused cleanly."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.pki import seed
from tests.security.pki.authorities import ARC, CDR_SENDER, CPO, EMSP, asked
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security.pki import der
from wwcp_ocpi.security.pki.keys import MADE, KeyType, new_key
from wwcp_ocpi.security.pki.parties import Environment, certified
from wwcp_ocpi.security.pki.permissions import permission
from wwcp_ocpi.security.pki.requests import NotIssued, Purpose, Wish, common_name, read, write

FULL = Wish(
    name="client one",
    purpose=Purpose.CLIENT,
    hosts=("ocpi.example", "192.0.2.7", "2001:db8::7"),
    environment=Environment.STAGING,
    parties=frozenset({CPO, EMSP, certified("HUB:DE*HUB")}),
    permissions=frozenset({CDR_SENDER, permission("TOKEN-RECEIVER")}),
    key_group="group1",
    not_before=datetime(2026, 12, 1, tzinfo=UTC),
    not_after=datetime(2026, 12, 24, 18, tzinfo=UTC),
)


@pytest.mark.parametrize("kind", sorted(MADE, key=str), ids=lambda kind: kind.value)
def test_every_wish_comes_back_as_it_was_written(kind: KeyType) -> None:
    assert asked(FULL, new_key(kind)).wish == FULL


def test_a_request_that_wishes_nothing_leaves_everything_open() -> None:
    assert asked(Wish(name="x")).wish == Wish(name="x", key_group="")


def test_the_attributes_of_the_first_drafts_are_read() -> None:
    pem = seed.request(
        seed.attribute(seed.KEY_GROUP, seed.texts("group1")),
        seed.attribute(seed.NOT_BEFORE, seed.utc_time("260101000000Z")),
        seed.attribute(seed.NOT_AFTER, seed.utc_time("260114000000Z")),
        seed.attribute(seed.PARTY_IDS, seed.texts("DEGE2", "DEGEF")),
        seed.attribute(seed.CPO_IDS, seed.texts("DE*GEF")),
        seed.attribute(seed.EMSP_IDS, seed.texts("DE-GDF")),
    )
    assert read(pem, ARC).wish == Wish(
        name="seed",
        parties=frozenset({certified("CPO:DE*GEF"), certified("EMSP:DE*GDF")}),
        ids=frozenset({PartyId.parse("DE*GE2")}),
        key_group="group1",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2026, 1, 14, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "values",
    [
        seed.texts("DEGE2", "DEGEF"),
        seed.texts("DEGE2", "DEGEF", sequence=True),
        seed.tlv(0x31, seed.texts("DEGE2", "DEGEF")),
        seed.tlv(0x13, b"DEGE2") + seed.tlv(0x16, b"DEGEF"),
    ],
    ids=["set", "sequence", "set in set", "other kinds of text"],
)
def test_ids_are_read_in_every_shape(values: bytes) -> None:
    found = read(seed.request(seed.attribute(seed.PARTY_IDS, values)), ARC).wish
    assert found.ids == {PartyId.parse("DE*GE2"), PartyId.parse("DE*GEF")}


def test_a_sample_of_a_key_group_has_the_bytes_of_the_drafts() -> None:
    sample = bytes.fromhex("301406082a0304050607060131080c06") + b"group1"
    assert seed.attribute(seed.KEY_GROUP, der.of_text("group1")) == sample


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "cannot be read"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        (seed.request(signed=False), "the signature is not of the key in it"),
        (seed.request(seed.attribute(seed.PARTY_IDS, seed.texts("nobody"))), "expected a party like NL*TNM"),
        (seed.request(seed.attribute(seed.PARTY_IDS, b"\x02\x01\x05")), "expected a text or a list of texts"),
        (seed.request(seed.attribute(seed.KEY_GROUP, seed.texts("a", "b"))), "expected one text, got 2"),
        (seed.request(seed.attribute(seed.NOT_AFTER, seed.texts("tomorrow"))), "expected one time"),
        (seed.request(seed.attribute(seed.NOT_AFTER, seed.utc_time("269901000000Z"))), "does not match format"),
        (seed.request(*[seed.attribute(seed.KEY_GROUP, seed.texts("a"))] * 2), "stands there twice"),
        (seed.request(seed.attribute(seed.EXTENSIONS, seed.tlv(0x30, seed.tlv(0x30, seed.oid("2.5.29.17"), seed.tlv(
            0x04, seed.tlv(0x04, seed.tlv(0x30, seed.tlv(0x82, b"a.example")))))))), "cannot be read"),
    ],
    ids=["empty", "no der", "not signed", "no party", "no text", "two groups", "no time", "no day", "twice", "wrapped"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(pem: bytes, said: str) -> None:
    with pytest.raises(NotIssued, match="signing request") as refused:
        read(pem, ARC)
    assert said in str(refused.value)


def crafted(*extensions: x509.ExtensionType, names: tuple[str, ...] = ("x",)) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (crafted(x509.BasicConstraints(ca=True, path_length=None)), "asks to become an authority"),
        (crafted(names=()), "expected one common name, got 0"),
        (crafted(names=("a", "b")), "expected one common name, got 2"),
        (
            crafted(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])),
            "expected a server or a client, got both",
        ),
        (
            crafted(x509.SubjectAlternativeName([x509.RFC822Name("admin@example.com")])),
            "expected DNS names, addresses and URIs",
        ),
        (
            crafted(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:ocpi:test:CPO:DE*GEF*1")])),
            "expected urn:ocpi:",
        ),
    ],
)
def test_what_nobody_grants_is_refused(pem: bytes, said: str) -> None:
    with pytest.raises(NotIssued) as refused:
        read(pem, ARC)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "\x1b[2J"])
def test_a_name_that_is_none_stands_in_no_certificate(name: str) -> None:
    with pytest.raises(NotIssued, match="expected a name"):
        common_name(name)
    with pytest.raises(NotIssued, match="expected a host name"):
        write(Wish(name="x", hosts=("größe",)), new_key(KeyType.P256), ARC)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=300))
def test_any_attributes_are_read_or_refused(values: bytes) -> None:
    for place in (seed.PARTY_IDS, seed.KEY_GROUP, seed.NOT_AFTER):
        with suppress(NotIssued):
            read(seed.request(seed.attribute(place, values)), ARC)


@given(st.binary(max_size=60))
def test_any_bytes_are_der_or_a_value_error(data: bytes) -> None:
    for reader in (der.texts, der.text, der.time, der.attributes):
        with suppress(ValueError):
            reader(data)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), max_size=20))
def test_texts_come_back_as_they_were_written(values: list[str]) -> None:
    assert der.texts(der.of_texts(values)) == tuple(values)
