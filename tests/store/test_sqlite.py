# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is true of the SQLite file alone: reopening, two processes, damage, a full disk, caches, long lists."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.store.consistency import assert_consistent
from tests.store.objects import BEC, TNM, Clock, fill, location, page_of, pages_of, push, remove, stored, walk, write
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store import connection, objects, pages
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.ports import Delivery, Side
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.store.transaction import Transaction


def read(path: Path) -> bytes:
    return path.read_bytes()


def overwrite(path: Path, content: bytes | bytearray) -> None:
    path.write_bytes(content)


async def test_everything_is_there_after_reopening_twice(path: Path, clock: Clock) -> None:
    first = await SQLiteStore.open(path, clock=clock)
    await first.change(location("LOC1"), write("one", 5, source="emsp", pushes=(push("LOC1"), push("LOC1", "2"))))
    assert len(await first.due(5)) == 1
    await first.retry(1, 60, "busy")
    await first.change_document("partner", "emsp", lambda before: b"doc")
    revision = await first.revision("partner")
    await fill(first, "LOC2", "LOC3", "LOC4")
    cursor = (await first.page(pages_of(2))).next
    await first.close()
    for _ in range(2):
        again = await SQLiteStore.open(path, clock=clock)
        assert await again.get(location("LOC1")) == stored(1, "one", 5, source="emsp")
        assert await again.document("partner", "emsp") == b"doc"
        assert await again.revision("partner") == revision
        assert await again.due(5) == []
        assert await again.waiting() == 2
        assert await walk(again, pages_of(2, after=cursor)) == ["LOC3", "LOC4"]
        assert await again.count(Side.THEIRS, "locations") == 4
        await again.close()
    clock.now += 60
    again = await SQLiteStore.open(path, clock=clock)
    assert await again.due(5) == [Delivery(number=1, push=push("LOC1"), attempts=1, error="busy")]
    await again.close()
    assert_consistent(path)


async def test_closing_finishes_what_was_begun(path: Path) -> None:
    store = await SQLiteStore.open(path)
    changes = [asyncio.create_task(store.change(location(f"L{n}"), write(str(n)))) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    assert all(outcome.created for outcome in await asyncio.gather(*changes))
    again = await SQLiteStore.open(path)
    assert await again.count(Side.THEIRS, "locations") == 100
    await again.close()


async def test_two_stores_on_one_file_see_each_other(path: Path) -> None:
    gateway, command = await SQLiteStore.open(path), await SQLiteStore.open(path)
    await fill(gateway, "LOC1", "LOC2")
    assert await walk(command, pages_of()) == ["LOC1", "LOC2"]
    revision = await gateway.revision("partner")
    await command.change(location("LOC1"), write("changed", 1))
    await command.change(location("NEW", BEC), write("of 2.3.0", version="2.3.0"))
    await command.change_document("partner", "emsp", lambda before: b"doc")
    assert await walk(gateway, pages_of()) == ["changed", "LOC2", "of 2.3.0"]
    assert await gateway.get(location("NEW", BEC)) == stored(3, "of 2.3.0", version="2.3.0")
    assert await gateway.revision("partner") != revision
    both = [("a", gateway), ("b", command)]
    await asyncio.gather(*(store.change(location(f"{name}{n}"), write("x")) for n in range(50) for name, store in both))
    assert await gateway.count(Side.THEIRS, "locations") == 103
    await command.close()
    await gateway.close()
    assert_consistent(path)


async def test_two_stores_on_one_file_spread_what_several_hear_once(path: Path) -> None:
    gateway, command = await SQLiteStore.open(path), await SQLiteStore.open(path)
    told = [tuple(push(f"L{number}", partner=partner) for partner in "abc") for number in range(40)]
    for number, pushes in enumerate(told):
        await (gateway, command)[number % 2].change(location(f"L{number}"), write("x", pushes=pushes))
    found = await asyncio.gather(gateway.due(500), command.due(500), gateway.due(500))
    assert found[0] == found[1] == found[2]
    assert [one.push for one in found[0]] == [one for pushes in told for one in pushes]
    assert await command.forget("b") == 40
    assert [one.push.partner for one in await gateway.due(500)] == ["a", "c"] * 40
    await command.close()
    await gateway.close()
    assert_consistent(path)


async def test_what_was_not_spread_is_there_after_reopening(path: Path, clock: Clock) -> None:
    first = await SQLiteStore.open(path, clock=clock)
    told = tuple(push("LOC1", partner=partner) for partner in "abc")
    await first.change(location("LOC1"), write("one", pushes=told))
    await first.close()
    again = await SQLiteStore.open(path, clock=clock)
    await asyncio.wait_for(again.wait_for_work(600), 10)
    assert await again.waiting() == 3
    assert [one.push for one in await again.due(5)] == list(told)
    await again.close()
    assert_consistent(path)


async def test_spreading_that_is_refused_halfway_is_done_again_as_a_whole(sqlite: SQLiteStore, path: Path) -> None:
    told = tuple(push("LOC1", partner=partner) for partner in "abc")
    await sqlite.change(location("LOC1"), write("one", pushes=told))
    outside = sqlite3.connect(path)
    outside.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON outbox WHEN new.partner = 'b' BEGIN SELECT RAISE(FAIL, 'x'); END"
    )
    outside.commit()
    with pytest.raises(StoreFailed):
        await sqlite.due(10)
    assert await sqlite.waiting() == 3
    assert outside.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    outside.execute("DROP TRIGGER stop")
    outside.commit()
    outside.close()
    assert [one.push for one in await sqlite.due(10)] == list(told)


