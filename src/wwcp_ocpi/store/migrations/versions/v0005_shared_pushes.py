# SPDX-License-Identifier: AGPL-3.0-or-later
"""What several partners must hear is written once, and becomes rows of the outbox later. Those that wait stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "outbox_partners",
        sa.Column("number", _Number, primary_key=True),
        sa.Column("partners", sa.Text, nullable=False),
    )
    op.create_index("outbox_partners_of", "outbox_partners", ["partners"])
    op.create_table(
        "outbox_shared",
        sa.Column("number", _Number, primary_key=True),
        sa.Column("partners", _Number, sa.ForeignKey("outbox_partners.number"), nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("module", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("country_code", sa.Text, nullable=False),
        sa.Column("party_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sa.Column("qualifier", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
