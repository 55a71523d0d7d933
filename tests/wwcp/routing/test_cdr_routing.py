# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, TUESDAY, Clock
from tests.wwcp.roaming import BROKEN, GD2, GDF, QUICK, Broken, Provider, auth_start, record, roaming
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.model.authentication import rfid
from wwcp_ocpi.wwcp.model.charging import SessionTime
from wwcp_ocpi.wwcp.model.requests import AuthorizeStop
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, SendCDRCode
from wwcp_ocpi.wwcp.model.results import SendCDRResult, SendCDRsResult, all_of
from wwcp_ocpi.wwcp.network.events import CDRChange
from wwcp_ocpi.wwcp.routing.core import CDRFilter
from wwcp_ocpi.wwcp.routing.keeping import CDRState
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

ALLOWED = {"11223344": AuthStartCode.Authorized}


async def with_session(network: RoamingNetwork) -> ChargingSessionId:
    found = await network.authorize_start(auth_start())
    assert found.session_id is not None
    return found.session_id


def codes(result: SendCDRsResult) -> list[str]:
    return [str(one.result) for one in result.results]


async def test_a_record_goes_to_the_provider_of_its_session_with_what_the_session_knows() -> None:
    network, provider, other = roaming(), Provider(GDF, ALLOWED), Provider(GD2)
    network.add_provider(GDF, provider)
    network.add_provider(GD2, other)
    cdr = record(await with_session(network))
    result = await network.send_cdrs([cdr])
    assert (result.result, codes(result)) == (SendCDRCode.Success, ["Success"])
    assert (result.results[0].location, result.results[0].authorizator_id) == ("/cdrs/DE*GEF*D1", "DE-GDF")
    (taken,) = provider.cdrs
    assert (taken.provider_id_start, taken.authentication_start) == (GDF, rfid("11223344"))
    assert (taken.evse_id, taken.charging_pool_id, taken.charging_station_operator_id) == (FIRST, POOL, GEF)
    assert other.cdrs == []
    kept = await network.cdr(cdr.id)
    assert kept is not None
    assert (kept.cdr, kept.state, kept.attempts) == (cdr, CDRState.DELIVERED, 1)


async def test_the_target_is_found_in_the_order_of_what_the_record_and_its_session_say() -> None:
    network = roaming()
    gdf, gd2, hub = Provider(GDF), Provider(GD2), Provider(tokens=ALLOWED, wait_s=0)
    network.add_cso_roaming_provider("hub", hub)
    session = await with_session(network)
    network.add_provider(GDF, gdf)
    network.add_provider(GD2, gd2)
    sent = [
        record(session, "D1", roaming_provider_id_start="hub", provider_id_start=GD2),
        record("unknown", "D2", provider_id_start=GDF, provider_id_stop=GD2),
        record("unknown", "D3", provider_id_stop=GD2),
    ]
    assert codes(await network.send_cdrs(sent)) == ["Success"] * 3
    assert [[str(cdr.id) for cdr in one.cdrs] for one in (hub, gdf, gd2)] == [["D1"], ["D2"], ["D3"]]


async def test_a_record_without_session_goes_to_the_provider_who_knows_the_driver() -> None:
    network = roaming()
    network.add_provider(GD2, Provider(GD2))
    knows = Provider(GDF, {"99": AuthStartCode.Blocked})
    network.add_provider(GDF, knows)
    result = await network.send_cdrs([record("unknown", authentication_stop=rfid("99"))])
    assert (codes(result), len(knows.cdrs)) == (["Success"], 1)


async def test_records_that_lead_to_nobody_are_kept_and_sent_when_somebody_comes() -> None:
    network = roaming()
    result = await network.send_cdrs([record("unknown"), record("unknown", "D2", provider_id_start=GDF)])
    assert codes(result) == ["UnknownSessionId", "UnknownProviderIdStart"]
    assert result.results[0].description == {"en": "nobody knows the session unknown or its driver"}
    assert len(network.waiting_cdrs) == 2
    provider = Provider(GDF)
    network.add_provider(GDF, provider)
    assert codes(await network.retry_cdrs()) == ["UnknownSessionId", "Success"]
    assert ([str(cdr.id) for cdr in provider.cdrs], len(network.waiting_cdrs)) == (["D2"], 1)


