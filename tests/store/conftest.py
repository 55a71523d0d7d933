# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stores that must all do the same, and a clock that moves when told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.objects import Clock
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Store
from wwcp_ocpi.store.sqlite import SQLiteStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, path: Path, clock: Clock) -> AsyncIterator[Store]:
    opened: Store = MemoryStore(clock=clock) if request.param == "memory" else await SQLiteStore.open(path, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(path: Path, clock: Clock) -> AsyncIterator[SQLiteStore]:
    opened = await SQLiteStore.open(path, clock=clock)
    yield opened
    await opened.close()
