# SPDX-License-Identifier: AGPL-3.0-or-later
"""The outbox: in order per partner and object, with retries. Every store does the same."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.store.objects import BEC, Clock, location, push, remove, write
from wwcp_ocpi.protocol.errors import OlderThanStored
from wwcp_ocpi.store import outbox
from wwcp_ocpi.store.ports import Decision, Delivery, Push, Store, Stored


async def put(store: Store, *pushes: Push) -> None:
    await store.change(location("ANY"), write("x", pushes=pushes))


async def numbers(store: Store, limit: int = 100) -> list[int]:
    return [delivery.number for delivery in await store.due(limit)]


async def sent(store: Store, limit: int = 100) -> list[Push]:
    return [delivery.push for delivery in await store.due(limit)]


def to_all(id: str, body: str = "", partners: str = "abc") -> tuple[Push, ...]:
    return tuple(push(id, body, partner) for partner in partners)


async def test_a_push_comes_out_as_it_went_in(store: Store) -> None:
    sent = push("LOC1", '{"status": "CHARGING"}', parts=("EVSE1", "1"))
    await put(store, sent)
    assert await store.due(10) == [Delivery(number=1, push=sent)]
    assert await store.waiting() == 1


async def test_the_qualifier_of_a_push_is_kept(store: Store) -> None:
    sent = msgspec.structs.replace(push("012345678"), qualifier="RFID")
    await put(store, sent, push("LOC1"))
    assert [delivery.push.qualifier for delivery in await store.due(10)] == ["RFID", None]


async def test_of_one_object_only_the_oldest_push_is_due(store: Store) -> None:
    await put(store, push("LOC1", "a"), push("LOC1", "b", parts=("EVSE1",)), push("LOC2", "c"))
    await put(store, push("LOC1", "d"))
    assert await numbers(store) == [1, 3]
    await store.done([1])
    assert sorted(await numbers(store)) == [2, 3]
    await store.done([2, 3])
    assert await store.due(10) == [Delivery(number=4, push=push("LOC1", "d"))]
    await store.done([4])
    assert await store.due(10) == []
    assert await store.waiting() == 0


async def test_other_partners_modules_and_owners_do_not_wait_for_one_another(store: Store) -> None:
    await put(store, push("X"), push("X", partner="hub"), push("X", owner=BEC), push("x"))
    assert await numbers(store) == [1, 2, 3, 4]


async def test_at_most_as_many_as_asked_for_come_longest_due_first(store: Store, clock: Clock) -> None:
    await put(store, push("A"))
    clock.now += 1
    await put(store, push("B"), push("C"))
    assert await numbers(store, 2) == [1, 2]


async def test_a_failed_push_waits_and_holds_back_the_later_ones_of_its_object(store: Store, clock: Clock) -> None:
    await put(store, push("LOC1", "a"), push("LOC1", "b"), push("LOC2"))
    assert await numbers(store) == [1, 3]
    await store.retry(1, 30, "timed out")
    assert await numbers(store) == [3]
    clock.now += 29
    assert await numbers(store) == [3]
    clock.now += 1
    assert Delivery(number=1, push=push("LOC1", "a"), attempts=1, error="timed out") in await store.due(10)
    await store.retry(1, 0, "again")
    assert Delivery(number=1, push=push("LOC1", "a"), attempts=2, error="again") in await store.due(10)


async def test_what_is_postponed_is_due_later_and_was_not_tried(store: Store, clock: Clock) -> None:
    await put(store, push("LOC1", "a"), push("LOC1", "b"), push("LOC2"), push("LOC3"))
    assert await numbers(store) == [1, 3, 4]
    await store.postpone([1, 2, 3, 99], 30)
    assert await numbers(store) == [4]
    clock.now += 30
    assert await numbers(store) == [4, 1, 3]
    assert Delivery(number=1, push=push("LOC1", "a")) in await store.due(10)
    await store.postpone([1], 600)
    await store.postpone([1], 0)
    assert 1 in await numbers(store)
    await store.postpone([], 1)


async def test_a_retry_of_one_that_waits_behind_another_does_not_overtake(store: Store) -> None:
    await put(store, push("LOC1", "a"), push("LOC1", "b"))
    assert await numbers(store) == [1]
    await store.retry(2, 0, "who asked?")
    assert await numbers(store) == [1]
    await store.done([1])
    assert await store.due(1) == [Delivery(number=2, push=push("LOC1", "b"), attempts=1, error="who asked?")]


async def test_one_that_waits_behind_another_may_be_done_first(store: Store) -> None:
    await put(store, push("LOC1", "a"), push("LOC1", "b"), push("LOC1", "c"))
    assert await numbers(store) == [1]
    await store.done([2])
    assert await numbers(store) == [1]
    await store.done([1])
    assert await numbers(store) == [3]


async def test_numbers_that_are_gone_are_ignored(store: Store) -> None:
    await put(store, push("LOC1"))
    assert await numbers(store) == [1]
    await store.done([7, 1, 1])
    await store.retry(1, 5, "late")
    await store.done([])
    assert await store.waiting() == 0


async def test_a_very_long_error_is_cut(store: Store) -> None:
    await put(store, push("LOC1"))
    assert await numbers(store) == [1]
    await store.retry(1, 0, "x" * 10_000)
    assert [len(delivery.error) for delivery in await store.due(1)] == [500]


async def test_the_pushes_of_a_partner_that_leaves_are_dropped(store: Store) -> None:
    await put(store, push("A"), push("A", "2"), push("B"), push("A", partner="hub"))
    assert await store.waiting("emsp") == 3
    assert await store.forget("emsp") == 3
    assert await store.forget("emsp") == 0
    assert (await store.waiting("emsp"), await store.waiting("hub"), await store.waiting()) == (0, 1, 1)
    assert await sent(store) == [push("A", partner="hub")]
    await put(store, push("A", "3"))
    assert await sent(store) == [push("A", partner="hub"), push("A", "3")]


async def test_a_refused_change_pushes_nothing(store: Store) -> None:
    def refuse(before: Stored | None) -> Decision:
        raise OlderThanStored("older")

    with pytest.raises(OlderThanStored):
        await store.change(location("LOC1"), refuse)
    assert await store.waiting() == 0


async def test_a_removal_pushes_too(store: Store) -> None:
    await store.change(location("LOC1"), write("x"))
    await store.change(location("LOC1"), remove(push("LOC1")))
    assert await store.due(5) == [Delivery(number=1, push=push("LOC1"))]


async def test_a_sleeping_worker_wakes_when_a_push_is_committed(store: Store) -> None:
    assert await store.due(1) == []
    sleeper = asyncio.create_task(store.wait_for_work(600))
    await asyncio.sleep(0)
    assert not sleeper.done()
    await put(store, push("LOC1"))
    await asyncio.wait_for(sleeper, 10)
    assert await numbers(store) == [1]


async def test_a_push_committed_before_the_worker_sleeps_wakes_it_at_once(store: Store) -> None:
    assert await store.due(1) == []
    await put(store, push("LOC1"))
    await asyncio.wait_for(store.wait_for_work(600), 10)


async def test_what_the_worker_has_seen_does_not_wake_it(store: Store) -> None:
    await put(store, push("LOC1"))
    assert await numbers(store) == [1]
    sleeper = asyncio.create_task(store.wait_for_work(0.01))
    await asyncio.sleep(0)
    assert not sleeper.done()
    await sleeper


async def test_a_change_without_pushes_does_not_wake_the_worker(store: Store) -> None:
    assert await store.due(1) == []
    sleeper = asyncio.create_task(store.wait_for_work(600))
    await store.change(location("LOC1"), write("x"))
    await asyncio.sleep(0)
    assert not sleeper.done()
    sleeper.cancel()


async def test_a_worker_wakes_when_a_retry_is_due(store: Store) -> None:
    await put(store, push("LOC1"))
    assert await numbers(store) == [1]
    await store.retry(1, 0.01, "busy")
    assert await store.due(1) == []
    await asyncio.wait_for(store.wait_for_work(600), 10)


async def test_a_worker_does_not_sleep_when_a_retry_became_due(store: Store, clock: Clock) -> None:
    await put(store, push("LOC1"))
    assert await numbers(store) == [1]
    await store.retry(1, 30, "busy")
    assert await store.due(1) == []
    clock.now += 31
    await asyncio.wait_for(store.wait_for_work(600), 10)


async def test_sleep_ends_at_the_time_out(store: Store) -> None:
    await asyncio.wait_for(store.wait_for_work(0.001), 10)
    await asyncio.wait_for(store.wait_for_work(0), 10)


async def test_many_changes_in_one_go_push_in_order(store: Store) -> None:
    await store.change_all(
        [(location(f"L{number}"), write("", pushes=(push("X", str(number)),))) for number in range(5)]
    )
    seen = []
    while due := await store.due(10):
        seen += [delivery.push.body for delivery in due]
        await store.done([delivery.number for delivery in due])
    assert seen == [b"0", b"1", b"2", b"3", b"4"]


async def test_what_several_hear_comes_out_for_each_of_them_in_their_order(store: Store) -> None:
    told = (*to_all("LOC1", "1", "cab"), *to_all("LOC2", "2", "cab"), push("LOC3", partner="b"))
    await put(store, *told)
    assert (await store.waiting(), await store.waiting("b"), await store.waiting("d")) == (7, 3, 0)
    assert await sent(store) == list(told)
    assert (await store.waiting(), await store.waiting("b"), await store.waiting("d")) == (7, 3, 0)


async def test_what_one_partner_hears_twice_is_told_twice(store: Store) -> None:
    twice = to_all("LOC1", "1", "abab")
    await put(store, *twice)
    assert await sent(store) == list(twice[:2])
    await store.done(await numbers(store))
    assert await sent(store) == list(twice[2:])


async def test_what_differs_in_more_than_the_partner_stays_different(store: Store) -> None:
    one = push("LOC1", "1", "a")
    others = {
        "module": "tariffs", "version": "2.3.0", "method": "DELETE", "owner": BEC, "id": "LOC2", "parts": ("E1",),
        "body": b"2", "qualifier": "RFID",
    }  # fmt: skip
    told = [
        msgspec.structs.replace(one, partner=str(number), **{name: value})
        for number, (name, value) in enumerate(others.items())
    ]
    await put(store, one, *told)
    assert await sent(store) == [one, *told]


async def test_one_partner_that_is_behind_holds_up_no_other_of_those_who_hear_the_same(store: Store) -> None:
    await put(store, *to_all("LOC1", "1"))
    first = await store.due(10)
    await store.done([one.number for one in first if one.push.partner != "b"])
    await put(store, *to_all("LOC1", "2"))
    await put(store, push("LOC1", "3", "a"))
    assert await sent(store) == [push("LOC1", "1", "b"), push("LOC1", "2", "a"), push("LOC1", "2", "c")]
    await store.done(await numbers(store))
    assert sorted(one.partner for one in await sent(store)) == ["a", "b"]


async def test_a_partner_that_leaves_hears_nothing_of_what_several_hear(store: Store) -> None:
    await put(store, *to_all("LOC1", "1"))
    assert len(await store.due(10)) == 3
    await put(store, *to_all("LOC1", "2"), push("LOC2", "3", "b"))
    await put(store, *to_all("LOC2", "4", "ac"))
    assert await store.forget("b") == 3
    assert (await store.waiting(), await store.waiting("b")) == (6, 0)
    await put(store, *to_all("LOC2", "5"))
    while due := await store.due(10):
        assert [one.push.body for one in due if one.push.partner == "b"] in ([], [b"5"])
        await store.done([one.number for one in due])
    assert await store.waiting() == 0


async def test_more_than_is_spread_at_once_comes_out_whole_and_in_order(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SPREAD_AT_ONCE", 4)
    for number in range(20):
        await put(store, *to_all(f"L{number % 7}", str(number)))
        clock.now += 1
    assert await sent(store, 5) == [*to_all("L0", "0"), *to_all("L1", "1")[:2]]
    heard: dict[tuple[str, str], list[int]] = {}
    while due := await store.due(5):
        for one in due:
            heard.setdefault((one.push.partner, one.push.id), []).append(int(one.push.body))
        await store.done([one.number for one in due])
    assert heard == {(who, f"L{at}"): list(range(at, 20, 7)) for at in range(7) for who in "abc"}
    assert await store.waiting() == 0
