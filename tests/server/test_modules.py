# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs, tokens, sessions and CDRs at both ends: what each does that Locations do not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, cdr, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.server import tokens
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs"})
OTHER = PartyId("FR", "OTH")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def served(role: str, *partners: tuple[str, PartyId, str], **settings: Any) -> tuple[Platform, list[Caller]]:
    """A platform in that role with registered partners (name, party, role), and the calls of each."""
    party = CPO if role == "CPO" else EMSP
    made = platform(MemoryNet(), "here.example", party, role, modules=MODULES, **settings)
    callers = []
    for name, id, partner_role in partners:
        secret = Secret(f"token-{name}")
        access = Access(hash=made.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS)
        parties = (PartnerParty(id=id, role=partner_role, name=name),)

        def edit(known: Partner, access: Access = access, parties: tuple[PartnerParty, ...] = parties) -> Partner:
            return replace(known, access=(access,), parties=parties)

        await made.book.change(name, edit)
        callers.append(Caller(made, secret))
    return made, callers


async def receiver(version: str) -> tuple[Platform, Caller]:
    """An eMSP and the CPO that pushes to it."""
    made, (call,) = await served("EMSP", ("cpo", CPO, "CPO"))
    return made, call


def refused(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


def at(version: str, module: str, *ids: str, side: str = "receiver") -> str:
    return "/".join((f"/ocpi/{version}/{side}/{module}", *ids))


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    return OwnObject(
        owner=owner,
        id=body.get("id") or body["uid"],
        last_updated=DateTime.parse(body["last_updated"]).micros,
        body=json.dumps(body).encode(),
        **more,
    )


async def test_a_tariff_is_put_read_and_deleted(version: str) -> None:
    _, call = await receiver(version)
    url = at(version, "tariffs", "DE", "GEF", "T1")
    assert (await call("PUT", url, tariff(version))).status == 201
    assert envelope_of(await call("GET", url))["data"] == tariff(version)
    assert (await call("DELETE", url)).status == 200
    assert (await call("GET", url)).status == 404
    assert refused(await call("DELETE", url)) == (404, 2001)


async def test_a_tariff_is_patched_only_where_the_version_has_it(version: str) -> None:
    _, call = await receiver(version)
    url = at(version, "tariffs", "DE", "GEF", "T1")
    await call("PUT", url, tariff(version))
    response = await call("PATCH", url, {"currency": "USD", "last_updated": NEW})
    has_patch = any(row.method == "PATCH" for row in VERSIONS[version].endpoints if row.module == "tariffs")
    assert response.status == (200 if has_patch else 405)


@rule("TOK-16")
@rule("TOK-06")
async def test_tokens_of_one_uid_and_two_types_are_two(version: str) -> None:
    _, (call,) = await served("CPO", ("emsp", EMSP, "EMSP"))
    url = at(version, "tokens", "NL", "EMP", "012345678")
    await call("PUT", url, token(version))
    app = token(version, type="AD_HOC_USER") if version != "2.1.1" else token(version, type="OTHER")
    kind = app["type"]
    has_type = any(p.name == "type" for row in VERSIONS[version].rows("tokens", Interface.RECEIVER) for p in row.query)
    if not has_type:
        return
    assert (await call("PUT", f"{url}?type={kind}", app)).status == 201
    assert envelope_of(await call("GET", url))["data"] == token(version)
    assert envelope_of(await call("GET", f"{url}?type={kind}"))["data"] == app
    await call("PATCH", f"{url}?type={kind}", {"valid": False, "last_updated": NEW})
    assert envelope_of(await call("GET", url))["data"] == token(version)
    assert refused(await call("PUT", f"{url}?type=RFID", app)) == (200, 2001)


@rule("SES-12")
@rule("SES-17")
@rule("SES-13")
@rule("SES-18")
async def test_a_patch_of_a_session_adds_periods_where_the_version_says_so(version: str) -> None:
    _, call = await receiver(version)
    url = at(version, "sessions", "DE", "GEF", "S1")
    first, second = (
        {"start_date_time": day, "dimensions": [{"type": "ENERGY", "volume": 1.0}]} for day in (OLD, MIDDLE)
    )
    await call("PUT", url, session(version, charging_periods=[first]))
    change = {"kwh": 2.5, "charging_periods": [second], "last_updated": NEW}
    for _ in range(2):
        assert (await call("PATCH", url, change)).status == 200
    found = envelope_of(await call("GET", url))["data"]
    appends = bool(VERSIONS[version].modules["sessions"].resource.appended)  # type: ignore[union-attr]
    assert found["charging_periods"] == ([first, second] if appends else [second])
    assert found["kwh"] == 2.5
    await call("PUT", url, session(version, last_updated=NEW))
    assert "charging_periods" not in envelope_of(await call("GET", url))["data"]


@rule("SES-16")
async def test_a_session_is_changed_as_a_whole_only(version: str) -> None:
    _, call = await receiver(version)
    url = at(version, "sessions", "DE", "GEF", "S1")
    await call("PUT", url, session(version))
    for below in ("charging_periods", "cdr_token", "1"):
        for method, body in (("PATCH", {"kwh": 3, "last_updated": NEW}), ("PUT", session(version))):
            assert (await call(method, f"{url}/{below}", body)).status == 404
    assert envelope_of(await call("GET", url))["data"] == session(version)


@rule("SES-24")
async def test_a_cost_that_is_not_known_is_not_nothing(version: str) -> None:
    _, call = await receiver(version)
    url = at(version, "sessions", "DE", "GEF", "S1")
    await call("PUT", url, session(version))
    assert b"total_cost" not in (await call("GET", url)).body
    free = {"2.1.1": 0.0, "2.2.1": {"excl_vat": 0.0}, "2.3.0": {"before_taxes": 0.0}}[version]
    await call("PATCH", url, {"total_cost": free, "last_updated": NEW})
    assert envelope_of(await call("GET", url))["data"]["total_cost"] == free


@rule("SES-05")
async def test_a_list_of_sessions_wants_to_know_since_when(version: str) -> None:
    _, (call,) = await served("CPO", ("emsp", EMSP, "EMSP"))
    response = await call("GET", at(version, "sessions", side="sender"))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"] == "date_from: required, but missing"
    assert (await call("GET", at(version, "sessions", side="sender") + f"?date_from={OLD}")).status == 200


@rule("CDR-11")
@rule("CDR-12")
async def test_a_cdr_is_taken_once_and_read_at_its_url(version: str) -> None:
    _, call = await receiver(version)
    response = await call("POST", at(version, "cdrs"), cdr(version))
    url = response.headers["location"]
    assert (response.status, envelope_of(response)) == (201, {"status_code": 1000})
    assert url == f"https://here.example/ocpi/{version}/receiver/cdrs/DE/GEF/C1"
    assert envelope_of(await call("GET", url.removeprefix("https://here.example")))["data"] == cdr(version)


@rule("CDR-01")
async def test_a_cdr_is_final(version: str) -> None:
    _, call = await receiver(version)
    await call("POST", at(version, "cdrs"), cdr(version))
    again = await call("POST", at(version, "cdrs"), json.dumps(cdr(version), indent=2).encode())
    assert (again.status, again.headers["location"][-2:]) == (200, "C1")
    other = await call("POST", at(version, "cdrs"), cdr(version, total_energy=99))
    assert refused(other) == (200, 2001)
    url = at(version, "cdrs", "DE", "GEF", "C1")
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await call(method, url, cdr(version) if method != "DELETE" else None)).status == 405
    assert envelope_of(await call("GET", url))["data"] == cdr(version)


