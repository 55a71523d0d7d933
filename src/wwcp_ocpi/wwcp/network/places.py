# SPDX-License-Identifier: AGPL-3.0-or-later
"""A living roaming network: pools and EVSEs by id, their statuses, and who wants to hear of changes.

Synchronous and single-threaded. Time comes from a clock that is given: the same calls make the same network.
A refused call leaves the network as it was. A listener that raises stops its caller
after the change was made.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars import now as system_clock
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
    evses_of,
)
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, StatusSchedule, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status
from wwcp_ocpi.wwcp.network.events import (
    EVSEStatusChange,
    OperatorChange,
    PlaceStatusChange,
    PoolChange,
    ProviderChange,
)
from wwcp_ocpi.wwcp.network.evses import LiveEVSE
from wwcp_ocpi.wwcp.network.place_statuses import PlaceStatuses
from wwcp_ocpi.wwcp.network.revision import revised_operator, revised_pool, revised_provider, without_statuses

_T = TypeVar("_T")
_K = TypeVar("_K")
_P = TypeVar("_P", ChargingStation, ChargingPool, ChargingStationOperator, EMobilityProvider)

OtherChange: TypeAlias = OperatorChange | ProviderChange | PlaceStatusChange


class UnknownId(UsageError):
    """The network has no such operator, pool or EVSE."""


class IdTaken(UsageError):
    """An EVSE is given in one pool and lives in another, or twice in one."""


class LiveNetwork:
    """Operators, their pools and EVSEs, and the statuses of these.

    Args:
        network: what it begins with. Pools outside their operators are put under them.
        clock: tells the moment; the system's clock unless a test or a replay brings its own.

    Raises:
        IdTaken: an EVSE occurs twice.
        UnknownId: a pool stands under another operator than the one its id names.
    """

    def __init__(self, network: RoamingNetworkData, *, clock: Callable[[], DateTime] = system_clock) -> None:
        own = replace(network, charging_station_operators=[], charging_pools=[], e_mobility_providers=[])
        self._about = without_statuses(own)
        self._clock = clock
        self._operators: dict[ChargingStationOperatorId, ChargingStationOperator] = {}
        self._providers: dict[EMobilityProviderId, EMobilityProvider] = {}
        self._pools: dict[ChargingPoolId, ChargingPool] = {}
        self._pool_of_station: dict[ChargingStationId, ChargingPoolId] | None = None
        self._evses: dict[EVSEId, LiveEVSE] = {}
        self._places = PlaceStatuses()
        self._planned: list[tuple[int, int, LiveEVSE]] = []
        self._planned_count = 0
        self._status_listeners: dict[object, Callable[[EVSEStatusChange], object]] = {}
        self._pool_listeners: dict[object, Callable[[PoolChange], object]] = {}
        self._other_listeners: dict[object, Callable[[OtherChange], object]] = {}
        self._places.put(None, network.status, network.admin_status, self.now)
        for provider in network.e_mobility_providers:
            self.upsert_provider(provider)
        for operator in network.charging_station_operators:
            self.upsert_operator(operator)
        for pool in network.charging_pools:
            if pool.id.operator not in self._operators:
                self.upsert_operator(ChargingStationOperator(id=pool.id.operator))
            self.upsert_pool(pool)

    def snapshot(self) -> RoamingNetworkData:
        """The network as it is now: pools under their operators, statuses in force and planned ones inside."""
        pools: dict[ChargingStationOperatorId, list[ChargingPool]] = {}
        for pool in self.pools():
            pools.setdefault(pool.id.operator, []).append(pool)
        now = self.now
        status, admin_status = self._places.since(None, now)
        return replace(
            self._about,
            status=status,
            admin_status=admin_status,
            charging_station_operators=[
                replace(self._with_statuses(operator, now), charging_pools=pools.get(operator.id, []))
                for operator in self._operators.values()
            ],
            e_mobility_providers=[self._with_statuses(provider, now) for provider in self._providers.values()],
        )

    @property
    def id(self) -> str:
        """The name of the network in paths and files, "Prod" for example."""
        return self._about.id

    @property
    def about(self) -> RoamingNetworkData:
        """What the network says of itself, without operators, pools, providers and statuses."""
        return self._about

    @property
    def now(self) -> DateTime:
        """The moment that the network's clock shows."""
        return self._clock()

    @property
    def operators(self) -> Mapping[ChargingStationOperatorId, ChargingStationOperator]:
        """The operators with their tariffs; their pools are not inside, see `pools`."""
        return MappingProxyType(self._operators)

    @property
    def providers(self) -> Mapping[EMobilityProviderId, EMobilityProvider]:
        """The e-mobility providers."""
        return MappingProxyType(self._providers)

    def pools(self, operator_id: ChargingStationOperatorId | None = None) -> Iterator[ChargingPool]:
        """All pools as they are now, or those of one operator, in the order in which they came."""
        for pool in self._pools.values():
            if operator_id is None or pool.id.operator == operator_id:
                yield self._as_of_now(pool)

    def static_pools(self) -> list[ChargingPool]:
        """All pools without statuses, with EVSEs that are gone: cheap, and what changes meanwhile does no harm."""
        return list(self._pools.values())

    def static_pool(self, pool_id: ChargingPoolId) -> ChargingPool:
        """One of them. Raises UnknownId."""
        return self._found(self._pools, pool_id, "pool")

    def evse_ids(self) -> list[EVSEId]:
        """The ids of all EVSEs, in the order in which they came, also of those that are gone."""
        return list(self._evses)

    def evses(self) -> Iterator[EVSE]:
        """All EVSEs as they are now."""
        moment = self.now
        return (live.as_of(moment) for live in self._evses.values())

    def operator(self, operator_id: ChargingStationOperatorId) -> ChargingStationOperator:
        """The operator. Raises UnknownId."""
        return self._found(self._operators, operator_id, "operator")

    def pool(self, pool_id: ChargingPoolId) -> ChargingPool:
        """The pool as it is now, statuses included. Raises UnknownId."""
        return self._as_of_now(self._found(self._pools, pool_id, "pool"))

    def pool_of(self, evse_id: EVSEId) -> ChargingPool:
        """The pool in which the EVSE stands. Raises UnknownId."""
        return self.pool(self._found(self._evses, evse_id, "EVSE").pool_id)

    def station(self, station_id: ChargingStationId) -> ChargingStation:
        """The station as it is now. Raises UnknownId."""
        pool = self.pool(self.pool_id_of_station(station_id))
        return next(station for station in pool.charging_stations if station.id == station_id)

    def operator_of(self, pool_id: ChargingPoolId) -> ChargingStationOperator:
        """The operator of a pool that is there. Raises UnknownId."""
        self._found(self._pools, pool_id, "pool")
        return self.operator(pool_id.operator)

    def pool_id_of(self, evse_id: EVSEId) -> ChargingPoolId:
        """The id of the pool in which the EVSE stands. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").pool_id

    def pool_id_of_station(self, station_id: ChargingStationId) -> ChargingPoolId:
        """The id of the pool in which the station stands. Raises UnknownId."""
        if self._pool_of_station is None:
            self._pool_of_station = {
                station.id: pool.id for pool in self._pools.values() for station in pool.charging_stations
            }
        return self._found(self._pool_of_station, station_id, "charging station")

    def station_id_of(self, evse_id: EVSEId) -> ChargingStationId:
        """The id of the station that the EVSE belongs to. Raises UnknownId."""
        pool = self._pools[self.pool_id_of(evse_id)]
        return next(
            station.id for station in pool.charging_stations if any(evse.id == evse_id for evse in station.evses)
        )

    def evse(self, evse_id: EVSEId) -> EVSE:
        """The EVSE as it is now. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").as_of(self.now)

    def evse_status(self, evse_id: EVSEId) -> EVSEStatus:
        """The operational status in force. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").status.value(self.now)

    def evse_admin_status(self, evse_id: EVSEId) -> EVSEAdminStatus:
        """The admin status in force. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").admin_status.value(self.now)

    def evse_states(
        self, evse_id: EVSEId, now: DateTime
    ) -> tuple[Timestamped[EVSEStatus], Timestamped[EVSEAdminStatus]]:
        """What of both kinds is in force; where nothing was told, since the EVSE is as it is. Raises UnknownId."""
        live = self._found(self._evses, evse_id, "EVSE")
        status, admin_status = live.status.current(now), live.admin_status.current(now)
        since = live.evse.last_change or now
        return (
            status or Timestamped(since, EVSEStatus.unknown),
            admin_status or Timestamped(since, EVSEAdminStatus.unspecified),
        )

    def evse_history(self, evse_id: EVSEId) -> tuple[list[Timestamped[EVSEStatus]], list[Timestamped[EVSEAdminStatus]]]:
        """All statuses of both kinds that are kept, newest first, planned ones included. Raises UnknownId."""
        live = self._found(self._evses, evse_id, "EVSE")
        return live.status.entries, live.admin_status.entries

    def with_statuses(self, place: _P) -> _P:
        """An operator or provider of this network with the statuses in force and the planned ones."""
        return self._with_statuses(place, self.now)

    @property
    def statuses(self) -> PlaceStatuses:
        """The statuses of all that is no EVSE, to be looked at; `set_status` changes them."""
        return self._places

    def upsert_provider(self, provider: EMobilityProvider, at: DateTime | None = None) -> None:
        """Take a provider in, or its new data."""
        now = self.now
        previous = self._providers.get(provider.id)
        kept = revised_provider(provider, previous, at or now)
        self._providers[kept.id] = kept
        if kept != previous:
            self._tell_other(ProviderChange(provider=kept, previous=previous, timestamp=at or now))
        self._tell_other(self._places.put(kept.id, provider.status, provider.admin_status, now))

    def set_status(
        self,
        id: PlaceId | None,
        status: Status | None = None,
        admin_status: AdminStatus | None = None,
        at: DateTime | None = None,
    ) -> PlaceStatusChange | None:
        """Note in which state a station, pool, operator, provider or the network itself (None) is from `at` on.

        Returns:
            The change, or None when the state now is as it was before.

        Raises:
            UnknownId: no such place.
        """
        now = self.now
        moment = at or now
        match id:
            case ChargingStationId():
                self.pool_id_of_station(id)
            case ChargingPoolId():
                self._found(self._pools, id, "pool")
            case ChargingStationOperatorId():
                self._found(self._operators, id, "operator")
            case EMobilityProviderId():
                self._found(self._providers, id, "provider")
        change = self._places.put(
            id,
            [] if status is None else [Timestamped(moment, status)],
            [] if admin_status is None else [Timestamped(moment, admin_status)],
            now,
        )
        self._tell_other(change)
        return change

    def set_evse_schedule(
        self,
        evse_id: EVSEId,
        statuses: Iterable[Timestamped[EVSEStatus]],
        *,
        admin_statuses: Iterable[Timestamped[EVSEAdminStatus]] = (),
        keep: bool = True,
    ) -> EVSEStatusChange | None:
        """Note many statuses of one EVSE at once, of both kinds and planned ones too; one change comes of it.

        Args:
            keep: whether what was noted before stays; otherwise these are all, of each kind that is given.

        Raises:
            UnknownId: no such EVSE.
        """
        now = self.now
        live = self._found(self._evses, evse_id, "EVSE")
        admin_statuses = list(admin_statuses)
        if not keep:
            live.status.replace((), now)
        if not keep and admin_statuses:
            live.admin_status.replace((), now)
        for admin_entry in sorted(admin_statuses, key=lambda entry: entry.timestamp):
            self._put(live, live.admin_status, admin_entry.value, admin_entry.timestamp, now)
        for entry in sorted(statuses, key=lambda entry: entry.timestamp):
            self._put(live, live.status, entry.value, entry.timestamp, now)
        return next(iter(self._settle([live])), None)

    def upsert_operator(self, operator: ChargingStationOperator, at: DateTime | None = None) -> None:
        """Take an operator in, or its new data, and all pools inside it.

        Raises:
            IdTaken, UnknownId: as `upsert_pool`, for one of its pools; those before it have been taken in.
        """
        moment = at or self.now
        for pool in operator.charging_pools:
            if pool.id.operator != operator.id:
                raise UnknownId(f"expected a pool of {operator.id}, got {pool.id}")
        previous = self._operators.get(operator.id)
        kept = revised_operator(operator, previous, moment)
        self._operators[kept.id] = kept
        if kept != previous:
            self._tell_other(OperatorChange(operator=kept, previous=previous, timestamp=moment))
        self._tell_other(self._places.put(kept.id, operator.status, operator.admin_status, self.now))
        for pool in operator.charging_pools:
            self.upsert_pool(pool, moment)

    def upsert_pool(self, pool: ChargingPool, at: DateTime | None = None) -> PoolChange | None:
        """Take a pool in, or its new data; None when nothing static changed. Statuses inside are taken over.

        EVSEs that it does not name any more stay, as `removed`.

        Args:
            at: the moment of the change; now, unless it is told.

        Raises:
            IdTaken: one of its EVSEs lives in another pool and is not removed there, or occurs twice.
            UnknownId: no such operator.
        """
        now = self.now
        moment = at or now
        self._found(self._operators, pool.id.operator, "operator")
        named = self._claimed(pool, now)
        self._let_go(pool.id, named)
        previous = self._pools.get(pool.id)
        kept = revised_pool(pool, previous, moment)
        self._pools[kept.id] = kept
        self._pool_of_station = None
        added = [evse_id for evse_id in named if evse_id not in self._evses]
        new_ones, removed = frozenset(added), []
        for evse in evses_of(kept):
            live = self._evses.get(evse.id) or self._evses.setdefault(evse.id, LiveEVSE(evse, kept.id, None))
            live.evse = evse
            if evse.id in named:
                self._take_statuses(live, named[evse.id], moment, now, is_new=evse.id in new_ones)
            elif self._put(live, live.status, EVSEStatus.removed, moment, now):
                removed.append(evse.id)
        told = None
        if kept != previous or removed:
            told = PoolChange(pool=kept, previous=previous, added=added, removed=removed, timestamp=moment)
            for listener in list(self._pool_listeners.values()):
                listener(told)
        status = list(pool.status)
        if not status and self._places.status(kept.id, now) == Status.removed:
            status = [Timestamped(moment, Status.unspecified)]
        self._tell_other(self._places.put(kept.id, status, pool.admin_status, now))
        for station in pool.charging_stations:
            self._tell_other(self._places.put(station.id, station.status, station.admin_status, now))
        if previous is not None:
            self._settle(self._evses[evse.id] for evse in evses_of(kept))
        return told

    def remove_pool(self, pool_id: ChargingPoolId, at: DateTime | None = None) -> list[EVSEStatusChange]:
        """A pool is gone: it and all its EVSEs are `removed` from then on. Taken in again, it is there again.

        Nothing is forgotten: partners must hear that the EVSEs are gone, and records of yesterday name them.

        Raises:
            UnknownId: no such pool.
        """
        now = self.now
        pool = self._found(self._pools, pool_id, "pool")
        lives = [self._evses[evse.id] for evse in evses_of(pool)]
        for live in lives:
            self._put(live, live.status, EVSEStatus.removed, at or now, now)
        self._tell_other(self._places.put(pool_id, [Timestamped(at or now, Status.removed)], [], now))
        return self._settle(lives)

    def set_evse_admin_schedule(
        self, evse_id: EVSEId, statuses: Iterable[Timestamped[EVSEAdminStatus]]
    ) -> EVSEStatusChange | None:
        """The same for the admin status; what was noted before stays."""
        now = self.now
        live = self._found(self._evses, evse_id, "EVSE")
        for entry in sorted(statuses, key=lambda entry: entry.timestamp):
            self._put(live, live.admin_status, entry.value, entry.timestamp, now)
        return next(iter(self._settle([live])), None)

    def resume_evse(
        self,
        evse_id: EVSEId,
        statuses: Iterable[Timestamped[EVSEStatus]],
        admin_statuses: Iterable[Timestamped[EVSEAdminStatus]],
        last_updated: DateTime | None,
    ) -> None:
        """Take over what was known of an EVSE before a restart; nobody is told, since nothing changed.

        Args:
            last_updated: when the network learned of it then.

        Raises:
            UnknownId: no such EVSE.
        """
        now = self.now
        live = self._found(self._evses, evse_id, "EVSE")
        for entry in sorted(statuses, key=lambda entry: entry.timestamp):
            self._put(live, live.status, entry.value, entry.timestamp, now)
        for admin_entry in sorted(admin_statuses, key=lambda entry: entry.timestamp):
            self._put(live, live.admin_status, admin_entry.value, admin_entry.timestamp, now)
        live.settle(now)
        live.last_updated = last_updated

    def set_evse_status(
        self, evse_id: EVSEId, status: EVSEStatus, at: DateTime | None = None
    ) -> EVSEStatusChange | None:
        """Note that an EVSE is in a state from `at` on (default: now); later than now means planned.

        Returns:
            The change, or None when the state now is as it was before.

        Raises:
            UnknownId: no such EVSE.
        """
        live = self._found(self._evses, evse_id, "EVSE")
        now = self.now
        self._put(live, live.status, status, at or now, now)
        return next(iter(self._settle([live])), None)

    def set_evse_admin_status(
        self, evse_id: EVSEId, status: EVSEAdminStatus, at: DateTime | None = None
    ) -> EVSEStatusChange | None:
        """The same for the admin status."""
        live = self._found(self._evses, evse_id, "EVSE")
        now = self.now
        self._put(live, live.admin_status, status, at or now, now)
        return next(iter(self._settle([live])), None)

    def advance(self) -> list[EVSEStatusChange]:
        """Let planned statuses come into force whose moment has come. Call it now and then."""
        due = []
        while self._planned and self._planned[0][0] <= self.now.micros:
            due.append(heapq.heappop(self._planned)[2])
        for change in self._places.advance(self.now):
            self._tell_other(change)
        return self._settle(due)

    def on_status(self, listener: Callable[[EVSEStatusChange], object]) -> Callable[[], None]:
        """Call the listener with every change of a status; the answer ends that."""
        return _enrol(self._status_listeners, listener)

    def on_pool(self, listener: Callable[[PoolChange], object]) -> Callable[[], None]:
        """Call the listener with every new or changed pool; the answer ends that."""
        return _enrol(self._pool_listeners, listener)

    def on_other(self, listener: Callable[[OtherChange], object]) -> Callable[[], None]:
        """Call the listener with changes of operators, providers and of the state of what is no EVSE."""
        return _enrol(self._other_listeners, listener)

    def _tell_other(self, change: OtherChange | None) -> None:
        if change is not None:
            for listener in list(self._other_listeners.values()):
                listener(change)

    def _claimed(self, pool: ChargingPool, now: DateTime) -> dict[EVSEId, EVSE]:
        named: dict[EVSEId, EVSE] = {}
        for evse in evses_of(pool):
            live = self._evses.get(evse.id)
            if live is not None and live.pool_id != pool.id and live.status.value(now) != EVSEStatus.removed:
                raise IdTaken(f"expected an EVSE that is new or of {pool.id}, got {evse.id} of {live.pool_id}")
            if evse.id in named:
                raise IdTaken(f"expected every EVSE of {pool.id} once, got {evse.id} twice")
            named[evse.id] = evse
        return named

    def _let_go(self, pool_id: ChargingPoolId, named: Iterable[EVSEId]) -> None:
        """EVSEs that were removed elsewhere and are here now: they have moved, and are no more where they were."""
        for evse_id in named:
            live = self._evses.get(evse_id)
            if live is None or live.pool_id == pool_id:
                continue
            old = self._pools[live.pool_id]
            stations = [
                replace(station, evses=[evse for evse in station.evses if evse.id != evse_id])
                for station in old.charging_stations
            ]
            self._pools[old.id] = replace(old, charging_stations=stations)
            del self._evses[evse_id]

    def _take_statuses(self, live: LiveEVSE, given: EVSE, moment: DateTime, now: DateTime, *, is_new: bool) -> None:
        for status in reversed(given.status):
            self._put(live, live.status, status.value, status.timestamp, now)
        for admin_status in reversed(given.admin_status):
            self._put(live, live.admin_status, admin_status.value, admin_status.timestamp, now)
        if is_new:
            live.settle(now)
            live.last_updated = given.last_status_update
        elif not given.status and live.status.value(moment) == EVSEStatus.removed:
            self._put(live, live.status, EVSEStatus.unknown, moment, now)

    def _put(self, live: LiveEVSE, schedule: StatusSchedule[_T], value: _T, at: DateTime, now: DateTime) -> bool:
        if not schedule.put(value, at, now):
            return False
        live.touch(now)
        if at > now:
            self._planned_count += 1
            heapq.heappush(self._planned, (at.micros, self._planned_count, live))
        return True

    def _settle(self, evses: Iterable[LiveEVSE]) -> list[EVSEStatusChange]:
        """Find out what changed, and tell it."""
        moment = self.now
        changes = [change for change in (live.settle(moment) for live in evses) if change is not None]
        for change in changes:
            for listener in list(self._status_listeners.values()):
                listener(change)
        return changes

    def _as_of_now(self, pool: ChargingPool) -> ChargingPool:
        moment = self.now
        stations = [
            replace(
                self._with_statuses(station, moment),
                evses=[self._evses[evse.id].as_of(moment) for evse in station.evses],
            )
            for station in pool.charging_stations
        ]
        return replace(self._with_statuses(pool, moment), charging_stations=stations)

    def _with_statuses(self, place: _P, now: DateTime) -> _P:
        status, admin_status = self._places.since(place.id, now)
        return replace(place, status=status, admin_status=admin_status) if status or admin_status else place

    def _found(self, registry: Mapping[_K, _T], id: _K, kind: str) -> _T:
        try:
            return registry[id]
        except KeyError as error:
            raise UnknownId(f"no {kind} {id} in the roaming network {self.id}") from error


def _enrol(listeners: dict[object, _T], listener: _T) -> Callable[[], None]:
    ticket = object()
    listeners[ticket] = listener

    def leave() -> None:
        listeners.pop(ticket, None)

    return leave
