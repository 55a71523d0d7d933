# SPDX-License-Identifier: AGPL-3.0-or-later
"""May this Token charge now? The question of a CPO to the eMSP."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol

import msgspec

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.store.ports import Key, Objects, Side

_KIND = "tokens"


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A CPO asks: may this Token charge now? `location_id` is None when it asks for the Token in general.

    `token_key` is the Token's id as stores have it, `version` the one in which the answer will be written. `asking` and
    `asked` are the parties in the headers, as far as they name one; a hub passes them on, with the correlation id.
    """

    partner: str
    version: str
    token_uid: str
    token_key: str
    token_type: str | None = None
    location_id: str | None = None
    evse_uids: Sequence[str] = ()
    asking: PartyId | None = None
    asked: PartyId | None = None
    correlation_id: str | None = None


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

    def __init__(self, store: Objects, parties: Sequence[PartyId], bridge: Bridge) -> None:
        self._store = store
        self._parties = parties
        self._bridge = bridge

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """Look the Token up; the reference is fresh and cannot be guessed."""
        version = version_of(asked.version)
        body = await self._token(version, asked)
        if body is None:
            return None
        is_valid = bytes(patch.split(body).get("valid", b"false")) == b"true"
        return Authorization(
            allowed="ALLOWED" if is_valid else "BLOCKED",
            token=body,
            reference=secrets.token_hex(16) if is_valid else None,
        )

    async def _token(self, version: Version, asked: AuthorizationRequest) -> bytes | None:
        """The Token in the version in which it is asked for."""
        ids = version.key_ids(version.kind(_KIND).resource, asked.token_uid, asked.token_type)
        for owner in self._parties:
            for id in ids:
                stored = await self._store.get(Key(Side.OURS, _KIND, owner, id))
                if stored is None:
                    continue
                try:
                    body = await self._bridge.body(Side.OURS, _KIND, owner, stored, version)
                except CannotConvert:
                    continue
                if asked.token_type in (None, patch.text_of(patch.split(body), "type")):
                    return body
        return None
