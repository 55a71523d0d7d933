# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bookings on their way between two registered platforms: asked for, answered later, changed, ended, pulled."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from tests.booking import PLACES, V, deliver, kept, linked, own
from tests.objects import END, MIDDLE, NEW, OLD, START, booking, booking_location, calendar, period
from tests.platforms import CPO
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import AnyBooking
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.decisions import BookingAnswer
from wwcp_ocpi.store.ports import Key, Side, Write
from wwcp_ocpi.store.sqlite import SQLiteStore

FROM, TO = DateTime.parse(START), DateTime.parse(END)
THERE, HERE = "cpo.example", "emsp.example"


async def ask(emsp: Platform, **more: Any) -> AnyBooking:
    return await emsp.bookings.request(THERE, "BL1", FROM, TO, **more)


def state(found: AnyBooking) -> tuple[str, list[str]]:
    return str(found.reservation_status), [str(one.request_status) for one in found.booking_requests]


async def both(cpo: Platform, emsp: Platform) -> dict[str, Any]:
    """The one Booking, the same at both ends after delivery."""
    await deliver(cpo)
    ours, theirs = await kept(cpo, "bookings", Side.OURS, HERE), await kept(emsp, "bookings", Side.THEIRS)
    assert ours == theirs
    return dict(ours[0])


@rule("BKG-03")
@rule("BKG-05")
@rule("BKG-19")
async def test_a_booking_from_request_to_fulfilment() -> None:
    net, cpo, emsp, system = await linked()
    system.verdicts = ["PENDING"]
    made = await ask(emsp, tokens=[], power_required=11)
    assert state(made) == ("PENDING", ["PENDING"])
    assert made.booking_requests[0].booking_request.power_required == 11
    assert await both(cpo, emsp)
    option = {"evse_uid": "E1"}
    answer = BookingAnswer(verdict="ACCEPTED", fields={"booking_option": option})
    assert state(await cpo.booking_desk.settle(made.id, answer)) == ("RESERVED", ["ACCEPTED"])
    net.requests.clear()
    found = await both(cpo, emsp)
    assert (found["reservation_status"], found["booking_option"]) == ("RESERVED", option)
    assert [(one.method, one.url.rpartition("/receiver/")[2]) for one in net.requests] == [
        ("PATCH", f"bookings/DE/GEF/{made.id}")
    ]
    await cpo.booking_desk.move(made.id, "FULFILLED")
    assert (await both(cpo, emsp))["reservation_status"] == "FULFILLED"
    with pytest.raises(UsageError, match="'RESERVED' after 'FULFILLED', which is final"):
        await cpo.booking_desk.move(made.id, "RESERVED")


@rule("BKG-11")
@rule("BKG-17")
async def test_a_booking_is_changed_and_canceled_under_its_request_id() -> None:
    _, cpo, emsp, system = await linked()
    system.verdicts = ["ACCEPTED", "DECLINED", "ACCEPTED", "ACCEPTED"]
    made = await ask(emsp)
    later = period("2051-05-01T14:00:00Z", "2051-05-01T15:00:00Z")
    assert state(await emsp.bookings.change(THERE, made.id, period=later, power_required=9)) == (
        "RESERVED",
        ["ACCEPTED", "DECLINED"],
    )
    changed = await emsp.bookings.change(THERE, made.id, period=later)
    assert changed.period.start_date_time.wire == later["start_date_time"]
    assert changed.booking_requests[-1].booking_request.power_required is None
    ended = await emsp.bookings.cancel(THERE, made.id, "TRAFFIC")
    assert state(ended) == ("CANCELED", ["ACCEPTED", "DECLINED", "ACCEPTED", "ACCEPTED"])
    assert ended.canceled is not None
    assert (str(ended.canceled.cancellation_reason), str(ended.canceled.who_canceled)) == ("TRAFFIC", "EMSP")
    assert {one.booking_request.request_id for one in ended.booking_requests} == {made.request_id}
    assert (await both(cpo, emsp))["reservation_status"] == "CANCELED"
    with pytest.raises(Refused, match="which is final"):
        await emsp.bookings.cancel(THERE, made.id, "BLOCKED")


async def test_a_booking_in_a_database(tmp_path: Path) -> None:
    store = await SQLiteStore.open(tmp_path / "cpo.sqlite")
    _, cpo, emsp, system = await linked(store)
    system.verdicts = ["PENDING"]
    one, other = await asyncio.gather(*(ask(emsp, request_id="R1", authorization_reference="A1") for _ in range(2)))
    assert one == other
    await cpo.booking_desk.settle(one.id, BookingAnswer(verdict="ACCEPTED"))
    with pytest.raises(Refused, match="expected a moment after"):
        await emsp.bookings.change(THERE, one.id, period=period(END, START))
    assert (await both(cpo, emsp))["reservation_status"] == "RESERVED"
    assert await emsp.pull(THERE, PLACES) == Pulled(pages=1, received=1, unchanged=1)
    await store.close()


