# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists in which a text is looked for, and when objects were first stored. Every store does the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.store.objects import BEC, TNM, Clock, location, pages_of, remove, walk, write
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.store import matching
from wwcp_ocpi.store.matching import matcher
from wwcp_ocpi.store.ports import PageRequest, Side, Store
from wwcp_ocpi.store.sqlite import SQLiteStore


async def put(store: Store, id: str, city: str, moment: int = 0, **more: Any) -> str:
    body = json.dumps({"id": id, "city": city, **more})
    await store.change(location(id), write(body, moment))
    return body


async def ids(store: Store, request: PageRequest) -> list[str]:
    return [json.loads(body)["id"] for body in await walk(store, request)]


async def pages(store: Store, request: PageRequest) -> list[tuple[list[str], int, int | None]]:
    """Ids, total and filtered count of every page of a walk."""
    found = []
    while True:
        page = await store.page(request)
        found.append(([json.loads(body)["id"] for body in page.bodies], page.total, page.filtered))
        if page.next is None:
            return found
        request = msgspec.structs.replace(request, after=page.next)


@pytest.mark.parametrize(
    ("text", "body", "expected"),
    [
        ("jena", {"city": "Jena"}, True),
        ("JENA", {"city": "jena"}, True),
        ("na", {"a": [{"b": {"c": "Jena"}}]}, True),
        ("city", {"city": "Jena"}, False),
        ("true", {"a": True, "b": None}, False),
        ("null", {"b": None}, False),
        ("0.25", {"price": 0.25}, True),
        ("MÜNCHEN", {"city": "München"}, True),
        ("strasse", {"street": "Große Straße"}, True),
        ("jena weimar", {"a": "Jena", "b": "Weimar"}, False),
        ('","', {"a": "x", "b": "y"}, False),
        ('a"b', {"a": 'a"b'}, True),
        ("\\", {"a": "x\\y"}, True),
        ("a\nb", {"a": "a\nb"}, True),
        (".*", {"a": "anything"}, False),
        ("%", {"a": "100 %"}, True),
        ("{", {"a": {}}, False),
    ],
)
def test_a_text_is_found_in_values_in_any_case(text: str, body: dict[str, Any], expected: bool) -> None:
    assert matcher(text)(json.dumps(body).encode()) is expected
    assert matcher(text)(json.dumps(body, ensure_ascii=False).encode()) is expected


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 100_000, b'"\\ud800"'])
def test_what_is_no_json_matches_nothing(body: bytes) -> None:
    assert matcher("1")(body) is False


async def test_a_page_has_what_matches_and_tells_how_many_that_are(store: Store) -> None:
    for number in range(9):
        await put(store, f"L{number}", "Jena" if number % 2 else "Weimar")
    request = pages_of(2, match="jena")
    assert await pages(store, request) == [(["L1", "L3"], 9, 4), (["L5", "L7"], 9, 4)]
    assert await pages(store, pages_of(3, match="weimar", offset=1)) == [(["L2", "L4", "L6"], 9, 5), (["L8"], 9, 5)]
    assert await pages(store, pages_of(3, match="weimar", offset=99)) == [([], 9, 5)]
    assert await pages(store, pages_of(3, match="nowhere")) == [([], 9, 0)]
    assert await pages(store, pages_of(3, module="tariffs", match="x")) == [([], 0, 0)]


async def test_matching_goes_with_dates_owners_and_audiences(store: Store) -> None:
    for number in range(6):
        await put(store, f"L{number}", "Jena" if number % 2 else "Weimar", 60 - number * 10)
    await store.change(location("B1", BEC), write('{"id": "B1", "city": "Jena"}', 35))
    await store.change(location("A1"), write('{"id": "A1", "city": "Jena"}', 35, audience="emsp"))
    dated = pages_of(1, match="jena", date_from=10, date_to=50)
    assert await pages(store, dated) == [(["L5"], 5, 3), (["L3"], 5, 3), (["B1"], 5, 3)]
    assert await ids(store, pages_of(1, match="jena", date_from=10, owner=TNM)) == ["L5", "L3", "L1"]
    assert await ids(store, pages_of(1, match="jena", owner=BEC)) == ["B1"]
    assert await ids(store, pages_of(1, match="jena", audience="emsp")) == ["A1"]
    assert await pages(store, pages_of(1, match="jena", date_from=50, date_to=10)) == [([], 0, 0)]


