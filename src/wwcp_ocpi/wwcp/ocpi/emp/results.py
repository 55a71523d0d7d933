# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a CPO says of a command, and what goes wrong on the way, as results of WWCP verbs: all of it, as tables.

A word means the same at once (CommandResponseType) and later (CommandResultType), except that ACCEPTED at once means
no more than that a result will follow. 2.1.1 has a few words at the other end than later versions.

Spec: mod_commands#mod_commands_commandresponsetype_enum, mod_commands#mod_commands_commandresulttype_enum
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeVar

from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError, PartnerError, Unreachable
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.wwcp.model.base import I18NText
from wwcp_ocpi.wwcp.model.result_codes import (
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import UnlockCode

_C = TypeVar("_C")


class Failure(Enum):
    """In which way a command came to nothing before a CPO answered it."""

    UNKNOWN_PLACE = "unknown place"
    """We do not know it, or the CPO says that it does not (2003)."""
    NO_TOKEN = "no token"  # a driver's
    """Nothing was shown that OCPI has a Token for, or the Token that we have is not valid."""
    NO_WAY = "no way"
    """Nobody whom we know runs it, or its version has no such command."""
    BLOCKED = "blocked"
    """We have blocked that partner, or may not call it."""
    NOT_OURS_TO_SEND = "not ours to send"
    """The command would not be what the specification asks."""
    REFUSED = "refused"
    """The CPO answered with an error: the client's (2xxx)."""
    UNAUTHORIZED = "unauthorized"
    """The CPO does not accept our credentials."""
    UNREACHABLE = "unreachable"
    """No answer came: nobody knows whether the command arrived."""
    NONSENSE = "nonsense"
    """Something came that is no answer, or the CPO's system failed (3xxx)."""


REMOTE_START: Mapping[str, RemoteStartCode] = {
    "ACCEPTED": RemoteStartCode.Success,
    "CANCELED_RESERVATION": RemoteStartCode.Error,
    "EVSE_INOPERATIVE": RemoteStartCode.OutOfService,
    "EVSE_OCCUPIED": RemoteStartCode.AlreadyInUse,
    "FAILED": RemoteStartCode.Error,
    "NOT_SUPPORTED": RemoteStartCode.NoOperation,
    "REJECTED": RemoteStartCode.Rejected,
    "TIMEOUT": RemoteStartCode.Timeout,
    "UNKNOWN_RESERVATION": RemoteStartCode.Reserved,
    "UNKNOWN_SESSION": RemoteStartCode.InvalidSessionId,
}
REMOTE_STOP: Mapping[str, RemoteStopCode] = {
    "ACCEPTED": RemoteStopCode.Success,
    "CANCELED_RESERVATION": RemoteStopCode.Error,
    "EVSE_INOPERATIVE": RemoteStopCode.OutOfService,
    "EVSE_OCCUPIED": RemoteStopCode.Error,
    "FAILED": RemoteStopCode.Error,
    "NOT_SUPPORTED": RemoteStopCode.NoOperation,
    "REJECTED": RemoteStopCode.Rejected,
    "TIMEOUT": RemoteStopCode.Timeout,
    "UNKNOWN_RESERVATION": RemoteStopCode.Error,
    "UNKNOWN_SESSION": RemoteStopCode.InvalidSessionId,
}
RESERVE: Mapping[str, ReservationCode] = {
    "ACCEPTED": ReservationCode.Success,
    "CANCELED_RESERVATION": ReservationCode.Error,
    "EVSE_INOPERATIVE": ReservationCode.OutOfService,
    "EVSE_OCCUPIED": ReservationCode.AlreadyInUse,
    "FAILED": ReservationCode.Error,
    "NOT_SUPPORTED": ReservationCode.NoOperation,
    "REJECTED": ReservationCode.Error,
    "TIMEOUT": ReservationCode.Timeout,
    "UNKNOWN_RESERVATION": ReservationCode.UnknownChargingReservationId,
    "UNKNOWN_SESSION": ReservationCode.Error,
}
CANCEL_RESERVATION: Mapping[str, CancelReservationCode] = {
    "ACCEPTED": CancelReservationCode.Success,
    "CANCELED_RESERVATION": CancelReservationCode.Success,
    "EVSE_INOPERATIVE": CancelReservationCode.OutOfService,
    "EVSE_OCCUPIED": CancelReservationCode.Error,
    "FAILED": CancelReservationCode.Error,
    "NOT_SUPPORTED": CancelReservationCode.NoOperation,
    "REJECTED": CancelReservationCode.Error,
    "TIMEOUT": CancelReservationCode.Timeout,
    "UNKNOWN_RESERVATION": CancelReservationCode.UnknownReservationId,
    "UNKNOWN_SESSION": CancelReservationCode.Error,
}

UNLOCK: Mapping[str, UnlockCode] = {
    "ACCEPTED": UnlockCode.Success,
    "CANCELED_RESERVATION": UnlockCode.Error,
    "EVSE_INOPERATIVE": UnlockCode.OutOfService,
    "EVSE_OCCUPIED": UnlockCode.SessionOngoing,
    "FAILED": UnlockCode.Failed,
    "NOT_SUPPORTED": UnlockCode.NotSupported,
    "REJECTED": UnlockCode.Rejected,
    "TIMEOUT": UnlockCode.Timeout,
    "UNKNOWN_RESERVATION": UnlockCode.Error,
    "UNKNOWN_SESSION": UnlockCode.Error,
}

REMOTE_START_FAILED: Mapping[Failure, RemoteStartCode] = {
    Failure.UNKNOWN_PLACE: RemoteStartCode.UnknownLocation,
    Failure.NO_TOKEN: RemoteStartCode.InvalidCredentials,
    Failure.NO_WAY: RemoteStartCode.UnknownOperator,
    Failure.BLOCKED: RemoteStartCode.OutOfService,
    Failure.NOT_OURS_TO_SEND: RemoteStartCode.BadRequest,
    Failure.REFUSED: RemoteStartCode.BadRequest,
    Failure.UNAUTHORIZED: RemoteStartCode.Unauthorized,
    Failure.UNREACHABLE: RemoteStartCode.CommunicationError,
    Failure.NONSENSE: RemoteStartCode.CommunicationError,
}
REMOTE_STOP_FAILED: Mapping[Failure, RemoteStopCode] = {
    Failure.UNKNOWN_PLACE: RemoteStopCode.UnknownLocation,
    Failure.NO_TOKEN: RemoteStopCode.InvalidCredentials,
    Failure.NO_WAY: RemoteStopCode.UnknownOperator,
    Failure.BLOCKED: RemoteStopCode.OutOfService,
    Failure.NOT_OURS_TO_SEND: RemoteStopCode.BadRequest,
    Failure.REFUSED: RemoteStopCode.BadRequest,
    Failure.UNAUTHORIZED: RemoteStopCode.Unauthorized,
    Failure.UNREACHABLE: RemoteStopCode.CommunicationError,
    Failure.NONSENSE: RemoteStopCode.CommunicationError,
}
RESERVE_FAILED: Mapping[Failure, ReservationCode] = {
    Failure.UNKNOWN_PLACE: ReservationCode.UnknownLocation,
    Failure.NO_TOKEN: ReservationCode.InvalidCredentials,
    Failure.NO_WAY: ReservationCode.UnknownChargingStationOperator,
    Failure.BLOCKED: ReservationCode.OutOfService,
    Failure.NOT_OURS_TO_SEND: ReservationCode.Error,
    Failure.REFUSED: ReservationCode.Error,
    Failure.UNAUTHORIZED: ReservationCode.Error,
    Failure.UNREACHABLE: ReservationCode.CommunicationError,
    Failure.NONSENSE: ReservationCode.CommunicationError,
}
CANCEL_RESERVATION_FAILED: Mapping[Failure, CancelReservationCode] = {
    Failure.UNKNOWN_PLACE: CancelReservationCode.UnknownEVSE,
    Failure.NO_TOKEN: CancelReservationCode.Error,
    Failure.NO_WAY: CancelReservationCode.UnknownOperator,
    Failure.BLOCKED: CancelReservationCode.OutOfService,
    Failure.NOT_OURS_TO_SEND: CancelReservationCode.Error,
    Failure.REFUSED: CancelReservationCode.Error,
    Failure.UNAUTHORIZED: CancelReservationCode.Error,
    Failure.UNREACHABLE: CancelReservationCode.CommunicationError,
    Failure.NONSENSE: CancelReservationCode.CommunicationError,
}


_BY_STATUS: Mapping[int, Failure] = {
    StatusCode.UNKNOWN_LOCATION: Failure.UNKNOWN_PLACE,
    StatusCode.NO_MATCHING_ENDPOINTS: Failure.NO_WAY,
    StatusCode.UNKNOWN_RECEIVER: Failure.NO_WAY,
}

UNLOCK_FAILED: Mapping[Failure, UnlockCode] = {
    Failure.UNKNOWN_PLACE: UnlockCode.UnknownLocation,
    Failure.NO_TOKEN: UnlockCode.Error,
    Failure.NO_WAY: UnlockCode.UnknownOperator,
    Failure.BLOCKED: UnlockCode.OutOfService,
    Failure.NOT_OURS_TO_SEND: UnlockCode.Error,
    Failure.REFUSED: UnlockCode.Error,
    Failure.UNAUTHORIZED: UnlockCode.Error,
    Failure.UNREACHABLE: UnlockCode.Error,
    Failure.NONSENSE: UnlockCode.Error,
}


def word_in(table: Mapping[str, _C], word: str) -> _C:
    """What a word means; one that no version has is taken for FAILED."""
    return table.get(word, table["FAILED"])


def failure_of(error: OCPIError) -> Failure:
    """In which way a command failed that was, or was to be, sent."""
    if isinstance(error, Unreachable):
        return Failure.UNREACHABLE
    if isinstance(error, BadAnswer):
        return Failure.NONSENSE
    if not isinstance(error, PartnerError):
        return Failure.NOT_OURS_TO_SEND
    if error.ocpi_status in _BY_STATUS:
        return _BY_STATUS[error.ocpi_status]
    if error.http_status in (401, 403):
        return Failure.UNAUTHORIZED
    return Failure.NONSENSE if error.ocpi_status >= StatusCode.SERVER_ERROR else Failure.REFUSED


def texts_of(partner: str, word: str, message: Sequence[tuple[str, str]]) -> I18NText:
    """The reason for people: the CPO's own words by language, or the word of OCPI that it said."""
    said = {language: text for language, text in message if language and text}
    return said or {"en": f"{partner} said {word}"}
