# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects: read, decide, write. Every store does the same."""

from __future__ import annotations

import asyncio

import pytest

from tests.store.objects import BEC, TNM, fill, location, push, remove, stored, walk, write, written
from tests.store.objects import pages_of as pages
from wwcp_ocpi.protocol.errors import OlderThanStored, UsageError
from wwcp_ocpi.store.ports import Decision, Outcome, Side, Store, Stored


async def test_an_object_that_was_never_written_is_none(store: Store) -> None:
    assert await store.get(location("LOC1")) is None


async def test_a_written_object_is_read_back_as_it_was(store: Store) -> None:
    outcome = await store.change(location("LOC1"), write('{"id": "LOC1", "x": 1.0}', 5, "2.1.1", "emsp"))
    after = stored(1, '{"id": "LOC1", "x": 1.0}', 5, "2.1.1", "emsp")
    assert outcome == Outcome(before=None, after=after, changed=True)
    assert outcome.created
    assert await store.get(location("LOC1")) == after


async def test_a_second_write_keeps_the_place_and_shows_what_was_before(store: Store) -> None:
    await store.change(location("LOC1"), write("one", 5))
    outcome = await store.change(location("LOC1"), write("two", 6, source="hub"))
    assert outcome == Outcome(before=stored(1, "one", 5), after=stored(1, "two", 6, source="hub"), changed=True)
    assert not outcome.created
    assert await store.get(location("LOC1")) == stored(1, "two", 6, source="hub")


async def test_a_write_with_the_same_last_updated_changes_the_bytes(store: Store) -> None:
    await store.change(location("LOC1"), write("one", 5))
    await store.change(location("LOC1"), write("two", 5))
    assert await store.get(location("LOC1")) == stored(1, "two", 5)


async def test_the_decision_sees_the_stored_state(store: Store) -> None:
    await store.change(location("LOC1"), write("one", 5))
    seen: list[Stored | None] = []

    def look(before: Stored | None) -> Decision:
        seen.append(before)
        return None

    outcome = await store.change(location("LOC1"), look)
    assert seen == [stored(1, "one", 5)]
    assert outcome == Outcome(before=stored(1, "one", 5), after=stored(1, "one", 5), changed=False)


async def test_deciding_nothing_about_nothing_writes_nothing(store: Store) -> None:
    outcome = await store.change(location("LOC1"), lambda before: None)
    assert outcome == Outcome(before=None, after=None, changed=False)
    assert not outcome.created


async def test_what_a_decision_raises_reaches_its_caller_and_writes_nothing(store: Store) -> None:
    await store.change(location("LOC1"), write("one", 5))

    def refuse(before: Stored | None) -> Decision:
        raise OlderThanStored("last_updated: older than what is stored")

    with pytest.raises(OlderThanStored):
        await store.change(location("LOC1"), refuse)
    assert await store.get(location("LOC1")) == stored(1, "one", 5)
    assert await store.waiting() == 0


