# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may ask what of the WWCP HTTP API: tokens, anonymous readers, operators, providers, refusals and their notes."""

from __future__ import annotations

import base64
import json

import pytest
from msgspec.structs import replace

from tests.wwcp.http.serving import EVSE_PATH, RN, node, said
from tests.wwcp.making import FIRST, SECOND, evse, operator, pool, station
from tests.wwcp.roaming import GDF, Operator, Provider, record
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.wwcp.http.clients import ClientBook
from wwcp_ocpi.wwcp.http.routes import ROUTES, Right
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, RemoteStopCode
from wwcp_ocpi.wwcp.model.results import RemoteStopResult

REMOTE = {"eMAId": "DE-GDF-C12345678", "ProviderId": "DE-GDF"}
PARAMS = {
    "{RN}": "test",
    "{evseId}": "DE*GEF*E1*A*1",
    "{poolId}": "DE*GEF*P1",
    "{stationId}": "DE*GEF*S1*A",
    "{operatorId}": "DE*GEF",
    "{providerId}": "DE-GDF",
    "{tariffId}": "DE*GEF*T1",
    "{sessionId}": "N1",
    "{cdrId}": "D1",
    "{reservationId}": "R1",
}


def path_of(template: str) -> str:
    for name, value in PARAMS.items():
        template = template.replace(name, value)
    return f"/wwcp{template}"


ROWS = [pytest.param(method, route, id=f"{method} {route.path}") for route in ROUTES for method in route.methods]


async def test_no_row_is_open_to_somebody_unknown() -> None:
    async with node() as here:
        here.identity.failures.per_minute = 0
        for route in ROUTES:
            for method in route.methods:
                refused = await here.ask(method, path_of(route.path), {}, client=None)
                assert refused.status == 401, f"{method} {route.path}"
                assert refused.headers["www-authenticate"] == 'Bearer realm="wwcp", Basic realm="wwcp"'
                assert said(refused) == {"description": "expected credentials that are valid here"}
        assert set(here.audit.codes) == {"unknown_token"}


async def test_with_anonymous_read_only_what_is_public_is_open() -> None:
    async with node(anonymous=True) as here:
        here.identity.failures.per_minute = 0
        for route in ROUTES:
            if route.path.endswith("/events"):
                continue
            for method in route.methods:
                answer = await here.ask(method, path_of(route.path), {}, client=None)
                assert (answer.status == 401) is (route.right is not Right.PUBLIC), f"{method} {route.path}"


async def test_the_public_sees_published_stations_alone() -> None:
    hidden = station(evse(SECOND), id=ChargingStationId.parse("DE*GEF*S1*B"), published=False)
    data = RoamingNetworkData(
        id="test", charging_station_operators=[operator(charging_pools=[pool(station(evse()), hidden)])]
    )
    async with node(data, anonymous=True) as here:
        assert await here.read(f"{RN}/EVSEs->Id", client=None) == [str(FIRST)]
        assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST), str(SECOND)]
        assert await here.read(f"{RN}/ChargingStations->Id", client=None) == ["DE*GEF*S1*A"]
        [seen] = await here.read(f"{RN}/ChargingPools", client=None)
        assert [one["@id"] for one in seen["chargingStations"]] == ["DE*GEF*S1*A"]
        for secret in (f"{RN}/EVSEs/{SECOND}", f"{RN}/EVSEs/{SECOND}/Status", f"{RN}/ChargingStations/DE*GEF*S1*B"):
            assert (await here.ask("GET", secret, client=None)).status == 404
            assert (await here.ask("GET", secret)).status == 200
        places = here.network.places
        places.upsert_pool(replace(places.pool(next(iter(places.static_pools())).id), charging_stations=[hidden]))
        assert (await here.ask("GET", f"{RN}/EVSEs/{SECOND}", client=None)).status == 404


async def test_a_token_is_shown_as_bearer_or_as_basic() -> None:
    async with node() as here:
        token = here.tokens["gef"].reveal()
        basic = base64.b64encode(f"gef:{token}".encode()).decode()
        wrong_login = base64.b64encode(f"all:{token}".encode()).decode()
        for header, status in (
            (f"Bearer {token}", 200),
            (f"bearer {token}", 200),
            (f"Basic {basic}", 200),
            (f"Basic {wrong_login}", 401),
            (f"Token {token}", 401),
            ("Bearer", 401),
            ("Basic %%%", 401),
            (f"Bearer {'x' * 5000}", 401),
        ):
            answer = await here.ask("GET", f"{RN}/EVSEs", client=None, headers={"authorization": header})
            assert answer.status == status, header[:40]


