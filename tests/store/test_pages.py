# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages: order, filters, totals and cursors. Every store does the same."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.store.objects import BEC, TNM, fill, location, page_of, pages_of, remove, walk, write
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.store.ports import PageRequest, Side, Store

SEVEN = [f"LOC{number}" for number in range(7)]


async def test_a_list_that_nothing_was_ever_in_is_an_empty_page(store: Store) -> None:
    assert await store.page(pages_of()) == page_of(total=0)
    assert await store.page(pages_of(date_from=0)) == page_of(total=0)
    assert await store.page(pages_of(offset=5, owner=TNM)) == page_of(total=0)


async def test_without_dates_the_order_is_that_of_creation(store: Store) -> None:
    await fill(store, *SEVEN)
    await store.change(location("LOC0"), write("LOC0", 999))
    assert await walk(store, pages_of(3)) == SEVEN


async def test_the_last_page_names_no_next_one_even_when_it_is_full(store: Store) -> None:
    await fill(store, *SEVEN[:6])
    first = await store.page(pages_of(3))
    assert (first.bodies, first.total) == ((b"LOC0", b"LOC1", b"LOC2"), 6)
    assert await store.page(pages_of(3, after=first.next)) == page_of(b"LOC3", b"LOC4", b"LOC5", total=6)


async def test_offset_counts_from_the_beginning(store: Store) -> None:
    await fill(store, *SEVEN)
    page = await store.page(pages_of(3, offset=2))
    assert (page.bodies, page.total) == ((b"LOC2", b"LOC3", b"LOC4"), 7)
    assert await walk(store, pages_of(3, after=page.next)) == ["LOC5", "LOC6"]
    assert await store.page(pages_of(3, offset=6)) == page_of(b"LOC6", total=7)
    assert await store.page(pages_of(3, offset=7)) == page_of(total=7)
    assert await store.page(pages_of(3, offset=2**53)) == page_of(total=7)


async def test_dates_include_the_first_and_exclude_the_last(store: Store) -> None:
    await fill(store, *SEVEN)
    assert await store.page(pages_of(9, date_from=20)) == page_of(b"LOC2", b"LOC3", b"LOC4", b"LOC5", b"LOC6", total=5)
    assert await store.page(pages_of(9, date_to=20)) == page_of(b"LOC0", b"LOC1", total=2)
    assert await store.page(pages_of(9, date_from=20, date_to=40)) == page_of(b"LOC2", b"LOC3", total=2)
    assert await store.page(pages_of(9, date_from=40, date_to=20)) == page_of(total=0)
    assert await store.page(pages_of(9, date_from=20, date_to=40, offset=1)) == page_of(b"LOC3", total=2)
    assert await store.page(pages_of(9, date_from=20, date_to=40, offset=2)) == page_of(total=2)


async def test_with_dates_the_order_is_that_of_change_then_creation(store: Store) -> None:
    for id, moment in (("A", 30), ("B", 10), ("C", 20), ("D", 10), ("E", 10)):
        await store.change(location(id), write(id, moment))
    assert await walk(store, pages_of(2, date_from=0)) == ["B", "D", "E", "C", "A"]


async def test_what_changes_during_a_walk_by_date_is_seen_again(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(3, date_from=0))
    await store.change(location("LOC1"), write("LOC1 anew", 100))
    assert await walk(store, pages_of(3, date_from=0, after=first.next)) == [
        "LOC3",
        "LOC4",
        "LOC5",
        "LOC6",
        "LOC1 anew",
    ]


async def test_the_total_with_dates_is_that_of_the_beginning_of_the_walk(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(3, date_from=10))
    await store.change(location("NEW"), write("NEW", 100))
    second = await store.page(pages_of(3, date_from=10, after=first.next))
    assert (first.total, second.total) == (6, 6)
    assert (await store.page(pages_of(3, date_from=10))).total == 7


async def test_the_total_without_dates_is_that_of_now(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(3))
    await store.change(location("NEW"), write("NEW", 100))
    assert (await store.page(pages_of(3, after=first.next))).total == 8


async def test_one_owner_is_listed_alone(store: Store) -> None:
    await fill(store, "A1", "A2", "A3", "A4")
    await fill(store, "B1", "B2", owner=BEC)
    await fill(store, "A5")
    assert await walk(store, pages_of(2, owner=TNM)) == ["A1", "A2", "A3", "A4", "A5"]
    assert await store.page(pages_of(2, owner=BEC)) == page_of(b"B1", b"B2", total=2, owner=BEC)
    assert await store.page(pages_of(3, owner=TNM, offset=3)) == page_of(b"A4", b"A5", total=5)
    assert await store.page(pages_of(3, owner=BEC, date_from=10)) == page_of(b"B2", total=1, owner=BEC)
    assert await walk(store, pages_of(2, owner=TNM, date_from=0)) == ["A1", "A5", "A2", "A3", "A4"]


