# SPDX-License-Identifier: AGPL-3.0-or-later
"""What came out: one row a figure, as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. `limit` is what the project asks of it; `met` is None where nothing is asked."""

    name: str
    figure: str
    value: float
    unit: str
    spread: str = ""
    details: str = ""
    limit: str = ""
    met: bool | None = None


class Report(msgspec.Struct, kw_only=True):
    """All of a run."""

    machine: str
    quick: bool
    rows: list[Row] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        spread: str = "",
        details: str = "",
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """One more figure, and whether it keeps its limit; in a quick run nothing is judged."""
        limit, met = "", None
        if at_least is not None:
            limit, met = f">= {text(at_least, unit)}", value >= at_least
        elif at_most is not None:
            limit, met = f"<= {text(at_most, unit)}", value <= at_most
        row = Row(
            name=name,
            figure=text(value, unit),
            value=value,
            unit=unit,
            spread=spread,
            details=details,
            limit=limit,
            met=None if self.quick else met,
        )
        self.rows.append(row)
        print(f"  {name}: {'; '.join(filter(None, (row.figure, spread, details)))}", flush=True)

    def note(self, sentence: str) -> None:
        """Something one must know to read the figures."""
        self.notes.append(sentence)
        print(f"  ({sentence})", flush=True)

    def table(self) -> str:
        """The Markdown table, with the notes below."""
        head = ("measured", "figure", "limit", "", "from, to", "details")
        said = {True: "met", False: "MISSED", None: ""}
        lines = [
            head,
            *((row.name, row.figure, row.limit, said[row.met], row.spread, row.details) for row in self.rows),
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        written = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
                   for line in lines]  # fmt: skip
        written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([self.machine, "", *written, "", *(f"- {note}" for note in self.notes)])

    def write(self, path: Path) -> None:
        """The same for programs."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def text(value: float, unit: str) -> str:
    """A figure with as many digits as it deserves."""
    if unit == "%":
        return f"{value:.0f} %"
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def machine() -> str:
    """What was measured on."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return (
        f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
