# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our Tariffs in several variants under one id, each for a time of its own: an extension.

What partners read and are told is always the variant that is valid now. When the next one begins it is published like
any change, with its pushes in the same transaction; where one ends and none follows, the Tariff is withdrawn. All
that is needed for this is kept in the store, so that what should have happened meanwhile happens at the next start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.partners.waiting import Clock
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.variants import (
    ALWAYS,
    FOR_EVER,
    Timetable,
    Variant,
    kind_of_timetables,
    read_timetable,
    validity,
)
from wwcp_ocpi.store.ports import Decide, Delete, Key, Objects, PageRequest, Side, Stored, Write

log = structlog.get_logger()

_Change: TypeAlias = Callable[[Timetable | None], Timetable]

KIND = "tariffs"
LONGEST_SLEEP_S = 60.0
"""The clock of a computer may be set; so it is looked at once a minute."""
RETRY_S = 5.0
CHUNK = 200
_SECOND = 1_000_000
_MILLISECOND = 1000


class TariffTimetables:
    """Plans variants, and publishes each when its time comes."""

    def __init__(self, store: Objects, publisher: Publisher, *, clock: Clock = time.time) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._lock = asyncio.Lock()
        self._planned = asyncio.Event()
        self._due: dict[tuple[str, Key], int] = {}
        self._is_loaded = False

    async def plan(
        self,
        version: Version,
        tariff: OwnObject,
        *,
        not_before: DateTime | None = None,
        not_after: DateTime | None = None,
    ) -> None:
        """Have a variant of a Tariff valid from `not_before` on and until before `not_after`, and shown then.

        Without them `start_date_time` and `end_date_time` of the Tariff count, where the version has them; else it
        is valid from ever, and until the next one begins. A variant that begins at the same time is replaced. Its
        `last_updated` is made no earlier than its beginning: else partners that ask what is new would miss it.

        Raises:
            UsageError: it ends before it begins, or at a time at which another one is valid.
        """
        fields = patch.split(tariff.body)
        start, end = validity(fields)
        start = start if not_before is None else not_before.micros
        end = end if not_after is None else not_after.micros
        if end <= start:
            raise UsageError(f"tariffs/{tariff.id}: expected not_after behind not_before")
        stamped = fields if start == ALWAYS else patch.stamped(fields, DateTime.from_micros(start))
        body = tariff.body if stamped is fields else patch.join(stamped)
        variant = Variant(not_before=start, not_after=end, body=msgspec.Raw(body))

        def change(known: Timetable | None) -> Timetable:
            before = known or Timetable(owner=str(tariff.owner), id=tariff.id)
            others = [one for one in before.variants if one.not_before != start]
            variants = tuple(sorted([*others, variant], key=lambda one: one.not_before))
            _refuse_overlaps(tariff.id, variants)
            concerns = str(tariff.concerns) if tariff.concerns else ""
            return replace(before, concerns=concerns, variants=variants)

        await self._change(version, _key(version, tariff.owner, tariff.id), change)

    async def cancel(self, version: Version, owner: PartyId, id: str, not_before: DateTime | None = None) -> None:
        """Take the variant away that begins then; None: the one that was valid from ever.

        Raises:
            NotFound: there is none.
        """
        start = ALWAYS if not_before is None else not_before.micros

        def change(known: Timetable | None) -> Timetable:
            left = tuple(one for one in (known.variants if known else ()) if one.not_before != start)
            if known is None or len(left) == len(known.variants):
                raise NotFound(f"tariffs/{id}: we have no variant of that time")
            return replace(known, variants=left)

        await self._change(version, _key(version, owner, id), change)

    async def settle_due(self) -> None:
        """Publish and withdraw what is due by now; the first time, look at all timetables there are."""
        async with self._lock:
            if not self._is_loaded:
                for known in VERSIONS.values():
                    for key in await self._keys(known):
                        await self._settle(known, key)
                self._is_loaded = True
            now = self._now()
            for number, key in [place for place, due in self._due.items() if due <= now]:
                await self._settle(VERSIONS[number], key)

    async def run(self) -> None:
        """Do that whenever something is due, until cancelled."""
        while True:
            self._planned.clear()
            try:
                await self.settle_due()
                due_s = (min(self._due.values(), default=FOR_EVER) - self._now()) / _SECOND
                wait_s = max(0.1, min(due_s, LONGEST_SLEEP_S))
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("tariffs.not_settled")
                wait_s = RETRY_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._planned.wait()
            except TimeoutError:
                continue

    async def _change(self, version: Version, key: Key, change: _Change) -> None:
        def decide(stored: Stored | None) -> Write | Delete:
            made = change(read_timetable(stored.body) if stored else None)
            return _written(version, replace(made, is_settled=False))

        async with self._lock:
            await self._store.change(key, decide)
            await self._settle(version, key)
        self._planned.set()

    async def _settle(self, version: Version, key: Key) -> None:
        """Make partners see what is valid now, and remember when that changes."""
        stored = await self._store.get(key)
        if stored is None:
            self._due.pop((version.number, key), None)
            return
        timetable = read_timetable(stored.body)
        now = self._now()
        variant = timetable.at(now)
        shown = None if variant is None else variant.not_before
        if not timetable.is_settled or timetable.shown != shown:
            owner = PartyId.parse(timetable.owner)
            if variant is None:
                await self._publisher.withdraw(version, KIND, owner, timetable.id)
            else:
                await self._publish(version, timetable, owner, variant, now)
            # Only now: whoever is stopped in between does it again at the next start.
            await self._store.change(key, _mark(version, stored.body, replace(timetable, is_settled=True, shown=shown)))
        changes = {moment for one in timetable.in_turn for moment in (one.not_before, one.not_after)}
        self._due[version.number, key] = min((moment for moment in changes if moment > now), default=FOR_EVER)

    async def _publish(
        self, version: Version, timetable: Timetable, owner: PartyId, variant: Variant, now: int
    ) -> None:
        id = version.key_id(version.kind(KIND).resource, timetable.id)
        current = await self._store.get(Key(Side.OURS, KIND, owner, id))
        body = bytes(variant.body)
        fields = patch.split(body)
        at = patch.moment_of(fields) or DateTime.from_micros(now)
        if current is not None and current.version == version.number:
            if _content(patch.split(current.body)) == _content(fields):
                return
            if current.last_updated >= at.micros:
                # What partners hold must look older than what they are told.
                at = DateTime.from_micros(max(now, current.last_updated + _MILLISECOND))
                body = patch.join(patch.stamped(fields, at))
        concerns = PartyId.parse(timetable.concerns) if timetable.concerns else None
        thing = OwnObject(owner=owner, id=timetable.id, last_updated=at.micros, body=body, concerns=concerns)
        for outcome in await self._publisher.publish(version, KIND, [thing]):
            if isinstance(outcome, Exception):
                raise outcome
        log.info("tariff.began", version=version.number, id=timetable.id)

    async def _keys(self, version: Version) -> list[Key]:
        found: list[Key] = []
        after: str | None = None
        while True:
            page = await self._store.page(
                PageRequest(
                    side=Side.OURS,
                    module=kind_of_timetables(KIND),
                    limit=CHUNK,
                    after=after,
                )
            )
            here = (body for body, number in zip(page.bodies, page.versions, strict=True) if number == version.number)
            known = [read_timetable(body) for body in here]
            found += [_key(version, PartyId.parse(one.owner), one.id) for one in known]
            after = page.next
            if after is None:
                return found

    def _now(self) -> int:
        return int(self._clock() * _SECOND)


