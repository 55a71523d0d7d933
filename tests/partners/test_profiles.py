# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles between two platforms: from the question to the result, and what can come between."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from msgspec.structs import replace

from tests.command_pair import OTHER
from tests.commanding import rest
from tests.platforms import CPO, EMSP, MemoryNet, platform, register
from tests.profile_pair import ProfilePair, linked
from tests.profiling import ACCEPTED, ACTIVE, ACTIVE_BYTES, PROFILE, WITH_PROFILES
from tests.rules import rule
from wwcp_ocpi.partners.asking import GRACE_S
from wwcp_ocpi.protocol.errors import NotFound, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.server.decisions import CommandOutcome, ProfileAction, ProfileAnswer, ProfileOutcome

pytestmark = pytest.mark.parametrize("version", WITH_PROFILES)
ACTIONS = pytest.mark.parametrize("action", ProfileAction, ids=lambda action: action.name)
SET, CLEAR, GET = ProfileAction.SET, ProfileAction.CLEAR, ProfileAction.GET


def done(action: ProfileAction) -> ProfileOutcome:
    return ProfileOutcome(result="ACCEPTED", profile=ACTIVE_BYTES if action is GET else None)


@rule("CHP-09")
@rule("CHP-10")
@ACTIONS
@pytest.mark.parametrize("role", ["EMSP", "SCSP"])
async def test_an_accepted_request_comes_to_its_result(version: str, action: ProfileAction, role: str) -> None:
    pair = await linked(version, role)
    sent = await pair.ask(action)
    assert (sent.answer, sent.command) == (ACCEPTED, action.value)
    (asked,) = pair.net.requests
    response_url = f"https://emsp.example/ocpi/{version}/sender/chargingprofiles/results/{sent.id}"
    if action is SET:
        assert json.loads(asked.body) == {"charging_profile": PROFILE, "response_url": response_url}
    else:
        assert asked.body == b""
        assert "response_url=https%3A%2F%2Femsp.example%2Focpi%2F" in asked.url
        expected = {"response_url": response_url, **({"duration": "900"} if action is GET else {})}
        assert dict(parse_qsl(urlsplit(asked.url).query)) == expected
    await pair.answer(profile=ACTIVE_BYTES if action is GET else None)
    assert await sent.result() == done(action)
    assert pair.results() == [{"result": "ACCEPTED", **({"profile": ACTIVE} if action is GET else {})}]
    assert await pair.orders() == 0
    await pair.close()


@rule("CHP-08")
async def test_the_answer_to_a_result_has_no_data(version: str) -> None:
    pair = await linked(version)
    await pair.ask()
    handle = pair.net.hosts["emsp.example"]
    answers: list[Any] = []

    async def seen(request: Request) -> Response:
        response = await handle(request)
        answers.append(json.loads(response.body))
        return response

    pair.net.hosts["emsp.example"] = seen
    await pair.answer()
    assert [(answer["status_code"], "data" in answer) for answer in answers] == [(1000, False)]
    await pair.close()


@pytest.mark.parametrize("word", ["NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"])
async def test_a_refusal_is_an_answer_and_no_result_follows(version: str, word: str) -> None:
    pair = await linked(version)
    pair.station.answer = ProfileAnswer(result=word)
    sent = await pair.ask()
    assert not sent.is_accepted
    assert await sent.result() == ProfileOutcome(result=word)
    await pair.answer()
    await pair.timer.advance(1000)
    assert (pair.posted(), await pair.orders(), await pair.pendings()) == ([], 0, 0)


@pytest.mark.parametrize(
    ("word", "told"), [("REJECTED", "REJECTED"), ("UNKNOWN", "UNKNOWN"), ("TIMEOUT", "REJECTED"), ("x", "REJECTED")]
)
async def test_an_outcome_is_told_in_the_words_of_the_module(version: str, word: str, told: str) -> None:
    pair = await linked(version)
    sent = await pair.ask(GET)
    await pair.answer(word)
    assert await sent.result() == ProfileOutcome(result=told)


@rule("CHP-14")
async def test_when_the_charge_point_does_not_answer_nothing_is_said_and_the_timeout_tells(version: str) -> None:
    pair = await linked(version)
    sent = await pair.ask()
    waits = asyncio.create_task(sent.result())
    await pair.timer.advance(30)
    assert (await pair.orders(), waits.done()) == (0, False)
    await pair.answer()
    await pair.timer.advance(GRACE_S)
    assert await waits == ProfileOutcome(result="TIMEOUT")
    assert pair.posted() == []


