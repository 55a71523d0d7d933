# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a receiver does with PUT and PATCH, in every version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, connector, evse, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.protocol.etag import etag
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import PartyId, Secret

TOKEN = Secret("cpo-token")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def receiver(**switches: Any) -> tuple[Platform, Caller]:
    """An eMSP with one registered CPO, and that CPO's calls."""
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP")
    access = Access(hash=made.book._vault.hash_of(TOKEN.reveal()), purpose=Purpose.ACCESS)
    parties = (PartnerParty(id=CPO, role="CPO", name="GEF"),)
    await made.book.change("cpo", lambda known: replace(known, access=(access,), parties=parties, **switches))
    return made, Caller(made, TOKEN)


def url(version: str, *ids: str) -> str:
    return "/".join((f"/ocpi/{version}/receiver/locations/DE/GEF", *ids))


async def stored(call: Caller, version: str, *ids: str) -> Any:
    response = await call("GET", url(version, *ids))
    assert response.status == 200, response.body
    return envelope_of(response)["data"]


def refused(response: Response) -> tuple[int, int, str]:
    found = envelope_of(response)
    assert "data" not in found
    return response.status, found["status_code"], found["status_message"]


@rule("STC-04")
async def test_put_of_a_new_location_is_201_and_of_a_known_one_200(version: str) -> None:
    _, call = await receiver()
    first = await call("PUT", url(version, "LOC1"), location(version))
    second = await call("PUT", url(version, "LOC1"), location(version, last_updated=NEW))
    assert (first.status, envelope_of(first)) == (201, {"status_code": 1000})
    assert (second.status, envelope_of(second)) == (200, {"status_code": 1000})
    assert await stored(call, version, "LOC1") == location(version, last_updated=NEW)


async def test_what_is_put_is_given_back_byte_for_byte(version: str) -> None:
    _, call = await receiver()
    body = json.dumps({**location(version), "x_vendor": {"a": 1.10, "b": [None]}}, indent=3).encode()
    body = body.replace(b"1.1", b"1.10")
    await call("PUT", url(version, "LOC1"), body)
    response = await call("GET", url(version, "LOC1"))
    assert body in response.body


@rule("TRN-22")
@rule("LOC-16")
async def test_put_without_a_required_field_is_refused_and_changes_nothing(version: str) -> None:
    _, call = await receiver()
    body = location(version)
    del body["city"]
    assert refused(await call("PUT", url(version, "LOC1"), body)) == (
        200,
        2001,
        "locations/LOC1: $.city: required in Location, but missing",
    )
    assert (await call("GET", url(version, "LOC1"))).status == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("city", None, "$.city: required in Location, but null"),
        ("city", 7, "$.city: expected a text, got 7"),
        ("coordinates", "x", "$.coordinates: expected an object of type GeoLocation, got 'x'"),
        ("evses", {}, "$.evses: expected an array of EVSE, got an object"),
        (
            "last_updated",
            "yesterday",
            "$.last_updated: expected a DateTime like 2015-06-29T20:39:09Z, got 'yesterday'",
        ),
    ],
)
async def test_put_of_a_wrong_value_names_its_path(version: str, field: str, value: object, message: str) -> None:
    _, call = await receiver()
    status, code, said = refused(await call("PUT", url(version, "LOC1"), {**location(version), field: value}))
    assert (status, code) == (200, 2001)
    assert said == f"locations/LOC1: {message}"


async def test_a_mistake_deep_inside_names_its_path(version: str) -> None:
    _, call = await receiver()
    body = location(version)
    body["evses"][0]["connectors"][0]["format"] = 3
    assert refused(await call("PUT", url(version, "LOC1"), body))[2] == (
        "locations/LOC1: $.evses[0].connectors[0].format: expected a ConnectorFormat text, got 3"
    )


async def test_long_texts_and_unknown_enum_values_are_kept_and_counted(version: str) -> None:
    made, call = await receiver()
    body = location(version, city="x" * 200)
    body["evses"][0]["status"] = "FLYING"
    assert (await call("PUT", url(version, "LOC1"), body)).status == 201
    assert await stored(call, version, "LOC1") == body
    assert made.server.findings == {("cpo", "TYP-06"): 1, ("cpo", "TYP-07"): 1}


@rule("TRN-27")
async def test_another_id_in_the_body_than_in_the_path_is_refused(version: str) -> None:
    _, call = await receiver()
    assert refused(await call("PUT", url(version, "LOC2"), location(version))) == (
        200,
        2001,
        "$.id: expected 'LOC2' as in the path, got 'LOC1'",
    )


async def test_a_party_that_is_not_the_callers_is_refused(version: str) -> None:
    _, call = await receiver()
    status, code, message = refused(
        await call("PUT", f"/ocpi/{version}/receiver/locations/FR/ABC/LOC1", location(version, owner=("FR", "ABC")))
    )
    assert (status, code, message) == (403, 2001, "party_id: FR*ABC is not a party of this partner")


