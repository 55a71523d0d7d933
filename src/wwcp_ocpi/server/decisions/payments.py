# SPDX-License-Identifier: AGPL-3.0-or-later
"""Put this payment terminal to work, or out of work. The question of a CPO to the PTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class TerminalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A CPO wants a payment terminal to be activated, or deactivated.

    `terminal_id` may be None for an activation: the CPO may know no more than `reference`, a serial number or whatever
    was agreed. `body` is the Terminal in this version: as the CPO sent it with an activation, of which nothing is
    certain to be there, and as we have it with a deactivation.
    """

    partner: str
    version: str
    body: bytes
    terminal_id: str | None = None
    reference: str | None = None
    customer_reference: str | None = None
    location_ids: Sequence[str] = ()
    evse_uids: Sequence[str] = ()


class TerminalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `terminal_id` is the Terminal that was meant, by the PTP's own id; None refuses.

    `reason` is what the CPO reads with a refusal.
    """

    terminal_id: str | None = None
    reason: str = "refused"


class Terminals(Protocol):
    """Answers for the PTP, within seconds. What it allows is stored, and the CPO hears of it, without its help."""

    async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
        """Decide whether this Terminal is the CPO's to use, and which one it is."""
        ...

    async def deactivate(self, asked: TerminalRequest) -> TerminalAnswer:
        """Decide whether this Terminal, which is the CPO's, serves no EVSE any more."""
        ...


class NoTerminals:
    """Activates nothing, and says so."""

    async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
        """Refuse."""
        return TerminalAnswer(reason="terminals are not activated here")

    async def deactivate(self, asked: TerminalRequest) -> TerminalAnswer:
        """Refuse."""
        return TerminalAnswer(reason="terminals are not deactivated here")


NO_TERMINALS = NoTerminals()
