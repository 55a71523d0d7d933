# SPDX-License-Identifier: AGPL-3.0-or-later
"""AuthorizeStart and AuthorizeStop, asked of the eMSPs and hubs that are partners, all at once.

Spec: mod_tokens#mod_tokens_post_method. The place is told by the ids that partners know. Who may end a session: who
began it, or another card of his group; of any other driver his eMSP is asked, as for a start.
"""

from __future__ import annotations

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.drivers import Admission, Drivers, Place
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.enums import AllowedType, AuthMethod
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.parties import EMobilityProviderId
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, AuthorizeStop, ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, AuthStopCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult, said
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.ocpi.charged_at import charged_at
from wwcp_ocpi.wwcp.ocpi.charging_words import ALLOWED
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.cso.payers import (
    Payers,
    cdr_token,
    emsp_of,
    kept,
    party_of_provider,
    payer_of,
    token_in,
    unnamed_token,
)
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.ocpi.inward.names import provider_id_of
from wwcp_ocpi.wwcp.ocpi.session import Payer
from wwcp_ocpi.wwcp.ocpi.token import TokenKey, token_key
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork
from wwcp_ocpi.wwcp.routing.whereabouts import located

_NO_TOKEN = "OCPI has no Token for this way to say who one is"
_NO_PLACE = "this place is not offered to partners of OCPI"
_NOBODY = "no partner knows this driver"


class Authorizing:
    """The Authorizer of the adapter."""

    def __init__(
        self,
        network: RoamingNetwork,
        drivers: Drivers,
        book: PartnerBook,
        payers: Payers,
        names: PublishedNames,
        scope: Scope,
    ) -> None:
        self._network = network
        self._drivers = drivers
        self._book = book
        self._payers = payers
        self._names = names
        self._scope = scope

    async def start(self, request: AuthorizeStart) -> AuthStartResult:
        """What the partners say, in one answer; the session that begins keeps what its Session and CDR must repeat."""
        key = token_key(request.authentication)
        if key is None:
            return AuthStartResult(result=AuthStartCode.InvalidToken, description=said(_NO_TOKEN))
        place = self._place(request.location)
        if isinstance(place, str):
            return AuthStartResult(result=AuthStartCode.UnknownLocation, description=said(place))
        found = await self._asked(key, place, request.provider_id)
        if found is None:
            return AuthStartResult(result=AuthStartCode.NotAuthorized, description=said(_NOBODY))
        code, _ = _code(found, place)
        if _is_unknown(found):
            return _unanswered_start(found)
        token = await self._token(found, key)
        payer = self._payer(found, key, token)
        party = PartyId.of(payer.token.country_code, payer.token.party_id)
        text = dict([found.info]) if found.info is not None else {}
        # A reference is for one session, since its Session and CDR are found by it; EVSEs are allowed one by one.
        is_for_one = found.reference is not None or found.evse_uids is not None
        return AuthStartResult(
            result=code,
            cached_until=self._network.places.now if is_for_one else None,
            authorization_reference=found.reference,
            contract_id=payer.token.contract_id,
            printed_number=token.visual_number if token is not None else None,
            ui_language=token.language if token is not None else None,
            provider_id=provider_id_of(party),
            provider_name=token.issuer if token is not None else None,
            description=text if code is not AuthStartCode.Authorized else {},
            additional_info=text,
            additional_context=kept(payer),
        )

    async def stop(self, request: AuthorizeStop) -> AuthStopResult:
        """Whether he who shows this may end the session."""
        key = token_key(request.authentication)
        if key is None:
            return AuthStopResult(result=AuthStopCode.InvalidToken, description=said(_NO_TOKEN))
        session = await self._network.session(request.session_id)
        began = payer_of(session)
        if began is not None and await self._is_of(began, key):
            party = PartyId.of(began.token.country_code, began.token.party_id)
            return AuthStopResult(result=AuthStopCode.Authorized, provider_id=provider_id_of(party))
        location = request.location
        if location is None and session is not None and session.evse_id is not None:
            location = ChargingLocation(evse_id=session.evse_id)
        place = self._place(location)
        if isinstance(place, str):
            return AuthStopResult(result=AuthStopCode.UnknownLocation, description=said(place))
        found = await self._asked(key, place, request.provider_id)
        if found is None:
            return AuthStopResult(result=AuthStopCode.NotAuthorized, description=said(_NOBODY))
        if _is_unknown(found):
            return _unanswered_stop(found)
        token = await self._token(found, key)
        payer = self._payer(found, key, token)
        return AuthStopResult(
            result=_code(found, place)[1],
            provider_id=provider_id_of(PartyId.of(payer.token.country_code, payer.token.party_id)),
            provider_name=token.issuer if token is not None else None,
            additional_info=dict([found.info]) if found.info is not None else {},
        )

    async def _asked(
        self, key: TokenKey, place: Place | None, provider_id: EMobilityProviderId | None
    ) -> Admission | None:
        """The best answer; None where the provider that is named is no partner's."""
        among = None
        if provider_id is not None:
            partner = self._book.way_to(party_of_provider(provider_id))
            if partner is None:
                return None
            among = {partner}
        return await self._drivers.authorize(key.uid, key.type.value, at=place, among=among)

    def _place(self, location: ChargingLocation | None) -> Place | str | None:
        """The place by the ids that partners know; None where none is told; the reason where partners know none."""
        if location is None:
            return None
        places = self._network.places
        try:
            found = located(places, location)
            pool_id = found.charging_pool_id
            if pool_id is None:
                return None
            if not self._scope.has(places, pool_id, found.evse_id):
                return _NO_PLACE
            at = charged_at(places, pool_id, found.evse_id, policy=self._names.policy).value
        except UnknownId as error:
            return str(error)
        if at is None:
            return _NO_PLACE
        return Place(location_id=at.location.id, evse_uids=(at.evse.uid,) if at.evse is not None else ())

    async def _token(self, found: Admission, key: TokenKey) -> Token | None:
        """As the eMSP answered with it, else as it was pushed: OCPI 2.1.1 answers without it."""
        partner, body = self._book.find(found.partner), found.token
        if body is None:
            known = await self._drivers.known(key.uid, key.type.value)
            body = known[1].body if known is not None and known[0].id == found.partner else None
        if body is None or partner is None or partner.remote is None:
            return None
        return token_in(body, partner.remote.version, emsp_of(partner))

    def _payer(self, found: Admission, key: TokenKey, token: Token | None) -> Payer:
        partner = self._book.find(found.partner)
        owner = emsp_of(partner) if partner is not None else None
        return Payer(
            partner=found.partner,
            token=cdr_token(token) if token is not None else unnamed_token(key, owner or PartyId("XX", "XXX")),
            auth_method=AuthMethod(found.method),
            authorization_reference=found.reference,
            group_id=token.group_id if token is not None else None,
        )

    async def _is_of(self, began: Payer, key: TokenKey) -> bool:
        """Whether this is the Token of the session, or one of its group (a Token of the same eMSP that was pushed)."""
        if key.uid.upper() == began.token.uid.upper() and key.type == began.token.type:
            return True
        known = await self._drivers.known(key.uid, key.type.value) if began.group_id is not None else None
        if known is None or known[0].id != began.partner or known[0].remote is None:
            return False
        token = token_in(known[1].body, known[0].remote.version, emsp_of(known[0]))
        return token is not None and token.valid and (token.group_id or "").upper() == (began.group_id or "").upper()