async def test_a_record_twice_is_one_record() -> None:
    network, provider = roaming(), Provider(GDF)
    network.add_provider(GDF, provider)
    cdr = record("s", provider_id_start=GDF)
    first = await network.send_cdrs([cdr])
    again = await network.send_cdrs([cdr])
    assert (again.results, len(provider.cdrs)) == (first.results, 1)
    both = await network.send_cdrs([record("s", "D2", provider_id_start=GDF), record("s", "D2", provider_id_start=GDF)])
    assert sorted(codes(both)) == ["Success", "Success"]
    assert len(provider.cdrs) == 2


async def test_another_record_of_the_same_id_is_refused_and_the_first_one_stands() -> None:
    network, provider = roaming(), Provider(GDF)
    network.add_provider(GDF, provider)
    cdr = record("s", provider_id_start=GDF)
    await network.send_cdrs([cdr])
    result = await network.send_cdrs([replace(cdr, session_id=ChargingSessionId.parse("t"))])
    assert result.results[0].description == {"en": "there is another record DE*GEF*D1 already; that one stands"}
    assert (result.result, len(provider.cdrs)) == (SendCDRCode.Error, 1)
    kept = await network.cdr(cdr.id)
    assert kept is not None
    assert kept.cdr == cdr


async def test_the_filter_holds_records_back_and_says_so() -> None:
    network = roaming(
        options=replace(QUICK, cdr_filter=lambda cdr: CDRFilter.DROP if "X" in str(cdr.id) else CDRFilter.FORWARD)
    )
    provider = Provider(GDF)
    network.add_provider(GDF, provider)
    sent = [record("s", "DX1", provider_id_start=GDF), record("s", "D2", provider_id_start=GDF)]
    assert codes(await network.send_cdrs(sent)) == ["Filtered", "Success"]
    assert [str(cdr.id) for cdr in provider.cdrs] == ["D2"]
    assert [str(kept.state.value) for kept in await network.cdrs()] == ["delivered", "filtered"]
    assert network.waiting_cdrs == []


async def test_a_record_that_ends_before_it_begins_is_refused() -> None:
    network = roaming()
    result = await network.send_cdrs([record("s", session_time=SessionTime(start=TUESDAY, end=MONDAY))])
    assert (result.result, await network.cdrs()) == (SendCDRCode.Error, [])
    assert result.results[0].description["en"].startswith("the session ends at 2026-08-03T08:00:00Z, before it begins")


@pytest.mark.parametrize("does", [*BROKEN, [], [1, 2], {"result": "Success"}])
async def test_a_receiver_who_fails_holds_up_nobody_else_and_gets_it_again(does: object) -> None:
    network, other = roaming(), Provider(GD2)
    leave = network.add_provider(GDF, Broken(does))
    network.add_provider(GD2, other)
    sent = [record("s", "D1", provider_id_start=GDF), record("s", "D2", provider_id_start=GD2)]
    assert codes(await network.send_cdrs(sent)) == ["Timeout" if does is None else "Error", "Success"]
    assert [str(id) for id in network.waiting_cdrs] == ["D1"]
    leave()
    provider = Provider(GDF)
    network.add_provider(GDF, provider)
    assert codes(await network.retry_cdrs()) == ["Success"]
    assert network.waiting_cdrs == []


async def test_results_are_taken_by_id_or_in_their_order_and_a_missing_one_is_an_error() -> None:
    class Odd(Provider):
        async def send_cdrs(self, cdrs: object) -> list[SendCDRResult]:
            named = ChargeDetailRecordId.parse("D3")
            return [SendCDRResult(result=SendCDRCode.Enqueued), SendCDRResult(result=SendCDRCode.Success, cdr_id=named)]

    network = roaming()
    network.add_provider(GDF, Odd(GDF))
    sent = [record("s", f"D{number}", provider_id_start=GDF) for number in (1, 2, 3)]
    assert codes(await network.send_cdrs(sent)) == ["Enqueued", "Error", "Success"]


