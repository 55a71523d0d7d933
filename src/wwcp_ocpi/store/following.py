# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is written beside an object in the same transaction: a mark that work is to be done on it.

Whoever works on objects after they were stored must not miss one, not over a restart and not what another process
wrote. So the mark is no message but an object like any other, under the same key in a module of its own: the list of
these is the queue. What was derived from an earlier state goes in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeAlias

import msgspec

from wwcp_ocpi.store.ports import Decide, Delete, Followed, Key, Outcome, Side, Stored, Write

Following: TypeAlias = Mapping[tuple[Side, str], tuple[Followed, ...]]
"""Who follows what, by side and module."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The body of a mark: the id in the key of its object, and which state of it; empty for one that is gone."""

    id: str
    state: str


_marks = msgspec.json.Decoder(Mark)


def follow(following: MutableMapping[tuple[Side, str], tuple[Followed, ...]], followed: Followed) -> None:
    """Take one more in."""
    place = (followed.side, followed.module)
    others = (one for one in following.get(place, ()) if one.waiting != followed.waiting)
    following[place] = (*others, followed)


def beside(following: Following, key: Key, outcome: Outcome) -> Iterator[tuple[Key, Decide]]:
    """What is to be written after a change of this object."""
    if not outcome.changed:
        return
    for followed in following.get((key.side, key.module), ()):
        waiting = key._replace(module=followed.waiting)
        if outcome.after is not None and (followed.only is None or followed.only(key, outcome.after)):
            yield waiting, _write(mark_of(key, outcome.after))
        elif outcome.before is not None:
            yield waiting, _write(mark_of_gone(key, outcome.before)) if followed.is_told_of_removal else _delete
        if outcome.before is not None and followed.derived:
            yield key._replace(module=followed.derived), _delete


def beside_all(following: Following, side: Side, module: str) -> tuple[set[str], list[Followed]]:
    """What goes with all objects of a party in a module: whole modules, and those who must be told of each."""
    followers = following.get((side, module), ())
    gone = {one.waiting for one in followers if not one.is_told_of_removal}
    return gone | {one.derived for one in followers if one.derived}, [
        one for one in followers if one.is_told_of_removal
    ]


def mark_of(key: Key, stored: Stored) -> Write:
    """The mark of an object in this state."""
    state = hashlib.blake2b(stored.body, digest_size=12).hexdigest()
    return Write(
        version=stored.version,
        last_updated=stored.last_updated,
        body=msgspec.json.encode(Mark(key.id, state)),
        source=stored.source,
    )


def mark_of_gone(key: Key, before: Stored) -> Write:
    """The mark of an object that was removed."""
    return Write(
        version=before.version,
        last_updated=before.last_updated,
        body=msgspec.json.encode(Mark(key.id, "")),
        source=before.source,
    )


def read_mark(body: bytes) -> Mark:
    """What a mark says."""
    return _marks.decode(body)


def _write(decision: Write) -> Decide:
    return lambda before: decision


def _delete(before: Stored | None) -> Delete | None:
    return None if before is None else Delete()
