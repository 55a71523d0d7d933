# SPDX-License-Identifier: AGPL-3.0-or-later
"""Partners' Locations and Tariffs as pools and tariffs of their operators in the network.

Only what differs from what was taken over before is mapped. A Location in which nothing but the status of EVSEs changed
costs no more than those EVSEs, and the listeners of the network hear just that. What a partner takes away stays in the
network, as `removed`: sessions and records go on naming it.

What cannot be taken over is in `notes` by the Location's or Tariff's key, and taken over when it has become better.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Key, Stored, Write
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStationOperator, evses_of
from wwcp_ocpi.wwcp.model.status import Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.emp.feed import Change
from wwcp_ocpi.wwcp.ocpi.inward.evse import Statuses, evse_statuses
from wwcp_ocpi.wwcp.ocpi.inward.location import ForeignPool, pool_of, read_location
from wwcp_ocpi.wwcp.ocpi.inward.tariff import tariff_of

log = structlog.get_logger()

MOST_NOTES = 50
"""A Location of a thousand EVSEs may have as many; these are enough to know what is the matter."""
_V = TypeVar("_V")
_MOVING = ("status", "last_updated")
"""The fields of an EVSE that change without anything being mapped anew."""


class _UID(msgspec.Struct):
    uid: str


class _Seen(msgspec.Struct):
    """A Location as it was taken over: of each EVSE a hash of all of it, and of what does not move in it."""

    location_id: str
    rest: int
    evses: dict[str, tuple[int, int]]
    pool_id: ChargingPoolId


class PartnerPlaces:
    """Writes partners' places into the network."""

    def __init__(self, core: EMPCore) -> None:
        self.notes: dict[Key, list[Note]] = {}
        """What was lost of an object on its way into the network."""
        self._core = core
        self._seen: dict[Key, _Seen] = {}
        self._told_by: dict[ChargingStationOperatorId, Key] = {}
        self._tariffs: dict[ChargingStationOperatorId, dict[Key, ChargingTariff]] = {}

    async def take_locations(self, changes: Sequence[Change]) -> list[Write | None]:
        """Take Locations over as they are now."""
        for key, stored in changes:
            try:
                await self._location(key, stored)
            except OCPIError as error:
                self._refuse(key, error.path or "$", str(error))
            except Exception as error:
                # The edge of a background task: one Location that nobody thought of must not hold up all others.
                log.exception("wwcp.location_failed", owner=str(key.owner), location=key.id)
                self._refuse(key, "$", f"{type(error).__name__}: {error}")
            await asyncio.sleep(0)  # whoever waits for an answer comes first
        return [None] * len(changes)

    async def take_tariffs(self, changes: Sequence[Change]) -> list[Write | None]:
        """Take Tariffs over as they are now; each operator is told of once."""
        touched: set[ChargingStationOperatorId] = set()
        for key, stored in changes:
            try:
                touched |= await self._tariff(key, stored)
            except OCPIError as error:
                self._refuse(key, error.path or "$", str(error))
            except Exception as error:
                # As above.
                log.exception("wwcp.tariff_failed", owner=str(key.owner), tariff=key.id)
                self._refuse(key, "$", f"{type(error).__name__}: {error}")
        for id in touched:
            network = self._core.network.places
            known = network.operators.get(id) or ChargingStationOperator(id=id)
            network.upsert_operator(replace(known, charging_tariffs=list(self._tariffs[id].values()), last_change=None))
        return [None] * len(changes)

    def _note(self, key: Key, notes: list[Note]) -> None:
        self.notes.pop(key, None)
        if notes:
            self.notes[key] = notes[:MOST_NOTES]

    def _refuse(self, key: Key, path: str, reason: str) -> None:
        self.notes[key] = [Note(path, f"left out: {reason}")]
        log.warning("wwcp.not_taken_over", kind=key.module, owner=str(key.owner), id=key.id, reason=reason)

    # Locations

    async def _location(self, key: Key, stored: Stored | None) -> None:
        if stored is None:
            self._gone(key)
            return
        if key.owner in self._core.settings.party_ids:
            self._refuse(key, "$.party_id", f"{key.owner} is a party of ours: its places are not a partner's to tell")
            return
        body = await self._core.read("locations", key.owner, stored)
        fields = patch.split(body)
        raws = _raws_of(fields)
        rest = hash(tuple(bytes(fields[name]) for name in sorted(fields) if name not in ("evses", "last_updated")))
        seen = self._seen.get(key)
        moved = _moved(seen, rest, raws) if seen is not None else None
        if seen is not None and moved is not None:
            for uid, (raw, whole) in moved.items():
                self._status(key, seen.location_id, codec.decode(OCPIEVSE, raw))
                seen.evses[uid] = (whole, seen.evses[uid][1])
            return
        self._seen.pop(key, None)
        pool_id = self._whole(key, stored, body)
        self._seen[key] = _Seen(
            location_id=patch.text_of(fields, "id") or key.id,
            rest=rest,
            evses={uid: (hash(bytes(raw)), _static(raw)) for uid, raw in raws},
            pool_id=pool_id,
        )

    def _whole(self, key: Key, stored: Stored, body: bytes) -> ChargingPoolId:
        """Map the whole Location; the id of its pool.

        Raises:
            OCPIError: the network does not take it; it is as before.
        """
        core, network = self._core, self._core.network.places
        now = network.now
        location = read_location(body)
        mapped = pool_of(location, core.policy, now=now, names=core.names)
        self._note(key, mapped.notes)
        found = mapped.value
        if found is None:
            reason = mapped.notes[0].text if mapped.notes else "no operator id can be made of its party"
            raise UnknownId(reason)
        self._operator(key, found)
        pool = self._published(self._in_time(found.pool, now), now, is_published=found.published)
        pool = replace(
            pool,
            data_source=pool.data_source or stored.source or None,
            last_change=pool.last_change or min(location.last_updated, now),
        )
        planned = [evse for evse in evses_of(pool) if self._has_plans(evse.id, now)]
        network.upsert_pool(pool)
        for evse in planned:
            self._set(evse.id, Statuses(list(evse.status), list(evse.admin_status)), now)
        return pool.id

    def _operator(self, key: Key, found: ForeignPool) -> None:
        """Take the operator in. Where its Locations tell of it differently, the first one that did is believed."""
        network, told = self._core.network.places, found.operator
        known = network.operators.get(told.id)
        teller = self._told_by.get(told.id)
        if known is not None and known.name and teller not in (None, key):
            return
        if known is not None and teller is None and known.name:
            return  # the application has its own data of this operator
        self._told_by[told.id] = key
        tariffs = list(self._tariffs.get(told.id, {}).values()) or (known.charging_tariffs if known else [])
        network.upsert_operator(replace(told, charging_tariffs=tariffs, charging_pools=[]))

    def _published(self, pool: ChargingPool, now: DateTime, *, is_published: bool) -> ChargingPool:
        """A pool that is not for the public is for internal use."""
        admin_status = AdminStatus.operational if is_published else AdminStatus.internalUse
        known = self._core.network.places.statuses.admin_status(pool.id, now)
        if pool.admin_status or known is admin_status:
            return pool
        return replace(pool, admin_status=(Timestamped(now, admin_status),))

    def _gone(self, key: Key) -> None:
        """Its owner has deleted it, as an extension allows."""
        self.notes.pop(key, None)
        seen = self._seen.pop(key, None)
        if seen is None:
            return
        network = self._core.network.places
        network.remove_pool(seen.pool_id)
        self._core.names.forget(key.owner, seen.location_id)

    # Statuses

    def _status(self, key: Key, location_id: str, evse: OCPIEVSE) -> None:
        """Take over the status of one EVSE of a Location that is as it was in all else."""
        network = self._core.network.places
        place = self._core.names.wwcp_place(key.owner, location_id, evse.uid)
        if place is None or place.evse_id is None:
            return  # it could not be mapped, and says so in the notes
        now = network.now
        given = evse_statuses(evse, self._core.policy, now=now)
        statuses = self._status_in_time(place.evse_id, given, now)
        self._set(place.evse_id, statuses, now)

    def _set(self, id: EVSEId, given: Statuses, now: DateTime) -> None:
        """Take statuses over. What was planned before and is not any more is forgotten; what was stays."""
        network = self._core.network.places
        if len(given.status) + len(given.admin_status) <= 2 and not self._has_plans(id, now):
            network.set_evse_schedule(id, given.status, admin_statuses=given.admin_status)
            return
        status, admin_status = network.evse_history(id)
        network.set_evse_schedule(
            id,
            [*(one for one in status if one.timestamp <= now), *given.status],
            admin_statuses=[*(one for one in admin_status if one.timestamp <= now), *given.admin_status],
            keep=False,
        )

    def _has_plans(self, id: EVSEId, now: DateTime) -> bool:
        try:
            history = self._core.network.places.evse_history(id)
        except UnknownId:
            return False
        return any(entries[0].timestamp > now for entries in history if entries)

    def _in_time(self, pool: ChargingPool, now: DateTime) -> ChargingPool:
        stations = [
            replace(station, evses=[self._evse_in_time(evse, now) for evse in station.evses])
            for station in pool.charging_stations
        ]
        return replace(pool, charging_stations=stations)

    def _evse_in_time(self, evse: EVSE, now: DateTime) -> EVSE:
        made = self._status_in_time(evse.id, Statuses(list(evse.status), list(evse.admin_status)), now)
        return replace(evse, status=made.status, admin_status=made.admin_status)

    def _status_in_time(self, id: EVSEId, given: Statuses, now: DateTime) -> Statuses:
        """With the moments from which they hold: what is stored holds now, whatever clock its owner has."""
        try:
            status, admin_status = self._core.network.places.evse_history(id)
        except UnknownId:
            status, admin_status = [], []
        return Statuses(_in_time(given.status, status, now), _in_time(given.admin_status, admin_status, now))

    # Tariffs

    async def _tariff(self, key: Key, stored: Stored | None) -> set[ChargingStationOperatorId]:
        """Take one over, or out; the operators that it was or is of."""
        before = {id for id, tariffs in self._tariffs.items() if tariffs.pop(key, None) is not None}
        self._note(key, [])
        if stored is None:
            return before
        if key.owner in self._core.settings.party_ids:
            self._refuse(key, "$.party_id", f"{key.owner} is a party of ours: its prices are not a partner's to tell")
            return before
        tariff = codec.decode(Tariff, await self._core.read("tariffs", key.owner, stored))
        mapped = tariff_of(tariff, self._core.policy)
        self._note(key, mapped.notes)
        if mapped.value is None:
            self._refuse(key, "$", mapped.notes[0].text if mapped.notes else "no id can be made of it")
            return before
        self._tariffs.setdefault(mapped.value.id.operator, {})[key] = mapped.value
        return before | {mapped.value.id.operator}