@rule("CHP-14")
@ACTIONS
async def test_a_request_is_never_sent_twice(version: str, action: ProfileAction) -> None:
    pair = await linked(version)
    pair.net.down.add("cpo.example")
    with pytest.raises(Unreachable):
        await pair.ask(action)
    assert len(pair.net.requests) == 1
    assert await pair.pendings() == 1


async def test_no_outcome_is_posted_that_is_no_result_of_what_was_asked(version: str) -> None:
    pair = await linked(version)
    sent = await pair.ask(GET)
    bad: list[tuple[Any, str]] = [
        (ProfileOutcome(result="ACCEPTED"), r"get_profile: \$\.profile: required with ACCEPTED"),
        (ProfileOutcome(result="ACCEPTED", profile=b"{"), r"expected JSON"),
        (ProfileOutcome(result="ACCEPTED", profile=b"{}"), r"\$\.profile\.start_date_time"),
        (CommandOutcome(result="ACCEPTED"), "expected a ProfileOutcome, got CommandOutcome"),
    ]
    for outcome, message in bad:
        with pytest.raises(UsageError, match=message):
            await pair.cpo.desk.finish(pair.station.asked[0].id, outcome)
    await pair.answer(profile=ACTIVE_BYTES)
    assert await sent.result() == done(GET)


async def test_what_a_set_has_no_room_for_is_not_posted(version: str) -> None:
    pair = await linked(version)
    sent = await pair.ask(SET)
    await pair.answer(profile=ACTIVE_BYTES)
    assert pair.results() == [{"result": "ACCEPTED"}]
    assert await sent.result() == ProfileOutcome(result="ACCEPTED")
    await pair.close()


async def again(pair: ProfilePair, url: str, body: object) -> None:
    """Post a result as the CPO, which must be taken with a success."""
    await pair.cpo.peer("emsp.example").wire.send("POST", url, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("action", "body", "path"),
    [
        (GET, {"result": "ACCEPTED"}, "$.profile"),
        (GET, {"result": "ACCEPTED", "profile": None}, "$.profile"),
        (GET, {"result": "ACCEPTED", "profile": PROFILE}, "$.profile.charging_profile"),
        (GET, {"result": 7}, "$.result"),
        (SET, {}, "$.result"),
        (SET, [], "$"),
        (CLEAR, {"result": None}, "$.result"),
    ],
)
async def test_a_result_of_something_else_is_refused_at_its_place_and_may_come_again(
    version: str, action: ProfileAction, body: object, path: str
) -> None:
    pair = await linked(version)
    sent = await pair.ask(action)
    url = f"https://emsp.example/ocpi/{version}/sender/chargingprofiles/results/{sent.id}"
    with pytest.raises(Refused, match=path.replace("$", r"\$").replace(".", r"\.")) as caught:
        await again(pair, url, body)
    assert (caught.value.http_status, caught.value.ocpi_status) == (200, 2001)
    await pair.answer(profile=ACTIVE_BYTES)
    assert await sent.result() == done(action)
    await pair.close()


async def test_a_result_counts_once_and_only_in_time(version: str) -> None:
    pair = await linked(version)
    sent = await pair.ask()
    await pair.answer("REJECTED")
    url = pair.posted()[0].url
    await again(pair, url, {"result": "ACCEPTED"})
    assert (await sent.result()).result == "REJECTED"
    late = await pair.ask()
    await pair.timer.advance(30 + GRACE_S)
    await again(pair, url.replace(sent.id, late.id), {"result": "ACCEPTED"})
    assert (await late.result()).result == "TIMEOUT"


async def test_a_result_of_another_partner_module_or_version_is_unknown(version: str) -> None:
    pair = await linked(version)
    sent = await pair.ask()
    other = pair._made("other.example", OTHER, "CPO")
    await register(other, pair.emsp, (version,))
    url = f"https://emsp.example/ocpi/{version}/sender/chargingprofiles/results/{sent.id}"
    another = next(one for one in WITH_PROFILES if one != version)
    for peer, wrong in (
        (other.peer("emsp.example"), url),
        (pair.cpo.peer("emsp.example"), url.replace(version, another)),
        (pair.cpo.peer("emsp.example"), url.replace(sent.id, sent.id[::-1])),
        (pair.cpo.peer("emsp.example"), url.replace(sent.id, "set_profile")),
    ):
        with pytest.raises(Refused) as caught:
            await peer.wire.send("POST", wrong, b'{"result":"ACCEPTED"}')
        assert (caught.value.http_status, caught.value.ocpi_status) == (404, 2001)
    await pair.answer("REJECTED")
    assert (await sent.result()).result == "REJECTED"


