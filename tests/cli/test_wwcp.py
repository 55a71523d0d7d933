# SPDX-License-Identifier: AGPL-3.0-or-later
"""`wwcp client`: made, listed, blocked, removed; the token is printed once and nowhere else."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import CLI, written


def test_clients_are_made_listed_blocked_and_removed(cli: CLI, tmp_path: Path) -> None:
    file = str(written(tmp_path))
    made = cli(
        "wwcp", "client", "add", "gef", "--operator", "degef", "--provider", "*", "--config", file, "--json"
    ).json
    assert set(made) == {"id", "token"}
    row = {"id": "gef", "operators": ["DE*GEF"], "providers": ["*"], "state": "active"}
    listed = cli("wwcp", "client", "list", "--config", file, "--json")
    assert listed.json == [row]
    assert made["token"] not in listed.out
    assert cli("wwcp", "client", "block", "gef", "--config", file, "--json").json == row | {"state": "blocked"}
    assert cli("wwcp", "client", "block", "gef", "--undo", "--config", file, "--json").json == row
    assert "DE*GEF" in cli("wwcp", "client", "list", "--config", file).out
    assert cli("wwcp", "client", "remove", "gef", "--config", file, "--json").json == {"id": "gef", "state": "removed"}
    assert cli("wwcp", "client", "list", "--config", file, "--json").json == []


def test_people_are_told_in_words(cli: CLI, tmp_path: Path) -> None:
    file = str(written(tmp_path))
    assert "token" in cli("wwcp", "client", "add", "gef", "--operator", "*", "--config", file).out
    assert "gef: blocked" in cli("wwcp", "client", "block", "gef", "--config", file).err
    assert "gef: removed" in cli("wwcp", "client", "remove", "gef", "--config", file).err


def test_what_cannot_be_is_refused_with_a_line(cli: CLI, tmp_path: Path) -> None:
    file = str(written(tmp_path))
    for arguments, reason in (
        (("add", "gef"), "expected at least one operator or provider"),
        (("add", "g f", "--operator", "*"), "a client id has letters"),
        (("add", "gef", "--operator", "nobody"), "operator: expected a ChargingStationOperatorId"),
        (("block", "nobody"), "no client 'nobody'"),
        (("remove", "nobody"), "no client 'nobody'"),
    ):
        ran = cli("wwcp", "client", *arguments, "--config", file)
        assert (ran.code, reason in ran.err) == (2, True), ran.err
