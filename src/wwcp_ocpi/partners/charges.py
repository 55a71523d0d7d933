# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a Session or CDR was, and which stored Tariffs hold there.

2.1.1 has the whole Location in both, later versions its id. The Location and the Tariffs may be stored in any version;
each is read in its own, for no price needs them in another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

import msgspec

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.coherence import NOT_AVAILABLE
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.rules import AnyCDR, AnySession, AnyTariff, TimeZoneMissing
from wwcp_ocpi.rules.walltime import zone_of
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.own import spellings
from wwcp_ocpi.store.ports import Objects, Side, Stored

_T = TypeVar("_T", bound=AnyTariff)
_REGULAR = (None, "REGULAR")


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where a charge was. None: not told. `location` is the Location itself, where the record holds it."""

    location_id: str
    evse_uid: str | None = None
    connector_id: str | None = None
    location: bytes | None = None

    @property
    def time_zone(self) -> str | None:
        """As the Location that the record holds tells it."""
        return None if self.location is None else patch.text_of(patch.split(self.location), "time_zone")


def whereabouts(record: AnyCDR | AnySession) -> Whereabouts:
    """Where it was, as the record tells it."""
    whole: Any = getattr(record, "location", None)
    if whole is not None:
        evses = whole.evses or []
        evse = evses[0] if len(evses) == 1 else None
        connector = evse.connectors[0] if evse is not None and len(evse.connectors) == 1 else None
        return Whereabouts(
            location_id=whole.id,
            evse_uid=None if evse is None else evse.uid,
            connector_id=None if connector is None else connector.id,
            location=codec.encode(whole),
        )
    extract: Any = getattr(record, "cdr_location", None)
    place: Any = record if extract is None else extract
    named = [None if id == NOT_AVAILABLE else id for id in (place.evse_uid, place.connector_id)]
    return Whereabouts(
        location_id=place.location_id if extract is None else extract.id, evse_uid=named[0], connector_id=named[1]
    )


def time_zone_of(*told: str | None) -> str | None:
    """The first time zone that there is. A real feed says `Asia/Kuala Lumpur`: that is as good as nothing."""
    for name in told:
        if name:
            try:
                zone_of(name)
            except TimeZoneMissing:
                continue
            return name
    return None


async def stored_by_id(store: Objects, side: Side, kind: str, owner: PartyId, id: str) -> Stored | None:
    """A stored object by its id in any case, whichever version it came in; the exact spelling first."""
    for spelled in sorted(spellings(id), key=lambda one: one != id):
        found = await store.find(side, kind, spelled, [owner])
        if found is not None:
            return found
    return None


def connector_tariffs(location: bytes, place: Whereabouts) -> tuple[str, ...]:
    """The ids of the Tariffs that a Location names at this Connector; at all where it is not told which one it was."""
    try:
        evses = _named(patch.children(patch.split(location), "evses"), "uid", place.evse_uid)
        return tuple(
            dict.fromkeys(
                id
                for evse in evses
                for connector in _named(patch.children(evse, "connectors"), "id", place.connector_id)
                for id in _ids(connector)
            )
        )
    except OCPIError:  # stored although it is none: it names no Tariffs
        return ()


def _named(entries: Iterable[RawObject], field: str, id: str | None) -> Iterator[RawObject]:
    for entry in entries:
        if id is None or fold(patch.text_of(entry, field) or "") == fold(id):
            yield entry


def _ids(connector: RawObject) -> Iterator[str]:
    for name in ("tariff_ids", "tariff_id"):
        raw = connector.get(name)
        if raw is not None:
            try:
                found = msgspec.json.decode(raw, type=str | list[str] | None)
            except msgspec.DecodeError:
                continue
            yield from [found] if isinstance(found, str) else found or ()


def read_tariff_of(stored: Stored) -> AnyTariff | None:
    """A stored Tariff in its own version; None where it cannot be read."""
    try:
        return cast(AnyTariff, codec.decode(version_of(stored.version).object_named("Tariff"), stored.body))
    except OCPIError:
        return None


def holding(tariffs: Sequence[_T], at: dt.datetime) -> list[_T]:
    """Of several Tariffs of one Connector those that hold then; the regular ones, if there are any."""

    def is_valid(tariff: _T) -> bool:
        since, until = (getattr(tariff, name, None) for name in ("start_date_time", "end_date_time"))
        return (since is None or since <= at) and (until is None or at <= until)

    def is_regular(tariff: _T) -> bool:
        type = getattr(tariff, "type", None)
        return (type if type is None else str(type)) in _REGULAR

    valid = [one for one in tariffs if is_valid(one)]
    return [one for one in valid if is_regular(one)] or valid
