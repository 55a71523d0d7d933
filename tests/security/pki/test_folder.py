# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of a PKI."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.security.pki.authorities import ARC, CPO, NOW, asked, leaf, policy
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.pki.checking import Expected, Identity, Refusal, Trust, Why, check
from wwcp_ocpi.security.pki.folder import Folder, Settings
from wwcp_ocpi.security.pki.issuing import issue
from wwcp_ocpi.security.pki.keys import KeyType, new_key, private_key, private_pem
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.requests import Purpose
from wwcp_ocpi.security.pki.revocation import Revocation, reason

SETTINGS = Settings(environment=Environment.TEST, arc=ARC.base, name="Test")


def made(path: Path, passphrase: Secret | None = None) -> Folder:
    return Folder.create(path, SETTINGS, KeyType.P256, NOW, passphrase)


def signed(pki: Folder, passphrase: Secret | None = None) -> x509.Certificate:
    certificate = issue(asked(), policy(CPO), pki.authority("client-ca", passphrase), pki.arc, NOW)
    pki.record(certificate, "client-ca")
    return certificate


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    made(tmp_path / "pki")
    keys = sorted((tmp_path / "pki").rglob("key.pem"))
    assert [key.parent.name for key in keys] == ["client-ca", "root-ca", "server-ca"]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_what_others_need_is_enough_to_judge(tmp_path: Path) -> None:
    pki = made(tmp_path)
    certificate = signed(pki)
    chain = x509.load_pem_x509_certificates(pki.chain(certificate, Purpose.CLIENT))

    def judged() -> Identity | Refusal:
        trust = Trust(
            authorities=tuple(x509.load_pem_x509_certificates((tmp_path / "trust.pem").read_bytes())),
            revocations=Folder.open(tmp_path).lists(),
            needs_crl=True,
        )
        return check(chain, trust, Expected(environment=Environment.TEST), NOW)

    assert isinstance(judged(), Identity)
    serial = f"{certificate.serial_number:x}"
    assert pki.revoke(certificate, Revocation(serial=serial, at=NOW, reason="key_compromise")) == "client-ca"
    pki.write_lists(NOW)
    found = judged()
    assert isinstance(found, Refusal)
    assert found.why is Why.REVOKED
    entry = pki.lists()[2].get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise


def test_what_was_revoked_stays_so_when_the_lists_are_written_again(tmp_path: Path) -> None:
    pki = made(tmp_path)
    one, other = signed(pki), signed(pki)
    for certificate in (one, other):
        pki.revoke(certificate, Revocation(serial=f"{certificate.serial_number:x}", at=NOW))
        pki.write_lists(NOW)
    pki.write_lists(NOW + timedelta(days=20))
    assert len(list(pki.lists()[2])) == 2
    assert b"".join(sorted((tmp_path / "crls.pem").read_bytes().splitlines()))  # all three lists in one file
    with pytest.raises(UsageError, match="was revoked before"):
        pki.revoke(one, Revocation(serial=f"{one.serial_number:x}", at=NOW))


def test_only_own_certificates_are_revoked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="signed by none of the authorities"):
        made(tmp_path).revoke(leaf(), Revocation(serial="1", at=NOW))
    with pytest.raises(UsageError, match="expected a reason of"):
        reason("bored")


def test_a_passphrase_closes_the_authorities(tmp_path: Path) -> None:
    pki = made(tmp_path, Secret("hush"))
    assert b"ENCRYPTED" in (tmp_path / "root-ca" / "key.pem").read_bytes()
    signed(pki, Secret("hush"))
    for wrong in (None, Secret("wrong")):
        with pytest.raises(UsageError, match=r"key\.pem: expected a private key"):
            signed(pki, wrong)


def test_the_root_may_be_kept_elsewhere(tmp_path: Path) -> None:
    pki = made(tmp_path)
    (tmp_path / "root-ca" / "key.pem").unlink()
    signed(pki)
    pki.write_lists(NOW + timedelta(days=1))
    assert [one.last_update_utc - NOW for one in pki.lists()] == [timedelta(), timedelta(days=1), timedelta(days=1)]
    with pytest.raises(UsageError, match="root-ca"):
        pki.authority("root-ca")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    pki = made(tmp_path)
    before = (tmp_path / "trust.pem").read_bytes()
    with pytest.raises(UsageError, match="there is a PKI already"):
        made(tmp_path)
    assert (tmp_path / "trust.pem").read_bytes() == before
    for name in ("../evil", "a/b", "", ".hidden", "x" * 65):
        with pytest.raises(UsageError, match="expected a name"):
            pki.leaf(name)


def test_a_folder_without_a_pki_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no PKI there"):
        Folder.open(tmp_path)
    (tmp_path / "pki.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be read"):
        Folder.open(tmp_path)


def test_what_is_no_key_is_refused() -> None:
    for pem in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(UsageError, match="expected a private key"):
            private_key(pem)
    key = new_key(KeyType.ED25519)
    assert private_pem(private_key(private_pem(key))) == private_pem(key)
    with pytest.raises(UsageError, match="makes no such keys"):
        new_key(KeyType.RSA)
