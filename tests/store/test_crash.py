# SPDX-License-Identifier: AGPL-3.0-or-later
"""`kill -9` at any moment loses nothing that was acknowledged, and leaves nothing half done."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import wwcp_ocpi
from tests.store.consistency import assert_consistent
from tests.store.crash_child import OWNER, PARTNERS, WORKERS, audience_of, name, state_at
from wwcp_ocpi.store.ports import Key, Side
from wwcp_ocpi.store.sqlite import SQLiteStore


def _write_until_killed(path: Path, run: int, lines: int) -> dict[str, dict[int, int]]:
    """Run a child, kill it after it said so many lines; what it said: kind, worker, last number."""
    source = str(Path(wwcp_ocpi.__path__[0]).parent)
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "crash_child.py"), str(path), str(run)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    )
    said: dict[str, dict[int, int]] = defaultdict(dict)
    with child:
        assert child.stdout is not None
        for count, line in enumerate(child.stdout):
            if not line.endswith(b"\n"):
                break
            what, worker, number = line.decode().split()
            said[what][int(worker)] = int(number)
            if count == lines:
                child.kill()
    return said


async def _check(path: Path, run: int, said: dict[str, dict[int, int]], before: dict[str, bytes | None]) -> None:
    """What was acknowledged is there, at most one more step of each worker is, and earlier runs are untouched."""
    assert_consistent(path)
    store = await SQLiteStore.open(path)
    heard: dict[tuple[str, str], list[int]] = defaultdict(list)
    while due := await store.due(1000):
        for delivery in due:
            heard[delivery.push.partner, delivery.push.id].append(int(delivery.push.body))
        await store.done([delivery.number for delivery in due])
    for worker in range(WORKERS):
        id = name(run, worker)
        acknowledged = said["object"].get(worker, 0)
        found = await store.get(Key(Side.THEIRS, "locations", OWNER, id))
        state = found.body if found else None
        possible = [acknowledged, acknowledged + 1]
        assert state in [state_at(number) if number else None for number in possible], (id, acknowledged)
        assert found is None or found.audience == audience_of(found.body)
        delivered = said["delivered"].get(worker, 0)
        sent = heard[PARTNERS[0], id]
        assert [heard[partner, id] for partner in PARTNERS] == [sent] * len(PARTNERS)
        assert sent == list(range(sent[0], sent[-1] + 1)) if sent else True
        assert (sent[-1] if sent else acknowledged) in possible
        assert (sent[0] if sent else acknowledged + 1) in (delivered + 1, delivered + 2)
        document = await store.document("crash", id)
        acknowledged = said["document"].get(worker, 0)
        assert document in [state_at(number) if number else None for number in (acknowledged, acknowledged + 1)]
        before[id] = state
    for id, state in before.items():
        found = await store.get(Key(Side.THEIRS, "locations", OWNER, id))
        assert (found.body if found else None) == state
    assert await store.count(Side.THEIRS, "locations") == sum(state is not None for state in before.values())
    await store.close()
    assert_consistent(path)


async def _crash(path: Path, rounds: int, most_lines: int) -> None:
    chance = random.Random()
    before: dict[str, bytes | None] = {}
    for run in range(rounds):
        said = _write_until_killed(path, run, chance.randrange(most_lines))
        await _check(path, run, said, before)


async def test_a_killed_process_loses_nothing_it_acknowledged(path: Path) -> None:
    await _crash(path, 4, 1000)


@pytest.mark.crash_long
async def test_a_process_killed_very_often_loses_nothing_it_acknowledged(path: Path) -> None:
    await _crash(path, 150, 20_000)