async def test_who_hears_of_a_change_costs_one_row(sqlite: SQLiteStore, path: Path) -> None:
    partners = [f"partner{number}" for number in range(50)]
    for body in ("one", "two"):
        pushes = tuple(push("LOC1", body, partner) for partner in partners)
        await sqlite.change(location("LOC1"), write(body, pushes=pushes))
    watcher = sqlite3.connect(path)

    def rows() -> list[int]:
        tables = ("outbox", "outbox_shared", "outbox_partners")
        return [watcher.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]

    assert rows() == [0, 2, 1]
    assert len(await sqlite.due(100)) == 50
    assert rows() == [100, 0, 0]
    watcher.close()


async def test_a_store_sees_what_another_readdressed(path: Path) -> None:
    gateway, command = await SQLiteStore.open(path), await SQLiteStore.open(path)
    await gateway.change(location("S1"), write("one", audience="?NL*EMP"))
    assert await walk(gateway, pages_of(audience="?NL*EMP")) == ["one"]
    assert await command.readdress("?NL*EMP", "emsp") == 1
    assert await walk(gateway, pages_of(audience="?NL*EMP")) == []
    assert await walk(gateway, pages_of(audience="emsp")) == ["one"]
    assert await gateway.get(location("S1")) == stored(1, "one", audience="emsp")
    assert await gateway.readdress("emsp", "hub") == 1
    assert await command.get(location("S1")) == stored(1, "one", audience="hub")
    await command.close()
    await gateway.close()
    assert_consistent(path)


async def test_two_processes_may_make_the_file_at_once(path: Path) -> None:
    stores = await asyncio.gather(*(SQLiteStore.open(path) for _ in range(4)))
    for number, store in enumerate(stores):
        await store.change(location(f"L{number}"), write(str(number)))
    assert await walk(stores[0], pages_of()) == ["0", "1", "2", "3"]
    for store in stores:
        await store.close()


async def test_a_status_change_writes_one_object_row_and_no_counter(sqlite: SQLiteStore, path: Path) -> None:
    await fill(sqlite, "LOC1", "LOC2", "LOC3")
    watcher = sqlite3.connect(path)
    watcher.executescript(
        "CREATE TABLE seen (what TEXT);"
        "CREATE TRIGGER o AFTER UPDATE ON objects BEGIN INSERT INTO seen VALUES ('object ' || new.id); END;"
        "CREATE TRIGGER c AFTER UPDATE ON counters BEGIN INSERT INTO seen VALUES ('counter'); END;"
        "CREATE TRIGGER ci AFTER INSERT ON counters BEGIN INSERT INTO seen VALUES ('counter'); END;"
    )
    await sqlite.change(location("LOC2"), write("with another EVSE status", 99))
    assert watcher.execute("SELECT what FROM seen").fetchall() == [("object LOC2",)]
    watcher.close()


