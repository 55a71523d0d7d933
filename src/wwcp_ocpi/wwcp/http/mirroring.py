# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our places at another node, and those of another node here: kept the same, as long as this runs.

Both are about states and not about events: what changed is told as it is by then, so a node that is away for a while
costs no memory, and is told the last state of each thing when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, ClassVar

import structlog

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError, Refused, Unreachable
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.http.server_events import Received
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status
from wwcp_ocpi.wwcp.network.event_bus import Numbered
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, OperatorChange, PlaceStatusChange, PoolChange
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()

FIRST_WAIT_S, LAST_WAIT_S = 1.0, 60.0
STATES_AT_ONCE = 1000
_PLACES: tuple[type[ChargingPoolId | ChargingStationId | ChargingStationOperatorId | EMobilityProviderId], ...] = (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
)


class Uploading:
    """Tells a node of our places, and of all that changes there.

    `refused` are those that it did not take, with the reason; they are tried again when they change.
    """

    def __init__(
        self, network: RoamingNetwork, node: RemoteNode, *, without: Iterable[ChargingStationOperatorId] = ()
    ) -> None:
        """Nothing is sent yet. `without` are operators of which it is not told: those that are its own."""
        self.refused: dict[Id, str] = {}
        self._network = network
        self._node = node
        self._without = frozenset(without)
        self._dirty: dict[Id, None] = {}
        self._bell = asyncio.Event()
        self._idle = asyncio.Event()

    async def run(self) -> None:
        """Everything first, then what changes, until cancelled. A node that does not answer is tried again."""
        leave = self._network.on_event(self._hear)
        try:
            self._all()
            wait_s = FIRST_WAIT_S
            while True:
                if not self._dirty:
                    self._idle.set()
                    self._bell.clear()
                    await self._bell.wait()
                try:
                    await self._send()
                    wait_s = FIRST_WAIT_S
                except Unreachable as error:
                    log.warning("wwcp.node_unreachable", node=self._node.url, error=str(error), wait_s=wait_s)
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, LAST_WAIT_S)
        finally:
            leave()

    async def settle(self) -> None:
        """Wait until the node has heard everything so far, or refused it. `run` must be running."""
        while self._dirty or not self._idle.is_set():
            self._idle.clear()
            self._bell.set()
            await self._idle.wait()

    def _hear(self, numbered: Numbered) -> None:
        match numbered.event:
            case EVSEStatusChange(evse_id=evse_id):
                self._mark(evse_id, evse_id.operator)
            case PoolChange(pool=pool):
                self._mark(pool.id, pool.id.operator)
            case OperatorChange(operator=operator):
                self._mark(operator.id, operator.id)
            case PlaceStatusChange(id=ChargingPoolId() as pool_id):
                self._mark(pool_id, pool_id.operator)
            case PlaceStatusChange(id=ChargingStationId() as station_id):
                self._mark(self._network.places.pool_id_of_station(station_id), station_id.operator)

    def _mark(self, id: Id, operator: ChargingStationOperatorId) -> None:
        if operator not in self._without:
            self._dirty[id] = None
            self._idle.clear()
            self._bell.set()

    def _all(self) -> None:
        places = self._network.places
        for operator in places.operators:
            self._mark(operator, operator)
        for pool in places.static_pools():
            self._mark(pool.id, pool.id.operator)

    async def _send(self) -> None:
        """All that waits: operators, then pools, then states. What was not heard waits again."""
        dirty, self._dirty = self._dirty, {}
        try:
            for kind, send in self._senders:
                ids = [id for id in dirty if isinstance(id, kind)]
                await send(self, ids, dirty)
        finally:
            self._dirty = dirty | self._dirty

    async def _send_each(self, ids: list[Any], dirty: dict[Id, None]) -> None:
        places = self._network.places
        for id in ids:
            is_pool = isinstance(id, ChargingPoolId)
            telling = self._node.put_pool(places.pool(id)) if is_pool else self._node.put_operator(places.operator(id))
            await self._told(id, dirty, telling)

    async def _send_states(self, ids: list[Any], dirty: dict[Id, None]) -> None:
        places = self._network.places
        for start in range(0, len(ids), STATES_AT_ONCE):
            part: list[EVSEId] = ids[start : start + STATES_AT_ONCE]
            try:
                await self._node.put_states({id: _states(places, id) for id in part})
            except Refused:
                # One that the node does not know keeps all from being taken: pools bring theirs along.
                for pool in dict.fromkeys(places.pool_id_of(id) for id in part):
                    await self._told(pool, dirty, self._node.put_pool(places.pool(pool)))
            for id in part:
                dirty.pop(id, None)

    async def _told(self, id: Id, dirty: dict[Id, None], telling: Awaitable[None]) -> None:
        reason = ""
        try:
            await telling
        except Refused as error:
            reason = str(error)
            log.warning("wwcp.upload_refused", node=self._node.url, place=str(id), reason=reason)
        dirty.pop(id, None)
        if reason:
            self.refused[id] = reason
        else:
            self.refused.pop(id, None)

    _senders = (
        (ChargingStationOperatorId, _send_each),
        (ChargingPoolId, _send_each),
        (EVSEId, _send_states),
    )


