# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: N815  (the names of the statuses are their JSON texts)
"""What state an EVSE is in, and what states it was and will be in.

Two kinds: the operational status (a car is charging) and the admin status (we do not offer it yet). Both are
open sets whose JSON texts are the values below, and both have a schedule: a list of what held from when on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.texts import WWCPText


class EVSEStatus(WWCPText):
    """The operational status of an EVSE."""

    unknown = "unknown"
    unspecified = "unspecified"
    offline = "offline"
    inDeployment = "inDeployment"
    reserved = "reserved"
    available = "available"
    waitingForPlugin = "waitingForPlugin"
    pluggedIn = "pluggedIn"
    charging = "charging"
    occupied = "occupied"
    doorNotClosed = "doorNotClosed"
    error = "error"
    faulted = "faulted"
    unavailable = "unavailable"
    inoperative = "inoperative"
    outOfService = "outOfService"
    outOfOrder = "outOfOrder"
    blocked = "blocked"
    removed = "removed"
    other = "other"


class EVSEAdminStatus(WWCPText):
    """The admin status of an EVSE: what its operator means to do with it."""

    unknown = "unknown"
    unspecified = "unspecified"
    planned = "planned"
    inDeployment = "inDeployment"
    outOfService = "outOfService"
    blocked = "blocked"
    operational = "operational"
    deleted = "deleted"
    internalUse = "internalUse"
    unknownEVSE = "unknownEVSE"


_V = TypeVar("_V")


class Timestamped(msgspec.Struct, Generic[_V], frozen=True, array_like=True, gc=False):
    """A value and since when it holds; in JSON the pair `["2026-08-02T00:00:00.000Z", "available"]`."""

    timestamp: DateTime
    value: _V


class StatusChange(msgspec.Struct, Generic[_V], frozen=True, kw_only=True):
    """The value in force has become another one. `timestamp` is since when the new one holds."""

    timestamp: DateTime
    old: _V
    new: _V


class StatusSchedule(Generic[_V]):
    """Values over time, newest first. Later than now means planned; the newest of the others holds.

    Nothing happens by itself when a planned value comes into force: ask `settle`.

    Args:
        default: what holds before the first entry.
        cap: how many entries are kept; the oldest go first, but never the one in force.
    """

    __slots__ = ("_cap", "_default", "_entries", "_seen")

    def __init__(self, default: _V, *, cap: int = 50) -> None:
        self._default = default
        self._cap = max(cap, 1)
        self._entries: tuple[Timestamped[_V], ...] = ()
        self._seen = default

    @property
    def entries(self) -> list[Timestamped[_V]]:
        """All entries, newest first, planned ones included."""
        return list(self._entries)

    def current(self, now: DateTime) -> Timestamped[_V] | None:
        """The entry in force, None before the first."""
        return next((entry for entry in self._entries if entry.timestamp <= now), None)

    def next(self, now: DateTime) -> Timestamped[_V] | None:
        """The planned entry that comes into force first."""
        return next((entry for entry in reversed(self._entries) if entry.timestamp > now), None)

    def value(self, now: DateTime) -> _V:
        """The value in force."""
        entry = self.current(now)
        return self._default if entry is None else entry.value

    def since(self, now: DateTime) -> list[Timestamped[_V]]:
        """The entry in force and the planned ones, newest first: all that is not history."""
        return list(self._entries[: self._index_in_force(now) + 1])

    def put(self, value: _V, at: DateTime, now: DateTime) -> bool:
        """Note that a value holds from `at` on; False when that was so already.

        One entry per moment: the last one put wins.
        """
        before = self.current(at)
        if before is not None and before.value == value:
            return False
        index = bisect_left(self._entries, -at.micros, key=lambda entry: -entry.timestamp.micros)
        is_taken = index < len(self._entries) and self._entries[index].timestamp == at
        rest = self._entries[index + is_taken :]
        self._entries = (*self._entries[:index], Timestamped(at, value), *rest)
        if len(self._entries) > self._cap:
            self._entries = self._entries[: max(self._cap, self._index_in_force(now) + 1)]
        return True

    def replace(self, entries: Iterable[Timestamped[_V]], now: DateTime) -> None:
        """Forget all and take these: in order, one a moment (the last one given wins), repetitions left out."""
        self._entries = ()
        moments = {entry.timestamp.micros: entry for entry in entries}
        for micros in sorted(moments):
            self.put(moments[micros].value, moments[micros].timestamp, now)

    def settle(self, now: DateTime) -> StatusChange[_V] | None:
        """The change since this was asked last, if the value in force is another one by now."""
        entry = self.current(now)
        old, new = self._seen, self._default if entry is None else entry.value
        if old == new:
            return None
        self._seen = new
        return StatusChange(timestamp=now if entry is None else entry.timestamp, old=old, new=new)

    def insert(self, value: _V, at: DateTime, now: DateTime) -> StatusChange[_V] | None:
        """Put, then settle: the change, if there is one now."""
        return self.settle(now) if self.put(value, at, now) else None

    def _index_in_force(self, now: DateTime) -> int:
        """Where the entry in force stands, or beyond the end when all are planned."""
        return next((index for index, entry in enumerate(self._entries) if entry.timestamp <= now), len(self._entries))
