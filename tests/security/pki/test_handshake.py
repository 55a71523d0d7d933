# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenSSL agrees with us: the files of a PKI make a TLS 1.3 connection with certificates on both sides, or none."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from wwcp_ocpi.security.files import write_new
from wwcp_ocpi.security.pki.checking import Expected, Identity, Trust, check
from wwcp_ocpi.security.pki.folder import SIGNERS, Folder, Settings, pem_of
from wwcp_ocpi.security.pki.issuing import Policy, issue
from wwcp_ocpi.security.pki.keys import MADE, KeyType, new_key, private_pem
from wwcp_ocpi.security.pki.oids import DEFAULT_ARC
from wwcp_ocpi.security.pki.parties import Environment, certified
from wwcp_ocpi.security.pki.permissions import permission
from wwcp_ocpi.security.pki.requests import Asked, Purpose, Wish
from wwcp_ocpi.security.pki.revocation import Revocation

STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_CRL_CHECK_CHAIN


def leaf(pki: Folder, purpose: Purpose, kind: KeyType, name: str = "localhost") -> Path:
    """The folder of a leaf, as the command line makes it."""
    key, place = new_key(kind), pki.leaf(f"{purpose.value}-{name}")
    policy = Policy(
        purpose=purpose,
        environment=Environment.TEST,
        hosts=frozenset({name} if purpose is Purpose.SERVER else ()),
        parties=frozenset({certified("CPO:DE*GEF")}),
        permissions=frozenset({permission("CDR-SENDER")}),
        key_types=MADE,
    )
    asked = Asked(wish=Wish(name=name), key=key.public_key())
    made = issue(asked, policy, pki.authority(SIGNERS[purpose]), pki.arc, datetime.now(UTC))
    place.mkdir(parents=True)
    write_new(place / "key.pem", private_pem(key), 0o600)
    write_new(place / "chain.pem", pki.chain(made, purpose))
    write_new(place / "certificate.pem", pem_of(made))
    return place


def context(pki: Folder, own: Path, *, server: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(pki.path / "trust.pem")
    made.load_verify_locations(pki.path / "crls.pem")
    made.verify_flags |= STRICT
    made.load_cert_chain(own / "chain.pem", own / "key.pem")
    return made


def shaken(pki: Folder, server: Path, client: Path) -> bytes | None:
    """Both ends in memory; the certificate that the server saw.

    Raises:
        ssl.SSLError: one end refused the other.
    """
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context(pki, server, server=True).wrap_bio(to_server, to_client, server_side=True)
    theirs = context(pki, client, server=False).wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(4):
        for end in (theirs, ours):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    theirs.write(b"hello")
    assert ours.read() == b"hello"
    return ours.getpeercert(binary_form=True)


@pytest.mark.parametrize("kind", [KeyType.P256, KeyType.P384, KeyType.ED25519], ids=lambda kind: kind.value)
def test_files_of_a_pki_make_a_mutual_connection_until_one_is_revoked(tmp_path: Path, kind: KeyType) -> None:
    settings = Settings(environment=Environment.TEST, arc=DEFAULT_ARC, name="Test")
    now = datetime.now(UTC)
    pki = Folder.create(tmp_path, settings, kind, now)
    server, client = (leaf(pki, purpose, kind) for purpose in Purpose)
    seen = shaken(pki, server, client)
    assert seen is not None
    trust = Trust(authorities=(pki.certificate("root-ca"),), intermediates=(pki.certificate("client-ca"),))
    found = check([seen], trust, Expected(environment=Environment.TEST), datetime.now(UTC))
    assert isinstance(found, Identity)
    assert set(map(str, found.parties)) == {"CPO:DE*GEF"}

    with pytest.raises(ssl.SSLError, match="unsuitable certificate purpose"):
        shaken(pki, server, server)

    revoked = x509.load_pem_x509_certificate((client / "certificate.pem").read_bytes())
    pki.revoke(revoked, Revocation(serial=f"{revoked.serial_number:x}", at=now))
    pki.write_lists(now)
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        shaken(pki, server, client)
