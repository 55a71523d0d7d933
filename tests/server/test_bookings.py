# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests for a Booking at the CPO: what is asked of the operator's system, what is kept, what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.booking import MODULES, PLACES, RECEIVER, SENDER, BookingSystem, V, cpo, kept, known, own
from tests.objects import END, NEW, START, TERMS, booking, booking_location, booking_request, calendar, period
from tests.platforms import CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import OwnParty, bookings
from wwcp_ocpi.server.bookings import booking_id
from wwcp_ocpi.server.caller import unclaimed
from wwcp_ocpi.server.decisions import BookingAnswer, BookingQuestion, Wanted
from wwcp_ocpi.store.ports import Side

OTHER = PartyId("FR", "OTH")
CANCELED = {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"}
ID = booking_id(EMSP, "R1")


def refused(response: Response) -> tuple[int, int, str]:
    found = envelope_of(response)
    assert "data" not in found
    return response.status, found["status_code"], found["status_message"]


def data(response: Response) -> Any:
    found = envelope_of(response)
    assert (response.status, found["status_code"]) == (200, 1000), found
    return found["data"]


def statuses(found: dict[str, Any]) -> tuple[str, list[str]]:
    """The state of a Booking, and those of its requests."""
    return found["reservation_status"], [one["request_status"] for one in found["booking_requests"]]


async def receiver() -> tuple[Platform, Caller]:
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=MODULES)
    return made, await known(made, "cpo", CPO, "CPO")


# ------------------------------------------------------------------------------------------------------ what is asked


@rule("BKG-05")
async def test_a_request_is_answered_with_the_booking_and_kept() -> None:
    made, system, call = await cpo()
    system.fields = {"access_information": [{"method": "ACCESS_CODE", "value": "1224"}]}
    asked = booking_request(booking_option={"evse_uid": "E1"}, power_required=11, vendor={"x": 1.50})
    found = data(await call("POST", SENDER, asked))
    received = found["booking_requests"][0].pop("request_received")
    assert found.pop("last_updated") == received
    assert found == {
        "id": ID,
        "country_code": "DE",
        "party_id": "GEF",
        "request_id": "R1",
        "booking_option": {"evse_uid": "E1"},
        "location_id": "LOC1",
        "booking_tokens": asked["tokens"],
        "tariff_ids": ["T1"],
        "period": period(),
        "reservation_status": "RESERVED",
        "access_information": [{"method": "ACCESS_CODE", "value": "1224"}],
        "authorization_reference": "A1",
        "booking_terms": TERMS,
        "booking_requests": [{"request_status": "ACCEPTED", "booking_request": asked}],
    }
    assert len(await kept(made, "bookings", Side.OURS, "emsp")) == 1
    question = system.asked[0]
    assert json.loads(question.booking_location or b"") == booking_location()
    assert json.loads(question.request) == asked
    assert question == BookingQuestion(
        booking_id=ID,
        wanted=Wanted.NEW,
        partner="emsp",
        version="2.3.0",
        owner=CPO,
        requester=EMSP,
        location_id="LOC1",
        booking_location_id="BL1",
        start=DateTime.parse(START),
        end=DateTime.parse(END),
        request=question.request,
        evse_uid="E1",
        power_kw=11,
        booking_location=question.booking_location,
    )


@rule("BKG-01")
@pytest.mark.parametrize(
    ("verdict", "status"),
    [("PENDING", "PENDING"), ("ACCEPTED", "RESERVED"), ("DECLINED", "REJECTED"), ("FAILED", "FAILED")],
)
async def test_a_new_booking_is_in_the_state_that_the_answer_gives_it(verdict: str, status: str) -> None:
    _, _, call = await cpo(verdict)
    assert statuses(data(await call("POST", SENDER, booking_request()))) == (status, [verdict])


async def test_nobody_to_ask_means_rejected() -> None:
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    call = await known(made, "emsp", EMSP, "EMSP")
    await made.publisher.publish(V, PLACES, [own(booking_location())])
    assert statuses(data(await call("POST", SENDER, booking_request()))) == ("REJECTED", ["DECLINED"])


async def test_a_system_that_does_not_answer_in_time_means_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        async def book(self, asked: BookingQuestion) -> BookingAnswer:
            await asyncio.Event().wait()
            raise AssertionError("never")

    made, _, call = await cpo()
    made.server.booker = Slow()
    monkeypatch.setattr(bookings, "DECIDE_S", 0.0)
    assert statuses(data(await call("POST", SENDER, booking_request()))) == ("FAILED", ["FAILED"])


