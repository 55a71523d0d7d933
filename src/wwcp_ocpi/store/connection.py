# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening a database file: is it ours, is it whole, can it be written, is its schema ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.store import migrations

BUSY_S = 30.0
"""How long to wait for another process that is writing."""

_SETTINGS = (
    # FULL: the log is on disk before a change is acknowledged; NORMAL would lose the last ones with the power.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA temp_store = MEMORY",
    # 16 MB of log between checkpoints: each one costs two more fsyncs and random writes to the main file.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)


def connect(path: Path, cache_kb: int) -> sqlite3.Connection:
    """A connection in autocommit mode; which thread uses it, and that only one does, is up to the caller."""
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    for setting in (*_SETTINGS, f"PRAGMA cache_size = -{cache_kb}"):
        connection.execute(setting).fetchall()
    return connection


def prepare(path: Path, cache_kb: int) -> sqlite3.Connection:
    """The writing connection to a file that exists, is in WAL mode and has our schema; makes it so if needed.

    Raises:
        UsageError: the file cannot be used, and why.
    """
    try:
        connection = connect(path, cache_kb)
    except sqlite3.Error as error:
        raise UsageError(f"{path}: cannot be used as a database: {error}") from error
    try:
        current = migrations.is_current(connection, str(path))
        _log_ahead(connection, path)
        if not current:
            migrations.upgrade(connection, str(path))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise UsageError(f"{path}: cannot be used as a database: {error}") from error
        raise
    return connection


def _log_ahead(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise UsageError(f"{path}: needs a file system with shared memory (journal mode stayed {mode!r})")
