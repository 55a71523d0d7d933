# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions, charge detail records, reservations: a client sees those of the operators and providers it acts for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.wwcp.http.call import EXPECTED_TOTAL, JSON_UTF8, Call, answer, in_slices
from wwcp_ocpi.wwcp.http.events import parties_of_cdr, parties_of_reservation, parties_of_session
from wwcp_ocpi.wwcp.http.query import OBJECTS_MOST, OBJECTS_TAKE
from wwcp_ocpi.wwcp.http.rendering import JSONObject, cdr_of, reservation_of
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.jsonld.documents import encode, plain

_Make = Callable[[], JSONObject]


async def sessions(call: Call) -> Response:
    """A page of sessions, by id."""
    return await _page(call, _sessions(call))


async def session(call: Call) -> Response:
    """One session."""
    id = call.id("sessionId", ChargingSessionId)
    found = await call.network.session(id)
    if found is None or not call.acts_for(*parties_of_session(found)):
        raise NotFound(f"no session {id}")
    return answer(plain(found))


async def count_sessions(call: Call) -> Response:
    """How many sessions."""
    return await _count(_sessions(call))


async def cdrs(call: Call) -> Response:
    """A page of records, by id, each with what became of it."""
    return await _page(call, _cdrs(call))


async def cdr(call: Call) -> Response:
    """One record."""
    id = call.id("cdrId", ChargeDetailRecordId)
    found = await call.network.cdr(id)
    if found is None or not call.acts_for(*parties_of_cdr(found.cdr)):
        raise NotFound(f"no charge detail record {id}")
    return answer(cdr_of(call, found))


async def count_cdrs(call: Call) -> Response:
    """How many records."""
    return await _count(_cdrs(call))


async def reservations(call: Call) -> Response:
    """A page of the reservations in force."""
    return await _page(call, _reservations(call))


async def reservation(call: Call) -> Response:
    """One reservation."""
    id = call.id("reservationId", ChargingReservationId)
    found = call.network.reservation(id)
    if found is None or not call.acts_for(*parties_of_reservation(found)):
        raise NotFound(f"no reservation {id}")
    return answer(reservation_of(call, found))


async def count_reservations(call: Call) -> Response:
    """How many reservations."""
    return await _count(_reservations(call))


async def _sessions(call: Call) -> AsyncIterator[_Make]:
    async for found in call.network.each_session():
        if call.acts_for(*parties_of_session(found)):
            yield partial(plain, found)


async def _cdrs(call: Call) -> AsyncIterator[_Make]:
    async for kept in call.network.each_cdr():
        if call.acts_for(*parties_of_cdr(kept.cdr)):
            yield partial(cdr_of, call, kept)


async def _reservations(call: Call) -> AsyncIterator[_Make]:
    async for found in in_slices(call.network.reservations):
        if call.acts_for(*parties_of_reservation(found)):
            yield partial(reservation_of, call, found)


async def _page(call: Call, found: AsyncIterator[_Make]) -> Response:
    query, number, total = call.query, 0, 0
    page = query.page(OBJECTS_TAKE, OBJECTS_MOST)
    parts: list[bytes] = []
    async for make in found:
        total += 1
        made: JSONObject | None = make() if query.match or page.start <= number < page.stop else None
        text = encode(made) if made is not None else b""
        if query.match and query.match.encode() not in text.lower():
            continue
        if page.start <= number < page.stop:
            parts.append(text)
        number += 1
    data = b"[" + b",".join(parts) + b"]"
    if query.with_metadata:
        data = b'{"totalCount":%d,"filteredCount":%d,"data":%b}' % (total, number, data)
    return Response(status=200, headers={"content-type": JSON_UTF8, EXPECTED_TOTAL: str(number)}, body=data)


async def _count(found: AsyncIterator[_Make]) -> Response:
    number = 0
    async for _ in found:
        number += 1
    return answer({"count": number}, headers={EXPECTED_TOTAL: str(number)})
