# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each verb of a roaming network can answer, as WWCP words it."""

from __future__ import annotations

from wwcp_ocpi.wwcp.model.texts import WWCPText


class AuthStartCode(WWCPText):
    """May this driver begin to charge?"""

    Unspecified = "Unspecified"
    AdminDown = "AdminDown"
    UnknownLocation = "UnknownLocation"
    InvalidToken = "InvalidToken"
    InvalidSessionId = "InvalidSessionId"
    Reserved = "Reserved"
    OutOfService = "OutOfService"
    Authorized = "Authorized"
    NotAuthorized = "NotAuthorized"
    Blocked = "Blocked"
    Expired = "Expired"
    NoCredit = "NoCredit"
    CommunicationTimeout = "CommunicationTimeout"
    StartChargingTimeout = "StartChargingTimeout"
    RateLimitReached = "RateLimitReached"
    Error = "Error"


class AuthStopCode(WWCPText):
    """May this driver end that session? Expired and NoCredit are our addition."""

    Unspecified = "Unspecified"
    AdminDown = "AdminDown"
    UnknownLocation = "UnknownLocation"
    InvalidToken = "InvalidToken"
    InvalidSessionId = "InvalidSessionId"
    AlreadyStopped = "AlreadyStopped"
    OutOfService = "OutOfService"
    Authorized = "Authorized"
    NotAuthorized = "NotAuthorized"
    Blocked = "Blocked"
    Expired = "Expired"
    NoCredit = "NoCredit"
    CommunicationTimeout = "CommunicationTimeout"
    StopChargingTimeout = "StopChargingTimeout"
    RateLimitReached = "RateLimitReached"
    Error = "Error"


class RemoteStartCode(WWCPText):
    """Did the session begin that a provider asked for?"""

    Unspecified = "Unspecified"
    UnknownOperator = "UnknownOperator"
    UnknownLocation = "UnknownLocation"
    InvalidSessionId = "InvalidSessionId"
    InvalidCredentials = "InvalidCredentials"
    NoEVConnectedToEVSE = "NoEVConnectedToEVSE"
    AlreadyInUse = "AlreadyInUse"
    InternalUse = "InternalUse"
    OutOfService = "OutOfService"
    Offline = "Offline"
    Reserved = "Reserved"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    SuccessPlugInCableToStartCharging = "SuccessPlugInCableToStartCharging"
    Rejected = "Rejected"
    Timeout = "Timeout"
    BadRequest = "BadRequest"
    Unauthorized = "Unauthorized"
    CommunicationError = "CommunicationError"
    Error = "Error"
    NoOperation = "NoOperation"


class RemoteStopCode(WWCPText):
    """Did the session end that a provider wanted to end?"""

    Unspecified = "Unspecified"
    UnknownOperator = "UnknownOperator"
    UnknownLocation = "UnknownLocation"
    InvalidSessionId = "InvalidSessionId"
    InvalidCredentials = "InvalidCredentials"
    InternalUse = "InternalUse"
    OutOfService = "OutOfService"
    Offline = "Offline"
    AlreadyStopped = "AlreadyStopped"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    Rejected = "Rejected"
    Timeout = "Timeout"
    BadRequest = "BadRequest"
    Unauthorized = "Unauthorized"
    CommunicationError = "CommunicationError"
    Error = "Error"
    NoOperation = "NoOperation"


class ReservationCode(WWCPText):
    """Is it kept free? AsyncOperation is our addition."""

    Unspecified = "Unspecified"
    UnknownChargingStationOperator = "UnknownChargingStationOperator"
    UnknownChargingPool = "UnknownChargingPool"
    UnknownChargingStation = "UnknownChargingStation"
    UnknownLocation = "UnknownLocation"
    UnknownChargingReservationId = "UnknownChargingReservationId"
    InvalidCredentials = "InvalidCredentials"
    AlreadyInUse = "AlreadyInUse"
    AlreadyReserved = "AlreadyReserved"
    InternalUse = "InternalUse"
    OutOfService = "OutOfService"
    Offline = "Offline"
    NoEVSEsAvailable = "NoEVSEsAvailable"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    Timeout = "Timeout"
    CommunicationError = "CommunicationError"
    Error = "Error"
    NoOperation = "NoOperation"


class CancelReservationCode(WWCPText):
    """Is it free again? AsyncOperation is our addition."""

    Unspecified = "Unspecified"
    UnknownOperator = "UnknownOperator"
    UnknownReservationId = "UnknownReservationId"
    UnknownChargingPool = "UnknownChargingPool"
    UnknownChargingStation = "UnknownChargingStation"
    UnknownEVSE = "UnknownEVSE"
    OutOfService = "OutOfService"
    Offline = "Offline"
    Success = "Success"
    AsyncOperation = "AsyncOperation"
    Timeout = "Timeout"
    CommunicationError = "CommunicationError"
    Error = "Error"
    NoOperation = "NoOperation"


class CancellationReason(WWCPText):
    """Why a reservation ends before it is used."""

    Expired = "Expired"
    Deleted = "Deleted"
    Aborted = "Aborted"
    EndOfProcess = "EndOfProcess"


class SendCDRCode(WWCPText):
    """What became of a charge detail record. Mixed is for several of them together."""

    Unspecified = "Unspecified"
    NoOperation = "NoOperation"
    AdminDown = "AdminDown"
    OutOfService = "OutOfService"
    Filtered = "Filtered"
    InvalidSessionId = "InvalidSessionId"
    UnknownSessionId = "UnknownSessionId"
    UnknownProviderIdStart = "UnknownProviderIdStart"
    UnknownProviderIdStop = "UnknownProviderIdStop"
    UnknownLocation = "UnknownLocation"
    InvalidToken = "InvalidToken"
    CouldNotConvertCDRFormat = "CouldNotConvertCDRFormat"
    Error = "Error"
    Timeout = "Timeout"
    Enqueued = "Enqueued"
    Success = "Success"
    Mixed = "Mixed"