@rule("CDR-02")
@rule("CDR-03")
@rule("CDR-06")
async def test_a_cdr_is_corrected_by_a_credit_and_a_new_one_beside_it(version: str) -> None:
    _, call = await receiver(version)
    if version == "2.1.1":
        return
    credit: Any = {"credit": True, "credit_reference_id": "C1"}
    await call("POST", at(version, "cdrs"), cdr(version))
    assert refused(await call("POST", at(version, "cdrs"), cdr(version, **credit))) == (200, 2001)
    bodies = [cdr(version), cdr(version, "C1-CREDIT", **credit), cdr(version, "C2", total_energy=2)]
    for body in bodies[1:]:
        assert (await call("POST", at(version, "cdrs"), body)).status == 201
    for body in bodies:
        assert envelope_of(await call("GET", at(version, "cdrs", "DE", "GEF", body["id"])))["data"] == body


@rule("CDR-18")
async def test_one_id_of_two_parties_is_two_cdrs(version: str) -> None:
    _, (call, other) = await served("EMSP", ("cpo", CPO, "CPO"), ("other", OTHER, "CPO"))
    named = {} if version == "2.1.1" else {"country_code": "FR", "party_id": "OTH"}
    bodies = [cdr(version), cdr(version, total_energy=2, **named)]
    for caller, body, owner in ((call, bodies[0], CPO), (other, bodies[1], OTHER)):
        assert (await caller("POST", at(version, "cdrs"), body)).status == 201
        assert envelope_of(await caller("GET", at(version, "cdrs", *owner, "C1")))["data"] == body


