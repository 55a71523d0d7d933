# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles between partners: what we ask CPOs for as eMSP or SCSP, and what we tell as CPO.

Spec: mod_charging_profiles.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.asking import Asking, Pending, Said, Sent
from wwcp_ocpi.protocol import codec, envelope
from wwcp_ocpi.protocol.endpoint import Endpoint
from wwcp_ocpi.protocol.errors import InvalidParameters, UsageError
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.asynchronous import lacks_profile, result_shape
from wwcp_ocpi.server.decisions import ProfileAction, ProfileAnswer, ProfileOutcome
from wwcp_ocpi.server.profiles import LONGEST_DURATION_S, LONGEST_ID

SentProfile: TypeAlias = Sent[ProfileAnswer, ProfileOutcome]
Profile: TypeAlias = Mapping[str, object] | msgspec.Struct | msgspec.Raw


class ChargingProfiles(Asking[ProfileAnswer, ProfileOutcome]):
    """Sets, clears and asks for the profiles of Sessions at CPOs, and matches the results.

    All three raise:
        UsageError: the partner is blocked, its version has no charging profiles, or this is no such request; nothing
            was sent.
        Refused: the partner has no such endpoint, or answered with an error.
        Unreachable, BadAnswer: nobody knows whether the request arrived. It is never sent twice (CHP-14).
    """

    module = "chargingprofiles"
    kind = "profile"
    answer_type = ProfileAnswer
    outcome_type = ProfileOutcome

    async def set(
        self,
        partner_id: str,
        session_id: str,
        profile: Profile,
        *,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
    ) -> SentProfile:
        """Have a ChargingProfile of the partner's version followed. It is a limit, not a target.

        Args:
            session_id: as the CPO gave it.
            ours: the party that asks, where we are several.
            theirs: the party that is asked, where the partner's platform has several.
        """
        peer, row, id, url = self._begin(partner_id, ProfileAction.SET, session_id, ours, theirs)
        body = codec.encode({"charging_profile": profile, "response_url": url})
        self._checked(row, body)
        return await self._ask(partner_id, peer, row, id, session_id, body=body)

    async def clear(
        self, partner_id: str, session_id: str, *, ours: PartyId | None = None, theirs: PartyId | None = None
    ) -> SentProfile:
        """Have the profile that we set removed."""
        peer, row, id, url = self._begin(partner_id, ProfileAction.CLEAR, session_id, ours, theirs)
        return await self._ask(partner_id, peer, row, id, session_id, query={"response_url": url})

    async def active(
        self,
        partner_id: str,
        session_id: str,
        duration_s: int,
        *,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
    ) -> SentProfile:
        """Ask which profile the charge point will follow for so many seconds; it is in the result when ACCEPTED."""
        if not 1 <= duration_s <= LONGEST_DURATION_S:
            raise UsageError(f"duration: expected 1 to {LONGEST_DURATION_S} seconds, got {duration_s}")
        peer, row, id, url = self._begin(partner_id, ProfileAction.GET, session_id, ours, theirs)
        query = {"duration": str(duration_s), "response_url": url}
        return await self._ask(partner_id, peer, row, id, session_id, query=query)

    def _begin(
        self, partner_id: str, action: ProfileAction, session_id: str, ours: PartyId | None, theirs: PartyId | None
    ) -> tuple[Peer, Endpoint, str, str]:
        """The partner, the row, a new id and the response URL with it."""
        if not 1 <= len(session_id) <= LONGEST_ID or not (session_id.isascii() and session_id.isprintable()):
            raise UsageError(f"session_id: expected 1 to {LONGEST_ID} printable ASCII characters")
        peer = self._peer(partner_id, ours, theirs)
        row = self._row(peer.version, action.value)
        id = secrets.token_hex(16)
        return peer, row, id, self._response_url(peer.version, action.value, id)

    def answer_of(self, said: Said) -> ProfileAnswer:
        """The ChargingProfileResponse."""
        return ProfileAnswer(result=said.result, timeout_s=said.timeout_s)

    def outcome_of(self, pending: Pending[ProfileAnswer, ProfileOutcome], said: Said) -> ProfileOutcome:
        """The result; with the profile, where that was asked for.

        Raises:
            InvalidParameters: it was, and is missing.
        """
        shape = result_shape(version_of(pending.version), self.module, pending.command)
        is_there = "profile" in field_names(shape) and not envelope.is_null(said.profile)
        outcome = ProfileOutcome(result=said.result, profile=bytes(said.profile) if is_there else None)
        if lacks_profile(shape, outcome):
            raise InvalidParameters(f"{self.module}: $.profile: required with ACCEPTED, but missing", path="$.profile")
        return outcome

    def refusal_of(self, answer: ProfileAnswer) -> ProfileOutcome:
        """The word that was said at once."""
        return ProfileOutcome(result=answer.result)
