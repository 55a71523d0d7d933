# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write `spec/tables` from a machine-readable inventory of the OCPI specification.

    python -m scripts.make_spec_tables SCHEMA_JSON ENDPOINTS_JSON CHECKLIST_JSON OUT

The tables hold facts (names, types, lengths, values, ids) and no sentence of the specification. They are what
tests/versions holds the version folders against. The same input gives the same bytes.

A module that is published as a branch of its own (2.3.0-bookings, 2.3.0-payments) is written as its
difference from the core: a row is added, changed or removed, and an added one says after which row it comes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = Any
Row: TypeAlias = tuple[str, ...]
Table: TypeAlias = dict[tuple[str, str], Row]
"""Rows by what names them: (object, field) or (enum, value)."""

CORES = ("2.1.1", "2.2.1", "2.3.0")
BRANCHES = {"2.3.0-bookings": "2.3.0", "2.3.0-payments": "2.3.0"}

OBJECT_COLUMNS = ("type", "max", "digits", "cardinality", "pattern", "default", "note")
ENUM_COLUMNS = ("open", "note")
ENDPOINT_COLUMNS = (
    "versions",
    "module",
    "interface",
    "method",
    "path",
    "query",
    "request_body",
    "response_data",
    "response_headers",
)


def tables(schema: Json, endpoints: Json, checklist: Json) -> dict[str, str]:
    """The text of every table by its file name."""
    made = {}
    for version in CORES:
        head = _head(schema, version)
        made[f"{version}.objects.tsv"] = _core(head, ("object", "field"), OBJECT_COLUMNS, _objects(schema[version]))
        made[f"{version}.enums.tsv"] = _core(head, ("enum", "value"), ENUM_COLUMNS, _enums(schema[version]))
    for branch, core in BRANCHES.items():
        head = f"{_head(schema, branch)}; what differs from {core}"
        ours, base = schema[branch], schema[core]
        made[f"{branch}.objects.tsv"] = _delta(
            head, ("object", "field"), OBJECT_COLUMNS, _objects(base), _objects(ours)
        )
        made[f"{branch}.enums.tsv"] = _delta(head, ("enum", "value"), ENUM_COLUMNS, _enums(base), _enums(ours))
    all_of_them = "; ".join(_head(schema, version) for version in (*CORES, *BRANCHES))
    made["endpoints.tsv"] = _text(all_of_them, ENDPOINT_COLUMNS, (_endpoint(row) for row in endpoints))
    made["rules.tsv"] = _text(
        all_of_them,
        ("id", "level", "versions"),
        ((rule["id"], rule["level"], ",".join(rule["versions"])) for rule in checklist),
    )
    return made


def _head(schema: Json, version: str) -> str:
    return f"OCPI {version}: {schema[version]['source_ref']} at {schema[version]['source_commit']}"


def _objects(version: Json) -> Table:
    return {
        (name, field): _field(facts)
        for name, found in version["objects"].items()
        for field, facts in found["props"].items()
    }


def _field(facts: Json) -> Row:
    default = json.dumps(facts["default"]) if "default" in facts else ""
    notes = ["#NA"] if facts.get("na_allowed") else []
    notes += ["choice"] if "choice" in facts else []
    notes += [f"at least {facts['min']}"] if "min" in facts else []
    return (
        facts["type"],
        str(facts.get("max", "")),
        str(facts.get("digits", "")),
        facts["card"],
        facts.get("regex", ""),
        default,
        ", ".join(notes),
    )


def _enums(version: Json) -> Table:
    meta = version.get("enum_meta", {})
    return {
        (name, value): (
            "open" if name in version["open_enums"] else "closed",
            "sessions only" if meta.get(name, {}).get(value, {}).get("session_only") else "",
        )
        for name, values in version["enums"].items()
        for value in values
    }


def _endpoint(row: Json) -> Row:
    return (",".join(row["versions"]), *(row[column] for column in ENDPOINT_COLUMNS[1:]))


def _core(head: str, key: Row, columns: Row, table: Table) -> str:
    return _text(head, (*key, *columns), (named + facts for named, facts in table.items()))


def _delta(head: str, key: Row, columns: Row, base: Table, branch: Table) -> str:
    rows: list[Row] = []
    before: dict[str, str] = {}
    for named, facts in branch.items():
        if named not in base:
            rows.append(("added", *named, before.get(named[0], ""), *facts))
        elif facts != base[named]:
            rows.append(("changed", *named, "", *facts))
        before[named[0]] = named[1]
    rows += [("removed", *named, "", *facts) for named, facts in base.items() if named not in branch]
    return _text(head, ("change", *key, "after", *columns), rows)


def _text(head: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["\t".join(columns), *("\t".join(row) for row in rows)]
    return f"# {head}\n" + "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Read three files, write the tables, say what was written."""
    if len(arguments) != 4:
        print(__doc__)
        return 2
    *inputs, out = (Path(argument) for argument in arguments)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in tables(*(json.loads(path.read_text(encoding="utf-8")) for path in inputs)).items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{out / name}: {text.count(chr(10)) - 2} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