async def test_who_is_refused_too_often_has_to_wait_and_a_good_client_has_not() -> None:
    async with node() as here:
        here.identity.failures.per_minute, here.identity.clock = 3, lambda: 1_800_000_000.0
        await here.read(f"{RN}/EVSEs", client="gef")
        statuses = [(await here.ask("GET", f"{RN}/EVSEs", client=None)).status for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert (await here.ask("GET", f"{RN}/EVSEs", client="gef")).status == 200
        assert "repeated_failures" in here.audit.codes


async def test_a_client_that_is_blocked_or_removed_is_out_at_once() -> None:
    async with node() as here:
        await here.book.block("gef")
        assert (await here.ask("GET", f"{RN}/EVSEs", client="gef")).status == 401
        assert here.audit.codes[-1] == "blocked"
        await here.book.block("gef", undo=True)
        assert (await here.ask("GET", f"{RN}/EVSEs", client="gef")).status == 200
        await here.book.remove("gef")
        assert (await here.ask("GET", f"{RN}/EVSEs", client="gef")).status == 401


async def test_a_client_that_another_process_made_is_let_in_at_once() -> None:
    async with node() as here:
        here.tokens["new"] = await ClientBook(here.store, Vault(b"k" * 32)).add("new", ["DE*GEF"])
        assert (await here.ask("GET", f"{RN}/EVSEs", client="new")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{RN}/ChargingStationOperators/DE*GEF", {}),
        ("PUT", f"{RN}/ChargingPools/DE*GEF*P1", {}),
        ("DELETE", f"{RN}/ChargingPools/DE*GEF*P1", None),
        ("PUT", f"{RN}/ChargingStations/DE*GEF*S1*A", {}),
        ("PUT", EVSE_PATH, {}),
        ("DELETE", EVSE_PATH, None),
        ("PUT", f"{RN}/ChargingTariffs/DE*GEF*T1", {}),
        ("SET", f"{RN}/EVSEs->Status", {"DE*GEF*E1*A*1": "charging"}),
        ("PUT", f"{EVSE_PATH}/Status", {"currentStatus": "charging"}),
        ("PUT", f"{RN}/ChargingPools/DE*GEF*P1/Status", "available"),
        ("AUTHSTART", EVSE_PATH, {"authToken": "11223344"}),
        ("POST", f"{RN}/authstart", {"authToken": "11223344", "chargingLocation": {"evseId": "DE*GEF*E1*A*1"}}),
        ("AUTHSTOP", EVSE_PATH, {"SessionId": "N1", "AuthToken": "11223344"}),
        (
            "PUT",
            f"{RN}/ChargingSessions/N1",
            {"start": {"timestamp": "2026-08-03T08:00:00Z"}, "EVSEId": "DE*GEF*E1*A*1"},
        ),
        ("PUT", RN, {"chargingStationOperators": [{"@id": "DE*GEF"}]}),
        ("PUT", RN, {"chargingPools": [{"@id": "DE*GEF*P1"}]}),
    ],
)
async def test_an_operator_speaks_for_itself_alone(method: str, path: str, body: object) -> None:
    async with node() as here:
        before = here.network.places.snapshot()
        for client in ("other", "gdf"):
            refused = await here.ask(method, path, body, client=client)
            assert (refused.status, said(refused)["description"]) == (403, "this client does not act for DE*GEF")
        assert here.audit.codes == ["party_violation"] * 2
        assert [event.partner for event in here.audit.events] == ["wwcp:other", "wwcp:gdf"]
        assert here.network.places.snapshot() == before
        assert await here.network.sessions() == []


@pytest.mark.parametrize("verb", ["remotestart", "reserve"])
async def test_a_provider_speaks_for_itself_and_its_own_contracts_alone(verb: str) -> None:
    async with node() as here:
        system = Operator()
        here.network.add_operator(FIRST.operator, system)
        for client, body, status in (
            ("gd2", REMOTE, 403),
            ("gd2", {"eMAId": "DE-GDF-C12345678"}, 403),
            ("gef", REMOTE, 403),
            ("two", {"eMAId": "DE-GDF-C12345678"}, 400),
        ):
            assert (await here.ask("POST", f"{EVSE_PATH}/{verb}", body, client=client)).status == status, client
        assert system.asked == []
        assert (
            await here.ask("POST", f"{EVSE_PATH}/{verb}", {"eMAId": "DE-GDF-C12345678"}, client="gdf")
        ).status == 201
        assert [one.provider_id for one in system.asked] == [GDF]  # type: ignore[attr-defined]


