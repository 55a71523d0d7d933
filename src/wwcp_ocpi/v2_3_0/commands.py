# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of OCPI 2.3.0: what an eMSP asks a charge point to do."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int
from wwcp_ocpi.scalars.text import URL, CiString36
from wwcp_ocpi.v2_3_0.enums import CommandResponseType, CommandResultType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.v2_3_0.types import DisplayText


class CancelReservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: give up a reservation. Spec: mod_commands#mod_commands_cancelreservation_object."""

    response_url: URL
    reservation_id: CiString36


class CommandResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The direct answer to a command. Spec: mod_commands#mod_commands_commandresponse_object."""

    result: CommandResponseType
    timeout: Int  # seconds
    message: list[DisplayText] | None = None


class CommandResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a command at the charge point. Spec: mod_commands#mod_commands_commandresult_object."""

    result: CommandResultType
    message: list[DisplayText] | None = None


class ReserveNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: keep an EVSE free for a Token. Spec: mod_commands#mod_commands_reservenow_object."""

    response_url: URL
    token: Token
    expiry_date: DateTime
    reservation_id: CiString36
    location_id: CiString36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: start charging for a Token. Spec: mod_commands#mod_commands_startsession_object."""

    response_url: URL
    token: Token
    location_id: CiString36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StopSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: stop a running session. Spec: mod_commands#mod_commands_stopsession_object."""

    response_url: URL
    session_id: CiString36


class UnlockConnector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: free a connector that is stuck. Spec: mod_commands#mod_commands_unlockconnector_object."""

    response_url: URL
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36
