# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which OCPI 2.3.0 word is which WWCP word: the tables of `ocpi.words`, read the other way.

Where one WWCP word has an OCPI word for itself, the row follows from the other table. Where several share one, or none
has it, the row stands here with its reason. What went in comes out again the same: tests hold that for every word.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from wwcp_ocpi.v2_3_0.enums import (
    AuthMethod as OCPIAuthMethod,
)
from wwcp_ocpi.v2_3_0.enums import (
    Capability,
    CdrDimensionType,
    ConnectorCapability,
    ConnectorType,
    DayOfWeek,
    ImageCategory,
    PowerType,
    SessionStatus,
    Status,
    TariffDimensionType,
    TokenType,
)
from wwcp_ocpi.v2_3_0.enums import EnergySourceCategory as OCPIEnergySource
from wwcp_ocpi.v2_3_0.enums import EnvironmentalImpactCategory as OCPIEnvironmentalImpact
from wwcp_ocpi.v2_3_0.enums import ParkingType as OCPIParkingType
from wwcp_ocpi.wwcp.model.authentication import AuthMethod, AuthTokenType
from wwcp_ocpi.wwcp.model.energy import EnergySourceCategory, EnvironmentalImpactCategory, MeteringValueType
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
from wwcp_ocpi.wwcp.ocpi import words
from wwcp_ocpi.wwcp.ocpi.words import CapabilitySource

_W = TypeVar("_W")
_O = TypeVar("_O")


def inverse(table: Mapping[_W, _O | None], told: Mapping[_O, _W] | None = None) -> dict[_O, _W]:
    """The table read the other way; `told` are the rows that do not follow from it.

    Raises:
        ValueError: several words of the table share one that `told` does not decide, or it decides what is decided.
    """
    sources: dict[_O, list[_W]] = {}
    for word, other in table.items():
        if other is not None:
            sources.setdefault(other, []).append(word)
    made = dict(told or {})
    for other, found in sources.items():
        if (other in made) == (len(found) == 1):
            raise ValueError(f"expected one row for {other}, got {found} and {made.get(other)}")
        made.setdefault(other, found[0])
    return made


EVSE_STATUS: dict[Status, EVSEStatus] = inverse(
    words.EVSE_STATUS,
    {
        Status.CHARGING: EVSEStatus.charging,  # the word itself; plugged in or occupied is more than OCPI says
        Status.INOPERATIVE: EVSEStatus.outOfService,  # as the reference; not broken, and not for a time only
        Status.OUTOFORDER: EVSEStatus.outOfOrder,  # the word itself
        Status.UNKNOWN: EVSEStatus.unknown,  # the word itself
    },
)

EVSE_ADMIN_STATUS: dict[Status, EVSEAdminStatus] = {
    Status.AVAILABLE: EVSEAdminStatus.operational,
    Status.BLOCKED: EVSEAdminStatus.operational,
    Status.CHARGING: EVSEAdminStatus.operational,
    Status.INOPERATIVE: EVSEAdminStatus.operational,
    Status.OUTOFORDER: EVSEAdminStatus.operational,
    Status.PLANNED: EVSEAdminStatus.planned,
    Status.REMOVED: EVSEAdminStatus.deleted,
    Status.RESERVED: EVSEAdminStatus.operational,
    Status.UNKNOWN: EVSEAdminStatus.operational,
}
"""OCPI has one status for both: what is no plan and not gone is operated."""

CONNECTOR_TYPE: dict[ConnectorType, ChargingConnectorType] = inverse(words.CONNECTOR_TYPE)

CURRENT_TYPE: dict[PowerType, CurrentType] = inverse(
    {current: found.power_type if found else None for current, found in words.CURRENT_TYPE.items()},
    {
        # WWCP has no word for two phases; one is there in any case. Noted.
        PowerType.AC_2_PHASE: CurrentType.AC_OnePhase,
        PowerType.AC_2_PHASE_SPLIT: CurrentType.AC_OnePhase,
    },
)

