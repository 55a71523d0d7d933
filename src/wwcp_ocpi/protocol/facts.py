# SPDX-License-Identifier: AGPL-3.0-or-later
"""The named differences of behaviour between versions. No code asks for a version; it asks for a fact."""

from __future__ import annotations

from enum import Enum

import msgspec

from wwcp_ocpi.protocol.credentials_token import TokenForm


class CredentialsShape(Enum):
    """How a Credentials object names its parties."""

    ONE_PARTY = "one party in the object itself"
    ROLES = "a list of roles"
    ROLES_AND_HUB = "a list of roles, and the party that is the hub"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a version does differently. Every field is read somewhere, and differs somewhere."""

    token_form: TokenForm
    """The form of the credentials token in the Authorization header (TRN-02, TRN-03)."""
    credentials_shape: CredentialsShape
    """Where Credentials keep country code, party id, role and business details."""
    endpoints_have_roles: bool
    """Whether version details tell SENDER from RECEIVER; else the partner's role decides what is listed."""
    objects_name_owner: bool
    """Whether country_code and party_id stand in the objects, and must equal the path (LOC-13)."""
    ids_fold: bool
    """Whether ids are CiStrings, equal in any case."""
    patch_needs_last_updated: bool
    """Whether a PATCH without last_updated is refused with 2001 (LOC-18)."""
    routed: bool
    """Whether requests carry X-Request-ID, X-Correlation-ID and the OCPI-to/from headers (TRN-34, TRN-52)."""
    unknown_token_status: int
    """The OCPI status for a driver's Token that nobody knows."""
    has_hub_role: bool
    """Whether HUB is a role of its own."""
    failed_command: str
    """The result of a command that came to nothing for a reason that the version has no word for."""
