# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages in SQLite. Behind a cursor: one walk along an index. At an offset: first the block that holds it.

Filtered by dates, an offset is walked along a covering index (25 ms per million at most, from the nearer end), and
the total is counted along it (50 ms per million), once: pages behind a cursor take it from the cursor, and pages
by offset from the last count, as long as the list did not change. Where a text is matched, rows are read one by one
until the page is full or enough was looked at; always where nobody waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from sys import intern
from typing import TypeAlias

from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import objects
from wwcp_ocpi.store.cursor import Place, read_cursor, write_cursor
from wwcp_ocpi.store.matching import Row, pick
from wwcp_ocpi.store.ports import Page, PageRequest
from wwcp_ocpi.store.transaction import BLOCK, EVERYBODY, ListName, Lists

QUICK_STEPS = 10_000
"""How many index entries are walked at most (about half a millisecond) where others wait."""

_FIRST = -(2**63)
_LAST = 2**63 - 1


class TooLong(Exception):
    """This page takes a long walk: read it where nobody waits."""


def _of_all_or_one(sql: str) -> dict[bool, str]:
    """The statement for the objects of all owners (False), and for those of one (True)."""
    sql = sql.replace("$row", "SELECT seq, last_updated, body, version, country_code, party_id")
    return {False: sql.replace("$owner", ""), True: sql.replace("$owner", "AND country_code = ? AND party_id = ?")}


_BY_CREATION = _of_all_or_one("$row FROM objects WHERE list = ? $owner AND seq > ? ORDER BY seq LIMIT ? OFFSET ?")
# Two statements and not `(last_updated, seq) > (?, ?)`: for that SQLite walks all objects of the same moment, and
# after an import that may be all there are.
_SAME_MOMENT_AFTER = _of_all_or_one(
    "$row FROM objects WHERE list = ? $owner AND last_updated = ? AND seq > ? ORDER BY seq LIMIT ?"
)
_LATER = _of_all_or_one(
    "$row FROM objects WHERE list = ? $owner AND last_updated > ? AND last_updated < ?"
    " ORDER BY last_updated, seq LIMIT ?"
)
# The inner statement walks an index that covers it, from the nearer end; only the rows of the page are looked up.
_BY_CHANGE_AT = _of_all_or_one(
    "$row FROM objects WHERE seq IN (SELECT seq FROM objects WHERE list = ? $owner"
    " AND last_updated >= ? AND last_updated < ? ORDER BY last_updated, seq LIMIT ? OFFSET ?)"
    " ORDER BY last_updated, seq"
)
_BY_CHANGE_FROM_END = _of_all_or_one(
    "$row FROM objects WHERE seq IN (SELECT seq FROM objects WHERE list = ? $owner"
    " AND last_updated >= ? AND last_updated < ? ORDER BY last_updated DESC, seq DESC LIMIT ? OFFSET ?)"
    " ORDER BY last_updated, seq"
)
_COUNT_BY_CHANGE = _of_all_or_one(
    "SELECT count(*) FROM (SELECT 1 FROM objects WHERE list = ? $owner"
    " AND last_updated >= ? AND last_updated < ? LIMIT ?)"
)

_Dated: TypeAlias = tuple[int, PartyId | None, int, int]
_MOST_TOTALS = 1024


