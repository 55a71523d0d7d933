# SPDX-License-Identifier: AGPL-3.0-or-later
"""The store in one SQLite file. Write-ahead log, fsync before every acknowledgement, one writer with group commit.

Reads that are short are done at once in the event loop, on a connection of their own: they see the last
committed state and wait for nobody. Reads that may be long go to a thread. A second process (the command line
beside the gateway) may open the same file; each sees the other's commits.

Memory: SQLite's page caches and the page cache, all bounded; no copy of the data is held.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from os import PathLike
from pathlib import Path
from typing import TypeVar

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import documents, objects, outbox
from wwcp_ocpi.store.bell import SECOND, Bell
from wwcp_ocpi.store.connection import connect, prepare
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.page_cache import PageCache
from wwcp_ocpi.store.pages import PageReader, TooLong
from wwcp_ocpi.store.ports import Decide, Delivery, Followed, Key, Outcome, Page, PageRequest, Side, Stored
from wwcp_ocpi.store.writer import Writer

T = TypeVar("T")


class SQLiteStore:
    """A `Store`. Made by `open`, used in the event loop it was opened in, ended by `close`."""

    def __init__(
        self, writing: sqlite3.Connection, reading: sqlite3.Connection, slow: sqlite3.Connection,
        page_cache_bytes: int, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._bell = Bell()
        self._writer = Writer(writing, self._bell.ring)
        self._reading = reading
        self._slow = slow
        self._slow_thread = ThreadPoolExecutor(1, "store-reader")
        (key,) = reading.execute("SELECT value FROM meta WHERE name = 'cursor_key'").fetchone()
        cursor_key = int(key).to_bytes(8, "big")
        self._pages = PageReader(reading, cursor_key)
        self._slow_pages = PageReader(slow, cursor_key)
        self._cache = PageCache(page_cache_bytes)
        self._turn: dict[tuple[Side, str, str], int] = {}
        self._clock = clock

    @classmethod
    async def open(
        cls,
        path: str | PathLike[str],
        *,
        cache_mb: int = 32,
        page_cache_mb: int = 32,
        clock: Callable[[], float] = time.time,
    ) -> SQLiteStore:
        """Open a file, made if there is none, brought to this program's schema if it is older.

        Args:
            cache_mb: how much of the file SQLite may keep in memory for writing, and as much again for reading.
            page_cache_mb: how much memory ready pages may take.
            clock: seconds since 1970, for tests.

        Raises:
            UsageError: the file is damaged, not ours, made by a newer program, or cannot be written.
        """

        def open_all() -> list[sqlite3.Connection]:
            where = Path(path)
            return [prepare(where, cache_mb << 10), connect(where, cache_mb << 10), connect(where, cache_mb << 8)]

        writing, reading, slow = await asyncio.to_thread(open_all)
        return cls(writing, reading, slow, page_cache_mb << 20, clock)

    async def close(self) -> None:
        """Finish what was begun, then close."""
        await self._writer.close()
        await asyncio.to_thread(self._slow_thread.shutdown)
        self._slow.close()
        self._reading.close()

    # Objects

    async def get(self, key: Key) -> Stored | None:
        """One object, or None."""
        try:
            found = objects.read(self._reading, self._pages.lists, key)
        except sqlite3.Error as error:
            raise _failed(error) from error
        return found[0] if found else None

    async def find(self, side: Side, module: str, id: str, owners: Sequence[PartyId]) -> Stored | None:
        """The object that has this id (folded, as in a `Key`) with one of these owners: the first that has one."""
        try:
            return objects.find(self._reading, self._pages.lists, side, module, id, owners)
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def created(self, stored: Stored) -> int | None:
        """When an object was first stored, in microseconds since 1970; None where nobody knows."""
        try:
            return objects.created(self._reading, stored.seq)
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def page(self, request: PageRequest) -> Page:
        """One page of objects, from memory if its list has not changed since it was read.

        Raises:
            InvalidParameters: `after` is no cursor of this list.
        """
        cached = self._cache.get(request)
        try:
            if cached is not None and cached[1] == self._generation(request):
                return cached[0]
            try:
                page, generation = self._pages.read(request, patient=False)
            except TooLong:
                page, generation = await self._slowly(lambda: self._slow_pages.read(request, patient=True))
        except sqlite3.Error as error:
            raise _failed(error) from error
        self._cache.put(request, page, generation)
        return page

    def _generation(self, request: PageRequest) -> int:
        """The generation of a list, read once in a turn of the event loop.

        What is committed meanwhile is acknowledged in a later turn, so nobody can miss it.
        """
        name = (request.side, request.module, request.audience)
        known = self._turn.get(name)
        if known is None:
            if not self._turn:
                asyncio.get_running_loop().call_soon(self._turn.clear)
            known = self._turn[name] = self._pages.generation(request)
        return known

    async def change(self, key: Key, decide: Decide) -> Outcome:
        """Read, decide and write one object in one transaction; returns when it is durable."""
        return await self._writer.submit(lambda transaction: objects.change(transaction, key, decide, self._now()))

    async def change_all(self, changes: Sequence[tuple[Key, Decide]]) -> list[Outcome | Exception]:
        """Many changes in one transaction. What a decision raised stands in its place; the others are written.

        Others wait while it runs: some thousand at a time is plenty.
        """
        return await self._writer.submit(
            lambda transaction: [objects.change(transaction, key, decide, self._now()) for key, decide in changes]
        )

    async def delete_of_party(self, side: Side, module: str, owner: PartyId) -> int:
        """Remove all objects of one party in one module, whatever their audience; says how many there were."""
        return await self._writer.submit(
            lambda transaction: objects.delete_of_party(transaction, side, module, owner, self._now())
        )

    async def readdress(self, old: str, new: str) -> int:
        """Give all objects of one audience another one, in one transaction; says how many there were.

        Raises:
            UsageError: one of the two is empty.
        """
        objects.check_audiences(old, new)
        return await self._writer.submit(lambda transaction: objects.readdress(transaction, old, new))

    async def count(self, side: Side, module: str) -> int:
        """How many objects there are, of all audiences, from counters."""
        try:
            return objects.count(self._reading, side, module)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def follow(self, followed: Followed) -> None:
        """From now on, mark every change of these objects, whoever makes it through this store."""
        self._writer.follow(followed)

    async def audiences(self, side: Side, module: str) -> list[str]:
        """For whom there are objects now, sorted; empty stands for everybody."""
        try:
            return objects.audiences(self._reading, side, module)
        except sqlite3.Error as error:
            raise _failed(error) from error

    # Documents

    async def document(self, kind: str, id: str) -> bytes | None:
        """One document, or None."""
        try:
            return documents.find(self._reading, kind, id)
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def documents(self, kind: str) -> list[tuple[str, bytes]]:
        """All documents of a kind, (id, body), sorted by id."""
        try:
            return documents.all_of(self._reading, kind)
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def change_document(self, kind: str, id: str, decide: Callable[[bytes | None], bytes | None]) -> bytes | None:
        """Read, decide and write one document in one transaction; deciding None removes it. Returns the new state."""
        return await self._writer.submit(lambda transaction: documents.change(transaction, kind, id, decide))

    async def revision(self, kind: str) -> int:
        """A number that differs after any document of the kind was written, by this process or another."""
        try:
            return documents.revision(self._reading, kind)
        except sqlite3.Error as error:
            raise _failed(error) from error

    # Outbox

    async def due(self, limit: int) -> list[Delivery]:
        """The pushes to try now: at most one per partner and object, the oldest, and none that waits for a retry."""
        self._bell.looked(self._now())
        for turn in count():
            try:
                found = outbox.due(self._reading, self._now(), limit)
            except sqlite3.Error as error:
                raise _failed(error) from error
            if found.is_all or (found.deliveries and turn >= outbox.PATIENCE):
                return found.deliveries
            await self._writer.submit(lambda transaction: outbox.spread(transaction, outbox.SPREAD_AT_ONCE))
        raise AssertionError("counting does not end")

    async def done(self, numbers: Sequence[int]) -> None:
        """These were delivered, or will never be; forget them."""
        await self._writer.submit(lambda transaction: outbox.done(transaction, numbers, self._now()))

    async def retry(self, number: int, wait_s: float, error: str) -> None:
        """This one failed; try again after `wait_s` seconds. Later ones of the same object wait behind it."""
        due_at = self._now() + round(wait_s * SECOND)
        await self._writer.submit(lambda transaction: outbox.retry(transaction, number, due_at, error))

    async def postpone(self, numbers: Sequence[int], wait_s: float) -> None:
        """These were not tried; they are due again after `wait_s` seconds. Their attempts stay what they were."""
        due_at = self._now() + round(wait_s * SECOND)
        await self._writer.submit(lambda transaction: outbox.postpone(transaction, numbers, due_at))

    async def forget(self, partner: str) -> int:
        """Drop all pushes of a partner; says how many there were."""
        return await self._writer.submit(lambda transaction: outbox.forget(transaction, partner))

    async def waiting(self, partner: str | None = None) -> int:
        """How many pushes are not done, of one partner or of all."""
        try:
            return await self._slowly(lambda: outbox.waiting(self._slow, partner))
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def wait_for_work(self, timeout_s: float) -> None:
        """Return when a push was written or a retry is due, at the latest after `timeout_s` seconds.

        Pushes that another process writes are noticed at the time-out.
        """
        try:
            await self._bell.wait(timeout_s, self._now(), partial(outbox.next_due, self._reading))
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _now(self) -> int:
        return int(self._clock() * SECOND)

    async def _slowly(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._slow_thread, read)


def _failed(error: sqlite3.Error) -> StoreFailed:
    return StoreFailed(f"the database cannot be read: {error}")
