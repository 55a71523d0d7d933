# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands and charging profiles of eMSPs to the operators of a WWCP network (T12, the operator's half)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.objects import token
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from tests.wwcp.adapters.cso_world import CARD, HOUR_LATER, Desk, World, record, world
from tests.wwcp.making import FIRST, MONDAY, POOL, SECOND
from tests.wwcp.roaming import Broken, Operator, auth_start
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import Refused
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.decisions import CommandOutcome, CommandRequest, ProfileOutcome
from wwcp_ocpi.v2_3_0.enums import TokenType
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import AuthenticationPlace, AuthMethod, AuthTokenType
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart
from wwcp_ocpi.wwcp.model.requests import CancelReservation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    CancellationReason,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.results import RemoteStartResult, RemoteStopResult, ReservationResult, said
from wwcp_ocpi.wwcp.model.station_verbs import (
    ChargingProfile,
    ProfileCode,
    ProfilePeriod,
    ProfileRequest,
    ProfileResult,
    ProfileVerb,
    RateUnit,
    Unlock,
    UnlockCode,
    UnlockResult,
)
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOOptions
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope

HOST, OTHER_HOST = "emsp.example", "other.example"
ACCEPTED = ("ACCEPTED", "ACCEPTED")
near = pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
everywhere = pytest.mark.parametrize("version", ALL_VERSIONS)


def place_of(session: dict[str, Any]) -> tuple[str, str, str]:
    return session["location_id"], session["evse_uid"], session["connector_id"]


async def started(one: World, host: str = HOST, **more: Any) -> dict[str, Any]:
    """A session that was begun by command, as its eMSP has it."""
    reference = {} if one.version == "2.1.1" else {"authorization_reference": "REF-9"}
    sent = await one.send("START_SESSION", one.start_fields(**reference, **more), host)
    assert await one.result(sent) == ACCEPTED
    (session,) = await one.at(host, "sessions")
    return session


@rule("CMD-05")
@everywhere
async def test_t12_a_command_starts_and_stops_a_session_and_its_cdr_follows(version: str) -> None:
    async with world(version=version) as one:
        session = await started(one)
        (start,) = one.code.asked
        assert isinstance(start, RemoteStart)
        assert start.location is not None
        assert (start.location.evse_id, start.authentication_path) == (FIRST, HOST)
        assert start.provider_id == EMobilityProviderId.parse("NL-EMP")
        assert start.authentication is not None
        assert (start.authentication.auth_token, start.authentication.auth_method) == (CARD, AuthMethod.REMOTESTART)
        is_old = version == "2.1.1"
        assert session["status"] == "ACTIVE"
        if not is_old:
            assert (session["auth_method"], session["authorization_reference"]) == ("COMMAND", "REF-9")
            assert session["cdr_token"]["uid"] == CARD
            assert (session["location_id"], session["evse_uid"], session["connector_id"]) == (
                "DE*GEF*P1",
                str(FIRST),
                "1",
            )
        await one.restart()
        one.clock.now = HOUR_LATER
        stop = await one.send("STOP_SESSION", {"session_id": session["id"]})
        assert await one.result(stop) == ACCEPTED
        assert isinstance(one.code.asked[-1], RemoteStop)
        (session,) = await one.at(HOST, "sessions")
        assert session["status"] == "COMPLETED"
        (wwcp,) = await one.network.sessions()
        await one.network.send_cdrs([record(wwcp.id)])
        (cdr,) = await one.at(HOST, "cdrs")
        assert (cdr["total_energy"], cdr["total_time"]) == (10, 1)
        assert cdr["total_cost"] == {"2.1.1": 4, "2.2.1": {"excl_vat": 4}, "2.3.0": {"before_taxes": 4}}[version]
        if not is_old:
            assert (cdr["session_id"], cdr["authorization_reference"]) == (session["id"], "REF-9")


