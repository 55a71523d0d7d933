# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads spec/tables, and knows where the inventory they were made from may lie."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "spec" / "tables"
SHARED = ROOT.parent / "shared" / "spec"
"""Beside the repository; tests that want it skip where it is not."""

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """The rows of a table by column name; the first line says where they come from."""
    with (TABLES / name).open(encoding="utf-8", newline="") as lines:
        assert next(lines).startswith("# OCPI "), f"{name}: no source in its first line"
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def with_branch(core: list[Row], branch: list[Row], key: tuple[str, str]) -> list[Row]:
    """The core with what a module branch adds, each row where the branch has it.

    What a branch changes or lacks is that of an older edition of the core, and stays as it is.
    """
    rows = list(core)
    for added in (row for row in branch if row["change"] == "added"):
        before = (added[key[0]], added["after"])
        at = next((index for index, row in enumerate(rows) if (row[key[0]], row[key[1]]) == before), len(rows) - 1)
        rows.insert(at + 1, added)
    return rows