async def test_put_of_an_older_last_updated_is_refused(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    status, code, message = refused(await call("PUT", url(version, "LOC1"), location(version, last_updated=OLD)))
    assert (status, code) == (200, 2001)
    assert message == f"$.last_updated: {OLD} is older than the stored {MIDDLE}; nothing was changed"
    assert await stored(call, version, "LOC1") == location(version)


async def test_a_partner_that_may_send_older_objects_does(version: str) -> None:
    _, call = await receiver(accepts_older=True)
    await call("PUT", url(version, "LOC1"), location(version))
    assert (await call("PUT", url(version, "LOC1"), location(version, last_updated=OLD))).status == 200
    assert await stored(call, version, "LOC1") == location(version, last_updated=OLD)


@rule("LOC-17")
async def test_patch_changes_the_named_fields_and_nothing_else(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version, x_vendor=1))
    change = {"name": "New name", "last_updated": NEW}
    assert (await call("PATCH", url(version, "LOC1"), change)).status == 200
    assert await stored(call, version, "LOC1") == {**location(version, x_vendor=1), **change}


@rule("LOC-15")
async def test_a_status_change_reaches_last_updated_of_the_location(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    await call("PATCH", url(version, "LOC1", "E1"), {"status": "CHARGING", "last_updated": NEW})
    found = await stored(call, version, "LOC1")
    assert found["last_updated"] == found["evses"][0]["last_updated"] == NEW
    assert found["evses"][0]["status"] == "CHARGING"
    assert found["evses"][0]["connectors"] == location(version)["evses"][0]["connectors"]


@rule("LOC-14")
async def test_a_connector_change_reaches_last_updated_of_evse_and_location(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    await call("PUT", url(version, "LOC1", "E1", "1"), connector(version, last_updated=NEW))
    found = await stored(call, version, "LOC1")
    assert [found["last_updated"], found["evses"][0]["last_updated"]] == [NEW, NEW]


@rule("LOC-11")
async def test_put_of_a_new_evse_adds_it(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    response = await call("PUT", url(version, "LOC1", "E2"), evse(version, "E2", NEW))
    assert response.status == 201
    assert (await stored(call, version, "LOC1"))["evses"] == [evse(version), evse(version, "E2", NEW)]
    assert await stored(call, version, "LOC1", "E2") == evse(version, "E2", NEW)


async def test_an_evse_of_an_unknown_location_is_refused(version: str) -> None:
    _, call = await receiver()
    for method, body in (("PUT", evse(version)), ("PATCH", {"status": "CHARGING", "last_updated": NEW})):
        assert refused(await call(method, url(version, "LOC9", "E1"), body)) == (
            404,
            2003,
            "locations/LOC9: no such Location",
        )


async def test_patch_of_an_unknown_evse_is_refused(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    response = await call("PATCH", url(version, "LOC1", "E9"), {"status": "CHARGING", "last_updated": NEW})
    assert response.status == 404
    assert await stored(call, version, "LOC1") == location(version)


async def test_an_older_evse_patch_is_refused(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    change = {"status": "CHARGING", "last_updated": OLD}
    assert refused(await call("PATCH", url(version, "LOC1", "E1"), change))[1] == 2001
    assert await stored(call, version, "LOC1") == location(version)


@rule("LOC-24")
async def test_a_patch_cannot_rename_an_object(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    change = {"id": "LOC2", "last_updated": NEW}
    assert refused(await call("PATCH", url(version, "LOC1"), change))[1] == 2001
    change = {"uid": "E2", "last_updated": NEW}
    assert refused(await call("PATCH", url(version, "LOC1", "E1"), change))[1] == 2001
    assert await stored(call, version, "LOC1") == location(version)


async def test_a_patch_with_null_takes_an_optional_field_away_and_never_a_required_one(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    await call("PATCH", url(version, "LOC1"), {"name": None, "last_updated": NEW})
    unnamed = location(version, last_updated=NEW)
    unnamed["evses"], _ = location(version)["evses"], unnamed.pop("name")
    assert await stored(call, version, "LOC1") == unnamed
    assert refused(await call("PATCH", url(version, "LOC1"), {"city": None, "last_updated": NEW}))[2] == (
        "locations/LOC1: $.city: required in Location, but null"
    )


@rule("LOC-01")
async def test_an_evse_is_removed_by_its_status_and_stays(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    await call("PUT", url(version, "LOC1", "E2"), evse(version, "E2", NEW))
    await call("PATCH", url(version, "LOC1", "E1"), {"status": "REMOVED", "last_updated": NEW})
    await call("PUT", url(version, "LOC1", "E2"), evse(version, "E2", NEW, status="REMOVED"))
    found = await stored(call, version, "LOC1")
    assert [(one["uid"], one["status"]) for one in found["evses"]] == [("E1", "REMOVED"), ("E2", "REMOVED")]


@rule("CRD-25")
async def test_an_evse_id_may_name_another_operator_than_the_party(version: str) -> None:
    made, call = await receiver()
    body = location(version, evses=[evse(version, evse_id="NL*ABC*E1")])
    assert (await call("PUT", url(version, "LOC1"), body)).status == 201
    assert await stored(call, version, "LOC1") == body
    assert made.server.findings == {}


@rule("LOC-52")
async def test_a_location_has_a_time_zone_where_the_version_asks_for_it(version: str) -> None:
    _, call = await receiver()
    body = location(version)
    is_required = body.pop("time_zone", None) is not None
    response = await call("PUT", url(version, "LOC1"), body)
    if is_required:
        assert refused(response)[2] == "locations/LOC1: $.time_zone: required in Location, but missing"
    else:
        assert response.status == 201


@rule("LOC-40")
async def test_a_planned_status_may_have_no_end(version: str) -> None:
    made, call = await receiver()
    schedule = [{"period_begin": NEW, "status": "PLANNED"}]
    body = location(version, evses=[evse(version, status_schedule=schedule)])
    assert (await call("PUT", url(version, "LOC1"), body)).status == 201
    assert made.server.findings == {}


async def test_an_empty_patch_is_refused(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    assert refused(await call("PATCH", url(version, "LOC1"), {}))[1] == 2001


@rule("LOC-18")
async def test_a_patch_without_last_updated_is_refused_where_the_version_says_so(version: str) -> None:
    made, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    response = await call("PATCH", url(version, "LOC1", "E1"), {"status": "CHARGING"})
    facts = next(known.facts for known in made.server.versions if known.number == version)
    if facts.patch_needs_last_updated:
        assert refused(response)[:2] == (200, 2001)
        assert await stored(call, version, "LOC1") == location(version)
    else:
        assert response.status == 200
        found = await stored(call, version, "LOC1")
        assert found["last_updated"] == found["evses"][0]["last_updated"] > NEW


async def test_ids_are_found_in_any_case_where_they_are_ci_strings(version: str) -> None:
    made, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    facts = next(known.facts for known in made.server.versions if known.number == version)
    response = await call("GET", f"/ocpi/{version}/receiver/locations/de/gef/loc1/e1")
    assert response.status == (200 if facts.ids_fold else 404)


async def test_if_match_guards_a_change(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    tag = (await call("GET", url(version, "LOC1"))).headers["etag"]
    assert tag == etag(json.dumps(location(version)).encode())
    changed = location(version, name="other", last_updated=NEW)
    assert (await call("PUT", url(version, "LOC1"), changed, {"if-match": '"other"'})).status == 412
    assert (await call("PUT", url(version, "LOC1"), changed, {"if-match": tag})).status == 200
    assert (await call("PUT", url(version, "LOC1"), changed, {"if-match": tag})).status == 412


async def test_if_none_match_star_only_creates(version: str) -> None:
    _, call = await receiver()
    only_new = {"if-none-match": "*"}
    assert (await call("PUT", url(version, "LOC1"), location(version), only_new)).status == 201
    assert (await call("PUT", url(version, "LOC1"), location(version), only_new)).status == 412
    assert (await call("PUT", url(version, "LOC1"), location(version), {"if-match": "*"})).status == 200


async def test_get_with_the_known_etag_is_304(version: str) -> None:
    _, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    tag = (await call("GET", url(version, "LOC1", "E1"))).headers["etag"]
    response = await call("GET", url(version, "LOC1", "E1"), headers={"if-none-match": tag})
    assert (response.status, response.body, response.headers["etag"]) == (304, b"", tag)
    assert "content-type" not in response.headers
    assert (await call("GET", url(version, "LOC1"), headers={"if-match": '"x"'})).status == 412


async def test_all_of_a_partys_objects_are_listed_and_deleted(version: str) -> None:
    _, call = await receiver()
    for number in range(3):
        await call("PUT", url(version, f"LOC{number}"), location(version, f"LOC{number}"))
    listed = await call("GET", url(version) + "?limit=2")
    assert [entry["id"] for entry in envelope_of(listed)["data"]] == ["LOC0", "LOC1"]
    assert listed.headers["x-total-count"] == "3"
    assert (await call("DELETE", url(version))).status == 200
    assert envelope_of(await call("GET", url(version)))["data"] == []


async def test_a_party_sees_and_deletes_nothing_of_another(version: str) -> None:
    made, call = await receiver()
    await call("PUT", url(version, "LOC1"), location(version))
    other = PartyId("FR", "ABC")
    access = Access(hash=made.book._vault.hash_of("other"), purpose=Purpose.ACCESS)
    parties = (PartnerParty(id=other, role="CPO", name="ABC"),)
    await made.book.change("other", lambda known: replace(known, access=(access,), parties=parties))
    stranger = Caller(made, Secret("other"))
    for method in ("GET", "DELETE"):
        assert (await stranger(method, url(version))).status == 403
        assert (await stranger(method, url(version, "LOC1"))).status in (403, 405)
    assert await stored(call, version, "LOC1") == location(version)
