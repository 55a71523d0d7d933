# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every rule of the specification has a test that holds it, or a reason why it has none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.rule_manifest import KINDS, NOT_YET, PARTLY, ROOT, Named, named, read, reasons, rules
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.protocol.endpoint import Operation
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.dispatch import BEHAVIOURS

TESTED = {found.id for found in named()}
REASONS = {found.id: found for found in reasons()}
MODULES = {module for version in VERSIONS.values() for module in version.modules}
WAITS_FOR = {
    "pricing": "src/wwcp_ocpi/rules",
    "pull timer": "src/wwcp_ocpi/partners/pulling.py",
}
"""Where that will be for which rules wait that are no module's."""


def _is_built(what: str) -> bool:
    """Whether that is there for which a rule waits."""
    if what == "charging_preferences":
        return Operation.SET_PREFERENCES in BEHAVIOURS
    if what in MODULES:
        rows = [row for version in VERSIONS.values() for row in version.endpoints if row.module == what]
        return what in Config().server.modules and all(row.operation in BEHAVIOURS for row in rows)
    return (ROOT / WAITS_FOR[what]).exists()


def test_every_rule_has_a_test_or_a_reason() -> None:
    assert [rule.id for rule in rules() if rule.id not in TESTED and rule.id not in REASONS] == []


def test_no_reason_is_left_where_there_is_a_test() -> None:
    whole = [found.id for found in reasons() if found.kind != PARTLY]
    assert [id for id in whole if id in TESTED] == []


def test_what_is_tested_in_part_has_a_test() -> None:
    assert [found.id for found in reasons() if found.kind == PARTLY and found.id not in TESTED] == []


def test_nothing_that_is_built_is_waited_for() -> None:
    waited = {found.id: found.kind.removeprefix(NOT_YET) for found in reasons() if found.kind.startswith(NOT_YET)}
    assert {id: what for id, what in waited.items() if _is_built(what)} == {}


def test_every_reason_is_of_a_rule_and_says_why_in_one_sentence() -> None:
    order = [rule.id for rule in rules()]
    listed = [found.id for found in reasons()]
    assert listed == [id for id in order if id in REASONS], "each rule of the specification once, and in its order"
    for found in reasons():
        kind = NOT_YET if found.kind.startswith(NOT_YET) else found.kind
        assert kind in KINDS, found
        assert 10 < len(found.reason) < 200, found
        assert found.reason.endswith("."), found
        assert found.reason[:-1].count(". ") == 0, found


def test_every_rule_that_a_test_names_is_in_the_table() -> None:
    known = {rule.id for rule in rules()}
    assert named(), "no test names a rule"
    assert [found for found in named() if found.id not in known] == []


def test_every_marker_is_on_a_test() -> None:
    assert [found for found in named() if not found.test] == []


def test_no_test_names_a_rule_twice() -> None:
    assert [found for found, count in Counter(named()).items() if count > 1] == []


def test_the_table_has_every_rule_once() -> None:
    assert len(rules()) == 371
    assert len({rule.id for rule in rules()}) == len(rules())
    assert {rule.level for rule in rules()} == {"MUST", "SHOULD", "MAY", "INFO"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@rule("A")\n@rule("B")\ndef test_x(): ...', [("A", "test_x"), ("B", "test_x")]),
        ('@rule("A", "B")\nasync def test_x(): ...', [("A", "test_x"), ("B", "test_x")]),
        ('@p([param(1, marks=rule("A")), param(2)])\ndef test_x(): ...', [("A", "test_x")]),
        ('both = p([param(1, marks=[rule("A")])])\n@both\ndef test_x(): ...', [("A", "test_x")]),
        ("@rule(a=1)\ndef test_x(): ...", []),
        ('@rule("A")\ndef x(): ...', [("A", "")]),
        ('left = rule("A")\ndef test_x(): ...', [("A", "")]),
    ],
)
def test_markers_are_read_from_the_source(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(text)
    assert list(read(path)) == [Named(id, "test_x.py", test) for id, test in expected]
