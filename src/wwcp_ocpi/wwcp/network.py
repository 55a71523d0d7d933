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
from typing import TypeVar

from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars import now as system_clock
from wwcp_ocpi.wwcp.events import EVSEStatusChange, PoolChange
from wwcp_ocpi.wwcp.ids import (
    ChargingPoolId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.live import LiveEVSE
from wwcp_ocpi.wwcp.model import (
    EVSE,
    ChargingPool,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
    evses_of,
)
from wwcp_ocpi.wwcp.revision import revised_operator, revised_pool
from wwcp_ocpi.wwcp.status import EVSEAdminStatus, EVSEStatus, StatusSchedule

_T = TypeVar("_T")
_K = TypeVar("_K")


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
        self._about = replace(network, charging_station_operators=[], charging_pools=[], e_mobility_providers=[])
        self._clock = clock
        self._operators: dict[ChargingStationOperatorId, ChargingStationOperator] = {}
        self._providers = {provider.id: provider for provider in network.e_mobility_providers}
        self._pools: dict[ChargingPoolId, ChargingPool] = {}
        self._evses: dict[EVSEId, LiveEVSE] = {}
        self._planned: list[tuple[int, int, LiveEVSE]] = []
        self._planned_count = 0
        self._status_listeners: dict[object, Callable[[EVSEStatusChange], object]] = {}
        self._pool_listeners: dict[object, Callable[[PoolChange], object]] = {}
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
        return replace(
            self._about,
            charging_station_operators=[
                replace(operator, charging_pools=pools.get(operator.id, [])) for operator in self._operators.values()
            ],
            e_mobility_providers=list(self._providers.values()),
        )

    @property
    def id(self) -> str:
        """The name of the network in paths and files, "Prod" for example."""
        return self._about.id

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

    def evse(self, evse_id: EVSEId) -> EVSE:
        """The EVSE as it is now. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").as_of(self.now)

    def evse_status(self, evse_id: EVSEId) -> EVSEStatus:
        """The operational status in force. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").status.value(self.now)

    def evse_admin_status(self, evse_id: EVSEId) -> EVSEAdminStatus:
        """The admin status in force. Raises UnknownId."""
        return self._found(self._evses, evse_id, "EVSE").admin_status.value(self.now)

    def upsert_operator(self, operator: ChargingStationOperator, at: DateTime | None = None) -> None:
        """Take an operator in, or its new data, and all pools inside it.

        Raises:
            IdTaken, UnknownId: as `upsert_pool`, for one of its pools; those before it have been taken in.
        """
        moment = at or self.now
        for pool in operator.charging_pools:
            if pool.id.operator != operator.id:
                raise UnknownId(f"expected a pool of {operator.id}, got {pool.id}")
        kept = revised_operator(operator, self._operators.get(operator.id), moment)
        self._operators[kept.id] = kept
        for pool in operator.charging_pools:
            self.upsert_pool(pool, moment)

    def upsert_pool(self, pool: ChargingPool, at: DateTime | None = None) -> PoolChange | None:
        """Take a pool in, or its new data; None when nothing static changed. Statuses inside are taken over.

        EVSEs that it does not name any more stay, as `removed`.

        Args:
            at: the moment of the change; now, unless it is told.

        Raises:
            IdTaken: one of its EVSEs lives in another pool, or occurs twice.
            UnknownId: no such operator.
        """
        now = self.now
        moment = at or now
        self._found(self._operators, pool.id.operator, "operator")
        named = self._claimed(pool)
        previous = self._pools.get(pool.id)
        kept = revised_pool(pool, previous, moment)
        self._pools[kept.id] = kept
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
        if previous is not None:
            self._settle(self._evses[evse.id] for evse in evses_of(kept))
        return told

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
        return self._settle(due)

    def on_status(self, listener: Callable[[EVSEStatusChange], object]) -> Callable[[], None]:
        """Call the listener with every change of a status; the answer ends that."""
        return _enrol(self._status_listeners, listener)

    def on_pool(self, listener: Callable[[PoolChange], object]) -> Callable[[], None]:
        """Call the listener with every new or changed pool; the answer ends that."""
        return _enrol(self._pool_listeners, listener)

    def _claimed(self, pool: ChargingPool) -> dict[EVSEId, EVSE]:
        named: dict[EVSEId, EVSE] = {}
        for evse in evses_of(pool):
            live = self._evses.get(evse.id)
            if live is not None and live.pool_id != pool.id:
                raise IdTaken(f"expected an EVSE that is new or of {pool.id}, got {evse.id} of {live.pool_id}")
            if evse.id in named:
                raise IdTaken(f"expected every EVSE of {pool.id} once, got {evse.id} twice")
            named[evse.id] = evse
        return named

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
            replace(station, evses=[self._evses[evse.id].as_of(moment) for evse in station.evses])
            for station in pool.charging_stations
        ]
        return replace(pool, charging_stations=stations)

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
