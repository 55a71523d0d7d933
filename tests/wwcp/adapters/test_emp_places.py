# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations and Tariffs of CPO partners become pools and tariffs of foreign operators, and follow what they do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects import NEW, connector, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP
from tests.rules import rule
from tests.wwcp.adapters.emp_world import EVSE_1, GEF, POOL, World, world
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import Key, Side, Write
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingTariffId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingStationOperator, evses_of
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, Status
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, OperatorChange, PoolChange
from wwcp_ocpi.wwcp.ocpi.emp import places
from wwcp_ocpi.wwcp.ocpi.inward.evse import evse_statuses
from wwcp_ocpi.wwcp.ocpi.inward.location import pool_of

versions = pytest.mark.parametrize("version", ALL_VERSIONS)


@versions
async def test_a_location_becomes_a_pool_of_its_operator(version: str) -> None:
    here = await World(version).begin()
    await here.put("tariffs", here.tariff())
    details = {"name": "GraphDefined"}
    await here.place(operator=details)
    live = here.network.places
    pool = live.pool(POOL)
    assert (list(pool.name.values()), pool.data_source) == (["Test pool"], "cpo.example")
    assert [(evse.id, evse.status[0].value) for evse in evses_of(pool)] == [(EVSE_1, EVSEStatus.available)]
    assert list(live.operator(GEF).name.values()) == ["GraphDefined"]
    assert [one.currency for one in live.operator(GEF).charging_tariffs] == ["EUR"]
    assert here.adapter.names.wwcp_place(CPO, "LOC1", "E1") is not None
    (change,) = here.of(PoolChange)
    assert (change.previous, change.added) == (None, [EVSE_1])


