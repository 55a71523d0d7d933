# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose it is: the object behind an id, and the partner that gave it to the hub."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Key, Objects, Side, Stored


class Relayed(NamedTuple):
    """An object that the hub passes on. `stored.source` is the partner that gave it; empty for the hub's own."""

    owner: PartyId
    stored: Stored


async def find(
    store: Objects, version: Version, kind: str, id: str, owners: Iterable[PartyId], qualifier: str | None = None
) -> Relayed | None:
    """The object with this id, as a version writes it, of the first of these owners that has one."""
    ids = version.key_ids(version.kind(kind).resource, id, qualifier)
    for owner in owners:
        for key_id in ids:
            stored = await store.get(Key(Side.OURS, kind, owner, key_id))
            if stored is not None:
                return Relayed(owner, stored)
    return None
