# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of the objects of a list are on a page, where a text decides.

No index helps to find a text anywhere in a body, so objects are looked at one after the other, up to a limit for
one page: a list of a million costs a request as much as one of some thousand, and the next page goes on behind the
last object that was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from wwcp_ocpi.protocol.codec import read_json
from wwcp_ocpi.protocol.errors import PartnerError
from wwcp_ocpi.store.cursor import Place
from wwcp_ocpi.store.ports import PageRequest

MOST_OBJECTS = 2000
MOST_BYTES = 8 << 20
"""How much is looked at for one page."""

Row: TypeAlias = tuple[int, int, bytes, str, str, str]
"""Number, last_updated, body, version, country code and party id."""


class Picked(NamedTuple):
    """What of a list is on a page, the place behind which the next one begins, and how many match in all, if known."""

    rows: list[Row]
    following: Place | None
    filtered: int | None


def matcher(text: str) -> Callable[[bytes], bool]:
    """Whether a JSON body has this text in one of its values, in any case. Names of fields do not count."""
    wanted = text.casefold()
    # What JSON writes with a backslash is found only in the value itself.
    is_plain = wanted.isprintable() and '"' not in wanted and "\\" not in wanted
    in_bytes = wanted.encode("utf-8", "replace")

    def may_match(body: bytes) -> bool:
        if not is_plain or b"\\" in body:
            return True
        if body.isascii():
            return in_bytes in body.lower()
        return wanted in body.decode("utf-8", "replace").casefold()

    def is_match(body: bytes) -> bool:
        if not may_match(body):
            return False
        try:
            return _has(read_json(body), wanted)
        except PartnerError:
            return False

    return is_match


def _has(value: Any, wanted: str) -> bool:
    if isinstance(value, str):
        return wanted in value.casefold()
    if isinstance(value, dict):
        return any(_has(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(_has(inner, wanted) for inner in value)
    return value is not None and not isinstance(value, bool) and wanted in str(value).casefold()


def pick(request: PageRequest, place: Place | None, total: int, rows: Iterable[Row]) -> Picked:
    """The page of a request, from the rows behind `place`; no more of them are read than needed.

    Args:
        total: what cursors carry on, 0 where the list has a counter.
        rows: in the order of the list; where no text is matched, from the offset on.
    """
    if request.match:
        return _matching(request, place, total, rows)
    picked = list(islice(rows, request.limit + 1))
    if len(picked) <= request.limit:
        return Picked(picked, None, None)
    del picked[request.limit :]
    return Picked(picked, _behind(picked[-1], total), None)


def _behind(row: Row, total: int) -> Place:
    seq, last_updated, *_ = row
    return Place(last_updated, seq, total)


def _matching(request: PageRequest, place: Place | None, total: int, rows: Iterable[Row]) -> Picked:
    is_match = matcher(request.match)
    known = place.filtered if place is not None and place.filtered >= 0 else None
    before = -1 - place.filtered if place is not None and known is None else 0
    skip = request.offset if place is None else place.skip
    wanted = skip + request.limit
    picked: list[Row] = []
    counted = looked = size = 0
    passed: Row | None = None
    is_end = True
    for row in rows:
        if looked >= MOST_OBJECTS or size >= MOST_BYTES:
            is_end = False
            break
        looked, size = looked + 1, size + len(row[2])
        if is_match(row[2]):
            if counted >= wanted and place is not None:
                # Only the first page looks further than it needs, to say how many there are.
                is_end = False
                break
            counted += 1
            if skip < counted <= wanted:
                picked.append(row)
        passed = row
    if known is None and is_end:
        known = before + counted
    returned = min(counted, wanted)
    last = picked[-1] if counted > returned else None if is_end else passed
    if last is None:
        return Picked(picked, None, known)
    carried = known if known is not None else -1 - (before + returned)
    following = _behind(last, total)._replace(filtered=carried, skip=max(skip - counted, 0))
    return Picked(picked, following, known)
