# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where we are willing to call. Partners hand us URLs, and some of them point into our own network.

The URL is checked before the call, the address when the socket is made: a name that resolves to another
address in between gains nothing. Who may send us to which host is for the room that knows the partner.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import msgspec

from wwcp_ocpi.protocol.errors import Unreachable

_NAT64 = IPv6Network("64:ff9b::/96")


class OutboundRefused(Unreachable):
    """We do not call there, and will not when asked again."""


class OutboundPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which URLs and addresses may be called. The defaults suit a test bed; the internet wants both off."""

    allow_http: bool = True
    allow_private: bool = True
    """Whether loopback, private, link-local and other addresses that are not public may be called."""

    def check_url(self, url: str) -> None:
        """Refuse what is no absolute HTTP URL, and what carries a login.

        Raises:
            OutboundRefused: with the part that is wrong, never with the query or the login.
        """
        schemes = ("http", "https") if self.allow_http else ("https",)
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise OutboundRefused(f"{without_secrets(url)}: expected a URL: {error}") from error
        if parts.scheme not in schemes:
            raise OutboundRefused(f"{without_secrets(url)}: expected a URL with {' or '.join(schemes)}")
        if not host:
            raise OutboundRefused(f"{without_secrets(url)}: expected a URL with a host")
        if "@" in parts.netloc:
            raise OutboundRefused(f"{without_secrets(url)}: expected a URL without a login in it")

    def check_address(self, address: str) -> None:
        """Refuse an IP address that a name, or the URL itself, led to.

        Raises:
            OutboundRefused: the address is not public, and only public ones are allowed.
        """
        if not (self.allow_private or is_public(address)):
            raise OutboundRefused(f"{address}: expected a public address")


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address that an IPv6 one stands for, can be reached by everybody."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    return ip.is_global and not ip.is_multicast


def without_secrets(url: str) -> str:
    """The URL as messages and logs may show it: no query, no fragment, no login, no control characters."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"[:300]
    return "".join(char if char.isprintable() else "?" for char in shown)
