# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was uploaded survives a restart: places and their statuses, each a document of the store.

An answer goes out when what it acknowledges is durable. Writes wait for each other in batches: thousands of statuses
in a second are a few commits, and of an EVSE that changed twice meanwhile only the last state is written. What the file
of `wwcp.network` has and what was uploaded meet at the start: an upload wins over the file, a later state over an
earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.etag import etag
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.documents import read, write
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status
from wwcp_ocpi.wwcp.model.texts import WWCPText
from wwcp_ocpi.wwcp.network.places import LiveNetwork

_S = TypeVar("_S", bound=msgspec.Struct)
_W = TypeVar("_W", bound=WWCPText)

log = structlog.get_logger()

_AT_ONCE = 500
Place: TypeAlias = ChargingStationOperatorId | EMobilityProviderId | ChargingPoolId


class KeptStates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The states of one place or EVSE: in force and planned, newest first. `place` is its id.

    `last_updated` is when the network learned of those of an EVSE.
    """

    place: str
    status: tuple[tuple[str, str], ...] = ()
    admin_status: tuple[tuple[str, str], ...] = ()
    last_updated: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(KeptStates)
_KINDS: dict[str, type[Id]] = {
    "operators": ChargingStationOperatorId,
    "providers": EMobilityProviderId,
    "pools": ChargingPoolId,
    "stations": ChargingStationId,
    "evses": EVSEId,
}


class Uploads:
    """Writes what changed by upload; `resume` first, then `keep`."""

    def __init__(self, documents: Documents, network: str) -> None:
        self._documents = documents
        self._network = network
        self._dirty: dict[tuple[str, str], Callable[[], bytes]] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._writing: asyncio.Task[None] | None = None

    async def resume(self, places: LiveNetwork) -> None:
        """Put what was uploaded before the restart over what the network has now.

        What does not fit any more (an EVSE that the file has in another pool now) is logged and kept as it is.
        """
        async for provider in self._all("providers", EMobilityProvider):
            places.upsert_provider(provider)
        async for operator in self._all("operators", ChargingStationOperator):
            places.upsert_operator(operator)
        async for pool in self._all("pools", ChargingPool):
            try:
                if pool.id.operator not in places.operators:
                    places.upsert_operator(ChargingStationOperator(id=pool.id.operator))
                places.upsert_pool(pool)
            except UsageError as error:
                log.warning("wwcp.upload_not_resumed", pool=str(pool.id), reason=str(error))
        for kind in _KINDS:
            for _, body in await self._documents.documents(self._kind(f"states.{kind}")):
                _resume_states(places, _KINDS[kind], _decoder.decode(body))
            await asyncio.sleep(0)

    async def _all(self, kind: str, cls: type[_S]) -> AsyncIterator[_S]:
        for number, (_, body) in enumerate(await self._documents.documents(self._kind(kind))):
            yield read(cls, body).value
            if number % 100 == 99:
                await asyncio.sleep(0)

    async def keep(
        self, places: LiveNetwork, *, data: Iterable[Place] = (), states: Iterable[PlaceId | EVSEId] = ()
    ) -> None:
        """Write these as they are now; returns when that is durable.

        Raises:
            StoreError: the database cannot be written; the network has what was uploaded until it ends.
        """
        for id in data:
            self._dirty[self._kind(_kind_of(id)), id.canonical] = partial(_static, places, id)
        for place in states:
            key = self._kind(f"states.{_kind_of(place)}"), place.canonical
            self._dirty[key] = partial(_states_of, places, place)
        if not self._dirty and self._writing is None:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await waiting

    async def settle(self) -> None:
        """Wait until everything so far is written."""
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def tag(self, places: LiveNetwork, id: Id) -> str:
        """The ETag of what is static of something. Weak, since its statuses come and go beside it."""
        return f"W/{etag(_static(places, id))}"

    async def _write(self) -> None:
        """Batch after batch, until there is none."""
        try:
            while self._waiting:
                dirty, self._dirty = self._dirty, {}
                waiting, self._waiting = self._waiting, []
                error: BaseException | None = None
                try:
                    entries = list(dirty.items())
                    for start in range(0, len(entries), _AT_ONCE):
                        await asyncio.gather(
                            *(self._put(*key, body()) for key, body in entries[start : start + _AT_ONCE])
                        )
                except Exception as failed:  # noqa: BLE001  # it is raised where somebody waits for the write
                    self._dirty = dirty | self._dirty
                    error = failed
                for one in waiting:
                    if not one.done():
                        one.set_exception(error) if error is not None else one.set_result(None)
        finally:
            self._writing = None

    async def _put(self, kind: str, id: str, body: bytes) -> None:
        await self._documents.change_document(kind, id, lambda _: body)

    def _kind(self, name: str) -> str:
        return f"wwcp.places.{name}.{self._network}"


def _kind_of(id: Id) -> str:
    return next(name for name, kind in _KINDS.items() if isinstance(id, kind))


def _static(places: LiveNetwork, id: Id) -> bytes:
    """What is static of it, as JSON-LD."""
    match id:
        case ChargingPoolId():
            return write(places.static_pool(id))
        case ChargingStationOperatorId():
            return write(places.operator(id))
        case EMobilityProviderId():
            return write(places.providers[id])
        case ChargingStationId():
            pool = places.static_pool(places.pool_id_of_station(id))
            return write(next(station for station in pool.charging_stations if station.id == id))
        case EVSEId():
            return write(replace(places.evse(id), status=[], admin_status=[], last_status_update=None))
        case ChargingTariffId():
            return write(next(one for one in places.operator(id.operator).charging_tariffs if one.id == id))
    raise NotImplementedError(type(id).__name__)


def _states_of(places: LiveNetwork, id: PlaceId | EVSEId) -> bytes:
    now = places.now
    if isinstance(id, EVSEId):
        evse = places.evse(id)
        learned = evse.last_status_update
        kept = KeptStates(
            place=str(id),
            status=_pairs(evse.status),
            admin_status=_pairs(evse.admin_status),
            last_updated=learned.wire if learned else "",
        )
    else:
        found = places.statuses.since(id, now)
        kept = KeptStates(place=str(id), status=_pairs(found.status), admin_status=_pairs(found.admin_status))
    return _encoder.encode(kept)


def _pairs(entries: Iterable[Timestamped[_W]]) -> tuple[tuple[str, str], ...]:
    return tuple((entry.timestamp.wire, entry.value.value) for entry in entries)


def _resume_states(places: LiveNetwork, cls: type[Id], kept: KeptStates) -> None:
    id = cls.parse(kept.place)
    try:
        if isinstance(id, EVSEId):
            learned = DateTime.parse(kept.last_updated) if kept.last_updated else None
            statuses = _entries(kept.status, EVSEStatus), _entries(kept.admin_status, EVSEAdminStatus)
            places.resume_evse(id, *statuses, learned)
            return
        assert isinstance(id, (ChargingStationId, ChargingPoolId, ChargingStationOperatorId, EMobilityProviderId))
        for status in reversed(_entries(kept.status, Status)):
            places.set_status(id, status=status.value, at=status.timestamp)
        for admin_status in reversed(_entries(kept.admin_status, AdminStatus)):
            places.set_status(id, admin_status=admin_status.value, at=admin_status.timestamp)
    except UsageError as error:
        log.warning("wwcp.state_not_resumed", place=kept.place, reason=str(error))


def _entries(pairs: Iterable[tuple[str, str]], cls: type[_W]) -> list[Timestamped[_W]]:
    return [Timestamped(DateTime.parse(timestamp), cls(word)) for timestamp, word in pairs]
