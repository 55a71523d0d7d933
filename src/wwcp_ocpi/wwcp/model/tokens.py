# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of tokens that a provider gives out. WWCP has none; partners who speak OCPI want one."""

from __future__ import annotations

from enum import Enum

import msgspec

from wwcp_ocpi.wwcp.model.authentication import Authentication


class Whitelist(Enum):
    """Whether a charge point may let the driver charge without asking. The words are those of OCPI."""

    ALWAYS = "ALWAYS"
    """It does so, and never asks."""
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    """Only when the provider cannot be reached."""
    NEVER = "NEVER"


class ListedToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """One token: what is shown, on whose contract, and what it is good for.

    `contract_id` is the contract as it is written, whether it is an eMAID or not. Without one it is that of the
    authentication, and without that what is shown. `language` is two letters.
    """

    authentication: Authentication
    contract_id: str | None = None
    issuer: str | None = None
    valid: bool = True
    whitelist: Whitelist = Whitelist.ALLOWED
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None
