# SPDX-License-Identifier: AGPL-3.0-or-later
"""ML-DSA, where the library has it, and a plain word where it has not."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from tests.cli.running import CLI, cli
from tests.net.test_partner_tls import get, shown
from tests.net.tls_setting import Files, Seen, der, self_signed, serving_tls
from tests.security.pki.authorities import leaf, pki
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import PartnerTLS
from wwcp_ocpi.security.pki import keys
from wwcp_ocpi.security.pki.keys import LACKING, MADE, ML_DSA, KeyType, key_type, kind_of, new_key

__all__ = ["cli"]

IS_THERE = pytest.mark.skipif(not MADE.issuperset(ML_DSA), reason=f"no ML-DSA: {LACKING}")
KINDS = pytest.mark.parametrize("kind", ML_DSA, ids=lambda kind: kind.value)
_SIGNATURE_BYTES = {KeyType.ML_DSA_44: 2420, KeyType.ML_DSA_65: 3309, KeyType.ML_DSA_87: 4627}


@IS_THERE
@KINDS
def test_certificates_are_signed_with_it(kind: KeyType) -> None:
    made = pki("Post-quantum", kind)
    one = leaf(made.client)
    assert len(one.signature) == _SIGNATURE_BYTES[kind]
    assert kind_of(made.client.certificate.public_key()) is kind
    one.verify_directly_issued_by(made.client.certificate)


@IS_THERE
def test_from_the_command_line(cli: CLI, tmp_path: Path) -> None:
    for_client = ("--for", "client", "--party", "CPO:DE*GEF", "--permission", "CDR-SENDER")

    def run(*args: str, code: int = 0) -> str:
        ran = cli("pki", *args, "--json")
        assert ran.code == code, ran.err
        return ran.out + ran.err

    run("init", "--key-type", "ml-dsa-65")
    assert '"key_type":"ml-dsa-65"' in run("issue", "ours", *for_client, "--key-type", "ml-dsa-65")
    run("csr", "theirs", *for_client, "--key-type", "ml-dsa-87")
    request = ("sign", "theirs.csr.pem", *for_client, "--out", "theirs.pem")
    assert "key: expected ed25519, p256, p384" in run(*request, code=1)  # off unless it is named
    assert '"key_type":"ml-dsa-87"' in run(*request, "--allow-key-type", "ml-dsa-87")
    run("revoke", "ours")
    assert '"verdict":"revoked' in run("show", "ours", code=1)


@IS_THERE
async def test_a_partner_may_be_shown_such_a_certificate(tmp_path: Path) -> None:
    """From memory as well, although pyOpenSSL itself does not know the kind."""
    files, seen = Files(tmp_path), Seen()
    mine = self_signed(tmp_path / "own.pem", "us.example", new_key(KeyType.ML_DSA_65))
    tls = files.server(client_certificates="required", client_ca=mine)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client()) as way:
        await get(way, f"https://localhost:{server.port}/", PartnerTLS(partner="p", **shown(mine)))
    assert [channel.peer_chain[0] for channel in seen.channels] == [der(mine)]


@KINDS
def test_where_it_is_missing_the_error_says_what(kind: KeyType, monkeypatch: pytest.MonkeyPatch) -> None:
    found, lacking = keys._ml_dsa("cryptography.no_such_module")
    assert found == {}
    assert lacking.startswith("cryptography ")
    assert lacking.endswith("has no ML-DSA; a later one does")
    monkeypatch.setattr(keys, "_ML_DSA", found)
    monkeypatch.setattr(keys, "MADE", keys.CLASSIC)
    monkeypatch.setattr(keys, "LACKING", lacking)
    for make in (lambda: key_type(kind.value.upper()), lambda: new_key(kind)):
        with pytest.raises(UsageError) as refused:
            make()
        assert str(refused.value).endswith(f"{kind.value}: {lacking}")
    with pytest.raises(UsageError, match="expected a key type of ed25519, p256, p384, got 'ml-dsa-99'"):
        key_type("ml-dsa-99")


def test_an_openssl_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Key:
        @staticmethod
        def from_seed_bytes(seed: bytes) -> None:
            raise UnsupportedAlgorithm("no")

    module = types.ModuleType("old_mldsa")
    for size in (44, 65, 87):
        setattr(module, f"MLDSA{size}PrivateKey", Key)
        setattr(module, f"MLDSA{size}PublicKey", Key)
    monkeypatch.setitem(sys.modules, "old_mldsa", module)
    found, lacking = keys._ml_dsa("old_mldsa")
    assert found == {}
    assert lacking.startswith("the OpenSSL ")
    assert lacking.endswith("has no ML-DSA; OpenSSL 3.5 and later do")
