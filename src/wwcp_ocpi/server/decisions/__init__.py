# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a gateway cannot decide alone: one small port for each question to the operator's own system.

Each has an answer that does no harm when nobody is there to decide.
"""

from __future__ import annotations

from wwcp_ocpi.server.decisions.acceptance import ACCEPTED, Acceptance, AcceptanceRequest, Acceptor
from wwcp_ocpi.server.decisions.authorization import Authorization, AuthorizationRequest, Authorizer, StoredTokens
from wwcp_ocpi.server.decisions.commands import (
    NO_COMMANDER,
    CommandAnswer,
    Commander,
    CommandOutcome,
    CommandRequest,
    Report,
)

__all__ = [
    "ACCEPTED",
    "NO_COMMANDER",
    "Acceptance",
    "AcceptanceRequest",
    "Acceptor",
    "Authorization",
    "AuthorizationRequest",
    "Authorizer",
    "CommandAnswer",
    "CommandOutcome",
    "CommandRequest",
    "Commander",
    "Report",
    "StoredTokens",
]
