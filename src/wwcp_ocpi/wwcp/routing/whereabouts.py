# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a place that somebody named to all that is above it: station, pool, operator."""

from __future__ import annotations

from msgspec.structs import replace

from wwcp_ocpi.wwcp.model.requests import ChargingLocation
from wwcp_ocpi.wwcp.network.places import LiveNetwork, UnknownId


def located(network: LiveNetwork, location: ChargingLocation) -> ChargingLocation:
    """The same location with every level filled in that follows from the lowest one.

    Raises:
        UnknownId: the network has no such place, it is below another one than the one that is named with it, or
            nothing is named at all.
    """
    if location.evse_id is not None:
        found = replace(
            location,
            charging_station_id=network.station_id_of(location.evse_id),
            charging_pool_id=network.pool_id_of(location.evse_id),
        )
    elif location.charging_station_id is not None:
        found = replace(location, charging_pool_id=network.pool_id_of_station(location.charging_station_id))
    else:
        found = location
    if found.charging_pool_id is not None:
        network.operator_of(found.charging_pool_id)
        found = replace(found, charging_station_operator_id=found.charging_pool_id.operator)
    elif found.charging_station_operator_id is not None:
        network.operator(found.charging_station_operator_id)
    else:
        raise UnknownId("expected an EVSE, a charging station, a charging pool or an operator, got none of them")
    for name in ("charging_station_id", "charging_pool_id", "charging_station_operator_id"):
        named, is_there = getattr(location, name), getattr(found, name)
        if named is not None and named != is_there:
            raise UnknownId(
                f"{location.evse_id or location.charging_station_id or ''} is in {is_there}, not in {named}"
            )
    return found
