# SPDX-License-Identifier: AGPL-3.0-or-later
"""uvicorn's HTTP/1 protocol with the limits that it leaves open: how large a head may be, and how slow.

httptools collects a head without end, and uvicorn starts no clock before the first request is complete, so a
caller that sends a header every minute would keep its connection for ever. Refusals are OCPI envelopes, too.

httptools also knows only the methods of a list of its own. Those of `methods` are told to it as POST, and to the
application as they came: HTTP treats all methods that it does not name alike (RFC 9110, 9.1), and so does a POST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.protocol.envelope import failure
from wwcp_ocpi.protocol.status import StatusCode

_LONGEST_METHOD = 32


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `limits` and `methods` are set by `guarded`."""

    # In slots, because two attributes more would make uvicorn's own too many for the fast kind of dictionary.
    __slots__ = ("_begun", "_clock", "_head_bytes", "_is_between", "_method")
    limits: ClassVar[ServerLimits] = ServerLimits()
    methods: ClassVar[Mapping[bytes, str]] = {}

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.scope = {}  # type: ignore[typeddict-item]
        self._head_bytes = 0
        self._clock: asyncio.TimerHandle | None = None
        self._is_between = True
        self._begun = b""
        self._method = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        limit = self.limits.head_bytes
        if len(data) > limit:  # in pieces, so that a head that is too large is not complete at once
            for start in range(0, len(data), limit):
                if not self.transport.is_closing():
                    self.data_received(data[start : start + limit])
            return
        if self._is_between and self.methods:
            data = self._begun + data
            self._begun = b""
            end = data.find(b" ", 0, _LONGEST_METHOD)
            if end >= 0 and data[:end] in self.methods:
                self._method = self.methods[data[:end]]
                data = b"POST" + data[end:]
            elif end < 0 and any(name.startswith(data) for name in self.methods):
                self._begun = data  # httptools would refuse the half of a word
                return
        HttpToolsProtocol.data_received(self, data)
        scope: Mapping[str, object] = self.scope
        if "method" not in scope:  # uvicorn adds it when the head is complete
            self._await_head(len(data))
        elif self._clock is not None:
            self._stop_clock()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_between = False

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._method:
            self.scope["method"] = self._method  # before the application runs, which it does as a task
            self._method = ""

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_between = True

    def _await_head(self, size: int) -> None:
        """A head in several packets: count them, against the clock."""
        if self.transport.is_closing():
            return
        if self._clock is None:
            self._start_clock()
            # Behind the body of another request, the head began somewhere within the packet.
            size = 0 if self._is_answering() else size
        self._head_bytes += size
        if self._head_bytes > self.limits.head_bytes:
            self._refuse_size()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn for what is not HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever its type says
        return cycle is not None and not cycle.response_complete

    def _start_clock(self) -> None:
        self._clock = self.loop.call_later(self.limits.head_s, self._refuse_time)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
            self._head_bytes = 0

    def _refuse_size(self) -> None:
        limit = self.limits.head_bytes
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"request line and headers: expected at most {limit} bytes",
        )

    def _refuse_time(self) -> None:
        limit = self.limits.head_s
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"request line and headers: expected all of it within {limit:g} s")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer without the application and close; silently amid an answer, or if nothing was asked."""
        if not self._is_answering() and (self._head_bytes or status is not HTTPStatus.REQUEST_TIMEOUT):
            body = failure(StatusCode.CLIENT_ERROR, message)
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (status, status.phrase.encode(), len(body), body)
            )
        self.transport.close()


def guarded(
    limits: ServerLimits, base: type[GuardedProtocol] = GuardedProtocol, methods: Iterable[str] = ()
) -> type[GuardedProtocol]:
    """The protocol class for uvicorn's `http=` that holds these limits.

    Args:
        methods: Those that httptools does not know and that are taken all the same. One that comes behind another
            request in the same packet is refused with 400, as without this: nobody pipelines what is not idempotent.
    """
    return type(base.__name__, (base,), {"limits": limits, "methods": {name.encode(): name for name in methods}})