async def test_the_same_request_again_is_answered_without_asking() -> None:
    made, system, call = await cpo()
    first = data(await call("POST", SENDER, booking_request()))
    await made.publisher.withdraw(V, PLACES, CPO, "BL1")
    again = json.dumps(dict(reversed(booking_request().items()))).encode()
    assert data(await call("POST", SENDER, again)) == first
    assert data(await call("POST", SENDER, booking_request(request_id="R1"))) == first
    assert len(system.asked) == 1


async def test_the_same_request_twice_at_once_is_asked_once() -> None:
    class Asking(BookingSystem):
        async def book(self, asked: BookingQuestion) -> BookingAnswer:
            for _ in range(10):
                await asyncio.sleep(0)
            return await super().book(asked)

    made, _, call = await cpo()
    system = Asking()
    made.server.booker = system
    one, other = await asyncio.gather(*(call("POST", SENDER, booking_request()) for _ in range(2)))
    assert data(one) == data(other)
    assert len(system.asked) == 1
    assert len(await kept(made, "bookings", Side.OURS, "emsp")) == 1


# -------------------------------------------------------------------------------------------- changes, cancellation


@rule("BKG-11")
@rule("BKG-01")
async def test_a_change_counts_when_it_is_accepted() -> None:
    _, system, call = await cpo("ACCEPTED", "PENDING", "DECLINED", "ACCEPTED")
    later = period("2051-05-01T14:00:00Z", "2051-05-01T15:00:00Z")
    await call("POST", SENDER, booking_request())
    pending = data(await call("POST", SENDER, booking_request(period=later)))
    assert (statuses(pending), pending["period"]) == (("RESERVED", ["ACCEPTED", "PENDING"]), period())
    declined = data(await call("POST", SENDER, booking_request(period=later, power_required=5)))
    assert statuses(declined) == ("RESERVED", ["ACCEPTED", "PENDING", "DECLINED"])
    changed = data(await call("POST", SENDER, booking_request(period=later, power_required=3)))
    assert statuses(changed) == ("RESERVED", ["ACCEPTED", "ACCEPTED", "DECLINED", "ACCEPTED"])
    assert (changed["id"], changed["period"]) == (ID, later)
    assert [asked.wanted for asked in system.asked] == [Wanted.NEW, Wanted.CHANGE, Wanted.CHANGE, Wanted.CHANGE]
    assert {asked.booking_id for asked in system.asked} == {ID}
    assert system.asked[1].booking is not None


@rule("BKG-17")
async def test_a_cancellation_says_why_and_by_whom() -> None:
    made, system, call = await cpo("PENDING", "PENDING", "ACCEPTED")
    await call("POST", SENDER, booking_request())
    await made.publisher.withdraw(V, PLACES, CPO, "BL1")
    first = data(await call("POST", SENDER, booking_request(canceled=CANCELED)))
    assert statuses(first) == ("PENDING", ["PENDING", "PENDING"])
    assert "canceled" not in first
    final = data(await call("POST", SENDER, booking_request(canceled={**CANCELED, "cancellation_reason": "UNKNOWN"})))
    assert statuses(final) == ("CANCELED", ["DECLINED", "DECLINED", "ACCEPTED"])
    assert final["canceled"] == {**CANCELED, "cancellation_reason": "UNKNOWN"}
    assert [(asked.wanted, asked.reason) for asked in system.asked] == [
        (Wanted.NEW, None),
        (Wanted.CANCEL, "TRAFFIC"),
        (Wanted.CANCEL, "UNKNOWN"),
    ]


@rule("BKG-01")
@pytest.mark.parametrize("verdict", ["DECLINED", "FAILED"])
async def test_what_is_final_stays_final(verdict: str) -> None:
    made, system, call = await cpo(verdict)
    found = data(await call("POST", SENDER, booking_request()))
    for more in ({"canceled": CANCELED}, {"power_required": 3}):
        status, code, message = refused(await call("POST", SENDER, booking_request(**more)))
        assert (status, code) == (200, 2001)
        assert message == f"$.request_id: this Booking is {found['reservation_status']}, which is final"
    assert await kept(made, "bookings", Side.OURS, "emsp") == [found]
    assert len(system.asked) == 1


