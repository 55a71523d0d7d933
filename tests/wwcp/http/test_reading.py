# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads of the WWCP HTTP API: objects, ids, statuses, grouped statuses, and how much of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from tests.wwcp.http.serving import EVSE_PATH, RN, Node, node, said, small_network
from tests.wwcp.making import FIRST, MONDAY, SECOND, TUESDAY, evse, operator, pool, station
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import read
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStation, EMobilityProvider, RoamingNetworkData
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.sample.network import sample_network


@pytest.fixture
async def here() -> AsyncIterator[Node]:
    async with node() as made:
        made.network.places.set_evse_status(FIRST, EVSEStatus.available, MONDAY)
        made.network.places.set_evse_status(SECOND, EVSEStatus.charging, TUESDAY)
        yield made


async def test_a_pool_is_told_with_its_context_its_parents_and_all_that_is_in_it(here: Node) -> None:
    found = await here.read(f"{RN}/ChargingPools/DE*GEF*P1")
    assert found["@id"] == "DE*GEF*P1"
    assert found["@context"] == "https://open.charging.cloud/contexts/wwcp+json/chargingPool"
    assert (found["roamingNetworkId"], found["chargingStationOperatorId"]) == ("test", "DE*GEF")
    assert [one["@id"] for one in found["chargingStations"][0]["EVSEs"]] == [str(FIRST), str(SECOND)]
    assert found["chargingStations"][0]["EVSEs"][0]["socketOutlets"][0]["type"] == "IEC_62196_T2"
    assert found["chargingStations"][0]["EVSEs"][0]["status"] == [MONDAY.wire, "available"]


async def test_what_is_read_is_the_object_itself(here: Node) -> None:
    places = here.network.places
    for path, cls, own in (
        (f"{RN}/ChargingPools/DE*GEF*P1", ChargingPool, places.pool(ChargingPoolId.parse("DE*GEF*P1"))),
        (f"{RN}/ChargingStations/DE*GEF*S1*A", ChargingStation, places.station(ChargingStationId.parse("DE*GEF*S1*A"))),
        (EVSE_PATH, EVSE, places.evse(FIRST)),
    ):
        found = read(cls, (await here.ask("GET", path)).body).value
        assert replace(found, extra=None) == own


async def test_percent_encoded_paths_are_the_same_paths(here: Node) -> None:
    plain = await here.read(EVSE_PATH)
    assert plain == await here.read(f"{RN}/EVSEs/DE%2AGEF%2AE1%2AA%2A1")
    assert plain == await here.read(f"{RN}/EVSEs/DEGEFE1A1")
    raw = await here.ask("GET", f"{RN}/EVSEs-%3EStatus")
    assert said(raw) == {str(FIRST): [MONDAY.wire, "available"], str(SECOND): [TUESDAY.wire, "charging"]}


async def test_an_arrow_that_is_not_encoded_is_understood_too(here: Node) -> None:
    reader, writer = await asyncio.open_connection(here.http.host, here.http.port)
    token = here.tokens["all"].reveal()
    writer.write(
        f"GET {RN}/EVSEs->Id HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n".encode()
    )
    assert (await reader.read()).endswith(b'["DE*GEF*E1*A*1","DE*GEF*E1*A*2"]')
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [FIRST, SECOND]),
        ("?skip=1", [SECOND]),
        ("?take=1", [FIRST]),
        ("?SKIP=1&Take=5", [SECOND]),
        ("?match=a*2", [SECOND]),
        ("?match=no such thing", []),
        ("?skip=7", []),
        ("?take=0", []),
    ],
)
async def test_pages_and_matches(here: Node, query: str, expected: list[EVSEId]) -> None:
    assert [one["@id"] for one in await here.read(f"{RN}/EVSEs{query}")] == [str(id) for id in expected]


async def test_a_list_tells_how_many_there_are(here: Node) -> None:
    response = await here.ask("GET", f"{RN}/EVSEs?take=1&withMetadata")
    assert response.headers["x-expectedtotalnumberofitems"] == "2"
    found = said(response)
    assert (found["totalCount"], found["filteredCount"], len(found["data"])) == (2, 2, 1)
    matched = await here.ask("GET", f"{RN}/EVSEs?match=a*2&withMetadata=true")
    assert matched.headers["x-expectedtotalnumberofitems"] == "1"
    assert (said(matched)["totalCount"], said(matched)["filteredCount"]) == (2, 1)
    assert said(await here.ask("COUNT", f"{RN}/EVSEs")) == {"count": 2}


