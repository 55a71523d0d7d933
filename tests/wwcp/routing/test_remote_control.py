# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, TUESDAY, Clock
from tests.wwcp.roaming import AT_FIRST, BROKEN, GD2, GDF, Broken, Operator, roaming
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.authentication import remote
from wwcp_ocpi.wwcp.model.charging import ChargingProduct, ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.requests import CancelReservation, ChargingLocation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.results import CancelReservationResult, RemoteStartResult, RemoteStopResult, ReservationResult
from wwcp_ocpi.wwcp.model.status_words import AdminStatus
from wwcp_ocpi.wwcp.network.events import SessionChange
from wwcp_ocpi.wwcp.routing.core import RoamingOptions
from wwcp_ocpi.wwcp.routing.roaming import SessionReport

DRIVER = remote(EMobilityAccountId.parse("DE-GDF-C12345678"))
ID = ChargingSessionId.parse("DE-GDF-N1")
RESERVED = ChargingReservationId.parse("DE-GDF-R1")
START = RemoteStart(location=AT_FIRST, authentication=DRIVER, provider_id=GDF, session_id=ID)
NOWHERE = ChargingLocation(evse_id=EVSEId.parse("DE*GEF*E999"))


def reason(result: RemoteStartResult | RemoteStopResult | ReservationResult | CancelReservationResult) -> str:
    return result.description["en"]


async def test_a_provider_starts_a_session_at_the_evse_of_an_operator() -> None:
    network, operator = roaming(), Operator()
    network.add_operator(GEF, operator)
    found = await network.remote_start(replace(START, product=ChargingProduct(id="AC1"), authentication_path="app"))
    assert (found.result, found.session_id) == (RemoteStartCode.Success, ID)
    (asked,) = operator.asked
    assert isinstance(asked, RemoteStart)
    assert asked.location is not None
    assert (asked.location.charging_pool_id, asked.location.charging_station_operator_id) == (POOL, GEF)
    session = await network.session(ID)
    assert session is not None
    assert (session.evse_id, session.start.provider_id, session.start.authentication) == (FIRST, GDF, DRIVER)
    assert (session.is_awaited, session.stop, session.start.authentication_path) == (False, None, "app")


async def test_a_session_without_an_id_gets_one_of_its_provider_before_the_operator_is_asked() -> None:
    network, operator = roaming(), Operator()
    network.add_operator(GEF, operator)
    found = await network.remote_start(replace(START, session_id=None))
    assert found.session_id is not None
    assert found.session_id.party == GDF
    assert isinstance(operator.asked[0], RemoteStart)
    assert operator.asked[0].session_id == found.session_id


@pytest.mark.parametrize("code", [code for code in RemoteStartCode if code not in (
    RemoteStartCode.Success, RemoteStartCode.AsyncOperation, RemoteStartCode.SuccessPlugInCableToStartCharging,
    RemoteStartCode.Timeout,
)])  # fmt: skip
async def test_a_refused_start_leaves_nothing_behind(code: RemoteStartCode) -> None:
    network = roaming()
    network.add_operator(GEF, Operator(code))
    found = await network.remote_start(START)
    assert (found.result, found.session_id, await network.sessions()) == (code, None, [])


@pytest.mark.parametrize("does", BROKEN)
async def test_an_operator_who_fails_is_a_typed_answer(does: object) -> None:
    network = roaming()
    network.add_operator(GEF, Broken(does))
    found = await network.remote_start(START)
    assert found.result is (RemoteStartCode.Timeout if does is None else RemoteStartCode.Error)
    assert "DE*GEF" in reason(found)
    session = await network.session(ID)
    assert (session is not None and session.is_awaited) == (does is None), "after a time-out it may have begun"


async def test_an_asynchronous_start_is_awaited_until_the_operator_reports_it() -> None:
    network = roaming()
    network.add_operator(GEF, Operator(RemoteStartCode.AsyncOperation))
    assert (await network.remote_start(START)).result is RemoteStartCode.AsyncOperation
    session = await network.session(ID)
    assert session is not None
    assert session.is_awaited
    told = ChargingSession(id=ID, start=SessionStart(timestamp=TUESDAY), evse_id=FIRST, energy_meter_id="m1")
    assert await network.report_session(told) is SessionReport.ACCEPTED
    begun = await network.session(ID)
    assert begun is not None
    assert (begun.is_awaited, begun.energy_meter_id, begun.start.timestamp) == (False, "m1", TUESDAY)
    assert (begun.start.provider_id, begun.start.authentication) == (GDF, DRIVER)
    assert await network.report_session(told) is SessionReport.UNCHANGED


