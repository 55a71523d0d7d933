# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents: small things of our own. Every store does the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.store.ports import Store


def always(state: bytes | None) -> Callable[[bytes | None], bytes | None]:
    return lambda before: state


async def test_a_document_is_written_read_changed_and_removed(store: Store) -> None:
    assert await store.document("partner", "emsp") is None
    assert await store.change_document("partner", "emsp", lambda before: b"one") == b"one"
    assert await store.document("partner", "emsp") == b"one"
    assert await store.change_document("partner", "emsp", lambda before: (before or b"") + b" two") == b"one two"
    assert await store.change_document("partner", "emsp", lambda before: None) is None
    assert await store.document("partner", "emsp") is None


async def test_documents_of_a_kind_come_sorted_by_id(store: Store) -> None:
    for name in ("b", "a", "c"):
        await store.change_document("partner", name, always(name.encode()))
    await store.change_document("setting", "z", lambda before: b"z")
    assert await store.documents("partner") == [("a", b"a"), ("b", b"b"), ("c", b"c")]
    assert await store.documents("nothing") == []


async def test_changes_of_one_document_by_many_tasks_lose_none(store: Store) -> None:
    async def work() -> None:
        for _ in range(10):
            await store.change_document("n", "n", lambda before: str(int(before or b"0") + 1).encode())

    await asyncio.gather(*(work() for _ in range(8)))
    assert await store.document("n", "n") == b"80"


async def test_what_the_decision_raises_reaches_the_caller_and_writes_nothing(store: Store) -> None:
    await store.change_document("partner", "emsp", lambda before: b"one")
    revision = await store.revision("partner")

    def refuse(before: bytes | None) -> bytes | None:
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        await store.change_document("partner", "emsp", refuse)
    assert await store.document("partner", "emsp") == b"one"
    assert await store.revision("partner") == revision


async def test_the_revision_differs_after_each_write_and_only_then(store: Store) -> None:
    seen = [await store.revision("partner")]
    for state in (b"one", b"two", None, b"one"):
        await store.change_document("partner", "emsp", always(state))
        seen.append(await store.revision("partner"))
    assert len(set(seen)) == 5
    await store.change_document("partner", "emsp", lambda before: before)
    await store.change_document("session", "1", always(b"of another kind"))
    assert await store.revision("partner") == seen[-1]
