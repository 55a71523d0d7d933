# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a hub says when a request could not be passed on, and how it passes on a refusal. Spec: status_codes (4xxx)."""

from __future__ import annotations

from http import HTTPStatus

from wwcp_ocpi.protocol.errors import OCPIError, PartnerError, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.protocol.version import Version

ANSWER_S = 8.0
"""How long the receiver may take: less than the sender waits for us."""


def refusal(asked: Version, error: OCPIError | TimeoutError) -> OCPIError:
    """What the sender reads: the receiver's own status (STC-09), or why the receiver was not reached (STC-10).

    2.1.1 knows no hubs and is told 3000.
    """
    if isinstance(error, Refused) and 2000 <= error.ocpi_status < 4000:
        return PartnerError(f"the receiver refused: {error.message}", ocpi_status=error.ocpi_status)
    status, text = _failure(error)
    if not asked.facts.routed:
        status = StatusCode.SERVER_ERROR
    return OCPIError(text, ocpi_status=status, http_status=HTTPStatus.OK)


def _failure(error: OCPIError | TimeoutError) -> tuple[int, str]:
    if isinstance(error, TimeoutError):
        return StatusCode.HUB_TIMEOUT, "the receiver did not answer in time"
    if isinstance(error, Unreachable):
        return StatusCode.HUB_CONNECTION_PROBLEM, "the receiver cannot be reached"
    if isinstance(error, UsageError):
        return StatusCode.UNKNOWN_RECEIVER, f"nobody can be asked: {error.message}"
    return StatusCode.HUB_ERROR, f"the receiver did not answer as expected: {error.message}"
