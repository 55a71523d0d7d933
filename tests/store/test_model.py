# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is done in whatever order, the SQLite store answers what the memory store answers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.store.consistency import assert_consistent
from tests.store.objects import BEC, TNM, Clock, location, pages_of, push, remove, write
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import objects, outbox, pages
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Decide, Delivery, Key, Side, Store
from wwcp_ocpi.store.sqlite import SQLiteStore

T = TypeVar("T")

BLOCK = 4
"""So small that a dozen objects fill several."""

ids = st.sampled_from([f"L{number}" for number in range(12)])
owners = st.sampled_from([TNM, BEC])
sides = st.sampled_from(Side)
keys = st.builds(location, ids, owners, sides)
moments = st.integers(0, 6)
versions = st.sampled_from(["2.1.1", "2.2.1"])
audiences = st.sampled_from(["", "emsp", "?NL*EMP"])
partners = st.sampled_from(["emsp", "hub", "?NL*EMP"])
PARTNERS = ("emsp", "hub", "third")
told = st.lists(st.sampled_from(PARTNERS), min_size=1, max_size=4)
shared = st.builds(lambda id, body, all: [push(id, body, one) for one in all], ids, st.sampled_from("ab"), told)
pushes = st.lists(shared, max_size=2).map(lambda groups: [one for group in groups for one in group])
decisions: st.SearchStrategy[Decide] = st.one_of(
    st.builds(
        lambda body, moment, version, sent, audience: write(body, moment, version, "emsp", tuple(sent), audience),
        st.text("xyz", max_size=3),
        moments,
        versions,
        pushes,
        audiences,
    ),
    pushes.map(lambda sent: remove(*sent)),
    st.just(lambda before: None),
)
dates = st.none() | moments


