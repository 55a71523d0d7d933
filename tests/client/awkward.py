# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner with five Locations of a version on pages of two, awkward as wanted, and a client that talks to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.objects import location
from wwcp_ocpi.client import BadObject, Pages, Peer, Retries
from wwcp_ocpi.mock import MockPartner, Platform, Quirk, Rule
from wwcp_ocpi.registry import VERSIONS, AnyLocation
from wwcp_ocpi.scalars import PartyId

BASE = "https://partner.example/ocpi"
VERSIONS_URL = f"{BASE}/versions"
TOKEN = "token-a"
OURS, THEIRS = PartyId("NL", "EMP"), PartyId("DE", "MCK")
IDS = [f"LOC{number}" for number in range(1, 6)]


def locations(version: str) -> list[dict[str, Any]]:
    return [location(version, id, owner=THEIRS) for id in IDS]


def partner(
    versions: str | Iterable[str],
    *quirks: Quirk | Rule,
    objects: Sequence[Mapping[str, Any]] | None = None,
    page_size: int = 2,
    **settings: Any,
) -> MockPartner:
    """A partner that offers these versions, and in each its Locations."""
    numbers = [versions] if isinstance(versions, str) else list(versions)
    known = {number: {"locations": locations(number) if objects is None else objects} for number in numbers}
    return MockPartner(Platform(known, page_size=page_size), quirks, **settings)


def receiver(version: str, *quirks: Quirk | Rule) -> tuple[MockPartner, Platform]:
    """A partner that takes our Locations, and what is behind it."""
    platform = Platform({version: {}}, receives=("locations",))
    return MockPartner(platform, quirks), platform


async def connected(to: MockPartner, **settings: Any) -> Peer:
    return await Peer.open(VERSIONS_URL, TOKEN, to, **{"retries": Retries(), **settings})


async def read(version: str, *quirks: Quirk | Rule, on_bad: list[BadObject] | None = None) -> list[str]:
    """The ids of all Locations that come from such a partner."""
    peer = await connected(partner(version, *quirks))
    report = None if on_bad is None else on_bad.append
    return [found.id async for found in peer.locations(on_bad=report)]


async def collect(pages: Pages[AnyLocation], into: list[str]) -> None:
    """Add the ids one by one, so that those before an error are there."""
    async for found in pages:
        into.append(found.id)  # noqa: PERF401


def cls(version: str, name: str = "Location") -> Any:
    return VERSIONS[version].object_named(name)
