# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where we are willing to call. Partners hand us URLs, and some of them point into our own network.

Three checks, each where it cannot be got round: the URL before the call and before every redirect; the address at the
moment when the socket is made, so that a name that resolves to another address in between gains nothing; and the host
against those of the partner that the credentials token belongs to, before the token is in a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response, Transport

LONGEST_URL = 8192
PORTS = {"http": 80, "https": 443}
SYSTEM_PORTS = range(1024)
OTHER_SERVICES = frozenset(
    {1433, 1521, 2049, 2375, 2379, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6667}
    | {8500, 9042, 9092, 9200, 9300, 10250, 11211, 15672, 27017}
)
"""Ports above the system's where databases, brokers and orchestrators listen, and nobody serves OCPI."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20")))
"""For protocols, relays and documentation; the standard library knows them only in its newer versions."""
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class OutboundRefused(Unreachable):
    """We do not call there, and will not when asked again."""


class OutboundPolicy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Which URLs and addresses may be called. The defaults suit a test bed; the internet wants both off."""

    allow_http: bool = True
    allow_private: bool = True
    """Whether loopback, private, link-local and other addresses that are not public may be called."""
    networks: tuple[str, ...] = ()
    """Networks that may be called although they are not public: `10.20.0.0/16`."""
    ports: frozenset[int] = frozenset()
    """Ports that may be called beside 80, 443 and those above 1023 where nothing else is known to listen."""
    hosts: frozenset[str] | None = None
    """`host` or `host:port`, in lower case: only these may be called. None: any."""

    def for_partner(self, urls: Iterable[str], also: Iterable[str] = (), *, only: bool = False) -> OutboundPolicy:
        """The same, and only to the hosts and ports of these URLs: those that a partner registered.

        Where all of them have TLS, what has none is refused.

        Args:
            also: Further hosts of the partner, each `host` (whatever its port) or `host:port`.
            only: Whether the hosts of the URLs count for nothing, and just those in `also` may be called.
        """
        known = tuple(urls)
        own = frozenset(place for url in known if (place := _place_in(url)) and not only)
        is_plain = not known or any(url[:7].lower() == "http://" for url in known)
        hosts = own | {host.lower().rstrip(".") for host in also}
        return replace(self, hosts=hosts, allow_http=self.allow_http and is_plain)

    def guard(self, transport: Transport) -> Transport:
        """The transport, which asks this policy first: what is refused never comes to a connection or a header."""

        async def send(request: Request) -> Response:
            self.check_url(request.url)
            return await transport(request)

        return send

    def check_url(self, url: str) -> None:
        """Refuse what is no plain, absolute HTTP URL, and what leads to a place that may not be called.

        Raises:
            OutboundRefused: with the part that is wrong, never with the query or the login.
        """
        parts = self._read(url)
        host = parts.hostname or ""
        address = _literal(host)
        if address is not None:
            self.check_address(address)
        elif not _NAME.fullmatch(host.removesuffix(".")) or len(host) > 253:
            raise _refused(url, "a URL with a host name in ASCII")
        elif _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
            # 2130706433, 0x7f.1 and 127.1 are addresses to some resolvers and names to others.
            raise _refused(url, "a URL with an address in its usual form")
        port = parts.port if parts.port is not None else PORTS[parts.scheme]
        if not self._is_open(port):
            raise _refused(url, f"a URL with a port that serves HTTP, got {port}")
        name = host.removesuffix(".")
        if self.hosts is not None and not {name, f"{name}:{port}"} & self.hosts:
            raise _refused(url, "a URL on a host of the partner")

    def check_address(self, address: str) -> None:
        """Refuse an IP address that a name, or the URL itself, led to.

        Raises:
            OutboundRefused: the address is not public, and only public ones are allowed.
        """
        if self.allow_private or is_public(address):
            return
        meant = _meant(address)
        if not any(meant in network for network in self._networks):
            raise OutboundRefused(f"{address}: expected a public address")

    @cached_property
    def _networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return networks(self.networks)

    def _read(self, url: str) -> SplitResult:
        schemes = ("http", "https") if self.allow_http else ("https",)
        try:
            parts = urlsplit(url)
            _, _ = parts.hostname, parts.port
        except ValueError as error:
            raise OutboundRefused(f"{without_secrets(url)}: expected a URL: {error}") from error
        if parts.scheme not in schemes:
            raise _refused(url, f"a URL with {' or '.join(schemes)}")
        if not parts.hostname:
            raise _refused(url, "a URL with a host")
        if "@" in parts.netloc:
            raise _refused(url, "a URL without a login in it")
        # Another reader of URLs may see another host where blanks, backslashes or line ends stand: refused.
        if re.split(r"[/?#\\\s]", url.partition("://")[2], maxsplit=1)[0] != parts.netloc:
            raise _refused(url, "a URL that can be read in one way only")
        if len(url) > LONGEST_URL:
            raise _refused(url, f"a URL of at most {LONGEST_URL} characters")
        return parts

    def _is_open(self, port: int) -> bool:
        known = port in PORTS.values() or port in self.ports
        return known or (port not in SYSTEM_PORTS and port not in OTHER_SERVICES)


def networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that these texts name.

    Raises:
        UsageError: one is none.
    """
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise UsageError(f"expected networks like 10.20.0.0/16: {error}") from error


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address that an IPv6 one stands for, can be reached by everybody."""
    ip = _meant(address)
    if any(ip in network for network in _SPECIAL):
        return False
    if isinstance(ip, IPv6Address):
        if ip not in _GLOBAL_UNICAST:
            return False
        if (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP and not is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF))):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _meant(address: str) -> IPv4Address | IPv6Address:
    """The address that is reached in the end: the IPv4 one inside of a mapped, 6to4 or NAT64 address."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        return inner or ip
    return ip


def _literal(host: str) -> str | None:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return host


def _place_in(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return ""
    return f"{host}:{PORTS.get(parts.scheme, 0) if port is None else port}" if host else ""


def _refused(url: str, expected: str) -> OutboundRefused:
    return OutboundRefused(f"{without_secrets(url)}: expected {expected}")


def without_secrets(url: str) -> str:
    """The URL as messages and logs may show it: no query, no fragment, no login, no control characters."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"[:300]
    return "".join(char if char.isprintable() else "?" for char in shown)
