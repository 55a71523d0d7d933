# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a feed into the store, once, twice, and out again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import NEW, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from wwcp_ocpi.feeds import importing
from wwcp_ocpi.feeds.assumptions import NOTHING, Assumptions
from wwcp_ocpi.feeds.checking import Rejected
from wwcp_ocpi.feeds.importing import Imported, import_objects
from wwcp_ocpi.feeds.reading import Entry, read
from wwcp_ocpi.feeds.telling import told_objects
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.ports import Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
OWNED = Assumptions(party=CPO)


@pytest.fixture
def cpo() -> Platform:
    return platform(MemoryNet(), "cpo.example", CPO, "CPO")


def entries(*objects: object) -> list[Entry]:
    return [
        Entry(index, found if isinstance(found, bytes) else json.dumps(found).encode())
        for index, found in enumerate(objects)
    ]


async def imported(cpo: Platform, version: str, found: Iterable[Entry], **more: Any) -> tuple[Imported, list[Rejected]]:
    rejected: list[Rejected] = []
    done = await import_objects(
        found, VERSIONS[version], "locations", cpo.publisher, on_rejected=rejected.append, **{"assumed": OWNED, **more}
    )
    assert done.seconds >= 0
    return replace(done, seconds=0), rejected


async def exported(cpo: Platform, version: str, **more: Any) -> list[bytes]:
    told = told_objects(cpo.store, cpo.bridge, VERSIONS[version], "locations", **more)
    return [one.body async for one in told]


async def test_objects_are_stored_as_ours_with_their_bytes_and_in_their_order(version: str, cpo: Platform) -> None:
    found = entries(*(json.dumps(location(version, f"L{number}"), indent=1).encode() for number in (3, 1, 2)))
    assert await imported(cpo, version, found) == (Imported(read=3, stored=3), [])
    assert await exported(cpo, version) == [entry.body for entry in found]


async def test_the_same_feed_once_more_changes_nothing(version: str, cpo: Platform) -> None:
    found = entries(location(version, "A"), location(version, "B"))
    await imported(cpo, version, found)
    assert await imported(cpo, version, found) == (Imported(read=2, unchanged=2), [])
    changed = entries(location(version, "A"), location(version, "B", last_updated=NEW))
    assert await imported(cpo, version, changed) == (Imported(read=2, stored=1, unchanged=1), [])


async def test_what_cannot_be_an_object_is_reported_and_the_rest_is_stored(version: str, cpo: Platform) -> None:
    found = [
        *entries(location(version, "A"), {"id": "B"}, 17),
        Entry(3, b"{", "broken"),
        Entry(4, entries(location(version, "C"))[0].body),
    ]
    done, rejected = await imported(cpo, version, found)
    assert done == Imported(read=5, stored=2, rejected=3)
    assert [(one.index, bool(one.reasons), one.body) for one in rejected] == [
        (1, True, b'{"id": "B"}'),
        (2, True, b"17"),
        (3, True, b"{"),
    ]
    assert await cpo.store.count(Side.OURS, "locations") == 2


async def test_of_two_objects_with_one_id_the_first_is_taken_each_time(version: str, cpo: Platform) -> None:
    found = entries(location(version, "A"), location(version, "A", name="another"), location(version, "A"))
    done, rejected = await imported(cpo, version, found)
    assert done == Imported(read=3, stored=1, unchanged=1, rejected=1)
    assert [(one.index, one.reasons, one.body) for one in rejected] == [
        (1, ["$.id: DE*GEF A is object 0 of this feed already"], found[1].body)
    ]
    done, _ = await imported(cpo, version, found)
    assert done == Imported(read=3, unchanged=2, rejected=1)


async def test_ids_that_differ_in_case_are_one_where_they_are_ci_strings(version: str, cpo: Platform) -> None:
    done, _ = await imported(cpo, version, entries(location(version, "loc"), location(version, "LOC")))
    folds = VERSIONS[version].facts.ids_fold
    assert (done.stored, done.rejected) == ((1, 1) if folds else (2, 0))


