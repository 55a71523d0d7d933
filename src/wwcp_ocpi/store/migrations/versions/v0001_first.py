# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects with their lists and counters, documents, the outbox."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "lists",
        sa.Column("list", _Number, primary_key=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("side", "module", "version"),
    )
    op.create_table(
        "objects",
        sa.Column("seq", _Number, primary_key=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("country_code", sa.Text, nullable=False),
        sa.Column("party_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("list", _Number, sa.ForeignKey("lists.list"), nullable=False),
        sa.Column("last_updated", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("side", "module", "country_code", "party_id", "id"),
        sqlite_autoincrement=True,
    )
    op.create_index("objects_created", "objects", ["list", "seq"])
    op.create_index("objects_changed", "objects", ["list", "last_updated", "seq"])
    op.create_index("objects_owner_created", "objects", ["list", "country_code", "party_id", "seq"])
    op.create_index("objects_owner_changed", "objects", ["list", "country_code", "party_id", "last_updated", "seq"])
    op.create_table(
        "counters",
        sa.Column("list", _Number, sa.ForeignKey("lists.list"), primary_key=True),
        sa.Column("country_code", sa.Text, primary_key=True),
        sa.Column("party_id", sa.Text, primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("number", _Number, primary_key=True),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("country_code", sa.Text, nullable=False),
        sa.Column("party_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_due", "outbox", ["due_at", "number"])
    op.create_index("outbox_object", "outbox", ["partner", "module", "country_code", "party_id", "id", "number"])
    meta = op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(meta, [{"name": "documents", "value": 0}, {"name": "cursor_key", "value": secrets.randbits(63)}])