@rule("BKG-17")
async def test_a_cpo_cancels_and_says_why() -> None:
    _, cpo, emsp, _ = await linked()
    made = await ask(emsp)
    await cpo.booking_desk.move(made.id, "CANCELED", reason="POWER_OUTAGE", fields={"tariff_ids": ["T9"]})
    found = await both(cpo, emsp)
    assert found["canceled"] == {"cancellation_reason": "POWER_OUTAGE", "who_canceled": "CPO"}
    assert found["tariff_ids"] == ["T9"]


@rule("BKG-19")
async def test_nobody_came() -> None:
    _, cpo, emsp, _ = await linked()
    made = await ask(emsp)
    await cpo.booking_desk.move(made.id, "NO_SHOW")
    assert (await both(cpo, emsp))["reservation_status"] == "NO_SHOW"


async def test_a_request_without_an_answer_can_be_made_again() -> None:
    net, cpo, emsp, system = await linked()
    handle = net.hosts[THERE]

    async def losing(request: Request) -> Response:
        await handle(request)
        raise Unreachable("cpo.example: connection reset")

    net.hosts[THERE] = losing
    with pytest.raises(Unreachable):
        await ask(emsp, request_id="mine")
    net.hosts[THERE] = handle
    found = await ask(emsp, request_id="mine")
    # The other request had another authorization_reference: to the CPO that is a change.
    assert len(await kept(cpo, "bookings", Side.OURS, HERE)) == 1
    assert found.request_id == "mine"
    assert {asked.booking_id for asked in system.asked} == {found.id}


async def test_a_request_repeated_word_for_word_is_not_asked_again() -> None:
    _, _, emsp, system = await linked()
    one = await ask(emsp, request_id="mine", authorization_reference="A1")
    assert await ask(emsp, request_id="mine", authorization_reference="A1") == one
    assert len(system.asked) == 1


async def test_a_push_that_overtakes_the_answer_is_not_undone() -> None:
    net, cpo, emsp, system = await linked()
    handle = net.hosts[THERE]

    async def slow(request: Request) -> Response:
        response = await handle(request)
        if request.method == "POST":
            id = json.loads(response.body)["data"]["id"]
            change = {"reservation_status": "RESERVED", "last_updated": "2060-01-01T00:00:00Z"}
            await cpo.publisher.change(V, "bookings", CPO, [id], change)
            await deliver(cpo)
        return response

    net.hosts[THERE] = slow
    system.verdicts = ["PENDING"]
    assert state(await ask(emsp)) == ("RESERVED", ["PENDING"])


@rule("BKG-03")
async def test_what_is_not_known_here_is_not_asked_for() -> None:
    net, _, emsp, system = await linked()
    net.requests.clear()
    with pytest.raises(UsageError, match="BL2: not known here"):
        await emsp.bookings.request(THERE, "BL2", FROM, TO)
    with pytest.raises(UsageError, match="B1: not known here"):
        await emsp.bookings.cancel(THERE, "B1")
    with pytest.raises(UsageError, match="authorization_reference: at most 36 characters"):
        await ask(emsp, authorization_reference="x" * 37)
    with pytest.raises(UsageError, match="XXX is not a party of this platform"):
        await ask(emsp, ours=PartyId("NL", "XXX"))
    await emsp.book.change(THERE, lambda partner: replace(partner, blocked=True))
    with pytest.raises(UsageError, match="blocked"):
        await ask(emsp)
    assert (net.requests, system.asked) == ([], [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "expected a Booking in data"),
        ({"id": "B1"}, "country_code: required"),
        (booking(party_id="XXX"), "not a party of cpo.example"),
        (booking(request_id="other"), "request_id: expected that of the request"),
    ],
)
async def test_an_answer_that_is_no_booking_of_ours_is_not_kept(data: object, message: str) -> None:
    net, _, emsp, _ = await linked()

    async def odd(request: Request) -> Response:
        body = envelope.success(json.dumps(data).encode() if data is not None else None)
        return Response(status=200, headers={"content-type": "application/json"}, body=body)

    net.hosts[THERE] = odd
    with pytest.raises(BadAnswer, match=message):
        await ask(emsp, request_id="R1")
    assert await kept(emsp, "bookings", Side.THEIRS) == []


async def test_an_answer_beside_the_specification_is_kept_and_reported() -> None:
    net, _, emsp, _ = await linked()
    odd = booking(request_id="r1", authorization_reference="x" * 40, reservation_status="MAYBE")

    async def answer(request: Request) -> Response:
        body = envelope.success(json.dumps(odd).encode())
        return Response(status=200, headers={"content-type": "application/json"}, body=body)

    net.hosts[THERE] = answer
    with structlog.testing.capture_logs() as logs:
        made = await ask(emsp, request_id="R1", theirs=CPO)
    assert str(made.reservation_status) == "MAYBE"
    assert await kept(emsp, "bookings", Side.THEIRS) == [odd]
    assert [one["first"] for one in logs if one["event"] == "object.not_as_specified"] == [
        "$.reservation_status: 'MAYBE' is no ReservationStatus of this version; kept"
    ]
    sent = net.requests[-1].headers
    names = ("ocpi-from-country-code", "ocpi-from-party-id", "ocpi-to-country-code", "ocpi-to-party-id")
    assert [sent[name] for name in names] == ["NL", "EMP", "DE", "GEF"]


