# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids of partners inside WWCP ids, which allow few signs, and back.

Letters and digits stay. `Q` announces what does not: `QM` is a hyphen, `QU` an underscore, `Q2B` the byte 2B of the
UTF-8 text, `QQ` the letter itself. `QH` and a hash stands for what is too long. A UUID is `8A3F...QM4B1C...`: still to
be recognised, and never the same as another id, since OCPI ids and WWCP ids are both compared in any case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

_CODES = {"-": "M", "_": "U", ".": "P", ":": "K", " ": "S", "*": "T", "/": "V", "$": "Z"}
_SIGNS = {code: sign for sign, code in _CODES.items()}
_ESCAPED = re.compile(r"[Qq](?:([Qq])|([G-Zg-z])|([0-9A-Fa-f]{2}))")
_HASHED = 20


def escape(text: str, max_length: int, *, also: str = "") -> str:
    """The text in letters and digits, and in the signs of `also`; a hash where that is longer than allowed.

    It never begins with one of the signs of `also`: WWCP ids begin with a letter or digit.
    """
    if text.isascii() and text.isalnum() and "Q" not in text and "q" not in text:
        made = text
    else:
        made = "".join(_sign(sign, also if place else "") for place, sign in enumerate(text))
    return made if 0 < len(made) <= max_length else hashed([text], max_length)


def hashed(texts: Iterable[str], max_length: int) -> str:
    """A text that stands for others, the same for them in any case."""
    digest = hashlib.sha256("|".join(texts).upper().encode("utf-8", "backslashreplace")).hexdigest().upper()
    return f"QH{digest}"[: min(max_length, _HASHED + 2)]


def unescape(text: str) -> str | None:
    """What was escaped; None for a hash, and for what no escape has written."""
    found = bytearray()
    place = 0
    while place < len(text):
        if text[place] not in "Qq":
            found += text[place].encode()
            place += 1
            continue
        match = _ESCAPED.match(text, place)
        if match is None or (match[2] and match[2].upper() not in _SIGNS):
            return None
        found += match[1].encode() if match[1] else _SIGNS[match[2].upper()].encode() if match[2] else _byte(match[3])
        place = match.end()
    try:
        return found.decode()
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=1024)
def _sign(sign: str, also: str) -> str:
    if sign in "Qq":
        return f"Q{sign}"
    if (sign.isascii() and sign.isalnum()) or sign in also:
        return sign
    if sign in _CODES:
        return f"Q{_CODES[sign]}"
    return "".join(f"Q{byte:02X}" for byte in sign.encode("utf-8", "backslashreplace"))


def _byte(digits: str) -> bytes:
    return bytes([int(digits, 16)])
