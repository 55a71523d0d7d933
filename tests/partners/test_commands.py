# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands between two platforms: from the question to the result, and everything that can come between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.command_pair import OTHER, Pair, has, linked
from tests.commanding import (
    COMMANDS,
    DONE,
    NOON_S,
    RESERVE,
    START,
    STOP,
    UNLOCK,
    fields,
    rest,
)
from tests.identity_setting import Noted
from tests.platforms import ALL_VERSIONS, CPO, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners.asking import DEFAULT_TIMEOUT_S, GRACE_S
from wwcp_ocpi.partners.calling import hosts
from wwcp_ocpi.partners.commands import Pending, SentCommand
from wwcp_ocpi.partners.retrying import ATTEMPTS
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.errors import NotFound, Refused, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


@rule("CMD-02")
@rule("CMD-03")
@pytest.mark.parametrize("command", COMMANDS)
async def test_an_accepted_command_comes_to_its_result(version: str, command: str) -> None:
    pair = await linked(version)
    if not has(version, command):
        with pytest.raises(UsageError, match=f"OCPI {version} has no '{command}' in commands"):
            await pair.send(command)
        return
    sent = await pair.send(command)
    assert (sent.answer, sent.is_accepted) == (
        CommandAnswer(result="ACCEPTED", timeout_s=DEFAULT_TIMEOUT_S if version == "2.1.1" else 30),
        True,
    )
    await pair.report("ACCEPTED", ("en", "Plug in now"))
    message = () if version == "2.1.1" else (("en", "Plug in now"),)
    assert await sent.result() == CommandOutcome(result="ACCEPTED", message=message)
    assert await sent.result() == CommandOutcome(result="ACCEPTED", message=message)
    texts = {"message": [{"language": "en", "text": "Plug in now"}]}
    assert pair.results() == [{"result": "ACCEPTED", **({} if version == "2.1.1" else texts)}]
    assert await pair.orders() == (1 if command == RESERVE else 0)
    assert pair.emsp.commands.counts == {(command, "accepted"): 1, (command, "result"): 1}
    assert pair.cpo.desk.counts == {("commands", command, word): 1 for word in ("accepted", "result_sent")}
    await pair.close()


@rule("CMD-04")
async def test_every_command_has_a_response_url_of_its_own(version: str) -> None:
    pair = await linked(version)
    sent = [await pair.send(UNLOCK) for _ in range(3)]
    urls = [json.loads(r.body)["response_url"] for r in pair.net.requests]
    base = f"https://emsp.example/ocpi/{version}/sender/commands/{UNLOCK}"
    assert urls == [f"{base}/{one.id}" for one in sent]
    assert len({one.id for one in sent}) == 3
    assert all(len(one.id) == 32 for one in sent)
    await pair.close()


async def test_a_result_may_be_quicker_than_the_answer(version: str) -> None:
    pair = await linked(version)
    pair.operator.at_once = DONE
    handle = pair.net.hosts["cpo.example"]

    async def slow(request: Request) -> Response:
        response = await handle(request)
        await rest()
        return response

    pair.net.hosts["cpo.example"] = slow
    assert await (await pair.send()).result() == DONE
    assert (len(pair.posted()), await pair.orders()) == (1, 0)