async def test_the_desk_knows_only_our_bookings_and_what_makes_one() -> None:
    _, cpo, emsp, _ = await linked()
    with pytest.raises(NotFound):
        await cpo.booking_desk.settle("B1", BookingAnswer(verdict="ACCEPTED"))
    made = await ask(emsp)
    with pytest.raises(UsageError, match="no request is open"):
        await cpo.booking_desk.settle(made.id, BookingAnswer(verdict="ACCEPTED"))
    with pytest.raises(UsageError, match=r"\$\.tariff_ids"):
        await cpo.booking_desk.move(made.id, "FULFILLED", fields={"tariff_ids": 1})
    assert (await both(cpo, emsp))["reservation_status"] == "RESERVED"


@rule("BKG-20")
@rule("BKG-04")
async def test_a_pull_brings_the_truth_of_both_kinds() -> None:
    _, cpo, emsp, _ = await linked()
    made = await ask(emsp)
    await emsp.store.delete_of_party(Side.THEIRS, "bookings", CPO)
    await cpo.publisher.publish(V, PLACES, [own(booking_location("BL2"))], push=False)
    assert await emsp.pull(THERE, "bookings") == Pulled(pages=1, received=1, stored=1)
    assert [one["id"] for one in await kept(emsp, "bookings", Side.THEIRS)] == [made.id]
    assert await emsp.pull(THERE, PLACES) == Pulled(pages=1, received=2, stored=1, unchanged=1)
    await cpo.publisher.withdraw(V, PLACES, CPO, "BL1")
    assert await emsp.pull(THERE, PLACES) == Pulled(pages=1, received=1, unchanged=1, removed=1)


@rule("BKG-10")
async def test_a_calendar_that_changes_is_pushed_alone() -> None:
    net, cpo, emsp, _ = await linked()
    net.requests.clear()
    change = {"available_timeslots": [period()], "last_updated": NEW}
    await cpo.publisher.change(V, PLACES, CPO, ["BL1", "CAL1"], change)
    await deliver(cpo)
    assert [(one.method, one.url.rpartition("/receiver/")[2]) for one in net.requests] == [
        ("PATCH", "bookings/DE/GEF/booking_locations/BL1/CAL1")
    ]
    expected = booking_location(calendars=[{**calendar(), **change}], last_updated=NEW)
    assert await kept(emsp, PLACES, Side.THEIRS) == await kept(cpo, PLACES, Side.OURS) == [expected]


@rule("BKG-01")
async def test_a_published_booking_goes_to_who_asked_for_it_and_keeps_to_its_states() -> None:
    _, cpo, emsp, _ = await linked()

    async def publish(**more: Any) -> Any:
        request = booking()["booking_requests"][0]
        (outcome,) = await cpo.publisher.publish(V, "bookings", [own(booking(booking_requests=[request], **more))])
        return outcome

    assert (await publish(reservation_status="NO_SHOW")).created
    assert (await both(cpo, emsp))["reservation_status"] == "NO_SHOW"
    refusal = await publish(reservation_status="RESERVED", last_updated=NEW)
    assert isinstance(refusal, UsageError)
    assert (await both(cpo, emsp))["last_updated"] == MIDDLE


async def test_a_partner_that_lists_the_module_as_booking_is_reached() -> None:  # defect 40
    _, cpo, emsp, _ = await linked()

    def spelled(platform: Platform, name: str) -> Any:
        def edit(partner: Any) -> Any:
            endpoints = tuple(
                replace(one, identifier=name) if one.identifier == "bookings" else one
                for one in partner.remote.endpoints
            )
            return replace(partner, remote=replace(partner.remote, endpoints=endpoints))

        return platform.book.change(THERE if platform is emsp else HERE, edit)

    for number, name in enumerate(("Booking", "BOOKINGS")):
        await spelled(emsp, name)
        await spelled(cpo, name)
        made = await ask(emsp, request_id=f"R{number}")
        await cpo.booking_desk.move(made.id, "FULFILLED")
        await deliver(cpo)
        assert (await kept(emsp, "bookings", Side.THEIRS))[number]["reservation_status"] == "FULFILLED"


async def test_a_state_that_cannot_follow_is_kept_from_a_pull_and_reported() -> None:
    _, cpo, emsp, _ = await linked()
    made = await ask(emsp)
    before = {**(await kept(emsp, "bookings", Side.THEIRS))[0], "reservation_status": "REJECTED", "last_updated": OLD}
    written = Write(version="2.3.0", last_updated=0, body=json.dumps(before).encode(), source=THERE)
    key = Key(Side.THEIRS, "bookings", CPO, V.key_id(V.kind("bookings").resource, made.id))
    await emsp.store.change(key, lambda _: written)
    with structlog.testing.capture_logs() as logs:
        assert (await emsp.pull(THERE, "bookings")).stored == 1
    assert [one["message"] for one in logs if one["event"] == "object.state_jumped"] == [
        "'RESERVED' after 'REJECTED', which is final"
    ]
    assert (await both(cpo, emsp))["reservation_status"] == "RESERVED"