@pytest.mark.parametrize(
    ("type", "contract", "expected"),
    [
        ("RFID", "NL-EMP-C1", (CARD, AuthTokenType.RFID, None)),
        ("APP_USER", "NL-EMP-C12345678-X", (None, None, "NL-EMP-C12345678-X")),
        ("APP_USER", "4711", (CARD, AuthTokenType("APP_USER"), None)),
        ("EMAID", "NL-EMP-C12345678-X", (None, None, "NL-EMP-C12345678-X")),
        ("AD_HOC_USER", "4711", (CARD, AuthTokenType.AD_HOC_USER, None)),
        ("OTHER", "4711", (CARD, AuthTokenType.OTHER, None)),
    ],
)
async def test_a_token_of_every_type_is_a_way_to_say_who_one_is(
    type: str, contract: str, expected: tuple[Any, ...]
) -> None:
    assert type in {one.value for one in TokenType}
    async with world() as one:
        body = token("2.3.0", uid=CARD, type=type, contract_id=contract)
        made = codec.decode(VERSIONS["2.3.0"].object_named("Token"), json.dumps(body).encode())
        sent = await one.send("START_SESSION", one.start_fields(token=made))
        assert await one.result(sent) == ACCEPTED
        (start,) = one.code.asked
        shown = start.authentication
        assert shown.place is AuthenticationPlace.REMOTE
        account = str(shown.account) if shown.account else None
        assert (shown.auth_token, shown.auth_token_type, account) == expected
        (session,) = await one.at(HOST, "sessions")
        assert (session["cdr_token"]["uid"], session["cdr_token"]["type"]) == (CARD, type)


@pytest.mark.parametrize("does", [None, RuntimeError("broken"), 42])
async def test_an_operator_who_fails_is_a_result(does: object) -> None:
    async with world(code=Broken(does)) as one:
        expected = "TIMEOUT" if does is None else "FAILED"
        assert await one.result(await one.send("START_SESSION", one.start_fields())) == ("ACCEPTED", expected)
        assert len(await one.network.sessions()) == (does is None)


async def test_a_refused_start_is_told_with_its_reason_and_no_session() -> None:
    async with world() as one:
        one.code.start = RemoteStartResult(result=RemoteStartCode.AlreadyInUse, description=said("taken"))
        sent = await one.send("START_SESSION", one.start_fields())
        await one.adapter.settle()
        outcome = await sent.result()
        assert (outcome.result, outcome.message) == ("EVSE_OCCUPIED", (("en", "taken"),))
        assert await one.at(HOST, "sessions") == []
        assert await one.network.sessions() == []


async def test_a_start_that_is_awaited_is_pending_until_it_begins_or_comes_to_nothing() -> None:
    async with world() as one:
        one.code.start = RemoteStartResult(result=RemoteStartCode.AsyncOperation)
        assert (await started(one))["status"] == "PENDING"
        (wwcp,) = await one.network.sessions()
        await one.network.report_session(ChargingSession(id=wwcp.id, start=SessionStart(timestamp=MONDAY)))
        assert [session["status"] for session in await one.at(HOST, "sessions")] == ["ACTIVE"]
        one.code.start = RemoteStartResult(result=RemoteStartCode.AsyncOperation)
        await one.result(await one.send("START_SESSION", one.start_fields(evse_uid=str(SECOND))))
        pending = next(session for session in await one.network.sessions() if session.is_awaited)
        await one.network.drop_session(pending.id)
        assert sorted(session["status"] for session in await one.at(HOST, "sessions")) == ["ACTIVE", "INVALID"]


async def test_an_operator_who_calls_the_session_otherwise_is_understood() -> None:
    async with world() as one:
        own = ChargingSessionId.parse("DE*GEF*N0815")
        one.code.start = RemoteStartResult(result=RemoteStartCode.Success, session_id=own)
        session = await started(one)
        assert session["id"] == "DE*GEF*N0815"
        assert await one.result(await one.send("STOP_SESSION", {"session_id": "de*gef*n0815"})) == ACCEPTED