class PageReader:
    """Reads pages on one connection, in one thread."""

    def __init__(self, connection: sqlite3.Connection, cursor_key: bytes) -> None:
        self.connection = connection
        self.lists = Lists()
        self._cursor_key = cursor_key
        self._totals: dict[_Dated, tuple[int, int]] = {}
        """Generation of the list, and how many matched."""

    def generation(self, request: PageRequest) -> int:
        """The generation of the list: while it stands, so do its pages. 0 when no object was ever in it."""
        return self._read_list(request)[2]

    def read(self, request: PageRequest, *, patient: bool) -> tuple[Page, int]:
        """One page and the generation of its list, all from one committed state.

        Args:
            patient: whether this may take long.

        Raises:
            InvalidParameters: `after` is no cursor of this list.
            TooLong: it would take long, and must not.
        """
        if request.match and not patient:
            raise TooLong
        place = None if request.after is None else read_cursor(self._cursor_key, request, request.after)
        dated = request.date_from is not None or request.date_to is not None
        self.connection.execute("BEGIN")
        try:
            number, total, generation = self._read_list(request)
            rows: Iterable[Row]
            if request.match:
                rows, total = self._all_behind(number, total, generation, request, place)
            elif not dated:
                rows, total = self._by_creation(number, total, request, place)
            elif place is not None:
                rows, total = self._by_change_after(number, request, place), place.total
            else:
                rows, total = self._by_change_at(number, generation, request, patient)
            picked = pick(request, place, total if dated else 0, rows)
            created = [objects.created(self.connection, seq) for seq, *_ in picked.rows if request.with_created]
            rows = ()  # a statement that was not read to its end would hold the file's state
        finally:
            self.connection.execute("COMMIT")
        page = Page(
            joined=Joined([row[2] for row in picked.rows]),
            versions=tuple([intern(row[3]) for row in picked.rows]),
            owners=tuple([PartyId(*row[4:]) for row in picked.rows]),
            total=total,
            next=None if picked.following is None else write_cursor(self._cursor_key, request, picked.following),
            filtered=picked.filtered,
            created=tuple(created),
        )
        return page, generation

    def _read_list(self, request: PageRequest) -> tuple[int, int, int]:
        name = ListName(request.side, request.module, request.audience)
        number = self.lists.number(self.connection, name)
        if number is None:
            return 0, 0, 0
        row: tuple[int, int, int] = self.connection.execute(
            "SELECT list, count, generation FROM lists WHERE list = ?", (number,)
        ).fetchone()
        return row

    def _all_behind(
        self, number: int, total: int, generation: int, request: PageRequest, place: Place | None
    ) -> tuple[Iterator[Row], int]:
        """Everything behind a place, read as it is asked for, and how many there are in the whole list."""
        if request.date_from is None and request.date_to is None:
            whose = (number, *(request.owner or ()))
            behind = _FIRST if place is None else place.seq
            rows = self.connection.execute(_BY_CREATION[request.owner is not None], (*whose, behind, -1, 0))
            return rows, self._counted(number, total, request)
        if place is None:
            first = _FIRST if request.date_from is None else request.date_from
            place = Place(first, _FIRST, self._count_by_change(number, generation, request, _LAST))
        return self._walk_by_change(number, request, place), place.total

    def _walk_by_change(self, number: int, request: PageRequest, place: Place) -> Iterator[Row]:
        owned, whose = request.owner is not None, (number, *(request.owner or ()))
        end = _LAST if request.date_to is None else request.date_to
        if place.last_updated < end:
            moment = (*whose, place.last_updated, place.seq, -1)
            yield from self.connection.execute(_SAME_MOMENT_AFTER[owned], moment)
            yield from self.connection.execute(_LATER[owned], (*whose, place.last_updated, end, -1))

    def _counted(self, number: int, total: int, request: PageRequest) -> int:
        """How many there are, from the counters: `total`, or those of one owner."""
        if request.owner is not None:
            (total,) = self.connection.execute(
                "SELECT coalesce(sum(count), 0) FROM counters WHERE list = ? AND country_code = ? AND party_id = ?",
                (number, *request.owner),
            ).fetchone()
        return total

    def _by_creation(self, number: int, total: int, request: PageRequest, place: Place | None) -> tuple[list[Row], int]:
        owner = request.owner or EVERYBODY
        total = self._counted(number, total, request)
        if place is not None:
            behind, skip = place.seq, 0
        elif request.offset >= total:
            return [], total
        else:
            behind, skip = self._find_block(number, owner, request.offset)
        rows = self.connection.execute(
            _BY_CREATION[request.owner is not None],
            (number, *(request.owner or ()), behind, request.limit + 1, skip),
        ).fetchall()
        return rows, total

    def _find_block(self, number: int, owner: PartyId, skip: int) -> tuple[int, int]:
        """Where to begin (behind this seq), and how many to skip from there. `skip` is less than there are."""
        behind = _FIRST
        if skip >= BLOCK:
            for block, count in self.connection.execute(
                "SELECT block, count FROM counters WHERE list = ? AND country_code = ? AND party_id = ? ORDER BY block",
                (number, *owner),
            ).fetchall():
                behind = block * BLOCK - 1
                if skip < count:
                    break
                skip -= count
        return behind, skip

    def _by_change_after(self, number: int, request: PageRequest, place: Place) -> list[Row]:
        owned, whose = request.owner is not None, (number, *(request.owner or ()))
        end = _LAST if request.date_to is None else request.date_to
        wanted = request.limit + 1
        rows = self.connection.execute(
            _SAME_MOMENT_AFTER[owned], (*whose, place.last_updated, place.seq, wanted)
        ).fetchall()
        if len(rows) < wanted:
            later = (*whose, place.last_updated, end, wanted - len(rows))
            rows += self.connection.execute(_LATER[owned], later).fetchall()
        return rows

    def _by_change_at(self, number: int, generation: int, request: PageRequest, patient: bool) -> tuple[list[Row], int]:
        owned, whose = request.owner is not None, (number, *(request.owner or ()))
        first = _FIRST if request.date_from is None else request.date_from
        end = _LAST if request.date_to is None else request.date_to
        total = self._count_by_change(number, generation, request, _LAST if patient else QUICK_STEPS)
        if request.offset >= total:
            return [], total
        statement, wanted, skip = _BY_CHANGE_AT, request.limit + 1, request.offset
        if skip > total // 2:
            wanted = min(wanted, total - skip)
            statement, skip = _BY_CHANGE_FROM_END, total - skip - wanted
        return self.connection.execute(statement[owned], (*whose, first, end, wanted, skip)).fetchall(), total

    def _count_by_change(self, number: int, generation: int, request: PageRequest, steps: int) -> int:
        """How many match the dates, counted once while the list stands.

        Raises:
            TooLong: there are `steps` of them or more.
        """
        owned, whose = request.owner is not None, (number, *(request.owner or ()))
        first = _FIRST if request.date_from is None else request.date_from
        end = _LAST if request.date_to is None else request.date_to
        dated = (number, request.owner, first, end)
        known_at, total = self._totals.get(dated, (-1, 0))
        if known_at != generation:
            (total,) = self.connection.execute(_COUNT_BY_CHANGE[owned], (*whose, first, end, steps)).fetchone()
            if total >= steps:
                raise TooLong
            if len(self._totals) >= _MOST_TOTALS:
                self._totals.clear()
            self._totals[dated] = generation, total
        return total
