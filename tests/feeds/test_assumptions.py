# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be filled in, and that nothing is unless it was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import evse, location
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.feeds.assumptions import NOTHING, OPEN_DATA, Assumptions, complete, owner_of
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId

TNM = PartyId("NL", "TNM")
EVERYTHING = Assumptions(party=TNM, from_evse_ids=True, time_zones=True, fields={"publish": True, "name": "no"})


def raw(fields: dict[str, Any]) -> patch.RawObject:
    return patch.split(json.dumps(fields).encode())


def without(version: str, *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in location(version, **more).items() if name not in names}


def completed(version: str, fields: dict[str, Any], assumed: Assumptions) -> tuple[dict[str, Any], list[str]]:
    found, said = complete(VERSIONS[version].object_named("Location"), raw(fields), assumed)
    return json.loads(patch.join(found)), said


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_nothing_is_invented_unless_it_was_asked_for(version: str) -> None:
    for fields in ({}, location(version), without(version, "country_code", "party_id", "publish", "time_zone")):
        kept = raw(fields)
        found, said = complete(VERSIONS[version].object_named("Location"), kept, NOTHING)
        assert found is kept
        assert said == []


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_whole_object_is_left_alone_whatever_may_be_assumed(version: str) -> None:
    assert completed(version, location(version), EVERYTHING) == (location(version), [])


def test_only_required_fields_are_filled_in() -> None:
    fields = without("2.1.1", "name", "time_zone")
    assert completed("2.1.1", fields, EVERYTHING) == (fields, [])


def test_everything_that_is_missing_or_null_is_filled_in_and_named() -> None:
    fields = without("2.2.1", "country_code", "party_id", "time_zone") | {"publish": None, "country": "NLD"}
    assert completed("2.2.1", fields, EVERYTHING) == (
        {**fields, "country_code": "NL", "party_id": "TNM", "publish": True, "time_zone": "Europe/Amsterdam"},
        [
            "$.country_code = of the owner",
            "$.party_id = of the owner",
            "$.time_zone = the only one of the country",
            "$.publish = true",
        ],
    )


@pytest.mark.parametrize(
    ("country", "zone"),
    [("NLD", "Europe/Amsterdam"), ("FRA", "Europe/Paris"), ("DEU", None), ("ESP", None), ("XXX", None), (7, None)],
)
def test_only_a_country_with_one_time_zone_says_which(country: object, zone: str | None) -> None:
    fields = without("2.3.0", "time_zone", country=country)
    found, _ = completed("2.3.0", fields, Assumptions(time_zones=True))
    assert found.get("time_zone") == zone


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"country_code": "NL"}, {"country_code": "NL", "party_id": "TNM"}),
        ({"country_code": "nl", "party_id": None}, {"country_code": "nl", "party_id": "TNM"}),
        ({"party_id": "TNM"}, {"country_code": "NL", "party_id": "TNM"}),
        ({"country_code": "PL"}, {"country_code": "PL"}),
        ({"country_code": "NL", "party_id": "ABC"}, {"country_code": "NL", "party_id": "ABC"}),
    ],
)
def test_what_an_object_says_of_its_owner_is_never_overwritten(given: dict[str, Any], expected: dict[str, Any]) -> None:
    fields = without("2.2.1", "country_code", "party_id") | given
    found, _ = completed("2.2.1", fields, Assumptions(party=TNM))
    assert {name: found[name] for name in ("country_code", "party_id") if found.get(name)} == expected


@pytest.mark.parametrize(
    ("fields", "assumed", "owner"),
    [
        ({"country_code": "de", "party_id": "gef"}, NOTHING, PartyId("DE", "GEF")),
        ({"country_code": "DE", "party_id": "TOO LONG"}, EVERYTHING, None),
        ({}, NOTHING, None),
        ({}, Assumptions(party=TNM), TNM),
        ({"evses": [evse("2.2.1", evse_id="BE*BEC*E041503001")]}, OPEN_DATA, PartyId("BE", "BEC")),
        ({"evses": [evse("2.2.1"), evse("2.2.1", evse_id="nlfasE1")]}, OPEN_DATA, PartyId("NL", "FAS")),
        ({"evses": [evse("2.2.1", evse_id="BE*BEC*E1")]}, Assumptions(party=TNM), TNM),
        ({"evses": [evse("2.2.1", evse_id="nonsense")]}, EVERYTHING, TNM),
        ({"evses": "none"}, OPEN_DATA, None),
        ({"evses": [17]}, OPEN_DATA, None),
        ({"evses": None}, EVERYTHING, TNM),
        ({"country_code": 17, "party_id": "GEF"}, EVERYTHING, TNM),
    ],
)
def test_the_owner_is_what_the_object_says_then_its_evse_ids_then_what_is_assumed(
    fields: dict[str, Any], assumed: Assumptions, owner: PartyId | None
) -> None:
    assert owner_of(raw(fields), assumed) == owner
