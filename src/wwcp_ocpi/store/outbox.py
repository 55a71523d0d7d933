# SPDX-License-Identifier: AGPL-3.0-or-later
"""The outbox in SQLite. Of the pushes of one object to one partner only the oldest has a time at which it is due.

So what can be tried now is found by one index, however many wait behind a partner that does not answer.

A change costs the same whoever hears of it: pushes that differ in their partner only are one row of `outbox_shared`,
and its partners are a number. All pushes begin there. They are *spread* into the outbox, a row for each partner, in
the order in which they were written, when somebody asks what is due. Row and rows change places in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Delivery, Push
from wwcp_ocpi.store.transaction import Transaction

MAX_ERROR = 500
"""Characters of an error text that are kept."""
SPREAD_AT_ONCE = 200
"""Rows that are made in one go, a few more with the last shared one: changes wait for some milliseconds at most."""
PATIENCE = 16
"""How often more is spread for somebody who asks what is due, before he is given what there is."""

_ADD = (
    "INSERT INTO outbox_shared (partners, written_at, module, version, method, country_code, party_id, id, parts,"
    " qualifier, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SPREAD = (
    "INSERT INTO outbox (partner, module, version, method, country_code, party_id, id, parts, body,"
    " qualifier, due_at, attempts, error)"
    " SELECT each.value, module, version, method, country_code, party_id, shared.id, parts, body, qualifier,"
    " CASE WHEN EXISTS (SELECT 1 FROM outbox older WHERE older.partner = each.value AND older.module = shared.module"
    " AND older.country_code = shared.country_code AND older.party_id = shared.party_id AND older.id = shared.id)"
    " THEN NULL ELSE written_at END, 0, ''"
    " FROM outbox_shared shared JOIN outbox_partners told ON told.number = shared.partners,"
    " json_each(told.partners) each"
    " WHERE shared.number = ? ORDER BY each.key"
)
_DUE = (
    "SELECT due_at, number, attempts, error, partner, module, version, method, country_code, party_id, id, parts, body,"
    " qualifier FROM outbox WHERE due_at <= ? ORDER BY due_at, number LIMIT ?"
)
_OLDEST_SHARED = "SELECT written_at FROM outbox_shared ORDER BY number LIMIT 1"
_PROMOTE = (
    "UPDATE outbox SET due_at = ? WHERE due_at IS NULL AND number = (SELECT min(number) FROM outbox"
    " WHERE partner = ? AND module = ? AND country_code = ? AND party_id = ? AND id = ?)"
)
# Each in one statement, so that what is spread meanwhile is counted once.
_WAITING = (
    "SELECT (SELECT count(*) FROM outbox) + (SELECT coalesce(sum(rows * json_array_length(told.partners)), 0) FROM"
    " (SELECT partners, count(*) AS rows FROM outbox_shared GROUP BY partners) shared"
    " JOIN outbox_partners told ON told.number = shared.partners)"
)
_WAITING_FOR = (
    "SELECT (SELECT count(*) FROM outbox WHERE partner = ?1) + (SELECT count(*) FROM outbox_shared WHERE partners IN"
    " (SELECT number FROM outbox_partners told, json_each(told.partners) each WHERE each.value = ?1))"
)
_NEXT_DUE = (
    "SELECT min(at) FROM (SELECT min(due_at) AS at FROM outbox WHERE due_at > ?1 UNION ALL"
    " SELECT written_at FROM (SELECT written_at FROM outbox_shared ORDER BY number LIMIT 1) WHERE written_at > ?1)"
)

_common = attrgetter(*(name for name in Push.__struct_fields__ if name != "partner"))
"""All of a push but its partner."""
_parts = msgspec.json.Decoder(tuple[str, ...])
_partners = msgspec.json.Decoder(list[str])


class Due(NamedTuple):
    """What can be tried now. Not `is_all`: what is not spread yet may be due before some of it, or besides."""

    deliveries: list[Delivery]
    is_all: bool


def add(transaction: Transaction, pushes: Sequence[Push], now: int) -> None:
    """Put these at the end; each is due now, or when the ones before it of the same object to its partner are done."""
    for push, partners in _groups(pushes):
        parts = _text(push.parts) if push.parts else "[]"
        place = (push.module, push.version, push.method, *push.owner, push.id, parts, push.qualifier)
        transaction.execute(_ADD, (_number_of(transaction, partners), now, *place, push.body))
        transaction.rings = True


def _groups(pushes: Sequence[Push]) -> Iterator[tuple[Push, list[str]]]:
    """Neighbours that differ in their partner only, as the first of them and all partners: none of these twice."""
    start, seen, common = 0, set[str](), None
    for at, push in enumerate(pushes):
        fields = _common(push)
        if fields != common or push.partner in seen:
            if at:
                yield pushes[start], [one.partner for one in pushes[start:at]]
            start, seen, common = at, set(), fields
        seen.add(push.partner)
    if pushes:
        yield pushes[start], [one.partner for one in pushes[start:]]


def _number_of(transaction: Transaction, partners: list[str]) -> int:
    """The number of these partners, which is given if they have none."""
    text = _text(partners)
    number = transaction.partners.get(text)
    if number is None:
        found = transaction.execute("SELECT number FROM outbox_partners WHERE partners = ?", (text,)).fetchone()
        made = (
            found
            or transaction.execute(
                "INSERT INTO outbox_partners (partners) VALUES (?) RETURNING number", (text,)
            ).fetchone()
        )
        number = transaction.partners[text] = int(made[0])
    return number


def _text(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()


def spread(transaction: Transaction, most: int) -> None:
    """Make rows of the outbox of the oldest shared ones, until there are `most`."""
    made = 0
    numbers = transaction.execute("SELECT number FROM outbox_shared ORDER BY number LIMIT ?", (most,)).fetchall()
    for number in numbers:
        if made >= most:
            return
        made += transaction.execute(_SPREAD, number).rowcount
        transaction.execute("DELETE FROM outbox_shared WHERE number = ?", number)
    if transaction.execute(_OLDEST_SHARED).fetchone() is None:
        transaction.execute("DELETE FROM outbox_partners")
        transaction.partners.clear()


def due(connection: sqlite3.Connection, now: int, limit: int) -> Due:
    """The oldest push of each object, of those that are spread and whose time has come; longest due first."""
    # First, for what is spread between the two statements is seen by the second.
    shared = connection.execute(_OLDEST_SHARED).fetchone()
    rows = connection.execute(_DUE, (now, limit)).fetchall()
    is_all = shared is None or (len(rows) == limit and rows[-1][0] <= shared[0])
    return Due([_delivery(*row[1:]) for row in rows], is_all)


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
    (count,) = transaction.execute(_WAITING_FOR, (partner,)).fetchone()
    transaction.execute("DELETE FROM outbox WHERE partner = ?", (partner,))
    for number, text in transaction.execute("SELECT number, partners FROM outbox_partners").fetchall():
        partners = _partners.decode(text)
        if partner in partners:
            partners.remove(partner)
            transaction.execute("UPDATE outbox_partners SET partners = ? WHERE number = ?", (_text(partners), number))
    transaction.partners.clear()
    return int(count)


def waiting(connection: sqlite3.Connection, partner: str | None) -> int:
    """How many are not done, of one partner or of all."""
    if partner is None:
        (found,) = connection.execute(_WAITING).fetchone()
    else:
        (found,) = connection.execute(_WAITING_FOR, (partner,)).fetchone()
    return int(found)


def next_due(connection: sqlite3.Connection, after: int) -> int | None:
    """When the first push becomes due that was not yet due at `after`."""
    (found,) = connection.execute(_NEXT_DUE, (after,)).fetchone()
    return None if found is None else int(found)
