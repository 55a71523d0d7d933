# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which HTTP status goes with the word of a result. What stands in no row is a 400 with its reason in the body."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)

CODES: dict[type[Enum], dict[Enum, HTTPStatus]] = {
    AuthStartCode: {
        AuthStartCode.Authorized: HTTPStatus.OK,
        AuthStartCode.Error: HTTPStatus.UNAUTHORIZED,
    },
    AuthStopCode: {
        AuthStopCode.Authorized: HTTPStatus.OK,
        AuthStopCode.NotAuthorized: HTTPStatus.UNAUTHORIZED,
    },
    RemoteStartCode: {
        RemoteStartCode.Success: HTTPStatus.CREATED,
        RemoteStartCode.SuccessPlugInCableToStartCharging: HTTPStatus.CREATED,
        RemoteStartCode.AsyncOperation: HTTPStatus.ACCEPTED,
        RemoteStartCode.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
        RemoteStartCode.Unauthorized: HTTPStatus.UNAUTHORIZED,
        RemoteStartCode.UnknownLocation: HTTPStatus.NOT_FOUND,
        RemoteStartCode.UnknownOperator: HTTPStatus.NOT_FOUND,
        RemoteStartCode.Timeout: HTTPStatus.REQUEST_TIMEOUT,
        RemoteStartCode.AlreadyInUse: HTTPStatus.CONFLICT,
        RemoteStartCode.Reserved: HTTPStatus.CONFLICT,
        RemoteStartCode.InternalUse: HTTPStatus.CONFLICT,
        RemoteStartCode.OutOfService: HTTPStatus.CONFLICT,
        RemoteStartCode.Offline: HTTPStatus.CONFLICT,
        RemoteStartCode.NoEVConnectedToEVSE: HTTPStatus.CONFLICT,
        RemoteStartCode.InvalidSessionId: HTTPStatus.CONFLICT,
    },
    RemoteStopCode: {
        RemoteStopCode.Success: HTTPStatus.OK,
        RemoteStopCode.AsyncOperation: HTTPStatus.ACCEPTED,
        RemoteStopCode.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
        RemoteStopCode.Unauthorized: HTTPStatus.UNAUTHORIZED,
        RemoteStopCode.InvalidSessionId: HTTPStatus.NOT_FOUND,
        RemoteStopCode.UnknownLocation: HTTPStatus.NOT_FOUND,
        RemoteStopCode.UnknownOperator: HTTPStatus.NOT_FOUND,
        RemoteStopCode.Timeout: HTTPStatus.REQUEST_TIMEOUT,
        RemoteStopCode.AlreadyStopped: HTTPStatus.CONFLICT,
        RemoteStopCode.InternalUse: HTTPStatus.CONFLICT,
        RemoteStopCode.OutOfService: HTTPStatus.CONFLICT,
        RemoteStopCode.Offline: HTTPStatus.CONFLICT,
    },
    ReservationCode: {
        ReservationCode.Success: HTTPStatus.CREATED,
        ReservationCode.AsyncOperation: HTTPStatus.ACCEPTED,
        ReservationCode.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
        ReservationCode.UnknownChargingStationOperator: HTTPStatus.NOT_FOUND,
        ReservationCode.UnknownChargingPool: HTTPStatus.NOT_FOUND,
        ReservationCode.UnknownChargingStation: HTTPStatus.NOT_FOUND,
        ReservationCode.UnknownLocation: HTTPStatus.NOT_FOUND,
        ReservationCode.UnknownChargingReservationId: HTTPStatus.NOT_FOUND,
        ReservationCode.Timeout: HTTPStatus.REQUEST_TIMEOUT,
        ReservationCode.AlreadyInUse: HTTPStatus.CONFLICT,
        ReservationCode.AlreadyReserved: HTTPStatus.CONFLICT,
        ReservationCode.InternalUse: HTTPStatus.CONFLICT,
        ReservationCode.OutOfService: HTTPStatus.CONFLICT,
        ReservationCode.Offline: HTTPStatus.CONFLICT,
        ReservationCode.NoEVSEsAvailable: HTTPStatus.CONFLICT,
    },
    CancelReservationCode: {
        CancelReservationCode.Success: HTTPStatus.OK,
        CancelReservationCode.AsyncOperation: HTTPStatus.ACCEPTED,
        CancelReservationCode.UnknownOperator: HTTPStatus.NOT_FOUND,
        CancelReservationCode.UnknownReservationId: HTTPStatus.NOT_FOUND,
        CancelReservationCode.UnknownChargingPool: HTTPStatus.NOT_FOUND,
        CancelReservationCode.UnknownChargingStation: HTTPStatus.NOT_FOUND,
        CancelReservationCode.UnknownEVSE: HTTPStatus.NOT_FOUND,
        CancelReservationCode.Timeout: HTTPStatus.REQUEST_TIMEOUT,
        CancelReservationCode.OutOfService: HTTPStatus.CONFLICT,
        CancelReservationCode.Offline: HTTPStatus.CONFLICT,
    },
}
_OTHERWISE: dict[type[Enum], HTTPStatus] = {
    AuthStartCode: HTTPStatus.FORBIDDEN,
    AuthStopCode: HTTPStatus.FORBIDDEN,
}


def status_of(code: Enum) -> HTTPStatus:
    """The HTTP status of a result."""
    kind = type(code)
    return CODES[kind].get(code, _OTHERWISE.get(kind, HTTPStatus.BAD_REQUEST))
