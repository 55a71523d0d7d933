# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one partner gives reaches those whom it concerns, in their version, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.hub.world import FAR, OTHER, World, join, kept, linked, own, waiting
from tests.objects import NEW, OLD, cdr, evse, location, session, tariff, token
from tests.platforms import CPO, EMSP, HUB
from tests.rules import rule
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.errors import Refused
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.store.ports import Key, Side

far = pytest.mark.parametrize(("cpo", "emsp"), FAR)
near = pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])


def named(version: str, owner: PartyId) -> dict[str, str]:
    """What a hub adds where the version has no field for the owner."""
    return owner._asdict() if version == "2.1.1" else {}


async def publish(world: World, kind: str, body: dict[str, Any], **more: Any) -> None:
    """The CPO publishes, and everybody delivers."""
    version = VERSIONS[world.versions["cpo"]]
    await world.cpo.publisher.publish(version, kind, [own(body, CPO, **more)])
    await world.settle()


async def give_token(world: World) -> None:
    """The eMSP gives its driver's Token."""
    number = world.versions["emsp"]
    qualifier = "RFID" if VERSIONS[number].kind("tokens").resource.qualifier else None
    made = own(token(number), EMSP, qualifier=qualifier)
    await world.emsp.publisher.publish(VERSIONS[number], "tokens", [made])
    await world.settle()


def calls(world: World, host: str) -> list[Request]:
    return [one for one in world.net.requests if one.url.startswith(f"https://{host}.example")]


