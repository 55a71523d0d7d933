# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a CPO asks before a driver charges, and what it decides: by the Token, by the eMSP, or without it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import NEW, token
from tests.partners.test_modules import deliver, linked, own
from tests.platforms import ALL_VERSIONS, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Admission, Place, Unanswered
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest

UID = "012345678"
WORDS = ("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


class Desk:
    """An eMSP that says the same about every Token, and counts."""

    def __init__(self, version: str, allowed: str = "ALLOWED") -> None:
        self.version = version
        self.allowed = allowed
        self.asked: list[AuthorizationRequest] = []

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        self.asked.append(asked)
        body = json.dumps(token(self.version, issuer="now")).encode()
        return Authorization(allowed=self.allowed, token=body, reference="R1", info=("en", "hello"), evse_uids=["E2"])


async def world(version: str, **more: Any) -> tuple[MemoryNet, Platform, Platform, Desk]:
    """A CPO that was pushed a Token with these fields, and the eMSP, which would now say ALLOWED."""
    net, cpo, emsp = await linked(version)
    body = token(version, **more)
    await emsp.publisher.publish(VERSIONS[version], "tokens", [own(body, EMSP, qualifier=body["type"])])
    await deliver(emsp)
    emsp.server.authorizer = desk = Desk(version)
    return net, cpo, emsp, desk


def said(found: Admission) -> tuple[str, str]:
    return found.allowed, found.method


@rule("TOK-21")
@pytest.mark.parametrize("valid", [True, False])
async def test_always_means_that_nobody_is_asked(version: str, valid: bool) -> None:
    _, cpo, _, desk = await world(version, whitelist="ALWAYS", valid=valid)
    found = await cpo.drivers.authorize(UID)
    assert said(found) == ("ALLOWED" if valid else "BLOCKED", "WHITELIST")
    assert (found.partner, json.loads(found.token or b"")["uid"], desk.asked) == ("emsp.example", UID, [])


@rule("TOK-23")
@rule("TOK-20")
@pytest.mark.parametrize("valid", [True, False])
async def test_never_means_that_the_emsp_is_asked_each_time(version: str, valid: bool) -> None:
    net, cpo, _, desk = await world(version, whitelist="NEVER", valid=valid)
    for _ in range(2):
        assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "AUTH_REQUEST")
    assert len(desk.asked) == 2
    net.down.add("emsp.example")
    assert said(await cpo.drivers.authorize(UID)) == ("NOT_ALLOWED", "AUTH_REQUEST")


@rule("TOK-22")
@rule("TOK-20")
@pytest.mark.parametrize("valid", [True, False])
async def test_allowed_offline_means_that_the_token_counts_when_the_emsp_is_away(version: str, valid: bool) -> None:
    net, cpo, _, desk = await world(version, whitelist="ALLOWED_OFFLINE", valid=valid)
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "AUTH_REQUEST")
    assert len(desk.asked) == 1
    net.down.add("emsp.example")
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED" if valid else "BLOCKED", "WHITELIST")


@rule("TOK-24")
@pytest.mark.parametrize("asks", [True, False])
async def test_allowed_means_that_the_cpo_chooses(version: str, asks: bool) -> None:
    net, cpo, _, desk = await world(version, whitelist="ALLOWED")
    cpo.drivers.asks_when_allowed = asks
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "AUTH_REQUEST" if asks else "WHITELIST")
    assert len(desk.asked) == asks
    net.down.add("emsp.example")
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "WHITELIST")


async def test_a_word_that_is_no_whitelist_means_never(version: str) -> None:
    _, cpo, _, desk = await world(version, whitelist="SOMETIMES")
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "AUTH_REQUEST")
    assert len(desk.asked) == 1


@pytest.mark.parametrize("word", ["BLOCKED", "NO_CREDIT", "EXPIRED", "NOT_ALLOWED"])
async def test_what_the_emsp_says_counts(version: str, word: str) -> None:
    _, cpo, _, desk = await world(version, whitelist="ALLOWED_OFFLINE")
    desk.allowed = word
    found = await cpo.drivers.authorize(UID)
    assert (found.allowed, found.is_allowed, found.info) == (word, False, ("en", "hello"))


