# SPDX-License-Identifier: AGPL-3.0-or-later
"""`import`, `export` and `validate`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI, written
from tests.objects import location
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.cli.export import one_line

versions = pytest.mark.parametrize("version", ALL_VERSIONS)


@pytest.fixture(autouse=True)
def configured(tmp_path: Path) -> None:
    written(tmp_path)


def imported(cli: CLI, version: str, *args: object, stdin: bytes = b"", code: int = 0) -> dict[str, Any]:
    ran = cli("import", "-", "--version", version, "--party", "DE*GEF", "--json", *args, stdin=stdin)
    assert ran.code == code, ran.err
    done: dict[str, Any] = ran.json
    assert done.pop("seconds") >= 0
    return done


def feed(*objects: object) -> bytes:
    return json.dumps(objects).encode()


def summary(read: int = 0, stored: int = 0, unchanged: int = 0, rejected: int = 0, **more: object) -> dict[str, Any]:
    counts = {"read": read, "stored": stored, "unchanged": unchanged, "rejected": rejected}
    return {**counts, "warnings": 0, "assumed": {}, **more}


@versions
def test_an_import_says_what_it_did_and_an_export_gives_it_back(cli: CLI, version: str) -> None:
    objects = [location(version, "L1"), location(version, "L2")]
    assert imported(cli, version, stdin=feed(*objects)) == summary(read=2, stored=2)
    assert imported(cli, version, stdin=feed(*objects)) == summary(read=2, unchanged=2)
    for machine in ([], ["--json"]):
        ran = cli("export", "--version", version, "--object", "locations", *machine)
        assert (ran.code, ran.lines, ran.err) == (0, objects, "")
    assert cli("export", "--version", version, "--party", "DE*GEF").lines == objects
    assert cli("export", "--version", version, "--party", "NL*TNM").lines == []


@versions
def test_rejected_objects_go_to_a_file_with_their_reasons_and_the_code_is_1(
    cli: CLI, tmp_path: Path, version: str
) -> None:
    bad = {name: value for name, value in location(version, "BAD").items() if name not in {"city", "address"}}
    stdin = feed(location(version, "L1"), bad, 17)
    done = imported(cli, version, "--rejects", "rejects.jsonl", stdin=stdin, code=1)
    assert done == summary(read=3, stored=1, rejected=2)
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert [(one["index"], one["object"]) for one in rejects] == [(1, json.dumps(bad)), (2, "17")]
    assert rejects[0]["reasons"] == [
        "$.address: required in Location, but missing",
        "$.city: required in Location, but missing",
    ]


def test_a_file_for_rejects_is_emptied_when_there_are_none(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "rejects.jsonl").write_text("old")
    imported(cli, "2.2.1", "--rejects", "rejects.jsonl", stdin=feed(location("2.2.1")))
    assert (tmp_path / "rejects.jsonl").read_text() == ""


def test_for_people_the_first_rejects_are_told_and_the_rest_counted(cli: CLI) -> None:
    ran = cli("import", "-", "--version", "2.2.1", stdin=feed(*[{}] * 12, location("2.2.1")))
    assert ran.code == 1
    assert "-[0] rejected: $.country_code: required in Location, but missing; $.party_id" in ran.err
    assert "-[9] rejected" in ran.err
    assert "-[10] rejected" not in ran.err
    assert "... and 2 more rejected; --rejects FILE keeps them all" in ran.err
    assert [line.split()[1::2] for line in ran.out.splitlines() if "rejected" in line] == [["rejected", "12"]]


def test_a_table_for_people_shows_what_was_assumed(cli: CLI) -> None:
    fields = location("2.2.1", evses=[])
    del fields["publish"], fields["time_zone"], fields["country_code"], fields["party_id"]
    fields["country"] = "NLD"
    fields["evses"] = [{**location("2.2.1")["evses"][0], "evse_id": "NL*TNM*E1"}]
    args = ["--owner-from-evse-ids", "--time-zone-from-country", "--default", "publish=true"]
    ran = cli("import", "-", "--version", "2.2.1", *args, stdin=feed(fields))
    assert ran.code == 0
    assert "assumed $.publish = true" in ran.out
    (stored,) = cli("export", "--version", "2.2.1").lines
    expected = {"country_code": "NL", "party_id": "TNM", "publish": True, "time_zone": "Europe/Amsterdam"}
    assert stored == {**fields, **expected}


@pytest.mark.parametrize(("text", "value"), [("name=x", "x"), ("name=17", 17), ("name=", ""), ('name="a=b"', "a=b")])
def test_a_default_is_json_where_it_can_be_and_text_otherwise(cli: CLI, text: str, value: object) -> None:
    fields = location("2.1.1")
    del fields["name"]
    assert imported(cli, "2.1.1", "--default", text, stdin=feed(fields)) == summary(read=1, stored=1)
    city = location("2.1.1", "L2")
    del city["city"]
    code = 0 if isinstance(value, str) else 1
    done = imported(cli, "2.1.1", "--default", text.replace("name", "city"), stdin=feed(city), code=code)
    assert done["stored"] == 1 - code


def test_a_file_may_be_packed_and_an_array_or_lines(cli: CLI, tmp_path: Path) -> None:
    lines = b"\n".join(json.dumps(location("2.3.0", f"L{number}"), indent=None).encode() for number in range(3))
    (tmp_path / "feed.jsonl.gz").write_bytes(gzip.compress(lines))
    ran = cli("import", "feed.jsonl.gz", "--version", "2.3.0", "--json")
    assert (ran.code, ran.json["stored"]) == (0, 3)


def test_an_exported_object_is_one_line_with_its_digits_and_texts_as_they_came(cli: CLI) -> None:
    body = json.dumps(location("2.2.1", unknown=0), indent=2).replace(
        '"unknown": 0', '"unknown": [1.500, 1e5, "a\\u00e9\\n b"]'
    )
    imported(cli, "2.2.1", stdin=body.encode())
    ran = cli("export", "--version", "2.2.1")
    assert ran.json == json.loads(body)
    assert '"unknown":[1.500,1e5,"a\\u00e9\\n b"]' in ran.out


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_no_kind_of_line_end_is_left_within_a_line(end: bytes) -> None:
    body = b'{"a":' + end + b'12345678901234567890.10,"b":"\\r\\n"' + end + b"}"
    assert one_line(body) == b'{"a":12345678901234567890.10,"b":"\\r\\n"}'
    assert one_line(b'{"a": 1}') == b'{"a": 1}'


def validated(cli: CLI, *args: object, stdin: bytes) -> tuple[int, list[Any]]:
    ran = cli("validate", "-", "--version", "2.2.1", "--object", "Location", "--json", *args, stdin=stdin)
    assert ran.err == ""
    return ran.code, ran.lines


def test_a_valid_feed_has_no_findings(cli: CLI) -> None:
    stdin = feed(location("2.2.1"), location("2.2.1", "L2"))
    assert validated(cli, stdin=stdin) == (0, [{"objects": 2, "errors": 0, "warnings": 0}])


def test_every_finding_is_a_line_and_the_last_counts_them(cli: CLI) -> None:
    bad = location("2.2.1", name="x" * 256)
    del bad["city"]
    stdin = b"\n".join([json.dumps(location("2.2.1")).encode(), json.dumps(bad).encode(), b"{"])
    finding = {"file": "-", "index": 1}
    code, lines = validated(cli, stdin=stdin)
    assert code == 1
    assert lines == [
        {
            **finding,
            "path": "$.name",
            "rule": "TYP-06",
            "severity": "warning",
            "message": "at most 255 characters, got 256",
        },
        {
            **finding,
            "path": "$.city",
            "rule": "TYP-13",
            "severity": "error",
            "message": "required in Location, but missing",
        },
        {
            "file": "-",
            "index": 2,
            "path": "$",
            "rule": "STC-01",
            "severity": "error",
            "message": "expected a JSON object on this line",
        },
        {"objects": 3, "errors": 2, "warnings": 1},
    ]


def test_warnings_alone_are_no_failure(cli: CLI) -> None:
    code, lines = validated(cli, stdin=feed(location("2.2.1", name="x" * 256, unknown=1)))
    assert [(line["path"], line["severity"]) for line in lines[:-1]] == [
        ("$.name", "warning"),
        ("$.unknown", "warning"),
    ]
    assert (code, lines[-1]) == (0, {"objects": 1, "errors": 0, "warnings": 2})


def test_what_fields_say_about_each_other_is_told_when_each_is_right(cli: CLI) -> None:
    odd = location("2.2.1", opening_times={"twentyfourseven": False})
    code, lines = validated(cli, stdin=feed(odd, {**odd, "city": None}))
    assert [(line["index"], line["path"], line["rule"]) for line in lines[:-1]] == [
        (0, "$.opening_times.regular_hours", "LOC-34"),
        (1, "$.city", "TYP-13"),
    ]
    assert (code, lines[-1]) == (1, {"objects": 2, "errors": 1, "warnings": 1})


def test_for_people_a_finding_is_a_line_of_text(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(feed(17))
    (tmp_path / "b.json").write_bytes(feed(location("2.2.1")))
    ran = cli("validate", "a.json", "b.json", "--version", "2.2.1", "--object", "locations")
    assert ran.code == 1
    assert ran.out == "a.json[0] $: error: expected an object of type Location, got 17 (TYP-13)\n"
    assert ran.err == "2 objects, 1 errors, 0 warnings\n"


@pytest.mark.parametrize("name", ["Location", "location", "locations", "Tariff", "tariffs", "EVSE"])
def test_objects_are_named_by_the_object_or_the_module(cli: CLI, name: str) -> None:
    ran = cli("validate", "-", "--version", "2.2.1", "--object", name, "--json", stdin=b"{}")
    assert (ran.code, ran.lines[-1]["objects"]) == (1, 1)
