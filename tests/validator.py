# SPDX-License-Identifier: AGPL-3.0-or-later
"""Is this an answer that OCPI allows to that request? Asked of every answer of every server in the tests.

What it holds an answer against are the tables: the row that the request found, and the objects of its version. What
partners sent is given back as it came, so only errors count in `data`, not lengths and unknown words.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.endpoint import Endpoint, Operation
from wwcp_ocpi.protocol.errors import MethodNotAllowed, NotFound
from wwcp_ocpi.protocol.http import (
    CORRELATION_ID,
    FILTERED_COUNT,
    LIMIT,
    LINK,
    REQUEST_ID,
    TOTAL_COUNT,
    Request,
    Response,
)
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.scalars import DateTime, OCPIEnum
from wwcp_ocpi.server import Server
from wwcp_ocpi.server.headers import MAX_ID
from wwcp_ocpi.server.openapi import LISTS
from wwcp_ocpi.server.routing import Route

EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_PAGED = LISTS - {Operation.VERSIONS}
_TAGGED = frozenset({Operation.GET, Operation.GET_BY_URL})


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    """An envelope, and nothing beside it."""

    status_code: int
    timestamp: str
    status_message: str | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_envelopes = msgspec.json.Decoder(_Wire)


class NotOCPI(AssertionError):
    """An answer of the server is not as specified."""


def validate(server: Server, request: Request, response: Response) -> None:
    """Hold an answer against what the request asked.

    Raises:
        NotOCPI
    """
    what = f"{request.method} {request.url[:200]} -> {response.status}"
    try:
        _validate(server, request, response)
    except AssertionError as error:
        raise NotOCPI(f"{what}: {error}\n{dict(response.headers)}\n{response.body[:2000]!r}") from error


def _validate(server: Server, request: Request, response: Response) -> None:
    assert all(name == name.lower() for name in response.headers), "header names are in lower case"
    for name, value in response.headers.items():
        assert "\r" not in value, f"{name}: one line"
        assert "\n" not in value, f"{name}: one line"
    for name in (REQUEST_ID, CORRELATION_ID):
        assert response.headers.get(name) == (request.headers[name][:MAX_ID] if name in request.headers else None), name
    assert ("www-authenticate" in response.headers) == (response.status == HTTPStatus.UNAUTHORIZED), "www-authenticate"
    _allow(server, request, response)
    if not server.settings.cors or "authorization" in request.headers or not server.is_open(request):
        assert not any(name.startswith("access-control-") for name in response.headers), "open to scripts"
    if response.status in EMPTY:
        assert response.body == b"", "no body"
        assert "content-type" not in response.headers, "no content-type without a body"
        return
    assert response.headers.get("content-type") == "application/json", "content-type"
    envelope = _envelope(response)
    route = _route(server, request)
    if not 1000 <= envelope.status_code < 2000:
        assert envelope.data is msgspec.UNSET, "no data with a failure"
        assert envelope.status_message, "a failure says why"
        return
    assert response.status in (HTTPStatus.OK, HTTPStatus.CREATED), "a success is 200 or 201"
    assert route is not None, "a success has a row"
    _headers(route.endpoint, request, response)
    _data(server, route, envelope.data)


def _route(server: Server, request: Request) -> Route | None:
    try:
        return server.router.find(request.method, request.path).route
    except (NotFound, MethodNotAllowed):
        return None


def _envelope(response: Response) -> _Wire:
    try:
        envelope = _envelopes.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AssertionError(f"no envelope: {error}") from error
    response.body.decode()  # the decoder passes over the bytes of data
    assert 1000 <= envelope.status_code < 5000, "an OCPI status"
    assert DateTime.parse(envelope.timestamp).is_as_specified, "a DateTime"
    assert envelope.timestamp.endswith("Z"), "a DateTime that says its zone"
    if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        assert 3000 <= envelope.status_code < 4000, "a defect of the server is 3xxx"
    elif response.status >= HTTPStatus.BAD_REQUEST:
        assert envelope.status_code >= 2000, "no success with an HTTP error"
    return envelope


def _allow(server: Server, request: Request, response: Response) -> None:
    """405 and OPTIONS say what the path can be asked: what is routed, less what the state forbids."""
    if response.status == HTTPStatus.METHOD_NOT_ALLOWED or (
        request.method == "OPTIONS" and response.status == HTTPStatus.NO_CONTENT
    ):
        allowed = {word.strip() for word in response.headers["allow"].split(",")} - {"OPTIONS"}
        routed = set(server.router.methods(request.path))
        if request.method in routed:
            assert request.method not in allowed, "what was refused is not allowed"
            assert allowed < routed, f"allow: of {sorted(routed)}"
        else:
            assert allowed == routed, f"allow: {sorted(routed)}"
    else:
        assert "allow" not in response.headers, "allow is for 405 and OPTIONS"


def _headers(row: Endpoint, request: Request, response: Response) -> None:
    headers = response.headers
    if row.operation in _PAGED:
        assert headers[TOTAL_COUNT].isdigit(), TOTAL_COUNT
        assert headers[LIMIT].isdigit(), LIMIT
        assert headers.get(FILTERED_COUNT, "0").isdigit(), FILTERED_COUNT
        assert int(headers.get(FILTERED_COUNT, "0")) <= int(headers[TOTAL_COUNT]), "what matches is part of the whole"
        assert FILTERED_COUNT not in headers or request.query.get("match"), "filtered by nothing"
        if LINK in headers:
            url = read_next(headers[LINK], "https://nowhere.example/")
            assert url is not None, "a link to the next page"
            assert "nowhere.example" not in url, "the URL of the next page is absolute"
    else:
        assert not {TOTAL_COUNT, LIMIT, LINK, FILTERED_COUNT} & set(headers), "no page, no headers of pages"
    if row.operation in _TAGGED:
        assert headers["etag"].startswith('"'), "a strong ETag"
        assert headers["etag"].endswith('"'), "a strong ETag"
    if row.operation is Operation.POST:
        assert headers["location"].startswith("https://") or headers["location"].startswith("http://"), "location"
    if response.status == HTTPStatus.CREATED:
        assert row.operation in (Operation.PUT, Operation.POST), "only PUT and POST create"


def _data(server: Server, route: Route, data: msgspec.Raw | msgspec.UnsetType) -> None:
    row = route.endpoint
    if row.response is None:
        assert data is msgspec.UNSET, "this row has no data"
        return
    assert data is not msgspec.UNSET, "this row has data"
    if row.operation in LISTS:
        items = msgspec.json.decode(data, type=list[msgspec.Raw])
        for item in items:
            _value(route, item)
    else:
        _value(route, data)


def _value(route: Route, data: msgspec.Raw) -> None:
    kinds: Any = route.endpoint.response
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    first: str | None = None
    for kind in kinds:
        if issubclass(kind, OCPIEnum):
            if kind(msgspec.json.decode(data, type=str)).is_known:
                return
            continue
        errors = [found for found in check(kind, bytes(data)) if found.severity is Severity.ERROR]
        if not errors:
            return
        first = first or f"{errors[0].path}: {errors[0].message}"
    raise AssertionError(f"data is no {' or '.join(kind.__name__ for kind in kinds)}: {first}")
