# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every verb over the socket, as a method and as a POST, with its HTTP status and its result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.wwcp.http.serving import EVSE_PATH, RN, Node, node, said
from tests.wwcp.making import FIRST, GEF, MONDAY, SECOND
from tests.wwcp.roaming import GD2, GDF, QUICK, Broken, Operator, Provider, record
from wwcp_ocpi.wwcp.http.codes import CODES, status_of
from wwcp_ocpi.wwcp.jsonld.documents import plain, read
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.model.results import (
    AuthStartResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
)
from wwcp_ocpi.wwcp.model.results import (
    said as in_words,
)

CARD = {"authToken": "11223344"}
REMOTE = {"eMAId": "DE-GDF-C12345678", "ProviderId": "DE-GDF"}
TIMES = {
    "SessionStart": "2026-08-03T08:00:00Z",
    "SessionEnd": "2026-08-03T09:00:00Z",
    "ChargeStart": "2026-08-03T08:01:00Z",
    "ChargeEnd": "2026-08-03T08:59:00Z",
    "MeterValueStart": 10,
    "MeterValueEnd": "22.5",
}
NO_OBJECTS: list[object] = [[], 7, b"{"]


class Here(Node):
    """A node in which an operator and two providers take part."""

    def __init__(self) -> None:
        super().__init__()
        self.provider = Provider(tokens={"11223344": AuthStartCode.Authorized, "BLOCKED1": AuthStartCode.Blocked})
        self.operator = Operator()
        self.network.add_provider(GDF, self.provider)
        self.network.add_operator(GEF, self.operator)

    async def verb(self, verb: str, body: object, *, way: str, path: str = EVSE_PATH, **options: Any) -> Any:
        method, path = (verb, path) if way == "method" else ("POST", f"{path}/{verb.lower()}")
        return await self.ask(method, path, body, **options)


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    made = Here()
    await made.start()
    yield made
    await made.stop()


both = pytest.mark.parametrize("way", ["method", "alias"])


@both
async def test_a_card_is_authorised_and_a_session_begins(here: Here, way: str) -> None:
    response = await here.verb("AUTHSTART", {**CARD, "ChargingProductId": "AC1"}, way=way, client="gef")
    result = read(AuthStartResult, response.body).value
    assert (response.status, result.result, result.provider_id) == (200, AuthStartCode.Authorized, GDF)
    assert said(response)["@context"].endswith("/authStartResult")
    [session] = await here.network.sessions()
    assert (session.id, session.evse_id) == (result.session_id, FIRST)
    assert session.charging_product is not None
    assert session.charging_product.id == "AC1"
    stopped = await here.verb(
        "AUTHSTOP", {"SessionId": str(session.id), "AuthToken": "11223344"}, way=way, client="gef"
    )
    assert (stopped.status, said(stopped)["result"]) == (200, "Authorized")
    late = await here.verb("AUTHSTOP", {"sessionid": str(session.id), "AUTHTOKEN": "11223344"}, way=way, client="gef")
    assert (late.status, said(late)["result"]) == (403, "AlreadyStopped")


@pytest.mark.parametrize(
    ("token", "status", "result"),
    [("BLOCKED1", 403, "Blocked"), ("99999999", 403, "NotAuthorized"), ("00000000", 403, "InvalidToken")],
)
async def test_a_refusal_has_its_word(here: Here, token: str, status: int, result: str) -> None:
    response = await here.ask("AUTHSTART", EVSE_PATH, {"authToken": token})
    assert (response.status, said(response)["result"]) == (status, result)
    assert await here.network.sessions() == []


async def test_the_whole_request_may_be_sent_with_its_place_in_the_body(here: Here) -> None:
    body = {
        "authentication": {"authToken": "11223344", "authTokenType": "RFID"},
        "chargingLocation": {"evseId": str(FIRST), "connectorId": "1"},
        "sessionId": "DE*GEF*N1",
        "CPOPartnerSessionId": "4711",
    }
    response = await here.ask("POST", f"{RN}/authstart", body, client="gef")
    assert (response.status, said(response)["sessionId"]) == (200, "DE*GEF*N1")
    [session] = await here.network.sessions()
    assert (session.charging_connector_id, session.cpo_partner_session_id) == ("1", "4711")
    twice = await here.ask("POST", f"{RN}/authstart", body, client="gef")
    assert (twice.status, said(twice)["result"]) == (403, "InvalidSessionId")


