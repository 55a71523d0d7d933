# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two nodes back to back: each verb across HTTP, places and statuses kept the same, and all that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.net.serving import DEADLINE_S, answering
from tests.wwcp.http.serving import EVSE_PATH, Node, node, said
from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, SECOND, pool
from tests.wwcp.roaming import AT_FIRST, GDF, Operator, Provider, auth_start, record
from wwcp_ocpi.protocol.errors import BadAnswer, Refused, Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.wwcp.http.answers import FAILURES
from wwcp_ocpi.wwcp.http.mirroring import Following, Uploading
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.http.server_events import Received
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.authentication import remote, rfid
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.model.requests import AuthorizeStop, CancelReservation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.model.results import RemoteStartResult
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import Status
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, OperatorChange, PoolChange
from wwcp_ocpi.wwcp.routing.ports import Authorizer, CDRSink, POISink, RemoteStarter, Reserver, StatusSink

ACCOUNT = EMobilityAccountId.parse("DE-GDF-C12345678")
STATION = ChargingStationId.parse("DE*GEF*S1*A")
EMPTY = RoamingNetworkData(id="Prod")
both = pytest.mark.parametrize("custom_methods", [False, True])


class Pair:
    """A node of an operator and one of a provider; each takes part at the other."""

    def __init__(self, cso: Node, emp: Node, *, custom_methods: bool) -> None:
        self.cso, self.emp = cso, emp
        self.provider = Provider(
            tokens={"11223344": AuthStartCode.Authorized, "BLOCKED1": AuthStartCode.Blocked},
            additional_context={"seen": 1},
        )
        self.operator = Operator()
        emp.network.add_provider(GDF, self.provider)
        cso.network.add_operator(GEF, self.operator)
        self.at_emp = cso.remote(emp, "gef", custom_methods=custom_methods)
        self.at_cso = emp.remote(cso, "gdf", custom_methods=custom_methods)
        cso.network.add_provider(GDF, self.at_emp)
        emp.network.add_operator(GEF, self.at_cso)


@asynccontextmanager
async def two(*, custom_methods: bool = False) -> AsyncIterator[Pair]:
    async with node() as cso, node() as emp:
        yield Pair(cso, emp, custom_methods=custom_methods)


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_a_node_has_the_methods_of_every_port() -> None:
    async def nothing(request: Request) -> Response:
        raise NotImplementedError

    made = RemoteNode("https://h/wwcp", "Prod", nothing, Secret("x"))
    for port in (Authorizer, CDRSink, RemoteStarter, Reserver, POISink, StatusSink):
        assert isinstance(made, port), port


@both
async def test_a_driver_is_authorised_across_and_his_record_finds_the_way_back(custom_methods: bool) -> None:
    async with two(custom_methods=custom_methods) as pair:
        cso = pair.cso.network
        result = await cso.authorize_start(auth_start())
        assert (result.result, result.provider_id) == (AuthStartCode.Authorized, GDF)
        assert [asked.location for asked in pair.provider.asked] == [
            replace(AT_FIRST, charging_station_id=cso.places.station_id_of(FIRST), charging_pool_id=POOL,
                    charging_station_operator_id=GEF)
        ]  # fmt: skip
        assert result.session_id is not None
        assert await pair.emp.network.session(result.session_id) is not None
        stop = await cso.authorize_stop(AuthorizeStop(session_id=result.session_id, authentication=rfid("11223344")))
        assert stop.result is (AuthStopCode.Authorized)
        values = [
            EnergyMeteringValue(timestamp=MONDAY, energy_kwh=Decimal(1)),
            EnergyMeteringValue(timestamp=MONDAY, energy_kwh=Decimal("3.5")),
        ]
        cdr = record(
            result.session_id,
            evse_id=FIRST,
            authentication_start=rfid("11223344"),
            energy_metering_values=values,
            consumed_energy_kwh=None,
        )
        sent = await cso.send_cdrs([cdr])
        assert sent.result is SendCDRCode.Success
        [received] = pair.provider.cdrs
        assert (received.session_id, received.energy_kwh) == (result.session_id, Decimal("2.5"))


@both
async def test_a_refusal_keeps_its_word_across(custom_methods: bool) -> None:
    async with two(custom_methods=custom_methods) as pair:
        for token, code in (("BLOCKED1", AuthStartCode.Blocked), ("99999999", AuthStartCode.NotAuthorized)):
            result = await pair.cso.network.authorize_start(auth_start(token))
            assert result.result is code
        assert await pair.cso.network.sessions() == []


