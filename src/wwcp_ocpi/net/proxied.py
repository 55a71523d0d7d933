# SPDX-License-Identifier: AGPL-3.0-or-later
"""Behind a proxy that ends TLS: what it says of the caller is believed, and nothing that anybody else says.

The caller's address comes in X-Forwarded-For, as ever. A proxy that can (HAProxy) hands over the exporter secret of the
caller's TLS 1.3 connection as well; the material is made of it here. See docs/tls.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import new as new_hash
from ipaddress import ip_address, ip_network
from typing import NamedTuple

import structlog
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from wwcp_ocpi.net.asgi import ASGIApp, Send
from wwcp_ocpi.net.body import Message, Receive
from wwcp_ocpi.net.tls.session import EXTENSION
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.security.totp import EXPORTER_BYTES, EXPORTER_LABEL

log = structlog.get_logger(__name__)

_HASHES = {32: "sha256", 48: "sha384"}
"""The hash of a TLS 1.3 cipher suite, by the length of its secrets."""


class Forwarded(NamedTuple):
    """Stands for a Session where the caller's TLS connection ends at a proxy."""

    channel: Channel | None


def behind_proxies(app: ASGIApp, trusted: tuple[str, ...], header: str = "") -> ASGIApp:
    """The application as it is reached through these proxies, and by others directly.

    Args:
        trusted: Addresses and networks; `*` is everybody, which is never enough for `header`.
        header: Name of the header with the exporter secret, in hex. It is taken off every request.

    Raises:
        UsageError: one of `trusted` is no address and no network.
    """
    name = header.lower().encode()
    is_proxy = membership(trusted)
    inner: ASGIApp = ProxyHeadersMiddleware(app, list(trusted))  # type: ignore[arg-type, assignment]

    async def through(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            shown: list[bytes] = []
            if name:
                shown = [value for key, value in scope["headers"] if key == name]
                if shown:
                    scope["headers"] = [pair for pair in scope["headers"] if pair[0] != name]
            client = scope["client"]
            if client and is_proxy(client[0]):
                # The TLS connection to us, if there is one, is the proxy's and says nothing of the caller.
                scope["extensions"] = {EXTENSION: Forwarded(_channel(shown, client[0]))}
            elif shown:
                log.warning("proxy.header_from_elsewhere", source=client[0] if client else "", header=header)
        await inner(scope, receive, send)

    return through


def exporter_of(secret: bytes, label: bytes, length: int) -> bytes:
    """Exporter material from the exporter_master_secret of a TLS 1.3 connection, without a context.

    Spec: RFC 8446 sections 7.1 and 7.5.
    """
    hash = _HASHES[len(secret)]
    empty = new_hash(hash).digest()
    derived = _expand_label(secret, label, empty, len(secret), hash)
    return _expand_label(derived, b"exporter", empty, length, hash)


def _expand_label(secret: bytes, label: bytes, context: bytes, length: int, hash: str) -> bytes:
    """HKDF-Expand-Label; one round is enough, for no more is asked than the hash is long."""
    name = b"tls13 " + label
    info = length.to_bytes(2) + bytes([len(name)]) + name + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", hash)[:length]


def _channel(shown: list[bytes], source: str) -> Channel | None:
    if len(shown) > 1:
        log.warning("proxy.header_twice", source=source)  # then one of them is the caller's own
        return None
    return _channel_of(shown[0]) if shown else None


@lru_cache(maxsize=1024)
def _channel_of(text: bytes) -> Channel | None:
    """The same for all requests of a connection; None below TLS 1.3, where the proxy has no secret to show."""
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    if len(secret) not in _HASHES:
        return None
    return Channel(tls_version="TLSv1.3", exporter=exporter_of(secret, EXPORTER_LABEL, EXPORTER_BYTES))


def membership(trusted: Iterable[str]) -> Callable[[str], bool]:
    """Whether an address is one of these; `*` names nobody in particular.

    Raises:
        UsageError: one of `trusted` is no address and no network.
    """
    try:
        networks = [ip_network(one, strict=False) for one in trusted if one != "*"]
    except ValueError as error:
        raise UsageError(f"trusted_proxies: expected addresses and networks: {error}") from error

    @lru_cache(maxsize=1024)
    def is_proxy(address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in networks)

    return is_proxy
