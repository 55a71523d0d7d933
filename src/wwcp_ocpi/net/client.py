# SPDX-License-Identifier: AGPL-3.0-or-later
"""The way out: requests over aiohttp, with bounds on time, size and where they lead.

No cookies, no proxy out of the environment, no redirect to another place: an answer that points elsewhere is
handed back as it is, so that a credentials token never reaches a host it was not meant for.
"""

from __future__ import annotations

import asyncio
import errno
import io
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from msgspec.structs import replace
from yarl import URL

from wwcp_ocpi.net.encoding import ACCEPTED, unpacked
from wwcp_ocpi.net.limits import ClientLimits
from wwcp_ocpi.net.redirects import next_hop
from wwcp_ocpi.net.tls.outgoing import Connector, LateRequest, Profile, late_headers
from wwcp_ocpi.net.tls.settings import ClientTLS
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import HeaderOf, PartnerTLS, Request, Response, Streamed, Transport
from wwcp_ocpi.protocol.paging import by_name
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused, without_secrets

_PLAIN_URL = re.compile(r"[\x21-\x7e]+")
_BY_DEFAULT = OutboundPolicy()
_LARGE = 1 << 20
_MOST_PROFILES = 1024
"""Ways of TLS that are remembered: partners change their certificates, and old ones must not pile up."""


