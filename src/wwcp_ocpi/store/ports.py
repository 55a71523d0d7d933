# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a store does, whichever database is behind it.

Three things are kept: objects (in the version they came in, bytes as received), documents (small things of our
own: partners, settings), and pushes (what partners must still hear of a change). A change and the pushes it
causes are one transaction, and a call returns only when what it wrote survives a power cut.

An object may be for one partner only: its audience is that partner's id. Empty, it is for everybody who may see
the module. The objects of one side, module and audience are one list, whatever the versions they came in. What an
audience means is up to the callers: "?NL*EMP", a party that no partner has claimed yet, is a text like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.scalars import PartyId


class Side(Enum):
    """Whose objects: those of our own parties, or those that partners sent us."""

    OURS = "ours"
    THEIRS = "theirs"

    __hash__ = object.__hash__  # that of Enum is written in Python, and this is in every key


class Key(NamedTuple):
    """Names one object. `id` is folded by the caller where the version's ids are equal in any case.

    `module` is the kind of object by its name in `Version.kinds`: a module that keeps one kind stands for it.
    """

    side: Side
    module: str
    owner: PartyId
    id: str


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One object as it is kept.

    `seq` is the order of creation and never changes. `last_updated` is in microseconds since 1970. `source` is
    the id of the partner that sent it, empty for our own. `audience` is the partner it is for, empty for all.
    """

    seq: int
    version: str
    last_updated: int
    body: bytes
    source: str = ""
    audience: str = ""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one partner must hear: an HTTP method on an object, or on a part of it.

    `parts` are the ids below the object (EVSE uid, connector id). `body` is empty for a DELETE.
    """

    partner: str
    module: str
    version: str
    method: str
    owner: PartyId
    id: str
    parts: tuple[str, ...] = ()
    body: bytes = b""
    qualifier: str | None = None
    """What names the object together with its id, as a Token's type."""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The decision to store a new state, and who must hear of it.

    Of the pushes, neighbours that differ in their partner only are stored as one.

    The state is all of this: an object written without its audience becomes one for everybody.
    """

    version: str
    last_updated: int
    body: bytes
    source: str = ""
    audience: str = ""
    pushes: tuple[Push, ...] = ()


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """The decision to remove the object, and who must hear of it. The pushes are kept even if there was none."""

    pushes: tuple[Push, ...] = ()


Decision: TypeAlias = Write | Delete | None
Decide: TypeAlias = Callable[[Stored | None], Decision]
"""Looks at the stored state (None: no such object) and decides. Pure and quick: it runs inside the transaction.

What it raises is raised by `change`, and nothing is written for that change; others of the same commit stand.
It may run in another thread, and twice when the first transaction had to be undone.
"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did. `after` is None when the object was removed, or never was."""

    before: Stored | None
    after: Stored | None
    changed: bool

    @property
    def created(self) -> bool:
        """Whether the object is new."""
        return self.changed and self.before is None


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of a module on which work is to be done whenever one was written.

    In the transaction of the change, a mark is written under the same key in the module `waiting`, and what stands
    under it in `derived` is removed. Both go when the object goes; with `is_told_of_removal` a mark says that instead.
    `store.following` says what a mark holds. Several may follow one module, each with a `waiting` of its own.

    `only` picks the states that are marked (None: all); one that it does not pick is as if its object were gone. It is
    pure and quick, for it runs inside the transaction. The marks are then the list of what it picks.
    """

    side: Side
    module: str
    waiting: str
    derived: str = ""
    is_told_of_removal: bool = False
    only: Callable[[Key, Stored], bool] | None = None


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects, and which of them. `limit` is at least 1.

    Those of exactly this `audience`: the objects for everybody (empty) and those for one partner never mix.

    `date_from` (inclusive) and `date_to` (exclusive) are microseconds since 1970, on last_updated. `after` is
    the cursor of the page before; it wins over `offset`. Without dates the order is that of creation; with
    dates it is that of change (last_updated, then creation), so that nothing that changes meanwhile is missed.

    `match` leaves only objects that have this text in one of their values, in any case; `offset` counts those. Of
    a long list a page looks at so many objects at most (`store.matching`): it may have fewer than `limit`, or none,
    and still name a next one. `with_created` asks when each was first stored.
    """

    side: Side
    module: str
    limit: int
    audience: str = ""
    owner: PartyId | None = None
    date_from: int | None = None
    date_to: int | None = None
    offset: int = 0
    after: str | None = None
    match: str = ""
    with_created: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page: the objects' bytes, joined; version and owner of each; how many match; where to go on (None: no more).

    Without dates, `total` is what matches now. With dates it is counted for the first page and for pages by
    `offset`; the cursor carries it on, so that all pages of one walk tell the total of its beginning. `match`
    does not change it.

    `filtered` is how many have the text that `match` asks for; None as long as nobody has looked at all of them.
    `created` is as long as `joined` where it was asked for: microseconds since 1970, None where nobody knows.
    """

    joined: Joined
    versions: tuple[str, ...]
    owners: tuple[PartyId, ...]
    total: int
    next: str | None = None
    filtered: int | None = None
    created: Sequence[int | None] = ()

    @property
    def bodies(self) -> tuple[bytes, ...]:
        """The objects' bytes one by one, cut out of `joined` at each call."""
        return tuple(self.joined)