@ACTIONS
async def test_a_restart_of_both_sides_loses_no_request(version: str, action: ProfileAction) -> None:
    pair = await linked(version)
    sent = await pair.ask(action)
    await pair.restart()
    pair.net.down.add("emsp.example")
    await pair.cpo.desk.finish(pair.station.asked[0].id, done(action))
    await rest()
    await pair.restart()
    pair.net.down.clear()
    await pair.restart()
    await rest()
    recalled = await pair.emsp.profiles.recall(sent.id)
    assert (recalled.answer, recalled.command) == (sent.answer, action.value)
    assert await recalled.result() == done(action)
    await pair.restart()
    assert await (await pair.emsp.profiles.recall(sent.id)).result() == done(action)
    with pytest.raises(NotFound):
        await pair.emsp.commands.recall(sent.id)
    await pair.close()


@rule("CHP-09")
@ACTIONS
async def test_credentials_go_to_the_partners_own_platform_only(version: str, action: ProfileAction) -> None:
    pair = await linked(version)
    pair.net.hosts["results.example"] = pair.net.hosts["emsp.example"]
    peer = pair.emsp.peer("cpo.example")
    row = next(row for row in peer.version.endpoints if row.operation.value[0] == action.value)
    for url, is_theirs in (("https://emsp.example/elsewhere?a=b&c=d", True), ("https://results.example/1", False)):
        body = json.dumps({"charging_profile": PROFILE, "response_url": url}).encode() if action is SET else None
        query = {"duration": "1", "response_url": url} if action is GET else {"response_url": url}
        asking = peer.call(row, "S1", body=body, query=None if action is SET else query)
        if not is_theirs:
            with pytest.raises(Refused, match="response_url: expected a URL on a host of the platform that asks"):
                await asking
            continue
        await asking
        pair.net.requests.clear()
        await pair.answer(profile=ACTIVE_BYTES)
        (request,) = pair.net.requests
        assert (request.method, request.url) == ("POST", url)
        assert "authorization" in request.headers
    await pair.close()


@rule("CHP-13")
async def test_what_is_no_request_is_not_sent(version: str) -> None:
    pair = await linked(version)
    profiles = pair.emsp.profiles
    fine = {"start_period": 0, "limit": 8.15}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, r"set_profile: \$\.charging_profile\.charging_rate_unit"),
        ({**PROFILE, "charging_rate_unit": "VA"}, r"\$\.charging_profile\.charging_rate_unit"),
        ({**PROFILE, "charging_profile_period": [fine]}, r"\[0\]\.limit: at most 1 digits behind the point, got 8\.15"),
    ]
    for profile, message in wrong:
        with pytest.raises(UsageError, match=message):
            await profiles.set("cpo.example", "S1", profile)
    for duration_s in (0, -1, 10**12):
        with pytest.raises(UsageError, match="duration"):
            await profiles.active("cpo.example", "S1", duration_s)
    for id in ("", "x" * 37, "a\nb", "é"):
        with pytest.raises(UsageError, match="session_id"):
            await profiles.clear("cpo.example", id)
    assert (pair.net.requests, await pair.pendings()) == ([], 0)


async def test_who_could_not_hear_the_result_or_is_blocked_is_not_asked(version: str) -> None:
    pair = await linked(version)
    with pytest.raises(UsageError, match="does not serve chargingprofiles as SENDER"):
        await pair.cpo.profiles.clear("emsp.example", "S1")
    await pair.emsp.book.change("cpo.example", lambda partner: replace(partner, blocked=True))
    with pytest.raises(UsageError, match=r"cpo\.example is blocked"):
        await pair.ask()
    assert pair.net.requests == []


async def test_the_parties_on_both_sides_can_be_named(version: str) -> None:
    pair = await linked(version)
    await pair.ask(ours=EMSP, theirs=CPO)
    headers = pair.net.requests[-1].headers
    assert [headers[f"ocpi-{way}-party-id"] for way in ("from", "to")] == ["EMP", "GEF"]
    assert pair.station.asked[0].parties == (CPO,)
    await pair.close()


async def test_a_version_without_charging_profiles_is_not_asked(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=frozenset({"chargingprofiles"}))
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=frozenset({"chargingprofiles"}))
    await register(cpo, emsp, ("2.1.1",))
    with pytest.raises(UsageError, match=r"OCPI 2\.1\.1 has no chargingprofiles"):
        await emsp.profiles.set("cpo.example", "S1", PROFILE)
