# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS under aiohttp: a connector that secures its connections, and headers made for the connection they go out on.

aiohttp has no public place for either. `_wrap_create_connection` of the connector and `send` of the request are
overridden; both may change with a minor version, so pyproject.toml allows one only.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeAlias

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from OpenSSL import SSL

from wwcp_ocpi.net.tls.contexts import Made, client_connection, client_context
from wwcp_ocpi.net.tls.files import Reloaded
from wwcp_ocpi.net.tls.session import Session
from wwcp_ocpi.net.tls.settings import ClientTLS
from wwcp_ocpi.net.tls.stream import SESSION, TLSFailure, TLSProtocol
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.security.pki.keys import pin_of

LateHeaders: TypeAlias = Callable[[Channel | None], Mapping[str, str]]
late_headers: ContextVar[LateHeaders | None] = ContextVar("late_headers", default=None)
"""What makes the headers of the request that this task is about to send, once its connection is known."""


class Profile(ssl.SSLContext):
    """Our TLS settings where aiohttp keeps its own: connections are pooled by them. Nothing of `ssl` itself is used."""

    tls: ClientTLS

    @classmethod
    def of(cls, tls: ClientTLS) -> Profile:
        """A profile with these settings."""
        made = cls(ssl.PROTOCOL_TLS_CLIENT)
        made.tls = tls
        return made

    def __repr__(self) -> str:
        """What aiohttp has in its messages."""
        return "pyOpenSSL"

    @cached_property
    def files(self) -> Reloaded[Made]:
        """Read when first asked for: the authorities of a machine are many.

        Raises:
            UsageError: a file cannot be used.
        """
        tls = self.tls
        return Reloaded((tls.authorities, tls.certificate, tls.key), lambda: client_context(tls))

    @property
    def context(self) -> SSL.Context:
        """OpenSSL's context, of the newest files."""
        self.files.refresh()
        return self.files.value.context


class Connector(aiohttp.TCPConnector):
    """A pool of connections whose `ssl` is always a Profile."""

    async def _wrap_create_connection(
        self,
        *args: Any,
        req: ClientRequest,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        profile = kwargs.pop("ssl", None)
        host = kwargs.pop("server_hostname", None)
        if profile is None:
            return await super()._wrap_create_connection(*args, req=req, timeout=timeout, **kwargs)
        if not isinstance(profile, Profile):
            raise TypeError(f"ssl: expected a Profile, got {type(profile).__name__}")
        made: list[_Outgoing] = []

        def outgoing() -> _Outgoing:
            made.append(_Outgoing(profile, host or "", args[0]))
            return made[0]

        async with asyncio.timeout(timeout.sock_connect):
            raw, _ = await super()._wrap_create_connection(outgoing, req=req, timeout=timeout, **kwargs)
            stream = made[0]
            try:
                await stream.ready
            except OSError as error:
                raise aiohttp.ClientConnectorError(req.connection_key, error) from error
            except BaseException:
                raw.abort()
                raise
        return stream.transport, stream.inner  # type: ignore[return-value]


class LateRequest(ClientRequest):
    """A request whose last headers are made when it is known which connection carries it."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        make = late_headers.get()
        if make is not None:
            transport = conn.transport
            session: Session | None = transport.get_extra_info(SESSION) if transport is not None else None
            self.headers.update(make(session.channel if session is not None else None))
        return await super().send(conn)


class _Outgoing(TLSProtocol):
    def __init__(self, profile: Profile, host: str, inside: Callable[[], asyncio.Protocol]) -> None:
        # Whoever has read an answer to its end has nothing to lose at the close; the handshake is timed by the caller.
        super().__init__(handshake_s=86_400, linger_s=0.0)
        self._tls = profile.tls
        self._new = client_connection(profile.context, host, is_name_checked=not profile.tls.is_pinned_only)
        self._inside = inside
        self.ready: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> SSL.Connection:
        return self._new

    def describe(self) -> Session:
        return Session(self._connection, is_leaf_verified=self._tls.is_pinned_only)

    def secured(self) -> asyncio.Protocol:
        pins = self._tls.pins
        if pins:
            leaf = self._connection.get_peer_certificate(as_cryptography=True)
            found = pin_of(leaf.public_key()) if leaf is not None else ""
            if found not in {pin.lower() for pin in pins}:
                raise TLSFailure(f"certificate: expected a pinned key, got one with SHA-256 {found}")
        return self._inside()

    def opened(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def refused(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)
