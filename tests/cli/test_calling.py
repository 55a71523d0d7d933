# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party tls-to`, `hosts`: what they say, what they keep, and what they never show."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI, written
from tests.net.tls_setting import Files, certificate
from wwcp_ocpi.security.pki.keys import pin_of

PIN = "ab" * 32


@pytest.fixture
def party(cli: CLI, tmp_path: Path) -> Any:
    """Runs a `party` command with the partner `acme` there; gives its JSON, or with another code what it said."""
    file = written(tmp_path)

    def run(command: str, *args: object, code: int = 0, json: bool = True) -> Any:
        ran = cli("party", command, *args, "--config", file, *(["--json"] if json else []))
        assert ran.code == code, ran.err
        assert "PRIVATE KEY" not in ran.out + ran.err
        return (ran.json if json else ran.out + ran.err) if code == 0 else ran.err

    run("add", "acme")
    return run


def files(folder: Path, name: str = "us.example") -> tuple[Files, Path, Path]:
    """An authority, and the chain and key that it issued, in a file each."""
    made = Files(folder)
    issued = made.authority.issue_cert(name)
    chain = made.write(f"{name}.pem", b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return made, Path(chain), Path(made.write(f"{name}.key", issued.private_key_pem.bytes()))


def test_a_certificate_is_set_shown_changed_and_ended(party: Any, tmp_path: Path) -> None:
    made, chain, key = files(tmp_path)
    found = party("tls-to", "acme", "--certificate", chain, "--key", key)["tls_to"]
    leaf = certificate(str(chain))
    assert found["certificate"]["expires"] == f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert len(found["certificate"]["fingerprint"]) == 64
    assert (found["authorities"], found["pins"]) == ([], [])
    colons = ":".join(PIN[at : at + 2] for at in range(0, 64, 2)).upper()
    more = party("tls-to", "acme", "--authorities", made.ca, "--pin", colons)["tls_to"]
    assert more["certificate"] == found["certificate"]
    assert [len(one["fingerprint"]) for one in more["authorities"]] == [64]
    assert more["pins"] == [PIN]
    assert party("show", "acme")["tls_to"] == more
    said = party("show", "acme", json=False)
    assert found["certificate"]["fingerprint"] in said
    assert PIN in said
    bare = party("tls-to", "acme", "--authorities", "", "--pin", "")["tls_to"]
    assert (bare["authorities"], bare["pins"]) == ([], [])
    assert party("tls-to", "acme", "--off")["tls_to"] is None


def test_the_key_is_not_in_the_database_and_the_files_are_needed_no_more(party: Any, tmp_path: Path) -> None:
    _, chain, key = files(tmp_path)
    secret = key.read_text().splitlines()[1]
    party("tls-to", "acme", "--certificate", chain, "--key", key)
    chain.unlink()
    key.unlink()
    with sqlite3.connect(tmp_path / "CPO" / "wwcp-ocpi.sqlite") as database:
        assert not [line for line in database.iterdump() if secret in line or "PRIVATE KEY" in line]
    assert party("show", "acme")["tls_to"]["certificate"] is not None


def test_what_cannot_be_used_is_refused(party: Any, tmp_path: Path) -> None:
    _, chain, key = files(tmp_path)
    _, _, other = files(tmp_path, "other.example")
    wrong: list[tuple[tuple[object, ...], str]] = [
        ((), "expected --certificate with --key"),
        (("--certificate", chain), "expected both or none"),
        (("--certificate", chain, "--key", other), "expected the private key of the first certificate"),
        (("--certificate", tmp_path / "none", "--key", key), "cannot be read"),
        (("--pin", "abc"), "expected 64 hex digits"),
        (("--authorities", key), "expected certificates, PEM"),
    ]
    for options, message in wrong:
        assert message in party("tls-to", "acme", *options, code=2)
    assert party("show", "acme")["tls_to"] is None
    assert pin_of(certificate(str(chain)).public_key()) != PIN


def test_hosts_are_named_replaced_and_ended(party: Any) -> None:
    found = party("hosts", "acme", "Results.acme.example", "api.acme.example:8443")["hosts"]
    assert found == {"named": ["results.acme.example", "api.acme.example:8443"], "only": False}
    assert party("hosts", "acme", "ocpi.acme.example", "--only")["hosts"] == {
        "named": ["ocpi.acme.example"],
        "only": True,
    }
    assert "ocpi.acme.example" in party("show", "acme", json=False)
    assert party("hosts", "acme")["hosts"] == {"named": [], "only": False}
    assert "expected host or host:port" in party("hosts", "acme", "https://acme.example", code=2)
    assert "at least one host" in party("hosts", "acme", "--only", code=2)