async def test_whoever_waits_is_woken_by_the_result(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    waits = asyncio.create_task(sent.result())
    await pair.timer.advance(10)
    assert not waits.done()
    await pair.report("REJECTED")
    assert await waits == CommandOutcome(result="REJECTED")


@pytest.mark.parametrize("word", ["REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION"])
async def test_a_refusal_is_an_answer_and_no_result_follows(version: str, word: str) -> None:
    pair = await linked(version)
    pair.operator.answer = CommandAnswer(result=word)
    sent = await pair.send(STOP)
    assert not sent.is_accepted
    assert await sent.result() == CommandOutcome(result=word)
    await pair.report()
    await pair.timer.advance(1000)
    assert (pair.posted(), await pair.orders(), await pair.pendings()) == ([], 0, 0)
    assert pair.emsp.commands.counts == {(STOP, "refused"): 1}
    assert pair.cpo.desk.counts == {("commands", STOP, "refused"): 1}


async def test_a_platform_without_an_operators_system_supports_nothing(version: str) -> None:
    pair = await linked(version)
    pair.cpo.server.commander = platform(MemoryNet(), "x.example", CPO, "CPO").server.commander
    assert (await pair.send()).answer.result == "NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("word", "in_2_1_1"),
    [
        ("EVSE_OCCUPIED", "REJECTED"),
        ("EVSE_INOPERATIVE", "REJECTED"),
        ("FAILED", "REJECTED"),
        ("UNKNOWN_RESERVATION", "REJECTED"),
        ("NOT_SUPPORTED", "NOT_SUPPORTED"),
        ("TIMEOUT", "TIMEOUT"),
        ("UNKNOWN_SESSION", "UNKNOWN_SESSION"),
        ("EXPLODED", "REJECTED"),
    ],
)
async def test_an_outcome_is_told_in_the_words_of_the_version(version: str, word: str, in_2_1_1: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.report(word)
    of_later = word if word not in ("UNKNOWN_SESSION", "EXPLODED") else "FAILED"
    assert (await sent.result()).result == (in_2_1_1 if version == "2.1.1" else of_later)


@rule("CMD-05")
async def test_when_the_charge_point_does_not_answer_both_sides_know_it_is_a_timeout(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    waits = asyncio.create_task(sent.result())
    await pair.timer.advance(29)
    assert (pair.results(), waits.done()) == ([], False)
    await pair.timer.advance(1)
    assert pair.results() == [{"result": "TIMEOUT"}]
    assert await waits == CommandOutcome(result="TIMEOUT")
    await pair.report()
    await pair.timer.advance(1000)
    assert pair.results() == [{"result": "TIMEOUT"}]
    assert await pair.orders() == 0


@rule("CMD-05")
async def test_a_result_that_never_comes_is_a_timeout(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    pair.net.down.add("emsp.example")
    waits = asyncio.create_task(sent.result())
    await pair.timer.advance((DEFAULT_TIMEOUT_S if version == "2.1.1" else 30) + GRACE_S)
    assert await waits == CommandOutcome(result="TIMEOUT")
    assert await sent.result() == CommandOutcome(result="TIMEOUT")
    await pair.close()


async def test_the_first_report_counts(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.report("REJECTED")
    await pair.report("ACCEPTED")
    assert pair.results() == [{"result": "REJECTED"}]
    assert (await sent.result()).result == "REJECTED"


@pytest.mark.parametrize("answer", [None, Response(status=503), Response(status=429), Response(status=500)])
async def test_a_partner_that_cannot_take_a_result_is_tried_again_while_it_waits(
    version: str, answer: Response | None
) -> None:
    pair = await linked(version)
    pair.answer_results(answer, answer)
    sent = await pair.send()
    await pair.report("REJECTED")
    await pair.timer.advance(1)
    await pair.timer.advance(2)
    assert pair.results() == [{"result": "REJECTED"}] * 3
    assert (await sent.result()).result == "REJECTED"
    assert await pair.orders() == 0


async def test_it_is_not_tried_for_ever(version: str) -> None:
    pair = await linked(version)
    await pair.send()
    pair.net.down.add("emsp.example")
    await pair.report()
    for _ in range(10):
        await pair.timer.advance(4)
    assert len(pair.posted()) == ATTEMPTS
    assert await pair.orders() == 0
    assert pair.cpo.desk.counts["commands", START, "result_lost"] == 1


async def test_after_the_timeout_nothing_is_tried_again(version: str) -> None:
    pair = await linked(version)
    await pair.send()
    pair.net.down.add("emsp.example")
    await pair.timer.advance(30 + GRACE_S)
    await pair.timer.advance(100)
    assert pair.results() == [{"result": "TIMEOUT"}]


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=400),
        Response(status=401),
        Response(status=404),
        Response(status=200, body=envelope.failure(2001, "no")),
    ],
)
async def test_a_partner_that_refuses_a_result_is_not_asked_again(version: str, answer: Response) -> None:
    pair = await linked(version)
    pair.answer_results(answer)
    await pair.send()
    await pair.report()
    await pair.timer.advance(20)
    assert (len(pair.posted()), await pair.orders()) == (1, 0)


@pytest.mark.parametrize(
    "answer", [Response(status=204), Response(status=200, body=b"OK"), Response(status=302, body=b"moved")]
)
async def test_any_success_is_an_answer_to_a_result(version: str, answer: Response) -> None:
    pair = await linked(version)
    pair.answer_results(answer)
    await pair.send()
    await pair.report()
    assert (len(pair.posted()), await pair.orders()) == (1, 0)


async def test_a_partner_that_was_blocked_or_left_hears_nothing(version: str) -> None:
    pair = await linked(version)

    def leave(partner: Partner) -> Partner:
        return replace(partner, blocked=False, remote=None)

    for edit in (lambda partner: replace(partner, blocked=True), leave):
        await pair.send()
        await pair.cpo.book.change("emsp.example", edit)
        await pair.report()
        assert (pair.posted(), await pair.orders()) == ([], 0)
        if edit is not leave:
            await pair.cpo.book.change("emsp.example", lambda partner: replace(partner, blocked=False))


ELSEWHERE = [
    "https://results.example/1",
    "https://emsp.example.evil.example/1",
    "https://emsp.example:8443/1",
    "http://emsp.example/1",
]


async def ask(pair: Pair, version: str, url: str) -> None:
    """The eMSP wants the result of a command at this URL."""
    peer = pair.emsp.peer("cpo.example")
    (row,) = (row for row in VERSIONS[version].endpoints if row.path == UNLOCK)
    await peer.call(row, body=json.dumps({**fields(version, UNLOCK), "response_url": url}).encode())
    pair.net.requests.clear()


async def answered(pair: Pair, version: str, url: str) -> None:
    """The result went there, with credentials."""
    await pair.report()
    (request,) = pair.net.requests
    assert (request.url, request.method, json.loads(request.body)) == (url, "POST", {"result": "ACCEPTED"})
    assert "authorization" in request.headers
    if version != "2.1.1":
        assert request.headers["ocpi-to-party-id"] == "EMP"
        assert request.headers["ocpi-from-party-id"] == "GEF"


@rule("CMD-03")
@pytest.mark.parametrize("url", ["https://emsp.example/elsewhere?a=b", "https://EMSP.example:443/elsewhere"])
async def test_a_result_goes_to_any_url_at_the_platform_that_asked(version: str, url: str) -> None:
    pair = await linked(version)
    await ask(pair, version, url)
    await answered(pair, version, url)


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_a_command_whose_result_would_go_elsewhere_is_refused_and_noted(version: str, url: str) -> None:
    pair = await linked(version)
    noted = Noted()
    pair.cpo.note_in(noted)
    for host in ("results.example", "emsp.example.evil.example"):
        pair.net.hosts[host] = pair.net.hosts["emsp.example"]
    with pytest.raises(
        Refused, match=r"\$\.response_url: expected a URL on a host of the platform that asks"
    ) as refused:
        await ask(pair, version, url)
    assert refused.value.ocpi_status == 2001
    assert [(reason, fields["partner"]) for reason, fields in noted.events] == [
        (Reason.OUTBOUND_REFUSED, "emsp.example")
    ]
    assert await pair.orders() == 0


async def test_where_the_operator_names_the_host_as_the_partners_the_result_goes_there(version: str) -> None:
    pair = await linked(version)
    url = "https://results.example/1"
    pair.net.hosts["results.example"] = pair.net.hosts["emsp.example"]
    await pair.cpo.securing.call_at("emsp.example", hosts(["results.example"], only=False))
    await ask(pair, version, url)
    await answered(pair, version, url)
    await ask(pair, version, "https://emsp.example/1")
    await answered(pair, version, "https://emsp.example/1")


async def test_a_host_that_is_the_partners_no_more_hears_no_result(version: str) -> None:
    pair = await linked(version)
    await pair.cpo.securing.call_at("emsp.example", hosts(["results.example"], only=False))
    await ask(pair, version, "https://results.example/1")
    await pair.cpo.securing.call_at("emsp.example", hosts([], only=False))
    await pair.report()
    assert pair.net.requests == []
    assert pair.cpo.desk.counts["commands", UNLOCK, "result_lost"] == 1


async def test_a_partner_with_urls_that_are_none_is_at_no_url(version: str) -> None:
    pair = await linked(version)

    def spoil(partner: Partner) -> Partner:
        assert partner.remote is not None
        return replace(partner, remote=replace(partner.remote, versions_url="https://[", endpoints=()))

    await pair.send()
    await pair.cpo.book.change("emsp.example", spoil)
    await pair.report()
    assert pair.posted() == []


async def test_a_result_counts_once_and_only_in_time(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.report("REJECTED")
    peer = pair.cpo.peer("emsp.example")
    url = pair.posted()[0].url
    await again(peer, url, {"result": "ACCEPTED"})
    assert (await sent.result()).result == "REJECTED"
    late = await pair.send()
    await pair.timer.advance(DEFAULT_TIMEOUT_S + GRACE_S - 30)
    await pair.close()
    pair.timer.now += 60
    await again(peer, url.replace(sent.id, late.id), {"result": "ACCEPTED"})
    assert (await late.result()).result == "TIMEOUT"
    assert pair.emsp.commands.counts[START, "late"] >= 2


async def again(peer: Any, url: str, body: dict[str, str]) -> None:
    """Post a result, which must be taken with a success."""
    await peer.wire.send("POST", url, json.dumps(body).encode(), tracked=False)


async def test_a_result_of_another_partner_command_or_version_is_unknown(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    other = pair._made("other.example", OTHER, "CPO")
    await register(other, pair.emsp, (version,))
    url = f"https://emsp.example/ocpi/{version}/sender/commands/{START}/{sent.id}"
    another = next(one for one in ALL_VERSIONS if one != version)
    for peer, wrong in (
        (other.peer("emsp.example"), url),
        (pair.cpo.peer("emsp.example"), url.replace(START, STOP)),
        (pair.cpo.peer("emsp.example"), url.replace(version, another)),
        (pair.cpo.peer("emsp.example"), url.replace(sent.id, sent.id[::-1])),
        (pair.cpo.peer("emsp.example"), url.replace(sent.id, sent.id.upper() + "0")),
    ):
        with pytest.raises(Refused) as caught:
            await again(peer, wrong, {"result": "ACCEPTED"})
        assert (caught.value.http_status, caught.value.ocpi_status) == (404, 2001)
        assert "no such request" in str(caught.value)
    await pair.report("REJECTED")
    assert (await sent.result()).result == "REJECTED"


async def test_a_restart_of_both_sides_loses_no_command(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.restart()
    await pair.cpo.desk.finish(pair.operator.asked[0].id, CommandOutcome(result="REJECTED"))
    recalled = await pair.emsp.commands.recall(sent.id)
    assert (recalled.answer, recalled.command, recalled.partner) == (sent.answer, START, "cpo.example")
    assert await recalled.result() == CommandOutcome(result="REJECTED")
    await pair.restart()
    assert await (await pair.emsp.commands.recall(sent.id)).result() == CommandOutcome(result="REJECTED")
    assert len(pair.posted()) == 1


@pytest.mark.parametrize("outcome", [None, {"result": "REJECTED", "message": []}])
async def test_what_was_kept_before_there_were_other_modules_is_still_read(version: str, outcome: object) -> None:
    pair = await linked(version)
    base = f"https://emsp.example/ocpi/{version}/sender/commands/{STOP}"
    id = "a1" * 16
    order: dict[str, Any] = {"id": "b2" * 16, "partner": "emsp.example", "version": version, "command": STOP}
    order |= {"response_url": f"{base}/{id}", "ours": ["DE", "GEF"], "theirs": None, "reserved_until": None}
    kept = {"order": order, "deadline": NOON_S + 30, "outcome": outcome, "is_told": False}
    answer = {"result": "ACCEPTED", "timeout_s": 30, "message": [["en", "Wait"]], "unknown_location": False}
    sent: dict[str, Any] = {
        "id": id,
        "partner": "cpo.example",
        "version": version,
        "command": STOP,
        "deadline": NOON_S + 35,
    }
    sent |= {"keep_until": NOON_S + 9000, "reserved_until": 0.0, "answer": answer, "outcome": None, "canceled": None}
    await pair.cpo.store.change_document("order", "b2" * 16, lambda _: json.dumps(kept).encode())
    await pair.emsp.store.change_document("command", id, lambda _: json.dumps(sent).encode())
    await pair.restart()
    if outcome is None:
        await pair.cpo.desk.finish("b2" * 16, CommandOutcome(result="REJECTED"))
    recalled = await pair.emsp.commands.recall(id)
    assert recalled.answer == CommandAnswer(result="ACCEPTED", timeout_s=30, message=(("en", "Wait"),))
    await rest()
    assert await recalled.result() == CommandOutcome(result="REJECTED")
    assert pair.results() == [{"result": "REJECTED"}]
    await pair.close()


async def test_what_nobody_can_report_any_more_is_a_timeout_after_the_restart(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.close()
    pair.timer.now += 31
    await pair.restart()
    await pair.cpo.desk.resume()
    await rest()
    assert pair.results() == [{"result": "TIMEOUT"}]
    assert (await (await pair.emsp.commands.recall(sent.id)).result()).result == "TIMEOUT"
    assert await pair.orders() == 0


async def test_what_was_decided_before_a_restart_is_told_after_it(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    pair.net.down.add("emsp.example")
    await pair.report("REJECTED")
    await pair.close()
    pair.net.down.clear()
    await pair.restart()
    await rest()
    assert await (await pair.emsp.commands.recall(sent.id)).result() == CommandOutcome(result="REJECTED")
    assert await pair.orders() == 0


async def test_a_desk_that_cannot_write_gives_up_until_the_next_start(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await linked(version)
    sent = await pair.send()

    async def broken(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(pair.cpo.store, "change_document", broken)
        await pair.report("REJECTED")
    assert (pair.posted(), await pair.orders()) == ([], 1)
    await pair.cpo.desk.resume()
    await pair.cpo.desk.finish(pair.operator.asked[0].id, CommandOutcome(result="REJECTED"))
    assert (await sent.result()).result == "REJECTED"


async def reserved(version: str) -> tuple[Pair, SentCommand, list[Pending]]:
    """A pair, and a reservation until one o'clock that runs."""
    pair = await linked(version)
    canceled: list[Pending] = []

    async def note(pending: Pending) -> None:
        canceled.append(pending)

    pair.emsp.commands.canceled = note
    sent = await pair.send(RESERVE)
    await pair.report()
    assert await sent.result() == DONE
    return pair, sent, canceled


@rule("CMD-21")
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_reservation_is_cancelled_at_the_response_url_of_its_command(version: str, restarts: bool) -> None:
    pair, sent, canceled = await reserved(version)
    note = pair.emsp.commands.canceled
    await pair.timer.advance(1800)
    if restarts:
        await pair.restart()
        pair.emsp.commands.canceled = note
        await rest()
    id = pair.operator.asked[0].id
    if version == "2.1.1":
        with pytest.raises(UsageError, match=r"OCPI 2\.1\.1 cannot tell of CANCELED_RESERVATION"):
            await pair.cpo.desk.cancel_reservation(id)
        assert await pair.orders() == 1
        return await pair.close()
    told = CommandOutcome(result="CANCELED_RESERVATION", message=(("en", "Power cut"),))
    await pair.cpo.desk.cancel_reservation(id, told)
    assert [(one.id, one.partner, one.canceled) for one in canceled] == [(sent.id, "cpo.example", told)]
    assert pair.posted()[0].url == pair.posted()[1].url
    with pytest.raises(NotFound, match="no such reservation"):
        await pair.cpo.desk.cancel_reservation(id)
    await again(pair.cpo.peer("emsp.example"), pair.posted()[0].url, {"result": "CANCELED_RESERVATION"})
    assert len(canceled) == 1
    assert (await (await pair.emsp.commands.recall(sent.id)).result()).result == "ACCEPTED"
    return await pair.close()


@rule("CMD-21")
async def test_a_cancellation_counts_also_when_the_result_was_lost(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send(RESERVE)
    pair.answer_results(Response(status=400))
    await pair.report()
    await pair.timer.advance(DEFAULT_TIMEOUT_S + GRACE_S)
    assert (await sent.result()).result == "TIMEOUT"
    if version != "2.1.1":
        await pair.cpo.desk.cancel_reservation(pair.operator.asked[0].id)
        body = dict(await pair.emsp.store.documents("command"))[sent.id]
        assert json.loads(body)["canceled"]["result"] == "CANCELED_RESERVATION"
    await pair.close()


async def test_only_a_reservation_that_runs_can_be_cancelled(version: str) -> None:
    pair, _, _ = await reserved(version)
    id = pair.operator.asked[0].id
    await pair.timer.advance(3600)
    assert await pair.orders() == 0
    await pair.send()
    await pair.report()
    for unknown in (id, pair.operator.asked[1].id, "x"):
        with pytest.raises(NotFound):
            await pair.cpo.desk.cancel_reservation(unknown)


@rule("CMD-21")
async def test_a_cancellation_of_what_was_not_reserved_changes_nothing(version: str) -> None:
    pair, _, canceled = await reserved(version)
    sent = await pair.send()
    await pair.report()
    rejected = await pair.send(RESERVE)
    await pair.report("REJECTED")
    for request in pair.posted()[1:]:
        await again(pair.cpo.peer("emsp.example"), request.url, {"result": "CANCELED_RESERVATION"})
    assert canceled == []
    assert [(await one.result()).result for one in (sent, rejected)] == ["ACCEPTED", "REJECTED"]
    await pair.close()