@far
async def test_all_kinds_of_objects_go_their_way_in_the_receivers_version(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await give_token(world)
    await publish(world, "locations", location(cpo))
    await publish(world, "tariffs", tariff(cpo))
    await publish(world, "sessions", session(cpo), concerns=EMSP)
    await publish(world, "cdrs", cdr(cpo), concerns=EMSP)
    assert await kept(world.emsp, "locations") == [{**named(emsp, CPO), **location(emsp), **_as_told(emsp)}]
    assert await kept(world.emsp, "tariffs") == [{**named(emsp, CPO), **tariff(emsp)}]
    assert [one["uid"] for one in await kept(world.cpo, "tokens")] == ["012345678"]
    (told,) = await kept(world.emsp, "sessions")
    assert (told["id"], told["kwh"], told["status"]) == ("S1", 1.5, "ACTIVE")
    assert told.get("auth_id", told.get("cdr_token")) == session(emsp).get("auth_id", session(emsp).get("cdr_token"))
    assert [one["id"] for one in await kept(world.emsp, "cdrs")] == ["C1"]
    assert await world.hub.store.waiting() == 0
    assert [made.courier.refused for made in (world.cpo, world.hub, world.emsp)] == [0, 0, 0]


def _as_told(version: str) -> dict[str, Any]:
    """Where the other version has not the field, or has no time zone."""
    return {"2.1.1": {"type": "UNKNOWN", "time_zone": "Europe/Berlin"}, "2.3.0": {"parking_type": "ON_STREET"}}[
        version
    ] | ({"postal_code": "07749"})


@far
@rule("TRN-50")
async def test_a_change_of_one_evse_is_told_as_that_evse(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await publish(world, "locations", location(cpo))
    world.net.requests.clear()
    change = {"status": "CHARGING", "last_updated": NEW}
    await world.cpo.publisher.change(VERSIONS[cpo], "locations", CPO, ["LOC1", "E1"], change)
    await world.settle()
    assert [(one.method, one.path.partition("/locations/")[2]) for one in calls(world, "emsp")] == [
        ("PUT", "DE/GEF/LOC1/E1")
    ]
    (told,) = await kept(world.emsp, "locations")
    assert told["evses"] == [{**evse(emsp), **change}]
    assert told["last_updated"] == NEW


@far
async def test_a_pull_of_the_hub_finds_what_a_push_has_brought_and_the_owner_with_it(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await publish(world, "locations", location(cpo))
    await publish(world, "tariffs", tariff(cpo))
    for kind in ("locations", "tariffs"):
        assert await world.emsp.pull("hub", kind) == Pulled(pages=1, received=1, unchanged=1)


@far
async def test_what_the_hub_pulls_is_passed_on_and_what_is_gone_goes(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await world.cpo.publisher.publish(VERSIONS[cpo], "tariffs", [own(tariff(cpo), CPO)], push=False)
    assert (await world.hub.pull("cpo", "tariffs")).stored == 1
    await world.settle()
    assert [one["id"] for one in await kept(world.emsp, "tariffs")] == ["T1"]
    await world.cpo.store.delete_of_party(Side.OURS, "tariffs", CPO)
    assert (await world.hub.pull("cpo", "tariffs")).removed == 1
    await world.settle()
    assert await kept(world.emsp, "tariffs") == []


@far
async def test_what_is_withdrawn_is_withdrawn_everywhere(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await publish(world, "tariffs", tariff(cpo))
    await world.cpo.publisher.withdraw(VERSIONS[cpo], "tariffs", CPO, "T1")
    await world.settle()
    assert await kept(world.emsp, "tariffs") == []
    assert await kept(world.hub, "tariffs", Side.OURS) == []


@far
@rule("TRN-43")
async def test_sessions_and_cdrs_are_for_the_drivers_emsp_alone(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    other = await world.add("other", OTHER, "EMSP", emsp)
    await give_token(world)
    await publish(world, "locations", location(cpo))
    await publish(world, "sessions", session(cpo), concerns=EMSP)
    await publish(world, "cdrs", cdr(cpo), concerns=EMSP)
    assert [one["id"] for one in await kept(other, "locations")] == ["LOC1"]
    assert (await kept(other, "sessions"), await kept(other, "cdrs")) == ([], [])
    assert (await other.pull("hub", "cdrs")).received == 0
    assert [one["id"] for one in await kept(world.hub, "sessions", Side.OURS, "emsp")] == ["S1"]


async def test_a_session_of_2_1_1_whose_contract_nobody_gave_is_for_the_emsp_that_it_names_or_nobody() -> None:
    world = await linked("2.1.1", "2.3.0")
    await publish(world, "sessions", session("2.1.1", auth_id="NL-EMP-C12345678-X"), concerns=EMSP)
    await publish(world, "sessions", session("2.1.1", "S2", auth_id="WHOSE"), concerns=EMSP)
    assert [one["id"] for one in await kept(world.hub, "sessions", Side.OURS, "emsp")] == ["S1"]
    assert [one["id"] for one in await kept(world.hub, "sessions", Side.OURS, "?")] == ["S2"]


async def test_nobody_gets_at_anothers_sessions_by_naming_its_contract() -> None:
    world = await linked("2.1.1", "2.3.0")
    other = await world.add("other", OTHER, "EMSP", "2.3.0")
    await give_token(world)
    stolen = token("2.3.0", "FF", country_code="FR", party_id="OTH", last_updated=NEW)
    await other.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(stolen, OTHER, qualifier="RFID")])
    await other.courier.round()
    await publish(world, "sessions", session("2.1.1"), concerns=EMSP)
    assert [one["id"] for one in await kept(world.hub, "sessions", Side.OURS, "emsp")] == ["S1"]


async def test_a_contract_with_the_name_of_an_emsp_that_is_connected_is_that_ones_whoever_comes_first() -> None:
    world = await linked("2.1.1", "2.3.0")
    other = await world.add("other", OTHER, "EMSP", "2.3.0")
    whose = "NL-EMP-C12345678-X"
    stolen = token("2.3.0", "FF", country_code="FR", party_id="OTH", contract_id=whose)
    await other.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(stolen, OTHER, qualifier="RFID")])
    await other.courier.round()
    await publish(world, "sessions", session("2.1.1", auth_id=whose), concerns=EMSP)
    assert [one["id"] for one in await kept(world.hub, "sessions", Side.OURS, "emsp")] == ["S1"]


@rule("TRN-39")
@rule("TRN-44")
@near
async def test_what_is_for_everybody_comes_from_the_hub_and_keeps_its_owner(version: str) -> None:
    world = await linked(version, version)
    await publish(world, "locations", location(version))
    (first,), (second,) = calls(world, "hub"), calls(world, "emsp")
    assert (first.headers["ocpi-from-party-id"], first.headers["ocpi-to-party-id"]) == ("GEF", "HUB")
    assert (second.headers["ocpi-from-party-id"], second.headers["ocpi-to-party-id"]) == ("HUB", "EMP")
    assert second.path.endswith("/receiver/locations/DE/GEF/LOC1")


@rule("TRN-38")
@rule("TRN-47")
@near
async def test_what_is_for_one_party_comes_from_its_owner_and_needs_no_receiver(version: str) -> None:
    world = await linked(version, version)
    await publish(world, "sessions", session(version))
    (first,), (second,) = calls(world, "hub"), calls(world, "emsp")
    assert (first.headers["ocpi-from-party-id"], first.headers.get("ocpi-to-party-id")) == ("GEF", None)
    assert (second.headers["ocpi-from-party-id"], second.headers["ocpi-to-party-id"]) == ("GEF", "EMP")


@rule("TRN-41")
@rule("TRN-42")
@rule("TRN-47")
@near
async def test_a_single_object_is_asked_of_nobody_in_particular(version: str) -> None:
    world = await linked(version, version)
    await publish(world, "locations", location(version))
    world.net.requests.clear()
    cls = VERSIONS[version].object_named("Location")
    found = await world.emsp.peer("hub").get_bytes(cls, "LOC1")
    assert b'"GEF"' in found
    (asked,) = calls(world, "hub")
    assert "ocpi-to-party-id" not in asked.headers


@rule("TRN-48")
@near
async def test_all_objects_are_asked_of_the_hub_which_answers_as_itself(version: str) -> None:
    world = await linked(version, version)
    await publish(world, "locations", location(version))
    world.net.requests.clear()
    peer = world.emsp.peer("hub")
    peer.wire.theirs = HUB
    cls: Any = VERSIONS[version].object_named("Location")
    answered = await peer.send(peer.list_row(cls), f"https://hub.example/ocpi/{version}/sender/locations")
    assert (answered.headers["ocpi-from-party-id"], answered.headers["ocpi-to-party-id"]) == ("HUB", "EMP")
    assert (await world.emsp.pull("hub", "locations")).received == 1
    assert [one.headers["ocpi-to-party-id"] for one in calls(world, "hub")] == ["HUB", "HUB"]


@near
async def test_the_objects_of_one_party_can_be_asked_for(version: str) -> None:
    world = await linked(version, version)
    await publish(world, "locations", location(version))
    peer = world.emsp.peer("hub")
    for owner, count in ((CPO, 1), (EMSP, 0)):
        peer.wire.theirs = owner
        assert len([one async for one in peer.locations()]) == count
    peer.wire.theirs = OTHER
    with pytest.raises(Refused) as refused:
        [one async for one in peer.locations()]
    assert refused.value.ocpi_status == 4001


@rule("TRN-43")
async def test_what_is_addressed_to_one_party_is_told_to_no_other() -> None:
    world = await linked("2.3.0", "2.3.0")
    other = await world.add("other", OTHER, "EMSP", "2.3.0")
    peer = world.cpo.peer("hub")
    peer.wire.theirs = EMSP
    body = own(tariff("2.3.0"), CPO).body
    await peer.put_bytes(VERSIONS["2.3.0"].object_named("Tariff"), body, "T1", owner=CPO)
    await world.settle()
    assert [one["id"] for one in await kept(world.emsp, "tariffs")] == ["T1"]
    assert ((await other.pull("hub", "tariffs")).received, await waiting(world.hub)) == (0, [])


@rule("CRD-29")
async def test_credentials_of_2_3_0_list_whom_the_hub_reaches() -> None:
    world = await linked("2.3.0", "2.3.0")
    other = await world.add("other", OTHER, "EMSP", "2.3.0")
    listed = {str(party.id): party.role for party in other.book.get("hub").parties}
    assert listed == {"DE*GEF": "CPO", "NL*EMP": "EMSP"}
    assert other.book.get("hub").hub == HUB


async def test_who_speaks_for_itself_is_not_spoken_for_and_nor_are_we() -> None:
    world = await linked("2.3.0", "2.3.0")
    liar = await world.add("liar", OTHER, "CPO", "2.2.1")
    await world.hub.book.change("liar", lambda known: replace(known, hub=OTHER))
    await publish(world, "locations", location("2.3.0"))
    cls = VERSIONS["2.2.1"].object_named("Location")
    for owner in (CPO, HUB):
        body = location("2.2.1", owner=(owner.country_code, owner.party_id), name="A lie", last_updated=NEW)
        await liar.peer("hub").put_bytes(cls, own(body, owner).body, "LOC1", owner=owner)
    await world.settle()
    assert [one["name"] for one in await kept(world.emsp, "locations")] == ["Test pool"]
    assert [one["name"] for one in await kept(world.hub, "locations", Side.OURS)] == ["Test pool"]


async def test_an_object_that_one_version_cannot_be_told_is_told_to_the_others() -> None:
    world = await linked("2.3.0", "2.1.1")
    other = await world.add("other", OTHER, "EMSP", "2.3.0")
    await publish(world, "locations", location("2.3.0", "HIDDEN", publish=False))
    await publish(world, "locations", location("2.3.0"))
    await other.courier.round()
    assert [one["id"] for one in await kept(world.emsp, "locations")] == ["LOC1"]
    assert [one["id"] for one in await kept(other, "locations")] == ["HIDDEN", "LOC1"]
    assert world.hub.courier.refused == 1
    assert {place.path for place in world.hub.bridge.refused} == {"$.publish"}


@far
async def test_a_partner_that_is_away_is_told_when_it_is_back(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    world.net.down.add("emsp.example")
    await publish(world, "locations", location(cpo))
    assert await world.hub.store.waiting("emsp") == 1
    world.net.down.clear()
    assert (await world.emsp.pull("hub", "locations")).stored == 1


@rule("HCI-03")
@near
async def test_for_a_party_that_is_offline_nothing_is_queued_and_a_pull_brings_it(version: str) -> None:
    world = await linked(version, version)
    world.hub.hub_clients._clock = lambda: 4_000_000_000.0  # long after anybody said something
    world.net.down.add("emsp.example")
    world.cpo.book.get("hub")
    await world.hub.hub_clients.look()
    world.hub.hub_clients.heard["cpo"] = 4_000_000_000.0
    await world.cpo.publisher.publish(VERSIONS[version], "locations", [own(location(version), CPO)])
    await world.cpo.courier.round()
    assert [one for one in await waiting(world.hub) if one.module == "locations"] == []
    world.net.down.clear()
    assert (await world.emsp.pull("hub", "locations")).stored == 1


@far
async def test_a_partner_that_left_hears_nothing_and_its_objects_stay(cpo: str, emsp: str) -> None:
    world = await linked(cpo, emsp)
    await publish(world, "locations", location(cpo))
    await world.emsp.registration.leave("hub")
    world.net.requests.clear()
    await publish(world, "tariffs", tariff(cpo))
    assert calls(world, "emsp") == []
    await world.cpo.registration.leave("hub")
    assert [one["id"] for one in await kept(world.hub, "locations", Side.OURS)] == ["LOC1"]


async def test_what_comes_twice_is_passed_on_once_and_what_is_older_not_at_all() -> None:
    world = await linked("2.3.0", "2.1.1")
    await publish(world, "locations", location("2.3.0"))
    world.net.requests.clear()
    cls = VERSIONS["2.3.0"].object_named("Location")
    peer = world.cpo.peer("hub")
    await peer.put_bytes(cls, own(location("2.3.0"), CPO).body, "LOC1", owner=CPO)
    older = location("2.3.0", name="Older", last_updated=OLD)
    with pytest.raises(Refused):
        await peer.put_bytes(cls, own(older, CPO).body, "LOC1", owner=CPO)
    await world.settle()
    assert calls(world, "emsp") == []


async def test_a_hub_that_passes_nothing_on_is_the_platform_that_it_was() -> None:
    world = await linked("2.3.0", "2.1.1")
    assert world.cpo.hub is None
    assert (await world.hub.store.get(Key(Side.OURS, "locations", CPO, "LOC1"))) is None


async def test_a_platform_of_several_parties_in_2_1_1_says_whose_each_object_is() -> None:
    second = PartyId("DE", "TWO")
    world = World("2.1.1", "2.3.0", more=(OwnParty(id=second, role="CPO", name="Two"),))
    world.cpo.bridge.names_owners = True
    await world.hub.book.change("cpo", lambda known: replace(known, hub=CPO))
    await join(world.hub, world.cpo, "cpo", "CPO", "2.1.1")
    await join(world.hub, world.emsp, "emsp", "EMSP", "2.3.0")
    for owner in (CPO, second):
        await world.cpo.publisher.publish(VERSIONS["2.1.1"], "locations", [own(location("2.1.1"), owner)], push=False)
    assert (await world.hub.pull("cpo", "locations")).stored == 2
    await world.settle()
    assert [one["party_id"] for one in await kept(world.emsp, "locations")] == ["GEF", "TWO"]
    await world.restart_hub()
    assert world.hub.hub is not None
    assert {CPO, second, EMSP} <= world.hub.hub.reachable()