async def test_a_session_of_another_provider_is_none() -> None:
    async with node() as here:
        system = Operator()
        here.network.add_operator(FIRST.operator, system)
        started = await here.ask("POST", f"{EVSE_PATH}/remotestart", REMOTE, client="gdf")
        session = said(started)["sessionId"]
        system.asked.clear()
        system.stop = RemoteStopResult(result=RemoteStopCode.InvalidSessionId)
        stranger = await here.ask("POST", f"{RN}/ChargingSessions/{session}/remotestop", {}, client="gd2")
        missing = await here.ask("POST", f"{RN}/ChargingSessions/DE-GD2-Nx/remotestop", {}, client="gd2")
        assert stranger.status == missing.status == 404
        reasons = [said(answer)["description"]["en"] for answer in (stranger, missing)]
        assert reasons == [f"nobody knows a session {id}" for id in (session, "DE-GD2-Nx")]
        assert [asked.session_id for asked in system.asked] == [ChargingSessionId.parse("DE-GD2-Nx")]  # type: ignore[attr-defined]
        for client, seen in (("gdf", 1), ("gef", 1), ("all", 1), ("gd2", 0), ("other", 0)):
            assert len(await here.read(f"{RN}/ChargingSessions", client=client)) == seen, client
            one = await here.ask("GET", f"{RN}/ChargingSessions/{session}", client=client)
            assert one.status == (200 if seen else 404), client


async def test_records_and_reservations_are_seen_by_those_who_take_part_in_them() -> None:
    async with node() as here:
        provider, system = Provider(tokens={"11223344": AuthStartCode.Authorized}), Operator()
        here.network.add_provider(GDF, provider)
        here.network.add_operator(FIRST.operator, system)
        begun = said(await here.ask("AUTHSTART", EVSE_PATH, {"authToken": "11223344"}, client="gef"))
        await here.network.send_cdrs([record(begun["sessionId"], evse_id=FIRST, provider_id_start=GDF)])
        assert (await here.ask("RESERVE", EVSE_PATH, REMOTE, client="gdf")).status == 201
        for client, seen in (("gdf", 1), ("gef", 1), ("gd2", 0), ("other", 0)):
            for kind in ("ChargeDetailRecords", "Reservations"):
                found = await here.read(f"{RN}/{kind}", client=client)
                assert len(found) == seen, (client, kind)
                assert said(await here.ask("COUNT", f"{RN}/{kind}", client=client)) == {"count": seen}
        [kept] = await here.read(f"{RN}/ChargeDetailRecords", client="gef")
        assert kept["delivery"]["state"] == "delivered"
        assert (await here.read(f"{RN}/ChargeDetailRecords/{kept['@id']}", client="gdf"))["@id"] == kept["@id"]
        assert (await here.ask("GET", f"{RN}/ChargeDetailRecords/{kept['@id']}", client="gd2")).status == 404


async def test_a_record_of_another_operator_is_refused() -> None:
    async with node() as here:
        here.network.add_provider(GDF, Provider())
        whole = {
            "@id": "D1",
            "sessionId": "N1",
            "sessionTime": {"start": "2026-08-03T08:00:00Z", "end": "2026-08-03T09:00:00Z"},
            "evseId": str(FIRST),
        }
        for body in (whole, [whole], {**whole, "evseId": None}, {**whole, "chargingStationOperatorId": "NL*OTH"}):
            refused = await here.ask("POST", f"{RN}/ChargeDetailRecords", body, client="other")
            assert refused.status == 403
        assert (await here.ask("SENDCDR", EVSE_PATH, whole, client="other")).status == 403
        assert await here.network.cdrs() == []


async def test_clients_are_kept_as_hashes_and_need_a_right() -> None:
    store = MemoryStore()
    book = ClientBook(store, Vault(b"k" * 32))
    token = await book.add("one", ["degef", "*"], ["DE*GDF"])
    [(_, body)] = await store.documents("wwcp.client")
    assert token.reveal() not in body.decode()
    assert json.loads(body)["operators"] == ["DE*GEF", "*"]
    again = await book.add("one", ["DE*GEF"])
    assert book.find(token.reveal()) is None
    found = book.find(again.reveal())
    assert found is not None
    assert found.acts_for(FIRST.operator)
    assert not found.acts_for(GDF)
    for id, operators in (("two", []), ("", ["*"]), ("a b", ["*"]), ("x", ["nobody"])):
        with pytest.raises(UsageError):
            await book.add(id, operators)
    for call in (book.block, book.remove):
        with pytest.raises(NotFound):
            await call("nobody")
    assert book.find(Secret("").reveal()) is None


def test_the_ids_of_the_setting_are_those_of_the_table() -> None:
    named = {segment for route in ROUTES for segment in route.path.split("/") if segment.startswith("{")}
    assert named == set(PARAMS)
    assert EVSEId.parse(PARAMS["{evseId}"]) == FIRST