@both
async def test_a_session_is_started_and_stopped_from_afar(here: Here, way: str) -> None:
    started = await here.verb("REMOTESTART", {**REMOTE, "SessionId": "DE-GDF-N1"}, way=way, client="gdf")
    assert (started.status, said(started)["sessionId"], said(started)["result"]) == (201, "DE-GDF-N1", "Success")
    again = await here.verb("REMOTESTART", {**REMOTE, "SessionId": "DE-GDF-N1"}, way=way, client="gdf")
    assert (again.status, said(again)["result"]) == (409, "InvalidSessionId")
    stopped = await here.verb("REMOTESTOP", {"SessionId": "DE-GDF-N1"}, way=way, client="gdf")
    assert (stopped.status, stopped.body) == (204, b"")
    late = await here.verb("REMOTESTOP", {"SessionId": "DE-GDF-N1"}, way=way, client="gdf")
    assert (late.status, said(late)["result"]) == (409, "AlreadyStopped")


@both
async def test_an_operator_that_tells_later_is_a_202(here: Here, way: str) -> None:
    here.operator.start = RemoteStartResult(result=RemoteStartCode.AsyncOperation)
    started = await here.verb("REMOTESTART", REMOTE, way=way, client="gdf")
    session = said(started)["sessionId"]
    assert (started.status, said(started)["result"]) == (202, "AsyncOperation")
    here.operator.stop = RemoteStopResult(result=RemoteStopCode.AsyncOperation)
    stopped = await here.verb("REMOTESTOP", {}, way=way, client="gdf", path=f"{RN}/ChargingSessions/{session}")
    assert stopped.status == 202
    here.operator.reservation = ReservationResult(result=ReservationCode.AsyncOperation)
    assert (await here.verb("RESERVE", REMOTE, way=way, client="gdf")).status == 202
    here.operator.cancellation = CancelReservationResult(result=CancelReservationCode.AsyncOperation)
    [kept] = here.network.reservations
    path = f"{RN}/Reservations/{kept.id}"
    assert (await here.verb("CANCELRESERVATION", {}, way=way, client="gdf", path=path)).status == 202


async def test_a_stop_that_keeps_the_reservation_says_for_how_long(here: Here) -> None:
    await here.ask("REMOTESTART", EVSE_PATH, {**REMOTE, "SessionId": "N1"}, client="gdf")
    stopped = await here.ask("REMOTESTOP", EVSE_PATH, {"SessionId": "N1", "keepAlive": 300}, client="gdf")
    assert (stopped.status, said(stopped)["keepAlive"]) == (200, 300)


@both
async def test_an_evse_is_reserved_and_freed(here: Here, way: str) -> None:
    body = {
        **REMOTE,
        "ReservationId": "DE*GEF*R1",
        "Duration": 600,
        "IntendedCharging": {"ChargingProductId": "AC1"},
        "AuthorizedIds": {"AuthTokens": ["11223344"], "eMAIds": ["DE-GDF-C12345678"], "PINs": [1234]},
    }
    reserved = await here.verb("RESERVE", body, way=way, client="gdf")
    assert reserved.status == 201
    told = said(reserved)
    assert (told["ReservationId"], told["Duration"]) == ("DE*GEF*R1", 600)
    assert told["AuthorizedIds"] == {"RFIDIds": ["11223344"], "eMAIds": ["DE-GDF-C12345678"], "PINs": ["1234"]}
    [kept] = here.network.reservations
    assert (kept.evse_id, kept.pins, kept.provider_id) == (FIRST, ["1234"], GDF)
    stranger = await here.verb("CANCELRESERVATION", {"ReservationId": "DE*GEF*R1"}, way=way, client="gd2")
    assert (stranger.status, said(stranger)["result"]) == (404, "UnknownReservationId")
    freed = await here.verb("CANCELRESERVATION", {"ReservationId": "DE*GEF*R1"}, way=way, client="gdf")
    assert (freed.status, here.network.reservations) == (204, [])


@both
async def test_a_record_in_few_keys_is_forwarded_to_who_let_the_driver_begin(here: Here, way: str) -> None:
    begun = said(await here.verb("AUTHSTART", CARD, way=way, client="gef"))["sessionId"]
    sent = await here.verb("SENDCDR", {"SessionId": begun, **TIMES, "AuthToken": "11223344"}, way=way, client="gef")
    assert (sent.status, said(sent)["status"], said(sent)["authorizatorId"]) == (200, "forwarded", "DE-GDF")
    [cdr] = here.provider.cdrs
    assert (str(cdr.id), str(cdr.energy_kwh), cdr.evse_id) == (begun, "12.5", FIRST)
    twice = await here.verb("SENDCDR", {"SessionId": begun, **TIMES, "AuthToken": "11223344"}, way=way, client="gef")
    assert (twice.status, len(here.provider.cdrs)) == (200, 1)