class Following:
    """Takes over the places of a node, and what changes there, into a network of ours.

    `lost` counts what could not be taken over; the log says what and why.
    """

    def __init__(self, node: RemoteNode, places: LiveNetwork) -> None:
        """Nothing is asked yet."""
        self.lost = 0
        self.ready = asyncio.Event()
        self._node = node
        self._places = places
        self._last = ""

    async def run(self) -> None:
        """Read everything, then follow, until cancelled. A connection that ends is made again from where it ended."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                async for _ in self._follow():
                    wait_s = FIRST_WAIT_S
            except OCPIError as error:
                log.warning("wwcp.node_not_followed", node=self._node.url, error=str(error), wait_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LAST_WAIT_S)

    async def _follow(self) -> AsyncIterator[Received]:
        """One connection. First the events begin, then everything is read, so that nothing falls between the two."""
        async with aclosing(self._node.events(self._last)) as events:
            if not self._last:
                upcoming = asyncio.ensure_future(anext(events, None))
                try:
                    await self.read_all()
                    first = await upcoming
                finally:
                    upcoming.cancel()
                if first is None:
                    return
                await self._take(first)
                yield first
            async for event in events:
                await self._take(event)
                yield event

    async def read_all(self) -> None:
        """Take over all there is now. Raises PartnerError."""
        async with aclosing(self._node.providers()) as providers:
            async for provider in providers:
                self._try("provider", partial(self._places.upsert_provider, provider))
        async with aclosing(self._node.operators()) as operators:
            async for operator in operators:
                self._try("operator", partial(self._places.upsert_operator, operator))
        async with aclosing(self._node.pools()) as pools:
            async for pool in pools:
                self._try("pool", partial(self._put_pool, pool))
        self.ready.set()

    async def _take(self, event: Received) -> None:
        if event.name == "missed":
            await self.read_all()
        else:
            taker = self._takers.get(event.name)
            if taker is not None:
                self._try(event.name, lambda: taker(self, codec.read_json(event.data.encode())))
        self._last = event.id or self._last

    def _try(self, what: str, change: Callable[[], object]) -> None:
        try:
            change()
        except (OCPIError, ValueError, KeyError, TypeError) as error:
            self.lost += 1
            log.warning("wwcp.not_taken_over", node=self._node.url, what=what, reason=str(error)[:200])

    def _put_pool(self, pool: ChargingPool) -> None:
        if pool.id.operator not in self._places.operators:
            self._places.upsert_operator(ChargingStationOperator(id=pool.id.operator))
        self._places.upsert_pool(pool)

    def _take_pool(self, told: dict[str, Any]) -> None:
        self._put_pool(Reader().entity(ChargingPool, told["chargingPool"], "$.chargingPool"))

    def _take_operator(self, told: dict[str, Any]) -> None:
        key = "chargingStationOperator"
        self._places.upsert_operator(Reader().entity(ChargingStationOperator, told[key], f"$.{key}"))

    def _take_provider(self, told: dict[str, Any]) -> None:
        key = "eMobilityProvider"
        self._places.upsert_provider(Reader().entity(EMobilityProvider, told[key], f"$.{key}"))

    def _take_status(self, told: dict[str, Any]) -> None:
        id, at = EVSEId.parse(told["evseId"]), DateTime.parse(told["timestamp"])
        if told["status"] != told["oldStatus"]:
            self._places.set_evse_schedule(id, [Timestamped(at, EVSEStatus(told["status"]))])
        if told["adminStatus"] != told["oldAdminStatus"]:
            self._places.set_evse_admin_schedule(id, [Timestamped(at, EVSEAdminStatus(told["adminStatus"]))])

    def _take_place_status(self, told: dict[str, Any]) -> None:
        found = [kind.try_parse(told["id"]) for kind in _PLACES]
        id: PlaceId | None = next((one for one in found if one is not None), None)
        if id is not None:  # the state of the node's network itself is no state of ours
            at = DateTime.parse(told["timestamp"])
            self._places.set_status(id, Status(told["status"]), AdminStatus(told["adminStatus"]), at)

    _takers: ClassVar[dict[str, Callable[[Following, dict[str, Any]], None]]] = {
        "chargingPool": _take_pool,
        "chargingStationOperator": _take_operator,
        "eMobilityProvider": _take_provider,
        "evseStatus": _take_status,
        "placeStatus": _take_place_status,
    }


def _states(places: LiveNetwork, id: EVSEId) -> tuple[Timestamped[EVSEStatus], Timestamped[EVSEAdminStatus] | None]:
    evse, now = places.evse(id), places.now
    status = next((one for one in evse.status if one.timestamp <= now), Timestamped(now, EVSEStatus.unknown))
    return status, next((one for one in evse.admin_status if one.timestamp <= now), None)
