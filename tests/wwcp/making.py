# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small networks for tests, and how to look at what was made of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    Address,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    GeoLocation,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType, CurrentType
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.location import location
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

MONDAY = DateTime.parse("2026-08-03T08:00:00Z")
TUESDAY = DateTime.parse("2026-08-04T08:00:00Z")
WEDNESDAY = DateTime.parse("2026-08-05T08:00:00Z")
GEF = ChargingStationOperatorId.parse("DE*GEF")
POOL = ChargingPoolId.parse("DE*GEF*P1")
FIRST = EVSEId.parse("DE*GEF*E1*A*1")
SECOND = EVSEId.parse("DE*GEF*E1*A*2")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: DateTime) -> None:
        self.now = now

    def __call__(self) -> DateTime:
        return self.now


def connector(id: str = "1", **fields: Any) -> ChargingConnector:
    return replace(ChargingConnector(id=id, type=ChargingConnectorType.IEC_62196_T2), **fields)


def evse(id: EVSEId = FIRST, **fields: Any) -> EVSE:
    made = EVSE(
        id=id,
        current_type=[CurrentType.AC_ThreePhases],
        max_voltage=Decimal(400),
        max_current=Decimal(32),
        max_power=Decimal(22000),
        charging_connectors=[connector()],
    )
    return replace(made, **fields)


def station(*evses: EVSE, **fields: Any) -> ChargingStation:
    made = ChargingStation(id=ChargingStationId.parse("DE*GEF*S1*A"), evses=list(evses))
    return replace(made, **fields)


def pool(*stations: ChargingStation, **fields: Any) -> ChargingPool:
    made = ChargingPool(
        id=POOL,
        name={"de": "Am Markt"},
        geo_location=GeoLocation(latitude=Decimal("50.927054"), longitude=Decimal("11.5892372")),
        address=Address(
            street="Am Markt",
            house_number="7",
            postal_code="07743",
            city={"de": "Jena"},
            country="DEU",
            time_zone="Europe/Berlin",
        ),
        charging_stations=list(stations),
    )
    return replace(made, **fields)


def operator(**fields: Any) -> ChargingStationOperator:
    return replace(ChargingStationOperator(id=GEF, name={"de": "Beispielstrom"}), **fields)


def network(*pools: ChargingPool, clock: Clock | None = None) -> LiveNetwork:
    made = RoamingNetworkData(id="test", charging_station_operators=[operator(charging_pools=list(pools))])
    return LiveNetwork(made, clock=clock or Clock(MONDAY))


def mapped(
    wwcp: ChargingPool,
    *,
    by: ChargingStationOperator | None = None,
    now: DateTime = MONDAY,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[Location]:
    return location(wwcp, by or operator(), now=now, policy=policy)


def location_with(*, address: dict[str, Any] | None = None, **fields: Any) -> Mapped[Location]:
    """What becomes of a pool with one good EVSE and these fields."""
    made = pool(station(evse()), **fields)
    if address is not None and made.address is not None:
        made = replace(made, address=replace(made.address, **address))
    return mapped(made)


def evse_with(now: DateTime = MONDAY, policy: MappingPolicy = DEFAULT_POLICY, **fields: Any) -> Mapped[OCPIEVSE]:
    """What becomes of an EVSE with these fields."""
    found = mapped(pool(station(evse(**fields))), now=now, policy=policy)
    evses = found.value.evses if found.value else None
    return Mapped(found.id, evses[0] if evses else None, found.notes)


def texts(found: Mapped[Any]) -> list[str]:
    """The notes as lines."""
    return [f"{note.path}: {note.text}" for note in found.notes]
