# SPDX-License-Identifier: AGPL-3.0-or-later
"""How often somebody may be refused before nobody listens; no stranger can lock a partner out that way.

Refusals are counted for each address, and for each login at each address; both run dry and fill up again with time. An
address from which a login succeeded lately is that login's home: what strangers do from the same address does not count
against it, and nothing that happens at other addresses ever does. A login that is tried from many addresses is reported
and not refused: one-time passwords have so many bits that guessing them is hopeless.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import TypeVar

_T = TypeVar("_T")
_MOST = 4096
_HOME_S = 24 * 3600.0


class Failures:
    """Counts refusals. `per_minute` is how many an address gets, 0 counts none. No address, as in memory: no limit."""

    def __init__(self, per_minute: int = 60) -> None:
        self.per_minute = per_minute
        self._debts: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._homes: OrderedDict[tuple[str, str], float] = OrderedDict()

    @property
    def is_quiet(self) -> bool:
        """Whether there was no refusal lately, so that there is nothing to ask."""
        return not self._debts

    def wait_s(self, source: str, login: str, unix_s: float) -> float:
        """How long this address should wait before it tries again; 0: it may ask now. `login` may be empty."""
        if not self._debts or not source:
            return 0.0
        network = network_of(source)
        own = self._over(("own", f"{network} {login}"), unix_s) if login else 0.0
        if own or (login and self._homes.get((network, login), 0.0) > unix_s):
            return own
        return self._over(("all", network), unix_s)

    def failed(self, source: str, login: str, unix_s: float) -> bool:
        """Count a refusal; whether an address or a login has had too many with this one."""
        if not self.per_minute:
            return False
        tried = [self._add(("login", login), unix_s)] if login else []
        if source:
            network = network_of(source)
            tried.append(self._add(("all", network), unix_s))
            if login:
                tried.append(self._add(("own", f"{network} {login}"), unix_s))
        return any(tried)

    def succeeded(self, source: str, login: str, unix_s: float) -> None:
        """Remember where a login is at home."""
        if source:
            key = (network_of(source), login)
            if self._homes.get(key, 0.0) < unix_s + _HOME_S / 2:
                _remember(self._homes, key, unix_s + _HOME_S)

    def _add(self, key: tuple[str, str], unix_s: float) -> bool:
        """One more; whether it just became too many."""
        debt = self._debt(key, unix_s) + 1
        _remember(self._debts, key, (debt, unix_s))
        return self.per_minute <= debt < self.per_minute + 1

    def _over(self, key: tuple[str, str], unix_s: float) -> float:
        return max(0.0, self._debt(key, unix_s) - self.per_minute + 1) * 60 / max(1, self.per_minute)

    def _debt(self, key: tuple[str, str], unix_s: float) -> float:
        debt, since = self._debts.get(key, (0.0, unix_s))
        debt -= max(0.0, unix_s - since) * self.per_minute / 60
        if debt <= 0:
            self._debts.pop(key, None)
            return 0.0
        return debt


@lru_cache(maxsize=_MOST)
def network_of(source: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 of an IPv6 address, of which one machine has them all."""
    if ":" not in source:
        return source
    try:
        address = ipaddress.IPv6Address(source)
    except ValueError:
        return source
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.IPv6Network((address, 64), strict=False))


def _remember(known: OrderedDict[tuple[str, str], _T], key: tuple[str, str], value: _T) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _MOST:
        known.popitem(last=False)
