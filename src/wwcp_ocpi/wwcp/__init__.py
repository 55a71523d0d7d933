# SPDX-License-Identifier: AGPL-3.0-or-later
"""The World Wide Charging Protocol side: a roaming network of our own, and what OCPI partners see of it.

    network = RoamingNetwork(load(body).value, store)
    network.add_provider(EMobilityProviderId.parse("DE-GDF"), MyProvider())
    network.places.set_evse_status(EVSEId.parse("DE*GEF*E1234*1"), EVSEStatus.charging)
    result = await network.authorize_start(AuthorizeStart(authentication=rfid("04AB12CD"), location=location))

Its rooms, from below: `ids` and `model` are values; `jsonld` reads and writes them; `network` is where places and
their states live; `routing` is the `RoamingNetwork` around one, which takes the verbs to those who take part
(`routing.ports` says how they look); `ocpi` is the way to OCPI partners. Other versions of OCPI than 2.3.0 are
reached by conversion.
"""

from wwcp_ocpi.wwcp.ids.contracts import (
    EMobilityAccountId,
)
from wwcp_ocpi.wwcp.ids.opaque import (
    ChargeDetailRecordId,
    ChargingReservationId,
    ChargingSessionId,
)
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.documents import (
    read,
    read_network,
    write,
)
from wwcp_ocpi.wwcp.model.authentication import (
    Authentication,
    AuthMethod,
    AuthTokenType,
    remote,
    rfid,
)
from wwcp_ocpi.wwcp.model.charging import (
    ChargeDetailRecord,
    ChargingPrice,
    ChargingProduct,
    ChargingReservation,
    ChargingSession,
    SessionStart,
    SessionStop,
    SessionTime,
)
from wwcp_ocpi.wwcp.model.energy import (
    EnergyMeter,
    EnergyMeteringValue,
    EnergyMix,
    MeteringValueType,
)
from wwcp_ocpi.wwcp.model.notes import (
    Loaded,
    Mapped,
    Note,
)
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.model.results import (
    AuthStartResult,
    AuthStopResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
    SendCDRResult,
    SendCDRsResult,
)
from wwcp_ocpi.wwcp.model.station_verbs import (
    ChargingProfile,
    ProfileCode,
    ProfilePeriod,
    ProfileRequest,
    ProfileResult,
    ProfileVerb,
    RateUnit,
    Unlock,
    UnlockCode,
    UnlockResult,
)
from wwcp_ocpi.wwcp.model.status import (
    EVSEAdminStatus,
    EVSEStatus,
    StatusSchedule,
    Timestamped,
)
from wwcp_ocpi.wwcp.model.status_words import (
    AdminStatus,
    Status,
)
from wwcp_ocpi.wwcp.model.tokens import (
    ListedToken,
    Whitelist,
)
from wwcp_ocpi.wwcp.network.event_bus import (
    EventStream,
    Numbered,
)
from wwcp_ocpi.wwcp.network.events import (
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
from wwcp_ocpi.wwcp.network.loading import (
    load,
)
from wwcp_ocpi.wwcp.network.places import (
    IdTaken,
    LiveNetwork,
    UnknownId,
)
from wwcp_ocpi.wwcp.ocpi.emp_adapter import (
    EMPAdapter,
    EMPOptions,
)
from wwcp_ocpi.wwcp.ocpi.places import (
    EVSEPatch,
    location_of,
    locations,
    status_patch,
    tariffs,
)
from wwcp_ocpi.wwcp.ocpi.words import (
    LocationIds,
    MappingPolicy,
)
from wwcp_ocpi.wwcp.routing.core import (
    CDRFilter,
    RoamingOptions,
)
from wwcp_ocpi.wwcp.routing.feeding import (
    feed,
)
from wwcp_ocpi.wwcp.routing.ports import (
    Authorizer,
    CDRClaimer,
    CDRSink,
    POISink,
    ProfileSetter,
    RemoteStarter,
    Reserver,
    SessionSink,
    StatusSink,
    Unlocker,
)
from wwcp_ocpi.wwcp.routing.roaming import (
    RoamingNetwork,
    SessionReport,
)
from wwcp_ocpi.wwcp.routing.token_source import (
    TokenSource,
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
    "CDRClaimer",
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
    "ChargingProfile",
    "ChargingReservation",
    "ChargingReservationId",
    "ChargingSession",
    "ChargingSessionId",
    "ChargingStation",
    "ChargingStationId",
    "ChargingStationOperator",
    "ChargingStationOperatorId",
    "ChargingTariffId",
    "EMPAdapter",
    "EMPOptions",
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
    "ListedToken",
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
    "ProfileCode",
    "ProfilePeriod",
    "ProfileRequest",
    "ProfileResult",
    "ProfileSetter",
    "ProfileVerb",
    "ProviderChange",
    "RateUnit",
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
    "TokenSource",
    "UnknownId",
    "Unlock",
    "UnlockCode",
    "UnlockResult",
    "Unlocker",
    "Whitelist",
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
