# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Tokens to WWCP authentications, and back. Spec: mod_tokens#mod_tokens_token_object.

A card is a token, plug and charge and the user of an app are contracts. What should be a contract and is no eMAID stays
a token of that type, so that it goes out again as it came in. Contract ids are read leniently: with or without
separators and check digit.
"""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.cdrs import CdrToken
from wwcp_ocpi.v2_3_0.enums import AuthMethod as OCPIAuthMethod
from wwcp_ocpi.v2_3_0.enums import TokenType, WhitelistType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import (
    MAX_LENGTH,
    Authentication,
    AuthenticationPlace,
    AuthMethod,
    AuthTokenType,
)
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.names import provider_id_of
from wwcp_ocpi.wwcp.ocpi.inward.texts import has_no_place
from wwcp_ocpi.wwcp.ocpi.inward.words import AUTH_METHOD, TOKEN_TYPE, TOKEN_WAY, TokenWay
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY

TOKEN_UID_KEY = "OCPI.TokenUId"
"""In the `extra` of an authentication: the uid of a Token whose contract is what identifies."""

_EPOCH = DateTime.from_micros(0)
_LONGEST_UID = 36


class TokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a provider's list of tokens, as a station operator keeps it."""

    authentication: Authentication
    provider_id: EMobilityProviderId | None
    contract_id: EMobilityAccountId | None
    contract_text: str
    """The contract as it was written, whether it is an eMAID or not."""
    valid: bool
    whitelist: WhitelistType
    """Whether a station may let this driver charge without asking; WWCP has no words of its own for it."""
    issuer: str
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None


class OCPITokenKey(msgspec.Struct, frozen=True, kw_only=True):
    """How OCPI names what a driver showed: the uid and the type of a Token."""

    uid: str
    type: TokenType


def authentication_of(token: Token | CdrToken, *, method: OCPIAuthMethod | None = None) -> Mapped[Authentication]:
    """How the driver of this Token said who he is: a card, his app's contract, plug and charge ...

    None only for a uid without a sign in it.
    """
    context = Context(_EPOCH, DEFAULT_POLICY)
    made = _authentication(token.uid, token.type, token.contract_id, method, context)
    return Mapped(token.uid, made, context.notes)


def authentication_of_uid(uid: str, type: TokenType = TokenType.RFID) -> Mapped[Authentication]:
    """The same where OCPI tells no more than a uid: the POST of real-time authorisation."""
    context = Context(_EPOCH, DEFAULT_POLICY)
    return Mapped(uid, _authentication(uid, type, uid, None, context), context.notes)


def token_entry_of(token: Token) -> Mapped[TokenEntry]:
    """The Token as an entry of a list; None when nothing can be held to a station to be recognised by it."""
    context = Context(_EPOCH, DEFAULT_POLICY)
    has_no_place(token, ("default_profile_type", "energy_contract"), "$", context)
    authentication = _authentication(token.uid, token.type, token.contract_id, None, context)
    contract = EMobilityAccountId.try_parse(token.contract_id)
    party = PartyId.of(token.country_code, token.party_id)
    provider = provider_id_of(party)
    if contract is not None and contract.has_wrong_check_digit:
        context.note("$.contract_id", f"the check digit of {token.contract_id} is wrong")
    if contract is not None and provider is not None and contract.provider != provider:
        context.note("$.contract_id", f"{token.contract_id} names another provider than {party}")
    if provider is None:
        context.note("$.party_id", f"no provider of WWCP can be made of {party}")
    if authentication is None:
        return Mapped(token.uid, None, context.notes)
    made = TokenEntry(
        authentication=authentication,
        provider_id=provider,
        contract_id=contract,
        contract_text=token.contract_id,
        valid=token.valid,
        whitelist=token.whitelist,
        issuer=token.issuer,
        visual_number=token.visual_number,
        group_id=token.group_id,
        language=token.language,
    )
    return Mapped(token.uid, made, context.notes)


def token_key_of(authentication: Authentication) -> Mapped[OCPITokenKey]:
    """The inverse: which Token an OCPI partner is asked for. None where OCPI has no Token for that way (PIN, keys)."""
    context = Context(_EPOCH, DEFAULT_POLICY)
    uid, type = _uid(authentication), _type(authentication)
    if uid is None:
        context.note("$", "OCPI 2.3.0 has no Token for a PIN, a public key or a certificate")
    fitting = context.exact(uid, _LONGEST_UID, "$.authToken", ascii=True)
    return Mapped(uid or "", OCPITokenKey(uid=fitting, type=type) if fitting else None, context.notes)


def auth_method_of(method: OCPIAuthMethod) -> AuthMethod:
    """WWCP's word for it."""
    return AUTH_METHOD[method]


def _authentication(
    uid: str, type: TokenType, contract: str, method: OCPIAuthMethod | None, context: Context
) -> Authentication | None:
    text = uid.strip()
    if not text or len(text) > MAX_LENGTH:
        context.note("$.uid", f"expected 1 to {MAX_LENGTH} characters, got {len(text)}")
        return None
    how = None if method is None else AUTH_METHOD[method]
    way = TOKEN_WAY.get(type, TokenWay.TOKEN)
    account = None if way is TokenWay.TOKEN else EMobilityAccountId.try_parse(contract)
    if way is TokenWay.TOKEN or account is None:
        if way is not TokenWay.TOKEN:
            context.note("$.contract_id", f"no eMAID: {contract[:60]!r}; kept as a token of the type {type}")
        return Authentication(auth_token=text, auth_token_type=AuthTokenType(type.value), auth_method=how)
    extra = None if text == str(account) else {TOKEN_UID_KEY: text}
    if way is TokenWay.REMOTE:
        remote = AuthenticationPlace.REMOTE
        return Authentication(place=remote, remote_identification=account, auth_method=how, extra=extra)
    return Authentication(plug_and_charge_identification=account, auth_method=how, extra=extra)


def _uid(authentication: Authentication) -> str | None:
    kept = (authentication.extra or {}).get(TOKEN_UID_KEY)
    if isinstance(kept, str) and authentication.account is not None:
        return kept
    account = authentication.account
    return authentication.auth_token or (str(account) if account else None)


def _type(authentication: Authentication) -> TokenType:
    told = authentication.auth_token_type
    if authentication.auth_token is None:
        return TokenType.EMAID if authentication.plug_and_charge_identification else TokenType.APP_USER
    if told is None:
        return TokenType.RFID
    return TOKEN_TYPE.get(told) or TokenType(told.value)
