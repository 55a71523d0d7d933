# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects in SQLite: finding one, changing one.

A change writes the row of its object and nothing else: an EVSE status rewrites the one Location it is part of,
moves it in the two indexes on last_updated, and raises the generation of its list once per commit. Counters are
written only when an object comes or goes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import outbox
from wwcp_ocpi.store.following import beside, beside_all, mark_of_gone
from wwcp_ocpi.store.ports import Decide, Delete, Key, Outcome, Side, Stored, Write
from wwcp_ocpi.store.transaction import BLOCK, ListName, Lists, Transaction

_READ = (
    "SELECT seq, list, version, last_updated, source, body FROM objects"
    " WHERE side = ? AND module = ? AND country_code = ? AND party_id = ? AND id = ?"
)
_FIND = (
    "SELECT country_code, party_id, seq, list, version, last_updated, source, body FROM objects"
    " WHERE side = ? AND module = ? AND id = ?"
)
_OF_PARTY = (
    "FROM objects WHERE list IN (SELECT list FROM lists WHERE side = ? AND module = ?)"
    " AND country_code = ? AND party_id = ?"
)
_INSERT = (
    "INSERT INTO objects (side, module, country_code, party_id, id, list, version, last_updated, source, body,"
    " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# SQLite rewrites the index entries of every column that is assigned, changed or not: hence three statements.
_SET_BODY = "UPDATE objects SET version = ?, source = ?, body = ? WHERE seq = ?"
_SET_CHANGED = "UPDATE objects SET last_updated = ?, version = ?, source = ?, body = ? WHERE seq = ?"
_SET_LIST = "UPDATE objects SET list = ?, last_updated = ?, version = ?, source = ?, body = ? WHERE seq = ?"
_CREATED = "SELECT created FROM objects WHERE seq = ?"
_DELETE = "DELETE FROM objects WHERE seq = ?"


def read(connection: sqlite3.Connection, lists: Lists, key: Key) -> tuple[Stored, int] | None:
    """The object and the number of its list."""
    side, module, (country_code, party_id), id = key
    row = connection.execute(_READ, (side.value, module, country_code, party_id, id)).fetchone()
    if row is None:
        return None
    return _stored(connection, lists, *row), row[1]


def find(
    connection: sqlite3.Connection, lists: Lists, side: Side, module: str, id: str, owners: Sequence[PartyId]
) -> Stored | None:
    """The object that has this id with one of these owners: the first that has one."""
    rows = connection.execute(_FIND, (side.value, module, id)).fetchall()
    if rows:
        found = {(country_code, party_id): row for country_code, party_id, *row in rows}
        for owner in owners:
            if owner in found:
                return _stored(connection, lists, *found[owner])
    return None


def _stored(
    connection: sqlite3.Connection,
    lists: Lists,
    seq: int,
    number: int,
    version: str,
    last_updated: int,
    source: str,
    body: bytes,
) -> Stored:
    audience = lists.name(connection, number).audience
    return Stored(
        seq=seq, version=version, last_updated=last_updated, body=body, source=source, audience=audience
    )  # fmt: skip


def change(transaction: Transaction, key: Key, decide: Decide, now: int) -> Outcome | Exception:
    """Read, decide, write, also what is written beside it. What `decide` raised is returned, with nothing written.

    Args:
        now: microseconds since 1970; when the pushes become due, and a new object was created.
    """
    outcome = _change(transaction, key, decide, now)
    if isinstance(outcome, Outcome):
        for other, follow in beside(transaction.lists.followed, key, outcome):
            _change(transaction, other, follow, now)
    return outcome


def _change(transaction: Transaction, key: Key, decide: Decide, now: int) -> Outcome | Exception:
    found = read(transaction.connection, transaction.lists, key)
    before, number = found or (None, 0)
    try:
        decision = decide(before)
    except Exception as refusal:  # noqa: BLE001  # it is the caller's own, and goes back to it
        return refusal
    if decision is None:
        return Outcome(before=before, after=before, changed=False)
    outbox.add(transaction, decision.pushes, now)
    if isinstance(decision, Delete):
        if before is not None:
            transaction.execute(_DELETE, (before.seq,))
            transaction.count(number, key.owner, before.seq // BLOCK, -1)
        return Outcome(before=before, after=None, changed=before is not None)

    version, audience, last_updated, source, body = (
        decision.version, decision.audience, decision.last_updated, decision.source, decision.body,
    )  # fmt: skip
    if before is None:
        number = transaction.list_number(ListName(key.side, key.module, audience))
        row = (key.side.value, key.module, *key.owner, key.id, number, version, last_updated, source, body, now)
        seq = transaction.execute(_INSERT, row).lastrowid
        assert seq is not None
        transaction.count(number, key.owner, seq // BLOCK, 1)
    else:
        seq = before.seq
        if audience != before.audience:
            target = transaction.list_number(ListName(key.side, key.module, audience))
            transaction.execute(_SET_LIST, (target, last_updated, version, source, body, seq))
            transaction.count(number, key.owner, seq // BLOCK, -1)
            transaction.count(target, key.owner, seq // BLOCK, 1)
        elif last_updated != before.last_updated:
            transaction.execute(_SET_CHANGED, (last_updated, version, source, body, seq))
            transaction.touch(number)
        else:
            transaction.execute(_SET_BODY, (version, source, body, seq))
            transaction.touch(number)
    after = Stored(
        seq=seq, version=version, last_updated=last_updated, body=body, source=source, audience=audience
    )  # fmt: skip
    return Outcome(before=before, after=after, changed=True)


def created(connection: sqlite3.Connection, seq: int) -> int | None:
    """When the object of that number was first stored; None where nobody knows."""
    row = connection.execute(_CREATED, (seq,)).fetchone()
    return None if row is None else row[0]


def delete_of_party(transaction: Transaction, side: Side, module: str, owner: PartyId, now: int) -> int:
    """Remove all objects of one party in one module, whatever their audience; says how many there were."""
    others, told = beside_all(transaction.lists.followed, side, module)
    for other in others:
        _delete_of_party(transaction, side, other, owner)
    if told:
        for id, version, last_updated, source in transaction.execute(
            f"SELECT id, version, last_updated, source {_OF_PARTY}", (side.value, module, *owner)
        ).fetchall():
            key = Key(side, module, owner, id)
            mark = mark_of_gone(key, Stored(seq=0, version=version, last_updated=last_updated, body=b"", source=source))
            for followed in told:
                _change(transaction, key._replace(module=followed.waiting), _writing(mark), now)
    return _delete_of_party(transaction, side, module, owner)


def _writing(decision: Write) -> Decide:
    return lambda _: decision


def _delete_of_party(transaction: Transaction, side: Side, module: str, owner: PartyId) -> int:
    place = (side.value, module, *owner)
    blocks = transaction.execute(
        f"SELECT list, seq / {BLOCK} AS block, count(*) {_OF_PARTY} GROUP BY list, block", place
    ).fetchall()
    for number, block, count in blocks:
        transaction.count(number, owner, block, -count)
    return transaction.execute(f"DELETE {_OF_PARTY}", place).rowcount


def check_audiences(old: str, new: str) -> None:
    """Refuse to readdress what is for everybody, or to everybody."""
    if not old or not new:
        raise UsageError(f"readdress: expected two audiences that are not empty, got {old!r} and {new!r}")


def readdress(transaction: Transaction, old: str, new: str) -> int:
    """Give all objects of one audience another one; says how many there were.

    Rows move from list to list, and lists keep their names: whoever reads remembers those.
    """
    moved = 0
    for number, side, module in transaction.execute(
        "SELECT list, side, module FROM lists WHERE audience = ?", (old,)
    ).fetchall():
        # Counted anew: what the same transaction added before is not in the counters yet.
        blocks = transaction.execute(
            "SELECT country_code, party_id, seq / ? AS block, count(*) FROM objects WHERE list = ?"
            " GROUP BY country_code, party_id, block",
            (BLOCK, number),
        ).fetchall()
        if not blocks:
            continue
        target = transaction.list_number(ListName(Side(side), module, new))
        for country_code, party_id, block, count in blocks:
            owner = PartyId(country_code, party_id)
            transaction.count(number, owner, block, -count)
            transaction.count(target, owner, block, count)
        moved += transaction.execute("UPDATE objects SET list = ? WHERE list = ?", (target, number)).rowcount
    return moved


def count(connection: sqlite3.Connection, side: Side, module: str) -> int:
    """How many objects there are, of all audiences, from the lists' counters."""
    (found,) = connection.execute(
        "SELECT coalesce(sum(count), 0) FROM lists WHERE side = ? AND module = ?", (side.value, module)
    ).fetchone()
    return int(found)


def audiences(connection: sqlite3.Connection, side: Side, module: str) -> list[str]:
    """For whom there are objects now, sorted; empty stands for everybody."""
    rows = connection.execute(
        "SELECT audience FROM lists WHERE side = ? AND module = ? AND count > 0 ORDER BY audience",
        (side.value, module),
    )
    return [audience for (audience,) in rows.fetchall()]
