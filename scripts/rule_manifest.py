# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which tests hold which rule of the specification, and why the others have none.

Tests name their rules in markers (`@rule("LOC-07")`), which are read from the source without running it.
`spec/tables/rules.tsv` has every rule, `spec/untested_rules.tsv` a reason for each that no test holds, or not wholly.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
RULES = ROOT / "spec" / "tables" / "rules.tsv"
UNTESTED = ROOT / "spec" / "untested_rules.tsv"

PARTLY = "partly"
NOT_YET = "not yet: "
KINDS = {
    "people": "binds companies and what they agree on, which no program can keep",
    "operator": "binds the system behind the gateway, that runs charge points, bills or shows things to drivers",
    "permission": "allows what we do not use",
    "definition": "explains, and asks for nothing",
    PARTLY: "is held by tests as far as it binds us; the reason is about the rest",
    NOT_YET: "binds what is not built; what that is stands behind the colon",
}
"""Why a rule has no test, and what each kind says of it."""


class Rule(NamedTuple):
    """A normative rule: its id, MUST, SHOULD, MAY or INFO, and the versions and branches that have it."""

    id: str
    level: str
    versions: tuple[str, ...]


class Reason(NamedTuple):
    """Why a rule has no test, or not for all that it says."""

    id: str
    kind: str
    reason: str


class Named(NamedTuple):
    """A test that names a rule. `test` is empty where the marker is on no test."""

    id: str
    file: str
    test: str


def rules() -> list[Rule]:
    """Every rule, in the order of the specification's chapters."""
    return [Rule(row["id"], row["level"], tuple(row["versions"].split(","))) for row in _table(RULES)]


def reasons() -> list[Reason]:
    """Every reason, in the order in which they stand."""
    return [Reason(row["id"], row["kind"], row["reason"]) for row in _table(UNTESTED)]


@cache
def named() -> tuple[Named, ...]:
    """Every marker of every test, by file and line."""
    return tuple(found for path in sorted(TESTS.rglob("*.py")) for found in read(path))


def read(path: Path) -> Iterator[Named]:
    """The markers of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    shared = dict(_shared(tree))
    seen: set[ast.Call] = set()
    for test in tree.body:
        if not isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) or not test.name.startswith("test_"):
            continue
        for decorator in test.decorator_list:
            used = [shared[node.id] for node in ast.walk(decorator) if isinstance(node, ast.Name) and node.id in shared]
            for call in (call for one in (decorator, *used) for call in _calls(one)):
                seen.add(call)
                yield from (Named(id, file, test.name) for id in _ids(call))
    for call in _calls(tree):
        if call not in seen:
            yield from (Named(id, file, "") for id in _ids(call))


def _shared(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Decorators that have a name because several tests have them."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every `rule(...)` that names something; the one of hypothesis names nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "rule":
                yield node


def _ids(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        yield str(ast.literal_eval(argument))


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        next(lines)  # where it comes from
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
