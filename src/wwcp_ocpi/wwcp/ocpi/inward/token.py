# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Tokens to WWCP authentications, and back. Spec: mod_tokens#mod_tokens_token_object."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.v2_3_0.cdrs import CdrToken
from wwcp_ocpi.v2_3_0.enums import AuthMethod as OCPIAuthMethod
from wwcp_ocpi.v2_3_0.enums import TokenType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication, AuthMethod
from wwcp_ocpi.wwcp.model.notes import Mapped


class TokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a provider's list of tokens, as a station operator keeps it."""

    authentication: Authentication
    provider_id: EMobilityProviderId | None
    contract_id: EMobilityAccountId | None
    contract_text: str
    """The contract as it was written, whether it is an eMAID or not."""
    valid: bool
    may_start_offline: bool
    """Whether a station may let this driver charge without asking (whitelist)."""
    must_not_ask: bool
    """Whether it must do so without asking: whitelist ALWAYS."""
    issuer: str
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None


class OCPITokenKey(msgspec.Struct, frozen=True, kw_only=True):
    """How OCPI names what a driver showed: the uid and the type of a Token."""

    uid: str
    type: TokenType


def authentication_of(token: Token | CdrToken, *, method: OCPIAuthMethod | None = None) -> Mapped[Authentication]:
    """How the driver of this Token said who he is: a card, his app's contract, plug and charge ..."""
    raise NotImplementedError


def authentication_of_uid(uid: str, type: TokenType = TokenType.RFID) -> Mapped[Authentication]:
    """The same where OCPI tells no more than a uid: the POST of real-time authorisation."""
    raise NotImplementedError


def token_entry_of(token: Token) -> Mapped[TokenEntry]:
    """The Token as an entry of a list; None when nothing can be held to a station to be recognised by it."""
    raise NotImplementedError


def token_key_of(authentication: Authentication) -> Mapped[OCPITokenKey]:
    """The inverse: which Token an OCPI partner is asked for. None where OCPI has no Token for that way (PIN, keys)."""
    raise NotImplementedError


def auth_method_of(method: OCPIAuthMethod) -> AuthMethod:
    """WWCP's word for it."""
    raise NotImplementedError