async def test_the_answer_has_all_that_session_and_cdr_need(version: str) -> None:
    _, cpo, _, desk = await world(version, whitelist="NEVER")
    found = await cpo.drivers.authorize(UID, at=Place(location_id="LOC1", evse_uids=("E1", "E2")))
    assert [(one.location_id, one.evse_uids) for one in desk.asked] == [("LOC1", ("E1", "E2"))]
    is_old = version == "2.1.1"
    assert (found.partner, found.evse_uids, found.reference) == ("emsp.example", ("E2",), None if is_old else "R1")
    assert (found.token is None) is is_old
    assert is_old or json.loads(found.token or b"")["issuer"] == "now"


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("answer", "is_away"),
    [
        (Response(status=503), True),
        (Response(status=200, body=b"<html>"), True),
        (Response(status=401), False),
        (Response(status=404), False),
        (Response(status=200, body=b'{"status_code":2002,"timestamp":"2026-01-01T00:00:00Z"}'), False),
        (Response(status=200, body=b'{"status_code":3000,"timestamp":"2026-01-01T00:00:00Z"}'), True),
        (Response(status=200, body=b'{"status_code":4002,"timestamp":"2026-01-01T00:00:00Z"}'), True),
        (
            Response(status=200, body=b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z","data":{"allowed":7}}'),
            False,
        ),
    ],
)
async def test_an_emsp_that_says_no_is_not_away(version: str, word: str, answer: Response, is_away: bool) -> None:
    net, cpo, _, _ = await world(version, whitelist=word)

    async def answers(request: Request) -> Response:
        return answer

    net.hosts["emsp.example"] = answers
    found = await cpo.drivers.authorize(UID)
    by_token = word in ("ALWAYS", "ALLOWED") or (word == "ALLOWED_OFFLINE" and is_away)
    assert said(found) == (("ALLOWED", "WHITELIST") if by_token else ("NOT_ALLOWED", "AUTH_REQUEST"))