async def test_a_record_of_no_session_is_kept_and_said_so(here: Here) -> None:
    sent = await here.ask("SENDCDR", EVSE_PATH, {"SessionId": "N7", **TIMES, "AuthToken": "99999999"}, client="gef")
    assert (sent.status, said(sent)["sessionId"], said(sent)["result"]) == (404, "N7", "UnknownSessionId")
    assert len(here.network.waiting_cdrs) == 1
    here.provider.cdr_code = SendCDRCode.Error
    begun = said(await here.ask("AUTHSTART", EVSE_PATH, CARD, client="gef"))["sessionId"]
    refused = await here.ask("SENDCDR", EVSE_PATH, {"SessionId": begun, **TIMES, "AuthToken": "11223344"}, client="gef")
    assert (refused.status, said(refused)["status"]) == (200, "Not forwarded")


async def test_whole_records_keep_what_is_signed(here: Here) -> None:
    begun = said(await here.ask("AUTHSTART", EVSE_PATH, CARD, client="gef"))["sessionId"]
    whole = plain(record(begun, evse_id=FIRST, signatures=["AAAA"], public_key="BBBB"))
    [one, other] = [whole, whole | {"@id": "DE*GEF*D2"}]
    response = await here.ask("POST", f"{RN}/ChargeDetailRecords", json.loads(json.dumps([one, other], default=str)))
    assert (response.status, [part["result"] for part in said(response)["results"]]) == (200, ["Success", "Success"])
    assert [cdr.signatures for cdr in here.provider.cdrs] == [["AAAA"], ["AAAA"]]
    assert said(await here.ask("POST", f"{RN}/ChargeDetailRecords", []))["result"] == "NoOperation"
    many = await here.ask("POST", f"{RN}/ChargeDetailRecords", [{}] * 1001)
    assert (many.status, said(many)["path"]) == (400, "$")
    broken = await here.ask(
        "POST", f"{RN}/ChargeDetailRecords", [json.loads(json.dumps(one, default=str)), {"@id": ""}]
    )
    assert (broken.status, said(broken)["path"][:4]) == (400, "$[1]")


async def test_an_operator_tells_how_a_session_goes(here: Here) -> None:
    path = f"{RN}/ChargingSessions/DE*GEF*N5"
    body = {"start": {"timestamp": MONDAY.wire}, "EVSEId": str(FIRST)}
    assert said(await here.ask("PUT", path, body, client="gef")) == {"result": "accepted"}
    assert said(await here.ask("PUT", path, body, client="gef")) == {"result": "unchanged"}
    over = body | {"stop": {"timestamp": "2026-08-03T09:00:00Z"}}
    assert said(await here.ask("PUT", path, over, client="gef")) == {"result": "accepted"}
    late = await here.ask("PUT", path, body | {"energyMeterId": "M1"}, client="gef")
    assert (late.status, said(late)["result"]) == (409, "already stopped")
    assert (await here.ask("PUT", path, over, client="other")).status == 403
    nowhere = await here.ask("PUT", f"{RN}/ChargingSessions/N6", body | {"EVSEId": "DE*GEF*E9"}, client="gef")
    assert (nowhere.status, said(nowhere)["result"]) == (404, "unknown location")
    foreign = body | {"chargingStationOperatorId": "DE*GEF", "EVSEId": "NL*OTH*E1"}
    assert (await here.ask("PUT", f"{RN}/ChargingSessions/N6", foreign, client="gef")).status == 400


