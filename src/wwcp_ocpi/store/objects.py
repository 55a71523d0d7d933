# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects in SQLite: finding one, changing one.

A change writes the row of its object and nothing else: an EVSE status rewrites the one Location it is part of,
moves it in the two indexes on last_updated, and raises the generation of its list once per commit. Counters are
written only when an object comes or goes.
"""

from __future__ import annotations

import sqlite3

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import outbox
from wwcp_ocpi.store.ports import Decide, Delete, Key, Outcome, Side, Stored
from wwcp_ocpi.store.transaction import BLOCK, ListName, Lists, Transaction

_FIND = (
    "SELECT seq, list, last_updated, source, body FROM objects"
    " WHERE side = ? AND module = ? AND country_code = ? AND party_id = ? AND id = ?"
)
_INSERT = (
    "INSERT INTO objects (side, module, country_code, party_id, id, list, last_updated, source, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# SQLite rewrites the index entries of every column that is assigned, changed or not: hence three statements.
_SET_BODY = "UPDATE objects SET source = ?, body = ? WHERE seq = ?"
_SET_CHANGED = "UPDATE objects SET last_updated = ?, source = ?, body = ? WHERE seq = ?"
_SET_LIST = "UPDATE objects SET list = ?, last_updated = ?, source = ?, body = ? WHERE seq = ?"
_DELETE = "DELETE FROM objects WHERE seq = ?"


def find(connection: sqlite3.Connection, lists: Lists, key: Key) -> tuple[Stored, int] | None:
    """The object and the number of its list."""
    side, module, (country_code, party_id), id = key
    row = connection.execute(_FIND, (side.value, module, country_code, party_id, id)).fetchone()
    if row is None:
        return None
    seq, number, last_updated, source, body = row
    version = lists.name(connection, number).version
    return Stored(seq=seq, version=version, last_updated=last_updated, body=body, source=source), number


def change(transaction: Transaction, key: Key, decide: Decide, now: int) -> Outcome | Exception:
    """Read, decide, write. What `decide` raised is returned, with nothing written.

    Args:
        now: microseconds since 1970; when the pushes become due.
    """
    found = find(transaction.connection, transaction.lists, key)
    before, number = found or (None, 0)
    try:
        decision = decide(before)
    except Exception as refusal:  # noqa: BLE001  # it is the caller's own, and goes back to it
        return refusal
    if decision is None:
        return Outcome(before=before, after=before, changed=False)
    for push in decision.pushes:
        outbox.add(transaction, push, now)
    if isinstance(decision, Delete):
        if before is not None:
            transaction.execute(_DELETE, (before.seq,))
            transaction.count(number, key.owner, before.seq // BLOCK, -1)
        return Outcome(before=before, after=None, changed=before is not None)

    version, last_updated, source, body = (
        decision.version, decision.last_updated, decision.source, decision.body,
    )  # fmt: skip
    if before is None:
        number = transaction.list_number(ListName(key.side, key.module, version))
        row = (key.side.value, key.module, *key.owner, key.id, number, last_updated, source, body)
        seq = transaction.execute(_INSERT, row).lastrowid
        assert seq is not None
        transaction.count(number, key.owner, seq // BLOCK, 1)
    else:
        seq = before.seq
        if version != before.version:
            target = transaction.list_number(ListName(key.side, key.module, version))
            transaction.execute(_SET_LIST, (target, last_updated, source, body, seq))
            transaction.count(number, key.owner, seq // BLOCK, -1)
            transaction.count(target, key.owner, seq // BLOCK, 1)
        elif last_updated != before.last_updated:
            transaction.execute(_SET_CHANGED, (last_updated, source, body, seq))
            transaction.touch(number)
        else:
            transaction.execute(_SET_BODY, (source, body, seq))
            transaction.touch(number)
    after = Stored(seq=seq, version=version, last_updated=last_updated, body=body, source=source)
    return Outcome(before=before, after=after, changed=True)


def delete_of_party(transaction: Transaction, side: Side, module: str, owner: PartyId) -> int:
    """Remove all objects of one party in one module; says how many there were."""
    whose = "FROM objects WHERE side = ? AND module = ? AND country_code = ? AND party_id = ?"
    place = (side.value, module, *owner)
    blocks = transaction.execute(
        f"SELECT list, seq / {BLOCK} AS block, count(*) {whose} GROUP BY list, block", place
    ).fetchall()
    for number, block, count in blocks:
        transaction.count(number, owner, block, -count)
    return transaction.execute(f"DELETE {whose}", place).rowcount


def count(connection: sqlite3.Connection, side: Side, module: str, version: str | None) -> int:
    """How many objects there are, from the lists' counters."""
    (found,) = connection.execute(
        "SELECT coalesce(sum(count), 0) FROM lists WHERE side = ? AND module = ? AND coalesce(version = ?, 1)",
        (side.value, module, version),
    ).fetchone()
    return int(found)
