# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a provider may send, what it learns at once, and what it keeps of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.command_pair import has, linked
from tests.commanding import (
    CANCEL,
    NOON,
    NOON_S,
    ONE_O_CLOCK,
    RESERVE,
    START,
    STOP,
    UNLOCK,
    fields,
    rest,
)
from tests.objects import token
from tests.platforms import ALL_VERSIONS, CPO, EMSP
from tests.rules import rule
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners import commands as sending
from wwcp_ocpi.partners.asking import DEFAULT_TIMEOUT_S, GRACE_S, KEEP_S
from wwcp_ocpi.partners.commands import Pending
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import DateTime, Secret
from wwcp_ocpi.server.decisions import CommandAnswer

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


@rule("CMD-13")
@rule("CMD-23")
@rule("LOC-21")
@rule("CMD-07")
@rule("CMD-08")
async def test_what_is_no_command_is_not_sent(version: str) -> None:
    pair = await linked(version)
    send = pair.emsp.commands.send
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("REBOOT", {}, "has no 'REBOOT' in commands"),
        (STOP, {}, r"STOP_SESSION: \$\.session_id: required in StopSession, but missing"),
        (STOP, {"session_id": "x" * 40}, r"\$\.session_id: at most 36 characters, got 40"),
        (RESERVE, fields(version, RESERVE, expiry_date="soon"), r"\$\.expiry_date: expected a DateTime"),
        (START, fields(version, START, token=token(version, valid=False)), "a Token that is not valid"),
    ]
    if version != "2.1.1":
        foreign = fields(version, START, token=token(version, party_id="OTH"))
        alone = {"token": token(version), "location_id": "LOC1", "connector_id": "1"}
        wrong += [(START, foreign, r"NL\*OTH is not a party of this platform"), (START, alone, r"\$\.evse_uid")]
    for command, body, message in wrong:
        with pytest.raises(UsageError, match=message):
            await send("cpo.example", command, body)
    assert (pair.net.requests, await pair.pendings()) == ([], 0)


async def test_a_platform_that_could_not_hear_the_result_does_not_ask(version: str) -> None:
    pair = await linked(version)
    pair.emsp.commands._settings = replace(pair.emsp.settings, modules=frozenset({"locations"}))
    with pytest.raises(UsageError, match="does not serve commands as SENDER"):
        await pair.send()
    with pytest.raises(UsageError, match="does not serve commands as SENDER"):
        await pair.cpo.commands.send("emsp.example", UNLOCK, fields(version, UNLOCK))


async def test_a_blocked_partner_is_not_asked(version: str) -> None:
    pair = await linked(version)
    await pair.emsp.book.change("cpo.example", lambda partner: replace(partner, blocked=True))
    with pytest.raises(UsageError, match=r"cpo\.example is blocked"):
        await pair.send()
    assert pair.net.requests == []


async def test_a_partner_without_commands_is_not_asked(version: str) -> None:
    pair = await linked(version)

    def without(partner: Partner) -> Partner:
        assert partner.remote is not None
        kept = tuple(one for one in partner.remote.endpoints if one.identifier != "commands")
        return replace(partner, remote=replace(partner.remote, endpoints=kept))

    await pair.emsp.book.change("cpo.example", without)
    with pytest.raises(Refused, match="no commands endpoint"):
        await pair.send()
    assert await pair.pendings() == 0


async def test_an_error_of_the_partner_is_raised_and_nothing_is_kept(version: str) -> None:
    pair = await linked(version)
    pair.operator.answer = CommandAnswer(result="REJECTED", unknown_location=True)
    with pytest.raises(Refused) as caught:
        await pair.send()
    assert caught.value.ocpi_status == 2003
    assert await pair.pendings() == 0
    assert pair.emsp.commands.counts == {(START, "failed"): 1}


async def test_data_beside_an_error_are_not_read(version: str) -> None:
    """Defect 18: a diagram of the specification shows 2003 together with `data`."""
    pair = await linked(version)
    handle = pair.net.hosts["cpo.example"]

    async def both(request: Request) -> Response:
        if request.method == "GET":
            return await handle(request)
        body = {"status_code": 2003, "timestamp": NOON, "data": {"result": "ACCEPTED", "timeout": 30}}
        return Response(status=200, body=json.dumps(body).encode())

    pair.net.hosts["cpo.example"] = both
    with pytest.raises(Refused) as caught:
        await pair.send(UNLOCK)
    assert caught.value.ocpi_status == 2003
    assert await pair.pendings() == 0


