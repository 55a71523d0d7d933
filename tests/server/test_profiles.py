# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles at the two endpoints: what a CPO asks its operator and says at once, and what a sender takes."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from tests.known import known, publish
from tests.objects import session
from tests.platforms import CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.profiling import ACCEPTED, ACTIVE, PROFILE, WITH_PROFILES, Noted, Station
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import Server, asynchronous
from wwcp_ocpi.server.decisions import (
    NO_PROFILE_OPERATOR,
    ProfileAction,
    ProfileAnswer,
    ProfileReport,
    ProfileRequest,
    ProfileUpdate,
)
from wwcp_ocpi.store.ports import Key, Side, Write

MODULES = frozenset({"sessions", "chargingprofiles"})
OTHER = PartyId("FR", "OTH")
URL = "https://emsp.example/results/1?request_id=5678"
pytestmark = pytest.mark.parametrize("version", WITH_PROFILES)


async def cpo(*parties: PartyId, **more: Any) -> tuple[Platform, Station, Caller]:
    """A CPO with an operator that refuses, and the calls of an eMSP that has these parties."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    call = await known(made, "emsp", parties or (EMSP,), **more)
    made.server.profile_operator = station = Station(ProfileAnswer(result="REJECTED"))
    return made, station, call


def at(version: str, session_id: str = "S1", **query: str) -> str:
    pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"/ocpi/{version}/receiver/chargingprofiles/{session_id}" + (f"?{pairs}" if pairs else "")


def whole(**more: Any) -> dict[str, Any]:
    return {"charging_profile": PROFILE, "response_url": URL, **more}


def asking(version: str, action: ProfileAction, session_id: str = "S1") -> tuple[str, str, Any]:
    """Method, URL and body."""
    if action is ProfileAction.SET:
        return "PUT", at(version, session_id), whole()
    if action is ProfileAction.GET:
        return "GET", at(version, session_id, duration="900", response_url=URL), None
    return "DELETE", at(version, session_id, response_url=URL), None


def refused(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


def said(result: str, timeout: int = 0) -> dict[str, Any]:
    return {"result": result, "timeout": timeout}


ACTIONS = pytest.mark.parametrize("action", ProfileAction, ids=lambda action: action.name)


@ACTIONS
async def test_without_an_operators_system_no_profile_is_supported(version: str, action: ProfileAction) -> None:
    made, _, call = await cpo()
    made.server.profile_operator = NO_PROFILE_OPERATOR
    await publish(made, version, "sessions", session(version), concerns=OTHER)
    response = await call(*asking(version, action))
    assert envelope_of(response) == {"status_code": 1000, "data": said("NOT_SUPPORTED")}


async def test_where_nobody_keeps_orders_nothing_is_supported(version: str) -> None:
    made, station, call = await cpo()
    server = Server(made.settings, made.store, made.book, made.registration)
    server.profile_operator = station
    made.server = server
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said("NOT_SUPPORTED")
    assert station.asked == []


@rule("CHP-10")
@ACTIONS
async def test_the_operator_is_asked_with_all_that_a_request_says(version: str, action: ProfileAction) -> None:
    _, station, call = await cpo()
    assert envelope_of(await call(*asking(version, action)))["data"] == said("REJECTED")
    (asked,) = station.asked
    assert len(asked.id) == 32
    assert (json.loads(asked.profile) if asked.profile is not None else None) == (
        PROFILE if action is ProfileAction.SET else None
    )
    assert asked == ProfileRequest(
        id=asked.id,
        partner="emsp",
        version=version,
        action=action,
        parties=(CPO,),
        session_id="S1",
        profile=asked.profile,
        duration_s=900 if action is ProfileAction.GET else None,
    )


@rule("CHP-11")
@pytest.mark.parametrize("word", ["NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"])
async def test_what_the_operator_says_is_what_the_partner_hears(version: str, word: str) -> None:
    _, station, call = await cpo()
    station.answer = ProfileAnswer(result=word)
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said(word)


@pytest.mark.parametrize(("timeout_s", "told"), [(45, 45), (0, 1), (-5, 1), (10**9, 3600)])
async def test_a_timeout_is_told_and_bounded(version: str, timeout_s: int, told: int) -> None:
    made, station, call = await cpo()
    station.answer = replace(ACCEPTED, timeout_s=timeout_s)
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said("ACCEPTED", told)
    await made.desk.stop()


async def test_a_word_that_no_version_has_is_a_refusal(version: str) -> None:
    _, station, call = await cpo()
    station.answer = ProfileAnswer(result="PERHAPS")
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said("REJECTED")


async def test_an_operator_that_does_not_decide_has_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, call = await cpo()

    class Undecided:
        async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
            await asyncio.Event().wait()
            return ACCEPTED

    made.server.profile_operator = Undecided()
    monkeypatch.setattr(asynchronous, "DECIDE_S", 0.0)
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said("REJECTED")
    assert await made.store.documents("order") == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.charging_profile"),
        ({"charging_profile": PROFILE}, "$.response_url"),
        (whole(charging_profile=None), "$.charging_profile"),
        (whole(charging_profile={**PROFILE, "duration": "900"}), "$.charging_profile.duration"),
        (
            whole(charging_profile={**PROFILE, "charging_profile_period": [{"start_period": 0}]}),
            "$.charging_profile.charging_profile_period[0].limit",
        ),
        ([], "$"),
    ],
)
async def test_what_is_no_profile_is_refused_at_its_place(version: str, body: object, path: str) -> None:
    _, station, call = await cpo()
    response = await call("PUT", at(version), body)
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith(f"chargingprofiles/S1: {path}: ")
    assert station.asked == []


@rule("CHP-13")
async def test_a_limit_with_more_than_one_decimal_is_counted_and_kept(version: str) -> None:
    made, station, call = await cpo()
    for limit in (8, 8.1, 8.10, 8.15):
        period = {"start_period": 0, "limit": limit}
        body = whole(charging_profile={**PROFILE, "charging_profile_period": [period]})
        assert refused(await call("PUT", at(version), body)) == (200, 1000)
    assert dict(made.server.findings) == {("emsp", "TYP-09"): 1}
    assert len(station.asked) == 4


@pytest.mark.parametrize("url", ["", "results/1", "ftp://emsp.example/1", "https://u:p@emsp.example/1", "https://[::1"])
@ACTIONS
async def test_a_response_url_that_cannot_be_called_is_refused(version: str, action: ProfileAction, url: str) -> None:
    _, station, call = await cpo()
    method, path, _ = asking(version, action)
    body = whole(response_url=url) if action is ProfileAction.SET else None
    response = await call(method, path.replace(quote(URL, safe=""), quote(url, safe="")), body)
    assert refused(response) == (200, 2001)
    where = "$.response_url" if body else "response_url"
    assert envelope_of(response)["status_message"].startswith(f"{where}: ")
    assert station.asked == []


@rule("CHP-10")
async def test_a_response_url_is_read_encoded_and_raw_as_far_as_no_ampersand_is_in_it(version: str) -> None:
    made, station, call = await cpo()
    station.answer = ACCEPTED
    raw = "https://emsp.example/chargingprofile/response?request_id=5678"
    for query in (
        f"duration=900&response_url={quote(raw, safe='')}",
        f"duration=900&response_url={raw}",
        f"response_url={raw}&more=1&duration=900",
    ):
        response = await call("GET", f"{at(version)}?{query}")
        assert envelope_of(response)["data"] == said("ACCEPTED", 30)
    kept = [json.loads(body)["order"]["response_url"] for _, body in await made.store.documents("order")]
    assert kept == [raw] * 3
    await made.desk.stop()


@pytest.mark.parametrize(
    "duration", ["", "0", "-1", "1.5", "1e3", "x", "9" * 5000, "0" * 5000, "٣", " 900", "+900", "%00"]
)
async def test_a_duration_is_a_whole_number_above_zero(version: str, duration: str) -> None:
    _, station, call = await cpo()
    response = await call("GET", at(version, duration=duration, response_url=URL))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith("duration: ")
    assert station.asked == []


async def test_a_query_without_a_required_parameter_is_refused(version: str) -> None:
    _, station, call = await cpo()
    for method, query in (("GET", {"duration": "900"}), ("GET", {"response_url": URL}), ("DELETE", {})):
        response = await call(method, at(version, **query))
        assert refused(response) == (200, 2001)
        assert envelope_of(response)["status_message"].endswith("required, but missing")
    assert station.asked == []


@pytest.mark.parametrize("id", ["x" * 37, "%00", "%C3%A9", "a%0d%0ab", "%7f"])
@ACTIONS
async def test_what_cannot_be_a_session_is_refused(version: str, action: ProfileAction, id: str) -> None:
    _, station, call = await cpo()
    response = await call(*asking(version, action, id))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith("session_id: ")
    assert station.asked == []


@ACTIONS
async def test_a_session_of_another_partner_is_unknown(version: str, action: ProfileAction) -> None:
    made, station, call = await cpo()
    other = await known(made, "other", (OTHER,))
    await publish(made, version, "sessions", session(version), concerns=OTHER)
    for id in ("S1", "s1"):
        assert envelope_of(await call(*asking(version, action, id)))["data"] == said("UNKNOWN_SESSION")
    assert station.asked == []
    await other(*asking(version, action))
    assert [asked.partner for asked in station.asked] == ["other"]


@rule("CHP-01")
@rule("CHP-15")
async def test_an_scsp_may_ask_for_sessions_of_others_and_the_operator_knows_its_contract(version: str) -> None:
    made, station, call = await cpo(role="SCSP")
    await publish(made, version, "sessions", session(version), concerns=OTHER)
    assert envelope_of(await call("PUT", at(version), whole()))["data"] == said("REJECTED")
    assert [(asked.is_foreign, asked.parties) for asked in station.asked] == [(True, (CPO,))]


async def test_only_who_may_send_profiles_can_ask(version: str) -> None:
    made, station, _ = await cpo()
    nsp = await known(made, "nsp", (OTHER,), role="NSP")
    assert refused(await nsp("PUT", at(version), whole())) == (403, 2001)
    assert station.asked == []


# --------------------------------------------------------------------------------------------------------- the sender


async def sender(role: str = "EMSP") -> tuple[Platform, Noted, Caller]:
    """An eMSP or SCSP that holds Session S1 of a CPO, and the calls of that CPO."""
    made = platform(MemoryNet(), "emsp.example", EMSP, role, modules=MODULES)
    call = await known(made, "cpo", (CPO,), role="CPO")
    made.server.profile_listener = noted = Noted()
    return made, noted, call


async def keep(made: Platform, version: str, owner: PartyId = CPO, source: str = "cpo") -> None:
    resource = VERSIONS[version].kind("sessions").resource
    write = Write(version=version, last_updated=1, body=json.dumps(session(version)).encode(), source=source)
    id = VERSIONS[version].key_id(resource, "S1")
    await made.store.change(Key(Side.THEIRS, "sessions", owner, id), lambda _: write)


def update_at(version: str, id: str = "S1") -> str:
    return f"/ocpi/{version}/sender/chargingprofiles/{id}"


@rule("CHP-08")
@pytest.mark.parametrize("role", ["EMSP", "SCSP"])
async def test_a_changed_profile_of_a_known_session_is_heard(version: str, role: str) -> None:
    made, noted, call = await sender(role)
    await keep(made, version)
    for id in ("S1", "s1"):
        response = await call("PUT", update_at(version, id), ACTIVE)
        assert (response.status, envelope_of(response)) == (200, {"status_code": 1000})
    first = noted.heard[0]
    assert first == ProfileUpdate(
        partner="cpo", version=version, owner=CPO, session_id="S1", profile=json.dumps(ACTIVE).encode()
    )


async def test_nobody_has_to_listen(version: str) -> None:
    made, _, call = await sender()
    await keep(made, version)
    made.server.profile_listener = platform(MemoryNet(), "x.example", EMSP, "EMSP").server.profile_listener
    assert refused(await call("PUT", update_at(version), ACTIVE)) == (200, 1000)


async def test_a_session_that_this_partner_did_not_give_is_404(version: str) -> None:
    made, noted, call = await sender()
    assert refused(await call("PUT", update_at(version), ACTIVE)) == (404, 2001)
    await keep(made, version, owner=OTHER, source="other")
    await keep(made, version, source="other")
    assert refused(await call("PUT", update_at(version), ACTIVE)) == (404, 2001)
    other = await known(made, "other", (OTHER,), role="CPO")
    assert refused(await other("PUT", update_at(version), ACTIVE)) == (200, 1000)
    named = {"ocpi-from-country-code": "FR", "ocpi-from-party-id": "OTH"}
    assert refused(await call("PUT", update_at(version), ACTIVE, named)) == (403, 2001)
    assert refused(await other("PUT", update_at(version), ACTIVE, named)) == (200, 1000)
    assert [update.owner for update in noted.heard] == [OTHER, OTHER]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.start_date_time"),
        ({**ACTIVE, "start_date_time": "soon"}, "$.start_date_time"),
        ({**ACTIVE, "charging_profile": {}}, "$.charging_profile.charging_rate_unit"),
        ([], "$"),
    ],
)
async def test_a_changed_profile_that_is_none_is_refused_at_its_place(version: str, body: object, path: str) -> None:
    made, noted, call = await sender()
    await keep(made, version)
    response = await call("PUT", update_at(version), body)
    assert refused(response) == (200, 2001)
    assert f": {path}: " in envelope_of(response)["status_message"]
    assert refused(await call("PUT", update_at(version), b"{")) == (400, 2001)
    assert noted.heard == []


async def test_who_takes_no_note_in_time_has_not_heard(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, call = await sender()
    await keep(made, version)

    class Deaf:
        async def changed(self, update: ProfileUpdate) -> None:
            await asyncio.Event().wait()

    made.server.profile_listener = Deaf()
    monkeypatch.setattr(asynchronous, "DECIDE_S", 0.0)
    assert refused(await call("PUT", update_at(version), ACTIVE)) == (200, 3000)
