# SPDX-License-Identifier: AGPL-3.0-or-later
"""Request and Response: HTTP as values. Who carries them is the business of `net`, or of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.scalars import Secret

JSON = "application/json"

AUTHORIZATION = "authorization"
TOTP = "totp"
REQUEST_ID = "x-request-id"
CORRELATION_ID = "x-correlation-id"
TO_COUNTRY_CODE = "ocpi-to-country-code"
TO_PARTY_ID = "ocpi-to-party-id"
FROM_COUNTRY_CODE = "ocpi-from-country-code"
FROM_PARTY_ID = "ocpi-from-party-id"
LINK = "link"
TOTAL_COUNT = "x-total-count"
FILTERED_COUNT = "x-filtered-count"
LIMIT = "x-limit"


def can_be_called(url: str) -> bool:
    """Whether a URL that a partner gave us is absolute and plain: no login, which would be a secret, and no blank."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and "@" not in parts.netloc and url.isprintable() and " " not in url


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """The TLS connection that carries a request, as far as it says who is at the other end.

    `exporter` is the material of RFC 8446 section 7.5 for one-time passwords that are bound to the connection: 32
    bytes, the same at both ends and nowhere else; None below TLS 1.3. `peer_chain` is the verified certificate chain of
    the other side, DER, its own certificate first; empty where it showed none.
    """

    tls_version: str
    exporter: bytes | None = None
    peer_chain: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        """Without the material, which must not come into a log."""
        bound = "with" if self.exporter else "without"
        return f"Channel({self.tls_version}, {bound} exporter material, {len(self.peer_chain)} certificates)"


class PartnerTLS(msgspec.Struct, frozen=True, kw_only=True):
    """How TLS with one partner differs from that with everybody. PEM, not files; what is empty is as with everybody.

    Args:
        partner: Whose it is, for messages and warnings.
        certificate: The chain that we show the partner's server, our own certificate first; `key` belongs to it.
        authorities: Those that may vouch for the partner's server, instead of those that may for all.
        pins: SHA-256 of the public key (SubjectPublicKeyInfo) of the partner's server, in hex, one of which it must
            have. Without `authorities` the key alone decides.
    """

    partner: str
    certificate: str = ""
    key: Secret | None = None
    authorities: str = ""
    pins: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request.

    `url` is absolute for a client and may be a path with query for a server. Header names are in lower case.
    `source` is the network address of the caller, empty in memory. `channel` is None in memory and without TLS.
    """

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    source: str = ""
    channel: Channel | None = None

    @property
    def path(self) -> str:
        """The path of the URL, still percent-encoded."""
        return self.url.partition("?")[0] if self.url.startswith("/") else urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one the last counts."""
        text = self.url.partition("?")[2]
        if not text:
            return {}
        if "%" in text or "+" in text:
            return dict(parse_qsl(text, keep_blank_values=True))
        pairs = [pair.partition("=") for pair in text.split("&")]
        return {name: value for name, _, value in pairs if name}


Stream: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application that answers one request by itself."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP response. Header names are in lower case.

    With a `stream` the answer has no end that is known: who carries it calls that, and `body` is empty. Without a
    socket there is nothing to call it with, and `status` and `headers` stand for it.

    With `pieces`, they are the body, and `body` is empty: a large one need not be copied to be sent. Only a handler
    behind a socket gets such a response; all others see it `in_one_piece`.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    stream: Stream | None = None
    pieces: tuple[bytes, ...] = ()


def in_one_piece(response: Response) -> Response:
    """The same with all of its body in `body`."""
    return replace(response, body=b"".join(response.pieces), pieces=()) if response.pieces else response


HeaderOf: TypeAlias = Callable[[Channel | None, Request], Mapping[str, str]]
"""Headers for a request, names in lower case, made when it is known which connection carries it; None without TLS."""


class Transport(Protocol):
    """Carries a request to where its URL points and brings the response back.

    Raises:
        Unreachable: no response came, whatever the cause.
    """

    async def __call__(self, request: Request) -> Response: ...


class Streamed(NamedTuple):
    """The head of an answer, and its body as it comes. Who stops reading closes the connection."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@runtime_checkable
class StreamTransport(Protocol):
    """A transport that can hand over an answer while it comes."""

    def stream(self, request: Request, *, idle_s: float) -> AbstractAsyncContextManager[Streamed]:
        """Ask, and read as long as one likes, without redirects.

        Args:
            idle_s: How long nothing may come.

        Raises:
            Unreachable: no answer came, or it broke off; also while the chunks are read.
        """
        ...


@runtime_checkable
class ChannelTransport(Protocol):
    """A transport that makes connections itself, and can do so for one partner in another way than for others."""

    def outbound(self, *, tls: PartnerTLS | None = None, header_of: HeaderOf | None = None) -> Transport:
        """The same way out, with TLS as this partner has it, and the headers of `header_of` for each request."""
        ...
