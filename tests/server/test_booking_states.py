# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a Booking becomes by requests, answers and time, without a store or a partner."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import END, MIDDLE, NEW, START, TERMS, booking, booking_location, booking_request, period
from tests.rules import rule
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, UsageError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import booking_states as states
from wwcp_ocpi.server.decisions import BookingAnswer, Wanted
from wwcp_ocpi.server.decisions.bookings import Verdict

AT = DateTime.parse(NEW)
CANCELED = {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"}
LATER = period("2051-05-01T14:00:00Z", "2051-05-01T15:00:00Z")


def raw(body: dict[str, Any]) -> RawObject:
    return patch.split(codec.encode(body))


def plain(fields: RawObject) -> dict[str, Any]:
    return dict(json.loads(patch.join(fields)))


def asked(*requests: dict[str, Any]) -> RawObject:
    """A new Booking with these requests, all of them open."""
    first, *others = map(raw, requests)
    made = states.begun("B1", PartyId("DE", "GEF"), first, raw(booking_location()), AT)
    for request in others:
        made = states.asked_again(made, request, AT)
    return made


def settle(made: RawObject, *verdicts: Verdict) -> tuple[str, list[str]]:
    for verdict in verdicts:
        made = states.settled(made, BookingAnswer(verdict=verdict), AT)
    found = plain(made)
    return found["reservation_status"], [one["request_status"] for one in found["booking_requests"]]


@rule("BKG-01")
@rule("BKG-11")
def test_answers_go_to_the_latest_open_request_first() -> None:
    two = asked(booking_request(), booking_request(period=LATER))
    assert settle(two) == ("PENDING", ["PENDING", "PENDING"])
    assert settle(two, "PENDING") == ("PENDING", ["PENDING", "PENDING"])
    assert settle(two, "ACCEPTED") == ("RESERVED", ["ACCEPTED", "ACCEPTED"])
    assert settle(two, "DECLINED") == ("PENDING", ["PENDING", "DECLINED"])
    assert settle(two, "DECLINED", "ACCEPTED") == ("RESERVED", ["ACCEPTED", "DECLINED"])
    assert settle(two, "FAILED", "DECLINED") == ("REJECTED", ["DECLINED", "FAILED"])
    assert settle(two, "FAILED", "FAILED") == ("FAILED", ["FAILED", "FAILED"])
    with pytest.raises(UsageError, match="no request is open"):
        settle(two, "ACCEPTED", "ACCEPTED")


@rule("BKG-17")
def test_an_accepted_cancellation_ends_what_was_open() -> None:
    three = asked(booking_request(), booking_request(period=LATER), booking_request(canceled=CANCELED))
    assert settle(three, "ACCEPTED") == ("CANCELED", ["DECLINED", "DECLINED", "ACCEPTED"])
    assert settle(three, "DECLINED", "ACCEPTED") == ("RESERVED", ["ACCEPTED", "ACCEPTED", "DECLINED"])
    assert plain(states.settled(three, BookingAnswer(verdict="ACCEPTED"), AT))["canceled"] == CANCELED


def test_a_change_brings_what_it_asks_for_and_what_the_system_decides() -> None:
    made = states.settled(asked(booking_request()), BookingAnswer(verdict="ACCEPTED"), AT)
    option, code = {"evse_uid": "E2"}, [{"method": "ACCESS_CODE", "value": "1"}]
    made = states.asked_again(made, raw(booking_request(period=LATER, booking_option={"parking_id": "P"})), AT)
    assert plain(made)["period"] == period()
    fields = {"booking_option": option, "access_information": code}
    found = plain(states.settled(made, BookingAnswer(verdict="ACCEPTED", fields=fields), AT))
    assert (found["period"], found["booking_option"], found["access_information"]) == (LATER, option, code)
    assert (found["tariff_ids"], found["booking_terms"]) == (["T1"], TERMS)


def test_what_is_wanted_follows_from_what_there_is() -> None:
    there = raw(booking())
    assert states.wanted(None, raw(booking_request())) is Wanted.NEW
    assert states.wanted(there, raw(booking_request(canceled=None))) is Wanted.CHANGE
    assert states.wanted(there, raw(booking_request(canceled=CANCELED))) is Wanted.CANCEL


def test_what_stands_is_the_last_request_that_was_not_refused() -> None:
    entries = [
        {"request_status": status, "booking_request": booking_request(authorization_reference=status)}
        for status in ("ACCEPTED", "PENDING", "DECLINED", "FAILED")
    ]
    made = raw(booking(booking_requests=entries))
    assert plain(states.standing_request(made))["authorization_reference"] == "PENDING"
    assert plain(states.latest_request(made))["authorization_reference"] == "FAILED"
    assert (
        plain(states.standing_request(raw(booking(booking_requests=entries[2:]))))["authorization_reference"]
        == "FAILED"
    )


@rule("BKG-19")
@pytest.mark.parametrize("status", ["FULFILLED", "NO_SHOW", "CANCELED"])
def test_the_end_of_a_booking_declines_what_was_open(status: str) -> None:
    made = states.asked_again(raw(booking()), raw(booking_request(period=LATER)), DateTime.parse(MIDDLE))
    found = plain(states.moved(made, status, AT, ("FULL", "CPO") if status == "CANCELED" else None))
    assert found["reservation_status"] == status
    assert [one["request_status"] for one in found["booking_requests"]] == ["ACCEPTED", "DECLINED"]
    expected = {"cancellation_reason": "FULL", "who_canceled": "CPO"} if status == "CANCELED" else None
    assert found.get("canceled") == expected
    assert found["last_updated"] == NEW


@pytest.mark.parametrize(("what", "minutes"), [(Wanted.CHANGE, 60), (Wanted.CANCEL, 30)])
def test_the_last_moment_to_change_or_cancel_is_still_in_time(what: Wanted, minutes: int) -> None:
    start = DateTime.parse(START).micros
    last = DateTime.from_micros(start - minutes * 60_000_000)
    states.check_deadlines(what, raw(booking()), last)
    late = DateTime.from_micros(last.micros + 1000)
    with pytest.raises(InvalidParameters, match=f"until {minutes} minutes before"):
        states.check_deadlines(what, raw(booking()), late)
    states.check_deadlines(what, raw(booking(reservation_status="PENDING")), late)


def test_a_cancellation_needs_no_leave_to_change() -> None:
    made = raw(booking(booking_terms={**TERMS, "change_not_allowed": True}))
    states.check_deadlines(Wanted.CANCEL, made, AT)
    with pytest.raises(InvalidParameters, match="change_not_allowed"):
        states.check_deadlines(Wanted.CHANGE, made, AT)


def test_a_period_is_as_long_as_the_terms_say() -> None:
    start, end = DateTime.parse(START), DateTime.parse(END)
    allowed: list[dict[str, Any]] = [{}, {"min_booking_duration": 60}, {"max_booking_duration": 60}]
    for terms in [*allowed, {"min_booking_duration": None}]:
        states.check_period(start, end, raw({**TERMS, **terms}), AT)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"min_booking_duration": 60.5}, "at least 60.5 minutes, got 60"),
        ({"max_booking_duration": 59}, "at most 59 minutes, got 60"),
    ]
    for terms, message in refused:
        with pytest.raises(InvalidParameters, match=message):
            states.check_period(start, end, raw({**TERMS, **terms}), AT)
    states.check_period(start, end, raw(TERMS), start)
    with pytest.raises(InvalidParameters, match=f"expected a moment after {END}, got {END}"):
        states.check_period(start, end, raw(TERMS), end)


def test_a_booking_that_was_asked_about_too_often_can_still_be_cancelled() -> None:
    (entry,) = booking()["booking_requests"]
    made = raw(booking(booking_requests=[entry] * states.MOST_REQUESTS))
    states.check_count(Wanted.CANCEL, made)
    with pytest.raises(InvalidParameters, match="100 requests"):
        states.check_count(Wanted.CHANGE, made)
    with pytest.raises(InvalidParameters, match="200 requests"):
        states.check_count(Wanted.CANCEL, raw(booking(booking_requests=[entry] * 2 * states.MOST_REQUESTS)))