@everywhere
async def test_a_place_that_we_do_not_offer_is_unknown(version: str) -> None:
    async with world(version=version, options=CSOOptions(scope=Scope(evses={SECOND}))) as one:
        for more in ({"location_id": "DE*GEF*P9"}, {"location_id": "x"}):
            with pytest.raises(Refused) as refused:
                await one.send("START_SESSION", one.start_fields(**more))
            assert refused.value.ocpi_status == 2003
        for uid in ("DE*GEF*E9", "x", str(FIRST)):
            sent = await one.send("START_SESSION", one.start_fields(evse_uid=uid))
            assert (sent.answer.result, one.code.asked) == ("REJECTED", [])
        assert await one.result(await one.send("START_SESSION", one.start_fields(evse_uid=str(SECOND)))) == ACCEPTED


@near
async def test_a_connector_that_is_not_there_is_refused(version: str) -> None:
    async with world(version=version) as one:
        sent = await one.send("START_SESSION", one.start_fields(connector_id="9"))
        assert (sent.answer.result, one.code.asked) == ("REJECTED", [])


async def test_a_start_without_evse_is_for_the_whole_pool() -> None:
    async with world() as one:
        fields = one.start_fields()
        del fields["evse_uid"]
        assert await one.result(await one.send("START_SESSION", fields)) == ACCEPTED
        (start,) = one.code.asked
        assert (start.location.charging_pool_id, start.location.evse_id) == (POOL, None)
        (session,) = await one.at(HOST, "sessions")
        assert place_of(session) == ("DE*GEF*P1", "#NA", "#NA")


