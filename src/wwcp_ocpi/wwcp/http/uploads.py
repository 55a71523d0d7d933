# SPDX-License-Identifier: AGPL-3.0-or-later
"""Upload, our extension: PUT and DELETE of a network, operators, providers, pools, stations, EVSEs and tariffs.

A request is taken whole or not at all: everything is read and checked before the first change, and the answer goes out
when it is durable. What a body does not name stays as it is above the level of pools; a pool, station or EVSE is
replaced whole, and EVSEs that it had and has no more are `removed`, as partners must hear. DELETE makes everything
below `removed`.
`If-Match` and `If-None-Match: *` are about what is static; the same PUT twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import InvalidParameters, NotFound, PreconditionFailed
from wwcp_ocpi.protocol.etag import matches
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.http.call import Call, answer, in_slices, nothing
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
    evses_of,
)
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import PlaceId, Status
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.places import IdTaken, UnknownId

_S = TypeVar("_S", ChargingStationOperator, EMobilityProvider, ChargingPool, ChargingStation, EVSE, ChargingTariff)
_E = TypeVar("_E", ChargingStationOperator, EMobilityProvider, ChargingPool, ChargingStation, EVSE, ChargingTariff)

_LISTED = 100
"""Notes that an answer tells."""


async def put_network(call: Call) -> Response:
    """Operators with their pools, and providers: what is named is put, what is not named stays."""
    reader = Reader()
    value = _addressed(call.json(), call.network.id)
    network = reader.entity(RoamingNetworkData, value)
    operators = list(network.charging_station_operators)
    pools = [*network.charging_pools, *(pool for operator in operators for pool in operator.charging_pools)]
    owners: list[ChargingStationOperatorId | EMobilityProviderId] = [
        *(one.id for one in network.e_mobility_providers),
        *(one.id for one in operators),
    ]
    for owner in owners:
        call.require(owner)
    for pool in pools:
        call.require(pool.id.operator)
    _check_pools(call, pools)
    now = call.places.now
    for provider in network.e_mobility_providers:
        call.places.upsert_provider(_fresh(provider, call.places.providers.get(provider.id), now))
        _come_back(call, provider.id, bool(provider.status))
    for operator in operators:
        _put_operator(call, operator, now)
    states: list[PlaceId | EVSEId] = list(owners)
    async for pool in in_slices(pools):
        states += _put_pool(call, pool, now)
    await call.uploads.keep(
        call.places,
        data=[*owners, *(pool.id for pool in pools)],
        states=states,
    )
    return _done(reader.notes, created=False)


async def put_operator(call: Call) -> Response:
    """An operator with its tariffs, and the pools that it names."""
    id = call.id("operatorId", ChargingStationOperatorId)
    call.require(id)
    known = call.places.operators.get(id)
    operator, notes = _read(call, ChargingStationOperator, id)
    _check_precondition(call, id if known else None)
    _check_pools(call, operator.charging_pools)
    now = call.places.now
    _put_operator(call, operator, now)
    states: list[PlaceId | EVSEId] = [id]
    async for pool in in_slices(operator.charging_pools):
        states += _put_pool(call, pool, now)
    await call.uploads.keep(call.places, data=[id, *(pool.id for pool in operator.charging_pools)], states=states)
    return _done(notes, created=known is None, tag=call.uploads.tag(call.places, id))


async def delete_operator(call: Call) -> Response:
    """All its pools are gone, and so is it."""
    id = call.id("operatorId", ChargingStationOperatorId)
    call.require(id)
    call.places.operator(id)
    _check_precondition(call, id)
    pools = [pool for pool in call.places.static_pools() if pool.id.operator == id]
    states: list[PlaceId | EVSEId] = [id]
    async for pool in in_slices(pools):
        states += _remove_pool(call, pool)
    call.places.set_status(id, status=Status.removed)
    await call.uploads.keep(call.places, data=[id, *(pool.id for pool in pools)], states=states)
    return nothing()


async def put_provider(call: Call) -> Response:
    """A provider."""
    id = call.id("providerId", EMobilityProviderId)
    call.require(id)
    known = call.places.providers.get(id)
    provider, notes = _read(call, EMobilityProvider, id)
    _check_precondition(call, id if known else None)
    call.places.upsert_provider(_fresh(provider, known, call.places.now))
    _come_back(call, id, bool(provider.status))
    await call.uploads.keep(call.places, data=[id], states=[id])
    return _done(notes, created=known is None, tag=call.uploads.tag(call.places, id))


async def delete_provider(call: Call) -> Response:
    """It is gone."""
    id = call.id("providerId", EMobilityProviderId)
    call.require(id)
    if id not in call.places.providers:
        raise NotFound(f"no provider {id} in the roaming network {call.network.id}")
    _check_precondition(call, id)
    call.places.set_status(id, status=Status.removed)
    await call.uploads.keep(call.places, data=[id], states=[id])
    return nothing()


async def put_pool(call: Call) -> Response:
    """A pool with all its stations and EVSEs."""
    id = call.id("poolId", ChargingPoolId)
    call.require(id.operator)
    pool, notes = _read(call, ChargingPool, id)
    return await _pool_put(call, pool, notes, subject=id, created=not _has(call.places.static_pool, id))


async def delete_pool(call: Call) -> Response:
    """The pool and everything in it is gone."""
    id = call.id("poolId", ChargingPoolId)
    call.require(id.operator)
    pool = call.places.static_pool(id)
    _check_precondition(call, id)
    states = _remove_pool(call, pool)
    await call.uploads.keep(call.places, data=[id], states=states)
    return nothing()


async def put_station(call: Call) -> Response:
    """A station with its EVSEs, in the pool that the path names or that it stands in already."""
    id = call.id("stationId", ChargingStationId)
    call.require(id.operator)
    pool = _pool_for(call, lambda: call.places.pool_id_of_station(id), str(id))
    station, notes = _read(call, ChargingStation, id, chargingPoolId=str(pool.id))
    known = next((one for one in pool.charging_stations if one.id == id), None)
    stations = [station if one.id == id else one for one in pool.charging_stations]
    changed = replace(pool, charging_stations=stations if known else [*stations, station], last_change=None)
    return await _pool_put(call, changed, notes, subject=id, created=known is None, came_back=(id,))


async def delete_station(call: Call) -> Response:
    """The station and its EVSEs are gone."""
    id = call.id("stationId", ChargingStationId)
    call.require(id.operator)
    pool = call.places.static_pool(call.places.pool_id_of_station(id))
    _in_the_path(call, pool.id)
    _check_precondition(call, id)
    station = next(one for one in pool.charging_stations if one.id == id)
    for evse in station.evses:
        call.places.set_evse_status(evse.id, EVSEStatus.removed)
    call.places.set_status(id, status=Status.removed)
    await call.uploads.keep(call.places, data=[pool.id], states=[id, *(evse.id for evse in station.evses)])
    return nothing()


async def put_evse(call: Call) -> Response:
    """An EVSE, in the station that the path names or that it stands in already."""
    id = call.id("evseId", EVSEId)
    call.require(id.operator)
    pool = _pool_for(call, lambda: call.places.pool_id_of(id), str(id))
    station = _station_for(call, pool, id)
    evse, notes = _read(call, EVSE, id, chargingPoolId=str(pool.id), chargingStationId=str(station.id))
    known = next((one for one in station.evses if one.id == id), None)
    evses = [evse if one.id == id else one for one in station.evses]
    whole = replace(station, evses=evses if known else [*evses, evse], last_change=None)
    stations = [whole if one.id == station.id else one for one in pool.charging_stations]
    changed = replace(pool, charging_stations=stations, last_change=None)
    return await _pool_put(call, changed, notes, subject=id, created=known is None, came_back=(station.id,))


async def delete_evse(call: Call) -> Response:
    """It is gone."""
    id = call.id("evseId", EVSEId)
    call.require(id.operator)
    pool_id = call.places.pool_id_of(id)
    _in_the_path(call, pool_id)
    _check_precondition(call, id)
    call.places.set_evse_status(id, EVSEStatus.removed)
    await call.uploads.keep(call.places, data=[pool_id], states=[id])
    return nothing()


async def put_tariff(call: Call) -> Response:
    """A tariff of its operator."""
    id = call.id("tariffId", ChargingTariffId)
    call.require(id.operator)
    operator = call.places.operators.get(id.operator) or ChargingStationOperator(id=id.operator)
    known = next((one for one in operator.charging_tariffs if one.id == id), None)
    tariff, notes = _read(call, ChargingTariff, id)
    _check_precondition(call, id if known else None)
    tariff = _fresh(tariff, known, call.places.now)
    tariffs = [tariff if one.id == id else one for one in operator.charging_tariffs]
    call.places.upsert_operator(
        replace(operator, charging_tariffs=tariffs if known else [*tariffs, tariff], last_change=None)
    )
    await call.uploads.keep(call.places, data=[operator.id])
    return _done(notes, created=known is None, tag=call.uploads.tag(call.places, id))


async def delete_tariff(call: Call) -> Response:
    """It is taken out of its operator's tariffs."""
    id = call.id("tariffId", ChargingTariffId)
    call.require(id.operator)
    operator = call.places.operator(id.operator)
    tariffs = [one for one in operator.charging_tariffs if one.id != id]
    if len(tariffs) == len(operator.charging_tariffs):
        raise NotFound(f"no tariff {id} in the roaming network {call.network.id}")
    _check_precondition(call, id)
    call.places.upsert_operator(replace(operator, charging_tariffs=tariffs, last_change=None))
    await call.uploads.keep(call.places, data=[operator.id])
    return nothing()