def _in_time(given: list[Timestamped[_V]], history: list[Timestamped[_V]], now: DateTime) -> list[Timestamped[_V]]:
    """The last of these, which is in force, no later than now and not before what has been in force until now."""
    if not given:
        return given
    current = given[-1]
    at = min(current.timestamp, now)
    known = next((entry for entry in history if entry.timestamp <= now), None)
    if known is not None and known.value == current.value:
        at = known.timestamp
    elif known is not None and at < known.timestamp:
        at = now
    return [*given[:-1], Timestamped(at, current.value)]


def _raws_of(fields: patch.RawObject) -> list[tuple[str, msgspec.Raw]]:
    """The EVSEs of a Location by uid, each as the bytes that came.

    Raises:
        InvalidParameters: they are no list of EVSEs.
    """
    raws = patch.raw_children(fields, "evses")
    return [(codec.decode(_UID, raw).uid, raw) for raw in raws]


def _static(raw: msgspec.Raw) -> int:
    fields = patch.split(raw)
    return hash(tuple((name, bytes(fields[name])) for name in sorted(fields) if name not in _MOVING))


def _moved(
    seen: _Seen, rest: int, raws: Sequence[tuple[str, msgspec.Raw]]
) -> dict[str, tuple[msgspec.Raw, int]] | None:
    """The EVSEs whose status may be another one; None where more than that has changed."""
    if rest != seen.rest or len(raws) != len(seen.evses):
        return None
    moved: dict[str, tuple[msgspec.Raw, int]] = {}
    for uid, raw in raws:
        known = seen.evses.get(uid)
        if known is None:
            return None
        whole = hash(bytes(raw))
        if whole == known[0]:
            continue
        if _static(raw) != known[1]:
            return None
        moved[uid] = (raw, whole)
    return moved