async def test_match_looks_at_names_and_addresses(here: Node) -> None:
    for word in ("am markt", "JENA", "07743", "*P1"):
        assert len(await here.read(f"{RN}/ChargingPools?match={word}")) == 1, word
    assert await here.read(f"{RN}/ChargingPools?match=berlin wall") == []


async def test_what_is_above_is_expanded_and_what_is_below_collapsed(here: Node) -> None:
    found = await here.read(f"{EVSE_PATH}?expand=networks,operator,pools,stations")
    assert found["roamingNetwork"]["@id"] == "test"
    assert found["chargingStationOperator"]["@id"] == "DE*GEF"
    assert found["chargingPool"]["address"]["street"] == "Am Markt"
    assert found["chargingStation"]["@id"] == "DE*GEF*S1*A"
    assert "chargingPoolId" not in found
    [collapsed] = await here.read(f"{RN}/ChargingPools?showIds=stations")
    assert collapsed["chargingStationIds"] == ["DE*GEF*S1*A"]
    assert "chargingStations" not in collapsed
    [halfway] = await here.read(f"{RN}/ChargingPools?showIds=evses")
    assert halfway["chargingStations"][0]["EVSEIds"] == [str(FIRST), str(SECOND)]


async def test_custom_data_may_be_left_out() -> None:
    data = RoamingNetworkData(
        id="test",
        charging_station_operators=[
            operator(charging_pools=[pool(station(evse(custom_data={"a": 1})), custom_data={"b": 2})])
        ],
    )
    async with node(data) as here:
        [whole] = await here.read(f"{RN}/ChargingPools")
        assert (whole["customData"], whole["chargingStations"][0]["EVSEs"][0]["customData"]) == ({"b": 2}, {"a": 1})
        [bare] = await here.read(f"{RN}/ChargingPools?includeCustomData=false")
        assert "customData" not in bare
        assert "customData" not in bare["chargingStations"][0]["EVSEs"][0]


async def test_statuses_are_filtered_and_grouped(here: Node) -> None:
    path = f"{RN}/EVSEs->Status"
    both = {str(FIRST): [MONDAY.wire, "available"], str(SECOND): [TUESDAY.wire, "charging"]}
    for query, expected in (
        ("", list(both)),
        (f"?after={MONDAY.wire}", [str(SECOND)]),
        (f"?before={TUESDAY.wire}", [str(FIRST)]),
        ("?status=charging,reserved", [str(SECOND)]),
        ("?id=*A*1", [str(FIRST)]),
        ("?skip=1", [str(SECOND)]),
        ("?status=available&skip=1", []),
    ):
        assert await here.read(path + query) == {id: both[id] for id in expected}, query
    assert await here.read(f"{RN}/EVSEs->GroupedStatus") == {
        "count": 2,
        "status": {"available": [str(FIRST)], "charging": [str(SECOND)]},
    }
    assert await here.read(f"{EVSE_PATH}/Status") == {"id": str(FIRST), "status": "available", "timestamp": MONDAY.wire}
    admin = await here.read(f"{RN}/EVSEs->AdminStatus")
    assert {word for _, word in admin.values()} == {"unspecified"}
    assert (await here.read(f"{RN}/RNs->Status".replace(f"{RN}/", "/wwcp/")))["test"][1] == "unspecified"


async def test_lists_below_a_pool_a_station_and_an_operator(here: Node) -> None:
    ids = [str(FIRST), str(SECOND)]
    for path in (
        "ChargingPools/DE*GEF*P1/EVSEs",
        "ChargingStations/DE*GEF*S1*A/EVSEs",
        "ChargingPools/DE*GEF*P1/ChargingStations/DE*GEF*S1*A/EVSEs",
    ):
        assert await here.read(f"{RN}/{path}->Id") == ids
        assert [one["@id"] for one in await here.read(f"{RN}/{path}")] == ids
    assert await here.read(f"{RN}/ChargingPools/DE*GEF*P1/ChargingStations->Id") == ["DE*GEF*S1*A"]
    assert await here.read(f"{RN}/ChargingStationOperators/DE*GEF/ChargingPools->Id") == ["DE*GEF*P1"]
    assert (await here.ask("GET", f"{RN}/ChargingPools/DE*GEF*P9/EVSEs")).status == 404


