# SPDX-License-Identifier: AGPL-3.0-or-later
"""The World Wide Charging Protocol side: a roaming network of our own, and what OCPI partners see of it.

    network = RoamingNetwork(load(body).value, store)
    network.add_provider(EMobilityProviderId.parse("DE-GDF"), MyProvider())
    network.places.set_evse_status(EVSEId.parse("DE*GEF*E1234*1"), EVSEStatus.charging)
    result = await network.authorize_start(AuthorizeStart(authentication=rfid("04AB12CD"), location=location))

The entities are values (`model`, `charging`). Places and their states live in a `LiveNetwork`; a `RoamingNetwork` is
around one and routes the verbs between those who take part (`ports` says how they look). JSON is read and written in
`jsonld`, and `to_ocpi` maps places to OCPI 2.3.0. Other versions of OCPI are reached from there by conversion.
"""

from wwcp_ocpi.wwcp.authentication import (
    Authentication,
    AuthMethod,
    AuthTokenType,
    remote,
    rfid,
)
from wwcp_ocpi.wwcp.charging import (
    ChargeDetailRecord,
    ChargingPrice,
    ChargingProduct,
    ChargingReservation,
    ChargingSession,
    SessionStart,
    SessionStop,
    SessionTime,
)
from wwcp_ocpi.wwcp.contract_ids import (
    EMobilityAccountId,
)
from wwcp_ocpi.wwcp.core import (
    CDRFilter,
    RoamingOptions,
)
from wwcp_ocpi.wwcp.energy import (
    EnergyMeter,
    EnergyMeteringValue,
    EnergyMix,
    MeteringValueType,
)
from wwcp_ocpi.wwcp.event_bus import (
    EventStream,
    Numbered,
)
from wwcp_ocpi.wwcp.events import (
    CDRChange,
    Event,
    EVSEStatusChange,
    Missed,
    OperatorChange,
    PlaceStatusChange,
    PoolChange,
    ProviderChange,
    ReservationChange,
    SessionChange,
)
from wwcp_ocpi.wwcp.feeding import (
    feed,
)
from wwcp_ocpi.wwcp.ids import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld import (
    read,
    read_network,
    write,
)
from wwcp_ocpi.wwcp.loading import (
    load,
)
from wwcp_ocpi.wwcp.mapping import (
    LocationIds,
    MappingPolicy,
)
from wwcp_ocpi.wwcp.model import (
    EVSE,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.network import (
    IdTaken,
    LiveNetwork,
    UnknownId,
)
from wwcp_ocpi.wwcp.notes import (
    Loaded,
    Mapped,
    Note,
)
from wwcp_ocpi.wwcp.ports import (
    Authorizer,
    CDRSink,
    POISink,
    RemoteStarter,
    Reserver,
    SessionSink,
    StatusSink,
)
from wwcp_ocpi.wwcp.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.results import (
    AuthStartResult,
    AuthStopResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
    SendCDRResult,
    SendCDRsResult,
)
from wwcp_ocpi.wwcp.roaming import (
    RoamingNetwork,
    SessionReport,
)
from wwcp_ocpi.wwcp.status import (
    EVSEAdminStatus,
    EVSEStatus,
    StatusSchedule,
    Timestamped,
)
from wwcp_ocpi.wwcp.status_words import (
    AdminStatus,
    Status,
)
from wwcp_ocpi.wwcp.text_ids import (
    ChargeDetailRecordId,
    ChargingReservationId,
    ChargingSessionId,
)
from wwcp_ocpi.wwcp.to_ocpi import (
    EVSEPatch,
    location_of,
    locations,
    status_patch,
    tariffs,
)

__all__ = [
    "EVSE",
    "AdminStatus",
    "AuthMethod",
    "AuthStartCode",
    "AuthStartResult",
    "AuthStopCode",
    "AuthStopResult",
    "AuthTokenType",
    "Authentication",
    "AuthorizeStart",
    "AuthorizeStop",
    "Authorizer",
    "CDRChange",
    "CDRFilter",
    "CDRSink",
    "CancelReservation",
    "CancelReservationCode",
    "CancelReservationResult",
    "CancellationReason",
    "ChargeDetailRecord",
    "ChargeDetailRecordId",
    "ChargingConnector",
    "ChargingLocation",
    "ChargingPool",
    "ChargingPoolId",
    "ChargingPrice",
    "ChargingProduct",
    "ChargingReservation",
    "ChargingReservationId",
    "ChargingSession",
    "ChargingSessionId",
    "ChargingStation",
    "ChargingStationId",
    "ChargingStationOperator",
    "ChargingStationOperatorId",
    "ChargingTariffId",
    "EMobilityAccountId",
    "EMobilityProvider",
    "EMobilityProviderId",
    "EVSEAdminStatus",
    "EVSEId",
    "EVSEPatch",
    "EVSEStatus",
    "EVSEStatusChange",
    "EnergyMeter",
    "EnergyMeteringValue",
    "EnergyMix",
    "Event",
    "EventStream",
    "IdTaken",
    "LiveNetwork",
    "Loaded",
    "LocationIds",
    "Mapped",
    "MappingPolicy",
    "MeteringValueType",
    "Missed",
    "Note",
    "Numbered",
    "OperatorChange",
    "POISink",
    "PlaceStatusChange",
    "PoolChange",
    "ProviderChange",
    "RemoteStart",
    "RemoteStartCode",
    "RemoteStartResult",
    "RemoteStarter",
    "RemoteStop",
    "RemoteStopCode",
    "RemoteStopResult",
    "ReservationChange",
    "ReservationCode",
    "ReservationResult",
    "Reserve",
    "Reserver",
    "RoamingNetwork",
    "RoamingNetworkData",
    "RoamingOptions",
    "SendCDRCode",
    "SendCDRResult",
    "SendCDRsResult",
    "SessionChange",
    "SessionReport",
    "SessionSink",
    "SessionStart",
    "SessionStop",
    "SessionTime",
    "Status",
    "StatusSchedule",
    "StatusSink",
    "Timestamped",
    "UnknownId",
    "feed",
    "load",
    "location_of",
    "locations",
    "read",
    "read_network",
    "remote",
    "rfid",
    "status_patch",
    "tariffs",
    "write",
]
