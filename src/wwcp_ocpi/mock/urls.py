# SPDX-License-Identifier: AGPL-3.0-or-later
"""Awkward URLs: what a partner publishes, and what it then insists on.

An oddity goes both ways. What leaves, in version details and Link headers, is bent; what arrives for a module
is bent back, and does not exist in any other form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec

from wwcp_ocpi.mock.quirks import Quirk
from wwcp_ocpi.mock.twists import (
    Data,
    Setup,
    Twist,
    on_envelope,
    raw,
    read_envelope,
    with_envelope,
    with_headers,
)
from wwcp_ocpi.net.asgi import Handler, refusal
from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.protocol.http import LINK, Request, Response

_T = TypeVar("_T")
_OF_MODULE = re.compile(r"/(sender|receiver|credentials)(/|\?|$)")
_DEEP = "/gw/eu-central%2F1/~roaming/v1.0;a=b"
_TENANT = "tenant=7%2C1"


class Oddity(msgspec.Struct, frozen=True):
    """`outward` bends a URL that is published; `inward` bends it back, or returns None if it was not bent."""

    outward: Callable[[str, Setup], str]
    inward: Callable[[str], str | None]


def _path(url: str, change: Callable[[str], str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=change(parts.path)))


def _with_query(url: str, setup: Setup) -> str:
    bare, _, query = url.partition("?")
    return f"{bare}?{_TENANT}&{query}" if query else f"{bare}?{_TENANT}"


def _without_query(url: str) -> str | None:
    bare, _, query = url.partition("?")
    found = query.split("&")
    if _TENANT not in found:
        return None
    found.remove(_TENANT)
    return f"{bare}?{'&'.join(found)}" if found else bare


def _without_depth(url: str) -> str | None:
    return url.replace(_DEEP, "", 1) if _DEEP in url else None


def _without_slash(url: str) -> str | None:
    path = urlsplit(url).path
    return None if "//" in path else _path(url, lambda path: path.rstrip("/"))


_MODULE_URLS = {
    Quirk.URL_OTHER_HOST: Oddity(
        lambda url, setup: urlunsplit(urlsplit(url)._replace(netloc=setup.other_host)), lambda url: url
    ),
    Quirk.URL_DEEP: Oddity(lambda url, setup: _path(url, lambda path: _DEEP + path), _without_depth),
    Quirk.URL_QUERY: Oddity(_with_query, _without_query),
    Quirk.URL_SLASH: Oddity(lambda url, setup: _path(url, lambda path: path + "/"), _without_slash),
}


def _odd(oddity: Oddity) -> Twist:
    def twist(handler: Handler, setup: Setup) -> Handler:
        async def awkward(request: Request) -> Response:
            if _OF_MODULE.search(request.url):
                url = oddity.inward(request.url)
                if url is None:
                    return refusal(NotFound(f"{request.path}: no such path"))
                request = msgspec.structs.replace(request, url=url)
            return _published(await handler(request), lambda url: oddity.outward(url, setup))

        return awkward

    return twist


def _published(response: Response, bend: Callable[[str], str]) -> Response:
    """The response with the URLs of modules bent: in version details, and in a Link."""
    if LINK in response.headers:
        link = re.sub(r"<([^>]*)>", lambda found: f"<{bend(found[1])}>", response.headers[LINK])
        response = with_headers(response, link=link)
    envelope = read_envelope(response)
    details = _members(envelope)
    if envelope is None or "endpoints" not in details:
        return response
    rows = [{**row, "url": raw(bend(_text(row["url"])))} for row in _rows(details["endpoints"])]
    return with_envelope(response, {**envelope, "data": raw({**details, "endpoints": rows})})


def _on_versions(change: Callable[[list[Data]], list[Data]]) -> Twist:
    """The rows of the versions list, changed."""

    def bend(envelope: Data) -> Data:
        rows = _rows(envelope.get("data"))
        is_list = bool(rows) and all({"version", "url"} <= row.keys() for row in rows)
        return {**envelope, "data": raw(change(rows))} if is_list else envelope

    return on_envelope(bend)


def _unknown_versions(rows: list[Data]) -> list[Data]:
    there = _text(rows[0]["url"]).rpartition("/")[0]
    made_up = [{"version": raw(name), "url": raw(f"{there}/{name}")} for name in ("2.0", "9.9.9", "latest")]
    return [*made_up, *rows, rows[0]]


def _without_scheme(rows: list[Data]) -> list[Data]:
    return [{**row, "url": raw(re.sub(r"^\w+://", "", _text(row["url"])))} for row in rows]


def _rows(data: msgspec.Raw | None) -> list[Data]:
    return _decoded(data, list[Data]) or []


def _members(envelope: Data | None) -> Data:
    return _decoded((envelope or {}).get("data"), Data) or {}


def _text(value: msgspec.Raw) -> str:
    return msgspec.json.decode(value, type=str)


def _decoded(data: msgspec.Raw | None, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(data or b"", type=kind)
    except msgspec.DecodeError:
        return None


URLS: dict[Quirk, Twist] = {
    Quirk.VERSIONS_UNKNOWN: _on_versions(_unknown_versions),
    Quirk.URL_NO_SCHEME: _on_versions(_without_scheme),
    **{quirk: _odd(oddity) for quirk, oddity in _MODULE_URLS.items()},
}
