# SPDX-License-Identifier: AGPL-3.0-or-later
"""One thread that writes. What comes in while it commits is the next transaction (group commit).

So a commit, which waits for the disk, is shared by all who wait for it, and nobody waits for more than two.
Work is normally done once. When the database refuses one piece of a transaction, the whole is undone and each
piece is done again in a transaction of its own, so that only the one at fault fails.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.following import follow
from wwcp_ocpi.store.ports import Followed
from wwcp_ocpi.store.transaction import Lists, Transaction, begin

T = TypeVar("T")
_MAX_BATCH = 512


class _Job:
    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Callable[[Transaction], Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None


class Writer:
    """Owns the writing connection from here on, and closes it."""

    def __init__(self, connection: sqlite3.Connection, on_ring: Callable[[], None]) -> None:
        """Start the thread.

        Args:
            on_ring: called in the event loop after a commit that the delivery worker must hear of.
        """
        self._connection = connection
        self._lists = Lists()
        self._on_ring = on_ring
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        # A daemon: a program that ends without closing loses only what was not acknowledged.
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T | Exception]) -> asyncio.Future[T]:
        """Have `work` done in the writer's thread; the future has its result once that is on disk.

        `work` returns errors that are the caller's own business; what it raises undoes the transaction. It may
        be called twice.
        """
        if self._closed:
            raise UsageError("the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(work, future))
        return future

    def follow(self, followed: Followed) -> None:
        """Mark every change of these objects from the next transaction on."""
        follow(self._lists.followed, followed)

    async def close(self) -> None:
        """Finish what was submitted, then close the connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            closing = False
            try:
                while len(jobs) < _MAX_BATCH:
                    more = self._queue.get_nowait()
                    if more is None:
                        closing = True
                        break
                    jobs.append(more)
            except Empty:
                pass
            self._commit(jobs)
            if closing:
                break
        self._connection.close()

    def _commit(self, jobs: list[_Job]) -> None:
        rings = self._try(jobs)
        if rings is None and len(jobs) > 1:
            for job in jobs:
                rings = self._try([job]) or rings
        try:
            self._loop.call_soon_threadsafe(self._settle, jobs, bool(rings))
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    def _try(self, jobs: list[_Job]) -> bool | None:
        """Do these in one transaction. None: it was undone; when it was a single job, its error says why."""
        try:
            transaction = begin(self._connection, self._lists)
        except sqlite3.Error as error:
            self._undone(jobs, error)
            return None
        try:
            for job in jobs:
                job.error = None
                job.result = job.work(transaction)
            transaction.commit()
        except Exception as error:  # noqa: BLE001  # the edge of a background thread: it must not end
            transaction.rollback()
            self._undone(jobs, error)
            return None
        return transaction.rings

    def _undone(self, jobs: list[_Job], error: Exception) -> None:
        for job in jobs:
            job.result = None
            if isinstance(error, sqlite3.Error):
                job.error = StoreFailed(f"the database refused a change: {error}")
                job.error.__cause__ = error
            else:
                job.error = error

    def _settle(self, jobs: list[_Job], rings: bool) -> None:
        if rings:
            self._on_ring()
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            elif isinstance(job.result, Exception):
                job.future.set_exception(job.result)
            else:
                job.future.set_result(job.result)
