# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations of partners for tests, and how to look at what was made of them."""

from __future__ import annotations

from typing import Any

from tests import objects
from tests.wwcp.making import MONDAY
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStation, evses_of
from wwcp_ocpi.wwcp.ocpi.inward.location import ForeignPool, pool_of, read_location
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

VERSION = "2.3.0"


def foreign_evse(uid: str = "DE*GEF*E1*1", evse_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """An EVSE whose uid is its evse_id, unless it is told."""
    return objects.evse(VERSION, uid, **({"evse_id": evse_id or uid} | fields))


def foreign_connector(id: str = "1", **fields: Any) -> dict[str, Any]:
    return objects.connector(VERSION, id, **fields)


def foreign_location(*evses: dict[str, Any], id: str = "DE*GEF*P1", **fields: Any) -> Location:
    told: dict[str, Any] = {"evses": list(evses) or None}
    return read_location(codec.encode(objects.location(VERSION, id) | told | fields))


def mapped_in(
    location: Location,
    *,
    now: DateTime = MONDAY,
    policy: MappingPolicy = DEFAULT_POLICY,
    names: NameBook | None = None,
) -> Mapped[ForeignPool]:
    return pool_of(location, policy, now=now, names=names)


def pool_in(*evses: dict[str, Any], **fields: Any) -> tuple[ChargingPool, list[str]]:
    """The pool of a Location with these EVSEs and fields, and the notes."""
    found = mapped_in(foreign_location(*evses, **fields))
    assert found.value is not None
    return found.value.pool, [f"{note.path}: {note.text}" for note in found.notes]


def station_in(*evses: dict[str, Any], **fields: Any) -> tuple[ChargingStation, list[str]]:
    pool, notes = pool_in(*evses, **fields)
    [station] = pool.charging_stations
    return station, notes


def evse_in(**fields: Any) -> tuple[EVSE, list[str]]:
    pool, notes = pool_in(foreign_evse(**fields))
    [evse] = evses_of(pool)
    return evse, notes


def structure(pool: ChargingPool) -> dict[str, list[str]]:
    """The stations of a pool and the ids of their EVSEs."""
    return {str(one.id): [str(evse.id) for evse in one.evses] for one in pool.charging_stations}
