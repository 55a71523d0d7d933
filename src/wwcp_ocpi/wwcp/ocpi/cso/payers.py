# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who pays: Tokens of partners in whatever version they came, and what a session keeps of them for its CDR.

The session itself carries it, in its `additional_context`, so that a restart between the authorisation and the record
loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.drivers import Drivers
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.v2_3_0.cdrs import CdrToken
from wwcp_ocpi.v2_3_0.enums import AuthMethod
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.parties import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication, AuthenticationPlace
from wwcp_ocpi.wwcp.model.authentication import AuthMethod as WWCPAuthMethod
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession
from wwcp_ocpi.wwcp.ocpi.charging_words import AUTH_METHOD
from wwcp_ocpi.wwcp.ocpi.inward import token as inward
from wwcp_ocpi.wwcp.ocpi.session import Payer
from wwcp_ocpi.wwcp.ocpi.token import TokenKey, token_key

log = structlog.get_logger()

KEY = "ocpi"
_EMSP = "EMSP"
_LONGEST = 36


def kept(payer: Payer) -> Extra:
    """What goes into a session's `additional_context`."""
    made: Extra = msgspec.to_builtins(payer)
    return {KEY: made}


def payer_of(session: ChargingSession | None) -> Payer | None:
    """What is there; None where there is nothing of ours."""
    found = (session.additional_context or {}).get(KEY) if session is not None else None
    if found is None:
        return None
    try:
        return msgspec.convert(found, Payer)
    except (msgspec.ValidationError, ValueError):
        assert session is not None
        log.warning("wwcp.payer_unreadable", session=str(session.id))
        return None


def party_of_provider(id: EMobilityProviderId) -> PartyId:
    """The party that a provider is."""
    return PartyId.of(id.country_code, id.suffix)


def emsp_of(partner: Partner) -> PartyId | None:
    """The party that owns the Tokens of a partner, where its version does not say so: its eMSP, or its only party."""
    emsps = [party.id for party in partner.parties if party.role in (_EMSP, None)]
    return min(emsps or partner.party_ids, default=None)


def token_in(body: bytes, version: str, owner: PartyId | None) -> Token | None:
    """A Token as 2.3.0 has it; None where it is none, or nobody knows whose it is."""
    try:
        told = convert(body, "Token", version, VERSION.number, Context(owner=owner, traces=False))
        return codec.decode(Token, told.body)
    except OCPIError as error:
        log.warning("wwcp.token_unreadable", version=version, error=str(error))
        return None


def cdr_token(token: Token) -> CdrToken:
    """What Sessions and CDRs keep of a Token. Spec: mod_cdrs#mod_cdrs_cdr_token_object."""
    return CdrToken(
        country_code=token.country_code,
        party_id=token.party_id,
        uid=token.uid,
        type=token.type,
        contract_id=token.contract_id,
    )


def unnamed_token(key: TokenKey, owner: PartyId, contract_id: str | None = None) -> CdrToken:
    """The Token of a driver of whom the eMSP says no more than that he may charge: 2.1.1 answers without it."""
    contract = contract_id if contract_id and len(contract_id) <= _LONGEST else key.uid
    return CdrToken(
        country_code=owner.country_code, party_id=owner.party_id, uid=key.uid, type=key.type, contract_id=contract
    )


def authentication_of(token: Token) -> Authentication:
    """How the driver of a Token in a command says who he is: from afar, whatever the Token is.

    Raises:
        ValueError: no driver says who he is with it.
    """
    made = inward.authentication_of(token, method=AuthMethod.COMMAND).value
    if made is None:
        raise ValueError("expected a Token with a uid")
    return replace(made, place=AuthenticationPlace.REMOTE)


class Payers:
    """Finds out who pays where no session says so: by the Tokens that partners pushed, and by the provider's id.

    `name` is that of the adapter among those who let drivers charge.
    """

    def __init__(self, name: str, book: PartnerBook, drivers: Drivers) -> None:
        self._name = name
        self._book = book
        self._drivers = drivers

    async def of(self, session: ChargingSession | None, record: ChargeDetailRecord | None = None) -> Payer | None:
        """As the session keeps it, else as the Tokens that were shown and the provider tell.

        None: nobody knows, or somebody else in the network let the driver charge.
        """
        found = payer_of(session)
        if found is not None or (session is not None and session.start.authorizator_id not in (None, self._name)):
            return found
        shown = _shown(session, record)
        for authentication in shown:
            key = token_key(authentication)
            known = None if key is None else await self._drivers.known(key.uid, key.type)
            if key is None or known is None:
                continue
            partner, stored = known
            assert partner.remote is not None
            token = token_in(stored.body, partner.remote.version, emsp_of(partner))
            if token is not None:
                method = AUTH_METHOD.get(authentication.auth_method or WWCPAuthMethod.WHITELIST)
                return Payer(
                    partner=partner.id,
                    token=cdr_token(token),
                    auth_method=method or AuthMethod.WHITELIST,
                    group_id=token.group_id,
                )
        return self._by_provider(session, record, shown)

    def _by_provider(
        self, session: ChargingSession | None, record: ChargeDetailRecord | None, shown: list[Authentication]
    ) -> Payer | None:
        """Where the provider is named, or named in the contract, and a partner has its party."""
        named = [record.provider_id_start if record else None, session.start.provider_id if session else None]
        named += [one.account.provider for one in shown if one.account is not None]
        result = session.start.auth_start_result if session is not None else None
        for provider in named:
            party = party_of_provider(provider) if provider is not None else None
            partner = self._book.holder(party)
            key = next((key for one in shown if (key := token_key(one)) is not None), None)
            if party is None or partner is None or key is None:
                continue
            account = next((str(one.account) for one in shown if one.account is not None), None)
            told = shown[0].auth_method if shown else None
            return Payer(
                partner=partner,
                token=unnamed_token(key, party, (result.contract_id if result else None) or account),
                auth_method=AUTH_METHOD.get(told or WWCPAuthMethod.AUTH_REQUEST) or AuthMethod.AUTH_REQUEST,
                authorization_reference=result.authorization_reference if result is not None else None,
            )
        return None

    def concerns(self, payer: Payer) -> PartyId:
        """The party by which a Session or CDR reaches the partner: that of the Token, or one that is the partner's."""
        party = PartyId.of(payer.token.country_code, payer.token.party_id)
        if self._book.way_to(party) == payer.partner:
            return party
        partner = self._book.find(payer.partner)
        parties: Iterable[PartyId] = partner.party_ids if partner is not None else ()
        return (partner.hub if partner is not None else None) or min(parties, default=party)


def _shown(session: ChargingSession | None, record: ChargeDetailRecord | None) -> list[Authentication]:
    found = [
        record.authentication_start if record is not None else None,
        session.start.authentication if session is not None else None,
        record.authentication_stop if record is not None else None,
    ]
    return [one for one in found if one is not None]
