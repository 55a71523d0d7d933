# SPDX-License-Identifier: AGPL-3.0-or-later
"""How stations get through OCPI 2.x, which has none, and how pools do whose id does not fit.

The ids of EVSEs tell their station, as ISO 15118 and WWCP mean them to: `DE*GEF*E1234*1` stands at `DE*GEF*S1234`. Only
where a pool's stations are others than that does its Location carry two properties more. Their names are not used by
OCPI, receivers must not mind them (TRN-33), and they pass through stores and conversions as they are:

    "charging_pool_id": "DE*GEF*P1234", "charging_stations": [{"id": "DE*GEF*S77", "evse_uids": ["DE*GEF*E1234*1"]}]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.derived import station_id_of_evses
from wwcp_ocpi.wwcp.ids.places import ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingPool
from wwcp_ocpi.wwcp.ocpi.evse import told_uid
from wwcp_ocpi.wwcp.ocpi.inward.names import operator_id_of, pool_ids_of
from wwcp_ocpi.wwcp.ocpi.words import MappingPolicy


class StationOfLocation(msgspec.Struct, frozen=True, kw_only=True):
    """A station and its EVSEs, by their uids. Ids as WWCP writes them."""

    id: str
    evse_uids: list[str] = []


class StationedLocation(Location, frozen=True, kw_only=True, omit_defaults=True):
    """A Location that also says which stations its EVSEs form. Partners may send anything under these names."""

    charging_pool_id: Any = None
    charging_stations: Any = None


def derived_stations(evse_ids: Iterable[EVSEId]) -> dict[ChargingStationId, list[int]]:
    """The stations that these ids tell, in order, with the places of their EVSEs in the list."""
    made: dict[ChargingStationId, list[int]] = {}
    for index, evse_id in enumerate(evse_ids):
        made.setdefault(station_id_of_evses([evse_id]), []).append(index)
    return made


def with_stations(location: Location, pool: ChargingPool, policy: MappingPolicy) -> Location:
    """The Location, with the two properties where it would not lead to the same pool id and stations otherwise."""
    if not policy.station_fields:
        return location
    uids = {evse.uid.upper(): evse.uid for evse in location.evses or ()}
    shows_some = any(station.published for station in pool.charging_stations)
    told = [
        (
            station.id,
            [(evse.id, uid) for evse in station.evses if (uid := uids.pop(told_uid(evse).upper(), None)) is not None],
        )
        for station in pool.charging_stations
        if station.published or not shows_some
    ]
    derived = is_derivable([(id, [evse_id for evse_id, _ in evses]) for id, evses in told])
    party = PartyId.of(location.country_code, location.party_id)
    operator = operator_id_of(party)
    known = operator is not None and str(next(pool_ids_of(operator, party, location.id))) == str(pool.id)
    if derived and known:
        return location
    own = {name: getattr(location, name) for name in Location.__struct_fields__}
    stations = [StationOfLocation(id=str(id), evse_uids=[uid for _, uid in evses]) for id, evses in told]
    return StationedLocation(
        **own, charging_pool_id=None if known else str(pool.id), charging_stations=None if derived else stations
    )


def is_derivable(stations: Sequence[tuple[ChargingStationId, Sequence[EVSEId]]]) -> bool:
    """Whether these stations are what follows from their EVSEs, in this order, written like this."""
    flat = [evse_id for _, evse_ids in stations for evse_id in evse_ids]
    derived = [(str(id), [flat[index] for index in places]) for id, places in derived_stations(flat).items()]
    return derived == [(str(id), list(evse_ids)) for id, evse_ids in stations]
