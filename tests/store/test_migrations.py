# SPDX-License-Identifier: AGPL-3.0-or-later
"""Schema versions: files of every earlier version open with everything in them, files of a later one do not."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import wwcp_ocpi
from tests.store.consistency import assert_consistent
from tests.store.objects import BEC, TNM, location, pages_of, push, stored, walk, write
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.store import migrations, schema
from wwcp_ocpi.store.ports import Delivery, Side
from wwcp_ocpi.store.sqlite import SQLiteStore

SCHEMAS = Path(__file__).parent / "schemas"


def read(path: Path) -> bytes:
    return path.read_bytes()


def _column_and_index_names(path: Path) -> dict[str, object]:
    file = sqlite3.connect(path)
    names = {
        name: re.sub(r"\s*([(),]|\s)\s*", r"\1", sql.replace('"', ""))  # a renamed table has its name in quotes
        for name, sql in file.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        if not name.startswith(("sqlite_", "alembic_"))
    }
    file.close()
    return dict(sorted(names.items()))


async def test_migrations_lead_to_the_declared_schema(path: Path, tmp_path: Path) -> None:
    await (await SQLiteStore.open(path)).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()
    declared = tmp_path / "declared.db"
    engine = create_engine(f"sqlite:///{declared}")
    schema.metadata.create_all(engine)
    engine.dispose()
    assert _column_and_index_names(path) == _column_and_index_names(declared)


def test_the_newest_migration_is_the_schema_of_this_program() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == str(migrations.SCHEMA_VERSION)
    assert {int(dump.stem) for dump in SCHEMAS.glob("*.sql")} == set(range(1, migrations.SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", range(1, migrations.SCHEMA_VERSION + 1))
async def test_a_file_of_each_schema_opens_with_everything_in_it(path: Path, version: int) -> None:
    file = sqlite3.connect(path)
    file.executescript((SCHEMAS / f"{version}.sql").read_text())
    file.close()
    store = await SQLiteStore.open(path)
    assert await store.get(location("LOC1")) == stored(1, '{"id": "LOC1"}', 10, source="emsp")
    assert await walk(store, pages_of(1)) == ['{"id": "LOC1"}', '{"id": "LOC2"}']
    assert await store.count(Side.THEIRS, "locations") == 2
    assert await store.documents("partner") == [("emsp", b"{}")]
    assert await store.due(9) == [Delivery(number=1, push=push("LOC1", "{}", parts=("E1",)), attempts=1, error="busy")]
    assert await store.waiting() == 2
    assert (await store.change(location("LOC3", TNM), write("new"))).created
    assert await walk(store, pages_of(1, owner=TNM)) == ['{"id": "LOC1"}', "new"]
    await store.close()
    assert_consistent(path)
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA user_version").fetchone() == (migrations.SCHEMA_VERSION,)
    file.close()


async def open_first(path: Path, *changes: str) -> SQLiteStore:
    """A file of schema 1 with these statements done to it, opened by this program."""
    file = sqlite3.connect(path)
    file.executescript((SCHEMAS / "1.sql").read_text())
    file.executescript(";".join(changes))
    file.close()
    return await SQLiteStore.open(path)


async def test_what_a_file_held_before_there_were_audiences_is_for_everybody(path: Path) -> None:
    store = await open_first(
        path,
        "INSERT INTO lists VALUES (2, 'theirs', 'locations', '2.1.1', 1, 7)",
        "INSERT INTO objects VALUES (5000, 'theirs', 'locations', 'NL', 'TNM', 'LOC5', 2, 50, '', x'6F6C64')",
        "INSERT INTO counters VALUES (2, '', '', 1, 1), (2, 'NL', 'TNM', 1, 1)",
    )
    assert await store.get(location("LOC5")) == stored(5000, "old", 50, "2.1.1")
    assert await walk(store, pages_of(1, date_from=20)) == ['{"id": "LOC2"}', "old"]
    assert await walk(store, pages_of(1, owner=TNM)) == ['{"id": "LOC1"}', "old"]
    assert await walk(store, pages_of(audience="emsp")) == []
    assert await store.count(Side.THEIRS, "locations") == 3
    assert await store.find(Side.THEIRS, "locations", "LOC5", [BEC, TNM]) == stored(5000, "old", 50, "2.1.1")
    outcome = await store.change(location("LOC1"), write("for one", 60, audience="emsp"))
    assert outcome.after == stored(1, "for one", 60, audience="emsp")
    assert await walk(store, pages_of(audience="emsp")) == ["for one"]
    assert await store.delete_of_party(Side.THEIRS, "locations", TNM) == 2
    await store.close()
    assert_consistent(path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'objects'",), 10),
        (("DELETE FROM objects", "DELETE FROM counters", "UPDATE lists SET count = 0"), 3),
        (("DELETE FROM objects", "DELETE FROM lists", "DELETE FROM counters", "DELETE FROM sqlite_sequence"), 1),
    ],
    ids=["newest removed", "all removed", "never an object"],
)
async def test_a_migrated_file_gives_no_number_twice(path: Path, changes: tuple[str, ...], expected: int) -> None:
    store = await open_first(path, *changes)
    assert (await store.change(location("NEW"), write("new"))).after == stored(expected, "new")
    await store.close()
    assert_consistent(path)


async def test_sessions_for_one_partner_are_kept_by_later_schemas(path: Path) -> None:
    file = sqlite3.connect(path)
    file.executescript((SCHEMAS / "2.sql").read_text())
    file.close()
    store = await SQLiteStore.open(path)
    sessions = pages_of(side=Side.OURS, module="sessions", audience="emsp")
    assert await walk(store, sessions) == ['{"id": "SES1"}']
    assert await store.readdress("?NL*EMP", "emsp") == 1
    assert await walk(store, sessions) == ['{"id": "SES1"}', '{"id": "SES2"}']
    assert await walk(store, pages_of(side=Side.OURS, module="sessions")) == []
    await store.close()
    assert_consistent(path)


async def test_when_an_object_was_created_is_known_from_schema_3_on(path: Path) -> None:
    file = sqlite3.connect(path)
    file.executescript((SCHEMAS / "3.sql").read_text())
    file.close()
    store = await SQLiteStore.open(path, clock=lambda: 2_000_000.0)
    await store.change(location("SES4", TNM, Side.OURS, "sessions"), write("new", audience="emsp"))
    page = await store.page(pages_of(side=Side.OURS, module="sessions", audience="emsp", with_created=True))
    assert page.created == (None, 1_000_006_000_000, 2_000_000_000_000)
    await store.close()
    assert_consistent(path)


async def test_what_waits_in_an_older_file_comes_before_what_several_hear_now(path: Path) -> None:
    file = sqlite3.connect(path)
    file.executescript((SCHEMAS / "4.sql").read_text())
    file.close()
    store = await SQLiteStore.open(path)
    told = tuple(push("LOC1", "new", partner) for partner in ("emsp", "hub"))
    await store.change(location("LOC1"), write("new", 60, pushes=told))
    heard: list[tuple[str, bytes]] = []
    while due := await store.due(9):
        heard += [(one.push.partner, one.push.body) for one in due]
        await store.done([one.number for one in due])
    assert [body for partner, body in heard if partner == "emsp"] == [b"{}", b"{}", b"new"]
    assert ("hub", b"new") in heard
    await store.close()
    assert_consistent(path)


async def test_a_file_of_a_newer_program_is_refused_and_left_alone(path: Path) -> None:
    await (await SQLiteStore.open(path)).close()
    file = sqlite3.connect(path)
    file.execute(f"PRAGMA user_version = {migrations.SCHEMA_VERSION + 1}")
    file.close()
    newer = migrations.SCHEMA_VERSION + 1
    with pytest.raises(UsageError, match=rf"made by a newer program \(schema {newer}, this one knows {newer - 1}\)"):
        await SQLiteStore.open(path)
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA user_version").fetchone() == (migrations.SCHEMA_VERSION + 1,)
    file.close()


async def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    file = sqlite3.connect(path)
    file.execute("CREATE TABLE bookmarks (url TEXT)")
    file.close()
    content = read(path)
    with pytest.raises(UsageError, match="of another program"):
        await SQLiteStore.open(path)
    assert read(path) == content


async def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.upgrade

    def upgrade_and_fail(config: Config, revision: str) -> None:
        real(config, revision)
        config.attributes["connection"].exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as broken:
        broken.setattr(command, "upgrade", upgrade_and_fail)
        with pytest.raises(UsageError, match=r"cannot be brought to schema \d+: no such table: nowhere"):
            await SQLiteStore.open(path)
    assert _column_and_index_names(path) == {}
    store = await SQLiteStore.open(path)
    assert await store.count(Side.THEIRS, "locations") == 0
    await store.close()


async def test_a_file_that_another_process_just_migrated_is_not_migrated_again(path: Path) -> None:
    await (await SQLiteStore.open(path)).close()
    connection = sqlite3.connect(path, isolation_level=None)
    migrations.upgrade(connection, "store.db")
    assert not connection.in_transaction
    connection.close()


async def test_files_that_one_process_opens_at_once_do_not_get_mixed_up(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(SQLiteStore.open(tmp_path / f"{number}.sqlite") for number in range(6)))
    assert [await store.waiting() for store in stores] == [0] * 6
    for store in stores:
        await store.close()


async def test_opening_a_current_file_imports_no_migration_library(path: Path) -> None:
    await (await SQLiteStore.open(path)).close()
    program = (
        "import asyncio, sys\n"
        "from wwcp_ocpi.store.sqlite import SQLiteStore\n"
        "async def main():\n"
        "    store = await SQLiteStore.open(sys.argv[1])\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
        "print([name for name in ('sqlalchemy', 'alembic') if name in sys.modules])\n"
    )
    source = str(Path(wwcp_ocpi.__path__[0]).parent)
    found = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": source},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == "[]\n"


def test_the_schema_is_good_for_postgresql_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables]
    indexes = [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in schema.metadata.tables.values()
        for index in table.indexes
    ]
    assert (len(tables), len(indexes)) == (8, 9)
    assert "seq BIGSERIAL NOT NULL" in "".join(tables)
