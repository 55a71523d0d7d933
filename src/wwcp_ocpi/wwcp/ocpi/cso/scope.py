# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which places OCPI partners may know of: to all that is asked and told, another one is as if it were not there.

A place must be included at every level. What was published and is included no more is REMOVED, as what was taken down.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingPool
from wwcp_ocpi.wwcp.network.places import LiveNetwork, UnknownId


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """None at a level: all of it. Anything that says whether an id is `in` it will do: a set, or code of yours."""

    operators: Container[ChargingStationOperatorId] | None = None
    pools: Container[ChargingPoolId] | None = None
    stations: Container[ChargingStationId] | None = None
    evses: Container[EVSEId] | None = None

    def has_operator(self, id: ChargingStationOperatorId) -> bool:
        """Whether partners may know of an operator."""
        return self.operators is None or id in self.operators

    def has_pool(self, id: ChargingPoolId) -> bool:
        """Whether they may know of a pool."""
        return self.has_operator(id.operator) and (self.pools is None or id in self.pools)

    def has_evse(self, network: LiveNetwork, id: EVSEId) -> bool:
        """Whether they may know of an EVSE; False when there is none."""
        if self.evses is not None and id not in self.evses:
            return False
        try:
            return self.has_pool(network.pool_id_of(id)) and (
                self.stations is None or network.station_id_of(id) in self.stations
            )
        except UnknownId:
            return False

    def has(self, network: LiveNetwork, pool_id: ChargingPoolId | None, evse_id: EVSEId | None) -> bool:
        """Whether they may know of a place: its EVSE, or the pool where no EVSE is told."""
        if evse_id is not None:
            return self.has_evse(network, evse_id)
        if pool_id is None or not self.has_pool(pool_id):
            return False
        try:
            return not self._is_narrow or self.of_pool(network.pool(pool_id)) is not None
        except UnknownId:
            return False

    def of_pool(self, pool: ChargingPool) -> ChargingPool | None:
        """The pool with the stations and EVSEs that they may know of; None where they may know of none."""
        if not self.has_pool(pool.id):
            return None
        if not self._is_narrow:
            return pool
        stations = []
        for station in pool.charging_stations:
            if self.stations is not None and station.id not in self.stations:
                continue
            evses = [evse for evse in station.evses if self.evses is None or evse.id in self.evses]
            if evses or (self.evses is None and not station.evses):
                stations.append(replace(station, evses=evses))
        return replace(pool, charging_stations=stations) if stations else None

    @property
    def _is_narrow(self) -> bool:
        return self.stations is not None or self.evses is not None


EVERYTHING = Scope()