async def test_a_polled_page_is_served_from_memory_until_its_list_changes(sqlite: SQLiteStore) -> None:
    await fill(sqlite, "LOC1", "LOC2")
    await sqlite.change(location("T1", module="tariffs"), write("tariff"))
    page = await sqlite.page(pages_of())
    assert await sqlite.page(pages_of()) is page
    await sqlite.change(location("T1", module="tariffs"), write("tariff", 1))
    assert await sqlite.page(pages_of()) is page
    await sqlite.change(location("LOC1"), write("LOC1", 1))
    again = await sqlite.page(pages_of())
    assert again == page
    assert again is not page
    await sqlite.delete_of_party(Side.THEIRS, "locations", TNM)
    assert await sqlite.page(pages_of()) == page_of(total=0)


async def test_a_page_in_memory_is_of_one_audience_and_good_until_that_changes(sqlite: SQLiteStore) -> None:
    await sqlite.change(location("A"), write("for all"))
    await sqlite.change(location("B"), write("for emsp", audience="emsp"))
    await sqlite.change(location("C"), write("for hub", audience="hub"))
    everybody, emsp, hub = [await sqlite.page(pages_of(audience=name)) for name in ("", "emsp", "hub")]
    await sqlite.change(location("B"), write("for emsp again", audience="emsp"))
    assert await sqlite.page(pages_of()) is everybody
    assert await sqlite.page(pages_of(audience="hub")) is hub
    assert await sqlite.page(pages_of(audience="emsp")) != emsp
    await sqlite.readdress("hub", "emsp")
    assert await sqlite.page(pages_of()) is everybody
    assert await sqlite.page(pages_of(audience="hub")) == page_of(total=0)
    assert await sqlite.page(pages_of(audience="emsp")) == page_of(b"for emsp again", b"for hub", total=2)


async def test_counts_are_right_when_objects_come_and_are_readdressed_in_one_commit(
    sqlite: SQLiteStore, path: Path
) -> None:
    def come_and_move(transaction: Transaction) -> list[int]:
        moved = []
        for id, old, new in (("1", "?NL*EMP", "emsp"), ("2", "emsp", "hub"), ("3", "?NL*EMP", "hub")):
            objects.change(transaction, location(id), write(id, audience="?NL*EMP"), 0)
            moved.append(objects.readdress(transaction, old, new))
        return moved

    assert await sqlite._writer.submit(come_and_move) == [1, 1, 2]
    assert await walk(sqlite, pages_of(audience="hub")) == ["1", "2", "3"]
    assert await walk(sqlite, pages_of(audience="emsp")) == []
    await sqlite.close()
    assert_consistent(path)


async def test_readdressing_is_done_again_when_its_commit_was_undone(sqlite: SQLiteStore, path: Path) -> None:
    await sqlite.change(location("S1"), write("one", audience="?NL*EMP"))
    moved, wrong = await asyncio.gather(
        sqlite.readdress("?NL*EMP", "emsp"),
        sqlite.change(location("S2"), write("x", 2**70, audience="hub")),  # more than the database's integers hold
        return_exceptions=True,
    )
    assert (moved, type(wrong)) == (1, OverflowError)
    assert await walk(sqlite, pages_of(audience="emsp")) == ["one"]
    await sqlite.close()
    assert_consistent(path)


