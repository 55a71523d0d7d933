# SPDX-License-Identifier: AGPL-3.0-or-later
"""Awkward pages and awkward Link headers."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from wwcp_ocpi.mock.quirks import Quirk
from wwcp_ocpi.mock.twists import (
    Setup,
    Twist,
    after,
    on_page,
    raw,
    read_envelope,
    read_page,
    with_envelope,
    with_headers,
    with_page,
)
from wwcp_ocpi.net.asgi import Handler
from wwcp_ocpi.protocol.http import LINK, Request, Response

BROKEN = raw({"id": 17, "last_updated": False})
"""The object that BAD_OBJECT puts into the middle of every page."""

_TARGET = re.compile(r"<([^>]*)>")


def _on_link(change: str, pattern: str = r".+") -> Twist:
    """Every Link header, with a regular expression in it replaced."""

    def twist(request: Request, response: Response, setup: Setup) -> Response:
        link = response.headers.get(LINK)
        return response if link is None else with_headers(response, link=re.sub(pattern, change, link))

    return after(twist)


def _overlapping(handler: Handler, setup: Setup) -> Handler:
    last: dict[str, msgspec.Raw] = {}

    async def awkward(request: Request) -> Response:
        response = await handler(request)
        objects = read_page(response)
        if not objects:
            return response
        path = request.path
        repeated = [last[path]] if path in last and not _is_first(request) else []
        last[path] = objects[-1]
        return with_page(response, repeated + objects)

    return awkward


def _is_first(request: Request) -> bool:
    return request.query.get("offset", "0") == "0" and "after" not in request.query


def _null_for_empty(request: Request, response: Response, setup: Setup) -> Response:
    envelope = read_envelope(response)
    if envelope is None or read_page(response) != []:
        return response
    return with_envelope(response, {**envelope, "data": msgspec.Raw(b"null")})


def _loop(request: Request, response: Response, setup: Setup) -> Response:
    return with_headers(response, link=f'<{request.url}>; rel="next"') if LINK in response.headers else response


def _beyond_end(request: Request, response: Response, setup: Setup) -> Response:
    objects = read_page(response)
    if not objects or LINK in response.headers:
        return response
    query = dict(parse_qsl(urlsplit(request.url).query))
    query["offset"] = str(int(query.get("offset", "0")) + len(objects))
    query.pop("after", None)
    return with_headers(response, link=f'<{request.url.partition("?")[0]}?{urlencode(query)}>; rel="next"')


PAGES: dict[Quirk, Twist] = {
    Quirk.SHUFFLED: on_page(lambda objects: objects[::-1]),
    Quirk.OVERLAPPING: _overlapping,
    Quirk.BAD_OBJECT: on_page(lambda objects: [*objects[: len(objects) // 2], BROKEN, *objects[len(objects) // 2 :]]),
    Quirk.NULL_FOR_EMPTY: after(_null_for_empty),
    Quirk.TOTAL_MISSING: after(
        lambda request, response, setup: with_headers(response, x_total_count=None, x_limit=None)
    ),
    Quirk.LINK_LOOP: after(_loop),
    Quirk.LINK_MISSING: after(lambda request, response, setup: with_headers(response, link=None)),
    Quirk.LINK_BEYOND_END: after(_beyond_end),
    Quirk.LINK_RELATIVE: _on_link("<", r"<\w+://[^/>]*"),
    Quirk.LINK_UNQUOTED: _on_link("rel=next", 'rel="next"'),
    Quirk.LINK_AMONG_OTHERS: _on_link(
        r'<\1?offset=0>; rel="first", \g<0>, <\1?offset=999>; rel="last"', r"<([^>?]*)[^>]*>.*"
    ),
}