async def _pool_put(
    call: Call,
    pool: ChargingPool,
    notes: list[Note],
    *,
    subject: ChargingPoolId | ChargingStationId | EVSEId,
    created: bool,
    came_back: Iterable[PlaceId] = (),
) -> Response:
    _check_precondition(call, None if created else subject)
    _check_pools(call, [pool])
    states = _put_pool(call, pool, call.places.now)
    for id in came_back:
        _come_back(call, id, False)
        states.append(id)
    await call.uploads.keep(call.places, data=[pool.id.operator, pool.id], states=states)
    return _done(notes, created=created, tag=call.uploads.tag(call.places, subject))


# What is read, and checked before anything changes


def _read(call: Call, cls: type[_S], id: Id, **parents: str) -> tuple[_S, list[Note]]:
    """The object in the body, which must be the one in the path and stand where the path has it."""
    above = {"roamingNetworkId": call.network.id, **parents}
    operator = getattr(id, "operator", None)
    if operator is not None:
        above["chargingStationOperatorId"] = str(operator)
    value = _addressed(call.json(), str(id))
    for key, item in value.items():
        expected = next((text for name, text in above.items() if name.lower() == key.lower()), None)
        if expected is not None and (not isinstance(item, str) or _folded(item) != _folded(expected)):
            raise InvalidParameters(f"$.{key}: expected {expected}, as in the path", path=f"$.{key}")
    reader = Reader()
    made = reader.entity(cls, value, "$", above)
    if made.id != id:
        raise InvalidParameters(f"$.@id: expected {id}, as in the path, got {made.id}", path="$.@id")
    return made, reader.notes


