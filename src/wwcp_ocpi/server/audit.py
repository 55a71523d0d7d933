# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happened that somebody may have to answer for: the port to the audit log, and the reasons that we give."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import structlog

log = structlog.get_logger()


class Reason(Enum):
    """Why somebody was refused, or looked odd. The value is the code in the log, which stays the same for ever."""

    UNKNOWN_TOKEN = "unknown_token"
    BLOCKED = "blocked"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_EXPIRED = "token_expired"
    MISSING_TOTP = "missing_totp"
    INVALID_TOTP = "invalid_totp"
    EXPIRED_TOTP = "expired_totp"
    REPLAYED_TOTP = "replayed_totp"
    UNBOUND_TOTP = "unbound_totp"
    NO_CHANNEL = "no_channel"
    MISSING_CERTIFICATE = "missing_certificate"
    WRONG_CERTIFICATE = "wrong_certificate"
    NEW_CERTIFICATE = "new_certificate"
    NEW_NETWORK = "new_network"
    PARTY_VIOLATION = "party_violation"
    ROLE_VIOLATION = "role_violation"
    PERMISSION_VIOLATION = "permission_violation"
    CLOCK_DRIFT = "clock_drift"
    REPEATED_FAILURES = "repeated_failures"


class Audit(Protocol):
    """Takes events; called while a partner waits, so it does not write to a disk."""

    def event(
        self,
        reason: Reason,
        *,
        partner: str = "",
        login: str = "",
        source: str = "",
        request: str = "",
        request_id: str = "",
        certificate: str = "",
        detail: str = "",
    ) -> None:
        """Note something. Texts may hold what a stranger sent, and never a secret.

        Args:
            login: names the credentials token, without being it.
            request: method and path, without the query.
            certificate: fingerprint of the caller's.
        """
        ...


class LoggedAudit:
    """Says it in the log, where nobody has set an audit log."""

    def event(self, reason: Reason, **fields: str) -> None:
        """One line."""
        log.warning(f"security.{reason.value}", **{name: value[:200] for name, value in fields.items() if value})
