# SPDX-License-Identifier: AGPL-3.0-or-later
"""A living roaming network towards OCPI partners: its pools are our Locations, its changes are theirs to hear.

The network is synchronous and tells its listeners at once; storing takes longer. Changes wait in a queue, in
their order, and are stored one after the other together with what partners must hear.
"""

from __future__ import annotations

import asyncio

import structlog

from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0 import VERSION, Location
from wwcp_ocpi.wwcp.model.notes import Mapped, Note
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, PoolChange
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.places import location_of, locations, status_patch
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

log = structlog.get_logger()

CHUNK = 200


class NetworkPublisher:
    """Publishes one network. `notes` are what the mapping could not express, `published` who is a Location now."""

    def __init__(self, network: LiveNetwork, publisher: Publisher, policy: MappingPolicy = DEFAULT_POLICY) -> None:
        self.network = network
        self.notes: dict[str, list[Note]] = {}
        self.published: set[str] = set()
        self._publisher = publisher
        self._policy = policy
        self._changes: asyncio.Queue[EVSEStatusChange | PoolChange] = asyncio.Queue()
        self._leave = [network.on_status(self._changes.put_nowait), network.on_pool(self._changes.put_nowait)]

    async def publish_all(self) -> None:
        """Store every pool as a Location; what is unchanged since the last start is left alone."""
        mapped = [made for made in map(self._own, locations(self.network, policy=self._policy)) if made is not None]
        for start in range(0, len(mapped), CHUNK):
            for outcome in await self._publisher.publish(VERSION, "locations", mapped[start : start + CHUNK]):
                if isinstance(outcome, Exception):
                    raise outcome

    async def run(self) -> None:
        """Store changes as they come, until cancelled."""
        try:
            while True:
                await self.one(await self._changes.get())
                self._changes.task_done()
        finally:
            for leave in self._leave:
                leave()

    async def settle(self) -> None:
        """Wait until every change so far is stored. `run` must be running."""
        await self._changes.join()

    async def one(self, change: EVSEStatusChange | PoolChange) -> None:
        """Store one change. What cannot be stored is logged; the next ones are not held up by it."""
        try:
            if isinstance(change, PoolChange):
                await self._publish_pool(change)
            else:
                await self._publish_status(change)
        except OCPIError:
            log.exception("wwcp.change_lost", change=type(change).__name__)

    async def _publish_pool(self, change: PoolChange) -> None:
        made = self._own(location_of(self.network, change.pool.id, policy=self._policy))
        if made is not None:
            await self._publisher.publish(VERSION, "locations", [made])

    async def _publish_status(self, change: EVSEStatusChange) -> None:
        patch = status_patch(self.network, change, policy=self._policy)
        if patch is not None:
            await self._publisher.change(
                VERSION,
                "locations",
                patch.party,
                [patch.location_id, patch.evse_uid],
                {"status": patch.body.status, "last_updated": patch.body.last_updated},
            )

    def _own(self, mapped: Mapped[Location]) -> OwnObject | None:
        self.notes[mapped.id] = mapped.notes
        location = mapped.value
        if location is None:
            log.warning("wwcp.pool_not_mapped", pool=mapped.id, notes=[note.text for note in mapped.notes][:3])
            return None
        self.published.add(mapped.id)
        return OwnObject(
            owner=PartyId.of(location.country_code, location.party_id),
            id=location.id,
            last_updated=location.last_updated.micros,
            body=codec.encode(location),
        )
