# SPDX-License-Identifier: AGPL-3.0-or-later
"""Do this at the charge point. The question of an eMSP to the CPO."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import msgspec

from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.decisions.replies import Outcome, Reply


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A partner asks for something to be done at a charge point. What its command has not is None.

    `id` is ours, and new with every command. `parties` are those of ours that are asked. `token` is the Token as it
    came, in this version; whether it is valid was for the eMSP to say, not for us (CMD-09).

    `reservation_id` is the partner's own: two partners may use the same one, and a charge point never sees it (CMD-15,
    CMD-16). With a Location and an id that the partner used before it replaces that reservation (CMD-18).

    `asking` and `asked` are the parties in the headers, as far as they name one; a hub passes them on, with the
    correlation id.

    `evse_id`, `timeout_s`, `error_message` (language and text) and `custom_data` (a JSON object) come with the
    NOTIFY_WEB_PAYMENT commands, an extension.
    """

    id: str
    partner: str
    version: str
    command: str
    parties: tuple[PartyId, ...]
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    token: bytes | None = None
    session_id: str | None = None
    reservation_id: str | None = None
    expiry_date: DateTime | None = None
    authorization_reference: str | None = None
    evse_id: str | None = None
    timeout_s: int | None = None
    error_message: tuple[tuple[str, str], ...] = ()
    custom_data: bytes | None = None
    asking: PartyId | None = None
    asked: PartyId | None = None
    correlation_id: str | None = None


class CommandAnswer(Reply, frozen=True, kw_only=True):
    """What is said at once: a word of CommandResponseType. Only after ACCEPTED there is an outcome to report.

    `message` has a text for the driver by language, as (language, text). `unknown_location` refuses with OCPI 2003.
    """

    message: tuple[tuple[str, str], ...] = ()
    unknown_location: bool = False


class CommandOutcome(Outcome, frozen=True, kw_only=True):
    """What became of a command at the charge point: a word of CommandResultType."""

    message: tuple[tuple[str, str], ...] = ()


Report: TypeAlias = Callable[[CommandOutcome], Awaitable[None]]
"""Tells the outcome of one command. The first one counts; after the timeout it is too late."""


class Commander(Protocol):
    """Runs commands for the CPO."""

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Decide within seconds, before the charge point has answered; `report` its answer when it comes."""
        ...


class NoCommander:
    """Runs nothing, and says so."""

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Refuse: NOT_SUPPORTED."""
        return CommandAnswer(result="NOT_SUPPORTED")


NO_COMMANDER = NoCommander()
