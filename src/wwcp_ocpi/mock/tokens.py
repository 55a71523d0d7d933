# SPDX-License-Identifier: AGPL-3.0-or-later
"""Awkward ideas of how a credentials token comes: what arrives in the odd form is handed on in the right one.

The right one is Base64, except where the odd form is itself Base64: that is awkward only in 2.1.1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import msgspec

from wwcp_ocpi.mock.quirks import Quirk
from wwcp_ocpi.mock.twists import Setup, Twist, before
from wwcp_ocpi.net.asgi import refusal
from wwcp_ocpi.protocol.credentials_token import is_valid_token
from wwcp_ocpi.protocol.errors import NotAuthenticated
from wwcp_ocpi.protocol.http import AUTHORIZATION, Request, Response


def encoded(token: str) -> str:
    """The Base64 of a text."""
    return base64.b64encode(token.encode()).decode()


def decoded(value: str) -> str:
    """The text behind Base64, or an empty one."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _from_base64(value: str) -> str | None:
    token = decoded(value)
    return token if is_valid_token(token) else None


def _from_newline(value: str) -> str | None:
    token = decoded(value)
    return encoded(token[:-1]) if token.endswith("\n") else None


def _expecting(right_form: Callable[[str], str | None]) -> Twist:
    def check(request: Request, setup: Setup) -> Request | Response:
        scheme, _, value = request.headers.get(AUTHORIZATION, "").partition(" ")
        right = right_form(value)
        if right is None:
            return refusal(NotAuthenticated("unknown credentials token"))
        headers = {**request.headers, AUTHORIZATION: f"{scheme} {right}"}
        return msgspec.structs.replace(request, headers=headers)

    return before(check)


TOKENS: dict[Quirk, Twist] = {
    Quirk.TOKEN_RAW: _expecting(encoded),
    Quirk.TOKEN_BASE64: _expecting(_from_base64),
    Quirk.TOKEN_NEWLINE: _expecting(_from_newline),
}