@everywhere
async def test_a_session_that_is_unknown_or_another_partners_is_unknown(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        session = await started(one)
        unknown = "REJECTED" if version == "2.1.1" else "UNKNOWN_SESSION"
        for host, id in ((HOST, "nobodys"), (OTHER_HOST, session["id"])):
            sent = await one.send("STOP_SESSION", {"session_id": id}, host)
            assert sent.answer.result in (unknown, "UNKNOWN_SESSION")
        assert not any(isinstance(asked, RemoteStop) for asked in one.code.asked)


async def test_a_session_of_a_local_provider_is_nobodys_to_stop() -> None:
    async with world() as one:
        await one.network.report_session(
            ChargingSession(id=ChargingSessionId.parse("S1"), start=SessionStart(timestamp=MONDAY), evse_id=FIRST)
        )
        await one.adapter.settle()
        sent = await one.send("STOP_SESSION", {"session_id": "S1"})
        assert sent.answer.result == "UNKNOWN_SESSION"
        assert "no partner knows the driver" in one.adapter.sessions.unaddressed["S1"]


async def test_a_session_begun_at_the_station_may_be_stopped_by_its_emsp() -> None:
    async with world() as one:
        one.emsps[HOST].server.authorizer = Desk("2.3.0")
        await one.network.authorize_start(auth_start())
        (session,) = await one.at(HOST, "sessions")
        assert (session["auth_method"], session["authorization_reference"]) == ("AUTH_REQUEST", "REF-1")
        one.code.stop = RemoteStopResult(result=RemoteStopCode.AlreadyStopped)
        assert await one.result(await one.send("STOP_SESSION", {"session_id": session["id"]})) == (
            "ACCEPTED",
            "REJECTED",
        )


def reservation(one: World, id: str = "R1", expiry: DateTime = HOUR_LATER, **more: Any) -> dict[str, Any]:
    made = {**one.start_fields(), "reservation_id": id, "expiry_date": expiry, **more}
    return {**made, "reservation_id": 7} if one.version == "2.1.1" else made


@rule("CMD-16", "CMD-18")
@near
async def test_a_reservation_is_made_replaced_used_and_cancelled(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        for host in (HOST, OTHER_HOST):
            body = (
                token(version, uid=CARD)
                if host == HOST
                else token(version, uid=CARD, country_code="FR", party_id="OTH")
            )
            made = codec.decode(VERSIONS[version].object_named("Token"), json.dumps(body).encode())
            assert await one.result(await one.send("RESERVE_NOW", reservation(one, token=made), host)) == ACCEPTED
        first, second = one.network.reservations
        assert first.id != second.id
        assert (first.duration_s, first.evse_id, first.auth_tokens) == (3600, FIRST, [CARD])
        await one.restart()
        half = DateTime.parse("2026-08-03T08:30:00Z")
        assert await one.result(await one.send("RESERVE_NOW", reservation(one, "r1", half))) == ACCEPTED
        asked = one.code.asked[-1]
        assert isinstance(asked, Reserve)
        assert (asked.reservation_id, asked.duration_s) == (first.id, 1800)
        assert len(one.network.reservations) == 2
        cancel = {"reservation_id": "R1"}
        assert await one.result(await one.send("CANCEL_RESERVATION", cancel, OTHER_HOST)) == ACCEPTED
        assert isinstance(one.code.asked[-1], CancelReservation)
        assert await one.result(await one.send("CANCEL_RESERVATION", cancel, OTHER_HOST)) == (
            "ACCEPTED",
            "UNKNOWN_RESERVATION",
        )
        assert await one.result(await one.send("START_SESSION", one.start_fields())) == ACCEPTED
        start = one.code.asked[-1]
        assert isinstance(start, RemoteStart)
        assert (start.reservation_id, one.network.reservations) == (first.id, [])


async def test_a_reservation_that_is_over_already_is_refused() -> None:
    async with world() as one:
        one.clock.now = DateTime.parse("2099-01-01T00:00:00Z")
        sent = await one.send("RESERVE_NOW", reservation(one, expiry=DateTime.parse("2098-01-01T00:00:00Z")))
        assert (sent.answer.result, one.network.reservations) == ("REJECTED", [])


async def test_an_operator_without_reservations_says_so() -> None:
    class Starter:
        async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
            return RemoteStartResult(result=RemoteStartCode.Success)

        async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
            return RemoteStopResult(result=RemoteStopCode.Success)

    async with world(code=Starter()) as one:
        expiry = DateTime.parse("2099-01-01T00:00:00Z")
        one.clock.now = DateTime.parse("2098-12-31T00:00:00Z")
        sent = await one.send("RESERVE_NOW", reservation(one, expiry=expiry))
        assert await one.result(sent) == ("ACCEPTED", "NOT_SUPPORTED")


@rule("CMD-21")
async def test_a_partner_hears_that_the_operator_ended_its_reservation() -> None:
    async with world() as one:
        far = DateTime.parse("2099-01-01T00:00:00Z")
        one.clock.now = DateTime.parse("2098-12-31T23:00:00Z")
        sent = await one.send("RESERVE_NOW", reservation(one, expiry=far))
        assert await one.result(sent) == ACCEPTED
        (made,) = one.network.reservations
        ended: list[str] = []

        async def cancelled(id: str, outcome: object = None) -> None:
            ended.append(id)

        one.cpo.desk.cancel_reservation = cancelled  # type: ignore[method-assign]
        await one.network.end_reservation(made.id, CancellationReason.Aborted)
        await one.adapter.settle()
        assert len(ended) == 1


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (ReservationCode.AlreadyReserved, "EVSE_OCCUPIED"),
        (ReservationCode.Offline, "EVSE_INOPERATIVE"),
        (ReservationCode.InvalidCredentials, "REJECTED"),
    ],
)
async def test_a_refused_reservation_leaves_nothing_behind(code: ReservationCode, word: str) -> None:
    async with world() as one:
        one.code.reservation = ReservationResult(result=code)
        assert await one.result(await one.send("RESERVE_NOW", reservation(one))) == ("ACCEPTED", word)
        cancel = await one.send("CANCEL_RESERVATION", {"reservation_id": "R1"})
        assert await one.result(cancel) == ("ACCEPTED", "UNKNOWN_RESERVATION")


@everywhere
async def test_a_connector_is_unlocked_where_the_operator_can(version: str) -> None:
    fields = {"location_id": "DE*GEF*P1", "evse_uid": str(FIRST), "connector_id": "1"}
    async with world(version=version) as one:
        assert await one.result(await one.send("UNLOCK_CONNECTOR", fields)) == ACCEPTED
        (asked,) = one.code.asked
        assert isinstance(asked, Unlock)
        assert (asked.location.evse_id, asked.location.connector_id) == (FIRST, "1")
        one.code.unlocked = UnlockResult(result=UnlockCode.SessionOngoing)
        assert (await one.result(await one.send("UNLOCK_CONNECTOR", fields)))[1] == "REJECTED"
        assert (await one.send("UNLOCK_CONNECTOR", {**fields, "connector_id": "9"})).answer.result == "REJECTED"
    async with world(version=version, code=Operator()) as one:
        assert (await one.send("UNLOCK_CONNECTOR", fields)).answer.result == "NOT_SUPPORTED"


