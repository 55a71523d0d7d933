# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which WWCP word is which OCPI 2.3.0 word, as tables, and what is ours to decide, as a policy.

Every value of the WWCP sets has its row; tests hold that. Words outside the sets have none, and the mapping
notes them.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import msgspec

from wwcp_ocpi.v2_3_0.enums import (
    Capability,
    ConnectorType,
    DayOfWeek,
    Facility,
    Status,
    TariffDimensionType,
    TaxIncluded,
)
from wwcp_ocpi.v2_3_0.enums import EnergySourceCategory as OCPIEnergySource
from wwcp_ocpi.v2_3_0.enums import EnvironmentalImpactCategory as OCPIEnvironmentalImpact
from wwcp_ocpi.v2_3_0.enums import ParkingType as OCPIParkingType
from wwcp_ocpi.v2_3_0.enums import PowerType as OCPIPowerType
from wwcp_ocpi.wwcp.model.energy import EnergySourceCategory, EnvironmentalImpactCategory
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus
from wwcp_ocpi.wwcp.model.texts import (
    AuthenticationType,
    ChargingConnectorType,
    CurrentType,
    Feature,
    ParkingType,
    PaymentOption,
    PriceComponentType,
    UIFeature,
    Weekday,
)

EVSE_STATUS: dict[EVSEStatus, Status] = {
    EVSEStatus.available: Status.AVAILABLE,
    EVSEStatus.reserved: Status.RESERVED,
    EVSEStatus.charging: Status.CHARGING,
    # In use without energy flowing: a driver reads CHARGING as "taken, wait", which is what they mean.
    EVSEStatus.waitingForPlugin: Status.CHARGING,
    EVSEStatus.pluggedIn: Status.CHARGING,
    EVSEStatus.occupied: Status.CHARGING,
    EVSEStatus.blocked: Status.BLOCKED,
    # Not usable now, and not broken.
    EVSEStatus.offline: Status.INOPERATIVE,
    EVSEStatus.doorNotClosed: Status.INOPERATIVE,
    EVSEStatus.unavailable: Status.INOPERATIVE,
    EVSEStatus.inoperative: Status.INOPERATIVE,
    EVSEStatus.outOfService: Status.INOPERATIVE,
    EVSEStatus.error: Status.OUTOFORDER,
    EVSEStatus.faulted: Status.OUTOFORDER,
    EVSEStatus.outOfOrder: Status.OUTOFORDER,
    EVSEStatus.inDeployment: Status.PLANNED,
    EVSEStatus.removed: Status.REMOVED,
    EVSEStatus.unknown: Status.UNKNOWN,
    EVSEStatus.unspecified: Status.UNKNOWN,
    EVSEStatus.other: Status.UNKNOWN,
}

EVSE_ADMIN_STATUS: dict[EVSEAdminStatus, Status | None] = {
    EVSEAdminStatus.operational: None,
    EVSEAdminStatus.unknown: None,
    EVSEAdminStatus.unspecified: None,
    EVSEAdminStatus.planned: Status.PLANNED,
    EVSEAdminStatus.inDeployment: Status.PLANNED,
    EVSEAdminStatus.outOfService: Status.INOPERATIVE,
    EVSEAdminStatus.internalUse: Status.INOPERATIVE,  # it works, but not for the drivers of partners
    EVSEAdminStatus.blocked: Status.BLOCKED,
    EVSEAdminStatus.deleted: Status.REMOVED,
    EVSEAdminStatus.unknownEVSE: Status.UNKNOWN,
}
"""None: the operational status speaks. Otherwise the admin status overrides it, except that REMOVED stays."""

CONNECTOR_TYPE: dict[ChargingConnectorType, ConnectorType] = {
    type: ConnectorType[type.name] for type in ChargingConnectorType
}

DC_ONLY = frozenset(
    {
        ChargingConnectorType.CHADEMO,
        ChargingConnectorType.CHAOJI,
        ChargingConnectorType.GBT_DC,
        ChargingConnectorType.IEC_62196_T1_COMBO,
        ChargingConnectorType.IEC_62196_T2_COMBO,
        ChargingConnectorType.MCS,
        ChargingConnectorType.PANTOGRAPH_BOTTOM_UP,
        ChargingConnectorType.PANTOGRAPH_TOP_DOWN,
    }
)
"""Plugs that carry direct current and always hang on a cable or an arm, whether WWCP noted a cable or not."""


