# SPDX-License-Identifier: AGPL-3.0-or-later
"""`wwcp-ocpi audit`: the log of a gateway, read and verified beside it and after it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.cli.running import CLI, written
from tests.gateway.gateways import until
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.audit_log import CHECKPOINT_FILE, PUBLIC_FILE, files, latest

HOSTILE = "\x1b[2J\u202eevil\nline"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The folder of the log of a gateway that ran."""
    async with Gateway(load(written(tmp_path, port=0))) as gateway:
        gateway.audit.append(Event(Reason.UNKNOWN_TOKEN, source="192.0.2.7", login=HOSTILE, detail=HOSTILE))
        gateway.audit.append(Event(Reason.BLOCKED, partner="emp"))
    return gateway.audit.folder


async def test_what_a_gateway_noted_is_there_before_it_ends(cli: CLI, tmp_path: Path) -> None:
    path = written(tmp_path, port=0)
    path.write_text(path.read_text() + "\n[audit]\nflush_s = 0.01\n")
    async with Gateway(load(path)) as gateway:
        gateway.audit.append(Event(Reason.BLOCKED, partner="emp"))

        async def is_there() -> bool:
            return latest(gateway.audit.folder, 1)[0].event == "blocked"

        await until(is_there)
        ran = await asyncio.to_thread(cli, "audit", "verify", "--config", path, "--json")
        assert (ran.code, ran.json["findings"]) == (0, [])
        ran = await asyncio.to_thread(cli, "audit", "tail", "--lines", 2, "--config", path, "--json")
        assert [line["event"] for line in ran.lines] == ["audit_opened", "blocked"]


async def test_tail_shows_the_last_records_that_are_wanted(cli: CLI, folder: Path) -> None:
    lines = cli("audit", "tail", "--json").lines
    events = ["checkpoint", "audit_opened", "unknown_token", "blocked", "audit_closed", "checkpoint"]
    assert [line["event"] for line in lines] == events
    assert lines[2]["detail"] == HOSTILE
    assert [line["n"] for line in cli("audit", "tail", "--lines", 2, "--json").lines] == [5, 6]
    assert [line["n"] for line in cli("audit", "tail", "--event", "blocked", "--json").lines] == [4]
    assert [line["n"] for line in cli("audit", "tail", "--partner", "emp", "--json").lines] == [4]
    ran = cli("audit", "tail", "--event", "bored")
    assert (ran.code, ran.out) == (2, "")


async def test_a_terminal_gets_no_control_characters(cli: CLI, folder: Path) -> None:
    shown = cli("audit", "tail").out
    assert "\\u001b[2J\\u202eevil\\u000aline" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


async def test_verify_finds_what_was_changed(cli: CLI, folder: Path) -> None:
    ran = cli("audit", "verify", "--json")
    assert (ran.code, ran.json) == (
        0, {"records": 6, "checkpoints": 2, "first": 1, "last": 6, "unsigned": 0, "findings": []},
    )  # fmt: skip
    (path,) = files(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    for changed, problem in (
        ([*lines[:2], lines[2].replace(b"192.0.2.7", b"192.0.2.8"), *lines[3:]], "edited"),
        ([*lines[:2], *lines[3:]], "removed"),
        ([lines[0], lines[2], lines[1], *lines[3:]], "reordered"),
        (lines[:4], "truncated"),
    ):
        path.write_bytes(b"".join(changed))
        ran = cli("audit", "verify", "--json")
        assert ran.code == 1
        assert problem in {one["problem"] for one in ran.json["findings"]}
        assert problem in cli("audit", "verify").out


async def test_an_auditor_needs_only_copies_of_two_files(cli: CLI, folder: Path, tmp_path: Path) -> None:
    for name in (PUBLIC_FILE, CHECKPOINT_FILE):
        shutil.copy(folder / name, tmp_path / name)
    (tmp_path / "CPO" / "server.key").unlink()
    ran = cli("audit", "verify", "--public-key", PUBLIC_FILE, "--checkpoint", CHECKPOINT_FILE, "--json")
    assert (ran.code, ran.json["findings"]) == (0, [])
    assert not (tmp_path / "CPO" / "server.key").exists()
    assert "a stored secret does not open" in cli("audit", "verify").err


async def test_two_gateways_do_not_write_one_log(tmp_path: Path) -> None:
    path = written(tmp_path, port=0)
    async with Gateway(load(path)):
        with pytest.raises(Exception, match="another process writes this audit log"):
            await Gateway(load(path)).start()


def test_without_a_log_there_is_nothing_to_show(cli: CLI) -> None:
    for command in ("tail", "verify"):
        ran = cli("audit", command, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert "no audit log there" in ran.err
