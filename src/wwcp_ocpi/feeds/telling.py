# SPDX-License-Identifier: AGPL-3.0-or-later
"""All stored objects of a kind as one version says them: for an export, and to know beforehand what would be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import msgspec

from wwcp_ocpi.convert import Loss
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.store.ports import Objects, PageRequest, Side, Stored

CHUNK = 100
"""Objects that are in memory at once."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A stored object in a version: its bytes and what they leave unsaid, or why that version cannot be told it."""

    owner: PartyId
    id: str
    stored_in: str
    body: bytes = b""
    losses: tuple[Loss, ...] = ()
    refusal: CannotConvert | None = None


async def told_objects(
    store: Objects,
    bridge: Bridge,
    version: Version,
    kind: str,
    *,
    side: Side = Side.OURS,
    owner: PartyId | None = None,
    id: str | None = None,
    audiences: Iterable[str] = ("",),
) -> AsyncIterator[Told]:
    """Every object of a kind, in the order of creation, however many there are.

    Args:
        id: only objects that have it, in any case where ids are equal in any case.
        audiences: those for everybody (the empty one), and those for these partners, one after the other.

    Raises:
        UsageError: the version keeps no such objects.
    """
    version.kind(kind)
    for audience in audiences:
        after: str | None = None
        while True:
            request = PageRequest(side=side, module=kind, owner=owner, audience=audience, after=after, limit=CHUNK)
            page = await store.page(request)
            for body, number, whose in zip(page.bodies, page.versions, page.owners, strict=True):
                named, is_meant = _named(version_of(number), kind, body, id)
                if is_meant:
                    stored = Stored(seq=0, version=number, last_updated=0, body=body, audience=audience)
                    yield await _told(bridge, side, kind, whose, named, stored, version)
            after = page.next
            if after is None:
                break


def _named(source: Version, kind: str, body: bytes, wanted: str | None) -> tuple[str, bool]:
    """The id of an object, empty where a party alone names it; and whether it is the one that is wanted."""
    resource = source.kind(kind).resource
    found = patch.text_of(patch.split(body), resource.id_field) or "" if resource.id_field else ""
    if wanted is None:
        return found, True
    return found, fold(found) == fold(wanted) if source.facts.ids_fold else found == wanted


async def _told(
    bridge: Bridge, side: Side, kind: str, owner: PartyId, id: str, stored: Stored, version: Version
) -> Told:
    try:
        done = await bridge.told(side, kind, owner, stored, version)
    except CannotConvert as refusal:
        return Told(owner=owner, id=id, stored_in=stored.version, refusal=refusal)
    return Told(owner=owner, id=id, stored_in=stored.version, body=done.body, losses=done.losses)
