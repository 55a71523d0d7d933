# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real-time authorisation: a CPO asks about a Token, and the providers of the WWCP network answer.

The answer is that of the network: allowed, or the most serious refusal. Where no provider has an answer, our stored
Tokens have one, if they may. A session that was allowed is awaited from the CPO that asked, under the reference in the
answer.

Spec: mod_tokens#mod_tokens_post_method
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum

import structlog

from wwcp_ocpi.protocol.errors import CannotConvert, OCPIError
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest, Authorizer
from wwcp_ocpi.v2_3_0.enums import TokenType
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult
from wwcp_ocpi.wwcp.model.tokens import ListedToken, Whitelist
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.emp.matching import Matches
from wwcp_ocpi.wwcp.ocpi.emp.tokens import Tokens, token_of
from wwcp_ocpi.wwcp.ocpi.inward.names import OCPIPlace
from wwcp_ocpi.wwcp.ocpi.inward.token import OCPITokenKey, authentication_of_uid

log = structlog.get_logger()

MAX_INFO = 512


class Unsaid(Enum):
    """What is not said with a word of AllowedType."""

    UNKNOWN_TOKEN = "unknown token"  # a driver's
    """No such Token: 404, and 2004 (TOK-12)."""
    NEEDS_LOCATION = "needs location"
    """Not without a place: 2002 (TOK-13); where one was named, the driver may not charge there."""
    NO_ANSWER = "no answer"
    """Nobody could say: our stored Tokens do, or nobody may charge."""


ALLOWED, NOT_ALLOWED = "ALLOWED", "NOT_ALLOWED"
AUTH_START: Mapping[AuthStartCode, str | Unsaid] = {
    AuthStartCode.Authorized: ALLOWED,
    AuthStartCode.Blocked: "BLOCKED",
    AuthStartCode.Expired: "EXPIRED",
    AuthStartCode.NoCredit: "NO_CREDIT",
    # Of a Token that we have never heard of; NOT_ALLOWED for one that is in our list.
    AuthStartCode.NotAuthorized: Unsaid.UNKNOWN_TOKEN,
    AuthStartCode.InvalidToken: Unsaid.UNKNOWN_TOKEN,
    AuthStartCode.UnknownLocation: Unsaid.NEEDS_LOCATION,
    AuthStartCode.InvalidSessionId: NOT_ALLOWED,
    AuthStartCode.Reserved: NOT_ALLOWED,
    AuthStartCode.RateLimitReached: NOT_ALLOWED,
    AuthStartCode.AdminDown: Unsaid.NO_ANSWER,
    AuthStartCode.OutOfService: Unsaid.NO_ANSWER,
    AuthStartCode.CommunicationTimeout: Unsaid.NO_ANSWER,
    AuthStartCode.StartChargingTimeout: Unsaid.NO_ANSWER,
    AuthStartCode.Error: Unsaid.NO_ANSWER,
    AuthStartCode.Unspecified: Unsaid.NO_ANSWER,
}
"""What each answer of the network is in OCPI. Words outside are NOT_ALLOWED."""