class Changes(Protocol):
    """Writing the objects of OCPI."""

    async def change(self, key: Key, decide: Decide) -> Outcome:
        """Read, decide and write one object in one transaction; returns when it is durable."""
        ...

    async def change_all(self, changes: Sequence[tuple[Key, Decide]]) -> list[Outcome | Exception]:
        """Many changes in one transaction, in this order. What one raised stands in its place; others are written."""
        ...

    async def delete_of_party(self, side: Side, module: str, owner: PartyId) -> int:
        """Remove all objects of one party in one module, whatever their audience; says how many there were."""
        ...


class Objects(Changes, Protocol):
    """The objects of OCPI."""

    async def get(self, key: Key) -> Stored | None:
        """One object, or None."""
        ...

    async def find(self, side: Side, module: str, id: str, owners: Sequence[PartyId]) -> Stored | None:
        """The object that has this id (folded, as in a `Key`) with one of these owners: the first that has one."""
        ...

    async def created(self, stored: Stored) -> int | None:
        """When an object was first stored, in microseconds since 1970; None where nobody knows."""
        ...

    async def page(self, request: PageRequest) -> Page:
        """One page of objects.

        Raises:
            InvalidParameters: `after` is no cursor of this list.
        """
        ...

    async def readdress(self, old: str, new: str) -> int:
        """Give all objects of one audience another one, in one transaction; says how many there were.

        Nothing else of them changes, `last_updated` neither: walks through the lists of `old` end, and who walks
        through those of `new`, or asks for what changed since, is not told what came. Others wait while it runs.

        Raises:
            UsageError: one of the two is empty. What is for one partner does not become public in bulk, nor back.
        """
        ...

    async def count(self, side: Side, module: str) -> int:
        """How many objects there are, of all audiences, from counters."""
        ...

    def follow(self, followed: Followed) -> None:
        """From now on, mark every change of these objects, whoever makes it through this store.

        Who follows the same module with the same `waiting` again takes the place of the one before.
        """
        ...

    async def audiences(self, side: Side, module: str) -> list[str]:
        """For whom there are objects now, sorted; empty stands for everybody."""
        ...


class Documents(Protocol):
    """Small things of our own, by kind and id: partners, settings, keys."""

    async def document(self, kind: str, id: str) -> bytes | None:
        """One document, or None."""
        ...

    async def documents(self, kind: str) -> list[tuple[str, bytes]]:
        """All documents of a kind, (id, body), sorted by id."""
        ...

    async def change_document(self, kind: str, id: str, decide: Callable[[bytes | None], bytes | None]) -> bytes | None:
        """Read, decide and write one document in one transaction; deciding None removes it. Returns the new state."""
        ...

    async def revision(self, kind: str) -> int:
        """A number that differs after any document of the kind was written, by this process or another."""
        ...


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A push that waits, with its number and how often it was tried."""

    number: int
    push: Push
    attempts: int = 0
    error: str = ""


class Outbox(Protocol):
    """The pushes that are not done yet. Per partner and object they come out in the order they went in.

    A push has its number once `due` gave it out; numbers that it did not give are ignored.
    """

    async def due(self, limit: int) -> list[Delivery]:
        """The pushes to try now: at most one per partner and object, the oldest, and none that waits for a retry."""
        ...

    async def done(self, numbers: Sequence[int]) -> None:
        """These were delivered, or will never be; forget them."""
        ...

    async def retry(self, number: int, wait_s: float, error: str) -> None:
        """This one failed; try again after `wait_s` seconds. Later ones of the same object wait behind it."""
        ...

    async def postpone(self, numbers: Sequence[int], wait_s: float) -> None:
        """These were not tried; they are due again after `wait_s` seconds. Their attempts stay what they were."""
        ...

    async def forget(self, partner: str) -> int:
        """Drop all pushes of a partner; says how many there were."""
        ...

    async def waiting(self, partner: str | None = None) -> int:
        """How many pushes are not done, of one partner or of all."""
        ...

    async def wait_for_work(self, timeout_s: float) -> None:
        """Return when a push was written or a retry is due, at the latest after `timeout_s` seconds.

        What the last `due` could have returned does not count, else a worker whose deliveries are under way
        would never sleep; whatever came after it does. May return once too often.
        """
        ...


class Store(Objects, Documents, Outbox, Protocol):
    """All of it, in one database."""

    async def close(self) -> None:
        """Finish what was begun, then close."""
        ...
