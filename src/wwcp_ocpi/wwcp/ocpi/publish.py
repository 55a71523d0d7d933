# SPDX-License-Identifier: AGPL-3.0-or-later
"""A living roaming network towards OCPI partners: its pools are our Locations, its tariffs our Tariffs.

The network is synchronous and tells its listeners at once; storing takes longer. Changes wait in a queue and are
stored together with what partners must hear, in their order. Statuses that wait together share a transaction.

Nothing that was published vanishes: an EVSE that is not there any more, or that partners may not see any more, is
REMOVED, and so are all EVSEs of such a pool. Tariffs are deleted, as OCPI has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.publish import OwnObject, PartChange, Publisher
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.store.ports import Stored
from wwcp_ocpi.v2_3_0 import VERSION, Location, Tariff
from wwcp_ocpi.v2_3_0.enums import Status
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, ChargingTariffId
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.events import (
    EVSEStatusChange,
    OperatorChange,
    PlaceStatusChange,
    PoolChange,
    ProviderChange,
)
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.cso.scope import EVERYTHING, Scope
from wwcp_ocpi.wwcp.ocpi.inward.names import tariff_text
from wwcp_ocpi.wwcp.ocpi.location import location, party_of
from wwcp_ocpi.wwcp.ocpi.tariff import tariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy, ocpi_status

log = structlog.get_logger()

CHUNK = 200
Change: TypeAlias = EVSEStatusChange | PoolChange | OperatorChange


class NetworkPublisher:
    """Publishes one network.

    `notes` are what the mapping could not express, by the id of the pool or tariff; `published` says who is a Location
    now, `names` how it is called.

    Args:
        scope: which places partners may know of.
    """

    def __init__(
        self,
        network: LiveNetwork,
        publisher: Publisher,
        policy: MappingPolicy = DEFAULT_POLICY,
        *,
        scope: Scope = EVERYTHING,
    ) -> None:
        self.network = network
        self.scope = scope
        self.names = PublishedNames(policy)
        self.notes: dict[str, list[Note]] = {}
        self.published: set[str] = set()
        self._publisher = publisher
        self._policy = policy
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        self._leave = [
            network.on_status(self._changes.put_nowait),
            network.on_pool(self._changes.put_nowait),
            network.on_other(self._heard),
        ]

    async def publish_all(self) -> None:
        """Store every tariff and pool; what is unchanged since the last start is left alone, what is gone is told."""
        operators = [one for one in self.network.operators.values() if self.scope.has_operator(one.id)]
        offered = [found for one in operators for found in self._tariffs(one.charging_tariffs)]
        await self._publish("tariffs", offered)
        pools = [pool for pool in self.network.pools() if self.scope.has_pool(pool.id)]
        for start in range(0, len(pools), CHUNK):
            made = [await self._own(pool) for pool in pools[start : start + CHUNK]]
            await self._publish("locations", [one for one in made if one is not None])
        for operator_id in self.network.operators:
            await self._sweep(operator_id, {(one.owner, fold(one.id)) for one in offered})

    async def run(self) -> None:
        """Store changes as they come, until cancelled."""
        try:
            while True:
                changes = [await self._changes.get()]
                while len(changes) < CHUNK and not self._changes.empty():
                    changes.append(self._changes.get_nowait())
                for are_statuses, together in groupby(changes, lambda change: isinstance(change, EVSEStatusChange)):
                    if are_statuses:
                        await self._statuses([one for one in together if isinstance(one, EVSEStatusChange)])
                    else:
                        for one in together:
                            await self.one(one)
                for _ in changes:
                    self._changes.task_done()
        finally:
            self.leave()

    def leave(self) -> None:
        """Hear no more of the network."""
        for leave in self._leave:
            leave()

    async def settle(self) -> None:
        """Wait until every change so far is stored. `run` must be running."""
        await self._changes.join()

    async def one(self, change: Change) -> None:
        """Store one change. What cannot be stored is logged; the next ones are not held up by it."""
        try:
            match change:
                case PoolChange():
                    await self._publish_pools([change.pool.id])
                case OperatorChange():
                    await self._publish_operator(change)
                case EVSEStatusChange():
                    told = self._told(change)
                    if told is not None:
                        await self._publisher.change(VERSION, "locations", told.owner, told.ids, told.change)
        except Exception as error:  # noqa: BLE001  # the edge of a background task
            _log_lost(change, error)

    async def _statuses(self, changes: Sequence[EVSEStatusChange]) -> None:
        """Store several in one transaction, in their order; when it is refused as a whole, one after the other."""
        if len(changes) == 1:
            await self.one(changes[0])
            return
        told = []
        for change in changes:
            try:
                fields = self._told(change)
            except Exception as error:  # noqa: BLE001  # the edge of a background task
                _log_lost(change, error)
                continue
            if fields is not None:
                told.append((change, fields))
        try:
            outcomes = await self._publisher.change_all(VERSION, "locations", [fields for _, fields in told])
        except Exception as error:  # noqa: BLE001  # the edge of a background task
            log.warning("wwcp.changes_refused", count=len(told), error=str(error))
            for change, _ in told:
                await self.one(change)
            return
        for (change, _), outcome in zip(told, outcomes, strict=True):
            if isinstance(outcome, Exception):
                _log_lost(change, outcome)

    def _heard(self, change: OperatorChange | ProviderChange | PlaceStatusChange) -> None:
        if isinstance(change, OperatorChange):
            self._changes.put_nowait(change)

    # Tariffs

    async def _publish_operator(self, change: OperatorChange) -> None:
        """Its tariffs, and its Locations where something else of it changed: they show its name, logo and hotline."""
        operator, before = change.operator, change.previous
        if not self.scope.has_operator(operator.id):
            return
        had = {one.id: one for one in before.charging_tariffs} if before is not None else {}
        changed = [one for one in operator.charging_tariffs if had.get(one.id) != one]
        await self._publish("tariffs", self._tariffs(changed))
        offered = {one.id for one in operator.charging_tariffs}
        for id in had.keys() - offered:
            await self._withdraw(id)
        if before is not None and _shown(before) != _shown(operator):
            await self._publish_pools([pool.id for pool in self.network.pools(operator.id)])

    def _tariffs(self, tariffs: Iterable[ChargingTariff]) -> list[OwnObject]:
        made = []
        for one in tariffs:
            mapped = tariff(one, now=self.network.now, policy=self._policy)
            self.notes[mapped.id] = mapped.notes
            if mapped.value is None:
                log.warning("wwcp.tariff_not_mapped", tariff=mapped.id, notes=[note.text for note in mapped.notes][:3])
                continue
            made.append(_object(mapped.value))
        return made

    async def _withdraw(self, id: ChargingTariffId) -> None:
        party = party_of(id.operator, self._policy)
        if party is not None:
            await self._publisher.withdraw(VERSION, "tariffs", party, tariff_text(id))
            self.notes.pop(str(id), None)

    # Locations

    async def _publish_pools(self, pool_ids: Iterable[ChargingPoolId]) -> None:
        pools = [self.network.pool(id) for id in pool_ids if self.scope.has_pool(id)]
        for start in range(0, len(pools), CHUNK):
            made = [await self._own(pool) for pool in pools[start : start + CHUNK]]
            await self._publish("locations", [one for one in made if one is not None])

    def _told(self, change: EVSEStatusChange) -> PartChange | None:
        """What partners hear of a status; None where they hear nothing."""
        status = ocpi_status(change.status, change.admin_status, self._policy)
        uid, party = self.names.uid(change.evse_id), party_of(change.pool_id.operator, self._policy)
        is_heard = status is not ocpi_status(change.old_status, change.old_admin_status, self._policy)
        if uid is None or party is None or not is_heard or not self.scope.has_evse(self.network, change.evse_id):
            return None
        # The parents' last_updated follows at the receiver (LOC-14).
        ids = [self.names.location_id(change.pool_id), uid]
        return PartChange(party, ids, {"status": status, "last_updated": change.last_updated})

    async def _own(self, pool: ChargingPool) -> OwnObject | None:
        """The Location of a pool as it is to be stored, with what it had before and has no more."""
        whole = self.scope.of_pool(pool)
        if whole is None:
            return None
        now = self.network.now
        mapped = location(whole, self.network.operator(pool.id.operator), now=now, policy=self._policy)
        self.notes[mapped.id] = mapped.notes
        made = mapped.value
        if made is None:
            log.warning("wwcp.pool_not_mapped", pool=mapped.id, notes=[note.text for note in mapped.notes][:3])
            return None
        self.published.add(mapped.id)
        self.names.note(whole, made, Context(now, self._policy))
        party = PartyId.of(made.country_code, made.party_id)
        stored = await self._publisher.stored(VERSION, "locations", party, made.id)
        return _object(made if stored is None else self._with_removed(made, stored))

    def _with_removed(self, made: Location, stored: Stored) -> Location:
        """The Location with the EVSEs that it had before and has no more: REMOVED (LOC-01)."""
        before = codec.decode(Location, stored.body)
        there = {fold(evse.uid) for evse in made.evses or ()}
        gone = [evse for evse in before.evses or () if fold(evse.uid) not in there]
        if not gone:
            return made
        now = self.network.now
        removed = [
            evse if evse.status is Status.REMOVED else replace(evse, status=Status.REMOVED, last_updated=now)
            for evse in gone
        ]
        last_updated = max(made.last_updated, *(evse.last_updated for evse in removed))
        return replace(made, evses=[*(made.evses or []), *removed], last_updated=last_updated)

    async def _sweep(self, operator_id: ChargingStationOperatorId, offered: set[tuple[PartyId, str]]) -> None:
        """What an operator had at the last start and has no more: its pools REMOVED, its tariffs deleted.

        Only objects are looked at that are called as pools and tariffs of this operator are: others were published
        otherwise, and by somebody who knows what becomes of them.
        """
        party = party_of(operator_id, self._policy)
        if party is None:
            return
        now = {fold(self.names.location_id(pool_id)) for _, pool_id in self.names.published()}
        gone = []
        async for stored in self._publisher.all_of("locations", party):
            fields = patch.split(stored.body)
            id = patch.text_of(fields, "id") or ""
            pool_id = ChargingPoolId.try_parse(id) if stored.version == VERSION.number else None
            if pool_id is not None and pool_id.operator == operator_id and fold(id) not in now:
                gone += self._all_removed(party, id, fields)
        await self._publish("locations", gone)
        async for stored in self._publisher.all_of("tariffs", party):
            id = msgspec.json.decode(stored.body, type=_Named).id
            tariff_id = ChargingTariffId.try_parse(id)
            is_ours = tariff_id is not None and tariff_id.operator == operator_id
            if is_ours and (party, fold(id)) not in offered and stored.version == VERSION.number:
                await self._publisher.withdraw(VERSION, "tariffs", party, id)

    def _all_removed(self, party: PartyId, id: str, fields: RawObject) -> list[OwnObject]:
        """A Location of which nothing is there any more; nothing to do where that was told before."""
        moment, evses = self.network.now, patch.children(fields, "evses")
        is_there = [evse for evse in evses if patch.text_of(evse, "status") != Status.REMOVED.value]
        if not is_there:
            return []
        told = patch.split(codec.encode({"status": Status.REMOVED, "last_updated": moment}))
        removed = [{**evse, **told} if evse in is_there else evse for evse in evses]
        body = patch.join({**fields, "evses": patch.listed(removed), "last_updated": told["last_updated"]})
        return [OwnObject(owner=party, id=id, last_updated=moment.micros, body=body)]

    async def _publish(self, kind: str, objects: list[OwnObject]) -> None:
        for one, outcome in zip(objects, await self._publisher.publish(VERSION, kind, objects), strict=True):
            if isinstance(outcome, Exception):
                self.notes.setdefault(one.id, []).append(Note("$", f"not published: {outcome}"))
                log.error("wwcp.not_published", kind=kind, id=one.id, error=str(outcome))


def _log_lost(change: Change, error: Exception) -> None:
    """One change that cannot be mapped or stored must not end the task for good."""
    event = "wwcp.change_lost" if isinstance(error, OCPIError) else "wwcp.change_failed"
    log.error(event, change=type(change).__name__, exc_info=error)


class _Named(msgspec.Struct, frozen=True):
    id: str


def _shown(operator: ChargingStationOperator) -> ChargingStationOperator:
    """What Locations show of an operator, and more."""
    return replace(operator, charging_tariffs=[], last_change=None)


def _object(made: Location | Tariff) -> OwnObject:
    return OwnObject(
        owner=PartyId.of(made.country_code, made.party_id),
        id=made.id,
        last_updated=made.last_updated.micros,
        body=codec.encode(made),
    )
