# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that changes, as server-sent events. A reader that comes back says what it saw last and gets what follows.

The id of an event is the number of the network's event stream behind a mark of this process, since numbers begin anew
with it: a reader from before a restart, or one that was too slow, gets `missed` and reads the network anew.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.server.event_stream import EventStream, Sent
from wwcp_ocpi.wwcp.http.call import Call, answer
from wwcp_ocpi.wwcp.http.rendering import reservation_of
from wwcp_ocpi.wwcp.ids.places import ChargingStationId, ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.jsonld.documents import encode, plain
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingReservation, ChargingSession
from wwcp_ocpi.wwcp.network import event_bus
from wwcp_ocpi.wwcp.network.event_bus import Numbered
from wwcp_ocpi.wwcp.network.events import (
    CDRChange,
    EVSEStatusChange,
    Missed,
    OperatorChange,
    PlaceStatusChange,
    PoolChange,
    ProviderChange,
    ReservationChange,
    SessionChange,
)

JSONObject: TypeAlias = dict[str, Any]
Parties: TypeAlias = tuple[ChargingStationOperatorId | EMobilityProviderId | None, ...]

WAITING = 10_000
"""Events that wait for a slow reader; of more it is told how many it missed."""


class Readers:
    """Who reads events now, and the mark of this process."""

    def __init__(self, *, most: int = 200, most_each: int = 20, heartbeat_s: float = 15.0) -> None:
        """Limits of how many read: of all, and of one client or, without one, of one address."""
        self.most = most
        self.most_each = most_each
        self.heartbeat_s = heartbeat_s
        self.mark = secrets.token_hex(4)
        self.opened = 0
        """How many have come so far."""
        self._open: dict[event_bus.EventStream, str] = {}

    @property
    def count(self) -> int:
        """How many read."""
        return len(self._open)

    def has_room(self, whose: str) -> bool:
        """Whether one more of these may come."""
        return len(self._open) < self.most and list(self._open.values()).count(whose) < self.most_each

    def add(self, stream: event_bus.EventStream, whose: str) -> None:
        """One more."""
        self.opened += 1
        self._open[stream] = whose

    def leave(self, stream: event_bus.EventStream) -> None:
        """One less."""
        stream.close()
        self._open.pop(stream, None)

    def close(self) -> None:
        """Let all of them end, after what waits for them."""
        for stream in self._open:
            stream.close()


async def events(call: Call) -> Response:
    """`Last-Event-ID` says where to go on; otherwise it begins now. Sessions, records and reservations: one's own."""
    readers = call.readers
    whose = call.client.id if call.client is not None else f"at {call.request.source}"
    if not readers.has_room(whose):
        return answer({"description": "too many readers"}, HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "10"})
    last = call.request.headers.get("last-event-id", "").strip()
    mark, _, number = last.partition("-")
    is_ours = mark == readers.mark and number.isascii() and number.isdigit() and len(number) < 19
    after = int(number) if is_ours else None
    if after is not None and after > call.network.bus.number:
        after, is_ours = None, False

    async def sent() -> AsyncIterator[Sent]:
        stream = call.network.events(after=after, limit=WAITING)
        readers.add(stream, whose)
        try:
            at = call.network.bus.number if after is None else after
            if last and not is_ours:
                yield Sent(f"{mark_of(at)}", "missed", '{"count":null}')
            async for numbered in stream:
                if not call.is_welcome:
                    return
                told = _told(call, numbered)
                if told is not None:
                    name, data = told
                    yield Sent(mark_of(numbered.number), name, encode(data).decode())
        finally:
            readers.leave(stream)

    def mark_of(number: int) -> str:
        return f"{readers.mark}-{number}"

    return Response(status=200, stream=EventStream(sent(), heartbeat_s=readers.heartbeat_s))


def _told(call: Call, numbered: Numbered) -> tuple[str, JSONObject] | None:
    event = numbered.event
    tell = _TELLERS.get(type(event))
    return None if tell is None else tell(call, event)


def _missed(_: Call, event: Missed) -> tuple[str, JSONObject]:
    return "missed", {"count": event.count}