async def test_one_statement_finds_an_object_among_many_owners(sqlite: SQLiteStore) -> None:
    owners = [PartyId("NL", f"{number:03d}") for number in range(200)]
    await sqlite.change_all([(location("S1", owner), write(str(owner), 1)) for owner in owners[150:]])
    asked: list[str] = []
    sqlite._reading.set_trace_callback(asked.append)
    found = await sqlite.find(Side.THEIRS, "locations", "S1", owners)
    assert found is not None
    assert found.body.decode() == str(owners[150])
    assert len([sql for sql in asked if "FROM objects" in sql]) == 1


async def test_pages_in_memory_are_bounded(path: Path) -> None:
    store = await SQLiteStore.open(path, page_cache_mb=1)
    big = "x" * 200_000
    for number in range(20):
        await store.change(location(f"L{number}"), write(big, number))
    first = await store.page(pages_of(1))
    assert await store.page(pages_of(1)) is first
    for number in range(1, 20):
        await store.page(pages_of(1, offset=number))
    assert await store.page(pages_of(1)) is not first
    too_big = await store.page(pages_of(3))
    assert await store.page(pages_of(3)) is not too_big
    await store.close()


async def test_offsets_across_many_blocks_are_exact(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "BLOCK", 8)
    monkeypatch.setattr(pages, "BLOCK", 8)
    ids = [f"{n:03d}" for n in range(100)]
    for id in ids:
        await sqlite.change(location(id, BEC if int(id) % 3 == 0 else TNM), write(id, 1))
    for id in ids[16:40:2]:
        await sqlite.change(location(id, BEC if int(id) % 3 == 0 else TNM), remove())
    left = [id for id in ids if not (16 <= int(id) < 40 and int(id) % 2 == 0)]
    bec = [id for id in left if int(id) % 3 == 0]
    for offset in range(len(left) + 2):
        page = await sqlite.page(pages_of(4, offset=offset))
        assert [body.decode() for body in page.bodies] == left[offset : offset + 4]
        page = await sqlite.page(pages_of(4, offset=offset, owner=BEC))
        assert [body.decode() for body in page.bodies] == bec[offset : offset + 4]


async def test_long_walks_by_date_leave_the_event_loop(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "QUICK_STEPS", 3)
    await fill(sqlite, *(f"LOC{number}" for number in range(9)))
    page = await sqlite.page(pages_of(2, date_from=10, offset=4))
    assert (page.bodies, page.total) == ((b"LOC5", b"LOC6"), 8)
    assert await walk(sqlite, pages_of(2, date_from=60)) == ["LOC6", "LOC7", "LOC8"]
    assert await walk(sqlite, pages_of(2, date_from=10, owner=TNM)) == [f"LOC{number}" for number in range(1, 9)]


