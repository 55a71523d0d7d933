# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a driver says who he is, as an OCPI Token's uid and type. Spec: mod_tokens#mod_tokens_token_object.

The uid is the token and nothing else: never its type in brackets, never the separators of a card's serial number.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wwcp_ocpi.v2_3_0.enums import TokenType
from wwcp_ocpi.wwcp.model.authentication import Authentication, token_text
from wwcp_ocpi.wwcp.ocpi.charging_words import TOKEN_TYPE

_HEX = re.compile(r"[0-9A-Fa-f]+")
_LONGEST = 36


class TokenKey(NamedTuple):
    """By what an eMSP finds its Token."""

    uid: str
    type: TokenType


def token_key(authentication: Authentication) -> TokenKey | None:
    """The Token that was shown; None where OCPI knows none: a PIN, a key, a certificate, a text that does not fit."""
    key = _key(authentication)
    is_uid = key is not None and 0 < len(key.uid) <= _LONGEST and key.uid.isascii() and key.uid.isprintable()
    return key if is_uid else None


def _key(authentication: Authentication) -> TokenKey | None:
    token, account = authentication.auth_token, authentication.account
    if token is not None:
        type = authentication.auth_token_type
        return TokenKey(_bare(token), TOKEN_TYPE.get(type, TokenType.OTHER) if type is not None else TokenType.RFID)
    if account is not None:
        is_of_car = authentication.plug_and_charge_identification is not None
        return TokenKey(str(account), TokenType.EMAID if is_of_car else TokenType.APP_USER)
    return None


def _bare(token: str) -> str:
    """A serial number in upper case without separators; any other text as it was written."""
    written, compared = token.strip(), token_text(token)
    return compared if compared != written.upper() or _HEX.fullmatch(written) else written
