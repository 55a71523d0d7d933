# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a gateway cannot decide alone: one small port for each question to the operator's own system.

Each has an answer that does no harm when nobody is there to decide.
"""

from __future__ import annotations

from wwcp_ocpi.server.decisions.acceptance import ACCEPTED, Acceptance, AcceptanceRequest, Acceptor
from wwcp_ocpi.server.decisions.authorization import Authorization, AuthorizationRequest, Authorizer, StoredTokens
from wwcp_ocpi.server.decisions.bookings import NO_BOOKER, Booker, BookingAnswer, BookingQuestion, Wanted
from wwcp_ocpi.server.decisions.commands import (
    NO_COMMANDER,
    CommandAnswer,
    Commander,
    CommandOutcome,
    CommandRequest,
    Report,
)
from wwcp_ocpi.server.decisions.payments import NO_TERMINALS, TerminalAnswer, TerminalRequest, Terminals
from wwcp_ocpi.server.decisions.preferences import NoPreferences, PreferencesRequest, PreferencesTaker
from wwcp_ocpi.server.decisions.pricing import TARIFF_PRICER, Pricer, PricingRequest, TariffPricer
from wwcp_ocpi.server.decisions.profiles import (
    NO_PROFILE_OPERATOR,
    LoggedProfiles,
    ProfileAction,
    ProfileAnswer,
    ProfileListener,
    ProfileOperator,
    ProfileOutcome,
    ProfileReport,
    ProfileRequest,
    ProfileUpdate,
)
from wwcp_ocpi.server.decisions.replies import Outcome, Reply
from wwcp_ocpi.server.decisions.tariffs import ConnectorTariffs, TariffChooser

__all__ = [
    "ACCEPTED",
    "NO_BOOKER",
    "NO_COMMANDER",
    "NO_PROFILE_OPERATOR",
    "NO_TERMINALS",
    "TARIFF_PRICER",
    "Acceptance",
    "AcceptanceRequest",
    "Acceptor",
    "Authorization",
    "AuthorizationRequest",
    "Authorizer",
    "Booker",
    "BookingAnswer",
    "BookingQuestion",
    "CommandAnswer",
    "CommandOutcome",
    "CommandRequest",
    "Commander",
    "ConnectorTariffs",
    "LoggedProfiles",
    "NoPreferences",
    "Outcome",
    "PreferencesRequest",
    "PreferencesTaker",
    "Pricer",
    "PricingRequest",
    "ProfileAction",
    "ProfileAnswer",
    "ProfileListener",
    "ProfileOperator",
    "ProfileOutcome",
    "ProfileReport",
    "ProfileRequest",
    "ProfileUpdate",
    "Reply",
    "Report",
    "StoredTokens",
    "TariffChooser",
    "TariffPricer",
    "TerminalAnswer",
    "TerminalRequest",
    "Terminals",
    "Wanted",
]