async def test_offsets_by_date_are_exact_from_either_end_and_count_once(sqlite: SQLiteStore) -> None:
    await sqlite.change_all([(location(f"{n:02d}"), write(f"{n:02d}", n // 3)) for n in range(30)])
    asked: list[str] = []
    sqlite._reading.set_trace_callback(asked.append)
    for offset in range(32):
        page = await sqlite.page(pages_of(4, date_from=1, offset=offset))
        assert [body.decode() for body in page.bodies] == [f"{n:02d}" for n in range(30)][3:][offset : offset + 4]
        assert page.total == 27
        assert (page.next is None) == (offset + 4 >= 27)
    assert sum("count(*)" in sql for sql in asked) == 1
    await sqlite.change(location("NEW"), write("NEW", 50))
    assert (await sqlite.page(pages_of(4, date_from=1, offset=25))).total == 28


async def test_remembered_totals_are_bounded(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST_TOTALS", 4)
    await fill(sqlite, "A", "B")
    for moment in range(10):
        await sqlite.page(pages_of(4, date_from=moment))
    assert len(sqlite._pages._totals) <= 4


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (objects._READ, "objects_id (side=? AND module=? AND id=? AND country_code=? AND party_id=?)"),
        (objects._FIND, "objects_id (side=? AND module=? AND id=?)"),
        ("SELECT count(*) " + objects._OF_PARTY, "objects_owner_"),
        ("DELETE " + objects._OF_PARTY, "objects_owner_"),
        (pages._BY_CREATION[False], "objects_created"),
        (pages._BY_CREATION[True], "objects_owner_created"),
        (pages._SAME_MOMENT_AFTER[False], "objects_changed"),
        (pages._SAME_MOMENT_AFTER[True], "objects_owner_changed"),
        (pages._LATER[False], "objects_changed"),
        (pages._LATER[True], "objects_owner_changed"),
        (pages._BY_CHANGE_AT[False], "COVERING INDEX objects_changed"),
        (pages._BY_CHANGE_AT[True], "COVERING INDEX objects_owner_changed"),
        (pages._BY_CHANGE_FROM_END[False], "COVERING INDEX objects_changed"),
        (pages._BY_CHANGE_FROM_END[True], "COVERING INDEX objects_owner_changed"),
        (pages._COUNT_BY_CHANGE[False], "COVERING INDEX objects_changed"),
        (pages._COUNT_BY_CHANGE[True], "COVERING INDEX objects_owner_changed"),
    ],
)
async def test_everything_is_read_along_its_index(sqlite: SQLiteStore, path: Path, sql: str, index: str) -> None:
    looker = sqlite3.connect(path)
    plan = str(looker.execute("EXPLAIN QUERY PLAN " + sql, (1,) * sql.count("?")).fetchall())
    looker.close()
    assert index in plan
    assert "SCAN objects" not in plan


async def test_walks_by_date_do_not_slow_down_where_all_moments_are_equal(sqlite: SQLiteStore) -> None:
    await sqlite.change_all([(location(str(number)), write(str(number), 7)) for number in range(3000)])
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    after = (await sqlite.page(pages_of(10, date_from=0))).next
    sqlite._reading.set_progress_handler(step, 1)
    while after is not None:
        steps = 0
        after = (await sqlite.page(pages_of(10, date_from=0, after=after))).next
        assert steps < 500


async def test_a_refusal_of_the_database_fails_one_change_and_no_other(sqlite: SQLiteStore) -> None:
    wrong = write("x", 2**70)  # more than the database's integers hold
    outcomes = await asyncio.gather(
        sqlite.change(location("LOC1"), write("one", pushes=(push("LOC1"),))),
        sqlite.change(location("LOC2"), wrong),
        sqlite.change(location("LOC3"), write("three")),
        sqlite.change_document("a", "b", lambda before: b"doc"),
        sqlite.change(location("LOC4", module="\ud800"), write("no text")),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Outcome",
        "OverflowError",
        "Outcome",
        "bytes",
        "UnicodeEncodeError",
    ]
    assert await walk(sqlite, pages_of()) == ["one", "three"]
    assert await sqlite.waiting() == 1
    assert await sqlite.document("a", "b") == b"doc"


async def test_a_full_disk_fails_the_change_and_keeps_what_was_acknowledged(path: Path) -> None:
    store = await SQLiteStore.open(path)
    await fill(store, "LOC1", "LOC2")
    connection = store._writer._connection
    (pages_now,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages_now + 5}").fetchall()
    big = [store.change(location(f"BIG{n}"), write("x" * 20_000, pushes=(push("BIG"),))) for n in range(4)]
    small = store.change(location("LOC3"), write("LOC3"))
    outcomes = await asyncio.gather(*big, small, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[:-1]].count(StoreFailed) >= 3
    assert "full" in str(next(outcome for outcome in outcomes if isinstance(outcome, StoreFailed)))
    assert not isinstance(outcomes[-1], BaseException)
    with pytest.raises(StoreFailed) as failure:
        await store.change(location("BIG9"), write("x" * 20_000))
    assert (failure.value.http_status, failure.value.ocpi_status) == (500, 3000)
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    assert (await store.change(location("BIG9"), write("x" * 20_000))).created
    assert await store.get(location("LOC3")) is not None
    await store.close()
    assert_consistent(path)


async def test_a_lock_that_another_process_keeps_is_an_error_and_then_over(sqlite: SQLiteStore, path: Path) -> None:
    sqlite._writer._connection.execute("PRAGMA busy_timeout = 1").fetchall()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        *(sqlite.change(location(f"L{n}"), write("x")) for n in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreFailed] * 3
    assert "locked" in str(outcomes[0])
    assert await sqlite.get(location("L0")) is None
    other.execute("ROLLBACK")
    other.close()
    assert (await sqlite.change(location("L0"), write("x"))).created


async def test_a_file_that_became_read_only_refuses_changes_and_still_reads(sqlite: SQLiteStore) -> None:
    await fill(sqlite, "LOC1")
    sqlite._writer._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreFailed, match="readonly"):
        await sqlite.change(location("LOC1"), write("x"))
    assert await walk(sqlite, pages_of()) == ["LOC1"]


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\x00" + b"\xff" * 84]
)
async def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    overwrite(path, content)
    with pytest.raises(UsageError, match=r"store\.db: cannot be used as a database"):
        await SQLiteStore.open(path)
    assert read(path) == content


async def test_a_file_that_another_process_keeps_locked_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await SQLiteStore.open(path)).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(connection, "BUSY_S", 0.001)
    with pytest.raises(UsageError, match=r"store\.db: cannot be used as a database: database is locked"):
        await SQLiteStore.open(path)
    other.close()
    await (await SQLiteStore.open(path)).close()


