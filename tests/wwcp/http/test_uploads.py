# SPDX-License-Identifier: AGPL-3.0-or-later
"""Uploads: taken whole or not at all, found equal, the same twice, and still there after a restart."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.wwcp.http.serving import EVSE_PATH, RN, Node, node, said
from tests.wwcp.making import FIRST, GEF, POOL, SECOND, evse, pool, station
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingTariffId, EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import write
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import Status
from wwcp_ocpi.wwcp.sample.network import sample_network

EMPTY = RoamingNetworkData(id="test")
POOL_PATH = f"{RN}/ChargingPools/{POOL}"
WHOLE = json.loads(write(pool(station(evse(), evse(SECOND)))))
TARIFF = {
    "@id": "DE*GEF*T1",
    "currency": "EUR",
    "elements": [{"priceComponents": [{"type": "ENERGY", "price": "0.45"}]}],
}


def static(here: Node) -> Any:
    """The network without what is learned by the clock."""
    found = here.network.places.snapshot()
    return json.loads(write(found))


async def operator_here(here: Node) -> None:
    assert (
        await here.ask("PUT", f"{RN}/ChargingStationOperators/DE*GEF", {"name": {"en": "GraphDefined"}})
    ).status == 201


async def test_a_network_that_is_uploaded_is_read_equal() -> None:
    sample = replace(sample_network(pools=30, evses=200), id="test")
    async with node(EMPTY, limits=ServerLimits(body_bytes=50_000_000, drain_s=1)) as here:
        assert (await here.ask("PUT", RN, write(sample))).status == 200
        assert here.network.places.pools() is not None
        by_id = {pool.id: pool for operator in sample.charging_station_operators for pool in operator.charging_pools}
        found = {pool.id: pool for pool in here.network.places.pools()}
        assert set(found) == set(by_id)
        other = Node(EMPTY)
        other.network.places.__init__(sample)  # type: ignore[misc]
        assert found == {pool.id: pool for pool in other.network.places.pools()}
        again = await here.ask("PUT", RN, write(sample))
        assert (again.status, found) == (200, {pool.id: pool for pool in here.network.places.pools()})


async def test_what_was_uploaded_survives_a_restart() -> None:
    store = MemoryStore()
    async with node(EMPTY, store=store) as here:
        await operator_here(here)
        assert (await here.ask("PUT", POOL_PATH, WHOLE)).status == 201
        assert (await here.ask("PUT", f"{RN}/ChargingTariffs/DE*GEF*T1", TARIFF)).status == 201
        assert (await here.ask("PUT", f"{RN}/eMobilityProviders/DE-GDF", {"name": {"en": "GDF"}})).status == 201
        for body in ({"2026-08-03T08:00:00Z": "available"}, {"2999-01-01T00:00:00Z": "outOfService"}):
            assert (await here.ask("SET", f"{EVSE_PATH}/Status", {"statusList": body})).status == 204
        assert (await here.ask("PUT", f"{EVSE_PATH}/AdminStatus", "operational")).status == 204
        assert (await here.ask("PUT", f"{POOL_PATH}/Status", {"currentStatus": "partialAvailable"})).status == 204
        assert (await here.ask("DELETE", f"{RN}/EVSEs/{SECOND}")).status == 204
        before = static(here)
    async with node(EMPTY, store=store) as here:
        assert static(here) == before
        assert here.network.places.evse_status(SECOND) is EVSEStatus.removed
        assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST)]


async def test_an_upload_wins_over_the_file_and_a_later_state_over_an_earlier() -> None:
    store = MemoryStore()
    async with node(store=store) as here:
        changed = WHOLE | {"name": {"de": "Neu"}}
        assert (await here.ask("PUT", POOL_PATH, changed)).status == 200
        assert (await here.ask("SET", f"{RN}/EVSEs->Status", {str(FIRST): "charging"})).status == 200
    async with node(store=store) as here:
        assert here.network.places.pool(POOL).name == {"de": "Neu"}
        assert here.network.places.evse_status(FIRST) is EVSEStatus.charging


async def test_the_same_put_twice_changes_nothing_and_tells_nobody() -> None:
    async with node(EMPTY) as here:
        await operator_here(here)
        first = await here.ask("PUT", POOL_PATH, WHOLE)
        number, before = here.network.bus.number, static(here)
        again = await here.ask("PUT", POOL_PATH, WHOLE)
        assert (first.status, again.status, first.headers["etag"]) == (201, 200, again.headers["etag"])
        assert (here.network.bus.number, static(here)) == (number, before)


async def test_what_was_read_can_be_put_back_and_a_change_has_a_new_moment() -> None:
    async with node() as here:
        for path in (
            POOL_PATH,
            f"{RN}/ChargingStations/DE*GEF*S1*A",
            EVSE_PATH,
            f"{RN}/ChargingStationOperators/DE*GEF",
        ):
            number, found = here.network.bus.number, await here.read(path)
            put = await here.ask("PUT", path, found)
            assert (put.status, said(put), here.network.bus.number) == (200, {}, number), path
        found = await here.read(POOL_PATH)
        await here.ask("PUT", POOL_PATH, found | {"name": {"en": "New"}})
        changed = await here.read(POOL_PATH)
        assert changed["lastChange"] >= found["lastChange"]
        assert changed["chargingStations"] == found["chargingStations"]


async def test_stations_and_evses_are_put_into_what_is_there_and_bring_nothing_back() -> None:
    async with node() as here:
        places = here.network.places
        places.set_evse_status(SECOND, EVSEStatus.removed)
        third = EVSEId.parse("DE*GEF*E1*A*3")
        made = json.loads(write(evse(third)))
        new_path = f"{RN}/EVSEs/{third}"
        assert (await here.ask("PUT", new_path, made)).status == 404
        assert (await here.ask("PUT", f"{RN}/ChargingStations/DE*GEF*S1*A/EVSEs/{third}", made)).status == 201
        assert (await here.ask("PUT", new_path, made | {"maxPower": 11000})).status == 200
        assert places.evse(third).max_power == 11000
        other = json.loads(
            write(station(evse(EVSEId.parse("DE*GEF*E1*B*1")), id=ChargingStationId.parse("DE*GEF*S1*B")))
        )
        assert (await here.ask("PUT", f"{POOL_PATH}/ChargingStations/DE*GEF*S1*B", other)).status == 201
        assert places.evse_status(SECOND) is EVSEStatus.removed
        assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST), str(third), "DE*GEF*E1*B*1"]


async def test_what_a_pool_does_not_name_any_more_is_removed_and_comes_back_when_it_is_named() -> None:
    async with node() as here:
        await here.ask("PUT", POOL_PATH, json.loads(write(pool(station(evse())))))
        assert here.network.places.evse_status(SECOND) is EVSEStatus.removed
        await here.ask("PUT", POOL_PATH, WHOLE)
        assert here.network.places.evse_status(SECOND) is EVSEStatus.unknown
        assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST), str(SECOND)]


@pytest.mark.parametrize("path", [POOL_PATH, f"{RN}/ChargingStationOperators/DE*GEF"])
async def test_a_delete_removes_everything_below_and_a_put_brings_it_back(path: str) -> None:
    async with node() as here:
        assert (await here.ask("DELETE", path)).status == 204
        assert await here.read(f"{RN}/ChargingPools->Id") == []
        assert await here.read(f"{RN}/EVSEs->Id") == []
        assert await here.read(f"{RN}/ChargingPools->Id?includeRemoved") == [str(POOL)]
        assert (await here.ask("DELETE", path)).status == 204
        await operator_here(here) if path != POOL_PATH and GEF not in here.network.places.operators else None
        assert (await here.ask("PUT", POOL_PATH, WHOLE)).status == 200
        assert await here.read(f"{RN}/EVSEs->Id") == [str(FIRST), str(SECOND)]
        assert here.network.places.statuses.status(POOL, here.network.places.now) is Status.unspecified


async def test_tariffs_come_and_go_with_their_operator() -> None:
    async with node() as here:
        path = f"{RN}/ChargingTariffs/DE*GEF*T1"
        assert (await here.ask("PUT", path, TARIFF)).status == 201
        assert (await here.ask("PUT", path, TARIFF | {"currency": "CHF"})).status == 200
        found = await here.read(path)
        assert (found["currency"], found["elements"][0]["priceComponents"][0]["price"]) == ("CHF", "0.45")
        assert await here.read(f"{RN}/ChargingStationOperators/DE*GEF/ChargingTariffs->Id") == ["DE*GEF*T1"]
        assert here.network.places.operator(GEF).charging_tariffs[0].id == ChargingTariffId.parse("DE*GEF*T1")
        assert (await here.ask("DELETE", path)).status == 204
        assert (await here.ask("DELETE", path)).status == 404


async def test_an_etag_keeps_two_writers_from_overwriting_each_other() -> None:
    async with node() as here:
        tag = (await here.ask("GET", POOL_PATH)).headers["etag"]
        here.network.places.set_evse_status(FIRST, EVSEStatus.charging)  # is no change of what is static
        first = await here.ask("PUT", POOL_PATH, WHOLE | {"name": {"en": "One"}}, headers={"if-match": tag})
        second = await here.ask("PUT", POOL_PATH, WHOLE | {"name": {"en": "Two"}}, headers={"if-match": tag})
        assert (first.status, second.status) == (200, 412)
        assert here.network.places.pool(POOL).name == {"en": "One"}
        new = f"{RN}/ChargingPools/DE*GEF*P2"
        assert (await here.ask("PUT", new, {}, headers={"if-match": "*"})).status == 412
        assert (await here.ask("PUT", new, {}, headers={"if-none-match": "*"})).status == 201
        assert (await here.ask("PUT", new, {}, headers={"if-none-match": "*"})).status == 412
        assert (await here.ask("DELETE", new, headers={"if-match": tag})).status == 412


NEW = f"{RN}/ChargingPools/DE*GEF*P2"


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        (POOL_PATH, b"{", 400, "$"),
        (POOL_PATH, b"[]", 400, "$"),
        (POOL_PATH, b"\xff\xfe", 400, "$"),
        (POOL_PATH, b"[" * 5000 + b"]" * 5000, 413, None),
        (POOL_PATH, {"@id": "DE*GEF*P2"}, 400, "$.@id"),
        (POOL_PATH, {"name": "Am Markt"}, 400, "$.name"),
        (POOL_PATH, {"geoLocation": {"lat": "north", "lng": 1}}, 400, "$.geoLocation.lat"),
        (POOL_PATH, {"roamingNetworkId": "other"}, 400, "$.roamingNetworkId"),
        (POOL_PATH, {"ChargingStationOperatorID": "NL*OTH"}, 400, "$.ChargingStationOperatorID"),
        (
            POOL_PATH,
            {"chargingStations": [{"@id": "DE*GEF*S1*A", "EVSEs": [{"@id": "?"}]}]},
            400,
            "$.chargingStations[0].EVSEs[0].@id",
        ),
        (
            POOL_PATH,
            {"chargingStations": [{"@id": "DE*GEF*S9"}, {"@id": "DE*GEF*S9"}]},
            400,
            "$.chargingStations[1].@id",
        ),
        (NEW, {"chargingStations": [{"@id": "DE*GEF*S2", "EVSEs": [{"@id": str(FIRST)}]}]}, 409, None),
        (NEW, {"chargingStations": [{"@id": "DE*GEF*S1*A"}]}, 409, None),
        (EVSE_PATH, {"@id": str(FIRST), "chargingStationId": "DE*GEF*S9"}, 400, "$.chargingStationId"),
        (RN, {"@id": "other"}, 400, "$.@id"),
        (
            RN,
            {"chargingPools": [{"@id": "NL*OTH*P1"}, {"@id": "DE*GEF*P1", "maxPower": "much"}]},
            400,
            "$.chargingPools[1].maxPower",
        ),
        (
            RN,
            {
                "chargingPools": [
                    {"@id": "DE*GEF*P2"},
                    {"@id": "DE*GEF*P3", "chargingStations": [{"@id": "DE*GEF*S1*A"}]},
                ]
            },
            409,
            None,
        ),
        (f"{RN}/EVSEs->Status", {str(FIRST): "charging", "DE*GEF*E9": "charging"}, 400, "$['DE*GEF*E9']"),
        (f"{RN}/EVSEs->Status", {str(FIRST): "charging", "?": "charging"}, 400, "$['?']"),
        (f"{RN}/EVSEs->Status", {str(FIRST): "charging", str(SECOND): 3}, 400, f"$['{SECOND}']"),
        (f"{RN}/EVSEs->Status", {str(FIRST): "charging", str(SECOND): ["soon", "charging"]}, 400, f"$['{SECOND}'][1]"),
        (f"{RN}/EVSEs->Status", {str(FIRST): "charging", "DEGEFE1A1": "charging"}, 400, "$['DEGEFE1A1']"),
        (f"{EVSE_PATH}/Status", {}, 400, "$"),
        (f"{EVSE_PATH}/Status", {"currentStatus": "x" * 65}, 400, "$.currentStatus"),
        (
            f"{EVSE_PATH}/Status",
            {"statusList": {f"2026-01-01T00:00:{n:02}Z": "available" for n in range(51)}},
            400,
            "$",
        ),
    ],
)
async def test_a_mistake_is_named_by_its_place_and_nothing_is_taken(
    path: str, body: object, status: int, where: str | None
) -> None:
    async with node() as here:
        before, number = here.network.places.snapshot(), here.network.bus.number
        response = await here.ask("PUT", path, body)
        assert (response.status, said(response).get("path")) == (status, where), response.body
        assert (here.network.places.snapshot(), here.network.bus.number) == (before, number)


async def test_a_word_outside_the_enum_is_kept_and_an_unknown_key_is_noted() -> None:
    async with node() as here:
        put = await here.ask("PUT", EVSE_PATH, {"colour": "green"})
        assert said(put)["notes"][0]["path"] == "$.colour"
        assert (await here.read(EVSE_PATH))["colour"] == "green"
        assert (await here.ask("SET", f"{EVSE_PATH}/Status", {"currentStatus": "onFire"})).status == 204
        assert (await here.read(f"{EVSE_PATH}/Status"))["status"] == "onFire"


async def test_a_body_that_is_too_large_or_no_json_is_refused() -> None:
    async with node(limits=ServerLimits(body_bytes=10_000, drain_s=1)) as here:
        assert (await here.ask("PUT", POOL_PATH, b"x" * 20_000)).status == 413
        assert (await here.ask("PUT", POOL_PATH, WHOLE, headers={"content-type": "text/xml"})).status == 415
        assert (await here.ask("PUT", POOL_PATH, WHOLE, headers={"content-type": "application/ld+json"})).status == 200


async def test_many_statuses_at_once_are_few_writes_and_none_is_lost() -> None:
    class Counting(MemoryStore):
        writes = 0

        async def change_document(self, kind: str, id: str, decide: Any) -> bytes | None:
            self.writes += kind.startswith("wwcp.places.")
            await asyncio.sleep(0)
            return await super().change_document(kind, id, decide)

    store = Counting()
    async with node(store=store) as here:
        words = ["available", "charging"] * 50
        answers = await asyncio.gather(*(here.ask("SET", f"{EVSE_PATH}/Status", word) for word in words))
        assert {answer.status for answer in answers} == {204}
        assert store.writes < len(words)
        last = here.network.places.evse_status(FIRST)
    async with node(store=store) as here:
        assert here.network.places.evse_status(FIRST) is last


async def test_what_cannot_be_written_is_not_acknowledged_and_written_with_the_next() -> None:
    class Full(MemoryStore):
        is_full = False

        async def change_document(self, kind: str, id: str, decide: Any) -> bytes | None:
            if self.is_full and kind.startswith("wwcp.places."):
                raise OSError("disk full")
            return await super().change_document(kind, id, decide)

    store = Full()
    async with node(store=store) as here:
        store.is_full = True
        assert (await here.ask("SET", f"{EVSE_PATH}/Status", "charging")).status == 500
        store.is_full = False
        assert (await here.ask("SET", f"{RN}/EVSEs/{SECOND}/Status", "available")).status == 204
    async with node(store=store) as here:
        assert here.network.places.evse_status(FIRST) is EVSEStatus.charging
        assert here.network.places.evse_status(SECOND) is EVSEStatus.available


async def test_what_does_not_fit_the_file_any_more_is_left_out_and_kept() -> None:
    store = MemoryStore()
    async with node(store=store) as here:
        assert (await here.ask("PUT", POOL_PATH, WHOLE)).status == 200
    moved = ChargingPoolId.parse("DE*GEF*P2")
    data = RoamingNetworkData(id="test", charging_pools=[pool(station(evse(), evse(SECOND)), id=moved)])
    async with node(data, store=store) as here:
        assert here.network.places.pool_id_of(FIRST) == moved
        assert len(await store.documents("wwcp.places.pools.test")) == 1