class Stores(RuleBasedStateMachine):
    """Does everything twice, and compares."""

    template: Path | None = None

    def __init__(self) -> None:
        super().__init__()
        self.patches = [
            patch.object(objects, "BLOCK", BLOCK),
            patch.object(pages, "BLOCK", BLOCK),
            patch.object(pages, "QUICK_STEPS", 3),
            patch.object(outbox, "SPREAD_AT_ONCE", 3),
        ]
        for each in self.patches:
            each.start()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.db"
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.memory = MemoryStore(clock=self.clock)
        self.sqlite = self.runner.run(self._open())

    async def _open(self) -> SQLiteStore:
        if Stores.template is None:
            made = Path(tempfile.mkdtemp()) / "template.db"
            await (await SQLiteStore.open(made)).close()
            Stores.template = made
        if not self.path.exists():
            shutil.copy(Stores.template, self.path)
        return await SQLiteStore.open(self.path, clock=self.clock)

    def both(self, do: Callable[[Store], Awaitable[T]]) -> T:
        async def one(store: Store) -> T:
            return await do(store)

        expected, found = self.runner.run(one(self.memory)), self.runner.run(one(self.sqlite))
        assert found == expected
        return found

    @rule(key=keys, decide=decisions)
    def change(self, key: Key, decide: Decide) -> None:
        self.both(lambda store: store.change(key, decide))

    @rule(changes=st.lists(st.tuples(keys, decisions), max_size=8))
    def change_all(self, changes: list[tuple[Key, Decide]]) -> None:
        self.both(lambda store: store.change_all(changes))

    @rule(owner=owners, side=sides)
    def delete_of_party(self, owner: PartyId, side: Side) -> None:
        self.both(lambda store: store.delete_of_party(side, "locations", owner))

    @rule(old=partners, new=partners)
    def readdress(self, old: str, new: str) -> None:
        self.both(lambda store: store.readdress(old, new))

    @rule(changes=st.lists(st.tuples(keys, decisions), max_size=4), old=partners, new=partners, owner=owners)
    def in_one_commit(self, changes: list[tuple[Key, Decide]], old: str, new: str, owner: PartyId) -> None:
        async def at_once(store: Store) -> Sequence[object]:
            return await asyncio.gather(
                store.change_all(changes),
                store.readdress(old, new),
                store.change_all(changes),
                store.delete_of_party(Side.OURS, "locations", owner),
                store.readdress(new, old),
            )

        self.both(at_once)

    @rule(side=sides, id=ids, owners=st.lists(owners, max_size=3))
    def find(self, side: Side, id: str, owners: list[PartyId]) -> None:
        self.both(lambda store: store.find(side, "locations", id, owners))

    @rule(id=ids, body=st.none() | st.sampled_from([b"a", b"b"]))
    def change_document(self, id: str, body: bytes | None) -> None:
        self.both(lambda store: store.change_document("kind", id, lambda before: body))
        self.both(lambda store: store.documents("kind"))
        self.both(lambda store: store.revision("kind"))

    @rule(
        side=sides, audience=audiences, owner=st.none() | owners, date_from=dates, date_to=dates,
        offset=st.integers(0, 14), limit=st.integers(1, 5),
    )  # fmt: skip
    def walk(
        self, side: Side, audience: str, owner: PartyId | None,
        date_from: int | None, date_to: int | None, offset: int, limit: int,
    ) -> None:  # fmt: skip
        first = pages_of(
            limit, side=side, audience=audience, owner=owner,
            date_from=date_from, date_to=date_to, offset=offset,
        )  # fmt: skip

        async def all_pages(store: Store) -> list[tuple[tuple[bytes, ...], tuple[str, ...], int]]:
            found = []
            after: str | None = None
            while True:
                page = await store.page(msgspec.structs.replace(first, after=after))
                found.append((page.bodies, page.versions, page.total))
                after = page.next
                if after is None:
                    return found

        self.both(all_pages)

    def due(self, limit: int) -> list[dict[int, int]]:
        """The same comes out in the same order; the numbers may be different ones. Those of both, in this order."""
        found: list[list[Delivery]] = []

        async def look(store: Store) -> list[Delivery]:
            found.append(await store.due(limit))
            return [msgspec.structs.replace(one, number=0) for one in found[-1]]

        self.both(look)
        return [{id(self.memory): one.number, id(self.sqlite): other.number} for one, other in zip(*found, strict=True)]

    @rule(limit=st.integers(1, 5))
    def look(self, limit: int) -> None:
        self.due(limit)

    @rule(most=st.integers(1, 5), done=st.booleans(), wait_s=st.integers(0, 3))
    def deliver(self, most: int, done: bool, wait_s: int) -> None:
        # All that is due, so that nothing is left to be spread: what comes behind a push that is done meanwhile is due
        # from when it was written, in memory from when that one was done.
        for numbers in self.due(1000)[:most]:
            if done:
                self.both(lambda store: store.done([numbers[id(store)]]))  # noqa: B023  # done before the next turn
            else:
                self.both(lambda store: store.retry(numbers[id(store)], wait_s, "busy"))  # noqa: B023

    @rule(seconds=st.integers(0, 3))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(partner=st.sampled_from(PARTNERS))
    def forget(self, partner: str) -> None:
        self.both(lambda store: store.forget(partner))

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.sqlite.close())
        self.sqlite = self.runner.run(self._open())

    @invariant()
    def counts_agree(self) -> None:
        async def counts(store: Store) -> list[int]:
            return [
                await store.waiting(),
                await store.waiting("hub"),
                *[await store.count(side, "locations") for side in Side],
                *[
                    (await store.page(pages_of(side=side, audience=audience))).total
                    for side in Side
                    for audience in ("", "emsp", "hub", "?NL*EMP")
                ],
            ]

        self.both(counts)

    def teardown(self) -> None:
        self.runner.run(self.sqlite.close())
        assert_consistent(self.path, BLOCK)
        self.runner.close()
        self.folder.cleanup()
        for each in self.patches:
            each.stop()


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
