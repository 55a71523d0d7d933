# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a gateway cannot decide alone: one small port for each question to the operator's own system.

Each has an answer that does no harm when nobody is there to decide.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import Objects, Side


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A CPO asks: may this Token charge now? `location_id` is None when it asks for the Token in general.

    `token_key` is the Token's id as stores have it, `version` the one in which the answer will be written.
    """

    partner: str
    version: str
    token_uid: str
    token_key: str
    location_id: str | None = None
    evse_uids: Sequence[str] = ()


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `allowed` is a word of AllowedType; `token` the Token in the version that was asked.

    `evse_uids` are those of the asked ones where the driver may charge; None: all of them (TOK-14).
    `needs_location` says that there is no answer without a Location (TOK-13).
    """

    allowed: str
    token: bytes
    reference: str | None = None
    info: tuple[str, str] | None = None
    """Language and text for the driver."""
    evse_uids: Sequence[str] | None = None
    needs_location: bool = False


class Authorizer(Protocol):
    """Answers for the eMSP. None: no such Token (TOK-12)."""

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """Decide, within the time that a driver waits at a charge point."""
        ...


class StoredTokens:
    """Answers from our own Tokens as they are stored: a valid one is ALLOWED, any other BLOCKED."""

    def __init__(self, store: Objects, parties: Sequence[PartyId]) -> None:
        self._store = store
        self._parties = parties

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """Look the Token up; the reference is fresh and cannot be guessed."""
        stored = await self._store.find(Side.OURS, "tokens", asked.token_key, self._parties)
        if stored is None or stored.version != asked.version:
            return None
        is_valid = bytes(patch.split(stored.body).get("valid", b"false")) == b"true"
        return Authorization(
            allowed="ALLOWED" if is_valid else "BLOCKED",
            token=stored.body,
            reference=secrets.token_hex(16) if is_valid else None,
        )


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A partner asks for something to be done at a charge point. What its command has not is None.

    `id` is ours, and new with every command. `parties` are those of ours that are asked. `token` is the Token as it
    came, in this version; whether it is valid was for the eMSP to say, not for us (CMD-09).

    `reservation_id` is the partner's own: two partners may use the same one, and a charge point never sees it (CMD-15,
    CMD-16). With a Location and an id that the partner used before it replaces that reservation (CMD-18).
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


class CommandAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is said at once: a word of CommandResponseType. Only after ACCEPTED there is an outcome to report.

    `message` has a text for the driver by language, as (language, text). `unknown_location` refuses with OCPI 2003.
    """

    result: str
    timeout_s: int = 30
    message: tuple[tuple[str, str], ...] = ()
    unknown_location: bool = False


class CommandOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command at the charge point: a word of CommandResultType."""

    result: str
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
