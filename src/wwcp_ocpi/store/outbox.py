# SPDX-License-Identifier: AGPL-3.0-or-later
"""The outbox in SQLite. Of the pushes of one object to one partner only the oldest has a time at which it is due.

So what can be tried now is found by one index, however many wait behind a partner that does not answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Delivery, Push
from wwcp_ocpi.store.transaction import Transaction

MAX_ERROR = 500
"""Characters of an error text that are kept."""

_ADD = (
    "INSERT INTO outbox (partner, module, version, method, country_code, party_id, id, parts, body,"
    " qualifier, due_at, attempts, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " CASE WHEN EXISTS (SELECT 1 FROM outbox"
    " WHERE partner = ? AND module = ? AND country_code = ? AND party_id = ? AND id = ?)"
    " THEN NULL ELSE ? END, 0, '')"
)
_DUE = (
    "SELECT number, attempts, error, partner, module, version, method, country_code, party_id, id, parts, body,"
    " qualifier FROM outbox WHERE due_at <= ? ORDER BY due_at, number LIMIT ?"
)
_PROMOTE = (
    "UPDATE outbox SET due_at = ? WHERE due_at IS NULL AND number = (SELECT min(number) FROM outbox"
    " WHERE partner = ? AND module = ? AND country_code = ? AND party_id = ? AND id = ?)"
)

_parts = msgspec.json.Decoder(tuple[str, ...])


def add(transaction: Transaction, push: Push, now: int) -> None:
    """Put one at the end; it is due now, or when the ones before it of the same object are done."""
    place = (push.partner, push.module, *push.owner, push.id)
    parts = msgspec.json.encode(push.parts).decode() if push.parts else "[]"
    row = (push.partner, push.module, push.version, push.method, *push.owner, push.id, parts, push.body, push.qualifier)
    transaction.execute(_ADD, (*row, *place, now))
    transaction.rings = True


def due(connection: sqlite3.Connection, now: int, limit: int) -> list[Delivery]:
    """The oldest push of each object, of those whose time has come; longest due first."""
    return [_delivery(*row) for row in connection.execute(_DUE, (now, limit)).fetchall()]


def _delivery(
    number: int,
    attempts: int,
    error: str,
    partner: str,
    module: str,
    version: str,
    method: str,
    country_code: str,
    party_id: str,
    id: str,
    parts: str,
    body: bytes,
    qualifier: str | None,
) -> Delivery:
    push = Push(
        partner=partner,
        module=module,
        version=version,
        method=method,
        owner=PartyId(country_code, party_id),
        id=id,
        parts=() if parts == "[]" else _parts.decode(parts),
        body=body,
        qualifier=qualifier,
    )
    return Delivery(number=number, attempts=attempts, error=error, push=push)


def done(transaction: Transaction, numbers: Sequence[int], now: int) -> None:
    """Forget these; what waited behind each of them is due now."""
    for number in numbers:
        place = transaction.execute(
            "SELECT partner, module, country_code, party_id, id FROM outbox WHERE number = ?", (number,)
        ).fetchone()
        if place is not None:
            transaction.execute("DELETE FROM outbox WHERE number = ?", (number,))
            transaction.execute(_PROMOTE, (now, *place))
    transaction.rings = True


def retry(transaction: Transaction, number: int, due_at: int, error: str) -> None:
    """Note a failure and when to try again. One that is not the oldest of its object keeps waiting behind it."""
    transaction.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = ?,"
        " due_at = CASE WHEN due_at IS NULL THEN NULL ELSE ? END WHERE number = ?",
        (error[:MAX_ERROR], due_at, number),
    )
    transaction.rings = True


def postpone(transaction: Transaction, numbers: Sequence[int], due_at: int) -> None:
    """Set when to look at these again; one that waits behind another goes on to."""
    for number in numbers:
        transaction.execute("UPDATE outbox SET due_at = ? WHERE number = ? AND due_at IS NOT NULL", (due_at, number))
    transaction.rings = True


def forget(transaction: Transaction, partner: str) -> int:
    """Drop all pushes of a partner; says how many there were."""
    return transaction.execute("DELETE FROM outbox WHERE partner = ?", (partner,)).rowcount


def waiting(connection: sqlite3.Connection, partner: str | None) -> int:
    """How many are not done, of one partner or of all."""
    if partner is None:
        (found,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    else:
        (found,) = connection.execute("SELECT count(*) FROM outbox WHERE partner = ?", (partner,)).fetchone()
    return int(found)


def next_due(connection: sqlite3.Connection, after: int) -> int | None:
    """When the first push becomes due that was not yet due at `after`."""
    (found,) = connection.execute("SELECT min(due_at) FROM outbox WHERE due_at > ?", (after,)).fetchone()
    return None if found is None else int(found)
