# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO tells those who set a profile, and nobody else, which one its charge point follows."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from tests.command_pair import OTHER
from tests.objects import session
from tests.platforms import CPO, register
from tests.profile_pair import ProfilePair, linked
from tests.profiling import ACTIVE, ACTIVE_BYTES, PROFILE, WITH_PROFILES
from tests.rules import rule
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners.following import KEEP_S, KIND
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.decisions import ProfileAction, ProfileAnswer
from wwcp_ocpi.store.ports import Key, Side, Write

pytestmark = pytest.mark.parametrize("version", WITH_PROFILES)


async def charging(version: str) -> ProfilePair:
    """A pair, and a Session of the CPO that the eMSP holds."""
    pair = await linked(version)
    id = VERSIONS[version].key_id(VERSIONS[version].kind("sessions").resource, "S1")
    body = json.dumps(session(version)).encode()
    write = Write(version=version, last_updated=1, body=body, source="cpo.example")
    await pair.emsp.store.change(Key(Side.THEIRS, "sessions", CPO, id), lambda _: write)
    return pair


def told(pair: ProfilePair) -> list[Request]:
    return [request for request in pair.net.requests if "/sender/chargingprofiles/S1" in request.url]


@rule("CHP-03")
@rule("CHP-07")
@pytest.mark.parametrize("restarts", [False, True])
async def test_who_set_a_profile_hears_of_every_change(version: str, restarts: bool) -> None:
    pair = await charging(version)
    await pair.ask()
    await pair.answer()
    if restarts:
        await pair.restart()
    for _ in range(2):
        assert await pair.cpo.followers.changed("s1", ACTIVE_BYTES) == {"emsp.example": ""}
    assert [(request.method, json.loads(request.body)) for request in told(pair)] == [("PUT", ACTIVE)] * 2
    heard = pair.noted.heard[0]
    assert (heard.partner, heard.owner, heard.session_id) == ("cpo.example", CPO, "S1")
    assert (heard.profile, len(pair.noted.heard)) == (ACTIVE_BYTES, 2)
    await pair.close()


@rule("CHP-04")
@pytest.mark.parametrize("action", [None, ProfileAction.GET, ProfileAction.CLEAR])
async def test_who_never_set_a_profile_hears_nothing(version: str, action: ProfileAction | None) -> None:
    pair = await charging(version)
    if action is not None:
        await pair.ask(action)
    pair.station.answer = ProfileAnswer(result="REJECTED")
    await pair.ask()
    assert await pair.cpo.followers.changed("S1", ACTIVE_BYTES) == {}
    assert told(pair) == []
    await pair.close()


@rule("CHP-04")
async def test_only_the_followers_of_that_session_and_party_hear(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    await pair.emsp.profiles.set("cpo.example", "S2", PROFILE)
    followers = pair.cpo.followers
    assert await followers.changed("S3", ACTIVE_BYTES) == {}
    assert await followers.changed("S1", ACTIVE_BYTES, party=OTHER) == {}
    assert await followers.changed("S1", ACTIVE_BYTES, party=CPO) == {"emsp.example": ""}
    await followers.ended("s1")
    assert await followers.changed("S1", ACTIVE_BYTES) == {}
    assert len(await pair.cpo.store.documents(KIND)) == 1
    await pair.close()


async def test_every_partner_that_set_a_profile_hears(version: str) -> None:
    pair = await charging(version)
    other = pair._made("other.example", OTHER, "EMSP")
    await register(pair.cpo, other, (version,))
    await pair.ask()
    await pair.ask()
    await other.profiles.set("cpo.example", "s1", PROFILE)
    said = await pair.cpo.followers.changed("S1", ACTIVE_BYTES)
    assert said["emsp.example"] == ""
    assert "no such Session" in said["other.example"]
    assert len(told(pair)) == 1
    await pair.close()


@rule("CHP-12")
async def test_what_the_operator_does_not_know_is_not_told(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    await pair.answer()
    await pair.timer.advance(3600)
    assert told(pair) == []
    await pair.close()


async def test_a_session_that_nobody_ended_is_forgotten_at_last(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    await pair.timer.advance(KEEP_S)
    assert await pair.cpo.followers.changed("S1", ACTIVE_BYTES) == {}
    await pair.emsp.profiles.set("cpo.example", "S2", PROFILE)
    assert [id for id, _ in await pair.cpo.store.documents(KIND)] == ["S2"]
    await pair.close()


@pytest.mark.parametrize("profile", [b"{", b"{}", b'"x"', json.dumps({**ACTIVE, "start_date_time": "now"}).encode()])
async def test_what_is_no_active_profile_is_not_told(version: str, profile: bytes) -> None:
    pair = await charging(version)
    await pair.ask()
    with pytest.raises(UsageError):
        await pair.cpo.followers.changed("S1", profile)
    assert told(pair) == []
    await pair.close()


async def test_a_partner_that_is_away_is_tried_again_for_seconds(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    pair.net.down.add("emsp.example")
    waits = asyncio.create_task(pair.cpo.followers.changed("S1", ACTIVE_BYTES))
    await pair.timer.advance(1)
    pair.net.down.clear()
    await pair.timer.advance(2)
    assert await waits == {"emsp.example": ""}
    pair.net.down.add("emsp.example")
    waits = asyncio.create_task(pair.cpo.followers.changed("S1", ACTIVE_BYTES))
    for _ in range(5):
        await pair.timer.advance(10)
    assert "connection refused" in (await waits)["emsp.example"]
    await pair.close()


async def test_a_partner_that_refuses_was_blocked_or_left_is_named(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    handle = pair.net.hosts["emsp.example"]

    async def odd(_: Request) -> Response:
        return Response(status=204)

    pair.net.hosts["emsp.example"] = odd
    assert await pair.cpo.followers.changed("S1", ACTIVE_BYTES) == {"emsp.example": ""}
    pair.net.hosts["emsp.example"] = handle
    await pair.emsp.store.delete_of_party(Side.THEIRS, "sessions", CPO)
    assert "no such Session" in (await pair.cpo.followers.changed("S1", ACTIVE_BYTES))["emsp.example"]

    def block(partner: Partner) -> Partner:
        return replace(partner, blocked=True)

    await pair.cpo.book.change("emsp.example", block)
    assert await pair.cpo.followers.changed("S1", ACTIVE_BYTES) == {"emsp.example": "emsp.example is blocked"}
    await pair.cpo.book.remove("emsp.example")
    assert "no partner" in (await pair.cpo.followers.changed("S1", ACTIVE_BYTES))["emsp.example"]
    await pair.close()


async def test_a_partner_that_speaks_an_older_version_now_is_named(version: str) -> None:
    pair = await charging(version)
    await pair.ask()
    await register(pair.cpo, pair.emsp, ("2.1.1",))
    said = await pair.cpo.followers.changed("S1", ACTIVE_BYTES)
    assert "OCPI 2.1.1 has no operation update_profile" in said["emsp.example"]
    await pair.close()
