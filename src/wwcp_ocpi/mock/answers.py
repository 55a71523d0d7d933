# SPDX-License-Identifier: AGPL-3.0-or-later
"""Awkward envelopes, bodies, headers, redirects and refusals, and no answer at all."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import msgspec

from wwcp_ocpi.mock.quirks import Quirk
from wwcp_ocpi.mock.twists import (
    Setup,
    Twist,
    after,
    before,
    instead,
    on_body,
    on_envelope,
    raw,
    with_headers,
)
from wwcp_ocpi.net.asgi import Handler, refusal
from wwcp_ocpi.protocol.envelope import failure
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, Unreachable
from wwcp_ocpi.protocol.http import JSON, Request, Response
from wwcp_ocpi.protocol.status import StatusCode

HTML = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
_MOVED = "moved=1"


def _html(status: HTTPStatus) -> Twist:
    headers = {"content-type": "text/html; charset=utf-8"}
    return instead(lambda request, setup: Response(status=status, headers=headers, body=HTML))


def _ocpi_error(status_code: StatusCode, message: str) -> Twist:
    return instead(
        lambda request, setup: Response(
            status=HTTPStatus.OK, headers={"content-type": JSON}, body=failure(status_code, message)
        )
    )


def _in_a_while(request: Request, setup: Setup) -> Response:
    return _busy(HTTPStatus.TOO_MANY_REQUESTS, str(setup.retry_after_s))


def _at_a_time(request: Request, setup: Setup) -> Response:
    moment = setup.now().astimezone(dt.UTC) + dt.timedelta(seconds=setup.retry_after_s)
    return _busy(HTTPStatus.TOO_MANY_REQUESTS, format_datetime(moment, usegmt=True))


def _busy(status: HTTPStatus, retry_after: str) -> Response:
    return refusal(OCPIError("too busy", http_status=status, headers={"retry-after": retry_after}))


def _twice(request: Request, response: Response, setup: Setup) -> Response:
    # Two spellings of a name are two entries here, and twice the same header on the wire.
    again = {name.title(): value for name, value in response.headers.items()}
    return msgspec.structs.replace(response, headers={**response.headers, **again})


def _upper(request: Request, response: Response, setup: Setup) -> Response:
    headers = {name.upper(): value for name, value in response.headers.items()}
    return msgspec.structs.replace(response, headers=headers)


def _with_slash(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + "/"))


def _need_slash(request: Request, setup: Setup) -> Request | Response:
    if not request.path.endswith("/"):
        return refusal(NotFound(f"{request.path}: no such path"))
    return _slashless(request)


def _offer_slash(request: Request, setup: Setup) -> Request | Response:
    if not request.path.endswith("/"):
        return _moved_to(_with_slash(request.url), HTTPStatus.MOVED_PERMANENTLY)
    return _slashless(request)


def _slashless(request: Request) -> Request:
    parts = urlsplit(request.url)
    url = urlunsplit(parts._replace(path=parts.path.rstrip("/")))
    return msgspec.structs.replace(request, url=url)


def _moved_once(request: Request, setup: Setup) -> Request | Response:
    bare, _, query = request.url.partition("?")
    found = query.split("&")
    if _MOVED not in found:
        return _moved_to(f"{bare}?{_MOVED}&{query}".rstrip("&"), HTTPStatus.TEMPORARY_REDIRECT)
    found.remove(_MOVED)
    return msgspec.structs.replace(request, url=f"{bare}?{'&'.join(found)}".rstrip("?"))


def _moved_away(request: Request, setup: Setup) -> Response:
    url = urlunsplit(urlsplit(request.url)._replace(scheme="http", netloc=setup.other_host))
    return _moved_to(url, HTTPStatus.TEMPORARY_REDIRECT)


def _moved_to(url: str, status: HTTPStatus) -> Response:
    return Response(status=status, headers={"location": url})


def _huge(request: Request, response: Response, setup: Setup) -> Response:
    missing = setup.huge_bytes - len(response.body)
    return msgspec.structs.replace(response, body=response.body + b" " * missing)


def _late(handler: Handler, setup: Setup) -> Handler:
    async def awkward(request: Request) -> Response:
        response = await handler(request)
        await setup.delay(request)
        return response

    return awkward


def _reset(request: Request, setup: Setup) -> Response:
    raise Unreachable(f"{request.method} {request.path}: connection reset")


ANSWERS: dict[Quirk, Twist] = {
    Quirk.NO_TIMESTAMP: on_envelope(
        lambda envelope: {name: value for name, value in envelope.items() if name != "timestamp"}
    ),
    Quirk.NO_DATA: on_envelope(lambda envelope: {name: value for name, value in envelope.items() if name != "data"}),
    Quirk.STATUS_CODE_TEXT: on_envelope(
        lambda envelope: {**envelope, "status_code": raw(bytes(envelope["status_code"]).decode())}
    ),
    Quirk.CLIENT_ERROR: _ocpi_error(StatusCode.INVALID_PARAMETERS, "Invalid or missing parameters"),
    Quirk.SERVER_ERROR: _ocpi_error(StatusCode.SERVER_ERROR, "Generic server error"),
    Quirk.BOM: on_body(lambda body: b"\xef\xbb\xbf" + body),
    Quirk.TRUNCATED: on_body(lambda body: body[: len(body) // 2]),
    Quirk.EMPTY_BODY: on_body(lambda body: b""),
    Quirk.HUGE: after(_huge),
    Quirk.WRONG_CONTENT_TYPE: after(lambda request, response, setup: with_headers(response, content_type="text/html")),
    Quirk.HEADERS_TWICE: after(_twice),
    Quirk.HEADER_CASE: after(_upper),
    Quirk.SLASH_REQUIRED: before(_need_slash),
    Quirk.SLASH_REDIRECT: before(_offer_slash),
    Quirk.REDIRECT_SAME_HOST: before(_moved_once),
    Quirk.REDIRECT_OTHER_HOST: instead(_moved_away),
    Quirk.REDIRECT_LOOP: instead(lambda request, setup: _moved_to(request.url, HTTPStatus.FOUND)),
    Quirk.TOO_MANY_REQUESTS: instead(_in_a_while),
    Quirk.TOO_MANY_REQUESTS_UNTIL: instead(_at_a_time),
    Quirk.UNAVAILABLE: instead(lambda request, setup: refusal(OCPIError("down for maintenance", http_status=503))),
    Quirk.HTML_ERROR: _html(HTTPStatus.INTERNAL_SERVER_ERROR),
    Quirk.HTML_PAGE: _html(HTTPStatus.OK),
    Quirk.LATE: _late,
    Quirk.RESET: instead(_reset),
}
