# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands at the two endpoints: what a CPO asks its operator and says at once, and which results an eMSP takes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.commanding import ACCEPTED, CANCEL, COMMANDS, ONE_O_CLOCK, RESERVE, START, STOP, UNLOCK, Operator, fields
from tests.known import known, publish
from tests.objects import evse, location, session, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import Server, asynchronous
from wwcp_ocpi.server.asynchronous import Received, result_row
from wwcp_ocpi.server.decisions import CommandAnswer, CommandRequest, Report

MODULES = frozenset({"locations", "sessions", "commands"})
OTHER = PartyId("FR", "OTH")
URL = "https://emsp.example/results/1"
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def cpo(*parties: PartyId, **more: Any) -> tuple[Platform, Operator, Caller]:
    """A CPO with an operator, and the calls of an eMSP that has these parties."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    call = await known(made, "emsp", parties or (EMSP,), **more)
    operator = Operator(CommandAnswer(result="REJECTED"))
    made.server.commander = operator
    return made, operator, call


def at(version: str, command: str) -> str:
    return f"/ocpi/{version}/receiver/commands/{command}"


def has(version: str, command: str) -> bool:
    return any(row.path == command for row in VERSIONS[version].endpoints if row.module == "commands")


def whole(version: str, command: str, **more: Any) -> dict[str, Any]:
    return {"response_url": URL, **fields(version, command), **more}


def refused(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


def said(version: str, result: str, timeout: int = 0) -> dict[str, Any]:
    """A CommandResponse of that version."""
    return {"result": result, **({} if version == "2.1.1" else {"timeout": timeout})}


@rule("CMD-02")
@pytest.mark.parametrize("command", COMMANDS)
async def test_without_an_operators_system_no_command_is_supported(version: str, command: str) -> None:
    made, _, call = await cpo()
    made.server.commander = platform(MemoryNet(), "x.example", CPO, "CPO").server.commander
    response = await call("POST", at(version, command), whole(version, command))
    if not has(version, command):
        assert refused(response) == (404, 2001)
    else:
        assert envelope_of(response) == {"status_code": 1000, "data": said(version, "NOT_SUPPORTED")}


async def test_where_nobody_keeps_commands_nothing_is_supported(version: str) -> None:
    made, operator, call = await cpo()
    server = Server(made.settings, made.store, made.book, made.registration)
    server.commander = operator
    made.server = server
    response = await call("POST", at(version, START), whole(version, START))
    assert envelope_of(response)["data"] == said(version, "NOT_SUPPORTED")
    assert operator.asked == []


@rule("CMD-01")
@pytest.mark.parametrize("command", COMMANDS)
async def test_the_operator_is_asked_with_all_that_a_command_says(version: str, command: str) -> None:
    if not has(version, command):
        return
    _, operator, call = await cpo()
    more = {"authorization_reference": "A1"} if version != "2.1.1" and command in (START, RESERVE) else {}
    body = whole(version, command, **more)
    assert envelope_of(await call("POST", at(version, command), body))["data"] == said(version, "REJECTED")
    (asked,) = operator.asked
    assert len(asked.id) == 32
    raw = asked.token
    assert (json.loads(raw) if raw is not None else None) == body.get("token")
    reservation = body.get("reservation_id")
    assert asked == CommandRequest(
        id=asked.id,
        partner="emsp",
        version=version,
        command=command,
        parties=(CPO,),
        location_id=body.get("location_id"),
        evse_uid=body.get("evse_uid"),
        connector_id=body.get("connector_id"),
        token=raw,
        session_id=body.get("session_id"),
        reservation_id=None if reservation is None else str(reservation),
        expiry_date=DateTime.parse(ONE_O_CLOCK) if command == RESERVE else None,
        authorization_reference=body.get("authorization_reference"),
    )


@rule("CMD-01")
@pytest.mark.parametrize("command", COMMANDS)
async def test_the_body_of_another_command_is_refused_at_its_first_missing_field(version: str, command: str) -> None:
    if not has(version, command):
        return
    _, operator, call = await cpo()
    for name in fields(version, command):
        row = next(row for row in VERSIONS[version].endpoints if row.path == command)
        body = {key: value for key, value in whole(version, command).items() if key != name}
        response = await call("POST", at(version, command), body)
        if name == "evse_uid" and command != UNLOCK:
            assert response.status == 200
            continue
        assert refused(response) == (200, 2001)
        expected = f"commands: $.{name}: required in {row.request.__name__}, but missing"
        assert envelope_of(response)["status_message"] == expected
    assert all(asked.evse_uid is None for asked in operator.asked)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b"null"])
async def test_what_is_no_command_at_all_is_refused(version: str, body: bytes) -> None:
    _, operator, call = await cpo()
    response = await call("POST", at(version, START), body, {"content-type": "application/json"})
    assert refused(response) in ((200, 2001), (400, 2001))
    assert operator.asked == []


async def test_a_mistake_deep_in_a_token_is_named(version: str) -> None:
    _, _, call = await cpo()
    response = await call("POST", at(version, START), whole(version, START, token=token(version, valid="yes")))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith("commands: $.token.valid: expected true or false")


@rule("CMD-03")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "results/1",
        "//emsp.example/1",
        "ftp://emsp.example/1",
        "file:///etc/passwd",
        "https://",
        "https:///1",
        "https://user:password@emsp.example/1",
        "https://emsp.example/1 HTTP/1.1",
        "https://emsp.example/1\r\nx: y",
        "https://emsp.example:0/1",
        "https://emsp.example:99999/1",
        "https://[::1/1",
        "javascript:alert(1)",
    ],
)
async def test_a_response_url_that_cannot_be_called_is_refused(version: str, url: str) -> None:
    _, operator, call = await cpo()
    response = await call("POST", at(version, UNLOCK), whole(version, UNLOCK, response_url=url))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith("$.response_url: expected an absolute http or https URL")
    assert operator.asked == []


@rule("CMD-06")
@rule("CMD-09")
@rule("CMD-12")
async def test_a_token_is_not_checked_before_the_operator_is_asked(version: str) -> None:
    _, operator, call = await cpo()
    for one in (token(version, uid="never-pushed"), token(version, valid=False)):
        await call("POST", at(version, START), whole(version, START, token=one))
    assert len(operator.asked) == 2


@rule("CMD-13")
@rule("LOC-21")
async def test_a_token_of_another_party_is_refused_where_tokens_tell_whose_they_are(version: str) -> None:
    made, operator, call = await cpo(OTHER)
    response = await call("POST", at(version, START), whole(version, START))
    if version == "2.1.1":
        assert response.status == 200
        return
    assert refused(response) == (403, 2001)
    assert envelope_of(response)["status_message"] == "$.token.party_id: NL*EMP is not a party of this partner"
    assert operator.asked == []
    hub = await known(made, "hub", (PartyId("DE", "HUB"),), hub=PartyId("DE", "HUB"))
    assert (await hub("POST", at(version, START), whole(version, START))).status == 200


@rule("CMD-10")
async def test_a_token_in_a_command_is_not_asked_about(version: str) -> None:
    made = platform(net := MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    call = await known(made, "emsp", (EMSP,))
    made.server.commander = operator = Operator(ACCEPTED)
    for kind in ("RFID", "OTHER", *(("AD_HOC_USER", "APP_USER") if version != "2.1.1" else ())):
        await call("POST", at(version, START), whole(version, START, token=token(version, type=kind)))
    assert len(operator.asked) in (2, 4)
    assert net.requests == []
    await made.desk.stop()


@rule("CMD-16")
async def test_a_reservation_has_an_id_that_no_partner_chose(version: str) -> None:
    made, operator, call = await cpo()
    other = await known(made, "other", (OTHER,))
    theirs = token(version) if version == "2.1.1" else token(version, country_code="FR", party_id="OTH")
    await call("POST", at(version, RESERVE), whole(version, RESERVE))
    await other("POST", at(version, RESERVE), whole(version, RESERVE, token=theirs))
    one, two = operator.asked
    assert one.reservation_id == two.reservation_id
    assert len({one.id, two.id, one.reservation_id}) == 3


@rule("CMD-18")
async def test_a_reservation_with_a_known_id_is_the_operators_to_replace(version: str) -> None:
    _, operator, call = await cpo()
    for expiry in (ONE_O_CLOCK, "2026-03-01T14:00:00Z"):
        await call("POST", at(version, RESERVE), whole(version, RESERVE, expiry_date=expiry))
    first, second = operator.asked
    assert second == replace(first, id=second.id, token=second.token, expiry_date=second.expiry_date)
    assert first.id != second.id
    assert first.expiry_date != second.expiry_date


async def test_what_the_operator_says_is_what_the_partner_hears(version: str) -> None:
    _, operator, call = await cpo()
    operator.answer = CommandAnswer(result="REJECTED", message=(("en", "Closed"), ("de", "Zu")))
    data = envelope_of(await call("POST", at(version, START), whole(version, START)))["data"]
    texts = [{"language": "en", "text": "Closed"}, {"language": "de", "text": "Zu"}]
    assert data == {**said(version, "REJECTED"), **({} if version == "2.1.1" else {"message": texts})}


@pytest.mark.parametrize(("timeout_s", "told"), [(45, 45), (0, 1), (-5, 1), (10**9, 3600)])
async def test_a_timeout_is_told_where_the_version_has_it_and_bounded(version: str, timeout_s: int, told: int) -> None:
    made, operator, call = await cpo()
    operator.answer = replace(ACCEPTED, timeout_s=timeout_s)
    data = envelope_of(await call("POST", at(version, START), whole(version, START)))["data"]
    assert data == said(version, "ACCEPTED", told)
    await made.desk.stop()


async def test_a_word_that_no_version_has_is_a_refusal(version: str) -> None:
    _, operator, call = await cpo()
    operator.answer = CommandAnswer(result="PERHAPS")
    assert envelope_of(await call("POST", at(version, START), whole(version, START)))["data"] == said(
        version, "REJECTED"
    )


async def test_an_operator_that_does_not_decide_has_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, call = await cpo()
    ended: list[bool] = []

    class Undecided:
        async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)
            return ACCEPTED

    made.server.commander = Undecided()
    monkeypatch.setattr(asynchronous, "DECIDE_S", 0.0)
    response = await call("POST", at(version, START), whole(version, START))
    assert envelope_of(response)["data"] == said(version, "REJECTED")
    assert ended == [True]


async def test_a_defect_of_the_operators_system_accepts_nothing(version: str) -> None:
    made, _, call = await cpo()

    class Broken:
        async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
            raise RuntimeError("no backend")

    made.server.commander = Broken()
    assert refused(await call("POST", at(version, START), whole(version, START))) == (500, 3000)
    assert await made.store.documents("order") == []


async def test_an_unknown_location_is_2003(version: str) -> None:
    _, operator, call = await cpo()
    operator.answer = CommandAnswer(result="REJECTED", unknown_location=True)
    response = await call("POST", at(version, UNLOCK), whole(version, UNLOCK))
    assert envelope_of(response) == {"status_code": 2003, "status_message": "$.location_id: no such Location"}
    assert response.status == 200


async def test_a_session_of_another_partner_cannot_be_stopped(version: str) -> None:
    made, operator, call = await cpo()
    other = await known(made, "other", (OTHER,))
    body = session(version)
    if version != "2.1.1":
        body["cdr_token"] = {**body["cdr_token"], "country_code": "FR", "party_id": "OTH"}
    await publish(made, version, "sessions", body, concerns=OTHER)
    for id in ("S1", "s1") if version != "2.1.1" else ("S1",):
        response = await call("POST", at(version, STOP), whole(version, STOP, session_id=id))
        assert envelope_of(response)["data"] == said(version, "UNKNOWN_SESSION")
    assert operator.asked == []
    await other("POST", at(version, STOP), whole(version, STOP))
    assert [asked.partner for asked in operator.asked] == ["other"]


async def test_a_session_is_found_whatever_version_it_was_stored_in(version: str) -> None:
    made, operator, call = await cpo()
    body = session("2.2.1", id="s1")
    body["cdr_token"] = {**body["cdr_token"], "country_code": "FR", "party_id": "OTH"}
    await publish(made, "2.2.1", "sessions", body, concerns=OTHER)
    response = await call("POST", at(version, STOP), whole(version, STOP, session_id="s1"))
    assert envelope_of(response)["data"] == said(version, "UNKNOWN_SESSION")
    assert operator.asked == []


async def test_whether_another_has_a_session_cannot_be_asked_where_nothing_is_supported(version: str) -> None:
    made, _, call = await cpo()
    made.server.commander = platform(MemoryNet(), "x.example", CPO, "CPO").server.commander
    await publish(made, version, "sessions", session(version), concerns=OTHER)
    response = await call("POST", at(version, STOP), whole(version, STOP))
    assert envelope_of(response)["data"] == said(version, "NOT_SUPPORTED")


async def test_a_session_that_is_not_stored_is_the_operators_to_know(version: str) -> None:
    _, operator, call = await cpo()
    operator.answer = CommandAnswer(result="UNKNOWN_SESSION")
    response = await call("POST", at(version, STOP), whole(version, STOP))
    assert envelope_of(response)["data"] == said(version, "UNKNOWN_SESSION")
    assert [asked.session_id for asked in operator.asked] == ["S1"]


@rule("CMD-23")
async def test_a_connector_without_its_evse_is_refused(version: str) -> None:
    if version == "2.1.1":
        return
    _, operator, call = await cpo()
    body = whole(version, START, connector_id="1")
    del body["evse_uid"]
    response = await call("POST", at(version, START), body)
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"] == "$.evse_uid: required with connector_id, but missing"
    assert operator.asked == []


@rule("CMD-23")
async def test_an_evse_that_wants_to_know_the_connector_is_told(version: str) -> None:
    made, operator, call = await cpo()
    needs = evse(version, capabilities=["RFID_READER", "START_SESSION_CONNECTOR_REQUIRED"])
    await publish(made, version, "locations", location(version, evses=[evse(version, uid="E2"), needs]))
    response = await call("POST", at(version, START), whole(version, START))
    has_connector = "connector_id" in field_names(VERSIONS[version].object_named("StartSession"))
    if not has_connector:
        assert response.status == 200
        return
    assert envelope_of(response)["status_message"] == "$.connector_id: required by this EVSE, but missing"
    for more in ({"connector_id": "1"}, {"evse_uid": "E2"}, {"evse_uid": "E3"}):
        assert refused(await call("POST", at(version, START), whole(version, START, **more))) == (200, 1000)
    assert len(operator.asked) == 3


async def test_only_what_an_emsp_may_ask_can_be_asked(version: str) -> None:
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=MODULES)
    call = await known(made, "cpo", (CPO,))
    assert refused(await call("POST", at(version, START), whole(version, START))) == (404, 2001)
    made, _, call = await cpo()
    assert (await call("GET", at(version, START))).status == 405
    assert (await call("POST", at(version, "REBOOT"), {})).status == 404


@rule("CMD-19")
async def test_a_reservation_is_cancelled_by_the_id_it_was_made_with(version: str) -> None:
    _, operator, call = await cpo()
    response = await call("POST", at(version, CANCEL), {"response_url": URL, "reservation_id": "R7"})
    assert response.status == (404 if version == "2.1.1" else 200)
    assert [asked.reservation_id for asked in operator.asked] == ([] if version == "2.1.1" else ["R7"])


def result_at(version: str, command: str = START, id: str = "0" * 32) -> str:
    return f"/ocpi/{version}/sender/commands/{command}/{id}"


async def emsp() -> tuple[Platform, Caller]:
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=MODULES)
    return made, await known(made, "cpo", (CPO,))


async def test_a_result_goes_to_whoever_asked(version: str) -> None:
    made, call = await emsp()
    taken: list[Received] = []

    class Taker:
        async def take(self, received: Received) -> bool:
            taken.append(received)
            return True

    made.server.results["commands"] = Taker()
    response = await call("POST", result_at(version), {"result": "ACCEPTED"})
    assert (refused(response), "data" in envelope_of(response)) == ((200, 1000), False)
    names = {"command": START, "request_id": "0" * 32}
    assert taken == [Received(partner="cpo", version=version, names=names, body=b'{"result": "ACCEPTED"}')]


async def test_a_result_that_nobody_waits_for_is_404(version: str) -> None:
    made, call = await emsp()
    ids = ["0" * 32, "1", "%00", "%F0%9F%98%80", "x" * 1000]
    answers = [await call("POST", result_at(version, id=id), {"result": "ACCEPTED"}) for id in ids]
    del made.server.results["commands"]
    answers.append(await call("POST", result_at(version), {"result": "ACCEPTED"}))
    for response in answers:
        assert response.status == 404
        assert envelope_of(response) == {"status_code": 2001, "status_message": "commands: no such request"}


async def test_a_result_of_a_module_that_asks_for_nothing_is_404(version: str) -> None:
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=frozenset({"chargingprofiles"}))
    call = await known(made, "cpo", (CPO,))
    url = f"/ocpi/{version}/sender/chargingprofiles/results/{'0' * 32}"
    assert refused(await call("POST", url, {"result": "ACCEPTED"})) == (404, 2001)


@pytest.mark.parametrize(
    ("body", "path"), [({}, "$.result"), ({"result": 1}, "$.result"), ({"result": None}, "$.result"), ([], "$")]
)
async def test_a_result_of_another_shape_is_refused(version: str, body: object, path: str) -> None:
    _, call = await emsp()
    response = await call("POST", result_at(version), body)
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith(f"commands: {path}: ")
    assert refused(await call("POST", result_at(version), b"{")) == (400, 2001)


def test_a_result_has_the_shape_of_its_version(version: str) -> None:
    name = result_row(VERSIONS[version], "commands").request.__name__
    assert name == ("CommandResponse" if version == "2.1.1" else "CommandResult")