class Electrical(NamedTuple):
    """The OCPI power type, and what is assumed where an EVSE does not tell its values."""

    power_type: OCPIPowerType
    voltage: int  # V, between line and neutral
    amperage: int  # A


CURRENT_TYPE: dict[CurrentType, Electrical | None] = {
    CurrentType.Unspecified: None,
    CurrentType.AC_OnePhase: Electrical(OCPIPowerType.AC_1_PHASE, 230, 16),
    CurrentType.AC_ThreePhases: Electrical(OCPIPowerType.AC_3_PHASE, 230, 16),
    CurrentType.DC: Electrical(OCPIPowerType.DC, 400, 50),
}

LINE_TO_NEUTRAL = {380: 220, 400: 230, 415: 240, 480: 277}
"""Nominal voltages of three phases: what WWCP gives between two lines, OCPI wants to neutral. V."""


class CapabilitySource(NamedTuple):
    """Any one of these at the station gives the capability."""

    authentication: AuthenticationType | None = None
    ui_feature: UIFeature | None = None
    payment_option: PaymentOption | None = None
    feature: Feature | None = None


CAPABILITY: dict[Capability, CapabilitySource | None] = {
    Capability.CHARGING_PROFILE_CAPABLE: CapabilitySource(feature=Feature.ChargingProfilesSupported),
    Capability.CHARGING_PREFERENCES_CAPABLE: CapabilitySource(feature=Feature.ChargingPreferencesSupported),
    Capability.CHIP_CARD_SUPPORT: None,
    Capability.CONTACTLESS_CARD_SUPPORT: CapabilitySource(AuthenticationType.NFC, UIFeature.NFC),
    Capability.CREDIT_CARD_PAYABLE: CapabilitySource(
        AuthenticationType.CREDIT_CARD, UIFeature.CreditCard, PaymentOption.CreditCard
    ),
    Capability.DEBIT_CARD_PAYABLE: CapabilitySource(
        AuthenticationType.DEBIT_CARD, UIFeature.DebitCard, PaymentOption.DebitCard
    ),
    Capability.PED_TERMINAL: CapabilitySource(AuthenticationType.PINPAD, UIFeature.Pinpad),
    Capability.REMOTE_START_STOP_CAPABLE: CapabilitySource(AuthenticationType.REMOTE),
    Capability.RESERVABLE: CapabilitySource(feature=Feature.Reservable),
    Capability.RFID_READER: CapabilitySource(AuthenticationType.RFID, UIFeature.RFID),
    Capability.START_SESSION_CONNECTOR_REQUIRED: CapabilitySource(feature=Feature.START_SESSION_CONNECTOR_REQUIRED),
    Capability.TOKEN_GROUP_CAPABLE: CapabilitySource(feature=Feature.TokenGroupsSupported),
    Capability.UNLOCK_CAPABLE: CapabilitySource(feature=Feature.CSOUnlockSupported),
}
"""None: WWCP has no word for it. WWCP words that stand nowhere here are noted and left out.

Among those is plug and charge: WWCP does not say of which edition of ISO 15118, OCPI has a value for each.
"""

FACILITY: dict[str, Facility] = {facility.value: facility for facility in Facility}

PARKING_TYPE: dict[ParkingType, OCPIParkingType | None] = {
    ParkingType.ALONG_MOTORWAY: OCPIParkingType.ALONG_MOTORWAY,
    ParkingType.PARKING_GARAGE: OCPIParkingType.PARKING_GARAGE,
    ParkingType.PARKING_LOT: OCPIParkingType.PARKING_LOT,
    ParkingType.ON_DRIVEWAY: OCPIParkingType.ON_DRIVEWAY,
    ParkingType.ON_STREET: OCPIParkingType.ON_STREET,
    ParkingType.UNDERGROUND_GARAGE: OCPIParkingType.UNDERGROUND_GARAGE,
    ParkingType.OTHER: None,
    ParkingType.UNKNOWN: None,
}
"""None: left out; OCPI 2.3.0 says nothing rather than "unknown"."""

