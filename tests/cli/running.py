# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line in this process: the same entry point, with what it prints and the code that it exits with."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
import structlog

from wwcp_ocpi.cli import main


class Ran(msgspec.Struct, frozen=True):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON, line by line: all of it must be."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """The one line of JSON on standard output."""
        (line,) = self.lines
        return line


CLI: TypeAlias = Callable[..., Ran]


def run_main(*args: object) -> int:
    """The exit code of the command line with these arguments."""
    sys.argv = ["wwcp-ocpi", *map(str, args)]
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CLI]:
    """Runs a command in an empty folder: `cli("import", file, "--version", "2.2.1", stdin=b"")`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = run_main(*args)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    yield run
    structlog.reset_defaults()  # the log went to a stream that ends with this test


def written(folder: Path, *, role: str = "CPO", port: int = 2310, name: str = "wwcp-ocpi.toml") -> Path:
    """A configuration file of a gateway on loopback, with its data in the same folder."""
    party = {"CPO": "DE*GEF", "EMSP": "NL*EMP"}[role]
    path = folder / name
    path.write_text(
        f"""
        [server]
        port = {port}
        page_size = 3
        [store]
        folder = '{folder / role}'
        [outbound]
        allow_http = true
        allow_private = true
        [pull]
        every_h = 0
        [log]
        level = "warning"
        [[party]]
        id = "{party}"
        role = "{role}"
        """
    )
    return path
