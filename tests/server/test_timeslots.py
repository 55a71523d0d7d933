# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of BookingLocations with time in a window: who is listed, how many there are, how the pages go on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.booking import PLACES, SENDER, V, cpo, own
from tests.objects import MIDDLE, NEW, OLD, booking_location, calendar, period
from tests.platforms import Caller, envelope_of
from tests.rules import rule
from wwcp_ocpi.protocol.http import LIMIT, LINK, TOTAL_COUNT
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server import timeslots
from wwcp_ocpi.server.timeslots import Window, has_time

URL = f"{SENDER}/booking_locations"


def hour(hour: int, hours: int = 1) -> dict[str, Any]:
    """A timeslot of the first of May."""
    return period(*(f"2051-05-01T{at:02d}:00:00Z" for at in (hour, hour + hours)))


def place(id: str, *slots: dict[str, Any], last_updated: str = MIDDLE) -> dict[str, Any]:
    calendars = [calendar(f"CAL{number}", MIDDLE, slot) for number, slot in enumerate(slots)]
    return booking_location(id, last_updated, calendars=calendars)


async def listing(*places: dict[str, Any]) -> Caller:
    made, _, call = await cpo(place=places[0])
    await made.publisher.publish(V, PLACES, [own(one) for one in places[1:]])
    return call


async def ids(call: Caller, query: str) -> list[str]:
    response = await call("GET", f"{URL}?{query}")
    found = envelope_of(response)
    assert found["status_code"] == 1000, found
    assert response.headers[TOTAL_COUNT] == str(len(found["data"]))
    return [one["id"] for one in found["data"]]


@rule("BKG-18")
async def test_a_window_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    call = await listing(place("MORNING", hour(8)), place("NOON", hour(12)), place("DAY", hour(0), hour(6, 12)))
    day = "2051-05-01T"
    assert await ids(call, f"timeslot_from={day}08:59:59Z") == ["MORNING", "NOON", "DAY"]
    assert await ids(call, f"timeslot_from={day}09:00:00Z") == ["NOON", "DAY"]
    assert await ids(call, f"timeslot_to={day}12:00:00Z") == ["MORNING", "DAY"]
    assert await ids(call, f"timeslot_to={day}12:00:00.001Z") == ["MORNING", "NOON", "DAY"]
    assert await ids(call, f"timeslot_from={day}03:00:00Z&timeslot_to={day}06:00:00Z") == []
    assert await ids(call, f"timeslot_from={day}10:00:00Z&timeslot_to={day}10:15:00Z") == ["DAY"]
    assert await ids(call, f"timeslot_from={quote(f'{day}14:30:00+02:00')}") == ["NOON", "DAY"]
    assert await ids(call, "timeslot_from=&timeslot_to=") == ["MORNING", "NOON", "DAY"]


@rule("BKG-18")
async def test_a_window_goes_with_dates() -> None:
    call = await listing(place("A", hour(8), last_updated=OLD), place("B", hour(8), last_updated=NEW))
    window = "timeslot_from=2051-05-01T08:00:00Z"
    assert await ids(call, f"{window}&date_from={MIDDLE}") == ["B"]
    assert await ids(call, f"{window}&date_to={MIDDLE}") == ["A"]
    assert await ids(call, f"timeslot_from=2051-05-02T00:00:00Z&date_from={OLD}") == []


def test_without_calendars_there_is_no_time() -> None:
    everything = Window(DateTime.from_micros(0), None)
    assert has_time(json.dumps(booking_location()).encode(), everything)
    empty: list[list[Any] | None] = [None, []]
    for calendars in empty:
        assert not has_time(json.dumps(booking_location(calendars=calendars)).encode(), everything)


@rule("TRN-19")
@rule("TRN-21")
async def test_pages_of_a_window_count_and_link_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeslots, "CHUNK", 2)
    call = await listing(*(place(f"P{number}", hour(8 if number % 2 else 20)) for number in range(11)))
    at: str | None = f"{URL}?timeslot_from=2051-05-01T12:00:00Z&limit=2"
    pages = []
    while at is not None:
        response = await call("GET", at)
        assert (response.headers[TOTAL_COUNT], response.headers[LIMIT]) == ("6", "1000")
        pages.append([one["id"] for one in envelope_of(response)["data"]])
        url = read_next(response.headers.get(LINK), "https://cpo.example")
        at = url and url.removeprefix("https://cpo.example")
    assert pages == [["P0", "P2"], ["P4", "P6"], ["P8", "P10"]]
    response = await call("GET", f"{URL}?timeslot_from=2051-05-01T12:00:00Z&offset=6")
    assert envelope_of(response)["data"] == []
    assert LINK not in response.headers


async def test_too_many_to_search_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeslots, "MOST", 2)
    call = await listing(*(place(f"P{number}", hour(8), last_updated=(OLD, NEW, NEW)[number]) for number in range(3)))
    found = envelope_of(await call("GET", f"{URL}?timeslot_from={MIDDLE}"))
    assert found["status_code"] == 2001
    assert "narrow them with date_from and date_to" in found["status_message"]
    assert await ids(call, f"timeslot_from={MIDDLE}&date_from={MIDDLE}") == ["P1", "P2"]
    assert len(envelope_of(await call("GET", URL))["data"]) == 3


async def test_a_moment_that_is_none_is_refused_and_bookings_know_no_window() -> None:
    call = await listing(place("A", hour(8)))
    for name in ("timeslot_from", "timeslot_to"):
        found = envelope_of(await call("GET", f"{URL}?{name}=soon"))
        assert (found["status_code"], found["status_message"].partition(":")[0]) == (2001, name)
    assert envelope_of(await call("GET", f"{SENDER}?timeslot_from=soon"))["data"] == []
