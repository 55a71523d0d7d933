# SPDX-License-Identifier: AGPL-3.0-or-later
"""The state of stations, pools, operators, providers and of the network itself, over time.

Nothing is derived from the EVSEs below: who owns a place says how it is. A place that nobody said anything about takes
no memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.status import StatusSchedule, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status
from wwcp_ocpi.wwcp.network.events import PlaceStatusChange

_V = TypeVar("_V", bound=str)


class _Both(NamedTuple):
    status: StatusSchedule[Status]
    admin_status: StatusSchedule[AdminStatus]


class Statuses(NamedTuple):
    """Both kinds, newest first."""

    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()


_NONE = Statuses()


class PlaceStatuses:
    """Schedules by id; None stands for the network itself."""

    def __init__(self) -> None:
        self._schedules: dict[PlaceId | None, _Both] = {}
        self._planned: set[PlaceId | None] = set()

    def status(self, id: PlaceId | None, now: DateTime) -> Status:
        """The operational status in force."""
        found = self._schedules.get(id)
        return Status.unspecified if found is None else found.status.value(now)

    def admin_status(self, id: PlaceId | None, now: DateTime) -> AdminStatus:
        """The admin status in force."""
        found = self._schedules.get(id)
        return AdminStatus.unspecified if found is None else found.admin_status.value(now)

    def since(self, id: PlaceId | None, now: DateTime) -> Statuses:
        """What is in force and what is planned."""
        found = self._schedules.get(id)
        if found is None:
            return _NONE
        return Statuses(tuple(found.status.since(now)), tuple(found.admin_status.since(now)))

    def history(self, id: PlaceId | None) -> Statuses:
        """All that is kept."""
        found = self._schedules.get(id)
        return _NONE if found is None else Statuses(tuple(found.status.entries), tuple(found.admin_status.entries))

    def put(
        self,
        id: PlaceId | None,
        status: Iterable[Timestamped[Status]],
        admin_status: Iterable[Timestamped[AdminStatus]],
        now: DateTime,
    ) -> PlaceStatusChange | None:
        """Note what holds from when on; later than now means planned. The change, if there is one now."""
        new, new_admin = list(status), list(admin_status)
        if not (new or new_admin):
            return None
        both = self._schedules.get(id)
        if both is None:
            both = _Both(StatusSchedule(Status.unspecified), StatusSchedule(AdminStatus.unspecified))
            self._schedules[id] = both
        for entry in reversed(new):
            both.status.put(entry.value, entry.timestamp, now)
        for admin_entry in reversed(new_admin):
            both.admin_status.put(admin_entry.value, admin_entry.timestamp, now)
        if both.status.next(now) or both.admin_status.next(now):
            self._planned.add(id)
        return _settled(id, both, now)

    def advance(self, now: DateTime) -> list[PlaceStatusChange]:
        """Let planned ones come into force."""
        changes = []
        for id in list(self._planned):
            both = self._schedules[id]
            change = _settled(id, both, now)
            if change is not None:
                changes.append(change)
            if both.status.next(now) is None and both.admin_status.next(now) is None:
                self._planned.discard(id)
        return changes


def _settled(id: PlaceId | None, both: _Both, now: DateTime) -> PlaceStatusChange | None:
    status, admin_status = both.status.settle(now), both.admin_status.settle(now)
    if status is None and admin_status is None:
        return None
    new, new_admin = both.status.value(now), both.admin_status.value(now)
    return PlaceStatusChange(
        id=id,
        timestamp=max(change.timestamp for change in (status, admin_status) if change is not None),
        old_status=status.old if status else new,
        status=new,
        old_admin_status=admin_status.old if admin_status else new_admin,
        admin_status=new_admin,
    )


class Share(msgspec.Struct, Generic[_V], frozen=True):
    """How many have a status, and how many of a hundred."""

    count: int
    percentage: float


class StatusReport(msgspec.Struct, frozen=True):
    """How often each status occurs, the most frequent first."""

    timestamp: DateTime
    count: int
    report: dict[str, Share[str]]


def status_report(values: Iterable[_V], now: DateTime) -> StatusReport:
    """Count them."""
    counts: dict[str, int] = {}
    for value in values:
        counts[str(value)] = counts.get(str(value), 0) + 1
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return StatusReport(now, total, {name: Share(count, round(count * 100 / total, 2)) for name, count in ordered})
