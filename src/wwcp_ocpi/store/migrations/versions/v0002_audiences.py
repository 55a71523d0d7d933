# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists have an audience, objects are found by id among many owners, pushes may have a qualifier.

The two tables are made anew, because SQLite cannot drop a constraint; from here on what is unique is an index,
which can be dropped. What was there is for everybody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _lists()
    _objects()
    op.add_column("outbox", sa.Column("qualifier", sa.Text))


def _lists() -> None:
    op.create_table(
        "new_lists",
        sa.Column("list", _Number, primary_key=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO new_lists SELECT list, side, module, version, '', count, generation FROM lists")
    op.drop_table("lists")
    op.rename_table("new_lists", "lists")
    op.create_index("lists_name", "lists", ["side", "module", "version", "audience"], unique=True)


def _objects() -> None:
    op.create_table(
        "new_objects",
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
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO new_objects SELECT * FROM objects ORDER BY seq")
    # The highest number ever given, which may be that of an object long removed, and must not be given again.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'new_objects'")
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'new_objects', seq FROM sqlite_sequence WHERE name = 'objects'"
    )
    op.drop_table("objects")
    op.rename_table("new_objects", "objects")
    op.create_index("objects_id", "objects", ["side", "module", "id", "country_code", "party_id"], unique=True)
    op.create_index("objects_created", "objects", ["list", "seq"])
    op.create_index("objects_changed", "objects", ["list", "last_updated", "seq"])
    op.create_index("objects_owner_created", "objects", ["list", "country_code", "party_id", "seq"])
    op.create_index("objects_owner_changed", "objects", ["list", "country_code", "party_id", "last_updated", "seq"])
