# SPDX-License-Identifier: AGPL-3.0-or-later
"""What changes when a pool is given anew: moments of change, ids that stay, EVSEs that went away.

Partners compare `last_updated`, so an entity that did not change keeps its moment, and one that changed has a
new one. An EVSE that is missing from the new pool is not forgotten: OCPI wants it REMOVED, not gone, so it stays
in its station with the status `removed`.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
)

_P = TypeVar("_P", ChargingStation, ChargingPool, ChargingStationOperator, EMobilityProvider, RoamingNetworkData)
_E = TypeVar("_E", EVSE, ChargingStation, ChargingPool, ChargingStationOperator, EMobilityProvider)


def revised_operator(
    new: ChargingStationOperator, old: ChargingStationOperator | None, at: DateTime
) -> ChargingStationOperator:
    """The operator without its pools, with moments of change, also of each tariff."""
    before = {tariff.id: tariff for tariff in old.charging_tariffs} if old else {}
    tariffs = []
    for tariff in new.charging_tariffs:
        known = before.get(tariff.id)
        if tariff.last_change is not None:
            tariffs.append(tariff)
        elif known is not None and replace(tariff, last_change=known.last_change) == known:
            tariffs.append(known)
        else:
            tariffs.append(replace(tariff, last_change=at))
    return _stamped(without_statuses(replace(new, charging_pools=[], charging_tariffs=tariffs)), old, at)


def revised_provider(new: EMobilityProvider, old: EMobilityProvider | None, at: DateTime) -> EMobilityProvider:
    """The provider with its moment of change."""
    return _stamped(without_statuses(new), old, at)


def revised_pool(new: ChargingPool, old: ChargingPool | None, at: DateTime) -> ChargingPool:
    """The pool as it is kept: static data only, every entity with its moment of change."""
    before = {station.id: station for station in old.charging_stations} if old else {}
    named = {evse.id for station in new.charging_stations for evse in station.evses}
    stations = [_revised_station(station, before.pop(station.id, None), named, at) for station in new.charging_stations]
    for station in before.values():
        left = [evse for evse in station.evses if evse.id not in named]
        if left:
            stations.append(replace(station, evses=left))
    own = without_statuses(replace(new, charging_stations=[]))
    kept = _stamped(own, replace(old, charging_stations=[]) if old else None, at)
    return replace(kept, charging_stations=stations)


def _revised_station(
    new: ChargingStation, old: ChargingStation | None, named: set[EVSEId], at: DateTime
) -> ChargingStation:
    before = {evse.id: evse for evse in old.evses} if old else {}
    evses = [_stamped(_static(evse), before.get(evse.id), at) for evse in new.evses]
    evses += [evse for evse in before.values() if evse.id not in named]
    kept = _stamped(without_statuses(replace(new, evses=[])), replace(old, evses=[]) if old else None, at)
    return replace(kept, evses=evses)


def _static(evse: EVSE) -> EVSE:
    return replace(evse, status=[], admin_status=[], last_status_update=None)


def without_statuses(place: _P) -> _P:
    """What is static of it."""
    return replace(place, status=(), admin_status=()) if place.status or place.admin_status else place


def _stamped(new: _E, old: _E | None, at: DateTime) -> _E:
    """With the id as it was first written (partners know that text) and the moment of its last change."""
    if old is not None:
        new = replace(new, id=old.id)
    if new.last_change is not None:
        return new
    if old is not None and replace(new, last_change=old.last_change) == old:
        return old
    return replace(new, last_change=at)
