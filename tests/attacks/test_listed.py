# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of attacks is whole: each has a test, each test has one, and the page of this room names each file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.attacks import conftest
from tests.attacks.listed import ATTACKS

FILES = sorted(Path(__file__).parent.glob("test_*.py"))
HERE = Path(__file__).name


def named(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The tests of a file, each with the attacks that it names."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
            marks = [call for call in calls if getattr(call.func, "id", "") == "attack"]
            yield node.name, [str(ast.literal_eval(argument)) for mark in marks for argument in mark.args]


def test_no_attack_is_without_a_test() -> None:
    found = {attack for path in FILES for _, attacks in named(path) for attack in attacks}
    assert found == set(ATTACKS)


def test_no_test_is_without_an_attack() -> None:
    tests = [(path.name, test, attacks) for path in FILES if path.name != HERE for test, attacks in named(path)]
    assert [(file, test) for file, test, attacks in tests if not attacks] == []


def test_the_page_of_this_room_names_every_file() -> None:
    files = {path.name for path in FILES if path.name != HERE}
    assert conftest.__doc__ is not None
    assert {file for file in files if f"| `{file}` |" not in conftest.__doc__} == set()
