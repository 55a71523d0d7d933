# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.1.1: every object and enum by its name in the specification, and the version as a value."""

from __future__ import annotations

from wwcp_ocpi.protocol import version
from wwcp_ocpi.v2_1_1.cdrs import (
    CDR,
    CdrDimension,
    ChargingPeriod,
)
from wwcp_ocpi.v2_1_1.commands import (
    CommandResponse,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from wwcp_ocpi.v2_1_1.credentials import (
    Credentials,
)
from wwcp_ocpi.v2_1_1.endpoints import (
    ENDPOINTS,
)
from wwcp_ocpi.v2_1_1.enums import (
    Allowed,
    AuthMethod,
    Capability,
    CdrDimensionType,
    CommandResponseType,
    CommandType,
    ConnectorFormat,
    ConnectorType,
    DayOfWeek,
    EnergySourceCategory,
    EnvironmentalImpactCategory,
    Facility,
    ImageCategory,
    LocationType,
    ModuleID,
    ParkingRestriction,
    PowerType,
    SessionStatus,
    Status,
    TariffDimensionType,
    TokenType,
    VersionNumber,
    WhitelistType,
)
from wwcp_ocpi.v2_1_1.facts import (
    FACTS,
)
from wwcp_ocpi.v2_1_1.locations import (
    EVSE,
    AdditionalGeoLocation,
    BusinessDetails,
    Connector,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    ExceptionalPeriod,
    GeoLocation,
    Hours,
    Image,
    Location,
    RegularHours,
    StatusSchedule,
)
from wwcp_ocpi.v2_1_1.modules import (
    MODULES,
)
from wwcp_ocpi.v2_1_1.sessions import (
    Session,
)
from wwcp_ocpi.v2_1_1.tariffs import (
    PriceComponent,
    Tariff,
    TariffElement,
    TariffRestrictions,
)
from wwcp_ocpi.v2_1_1.tokens import (
    AuthorizationInfo,
    LocationReferences,
    Token,
)
from wwcp_ocpi.v2_1_1.types import (
    DisplayText,
)
from wwcp_ocpi.v2_1_1.versions import (
    Endpoint,
    Version,
    VersionDetails,
)

OBJECTS = {
    cls.__name__: cls
    for cls in (
        AdditionalGeoLocation,
        AuthorizationInfo,
        BusinessDetails,
        CDR,
        CdrDimension,
        ChargingPeriod,
        CommandResponse,
        Connector,
        Credentials,
        DisplayText,
        EVSE,
        Endpoint,
        EnergyMix,
        EnergySource,
        EnvironmentalImpact,
        ExceptionalPeriod,
        GeoLocation,
        Hours,
        Image,
        Location,
        LocationReferences,
        PriceComponent,
        RegularHours,
        ReserveNow,
        Session,
        StartSession,
        StatusSchedule,
        StopSession,
        Tariff,
        TariffElement,
        TariffRestrictions,
        Token,
        UnlockConnector,
        Version,
        VersionDetails,
    )
}
"""Every object of this version by its name in the specification."""

VERSION = version.Version("2.1.1", FACTS, ENDPOINTS, MODULES, OBJECTS)

__all__ = [
    "CDR",
    "ENDPOINTS",
    "EVSE",
    "FACTS",
    "MODULES",
    "OBJECTS",
    "VERSION",
    "AdditionalGeoLocation",
    "Allowed",
    "AuthMethod",
    "AuthorizationInfo",
    "BusinessDetails",
    "Capability",
    "CdrDimension",
    "CdrDimensionType",
    "ChargingPeriod",
    "CommandResponse",
    "CommandResponseType",
    "CommandType",
    "Connector",
    "ConnectorFormat",
    "ConnectorType",
    "Credentials",
    "DayOfWeek",
    "DisplayText",
    "Endpoint",
    "EnergyMix",
    "EnergySource",
    "EnergySourceCategory",
    "EnvironmentalImpact",
    "EnvironmentalImpactCategory",
    "ExceptionalPeriod",
    "Facility",
    "GeoLocation",
    "Hours",
    "Image",
    "ImageCategory",
    "Location",
    "LocationReferences",
    "LocationType",
    "ModuleID",
    "ParkingRestriction",
    "PowerType",
    "PriceComponent",
    "RegularHours",
    "ReserveNow",
    "Session",
    "SessionStatus",
    "StartSession",
    "Status",
    "StatusSchedule",
    "StopSession",
    "Tariff",
    "TariffDimensionType",
    "TariffElement",
    "TariffRestrictions",
    "Token",
    "TokenType",
    "UnlockConnector",
    "Version",
    "VersionDetails",
    "VersionNumber",
    "WhitelistType",
]