def answering(data: bytes | None) -> Response:
    return Response(status=200, body=envelope.success(data))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, Unreachable),
        (Response(status=504), Refused),
        (answering(None), BadAnswer),
        (answering(b"{}"), BadAnswer),
        (answering(b'{"result":7}'), BadAnswer),
        (answering(b'{"result":"ACCEPTED","timeout":"soon"}'), BadAnswer),
    ],
)
async def test_when_the_answer_is_lost_a_result_is_still_known(
    version: str, answer: Response | None, error: type[Exception]
) -> None:
    pair = await linked(version)
    handle = pair.net.hosts["cpo.example"]

    async def losing(request: Request) -> Response:
        await handle(request)
        if answer is None:
            raise Unreachable("cpo.example: connection reset")
        return answer

    pair.net.hosts["cpo.example"] = losing
    with pytest.raises(error):
        await pair.send()
    await pair.report()
    ((id, body),) = await pair.emsp.store.documents("command")
    assert json.loads(body)["outcome"]["result"] == "ACCEPTED"
    with pytest.raises(NotFound):
        await pair.emsp.commands.recall(id)


@pytest.mark.parametrize(("timeout_s", "known"), [(45, 45), (-1, 0), (10**12, 3600)])
async def test_the_timeout_of_the_answer_is_believed_within_reason(version: str, timeout_s: int, known: int) -> None:
    pair = await linked(version)
    data = {"result": "ACCEPTED", "timeout": timeout_s, "message": [{"language": "en", "text": "Wait"}]}

    async def answer(_: Request) -> Response:
        return answering(json.dumps(data).encode())

    pair.net.hosts["cpo.example"] = answer
    sent = await pair.send()
    assert sent.answer == CommandAnswer(result="ACCEPTED", timeout_s=known, message=(("en", "Wait"),))
    waits = asyncio.create_task(sent.result())
    await pair.timer.advance(known + GRACE_S)
    assert (await waits).result == "TIMEOUT"


async def test_commands_are_forgotten_when_no_result_can_come(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send()
    await pair.report()
    kept = await pair.send(RESERVE)
    await pair.report()
    await pair.timer.advance(DEFAULT_TIMEOUT_S + GRACE_S + KEEP_S)
    with pytest.raises(NotFound):
        await pair.emsp.commands.recall(sent.id)
    with pytest.raises(NotFound):
        await pair.emsp.commands.recall("x")
    await pair.send(UNLOCK)
    ids = [id for id, _ in await pair.emsp.store.documents("command")]
    assert sent.id not in ids
    assert kept.id in ids
    assert len(ids) == 2
    await pair.close()


async def test_the_parties_on_both_sides_can_be_named(version: str) -> None:
    pair = await linked(version)
    await pair.emsp.commands.send("cpo.example", UNLOCK, fields(version, UNLOCK), ours=EMSP, theirs=CPO)
    headers = pair.net.requests[-1].headers
    named = [headers.get(f"ocpi-{way}-party-id") for way in ("from", "to")]
    assert named == ([None, None] if version == "2.1.1" else ["EMP", "GEF"])
    assert pair.operator.asked[0].parties == (CPO,)
    await pair.close()


async def test_an_expiry_may_be_given_as_a_moment(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send(RESERVE, expiry_date=DateTime.parse(ONE_O_CLOCK))
    body = dict(await pair.emsp.store.documents("command"))[sent.id]
    assert json.loads(body)["reserved_until"] == NOON_S + 3600
    assert DateTime.parse(NOON).timestamp() == NOON_S
    await pair.close()


async def test_no_secret_is_in_what_is_kept(version: str) -> None:
    pair = await linked(version)
    await pair.send()
    token_of_emsp = pair.emsp.peer("cpo.example").wire.token
    assert isinstance(token_of_emsp, Secret)
    kept = [*await pair.cpo.store.documents("order"), *await pair.emsp.store.documents("command")]
    assert len(kept) == 2
    assert all(token_of_emsp.reveal().encode() not in body for _, body in kept)
    await pair.close()


async def test_a_result_that_comes_while_its_command_is_given_up_changes_nothing(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await linked(version)
    sent = await pair.send()
    known = await pair.emsp.commands._find(sent.id)

    async def stale(_: str) -> Pending | None:
        return known

    await pair.emsp.store.change_document(sending.KIND, sent.id, lambda _: None)
    monkeypatch.setattr(pair.emsp.commands, "_find", stale)
    await pair.report()
    assert (len(pair.posted()), await pair.pendings()) == (1, 0)


async def test_a_cancellation_that_nobody_listens_to_is_logged(version: str) -> None:
    if version == "2.1.1":
        return
    pair = await linked(version)
    await pair.send(RESERVE)
    await pair.report()
    await pair.restart()
    await rest()
    await pair.cpo.desk.cancel_reservation(pair.operator.asked[0].id)
    assert pair.results() == [{"result": "ACCEPTED"}, {"result": "CANCELED_RESERVATION"}]


@rule("CMD-18")
@rule("CMD-19")
async def test_a_reservation_is_replaced_and_cancelled_by_its_id(version: str) -> None:
    pair = await linked(version)
    await pair.send(RESERVE)
    await pair.send(RESERVE, expiry_date="2026-03-01T14:00:00Z")
    if has(version, CANCEL):
        await pair.send(CANCEL)
    assert {asked.reservation_id for asked in pair.operator.asked} == {"7" if version == "2.1.1" else "R7"}
    assert len({asked.id for asked in pair.operator.asked}) == len(pair.operator.asked)
    await pair.close()