class WWCPAuthorizer:
    """The `Authorizer` of the OCPI server.

    Args:
        name: what the OCPI side is called in the network: partners are not asked what a partner asks.
        stored: answers where no provider does.
    """

    def __init__(self, name: str, core: EMPCore, matches: Matches, tokens: Tokens, stored: Authorizer | None) -> None:
        self._name = name
        self._core = core
        self._matches = matches
        self._tokens = tokens
        self._stored = stored

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """Ask the network. None: no such Token."""
        kind = TokenType(asked.token_type) if asked.token_type else TokenType.RFID
        authentication = authentication_of_uid(asked.token_uid, kind).value
        party = asked.asked if asked.asked in self._core.parties.values() else self._core.party_of(None)
        if authentication is None:
            return await self._otherwise(asked)
        place = self._place(asked)
        result = await self._ask(asked, authentication, party, place)
        if result is None:
            return await self._otherwise(asked)
        said = AUTH_START.get(result.result, NOT_ALLOWED)
        if said is Unsaid.UNKNOWN_TOKEN and result.authorizator_id == self._core.network.id:
            said = Unsaid.NO_ANSWER  # the network speaks for itself: there is no provider that could know
        if said is Unsaid.NO_ANSWER:
            log.warning("wwcp.no_provider_answered", partner=asked.partner, result=result.result.value)
            return await self._otherwise(asked)
        if said is Unsaid.NEEDS_LOCATION:
            if place is None:
                return Authorization(allowed=NOT_ALLOWED, token=b"", needs_location=True)
            said = NOT_ALLOWED
        owner = self._owner(result, party)
        key = OCPITokenKey(uid=asked.token_uid, type=kind)
        token = await self._token(asked, key, authentication, owner, result, is_unknown=said is Unsaid.UNKNOWN_TOKEN)
        if token is None:
            return None
        word = NOT_ALLOWED if isinstance(said, Unsaid) else said
        reference = await self._awaited(asked, token, result, place) if word == ALLOWED else None
        return Authorization(allowed=word, token=token, reference=reference, info=_info(result))

    async def _ask(
        self,
        asked: AuthorizationRequest,
        authentication: Authentication,
        party: PartyId | None,
        place: tuple[OCPIPlace, ChargingLocation] | None,
    ) -> AuthStartResult | None:
        request = AuthorizeStart(
            authentication=authentication,
            location=place[1] if place else None,
            provider_id=self._core.provider_of(party),
        )
        try:
            async with asyncio.timeout(self._core.options.authorize_s):
                return await self._core.network.authorize_start(request, brought_by=self._name)
        except TimeoutError:
            log.warning("wwcp.authorize_late", partner=asked.partner)
            return None

    def _place(self, asked: AuthorizationRequest) -> tuple[OCPIPlace, ChargingLocation] | None:
        """Where, as the network calls it; None where nothing is told, or nothing that we know.

        Several EVSEs are asked about as the whole Location.
        """
        if asked.location_id is None:
            return None
        uid = asked.evse_uids[0] if len(asked.evse_uids) == 1 else None
        partner = self._core.book.find(asked.partner)
        owners = [party for party in (asked.asking, *sorted(partner.party_ids if partner else ())) if party is not None]
        for evse_uid in dict.fromkeys((uid, None)):
            for owner in owners:
                found = self._core.names.wwcp_place(owner, asked.location_id, evse_uid)
                if found is not None:
                    location = ChargingLocation(
                        evse_id=found.evse_id, charging_pool_id=None if found.evse_id else found.pool_id
                    )
                    return OCPIPlace(owner, asked.location_id, evse_uid), location
        return None

    def _owner(self, result: AuthStartResult, party: PartyId | None) -> PartyId | None:
        named = self._core.party_of(result.provider_id) if result.provider_id is not None else None
        return named or party or next(iter(self._core.parties.values()), None)

    async def _token(
        self,
        asked: AuthorizationRequest,
        key: OCPITokenKey,
        authentication: Authentication,
        owner: PartyId | None,
        result: AuthStartResult,
        *,
        is_unknown: bool,
    ) -> bytes | None:
        """The Token that goes with the answer: ours as it is published, else one made of what the provider said."""
        version = version_of(asked.version)
        for party in dict.fromkeys((owner, *self._core.parties.values())):
            known = await self._tokens.known(key, party, version) if party is not None else None
            if known is not None:
                return known
        if owner is None or is_unknown:
            return None
        listed = ListedToken(
            authentication=authentication,
            contract_id=result.contract_id,
            issuer=result.provider_name,
            valid=result.result is AuthStartCode.Authorized,
            whitelist=Whitelist.NEVER,
            visual_number=result.printed_number,
            language=result.ui_language,
        )
        made = token_of(key, owner, listed, issuer=self._tokens.issuer_of(owner), at=self._core.network.places.now)
        try:
            return await self._tokens.made(made, version)
        except CannotConvert as error:
            log.warning("wwcp.token_not_told", partner=asked.partner, version=asked.version, error=str(error))
            return None

    async def _awaited(
        self,
        asked: AuthorizationRequest,
        token: bytes,
        result: AuthStartResult,
        place: tuple[OCPIPlace, ChargingLocation] | None,
    ) -> str | None:
        """Await the session from who asked; the reference under which it will be reported."""
        id = result.session_id
        if id is None:
            return None
        reference = await self._matches.expect(
            id,
            asked.partner,
            wished=result.authorization_reference,
            place=place[0] if place else None,
            tokens=(*self._tokens.names_in(token, version_of(asked.version)), result.contract_id or ""),
        )
        await self._await(id)
        return reference

    async def _await(self, id: ChargingSessionId) -> None:
        """Nobody knows yet whether it begins: the CPO tells by a Session."""
        known = await self._core.network.session(id)
        if known is not None and known.stop is None and not known.is_awaited:
            start = SessionStart(timestamp=known.start.timestamp)
            await self._core.network.report_session(ChargingSession(id=id, start=start, is_awaited=True))

    async def _otherwise(self, asked: AuthorizationRequest) -> Authorization | None:
        """What our stored Tokens say; without them, or where that fails, nobody may charge."""
        if self._stored is None:
            return await self._refused(asked)
        try:
            return await self._stored.authorize(asked)
        except OCPIError as error:
            log.warning("wwcp.stored_token_failed", partner=asked.partner, error=str(error))
            return None

    async def _refused(self, asked: AuthorizationRequest) -> Authorization | None:
        kind = TokenType(asked.token_type) if asked.token_type else TokenType.RFID
        key, version = OCPITokenKey(uid=asked.token_uid, type=kind), version_of(asked.version)
        for party in self._core.parties.values():
            known = await self._tokens.known(key, party, version)
            if known is not None:
                return Authorization(allowed=NOT_ALLOWED, token=known)
        return None


def _info(result: AuthStartResult) -> tuple[str, str] | None:
    """The text for the driver: in his language, else in the first one that there is."""
    texts = {language: text for language, text in result.additional_info.items() if len(language) == 2 and text}
    for language in (result.ui_language, *texts):
        if language in texts:
            return language, texts[language][:MAX_INFO]
    return None
