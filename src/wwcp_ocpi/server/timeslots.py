# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of BookingLocations that have time in a window.

Spec: mod_bookings#mod_bookings_get_booking_locations_request_parameters.

A BookingLocation is listed when a timeslot of one of its calendars has a moment from `timeslot_from` (inclusive) to
`timeslot_to` (exclusive). No index knows that: every BookingLocation is looked at for every page, `MOST` at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol import paging
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.http import LIMIT, LINK, TOTAL_COUNT
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.call import Answer, Call, ok_list
from wwcp_ocpi.server.headers import endpoint_url
from wwcp_ocpi.store.ports import Objects, PageRequest

FROM, TO = "timeslot_from", "timeslot_to"
MOST = 10_000
"""How many BookingLocations are searched for one request."""
CHUNK = 100
"""How many are searched before other requests get their turn."""


class Window(msgspec.Struct, frozen=True):
    """From `start` (None: from ever) until before `end` (None: for ever)."""

    start: DateTime | None
    end: DateTime | None


class _Slot(msgspec.Struct):
    start_date_time: str
    end_date_time: str


class _Calendar(msgspec.Struct):
    available_timeslots: list[_Slot] | None = None


class _Calendars(msgspec.Struct):
    calendars: list[_Calendar] | None = None


_read = msgspec.json.Decoder(_Calendars).decode


def window_of(call: Call, query: Mapping[str, str]) -> Window | None:
    """The window that the query of a request asks for; None where it asks for none, or its row knows none.

    Raises:
        InvalidParameters: a moment that is none.
    """
    if FROM not in query and TO not in query:
        return None
    if not any(parameter.name in (FROM, TO) for parameter in call.endpoint.query):
        return None
    start, end = (paging.read_moment(query, name) for name in (FROM, TO))
    return Window(start, end) if start is not None or end is not None else None


async def page_within(call: Call, asked: paging.PageQuery, first: PageRequest, window: Window) -> Answer:
    """One page of what has time in the window. `X-Total-Count` counts what has, the links go on by offset.

    Args:
        first: the request for all that the window is looked for in, from the beginning.

    Raises:
        InvalidParameters: there are too many to look at.
    """
    total, bodies = 0, list[bytes]()
    async for body in _bodies(call.server.store, first):
        if has_time(body, window):
            if asked.offset <= total < asked.offset + asked.limit:
                bodies.append(body)
            total += 1
    headers = {TOTAL_COUNT: str(total), LIMIT: str(call.server.settings.max_page_size)}
    if bodies and asked.offset + len(bodies) < total:
        headers[LINK] = paging.next_link(endpoint_url(call), asked, call.request.query, None, len(bodies))
    return ok_list(bodies, headers)


def has_time(body: bytes, window: Window) -> bool:
    """Whether a BookingLocation has a timeslot with a moment in the window."""
    slots = (slot for calendar in _read(body).calendars or () for slot in calendar.available_timeslots or ())
    return any(
        (window.end is None or DateTime.parse(slot.start_date_time) < window.end)
        and (window.start is None or DateTime.parse(slot.end_date_time) > window.start)
        for slot in slots
    )


async def _bodies(store: Objects, first: PageRequest) -> AsyncIterator[bytes]:
    request = replace(first, offset=0, after=None, limit=CHUNK)
    while True:
        page = await store.page(request)
        if page.total > MOST:
            raise InvalidParameters(
                f"{FROM}, {TO}: {page.total} BookingLocations are more than can be searched; "
                "narrow them with date_from and date_to",
                path=FROM,
            )
        for body in page.bodies:
            yield body
        if page.next is None:
            return
        request = replace(request, after=page.next)
        await asyncio.sleep(0)
