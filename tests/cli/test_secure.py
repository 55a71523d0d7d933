# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party totp-from`, `totp-to`, `certificate`, `limit`: what they say, what they keep, and what they never show."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI, written
from wwcp_ocpi.security.totp import BASE62

SECRET = "a-shared-secret-of-the-partner"
PASSWORDS = {"validity_s": 30, "length": 12, "alphabet": BASE62, "hash": "sha256"}
PIN = "ab" * 32


@pytest.fixture
def party(cli: CLI, tmp_path: Path) -> Any:
    """Runs a `party` command with the partner `acme` there, and gives its JSON, or with another code what it said."""
    file = written(tmp_path)

    def run(command: str, *args: object, code: int = 0, stdin: bytes = b"") -> Any:
        ran = cli("party", command, *args, "--config", file, "--json", stdin=stdin)
        assert ran.code == code, ran.err
        assert SECRET not in ran.out + ran.err
        return ran.json if code == 0 else ran.err

    run("add", "acme")
    return run


def without_times(found: Any) -> Any:
    return {name: value for name, value in found.items() if name != "created"}


def test_passwords_are_set_changed_told_and_ended(party: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    first = party("totp-from", "acme", "--secret-file", secret)["totp_from"]
    state = {
        **PASSWORDS,
        "carriers": ["header"],
        "must_bind": False,
        "single_use": "off",
        "bare": False,
        "older_secrets": 0,
    }
    assert without_times(first) == state
    how = ("--carrier", "header", "--carrier", "scheme", "--must-bind", "--single-use", "strict", "--bare")
    second = party("totp-from", "acme", *how)["totp_from"]
    changed = {"carriers": ["header", "scheme"], "must_bind": True, "single_use": "strict", "bare": True}
    assert without_times(second) == state | changed
    other = b"another-secret-of-this-partner"
    third = party("totp-from", "acme", "--secret-file", "-", "--hash", "sha512", stdin=other)["totp_from"]
    assert without_times(third) == state | changed | {"hash": "sha512", "older_secrets": 1}
    assert party("totp-from", "acme", "--at-once")["totp_from"]["older_secrets"] == 0
    assert party("show", "acme")["totp_from"] == third | {"older_secrets": 0}
    assert party("totp-from", "acme", "--off")["totp_from"] is None
    shown = party("totp-to", "acme", "--secret-file", secret, "--bound")["totp_to"]
    assert without_times(shown) == {**PASSWORDS, "carrier": "header", "bound": True}
    assert party("totp-to", "acme", "--raw", "--carrier", "basic")["totp_to"] == shown | {
        "carrier": "basic",
        "bound": False,
    }
    assert party("totp-to", "acme", "--off")["totp_to"] is None


def test_a_secret_is_not_in_the_database(party: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    party("totp-from", "acme", "--secret-file", secret)
    with sqlite3.connect(tmp_path / "CPO" / "wwcp-ocpi.sqlite") as database:
        assert not [line for line in database.iterdump() if SECRET in line]


def test_a_new_secret_is_written_once_where_nobody_else_reads_it(party: Any, cli: CLI, tmp_path: Path) -> None:
    file = tmp_path / "made"
    party("totp-from", "acme", "--new-secret", file)
    made = file.read_text().strip()
    assert (len(made), stat.S_IMODE(file.stat().st_mode)) == (43, 0o600)
    assert "--new-secret" in party("totp-from", "acme", "--new-secret", file, code=2)
    assert file.read_text().strip() == made
    ran = cli("party", "totp-to", "acme", "--new-secret", "-", "--config", tmp_path / "wwcp-ocpi.toml")
    assert (ran.code, len(ran.out.splitlines()[0])) == (0, 43)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("totp-from", "acme"), "no secret is known"),
        (("totp-to", "acme"), "no secret is known"),
        (("totp-from", "nobody", "--new-secret", "-"), "no partner 'nobody'"),
        (("totp-from", "acme", "--secret-file", "nowhere"), "cannot be read"),
        (("totp-from", "acme", "--secret-file", "x", "--new-secret", "y"), "expected one of them"),
        (("totp-from", "acme", "--new-secret", "-", "--carrier", "pigeon"), "expected carriers of header"),
        (("totp-from", "acme", "--new-secret", "-", "--single-use", "never"), "expected off, per_connection or strict"),
        (("totp-from", "acme", "--new-secret", "-", "--length", "4"), "can be guessed"),
        (("totp-from", "acme", "--new-secret", "-", "--must-bind", "--carrier", "basic"), "never bound"),
        (("totp-to", "acme", "--new-secret", "-", "--bound", "--carrier", "basic"), "never bound"),
        (("totp-from", "acme", "--new-secret", "-", "--token", "x"), "no token 'x' of acme"),
        (("certificate", "acme", "--pin", "abc"), "expected 64 hex digits"),
        (("limit", "acme", "x", "--block"), "no token 'x' of acme; there are none"),
    ],
)
def test_what_cannot_be_is_wrong_use(party: Any, args: tuple[str, ...], problem: str) -> None:
    said = party(*args, code=2)
    assert problem in said
    assert "Traceback" not in said


def test_a_certificate_rule_is_set_told_and_ended(party: Any) -> None:
    rule = ("--pin", PIN.upper(), "--issuer", ":".join(["cd"] * 32), "--environment", "prod", "--parties")
    found = party("certificate", "acme", *rule, "--permissions")["certificate"]
    assert found == {
        "pins": [PIN],
        "issuers": ["cd" * 32],
        "environment": "prod",
        "parties": True,
        "permissions": True,
    }
    assert party("show", "acme")["certificate"] == found
    assert party("certificate", "acme", "--off")["certificate"] is None


def test_one_token_is_blocked_and_bounded(party: Any) -> None:
    made = party("invite", "acme", "--role", "EMSP", "--not-after", "2030-01-01T00:00:00Z")
    (token,) = party("show", "acme")["tokens"]
    assert (token["purpose"], token["roles"], token["blocked"]) == ("invitation", ["EMSP"], False)
    assert (token["not_before"], token["not_after"]) == (None, "2030-01-01T00:00:00Z")
    assert made["token"] not in str(token)
    (limited,) = party("limit", "acme", token["id"], "--block", "--not-before", "2026-01-01T00:00:00Z")["tokens"]
    assert limited == token | {"blocked": True, "not_before": "2026-01-01T00:00:00Z"}
    (free,) = party("limit", "acme", token["id"], "--unblock", "--not-before", "", "--not-after", "")["tokens"]
    assert free == token | {"not_after": None}
    assert "not_after" in party("invite", "acme", "--not-after", "soon", code=2)
