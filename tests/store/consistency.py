# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must be true of every file, whatever happened to the process that wrote it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any


def assert_consistent(path: Path, block: int = 4096) -> None:
    """The file is whole, lists hold what they should, counters are right, and queues of the outbox have one head."""
    file = sqlite3.connect(path)

    def ask(sql: str) -> list[Any]:
        return file.execute(sql).fetchall()

    assert ask("PRAGMA integrity_check") == [("ok",)]
    assert ask("PRAGMA foreign_key_check") == []
    assert (
        ask("SELECT seq FROM objects o JOIN lists l USING (list) WHERE (o.side, o.module) != (l.side, l.module)") == []
    )
    assert dict(ask("SELECT list, count FROM lists WHERE count > 0")) == dict(
        ask("SELECT list, count(*) FROM objects GROUP BY list")
    )
    counted = ask(
        f"SELECT list, country_code, party_id, seq / {block} AS block, count(*) FROM objects GROUP BY 1, 2, 3, 4"
        f" UNION ALL SELECT list, '', '', seq / {block}, count(*) FROM objects GROUP BY 1, 4"
    )
    assert sorted(ask("SELECT list, country_code, party_id, block, count FROM counters")) == sorted(counted)
    heads = ask(
        "SELECT min(number) FROM outbox GROUP BY partner, module, country_code, party_id, id ORDER BY min(number)"
    )
    assert ask("SELECT number FROM outbox WHERE due_at IS NOT NULL ORDER BY number") == heads
    assert ask("SELECT count(*) FROM outbox_shared WHERE partners NOT IN (SELECT number FROM outbox_partners)") == [
        (0,)
    ]
    assert ask("SELECT 1 FROM outbox_partners, json_each(partners) GROUP BY number, value HAVING count(*) > 1") == []
    file.close()
