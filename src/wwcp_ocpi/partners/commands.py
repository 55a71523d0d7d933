# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that we give to CPOs. Spec: mod_commands."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import structlog

from wwcp_ocpi.partners.asking import Asking, Said, Sent
from wwcp_ocpi.partners.asking import Pending as Asked
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.endpoint import Endpoint
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.commands import expects_evse
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome

log = structlog.get_logger()

KIND = "command"

Pending: TypeAlias = Asked[CommandAnswer, CommandOutcome]
SentCommand: TypeAlias = Sent[CommandAnswer, CommandOutcome]
Canceled: TypeAlias = Callable[[Pending], Awaitable[None]]


async def _log_canceled(pending: Pending) -> None:
    log.warning("command.reservation_canceled", partner=pending.partner, command=pending.id)


class Commands(Asking[CommandAnswer, CommandOutcome]):
    """Sends commands to CPOs and matches the results: by an id that nobody can guess, bound to partner and command.

    `canceled` is told when a CPO gives up a reservation that it had accepted (CMD-21).
    """

    module = "commands"
    kind = KIND
    answer_type = CommandAnswer
    outcome_type = CommandOutcome
    canceled: Canceled = staticmethod(_log_canceled)

    async def send(
        self,
        partner_id: str,
        command: str,
        fields: Mapping[str, object],
        *,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
        correlation_id: str | None = None,
    ) -> SentCommand:
        """Ask a CPO for something. `fields` are those of the command in the partner's version, without response_url.

        Authorise the Token before (CMD-07, CMD-08); it may be one that was never pushed (CMD-12).

        Args:
            ours: the party that asks, where we are several.
            theirs: the party that is asked, where the partner's platform has several.
            correlation_id: that of the request which a hub passes on.

        Raises:
            UsageError: the partner is blocked, its version has no such command, or these are not its fields; nothing
                was sent.
            Refused: the partner has no such endpoint, or answered with an error (2003: no such Location).
            Unreachable, BadAnswer: nobody knows whether the command arrived; a result that comes is logged.
        """
        peer = self._peer(partner_id, ours, theirs)
        peer.wire.correlation_id = correlation_id
        row = self._row(peer.version, command)
        id = secrets.token_hex(16)
        body = codec.encode({**fields, "response_url": self._response_url(peer.version, command, id)})
        made = self._checked(row, body)
        self._check_command(peer.version, row, made)
        reserved_until = made.expiry_date.timestamp() if hasattr(made, "expiry_date") else 0.0
        return await self._ask(partner_id, peer, row, id, body=body, reserved_until=reserved_until)

    def _check_command(self, version: Version, row: Endpoint, made: Any) -> None:
        """Refuse what a partner would.

        Raises:
            UsageError: it names a connector without its EVSE, or its Token is not valid or not ours (CMD-13).
        """
        if expects_evse(made):
            raise UsageError(f"{row.path}: $.evse_uid: required with connector_id, but missing")
        token = getattr(made, "token", None)
        if token is None:
            return
        if not token.valid:
            raise UsageError(f"{row.path}: $.token.valid: a Token that is not valid starts nothing")
        if version.facts.objects_name_owner and self.module not in self._settings.relayed:
            owner = PartyId.of(token.country_code, token.party_id)
            if owner not in self._settings.party_ids:
                raise UsageError(f"{row.path}: $.token.party_id: {owner} is not a party of this platform")

    def answer_of(self, said: Said) -> CommandAnswer:
        """The CommandResponse."""
        return CommandAnswer(result=said.result, timeout_s=said.timeout_s, message=said.texts)

    def outcome_of(self, pending: Pending, said: Said) -> CommandOutcome:
        """The CommandResult, or the CommandResponse again where there is no other."""
        return CommandOutcome(result=said.result, message=said.texts)

    def refusal_of(self, answer: CommandAnswer) -> CommandOutcome:
        """The word that was said at once."""
        return CommandOutcome(result=answer.result, message=answer.message)

    def is_cancellation(self, pending: Pending, outcome: CommandOutcome) -> bool:
        """Whether this ends a reservation that runs, and not the wait for one."""
        if outcome.result != "CANCELED_RESERVATION" or not pending.reserved_until or pending.canceled is not None:
            return False
        if pending.outcome is None:
            return self.clock() >= pending.deadline
        return pending.outcome.result == "ACCEPTED"

    async def on_canceled(self, pending: Pending) -> None:
        """Tell whoever wants to know."""
        await self.canceled(pending)
