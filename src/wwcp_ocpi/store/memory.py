# SPDX-License-Identifier: AGPL-3.0-or-later
"""The store in memory: for tests, and for programs that need no durability. Same contract, nothing survives."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.bell import SECOND, Bell
from wwcp_ocpi.store.cursor import read_cursor, write_cursor
from wwcp_ocpi.store.following import beside, beside_all, follow, mark_of_gone
from wwcp_ocpi.store.matching import pick
from wwcp_ocpi.store.objects import check_audiences
from wwcp_ocpi.store.outbox import MAX_ERROR
from wwcp_ocpi.store.ports import (
    Decide,
    Delete,
    Delivery,
    Followed,
    Key,
    Outcome,
    Page,
    PageRequest,
    Push,
    Side,
    Stored,
)

_ObjectOfPartner = tuple[str, str, PartyId, str]


class MemoryStore:
    """A `Store`. Pages are found by looking at every object: fine for thousands, not for millions."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._bell = Bell()
        self._cursor_key = secrets.token_bytes(8)
        self._closed = False
        self._seq = 0
        self._objects: dict[Key, Stored] = {}
        self._created: dict[int, int] = {}
        self._followed: dict[tuple[Side, str], tuple[Followed, ...]] = {}
        self._documents: dict[tuple[str, str], bytes] = {}
        self._revisions: Counter[str] = Counter()
        self._number = 0
        self._waiting: dict[int, Delivery] = {}
        self._due_at: dict[int, int] = {}
        self._queues: dict[_ObjectOfPartner, list[int]] = {}

    async def close(self) -> None:
        """Refuse changes from here on."""
        self._closed = True

    # Objects

    async def get(self, key: Key) -> Stored | None:
        """One object, or None."""
        return self._objects.get(key)

    async def find(self, side: Side, module: str, id: str, owners: Sequence[PartyId]) -> Stored | None:
        """The object that has this id (folded, as in a `Key`) with one of these owners: the first that has one."""
        found = (self._objects.get(Key(side, module, owner, id)) for owner in owners)
        return next((stored for stored in found if stored is not None), None)

    async def created(self, stored: Stored) -> int | None:
        """When an object was first stored, in microseconds since 1970; None where nobody knows."""
        return self._created.get(stored.seq)

    async def page(self, request: PageRequest) -> Page:
        """One page of objects.

        Raises:
            InvalidParameters: `after` is no cursor of this list.
        """
        place = None if request.after is None else read_cursor(self._cursor_key, request, request.after)
        first, end = request.date_from, request.date_to
        dated = first is not None or end is not None
        found = [
            (stored, key.owner)
            for key, stored in self._objects.items()
            if key.side is request.side
            and key.module == request.module
            and stored.audience == request.audience
            and (request.owner is None or key.owner == request.owner)
            and (first is None or stored.last_updated >= first)
            and (end is None or stored.last_updated < end)
        ]

        def order(entry: tuple[Stored, PartyId]) -> tuple[int, int]:
            return (entry[0].last_updated if dated else 0, entry[0].seq)

        found.sort(key=order)
        total = len(found)
        if place is None:
            found = found if request.match else found[request.offset :]
        else:
            behind = (place.last_updated if dated else 0, place.seq)
            found = [entry for entry in found if order(entry) > behind]
            total = place.total if dated else total
        rows = ((one.seq, one.last_updated, one.body, one.version, *owner) for one, owner in found)
        picked = pick(request, place, total if dated else 0, rows)
        return Page(
            joined=Joined(row[2] for row in picked.rows),
            versions=tuple(row[3] for row in picked.rows),
            owners=tuple(PartyId(*row[4:]) for row in picked.rows),
            total=total,
            next=None if picked.following is None else write_cursor(self._cursor_key, request, picked.following),
            filtered=picked.filtered,
            created=tuple(self._created.get(row[0]) for row in picked.rows) if request.with_created else (),
        )

    async def change(self, key: Key, decide: Decide) -> Outcome:
        """Read, decide and write one object."""
        return self._change_with_marks(key, decide)

    async def change_all(self, changes: Sequence[tuple[Key, Decide]]) -> list[Outcome | Exception]:
        """Many changes. What a decision raised stands in its place; the others are written."""
        outcomes: list[Outcome | Exception] = []
        self._check_open()
        for key, decide in changes:
            try:
                outcomes.append(self._change_with_marks(key, decide))
            except Exception as refusal:  # noqa: BLE001  # it is the caller's own, and goes back to it
                outcomes.append(refusal)
        return outcomes

    def _change_with_marks(self, key: Key, decide: Decide) -> Outcome:
        outcome = self._change(key, decide)
        for other, follows in beside(self._followed, key, outcome):
            self._change(other, follows)
        return outcome

    def _change(self, key: Key, decide: Decide) -> Outcome:
        self._check_open()
        before = self._objects.get(key)
        decision = decide(before)
        if decision is None:
            return Outcome(before=before, after=before, changed=False)
        for push in decision.pushes:
            self._push(push)
        if isinstance(decision, Delete):
            self._objects.pop(key, None)
            if before is not None:
                self._created.pop(before.seq, None)
            return Outcome(before=before, after=None, changed=before is not None)
        if before is None:
            self._seq += 1
            self._created[self._seq] = self._now()
        after = Stored(
            seq=self._seq if before is None else before.seq,
            version=decision.version,
            last_updated=decision.last_updated,
            body=decision.body,
            source=decision.source,
            audience=decision.audience,
        )
        self._objects[key] = after
        return Outcome(before=before, after=after, changed=True)

    async def delete_of_party(self, side: Side, module: str, owner: PartyId) -> int:
        """Remove all objects of one party in one module, whatever their audience; says how many there were."""
        self._check_open()
        others, told = beside_all(self._followed, side, module)
        modules = {module, *others}
        gone = [key for key in self._objects if (key.side, key.owner) == (side, owner) and key.module in modules]
        for key in gone:
            stored = self._objects.pop(key)
            self._created.pop(stored.seq, None)
            if key.module == module:
                self._tell_gone(key, stored, told)
        return sum(key.module == module for key in gone)

    def _tell_gone(self, key: Key, before: Stored, told: Sequence[Followed]) -> None:
        mark = mark_of_gone(key, before)
        for followed in told:
            self._change(key._replace(module=followed.waiting), lambda _: mark)

    async def readdress(self, old: str, new: str) -> int:
        """Give all objects of one audience another one; says how many there were.

        Raises:
            UsageError: one of the two is empty.
        """
        check_audiences(old, new)
        self._check_open()
        moved = {
            key: msgspec.structs.replace(stored, audience=new)
            for key, stored in self._objects.items()
            if stored.audience == old
        }
        self._objects.update(moved)
        return len(moved)

    async def count(self, side: Side, module: str) -> int:
        """How many objects there are, of all audiences."""
        return sum(key.side is side and key.module == module for key in self._objects)

    def follow(self, followed: Followed) -> None:
        """From now on, mark every change of these objects, whoever makes it through this store."""
        follow(self._followed, followed)

    async def audiences(self, side: Side, module: str) -> list[str]:
        """For whom there are objects now, sorted; empty stands for everybody."""
        named = (one.audience for key, one in self._objects.items() if (key.side, key.module) == (side, module))
        return sorted(set(named))

    # Documents

    async def document(self, kind: str, id: str) -> bytes | None:
        """One document, or None."""
        return self._documents.get((kind, id))

    async def documents(self, kind: str) -> list[tuple[str, bytes]]:
        """All documents of a kind, (id, body), sorted by id."""
        return sorted((id, body) for (of, id), body in self._documents.items() if of == kind)

    async def change_document(self, kind: str, id: str, decide: Callable[[bytes | None], bytes | None]) -> bytes | None:
        """Read, decide and write one document; deciding None removes it. Returns the new state."""
        self._check_open()
        before = self._documents.get((kind, id))
        after = decide(before)
        if after != before:
            self._revisions[kind] += 1
            if after is None:
                del self._documents[kind, id]
            else:
                self._documents[kind, id] = after
        return after

    async def revision(self, kind: str) -> int:
        """A number that differs after any document of the kind was written."""
        return self._revisions[kind]

    # Outbox

    def _push(self, push: Push) -> None:
        self._number += 1
        self._waiting[self._number] = Delivery(number=self._number, push=push)
        queue = self._queues.setdefault(_object_of(push), [])
        queue.append(self._number)
        if len(queue) == 1:
            self._due_at[self._number] = self._now()
        self._bell.ring()

    async def due(self, limit: int) -> list[Delivery]:
        """The pushes to try now: at most one per partner and object, the oldest, and none that waits for a retry."""
        now = self._now()
        self._bell.looked(now)
        ready = sorted((due_at, number) for number, due_at in self._due_at.items() if due_at <= now)
        return [self._waiting[number] for _, number in ready[:limit]]

    async def done(self, numbers: Sequence[int]) -> None:
        """These were delivered, or will never be; forget them."""
        self._check_open()
        for number in numbers:
            delivery = self._waiting.pop(number, None)
            if delivery is None:
                continue
            queue = self._queues[_object_of(delivery.push)]
            queue.remove(number)
            self._due_at.pop(number, None)
            if not queue:
                del self._queues[_object_of(delivery.push)]
            elif queue[0] not in self._due_at:
                self._due_at[queue[0]] = self._now()
        self._bell.ring()

    async def retry(self, number: int, wait_s: float, error: str) -> None:
        """This one failed; try again after `wait_s` seconds. Later ones of the same object wait behind it."""
        self._check_open()
        failed = self._waiting.get(number)
        if failed is not None:
            self._waiting[number] = msgspec.structs.replace(
                failed, attempts=failed.attempts + 1, error=error[:MAX_ERROR]
            )
            if number in self._due_at:
                self._due_at[number] = self._now() + round(wait_s * SECOND)
        self._bell.ring()

    async def postpone(self, numbers: Sequence[int], wait_s: float) -> None:
        """These were not tried; they are due again after `wait_s` seconds. Their attempts stay what they were."""
        self._check_open()
        due_at = self._now() + round(wait_s * SECOND)
        self._due_at.update({number: due_at for number in numbers if number in self._due_at})
        self._bell.ring()

    async def forget(self, partner: str) -> int:
        """Drop all pushes of a partner; says how many there were."""
        self._check_open()
        gone = [number for number, delivery in self._waiting.items() if delivery.push.partner == partner]
        for number in gone:
            del self._waiting[number]
            self._due_at.pop(number, None)
        self._queues = {place: queue for place, queue in self._queues.items() if place[0] != partner}
        return len(gone)

    async def waiting(self, partner: str | None = None) -> int:
        """How many pushes are not done, of one partner or of all."""
        return sum(partner in (None, delivery.push.partner) for delivery in self._waiting.values())

    async def wait_for_work(self, timeout_s: float) -> None:
        """Return when a push was written or a retry is due, at the latest after `timeout_s` seconds."""
        await self._bell.wait(timeout_s, self._now(), self._next_due)

    def _next_due(self, after: int) -> int | None:
        return min((due_at for due_at in self._due_at.values() if due_at > after), default=None)

    def _now(self) -> int:
        return int(self._clock() * SECOND)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the store is closed")


def _object_of(push: Push) -> _ObjectOfPartner:
    return push.partner, push.module, push.owner, push.id