async def test_an_asynchronous_start_may_come_to_nothing() -> None:
    network = roaming()
    network.add_operator(GEF, Operator(RemoteStartCode.AsyncOperation))
    await network.remote_start(START)
    assert await network.drop_session(ID)
    assert not await network.drop_session(ID)
    assert await network.session(ID) is None


async def test_an_operator_may_call_the_session_otherwise() -> None:
    network = roaming()
    other = ChargingSessionId.parse("DE*GEF*N77")
    network.add_operator(GEF, Operator(session_id=other))
    assert (await network.remote_start(START)).session_id == other
    assert [session.id for session in await network.sessions()] == [other]


async def test_a_session_id_that_is_taken_is_refused() -> None:
    network, operator = roaming(), Operator()
    network.add_operator(GEF, operator)
    await network.remote_start(START)
    before = await network.sessions()
    again = await network.remote_start(START)
    assert (again.result, reason(again)) == (RemoteStartCode.InvalidSessionId, "there is a session DE-GDF-N1 already")
    assert (len(operator.asked), await network.sessions()) == (1, before)


@pytest.mark.parametrize(
    ("start", "code", "text"),
    [
        (replace(START, location=None), RemoteStartCode.UnknownLocation, "no place is told"),
        (
            replace(START, location=NOWHERE),
            RemoteStartCode.UnknownLocation,
            "no EVSE DE*GEF*E999 in the roaming network test",
        ),
        (START, RemoteStartCode.UnknownOperator, "the operator DE*GEF takes no part in this network"),
    ],
)
async def test_a_start_that_leads_to_nobody_says_why(start: RemoteStart, code: RemoteStartCode, text: str) -> None:
    network = roaming()
    found = await network.remote_start(start)
    assert (found.result, reason(found), await network.sessions()) == (code, text, [])


async def test_a_network_out_of_service_starts_nothing() -> None:
    network = roaming()
    network.add_operator(GEF, Operator())
    network.places.set_status(None, admin_status=AdminStatus.outOfService)
    assert (await network.remote_start(START)).result is RemoteStartCode.OutOfService
    assert (await network.reserve(Reserve(location=AT_FIRST))).result is ReservationCode.OutOfService
    network.places.set_status(None, admin_status=AdminStatus.internalUse, at=TUESDAY)
    assert (await network.remote_start(START)).result is RemoteStartCode.OutOfService, "planned for tomorrow only"


async def test_who_knows_foreign_operators_is_asked_by_priority_when_the_own_one_does_not_know_the_place() -> None:
    network = roaming()
    first, second = Operator(RemoteStartCode.UnknownLocation), Operator(RemoteStartCode.AsyncOperation)
    network.add_emp_roaming_provider("second", second, priority=20)
    network.add_emp_roaming_provider("first", first, priority=1)
    network.add_operator(GEF, Operator(RemoteStartCode.UnknownLocation))
    assert (await network.remote_start(START)).result is RemoteStartCode.AsyncOperation
    assert (len(first.asked), len(second.asked)) == (1, 1)
    session = await network.session(ID)
    assert session is not None
    assert session.start.emp_roaming_provider_id == "second"
    await network.remote_stop(RemoteStop(session_id=ID))
    assert (len(first.asked), len(second.asked)) == (1, 2)


async def test_a_place_that_is_not_in_our_data_may_be_known_to_who_knows_foreign_operators() -> None:
    network, foreign = roaming(), Operator()
    network.add_emp_roaming_provider("hub", foreign)
    assert (await network.remote_start(replace(START, location=NOWHERE))).result is RemoteStartCode.Success


async def test_a_stop_ends_the_session_once() -> None:
    network, operator = roaming(), Operator()
    network.add_operator(GEF, operator)
    await network.remote_start(START)
    stop = RemoteStop(session_id=ID, provider_id=GDF, authentication=DRIVER)
    assert (await network.remote_stop(stop)).result is RemoteStopCode.Success
    again = await network.remote_stop(stop)
    assert again.result is RemoteStopCode.AlreadyStopped
    assert len(operator.asked) == 2
    session = await network.session(ID)
    assert session is not None
    assert session.stop is not None
    assert (session.stop.provider_id, session.stop.timestamp) == (GDF, MONDAY)


