# SPDX-License-Identifier: AGPL-3.0-or-later
"""RemoteStart, RemoteStop, Reserve and CancelReservation become commands, and what comes of them closes the loop."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from tests.commanding import CANCEL, RESERVE, START, STOP, UNLOCK, rest
from tests.objects import token
from tests.platforms import ALL_VERSIONS, EMSP
from tests.rules import rule
from tests.wwcp.adapters.emp_world import CARD, EMP, EVSE_1, POOL, World, world
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.model.authentication import Authentication, remote, rfid
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.requests import (
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.result_codes import (
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import Unlock, UnlockCode
from wwcp_ocpi.wwcp.network.events import ReservationChange, SessionChange
from wwcp_ocpi.wwcp.ocpi.emp import results

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
NEWER = pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
CONTRACT = EMobilityAccountId.parse("NL-EMP-C12345678")
SESSION = ChargingSessionId.parse("NL-EMP-N0815")
RESERVATION = ChargingReservationId.parse("NL-EMP-R0815")
_T = TypeVar("_T")


def start(**more: Any) -> RemoteStart:
    made = RemoteStart(
        location=ChargingLocation(evse_id=EVSE_1), authentication=rfid(CARD), provider_id=EMP, session_id=SESSION
    )
    return replace(made, **more)


def reserve(**more: Any) -> Reserve:
    made = Reserve(
        location=ChargingLocation(evse_id=EVSE_1),
        authentication=remote(CONTRACT),
        provider_id=EMP,
        reservation_id=RESERVATION,
        duration_s=1800,
    )
    return replace(made, **more)


def token_in(here: World) -> dict[str, Any]:
    """The Token of the last command."""
    body = here.operator.asked[-1].token
    assert body is not None
    return dict(json.loads(body))


async def session_of(here: World) -> ChargingSession | None:
    found = await here.network.sessions()
    return found[0] if found else None


async def with_result(here: World, verb: Awaitable[_T], *outcomes: str) -> _T:
    """The result of a verb during which the charge point answers."""
    task = asyncio.ensure_future(verb)
    await rest()
    for outcome in outcomes:
        await here.report(outcome)
    return await task


# Begin


@rule("CMD-12")
@versions
async def test_a_remote_start_is_a_command_to_who_runs_the_evse(version: str) -> None:
    here = await world(version)
    result = await here.network.remote_start(start(location=ChargingLocation(evse_id=EVSE_1, connector_id="1")))
    assert (result.result, result.session_id) == (RemoteStartCode.AsyncOperation, SESSION)
    (asked,) = here.operator.asked
    assert (asked.command, asked.location_id, asked.evse_uid) == (START, "LOC1", "E1")
    assert (asked.connector_id, bool(asked.authorization_reference)) == (
        ("1", True) if version != "2.1.1" else (None, False)
    )
    made = token_in(here)
    assert (made["uid"], made["type"], made["whitelist"], made["valid"]) == (CARD, "RFID", "NEVER", True)
    assert version == "2.1.1" or (made["country_code"], made["party_id"]) == EMSP
    awaited = await session_of(here)
    assert awaited is not None
    assert (awaited.is_awaited, awaited.start.emp_roaming_provider_id) == (True, "OCPI")
    await here.end()


@versions
async def test_when_the_charge_point_accepts_the_session_begins(version: str) -> None:
    here = await world(version)
    await here.network.remote_start(start())
    await here.report("ACCEPTED")
    begun = await session_of(here)
    assert begun is not None
    assert (begun.id, begun.is_awaited, begun.start.provider_id) == (SESSION, False, EMP)
    told = {"authorization_reference": here.operator.asked[-1].authorization_reference}
    await here.put("sessions", here.session(**(told if version != "2.1.1" else {"auth_id": CARD})))
    known = await session_of(here)
    assert known is not None
    assert (known.id, known.cpo_partner_session_id, len(await here.network.sessions())) == (SESSION, "S1", 1)


@NEWER
@pytest.mark.parametrize("word", sorted(set(results.REMOTE_START) - {"ACCEPTED", "TIMEOUT", "UNKNOWN_SESSION"}))
async def test_when_the_charge_point_refuses_the_awaited_session_is_dropped(version: str, word: str) -> None:
    here = await world(version)
    assert (await here.network.remote_start(start())).result is RemoteStartCode.AsyncOperation
    await here.report(word)
    assert await here.network.sessions() == []
    assert [change.session is None for change in here.of(SessionChange)][-1]


@versions
async def test_without_a_result_the_session_is_awaited_for_a_while(version: str) -> None:
    here = await world(version)
    await here.network.remote_start(start())
    await here.timer.advance(120)
    awaited = await session_of(here)
    assert awaited is not None
    assert awaited.is_awaited
    await here.report("ACCEPTED")  # too late
    awaited = await session_of(here)
    assert awaited is not None
    assert awaited.is_awaited
    await here.timer.advance(3600)
    await here.adapter.sweep()
    assert await here.network.sessions() == []


@versions
async def test_a_session_that_is_reported_after_all_is_the_one_that_was_asked_for(version: str) -> None:
    here = await world(version)
    await here.network.remote_start(start())
    await here.report("REJECTED")
    assert await here.network.sessions() == []
    if version == "2.1.1":
        return  # without a reference nobody can know
    reference = here.operator.asked[-1].authorization_reference
    await here.put("sessions", here.session(authorization_reference=reference))
    known = await session_of(here)
    assert known is not None
    assert known.id == SESSION


@versions
async def test_a_second_result_changes_nothing(version: str) -> None:
    here = await world(version)
    await here.network.remote_start(start())
    await here.report("ACCEPTED")
    request = here.operator.reports[-1]
    await request(CommandOutcome(result="REJECTED"))
    await rest()
    begun = await session_of(here)
    assert begun is not None
    assert not begun.is_awaited


@NEWER
@pytest.mark.parametrize(("word", "code"), [(w, c) for w, c in results.REMOTE_START.items() if w != "UNKNOWN_SESSION"])
async def test_who_waits_hears_the_last_word(version: str, word: str, code: RemoteStartCode) -> None:
    here = await world(version, await_result_s=30)
    result = await with_result(here, here.network.remote_start(start()), word)
    assert result.result is code
    kept = await session_of(here)
    assert (kept is not None) == (word in ("ACCEPTED", "TIMEOUT"))
    assert kept is None or kept.is_awaited == (word == "TIMEOUT")


async def test_who_waits_in_vain_is_told_that_it_is_under_way() -> None:
    here = await world(await_result_s=10)
    task = asyncio.ensure_future(here.network.remote_start(start()))
    await here.timer.advance(10)
    assert (await task).result is RemoteStartCode.AsyncOperation
    await here.report("EVSE_OCCUPIED")
    assert await here.network.sessions() == []


async def test_a_result_that_is_quicker_than_the_answer_is_the_last_word() -> None:
    here = await world()
    here.operator.at_once = CommandOutcome(result="EVSE_OCCUPIED", message=(("en", "Taken"),))
    result = await here.network.remote_start(start())
    await rest()
    assert await here.network.sessions() == []
    assert result.result in (RemoteStartCode.AlreadyInUse, RemoteStartCode.AsyncOperation)


@rule("CMD-02")
@versions
@pytest.mark.parametrize(
    ("word", "code"),
    [("REJECTED", RemoteStartCode.Rejected), ("NOT_SUPPORTED", RemoteStartCode.NoOperation)],
)
async def test_what_the_cpo_refuses_at_once_is_over_at_once(version: str, word: str, code: RemoteStartCode) -> None:
    here = await world(version)
    here.operator.answer = CommandAnswer(result=word, message=(("de", "Heute nicht"),))
    result = await here.network.remote_start(start())
    assert result.result is code
    assert result.description == ({"de": "Heute nicht"} if version != "2.1.1" else {"en": f"cpo.example said {word}"})
    assert await here.network.sessions() == []
    assert await here.emsp.store.documents(f"wwcp.emp.commands.{here.network.id}") == []


@versions
async def test_a_location_that_the_cpo_does_not_know_is_unknown(version: str) -> None:
    here = await world(version)
    here.operator.answer = CommandAnswer(result="REJECTED", unknown_location=True)
    result = await here.network.remote_start(start())
    assert (result.result, await here.network.sessions()) == (RemoteStartCode.UnknownLocation, [])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, RemoteStartCode.CommunicationError),
        (Response(status=500), RemoteStartCode.CommunicationError),
        (Response(status=200, body=b"<html>"), RemoteStartCode.CommunicationError),
        (Response(status=200, body=b'{"status_code":1000,"timestamp":"2026-03-01T12:00:00Z","data":{}}'), None),
        (Response(status=401), RemoteStartCode.Unauthorized),
        (Response(status=404), RemoteStartCode.BadRequest),
    ],
)
async def test_a_partner_that_is_away_or_talks_nonsense_leaves_no_session(
    answer: Response | None, code: RemoteStartCode | None
) -> None:
    here = await world()
    if answer is None:
        here.net.down.add("cpo.example")
    else:
        said = answer

        async def nonsense(_: Request) -> Response:
            return said

        here.net.hosts["cpo.example"] = nonsense
    result = await here.network.remote_start(start())
    assert result.result is (code or RemoteStartCode.CommunicationError)
    assert result.description["en"]
    assert await here.network.sessions() == []


async def test_a_verb_at_an_evse_that_nobody_told_of_is_refused() -> None:
    here = await world()
    for id in ("DE*GEF*E999", "FR*XYZ*E1"):
        result = await here.network.remote_start(start(location=ChargingLocation(evse_id=EVSEId.parse(id))))
        assert result.result is RemoteStartCode.UnknownLocation
    pool = await here.network.remote_start(
        start(location=ChargingLocation(charging_station_operator_id=EVSE_1.operator))
    )
    assert pool.result is RemoteStartCode.UnknownLocation
    assert (here.operator.asked, await here.network.sessions()) == ([], [])


@NEWER
async def test_a_whole_pool_can_be_named(version: str) -> None:
    here = await world(version)
    place = ChargingLocation(charging_pool_id=ChargingPoolId.parse("DE*GEF*PLOC1"), connector_id="1")
    assert (await here.network.remote_start(start(location=place))).result is RemoteStartCode.AsyncOperation
    (asked,) = here.operator.asked
    assert (asked.location_id, asked.evse_uid, asked.connector_id) == ("LOC1", None, None)
    await here.end()


@pytest.mark.parametrize(
    "more",
    [
        {"authentication": None},
        {"authentication": Authentication(pin="1234")},
        {"authentication": Authentication(auth_token="x" * 40)},
        {"provider_id": EMobilityProviderId.parse("FR-XYZ")},
    ],
)
async def test_without_a_token_of_ours_nothing_is_sent(more: dict[str, Any]) -> None:
    here = await world()
    here.net.requests.clear()
    result = await here.network.remote_start(start(**more))
    assert (result.result, here.net.requests) == (RemoteStartCode.InvalidCredentials, [])
    assert await here.network.sessions() == []


@versions
async def test_the_token_that_was_published_is_the_one_that_is_sent(version: str) -> None:
    here = await world(version)
    body = token("2.3.0", visual_number="4711")
    thing = OwnObject(owner=EMSP, id=CARD, last_updated=1, body=codec.encode(body), qualifier="RFID")
    await here.emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [thing], push=False)
    await here.network.remote_start(start())
    assert (token_in(here)["visual_number"], token_in(here)["whitelist"]) == ("4711", "ALLOWED")
    await here.end()


async def test_a_token_that_is_not_valid_starts_nothing() -> None:
    here = await world()
    thing = OwnObject(
        owner=EMSP, id=CARD, last_updated=1, body=codec.encode(token("2.3.0", valid=False)), qualifier="RFID"
    )
    await here.emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [thing], push=False)
    result = await here.network.remote_start(start())
    assert result.result is RemoteStartCode.BadRequest
    assert "not valid" in result.description["en"]


@versions
async def test_a_contract_is_the_user_of_an_app(version: str) -> None:
    here = await world(version)
    await here.network.remote_start(start(authentication=remote(CONTRACT)))
    made = token_in(here)
    assert (made["uid"], made["type"]) == (str(CONTRACT), "APP_USER" if version != "2.1.1" else "OTHER")
    await here.end()


async def test_a_partner_that_is_blocked_or_gone_is_not_asked() -> None:
    here = await world()
    await here.emsp.book.change("cpo.example", lambda partner: replace(partner, blocked=True))
    assert (await here.network.remote_start(start())).result is RemoteStartCode.OutOfService
    await here.emsp.book.change("cpo.example", lambda partner: replace(partner, blocked=False, remote=None))
    assert (await here.network.remote_start(start())).result is RemoteStartCode.UnknownOperator
    assert (here.operator.asked, await here.network.sessions()) == ([], [])


async def test_a_partner_without_commands_is_not_asked() -> None:
    here = await world()

    def without(partner: Partner) -> Partner:
        assert partner.remote is not None
        kept = tuple(one for one in partner.remote.endpoints if one.identifier != "commands")
        return replace(partner, remote=replace(partner.remote, endpoints=kept))

    await here.emsp.book.change("cpo.example", without)
    result = await here.network.remote_start(start())
    assert result.result is RemoteStartCode.UnknownOperator
    assert "no commands endpoint" in result.description["en"]


# End


@versions
async def test_a_remote_stop_names_the_session_as_its_cpo_does(version: str) -> None:
    here = await world(version)
    await here.put("sessions", here.session("CPO-77"))
    known = await session_of(here)
    assert known is not None
    result = await here.network.remote_stop(RemoteStop(session_id=known.id, provider_id=EMP))
    assert result.result is RemoteStopCode.AsyncOperation
    (asked,) = here.operator.asked
    assert (asked.command, asked.session_id) == (STOP, "CPO-77")
    await here.report("ACCEPTED")
    assert (await session_of(here)) == known  # its CPO tells when it is over


@NEWER
@pytest.mark.parametrize(
    ("word", "code"),
    [(word, code) for word, code in results.REMOTE_STOP.items() if word not in ("UNKNOWN_SESSION", "NOT_SUPPORTED")],
)
async def test_who_waits_for_the_end_hears_the_last_word(version: str, word: str, code: RemoteStopCode) -> None:
    here = await world(version, await_result_s=30)
    await here.put("sessions", here.session())
    known = await session_of(here)
    assert known is not None
    result = await with_result(here, here.network.remote_stop(RemoteStop(session_id=known.id)), word)
    assert result.result is code
    after = await session_of(here)
    assert after is not None
    assert (after.stop is not None) == (word == "ACCEPTED")


async def test_a_session_that_no_cpo_has_reported_cannot_be_stopped() -> None:
    here = await world()
    await here.network.remote_start(start())
    for id in (SESSION, ChargingSessionId.parse("made up")):
        result = await here.network.remote_stop(RemoteStop(session_id=id))
        assert result.result is RemoteStopCode.InvalidSessionId
    here.operator.answer = CommandAnswer(result="UNKNOWN_SESSION")
    await here.put("sessions", here.session())
    stopped = await here.network.remote_stop(RemoteStop(session_id=ChargingSessionId.parse("DE*GEF*NS1")))
    assert stopped.result is RemoteStopCode.InvalidSessionId
    await here.end()


# Reserve


@versions
async def test_a_reservation_is_made_and_canceled(version: str) -> None:
    here = await world(version)
    result = await here.network.reserve(reserve())
    assert (result.result, result.reservation_id) == (ReservationCode.AsyncOperation, RESERVATION)
    (asked,) = here.operator.asked
    assert (asked.command, asked.location_id, asked.evse_uid) == (RESERVE, "LOC1", "E1")
    assert asked.expiry_date == here.now() + dt.timedelta(seconds=1800)
    await here.report("ACCEPTED")
    assert [one.id for one in here.network.reservations] == [RESERVATION]
    canceled = await here.network.cancel_reservation(CancelReservation(reservation_id=RESERVATION, provider_id=EMP))
    if version == "2.1.1":
        assert canceled.result is CancelReservationCode.UnknownOperator
        assert "has no CANCEL_RESERVATION" in canceled.description["en"]
        assert len(here.network.reservations) == 1
        assert (asked.reservation_id or "").isdecimal()
        return
    assert asked.reservation_id == str(RESERVATION)
    assert canceled.result is CancelReservationCode.AsyncOperation
    assert (here.operator.asked[-1].command, here.operator.asked[-1].reservation_id) == (CANCEL, str(RESERVATION))
    assert here.network.reservations == []
    await here.end()


@versions
async def test_the_same_reservation_has_the_same_number_for_its_cpo(version: str) -> None:
    here = await world(version)
    long = ChargingReservationId.of(EMP)
    for _ in range(2):
        await here.network.reserve(reserve(reservation_id=long))
    first, second = (asked.reservation_id for asked in here.operator.asked)
    assert first == second
    assert 0 < len(first or "") <= 36
    await here.end()


@NEWER
@pytest.mark.parametrize("word", ["EVSE_OCCUPIED", "REJECTED", "FAILED", "NOT_SUPPORTED", "EVSE_INOPERATIVE"])
async def test_a_reservation_that_the_charge_point_refuses_ends(version: str, word: str) -> None:
    here = await world(version)
    await here.network.reserve(reserve())
    assert len(here.network.reservations) == 1
    await here.report(word)
    assert here.network.reservations == []
    change = here.of(ReservationChange)[-1]
    assert (change.reservation, change.reason) == (None, CancellationReason.Aborted)


@rule("CMD-21")
@NEWER
async def test_a_reservation_that_its_cpo_gives_up_ends(version: str) -> None:
    here = await world(version)
    await here.network.reserve(reserve())
    await here.report("ACCEPTED")
    assert len(here.network.reservations) == 1
    url = next(r.url for r in here.net.requests if "/sender/commands/RESERVE_NOW/" in r.url)
    answer = await here.caller("POST", url.removeprefix("https://emsp.example"), {"result": "CANCELED_RESERVATION"})
    assert json.loads(answer.body)["status_code"] == 1000
    assert here.network.reservations == []


@NEWER
@pytest.mark.parametrize(
    ("word", "code"), [(word, code) for word, code in results.RESERVE.items() if word != "UNKNOWN_SESSION"]
)
async def test_who_waits_for_a_reservation_hears_the_last_word(version: str, word: str, code: ReservationCode) -> None:
    here = await world(version, await_result_s=30)
    result = await with_result(here, here.network.reserve(reserve()), word)
    assert result.result is code
    assert (len(here.network.reservations) == 1) == (word in ("ACCEPTED", "TIMEOUT"))
    await here.end()


@NEWER
@pytest.mark.parametrize(
    ("word", "code"), [(word, code) for word, code in results.CANCEL_RESERVATION.items() if word != "UNKNOWN_SESSION"]
)
async def test_who_waits_for_it_to_be_free_hears_the_last_word(
    version: str, word: str, code: CancelReservationCode
) -> None:
    here = await world(version, await_result_s=30)
    await with_result(here, here.network.reserve(reserve()), "ACCEPTED")
    verb = here.network.cancel_reservation(CancelReservation(reservation_id=RESERVATION))
    result = await with_result(here, verb, word)
    assert result.result is code
    is_gone = word in ("ACCEPTED", "CANCELED_RESERVATION", "UNKNOWN_RESERVATION")
    assert (here.network.reservations == []) == is_gone
    await here.end()


async def test_nothing_is_reserved_ahead_and_nothing_unknown_is_freed() -> None:
    here = await world()
    later = here.now() + dt.timedelta(hours=1)
    result = await here.network.reserve(reserve(start_time=DateTime.of(later)))
    assert result.result is ReservationCode.Error
    assert "from now on" in result.description["en"]
    unknown = await here.adapter.cancel_reservation(CancelReservation(reservation_id=RESERVATION))
    assert unknown.result is CancelReservationCode.UnknownReservationId
    assert here.operator.asked == []


# Unlock


@versions
async def test_an_unlock_names_the_connector(version: str) -> None:
    here = await world(version)
    for place in (ChargingLocation(evse_id=EVSE_1, connector_id="1"), ChargingLocation(evse_id=EVSE_1)):
        result = await here.network.unlock(Unlock(location=place, provider_id=EMP))
        assert result.result is UnlockCode.AsyncOperation
        asked = here.operator.asked[-1]
        assert (asked.command, asked.location_id, asked.evse_uid, asked.connector_id) == (UNLOCK, "LOC1", "E1", "1")
        await here.report("FAILED")
    unknown = await here.adapter.unlock(Unlock(location=ChargingLocation(charging_pool_id=POOL)))
    assert unknown.result is UnlockCode.UnknownConnector
    nowhere = await here.adapter.unlock(Unlock(location=ChargingLocation(evse_id=EVSEId.parse("FR*XYZ*E1"))))
    assert nowhere.result is UnlockCode.UnknownLocation


@NEWER
@pytest.mark.parametrize(
    ("word", "code"), [(word, code) for word, code in results.UNLOCK.items() if word != "UNKNOWN_SESSION"]
)
async def test_who_waits_for_an_unlock_hears_the_last_word(version: str, word: str, code: UnlockCode) -> None:
    here = await world(version, await_result_s=30)
    verb = here.network.unlock(Unlock(location=ChargingLocation(evse_id=EVSE_1, connector_id="1")))
    assert (await with_result(here, verb, word)).result is code
    await here.end()


@NEWER
async def test_a_reservation_is_used_up_when_the_session_begins(version: str) -> None:
    here = await world(version)
    await here.network.reserve(reserve())
    await here.report("ACCEPTED")
    await here.network.remote_start(start(reservation_id=RESERVATION))
    assert len(here.network.reservations) == 1
    await here.report("ACCEPTED")
    assert here.network.reservations == []
    assert here.of(ReservationChange)[-1].reason is CancellationReason.EndOfProcess
