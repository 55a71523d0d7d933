# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of callers, as the server's rules see them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.security.pki.authorities import CDR_SENDER, CPO, NOW, forged, leaf, pki
from wwcp_ocpi.gateway.config import Config, PKISection, ServerSection
from wwcp_ocpi.gateway.trusting import certificate_reader
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.security.certificates import NO_READER, CertificateReader, CertificateRefused, CertificateRule
from wwcp_ocpi.security.pki.checking import Trust
from wwcp_ocpi.security.pki.keys import pin_of
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.reader import PKIReader
from wwcp_ocpi.security.pki.revocation import Revocation, revocation_list

AT = NOW.timestamp() + 60


def chain(certificate: x509.Certificate, *more: x509.Certificate) -> tuple[bytes, ...]:
    above = more or (pki().client.certificate, pki().root.certificate)
    return tuple(one.public_bytes(Encoding.DER) for one in (certificate, *above))


def reader(trust: Trust | None = None, environment: Environment = Environment.TEST) -> PKIReader:
    return PKIReader(lambda: trust or pki().trust, environment)


def test_a_certificate_says_who_vouches_for_which_party_and_what_it_allows() -> None:
    certificate = leaf()
    facts = reader().read(chain(certificate), AT)
    assert facts.spki == pin_of(certificate.public_key())
    assert facts.issuers == {pin_of(one.certificate.public_key()) for one in (pki().client, pki().root)}
    assert (facts.environment, facts.parties) == ("test", frozenset((("CPO", CPO.id),)))
    assert facts.permissions == frozenset(("CDR-SENDER",))
    rule = CertificateRule(
        pins=(facts.spki,), issuers=tuple(facts.issuers), environment="test", parties=True, permissions=True
    )
    assert rule.problem(facts, frozenset((CPO.id,))) is None


def test_a_certificate_of_another_environment_is_refused() -> None:
    assert reader().read(chain(leaf()), AT).environment == "test"
    with pytest.raises(CertificateRefused, match="environment test"):
        reader(environment=Environment.PROD).read(chain(leaf()), AT)


@pytest.mark.parametrize("at", [AT - 3600 * 24 * 400, AT + 3600 * 24 * 4000])
def test_a_certificate_out_of_its_time_is_refused(at: float) -> None:
    with pytest.raises(CertificateRefused, match=r"valid|expired|until|from"):
        reader().read(chain(leaf()), at)


def test_a_self_signed_certificate_counts_where_it_is_trusted_itself() -> None:
    own = forged()
    with pytest.raises(CertificateRefused, match="self_signed"):
        reader().read(chain(own, own), AT)
    facts = reader(Trust(authorities=(*pki().trust.authorities, own))).read(chain(own, own)[:1], AT)
    assert (facts.spki, facts.issuers, facts.permissions) == (pin_of(own.public_key()), frozenset(), None)


@pytest.mark.parametrize("wrong", [(), (b"nonsense",), (b"",)])
def test_what_is_no_certificate_is_refused(wrong: tuple[bytes, ...]) -> None:
    with pytest.raises(CertificateRefused):
        reader().read(wrong, AT)


@pytest.mark.parametrize("version", VERSIONS)
def test_posting_a_cdr_needs_the_permission_of_a_cdr_sender_and_nothing_else_does(version: str) -> None:
    needs = {(row.module, row.method, reader().needed(row)) for row in VERSIONS[version].endpoints}
    posts = {(module, method) for module, method, needed in needs if needed == str(CDR_SENDER)}
    assert posts == {("cdrs", "POST")}


def _files(folder: Path, *, crl: bool) -> CertificateReader:
    (folder / "ca.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    server = ServerSection(client_ca=str(folder / "ca.pem"), crl=str(folder / "crl.pem") if crl else "")
    return certificate_reader(Config(server=server, pki=PKISection(environment="test")))


def _lists(folder: Path, *revoked: x509.Certificate) -> None:
    gone = [Revocation(serial=f"{one.serial_number:x}", at=NOW) for one in revoked]
    made = [
        revocation_list(listed, authority, timedelta(days=7), NOW)
        for authority, listed in ((pki().client, gone), (pki().root, []))
    ]
    (folder / "new.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in made))
    (folder / "new.pem").rename(folder / "crl.pem")


def test_files_are_read_anew_when_they_change_and_damage_changes_nothing(tmp_path: Path) -> None:
    certificate = leaf()
    _lists(tmp_path)
    made = _files(tmp_path, crl=True)
    assert made.read(chain(certificate), AT).environment == "test"
    (tmp_path / "crl.pem").write_bytes(b"-----BEGIN X509 CRL-----\nnonsense\n-----END X509 CRL-----")
    assert made.read(chain(certificate), AT).environment == "test"
    _lists(tmp_path, certificate)
    with pytest.raises(CertificateRefused, match="revoked"):
        made.read(chain(certificate), AT)
    (tmp_path / "crl.pem").unlink()
    with pytest.raises(CertificateRefused, match="revoked"):
        made.read(chain(certificate), AT)


def test_without_revocation_lists_none_are_needed(tmp_path: Path) -> None:
    assert _files(tmp_path, crl=False).read(chain(leaf()), AT).environment == "test"
    assert certificate_reader(Config()) is NO_READER
