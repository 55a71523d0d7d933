# SPDX-License-Identifier: AGPL-3.0-or-later
"""The version folders against the specification's tables: every object, field, enum and value, in order.

Differences are wanted only where EXPLAINED gives a reason, and each reason must still explain a difference.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from scripts.make_spec_tables import tables as make_tables
from tests.versions import tables
from tests.versions.tables import Row
from wwcp_ocpi.protocol.shape import Field, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import OCPIEnum, OpenEnum

ENVELOPE = "ResponseFormat is the envelope, which is the same in all versions: protocol/envelope.py"
CHOICE = "the choice of one of two: neither is required by itself, rules look after the choice"

DATE_FORM = "2.1.1 shows the form of a date by an example only; the regex is that of 2.2.1"

EXPLAINED = {
    ("2.1.1", "ResponseFormat", "", "object"): ENVELOPE,
    ("2.2.1", "ResponseFormat", "", "object"): ENVELOPE,
    ("2.3.0", "ResponseFormat", "", "object"): ENVELOPE,
    ("2.1.1", "Hours", "twentyfourseven", "cardinality"): CHOICE,
    ("2.1.1", "TariffRestrictions", "start_date", "pattern"): DATE_FORM,
    ("2.1.1", "TariffRestrictions", "end_date", "pattern"): DATE_FORM,
}
"""(version, object, field, what differs) -> why."""

OLDER_EDITION = {
    ("2.3.0-bookings", "InvoiceReconciliationRecord", "*", "removed"),
    ("2.3.0-bookings", "Location", "address", "changed"),
    ("2.3.0-bookings", "Location", "state", "changed"),
    ("2.3.0-bookings", "SignedValue", "plain_data", "changed"),
}
"""What the bookings branch has otherwise because it stands on edition 1 of the core; the folder is edition 2."""

BRANCHES = ("2.3.0-payments", "2.3.0-bookings")


def _expected(number: str, what: str, key: tuple[str, str]) -> list[Row]:
    rows = tables.read(f"{number}.{what}.tsv")
    for branch in BRANCHES:
        if branch.startswith(number):
            rows = tables.with_branch(rows, tables.read(f"{branch}.{what}.tsv"), key)
    return rows


def _facts_of(field: Field) -> Row:
    text = field.text
    return {
        "field": field.name,
        "type": field.type_name,
        "max": str(field.max or ""),
        "digits": str(field.digits or ""),
        "cardinality": field.cardinality.value,
        "pattern": (text and text.pattern) or "",
        "na": "#NA" if text and text.na else "",
    }


def _facts_in(row: Row) -> Row:
    kept = {name: row[name] for name in ("field", "type", "max", "digits", "cardinality", "pattern")}
    return kept | {"na": "#NA" if "#NA" in row["note"] else ""}


def _patterns_meant(row: Row, rows: list[Row]) -> Row:
    """Where one regex stands for a pair of fields (`start_time` and `end_time`), it holds for the other too."""
    pairs = {"end_time": "start_time", "end_date": "start_date"}
    if row["object"] == "RegularHours" and row["field"] == "period_end":
        pairs = {"period_end": "period_begin"}
    of = pairs.get(row["field"])
    if row["pattern"] or of is None or row["type"] != "string":
        return row
    first = next(other for other in rows if other["object"] == row["object"] and other["field"] == of)
    return row | {"pattern": first["pattern"]}


def _differences(version: Version) -> set[tuple[str, str, str, str]]:
    rows = _expected(version.number, "objects", ("object", "field"))
    wanted: dict[str, list[Row]] = {}
    for row in rows:
        wanted.setdefault(row["object"], []).append(_facts_in(_patterns_meant(row, rows)))
    ours = {name: [_facts_of(field) for field in fields_of(cls)] for name, cls in version.objects.items()}
    found = {(version.number, name, "", "object") for name in wanted.keys() ^ ours.keys()}
    for name in wanted.keys() & ours.keys():
        theirs_by_name = {facts["field"]: facts for facts in wanted[name]}
        ours_by_name = {facts["field"]: facts for facts in ours[name]}
        both = [field for field in theirs_by_name if field in ours_by_name]
        found |= {(version.number, name, field, "field") for field in theirs_by_name.keys() ^ ours_by_name.keys()}
        if both != [field for field in ours_by_name if field in theirs_by_name]:
            found.add((version.number, name, "", "order"))
        found |= {
            (version.number, name, field, aspect)
            for field in both
            for aspect in theirs_by_name[field]
            if theirs_by_name[field][aspect] != ours_by_name[field][aspect]
        }
    return found


@pytest.mark.parametrize("version", VERSIONS.values(), ids=list(VERSIONS))
def test_objects_differ_from_the_specification_only_where_a_reason_is_given(version: Version) -> None:
    explained = {difference for difference in EXPLAINED if difference[0] == version.number}
    assert _differences(version) == explained


@pytest.mark.parametrize("number", VERSIONS)
def test_enums_are_those_of_the_specification_value_by_value(number: str) -> None:
    wanted: dict[str, tuple[str, list[str]]] = {}
    for row in _expected(number, "enums", ("enum", "value")):
        wanted.setdefault(row["enum"], (row["open"], []))[1].append(row["value"])
    module = importlib.import_module(f"wwcp_ocpi.v{number.replace('.', '_')}.enums")
    ours = {
        name: ("open" if issubclass(found, OpenEnum) else "closed", [member.value for member in found])
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, OCPIEnum) and found.__module__ == module.__name__
    }
    assert ours == wanted


@pytest.mark.parametrize("number", VERSIONS)
def test_a_version_folder_exports_every_object_and_enum_by_its_name(number: str) -> None:
    package = importlib.import_module(f"wwcp_ocpi.v{number.replace('.', '_')}")
    objects = {row["object"] for row in _expected(number, "objects", ("object", "field"))} - {"ResponseFormat"}
    enums = {row["enum"] for row in _expected(number, "enums", ("enum", "value"))}
    values = {"ENDPOINTS", "FACTS", "MODULES", "OBJECTS", "VERSION"}
    assert set(package.__all__) == objects | enums | values
    assert {name: getattr(package, name) for name in objects} == package.OBJECTS


def test_branches_lack_nothing_but_what_the_newer_edition_brought() -> None:
    found = {
        (branch, row["object"], "*" if row["change"] == "removed" else row["field"], row["change"])
        for branch in BRANCHES
        for row in tables.read(f"{branch}.objects.tsv")
        if row["change"] != "added"
    }
    assert found == OLDER_EDITION
    assert all(row["change"] == "added" for branch in BRANCHES for row in tables.read(f"{branch}.enums.tsv"))


def test_tables_are_what_the_script_makes_of_the_inventory() -> None:
    inputs = [tables.SHARED / name for name in ("schema.json", "endpoints.json", "checklist.json")]
    if not all(path.exists() for path in inputs):
        pytest.skip("the inventory of the specification is not beside the repository")
    made = make_tables(*(json.loads(path.read_text(encoding="utf-8")) for path in inputs))
    assert made == {path.name: _text(path) for path in sorted(tables.TABLES.glob("*.tsv"))}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")
