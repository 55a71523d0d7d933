# SPDX-License-Identifier: AGPL-3.0-or-later
"""The awkward partner: an honest handler, the quirks around it, and a record of what it was asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from wwcp_ocpi.mock.answers import ANSWERS
from wwcp_ocpi.mock.pages import PAGES
from wwcp_ocpi.mock.quirks import Quirk, Rule
from wwcp_ocpi.mock.tokens import TOKENS
from wwcp_ocpi.mock.twists import Setup, Twist
from wwcp_ocpi.mock.urls import URLS
from wwcp_ocpi.net.asgi import ASGIApp, Handler, Send, asgi_app
from wwcp_ocpi.net.body import Message, Receive
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.redirects import next_hop
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.paging import by_name

TWISTS: dict[Quirk, Twist] = {**PAGES, **URLS, **TOKENS, **ANSWERS}
_INSIDE_OUT = list(Quirk)


async def _at_once(request: Request) -> None: ...


class MockPartner:
    """Called, it is a Transport like the real one: it follows redirects, joins headers, raises Unreachable.

    `requests` are those that arrived, in order, before any quirk touched them. `handle` and `asgi` serve it.
    """

    def __init__(
        self,
        honest: Handler,
        quirks: Iterable[Quirk | Rule] = (),
        *,
        delay: Callable[[Request], Awaitable[None]] = _at_once,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        retry_after_s: int = 2,
        huge_bytes: int = 1024 * 1024,
        other_host: str = "elsewhere.example",
    ) -> None:
        """A partner that is as honest as the handler, but for the quirks.

        Args:
            delay: Awaited by LATE, after the honest handler has done its work.
            now: The clock of TOO_MANY_REQUESTS_UNTIL.
            other_host: Host and port of URL_OTHER_HOST and REDIRECT_OTHER_HOST.
        """
        setup = Setup(delay=delay, now=now, retry_after_s=retry_after_s, huge_bytes=huge_bytes, other_host=other_host)
        self.requests: list[Request] = []
        self._handler = honest
        rules = [quirk.on() if isinstance(quirk, Quirk) else quirk for quirk in quirks]
        for rule in sorted(rules, key=lambda rule: _INSIDE_OUT.index(rule.quirk)):
            self._handler = _ruled(rule, self._handler, setup)

    async def __call__(self, request: Request) -> Response:
        """Answer as a Transport does."""
        for _ in range(ClientLimits().redirects + 1):
            response = await self.handle(request)
            response = msgspec.structs.replace(response, headers=by_name(response.headers.items()))
            target = next_hop(request.method, request.url, response)
            if target is None:
                return response
            request = msgspec.structs.replace(request, url=target)
        raise Unreachable(f"{request.method} {request.path}: too many redirects")

    async def handle(self, request: Request) -> Response:
        """Answer as a server does: redirects are answers, and a name may come twice in different cases."""
        self.requests.append(request)
        return await self._handler(request)

    def asgi(self, limits: ServerLimits | None = None) -> ASGIApp:
        """The partner as an application for HTTPServer; RESET closes after the head of an answer."""
        inner = asgi_app(self._handle_or_hang_up, limits or ServerLimits())

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            try:
                await inner(scope, receive, send)
            except _HangUp:
                head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
                await send(head)  # and nothing more: the server closes what is not complete

        return app

    async def _handle_or_hang_up(self, request: Request) -> Response:
        try:
            return await self.handle(request)
        except Unreachable as error:
            raise _HangUp from error


class _HangUp(BaseException):
    """No `Exception`, because the application answers those."""


def _ruled(rule: Rule, honest: Handler, setup: Setup) -> Handler:
    awkward = TWISTS[rule.quirk](honest, setup)
    count = 0

    async def handler(request: Request) -> Response:
        nonlocal count
        if not rule.is_about(request):
            return await honest(request)
        count += 1
        return await (awkward if rule.covers(count) else honest)(request)

    return handler