def _key(version: Version, owner: PartyId, id: str) -> Key:
    resource = version.kind(KIND).resource
    return Key(Side.OURS, kind_of_timetables(KIND), owner, version.key_id(resource, id))


def _refuse_overlaps(id: str, variants: tuple[Variant, ...]) -> None:
    for one, other in pairwise(variants):
        if other.not_before < one.not_after != FOR_EVER:
            begin, end = DateTime.from_micros(other.not_before), DateTime.from_micros(one.not_after)
            raise UsageError(f"tariffs/{id}: one variant ends at {end}, another begins before, at {begin}")


def _written(version: Version, timetable: Timetable) -> Write | Delete:
    if not timetable.variants and timetable.is_settled:
        return Delete()
    moments = [patch.moment_of(patch.split(one.body)) for one in timetable.variants]
    latest = max((moment.micros for moment in moments if moment), default=0)
    return Write(version=version.number, last_updated=latest, body=msgspec.json.encode(timetable))


def _mark(version: Version, before: bytes, after: Timetable) -> Decide:
    """Write it, unless it was changed meanwhile: then the change settles it."""
    return lambda stored: _written(version, after) if stored is not None and stored.body == before else None


def _content(fields: patch.RawObject) -> dict[str, bytes]:
    return {name: bytes(value) for name, value in fields.items() if name != "last_updated"}
