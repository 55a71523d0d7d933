# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables, once for every database. Migrations lead to exactly this, and a test holds them to it.

Not imported when a file is opened that is up to date: only migrations need SQLAlchemy.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

_Number = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER, which there has 64 bits."""

lists = Table(
    "lists",
    metadata,
    Column("list", _Number, primary_key=True),
    Column("side", Text, nullable=False),
    Column("module", Text, nullable=False),
    # The partner that alone may see the objects; empty: all who may see the module.
    Column("audience", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    # Grows with every transaction that touched an object of the list: a cached page is good while it stands.
    Column("generation", BigInteger, nullable=False),
    Index("lists_name", "side", "module", "audience", unique=True),
)

objects = Table(
    "objects",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("side", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("list", _Number, ForeignKey("lists.list"), nullable=False),
    Column("version", Text, nullable=False),
    Column("last_updated", BigInteger, nullable=False),
    # Microseconds since 1970; NULL where it was stored before this was kept.
    Column("created", BigInteger),
    Column("source", Text, nullable=False),
    # Last, for what stands behind a large value is read through it.
    Column("body", LargeBinary, nullable=False),
    # The id before the owner: an object is also looked for among many owners. What one party owns is found by list.
    Index("objects_id", "side", "module", "id", "country_code", "party_id", unique=True),
    Index("objects_created", "list", "seq"),
    Index("objects_changed", "list", "last_updated", "seq"),
    Index("objects_owner_created", "list", "country_code", "party_id", "seq"),
    Index("objects_owner_changed", "list", "country_code", "party_id", "last_updated", "seq"),
    # A number is never given twice, even after the newest object was removed: a cursor must not skip its successor.
    sqlite_autoincrement=True,
)

counters = Table(
    "counters",
    metadata,
    Column("list", _Number, ForeignKey("lists.list"), primary_key=True),
    # Both empty: the objects of all owners.
    Column("country_code", Text, primary_key=True),
    Column("party_id", Text, primary_key=True),
    # seq // 4096: an offset is found by adding up blocks, and then walks through one of them.
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

documents = Table(
    "documents",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    # A JSON array of the ids below the object.
    Column("parts", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Microseconds since 1970; NULL while an older push of the same object is not done.
    Column("due_at", BigInteger),
    Column("attempts", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    # What names the object together with its id, where something does.
    Column("qualifier", Text),
    Index("outbox_due", "due_at", "number"),
    Index("outbox_object", "partner", "module", "country_code", "party_id", "id", "number"),
    sqlite_autoincrement=True,
)

# What several partners must hear and was not yet made into rows of the outbox: once, whoever hears of it.
outbox_shared = Table(
    "outbox_shared",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("partners", _Number, ForeignKey("outbox_partners.number"), nullable=False),
    # Microseconds since 1970; the rows of the outbox are due from then on.
    Column("written_at", BigInteger, nullable=False),
    Column("module", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("parts", Text, nullable=False),
    Column("qualifier", Text),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

outbox_partners = Table(
    "outbox_partners",
    metadata,
    Column("number", _Number, primary_key=True),
    # A JSON array of the ids of partners, in the order in which they are told.
    Column("partners", Text, nullable=False),
    # Not unique: two become equal when a partner leaves.
    Index("outbox_partners_of", "partners"),
)

meta = Table(
    "meta",
    metadata,
    # `documents.<kind>` grows with every transaction that wrote one of the kind.
    # `cursor_key`: what cursors are signed with.
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
