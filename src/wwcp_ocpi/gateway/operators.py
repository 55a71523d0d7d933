# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who runs the gateway, as far as HTTP can tell: whoever shows the token of the configuration."""

from __future__ import annotations

import base64
import binascii
import hmac

from wwcp_ocpi.gateway.config import Config, read_text
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret

LEAST = 20
CHALLENGE = 'Bearer realm="wwcp-ocpi", Basic realm="wwcp-ocpi"'
"""Basic is for browsers: any name, and the token as the password."""


class Operators:
    """Knows the token, or that there is none; then nobody is the operator."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    @property
    def are_there(self) -> bool:
        """Whether anybody can be."""
        return self._token is not None

    def has(self, authorization: str) -> bool:
        """Whether this header shows the token."""
        scheme, _, shown = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            try:
                shown = base64.b64decode(shown.strip(), validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return self._token is not None and hmac.compare_digest(shown.strip().encode(), self._token.reveal().encode())


def operators(config: Config) -> Operators:
    """Those of the configuration.

    Raises:
        UsageError: the token cannot be read, or is too short.
    """
    place = config.operator.token
    if not place:
        return Operators(None)
    text = read_text(place, "operator.token", "a token")
    if len(text) < LEAST:
        raise UsageError(f"operator.token: expected at least {LEAST} characters there")
    return Operators(Secret(text))
