# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a partner is called: the certificate that we show it, who vouches for its server, and the hosts where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import PartnerTLS
from wwcp_ocpi.scalars import Secret, now
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.client_identity import Shown, certificates_in, check_identity
from wwcp_ocpi.security.outbound import OutboundPolicy

_HOST = re.compile(r"([a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


class TLSTo(msgspec.Struct, frozen=True, kw_only=True):
    """TLS towards one partner where it differs from that towards all. PEM; `key` is sealed.

    Without a certificate the one of the configuration is shown, without `authorities` and `pins` those of the
    configuration vouch for the partner's server. Pins alone decide alone; with authorities, both must fit.
    """

    certificate: str = ""
    key: str = ""
    authorities: str = ""
    pins: tuple[str, ...] = ()
    created: str = ""
    """When the certificate was set."""

    @property
    def certificates(self) -> tuple[Shown, ...]:
        """The chain that is shown."""
        return certificates_in(self.certificate) if self.certificate else ()

    @property
    def trusted(self) -> tuple[Shown, ...]:
        """The authorities that may vouch for the partner's server."""
        return certificates_in(self.authorities) if self.authorities else ()


class TLSWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; None stays as it is. Empty authorities or pins: as for everybody again."""

    certificate: tuple[str, Secret] | None = None
    """The chain and its key, both PEM."""
    authorities: str | None = None
    pins: tuple[str, ...] | None = None


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts of a partner, each `host` or `host:port`: beside those of the URLs that it registered, or only these."""

    named: tuple[str, ...] = ()
    only: bool = False
    """Whether new URLs of the partner must be on these hosts, and those that it registered count for nothing."""


def wished(vault: Vault, known: TLSTo | None, wish: TLSWish) -> TLSTo:
    """The settings with what is to be different.

    Raises:
        UsageError: what is wished cannot be used.
    """
    made = known or TLSTo()
    at = now()
    if wish.certificate is not None:
        chain, key = wish.certificate
        check_identity(chain, key, at)
        made = replace(made, certificate=chain, key=vault.seal(key), created=at.wire)
    if wish.authorities is not None:
        if wish.authorities:
            certificates_in(wish.authorities)
        made = replace(made, authorities=wish.authorities)
    return made if wish.pins is None else replace(made, pins=wish.pins)


def opened(vault: Vault, partner: str, tls: TLSTo | None) -> PartnerTLS | None:
    """What a transport needs.

    Raises:
        UsageError: sealed with another server key.
    """
    if tls is None:
        return None
    return PartnerTLS(
        partner=partner,
        certificate=tls.certificate,
        key=vault.open(tls.key) if tls.key else None,
        authorities=tls.authorities,
        pins=tls.pins,
    )


@lru_cache(maxsize=1024)
def policy_for(policy: OutboundPolicy, urls: tuple[str, ...], hosts: Hosts) -> OutboundPolicy:
    """What may be called of a partner with these URLs; kept, because each delivery asks for it."""
    return policy.for_partner(urls, hosts.named, only=hosts.only)


def hosts(names: Iterable[str], *, only: bool) -> Hosts:
    """Hosts as an operator writes them.

    Raises:
        UsageError: one is none, or only none may be called.
    """
    named = tuple(dict.fromkeys(name.strip().lower().rstrip(".") for name in names))
    for name in named:
        if not _HOST.fullmatch(name):
            raise UsageError(f"expected host or host:port, got {name[:80]!r}")
    named = tuple(name.replace("[", "").replace("]", "") for name in named)  # as policies know IPv6
    if only and not named:
        raise UsageError("expected at least one host, if only the named ones may be called")
    return Hosts(named=named, only=only)