DAY_OF_WEEK: dict[Weekday, DayOfWeek] = {day: DayOfWeek[day.name] for day in Weekday}
WEEKDAY_NUMBER: dict[Weekday, int] = {day: number for number, day in enumerate(Weekday, start=1)}

TARIFF_DIMENSION: dict[PriceComponentType, TariffDimensionType | None] = {
    PriceComponentType.ENERGY: TariffDimensionType.ENERGY,
    PriceComponentType.FLAT: TariffDimensionType.FLAT,
    PriceComponentType.PARKING_TIME: TariffDimensionType.PARKING_TIME,
    PriceComponentType.TIME: TariffDimensionType.TIME,
    PriceComponentType.MAX_CURRENT: None,
    PriceComponentType.MIN_CURRENT: None,
}
"""None: OCPI prices no currents."""


ENERGY_SOURCE: dict[EnergySourceCategory, OCPIEnergySource | None] = {
    EnergySourceCategory.Gas: OCPIEnergySource.GAS,
    EnergySourceCategory.Coal: OCPIEnergySource.COAL,
    EnergySourceCategory.StoneCoal: OCPIEnergySource.COAL,
    EnergySourceCategory.Oil: OCPIEnergySource.GENERAL_FOSSIL,
    EnergySourceCategory.OtherFossil: OCPIEnergySource.GENERAL_FOSSIL,
    EnergySourceCategory.NuclearFision: OCPIEnergySource.NUCLEAR,
    EnergySourceCategory.NuclearFusion: OCPIEnergySource.NUCLEAR,
    EnergySourceCategory.Sun: OCPIEnergySource.SOLAR,
    EnergySourceCategory.Wind: OCPIEnergySource.WIND,
    EnergySourceCategory.Water: OCPIEnergySource.WATER,
    EnergySourceCategory.Geothermal: OCPIEnergySource.GENERAL_GREEN,
    EnergySourceCategory.Waste: OCPIEnergySource.GENERAL_GREEN,
    EnergySourceCategory.Biogas: OCPIEnergySource.GENERAL_GREEN,
    EnergySourceCategory.OtherGreen: OCPIEnergySource.GENERAL_GREEN,
    EnergySourceCategory.unknown: None,
}
"""None: left out, with its share."""

ENVIRONMENTAL_IMPACT: dict[EnvironmentalImpactCategory, OCPIEnvironmentalImpact] = {
    EnvironmentalImpactCategory.NuclearWaste: OCPIEnvironmentalImpact.NUCLEAR_WASTE,
    EnvironmentalImpactCategory.CarbonDioxide: OCPIEnvironmentalImpact.CARBON_DIOXIDE,
}


class LocationIds(Enum):
    """How a Location is called: by the whole id of its pool, which is lossless, or by what follows the `P`."""

    FULL = "full"
    SUFFIX = "suffix"


class MappingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner may need otherwise. The overrides replace single rows of the tables, in one direction each.

    `operators` is for operators whose id is no party of OCPI and for parties that are no operator: party to operator,
    `{"DE*822": "+49*822"}`. `station_fields`: whether stations are told to partners, who may know them; see `stations`.
    """

    location_ids: LocationIds = LocationIds.FULL
    tax_included: TaxIncluded = TaxIncluded.NO
    evse_status: dict[EVSEStatus, Status] = {}
    evse_admin_status: dict[EVSEAdminStatus, Status | None] = {}
    evse_status_inward: dict[Status, EVSEStatus] = {}
    evse_admin_status_inward: dict[Status, EVSEAdminStatus] = {}
    energy_source: dict[EnergySourceCategory, OCPIEnergySource | None] = {}
    energy_source_inward: dict[OCPIEnergySource, EnergySourceCategory] = {}
    operators: dict[str, str] = {}
    station_fields: bool = True
    language: str = "en"  # of texts that OCPI gives without one


DEFAULT_POLICY = MappingPolicy()


def ocpi_status(status: EVSEStatus, admin_status: EVSEAdminStatus, policy: MappingPolicy) -> Status:
    """What an OCPI partner hears of both kinds of status; UNKNOWN for words outside the sets."""
    operational = (EVSE_STATUS | policy.evse_status).get(status, Status.UNKNOWN)
    overriding = (EVSE_ADMIN_STATUS | policy.evse_admin_status).get(admin_status)
    if overriding is None or operational is Status.REMOVED:
        return operational
    return overriding