@rule("CDR-25")
async def test_a_cdr_of_a_reservation_need_not_know_where_it_was(version: str) -> None:
    made, call = await receiver(version)
    body = cdr(version)
    if version == "2.1.1":
        return
    body["cdr_location"] |= dict.fromkeys(("evse_uid", "evse_id", "connector_id"), "#NA")
    assert (await call("POST", at(version, "cdrs"), body)).status == 201
    assert made.server.findings == {}


async def test_a_cdr_of_a_party_that_is_not_the_callers_is_refused(version: str) -> None:
    _, (call,) = await served("EMSP", ("cpo", OTHER, "CPO"))
    response = await call("POST", at(version, "cdrs"), cdr(version))
    if VERSIONS[version].facts.objects_name_owner:
        assert refused(response) == (403, 2001)
    else:
        assert response.headers["location"].endswith("/FR/OTH/C1")


async def test_a_cdr_without_a_required_field_is_refused(version: str) -> None:
    _, call = await receiver(version)
    body = cdr(version)
    del body["total_cost"]
    response = await call("POST", at(version, "cdrs"), body)
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"] == "cdrs: $.total_cost: required in CDR, but missing"


@rule("TRN-10")
@rule("CDR-08")
@pytest.mark.parametrize("module", ["sessions", "cdrs"])
async def test_a_partner_sees_its_own_sessions_and_cdrs_and_no_others(version: str, module: str) -> None:
    made, (mine, other) = await served("CPO", ("emsp", EMSP, "EMSP"), ("other", OTHER, "EMSP"))
    await made.book.change("emsp", _registered)
    make = session if module == "sessions" else cdr
    await made.publisher.publish(VERSIONS[version], module, [own(make(version), CPO, concerns=EMSP)])
    url = at(version, module, side="sender") + f"?date_from={OLD}"
    seen, unseen = await mine("GET", url), await other("GET", url)
    assert (envelope_of(seen)["data"], seen.headers["x-total-count"]) == ([make(version)], "1")
    assert (envelope_of(unseen)["data"], unseen.headers["x-total-count"]) == ([], "0")


def _registered(known: Any) -> Any:
    remote = Remote(versions_url="https://x", token="x", form=TokenForm.RAW, version="2.2.1", endpoints=())
    return replace(known, remote=remote)


async def test_a_session_of_a_party_that_nobody_has_is_shown_to_nobody(version: str) -> None:
    made, (call,) = await served("CPO", ("emsp", EMSP, "EMSP"))
    await made.publisher.publish(VERSIONS[version], "sessions", [own(session(version), CPO, concerns=OTHER)])
    url = at(version, "sessions", side="sender") + f"?date_from={OLD}"
    assert envelope_of(await call("GET", url))["data"] == []


async def emsp_with_tokens(version: str, *tokens: dict[str, Any]) -> tuple[Platform, Caller]:
    made, (call,) = await served("EMSP", ("cpo", CPO, "CPO"))
    things = [own(one, EMSP, qualifier=one["type"]) for one in tokens]
    await made.publisher.publish(VERSIONS[version], "tokens", things)
    return made, call


def authorize_url(version: str, uid: str = "012345678") -> str:
    return at(version, "tokens", uid, "authorize", side="sender")


@rule("TOK-11")
@rule("TOK-15")
async def test_a_known_token_is_authorised(version: str) -> None:
    _, call = await emsp_with_tokens(version, token(version))
    data = envelope_of(await call("POST", authorize_url(version)))["data"]
    reference = data.pop("authorization_reference", None)
    if version == "2.1.1":
        assert (data, reference) == ({"allowed": "ALLOWED"}, None)
    else:
        assert data == {"allowed": "ALLOWED", "token": token(version)}
        assert 16 <= len(reference) <= 36


