# SPDX-License-Identifier: AGPL-3.0-or-later
"""One transaction of the writer, and the counters it keeps true."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Followed, Side

BLOCK = 4096
"""How many consecutive `seq` share a counter row, and so the longest walk to an offset."""

EVERYBODY = PartyId("", "")
"""The owner in whose name the objects of all owners are counted."""


class ListName(NamedTuple):
    """The objects of one side, module and audience are one list."""

    side: Side
    module: str
    audience: str


class Lists:
    """The numbers of lists. They are never given anew, so what was seen once is remembered.

    `followed` are the modules whose changes are marked.
    """

    def __init__(self) -> None:
        self.followed: dict[tuple[Side, str], tuple[Followed, ...]] = {}
        self._numbers: dict[ListName, int] = {}
        self._names: dict[int, ListName] = {}

    def number(self, connection: sqlite3.Connection, name: ListName) -> int | None:
        """The number of a list, None if no object was ever in it."""
        found = self._numbers.get(name)
        if found is None:
            row = connection.execute(
                "SELECT list FROM lists WHERE side = ? AND module = ? AND audience = ?",
                (name.side.value, name.module, name.audience),
            ).fetchone()
            if row is not None:
                found = int(row[0])
                self._numbers[name] = found
                self._names[found] = name
        return found

    def name(self, connection: sqlite3.Connection, number: int) -> ListName:
        """The list that has this number."""
        found = self._names.get(number)
        if found is None:
            side, module, audience = connection.execute(
                "SELECT side, module, audience FROM lists WHERE list = ?", (number,)
            ).fetchone()
            found = self._names[number] = ListName(Side(side), module, audience)
        return found

    def forget(self) -> None:
        """Drop what was remembered: a transaction was rolled back, and with it maybe the making of a list."""
        self._numbers.clear()
        self._names.clear()


class Transaction:
    """Holds what must still be written before the commit: counts are added up and written once."""

    def __init__(self, connection: sqlite3.Connection, lists: Lists) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.lists = lists
        self.rings = False
        """Whether the delivery worker has something new to look at."""
        self.partners: dict[str, int] = {}
        """The numbers of partners that hear of the same, as far as this transaction looked for them."""
        self.revised: set[str] = set()
        """The names of the revisions in `meta` that grow with this transaction."""
        self._touched: dict[int, int] = {}
        self._blocks: dict[tuple[int, PartyId, int], int] = {}

    def list_number(self, name: ListName) -> int:
        """The number of a list, which is made if there is none."""
        found = self.lists.number(self.connection, name)
        if found is None:
            self.execute(
                "INSERT INTO lists (side, module, audience, count, generation) VALUES (?, ?, ?, 0, 0)",
                (name.side.value, name.module, name.audience),
            )
            found = self.lists.number(self.connection, name)
            assert found is not None
        return found

    def touch(self, number: int) -> None:
        """An object of this list changed its state; how many there are did not change."""
        self._touched.setdefault(number, 0)

    def count(self, number: int, owner: PartyId, block: int, change: int) -> None:
        """So many objects came to this list (or left it, when negative)."""
        self._touched[number] = self._touched.get(number, 0) + change
        for whose in {owner, EVERYBODY}:
            place = (number, whose, block)
            self._blocks[place] = self._blocks.get(place, 0) + change

    def commit(self) -> None:
        """Write the counters, then commit. When this returns, everything is on disk."""
        if self._touched:
            self.connection.executemany(
                "UPDATE lists SET count = count + ?, generation = generation + 1 WHERE list = ?",
                [(change, number) for number, change in self._touched.items()],
            )
        blocks = [(*place, change) for place, change in self._blocks.items() if change]
        if blocks:
            self.connection.executemany(
                "INSERT INTO counters (list, country_code, party_id, block, count) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [(number, *owner, block, change) for number, owner, block, change in blocks],
            )
            self.connection.executemany(
                "DELETE FROM counters WHERE list = ? AND country_code = ? AND party_id = ? AND block = ? AND count = 0",
                [(number, *owner, block) for number, owner, block, change in blocks if change < 0],
            )
        if self.revised:
            self.connection.executemany(
                "INSERT INTO meta (name, value) VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1",
                [(name,) for name in sorted(self.revised)],
            )
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything since the beginning."""
        self.lists.forget()
        if self.connection.in_transaction:
            self.execute("ROLLBACK")


def begin(connection: sqlite3.Connection, lists: Lists) -> Transaction:
    """Take the write lock, waiting for another process that holds it, and start."""
    connection.execute("BEGIN IMMEDIATE")
    return Transaction(connection, lists)