async def test_a_feed_larger_than_a_chunk_arrives_whole(
    version: str, cpo: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 4)
    seen: list[int] = []
    found = entries(*(location(version, f"L{number:02}") for number in range(11)))
    done, _ = await imported(cpo, version, found, on_progress=seen.append)
    assert done == Imported(read=11, stored=11)
    assert seen == [4, 4, 3]
    assert await exported(cpo, version) == [entry.body for entry in found]


async def test_what_is_exported_can_be_imported_and_is_the_same(version: str, cpo: Platform) -> None:
    objects = [location(version, f"L{number}", name=f"name {number}") for number in range(5)]
    objects[0]["evses"][0]["connectors"][0]["unknown"] = {"kept": [1, 2]}
    await imported(cpo, version, entries(*objects))
    lines = b"\n".join(await exported(cpo, version))
    again = platform(MemoryNet(), "cpo.example", CPO, "CPO")
    assert (await imported(again, version, read(lines, "export")))[0] == Imported(read=5, stored=5)
    assert [json.loads(body) for body in await exported(again, version)] == objects


async def test_an_export_can_be_of_one_party(version: str, cpo: Platform) -> None:
    await imported(cpo, version, entries(location(version, "A")))
    await imported(
        cpo,
        version,
        entries(location(version, "B", owner=("DE", "XYZ"))),
        assumed=Assumptions(party=PartyId("DE", "XYZ")),
    )
    owned = [json.loads(body)["id"] for body in await exported(cpo, version, owner=PartyId("DE", "XYZ"))]
    assert owned == ["B"]
    assert await exported(cpo, version, side=Side.THEIRS) == []


async def test_what_was_assumed_and_what_was_odd_is_counted(version: str, cpo: Platform) -> None:
    missing = location(version, "A", name="x" * 300)
    del missing["address"]
    found = entries(missing, {**missing, "id": "B"}, location(version, "C"))
    done, _ = await imported(cpo, version, found, assumed=Assumptions(party=CPO, fields={"address": "?"}))
    assert done == Imported(read=3, stored=3, warnings=2, assumed={'$.address = "?"': 2})


async def test_nothing_is_assumed_by_default(version: str, cpo: Platform) -> None:
    done, rejected = await imported(cpo, version, entries({}), assumed=NOTHING)
    assert (done, len(rejected)) == (Imported(read=1, rejected=1), 1)


@pytest.mark.parametrize("push", [True, False])
async def test_partners_hear_of_an_import_if_they_shall(version: str, push: bool) -> None:
    net = MemoryNet()
    cpo, emsp = platform(net, "cpo.example", CPO, "CPO"), platform(net, "emsp.example", EMSP, "EMSP")
    await register(cpo, emsp, (version,))
    await imported(cpo, version, entries(location(version, "A"), location(version, "B")), push=push)
    assert await cpo.store.waiting() == (2 if push else 0)


@pytest.mark.parametrize("module", ["commands", "charging", ""])
async def test_a_module_that_keeps_nothing_is_refused_with_those_that_do(
    version: str, cpo: Platform, module: str
) -> None:
    said = f"OCPI {version} keeps no '{module}'; it keeps .*cdrs"
    with pytest.raises(UsageError, match=said):
        await import_objects([], VERSIONS[version], module, cpo.publisher)
    with pytest.raises(UsageError, match=said):
        await anext(told_objects(cpo.store, cpo.bridge, VERSIONS[version], module))


async def test_a_database_that_fails_ends_the_import(
    version: str, cpo: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def publish(*args: object, **more: object) -> list[Exception]:
        return [StoreFailed("disk full")]

    monkeypatch.setattr(cpo.publisher, "publish", publish)
    with pytest.raises(StoreFailed, match="disk full"):
        await imported(cpo, version, entries(location(version)))