async def test_other_sides_and_modules_are_other_lists(store: Store) -> None:
    await store.change(location("B", side=Side.OURS), write("b"))
    await store.change(location("C", module="tariffs"), write("c"))
    assert await walk(store, pages_of()) == []
    assert await walk(store, pages_of(side=Side.OURS)) == ["b"]


async def test_a_removed_object_leaves_the_pages_and_a_walk_goes_on(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(3))
    await store.change(location("LOC2"), remove())
    await store.change(location("LOC3"), remove())
    assert await store.page(pages_of(3, after=first.next)) == page_of(b"LOC4", b"LOC5", b"LOC6", total=5)


async def test_an_object_made_after_the_newest_was_removed_is_not_skipped(store: Store) -> None:
    await fill(store, "A", "B", "C", "D")
    first = await store.page(pages_of(3))
    await store.change(location("D"), remove())
    await store.change(location("E"), write("E"))
    assert (await store.page(pages_of(3, after=first.next))).bodies == (b"E",)


async def test_the_limit_may_change_during_a_walk(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(2))
    assert (await store.page(pages_of(50, after=first.next))).bodies == tuple(id.encode() for id in SEVEN[2:])


async def test_a_cursor_wins_over_an_offset(store: Store) -> None:
    await fill(store, *SEVEN)
    first = await store.page(pages_of(2))
    assert (await store.page(pages_of(2, after=first.next, offset=5))).bodies == (b"LOC2", b"LOC3")


@pytest.mark.parametrize(
    "other",
    [
        pages_of(2, side=Side.OURS),
        pages_of(2, date_from=0, audience="emsp"),
        pages_of(2, owner=TNM),
        pages_of(2, date_from=10),
        pages_of(2, date_to=10**9),
        pages_of(2, date_from=0, owner=BEC),
    ],
)
async def test_a_cursor_of_another_list_is_refused(store: Store, other: PageRequest) -> None:
    await fill(store, *SEVEN)
    cursor = (await store.page(pages_of(2, date_from=0))).next
    with pytest.raises(InvalidParameters, match="Link header of this list"):
        await store.page(msgspec.structs.replace(other, after=cursor))


@pytest.mark.parametrize("cursor", ["", "x", "5", "é", "AAAA", "A" * 43, "A" * 5000, "!!!!", "\x00", "-1", "a b"])
async def test_what_is_no_cursor_is_refused(store: Store, cursor: str) -> None:
    await fill(store, *SEVEN)
    with pytest.raises(InvalidParameters) as refusal:
        await store.page(pages_of(2, after=cursor))
    assert refusal.value.path == "after"


async def test_a_cursor_with_one_character_changed_is_refused(store: Store) -> None:
    await fill(store, *SEVEN)
    cursor = (await store.page(pages_of(2))).next
    assert cursor is not None
    for place in range(len(cursor) - 1):
        forged = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidParameters):
            await store.page(pages_of(2, after=forged))


async def test_a_cursor_needs_no_escaping_in_a_url(store: Store) -> None:
    await fill(store, *SEVEN)
    cursor = (await store.page(pages_of(2))).next
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursor.isascii()


async def test_walks_during_writes_miss_nothing_that_was_there(store: Store) -> None:
    there = [f"OLD{number}" for number in range(60)]
    await fill(store, *there)
    stop = False

    async def disturb() -> None:
        number = 0
        while not stop:
            number += 1
            await store.change(location(f"NEW{number}"), write(f"NEW{number}", 10_000 + number))
            await store.change(location(f"OLD{number % 60}"), write(f"OLD{number % 60}", 10_000 + number))
            await store.change(location(f"NEW{number - 3}"), remove())
            await asyncio.sleep(0)

    async def look() -> None:
        for _ in range(5):
            for request in (pages_of(7), pages_of(7, owner=TNM), pages_of(7, date_from=0)):
                seen: list[str] = []
                after: str | None = None
                while True:
                    page = await store.page(msgspec.structs.replace(request, after=after))
                    seen += [body.decode() for body in page.bodies]
                    after = page.next
                    await asyncio.sleep(0)
                    # By date a walk may follow the writer for as long as it writes.
                    if after is None or len(seen) > 500:
                        break
                assert set(there) <= set(seen)

    disturber = asyncio.create_task(disturb())
    await look()
    stop = True
    await disturber


async def test_a_list_holds_the_objects_of_all_versions_and_says_which_is_which(store: Store) -> None:
    await store.change(location("A"), write("a", 10, version="2.1.1"))
    await store.change(location("B"), write("b", 20))
    await store.change(location("C"), write("c", 30, version="2.3.0"))
    for asked in (pages_of(2), pages_of(2, date_from=0)):
        first = await store.page(asked)
        assert (first.bodies, first.versions, first.total) == ((b"a", b"b"), ("2.1.1", "2.2.1"), 3)
        rest = await store.page(msgspec.structs.replace(asked, after=first.next))
        assert (rest.bodies, rest.versions) == ((b"c",), ("2.3.0",))