async def test_a_file_that_was_cut_short_is_refused(path: Path) -> None:
    store = await SQLiteStore.open(path)
    await fill(store, *(f"LOC{number}" for number in range(500)))
    await store.close()
    overwrite(path, read(path)[:8192])
    with pytest.raises(UsageError, match="malformed"):
        await SQLiteStore.open(path)


async def test_damage_that_shows_later_is_an_error_of_the_store(path: Path) -> None:
    store = await SQLiteStore.open(path)
    await store.change_all([(location(f"LOC{number}"), write("x" * 500, number)) for number in range(500)])
    await store.change_document("a", "b", lambda before: b"doc")
    await store.close()
    content = bytearray(read(path))
    content[4096 * 2 :] = b"\xee" * (len(content) - 4096 * 2)
    opened = sqlite3.connect(path)
    (meta,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = 'meta'").fetchone()
    index = opened.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'meta'").fetchall()
    opened.close()
    whole = read(path)
    for (root,) in [(meta,), *index]:
        content[(root - 1) * 4096 : root * 4096] = whole[(root - 1) * 4096 : root * 4096]
    overwrite(path, content)
    store = await SQLiteStore.open(path)
    for look in (
        store.get(location("LOC1")),
        store.find(Side.THEIRS, "locations", "LOC1", [TNM]),
        store.page(pages_of()),
        store.count(Side.THEIRS, "locations"),
        store.document("a", "b"),
        store.documents("a"),
        store.due(1),
        store.waiting(),
        store.wait_for_work(1),
    ):
        with pytest.raises(StoreFailed, match="malformed"):
            await look
    with pytest.raises(StoreFailed, match="malformed"):
        await store.change(location("LOC1"), write("x"))
    await store.close()
    with pytest.raises(StoreFailed, match="closed"):
        await store.revision("partner")


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unable to open database file"):
        await SQLiteStore.open(tmp_path / "nowhere" / "store.db")


async def test_a_store_without_a_log_file_is_refused() -> None:
    with pytest.raises(UsageError, match="shared memory"):
        await SQLiteStore.open(":memory:")


async def test_a_store_whose_event_loop_is_gone_still_commits(path: Path) -> None:
    def leave() -> SQLiteStore:
        loop = asyncio.new_event_loop()
        store = loop.run_until_complete(SQLiteStore.open(path))
        store._writer._connection.execute("BEGIN IMMEDIATE")  # hold the writer until the loop is closed
        store._writer._connection.execute("ROLLBACK")
        task = loop.create_task(store.change(location("LOC1"), write("x")))
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
        return store

    store = await asyncio.to_thread(leave)
    await store.close()
    again = await SQLiteStore.open(path)
    assert await again.count(Side.THEIRS, "locations") == 1
    await again.close()
