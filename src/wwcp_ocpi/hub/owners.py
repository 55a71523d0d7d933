# SPDX-License-Identifier: AGPL-3.0-or-later
"""The parties of whom something went through the hub, though no partner says that it has them.

Another hub may name anybody, and a platform of several parties has no room for them in the credentials of 2.1.1. Who
asks for an object names its id alone, so the hub must know whose it might be.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

KIND = "relayed_owner"
MOST = 10_000
"""How many are remembered: a partner that names more without end costs no more than that."""


class Owners:
    """Who they are, and the partner by which each came first."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._known: dict[PartyId, str] = {}

    @property
    def known(self) -> Mapping[PartyId, str]:
        """The partner's id by party."""
        return self._known

    async def load(self) -> None:
        """Read what earlier runs remembered."""
        self._known = {PartyId.parse(id): body.decode() for id, body in await self._store.documents(KIND)}

    async def note(self, owner: PartyId, source: str) -> None:
        """Remember a party, before anything of it is passed on."""
        if owner in self._known:
            return
        if len(self._known) >= MOST:
            log.warning("hub.too_many_parties", partner=source)
            return
        self._known[owner] = source
        await self._store.change_document(KIND, str(owner), lambda known: known or source.encode())