def _code(found: Admission, place: Place | None) -> tuple[AuthStartCode, AuthStopCode]:
    """What the word means; ALLOWED at other EVSEs than the one that was asked about is a refusal (TOK-14)."""
    allowed = AllowedType(found.allowed)
    if found.is_allowed and place is not None and place.evse_uids and found.evse_uids is not None:
        there = {uid.upper() for uid in found.evse_uids}
        if there.isdisjoint(uid.upper() for uid in place.evse_uids):
            allowed = AllowedType.NOT_ALLOWED
    return ALLOWED.get(allowed, (AuthStartCode.Error, AuthStopCode.Error))


def _is_unknown(found: Admission) -> bool:
    """Whether nobody knows the driver, or who knows him could not be asked."""
    return not found.is_allowed and found.partner in ("", *(one.partner for one in found.unanswered))


def _reason(found: Admission) -> str:
    return "; ".join(f"{one.partner}: {one.reason}" for one in found.unanswered)[:500] or _NOBODY


def _unanswered_start(found: Admission) -> AuthStartResult:
    """Nobody knows the driver, or nobody who may know him has answered: the second is asked again the next time."""
    code = AuthStartCode.NotAuthorized
    if found.unanswered:
        is_away = any(one.is_away for one in found.unanswered)
        code = AuthStartCode.CommunicationTimeout if is_away else AuthStartCode.Error
    return AuthStartResult(result=code, description=said(_reason(found)))


def _unanswered_stop(found: Admission) -> AuthStopResult:
    code = AuthStopCode.NotAuthorized
    if found.unanswered:
        is_away = any(one.is_away for one in found.unanswered)
        code = AuthStopCode.CommunicationTimeout if is_away else AuthStopCode.Error
    return AuthStopResult(result=code, description=said(_reason(found)))
