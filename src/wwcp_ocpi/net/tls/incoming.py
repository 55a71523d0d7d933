# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS under uvicorn: its public `http=` takes a protocol class, and gets one that does the handshake first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import structlog
from OpenSSL import SSL
from uvicorn.config import Config
from uvicorn.server import ServerState

from wwcp_ocpi.net.crowd import Crowd
from wwcp_ocpi.net.http1 import GuardedProtocol, guarded
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.tls.contexts import server_connection, server_context
from wwcp_ocpi.net.tls.files import Reloaded
from wwcp_ocpi.net.tls.session import Session
from wwcp_ocpi.net.tls.settings import ServerTLS
from wwcp_ocpi.net.tls.stream import SESSION, TLSFailure, TLSProtocol
from wwcp_ocpi.security.pki.checking import Trust, revocation

log = structlog.get_logger(__name__)

Refused: TypeAlias = Callable[[str, str], None]


class TLSListener:
    """The TLS of one server: its files, and the connections that are still in their handshake."""

    def __init__(
        self,
        tls: ServerTLS,
        limits: ServerLimits,
        crowd: Crowd,
        refused: Refused | None = None,
        methods: Iterable[str] = (),
    ) -> None:
        """Read the files. `methods` are those of `guarded`.

        Args:
            refused: told of each handshake that came to nothing, with the address of the caller and the cause.

        Raises:
            UsageError: one cannot be used.
        """
        self.limits = limits
        self.tell_refused = refused
        self.crowd = crowd
        self.methods = tuple(methods)
        self.pending: set[TLSProtocol] = set()
        self.files = Reloaded((tls.certificate, tls.key, tls.client_ca, tls.crl, tls.ocsp), lambda: server_context(tls))
        self.is_closed = False
        self._watch_s = tls.watch_s

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol class for uvicorn's `http=`."""
        http = guarded(self.limits, base=_SecuredProtocol, methods=self.methods)
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
        self._source = ""

    def begin(self) -> SSL.Connection:
        pending = self.listener.pending
        address = self.raw.get_extra_info("peername")
        self._source = str(address[0]) if address else ""
        is_full = len(pending) >= self.listener.limits.connections
        if is_full:
            log.warning("tls.too_many_handshakes", source=self._source, connections=len(pending))
        # A handshake costs more than anything else that a stranger can ask for: not even that is done.
        has_room = self.listener.crowd.enter(self._source)
        if is_full or not has_room or self.listener.is_closed:
            self.raw.abort()
        pending.add(self)
        return server_connection(self.listener.files.value.context)

    def secured(self) -> asyncio.Protocol:
        self.listener.pending.discard(self)
        statuses = self.listener.files.value.statuses
        if statuses is not None:
            self._check_statuses(statuses)
        return self.http(*self._inside)

    def _check_statuses(self, statuses: Trust) -> None:
        chain = self._connection.get_verified_chain(as_cryptography=True)
        refusal = revocation(chain, statuses, datetime.now(UTC)) if chain else None
        if refusal is not None:
            raise TLSFailure(f"certificate: {refusal.why.value}: {refusal.detail}")

    def refused(self, error: Exception) -> None:
        log.info("tls.refused", source=self._source, cause=str(error))
        if self.listener.tell_refused is not None:
            self.listener.tell_refused(self._source, str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self.listener.pending.discard(self)
        self.listener.crowd.leave(self._source)
        super().connection_lost(exc)