@both
async def test_a_provider_starts_stops_reserves_and_cancels_across(custom_methods: bool) -> None:
    async with two(custom_methods=custom_methods) as pair:
        emp = pair.emp.network
        start = RemoteStart(
            location=AT_FIRST, authentication=remote(ACCOUNT), provider_id=GDF, additional_context={"app": "x"}
        )
        started = await emp.remote_start(start)
        assert started.result is RemoteStartCode.Success
        assert started.session_id is not None
        session = await pair.cso.network.session(started.session_id)
        assert session is not None
        assert (session.evse_id, session.start.provider_id) == (FIRST, GDF)
        stopped = await emp.remote_stop(RemoteStop(session_id=started.session_id, provider_id=GDF))
        assert stopped.result is RemoteStopCode.Success
        reserved = await emp.reserve(Reserve(location=AT_FIRST, provider_id=GDF, authentication=remote(ACCOUNT)))
        assert reserved.result is ReservationCode.Success
        assert reserved.reservation_id is not None
        assert pair.cso.network.reservation(reserved.reservation_id) is not None
        cancelled = await emp.cancel_reservation(
            CancelReservation(reservation_id=reserved.reservation_id, provider_id=GDF)
        )
        assert cancelled.result is CancelReservationCode.Success
        assert pair.cso.network.reservations == []


@both
async def test_an_operator_that_tells_later_does_so_across(custom_methods: bool) -> None:
    async with two(custom_methods=custom_methods) as pair:
        pair.operator.start = RemoteStartResult(result=RemoteStartCode.AsyncOperation)
        start = RemoteStart(location=AT_FIRST, authentication=remote(ACCOUNT), provider_id=GDF)
        started = await pair.emp.network.remote_start(start)
        assert started.result is RemoteStartCode.AsyncOperation
        assert started.session_id is not None
        for network in (pair.emp.network, pair.cso.network):
            session = await network.session(started.session_id)
            assert session is not None
            assert session.is_awaited


async def test_a_node_that_may_not_ask_gets_a_typed_result() -> None:
    async with two() as pair:
        for client, code in (("other", AuthStartCode.Error), ("gdf", AuthStartCode.Error)):
            result = await pair.cso.remote(pair.emp, client).authorize_start(auth_start())
            assert result.result is code
            assert "does not act for DE*GEF" in result.description["en"]
        pair.emp.tokens["gef"] = Secret("nobody")
        result = await pair.cso.remote(pair.emp, "gef").authorize_start(auth_start())
        assert (result.result, "valid here" in result.description["en"]) == (AuthStartCode.Error, True)


async def test_nodes_that_ask_each_other_do_not_ask_for_ever() -> None:
    async with two() as pair:
        pair.emp.network.add_cso_roaming_provider("back", pair.emp.remote(pair.cso, "all"))
        pair.cso.network.add_cso_roaming_provider("forth", pair.cso.remote(pair.emp, "all"))
        result = await pair.cso.network.authorize_start(auth_start("99999999"))
        assert result.result in (AuthStartCode.NotAuthorized, AuthStartCode.Error)
        assert len(pair.provider.asked) <= 4
        response = await pair.cso.ask(
            "AUTHSTART", EVSE_PATH, {"authToken": "1"}, headers={"x-wwcp-via": ", ".join("abcdefgh")}
        )
        assert (response.status, "long way" in said(response)["description"]) == (409, True)


