# SPDX-License-Identifier: AGPL-3.0-or-later
"""States that are told: of one EVSE or place, or of many EVSEs in one request. All of a request is taken, or nothing.

WWCP's own bodies are `{"currentStatus": "available"}` and `{"statusList": {"2026-08-02T00:00:00Z": "available"}}`; what
a read gives is taken as well, and so is the word alone. Moments in the future are plans.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.http.bodies import Body
from wwcp_ocpi.wwcp.http.call import Call, answer, in_slices, nothing
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status
from wwcp_ocpi.wwcp.model.texts import WWCPText
from wwcp_ocpi.wwcp.network.places import UnknownId

_W = TypeVar("_W", bound=WWCPText)

MOST_STATES = 50
"""Of one EVSE in one request: more are not kept either."""
LONGEST_WORD = 64


class Kind(NamedTuple):
    """One of the two kinds of state: how it is called, and the words of EVSEs and of other places."""

    key: str
    of_evses: type[EVSEStatus] | type[EVSEAdminStatus]
    of_places: type[Status] | type[AdminStatus]


STATUS = Kind("status", EVSEStatus, Status)
ADMIN_STATUS = Kind("adminStatus", EVSEAdminStatus, AdminStatus)

Told = list[Timestamped[Any]]


def put_evse_state(kind: Kind) -> Callable[[Call], Awaitable[Response]]:
    """The state of one EVSE."""

    async def handle(call: Call) -> Response:
        id = call.id("evseId", EVSEId)
        call.require(id.operator)
        call.places.evse_status(id)
        told = _told(call.json(), kind.of_evses, "$", call.places.now)
        _apply(call, kind, id, told)
        await call.uploads.keep(call.places, states=[id])
        return nothing()

    return handle


def put_evse_states(kind: Kind) -> Callable[[Call], Awaitable[Response]]:
    """The states of many EVSEs: `{"DE*GEF*E1": ["2026-08-02T00:00:00Z", "available"], "DE*GEF*E2": "charging"}`."""

    async def handle(call: Call) -> Response:
        value = call.json()
        if not isinstance(value, dict):
            raise InvalidParameters("$: expected an object of states by EVSE id", path="$")
        told: dict[EVSEId, Told] = {}
        now = call.places.now
        for key, item in value.items():
            path = f"$['{key[:80]}']"
            id = EVSEId.try_parse(key)
            if id is None:
                raise InvalidParameters(f"{path}: expected an EVSEId like {EVSEId.example}", path=path)
            call.require(id.operator)
            if id in told:
                raise InvalidParameters(f"{path}: {id} stands here twice", path=path)
            try:
                call.places.evse_status(id)
            except UnknownId as error:
                raise InvalidParameters(f"{path}: {error}", path=path) from error
            told[id] = _told(item, kind.of_evses, path, now)
        async for id, states in in_slices(list(told.items())):
            _apply(call, kind, id, states)
        await call.uploads.keep(call.places, states=told)
        return answer({"count": len(told)})

    return handle


def put_place_state(
    kind: Kind, param: str, id_type: Any, known: Callable[[Call, Any], object]
) -> Callable[[Call], Awaitable[Response]]:
    """The state of a station, pool, operator or provider. `known` raises UnknownId where there is none."""

    async def handle(call: Call) -> Response:
        id: PlaceId = call.id(param, id_type)
        call.require(id if isinstance(id, (ChargingStationOperatorId, EMobilityProviderId)) else id.operator)
        known(call, id)
        for entry in _told(call.json(), kind.of_places, "$", call.places.now):
            word = entry.value
            if isinstance(word, Status):
                call.places.set_status(id, status=word, at=entry.timestamp)
            else:
                call.places.set_status(id, admin_status=word, at=entry.timestamp)
        await call.uploads.keep(call.places, states=[id])
        return nothing()

    return handle


def _apply(call: Call, kind: Kind, id: EVSEId, told: Told) -> None:
    if kind is STATUS:
        call.places.set_evse_schedule(id, told)
    else:
        call.places.set_evse_admin_schedule(id, told)


def _told(value: object, words: type[_W], path: str, now: DateTime) -> list[Timestamped[_W]]:
    """What a body says of one place, the oldest first."""
    entries: Iterable[tuple[str, object, object]]
    match value:
        case str():
            entries = [(path, None, value)]
        case [str() as moment, word]:
            entries = [(f"{path}[1]", moment, word)]
        case dict():
            body = Body(value, path)
            if "currentStatus" in body:
                entries = [(f"{path}.currentStatus", body.take("timestamp"), body.take("currentStatus"))]
            elif "status" in body:
                entries = [(f"{path}.status", body.take("timestamp"), body.take("status"))]
            else:
                listed = body.take("statusList") if "statusList" in body else value
                where = f"{path}.statusList" if listed is not value else path
                if not isinstance(listed, dict) or not listed:
                    raise InvalidParameters(f"{path}: expected currentStatus or statusList", path=path)
                entries = [(f"{where}['{moment[:40]}']", moment, word) for moment, word in listed.items()]
        case _:
            raise InvalidParameters(f"{path}: expected a status, or currentStatus, or statusList", path=path)
    told = sorted((_entry(*entry, words, now) for entry in entries), key=lambda entry: entry.timestamp)
    if len(told) > MOST_STATES:
        raise InvalidParameters(f"{path}: expected at most {MOST_STATES} states, got {len(told)}", path=path)
    return told


def _entry(path: str, moment: object, word: object, words: type[_W], now: DateTime) -> Timestamped[_W]:
    if not isinstance(word, str) or not word.strip() or len(word) > LONGEST_WORD:
        raise InvalidParameters(f"{path}: expected a word like {next(iter(words)).value}", path=path)
    try:
        since = now if moment is None else DateTime.parse(moment if isinstance(moment, str) else "")
    except ValueError as error:
        raise InvalidParameters(f"{path}: expected a moment: {error}", path=path) from error
    return Timestamped(since, words(word))
