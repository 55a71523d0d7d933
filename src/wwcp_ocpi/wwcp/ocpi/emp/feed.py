# SPDX-License-Identifier: AGPL-3.0-or-later
"""What partners changed in the store, one kind of object after the other, whoever wrote it: a push, a pull, a command.

Every change leaves a mark in the transaction in which it is made (`store.following`), and the list of marks is the
queue: nothing is missed over a restart, and an object that changed ten times meanwhile is looked at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

import structlog

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.store.following import mark_of, read_mark
from wwcp_ocpi.store.ports import Decide, Delete, Followed, Key, Objects, Page, PageRequest, Side, Store, Stored, Write

log = structlog.get_logger()

CHUNK = 200
TARIFFS, LOCATIONS, SESSIONS, CDRS = "tariffs", "locations", "sessions", "cdrs"
KINDS = (TARIFFS, LOCATIONS, SESSIONS, CDRS)
"""What is taken over, in this order: each may name what comes before it."""
KEEPING = frozenset({SESSIONS, CDRS})
"""The kinds of which is kept what became of each object; places are mapped anew at every start."""


class Change(NamedTuple):
    """An object as it is now; None when it is gone."""

    key: Key
    stored: Stored | None


Take: TypeAlias = Callable[[Sequence[Change]], Awaitable[Sequence[Write | None]]]
"""Takes changes over; for each, what is to be kept of that beside the object. It does not raise for what is in one."""


def taken_of(kind: str) -> str:
    """Where that is kept, under the key of the object."""
    return f"{kind}/wwcp_taken"


def followed(kind: str) -> Followed:
    """What a store is told once, so that it marks the changes of a kind."""
    return Followed(
        side=Side.THEIRS,
        module=kind,
        waiting=f"{kind}/wwcp_waiting",
        derived=taken_of(kind) if kind in KEEPING else "",
        is_told_of_removal=True,
    )


def follow_partners(store: Objects) -> None:
    """Have all changes marked that an adapter must hear of, also where it runs in another process.

    Whoever opens the database of a platform with an adapter does this: a command that pulls writes beside it.
    """
    for kind in KINDS:
        store.follow(followed(kind))


class Feed:
    """The changes of one kind of object. What `take` returns goes with the state of the object that it was made of."""

    def __init__(self, store: Store, kind: str, take: Take) -> None:
        made = followed(kind)
        self.kind = kind
        self.taken = made.derived
        self._waiting = made.waiting
        self._store = store
        self._take = take
        self._lock = asyncio.Lock()
        store.follow(made)

    async def waiting(self) -> int:
        """How many changes are to be taken over."""
        return await self._store.count(Side.THEIRS, self._waiting)

    async def settle(self) -> int:
        """Take over all that waits; says how many changes there were."""
        async with self._lock:
            done = 0
            after: str | None = None
            while True:
                page = await self._page(self._waiting, after)
                keys = [
                    Key(Side.THEIRS, self.kind, owner, read_mark(body).id)
                    for body, owner in zip(page.bodies, page.owners, strict=True)
                ]
                changes = [Change(key, await self._store.get(key)) for key in keys]
                if changes:
                    await self._finish(changes, page.bodies, await self._take(changes))
                done += len(changes)
                after = page.next
                if after is None:
                    return done

    async def load(self) -> int:
        """Take over all objects as they are, changed or not; says how many there are."""
        async with self._lock:
            done = 0
            after: str | None = None
            while True:
                page = await self._page(self.kind, after)
                changes = await self._found(page)
                if changes:
                    await self._take(changes)
                done += len(changes)
                after = page.next
                if after is None:
                    return done

    async def complete(self) -> None:
        """Mark objects that neither wait nor were taken over: those from before anybody followed them."""
        counts = [await self._store.count(Side.THEIRS, module) for module in (self.kind, self.taken)]
        if counts[0] == counts[1]:
            return
        after: str | None = None
        while True:
            page = await self._page(self.kind, after)
            for key, stored in await self._found(page):
                is_known = [
                    await self._store.get(key._replace(module=module)) for module in (self.taken, self._waiting)
                ]
                if stored is not None and not any(is_known):
                    mark = mark_of(key, stored)
                    await self._store.change(key._replace(module=self._waiting), _writing(mark))
            after = page.next
            if after is None:
                return

    async def _found(self, page: Page) -> list[Change]:
        """The objects of a page under their keys: one may be stored under the key of another version than its own."""
        found: list[Change] = []
        for body, number, owner in zip(page.bodies, page.versions, page.owners, strict=True):
            version = version_of(number)
            resource = version.kind(self.kind).resource
            for id in version.key_ids(resource, patch.text_of(patch.split(body), resource.id_field) or ""):
                key = Key(Side.THEIRS, self.kind, owner, id)
                stored = await self._store.get(key)
                if stored is not None and stored.body == body:
                    found.append(Change(key, stored))
                    break
        return found

    async def _finish(self, changes: Sequence[Change], marks: Sequence[bytes], kept: Sequence[Write | None]) -> None:
        written: list[tuple[Key, Decide]] = []
        for change, mark, keep in zip(changes, marks, kept, strict=True):
            is_same: list[bool] = []
            written.append((change.key._replace(module=self._waiting), _finished(mark, is_same)))
            if keep is not None and change.stored is not None:
                written.append((change.key._replace(module=self.taken), _keep(keep, is_same)))
        for outcome in await self._store.change_all(written):
            if isinstance(outcome, Exception):
                raise outcome

    async def _page(self, module: str, after: str | None) -> Page:
        return await self._store.page(PageRequest(side=Side.THEIRS, module=module, after=after, limit=CHUNK))


def _writing(decision: Write) -> Decide:
    return lambda _: decision


def _finished(mark: bytes, is_same: list[bool]) -> Decide:
    """Take the mark away, unless the object was changed meanwhile, or another process was here first."""

    def decide(before: Stored | None) -> Delete | None:
        found = before is not None and before.body == mark
        is_same.append(found)
        return Delete() if found else None

    return decide


def _keep(keep: Write, is_same: list[bool]) -> Decide:
    """Keep what was made of it, if it is of the state as it is; decided right after the mark, in one transaction."""
    return lambda before: keep if is_same[-1] else None