def _evse_status(call: Call, event: EVSEStatusChange) -> tuple[str, JSONObject] | None:
    if not call.shown.is_evse_shown(event.evse_id, public=call.is_public):
        return None
    return "evseStatus", {
        "evseId": str(event.evse_id),
        "chargingPoolId": str(event.pool_id),
        "timestamp": event.timestamp.wire,
        "lastUpdated": event.last_updated.wire,
        "oldStatus": event.old_status.value,
        "status": event.status.value,
        "oldAdminStatus": event.old_admin_status.value,
        "adminStatus": event.admin_status.value,
    }


def _place_status(call: Call, event: PlaceStatusChange) -> tuple[str, JSONObject] | None:
    if isinstance(event.id, ChargingStationId) and not call.shown.is_station_shown(event.id, public=call.is_public):
        return None
    return "placeStatus", {
        "id": str(event.id or call.network.id),
        "timestamp": event.timestamp.wire,
        "oldStatus": event.old_status.value,
        "status": event.status.value,
        "oldAdminStatus": event.old_admin_status.value,
        "adminStatus": event.admin_status.value,
    }


def _pool(call: Call, event: PoolChange) -> tuple[str, JSONObject] | None:
    pool = call.shown.pool(event.pool, public=call.is_public, removed=False)
    if pool is None:
        return None
    shown = {evse.id for station in event.pool.charging_stations for evse in station.evses}
    if call.is_public:
        shown = {evse.id for station in pool.charging_stations for evse in station.evses}
    return "chargingPool", {
        "chargingPool": plain(pool),
        "isNew": event.previous is None,
        "added": [str(id) for id in event.added if id in shown],
        "removed": [str(id) for id in event.removed if not call.is_public or id in shown],
        "timestamp": event.timestamp.wire,
    }


def _operator(_: Call, event: OperatorChange) -> tuple[str, JSONObject]:
    return "chargingStationOperator", {
        "chargingStationOperator": plain(event.operator),
        "isNew": event.previous is None,
        "timestamp": event.timestamp.wire,
    }


def _provider(_: Call, event: ProviderChange) -> tuple[str, JSONObject]:
    return "eMobilityProvider", {
        "eMobilityProvider": plain(event.provider),
        "isNew": event.previous is None,
        "timestamp": event.timestamp.wire,
    }


def _session(call: Call, event: SessionChange) -> tuple[str, JSONObject] | None:
    known = event.session or event.previous
    if known is None or not call.acts_for(*parties_of_session(known)):
        return None
    told: JSONObject = {"chargingSession": plain(known), "timestamp": event.timestamp.wire}
    return "chargingSession", told | ({"isDropped": True} if event.session is None else {})


def _reservation(call: Call, event: ReservationChange) -> tuple[str, JSONObject] | None:
    known = event.reservation or event.previous
    if known is None or not call.acts_for(*parties_of_reservation(known)):
        return None
    told: JSONObject = {"reservation": reservation_of(call, known), "timestamp": event.timestamp.wire}
    if event.reservation is None:
        told |= {"isOver": True, "reason": event.reason.value if event.reason else None}
    return "reservation", told


def _cdr(call: Call, event: CDRChange) -> tuple[str, JSONObject] | None:
    if not call.acts_for(*parties_of_cdr(event.cdr)):
        return None
    told: JSONObject = {"chargeDetailRecord": plain(event.cdr), "timestamp": event.timestamp.wire}
    return "chargeDetailRecord", told | ({"result": plain(event.result)} if event.result else {})


_TELLERS: dict[type, Callable[[Call, Any], tuple[str, JSONObject] | None]] = {
    Missed: _missed,
    EVSEStatusChange: _evse_status,
    PlaceStatusChange: _place_status,
    PoolChange: _pool,
    OperatorChange: _operator,
    ProviderChange: _provider,
    SessionChange: _session,
    ReservationChange: _reservation,
    CDRChange: _cdr,
}


def parties_of_session(session: ChargingSession) -> Parties:
    """Whose it is: the operator's, and that of the providers at its beginning and end."""
    return (
        session.charging_station_operator_id,
        session.start.provider_id,
        session.stop.provider_id if session.stop else None,
    )


def parties_of_cdr(cdr: ChargeDetailRecord) -> Parties:
    """Whose it is."""
    operator = cdr.charging_station_operator_id or (cdr.evse_id.operator if cdr.evse_id else None)
    return operator, cdr.provider_id_start, cdr.provider_id_stop


def parties_of_reservation(reservation: ChargingReservation) -> Parties:
    """Whose it is."""
    return reservation.charging_station_operator_id, reservation.provider_id
