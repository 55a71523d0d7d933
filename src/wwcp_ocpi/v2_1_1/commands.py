# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of OCPI 2.1.1: what an eMSP asks a charge point to do."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int
from wwcp_ocpi.scalars.text import URL, String36, String39
from wwcp_ocpi.v2_1_1.enums import CommandResponseType
from wwcp_ocpi.v2_1_1.tokens import Token


class CommandResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The direct answer to a command. Spec: mod_commands#31-commandresponse-object."""

    result: CommandResponseType


class ReserveNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: keep an EVSE free for a Token. Spec: mod_commands#32-reservenow-object."""

    response_url: URL
    token: Token
    expiry_date: DateTime
    reservation_id: Int
    location_id: String39
    evse_uid: String39 | None = None


class StartSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: start charging for a Token. Spec: mod_commands#33-startsession-object."""

    response_url: URL
    token: Token
    location_id: String39
    evse_uid: String39 | None = None


class StopSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: stop a running session. Spec: mod_commands#34-stopsession-object."""

    response_url: URL
    session_id: String36


class UnlockConnector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: free a connector that is stuck. Spec: mod_commands#35-unlockconnector-object."""

    response_url: URL
    location_id: String39
    evse_uid: String39
    connector_id: String36
