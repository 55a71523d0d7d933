# SPDX-License-Identifier: AGPL-3.0-or-later
"""The way to one partner: where it may lead, how TLS is on it, and who hears of what was refused."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from wwcp_ocpi.protocol.http import PartnerTLS
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused


def _nobody(_: OutboundRefused) -> None:
    """Nobody hears of it but the caller."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What every call of one partner has in common, whatever it is about."""

    policy: OutboundPolicy | None = None
    """The URLs that may be called, asked before our credentials are in a request. None: those of the transport."""
    tls: PartnerTLS | None = None
    """How TLS differs from that with others."""
    refused: Callable[[OutboundRefused], None] = _nobody
    """Told of every URL or address that was not called."""

    def check(self, url: str) -> None:
        """See that a URL may be called.

        Raises:
            OutboundRefused
        """
        if self.policy is not None:
            self.policy.check_url(url)


ANY_WAY = Way()
"""To whom nothing is known of: as the transport goes to everybody."""
