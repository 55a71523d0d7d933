# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of places: objects page by page, their ids, their statuses one by one and grouped. One way for all kinds.

A `Collection` says how one kind is found; the handlers work on it. What is found is never more than a page, and others
have their turn while it is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.http.call import EXPECTED_TOTAL, JSON_UTF8, Call, answer, in_slices
from wwcp_ocpi.wwcp.http.query import ENTRIES_MOST, ENTRIES_TAKE, OBJECTS_MOST, OBJECTS_TAKE
from wwcp_ocpi.wwcp.http.rendering import (
    JSONObject,
    evse_of,
    operator_of,
    pool_of,
    provider_of,
    station_of,
    tariff_of,
)
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.documents import encode
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStation
from wwcp_ocpi.wwcp.model.status import Timestamped
from wwcp_ocpi.wwcp.model.status_words import PlaceId
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.places import UnknownId

Ids = Callable[[Call], Awaitable[Sequence[Any]]]
State = tuple[str, str]
"""Since when, and the word."""


class Collection(NamedTuple):
    """One kind of place under one path."""

    ids: Ids
    """Those that are shown, in the order in which they came."""
    get: Callable[[Call, Any], Any]
    """One of them, whole. Raises UnknownId: none, or not shown."""
    render: Callable[[Call, Any], JSONObject]
    param: str
    """How its id is named in paths."""
    id_type: type[Any]
    states: Callable[[Call, Any, DateTime], tuple[State, State]] | None = None
    """Its status and its admin status; None where it has none."""


class Family(NamedTuple):
    """What can be asked of a collection: the ending of the path, and who answers."""

    suffix: str
    handler: Callable[[Collection], Callable[[Call], Awaitable[Response]]]
    doc: str


def objects_of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
    """A page of whole objects."""

    async def handle(call: Call) -> Response:
        ids, query = await collection.ids(call), call.query
        total = count = len(ids)
        page = query.page(OBJECTS_TAKE, OBJECTS_MOST)
        if query.match:
            ids = [id async for id in in_slices(ids) if query.match in _text_of(id, collection.get(call, id))]
            count = len(ids)
        ids, parts = ids[page], list[bytes]()
        async for id in in_slices(ids):
            parts.append(encode(collection.render(call, collection.get(call, id))))
        data = b"[" + b",".join(parts) + b"]"
        if query.with_metadata:
            data = b'{"totalCount":%d,"filteredCount":%d,"data":%b}' % (total, count, data)
        return _page(data, count)

    return handle


def count_of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
    """How many there are."""

    async def handle(call: Call) -> Response:
        number = len(await collection.ids(call))
        return answer({"count": number}, headers={EXPECTED_TOTAL: str(number)})

    return handle


def ids_of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
    """A page of ids."""

    async def handle(call: Call) -> Response:
        found = await collection.ids(call)
        if call.query.match:
            found = [id async for id in in_slices(found) if call.query.match in str(id).lower()]
        page = [str(id) for id in found[call.query.page(ENTRIES_TAKE, ENTRIES_MOST)]]
        return _page(encode(page), len(found))

    return handle


def statuses_of(kind: int) -> Callable[[Collection], Callable[[Call], Awaitable[Response]]]:
    """A page of statuses (0) or admin statuses (1) by id: `{"DE*GEF*E1": ["2026-08-02T00:00:00Z", "available"]}`."""

    def of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
        async def handle(call: Call) -> Response:
            found, number = await _states(call, collection, kind)
            return _page(encode(dict(found)), number)

        return handle

    return of


def grouped_of(kind: int) -> Callable[[Collection], Callable[[Call], Awaitable[Response]]]:
    """The same turned round: `{"count": 2, "status": {"available": ["DE*GEF*E1", "DE*GEF*E2"]}}`."""

    def of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
        async def handle(call: Call) -> Response:
            found, number = await _states(call, collection, kind)
            groups: dict[str, list[str]] = {}
            for id, (_, word) in found:
                groups.setdefault(word, []).append(id)
            return _page(encode({"count": len(found), "status": groups}), number)

        return handle

    return of


def one_of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
    """One object, with the ETag of what is static of it."""

    async def handle(call: Call) -> Response:
        id = call.id(collection.param, collection.id_type)
        found = collection.get(call, id)
        return answer(collection.render(call, found), headers={"etag": call.uploads.tag(call.places, id)})

    return handle


