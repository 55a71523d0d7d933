# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS under uvicorn: its public `http=` takes a protocol class, and gets one that does the handshake first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog
from OpenSSL import SSL
from uvicorn.config import Config
from uvicorn.server import ServerState

from wwcp_ocpi.net.http1 import GuardedProtocol, guarded
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.tls.contexts import server_connection, server_context
from wwcp_ocpi.net.tls.files import Reloaded
from wwcp_ocpi.net.tls.session import Session
from wwcp_ocpi.net.tls.settings import ServerTLS
from wwcp_ocpi.net.tls.stream import SESSION, TLSProtocol

log = structlog.get_logger(__name__)


class TLSListener:
    """The TLS of one server: its files, and the connections that are still in their handshake."""

    def __init__(self, tls: ServerTLS, limits: ServerLimits, methods: Iterable[str] = ()) -> None:
        """Read the files. `methods` are those of `guarded`.

        Raises:
            UsageError: one cannot be used.
        """
        self.limits = limits
        self.methods = tuple(methods)
        self.pending: set[TLSProtocol] = set()
        self.files = Reloaded((tls.certificate, tls.key, tls.client_ca, tls.crl), lambda: server_context(tls))
        self.is_closed = False
        self._watch_s = tls.watch_s

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol class for uvicorn's `http=`."""
        http = guarded(self.limits, _SecuredProtocol, self.methods)
        return type("Incoming", (_Incoming,), {"listener": self, "http": http})

    async def watch(self) -> None:
        """Take new files when they come, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.files.refresh)
            except Exception:
                # The edge of a background task: what is strange about the files now must not end it for good.
                log.exception("tls.watch_failed")
            await asyncio.sleep(self._watch_s)

    def close(self) -> None:
        """Drop the connections whose handshake is not done, and those that still come."""
        self.is_closed = True
        for stream in list(self.pending):
            stream.abort()


class _SecuredProtocol(GuardedProtocol):
    __slots__ = ("_session",)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._session: Session = transport.get_extra_info(SESSION)
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._session.extensions


class _Incoming(TLSProtocol):
    """One connection. `listener` and `http` are set by `TLSListener.protocol`."""

    listener: TLSListener
    http: type[GuardedProtocol]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        limits = self.listener.limits
        super().__init__(handshake_s=limits.handshake_s, linger_s=limits.linger_s)
        self._inside = (config, server_state, app_state, _loop)

    def begin(self) -> SSL.Connection:
        pending = self.listener.pending
        is_full = len(pending) >= self.listener.limits.connections
        if is_full:
            log.warning("tls.too_many_handshakes", source=self._source(), connections=len(pending))
        if is_full or self.listener.is_closed:
            self.raw.abort()
        pending.add(self)
        return server_connection(self.listener.files.value.context)

    def secured(self) -> asyncio.Protocol:
        self.listener.pending.discard(self)
        return self.http(*self._inside)

    def refused(self, error: Exception) -> None:
        log.info("tls.refused", source=self._source(), cause=str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self.listener.pending.discard(self)
        super().connection_lost(exc)

    def _source(self) -> str:
        address = self.raw.get_extra_info("peername")
        return str(address[0]) if address else ""
