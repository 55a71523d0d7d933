# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the fields of an object say about each other: right ones pass, wrong ones are named by rule and place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import MIDDLE, NEW, OLD, cdr, evse, location, session, token
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from tests.versions import tables
from wwcp_ocpi.protocol import codec, coherence, conformance
from wwcp_ocpi.protocol.coherence import SESSIONS_ONLY
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import VERSIONS

SINCE_2_2_1 = ("2.2.1", "2.3.0")
DAY = {"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}
EXAMPLES = sorted((tables.SHARED / "examples").rglob("*example*.json"))
versions = pytest.mark.parametrize("version", ALL_VERSIONS)
since_2_2_1 = pytest.mark.parametrize("version", SINCE_2_2_1)


def found(version: str, name: str, value: dict[str, Any]) -> list[tuple[str, str]]:
    """Path and rule of every finding on an object that has no errors."""
    cls, body = VERSIONS[version].object_named(name), json.dumps(value).encode()
    assert [one for one in conformance.check(cls, body) if one.severity is Severity.ERROR] == []
    findings = coherence.check(cls, body)
    assert {one.severity for one in findings} <= {Severity.WARNING}
    return [(one.path, one.rule) for one in findings]


def hours(version: str, **opening: Any) -> list[tuple[str, str]]:
    return found(version, "Location", location(version, opening_times=opening))


@versions
@pytest.mark.parametrize("make", [location, session, cdr])
def test_a_right_object_has_no_findings(version: str, make: Any) -> None:
    assert found(version, make.__name__.upper() if make is cdr else make.__name__.title(), make(version)) == []


@rule("LOC-34")
@versions
def test_regular_hours_stand_where_it_is_not_open_all_day(version: str) -> None:
    at = "$.opening_times.regular_hours"
    assert hours(version, twentyfourseven=True) == []
    assert hours(version, twentyfourseven=False, regular_hours=[DAY]) == []
    assert hours(version, twentyfourseven=True, regular_hours=[DAY]) == [(at, "LOC-34")]
    assert hours(version, twentyfourseven=False) == [(at, "LOC-34")]
    assert hours(version, twentyfourseven=False, regular_hours=[]) == [(at, "LOC-34")]


@rule("LOC-36")
@versions
@pytest.mark.parametrize(
    ("begin", "end", "is_right"),
    [("08:00", "20:00", True), ("00:00", "23:59", True), ("08:00", "08:00", False), ("20:00", "08:00", False)],
)
def test_hours_end_after_they_begin(version: str, begin: str, end: str, is_right: bool) -> None:
    day = {"weekday": 1, "period_begin": begin, "period_end": end}
    at = "$.opening_times.regular_hours[0].period_end"
    assert hours(version, twentyfourseven=False, regular_hours=[day]) == ([] if is_right else [(at, "LOC-36")])


@rule("LOC-36")
@versions
@pytest.mark.parametrize("text", ["8:00", "24:00", "08:60", "08.00", "08:00:00"])
def test_hours_are_two_digits_a_colon_and_two_digits(version: str, text: str) -> None:
    opening = {"twentyfourseven": False, "regular_hours": [{**DAY, "period_begin": text}]}
    body = json.dumps(location(version, opening_times=opening)).encode()
    (warning,) = conformance.check(VERSIONS[version].object_named("Location"), body)
    assert (warning.path, warning.severity) == ("$.opening_times.regular_hours[0].period_begin", Severity.WARNING)


@rule("LOC-35")
@versions
def test_exceptional_closings_and_openings_do_not_overlap(version: str) -> None:
    early, late, whole = (
        {"period_begin": begin, "period_end": end} for begin, end in ((OLD, MIDDLE), (MIDDLE, NEW), (OLD, NEW))
    )
    at = ("$.opening_times.exceptional_closings", "LOC-35")
    for openings, closings, expected in (([early], [late], []), ([early], [whole], [at]), ([], [whole], [])):
        assert (
            hours(version, twentyfourseven=True, exceptional_openings=openings, exceptional_closings=closings)
            == expected
        )


@rule("LOC-33")
@versions
@pytest.mark.parametrize(
    ("shares", "is_right"), [([], True), ([100], True), ([33.3, 66.7], True), ([50, 49], False), ([60, 60], False)]
)
def test_shares_of_energy_are_100_percent_together(version: str, shares: list[float], is_right: bool) -> None:
    mix = {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": share} for share in shares]}
    expected = [] if is_right else [("$.energy_mix.energy_sources", "LOC-33")]
    assert found(version, "Location", location(version, energy_mix=mix)) == expected


@rule("LOC-22")
@since_2_2_1
def test_who_may_see_a_location_is_said_only_where_not_everybody_may(version: str) -> None:
    allowed: Any = {"publish_allowed_to": [{"group_id": "G1"}]}
    assert found(version, "Location", location(version, publish=False, **allowed)) == []
    assert found(version, "Location", location(version, publish=True, **allowed)) == [
        ("$.publish_allowed_to", "LOC-22")
    ]


@rule("LOC-37")
@rule("LOC-38")
@rule("LOC-39")
@since_2_2_1
@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"uid": "1", "type": "RFID"}, []),
        ({"visual_number": "1", "issuer": "EMP"}, []),
        ({"group_id": "G1"}, []),
        ({}, [("", "LOC-37")]),
        ({"type": "RFID", "issuer": "EMP"}, [("", "LOC-37")]),
        ({"uid": "1"}, [(".type", "LOC-38")]),
        ({"visual_number": "1"}, [(".issuer", "LOC-39")]),
    ],
)
def test_a_token_that_may_see_a_location_says_enough(
    version: str, token: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    body = location(version, publish=False, publish_allowed_to=[token])
    assert found(version, "Location", body) == [(f"$.publish_allowed_to[0]{path}", name) for path, name in expected]


@rule("LOC-52")
@versions
def test_a_time_zone_is_one_of_the_iana(version: str) -> None:
    assert found(version, "Location", location(version, time_zone="America/Argentina/Ushuaia")) == []
    for wrong in ("CET+1", "Europe/Jena", "+02:00", "../etc"):
        assert found(version, "Location", location(version, time_zone=wrong)) == [("$.time_zone", "LOC-52")]


def parked(*places: dict[str, Any]) -> list[tuple[str, str]]:
    base = {"id": "P1", "vehicle_types": ["PERSONAL_VEHICLE"], "restricted_to_type": False}
    body = location("2.3.0", parking_places=[{**base, "reservation_required": False, **place} for place in places])
    return found("2.3.0", "Location", body)


@rule("LOC-44")
def test_parking_places_of_a_location_have_ids_of_their_own() -> None:
    assert parked({}, {"id": "P2"}) == []
    assert parked({}, {"id": "p1"}) == [("$.parking_places", "LOC-44")]


@rule("LOC-45")
def test_where_larger_vehicles_may_park_the_sizes_are_told() -> None:
    sizes = {"max_vehicle_weight": 1, "max_vehicle_height": 1, "max_vehicle_length": 1, "max_vehicle_width": 1}
    more = {"parking_space_length": 1, "parking_space_width": 1, "dangerous_goods_allowed": False}
    assert parked({"vehicle_types": ["MOTORCYCLE", "PERSONAL_VEHICLE"]}) == []
    assert parked({"vehicle_types": ["SEMI_TRACTOR"], **sizes, **more}) == []
    assert parked({"vehicle_types": ["SEMI_TRACTOR"], **more}) == [
        (f"$.parking_places[0].{name}", "LOC-45") for name in sizes
    ]


@rule("LOC-47")
def test_a_place_for_disabled_drivers_has_a_photo() -> None:
    sized = dict.fromkeys(coherence._SIZES, 1) | {"dangerous_goods_allowed": False, "vehicle_types": ["DISABLED"]}
    photo = {"url": "https://x.example/p.jpg", "category": "ENTRANCE", "type": "jpeg"}
    assert parked({**sized, "images": [photo]}) == []
    assert parked(sized) == [("$.parking_places[0].images", "LOC-47")]


@rule("SES-22")
@since_2_2_1
def test_only_a_reservation_may_not_know_its_evse(version: str) -> None:
    unknown = {"evse_uid": "#NA", "connector_id": "#NA"}
    assert found(version, "Session", session(version, status="RESERVATION", **unknown)) == []
    assert found(version, "Session", session(version, status="ACTIVE", **unknown)) == [
        ("$.evse_uid", "SES-22"),
        ("$.connector_id", "SES-22"),
    ]


@rule("TOK-18")
@since_2_2_1
def test_tokens_that_live_for_one_session_are_always_asked_about(version: str) -> None:
    for kind, word, expected in (
        ("RFID", "ALWAYS", []),
        ("APP_USER", "NEVER", []),
        ("APP_USER", "ALLOWED_OFFLINE", [("$.whitelist", "TOK-18")]),
        ("AD_HOC_USER", "ALWAYS", [("$.whitelist", "TOK-18")]),
    ):
        assert found(version, "Token", token(version, type=kind, whitelist=word)) == expected


@rule("CDR-04")
@since_2_2_1
def test_a_credit_cdr_says_so_and_says_of_which(version: str) -> None:
    assert found(version, "CDR", cdr(version, "C1-CR", credit=True, credit_reference_id="C1")) == []
    assert found(version, "CDR", cdr(version, credit=False)) == []
    assert found(version, "CDR", cdr(version, credit=True)) == [("$.credit_reference_id", "CDR-04")]
    assert found(version, "CDR", cdr(version, credit_reference_id="C0")) == [("$.credit", "CDR-04")]


@rule("CDR-03")
@since_2_2_1
def test_a_credit_cdr_has_an_id_of_its_own(version: str) -> None:
    body = cdr(version, credit=True, credit_reference_id="c1")
    assert found(version, "CDR", body) == [("$.id", "CDR-03")]


@rule("CDR-18")
@since_2_2_1
def test_the_id_of_a_cdr_is_longer_than_36_only_where_it_is_a_credit(version: str) -> None:
    long = "C" * 39
    assert found(version, "CDR", cdr(version, long, credit=True, credit_reference_id="C1")) == []
    assert found(version, "CDR", cdr(version, long)) == [("$.id", "CDR-18")]


@rule("CDR-23")
@since_2_2_1
@pytest.mark.parametrize("dimension", sorted(SESSIONS_ONLY))
def test_some_dimensions_are_for_sessions_only(version: str, dimension: str) -> None:
    periods = [{"start_date_time": OLD, "dimensions": [{"type": dimension, "volume": 1}]}]
    at = "$.charging_periods[0].dimensions[0].type"
    assert found(version, "CDR", cdr(version, charging_periods=periods)) == [(at, "CDR-23")]
    assert found(version, "Session", session(version, charging_periods=periods)) == []


@since_2_2_1
def test_the_dimensions_for_sessions_only_are_those_of_the_specification(version: str) -> None:
    rows = tables.read(f"{version}.enums.tsv")
    assert {row["value"] for row in rows if row["note"] == "sessions only"} == SESSIONS_ONLY


@rule("CDR-25")
@since_2_2_1
def test_a_cdr_of_a_reservation_that_was_not_used_may_not_know_where_it_was(version: str) -> None:
    body = cdr(version)
    body["cdr_location"] |= dict.fromkeys(("evse_uid", "evse_id", "connector_id"), "#NA")
    assert found(version, "CDR", body) == []


@rule("TRN-51")
@versions
def test_a_field_that_may_be_left_out_is_not_said_to_be_unknown(version: str) -> None:
    assert found(version, "Location", location(version, address="#NA")) == []
    assert found(version, "Location", location(version, name="#NA")) == [("$.name", "TRN-51")]


@rule("TYP-08")
@versions
def test_a_text_for_people_has_no_markup(version: str) -> None:
    for text, expected in (
        ("under 3 < 5 > 2", []),
        ("Turn <b>left</b>", [("$.evses[0].directions[0].text", "TYP-08")]),
        ("first<br/>second", [("$.evses[0].directions[0].text", "TYP-08")]),
    ):
        directions = [{"language": "en", "text": text}]
        assert found(version, "Location", location(version, evses=[evse(version, directions=directions)])) == expected


@rule("TYP-08")
@versions
def test_a_text_for_people_has_at_most_512_characters(version: str) -> None:
    body = json.dumps(location(version, directions=[{"language": "en", "text": "x" * 513}])).encode()
    (warning,) = conformance.check(VERSIONS[version].object_named("Location"), body)
    assert (warning.path, warning.message) == ("$.directions[0].text", "at most 512 characters, got 513")


@rule("TYP-10")
@versions
def test_a_url_is_one(version: str) -> None:
    for text, expected in (
        ("https://x.example/a?b=c", []),
        ("mailto:x@example.org", []),
        ("x.example", [("$.operator.website", "TYP-10")]),
        ("https://x.example/a b", [("$.operator.website", "TYP-10")]),
    ):
        assert found(version, "Location", location(version, operator={"name": "x", "website": text})) == expected


@rule("TYP-10")
@versions
def test_a_url_has_at_most_255_characters(version: str) -> None:
    url = "https://x.example/".ljust(256, "x")
    body = json.dumps(location(version, operator={"name": "x", "website": url})).encode()
    (warning,) = conformance.check(VERSIONS[version].object_named("Location"), body)
    assert (warning.path, warning.message) == ("$.operator.website", "at most 255 characters, got 256")


def test_every_object_that_is_looked_at_exists_with_the_fields_that_are_looked_at() -> None:
    known = {row["object"] for version in ALL_VERSIONS for row in tables.read(f"{version}.objects.tsv")}
    assert set(coherence.CHECKS) <= known
    for name, checks in coherence.CHECKS.items():
        newest = field_names(VERSIONS["2.3.0"].object_named(name))
        assert all(one.fields <= newest for one in checks)


@pytest.mark.skipif(not EXAMPLES, reason="the specification's examples are not beside the repository")
def test_no_check_speaks_against_an_example_of_the_specification() -> None:
    seen = 0
    kinds = {"location_": "Location", "session_": "Session", "cdr_": "CDR"}
    parts = {"location_hours": "Hours", "location_energymix": "EnergyMix", "location_regularhours": "RegularHours"}
    for kind, name in (kinds | parts).items():
        for path in (one for one in EXAMPLES if kind in one.name):
            cls, body = VERSIONS[path.parts[-2][:5]].object_named(name), path.read_bytes()
            if codec.conforms(cls, body):
                seen += 1
                assert coherence.check(cls, body) == [], path.name
    assert seen