@pytest.mark.parametrize(
    ("verb", "body", "where"),
    [
        ("AUTHSTART", {}, "$.authToken"),
        ("AUTHSTART", {"authToken": 7}, "$.authToken"),
        ("AUTHSTART", {"authToken": " "}, "$.authToken"),
        ("AUTHSTART", {**CARD, "AUTHTOKEN": "1"}, "$"),
        ("AUTHSTART", {**CARD, "sessionId": 7}, "$.sessionId"),
        ("AUTHSTOP", CARD, "$.SessionId"),
        ("REMOTESTART", {"ProviderId": "DE-GDF"}, "$.eMAId"),
        ("REMOTESTART", {"eMAId": "nobody"}, "$.remoteAuthentication.remoteIdentification"),
        ("REMOTESTART", {**REMOTE, "ProviderId": "?"}, "$.ProviderId"),
        ("REMOTESTOP", {}, "$.SessionId"),
        ("RESERVE", {**REMOTE, "StartTime": "soon"}, "$.startTime"),
        ("RESERVE", {**REMOTE, "Duration": "long"}, "$.duration"),
        ("RESERVE", {**REMOTE, "AuthorizedIds": 7}, "$.AuthorizedIds"),
        ("CANCELRESERVATION", {}, "$.ReservationId"),
        ("SENDCDR", {}, "$.SessionId"),
        ("SENDCDR", {"SessionId": "N1", **TIMES, "MeterValueEnd": "NaN", **CARD}, "$.MeterValueEnd"),
        ("SENDCDR", {"SessionId": "N1", **TIMES, "MeterValueEnd": 1e300, **CARD}, "$.MeterValueEnd"),
        ("SENDCDR", {"SessionId": "N1", **TIMES}, "$.authToken"),
        *[(verb, body, "$") for verb in ("AUTHSTART", "REMOTESTOP", "SENDCDR", "RESERVE") for body in NO_OBJECTS],
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_its_place_and_changes_nothing(
    here: Here, verb: str, body: object, where: str
) -> None:
    response = await here.ask(verb, EVSE_PATH, body)
    path = said(response).get("path")
    assert (response.status, str(path).lower()) == (400, where.lower()), response.body
    assert (await here.network.sessions(), here.network.reservations, await here.network.cdrs()) == ([], [], [])
    assert here.operator.asked == []


@both
@pytest.mark.parametrize("verb", ["AUTHSTART", "REMOTESTART", "RESERVE"])
async def test_a_verb_on_a_missing_evse_has_a_typed_result(here: Here, verb: str, way: str) -> None:
    body = CARD if verb == "AUTHSTART" else REMOTE
    response = await here.verb(verb, body, way=way, path=f"{RN}/EVSEs/DE*GEF*E9")
    assert (response.status, said(response)["result"]) == (403 if verb == "AUTHSTART" else 404, "UnknownLocation")
    wrong = await here.verb(verb, body, way=way, path=f"{RN}/EVSEs/nonsense")
    assert wrong.status == 400


async def test_partners_that_are_late_or_talk_nonsense_are_results() -> None:
    for does, auth, start in (
        (None, (403, "CommunicationTimeout"), (408, "Timeout")),
        (RuntimeError("no database"), (401, "Error"), (400, "Error")),
        ("yes", (401, "Error"), (400, "Error")),
    ):
        async with node(options=QUICK) as here:
            here.network.add_provider(GDF, Broken(does))
            here.network.add_operator(GEF, Broken(does))
            asked = await here.ask("AUTHSTART", EVSE_PATH, CARD)
            assert (asked.status, said(asked)["result"]) == auth
            started = await here.ask("REMOTESTART", EVSE_PATH, REMOTE)
            assert (started.status, said(started)["result"]) == start


async def test_the_same_session_twice_at_once_begins_once(here: Here) -> None:
    body = {**CARD, "SessionId": "DE*GEF*N1"}
    answers = await asyncio.gather(*(here.ask("AUTHSTART", EVSE_PATH, body, client="gef") for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403, 403]


async def test_a_stop_names_the_evse_of_the_session(here: Here) -> None:
    await here.ask("REMOTESTART", EVSE_PATH, {**REMOTE, "SessionId": "N1"}, client="gdf")
    wrong = await here.ask("REMOTESTOP", f"{RN}/EVSEs/{SECOND}", {"SessionId": "N1"}, client="gdf")
    assert (wrong.status, said(wrong)["result"]) == (404, "InvalidSessionId")


def test_every_word_of_every_result_has_a_status() -> None:
    kinds = (AuthStartCode, AuthStopCode, RemoteStartCode, RemoteStopCode, ReservationCode, CancelReservationCode)
    assert set(CODES) == set(kinds)
    for kind in kinds:
        for code in kind:
            assert 200 <= status_of(code) < 500, code
    assert status_of(RemoteStartCode.AsyncOperation) == 202
    assert in_words("x") == {"en": "x"}
    assert GD2 != GDF
