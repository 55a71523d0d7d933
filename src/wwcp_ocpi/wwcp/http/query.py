# SPDX-License-Identifier: AGPL-3.0-or-later
"""The query of a list: which part of it, what must be in it, how much is told of each entry. Names in any case."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.scalars import DateTime

OBJECTS_TAKE, OBJECTS_MOST = 100, 1_000
ENTRIES_TAKE, ENTRIES_MOST = 10_000, 100_000
"""How many are told where nobody asks for a number, and at most: of whole objects, and of ids and statuses."""
LONGEST_MATCH = 200
_NUMBER = re.compile(r"[0-9]{1,9}")
_YES, _NO = frozenset({"", "true", "1", "yes"}), frozenset({"false", "0", "no"})
_SINGULAR = {"networks": "network", "operators": "operator", "pools": "pool", "stations": "station", "evses": "evse"}
_SINGULAR |= {"brands": "brand", "licenses": "license"}
_RELATIONS = frozenset(_SINGULAR.values())


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader asks for. `take` is None where nobody said it."""

    skip: int = 0
    take: int | None = None
    match: str = ""
    with_metadata: bool = False
    include_removed: bool = False
    include_custom_data: bool = True
    expand: frozenset[str] = frozenset()
    show_ids: frozenset[str] = frozenset()
    before: DateTime | None = None
    after: DateTime | None = None
    id: str = ""
    status: frozenset[str] = frozenset()

    def page(self, usual: int, most: int) -> slice:
        """The part that is asked for, of no more than `most`."""
        count = min(usual if self.take is None else self.take, most)
        return slice(self.skip, self.skip + count)


def read_query(given: Mapping[str, str]) -> Query:
    """The query of a request; what it does not know is ignored.

    Raises:
        InvalidParameters: a value that cannot be meant.
    """
    found = {name.lower(): value for name, value in given.items()}
    if not found:
        return Query()
    return Query(
        skip=_number(found, "skip") or 0,
        take=_number(found, "take"),
        match=_text(found, "match").lower(),
        with_metadata=_flag(found, "withMetadata", otherwise=False),
        include_removed=_flag(found, "includeRemoved", otherwise=False),
        include_custom_data=_flag(found, "includeCustomData", otherwise=True),
        expand=_relations(found, "expand"),
        show_ids=_relations(found, "showIds"),
        before=_moment(found, "before"),
        after=_moment(found, "after"),
        id=_text(found, "id").lower(),
        status=frozenset(word.strip().lower() for word in _text(found, "status").split(",") if word.strip()),
    )


def _number(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidParameters(f"query {name}: expected a number from 0 to 999999999, got {text[:80]!r}")
    return int(text)


def _text(found: Mapping[str, str], name: str) -> str:
    text = found.get(name, "").strip()
    if len(text) > LONGEST_MATCH:
        raise InvalidParameters(f"query {name}: expected at most {LONGEST_MATCH} characters, got {len(text)}")
    return text


def _flag(found: Mapping[str, str], name: str, *, otherwise: bool) -> bool:
    text = found.get(name.lower())
    if text is None:
        return otherwise
    if text.lower() not in _YES | _NO:
        raise InvalidParameters(f"query {name}: expected true or false, got {text[:80]!r}")
    return text.lower() in _YES


def _relations(found: Mapping[str, str], name: str) -> frozenset[str]:
    words = [word.strip().lower() for word in found.get(name.lower(), "").split(",") if word.strip()]
    relations = frozenset(_SINGULAR.get(word, word) for word in words)
    if not relations <= _RELATIONS:
        raise InvalidParameters(f"query {name}: expected some of {', '.join(_SINGULAR)}, got {','.join(words)[:80]!r}")
    return relations


def _moment(found: Mapping[str, str], name: str) -> DateTime | None:
    text = found.get(name)
    if text is None:
        return None
    try:
        return DateTime.parse(text)
    except ValueError as error:
        raise InvalidParameters(f"query {name}: expected a moment like 2026-08-02T00:00:00Z: {error}") from error
