# SPDX-License-Identifier: AGPL-3.0-or-later
"""A list holds the objects of all versions, and each object knows its own.

Lists that differed by their version only become one: the one with the lowest number. Both tables are made anew, for
SQLite puts a column that is added behind the body, and reads through the body to get at it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.execute(
        "CREATE TEMPORARY TABLE same AS SELECT list, version, (SELECT min(list) FROM lists other WHERE"
        " other.side = lists.side AND other.module = lists.module AND other.audience = lists.audience) AS target"
        " FROM lists"
    )
    _objects()
    _counters()
    _lists()
    op.execute("DROP TABLE same")


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
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("last_updated", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO new_objects SELECT seq, side, module, country_code, party_id, id, target, version, last_updated,"
        " created, source, body FROM objects JOIN same USING (list) ORDER BY seq"
    )
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


def _counters() -> None:
    op.execute(
        "CREATE TEMPORARY TABLE summed AS SELECT target, country_code, party_id, block, sum(count) AS count"
        " FROM counters JOIN same USING (list) GROUP BY target, country_code, party_id, block"
    )
    op.execute("DELETE FROM counters")
    op.execute("INSERT INTO counters SELECT target, country_code, party_id, block, count FROM summed")
    op.execute("DROP TABLE summed")


def _lists() -> None:
    op.create_table(
        "new_lists",
        sa.Column("list", _Number, primary_key=True),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO new_lists SELECT min(list), side, module, audience, sum(count), max(generation) + 1 FROM lists"
        " GROUP BY side, module, audience"
    )
    op.drop_table("lists")
    op.rename_table("new_lists", "lists")
    op.create_index("lists_name", "lists", ["side", "module", "audience"], unique=True)
