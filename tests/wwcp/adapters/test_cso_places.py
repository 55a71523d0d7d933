# SPDX-License-Identifier: AGPL-3.0-or-later
"""Places, tariffs and statuses of a WWCP network at OCPI partners (T1, T3 to T8, the operator's half)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.partners.test_modules import deliver
from tests.platforms import ALL_VERSIONS, CPO, EMSP
from tests.rules import rule
from tests.wwcp.adapters.cso_world import ENERGY, World, energy_tariff, priced, world
from tests.wwcp.making import (
    FIRST,
    GEF,
    POOL,
    SECOND,
    TUESDAY,
    WEDNESDAY,
    connector,
    evse,
    operator,
    pool,
    station,
)
from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.protocol.errors import Refused
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.protocol.modifiers import Modifiers
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.ports import Delivery, Outbox
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.places import Address, GeoLocation
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOOptions
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope

HOST = "emsp.example"


def evses(location: dict[str, Any]) -> dict[str, str]:
    return {one["uid"]: one["status"] for one in location["evses"]}


async def location_at(one: World) -> dict[str, Any]:
    (found,) = await one.at(HOST, "locations")
    return found


async def test_t1_pools_and_tariffs_are_at_partners_from_the_start() -> None:
    async with world() as one:
        location = await location_at(one)
        assert (location["id"], location["party_id"]) == ("DE*GEF*P1", "GEF")
        assert evses(location) == {str(FIRST): "UNKNOWN", str(SECOND): "UNKNOWN"}
        assert [tariff["id"] for tariff in await one.at(HOST, "tariffs")] == ["DE*GEF*TENERGY"]
        assert location["evses"][0]["connectors"][0]["tariff_ids"] == ["DE*GEF*TENERGY"]


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_t3_to_t7_what_changes_is_at_partners(version: str) -> None:
    async with world(version=version) as one:
        await one.settle()
        places = one.network.places
        one.clock.now = TUESDAY
        address = Address(
            street="Amselfeld", house_number="42", postal_code="07742", city={"de": "NeuJena"}, country="DEU"
        )
        moved = GeoLocation(latitude=Decimal("40.257"), longitude=Decimal("16.381"))
        first = evse(
            charging_connectors=[connector(type=ChargingConnectorType.TESLA_R, tariff_ids=[ENERGY])],
            physical_reference="E-V-S-E-#1",
        )
        changed = priced(name={"en": "Test pool #1 (updated)"}, address=replace(address, time_zone="Europe/Berlin"))
        (only,) = changed.charging_stations
        places.upsert_pool(
            replace(changed, charging_stations=[replace(only, geo_location=moved, evses=[first, only.evses[1]])])
        )
        location = await location_at(one)
        assert (location["name"], location["city"]) == ("Test pool #1 (updated)", "NeuJena")
        assert (location["address"], location["postal_code"]) == ("Amselfeld 42", "07742")
        (told, _) = location["evses"]
        assert (told["physical_reference"], told["coordinates"]["latitude"].ljust(9, "0")) == (
            "E-V-S-E-#1",
            "40.257000",
        )
        assert told["connectors"][0]["standard"] == "TESLA_R"
        assert location["last_updated"] == TUESDAY.wire


@rule("LOC-14")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_t8_a_status_is_a_patch_with_its_moment(version: str) -> None:
    async with world(version=version) as one:
        await one.settle()
        one.net.requests.clear()
        one.clock.now = WEDNESDAY
        one.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        location = await location_at(one)
        assert evses(location)[str(FIRST)] == "CHARGING"
        assert location["last_updated"] == location["evses"][0]["last_updated"] == WEDNESDAY.wire
        (request,) = one.net.requests
        assert request.method == ("PATCH" if version == "2.3.0" else "PUT")


@rule("LOC-01")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_an_evse_or_pool_that_goes_away_is_removed_and_not_gone(version: str) -> None:
    async with world(version=version) as one:
        await one.settle()
        places = one.network.places
        places.upsert_pool(pool(station(evse())))
        assert evses(await location_at(one)) == {str(FIRST): "UNKNOWN", str(SECOND): "REMOVED"}
        places.remove_pool(POOL)
        assert evses(await location_at(one)) == {str(FIRST): "REMOVED", str(SECOND): "REMOVED"}
        places.upsert_pool(priced())
        places.set_evse_status(FIRST, EVSEStatus.available)
        assert evses(await location_at(one)) == {str(FIRST): "AVAILABLE", str(SECOND): "UNKNOWN"}


@rule("LOC-01")
async def test_an_evse_that_ocpi_cannot_say_any_more_is_removed() -> None:
    async with world() as one:
        await one.settle()
        one.network.places.upsert_pool(pool(station(evse(charging_connectors=[]), evse(SECOND))))
        assert evses(await location_at(one)) == {str(SECOND): "UNKNOWN", str(FIRST): "REMOVED"}


async def test_what_went_away_while_we_were_not_running_is_removed() -> None:
    other = ChargingPoolId.parse("DE*GEF*P2")
    far = pool(station(evse(SECOND.parse("DE*GEF*E2*A*1")), id=ChargingStationId.parse("DE*GEF*S2*A")), id=other)
    second = energy_tariff(id=ChargingTariffId(GEF, "OLD"))
    made = operator(charging_pools=[priced(), far], charging_tariffs=[energy_tariff(), second])
    async with world(operators=[made]) as one:
        assert len(await one.at(HOST, "locations")) == 2
        await one.stop()
        one.data = replace(
            one.data,
            charging_station_operators=[
                operator(charging_pools=[pool(station(evse()))], charging_tariffs=[energy_tariff()])
            ],
        )
        one._begin()
        one.clock.now = TUESDAY
        await one.start()
        first, gone = await one.at(HOST, "locations")
        assert evses(first) == {str(FIRST): "UNKNOWN", str(SECOND): "REMOVED"}
        assert (gone["id"], evses(gone), gone["last_updated"]) == (
            "DE*GEF*P2",
            {"DE*GEF*E2*A*1": "REMOVED"},
            TUESDAY.wire,
        )
        assert [tariff["id"] for tariff in await one.at(HOST, "tariffs")] == ["DE*GEF*TENERGY"]


async def test_a_start_without_changes_tells_nobody_anything() -> None:
    async with world() as one:
        one.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        await one.settle()
        one.net.requests.clear()
        await one.restart()
        await one.settle()
        assert one.net.requests == []


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_tariffs_follow_their_operator(version: str) -> None:
    async with world(version=version) as one:
        await one.settle()
        night = energy_tariff("0.20", ChargingTariffId(GEF, "NIGHT"))
        one.network.places.upsert_operator(operator(charging_tariffs=[energy_tariff("0.45"), night]))
        prices = {
            tariff["id"]: tariff["elements"][0]["price_components"][0]["price"]
            for tariff in await one.at(HOST, "tariffs")
        }
        assert prices == {"DE*GEF*TENERGY": 0.45, "DE*GEF*TNIGHT": 0.2}
        one.net.requests.clear()
        one.network.places.upsert_operator(operator(charging_tariffs=[energy_tariff("0.45")]))
        assert [tariff["id"] for tariff in await one.at(HOST, "tariffs")] == ["DE*GEF*TENERGY"]
        assert [request.method for request in one.net.requests] == ["DELETE"]


async def test_what_locations_show_of_an_operator_follows_it() -> None:
    async with world() as one:
        await one.settle()
        one.clock.now = TUESDAY
        one.network.places.upsert_operator(operator(name={"de": "Neustrom"}, charging_tariffs=[energy_tariff()]))
        assert (await location_at(one))["operator"]["name"] == "Neustrom"


async def test_a_tariff_is_named_as_it_was_published_however_the_connector_writes_it() -> None:
    written = ChargingTariffId.parse("DEGEFTENERGY")
    sockets = [connector(tariff_ids=[written])]
    made = operator(
        charging_pools=[pool(station(evse(charging_connectors=sockets)))], charging_tariffs=[energy_tariff()]
    )
    async with world(operators=[made]) as one:
        assert (await location_at(one))["evses"][0]["connectors"][0]["tariff_ids"] == ["DE*GEF*TENERGY"]


async def test_a_tariff_that_ocpi_cannot_say_is_noted_and_costs_the_others_nothing() -> None:
    made = operator(
        charging_pools=[priced()],
        charging_tariffs=[energy_tariff(currency="€"), energy_tariff(id=ChargingTariffId(GEF, "B"))],
    )
    async with world(operators=[made]) as one:
        assert [tariff["id"] for tariff in await one.at(HOST, "tariffs")] == ["DE*GEF*TB"]
        (note,) = one.adapter.publisher.notes["DE*GEF*TENERGY"]
        assert note.path == "$.currency"


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        (Scope(), ["DE*GEF*P1", "DE*GEF*P2", "NL*TNM*P1"]),
        (Scope(operators={GEF}), ["DE*GEF*P1", "DE*GEF*P2"]),
        (Scope(pools={POOL}), ["DE*GEF*P1"]),
        (Scope(stations={ChargingStationId.parse("DE*GEF*S2*A")}), ["DE*GEF*P2"]),
        (Scope(evses={FIRST}), ["DE*GEF*P1"]),
    ],
)
async def test_partners_see_what_is_included_at_every_level(scope: Scope, shown: list[str]) -> None:
    tnm = ChargingStationOperatorId.parse("NL*TNM")
    far = pool(
        station(evse(FIRST.parse("DE*GEF*E2*A*1")), id=ChargingStationId.parse("DE*GEF*S2*A")),
        id=ChargingPoolId.parse("DE*GEF*P2"),
    )
    foreign = pool(
        station(evse(FIRST.parse("NL*TNM*E1*1")), id=ChargingStationId.parse("NL*TNM*S1")),
        id=ChargingPoolId.parse("NL*TNM*P1"),
    )
    theirs = ChargingTariffId(tnm, "A")
    made = [
        operator(charging_pools=[priced(), far], charging_tariffs=[energy_tariff()]),
        operator(id=tnm, charging_pools=[foreign], charging_tariffs=[energy_tariff(id=theirs)]),
    ]
    more = (OwnParty(id=PartyId("NL", "TNM"), role="CPO", name="TNM"),)
    async with world(operators=made, options=CSOOptions(scope=scope), more=more) as one:
        found = {location["id"]: location for location in await one.at(HOST, "locations")}
        assert sorted(id for id, location in found.items() if location.get("evses")) == shown
        if scope.operators is not None:
            assert [tariff["id"] for tariff in await one.at(HOST, "tariffs")] == ["DE*GEF*TENERGY"]
        if scope.evses is not None:
            one.net.requests.clear()
            one.network.places.set_evse_status(SECOND, EVSEStatus.charging)
            await one.settle()
            assert one.net.requests == []


@rule("LOC-01")
async def test_what_is_included_no_more_is_removed() -> None:
    async with world() as one:
        await one.settle()
        await one.stop()
        one.options = CSOOptions(scope=Scope(evses={SECOND}))
        one._begin()
        await one.start()
        assert evses(await location_at(one)) == {str(SECOND): "UNKNOWN", str(FIRST): "REMOVED"}
        await one.stop()
        one.options = CSOOptions(scope=Scope(pools=frozenset()))
        one._begin()
        await one.start()
        assert evses(await location_at(one)) == {str(SECOND): "REMOVED", str(FIRST): "REMOVED"}


async def test_a_partner_that_is_away_holds_up_nobody() -> None:
    async with world("emsp.example", "other.example") as one:
        await one.settle()
        one.net.down.add("other.example")
        one.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        assert evses(await location_at(one))[str(FIRST)] == "CHARGING"
        assert await one.outbox.waiting("other.example") == 1


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_one_partner_may_have_the_short_ids_of_locations(version: str) -> None:
    options = CSOOptions(suffix_ids_for=frozenset({"other.example"}))
    async with world("emsp.example", "other.example", version=version, options=options) as one:
        one.network.places.set_evse_status(FIRST, EVSEStatus.charging)
        assert [found["id"] for found in await one.at("emsp.example", "locations")] == ["DE*GEF*P1"]
        (short,) = await one.at("other.example", "locations")
        assert (short["id"], evses(short)[str(FIRST)]) == ("1", "CHARGING")
        pulled = await one.emsps["other.example"].pull("cpo.example", "locations")
        assert (pulled.received, [found["id"] for found in await one.at("other.example", "locations")]) == (1, ["1"])
        peer: Peer = one.emsps["other.example"].peer("cpo.example")
        cls: Any = peer.version.object_named("Location")
        answered = await peer.send(peer.list_row(cls), f"https://cpo.example/ocpi/{version}/sender/locations/1")
        assert b'"id":"1"' in bytes(answered.envelope.data or b"")
        with pytest.raises(Refused):
            await peer.send(peer.list_row(cls), f"https://cpo.example/ocpi/{version}/sender/locations/2")


async def test_an_operators_own_modifiers_see_what_the_partner_sees() -> None:
    seen: list[str] = []

    def request_to(request: Request) -> Request:
        seen.append(request.url)
        return request

    made = World(options=CSOOptions(suffix_ids_for=frozenset({HOST})))
    await made.join(HOST, EMSP)
    made.cpo.modifiers[HOST] = Modifiers(request_to=request_to)
    await made.start()
    try:
        await made.settle()
        assert any(url.endswith("/locations/DE/GEF/1") for url in seen)
    finally:
        await made.close()


async def test_delivery_of_a_burst_keeps_the_order_of_each_evse() -> None:
    async with world() as one:
        await one.settle()
        for status in (EVSEStatus.charging, EVSEStatus.available) * 20 + (EVSEStatus.blocked,):
            for id in (FIRST, SECOND):
                one.network.places.set_evse_status(id, status)
        await one.adapter.settle()
        await deliver(one.cpo)
        assert set(evses(await location_at(one)).values()) == {"BLOCKED"}
        assert one.cpo.courier.refused == 0
        assert PartyId("DE", "GEF") == CPO


async def _statuses_at_once(one: World, *changes: tuple[EVSEId, EVSEStatus]) -> None:
    """These wait together, for nobody stores one before all are there."""
    for id, status in changes:
        one.network.places.set_evse_status(id, status)
    await one.adapter.settle()


async def test_statuses_that_wait_together_are_one_transaction_and_lose_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as one:
        await one.settle()
        together: list[int] = []
        real = one.cpo.store.change_all

        async def counted(changes: Any) -> Any:
            together.append(len(changes))
            return await real(changes)

        monkeypatch.setattr(one.cpo.store, "change_all", counted)
        charging, available = EVSEStatus.charging, EVSEStatus.available
        await _statuses_at_once(one, (FIRST, charging), (SECOND, charging), (FIRST, available))
        assert together == [3]
        heard = [(one.push.parts[0], b"CHARGING" in one.push.body) for one in await _all_of(one.outbox)]
        assert heard == [(str(FIRST), True), (str(SECOND), True), (str(FIRST), False)]


async def _all_of(outbox: Outbox) -> list[Delivery]:
    found: list[Delivery] = []
    while due := await outbox.due(100):
        await outbox.done([one.number for one in due])
        found += due
    return found


async def test_one_status_that_cannot_be_stored_takes_no_other_with_it() -> None:
    async with world() as one:
        await one.settle()
        names = one.adapter.publisher.names
        names._uids[SECOND] = "NO-SUCH-EVSE"
        await _statuses_at_once(one, (SECOND, EVSEStatus.charging), (FIRST, EVSEStatus.charging))
        assert evses(await location_at(one)) == {str(FIRST): "CHARGING", str(SECOND): "UNKNOWN"}


async def test_statuses_that_are_refused_together_are_stored_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as one:
        await one.settle()

        async def refuse(changes: Any) -> Any:
            raise StoreFailed("the database refused a change")

        monkeypatch.setattr(one.cpo.store, "change_all", refuse)
        await _statuses_at_once(one, (SECOND, EVSEStatus.charging), (FIRST, EVSEStatus.charging))
        assert evses(await location_at(one)) == {str(FIRST): "CHARGING", str(SECOND): "CHARGING"}