def _addressed(value: object, id: str) -> dict[str, Any]:
    """An object; without `@id` it is the one in the path."""
    if not isinstance(value, dict):
        raise InvalidParameters("$: expected an object", path="$")
    given = next((value[key] for key in value if key.lower() == "@id"), None)
    if given is None:
        return {"@id": id, **{key: item for key, item in value.items() if key.lower() != "@id"}}
    if not isinstance(given, str) or _folded(given) != _folded(id):
        raise InvalidParameters(f"$.@id: expected {id}, as in the path", path="$.@id")
    return value


def _folded(id: str) -> str:
    return id.replace("*", "").strip().upper()


def _check_precondition(call: Call, id: Id | None) -> None:
    """Whether it is as the caller last saw it; None: there is none."""
    if_match, if_none_match = (call.request.headers.get(name) for name in ("if-match", "if-none-match"))
    if if_match is None and if_none_match is None:
        return
    tag = call.uploads.tag(call.places, id).removeprefix("W/") if id is not None else None
    if if_match is not None and not matches(if_match, tag):
        raise PreconditionFailed(f"if-match: expected {tag or 'none, since there is no such object'}")
    if if_none_match is not None and matches(if_none_match, tag):
        raise PreconditionFailed("if-none-match: there is such an object already")


def _check_pools(call: Call, pools: Iterable[ChargingPool]) -> None:
    """Whether every pool can be taken as it is: nothing in it stands elsewhere. An operator that is new comes with it.

    Raises:
        IdTaken: a station or an EVSE stands in another pool, or twice in one.
    """
    seen: dict[Id, ChargingPoolId] = {}
    for pool in pools:
        here: list[tuple[Id, Callable[[], ChargingPoolId]]] = [
            (station.id, lambda id=station.id: call.places.pool_id_of_station(id))  # type: ignore[misc]
            for station in pool.charging_stations
        ]
        here += [(evse.id, lambda id=evse.id: call.places.pool_id_of(id)) for evse in evses_of(pool)]  # type: ignore[misc]
        for id, where in here:
            if id in seen:
                raise IdTaken(f"{id} stands in {seen[id]} and again in {pool.id}")
            seen[id] = pool.id
            place = _has(where)
            if place is not None and place != pool.id:
                raise IdTaken(f"{id} stands in {place} already, not in {pool.id}")


