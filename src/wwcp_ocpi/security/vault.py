# SPDX-License-Identifier: AGPL-3.0-or-later
"""One key of the server, and the two things done with it: hash and seal.

A token that a partner shows us is stored as a keyed hash: whoever reads the database cannot use it. A token
that we show a partner must be readable again, so it is sealed (AES-256-GCM). Both keys are derived from one
server key, which lives outside the database.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret

KEY_BYTES = 32


class Vault:
    """Hashes and seals with keys derived from one server key of at least 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise UsageError(f"the server key needs at least {KEY_BYTES} bytes, got {len(key)}")
        self._hash_key = hmac.digest(key, b"wwcp-ocpi/credentials-token", "sha256")
        self._seal = AESGCM(hmac.digest(key, b"wwcp-ocpi/seal", "sha256"))

    @staticmethod
    def new_key() -> bytes:
        """A fresh server key."""
        return secrets.token_bytes(KEY_BYTES)

    def hash_of(self, token: str) -> str:
        """The keyed hash under which a credentials token is stored and found."""
        return hmac.digest(self._hash_key, token.encode(), "sha256").hex()

    def seal(self, secret: Secret, use: str = "") -> str:
        """The secret as text that only this key opens, and only for the same `use`."""
        nonce = secrets.token_bytes(12)
        return base64.b64encode(nonce + self._seal.encrypt(nonce, secret.reveal().encode(), use.encode())).decode()

    def open(self, sealed: str, use: str = "") -> Secret:
        """The secret that `seal` closed.

        Raises:
            UsageError: sealed with another key, for another use, or damaged.
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
            return Secret(self._seal.decrypt(raw[:12], raw[12:], use.encode()).decode())
        except (InvalidTag, ValueError) as error:
            raise UsageError("a stored secret does not open: another server key, or a damaged database") from error
