# SPDX-License-Identifier: AGPL-3.0-or-later
"""Retries without waiting, for every test of the client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long the client would have waited between its tries, in seconds."""
    waited: list[float] = []

    async def sleep(delay: float) -> None:
        waited.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with stamina.set_testing(False):
        yield waited
