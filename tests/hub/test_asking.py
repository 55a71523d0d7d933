# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions through a hub: may this Token charge, and do this at the charge point."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.commanding import CANCEL, RESERVE, START, STOP, UNLOCK, fields, rest
from tests.hub.world import FAR, World, linked, own
from tests.objects import location, session, token
from tests.platforms import CPO, EMSP
from tests.rules import rule
from wwcp_ocpi.partners import Place
from wwcp_ocpi.protocol.errors import Refused, UnknownToken
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome

far = pytest.mark.parametrize(("cpo", "emsp"), [*FAR, ("2.2.1", "2.2.1")])
routed = pytest.mark.parametrize(("cpo", "emsp"), [("2.2.1", "2.3.0"), ("2.3.0", "2.2.1")])


async def ready(cpo: str, emsp: str) -> World:
    """The hub knows the Location, the Token and the Session."""
    world = await linked(cpo, emsp)
    qualifier = VERSIONS[emsp].kind("tokens").resource.qualifier
    made = own(token(emsp), EMSP, qualifier="RFID" if qualifier else None)
    await world.emsp.publisher.publish(VERSIONS[emsp], "tokens", [made])
    await world.cpo.publisher.publish(VERSIONS[cpo], "locations", [own(location(cpo), CPO)])
    await world.settle()
    await world.cpo.publisher.publish(VERSIONS[cpo], "sessions", [own(session(cpo), CPO, concerns=EMSP)])
    await world.settle()
    world.net.requests.clear()
    return world


def sent_to(world: World, host: str, text: str) -> list[Request]:
    return [one for one in world.net.requests if one.url.startswith(f"https://{host}.example") and text in one.url]