@rule("TOK-14")
async def test_the_places_that_were_asked_for_come_back(version: str) -> None:
    _, call = await emsp_with_tokens(version, token(version))
    place = {"location_id": "LOC1", "evse_uids": ["E1", "E2"]}
    assert envelope_of(await call("POST", authorize_url(version), place))["data"]["location"] == place


@rule("TOK-02")
@pytest.mark.parametrize("whitelist", ["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"])
async def test_every_token_can_be_authorised_whatever_its_whitelist_says(version: str, whitelist: str) -> None:
    _, call = await emsp_with_tokens(version, token(version, whitelist=whitelist))
    assert envelope_of(await call("POST", authorize_url(version)))["data"]["allowed"] == "ALLOWED"


@rule("TOK-04")
async def test_what_the_place_is_like_is_not_for_the_emsp_to_judge(version: str) -> None:
    _made, call = await emsp_with_tokens(version, token(version))
    closed = location(version, opening_times={"twentyfourseven": False, "regular_hours": []})
    closed["evses"][0]["status"] = "OUTOFORDER"
    assert (await call("PUT", at(version, "locations", "DE", "GEF", "LOC1"), closed)).status == 201
    for place in ({"location_id": "LOC1", "evse_uids": ["E1"]}, {"location_id": "UNKNOWN"}):
        data = envelope_of(await call("POST", authorize_url(version), place))["data"]
        assert (data["allowed"], data["location"]) == ("ALLOWED", place)


async def test_a_token_that_is_not_valid_is_blocked(version: str) -> None:
    _, call = await emsp_with_tokens(version, token(version, valid=False))
    data = envelope_of(await call("POST", authorize_url(version)))["data"]
    assert data["allowed"] == "BLOCKED"
    assert "authorization_reference" not in data


@rule("TOK-12")
async def test_an_unknown_token_is_404_with_the_status_of_the_version(version: str) -> None:
    _, call = await emsp_with_tokens(version, token(version))
    expected = (404, VERSIONS[version].facts.unknown_token_status)
    assert refused(await call("POST", authorize_url(version, "unknown"))) == expected
    if version != "2.1.1":
        assert refused(await call("POST", authorize_url(version) + "?type=APP_USER")) == expected


async def test_places_that_are_none_are_refused(version: str) -> None:
    _, call = await emsp_with_tokens(version, token(version))
    assert refused(await call("POST", authorize_url(version), {"evse_uids": ["E1"]})) == (200, 2001)
    assert refused(await call("POST", authorize_url(version), b"{")) == (400, 2001)


@rule("TOK-13")
async def test_the_operators_own_system_decides_when_it_is_there(version: str) -> None:
    made, call = await emsp_with_tokens(version)
    asked: list[AuthorizationRequest] = []

    class Desk:
        async def authorize(self, request: AuthorizationRequest) -> Authorization | None:
            asked.append(request)
            body = json.dumps(token(version)).encode()
            if request.location_id is None:
                return Authorization(allowed="ALLOWED", token=body, needs_location=True)
            return Authorization(allowed="NO_CREDIT", token=body, info=("en", "Top up"), evse_uids=["E2"])

    made.server.authorizer = Desk()
    assert refused(await call("POST", authorize_url(version))) == (200, 2002)
    place = {"location_id": "LOC1", "evse_uids": ["E1", "E2"]}
    data = envelope_of(await call("POST", authorize_url(version), place))["data"]
    assert data["allowed"] == "NO_CREDIT"
    assert data["info"] == {"language": "en", "text": "Top up"}
    assert data["location"] == {"location_id": "LOC1", "evse_uids": ["E2"]}
    assert [(one.partner, one.token_uid, one.location_id) for one in asked] == [
        ("cpo", "012345678", None),
        ("cpo", "012345678", "LOC1"),
    ]


async def test_where_nobody_decides_in_time_nobody_is_authorised(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, call = await emsp_with_tokens(version, token(version))

    class Asleep:
        async def authorize(self, request: AuthorizationRequest) -> Authorization | None:
            await asyncio.Event().wait()
            raise AssertionError

    made.server.authorizer = Asleep()
    monkeypatch.setattr(tokens, "DECIDE_S", 0.0)
    assert refused(await call("POST", authorize_url(version))) == (200, 3000)
