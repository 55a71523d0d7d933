# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strong ETags over canonical JSON, and what `If-Match` and `If-None-Match` ask of them (RFC 9110, 13).

Canonical: keys sorted, no blanks, numbers with the digits they came with. Two spellings of one value have one
ETag; a cent more has another.
"""

from __future__ import annotations

import hashlib

import msgspec

from wwcp_ocpi.protocol.codec import read_json

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")


def canonical(body: bytes) -> bytes:
    """The one spelling of this JSON value.

    Raises:
        MalformedBody, TooLarge: as `codec.read_json`.
    """
    return _encoder.encode(read_json(body))


def etag(body: bytes) -> str:
    """The strong ETag of a JSON body, in quotes."""
    return f'"{hashlib.sha256(canonical(body)).hexdigest()[:32]}"'


def _names(header: str) -> list[str]:
    return [name.strip().removeprefix("W/") for name in header.split(",") if name.strip()]


def matches(header: str, tag: str | None) -> bool:
    """Whether the list in an If-Match or If-None-Match header names the state `tag`; None is no object.

    Proxies that compress make a strong tag weak (`W/`); it is still ours, and still names one state.
    """
    names = _names(header)
    return tag is not None and ("*" in names or tag in names)
