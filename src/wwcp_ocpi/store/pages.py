# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages in SQLite. Behind a cursor: one walk along an index. At an offset: first the block that holds it.

Filtered by dates, an offset is walked along a covering index, and the total is counted along it too (about 50 ms
per million); pages behind a cursor take the total of the first page from the cursor.
"""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

from wwcp_ocpi.store.cursor import Place, write_cursor
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
    return {False: sql.replace("$owner", ""), True: sql.replace("$owner", "AND country_code = ? AND party_id = ?")}


_BY_CREATION = _of_all_or_one(
    "SELECT seq, last_updated, body FROM objects WHERE list = ? $owner AND seq > ? ORDER BY seq LIMIT ? OFFSET ?"
)
# Two statements and not `(last_updated, seq) > (?, ?)`: for that SQLite walks all objects of the same moment, and
# after an import that may be all there are.
_SAME_MOMENT_AFTER = _of_all_or_one(
    "SELECT seq, last_updated, body FROM objects WHERE list = ? $owner AND last_updated = ? AND seq > ?"
    " ORDER BY seq LIMIT ?"
)
_LATER = _of_all_or_one(
    "SELECT seq, last_updated, body FROM objects WHERE list = ? $owner AND last_updated > ? AND last_updated < ?"
    " ORDER BY last_updated, seq LIMIT ?"
)
# The inner statement walks an index that covers it; only the rows of the page itself are looked up.
_BY_CHANGE_AT = _of_all_or_one(
    "SELECT seq, last_updated, body FROM objects WHERE seq IN (SELECT seq FROM objects WHERE list = ? $owner"
    " AND last_updated >= ? AND last_updated < ? ORDER BY last_updated, seq LIMIT ? OFFSET ?)"
    " ORDER BY last_updated, seq"
)
_COUNT_BY_CHANGE = _of_all_or_one(
    "SELECT count(*) FROM (SELECT 1 FROM objects WHERE list = ? $owner"
    " AND last_updated >= ? AND last_updated < ? LIMIT ?)"
)

Row: TypeAlias = tuple[int, int, bytes]


def read_generation(connection: sqlite3.Connection, lists: Lists, request: PageRequest) -> int:
    """The generation of the list: while it stands, so do its pages. 0 when no object was ever in it."""
    return _read_list(connection, lists, request)[2]


def read_page(
    connection: sqlite3.Connection,
    lists: Lists,
    cursor_key: bytes,
    request: PageRequest,
    place: Place | None,
    *,
    patient: bool = False,
) -> tuple[Page, int]:
    """One page and the generation of its list, all from one committed state.

    Args:
        place: where the page before ended.
        patient: whether this may take long.

    Raises:
        TooLong: it would, and must not.
    """
    dated = request.date_from is not None or request.date_to is not None
    connection.execute("BEGIN")
    try:
        number, total, generation = _read_list(connection, lists, request)
        if dated:
            rows, total = _read_by_change(connection, number, request, place, patient)
        else:
            rows, total = _read_by_creation(connection, number, total, request, place)
    finally:
        connection.execute("COMMIT")
    following = None
    if len(rows) > request.limit:
        del rows[request.limit :]
        seq, last_updated, _ = rows[-1]
        following = write_cursor(cursor_key, request, Place(last_updated, seq, total if dated else 0))
    return Page(bodies=tuple([body for _, _, body in rows]), total=total, next=following), generation


def _read_list(connection: sqlite3.Connection, lists: Lists, request: PageRequest) -> tuple[int, int, int]:
    number = lists.number(connection, ListName(request.side, request.module, request.version))
    if number is None:
        return 0, 0, 0
    row: tuple[int, int, int] = connection.execute(
        "SELECT list, count, generation FROM lists WHERE list = ?", (number,)
    ).fetchone()
    return row


def _read_by_creation(
    connection: sqlite3.Connection, number: int, total: int, request: PageRequest, place: Place | None
) -> tuple[list[Row], int]:
    owner = request.owner or EVERYBODY
    if request.owner is not None:
        (total,) = connection.execute(
            "SELECT coalesce(sum(count), 0) FROM counters WHERE list = ? AND country_code = ? AND party_id = ?",
            (number, *owner),
        ).fetchone()
    if place is not None:
        behind, skip = place.seq, 0
    else:
        behind, skip = _FIRST, request.offset
        if skip >= total:
            return [], total
        if skip >= BLOCK:
            behind, skip = _find_block(connection, number, owner, skip)
    rows = connection.execute(
        _BY_CREATION[request.owner is not None],
        (number, *(request.owner or ()), behind, request.limit + 1, skip),
    ).fetchall()
    return rows, total


def _find_block(connection: sqlite3.Connection, number: int, owner: tuple[str, str], skip: int) -> tuple[int, int]:
    """Where to begin (behind this seq), and how many to skip from there."""
    for block, count in connection.execute(
        "SELECT block, count FROM counters WHERE list = ? AND country_code = ? AND party_id = ? ORDER BY block",
        (number, *owner),
    ).fetchall():
        if skip < count:
            return block * BLOCK - 1, skip
        skip -= count
    return _LAST, 0


def _read_by_change(
    connection: sqlite3.Connection, number: int, request: PageRequest, place: Place | None, patient: bool
) -> tuple[list[Row], int]:
    owned = request.owner is not None
    whose = (number, *(request.owner or ()))
    first = _FIRST if request.date_from is None else request.date_from
    end = _LAST if request.date_to is None else request.date_to
    if place is not None:
        wanted = request.limit + 1
        rows = connection.execute(_SAME_MOMENT_AFTER[owned], (*whose, place.last_updated, place.seq, wanted)).fetchall()
        if len(rows) < wanted:
            rows += connection.execute(_LATER[owned], (*whose, place.last_updated, end, wanted - len(rows))).fetchall()
        return rows, place.total
    (total,) = connection.execute(
        _COUNT_BY_CHANGE[owned], (*whose, first, end, _LAST if patient else QUICK_STEPS)
    ).fetchone()
    if not patient and total == QUICK_STEPS:
        raise TooLong
    if request.offset >= total:
        return [], total
    rows = connection.execute(_BY_CHANGE_AT[owned], (*whose, first, end, request.limit + 1, request.offset)).fetchall()
    return rows, total