async def test_a_refusal_leaves_the_other_changes_of_its_commit_alone(store: Store) -> None:
    def refuse(before: Stored | None) -> Decision:
        raise OlderThanStored("older")

    outcomes = await asyncio.gather(
        store.change(location("LOC1"), write("one")),
        store.change(location("LOC2"), refuse),
        store.change(location("LOC3"), write("three")),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [Outcome, OlderThanStored, Outcome]
    assert await walk(store, pages()) == ["one", "three"]


async def test_a_removed_object_is_gone_and_comes_back_as_a_new_one(store: Store) -> None:
    await fill(store, "LOC1", "LOC2")
    outcome = await store.change(location("LOC2"), remove())
    assert outcome == Outcome(before=stored(2, "LOC2", 10), after=None, changed=True)
    assert await store.get(location("LOC2")) is None
    again = await store.change(location("LOC2"), write("again"))
    assert again == Outcome(before=None, after=stored(3, "again"), changed=True)


async def test_removing_what_is_not_there_changes_nothing_and_still_tells(store: Store) -> None:
    outcome = await store.change(location("LOC1"), remove(push("LOC1")))
    assert outcome == Outcome(before=None, after=None, changed=False)
    assert await store.waiting() == 1


async def test_sides_modules_and_owners_do_not_share_ids(store: Store) -> None:
    keys = [location("X"), location("X", BEC), location("X", side=Side.OURS), location("X", module="tariffs")]
    for number, key in enumerate(keys):
        await store.change(key, write(f"body {number}"))
    assert [await store.get(key) for key in keys] == [stored(n + 1, f"body {n}") for n in range(4)]


async def test_many_changes_in_one_go_report_each_outcome_in_its_place(store: Store) -> None:
    refusal = OlderThanStored("older")

    def refuse(before: Stored | None) -> Decision:
        raise refusal

    outcomes = await store.change_all(
        [
            (location("LOC1"), write("one")),
            (location("LOC2"), refuse),
            (location("LOC1"), write("one again", 1)),
            (location("LOC3"), remove()),
        ]
    )
    assert outcomes == [
        Outcome(before=None, after=stored(1, "one"), changed=True),
        refusal,
        Outcome(before=stored(1, "one"), after=stored(1, "one again", 1), changed=True),
        Outcome(before=None, after=None, changed=False),
    ]


async def test_no_changes_in_one_go_are_fine(store: Store) -> None:
    assert await store.change_all([]) == []


async def test_a_party_is_removed_from_one_module_and_side_in_every_version(store: Store) -> None:
    await fill(store, "LOC1", "LOC2")
    await store.change(location("LOC3"), write("old", version="2.1.1"))
    await fill(store, "LOC9", owner=BEC)
    await store.change(location("LOC1", side=Side.OURS), write("ours"))
    assert await store.delete_of_party(Side.THEIRS, "locations", TNM) == 3
    assert await store.delete_of_party(Side.THEIRS, "locations", TNM) == 0
    assert await walk(store, pages()) == ["LOC9"]
    assert await store.count(Side.THEIRS, "locations") == 1
    assert await store.count(Side.OURS, "locations") == 1


async def test_objects_are_counted_by_side_and_module(store: Store) -> None:
    await fill(store, "LOC1", "LOC2")
    await store.change(location("LOC3"), write("old", version="2.1.1"))
    assert await store.count(Side.THEIRS, "locations") == 3
    assert await store.count(Side.OURS, "locations") == 0
    assert await store.count(Side.THEIRS, "tariffs") == 0


async def test_an_object_that_comes_in_another_version_keeps_its_place(store: Store) -> None:
    await fill(store, "LOC1", "LOC2")
    outcome = await store.change(location("LOC1"), write("new", 7, "2.3.0"))
    assert outcome == Outcome(before=stored(1, "LOC1"), after=stored(1, "new", 7, "2.3.0"), changed=True)
    assert await walk(store, pages()) == ["new", "LOC2"]
    assert (await store.page(pages())).versions == ("2.3.0", "2.2.1")
    assert await store.count(Side.THEIRS, "locations") == 2


async def test_changes_of_one_object_by_many_tasks_lose_none(store: Store) -> None:
    def one_more(before: Stored | None) -> Decision:
        return written(str(int(before.body) + 1 if before else 1))

    async def work() -> None:
        for _ in range(20):
            await store.change(location("counter"), one_more)

    await asyncio.gather(*(work() for _ in range(16)))
    assert await store.get(location("counter")) == stored(1, "320")


async def test_a_change_is_seen_by_the_next_read(store: Store) -> None:
    for number in range(50):
        await store.change(location("LOC1"), write(str(number), number))
        assert await store.get(location("LOC1")) == stored(1, str(number), number)
        assert (await store.page(pages())).bodies == (str(number).encode(),)


async def test_a_cancelled_caller_does_not_disturb_the_others(store: Store) -> None:
    first = asyncio.create_task(store.change(location("LOC1"), write("one")))
    second = asyncio.create_task(store.change(location("LOC2"), write("two")))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await second).changed
    assert (await store.change(location("LOC3"), write("three"))).changed


async def test_a_closed_store_refuses_changes(store: Store) -> None:
    await store.close()
    with pytest.raises(UsageError, match="closed"):
        await store.change(location("LOC1"), write("one"))
