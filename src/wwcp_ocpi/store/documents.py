# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents in SQLite, and for each kind the revision that tells that one was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from wwcp_ocpi.store.transaction import Transaction


def find(connection: sqlite3.Connection, kind: str, id: str) -> bytes | None:
    """One document, or None."""
    row = connection.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    return None if row is None else row[0]


def all_of(connection: sqlite3.Connection, kind: str) -> list[tuple[str, bytes]]:
    """All documents of a kind, sorted by id."""
    return connection.execute("SELECT id, body FROM documents WHERE kind = ? ORDER BY id", (kind,)).fetchall()


def change(
    transaction: Transaction, kind: str, id: str, decide: Callable[[bytes | None], bytes | None]
) -> bytes | Exception | None:
    """Read, decide, write; deciding None removes. What `decide` raised is returned, with nothing written."""
    before = find(transaction.connection, kind, id)
    try:
        after = decide(before)
    except Exception as refusal:  # noqa: BLE001  # it is the caller's own, and goes back to it
        return refusal
    if after == before:
        return after
    if after is None:
        transaction.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))
    else:
        transaction.execute(
            "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            (kind, id, after),
        )
    transaction.revised.add(_counter(kind))
    return after


def revision(connection: sqlite3.Connection, kind: str) -> int:
    """Grows with every transaction that wrote a document of the kind."""
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (_counter(kind),)).fetchone()
    return 0 if found is None else int(found[0])


def _counter(kind: str) -> str:
    return f"documents.{kind}"