@far
async def test_a_token_is_authorised_by_the_emsp_whose_it_is(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    world.cpo.drivers.asks_when_allowed = True
    found = await world.cpo.drivers.authorize("012345678", at=Place(location_id="LOC1", evse_uids=("E1",)))
    assert (found.allowed, found.method, found.partner) == ("ALLOWED", "AUTH_REQUEST", "hub")
    assert found.evse_uids == ("E1",)
    (asked,) = sent_to(world, "emsp", "/authorize")
    assert b'"LOC1"' in asked.body


@far
async def test_a_token_that_nobody_gave_is_unknown_and_nobody_is_asked(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    with pytest.raises(UnknownToken):
        await world.cpo.peer("hub").authorize("NOBODYS")
    assert sent_to(world, "emsp", "/authorize") == []


@rule("STC-10")
@pytest.mark.parametrize(("cpo", "emsp", "status"), [("2.3.0", "2.1.1", 4003), ("2.1.1", "2.3.0", 3000)])
async def test_an_emsp_that_is_away_is_a_connection_problem(cpo: str, emsp: str, status: int) -> None:
    world = await ready(cpo, emsp)
    world.net.down.add("emsp.example")
    with pytest.raises(Refused) as refused:
        await world.cpo.peer("hub").authorize("012345678")
    assert (refused.value.ocpi_status, refused.value.http_status) == (status, 200)


@rule("TRN-38")
@rule("TRN-55")
@rule("TRN-56")
@routed
async def test_parties_and_correlation_pass_and_the_request_id_is_new(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    peer = world.cpo.peer("hub")
    peer.wire.theirs = EMSP
    await peer.authorize("012345678")
    (first,), (second,) = sent_to(world, "hub", "/authorize"), sent_to(world, "emsp", "/authorize")
    parties = ("ocpi-from-country-code", "ocpi-from-party-id", "ocpi-to-country-code", "ocpi-to-party-id")
    assert [second.headers[name] for name in parties] == [first.headers[name] for name in parties] == [*CPO, *EMSP]
    assert second.headers["x-correlation-id"] == first.headers["x-correlation-id"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


@rule("TRN-45")
@rule("TRN-46")
@routed
async def test_without_a_receiver_the_hub_finds_it_and_names_it(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    await world.cpo.peer("hub").authorize("012345678")
    (first,), (second,) = sent_to(world, "hub", "/authorize"), sent_to(world, "emsp", "/authorize")
    assert "ocpi-to-party-id" not in first.headers
    assert second.headers["ocpi-to-party-id"] == EMSP.party_id


@rule("STC-10")
@routed
async def test_a_receiver_that_is_not_behind_the_hub_is_unknown(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    peer = world.cpo.peer("hub")
    peer.wire.theirs = PartyId("XX", "XXX")
    with pytest.raises(Refused) as refused:
        await peer.authorize("012345678")
    assert refused.value.ocpi_status == 4001


@far
@pytest.mark.parametrize("command", [START, STOP, UNLOCK, RESERVE])
async def test_a_command_goes_to_the_cpo_and_its_result_comes_back(cpo: str, emsp: str, command: str) -> None:
    world = await ready(cpo, emsp)
    sent = await world.emsp.commands.send("hub", command, fields(emsp, command))
    assert sent.is_accepted
    (asked,) = world.operator.asked
    assert (asked.command, asked.partner, asked.version) == (command, "hub", cpo)
    assert asked.location_id == (None if command == STOP else "LOC1")
    await world.operator.reports[-1](CommandOutcome(result="ACCEPTED"))
    await rest()
    assert (await sent.result()).result == "ACCEPTED"


@rule("CMD-16")
@routed
async def test_a_reservation_has_another_id_at_the_cpo_and_is_cancelled_by_its_own(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    await world.emsp.commands.send("hub", RESERVE, fields(emsp, RESERVE))
    await world.emsp.commands.send("hub", CANCEL, fields(emsp, CANCEL))
    reserved, canceled = world.operator.asked
    assert reserved.reservation_id == canceled.reservation_id
    assert reserved.reservation_id not in ("7", "R7", None)
    other = await world.emsp.commands.send("hub", CANCEL, fields(emsp, CANCEL, reservation_id="R8"))
    assert (other.answer.result, len(world.operator.asked)) == ("REJECTED", 2)


@pytest.mark.parametrize("cpo", ["2.1.1"])
async def test_a_command_that_the_cpos_version_has_not_is_not_supported(cpo: str) -> None:
    world = await ready(cpo, "2.3.0")
    await world.emsp.commands.send("hub", RESERVE, fields("2.3.0", RESERVE))
    sent = await world.emsp.commands.send("hub", CANCEL, fields("2.3.0", CANCEL))
    assert (sent.answer.result, len(world.operator.asked)) == ("NOT_SUPPORTED", 1)


@rule("CMD-21")
async def test_a_reservation_that_the_cpo_gives_up_is_given_up_at_the_emsp() -> None:
    world = await ready("2.3.0", "2.3.0")
    heard: list[str] = []

    async def canceled(pending: Any) -> None:
        heard.append(pending.canceled.result)

    world.emsp.commands.canceled = canceled
    await world.emsp.commands.send("hub", RESERVE, fields("2.3.0", RESERVE))
    await world.operator.reports[-1](CommandOutcome(result="ACCEPTED"))
    await rest()
    await world.cpo.desk.cancel_reservation(world.operator.asked[-1].id)
    await rest()
    assert heard == ["CANCELED_RESERVATION"]


@far
async def test_a_result_comes_back_though_the_hub_was_restarted_in_between(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    sent = await world.emsp.commands.send("hub", START, fields(emsp, START))
    await world.restart_hub()
    await world.operator.reports[-1](CommandOutcome(result="ACCEPTED"))
    await rest()
    assert (await sent.result()).result == "ACCEPTED"
    assert await world.hub.store.documents("relayed_command") == []


@far
async def test_what_nobody_has_is_refused_in_the_words_of_the_protocol(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    with pytest.raises(Refused) as refused:
        await world.emsp.commands.send("hub", UNLOCK, fields(emsp, UNLOCK, location_id="NONE"))
    assert refused.value.ocpi_status == 2003
    sent = await world.emsp.commands.send("hub", STOP, fields(emsp, STOP, session_id="NONE"))
    assert sent.answer.result == "UNKNOWN_SESSION"
    assert world.operator.asked == []


@rule("STC-09")
@far
async def test_a_refusal_of_the_cpo_is_passed_on_with_its_status(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    world.operator.answer = CommandAnswer(result="REJECTED", unknown_location=True)
    with pytest.raises(Refused) as refused:
        await world.emsp.commands.send("hub", START, fields(emsp, START))
    assert refused.value.ocpi_status == 2003
    await world.hub.book.change("cpo", lambda known: replace(known, blocked=True))
    with pytest.raises(Refused) as refused:
        await world.emsp.commands.send("hub", START, fields(emsp, START))
    assert refused.value.ocpi_status == (3000 if emsp == "2.1.1" else 4001)


@rule("HCI-04")
@far
async def test_a_party_that_left_is_asked_nothing_and_told_nothing(cpo: str, emsp: str) -> None:
    world = await ready(cpo, emsp)
    await world.cpo.registration.leave("hub")
    world.net.requests.clear()
    with pytest.raises(Refused):
        await world.emsp.commands.send("hub", START, fields(emsp, START))
    assert sent_to(world, "cpo", "") == []
