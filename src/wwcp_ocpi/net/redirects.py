# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which redirects are followed: a GET's, to the same place, or to the same host over TLS. Nothing else.

Everything else is an answer like any other. A redirected request carries a credentials token, and that is
meant for one host only.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from wwcp_ocpi.protocol.http import Response

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_PORTS = {"http": 80, "https": 443}


def next_hop(method: str, url: str, response: Response) -> str | None:
    """The URL where a request for `url` should go on, or None if the response is the answer."""
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or method not in {"GET", "HEAD"} or not location:
        return None
    try:
        target = urljoin(url, location)
        here, there = _origin(url), _origin(target)
    except ValueError:
        return None
    secured = here == ("http", here[1], 80) and there == ("https", here[1], 443)
    return target if there == here or secured else None


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