async def test_a_stop_of_an_unknown_session_is_asked_of_all_operators() -> None:
    network = roaming()
    wrong, right = Operator(), Operator()
    wrong.stop = RemoteStopResult(result=RemoteStopCode.InvalidSessionId)
    network.add_operator(GEF, wrong)
    network.add_operator(ChargingStationOperatorId.parse("DE*GE2"), right)
    assert (await network.remote_stop(RemoteStop(session_id=ID))).result is RemoteStopCode.Success
    right.stop = wrong.stop
    found = await network.remote_stop(RemoteStop(session_id=ID))
    assert (found.result, reason(found)) == (RemoteStopCode.InvalidSessionId, "nobody knows a session DE-GDF-N1")


@pytest.mark.parametrize("does", BROKEN)
async def test_a_stop_that_fails_leaves_the_session_open(does: object) -> None:
    network = roaming()
    leave = network.add_operator(GEF, Operator())
    await network.remote_start(START)
    leave()
    network.add_operator(GEF, Broken(does))
    before = await network.session(ID)
    found = await network.remote_stop(RemoteStop(session_id=ID))
    assert found.result is (RemoteStopCode.Timeout if does is None else RemoteStopCode.Error)
    assert await network.session(ID) == before


async def test_two_stops_at_once_end_the_session_once() -> None:
    network = roaming()
    network.add_operator(GEF, Operator())
    heard: list[SessionChange] = []
    network.on_event(lambda told: heard.append(told.event) if isinstance(told.event, SessionChange) else None)
    await network.remote_start(START)
    await asyncio.gather(*(network.remote_stop(RemoteStop(session_id=ID)) for _ in range(5)))
    assert [change.session.stop is not None for change in heard if change.session] == [False, False, True]


async def test_an_operator_may_report_the_end_before_it_answers() -> None:
    network, clock = roaming(), Clock(MONDAY)

    class Eager(Operator):
        async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
            told = ChargingSession(
                id=ID, start=SessionStart(timestamp=clock.now), stop=SessionStop(timestamp=TUESDAY), evse_id=FIRST
            )
            assert await network.report_session(told) is SessionReport.ACCEPTED
            return await super().remote_stop(request)

    network.add_operator(GEF, Eager())
    await network.remote_start(START)
    assert (await network.remote_stop(RemoteStop(session_id=ID))).result is RemoteStopCode.Success
    session = await network.session(ID)
    assert session is not None
    assert session.stop is not None
    assert session.stop.timestamp == TUESDAY


async def test_a_session_that_is_over_is_not_opened_again() -> None:
    network = roaming()
    over = ChargingSession(id=ID, start=SessionStart(timestamp=MONDAY), stop=SessionStop(timestamp=TUESDAY))
    assert await network.report_session(over) is SessionReport.ACCEPTED
    assert await network.report_session(replace(over, energy_meter_id="m2")) is SessionReport.ALREADY_STOPPED
    assert await network.report_session(replace(over, stop=None)) is SessionReport.UNCHANGED
    assert await network.session(ID) == over


async def test_a_session_at_an_unknown_evse_is_not_taken() -> None:
    network = roaming()
    told = ChargingSession(id=ID, start=SessionStart(timestamp=MONDAY), evse_id=NOWHERE.evse_id)
    assert await network.report_session(told) is SessionReport.UNKNOWN_LOCATION
    assert await network.sessions() == []


RESERVE = Reserve(location=AT_FIRST, provider_id=GDF, authentication=DRIVER, reservation_id=RESERVED, duration_s=600)


