# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a command says: the machine form on standard output, everything for people on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from wwcp_ocpi.gateway.config import Config, load

Json = Annotated[bool, typer.Option("--json", help="Machine form on standard output.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file; by default wwcp-ocpi.toml in this folder, if there is one."),
]

DEFAULT_FILE = Path("wwcp-ocpi.toml")
console = Console(stderr=True, highlight=False, markup=False, emoji=False)
_FOR_PEOPLE = structlog.dev.ConsoleRenderer(colors=False)
_encoder = msgspec.json.Encoder(decimal_format="number")


def configuration(path: Path | None) -> Config:
    """The effective configuration of this call."""
    config = load(path or (DEFAULT_FILE if DEFAULT_FILE.exists() else None))
    log_to_stderr(config.log.level, as_json=config.log.json)
    return config


def log_to_stderr(level: str, *, as_json: bool = False) -> None:
    """Send the log to standard error, so that standard output stays the command's own."""
    levels = {"debug": 10, "info": 20, "warning": 30, "error": 40}
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *((structlog.processors.JSONRenderer(),) if as_json else (_shown, _FOR_PEOPLE)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(levels[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def printable(text: str, keep: str = "") -> str:
    """For a terminal: what moves its cursor, colours it or turns its text around is shown as what it is.

    Args:
        keep: Characters that are printed all the same, like line ends where a line is not a record.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep or category(c) == "Zs" else f"\\u{ord(c):04x}" for c in text)


def _shown(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of the log; it keeps line ends, which the renderer escapes but in a traceback."""
    return {name: printable(value, "\n") if isinstance(value, str) else value for name, value in event.items()}


def emit(value: object) -> None:
    """One line of the machine form."""
    sys.stdout.buffer.write(_encoder.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def emit_raw(line: bytes) -> None:
    """One line that is JSON already."""
    sys.stdout.buffer.write(line + b"\n")


def say(text: str) -> None:
    """A line for people, or some."""
    console.print(printable(text, "\n"), soft_wrap=True)


def line(text: str) -> None:
    """One line for people on standard output, and never two."""
    sys.stdout.write(f"{printable(text)}\n")


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people, on standard output."""
    table = Table(title=printable(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(printable(str(cell), "\n") for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)


def progress() -> Progress:
    """A progress bar on standard error."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