def state_of(kind: int) -> Callable[[Collection], Callable[[Call], Awaitable[Response]]]:
    """One status: `{"id": ..., "status": "available", "timestamp": ...}`."""

    def of(collection: Collection) -> Callable[[Call], Awaitable[Response]]:
        async def handle(call: Call) -> Response:
            id = call.id(collection.param, collection.id_type)
            assert collection.states is not None
            collection.get(call, id)
            timestamp, word = collection.states(call, id, call.places.now)[kind]
            return answer({"id": str(id), "status": word, "timestamp": timestamp})

        return handle

    return of


async def _states(call: Call, collection: Collection, kind: int) -> tuple[list[tuple[str, State]], int]:
    """The entries of the page, and how many there are on all pages."""
    query, now = call.query, call.places.now
    assert collection.states is not None
    is_filtered = bool(query.before or query.after or query.id or query.status or query.match)
    page = query.page(ENTRIES_TAKE, ENTRIES_MOST)
    found = await collection.ids(call)
    number = len(found)
    if not is_filtered:
        part = in_slices(found[page])
        return [(str(id), collection.states(call, id, now)[kind]) async for id in part], number
    number, entries = 0, list[tuple[str, State]]()
    after, before = (moment.micros if moment else None for moment in (query.after, query.before))
    async for id in in_slices(found):
        text = str(id)
        if (query.id and query.id not in text.lower()) or (query.match and query.match not in text.lower()):
            continue
        timestamp, word = collection.states(call, id, now)[kind]
        if query.status and word.lower() not in query.status:
            continue
        if after is not None or before is not None:
            micros = DateTime.parse(timestamp).micros
            if (after is not None and micros <= after) or (before is not None and micros >= before):
                continue
        if page.start <= number < page.stop:
            entries.append((text, (timestamp, word)))
        number += 1
    return entries, number


def _page(body: bytes, number: int) -> Response:
    return Response(status=200, headers={"content-type": JSON_UTF8, EXPECTED_TOTAL: str(number)}, body=body)


def _text_of(id: object, found: Any) -> str:
    """What `match` looks at: id, names, descriptions, address."""
    texts = [str(id)]
    for name in ("name", "description"):
        texts += (getattr(found, name, None) or {}).values()
    address = getattr(found, "address", None)
    if address is not None:
        texts += [text for text in (address.street, address.house_number, address.postal_code, address.country) if text]
        texts += address.city.values()
    return "\n".join(texts).lower()


def _evse_states(call: Call, id: EVSEId, now: DateTime) -> tuple[State, State]:
    status, admin_status = call.places.evse_states(id, now)
    return (status.timestamp.wire, status.value.value), (admin_status.timestamp.wire, admin_status.value.value)


def place_states(call: Call, id: PlaceId | None, now: DateTime) -> tuple[State, State]:
    """Status and admin status of what is no EVSE; None is the network. What nobody said anything of holds from now."""
    status, admin_status = call.places.statuses.since(id, now)
    return _in_force(status, now), _in_force(admin_status, now)


def _in_force(entries: Sequence[Timestamped[Any]], now: DateTime) -> State:
    entry = next((entry for entry in entries if entry.timestamp <= now), None)
    return (entry.timestamp.wire, str(entry.value.value)) if entry else (now.wire, "unspecified")


# How each kind is found


async def _evses(call: Call) -> Sequence[EVSEId]:
    return call.shown.evse_ids(public=call.is_public, removed=call.query.include_removed)


async def _evses_of_pool(call: Call) -> Sequence[EVSEId]:
    return [evse.id for station in _pool(call, _pool_id(call)).charging_stations for evse in station.evses]


async def _evses_of_station(call: Call) -> Sequence[EVSEId]:
    return [evse.id for evse in _station(call, call.id("stationId", ChargingStationId)).evses]


def _evse(call: Call, id: EVSEId) -> EVSE:
    if not call.shown.is_evse_shown(id, public=call.is_public):
        raise UnknownId(f"no EVSE {id} in the roaming network {call.network.id}")
    if "poolId" in call.params and call.places.pool_id_of(id) != _pool_id(call):
        raise UnknownId(f"no EVSE {id} in the pool {_pool_id(call)}")
    if "stationId" in call.params and call.places.station_id_of(id) != call.id("stationId", ChargingStationId):
        raise UnknownId(f"no EVSE {id} in the station {call.params['stationId']}")
    return call.places.evse(id)


async def _stations(call: Call) -> Sequence[ChargingStationId]:
    pools = in_slices(call.places.static_pools())
    return [station.id async for pool in pools for station in _stations_in(call, pool)]


async def _stations_of_pool(call: Call) -> Sequence[ChargingStationId]:
    return [station.id for station in _pool(call, _pool_id(call)).charging_stations]


