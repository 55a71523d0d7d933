# SPDX-License-Identifier: AGPL-3.0-or-later
"""`price`: CDRs that are right or not, Sessions, estimates, and tariffs in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI
from tests.platforms import ALL_VERSIONS
from tests.pricing.charging import cdr, component, element, period, session, tariff
from wwcp_ocpi.protocol import codec

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
BY_CLOCK = (element(component("ENERGY", "0.40"), start_time="11:00"), component("ENERGY", "0.20"))


def written(folder: Path, name: str, *objects: Any) -> Path:
    path = folder / name
    path.write_bytes(b"\n".join(codec.encode(one) for one in objects))
    return path


def charged(version: str, total: str = "2.00", tariffs: Any = None) -> Any:
    cost: Any = {"2.1.1": total, "2.2.1": {"excl_vat": total}, "2.3.0": {"before_taxes": total}}[version]
    plain = json.loads(json.dumps(cost), parse_float=str)
    by = tariff(component("ENERGY", "0.20"), version=version)
    record = cdr([period("10:00", ENERGY=10)], [by] if tariffs is None else tariffs, version=version, end="11:00",
                 total_energy=10)  # fmt: skip
    body = json.loads(codec.encode(record))
    body["total_cost"] = (
        float(plain) if isinstance(plain, str) else {name: float(value) for name, value in plain.items()}
    )
    return body


@versions
def test_a_cdr_that_is_right_exits_0_with_its_price(cli: CLI, tmp_path: Path, version: str) -> None:
    ran = cli("price", "--cdr", written(tmp_path, "cdr.json", charged(version)), "--json")
    assert ran.code == 0, ran.err
    said = ran.json
    assert (said["version"], said["currency"]) == (version, "EUR")
    assert (said["matches"], said["verdict"], said["differences"]) == (True, "OK", [])
    assert said["total_cost"]["before_taxes"] == 2
    assert said["dimensions"] == [
        {"dimension": "ENERGY", "unit": "kWh", "volume": 10, "billed": 10, "before_taxes": 2,
         "after_taxes": 2 if version == "2.2.1" else None}
    ]  # fmt: skip
    (line,) = said["periods"]
    assert (line["dimension"], line["element"], line["component"], line["price"]) == ("ENERGY", 0, 0, 0.2)


@versions
def test_a_cdr_that_is_not_right_exits_1_and_names_the_field(cli: CLI, tmp_path: Path, version: str) -> None:
    path = written(tmp_path, "cdrs.jsonl", charged(version), charged(version, "3.00"))
    ran = cli("price", "--cdr", path, "--version", version, "--json")
    assert ran.code == 1
    assert [line["matches"] for line in ran.lines] == [True, False]
    (difference,) = ran.lines[1]["differences"]
    assert (difference["stated"], difference["computed"], difference["reasons"]) == (3, 2, [])
    assert difference["path"].startswith("$.total_cost")
    people = cli("price", "--cdr", path)
    assert people.code == 1
    assert "expected 2" in people.err
    assert "cdrs.jsonl[1]: DIFFERENT" in people.err
    assert "total EUR" in people.out


def test_tariffs_of_a_file_replace_those_of_the_cdr(cli: CLI, tmp_path: Path) -> None:
    path = written(tmp_path, "cdr.json", charged("2.2.1", "2.00", tariffs=[]))
    assert cli("price", "--cdr", path, "--json").json["verdict"] == "UNCLEAR"
    by = written(tmp_path, "tariff.json", tariff(*BY_CLOCK))
    unclear = cli("price", "--cdr", path, "--tariff", by)
    assert unclear.code == 1
    assert "time_zone: expected that of the Location" in unclear.err
    assert cli("price", "--cdr", path, "--tariff", by, "--time-zone", "UTC", "--json").json["matches"]
    other = cli("price", "--cdr", path, "--tariff", by, "--time-zone", "Europe/Berlin", "--json").json
    assert other["differences"][0]["reasons"] == ["WRONG_TIME_ZONE"]


@versions
def test_a_session_is_priced(cli: CLI, tmp_path: Path, version: str) -> None:
    by = written(tmp_path, "tariff.json", tariff(*BY_CLOCK, version=version))
    record = written(
        tmp_path, "session.json", session([period("10:00", ENERGY=10), period("11:00", ENERGY=5)], version=version)
    )
    ran = cli("price", "--session", record, "--tariff", by, "--time-zone", "UTC", "--json", "--currency-rounding")
    assert ran.code == 0, ran.err
    assert ran.json["total_cost"]["before_taxes"] == 4
    assert '"before_taxes":4.00,' in ran.out
    refused = cli("price", "--session", record, "--tariff", by)
    assert refused.code == 2
    assert "session.json[0]: time_zone" in refused.err


def test_a_charge_is_estimated(cli: CLI, tmp_path: Path) -> None:
    by = written(tmp_path, "tariff.json", tariff(*BY_CLOCK, element(component("PARKING_TIME", "6")), version="2.3.0"))
    how = ("--power", "10", "--energy", "20", "--start", "2026-01-12T10:00:00Z", "--time-zone", "UTC", "--tax", "GST=5")
    ran = cli("price", "--tariff", by, *how, "--parking-minutes", "30", "--json")
    assert ran.code == 0, ran.err
    total = ran.json["total_cost"]
    assert (total["before_taxes"], total["after_taxes"]) == (9, 9.45)
    assert total["taxes"] == [{"name": "GST", "percentage": 5, "amount": 0.45}]
    assert (ran.json["energy_kwh"], ran.json["end"]) == (20, "2026-01-12T12:30:00+00:00")
    assert "total EUR" in cli("price", "--tariff", by, *how, "--minutes", "60").out


def test_tariffs_are_told_examined_and_drawn(cli: CLI, tmp_path: Path) -> None:
    by = written(tmp_path, "tariff.json", tariff(*BY_CLOCK))
    ran = cli("price", "--tariff", by, "--json", "--language", "de", "--picture", tmp_path / "week.svg")
    assert ran.code == 0, ran.err
    assert ran.json["texts"] == ["Energie: 0,40 EUR pro kWh ab 11:00 Uhr; sonst 0,20 EUR pro kWh."]
    assert [one["code"] for one in ran.json["findings"]] == ["VAT_MISSING"]
    assert (tmp_path / "week.svg").read_text(encoding="utf-8").startswith("<svg")
    bad = written(tmp_path, "bad.json", tariff(component("ENERGY", "1", step=-1)))
    ran = cli("price", "--tariff", bad)
    assert ran.code == 1
    assert "$.elements[0].price_components[0].step_size: error: $.elements[0].price_components[0].step_size" in ran.err
    assert "Energy: EUR 0.40" in cli("price", "--tariff", by).out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "--tariff: expected a file"),
        (("--cdr", "x", "--session", "y"), "expected one of them, got both"),
        (("--cdr", "missing.json"), "missing.json: cannot be read"),
        (("--tariff", "cdr.json"), "cdr.json[0]: no Tariff of OCPI 2.3.0 or 2.2.1 or 2.1.1"),
        (("--cdr", "cdr.json", "--version", "2.3.0"), "no CDR of OCPI 2.3.0"),
        (("--cdr", "cdr.json", "--version", "9.9"), "expected an OCPI version"),
        (("--cdr", "cdr.json", "--time-zone", "Mars/Olympus"), "expected an IANA time zone"),
        (("--tariff", "tariff.json", "--power", "much", "--energy", "1"), "--power: expected a number"),
        (("--tariff", "tariff.json", "--power", "1", "--start", "noon"), "--start, --minutes"),
        (
            ("--tariff", "tariff.json", "--power", "1", "--start", "2026-01-12T10:00:00"),
            "expected a time with its offset",
        ),
        (("--tariff", "tariff.json", "--tax", "GST"), "--tax: expected a number"),
        (("--tariff", "tariff.json", "--language", "tlh"), "language: expected one of"),
        (("--tariff", "tariff.json", "--tariff", "tariff.json", "--power", "1"), "expected one tariff for an estimate"),
        (("--tariff", "tariff.json", "--picture", "no/such/place.svg"), "--picture: no/such/place.svg"),
        (("--tariff", "broken.jsonl"), "broken.jsonl[1]: expected a JSON object"),
        (("--tariff", "empty.json"), "expected at least one Tariff"),
    ],
)
def test_wrong_use_exits_2_and_says_why(cli: CLI, tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    written(tmp_path, "cdr.json", charged("2.2.1"))
    good = written(tmp_path, "tariff.json", tariff(*BY_CLOCK))
    (tmp_path / "broken.jsonl").write_bytes(good.read_bytes() + b"\n{broken\n")
    (tmp_path / "empty.json").write_bytes(b"[]")
    ran = cli("price", *args)
    assert ran.code == 2, ran.err
    assert said in ran.err
