# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which WWCP word is which OCPI 2.3.0 word in what happens at an EVSE: who charges, what a verb answers, what was read.

Beside `words`, which is of places. Every value of the sets has its row; tests hold that. Of the answers to commands
each is told with its reason as text, so that two codes with one row are still told apart by people. Types of Tokens are
in `inward.words`.
"""

from __future__ import annotations

from wwcp_ocpi.v2_3_0.enums import AllowedType, ChargingProfileResultType, CommandResultType
from wwcp_ocpi.v2_3_0.enums import AuthMethod as OCPIAuthMethod
from wwcp_ocpi.wwcp.model.authentication import AuthMethod
from wwcp_ocpi.wwcp.model.energy import MeteringValueType
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import ProfileCode, UnlockCode

AUTH_METHOD: dict[AuthMethod, OCPIAuthMethod] = {
    AuthMethod.AUTH_REQUEST: OCPIAuthMethod.AUTH_REQUEST,
    AuthMethod.RESERVE: OCPIAuthMethod.COMMAND,
    AuthMethod.REMOTESTART: OCPIAuthMethod.COMMAND,
    AuthMethod.WHITELIST: OCPIAuthMethod.WHITELIST,
    AuthMethod.OCSP: OCPIAuthMethod.WHITELIST,  # the certificate was found good without asking the eMSP
}

ALLOWED: dict[AllowedType, tuple[AuthStartCode, AuthStopCode]] = {
    AllowedType.ALLOWED: (AuthStartCode.Authorized, AuthStopCode.Authorized),
    AllowedType.BLOCKED: (AuthStartCode.Blocked, AuthStopCode.Blocked),
    AllowedType.EXPIRED: (AuthStartCode.Expired, AuthStopCode.Expired),
    AllowedType.NO_CREDIT: (AuthStartCode.NoCredit, AuthStopCode.NoCredit),
    AllowedType.NOT_ALLOWED: (AuthStartCode.NotAuthorized, AuthStopCode.NotAuthorized),
}

_Result = CommandResultType

REMOTE_START: dict[RemoteStartCode, CommandResultType] = {
    RemoteStartCode.Success: _Result.ACCEPTED,
    RemoteStartCode.AsyncOperation: _Result.ACCEPTED,
    RemoteStartCode.SuccessPlugInCableToStartCharging: _Result.ACCEPTED,
    RemoteStartCode.AlreadyInUse: _Result.EVSE_OCCUPIED,
    RemoteStartCode.Reserved: _Result.EVSE_OCCUPIED,
    RemoteStartCode.OutOfService: _Result.EVSE_INOPERATIVE,
    RemoteStartCode.Offline: _Result.EVSE_INOPERATIVE,
    RemoteStartCode.InternalUse: _Result.EVSE_INOPERATIVE,  # as its status tells partners
    RemoteStartCode.NoOperation: _Result.EVSE_INOPERATIVE,
    RemoteStartCode.InvalidCredentials: _Result.REJECTED,
    RemoteStartCode.Unauthorized: _Result.REJECTED,
    RemoteStartCode.Rejected: _Result.REJECTED,
    RemoteStartCode.Timeout: _Result.TIMEOUT,
    RemoteStartCode.CommunicationError: _Result.TIMEOUT,
    RemoteStartCode.UnknownOperator: _Result.FAILED,
    RemoteStartCode.UnknownLocation: _Result.FAILED,
    RemoteStartCode.InvalidSessionId: _Result.FAILED,
    RemoteStartCode.NoEVConnectedToEVSE: _Result.FAILED,
    RemoteStartCode.BadRequest: _Result.FAILED,
    RemoteStartCode.Error: _Result.FAILED,
    RemoteStartCode.Unspecified: _Result.FAILED,
}
"""Reserved is UNKNOWN_RESERVATION where the start named a reservation."""

REMOTE_STOP: dict[RemoteStopCode, CommandResultType] = {
    RemoteStopCode.Success: _Result.ACCEPTED,
    RemoteStopCode.AsyncOperation: _Result.ACCEPTED,
    RemoteStopCode.OutOfService: _Result.EVSE_INOPERATIVE,
    RemoteStopCode.Offline: _Result.EVSE_INOPERATIVE,
    RemoteStopCode.InternalUse: _Result.EVSE_INOPERATIVE,
    RemoteStopCode.NoOperation: _Result.EVSE_INOPERATIVE,
    RemoteStopCode.InvalidCredentials: _Result.REJECTED,
    RemoteStopCode.Unauthorized: _Result.REJECTED,
    RemoteStopCode.Rejected: _Result.REJECTED,
    RemoteStopCode.AlreadyStopped: _Result.REJECTED,
    RemoteStopCode.Timeout: _Result.TIMEOUT,
    RemoteStopCode.CommunicationError: _Result.TIMEOUT,
    RemoteStopCode.UnknownOperator: _Result.FAILED,
    RemoteStopCode.UnknownLocation: _Result.FAILED,
    RemoteStopCode.InvalidSessionId: _Result.FAILED,
    RemoteStopCode.BadRequest: _Result.FAILED,
    RemoteStopCode.Error: _Result.FAILED,
    RemoteStopCode.Unspecified: _Result.FAILED,
}

RESERVE: dict[ReservationCode, CommandResultType] = {
    ReservationCode.Success: _Result.ACCEPTED,
    ReservationCode.AsyncOperation: _Result.ACCEPTED,
    ReservationCode.AlreadyInUse: _Result.EVSE_OCCUPIED,
    ReservationCode.AlreadyReserved: _Result.EVSE_OCCUPIED,
    ReservationCode.NoEVSEsAvailable: _Result.EVSE_OCCUPIED,
    ReservationCode.OutOfService: _Result.EVSE_INOPERATIVE,
    ReservationCode.Offline: _Result.EVSE_INOPERATIVE,
    ReservationCode.InternalUse: _Result.EVSE_INOPERATIVE,
    ReservationCode.NoOperation: _Result.EVSE_INOPERATIVE,
    ReservationCode.InvalidCredentials: _Result.REJECTED,
    ReservationCode.UnknownChargingReservationId: _Result.UNKNOWN_RESERVATION,
    ReservationCode.UnknownChargingStationOperator: _Result.NOT_SUPPORTED,  # nobody there takes reservations
    ReservationCode.Timeout: _Result.TIMEOUT,
    ReservationCode.CommunicationError: _Result.TIMEOUT,
    ReservationCode.UnknownChargingPool: _Result.FAILED,
    ReservationCode.UnknownChargingStation: _Result.FAILED,
    ReservationCode.UnknownLocation: _Result.FAILED,
    ReservationCode.Error: _Result.FAILED,
    ReservationCode.Unspecified: _Result.FAILED,
}

CANCEL_RESERVATION: dict[CancelReservationCode, CommandResultType] = {
    CancelReservationCode.Success: _Result.ACCEPTED,
    CancelReservationCode.AsyncOperation: _Result.ACCEPTED,
    CancelReservationCode.UnknownReservationId: _Result.UNKNOWN_RESERVATION,
    CancelReservationCode.OutOfService: _Result.EVSE_INOPERATIVE,
    CancelReservationCode.Offline: _Result.EVSE_INOPERATIVE,
    CancelReservationCode.NoOperation: _Result.EVSE_INOPERATIVE,
    CancelReservationCode.UnknownOperator: _Result.NOT_SUPPORTED,
    CancelReservationCode.Timeout: _Result.TIMEOUT,
    CancelReservationCode.CommunicationError: _Result.TIMEOUT,
    CancelReservationCode.UnknownChargingPool: _Result.FAILED,
    CancelReservationCode.UnknownChargingStation: _Result.FAILED,
    CancelReservationCode.UnknownEVSE: _Result.FAILED,
    CancelReservationCode.Error: _Result.FAILED,
    CancelReservationCode.Unspecified: _Result.FAILED,
}

UNLOCK: dict[UnlockCode, CommandResultType] = {
    UnlockCode.Success: _Result.ACCEPTED,
    UnlockCode.AsyncOperation: _Result.ACCEPTED,
    UnlockCode.NotSupported: _Result.NOT_SUPPORTED,
    UnlockCode.SessionOngoing: _Result.REJECTED,
    UnlockCode.Rejected: _Result.REJECTED,
    UnlockCode.OutOfService: _Result.EVSE_INOPERATIVE,
    UnlockCode.Offline: _Result.EVSE_INOPERATIVE,
    UnlockCode.Timeout: _Result.TIMEOUT,
    UnlockCode.UnknownLocation: _Result.FAILED,
    UnlockCode.UnknownOperator: _Result.FAILED,
    UnlockCode.UnknownConnector: _Result.FAILED,
    UnlockCode.Failed: _Result.FAILED,
    UnlockCode.Error: _Result.FAILED,
}

_Profile = ChargingProfileResultType

PROFILE: dict[ProfileCode, ChargingProfileResultType] = {
    ProfileCode.Success: _Profile.ACCEPTED,
    ProfileCode.AsyncOperation: _Profile.ACCEPTED,
    ProfileCode.NoProfile: _Profile.UNKNOWN,
    ProfileCode.InvalidSessionId: _Profile.REJECTED,
    ProfileCode.AlreadyStopped: _Profile.REJECTED,
    ProfileCode.UnknownOperator: _Profile.REJECTED,
    ProfileCode.NotSupported: _Profile.REJECTED,
    ProfileCode.TooOften: _Profile.REJECTED,
    ProfileCode.OutOfService: _Profile.REJECTED,
    ProfileCode.Offline: _Profile.REJECTED,
    ProfileCode.Rejected: _Profile.REJECTED,
    ProfileCode.Timeout: _Profile.REJECTED,
    ProfileCode.Error: _Profile.REJECTED,
}
"""What is known at once (NotSupported, TooOften, InvalidSessionId) is said at once, where OCPI has words for it."""

SIGNED_NATURE: dict[MeteringValueType, str] = {
    MeteringValueType.Start: "Start",
    MeteringValueType.Intermediate: "Intermediate",
    MeteringValueType.TariffChange: "Intermediate",
    MeteringValueType.Stop: "End",
}
"""Of a signed value. Spec: mod_cdrs#mod_cdrs_signed_value_class."""

ENCODING_METHODS: tuple[tuple[str, str], ...] = (("OCMF|", "OCMF"), ("<?xml", "XML"), ("<signedMeterValue", "XML"))
"""How signed data begins, and the method that it is; whatever begins otherwise is `UNKNOWN_ENCODING`."""
UNKNOWN_ENCODING = "unknown"
