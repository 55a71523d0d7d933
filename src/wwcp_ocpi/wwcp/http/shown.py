# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a network is shown: nothing that is gone unless it is asked for, and to the public what is published.

Kept up to date by the network's own events, so that a page of a hundred thousand EVSEs is cut out of a list and not
looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from wwcp_ocpi.wwcp.ids.places import ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStation
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import PlaceId, Status
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, PlaceStatusChange, PoolChange
from wwcp_ocpi.wwcp.network.places import LiveNetwork, OtherChange


class Shown:
    """Knows what is gone and what is not for everybody."""

    def __init__(self, places: LiveNetwork) -> None:
        self._places = places
        self._gone_evses = {id for id in places.evse_ids() if places.evse_status(id) is EVSEStatus.removed}
        self._gone: set[PlaceId | None] = set()
        self._private_stations: set[ChargingStationId] = set()
        self._private_evses: set[EVSEId] = set()
        for pool in places.static_pools():
            self._look_at(pool)
        self._gone.update(id for id in _place_ids(places) if places.statuses.status(id, places.now) is Status.removed)
        self._leave = [
            places.on_status(self._hear_status),
            places.on_pool(self._hear_pool),
            places.on_other(self._hear_other),
        ]

    def close(self) -> None:
        """Hear no more."""
        for leave in self._leave:
            leave()

    def is_gone(self, id: PlaceId) -> bool:
        """Whether its owner took a place away."""
        return id in self._gone

    def evse_ids(self, *, public: bool, removed: bool, among: Iterable[EVSEId] | None = None) -> list[EVSEId]:
        """The EVSEs that are shown, of all or of these."""
        ids = self._places.evse_ids() if among is None else list(among)
        hidden: set[EVSEId] = set()
        if public:
            hidden = hidden | self._private_evses
        if not removed:
            hidden = hidden | self._gone_evses
        return [id for id in ids if id not in hidden] if hidden else ids

    def stations(self, pool: ChargingPool, *, public: bool, removed: bool) -> list[ChargingStation]:
        """The stations of a pool that are shown, each with the EVSEs that are."""
        if not public and (removed or not (self._gone_evses or self._gone)):
            return pool.charging_stations
        found = []
        for station in pool.charging_stations:
            if public and station.id in self._private_stations:
                continue
            if removed:
                found.append(station)
            elif station.id not in self._gone:
                evses = [evse for evse in station.evses if evse.id not in self._gone_evses]
                if evses or not station.evses:
                    found.append(replace(station, evses=evses))
        return found

    def pool(self, pool: ChargingPool, *, public: bool, removed: bool) -> ChargingPool | None:
        """A pool as it is shown; None where it is not."""
        if pool.id in self._gone and not removed:
            return None
        stations = self.stations(pool, public=public, removed=removed)
        if public and not stations:
            return None
        return replace(pool, charging_stations=stations)

    def is_evse_shown(self, id: EVSEId, *, public: bool) -> bool:
        """Whether somebody may know of it; what is gone may be asked for by name."""
        return not (public and id in self._private_evses)

    def is_station_shown(self, id: ChargingStationId, *, public: bool) -> bool:
        """The same for a station."""
        return not (public and id in self._private_stations)

    def _look_at(self, pool: ChargingPool) -> None:
        for station in pool.charging_stations:
            ids = {evse.id for evse in station.evses}
            if station.published:
                self._private_stations.discard(station.id)
                self._private_evses -= ids
            else:
                self._private_stations.add(station.id)
                self._private_evses |= ids

    def _hear_status(self, change: EVSEStatusChange) -> None:
        if change.status is EVSEStatus.removed:
            self._gone_evses.add(change.evse_id)
        else:
            self._gone_evses.discard(change.evse_id)

    def _hear_pool(self, change: PoolChange) -> None:
        self._look_at(change.pool)
        for id in change.added:
            if self._places.evse_status(id) is EVSEStatus.removed:
                self._gone_evses.add(id)
            else:
                self._gone_evses.discard(id)
        self._gone_evses.update(change.removed)

    def _hear_other(self, change: OtherChange) -> None:
        if isinstance(change, PlaceStatusChange):
            if change.status is Status.removed:
                self._gone.add(change.id)
            else:
                self._gone.discard(change.id)


def _place_ids(places: LiveNetwork) -> Iterator[PlaceId]:
    yield from places.operators
    yield from places.providers
    for pool in places.static_pools():
        yield pool.id
        yield from (station.id for station in pool.charging_stations)
