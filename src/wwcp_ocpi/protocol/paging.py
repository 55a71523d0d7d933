# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages: what a client may ask of a list, and how the next page is named.

Spec: transport_and_format#transport_and_format_pagination. `offset` is served as it says. `Link` carries,
beside the offset, where the page ended (`after`), so that following links costs the same at the millionth
object as at the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urljoin

import msgspec

from wwcp_ocpi.protocol.errors import BadAnswer, InvalidParameters
from wwcp_ocpi.scalars import DateTime

MAX_OFFSET = 2**53
_PLACE = frozenset({"offset", "limit", "after"})
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")
"""An offset whose + was not percent-encoded, and so became a blank on the way."""


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: `date_from <= last_updated < date_to` (TRN-13), from `offset`, or after a cursor."""

    date_from: DateTime | None = None
    date_to: DateTime | None = None
    offset: int = 0
    limit: int = 50
    after: str | None = None


def read_whole(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    """A whole number in a query, at least `least`; the default where it is missing or empty.

    Raises:
        InvalidParameters
    """
    text = query.get(name)
    if text is None or text == "":
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else -1
    if not least <= number <= MAX_OFFSET:
        raise InvalidParameters(f"{name}: expected a whole number from {least} on, got {text[:32]!r}", path=name)
    return number


def read_moment(query: Mapping[str, str], name: str) -> DateTime | None:
    """A DateTime in a query; None where it is missing or empty.

    Raises:
        InvalidParameters
    """
    text = query.get(name)
    if text is None or text == "":
        return None
    try:
        return DateTime.parse(_LOST_PLUS.sub(r"+\1", text))
    except ValueError as error:
        raise InvalidParameters(f"{name}: {error}", path=name) from error


def read_query(query: Mapping[str, str], *, default_limit: int, max_limit: int) -> PageQuery:
    """The page that the query parameters ask for; the limit is capped, never refused for being high.

    Raises:
        InvalidParameters: a date that is none, a negative or non-numeric offset or limit.
    """
    return PageQuery(
        date_from=read_moment(query, "date_from"),
        date_to=read_moment(query, "date_to"),
        offset=read_whole(query, "offset", 0, 0),
        limit=min(read_whole(query, "limit", default_limit, 1), max_limit),
        after=query.get("after") or None,
    )


def next_link(url: str, query: PageQuery, others: Mapping[str, str], after: str | None, count: int) -> str:
    """The `Link` header to the page behind this one; all filters survive (TRN-19).

    Args:
        others: the whole query as it was asked.
        after: the cursor, where the list has one; of characters that need no encoding (RFC 3986 section 2.3).
    """
    kept = ""
    if query.date_from or query.date_to or not others.keys() <= _PLACE:
        filters = {name: value for name, value in others.items() if name not in PageQuery.__struct_fields__}
        filters |= {"date_from": query.date_from.wire} if query.date_from else {}
        filters |= {"date_to": query.date_to.wire} if query.date_to else {}
        kept = f"{urlencode(filters)}&" if filters else ""
    cursor = f"&after={after}" if after is not None else ""
    return f'<{url}?{kept}offset={query.offset + count}&limit={query.limit}{cursor}>; rel="next"'


_LINK = re.compile(
    r"""(?:<(?P<url>[^<>]*)>|(?P<bare>[^\s<>;,"]+))"""
    r"""(?P<params>(?:\s*;\s*[^\s;,"=]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)"""
)
_REL = re.compile(r""";\s*rel\s*=\s*["']?(?P<names>[^"';,]*)""", re.IGNORECASE)


def read_next(header: str | None, base: str) -> str | None:
    """The absolute URL of the next page in a `Link` header, or None on the last page.

    Partners write relative URLs, other relations beside `next`, rel without quotes, URLs without brackets.

    Raises:
        BadAnswer: the next page has no URL that could be asked.
    """
    for found in _LINK.finditer(header or ""):
        rel = _REL.search(found["params"])
        if rel and "next" in rel["names"].lower().split():
            url = (found["url"] if found["bare"] is None else found["bare"]).strip()
            try:
                return str(urljoin(base, url))
            except ValueError as error:
                raise BadAnswer(f"Link: expected the URL of the next page, got {url[:80]!r}") from error
    return None


def by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers as a mapping with names in lower case; repeated ones are joined with a comma (RFC 9110 5.3)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
