# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects of ours that are kept in one version and pushed to partners in another."""

from __future__ import annotations

import json
from itertools import permutations

import pytest

from tests.objects import NEW, cdr, evse, location, session, tariff, token
from tests.partners.test_modules import deliver, own, theirs
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from wwcp_ocpi.convert import Context
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Key, Side

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs"})
KNOWN = Context(time_zone="Europe/Berlin", postal_code="07749", traces=False)
pairs = pytest.mark.parametrize(("ours", "spoken"), list(permutations(ALL_VERSIONS, 2)))


async def linked(spoken: str) -> tuple[MemoryNet, Platform, Platform]:
    """A CPO that keeps its objects as it likes, and an eMSP that speaks one version with it."""
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES, convert=KNOWN)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES, versions=(spoken,))
    await register(cpo, emsp, (spoken,))
    return net, cpo, emsp


def asked(net: MemoryNet) -> list[tuple[str, str]]:
    """What was sent since the last time: methods, and what follows the module's name."""
    found = [(one.method, one.path.partition("/receiver/")[2]) for one in net.requests if "/receiver/" in one.path]
    net.requests.clear()
    return found


@pairs
async def test_an_object_and_its_changes_are_told_in_the_partners_version(ours: str, spoken: str) -> None:
    net, cpo, emsp = await linked(spoken)
    await cpo.publisher.publish(VERSIONS[ours], "locations", [own(location(ours), CPO)])
    await deliver(cpo)
    assert asked(net) == [("PUT", "locations/DE/GEF/LOC1")]
    (kept,) = await theirs(emsp, spoken, "locations")
    assert kept["evses"] == [evse(spoken)]
    change = {"status": "CHARGING", "last_updated": NEW}
    await cpo.publisher.change(VERSIONS[ours], "locations", CPO, ["LOC1", "E1"], change)
    await deliver(cpo)
    assert asked(net) == [("PUT", "locations/DE/GEF/LOC1/E1")]
    (kept,) = await theirs(emsp, spoken, "locations")
    assert kept["evses"] == [{**evse(spoken), **change}]


@pairs
async def test_a_part_of_what_the_partner_does_not_have_is_told_with_the_whole(ours: str, spoken: str) -> None:
    net, cpo, emsp = await linked(spoken)
    await cpo.publisher.publish(VERSIONS[ours], "locations", [own(location(ours), CPO)], push=False)
    await cpo.publisher.change(VERSIONS[ours], "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING"})
    await deliver(cpo)
    assert asked(net) == [("PUT", "locations/DE/GEF/LOC1/E1"), ("PUT", "locations/DE/GEF/LOC1")]
    assert len(await theirs(emsp, spoken, "locations")) == 1


@pairs
async def test_tariffs_and_tokens_come_and_go(ours: str, spoken: str) -> None:
    _, cpo, emsp = await linked(spoken)
    await cpo.publisher.publish(VERSIONS[ours], "tariffs", [own(tariff(ours), CPO)])
    await deliver(cpo)
    assert [one["id"] for one in await theirs(emsp, spoken, "tariffs")] == ["T1"]
    await cpo.publisher.withdraw(VERSIONS[ours], "tariffs", CPO, "T1")
    await deliver(cpo)
    assert await theirs(emsp, spoken, "tariffs") == []
    qualifier = None if ours == "2.1.1" else "RFID"
    await emsp.publisher.publish(VERSIONS[ours], "tokens", [own(token(ours), EMSP, qualifier=qualifier)])
    await deliver(emsp)
    assert [one["uid"] for one in await theirs(cpo, spoken, "tokens")] == ["012345678"]


@pytest.mark.parametrize(("ours", "spoken"), [("2.3.0", "2.1.1"), ("2.3.0", "2.2.1"), ("2.2.1", "2.1.1")])
async def test_sessions_and_cdrs_go_down(ours: str, spoken: str) -> None:
    net, cpo, emsp = await linked(spoken)
    known = VERSIONS[ours]
    await cpo.publisher.publish(known, "locations", [own(location(ours), CPO)], push=False)
    await cpo.publisher.publish(known, "sessions", [own(session(ours), CPO)])
    await cpo.publisher.publish(known, "cdrs", [own(cdr(ours), CPO)])
    await deliver(cpo)
    assert asked(net) == [("PUT", "sessions/DE/GEF/S1"), ("POST", "cdrs")]
    await cpo.publisher.change(known, "sessions", CPO, ["S1"], {"kwh": 7, "last_updated": NEW})
    await deliver(cpo)
    assert [one["kwh"] for one in await theirs(emsp, spoken, "sessions")] == [7]
    assert [one["total_energy"] for one in await theirs(emsp, spoken, "cdrs")] == [1.5]


async def test_what_cannot_be_told_is_not_told_and_holds_up_nothing() -> None:
    _net, cpo, emsp = await linked("2.1.1")
    things = [own(location("2.3.0", id, publish=id != "HIDDEN"), CPO) for id in ("LOC1", "HIDDEN", "LOC2")]
    await cpo.publisher.publish(VERSIONS["2.3.0"], "locations", things)
    await deliver(cpo)
    assert [one["id"] for one in await theirs(emsp, "2.1.1", "locations")] == ["LOC1", "LOC2"]
    assert (cpo.courier.refused, await cpo.store.waiting()) == (1, 0)
    kept = await cpo.store.get(Key(Side.OURS, "locations", CPO, "HIDDEN"))
    assert kept is not None


@pairs
async def test_a_pull_finds_what_a_push_has_brought(ours: str, spoken: str) -> None:
    _, cpo, emsp = await linked(spoken)
    await cpo.publisher.publish(VERSIONS[ours], "locations", [own(location(ours), CPO)])
    await deliver(cpo)
    assert await emsp.pull("cpo.example", "locations") == Pulled(pages=1, received=1, unchanged=1)


async def test_each_of_several_partners_hears_in_its_own_version() -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES, convert=KNOWN)
    partners = {}
    for letters, number in zip(("EMA", "EMB", "EMC"), ALL_VERSIONS, strict=True):
        party = PartyId("NL", letters)
        partners[number] = platform(net, f"{number}.example", party, "EMSP", modules=MODULES, versions=(number,))
        await register(cpo, partners[number], (number,))
    await cpo.publisher.publish(VERSIONS["2.3.0"], "tariffs", [own(tariff("2.3.0"), CPO)])
    await deliver(cpo)
    for number, made in partners.items():
        stored = await made.store.get(Key(Side.THEIRS, "tariffs", CPO, "T1"))
        assert stored is not None
        assert json.loads(stored.body) == tariff(number)
