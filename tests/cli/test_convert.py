# SPDX-License-Identifier: AGPL-3.0-or-later
"""`convert`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI
from tests.objects import cdr, connector, location, session, token

DOWN = ("--from", "2.3.0", "--to", "2.1.1", "--object")
UP = ("--from", "2.1.1", "--to", "2.2.1", "--object")


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def test_objects_come_one_a_line_with_their_losses(cli: CLI) -> None:
    objects = [connector("2.3.0", "1"), connector("2.3.0", "2", max_electric_power=22000)]
    ran = cli("convert", "-", *DOWN, "Connector", "--json", stdin=body(objects))
    lost = {"path": "$.max_electric_power", "text": "OCPI 2.1.1 has no such field here"}
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [
        {"value": connector("2.1.1", "1"), "losses": []},
        {"value": connector("2.1.1", "2"), "losses": [lost]},
    ]


def test_people_are_told_the_losses_beside_it(cli: CLI) -> None:
    value = connector("2.3.0", tariff_ids=[str(number) for number in range(20)])
    ran = cli("convert", "-", *DOWN, "Connector", stdin=json.dumps(value, indent=1).encode())
    assert ran.code == 0
    assert ran.json["value"] == connector("2.1.1", tariff_id="0")
    assert "-[0] $.tariff_ids[1]: OCPI 2.1.1 has one Tariff for a Connector" in ran.err
    assert "-[0] ... and 9 more losses" in ran.err


def test_what_cannot_be_converted_is_told_with_its_place_and_the_code_is_1(cli: CLI) -> None:
    stdin = body([location("2.1.1"), {"id": 1}, 17])
    ran = cli("convert", "-", *UP, "locations", "--json", "--owner", "DE*GEF", stdin=stdin)
    assert (ran.code, ran.out) == (1, "")
    first, second, third = ran.err.splitlines()
    assert first == "-[0]: $.time_zone: OCPI 2.2.1 wants a time zone; the setting 'time_zone' decides it"
    assert second.startswith("-[1]: Location of OCPI 2.1.1: $.id: expected a text")
    assert third.startswith("-[2]: ")
    ran = cli("convert", "-", *DOWN, "Booking", stdin=b"{}")
    assert (ran.code, ran.out) == (1, "")


@pytest.mark.parametrize(
    ("object", "value", "options", "expected"),
    [
        (
            "Location",
            location("2.1.1"),
            ["--owner", "DE*GEF", "--time-zone", "Europe/Berlin"],
            {"time_zone": "Europe/Berlin"},
        ),
        ("CommandResponse", {"result": "ACCEPTED"}, ["--timeout", "30"], {"timeout": 30}),
        (
            "Session",
            session("2.1.1", total_cost=10),
            [
                "--owner",
                "DE*GEF",
                "--driver",
                "NL*EMP",
                "--token-uid",
                "012345678",
                "--token-type",
                "RFID",
                "--vat",
                "20",
            ],
            {"cdr_token": session("2.2.1")["cdr_token"], "total_cost": {"excl_vat": 10, "incl_vat": 12}},
        ),
        (
            "Credentials",
            {
                "token": "t",
                "url": "https://x.example",
                "business_details": {"name": "X"},
                "party_id": "A",
                "country_code": "B",
            },
            ["--role", "CPO"],
            {"roles": [{"role": "CPO", "business_details": {"name": "X"}, "party_id": "A", "country_code": "B"}]},
        ),
    ],
)
def test_settings_supply_what_2_1_1_does_not_say(
    cli: CLI, object: str, value: object, options: list[str], expected: dict[str, Any]
) -> None:
    ran = cli("convert", "-", *UP, object, *options, "--json", stdin=body(value))
    assert ran.code == 0, ran.err
    assert {name: ran.json["value"][name] for name in expected} == expected


def test_settings_may_be_objects_in_files(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "location.json").write_bytes(body(location("2.3.0")))
    (tmp_path / "token.json").write_bytes(body(token("2.1.1")))
    options: tuple[str, ...] = ("--location", "location.json", "--postal-code", "", "--json")
    ran = cli("convert", "-", *DOWN, "Session", *options, stdin=body(session("2.3.0")))
    assert ran.code == 0, ran.err
    assert ran.json["value"]["location"]["evses"][0]["uid"] == "E1"
    options = ("--token", "token.json", "--owner", "NL*EMP", "--connector", "CHADEMO,CABLE,DC", "--json")
    ran = cli("convert", "-", *UP, "CDR", *options, stdin=body(cdr("2.1.1", location=location("2.1.1", evses=[]))))
    assert ran.code == 0, ran.err
    assert ran.json["value"]["cdr_location"]["connector_standard"] == "CHADEMO"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--from", "2.2", "--to", "2.1.1", "--object", "Token"], "expected an OCPI version"),
        (["--from", "2.1.1", "--to", "3", "--object", "Token"], "expected an OCPI version"),
        ([*UP, "Booking"], "has no object 'Booking'"),
        ([*UP, "Token", "--owner", "X"], "--owner: expected a party"),
        ([*UP, "Token", "--vat", "much"], "--vat: expected a number"),
        ([*UP, "Token", "--vat", "nan"], "--vat: expected a number"),
        ([*UP, "Token", "--connector", "CHADEMO"], "--connector: expected three words"),
        ([*UP, "Token", "--location", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_wrong_use_is_2(cli: CLI, options: list[str], text: str) -> None:
    ran = cli("convert", "-", *options, stdin=b"{}")
    assert ran.code == 2
    assert text in ran.err


def test_a_file_without_an_object_is_wrong_use(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_bytes(b"[]")
    ran = cli("convert", "-", *UP, "Token", "--token", "none.json", stdin=b"{}")
    assert ran.code == 2
