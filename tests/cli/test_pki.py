# SPDX-License-Identifier: AGPL-3.0-or-later
"""`wwcp-ocpi pki`: from three authorities to a certificate that is good no more."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.cli.running import CLI
from tests.security.pki import seed

CLIENT = ("--for", "client", "--party", "CPO:DE*GEF")
CDR = ("--permission", "CDR-SENDER")


def ok(cli: CLI, *args: object, **options: Any) -> Any:
    ran = cli("pki", *args, "--json", **options)
    assert ran.code == 0, ran.err
    return ran.json


def refused(cli: CLI, *args: object, code: int = 2, **options: Any) -> str:
    ran = cli("pki", *args, "--json", **options)
    assert (ran.code, ran.out) == (code, ""), ran
    return ran.err


@pytest.fixture(autouse=True)
def made(cli: CLI) -> None:
    assert ok(cli, "init", "--key-type", "p256") == {
        "folder": "wwcp-ocpi-pki",
        "environment": "test",
        "trust": "wwcp-ocpi-pki/trust.pem",
        "crls": "wwcp-ocpi-pki/crls.pem",
    }


def test_a_leaf_is_made_shown_revoked_and_shown_again(cli: CLI, tmp_path: Path) -> None:
    issued = ok(cli, "issue", "cpo", *CLIENT, *CDR, "--key-group", "g1", "--days", "10")
    key, chain = tmp_path / issued.pop("key"), tmp_path / issued.pop("chain")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(x509.load_pem_x509_certificates(chain.read_bytes())) == 2
    assert {
        name: issued[name] for name in ("for", "environment", "parties", "permissions", "key_group", "days_left")
    } == {
        "for": "client",
        "environment": "test",
        "parties": ["CPO:DE*GEF"],
        "permissions": ["CDR-SENDER"],
        "key_group": "g1",
        "days_left": 9,
    }
    for name in ("cpo", issued["serial"], chain):
        assert ok(cli, "show", name) == {**issued, "verdict": "ok"}
    assert ok(cli, "revoke", "cpo", "--reason", "key_compromise") == {
        "serial": issued["serial"],
        "reason": "key_compromise",
        "by": "client-ca",
    }
    ran = cli("pki", "show", "cpo", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "revoked")
    assert "was revoked before" in refused(cli, "revoke", issued["serial"])
    rows = ok(cli, "show")["certificates"]
    assert [(row["subject"], row["verdict"]) for row in rows if row["authority"] == "client-ca"] == [
        ("CN=cpo", "revoked")
    ]


def test_a_server_needs_a_host(cli: CLI) -> None:
    assert "expected a host name" in refused(cli, "issue", "gateway", "--for", "server", code=1)
    issued = ok(cli, "issue", "gateway", "--for", "server", "--host", "localhost", "--host", "127.0.0.1")
    assert issued["hosts"] == ["localhost", "127.0.0.1"]
    assert ok(cli, "show", "gateway")["verdict"] == "ok"


def test_a_request_of_somebody_else_is_signed_as_far_as_the_policy_goes(cli: CLI, tmp_path: Path) -> None:
    wish = ("--not-after", "2099-01-01T00:00:00Z", "--key-group", "g1")
    files = ok(cli, "csr", "partner", *CLIENT, *CDR, *wish)
    assert files == {"key": "partner.key.pem", "csr": "partner.csr.pem"}
    assert stat.S_IMODE((tmp_path / "partner.key.pem").stat().st_mode) == 0o600
    shown = ok(cli, "show", "partner.csr.pem")
    assert (shown["permissions"], shown["not_after"]) == (["CDR-SENDER"], "2099-01-01T00:00:00Z")

    said = refused(cli, "sign", "partner.csr.pem", *CLIENT, code=1)
    assert "permissions: not granted: CDR-SENDER" in said
    said = refused(cli, "sign", "partner.csr.pem", "--for", "client", "--party", "CPO:NL*EMP", *CDR, code=1)
    assert "parties: not granted: CPO:DE*GEF" in said

    signed = ok(cli, "sign", "partner.csr.pem", *CLIENT, *CDR, "--days", "30", "--out", "chain.pem")
    assert signed["days_left"] == 29
    assert (tmp_path / "chain.pem").read_text() == signed["chain"]
    said = refused(cli, "sign", "partner.csr.pem", *CLIENT, *CDR, "--out", "chain.pem")
    assert "chain.pem: is there already" in said
    assert "BEGIN CERTIFICATE" in cli("pki", "sign", "partner.csr.pem", *CLIENT, *CDR).out


def test_a_certificate_of_the_same_key_group_replaces_the_older_one(cli: CLI) -> None:
    serials = []
    for name, group in (("one", "g1"), ("two", "g2"), ("three", "g1")):
        ok(cli, "csr", name, *CLIENT, "--key-group", group)
        signed = ok(cli, "sign", f"{name}.csr.pem", *CLIENT, "--revoke-replaced")
        serials.append((signed["serial"], signed["replaces"]))
    assert [replaced for _, replaced in serials] == [[], [], [serials[0][0]]]
    assert [cli("pki", "show", serial, "--json").json["verdict"] for serial, _ in serials] == ["revoked", "ok", "ok"]


def test_a_request_of_the_first_drafts_comes_by_standard_input(cli: CLI) -> None:
    pem = seed.request(seed.attribute(seed.PARTY_IDS, seed.texts("DEGEF")))
    assert ok(cli, "sign", "-", *CLIENT, stdin=pem)["parties"] == ["CPO:DE*GEF"]
    assert "signature is not of the key" in refused(cli, "sign", "-", *CLIENT, stdin=seed.request(signed=False), code=1)


def test_a_passphrase_is_a_reference_and_never_an_argument(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHRASE", "hush hush")
    closed = ("--folder", "closed")
    ok(cli, "init", *closed, "--passphrase", "env:PHRASE")
    assert "its passphrase" in refused(cli, "issue", "cpo", *CLIENT, *closed)
    said = refused(cli, "issue", "cpo", *CLIENT, *closed, "--passphrase", "hush hush")
    assert "expected file:PATH or env:NAME" in said
    assert "hush" not in said
    ok(cli, "issue", "cpo", *CLIENT, *closed, "--passphrase", "env:PHRASE")
    assert "its passphrase" in refused(cli, "revoke", "cpo", *closed)
    assert ok(cli, "show", "cpo", *closed)["verdict"] == "ok"  # nothing was revoked half way
    ok(cli, "revoke", "cpo", *closed, "--passphrase", "env:PHRASE")


def test_the_lists_of_revocations_are_written_again(cli: CLI, tmp_path: Path) -> None:
    before = (tmp_path / "wwcp-ocpi-pki" / "crls.pem").read_bytes()
    ok(cli, "crl", "--days", "7")
    after = (tmp_path / "wwcp-ocpi-pki" / "crls.pem").read_bytes()
    assert after != before
    assert after.count(b"BEGIN X509 CRL") == 3


def test_the_environment_and_the_arc_come_from_the_configuration(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "prod.toml").write_text('[pki]\nenvironment = "prod"\narc = "1.3.6.1.4.1.99999"\nfolder = "prod"')
    ok(cli, "init", "--config", "prod.toml")
    assert ok(cli, "issue", "cpo", *CLIENT, "--config", "prod.toml")["environment"] == "prod"
    ran = cli("pki", "show", "prod/leaves/cpo/chain.pem", "--json")  # judged by the other PKI
    assert (ran.code, ran.json["verdict"]) == (1, "bad_signature")


def test_without_a_pki_a_certificate_is_shown_without_a_verdict(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "wwcp-ocpi-pki").rename(tmp_path / "moved")
    assert ok(cli, "show", "moved/trust.pem")["verdict"] is None
    assert "no PKI there" in refused(cli, "show")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("init",), "there is a PKI already"),
        (("issue", "../x", *CLIENT), "expected a name of letters"),
        (("issue", "x", "--for", "both"), "--for: expected server or client"),
        (("issue", "x", *CLIENT, "--permission", "CDR"), "expected a permission like CDR-SENDER"),
        (("issue", "x", "--for", "client", "--party", "DE*GEF"), "expected a role and a party"),
        (("issue", "x", *CLIENT, "--key-type", "rsa"), "expected a key type of"),
        (("csr", "x", *CLIENT, "--not-before", "soon"), "--not-before"),
        (("sign", "nowhere.pem", *CLIENT), "nowhere.pem: No such file"),
        (("revoke", "nobody"), "nobody: No such file"),
        (("show", "wwcp-ocpi-pki/pki.json"), "expected a certificate or a signing request"),
        (("crl", "--passphrase", "env:NOBODY"), "expected a passphrase there"),
    ],
)
def test_wrong_use_says_what_was_expected(cli: CLI, args: tuple[str, ...], said: str) -> None:
    assert said in refused(cli, *args)


def test_nothing_is_written_over(cli: CLI) -> None:
    ok(cli, "issue", "cpo", *CLIENT)
    assert "there is a key already" in refused(cli, "issue", "cpo", *CLIENT)
    ok(cli, "csr", "x", *CLIENT)
    assert "is there already" in refused(cli, "csr", "x", *CLIENT)


def test_people_get_tables(cli: CLI) -> None:
    cli("pki", "issue", "cpo", *CLIENT, *CDR)
    for args in ((), ("cpo",)):
        ran = cli("pki", "show", *args)
        assert "CPO:DE*GEF" in ran.out
    assert "client-ca" in cli("pki", "revoke", "cpo").out
