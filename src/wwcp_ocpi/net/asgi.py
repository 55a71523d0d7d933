# SPDX-License-Identifier: AGPL-3.0-or-later
"""The way in: an ASGI 3 application around a handler from Request to Response.

This runs once a request, so it does little: no middleware, two sends. A body is read only where the head
announces one, which is the whole truth in HTTP/1 (HTTP/2 may send a body without announcing it).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias

import structlog

from wwcp_ocpi.net.body import ClientGone, Message, Receive, read_away, read_body
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.tls.session import EXTENSION
from wwcp_ocpi.protocol.envelope import failure
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, PartnerError
from wwcp_ocpi.protocol.http import JSON, Request, Response
from wwcp_ocpi.protocol.paging import by_name

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Call: TypeAlias = Callable[[], Awaitable[None]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

SEND_JOINED_BYTES = 128 << 10
"""Up to this size a body in pieces is joined and sent at once: copying that much costs less than one more write."""
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def asgi_app(
    handler: Handler,
    limits: ServerLimits,
    *,
    apps: Mapping[str, ASGIApp] | None = None,
    startup: Sequence[Call] = (),
    shutdown: Sequence[Call] = (),
) -> ASGIApp:
    """The application that gives every request to `handler`.

    HEAD is asked of the handler as GET and answered without the body. What the handler lets escape is logged
    and answered with 500 and OCPI 3000, without details.

    Args:
        apps: Other ASGI applications (pages, event streams) by the prefix of their paths; they see all of it.
        startup: Awaited in order before the first request; an exception keeps the server from starting.
        shutdown: Awaited in order after the last one.
    """
    others = tuple((apps or {}).items())

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, startup, shutdown)
            return
        for prefix, other in others:
            if scope["path"].startswith(prefix):
                await other(scope, receive, send)
                return
        pairs = scope["headers"]
        headers = {_names.get(name) or _name(name): value.decode("latin-1") for name, value in pairs}
        if len(headers) != len(pairs):
            headers = by_name((name.decode(), value.decode("latin-1")) for name, value in pairs)
        body = b""
        if "content-length" in headers or "transfer-encoding" in headers:
            try:
                body = await read_body(receive, headers, limits)
            except ClientGone:
                return
            except PartnerError as error:
                is_last = "connection" in error.headers
                await _answer(send, refusal(error), scope["method"], more=is_last)
                if is_last:
                    await read_away(receive, limits.linger_s)
                    await send({"type": "http.response.body", "body": b""})
                return
        path = scope["raw_path"].decode("latin-1")
        query = scope["query_string"]
        method = scope["method"]
        client = scope["client"]
        extensions = scope.get("extensions")
        try:
            response = await handler(
                Request(
                    method="GET" if method == "HEAD" else method,
                    url=f"{path}?{query.decode('latin-1')}" if query else path,
                    headers=headers,
                    body=body,
                    source=client[0] if client else "",
                    channel=extensions[EXTENSION].channel if extensions and EXTENSION in extensions else None,
                )
            )
            head = _head(response)
        except Exception:  # the ASGI entry: nothing of ours may reach a partner
            log.exception("request.failed", method=method, path=path)
            await _answer(send, refusal(OCPIError("internal error", http_status=500)), method)
            return
        if response.stream is not None and method != "HEAD":
            await response.stream(scope, receive, send)
            return
        await send(head)
        body = response.body
        if response.pieces and method != "HEAD":
            *first, body = response.pieces if _size(response) > SEND_JOINED_BYTES else (b"".join(response.pieces),)
            for piece in first:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    return app


def mounted(table: Mapping[str, Handler]) -> Handler:
    """One handler out of several: the longest prefix of the path that ends where a segment ends decides."""
    rows = sorted(table.items(), key=lambda row: len(row[0]), reverse=True)

    def route(request: Request) -> Awaitable[Response]:
        path = request.path
        for prefix, handler in rows:
            if path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix) :][:1] in {"", "/"}):
                return handler(request)
        return _nowhere(request)

    return route


def refusal(error: OCPIError) -> Response:
    """The envelope and the HTTP status that an error becomes on the wire."""
    return Response(
        status=error.http_status,
        headers={"content-type": JSON, **error.headers},
        body=failure(error.ocpi_status, str(error)),
    )


async def _nowhere(request: Request) -> Response:
    return refusal(NotFound(f"{request.path}: no such path"))


async def _answer(send: Send, response: Response, method: str, *, more: bool = False) -> None:
    await send(_head(response))
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body, "more_body": more})


_names: dict[bytes, str] = {}
_wire_names: dict[str, bytes] = {}
_MOST_NAMES, _LONGEST_NAME = 256, 64
"""Names of headers are few and come with every request; those of an attacker must not fill the memory."""


def _name(wire: bytes) -> str:
    name = wire.decode("latin-1")
    if len(_names) < _MOST_NAMES and len(wire) <= _LONGEST_NAME:
        _names[wire] = name
    return name


def _wire_name(name: str) -> bytes:
    wire = name.encode("latin-1")
    if len(_wire_names) < _MOST_NAMES:
        _wire_names[name] = wire
    return wire


def _head(response: Response) -> Message:
    headers = [
        (_wire_names.get(name) or _wire_name(name), value.encode("latin-1")) for name, value in response.headers.items()
    ]
    if response.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % _size(response)))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _size(response: Response) -> int:
    return sum(map(len, response.pieces)) if response.pieces else len(response.body)


async def _lifespan(receive: Receive, send: Send, startup: Sequence[Call], shutdown: Sequence[Call]) -> None:
    for phase, calls in (("startup", startup), ("shutdown", shutdown)):
        await receive()
        try:
            for call in calls:
                await call()
        except Exception as error:  # the ASGI entry: the server must hear of it
            log.exception(f"{phase}.failed")
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        await send({"type": f"lifespan.{phase}.complete"})
