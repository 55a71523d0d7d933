# SPDX-License-Identifier: AGPL-3.0-or-later
"""The awkward partner as the one who calls: requests bent on their way to a server of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

import msgspec

from wwcp_ocpi.mock.tokens import decoded, encoded
from wwcp_ocpi.protocol.http import AUTHORIZATION, Request, Response, Transport


class CallQuirk(Enum):
    """One way of asking awkwardly."""

    TOKEN_RAW = "the credentials token as it is, where Base64 is specified"
    TOKEN_BASE64 = "the credentials token in Base64, where it is specified as it is"
    TOKEN_NEWLINE = "the Base64 holds a newline after the credentials token"
    TOKEN_MISSING = "no Authorization header"
    SCHEME_LOWER = "the scheme `token` in lower case"
    METHOD_LOWER = "the method in lower case; only in memory, the real transport writes it in upper case"
    HEADERS_UPPER = "the names of headers in upper case; only of meaning over a real connection"
    CONTENT_TYPE_CHARSET = "application/json with a charset"
    CONTENT_TYPE_WRONG = "JSON announced as text/plain"
    CONTENT_TYPE_MISSING = "JSON that is not announced"
    BOM = "a byte order mark before the JSON"
    TRUNCATED = "half of the JSON"
    TRAILING_SLASH = "a slash at the end of the path"
    DOUBLE_SLASH = "an empty segment before the last one"


def _token(change: Callable[[str], str]) -> Callable[[Request], Request]:
    def bend(request: Request) -> Request:
        scheme, _, value = request.headers.get(AUTHORIZATION, "").partition(" ")
        return _header(request, AUTHORIZATION, f"{scheme} {change(value)}")

    return bend


def _header(request: Request, name: str, value: str | None) -> Request:
    headers = {**request.headers, name: value}
    kept = {name: text for name, text in headers.items() if text is not None}
    return msgspec.structs.replace(request, headers=kept)


def _body(change: Callable[[bytes], bytes]) -> Callable[[Request], Request]:
    return lambda request: msgspec.structs.replace(request, body=change(request.body))


def _path(change: Callable[[str], str]) -> Callable[[Request], Request]:
    def bend(request: Request) -> Request:
        bare, mark, query = request.url.partition("?")
        return msgspec.structs.replace(request, url=change(bare) + mark + query)

    return bend


CALLS: dict[CallQuirk, Callable[[Request], Request]] = {
    CallQuirk.TOKEN_RAW: _token(decoded),
    CallQuirk.TOKEN_BASE64: _token(encoded),
    CallQuirk.TOKEN_NEWLINE: _token(lambda value: encoded(decoded(value) + "\n")),
    CallQuirk.TOKEN_MISSING: lambda request: _header(request, AUTHORIZATION, None),
    CallQuirk.SCHEME_LOWER: lambda request: _header(
        request, AUTHORIZATION, request.headers.get(AUTHORIZATION, "").replace("Token", "token", 1)
    ),
    CallQuirk.METHOD_LOWER: lambda request: msgspec.structs.replace(request, method=request.method.lower()),
    CallQuirk.HEADERS_UPPER: lambda request: msgspec.structs.replace(
        request, headers={name.upper(): value for name, value in request.headers.items()}
    ),
    CallQuirk.CONTENT_TYPE_CHARSET: lambda request: _header(request, "content-type", "application/json; charset=UTF-8"),
    CallQuirk.CONTENT_TYPE_WRONG: lambda request: _header(request, "content-type", "text/plain"),
    CallQuirk.CONTENT_TYPE_MISSING: lambda request: _header(request, "content-type", None),
    CallQuirk.BOM: _body(lambda body: b"\xef\xbb\xbf" + body),
    CallQuirk.TRUNCATED: _body(lambda body: body[: len(body) // 2]),
    CallQuirk.TRAILING_SLASH: _path(lambda path: path + "/"),
    CallQuirk.DOUBLE_SLASH: _path(lambda path: "//".join(path.rsplit("/", 1))),
}


class MockCaller:
    """A Transport that bends every request before another one carries it, in the order of CallQuirk."""

    def __init__(self, transport: Transport, quirks: Iterable[CallQuirk] = ()) -> None:
        wanted = set(quirks)
        self._bends = [CALLS[quirk] for quirk in CallQuirk if quirk in wanted]
        self._transport = transport

    async def __call__(self, request: Request) -> Response:
        """Send the bent request."""
        for bend in self._bends:
            request = bend(request)
        return await self._transport(request)