class HTTPTransport:
    """A `protocol.http.Transport` with a pool of connections. Close it, or use it as `async with`."""

    def __init__(
        self,
        limits: ClientLimits | None = None,
        *,
        allow: Callable[[str], None] = _BY_DEFAULT.check_url,
        allow_address: Callable[[str], None] = _BY_DEFAULT.check_address,
        tls: ClientTLS | None = None,
        user_agent: str = "wwcp-ocpi",
    ) -> None:
        """Nothing is opened before the first call.

        Args:
            allow: Raises for a URL that must not be called; asked for every redirect as well.
            allow_address: Raises for an IP address that must not be called; asked when a connection is made.
            tls: Trusted authorities and our certificate; by default those of the machine, and none.

        Raises:
            UsageError: a certificate or key cannot be used.
        """
        self._limits = limits or ClientLimits()
        self._allow = allow
        self._allow_address = allow_address
        self._profiles: dict[ClientTLS, Profile] = {}
        self._profile = self._profile_of(tls) if tls is not None else Profile.of(ClientTLS())
        self._headers = {"accept-encoding": ACCEPTED, "user-agent": user_agent}
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: Request) -> Response:
        """Send a request and bring back the answer, whatever its status.

        Raises:
            Unreachable: there was no answer within the limits, or (OutboundRefused) none may be asked for.
        """
        return await self._send(request, self._profile, None)

    def outbound(self, *, tls: ClientTLS | PartnerTLS | None = None, header_of: HeaderOf | None = None) -> Transport:
        """This transport as one partner wants it: same limits and policy, connections of its own where `tls` differs.

        Args:
            tls: Whom to trust and which certificate to show, in full or as it differs from the transport.
            header_of: Makes headers, names in lower case, for a request that is about to go out on a connection; they
                replace those of the request. It is asked anew for each redirect and for each connection that a request
                is repeated on, and its errors are the caller's.

        Raises:
            UsageError: a certificate or key cannot be used.
        """
        if isinstance(tls, PartnerTLS):
            tls = self._profile.tls.towards(tls)
        profile = self._profile_of(tls) if tls is not None else self._profile

        async def send(request: Request) -> Response:
            return await self._send(request, profile, header_of)

        return send

    @asynccontextmanager
    async def stream(self, request: Request, *, idle_s: float) -> AsyncIterator[Streamed]:
        """Ask, and read the answer as it comes, without redirects; see `protocol.http.StreamTransport`.

        Raises:
            Unreachable: no answer came, or it broke off; or (OutboundRefused) none may be asked for.
        """
        url = request.url
        self._allow(url)
        late_headers.set(None)
        try:
            async with self._opened().request(
                request.method,
                URL(url, encoded=_PLAIN_URL.fullmatch(url) is not None),
                headers={"accept-encoding": "identity", **request.headers},
                data=_payload(request.body),
                allow_redirects=False,
                ssl=self._profile,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_s, sock_read=idle_s),
            ) as answer:
                yield Streamed(answer.status, by_name(answer.headers.items()), answer.content.iter_any())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{request.method} {without_secrets(url)}: {_cause(error)}") from error

    def _profile_of(self, tls: ClientTLS) -> Profile:
        found = self._profiles.get(tls)
        if found is None:
            found = Profile.of(tls)
            found.files.refresh()
            if len(self._profiles) >= _MOST_PROFILES:
                del self._profiles[next(iter(self._profiles))]
            self._profiles[tls] = found
        return found

    async def _send(self, request: Request, profile: Profile, header_of: HeaderOf | None) -> Response:
        url = request.url
        try:
            async with asyncio.timeout(self._limits.total_s):
                for _ in range(self._limits.redirects + 1):
                    self._allow(url)
                    response = await self._exchange(replace(request, url=url), profile, header_of)
                    target = next_hop(request.method, url, response)
                    if target is None:
                        return response
                    url = target
        except TimeoutError as error:
            cause = f"no answer within {self._limits.total_s:g} s"
            raise Unreachable(f"{request.method} {without_secrets(url)}: {cause}") from error
        raise Unreachable(f"{request.method} {without_secrets(url)}: more than {self._limits.redirects} redirects")

    async def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _exchange(self, request: Request, profile: Profile, header_of: HeaderOf | None) -> Response:
        url = request.url
        late_headers.set(None if header_of is None else lambda channel: header_of(channel, request))
        try:
            async with self._opened().request(
                request.method,
                URL(url, encoded=_PLAIN_URL.fullmatch(url) is not None),
                headers=request.headers,
                data=_payload(request.body),
                allow_redirects=False,
                ssl=profile,
            ) as answer:
                return await self._read(answer)
        except aiohttp.ServerTimeoutError as error:
            cause = f"no connection within {self._limits.connect_s:g} s"
            raise Unreachable(f"{request.method} {without_secrets(url)}: {cause}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            kind = OutboundRefused if _is_forbidden(error) else Unreachable
            raise kind(f"{request.method} {without_secrets(url)}: {_cause(error)}") from error

    async def _read(self, answer: aiohttp.ClientResponse) -> Response:
        limit = self._limits.body_bytes
        body = bytearray()
        if (answer.content_length or 0) <= limit:
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > limit:
                    break
            else:
                headers = by_name(answer.headers.items())
                encoding = headers.pop("content-encoding", "")
                return Response(status=answer.status, headers=headers, body=unpacked(bytes(body), encoding, limit))
        answer.close()  # the rest of it is not wanted, so the connection is of no more use
        raise ValueError(f"body: expected at most {limit} bytes, got more")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            self._session = aiohttp.ClientSession(
                connector=Connector(
                    limit=limits.connections,
                    limit_per_host=limits.connections_per_host,
                    keepalive_timeout=limits.keep_alive_s,
                    ssl=self._profile,
                    socket_factory=self._socket,
                ),
                request_class=LateRequest,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                skip_auto_headers=("content-type",),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, proto, _, address = info
        try:
            self._allow_address(address[0])
        except OutboundRefused as error:
            raise _Forbidden(errno.EACCES, str(error)) from error  # what aiohttp knows how to pass on
        return socket.socket(family, kind, proto)


class _Forbidden(PermissionError):
    """The name leads to an address that must not be called."""


def _is_forbidden(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, _Forbidden):
            return True
        error = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
    return False


def _payload(body: bytes) -> bytes | io.BytesIO | None:
    """A large body as a file, which aiohttp sends in pieces: the loop must not stand still while all is encrypted."""
    return io.BytesIO(body) if len(body) > _LARGE else body or None


def _cause(error: Exception) -> str:
    """What happened, from an error whose own text may hold the whole URL."""
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return "expected a URL that can be called"
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
