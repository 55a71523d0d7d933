# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many connections come from where. Who holds connections needs no token, so one caller must not have them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from wwcp_ocpi.security.failures import network_of

log = structlog.get_logger(__name__)


class Crowd:
    """The connections of one server by the address they come from."""

    def __init__(self, most: int, is_exempt: Callable[[str], bool] = lambda _: False) -> None:
        """Nobody is here yet.

        Args:
            most: From one IPv4 address or one /64 of IPv6; 0: any number.
            is_exempt: Addresses that stand for many callers, as those of a proxy do.
        """
        self.most = most
        self._is_exempt = is_exempt
        self._here: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more, which must leave once; whether there is room for it."""
        place = network_of(address)
        here = self._here[place] = self._here[place] + 1
        if not self.most or here <= self.most or not address or self._is_exempt(address):
            return True
        if here == self.most + 1:
            log.warning("http.too_many_connections", source=address, connections=self.most)
        return False

    def leave(self, address: str) -> None:
        """Count one less."""
        place = network_of(address)
        self._here[place] -= 1
        if not self._here[place]:
            del self._here[place]
