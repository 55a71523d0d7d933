# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every OCPI status code, and what it tells the other side. Spec: status_codes."""

from enum import IntEnum


class StatusCode(IntEnum):
    """`status_code` of the envelope. 19xx, 29xx, 39xx and 49xx are for agreements between two partners."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID_PARAMETERS = 2001
    NOT_ENOUGH_INFORMATION = 2002
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    UNABLE_TO_USE_CLIENT_API = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003
    HUB_ERROR = 4000
    UNKNOWN_RECEIVER = 4001
    HUB_TIMEOUT = 4002
    HUB_CONNECTION_PROBLEM = 4003


class AgreedCode(IntEnum):
    """Codes of our own from the range for agreements: an extension, sent only where it is switched on (STC-06)."""

    UNKNOWN_TARIFF = 2900
    UNKNOWN_SESSION = 2901
    UNKNOWN_CDR = 2902
    UNKNOWN_TERMINAL = 2903


def is_success(status_code: int) -> bool:
    """1xxx: the request was understood and done."""
    return 1000 <= status_code < 2000