async def test_of_many_of_the_same_moment_none_is_lost(store: Store) -> None:
    for number in range(7):
        await put(store, f"L{number}", "Jena", 10)
    assert await ids(store, pages_of(2, match="jena", date_from=10)) == [f"L{number}" for number in range(7)]


async def test_one_page_looks_at_so_many_objects_and_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_OBJECTS", 4)
    for number in range(11):
        await put(store, f"L{number}", "Jena" if number in (0, 1, 9, 10) else "Weimar")
    found = await pages(store, pages_of(3, match="jena"))
    assert [one for one, _, _ in found] == [["L0", "L1"], [], ["L9", "L10"]]
    assert [filtered for _, _, filtered in found] == [None, None, 4], "known at the end"
    passed = await pages(store, pages_of(1, match="jena", offset=3))
    assert [one for one, _, _ in passed] == [[], [], ["L10"]]
    assert passed[-1][2] == 4
    dated = await pages(store, pages_of(1, match="jena", date_from=0))
    assert [id for one, _, _ in dated for id in one] == ["L0", "L1", "L9", "L10"]


async def test_large_objects_count_by_their_bytes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_BYTES", 150)
    for number in range(4):
        await put(store, f"L{number}", "x" * 80)
    assert [len(one) for one, _, _ in await pages(store, pages_of(9, match="xx"))] == [2, 2]


async def test_a_cursor_belongs_to_the_text_that_was_looked_for(store: Store) -> None:
    for number in range(3):
        await put(store, f"L{number}", "Jena Weimar")
    cursor = (await store.page(pages_of(1, match="jena"))).next
    assert (await store.page(pages_of(1, match="jena", after=cursor))).bodies
    for other in ("weimar", ""):
        with pytest.raises(InvalidParameters):
            await store.page(pages_of(1, match=other, after=cursor))
    plain = (await store.page(pages_of(1))).next
    with pytest.raises(InvalidParameters):
        await store.page(pages_of(1, match="jena", after=plain))


async def test_a_page_is_new_after_a_change(store: Store) -> None:
    await put(store, "L1", "Jena")
    assert await ids(store, pages_of(match="jena")) == ["L1"]
    await put(store, "L1", "Weimar")
    await put(store, "L2", "Jena")
    assert await ids(store, pages_of(match="jena")) == ["L2"]


async def test_a_walk_broken_off_holds_nobody_up(path: Path) -> None:
    store = await SQLiteStore.open(path)
    for number in range(50):
        await put(store, f"L{number}", "Jena")
    await store.page(pages_of(1, match="jena", after=(await store.page(pages_of(1, match="jena"))).next))
    assert not store._slow.in_transaction
    await put(store, "L1", "Weimar")
    assert (await store.page(pages_of(1, match="weimar"))).bodies, "the reader sees the newest state"
    await store.close()


async def test_when_an_object_was_created_stays_while_it_changes(store: Store, clock: Clock) -> None:
    first = int(clock.now) * 1_000_000
    await put(store, "L1", "Jena")
    clock.now += 60
    await put(store, "L1", "Weimar", 7)
    await put(store, "L2", "Jena")
    page = await store.page(pages_of(with_created=True))
    assert page.created == (first, first + 60_000_000)
    assert (await store.page(pages_of())).created == ()
    matched = await store.page(pages_of(with_created=True, match="jena", date_from=0))
    assert matched.created == (first + 60_000_000,)
    stored = await store.get(location("L1"))
    assert stored is not None
    assert await store.created(stored) == first
    await store.change(location("L1"), remove())
    assert await store.created(stored) is None
    clock.now += 60
    await put(store, "L1", "Jena")
    again = await store.get(location("L1"))
    assert again is not None
    assert await store.created(again) == first + 120_000_000
    await store.delete_of_party(Side.THEIRS, "locations", TNM)
    assert await store.created(again) is None