@pytest.mark.parametrize(
    ("terms", "more", "message"),
    [
        ({"cancel_until_minutes": 10**8}, {"canceled": CANCELED}, "can be cancelled until 100000000 minutes before"),
        ({"change_until_minutes": 10**8}, {"power_required": 3}, "can be changed until 100000000 minutes before"),
        ({"change_not_allowed": True}, {"power_required": 3}, "its terms say change_not_allowed"),
    ],
)
async def test_what_the_terms_forbid_is_refused_before_anybody_is_asked(
    terms: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    made, system, call = await cpo("ACCEPTED", place=booking_location(booking_terms={**TERMS, **terms}))
    found = data(await call("POST", SENDER, booking_request()))
    status, code, said = refused(await call("POST", SENDER, booking_request(**more)))
    assert (status, code) == (200, 2001)
    assert message in said
    assert len(system.asked) == 1
    assert await kept(made, "bookings", Side.OURS, "emsp") == [found]


async def test_what_ends_while_the_system_thinks_stays_ended() -> None:
    class Ending(BookingSystem):
        async def book(self, asked: BookingQuestion) -> BookingAnswer:
            if asked.wanted is Wanted.CHANGE:
                await made.booking_desk.move(ID, "CANCELED", reason="BROKEN_CHARGER")
            return await super().book(asked)

    made, _, call = await cpo()
    made.server.booker = Ending()
    await call("POST", SENDER, booking_request())
    status, code, message = refused(await call("POST", SENDER, booking_request(power_required=3)))
    assert (status, code) == (200, 2001)
    assert "this Booking is CANCELED" in message


# ----------------------------------------------------------------------------------------------------- what is refused


@rule("BKG-03")
async def test_what_was_never_published_cannot_be_booked() -> None:
    made, system, call = await cpo()
    response = await call("POST", SENDER, booking_request(booking_location_id="BL2"))
    assert refused(response) == (200, 2003, "$.booking_location_id: no such BookingLocation: 'BL2'")
    response = await call("POST", SENDER, booking_request(location_id="LOC2"))
    assert refused(response)[:2] == (200, 2001)
    assert system.asked == []
    assert await made.store.count(Side.OURS, "bookings") == 0


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"period": period(END, START)}, f"$.period.end_date_time: expected a moment after {END}, got {START}"),
        ({"period": period(START, START)}, f"$.period.end_date_time: expected a moment after {START}, got {START}"),
        (
            {"period": period("2051-05-01T12:00:00Z", "2051-05-01T12:29:00Z")},
            "$.period: expected at least 30 and at most 90.5 minutes, got 29",
        ),
        (
            {"period": period("2051-05-01T12:00:00Z", "2051-05-01T13:31:00Z")},
            "$.period: expected at least 30 and at most 90.5 minutes, got 91",
        ),
        (
            {"period": period("2020-05-01T12:00:00Z", END)},
            "$.period: expected at least 30 and at most 90.5 minutes, got",
        ),
        (
            {"period": period("2020-05-01T12:00:00Z", "2020-05-01T13:00:00Z")},
            "$.period.end_date_time: expected a moment",
        ),
        ({"request_id": ""}, "$.request_id: expected an id"),
        ({"request_id": "R2", "canceled": CANCELED}, "$.request_id: no Booking was requested under this id"),
        ({"period": {"start_date_time": START}}, "bookings: $.period.end_date_time: required in Period, but missing"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_with_its_place(more: dict[str, Any], expected: str) -> None:
    terms = {**TERMS, "min_booking_duration": 30, "max_booking_duration": 90.5}
    made, system, call = await cpo(place=booking_location(booking_terms=terms))
    status, code, message = refused(await call("POST", SENDER, booking_request(**more)))
    assert (status, code, message[: len(expected)]) == (200, 2001, expected)
    assert system.asked == []
    assert await made.store.count(Side.OURS, "bookings") == 0


async def test_nobody_books_in_the_name_of_another() -> None:
    made, system, call = await cpo()
    other = await known(made, "other", OTHER, "EMSP")
    assert refused(await other("POST", SENDER, booking_request()))[:2] == (403, 2001)
    await call("POST", SENDER, booking_request())
    mine = data(await other("POST", SENDER, booking_request(country_code="FR", party_id="OTH")))
    assert mine["id"] != ID
    assert len(system.asked) == 2
    assert [one["id"] for one in data(await other("GET", SENDER))] == [mine["id"]]
    assert [one["id"] for one in data(await call("GET", SENDER))] == [ID]


async def test_a_booking_that_another_connection_holds_is_not_touched() -> None:
    made, _, call = await cpo()
    await call("POST", SENDER, booking_request())
    await made.store.readdress("emsp", "before")
    assert refused(await call("POST", SENDER, booking_request()))[:2] == (403, 2001)


async def test_a_booking_location_without_terms_cannot_be_booked() -> None:
    place = booking_location()
    del place["booking_terms"]
    made, system, call = await cpo(place=place)
    assert refused(await call("POST", SENDER, booking_request()))[:2] == (200, 3000)
    assert system.asked == []
    assert await made.store.count(Side.OURS, "bookings") == 0


@pytest.mark.parametrize(
    "answer",
    [
        BookingAnswer(verdict="ACCEPTED", fields={"tariff_ids": "T1"}),
        BookingAnswer(verdict="ACCEPTED", fields={"id": "mine"}),
        BookingAnswer(verdict="SURE"),  # type: ignore[arg-type]
    ],
)
async def test_an_answer_of_ours_that_makes_no_booking_is_ours_to_answer_for(answer: BookingAnswer) -> None:
    class Wrong:
        async def book(self, asked: BookingQuestion) -> BookingAnswer:
            return answer

    made, _, call = await cpo()
    made.server.booker = Wrong()
    assert refused(await call("POST", SENDER, booking_request()))[:2] == (200, 3000)
    assert await made.store.count(Side.OURS, "bookings") == 0


async def test_a_change_needs_no_booking_location_and_cannot_leave_it() -> None:
    made, system, call = await cpo()
    await made.publisher.publish(V, PLACES, [own(booking_location("BL2"))])
    await call("POST", SENDER, booking_request())
    for more, place in (({"booking_location_id": "BL2"}, "booking_location_id"), ({"location_id": "L"}, "location_id")):
        status, code, message = refused(await call("POST", SENDER, booking_request(**more)))
        assert (status, code, message.partition(":")[0]) == (200, 2001, f"$.{place}")
    await made.publisher.withdraw(V, PLACES, CPO, "BL1")
    changed = data(await call("POST", SENDER, booking_request(booking_location_id="bl1", power_required=3)))
    assert statuses(changed) == ("RESERVED", ["ACCEPTED", "ACCEPTED"])
    assert [asked.booking_location is None for asked in system.asked] == [False, True]


async def test_what_failed_may_be_asked_again() -> None:
    _, system, call = await cpo("ACCEPTED", "FAILED", "ACCEPTED")
    await call("POST", SENDER, booking_request())
    cancel = booking_request(canceled=CANCELED)
    assert statuses(data(await call("POST", SENDER, cancel))) == ("RESERVED", ["ACCEPTED", "FAILED"])
    final = data(await call("POST", SENDER, cancel))
    assert statuses(final) == ("CANCELED", ["ACCEPTED", "FAILED", "ACCEPTED"])
    assert data(await call("POST", SENDER, cancel)) == final
    assert len(system.asked) == 3


async def test_a_booking_of_two_of_our_parties_stays_with_the_first() -> None:
    made, _, call = await cpo()
    await made.publisher.publish(V, PLACES, [own(booking_location("BL2", party_id="TWO"), PartyId("DE", "TWO"))])
    two = OwnParty(id=PartyId("DE", "TWO"), role="CPO", name="two")
    made.server.settings = replace(made.settings, parties=(*made.settings.parties, two))
    await call("POST", SENDER, booking_request())
    response = await call("POST", SENDER, booking_request(booking_location_id="BL2"))
    assert refused(response)[:2] == (200, 2001)


# ----------------------------------------------------------------------------------------- lists, single objects, parts


@rule("BKG-04")
async def test_booking_locations_are_for_everybody_and_bookings_for_one() -> None:
    made, _, call = await cpo()
    other = await known(made, "other", OTHER, "EMSP")
    found = data(await call("POST", SENDER, booking_request()))
    await made.publisher.publish(V, "bookings", [own(booking(booking_requests=found["booking_requests"]))])
    assert data(await call("GET", SENDER)) == [found]
    assert data(await other("GET", SENDER)) == []
    assert [one["id"] for one in await kept(made, "bookings", Side.OURS, unclaimed(EMSP))] == ["B1"]
    for who in (call, other):
        assert data(await who("GET", f"{SENDER}/booking_locations")) == [booking_location()]
        assert data(await who("GET", f"{SENDER}/booking_locations/bl1")) == booking_location()
        assert data(await who("GET", f"{SENDER}/booking_locations/BL1/CAL1")) == calendar()
    assert refused(await call("GET", f"{SENDER}/booking_locations/BL2"))[:2] == (404, 2001)
    assert refused(await call("GET", f"{SENDER}/booking_locations/BL1/CAL2"))[:2] == (404, 2001)
    assert (await call("GET", f"{SENDER}/{ID}")).status == 404


@rule("BKG-06")
@rule("BKG-07")
async def test_what_a_cpo_pushes_is_kept_under_its_name() -> None:
    made, call = await receiver()
    for path, body in (("B1", booking()), ("booking_locations/BL1", booking_location())):
        assert (await call("PUT", f"{RECEIVER}/{path}", body)).status == 201
        assert data(await call("GET", f"{RECEIVER}/{path}")) == body
        wrong = {**body, "party_id": "XXX"}
        assert refused(await call("PUT", f"{RECEIVER}/{path}", wrong))[:2] == (200, 2001)
        assert (await call("PUT", f"/ocpi/2.3.0/receiver/bookings/FR/OTH/{path}", body)).status == 403
        assert (await call("DELETE", f"{RECEIVER}/{path}")).status == 405  # defect 43
    assert await kept(made, "bookings", Side.THEIRS) == [booking()]
    assert await kept(made, PLACES, Side.THEIRS) == [booking_location()]


@rule("BKG-08")
@rule("BKG-09")
@rule("BKG-10")
async def test_a_patch_changes_what_it_names_and_the_time_of_what_is_above() -> None:
    _, call = await receiver()
    place, url = booking_location(), f"{RECEIVER}/booking_locations/BL1"
    await call("PUT", url, place)
    free = [period()]
    assert refused(await call("PATCH", f"{url}/CAL1", {"available_timeslots": free}))[:2] == (200, 2001)
    change = {"available_timeslots": free, "last_updated": NEW}
    assert (await call("PATCH", f"{url}/CAL1", change)).status == 200
    expected = {**place, "calendars": [{**calendar(), **change}], "last_updated": NEW}
    assert data(await call("GET", url)) == expected
    assert (await call("PUT", f"{url}/CAL2", calendar("CAL2", NEW))).status == 201
    assert data(await call("GET", f"{url}/CAL2")) == calendar("CAL2", NEW)
    await call("PUT", f"{RECEIVER}/B1", booking())
    for body in ({"reservation_status": "FULFILLED"}, {}):
        assert refused(await call("PATCH", f"{RECEIVER}/B1", body))[:2] == (200, 2001)
    done = {"reservation_status": "FULFILLED", "last_updated": NEW}
    assert (await call("PATCH", f"{RECEIVER}/B1", done)).status == 200
    assert data(await call("GET", f"{RECEIVER}/B1")) == {**booking(), **done}


@rule("BKG-01")
async def test_a_state_that_cannot_follow_is_kept_and_reported() -> None:
    made, call = await receiver()
    await call("PUT", f"{RECEIVER}/B1", booking(reservation_status="NO_SHOW"))
    await call("PUT", f"{RECEIVER}/B1", booking(reservation_status="RESERVED", last_updated=NEW))
    assert made.server.findings == {("cpo", "BKG-01"): 1}
    done = {"reservation_status": "REJECTED", "last_updated": "2026-04-01T00:00:00Z"}
    await call("PATCH", f"{RECEIVER}/B1", done)
    assert made.server.findings == {("cpo", "BKG-01"): 2}
    assert data(await call("GET", f"{RECEIVER}/B1"))["reservation_status"] == "REJECTED"
    await call("PATCH", f"{RECEIVER}/B1", {**done, "tariff_ids": ["T2"]})
    assert made.server.findings == {("cpo", "BKG-01"): 2}


@rule("BKG-12")
@rule("BKG-15")
def test_an_evse_may_be_open_or_not_be_named_at_all() -> None:
    for body in (booking_location(booking_option={"evse_uid": "#NA"}), booking_location()):
        assert check(V.object_named("BookingLocation"), json.dumps(body).encode()) == []


async def test_the_module_is_offered_to_its_other_side() -> None:
    _, _, call = await cpo()
    found = data(await call("GET", "/ocpi/2.3.0"))["endpoints"]
    assert [(one["identifier"], one["role"], one["url"]) for one in found if one["identifier"] != "credentials"] == [
        ("bookings", "SENDER", f"https://cpo.example{SENDER}")
    ]
