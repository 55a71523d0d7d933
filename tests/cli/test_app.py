# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds for every command: where output goes, which code it ends with, and how a mistake is told."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import CLI, written
from tests.objects import location
from wwcp_ocpi.protocol.errors import NotFound, PartnerError, Refused, UsageError

APP = importlib.import_module("wwcp_ocpi.cli.app")  # the name in the package is the application
COMMANDS = ["serve", "demo", "import", "export", "validate", "party", "config"]


def test_without_a_command_there_is_help_and_wrong_use(cli: CLI) -> None:
    ran = cli()
    assert ran.code == 2
    assert all(name in ran.out + ran.err for name in COMMANDS)


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS], ["party", "register"]], ids=" ".join)
def test_every_command_explains_itself(cli: CLI, command: list[str]) -> None:
    ran = cli(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.lstrip().startswith("Usage: ")


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["import"],
        ["import", "x.json"],
        ["export", "--nonsense"],
        ["party"],
        ["party", "nonsense"],
        ["party", "register", "x"],
        ["demo", "--seed", "many"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_code_2_and_nothing_on_standard_output(cli: CLI, args: list[str]) -> None:
    ran = cli(*args)
    assert (ran.code, ran.out if args != ["party"] else "") == (2, "")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["export", "--version", "9.9"], "expected an OCPI version of 2.1.1, 2.2.1, 2.3.0, got '9.9'"),
        (["export", "--version", "2.2.1", "--object", "x"], "OCPI 2.2.1 keeps no 'x'; it keeps "),
        (["export", "--version", "2.2.1", "--party", "x"], "--party: expected a party like NL*TNM"),
        (["export", "--version", "2.2.1", "--config", "x.toml"], "x.toml: No such file or directory"),
        (["import", "x.json", "--version", "2.2.1"], "x.json: cannot be read: No such file or directory"),
        (["import", "x.json", "--version", "9.9"], "expected an OCPI version of "),
        (["import", "x.json", "--version", "2.2.1", "--object", "x"], "OCPI 2.2.1 keeps no 'x'"),
        (["import", "x.json", "--version", "2.2.1", "--party", "x"], "--party: expected a party"),
        (["import", "x.json", "--version", "2.2.1", "--default", "x"], "--default: expected FIELD=VALUE, got 'x'"),
        (["import", "x.json", "--version", "2.2.1", "--default", "x=1"], "--default: locations of OCPI 2.2.1 have no"),
        (["import", "x.json", "--version", "2.2.1", "--rejects", "no/x"], "--rejects: no/x: No such file or directory"),
        (["validate", "x.json", "--version", "9.9", "--object", "Location"], "expected an OCPI version of "),
        (["validate", "x.json", "--version", "2.2.1", "--object", "x"], "OCPI 2.2.1 has no object 'x'; it has "),
        (["validate", "x.json", "--version", "2.2.1", "--object", "Location"], "x.json: cannot be read: No such file"),
        (["demo", "--feed", "x.json"], "x.json: cannot be read: No such file"),
        (["party", "show", "x"], "no partner 'x'; there are none"),
        (["party", "remove", "x"], "no partner 'x'; there are none"),
        (["party", "block", "x"], "no partner 'x'; there are none"),
        (["party", "renew", "x"], "no partner 'x'; there are none"),
        (["party", "unregister", "x"], "no partner 'x'; there are none"),
        (["party", "pull", "x"], "no partner 'x'; there are none"),
        (["party", "invite", "a/b"], "a partner id has letters, digits, dot, dash and underscore, got 'a/b'"),
        (["party", "invite", "x", "--form", "x"], "--form: expected base64, raw or either, got 'x'"),
        (["party", "register", "x", "--url", "u", "--token-file", "f"], "--token-file: cannot be read: "),
        (["config", "show", "--config", "x.toml"], "x.toml: No such file or directory"),
        (["serve", "--config", "x.toml"], "x.toml: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("machine", [[], ["--json"]], ids=["people", "json"])
def test_a_mistake_is_one_line_on_standard_error_and_code_2(
    cli: CLI, tmp_path: Path, args: list[str], said: str, machine: list[str]
) -> None:
    written(tmp_path)
    ran = cli(*args, *machine)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"wwcp-ocpi: {said}")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("why"), 2),
        (NotFound("why"), 2),
        (Refused("why", http_status=404), 1),
        (PartnerError("why"), 1),
        (OSError("why"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_becomes_its_code_in_one_place(
    cli: CLI, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setattr(APP, "app", broken)
    ran = cli()
    assert (ran.code, ran.out, ran.err) == (code, "", "wwcp-ocpi: why\n")


def test_a_message_is_shown_as_it_is(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise UsageError("$.evses[0]: [red]x[/red] :smile: [/nonsense]")

    monkeypatch.setattr(APP, "app", broken)
    assert cli().err == "wwcp-ocpi: $.evses[0]: [red]x[/red] :smile: [/nonsense]\n"


def test_the_package_is_a_command_as_well(tmp_path: Path) -> None:
    file = tmp_path / "feed.json"
    file.write_text(json.dumps(location("2.2.1")))
    args = ["validate", str(file), "--version", "2.2.1", "--object", "Location", "--json"]
    done = subprocess.run([sys.executable, "-m", "wwcp_ocpi", *args], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, b'{"objects":1,"errors":0,"warnings":0}\n')
    assert done.stderr == b""


def test_a_reader_that_has_seen_enough_is_no_error(cli: CLI, tmp_path: Path) -> None:
    config = written(tmp_path)
    (tmp_path / "feed.jsonl").write_text("\n".join(json.dumps(location("2.2.1", f"L{n}")) for n in range(400)))
    assert cli("import", "feed.jsonl", "--version", "2.2.1").code == 0
    command = f"'{sys.executable}' -m wwcp_ocpi export --version 2.2.1 --config '{config}' | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, check=False, timeout=60)
    assert json.loads(done.stdout)["id"] == "L0"
    assert done.stderr == b""
