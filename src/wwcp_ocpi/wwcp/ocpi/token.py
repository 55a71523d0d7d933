# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a driver says who he is, as an OCPI Token's uid and type. Spec: mod_tokens#mod_tokens_token_object.

The uid is the token and nothing else: never its type in brackets, never the separators of a card's serial number.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wwcp_ocpi.v2_3_0.enums import TokenType
from wwcp_ocpi.wwcp.model.authentication import Authentication, token_text
from wwcp_ocpi.wwcp.ocpi.inward.token import token_key_of

_HEX = re.compile(r"[0-9A-Fa-f]+")


class TokenKey(NamedTuple):
    """By what an eMSP finds its Token."""

    uid: str
    type: TokenType


def token_key(authentication: Authentication) -> TokenKey | None:
    """The Token that was shown; None where OCPI knows none: a PIN, a key, a certificate, a text that does not fit."""
    key = token_key_of(authentication).value
    if key is None:
        return None
    return TokenKey(_bare(key.uid) if authentication.auth_token is not None else key.uid, key.type)


def _bare(token: str) -> str:
    """A serial number in upper case without separators; any other text as it was written."""
    written, compared = token.strip(), token_text(token)
    return compared if compared != written.upper() or _HEX.fullmatch(written) else written