async def test_an_emsp_that_thinks_too_long_is_away(version: str) -> None:
    net, cpo, _, _ = await world(version, whitelist="ALLOWED_OFFLINE")
    cpo.drivers.answer_s = 0.0

    async def thinks(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response(status=200)

    net.hosts["emsp.example"] = thinks
    assert said(await cpo.drivers.authorize(UID)) == ("ALLOWED", "WHITELIST")


@rule("TOK-03")
async def test_a_token_that_was_never_pushed_is_asked_about_everywhere(version: str) -> None:
    net, cpo, emsp, desk = await world(version)
    other = platform(net, "other.example", PartyId("FR", "OTH"), "EMSP", modules=cpo.settings.modules)
    await register(cpo, other, (version,))
    found = await cpo.drivers.authorize("UNKNOWN")
    assert (said(found), found.partner) == (("ALLOWED", "AUTH_REQUEST"), "emsp.example")
    assert [one.token_uid for one in desk.asked] == ["UNKNOWN"]
    emsp.server.authorizer = other.server.authorizer
    assert await cpo.drivers.authorize("UNKNOWN") == Admission(allowed="NOT_ALLOWED", method="AUTH_REQUEST")
    net.down |= {"emsp.example", "other.example"}
    found = await cpo.drivers.authorize("UNKNOWN")
    assert replace(found, unanswered=()) == Admission(allowed="NOT_ALLOWED", method="AUTH_REQUEST")
    assert set(found.unanswered) == {
        Unanswered(partner=host, reason=f"{host}: connection refused", is_away=True) for host in net.down
    }


@pytest.mark.parametrize("best", range(5))
async def test_of_several_refusals_the_one_that_tells_most_counts(version: str, best: int) -> None:
    words = ["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]
    net, cpo, _, desk = await world(version)
    desk.allowed = words[-1]
    for number, word in enumerate(words[best:-1]):
        other = platform(net, f"e{number}.example", PartyId("FR", f"OT{number}"), "EMSP", modules=cpo.settings.modules)
        await register(cpo, other, (version,))
        other.server.authorizer = Desk(version, word)
    assert (await cpo.drivers.authorize("UNKNOWN")).allowed == words[best]


async def test_an_emsp_that_is_slow_does_not_hold_up_one_that_allows(version: str) -> None:
    net, cpo, _, _ = await world(version)

    async def thinks(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response(status=200)

    other = platform(net, "other.example", PartyId("FR", "OTH"), "EMSP", modules=cpo.settings.modules)
    await register(cpo, other, (version,))
    net.hosts["other.example"] = thinks
    async with asyncio.timeout(1):
        assert (await cpo.drivers.authorize("UNKNOWN")).partner == "emsp.example"


async def test_only_the_partners_that_may_be_meant_are_asked(version: str) -> None:
    _, cpo, _, desk = await world(version, whitelist="ALWAYS")
    assert (await cpo.drivers.authorize(UID, among={"other.example"})).allowed == "NOT_ALLOWED"
    assert (await cpo.drivers.authorize("UNKNOWN", among=())).allowed == "NOT_ALLOWED"
    assert (await cpo.drivers.authorize(UID, among={"emsp.example"})).allowed == "ALLOWED"
    assert desk.asked == []


async def test_a_token_that_was_pushed_is_known_without_asking(version: str) -> None:
    _, cpo, _, desk = await world(version)
    found = await cpo.drivers.known(UID)
    assert found is not None
    assert (found[0].id, json.loads(found[1].body)["uid"]) == ("emsp.example", UID)
    assert await cpo.drivers.known("UNKNOWN") is None
    assert desk.asked == []


async def test_of_several_emsps_that_know_a_token_one_that_allows_it_counts(version: str) -> None:
    net, cpo, _, desk = await world(version)
    other = platform(net, "other.example", PartyId("FR", "OTH"), "EMSP", modules=cpo.settings.modules)
    await register(cpo, other, (version,))
    other.server.authorizer = Desk(version)
    desk.allowed = "EXPIRED"
    assert (await cpo.drivers.authorize("UNKNOWN")).partner == "other.example"


async def test_a_partner_that_is_blocked_left_or_offers_no_tokens_counts_for_nothing(version: str) -> None:
    _, cpo, _, desk = await world(version, whitelist="ALWAYS")

    def mute(known: Any) -> Any:
        kept = tuple(one for one in known.remote.endpoints if one.identifier != "tokens")
        return replace(known, remote=replace(known.remote, endpoints=kept))

    await cpo.book.change("emsp.example", mute)
    assert (await cpo.drivers.authorize("UNKNOWN")).allowed == "NOT_ALLOWED"
    assert (await cpo.drivers.authorize(UID)).allowed == "ALLOWED"
    for edit in (lambda known: replace(known, blocked=True), lambda known: replace(known, blocked=False, remote=None)):
        await cpo.book.change("emsp.example", edit)
        assert (await cpo.drivers.authorize(UID)).allowed == "NOT_ALLOWED"
    assert desk.asked == []


async def test_a_token_of_another_type_is_another(version: str) -> None:
    _, cpo, _, _ = await world(version, whitelist="ALWAYS")
    resource = VERSIONS[version].modules["tokens"].resource
    assert resource is not None
    assert (await cpo.drivers.authorize(UID, "OTHER")).method == ("AUTH_REQUEST" if resource.qualifier else "WHITELIST")


async def test_a_token_that_was_made_invalid_counts_at_once(version: str) -> None:
    _, cpo, emsp, _ = await world(version, whitelist="ALWAYS")
    change = {"valid": False, "last_updated": NEW}
    await emsp.publisher.change(VERSIONS[version], "tokens", EMSP, [UID], change, qualifier="RFID")
    await deliver(emsp)
    assert said(await cpo.drivers.authorize(UID)) == ("BLOCKED", "WHITELIST")