async def test_a_refusal_of_the_receiver_is_told_and_the_record_stays() -> None:
    network, provider = roaming(), Provider(GDF)
    provider.cdr_code = SendCDRCode.InvalidToken
    network.add_provider(GDF, provider)
    assert codes(await network.send_cdrs([record("s", provider_id_start=GDF)])) == ["InvalidToken"]
    assert len(network.waiting_cdrs) == 1


async def test_two_deliveries_of_one_record_at_once_are_one() -> None:
    network = roaming()

    class Slow(Provider):
        async def send_cdrs(self, cdrs: object) -> list[SendCDRResult]:
            await asyncio.sleep(0.01)
            return await super().send_cdrs(cdrs)  # type: ignore[arg-type]

    provider = Slow(GDF)
    network.add_provider(GDF, provider)
    cdr = record("s", provider_id_start=GDF)
    found = await asyncio.gather(*(network.send_cdrs([cdr]) for _ in range(3)), network.retry_cdrs())
    assert len(provider.cdrs) == 1
    assert {str(one.result) for one in found} <= {"Success", "Enqueued", "NoOperation"}


def test_several_results_are_what_most_of_them_are_and_failures_win_a_tie() -> None:
    def of(*words: str) -> str:
        return str(all_of([SendCDRResult(result=SendCDRCode(word)) for word in words]).result)

    assert of() == "NoOperation"
    assert of("Success", "Success", "Error") == "Success"
    assert of("Success", "Error") == "Error"
    assert of("Enqueued", "Success", "Filtered") == "Filtered"


async def test_events_tell_a_record_when_it_comes_and_what_became_of_it() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF))
    heard = []
    network.on_event(lambda told: heard.append(told.event))
    await network.send_cdrs([record("s", provider_id_start=GDF)])
    results = [event.result for event in heard if isinstance(event, CDRChange)]
    assert [result and str(result.result) for result in results] == [None, "Success"]


async def test_sessions_and_records_survive_a_restart(tmp_path: Path) -> None:
    store = await SQLiteStore.open(tmp_path / "db.sqlite")
    network = roaming(store)
    network.add_provider(GDF, Provider(GDF, ALLOWED, additional_context={"n": 1}))
    session = await with_session(network)
    before = await network.session(session)
    await network.send_cdrs([record("unknown"), record(session, "D2")])
    kept = await network.cdrs()
    await store.close()

    store = await SQLiteStore.open(tmp_path / "db.sqlite")
    again = roaming(store)
    await again.resume()
    assert await again.session(session) == before
    assert await again.cdrs() == kept
    assert [str(id) for id in again.waiting_cdrs] == ["DE*GEF*D1"]
    provider = Provider(GDF)
    again.add_provider(GDF, provider)
    assert codes(await again.send_cdrs([record(session, "D3")])) == ["Success"]
    assert [cdr.provider_id_start for cdr in provider.cdrs] == [GDF]
    await store.close()


async def test_networks_on_one_store_do_not_see_each_other() -> None:
    store = MemoryStore()
    network = roaming(store)
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    await with_session(network)
    network.places._about = replace(network.places._about, id="other")
    other = RoamingNetwork(network.places, store)
    assert (await other.sessions(), await other.cdrs()) == ([], [])
    assert len(await network.sessions()) == 1


async def test_old_sessions_and_records_are_removed_when_it_is_asked_for() -> None:
    clock = Clock(MONDAY)
    network = roaming(clock=clock)
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    ended, open_ = await with_session(network), await with_session(network)
    await network.authorize_stop(AuthorizeStop(session_id=ended, authentication=rfid("11223344")))
    await network.send_cdrs([record(ended, "D1"), record("unknown", "D2")])
    assert await network.forget(MONDAY) == 0
    assert await network.forget(TUESDAY) == 2
    assert [session.id for session in await network.sessions()] == [open_]
    assert [str(kept.cdr.id) for kept in await network.cdrs()] == ["D2"]
    assert await network.session(ended) is None