LINE_TO_LINE: dict[int, int] = {neutral: line for line, neutral in words.LINE_TO_NEUTRAL.items()}
"""V."""


CAPABILITY: dict[Capability, CapabilitySource | None] = {
    Capability.CHARGING_PROFILE_CAPABLE: CapabilitySource(feature=Feature.ChargingProfilesSupported),
    Capability.CHARGING_PREFERENCES_CAPABLE: CapabilitySource(feature=Feature.ChargingPreferencesSupported),
    Capability.CHIP_CARD_SUPPORT: None,
    Capability.CONTACTLESS_CARD_SUPPORT: CapabilitySource(AuthenticationType.NFC),
    # That it can be paid with, not that one identifies with it.
    Capability.CREDIT_CARD_PAYABLE: CapabilitySource(payment_option=PaymentOption.CreditCard),
    Capability.DEBIT_CARD_PAYABLE: CapabilitySource(payment_option=PaymentOption.DebitCard),
    Capability.PED_TERMINAL: CapabilitySource(ui_feature=UIFeature.Pinpad),
    Capability.REMOTE_START_STOP_CAPABLE: CapabilitySource(AuthenticationType.REMOTE),
    Capability.RESERVABLE: CapabilitySource(feature=Feature.Reservable),
    Capability.RFID_READER: CapabilitySource(AuthenticationType.RFID),
    Capability.START_SESSION_CONNECTOR_REQUIRED: CapabilitySource(feature=Feature.START_SESSION_CONNECTOR_REQUIRED),
    Capability.TOKEN_GROUP_CAPABLE: CapabilitySource(feature=Feature.TokenGroupsSupported),
    Capability.UNLOCK_CAPABLE: CapabilitySource(feature=Feature.CSOUnlockSupported),
}
"""One of the WWCP words that give the capability. None: WWCP has none; noted."""

CONNECTOR_CAPABILITY: dict[ConnectorCapability, AuthenticationType] = {
    ConnectorCapability.ISO_15118_2_PLUG_AND_CHARGE: AuthenticationType.ISO_15118_PLC,
    ConnectorCapability.ISO_15118_20_PLUG_AND_CHARGE: AuthenticationType.ISO_15118_PLC,
}
"""Of the whole station; the edition of ISO 15118 is noted."""

PARKING_TYPE: dict[OCPIParkingType, ParkingType] = inverse(words.PARKING_TYPE)

IMAGE_IS_PHOTO: dict[ImageCategory, bool] = {
    ImageCategory.CHARGER: True,
    ImageCategory.ENTRANCE: True,
    ImageCategory.LOCATION: True,
    ImageCategory.NETWORK: False,
    ImageCategory.OPERATOR: False,
    ImageCategory.OTHER: True,
    ImageCategory.OWNER: False,
}
"""Photos of the place are kept by their URL; logos among the pictures of a place are noted."""

DAY_OF_WEEK: dict[DayOfWeek, Weekday] = inverse(words.DAY_OF_WEEK)
WEEKDAY: dict[int, Weekday] = inverse(words.WEEKDAY_NUMBER)

TARIFF_DIMENSION: dict[TariffDimensionType, PriceComponentType] = inverse(words.TARIFF_DIMENSION)

ENERGY_SOURCE: dict[OCPIEnergySource, EnergySourceCategory] = inverse(
    words.ENERGY_SOURCE,
    {
        OCPIEnergySource.COAL: EnergySourceCategory.Coal,  # the general word
        OCPIEnergySource.GENERAL_FOSSIL: EnergySourceCategory.OtherFossil,
        OCPIEnergySource.NUCLEAR: EnergySourceCategory.NuclearFision,  # the only one that there is
        OCPIEnergySource.GENERAL_GREEN: EnergySourceCategory.OtherGreen,
    },
)

ENVIRONMENTAL_IMPACT: dict[OCPIEnvironmentalImpact, EnvironmentalImpactCategory] = inverse(words.ENVIRONMENTAL_IMPACT)

