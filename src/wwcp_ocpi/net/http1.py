# SPDX-License-Identifier: AGPL-3.0-or-later
"""uvicorn's HTTP/1 protocol with the limits that it leaves open.

How large a head may be and how slow: httptools collects a head without end, and uvicorn starts no clock before the
first request is complete, so a caller that sends a header every minute would keep its connection for ever. The same
goes for what stands beside a chunked body, for a caller that does not read its answer, and for one that opens
connection after connection. Refusals are OCPI envelopes, too.

Header lines behind a chunked body are dropped: uvicorn would add them to those of the head, and a proxy that takes a
header off or sets it looks at the head only.

httptools also knows only the methods of a list of its own. Those of `methods` are told to it as POST, and to the
application as they came: HTTP treats all methods that it does not name alike (RFC 9110, 9.1), and so does a POST.

Spec: RFC 9110 section 6.5.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from wwcp_ocpi.net.crowd import Crowd
from wwcp_ocpi.net.limits import READ_BYTES, ServerLimits
from wwcp_ocpi.protocol.envelope import failure
from wwcp_ocpi.protocol.status import StatusCode

log = structlog.get_logger(__name__)

_LONGEST_METHOD = 32


class _TooMany(Exception):
    """Ends the parser's work on a head."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `limits`, `crowd` and `methods` are set by `guarded`."""

    # In slots, because two attributes more would make uvicorn's own too many for the fast kind of dictionary.
    __slots__ = (
        "_begun",
        "_behind_bytes",
        "_body_clock",
        "_clock",
        "_has_body",
        "_head_bytes",
        "_is_between",
        "_is_refused",
        "_method",
        "_reading",
        "_refusal",
    )
    limits: ClassVar[ServerLimits] = ServerLimits()
    crowd: ClassVar[Crowd | None] = None
    """Counts connections by address; None where that was done before."""
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
        """Of a head, or of what stands beside a chunked body, since the last piece of it."""
        self._clock: asyncio.TimerHandle | None = None
        self._has_body = False
        """Whether some of the body of this request is there. From then on `net.body` watches the time."""
        self._body_clock: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._behind_bytes = 0
        self._refusal: tuple[HTTPStatus, str] | None = None
        """What this connection is told, whatever it asks."""
        self._is_refused = False
        self._is_between = True
        self._begun = b""
        self._method = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_clock()
        most, here = self.limits.connections, len(self.connections)
        if self.crowd is not None and not self.crowd.enter(self._address()):
            text = f"connections from one address: expected at most {self.crowd.most}"
            self._refusal = HTTPStatus.TOO_MANY_REQUESTS, text
        elif here > most:
            self._refusal = HTTPStatus.SERVICE_UNAVAILABLE, f"connections: expected at most {most}; try again later"
        if here > 2 * most:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._stop_body_clock()
        self._stop_reading()
        if self.crowd is not None:
            self.crowd.leave(self._address())
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._has_ended():
            return
        limit = self.limits.head_bytes
        if len(data) > limit:  # in pieces, so that a head that is too large is not complete at once
            for start in range(0, len(data), limit):
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
        if self._has_ended():
            return
        scope: Mapping[str, object] = self.scope
        if "method" not in scope:  # uvicorn adds it when the head is complete
            self._await_head(len(data))
        elif self._clock is not None:
            self._stop_clock()
        else:
            self._head_bytes += len(data)
            if self._head_bytes > limit:
                self._refuse_size("what stands beside a chunked body")
        self._await_body()

    # What the parser finds.

    def on_message_begin(self) -> None:
        if self._refusal is not None:
            raise _TooMany
        self._head_bytes = 0
        self._has_body = False
        super().on_message_begin()
        self._is_between = False

    def on_header(self, name: bytes, value: bytes) -> None:
        scope: Mapping[str, object] = self.scope
        if "method" in scope:
            return
        if len(self.headers) >= self.limits.headers:
            most = self.limits.headers
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"headers: expected at most {most}"
            raise _TooMany
        HttpToolsProtocol.on_header(self, name, value)

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        self._has_body = True
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn for what is not HTTP, and for what the parser was kept from reading."""
        self._refuse(*(self._refusal or (HTTPStatus.BAD_REQUEST, msg)))

    # How large and how slow a head may be.

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
        if self._clock is None:
            self._start_clock()
            # Behind the body of another request, the head began somewhere within the packet.
            size = 0 if self._is_answering() else size
        self._head_bytes += size
        if self._head_bytes > self.limits.head_bytes:
            self._refuse_size("request line and headers")

    def _has_ended(self) -> bool:
        return self._is_refused or self.transport.is_closing()

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

    # When a body must begin. Whoever reads it is spared a clock for those that come with their heads, which are most.

    def _await_body(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.more_body and not self._has_body:
            if self._body_clock is None:
                self._body_clock = self.loop.call_later(self.limits.body_s, self._refuse_body)
        elif self._body_clock is not None:
            self._stop_body_clock()

    def _refuse_body(self) -> None:
        self._body_clock = None
        if self._is_answering() and not self._has_body:
            limit = self.limits.body_s
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"body: expected all of it within {limit:g} s")

    def _stop_body_clock(self) -> None:
        if self._body_clock is not None:
            self._body_clock.cancel()
            self._body_clock = None

    # How slowly an answer may be read.

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_reading()

    def resume_writing(self) -> None:
        self._stop_reading()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() and self._reading is None and self.transport.get_write_buffer_size():
            self._start_reading()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self._end_reading()
        else:
            super().timeout_keep_alive_handler()

    def _start_reading(self) -> None:
        self._behind_bytes = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(self.limits.read_s, self._look_at_reading)

    def _look_at_reading(self) -> None:
        if self._behind_bytes - self.transport.get_write_buffer_size() < READ_BYTES:
            self._end_reading()
        else:
            self._start_reading()

    def _end_reading(self) -> None:
        log.info("http.not_read", source=self._address(), left_bytes=self.transport.get_write_buffer_size())
        self.transport.abort()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # Refusals.

    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _take_over(self) -> bool:
        """Whether it is the request under way that is wrong, and not one behind it; the application is told."""
        cycle = self.cycle
        if self.pipeline or cycle.response_started or not cycle.more_body:
            return False
        self._stop_body_clock()
        cycle.disconnected = True
        cycle.message_event.set()
        return True

    def _refuse_size(self, what: str) -> None:
        limit = self.limits.head_bytes
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"{what}: expected at most {limit} bytes")

    def _refuse_time(self) -> None:
        limit = self.limits.head_s
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"request line and headers: expected all of it within {limit:g} s")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer instead of the application and close; silently amid an answer, or if nothing was asked."""
        if self._is_answering():
            is_heard = self._take_over()
        else:
            is_heard = self._head_bytes > 0 or status is not HTTPStatus.REQUEST_TIMEOUT
        if not is_heard:
            self.transport.close()
            return
        code = StatusCode.SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else StatusCode.CLIENT_ERROR
        body = failure(code, message)
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s"
            b"connection: close\r\n\r\n%s" % (status, status.phrase.encode(), len(body), _AGAIN.get(status, b""), body)
        )
        self._is_refused = True
        if not self.transport.can_write_eof():  # TLS, which lingers by itself
            self.transport.close()
            return
        # Closing on bytes that still come would reset the connection, and the answer would be lost.
        self._stop_clock()
        self.transport.write_eof()
        self._clock = self.loop.call_later(self.limits.linger_s, self.transport.abort)


_AGAIN = dict.fromkeys((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE), b"retry-after: 1\r\n")


def guarded(
    limits: ServerLimits,
    crowd: Crowd | None = None,
    base: type[GuardedProtocol] = GuardedProtocol,
    methods: Iterable[str] = (),
) -> type[GuardedProtocol]:
    """The protocol class for uvicorn's `http=` that holds these limits.

    Args:
        methods: Those that httptools does not know and that are taken all the same. One that comes behind another
            request in the same packet is refused with 400, as without this: nobody pipelines what is not idempotent.
    """
    told = {name.encode(): name for name in methods}
    return type(base.__name__, (base,), {"limits": limits, "crowd": crowd, "methods": told})
