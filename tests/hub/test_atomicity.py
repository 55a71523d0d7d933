# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a hub has acknowledged it passes on, whenever it stops: the object and its pushes are one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hub.world import linked, own, waiting
from tests.objects import location
from tests.platforms import CPO
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.store.ports import Key, Side, Write
from wwcp_ocpi.store.sqlite import SQLiteStore

HERE, THERE = Key(Side.THEIRS, "locations", CPO, "LOC1"), Key(Side.OURS, "locations", CPO, "LOC1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    opened = await SQLiteStore.open(tmp_path / "hub.sqlite")
    yield opened
    await opened.close()


async def test_the_object_what_others_see_and_the_push_are_there_together(store: SQLiteStore) -> None:
    world = await linked("2.3.0", "2.1.1", store)
    await world.cpo.publisher.publish(VERSIONS["2.3.0"], "locations", [own(location("2.3.0"), CPO)])
    await world.cpo.courier.round()
    given, shown = await store.get(HERE), await store.get(THERE)
    assert given is not None
    assert shown is not None
    assert (shown.body, shown.source, shown.last_updated) == (given.body, "cpo", given.last_updated)
    assert [(one.partner, one.version, one.method, one.owner) for one in await waiting(world.hub)] == [
        ("emsp", "2.1.1", "PUT", CPO)
    ]


@pytest.mark.parametrize(
    ("table", "when"), [("objects", "1"), ("objects", "(SELECT COUNT(*) FROM objects) = 1"), ("outbox_shared", "1")]
)
async def test_when_a_statement_fails_nothing_of_the_change_is_there(
    store: SQLiteStore, tmp_path: Path, table: str, when: str
) -> None:
    """A trigger ends the transaction at the partner's object, at the one that others see, and at the push."""
    world = await linked("2.3.0", "2.1.1", store)
    outside = sqlite3.connect(tmp_path / "hub.sqlite")
    outside.execute(f"CREATE TRIGGER stop BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ROLLBACK, 'x'); END")
    outside.commit()
    await world.cpo.publisher.publish(VERSIONS["2.3.0"], "locations", [own(location("2.3.0"), CPO)])
    await world.cpo.courier.round()
    assert (await store.get(HERE), await store.get(THERE), await store.waiting()) == (None, None, 0)
    assert await world.cpo.store.waiting() == 1, "it was not acknowledged, so it comes again"
    outside.execute("DROP TRIGGER stop")
    outside.commit()
    outside.close()
    await world.cpo.peer("hub").put_bytes(
        VERSIONS["2.3.0"].object_named("Location"), own(location("2.3.0"), CPO).body, "LOC1", owner=CPO
    )
    assert await store.get(THERE) is not None
    assert await store.waiting() == 1


async def test_what_was_kept_before_there_was_a_hub_is_passed_on_when_it_comes_again(store: SQLiteStore) -> None:
    world = await linked("2.3.0", "2.1.1", store)
    body = json.dumps(location("2.3.0")).encode()
    moment = own(location("2.3.0"), CPO).last_updated
    before = Write(version="2.3.0", last_updated=moment, body=body, source="cpo")
    await store.change(HERE, lambda _: before)
    await world.cpo.publisher.publish(VERSIONS["2.3.0"], "locations", [own(location("2.3.0"), CPO)], push=False)
    assert (await world.hub.pull("cpo", "locations")).unchanged == 1
    assert await store.get(THERE) is not None
    assert await store.waiting() == 1
