# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects know when they were first stored. Of those that are there already nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    op.add_column("objects", sa.Column("created", sa.BigInteger))