AUTH_METHOD: dict[OCPIAuthMethod, AuthMethod] = {
    OCPIAuthMethod.AUTH_REQUEST: AuthMethod.AUTH_REQUEST,
    OCPIAuthMethod.COMMAND: AuthMethod.REMOTESTART,  # the frequent one; RESERVE_NOW is followed by a start as well
    OCPIAuthMethod.WHITELIST: AuthMethod.WHITELIST,
}


class TokenWay(Enum):
    """In which way of WWCP the driver said who he is."""

    TOKEN = "token"
    PLUG_AND_CHARGE = "plug and charge"
    REMOTE = "remote"


TOKEN_WAY: dict[TokenType, TokenWay] = {
    TokenType.AD_HOC_USER: TokenWay.TOKEN,
    TokenType.APP_USER: TokenWay.REMOTE,
    TokenType.EMAID: TokenWay.PLUG_AND_CHARGE,
    TokenType.OTHER: TokenWay.TOKEN,
    TokenType.RFID: TokenWay.TOKEN,
}
"""What is no eMAID stays a token of its type, whatever the way."""

TOKEN_TYPE: dict[AuthTokenType, TokenType] = {
    AuthTokenType.RFID: TokenType.RFID,
    AuthTokenType.ISO15118: TokenType.EMAID,
    AuthTokenType.MACAddress: TokenType.OTHER,
    AuthTokenType.AD_HOC_USER: TokenType.AD_HOC_USER,
    AuthTokenType.OTHER: TokenType.OTHER,
}
"""From WWCP to OCPI. Words outside the set that are a type of OCPI are that type."""


class SessionState(Enum):
    """What WWCP does with a session in a status of OCPI."""

    AWAITED = "awaited"
    RUNNING = "running"
    ENDED = "ended"
    VOID = "void"
    RESERVED = "reserved"


SESSION_STATE: dict[SessionStatus, SessionState] = {
    SessionStatus.ACTIVE: SessionState.RUNNING,
    SessionStatus.COMPLETED: SessionState.ENDED,
    SessionStatus.INVALID: SessionState.VOID,  # ended; no record will follow
    SessionStatus.PENDING: SessionState.AWAITED,
    SessionStatus.RESERVATION: SessionState.RESERVED,  # awaited as well: nobody charges yet
}


class DimensionUse(Enum):
    """What becomes of a quantity that a charging period tells."""

    ENERGY = "added up to readings of the meter"
    IMPORT = "stands for ENERGY where that is missing"
    NOTED = "noted: WWCP has no place for it"
    TOTAL = "left to the totals"


CDR_DIMENSION: dict[CdrDimensionType, DimensionUse] = {
    CdrDimensionType.CURRENT: DimensionUse.NOTED,
    CdrDimensionType.ENERGY: DimensionUse.ENERGY,
    CdrDimensionType.ENERGY_EXPORT: DimensionUse.NOTED,
    CdrDimensionType.ENERGY_IMPORT: DimensionUse.IMPORT,
    CdrDimensionType.MAX_CURRENT: DimensionUse.NOTED,
    CdrDimensionType.MIN_CURRENT: DimensionUse.NOTED,
    CdrDimensionType.MAX_POWER: DimensionUse.NOTED,
    CdrDimensionType.MIN_POWER: DimensionUse.NOTED,
    CdrDimensionType.PARKING_TIME: DimensionUse.TOTAL,
    CdrDimensionType.POWER: DimensionUse.NOTED,
    CdrDimensionType.RESERVATION_TIME: DimensionUse.TOTAL,
    CdrDimensionType.RESERVATION_EXPIRES: DimensionUse.TOTAL,
    CdrDimensionType.RESERVATION_OVERTIME: DimensionUse.TOTAL,
    CdrDimensionType.STATE_OF_CHARGE: DimensionUse.NOTED,
    CdrDimensionType.TIME: DimensionUse.TOTAL,
}

NATURE: dict[str, MeteringValueType] = {
    "START": MeteringValueType.Start,
    "INTERMEDIATE": MeteringValueType.Intermediate,
    "END": MeteringValueType.Stop,
}
"""Of signed values; in upper case. Others are noted and stand as Intermediate."""
