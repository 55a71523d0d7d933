# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the server notes what somebody may have to answer for: the port, and what stands in for it."""

from __future__ import annotations

from typing import Protocol

import structlog

from wwcp_ocpi.security.audit import LONGEST_TEXT, Event

log = structlog.get_logger()


class Audit(Protocol):
    """Takes events; called while a partner waits, so it does not write to a disk."""

    def append(self, event: Event) -> None:
        """Note something."""
        ...


class LoggedAudit:
    """Says it in the log, where there is no audit log."""

    def append(self, event: Event) -> None:
        """One line."""
        fields = {name: value[:LONGEST_TEXT] for name, value in event._asdict().items() if name != "reason" and value}
        log.warning(f"security.{event.reason.code}", **fields)
