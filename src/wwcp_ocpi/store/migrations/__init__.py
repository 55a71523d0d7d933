# SPDX-License-Identifier: AGPL-3.0-or-later
"""Brings a database file to the schema of this program. To change the schema: five steps.

1. Change `schema.py`. 2. Add `versions/v000N_what.py` with `revision = "N"`, `down_revision = "N-1"`.
3. Set SCHEMA_VERSION to N. 4. Add `tests/store/schemas/N.sql`, made by `sqlite3 FILE .dump`.
5. Run the tests: they migrate every older dump, and compare the outcome with `schema.py`.

The version is kept in the file's `user_version`, which costs nothing to look at; alembic and SQLAlchemy are
imported only when there is something to do.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from wwcp_ocpi.protocol.errors import UsageError

SCHEMA_VERSION = 5
APPLICATION_ID = 0x4F435049
"""`OCPI` in ASCII, at byte 68 of the file: tells our files from those of other programs."""

_one_at_a_time = threading.Lock()
"""alembic keeps what it works on in global names: two databases of one process would get mixed up."""


def is_current(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the file has the schema of this program.

    Raises:
        UsageError: a newer program made the file, or another program did.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and owner != APPLICATION_ID:
        raise UsageError(f"{name}: this is the SQLite database of another program")
    if found > SCHEMA_VERSION:
        raise UsageError(
            f"{name}: made by a newer program (schema {found}, this one knows {SCHEMA_VERSION}); upgrade first"
        )
    return bool(found == SCHEMA_VERSION)


def upgrade(connection: sqlite3.Connection, name: str) -> None:
    """Run the missing migrations in one transaction; a second process that comes along meanwhile waits for it.

    Args:
        connection: in autocommit mode (`isolation_level=None`).

    Raises:
        UsageError: the database refused; the file is as it was.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with _one_at_a_time, engine.connect() as bound:
            bound.exec_driver_sql("BEGIN IMMEDIATE")
            if is_current(connection, name):
                return
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
            config.attributes["connection"] = bound
            command.upgrade(config, "head")
            bound.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            bound.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            bound.commit()
    except DBAPIError as error:
        raise UsageError(f"{name}: cannot be brought to schema {SCHEMA_VERSION}: {error.orig}") from error
