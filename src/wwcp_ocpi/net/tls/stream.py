# SPDX-License-Identifier: AGPL-3.0-or-later
"""Any asyncio protocol behind TLS: OpenSSL works on memory, this carries bytes between it and the TCP transport.

The protocol inside sees an ordinary transport. Its `get_extra_info("tls")` is the Session.

Two things keep it fast. What is written in one turn of the loop, a head and its body, becomes one record. And OpenSSL
is not asked for more when it cannot have any: that costs an exception, so it is watched where records end.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import errno
from collections.abc import Iterable
from typing import Any, cast

from OpenSSL import SSL

from wwcp_ocpi.net.tls.contexts import problem_of
from wwcp_ocpi.net.tls.session import Session

SESSION = "tls"
_RECORD = 16_384
_CHUNK = 65_536
_RECORD_HEAD = 5
_NOT_FOLLOWED = -1


class _State(enum.Enum):
    HANDSHAKE = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    """Our close_notify is out; what still comes is read away, up to that of the other side."""
    FAILED = enum.auto()
    """Our alert is out; what still comes is read away."""
    LOST = enum.auto()


class TLSFailure(ConnectionError):
    """TLS with the other side did not come about, or broke."""

    def __init__(self, cause: str) -> None:
        super().__init__(errno.EPROTO, cause)  # aiohttp shows what an OSError has as its strerror

    def __str__(self) -> str:
        return str(self.strerror)


class TLSProtocol(asyncio.Protocol):
    """One connection. A subclass says how it begins and what stands inside."""

    def __init__(self, *, handshake_s: float, linger_s: float) -> None:
        """Nothing happens before the TCP connection is there.

        Args:
            handshake_s: After which the handshake counts as failed.
            linger_s: How long the other side gets to read what we wrote last, before TCP closes. Closing on bytes
                that came meanwhile would reset the connection, and it would lose the end of an answer.
        """
        self._loop = asyncio.get_running_loop()
        self._handshake_s = handshake_s
        self._linger_s = linger_s
        self._state = _State.HANDSHAKE
        self._is_paused = False
        self._is_ended = False
        self._is_secured = False
        self._is_drained = True
        """Whether OpenSSL holds no whole record."""
        self._next_record = 0
        """Where in what comes next a record begins, or that it was not followed."""
        self._parts: list[bytes | bytearray | memoryview] = []
        """What is to be written at the end of this turn."""
        self._parts_bytes = 0
        self._error: Exception | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._raw: asyncio.Transport
        self._connection: SSL.Connection
        self.inner: asyncio.Protocol
        self.transport: TLSTransport
        self.session: Session

    def begin(self) -> SSL.Connection:
        """OpenSSL's side of the connection."""
        raise NotImplementedError

    def secured(self) -> asyncio.Protocol:
        """The protocol inside, made when the handshake is done.

        Raises:
            TLSFailure: the other side is not who it should be.
        """
        raise NotImplementedError

    def opened(self) -> None:
        """The protocol inside has its transport."""

    def refused(self, error: Exception) -> None:
        """The handshake failed, or `secured` did not accept its outcome. Called instead of `opened`."""
        raise NotImplementedError

    # What TCP calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._connection = self.begin()
        self._timer = self._loop.call_later(self._handshake_s, self._on_timeout)
        self._guarded(self._shake)

    def data_received(self, data: bytes) -> None:
        state = self._state
        if state is _State.FAILED:
            return
        is_one = self._is_one_record(data)
        self._connection.bio_write(data)
        if state is _State.OPEN:
            self._guarded(self._read_one if is_one and self._is_drained and not self._is_paused else self._read)
        elif state is _State.HANDSHAKE:
            self._guarded(self._shake)
        else:
            self._drain()

    def eof_received(self) -> bool:
        self._is_ended = True
        if self._state is _State.HANDSHAKE:
            self._fail(TLSFailure("the connection was closed in the handshake"))
        elif self._state is _State.OPEN:
            self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        state, self._state = self._state, _State.LOST
        self._stop_timer()
        if state is _State.HANDSHAKE:
            self.refused(exc or TLSFailure("the connection was closed in the handshake"))
        elif self._is_secured:
            self.inner.connection_lost(self._error or exc)

    def pause_writing(self) -> None:
        if self._is_secured:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        if self._is_secured:
            self.inner.resume_writing()

    # Between the two.

    def _guarded(self, step: Any) -> None:
        try:
            step()
        except SSL.Error as error:
            self._flush()  # the alert
            self._fail(TLSFailure(problem_of(error, self._connection)))

    def _shake(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        self._flush()
        self.session = self.describe()
        try:
            inner = self.secured()
        except TLSFailure as error:
            self._fail(error)
            return
        self._stop_timer()
        self._state = _State.OPEN
        self._is_secured = True
        self.inner = inner
        self.transport = TLSTransport(self)
        inner.connection_made(self.transport)
        self.opened()
        self._read()

    def describe(self) -> Session:
        """What is known of the connection now."""
        return Session(self._connection)

    def _is_one_record(self, data: bytes) -> bool:
        """Whether this is one record and nothing else. A head of a record that comes in two is not followed further."""
        at, size = self._next_record, len(data)
        if at == 0 and size > _RECORD_HEAD and size == _RECORD_HEAD + (data[3] << 8 | data[4]):
            return True
        if at != _NOT_FOLLOWED:
            while at < size:
                if size - at < _RECORD_HEAD:
                    self._next_record = _NOT_FOLLOWED
                    return False
                at += _RECORD_HEAD + (data[at + 3] << 8 | data[at + 4])
            self._next_record = at - size
        return False

    def _read_one(self) -> None:
        try:
            data = self._connection.recv(_RECORD)
        except SSL.WantReadError:
            self._flush()  # no data: the answer to a change of keys
        except SSL.ZeroReturnError:
            self._end()
        else:
            self.inner.data_received(data)

    def _read(self) -> None:
        receive = self._connection.recv
        self._is_drained = False
        try:
            while self._state is _State.OPEN and not self._is_paused:
                self.inner.data_received(receive(_RECORD))
        except SSL.WantReadError:
            self._is_drained = True
            self._flush()
        except SSL.ZeroReturnError:
            self._end()

    def _end(self) -> None:
        """The other side has said all it will."""
        self._is_ended = True
        if not self.inner.eof_received():
            self.close()

    def _drain(self) -> None:
        try:
            while True:
                self._connection.recv(_RECORD)
        except SSL.WantReadError:
            return
        except SSL.Error:
            self._raw.close()

    def _flush(self) -> None:
        try:
            while True:
                out = self._connection.bio_read(_CHUNK)
                self._raw.write(out)
                if len(out) < _CHUNK:
                    return
        except SSL.WantReadError:
            return

    def _fail(self, error: Exception) -> None:
        self._stop_timer()
        before, self._state = self._state, _State.FAILED
        self._error = error
        if before is _State.HANDSHAKE:
            self.refused(error)
        self._let_go()

    def _let_go(self) -> None:
        raw = self._raw
        if self._is_ended or not self._linger_s or raw.is_closing():
            raw.close()
            return
        raw.resume_reading()
        self._timer = self._loop.call_later(self._linger_s, raw.close)

    def _on_timeout(self) -> None:
        self._linger_s = 0.0
        self._fail(TLSFailure(f"no handshake within {self._handshake_s:g} s"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the protocol inside calls.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it, a little later if it is little. After a close it is dropped, as every transport does."""
        if self._state is not _State.OPEN or not data:
            return
        self._parts_bytes += len(data)
        if self._parts_bytes >= _RECORD:
            self._parts.append(data)
            self._write_parts()
            return
        if not self._parts:
            self._loop.call_soon(self._write_parts)
        self._parts.append(bytes(data))  # whoever gave it may change it before it is written

    def _write_parts(self) -> None:
        parts = self._parts
        if self._state is not _State.OPEN or not parts:
            return
        self._parts, self._parts_bytes = [], 0
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            self._connection.send(data)
        except SSL.Error as error:
            self._fail(TLSFailure(problem_of(error, self._connection)))
            return
        expected = len(data) + 64 + (len(data) >> 8)
        out = self._connection.bio_read(expected)
        self._raw.write(out)
        if len(out) == expected:
            self._flush()

    def close(self) -> None:
        """Send close_notify after all that was written, and close when the other side has done so, too."""
        self._write_parts()
        if self._state is not _State.OPEN:
            return
        self._state = _State.CLOSING
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()
        self._flush()
        self._let_go()

    def abort(self) -> None:
        """Close at once."""
        self._raw.abort()

    def pause_reading(self) -> None:
        """Give the protocol inside nothing more for now."""
        if self._state is _State.OPEN and not self._is_paused:
            self._is_paused = True
            self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Go on; what OpenSSL holds already comes first."""
        if self._is_paused:
            self._is_paused = False
            if self._state is _State.OPEN and not self._raw.is_closing():
                self._raw.resume_reading()
                self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._state is _State.OPEN and not self._is_paused:
            self._guarded(self._read)

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._state is not _State.OPEN or self._raw.is_closing()

    @property
    def is_paused(self) -> bool:
        """Whether the protocol inside asked for a pause."""
        return self._is_paused

    @property
    def unsent_bytes(self) -> int:
        """What was written and is not with TCP's own buffers yet."""
        return self._raw.get_write_buffer_size() + self._parts_bytes

    @property
    def raw(self) -> asyncio.Transport:
        """The TCP transport below."""
        return self._raw


class TLSTransport(asyncio.Transport):
    """What the protocol inside writes to."""

    def __init__(self, stream: TLSProtocol) -> None:
        super().__init__()
        self._stream = stream

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`tls` is the Session; `sslcontext` is true, which is how uvicorn knows https; all else is TCP's."""
        if name == SESSION:
            return self._stream.session
        if name == "sslcontext":
            return True
        return self._stream.raw.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._stream.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self._stream.write(b"".join(list_of_data))

    def close(self) -> None:
        self._stream.close()

    def abort(self) -> None:
        self._stream.abort()

    def is_closing(self) -> bool:
        return self._stream.is_closing

    def can_write_eof(self) -> bool:
        return False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._stream.inner = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._stream.inner

    def is_reading(self) -> bool:
        return not self._stream.is_paused

    def pause_reading(self) -> None:
        self._stream.pause_reading()

    def resume_reading(self) -> None:
        self._stream.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._stream.raw.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._stream.unsent_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._stream.raw.get_write_buffer_limits()