PROFILE = {
    "charging_rate_unit": "W",
    "start_date_time": "2026-08-03T08:10:00Z",
    "charging_profile_period": [{"start_period": 0, "limit": 11000.0}, {"start_period": 600, "limit": 3700.5}],
}


@near
async def test_a_profile_is_set_told_and_cleared(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        session = await started(one)
        profiles = one.emsps[HOST].profiles
        cls: Any = VERSIONS[version].object_named("ChargingProfile")
        profile = codec.decode(cls, json.dumps(PROFILE).encode())
        sent = await profiles.set("cpo.example", session["id"], profile)
        await one.adapter.settle()
        assert (await sent.result()).result == "ACCEPTED"
        expected = ChargingProfile(
            unit=RateUnit.W,
            start_time=DateTime.parse("2026-08-03T08:10:00Z"),
            periods=(
                ProfilePeriod(start_s=0, limit=Decimal(11000)),
                ProfilePeriod(start_s=600, limit=Decimal("3700.5")),
            ),
        )
        assert one.code.profile == expected
        one.code.profiled = ProfileResult(result=ProfileCode.Success, profile=expected)
        told = await profiles.active("cpo.example", session["id"], 900)
        await one.adapter.settle()
        outcome = await told.result()
        assert outcome.profile is not None
        active = json.loads(outcome.profile)
        assert (active["start_date_time"], active["charging_profile"]) == (PROFILE["start_date_time"], PROFILE)
        one.code.profiled = ProfileResult(result=ProfileCode.NoProfile)
        cleared = await profiles.clear("cpo.example", session["id"])
        await one.adapter.settle()
        assert await cleared.result() == ProfileOutcome(result="UNKNOWN")
        verbs = [asked.verb for asked in one.code.asked if isinstance(asked, ProfileRequest)]
        assert verbs == [ProfileVerb.SET, ProfileVerb.GET, ProfileVerb.CLEAR]
        foreign = await one.emsps[OTHER_HOST].profiles.clear("cpo.example", session["id"])
        assert foreign.answer.result == "UNKNOWN_SESSION"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (ProfileCode.TooOften, "TOO_OFTEN"),
        (ProfileCode.NotSupported, "NOT_SUPPORTED"),
        (ProfileCode.Rejected, "REJECTED"),
    ],
)
async def test_what_the_operator_knows_of_a_profile_at_once_is_said_at_once(code: ProfileCode, word: str) -> None:
    async with world() as one:
        session = await started(one)
        one.code.profiled = ProfileResult(result=code)
        sent = await one.emsps[HOST].profiles.clear("cpo.example", session["id"])
        assert sent.answer.result == word


async def test_an_operator_without_profiles_or_too_slow_for_them() -> None:
    async with world(code=Operator()) as one:
        session = await started(one)
        sent = await one.emsps[HOST].profiles.clear("cpo.example", session["id"])
        assert sent.answer.result == "NOT_SUPPORTED"
    async with world() as one:
        session = await started(one)
        one.adapter.profile_operator.moment_s = 0.01
        one.code.charging_profile = Broken(None)._act
        sent = await one.emsps[HOST].profiles.clear("cpo.example", session["id"])
        assert sent.answer.result == "ACCEPTED"
        await one.adapter.settle()
        assert (await sent.result()).result == "REJECTED"


async def test_a_command_that_nobody_knows_is_not_supported() -> None:
    async with world() as one:

        async def report(outcome: CommandOutcome) -> None:
            raise AssertionError(outcome)

        asked = CommandRequest(id="1", partner=HOST, version="2.3.0", command="DANCE", parties=())
        assert (await one.adapter.commander.run(asked, report)).result == "NOT_SUPPORTED"