@versions
async def test_a_status_is_an_event_and_maps_nothing_else_anew(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = await world(version)
    mapped: list[str] = []

    def counted(location: Any, *args: Any, **more: Any) -> Any:
        mapped.append(location.id)
        return pool_of(location, *args, **more)

    monkeypatch.setattr(places, "pool_of", counted)
    await here.status("CHARGING")
    (change,) = here.events
    assert isinstance(change, EVSEStatusChange)
    assert (change.evse_id, change.pool_id) == (EVSE_1, POOL)
    assert (change.old_status, change.status) == (EVSEStatus.available, EVSEStatus.charging)
    assert change.timestamp == DateTime.parse("2026-03-01T11:00:00Z")
    assert mapped == []
    await here.place(name="Other", evses=[here.evse(status="CHARGING")], last_updated="2026-03-01T11:30:00Z")
    assert mapped == ["LOC1"]


async def test_of_many_evses_only_the_one_that_changed_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    here = await world()
    await here.place(evses=[here.evse(f"E{number}") for number in range(1, 40)])
    read: list[str] = []

    def counted(evse: Any, *args: Any, **more: Any) -> Any:
        read.append(evse.uid)
        return evse_statuses(evse, *args, **more)

    monkeypatch.setattr(places, "evse_statuses", counted)
    await here.status("CHARGING", "E7")
    await here.status("OUTOFORDER", "E9")
    assert read == ["E7", "E9"]
    assert here.network.places.evse_status(EVSEId.parse("DE*GEF*E7")) is EVSEStatus.charging


async def test_what_is_told_again_changes_nothing() -> None:
    here = await world()
    await here.place()
    await here.status("AVAILABLE")
    assert here.events == []


@pytest.mark.parametrize("at", ["2051-01-01T00:00:00Z", "2026-03-01T11:00:00Z"])
async def test_what_a_partner_says_holds_now_whatever_his_clock_shows(at: str) -> None:
    here = await world()
    await here.status("CHARGING", at=at)
    live = here.network.places
    assert live.evse_status(EVSE_1) is EVSEStatus.charging
    older = location("2.3.0", evses=[here.evse(status="AVAILABLE", last_updated="2025-01-01T00:00:00Z")])
    key = Key(Side.THEIRS, "locations", CPO, "LOC1")
    await here.emsp.store.change(
        key, lambda _: Write(version="2.3.0", last_updated=1, body=codec.encode(older), source="cpo.example")
    )
    await here.adapter.settle()
    assert live.evse_status(EVSE_1) is EVSEStatus.available


async def test_planned_statuses_come_into_force_and_can_be_taken_back() -> None:
    here = await world()
    plan = [{"period_begin": "2026-03-01T13:00:00Z", "period_end": "2026-03-01T14:00:00Z", "status": "RESERVED"}]
    await here.place(evses=[here.evse(status_schedule=plan), here.evse("E22", status_schedule=plan)], last_updated=NEW)
    await here.status("CHARGING", at="2026-03-01T11:00:00Z")
    unplanned = [here.evse(status="CHARGING"), here.evse("E22", status_schedule=plan)]
    await here.place(evses=unplanned, last_updated="2026-03-01T11:30:00Z")
    await here.timer.advance(3600)
    await here.network.advance()
    live = here.network.places
    assert live.evse_status(EVSE_1) is EVSEStatus.charging
    assert live.evse_status(EVSEId.parse("DE*GEF*E22")) is EVSEStatus.reserved
    history, _ = live.evse_history(EVSE_1)
    assert [entry.value for entry in history] == [EVSEStatus.charging, EVSEStatus.available]


@rule("LOC-01")
@versions
async def test_an_evse_that_is_removed_or_left_out_stays_as_removed(version: str) -> None:
    here = await world(version)
    await here.place(evses=[here.evse(), here.evse("E22")], last_updated=NEW)
    await here.status("REMOVED")
    second = EVSEId.parse("DE*GEF*E22")
    await here.place(evses=[here.evse(status="REMOVED")], last_updated="2026-03-01T11:30:00Z")
    live = here.network.places
    assert [live.evse_status(id) for id in (EVSE_1, second)] == [EVSEStatus.removed] * 2
    assert [(change.evse_id, change.status) for change in here.of(EVSEStatusChange)] == [
        (EVSE_1, EVSEStatus.removed),
        (second, EVSEStatus.removed),
    ]


async def test_an_evse_that_moves_to_another_location_keeps_its_id() -> None:
    here = await world()
    await here.place(evses=[here.evse("E22")], last_updated=NEW)
    await here.place(id="LOC2")
    live = here.network.places
    assert live.pool_id_of(EVSE_1) == ChargingPoolId.parse("DE*GEF*PLOC2")
    assert live.evse_status(EVSE_1) is EVSEStatus.available
    assert [evse.id for evse in evses_of(live.pool(POOL))] == [EVSEId.parse("DE*GEF*E22")]


async def test_an_evse_that_two_locations_have_is_two_evses() -> None:
    here = await world()
    await here.place(id="LOC2")
    found = [here.adapter.names.wwcp_place(CPO, id, "E1") for id in ("LOC1", "LOC2")]
    assert len({place.evse_id for place in found if place is not None}) == 2


@versions
async def test_a_location_that_is_deleted_is_removed_and_may_come_back(version: str) -> None:
    here = await world(version)
    await here.emsp.store.delete_of_party(Side.THEIRS, "locations", CPO)
    await here.adapter.settle()
    live = here.network.places
    assert live.evse_status(EVSE_1) is EVSEStatus.removed
    assert live.statuses.status(POOL, live.now) is Status.removed
    assert here.adapter.names.ocpi_place(EVSE_1) is None
    await here.place()
    assert live.evse_status(EVSE_1) is EVSEStatus.available
    assert live.statuses.status(POOL, live.now) is Status.unspecified


async def test_a_location_that_is_not_public_is_for_internal_use() -> None:
    here = await world()
    await here.place(publish=False, last_updated=NEW)
    live = here.network.places
    assert live.statuses.admin_status(POOL, live.now) is AdminStatus.internalUse
    await here.place(publish=True, last_updated=NEW)
    assert live.statuses.admin_status(POOL, live.now) is AdminStatus.operational


@versions
async def test_tariffs_come_change_and_go(version: str) -> None:
    here = await world(version)
    live = here.network.places

    def known() -> list[tuple[str, str]]:
        return sorted((str(one.id), one.currency) for one in live.operator(GEF).charging_tariffs)

    await here.put("tariffs", here.tariff("T_1"))
    await here.put("tariffs", here.tariff("T_2"))
    (first, _), (second, _) = known()
    await here.put("tariffs", here.tariff("T_1", NEW, currency="CHF"))
    assert known() == [(first, "CHF"), (second, "EUR")]
    assert (await here.send("DELETE", "tariffs/DE/GEF/T_1")).status == 200
    await here.adapter.settle()
    assert known() == [(second, "EUR")]
    assert len(here.of(OperatorChange)) == 4
    assert ChargingTariffId.try_parse(second) is not None


async def test_the_name_of_an_operator_is_that_of_the_first_location_that_tells_it() -> None:
    here = await world()
    await here.place(operator={"name": "First"}, last_updated=NEW)
    await here.place(id="LOC2", operator={"name": "Second"}, evses=[])
    live = here.network.places
    assert list(live.operator(GEF).name.values()) == ["First"]
    await here.place(operator={"name": "Renamed"}, last_updated=NEW)
    assert list(live.operator(GEF).name.values()) == ["Renamed"]


async def test_pulled_objects_and_those_of_another_process_are_taken_over() -> None:
    here = await world()
    body = codec.encode(location("2.2.1", "LOC7", evses=[]))
    made = Write(version="2.2.1", last_updated=1, body=body, source="cpo.example")
    await here.emsp.store.change(Key(Side.THEIRS, "locations", CPO, "LOC7"), lambda _: made)
    assert await here.adapter.waiting() == 1
    assert await here.adapter.settle() == 1
    assert here.network.places.pool(ChargingPoolId.parse("DE*GEF*PLOC7")).data_source == "cpo.example"
    assert await here.adapter.waiting() == 0


@pytest.mark.parametrize(
    ("owner", "body", "text"),
    [
        (CPO, b'{"id": "BAD"}', "country_code"),
        (CPO, b'{"id": "BAD", "evses": 7}', "evses"),
        (CPO, b"[]", "expected a JSON object"),
        (PartyId("XX", "GEF"), codec.encode(location("2.3.0", "BAD", ("XX", "GEF"))), "no operator of WWCP"),
        (EMSP, codec.encode(location("2.3.0", "BAD", ("NL", "EMP"))), "is a party of ours"),
    ],
)
async def test_what_cannot_be_a_pool_is_noted_and_the_network_is_as_before(
    owner: PartyId, body: bytes, text: str
) -> None:
    here = await world()
    before = here.network.places.snapshot()
    key = Key(Side.THEIRS, "locations", owner, "BAD")
    await here.emsp.store.change(key, lambda _: Write(version="2.3.0", last_updated=1, body=body, source="cpo.example"))
    await here.status("CHARGING")
    (note,) = here.adapter.notes[key]
    assert text in note.text
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.charging
    assert len(here.network.places.snapshot().charging_station_operators) == len(before.charging_station_operators)
    assert await here.adapter.waiting() == 0


async def test_what_nobody_thought_of_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    here = await world()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(places, "pool_of", broken)
    monkeypatch.setattr(places, "tariff_of", broken)
    await here.put("tariffs", here.tariff())
    await here.place(id="LOC2")
    await here.status("CHARGING")
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.charging
    texts = [note.text for notes in here.adapter.notes.values() for note in notes]
    assert sum("ZeroDivisionError: a defect" in text for text in texts) == 2


async def test_an_evse_that_could_not_be_mapped_has_no_status() -> None:
    here = await world()
    strange = here.evse("E5", connectors=[connector("2.3.0", standard="UNKNOWN_PLUG")])
    await here.place(evses=[here.evse(), strange], last_updated=NEW)
    await here.status("CHARGING", "E5")
    assert here.network.places.evse_status(EVSE_1) is EVSEStatus.available


async def test_what_was_lost_on_the_way_is_noted() -> None:
    here = await world()
    await here.place(related_locations=[{"latitude": "50.1", "longitude": "11.1"}], last_updated=NEW)
    notes = here.adapter.notes[Key(Side.THEIRS, "locations", CPO, "LOC1")]
    assert any(note.path.startswith("$.related_locations") for note in notes)
    many = [here.evse(f"E{number}", parking_restrictions=["EV_ONLY"]) for number in range(10, 90)]
    await here.place(evses=many, last_updated="2026-03-01T11:00:00Z")
    assert len(here.adapter.notes[Key(Side.THEIRS, "locations", CPO, "LOC1")]) == places.MOST_NOTES


async def test_the_data_of_an_operator_that_the_application_gave_stays() -> None:
    here = await World().begin()
    live = here.network.places
    live.upsert_operator(ChargingStationOperator(id=GEF, name={"en": "As we call it"}))
    await here.place(operator={"name": "As it calls itself"})
    await here.put("tariffs", here.tariff())
    assert live.operator(GEF).name == {"en": "As we call it"}
    assert len(live.operator(GEF).charging_tariffs) == 1
