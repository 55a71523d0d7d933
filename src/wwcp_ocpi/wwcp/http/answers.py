# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a verb answers when a node does not: silence, a refusal and nonsense, each as a typed result with its reason."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

import msgspec

from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    AuthStopCode,
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
    said,
)

_R = TypeVar("_R", bound=msgspec.Struct)


class Failed(Enum):
    """In which way a node failed."""

    SILENT = "did not answer"
    REFUSED = "refused"
    NONSENSE = "answered with nonsense"


FAILURES: dict[type[msgspec.Struct], dict[Failed, Enum]] = {
    AuthStartResult: {
        Failed.SILENT: AuthStartCode.CommunicationTimeout,
        Failed.REFUSED: AuthStartCode.Error,
        Failed.NONSENSE: AuthStartCode.Error,
    },
    AuthStopResult: {
        Failed.SILENT: AuthStopCode.CommunicationTimeout,
        Failed.REFUSED: AuthStopCode.Error,
        Failed.NONSENSE: AuthStopCode.Error,
    },
    RemoteStartResult: {
        Failed.SILENT: RemoteStartCode.CommunicationError,
        Failed.REFUSED: RemoteStartCode.Error,
        Failed.NONSENSE: RemoteStartCode.CommunicationError,
    },
    RemoteStopResult: {
        Failed.SILENT: RemoteStopCode.CommunicationError,
        Failed.REFUSED: RemoteStopCode.Error,
        Failed.NONSENSE: RemoteStopCode.CommunicationError,
    },
    ReservationResult: {
        Failed.SILENT: ReservationCode.CommunicationError,
        Failed.REFUSED: ReservationCode.Error,
        Failed.NONSENSE: ReservationCode.CommunicationError,
    },
    CancelReservationResult: {
        Failed.SILENT: CancelReservationCode.CommunicationError,
        Failed.REFUSED: CancelReservationCode.Error,
        Failed.NONSENSE: CancelReservationCode.CommunicationError,
    },
    SendCDRResult: {
        Failed.SILENT: SendCDRCode.Timeout,
        Failed.REFUSED: SendCDRCode.Error,
        Failed.NONSENSE: SendCDRCode.Error,
    },
}


def failed(result: type[_R], why: Failed, reason: str) -> _R:
    """The result of a verb that the node did not answer."""
    return result(result=FAILURES[result][why], description=said(f"the node {why.value}: {reason}"))
