# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of our own objects are public, marked when they are written, in a list of its own beside that of the partners.

A mark goes with the change of its object, in one transaction (`store.following`), so that pages and counts of what is
public are found as quickly as those of all. What was written while nobody followed is marked by `complete`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from typing import NamedTuple

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.publicness import is_public
from wwcp_ocpi.store.following import mark_of, read_mark
from wwcp_ocpi.store.ports import (
    Decide,
    Decision,
    Delete,
    Followed,
    Key,
    Objects,
    Page,
    PageRequest,
    Side,
    Stored,
    Write,
)

CHUNK = 200


def list_of_open(kind: str) -> str:
    """The name under which the marks of the public objects of a kind are kept."""
    return f"{kind}/open"


def followed(kind: str, parties: Collection[PartyId]) -> Followed:
    """What a store is told once, so that it marks what is public of a kind. What a hub passes on is not its own."""

    def is_open(key: Key, stored: Stored) -> bool:
        return key.owner in parties and is_public(kind, stored)

    return Followed(side=Side.OURS, module=kind, waiting=list_of_open(kind), only=is_open)


def follow_open(store: Objects, kinds: Collection[str], parties: Collection[PartyId]) -> None:
    """Have public objects marked from now on. Whoever writes beside a gateway with open data does this, too."""
    for kind in kinds:
        store.follow(followed(kind, parties))


async def complete(store: Objects, kinds: Collection[str], parties: Collection[PartyId]) -> int:
    """Mark what was written while nobody followed it, and take away what is public no more; says how much that was.

    Reads all objects of these kinds, some at a time, and writes only what differs.
    """
    changed = 0
    for kind in sorted(kinds):
        made = followed(kind, parties)
        public = 0
        async for page in _pages(store, kind):
            found = [keys for keys in _public(kind, page) if keys[0].key.owner in parties]
            public += len(found)
            unmarked = [one.key for keys in found if not await _is_marked(store, made, keys) for one in keys]
            changed += await _settle(store, made, unmarked)
        if await store.count(Side.OURS, made.waiting) != public:
            # All that is public has its mark by now: the others are of what is gone, or public no more.
            async for page in _pages(store, made.waiting):
                pairs = zip(page.bodies, page.owners, strict=True)
                marked = [Key(Side.OURS, kind, owner, read_mark(body).id) for body, owner in pairs]
                changed += await _settle(store, made, marked)
    return changed


async def _pages(store: Objects, module: str) -> AsyncIterator[Page]:
    after: str | None = None
    while True:
        page = await store.page(PageRequest(side=Side.OURS, module=module, after=after, limit=CHUNK))
        yield page
        after = page.next
        if after is None:
            return
        await asyncio.sleep(0)


class _Place(NamedTuple):
    """Where an object may be stored, and its mark if it is there."""

    key: Key
    mark: bytes


def _public(kind: str, page: Page) -> Iterator[list[_Place]]:
    """The public objects of a page: the key of their own version, and that of one with another rule for ids."""
    for body, number, owner in zip(page.bodies, page.versions, page.owners, strict=True):
        stored = Stored(seq=0, version=number, last_updated=0, body=body)
        if is_public(kind, stored):
            version = version_of(number)
            resource = version.kind(kind).resource
            ids = version.key_ids(resource, patch.text_of(patch.split(body), resource.id_field) or "")
            keys = [Key(Side.OURS, kind, owner, id) for id in ids]
            yield [_Place(key, mark_of(key, stored).body) for key in keys]


async def _is_marked(store: Objects, made: Followed, places: Sequence[_Place]) -> bool:
    for key, mark in places:
        found = await store.get(key._replace(module=made.waiting))
        if found is not None and found.body == mark:
            return True
    return False


async def _settle(store: Objects, made: Followed, keys: Sequence[Key]) -> int:
    """Bring the marks of these objects to where they would be had somebody followed; says how many were not."""
    if not keys:
        return 0
    changes: list[tuple[Key, Decide]] = []
    for key in keys:
        look, mark = _settling(made, key)
        changes += [(key, look), (key._replace(module=made.waiting), mark)]
    done = 0
    for outcome in await store.change_all(changes):
        if isinstance(outcome, Exception):
            raise outcome
        done += outcome.changed
    return done


def _settling(made: Followed, key: Key) -> tuple[Decide, Decide]:
    """Look at an object, and then decide on its mark: in one transaction, so that nothing comes in between."""
    seen: list[Write | None] = []

    def look(stored: Stored | None) -> Decision:
        is_marked = stored is not None and (made.only is None or made.only(key, stored))
        seen.append(mark_of(key, stored) if stored is not None and is_marked else None)
        return None

    def mark(before: Stored | None) -> Decision:
        wanted = seen[-1]
        if wanted is None:
            return None if before is None else Delete()
        return None if before is not None and before.body == wanted.body else wanted

    return look, mark
