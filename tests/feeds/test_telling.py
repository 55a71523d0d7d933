# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stored objects of every version as one version says them, some at a time."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from tests.known import publish
from tests.objects import location, session
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform
from wwcp_ocpi.convert import Context
from wwcp_ocpi.feeds import telling
from wwcp_ocpi.feeds.telling import Told, told_objects
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId


@pytest.fixture
def cpo() -> Platform:
    known = Context(time_zone="Europe/Berlin", postal_code="07749", traces=False)
    return platform(MemoryNet(), "cpo.example", CPO, "CPO", convert=known)


async def told(cpo: Platform, version: str, kind: str = "locations", **more: Any) -> list[Told]:
    return [one async for one in told_objects(cpo.store, cpo.bridge, VERSIONS[version], kind, **more)]


@pytest.mark.parametrize(("came", "asked"), list(permutations(ALL_VERSIONS, 2)))
async def test_objects_of_two_versions_are_told_in_each(
    cpo: Platform, came: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "CHUNK", 2)
    for number in range(5):
        version = (came, asked)[number % 2]
        await publish(cpo, version, "locations", location(version, f"LOC{number}"))
    found = await told(cpo, asked)
    assert [(one.id, one.stored_in, one.refusal) for one in found] == [
        (f"LOC{number}", (came, asked)[number % 2], None) for number in range(5)
    ]
    as_own = [json.loads(one.body) for one in found if one.stored_in == asked]
    assert as_own == [location(asked, f"LOC{number}") for number in (1, 3)]
    assert all(json.loads(one.body)["evses"] for one in found)


async def test_what_cannot_be_told_is_told_with_its_reason(cpo: Platform) -> None:
    await publish(cpo, "2.3.0", "locations", location("2.3.0", help_phone="1"), location("2.3.0", "HID", publish=False))
    shown, hidden = await told(cpo, "2.1.1")
    assert [loss.path for loss in shown.losses] == ["$.help_phone"]
    assert (hidden.id, hidden.owner, hidden.body, hidden.losses) == ("HID", CPO, b"", ())
    assert hidden.refusal is not None
    assert (hidden.refusal.path, hidden.refusal.setting) == ("$.publish", "unpublished")


async def test_some_are_chosen_by_owner_id_and_audience(cpo: Platform) -> None:
    await publish(cpo, "2.3.0", "locations", location("2.3.0"), location("2.3.0", "LOC2"))
    await publish(cpo, "2.3.0", "sessions", session("2.3.0"))
    assert [one.id for one in await told(cpo, "2.2.1", id="loc2")] == ["LOC2"]
    assert await told(cpo, "2.2.1", owner=PartyId("FR", "BEN")) == []
    assert len(await told(cpo, "2.2.1", owner=CPO)) == 2
    assert await told(cpo, "2.2.1", "sessions") == []
    unclaimed = f"?{EMSP}"
    assert [one.id for one in await told(cpo, "2.2.1", "sessions", audiences=["", unclaimed])] == ["S1"]


async def test_in_2_1_1_ids_in_another_case_are_other_ids(cpo: Platform) -> None:
    await publish(cpo, "2.1.1", "locations", location("2.1.1"))
    assert len(await told(cpo, "2.2.1", id="LOC1")) == 1
    assert len(await told(cpo, "2.2.1", id="loc1")) == (1 if VERSIONS["2.1.1"].facts.ids_fold else 0)
