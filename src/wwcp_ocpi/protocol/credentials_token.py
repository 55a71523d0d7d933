# SPDX-License-Identifier: AGPL-3.0-or-later
"""The `Authorization: Token ...` header, in both forms.

Spec: transport_and_format#transport_and_format_authorization. 2.1.1 sends the credentials token as it is,
2.2.1 and later as Base64 of its UTF-8 (TRN-02, TRN-03). Partners get this wrong in both directions, so a
receiver may accept either.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from enum import Enum

from wwcp_ocpi.scalars import Secret

_VALID = re.compile(r"[\x21-\x7e]{1,64}")


class TokenForm(Enum):
    """How a credentials token stands in the header."""

    RAW = "raw"
    BASE64 = "base64"
    EITHER = "either"


def new_token() -> Secret:
    """A fresh credentials token: 43 characters, 256 bits (CRD-23: at most 64, printable, no blanks)."""
    return Secret(secrets.token_urlsafe(32))


def is_valid_token(text: str) -> bool:
    """Whether the text may be a credentials token (CRD-23)."""
    return _VALID.fullmatch(text) is not None


def authorization(token: Secret, form: TokenForm) -> str:
    """The header value that carries `token`. EITHER, a receiver's choice, is sent as Base64."""
    text = token.reveal()
    return "Token " + (text if form is TokenForm.RAW else base64.b64encode(text.encode()).decode())


def candidates(header: str | None, form: TokenForm) -> list[str]:
    """The credentials tokens that an Authorization header may mean, likeliest first; empty if it is none.

    A decoded newline at the end is dropped: the specification's own example has one.
    """
    scheme, _, value = (header or "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() != "token" or not value:
        return []
    found = []
    if form is not TokenForm.RAW:
        try:
            decoded = base64.b64decode(value, validate=True).decode("utf-8").rstrip("\r\n")
        except (binascii.Error, ValueError):
            decoded = ""
        if is_valid_token(decoded):
            found.append(decoded)
    if form is not TokenForm.BASE64 and is_valid_token(value):
        found.append(value)
    return found
