# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every rule that a test claims to hold is a rule of the specification."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.versions import tables

TESTS = Path(__file__).parents[1]


def _named(path: Path) -> Iterator[tuple[str, str]]:
    """Every `rule("...")` in a test file, as (where, id)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "rule":
                where = f"{path.relative_to(TESTS)}:{node.lineno}"
                yield from ((where, ast.literal_eval(argument)) for argument in node.args)


def test_every_rule_that_a_test_names_is_in_the_table() -> None:
    known = {row["id"] for row in tables.read("rules.tsv")}
    named = [found for path in sorted(TESTS.rglob("*.py")) for found in _named(path)]
    assert named, "no test names a rule"
    assert [found for found in named if found[1] not in known] == []


def test_the_table_has_every_rule_once() -> None:
    rules = tables.read("rules.tsv")
    assert len(rules) == 371
    assert len({row["id"] for row in rules}) == len(rules)
    assert {row["level"] for row in rules} == {"MUST", "SHOULD", "MAY", "INFO"}
