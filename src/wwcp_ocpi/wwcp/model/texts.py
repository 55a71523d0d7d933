# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words that WWCP uses for kinds and features. Open sets, read in any case, unknown words kept.

Values as the WWCP JSON writes them.
"""

from __future__ import annotations

from typing import Self

from wwcp_ocpi.scalars import OpenEnum


class WWCPText(OpenEnum):
    """An open enum whose words are also found in another case: `"Available"` is `available`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str):
            folded = value.strip().lower()
            for member in cls:
                if member.value.lower() == folded:
                    return member
        return super()._missing_(value)


class ParkingType(WWCPText):
    """What kind of place a pool is; JSON key `locationType`."""

    ALONG_MOTORWAY = "ALONG_MOTORWAY"
    PARKING_GARAGE = "PARKING_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    ON_DRIVEWAY = "ON_DRIVEWAY"
    ON_STREET = "ON_STREET"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class Feature(WWCPText):
    """What a pool or station can do."""

    StatusInfoAvailable = "StatusInfoAvailable"
    EnergyInfoAvailable = "EnergyInfoAvailable"
    GermanCalibrationLaw = "GermanCalibrationLaw"
    EuropeanCalibrationLaw = "EuropeanCalibrationLaw"
    Reservable = "Reservable"
    AuthenticationBeforePlugIn = "AuthenticationBeforePlugIn"
    ChargingProfilesSupported = "ChargingProfilesSupported"
    ChargingPreferencesSupported = "ChargingPreferencesSupported"
    TokenGroupsSupported = "TokenGroupsSupported"
    CSOUnlockSupported = "CSOUnlockSupported"
    HubjectCompatible = "HubjectCompatible"
    START_SESSION_CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"


class UIFeature(WWCPText):
    """What a station offers to the driver in front of it."""

    Screen = "Screen"
    CreditCard = "CreditCard"
    DebitCard = "DebitCard"
    Pinpad = "Pinpad"
    Sound = "Sound"
    SpeechRecognition = "SpeechRecognition"
    RFID = "RFID"
    NFC = "NFC"
    Bluetooth = "Bluetooth"
    BLEBeacons = "BLEBeacons"
    WLAN = "WLAN"


class PaymentOption(WWCPText):
    """How one can pay."""

    Free = "Free"
    Contract = "Contract"
    Direct = "Direct"
    Cash = "Cash"
    CreditCard = "CreditCard"
    DebitCard = "DebitCard"
    PrepaidCard = "PrepaidCard"
    SMS = "SMS"


class AuthenticationType(WWCPText):
    """How a driver may identify; the `type` of an authentication mode."""

    FREE_CHARGING = "Free Charging"
    RFID = "RFID"
    PINPAD = "PINPAD"
    ISO_15118_PLC = "ISO/IEC 15118 PLC"
    ISO_15118_OVER_THE_AIR = "ISO/IEC 15118 Over-the-Air"
    REMOTE = "REMOTE"
    CREDIT_CARD = "CreditCard"
    DEBIT_CARD = "DebitCard"
    PREPAID_CARD = "PrepaidCard"
    NFC = "NFC"
    BLUETOOTH = "Bluetooth"
    WLAN = "WLAN"
    NO_AUTHENTICATION_REQUIRED = "No authentication required"
    DIRECT_PAYMENT = "DirectPayment"
    SMS = "SMS"
    PHONE_CALL = "PhoneCall"


class CurrentType(WWCPText):
    """Alternating current of one or three phases, or direct current; flags, noted once per EVSE."""

    Unspecified = "Unspecified"
    AC_OnePhase = "AC_OnePhase"
    AC_ThreePhases = "AC_ThreePhases"
    DC = "DC"


class ChargingConnectorType(WWCPText):
    """The plug; the words are those of OCPI. MCS and SAE_J3400 are our addition."""

    CHADEMO = "CHADEMO"
    CHAOJI = "CHAOJI"
    DOMESTIC_A = "DOMESTIC_A"
    DOMESTIC_B = "DOMESTIC_B"
    DOMESTIC_C = "DOMESTIC_C"
    DOMESTIC_D = "DOMESTIC_D"
    DOMESTIC_E = "DOMESTIC_E"
    DOMESTIC_F = "DOMESTIC_F"
    DOMESTIC_G = "DOMESTIC_G"
    DOMESTIC_H = "DOMESTIC_H"
    DOMESTIC_I = "DOMESTIC_I"
    DOMESTIC_J = "DOMESTIC_J"
    DOMESTIC_K = "DOMESTIC_K"
    DOMESTIC_L = "DOMESTIC_L"
    DOMESTIC_M = "DOMESTIC_M"
    DOMESTIC_N = "DOMESTIC_N"
    DOMESTIC_O = "DOMESTIC_O"
    GBT_AC = "GBT_AC"
    GBT_DC = "GBT_DC"
    IEC_60309_2_single_16 = "IEC_60309_2_single_16"
    IEC_60309_2_three_16 = "IEC_60309_2_three_16"
    IEC_60309_2_three_32 = "IEC_60309_2_three_32"
    IEC_60309_2_three_64 = "IEC_60309_2_three_64"
    IEC_62196_T1 = "IEC_62196_T1"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T3A = "IEC_62196_T3A"
    IEC_62196_T3C = "IEC_62196_T3C"
    MCS = "MCS"
    NEMA_5_20 = "NEMA_5_20"
    NEMA_6_30 = "NEMA_6_30"
    NEMA_6_50 = "NEMA_6_50"
    NEMA_10_30 = "NEMA_10_30"
    NEMA_10_50 = "NEMA_10_50"
    NEMA_14_30 = "NEMA_14_30"
    NEMA_14_50 = "NEMA_14_50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP"
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN"
    SAE_J3400 = "SAE_J3400"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


class PriceComponentType(WWCPText):
    """What a price component of a tariff prices."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class Weekday(WWCPText):
    """The days, in the order of ISO 8601: Monday is 1."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