async def test_a_reservation_is_made_prolonged_and_cancelled() -> None:
    network, operator = roaming(), Operator()
    network.add_operator(GEF, operator)
    found = await network.reserve(RESERVE)
    assert (found.result, found.reservation_id) == (ReservationCode.Success, RESERVED)
    assert (await network.reserve(replace(RESERVE, duration_s=1200))).result is ReservationCode.Success
    (kept,) = network.reservations
    assert (kept.id, kept.duration_s, kept.evse_id, kept.start_time) == (RESERVED, 1200, FIRST, MONDAY)
    cancelled = await network.cancel_reservation(CancelReservation(reservation_id=RESERVED, provider_id=GDF))
    assert (cancelled.result, network.reservations) == (CancelReservationCode.Success, [])
    again = await network.cancel_reservation(CancelReservation(reservation_id=RESERVED))
    assert again.result is CancelReservationCode.UnknownReservationId


async def test_a_reservation_survives_a_restart_and_ends_when_its_time_is_over() -> None:
    store, clock = MemoryStore(), Clock(MONDAY)
    before = roaming(store)
    before.add_operator(GEF, Operator())
    await before.reserve(RESERVE)
    network = roaming(store, clock=clock)
    await network.resume()
    kept = network.reservation(RESERVED)
    assert kept == before.reservation(RESERVED)
    with network.events() as events:
        await network.advance()
        assert network.reservations == [kept]
        clock.now = TUESDAY
        await network.advance()
        ended = (await anext(events)).event
    assert getattr(ended, "reason", None) is CancellationReason.Expired
    assert network.reservations == []


async def test_a_start_uses_its_reservation_up() -> None:
    network = roaming()
    network.add_operator(GEF, Operator())
    await network.reserve(RESERVE)
    await network.remote_start(replace(START, reservation_id=RESERVED))
    assert network.reservations == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (replace(RESERVE, location=None), ReservationCode.UnknownLocation),
        (replace(RESERVE, location=NOWHERE), ReservationCode.UnknownLocation),
        (
            replace(RESERVE, location=ChargingLocation(charging_station_id=ChargingStationId.parse("DE*GEF*S9"))),
            ReservationCode.UnknownChargingStation,
        ),
        (
            replace(RESERVE, location=ChargingLocation(charging_pool_id=ChargingPoolId.parse("DE*GEF*P9"))),
            ReservationCode.UnknownChargingPool,
        ),
        (replace(RESERVE, duration_s=0), ReservationCode.Error),
        (replace(RESERVE, duration_s=10**9), ReservationCode.Error),
        (RESERVE, ReservationCode.UnknownChargingStationOperator),
    ],
)
async def test_a_reservation_that_cannot_be_is_refused_with_a_reason(request_: Reserve, code: ReservationCode) -> None:
    network = roaming()
    found = await network.reserve(request_)
    assert (found.result, network.reservations) == (code, [])
    assert reason(found)


@pytest.mark.parametrize("does", BROKEN)
async def test_an_operator_who_fails_to_reserve_is_a_typed_answer(does: object) -> None:
    network = roaming()
    network.add_operator(GEF, Broken(does))
    found = await network.reserve(RESERVE)
    assert found.result is (ReservationCode.Timeout if does is None else ReservationCode.Error)
    assert len(network.reservations) == (1 if does is None else 0), "after a time-out it may be reserved"
    if does is None:
        answer = await network.cancel_reservation(CancelReservation(reservation_id=RESERVED))
        assert answer.result is CancelReservationCode.Timeout
        assert len(network.reservations) == 1


async def test_a_reservation_of_another_provider_is_left_alone() -> None:
    network = roaming()
    network.add_operator(GEF, Operator())
    await network.reserve(RESERVE)
    assert (await network.reserve(replace(RESERVE, provider_id=GD2))).result is ReservationCode.InvalidCredentials
    foreign = CancelReservation(reservation_id=RESERVED, provider_id=GD2)
    assert (await network.cancel_reservation(foreign)).result is CancelReservationCode.Error
    assert [kept.provider_id for kept in network.reservations] == [GDF]


async def test_an_operator_ends_a_reservation_by_himself() -> None:
    network = roaming()
    network.add_operator(GEF, Operator())
    await network.reserve(RESERVE)
    assert await network.end_reservation(RESERVED)
    assert not await network.end_reservation(RESERVED)


async def test_a_start_whose_asker_went_away_is_awaited() -> None:
    network = roaming(options=RoamingOptions())
    network.add_operator(GEF, Broken(None))
    with network.events() as events:
        task = asyncio.create_task(network.remote_start(START))
        await anext(events)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    session = await network.session(ID)
    assert session is not None
    assert session.is_awaited
