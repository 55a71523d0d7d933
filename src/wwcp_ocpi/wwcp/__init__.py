# SPDX-License-Identifier: AGPL-3.0-or-later
"""The World Wide Charging Protocol side: a roaming network of our own, and what OCPI partners see of it.

    network = LiveNetwork(read_network(body))
    network.on_status(lambda change: send(status_patch(network, change)))
    network.set_evse_status(EVSEId.parse("DE*GEF*E1234*1"), EVSEStatus.charging)

The entities are values (`model`), the network lives (`network`), its JSON is read and written in `jsonld`, and
`to_ocpi` maps it to OCPI 2.3.0. Other versions of OCPI are reached from there by conversion.
"""

from wwcp_ocpi.wwcp.events import EVSEStatusChange, PoolChange
from wwcp_ocpi.wwcp.ids import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld import read, read_network, write
from wwcp_ocpi.wwcp.mapping import LocationIds, MappingPolicy
from wwcp_ocpi.wwcp.model import (
    EVSE,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.network import IdTaken, LiveNetwork, UnknownId
from wwcp_ocpi.wwcp.notes import Loaded, Mapped, Note
from wwcp_ocpi.wwcp.status import EVSEAdminStatus, EVSEStatus, StatusSchedule
from wwcp_ocpi.wwcp.to_ocpi import EVSEPatch, location_of, locations, status_patch, tariffs

__all__ = [
    "EVSE",
    "ChargingConnector",
    "ChargingPool",
    "ChargingPoolId",
    "ChargingStation",
    "ChargingStationId",
    "ChargingStationOperator",
    "ChargingStationOperatorId",
    "ChargingTariffId",
    "EMobilityProviderId",
    "EVSEAdminStatus",
    "EVSEId",
    "EVSEPatch",
    "EVSEStatus",
    "EVSEStatusChange",
    "IdTaken",
    "LiveNetwork",
    "Loaded",
    "LocationIds",
    "Mapped",
    "MappingPolicy",
    "Note",
    "PoolChange",
    "RoamingNetworkData",
    "StatusSchedule",
    "UnknownId",
    "location_of",
    "locations",
    "read",
    "read_network",
    "status_patch",
    "tariffs",
    "write",
]
