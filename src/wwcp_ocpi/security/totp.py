# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time-based one-time passwords as the TOTP Token Format 1.0 of Open Charging Technology has them.

A password is good for one slot of time and its two neighbours. Bound to a channel it is good on one TLS 1.3 connection
only: the digest is keyed a second time, with exporter material that nobody outside of that connection can know.
"""

from __future__ import annotations

import hmac
import struct
from functools import lru_cache
from typing import NamedTuple

import msgspec

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret

EXPORTER_LABEL = b"EXPORTER-Time-Based-One-Time-Password-v1"
EXPORTER_BYTES = 32
HASHES = ("sha256", "sha384", "sha512")
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LEAST_SECRET = 16
_LEAST_ALPHABET = 4
_LENGTHS = range(4, 256)
_SLOTS = 1 << 64
_LAST_BMP = "\uffff"


class TOTP(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How the passwords of one login are made. `validity_s` is the length of a slot; `length` counts characters.

    Made by `configured`, which refuses what the format does not allow.
    """

    secret: Secret
    validity_s: int = 30
    length: int = 12
    alphabet: str = BASE62
    hash: str = "sha256"

    def slot_at(self, unix_s: float) -> int:
        """The number of the slot at a moment.

        Raises:
            UsageError: the moment is before 1970.
        """
        if unix_s < 0:
            raise UsageError("The timestamp must be a non-negative Unix timestamp in milliseconds!")
        return int(unix_s) // self.validity_s

    def password(self, slot: int, exporter: bytes = b"") -> str:
        """The password of a slot; with exporter material, that of one connection."""
        digest = _digest(self.secret.reveal().encode(), slot % _SLOTS, self.hash)
        if exporter:
            digest = hmac.digest(exporter, digest, self.hash)
        start, size, letters = digest[-1] & 0x0F, len(digest), self.alphabet
        # The modulo prefers some letters, and a long password repeats the digest: both are part of the format.
        return "".join([letters[digest[(start + index) % size] % len(letters)] for index in range(self.length)])

    def window(self, unix_s: float, exporter: bytes = b"") -> Window:
        """The three passwords that are good at a moment, and how long the middle one will be."""
        slot = self.slot_at(unix_s)
        previous, current, following = (self.password(slot + step, exporter) for step in (-1, 0, 1))
        return Window(previous, current, following, self.validity_s - int(unix_s) % self.validity_s)

    def matches(self, shown: str, unix_s: float, exporter: bytes = b"") -> int | None:
        """The slot whose password was shown, of the three that are good now; None if it is none of them.

        Takes the same time whichever it is.
        """
        slot = self.slot_at(unix_s)
        text = shown.encode()
        found = None
        for candidate in (slot + 1, slot - 1, slot):
            if hmac.compare_digest(self.password(candidate, exporter).encode(), text):
                found = candidate
        return found


class Window(NamedTuple):
    """The passwords of three slots in a row. `remaining_s` is what is left of the middle one, at least 1."""

    previous: str
    current: str
    next: str
    remaining_s: int


@lru_cache(maxsize=1024)
def _digest(key: bytes, slot: int, hash: str) -> bytes:
    """The digest of a slot, which every request of a login needs three times."""
    return hmac.digest(key, struct.pack(">Q", slot), hash)


def configured(
    secret: Secret | str,
    *,
    validity_s: float = 30,
    length: float = 12,
    alphabet: str | None = None,
    hash: str = "sha256",
) -> TOTP:
    """The settings of a login, checked. Blanks around the secret and the alphabet do not count.

    Raises:
        UsageError: a value that the format does not allow, in the words that all its implementations use.
    """
    text = (secret.reveal() if isinstance(secret, Secret) else secret).strip()
    letters = BASE62 if alphabet is None else alphabet.strip()
    for is_wrong, problem in (
        (not text, "The given shared secret must not be null or empty!"),
        (_has_blank(text), "The given shared secret must not contain any whitespace characters!"),
        (
            len(text) < _LEAST_SECRET,
            f"The length of the given shared secret must be at least {_LEAST_SECRET} characters!",
        ),
        (length not in _LENGTHS, "The expected length of the TOTP must be between 4 and 255 characters!"),
        (not letters, "The given alphabet must not be null or empty!"),
        (
            len(letters) < _LEAST_ALPHABET,
            f"The given alphabet must contain at least {_LEAST_ALPHABET} characters!",
        ),
        (len(set(letters)) < len(letters), "The given alphabet must not contain duplicate characters!"),
        (_has_blank(letters), "The given alphabet must not contain any whitespace characters!"),
        (max(letters, default="") > _LAST_BMP, "The given alphabet must not contain characters beyond U+FFFF!"),
        (
            validity_s != int(validity_s) or validity_s <= 0,
            "The validity time must be a positive integer number of seconds!",
        ),
        (hash not in HASHES, f"The hash algorithm must be one of: {', '.join(HASHES)}!"),
    ):
        if is_wrong:
            raise UsageError(problem)
    return TOTP(secret=Secret(text), validity_s=int(validity_s), length=int(length), alphabet=letters, hash=hash)


def _has_blank(text: str) -> bool:
    return any(letter.isspace() for letter in text)