async def test_networks_operators_and_providers() -> None:
    data = replace(small_network(), e_mobility_providers=[EMobilityProvider(id=EMobilityProviderId.parse("DE-GDF"))])
    async with node(data) as here:
        [network] = await here.read("/wwcp/RNs")
        assert network["chargingStationOperatorIds"] == ["DE*GEF"]
        assert network["eMobilityProviderIds"] == ["DE-GDF"]
        assert await here.read("/wwcp/RNs->Id") == ["test"]
        assert (await here.read("/wwcp/RNs/test?expand=operators"))["chargingStationOperators"][0]["@id"] == "DE*GEF"
        assert (await here.read(f"{RN}/ChargingStationOperators/DE*GEF"))["roamingNetworkId"] == "test"
        assert (await here.read(f"{RN}/eMobilityProviders"))[0]["@id"] == "DE-GDF"
        assert (await here.ask("GET", "/wwcp/RNs/nowhere/EVSEs")).status == 404


async def test_head_and_options_tell_about_a_path(here: Node) -> None:
    head = await here.ask("HEAD", f"{RN}/EVSEs")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["x-expectedtotalnumberofitems"] == "2"
    options = await here.ask("OPTIONS", EVSE_PATH, client=None)
    assert options.status == 204
    assert options.headers["allow"] == (
        "AUTHSTART, AUTHSTOP, CANCELRESERVATION, DELETE, GET, HEAD, OPTIONS, PUT, "
        "REMOTESTART, REMOTESTOP, RESERVE, SENDCDR"
    )
    refused = await here.ask("PATCH", EVSE_PATH)
    assert (refused.status, refused.headers["allow"]) == (405, options.headers["allow"])


@pytest.mark.parametrize(
    "query",
    ["skip=-1", "take=many", "withMetadata=perhaps", "expand=everything", "after=yesterday", f"match={'x' * 300}"],
)
async def test_a_query_that_cannot_be_meant_is_refused_with_its_name(here: Node, query: str) -> None:
    response = await here.ask("GET", f"{RN}/EVSEs->Status?{query}" if "after" in query else f"{RN}/EVSEs?{query}")
    assert response.status == 400
    assert said(response)["description"].startswith(f"query {query.partition('=')[0]}")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("EVSEs/DE*GEF*X1", 400),
        ("EVSEs/DE*GEF*E9", 404),
        ("ChargingPools/%00", 400),
        ("EVSEs/%FF%FE", 400),
        ("nothing", 404),
    ],
)
async def test_ids_that_are_none_and_ids_of_nothing(here: Node, path: str, status: int) -> None:
    response = await here.ask("GET", f"{RN}/{path}")
    assert (response.status, "description" in said(response)) == (status, True)


async def test_what_is_gone_is_listed_only_where_it_is_asked_for(here: Node) -> None:
    here.network.places.set_evse_status(SECOND, EVSEStatus.removed)
    assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST)]
    assert await here.read(f"{RN}/EVSEs->Id?includeRemoved") == [str(FIRST), str(SECOND)]
    [found] = await here.read(f"{RN}/ChargingPools")
    assert len(found["chargingStations"][0]["EVSEs"]) == 1
    assert (await here.read(f"{EVSE_PATH[:-1]}2"))["status"][1] == "removed"


async def test_others_have_their_turn_while_a_large_network_is_read() -> None:
    """Called without a socket, so that every turn that somebody else gets is one that the handler gave."""
    async with node(replace(sample_network(pools=600, evses=6000), id="test")) as here:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        for path in ("ChargingPools?take=600", "EVSEs->Status?take=6000&status=unknown", "EVSEs?match=nothing"):
            request = Request(
                method="GET",
                url=f"{RN}/{path}",
                headers={"authorization": f"Bearer {here.tokens['all'].reveal()}"},
            )
            turns, counting = 0, asyncio.create_task(count())
            response = await here.face.handle(request)
            counting.cancel()
            assert (response.status, turns > 3) == (200, True), (path, turns)