NONSENSE = [
    b"",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
    b'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"result":7}',
    b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{",
    b"nonsense\r\n\r\n",
]


@pytest.mark.parametrize("answer", NONSENSE)
@both
async def test_whatever_a_node_answers_is_a_typed_result(answer: bytes, custom_methods: bool) -> None:
    async with node() as here, answering(answer) as url:
        broken = RemoteNode(f"{url}/wwcp", "Prod", here.transport, Secret("x"), custom_methods=custom_methods)
        session = ChargingSessionId.parse("N1")
        start = RemoteStart(location=AT_FIRST, authentication=remote(ACCOUNT), session_id=session)
        results = [
            await broken.authorize_start(auth_start()),
            await broken.authorize_stop(AuthorizeStop(session_id=session, authentication=rfid("1"))),
            await broken.remote_start(start),
            await broken.remote_stop(RemoteStop(session_id=session)),
            await broken.reserve(Reserve(location=AT_FIRST, authentication=remote(ACCOUNT))),
            await broken.cancel_reservation(CancelReservation(reservation_id=ChargingReservationId.parse("R1"))),
            *await broken.send_cdrs([record("N1", evse_id=FIRST)]),
        ]
        assert len(results) == 7
        for result in results:
            assert result.result in FAILURES[type(result)].values(), result  # type: ignore[attr-defined]
            assert result.description["en"], result  # type: ignore[attr-defined]
        with pytest.raises((BadAnswer, Unreachable, StopAsyncIteration)):  # an empty list is one
            await anext(broken.pools())
        with pytest.raises((BadAnswer, Refused, Unreachable)):
            await anext(broken.events())


async def test_records_are_answered_one_by_one_or_all_the_same() -> None:
    async def short(request: Request) -> Response:
        return Response(status=200, body=b'{"result":"Success","results":[{"result":"Success"}]}')

    made = RemoteNode("https://h", "Prod", short, Secret("x"))
    results = await made.send_cdrs([record("N1"), record("N2", "DE*GEF*D2")])
    assert [result.result for result in results] == [SendCDRCode.Error] * 2


async def test_the_token_and_the_encoded_ids_are_on_the_wire() -> None:
    seen: list[Request] = []

    async def wire(request: Request) -> Response:
        seen.append(request)
        return Response(status=200, body=b'{"result":"NotAuthorized"}')

    made = RemoteNode("https://h/wwcp/", "Prod/1", wire, Secret("t0ken"), custom_methods=True)
    await made.authorize_start(auth_start())
    await RemoteNode("https://h/wwcp", "Prod", wire, Secret("t"), names_places=False).authorize_start(auth_start())
    first, second = seen
    assert (first.method, first.url) == ("AUTHSTART", "https://h/wwcp/RNs/Prod%2F1/EVSEs/DE%2AGEF%2AE1%2AA%2A1")
    assert first.headers["authorization"] == "Bearer t0ken"
    assert (second.method, second.url) == ("POST", "https://h/wwcp/RNs/Prod/authstart")
    assert b"chargingLocation" not in second.body
    assert "t0ken" not in repr(made.__dict__)


# Places


async def test_places_are_uploaded_and_kept_the_same() -> None:
    async with node() as here, node(EMPTY) as there:
        uploading = Uploading(here.network, here.remote(there, "all"))
        running = asyncio.create_task(uploading.run())
        await uploading.settle()
        ours, theirs = here.network.places, there.network.places
        assert theirs.pool(POOL) == ours.pool(POOL)
        ours.set_evse_status(FIRST, EVSEStatus.charging)
        ours.set_evse_admin_status(SECOND, EVSEAdminStatus.operational)
        ours.upsert_pool(replace(ours.pool(POOL), name={"en": "New"}, last_change=None))
        new = ChargingPoolId.parse("DE*GEF*P2")
        ours.upsert_pool(pool(id=new))
        ours.upsert_operator(replace(ours.operator(GEF), homepage="https://example.org", last_change=None))
        await uploading.settle()
        assert theirs.operator(GEF) == ours.operator(GEF)
        assert theirs.evse_status(FIRST) is EVSEStatus.charging
        assert theirs.evse_admin_status(SECOND) is EVSEAdminStatus.operational
        assert (theirs.pool(POOL).name, theirs.pool(new).id) == ({"en": "New"}, new)
        ours.set_status(POOL, status=Status.partialAvailable)
        ours.set_status(STATION, status=Status.charging)
        await uploading.settle()
        assert [theirs.statuses.status(id, theirs.now) for id in (POOL, STATION)] == [
            Status.partialAvailable,
            Status.charging,
        ]
        assert uploading.refused == {}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_a_node_refuses_is_told_and_the_rest_goes_on() -> None:
    async with node() as here, node(EMPTY) as there:
        places = here.network.places
        foreign = ChargingPoolId.parse("NL*OTH*P1")
        places.upsert_operator(replace(places.operator(GEF), id=foreign.operator, charging_tariffs=[]))
        places.upsert_pool(pool(id=foreign))
        uploading = Uploading(here.network, here.remote(there, "gef"))
        running = asyncio.create_task(uploading.run())
        await uploading.settle()
        assert set(uploading.refused) == {foreign, foreign.operator}
        assert [one.id for one in there.network.places.static_pools()] == [POOL]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_statuses_of_what_a_node_does_not_know_bring_their_pool_along() -> None:
    async with node() as here, node(EMPTY) as there:
        at_there = here.remote(there, "all")
        change = here.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        assert change is not None
        with pytest.raises(Refused):
            await at_there.status_changed(change)
        uploading = Uploading(here.network, at_there)
        uploading._all = lambda: None  # type: ignore[method-assign]
        running = asyncio.create_task(uploading.run())
        await asyncio.sleep(0)
        here.network.places.set_evse_status(FIRST, EVSEStatus.available)
        await until(lambda: there.network.places.evse_ids() == [FIRST, SECOND])
        assert there.network.places.evse_status(FIRST) is EVSEStatus.available
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_sink_of_places_uploads_what_it_hears() -> None:
    async with node() as here, node(EMPTY) as there:
        at_there, places = here.remote(there, "gef"), here.network.places
        await at_there.operator_changed(OperatorChange(operator=places.operator(GEF), previous=None, timestamp=MONDAY))
        static = places.static_pool(POOL)
        await at_there.pool_changed(PoolChange(pool=static, previous=None, added=[], removed=[], timestamp=MONDAY))
        change = places.set_evse_status(FIRST, EVSEStatus.charging)
        assert isinstance(change, EVSEStatusChange)
        await at_there.status_changed(change)
        assert there.network.places.evse_status(FIRST) is EVSEStatus.charging
        assert there.network.places.static_pool(POOL) == static


async def test_places_of_a_node_are_taken_over_and_followed() -> None:
    async with node() as there, node(EMPTY) as here:
        there.network.places.set_evse_status(FIRST, EVSEStatus.available)
        following = Following(here.remote(there, "gdf"), here.network.places)
        running = asyncio.create_task(following.run())
        async with asyncio.timeout(DEADLINE_S):
            await following.ready.wait()
        ours, theirs = here.network.places, there.network.places
        assert ours.pool(POOL) == theirs.pool(POOL)
        assert ours.operator(GEF) == theirs.operator(GEF)
        theirs.set_evse_status(SECOND, EVSEStatus.charging)
        theirs.set_evse_admin_status(FIRST, EVSEAdminStatus.internalUse)
        theirs.upsert_pool(replace(theirs.pool(POOL), name={"en": "New"}, last_change=None))
        theirs.set_status(POOL, status=Status.partialAvailable)
        theirs.set_status(None, status=Status.available)
        theirs.upsert_operator(replace(theirs.operator(GEF), homepage="https://example.org", last_change=None))
        await until(lambda: ours.operator(GEF).homepage is not None)
        assert ours.statuses.status(POOL, ours.now) is Status.partialAvailable
        assert ours.statuses.status(None, ours.now) is Status.unspecified
        assert ours.evse_status(SECOND) is EVSEStatus.charging
        assert ours.evse_admin_status(FIRST) is EVSEAdminStatus.internalUse
        assert (ours.pool(POOL).name, following.lost) == ({"en": "New"}, 0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_follows_goes_on_after_a_break_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wwcp_ocpi.wwcp.http.mirroring.FIRST_WAIT_S", 0.01)
    async with node() as there, node(EMPTY) as here:
        following = Following(here.remote(there, "all"), here.network.places)
        running = asyncio.create_task(following.run())
        async with asyncio.timeout(DEADLINE_S):
            await following.ready.wait()
        for status in (EVSEStatus.charging, EVSEStatus.available, EVSEStatus.reserved):
            opened = there.face.readers.opened
            there.face.readers.close()
            there.network.places.set_evse_status(FIRST, status)
            await until(lambda status=status: here.network.places.evse_status(FIRST) is status)  # type: ignore[misc]
            await until(lambda opened=opened: there.face.readers.opened > opened)  # type: ignore[misc]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_event_that_cannot_be_taken_over_is_counted() -> None:
    async with node() as there, node() as here:
        following = Following(here.remote(there, "all"), here.network.places)
        other = EVSEId.parse("DE*GEF*E9")
        for name, data in (
            ("evseStatus", "{}"),
            ("evseStatus", f'{{"evseId":"{other}"}}'),
            ("chargingPool", "[]"),
            ("x", "?"),
        ):
            await following._take(Received("a-1", name, data))
        assert following.lost == 3