def _pool_for(call: Call, where: Callable[[], ChargingPoolId], what: str) -> ChargingPool:
    """The pool in which something is put."""
    stands = _has(where)
    if "poolId" in call.params:
        stands = call.id("poolId", ChargingPoolId)
    elif stands is None and "stationId" in call.params:
        stands = _has(call.places.pool_id_of_station, call.id("stationId", ChargingStationId))
    if stands is None:
        raise NotFound(f"{what} is new: put it under the pool or station that it stands in")
    pool = call.places.static_pool(stands)
    # What is gone must not be named again, or it would come back.
    return replace(pool, charging_stations=call.shown.stations(pool, public=False, removed=False))


def _station_for(call: Call, pool: ChargingPool, id: EVSEId) -> ChargingStation:
    named = call.id("stationId", ChargingStationId) if "stationId" in call.params else None
    if named is None:
        named = _has(lambda: call.places.station_id_of(id))
    found = next((station for station in pool.charging_stations if station.id == named), None)
    if found is None:
        raise NotFound(f"no charging station {named} in the pool {pool.id}")
    return found


def _in_the_path(call: Call, pool_id: ChargingPoolId) -> None:
    if "poolId" in call.params and call.id("poolId", ChargingPoolId) != pool_id:
        raise NotFound(f"it stands in {pool_id}")


_R = TypeVar("_R")


def _has(look: Callable[..., _R], *args: object) -> _R | None:
    try:
        return look(*args)
    except UnknownId:
        return None


# What is changed, when all of it can be


def _put_operator(call: Call, operator: ChargingStationOperator, now: DateTime) -> None:
    known = call.places.operators.get(operator.id)
    before = {tariff.id: tariff for tariff in known.charging_tariffs} if known else {}
    tariffs = [_fresh(tariff, before.get(tariff.id), now) for tariff in operator.charging_tariffs]
    call.places.upsert_operator(replace(_fresh(operator, known, now), charging_tariffs=tariffs, charging_pools=[]))
    _come_back(call, operator.id, bool(operator.status))


def _put_pool(call: Call, pool: ChargingPool, now: DateTime) -> list[PlaceId | EVSEId]:
    """Take it in; what has other states now, and must be written."""
    places = call.places
    known = _has(places.static_pool, pool.id)
    if pool.id.operator not in places.operators:
        places.upsert_operator(ChargingStationOperator(id=pool.id.operator))
    stations = {station.id: station for station in known.charging_stations} if known else {}
    evses = {evse.id: evse for evse in evses_of(known)} if known else {}
    fresh = replace(
        _fresh(pool, known, now),
        charging_stations=[
            replace(
                _fresh(station, stations.get(station.id), now),
                evses=[_fresh(evse, evses.get(evse.id), now) for evse in station.evses],
            )
            for station in pool.charging_stations
        ],
    )
    named = {evse.id for evse in evses_of(pool)}
    is_back = [id for id in named if id in evses and places.evse_status(id) is EVSEStatus.removed]
    change = places.upsert_pool(fresh)
    states: list[PlaceId | EVSEId] = [*is_back, *(change.removed if change else ())]
    for station in pool.charging_stations:
        _come_back(call, station.id, bool(station.status))
    _come_back(call, pool.id, bool(pool.status))
    states += [pool.id, *(station.id for station in pool.charging_stations)]
    states += [evse.id for evse in evses_of(pool) if evse.status or evse.admin_status]
    return states


def _remove_pool(call: Call, pool: ChargingPool) -> list[PlaceId | EVSEId]:
    for evse in evses_of(pool):
        call.places.set_evse_status(evse.id, EVSEStatus.removed)
    gone: list[PlaceId | EVSEId] = [pool.id]
    for station in pool.charging_stations:
        call.places.set_status(station.id, status=Status.removed)
        gone.append(station.id)
    call.places.set_status(pool.id, status=Status.removed)
    return gone + [evse.id for evse in evses_of(pool)]


def _come_back(call: Call, id: PlaceId, has_status: bool) -> None:
    """What was gone and is put again is there; in which state, it may say itself."""
    if not has_status and call.shown.is_gone(id):
        call.places.set_status(id, status=Status.unspecified)


def _fresh(new: _E, old: _E | None, now: DateTime) -> _E:
    """Without a moment of change that says nothing new: then it is that of the change, if there is one.

    Who reads, changes and puts back hands us the moment of the change before.
    """
    moment = new.last_change
    if moment is None or (moment <= now and (old is None or old.last_change is None or moment > old.last_change)):
        return new
    return replace(new, last_change=None)


def _done(notes: list[Note], *, created: bool, tag: str = "") -> Response:
    """What was taken, and what of it was not understood."""
    body = {"notes": [{"path": note.path, "text": note.text} for note in notes[:_LISTED]]} if notes else {}
    return answer(body, HTTPStatus.CREATED if created else HTTPStatus.OK, {"etag": tag} if tag else None)