def _stations_in(call: Call, pool: ChargingPool) -> Sequence[ChargingStation]:
    return call.shown.stations(pool, public=call.is_public, removed=call.query.include_removed)


def _station(call: Call, id: ChargingStationId) -> ChargingStation:
    pool_id = call.places.pool_id_of_station(id)
    if not call.shown.is_station_shown(id, public=call.is_public):
        raise UnknownId(f"no charging station {id} in the roaming network {call.network.id}")
    if "poolId" in call.params and pool_id != _pool_id(call):
        raise UnknownId(f"no charging station {id} in the pool {_pool_id(call)}")
    pool = call.places.pool(pool_id)
    found = next((station for station in _stations_in(call, pool) if station.id == id), None)
    # What is gone is not listed, and may be asked for by name.
    return found or next(station for station in pool.charging_stations if station.id == id)


async def _pools(call: Call) -> Sequence[ChargingPoolId]:
    shown, public, removed = call.shown, call.is_public, call.query.include_removed
    owner = call.id("operatorId", ChargingStationOperatorId) if "operatorId" in call.params else None
    return [
        pool.id
        async for pool in in_slices(call.places.static_pools())
        if (owner is None or pool.id.operator == owner)
        and (removed or not shown.is_gone(pool.id))
        and (not public or shown.stations(pool, public=True, removed=removed))
    ]


def _pool_id(call: Call) -> ChargingPoolId:
    return call.id("poolId", ChargingPoolId)


def _pool(call: Call, id: ChargingPoolId) -> ChargingPool:
    found = call.places.pool(id)
    removed = call.query.include_removed or call.shown.is_gone(id)
    shown = call.shown.pool(found, public=call.is_public, removed=removed)
    if shown is None:
        raise UnknownId(f"no pool {id} in the roaming network {call.network.id}")
    return shown


async def _operators(call: Call) -> Sequence[ChargingStationOperatorId]:
    return [id for id in call.places.operators if call.query.include_removed or not call.shown.is_gone(id)]


def _operator(call: Call, id: ChargingStationOperatorId) -> Any:
    return call.places.with_statuses(call.places.operator(id))


async def _providers(call: Call) -> Sequence[EMobilityProviderId]:
    return [id for id in call.places.providers if call.query.include_removed or not call.shown.is_gone(id)]


def known_provider(call: Call, id: EMobilityProviderId) -> Any:
    """A provider of this network. Raises UnknownId."""
    found = call.places.providers.get(id)
    if found is None:
        raise UnknownId(f"no provider {id} in the roaming network {call.network.id}")
    return call.places.with_statuses(found)


async def _tariffs(call: Call) -> Sequence[ChargingTariffId]:
    owner = call.id("operatorId", ChargingStationOperatorId) if "operatorId" in call.params else None
    return [
        tariff.id
        for operator in call.places.operators.values()
        if owner is None or operator.id == owner
        for tariff in operator.charging_tariffs
    ]


def _tariff(call: Call, id: ChargingTariffId) -> ChargingTariff:
    operator = call.places.operators.get(id.operator)
    found = next((one for one in operator.charging_tariffs if one.id == id), None) if operator else None
    if found is None:
        raise NotFound(f"no tariff {id} in the roaming network {call.network.id}")
    return found


EVSES = Collection(_evses, _evse, evse_of, "evseId", EVSEId, _evse_states)
STATIONS = Collection(_stations, _station, station_of, "stationId", ChargingStationId, place_states)
POOLS = Collection(_pools, _pool, pool_of, "poolId", ChargingPoolId, place_states)
OPERATORS = Collection(_operators, _operator, operator_of, "operatorId", ChargingStationOperatorId, place_states)
PROVIDERS = Collection(_providers, known_provider, provider_of, "providerId", EMobilityProviderId, place_states)
TARIFFS = Collection(_tariffs, _tariff, tariff_of, "tariffId", ChargingTariffId)
STATIONS_OF_POOL = STATIONS._replace(ids=_stations_of_pool)
EVSES_OF_POOL = EVSES._replace(ids=_evses_of_pool)
EVSES_OF_STATION = EVSES._replace(ids=_evses_of_station)

FAMILY = (
    Family("->Id", ids_of, "their ids"),
    Family("->Status", statuses_of(0), "their statuses"),
    Family("->AdminStatus", statuses_of(1), "their admin statuses"),
    Family("->GroupedStatus", grouped_of(0), "their ids by status"),
    Family("->GroupedAdminStatus", grouped_of(1), "their ids by admin status"),
)
