# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page on the Cyber Resilience Act and NIS2 names tests that there are, and says of every point how it stands."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cra-nis2.md"
STATES = {"met", "partly", "operator", "not met"}
_TEST = re.compile(r"`(tests/[^`]*?\.py)::([^`]*)`")


def rows() -> list[list[str]]:
    """Every point: what it asks, how it stands, how it is met, and the tests."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]
    return [row for row in found if row[0] != "point" and row[0] not in {"word", *STATES}]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions)


def test_every_test_that_is_named_is_there() -> None:
    named = _TEST.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 50
    assert [(file, test) for file, test in named if not (ROOT / file).exists() or test not in functions_of(file)] == []


def test_every_point_says_how_it_stands() -> None:
    assert len(rows()) == 14 + 8 + 10 + 2
    assert [row for row in rows() if row[1] not in STATES or not row[2]] == []


def test_what_the_software_meets_is_shown_by_a_test_or_is_a_document() -> None:
    assert [
        row for row in rows() if row[1] == "met" and not _TEST.search(row[-1]) and "SECURITY.md" not in row[2]
    ] == []
