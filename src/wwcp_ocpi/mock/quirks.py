# SPDX-License-Identifier: AGPL-3.0-or-later
"""What partners get wrong, by name. How each is done stands in `pages`, `urls`, `tokens` and `answers`."""

from __future__ import annotations

from enum import Enum

import msgspec

from wwcp_ocpi.protocol.http import Request


class Quirk(Enum):
    """One way of being awkward. The order is from the inside out: a later one bends what an earlier made."""

    SHUFFLED = "the objects of a page come in another order"
    OVERLAPPING = "a page begins with the last object of the page before"
    BAD_OBJECT = "one object of a page is none"
    NULL_FOR_EMPTY = "an empty list is null"
    TOTAL_MISSING = "no X-Total-Count and no X-Limit"
    LINK_LOOP = "the Link leads to the same page again"
    LINK_MISSING = "no Link, although there are more objects"
    LINK_BEYOND_END = "the last page has a Link, to an empty page"
    LINK_RELATIVE = "the URL in the Link has no host"
    LINK_UNQUOTED = "rel=next without quotes"
    LINK_AMONG_OTHERS = "first and last stand in the same Link header"

    VERSIONS_UNKNOWN = "versions that do not exist, and one twice"
    URL_NO_SCHEME = "the URLs in the versions list have no scheme"
    URL_OTHER_HOST = "the modules are on another host"
    URL_DEEP = "the modules are far down an odd path"
    URL_QUERY = "the URLs of modules have a query, and are nothing without it"
    URL_SLASH = "the URLs of modules end in a slash, and two in a row are refused"

    TOKEN_RAW = "the credentials token must come as it is, where Base64 is specified"
    TOKEN_BASE64 = "the credentials token must come in Base64, where it is specified to come as it is"
    TOKEN_NEWLINE = "the credentials token must come in Base64 together with a newline"

    NO_TIMESTAMP = "an envelope without timestamp"
    NO_DATA = "an envelope without data"
    STATUS_CODE_TEXT = "status_code is a text"
    CLIENT_ERROR = "2001 in HTTP 200"
    SERVER_ERROR = "3000 in HTTP 200"

    BOM = "a byte order mark before the JSON"
    TRUNCATED = "half of the JSON"
    EMPTY_BODY = "HTTP 200 and nothing"
    HUGE = "a body of many bytes"

    WRONG_CONTENT_TYPE = "JSON announced as text/html"
    HEADERS_TWICE = "every header comes twice"
    HEADER_CASE = "the names of headers are in upper case"

    SLASH_REQUIRED = "a path without a slash at its end does not exist"
    SLASH_REDIRECT = "a path without a slash at its end is redirected to the one with it"
    REDIRECT_SAME_HOST = "everything has moved, on the same host"
    REDIRECT_OTHER_HOST = "everything has moved, to another host"
    REDIRECT_LOOP = "everything has moved to where it was"

    TOO_MANY_REQUESTS = "429, Retry-After in seconds"
    TOO_MANY_REQUESTS_UNTIL = "429, Retry-After as a date"
    UNAVAILABLE = "503"
    HTML_ERROR = "500 with a page for people"
    HTML_PAGE = "200 with a page for people"

    LATE = "the answer comes when the test lets it"
    RESET = "the connection breaks off"

    def on(self, path: str = "", *, method: str = "", skip: int = 0, times: int | None = None) -> Rule:
        """The quirk for some requests only."""
        return Rule(quirk=self, path=path, method=method, skip=skip, times=times)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When a quirk shows: on requests whose URL contains `path`, with that method.

    The first `skip` of these are answered honestly, the next `times` awkwardly (None for all that follow),
    the rest honestly.
    """

    quirk: Quirk
    path: str = ""
    method: str = ""
    skip: int = 0
    times: int | None = None

    def is_about(self, request: Request) -> bool:
        """Whether the request is one of those counted."""
        return self.path in request.url and self.method in {"", request.method}

    def covers(self, count: int) -> bool:
        """Whether the quirk shows on the `count`th such request, counted from 1."""
        return count > self.skip and (self.times is None or count <= self.skip + self.times)
