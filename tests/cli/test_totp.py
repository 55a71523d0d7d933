# SPDX-License-Identifier: AGPL-3.0-or-later
"""`wwcp-ocpi totp`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import CLI

AT = ("--at", "2024-05-23T00:23:05Z")
SECRET = b"secure!Charging!\n"


def test_three_passwords_and_what_is_left(cli: CLI) -> None:
    ran = cli("totp", *AT, "--json", stdin=SECRET)
    assert ran.code == 0
    assert ran.json == {
        "previous": "MdPU0jCm5tXz", "current": "CN63y502maVh", "next": "dI54vnA25m2h", "remaining_s": 25,
    }  # fmt: skip


def test_the_secret_may_be_in_a_file_and_bound_to_a_connection(cli: CLI, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(SECRET)
    ran = cli("totp", "--secret-file", file, *AT, "--exporter", bytes(range(32)).hex(), "--json")
    assert ran.json["current"] == "gAzxPfYtmRgd"
    assert "CN63y502maVh" in cli("totp", "--secret-file", file, *AT).out


@pytest.mark.parametrize(
    ("args", "stdin", "problem"),
    [
        (("--at", "yesterday"), SECRET, "--at"),
        (("--exporter", "0g"), SECRET, "--exporter"),
        (("--secret-file", "nowhere"), SECRET, "nowhere"),
        (("--hash", "md5"), SECRET, "sha256, sha384, sha512"),
        (("--length", "3"), SECRET, "between 4 and 255"),
        ((), b"short", "at least 16"),
    ],
)
def test_wrong_use_says_what_was_expected(cli: CLI, args: tuple[str, ...], stdin: bytes, problem: str) -> None:
    ran = cli("totp", *args, stdin=stdin)
    assert (ran.code, ran.out) == (2, "")
    assert problem in ran.err
    assert "short" not in ran.err.replace("shared", "")
