# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a page ended, as a text that only this store can have written.

A cursor holds the place of the last object of the page and, for lists filtered by dates, how many matched when
the first page was served. It is signed together with the list it belongs to: one that was altered, made up, or
taken from a list with another audience, owner or other dates, is refused. A changed `limit` is fine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import NamedTuple

from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.store.ports import PageRequest

_PLACE = struct.Struct(">qqq")
_MATCHED = struct.Struct(">qqqqq")
_SIGNATURE_BYTES = 8


class Place(NamedTuple):
    """The last object of a page. `total` is 0 where the list is not filtered by dates: those have a counter.

    Where a text is matched: how many have it, or -1 less those found so far; and how many are still passed over.
    """

    last_updated: int
    seq: int
    total: int
    filtered: int = -1
    skip: int = 0


def _sign(key: bytes, request: PageRequest, place: bytes) -> bytes:
    owner = request.owner or ()
    # Nothing stands for no audience: cursors that were given before there were audiences stay good.
    audience = (request.audience,) if request.audience else ()
    match = ("match", request.match) if request.match else ()
    dates = (request.date_from, request.date_to)
    parts = (request.side.value, request.module, *owner, *dates, *audience, *match)
    return hashlib.blake2b(repr(parts).encode() + place, key=key, digest_size=_SIGNATURE_BYTES).digest()


def write_cursor(key: bytes, request: PageRequest, place: Place) -> str:
    """The cursor that goes on behind `place` in the list of `request`; it stands in a URL as it is."""
    packed = _MATCHED.pack(*place) if request.match else _PLACE.pack(*place[:3])
    return base64.urlsafe_b64encode(packed + _sign(key, request, packed)).rstrip(b"=").decode()


def read_cursor(key: bytes, request: PageRequest, text: str) -> Place:
    """The place that `text` names.

    Raises:
        InvalidParameters: it is no cursor of this list.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refusal(text) from error
    form = _MATCHED if request.match else _PLACE
    place, signature = raw[: form.size], raw[form.size :]
    if len(place) != form.size or signature != _sign(key, request, place):
        raise _refusal(text)
    return Place(*form.unpack(place))


def _refusal(text: str) -> InvalidParameters:
    return InvalidParameters(
        f"after: expected the cursor that a Link header of this list gave, got {text[:48]!r}", path="after"
    )
