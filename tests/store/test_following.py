# SPDX-License-Identifier: AGPL-3.0-or-later
"""Marks beside objects: in the same transaction, whoever writes. Every store does the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.objects import BEC, TNM, Clock, fill, location, remove, write
from tests.store.objects import pages_of as pages
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.store.following import mark_of, read_mark
from wwcp_ocpi.store.ports import Decision, Followed, Side, Store, Stored
from wwcp_ocpi.store.sqlite import SQLiteStore

WAITING, DERIVED = "locations/waiting", "locations/derived"
FOLLOWED = Followed(side=Side.THEIRS, module="locations", waiting=WAITING, derived=DERIVED)


async def marked(store: Store) -> list[str]:
    """The ids of all that waits, in the order in which it came."""
    page = await store.page(pages(100, module=WAITING))
    assert page.total == len(page.bodies) == await store.count(Side.THEIRS, WAITING)
    return [read_mark(body).id for body in page.bodies]


async def test_what_is_written_is_marked_and_what_nobody_follows_is_not(store: Store) -> None:
    await fill(store, "BEFORE")
    store.follow(FOLLOWED)
    await store.change(location("LOC1"), write("one", source="cpo"))
    await store.change(location("LOC2", side=Side.OURS), write("one"))
    await store.change(location("LOC3", module="tariffs"), write("one"))
    await store.change_all([(location("LOC4"), write("one")), (location("LOC5", BEC), write("one"))])
    assert await marked(store) == ["LOC1", "LOC4", "LOC5"]
    mark = await store.get(location("LOC1", module=WAITING))
    assert mark is not None
    assert mark.source == "cpo"


async def test_a_mark_tells_the_state_and_a_new_state_another(store: Store) -> None:
    store.follow(FOLLOWED)
    for body in ("one", "two"):
        outcome = await store.change(location("LOC1"), write(body))
        assert outcome.after is not None
        mark = await store.get(location("LOC1", module=WAITING))
        assert mark is not None
        assert mark.body == mark_of(location("LOC1"), outcome.after).body
    assert await marked(store) == ["LOC1"]


async def test_what_was_derived_goes_with_the_state_it_came_from(store: Store) -> None:
    store.follow(FOLLOWED)
    await store.change(location("LOC1"), write("one"))
    await store.change(location("LOC1", module=WAITING), remove())
    await store.change(location("LOC1", module=DERIVED), write("derived"))

    await store.change(location("LOC1"), lambda before: None)
    assert await store.get(location("LOC1", module=DERIVED)) is not None
    await store.change(location("LOC1"), write("two"))
    assert await store.get(location("LOC1", module=DERIVED)) is None
    assert await marked(store) == ["LOC1"]

    await store.change(location("LOC1", module=DERIVED), write("derived"))
    await store.change(location("LOC1"), remove())
    assert await store.get(location("LOC1", module=DERIVED)) is None
    assert await marked(store) == []
    await store.change(location("LOC1"), remove())
    assert await marked(store) == []


async def test_a_refused_change_marks_nothing(store: Store) -> None:
    store.follow(FOLLOWED)

    def refuse(before: Stored | None) -> Decision:
        raise UsageError("no")

    with pytest.raises(UsageError):
        await store.change(location("LOC1"), refuse)
    await store.change_all([(location("LOC1"), refuse), (location("LOC2"), write("one"))])
    assert await marked(store) == ["LOC2"]


async def test_only_what_is_picked_is_marked_and_what_is_picked_no_more_loses_its_mark(store: Store) -> None:
    store.follow(
        Followed(
            side=Side.THEIRS,
            module="locations",
            waiting=WAITING,
            only=lambda key, stored: key.owner == TNM and b"yes" in stored.body and not stored.audience,
        )
    )
    await store.change(location("LOC1"), write("yes"))
    await store.change(location("LOC2"), write("no"))
    await store.change(location("LOC3", BEC), write("yes"))
    await store.change(location("LOC4"), write("yes", audience="emsp"))
    assert await marked(store) == ["LOC1"]
    await store.change_all([(location("LOC2"), write("yes")), (location("LOC1"), write("no"))])
    assert await marked(store) == ["LOC2"]
    await store.change(location("LOC2"), write("yes", audience="emsp"))
    assert await marked(store) == []
    await store.change(location("LOC4"), write("yes"))
    await store.change(location("LOC4"), remove())
    assert await marked(store) == []


async def test_with_all_of_a_party_its_marks_go_and_no_others(store: Store) -> None:
    store.follow(FOLLOWED)
    await fill(store, "LOC1", "LOC2")
    await fill(store, "LOC3", owner=BEC)
    await store.change(location("LOC2", module=DERIVED), write("derived"))
    assert await store.delete_of_party(Side.THEIRS, "locations", TNM) == 2
    assert await marked(store) == ["LOC3"]
    assert await store.count(Side.THEIRS, DERIVED) == 0


async def test_marks_are_there_after_a_restart_and_for_another_process(path: Path, clock: Clock) -> None:
    store = await SQLiteStore.open(path, clock=clock)
    store.follow(FOLLOWED)
    await fill(store, "LOC1")
    beside = await SQLiteStore.open(path, clock=clock)
    assert await marked(beside) == ["LOC1"]
    await store.close()
    await beside.close()
    again = await SQLiteStore.open(path, clock=clock)
    assert await marked(again) == ["LOC1"]
    await again.close()


TOLD = Followed(side=Side.THEIRS, module="locations", waiting="locations/told", is_told_of_removal=True)


async def told(store: Store) -> list[tuple[str, bool]]:
    """The ids of all that waits for the second follower, and whether they are there."""
    page = await store.page(pages(100, module="locations/told"))
    return [(mark.id, bool(mark.state)) for mark in map(read_mark, page.bodies)]


async def test_two_follow_the_same_objects_and_neither_takes_from_the_other(store: Store) -> None:
    store.follow(FOLLOWED)
    store.follow(TOLD)
    store.follow(TOLD)
    await fill(store, "LOC1", "LOC2")
    await store.change(location("LOC1", module="locations/told"), remove())
    assert await marked(store) == ["LOC1", "LOC2"]
    assert await told(store) == [("LOC2", True)]


async def test_who_wants_it_is_told_that_an_object_is_gone(store: Store) -> None:
    store.follow(FOLLOWED)
    store.follow(TOLD)
    await fill(store, "LOC1", "LOC2")
    await fill(store, "LOC3", owner=BEC)
    await store.change(location("LOC1"), remove())
    assert await marked(store) == ["LOC2", "LOC3"]
    assert await told(store) == [("LOC1", False), ("LOC2", True), ("LOC3", True)]
    await store.delete_of_party(Side.THEIRS, "locations", TNM)
    assert await told(store) == [("LOC1", False), ("LOC2", False), ("LOC3", True)]
    await fill(store, "LOC1")
    assert ("LOC1", True) in await told(store)
