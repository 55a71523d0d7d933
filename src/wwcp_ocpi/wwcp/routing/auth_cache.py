# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was answered to a driver a moment ago, and how often was asked: so that providers are not asked for nothing."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult

CACHEABLE = frozenset(
    {
        AuthStartCode.Authorized,
        AuthStartCode.Blocked,
        AuthStartCode.Expired,
        AuthStartCode.NoCredit,
        AuthStartCode.NotAuthorized,
    }
)
"""Answers of somebody who knows. A time-out is asked again."""


class _Kept(NamedTuple):
    again: AuthStartResult
    """What is answered the next time."""
    until: int  # microseconds since 1970


class AuthCache:
    """Answers by who, where and what: a provider may allow a driver at one pool and not at another.

    Args:
        ttl_s: how long an answer holds; not longer than its own `expiry_date`.
        size: how many are kept; of too many the oldest quarter goes.
    """

    def __init__(self, *, ttl_s: float = 3600, size: int = 2000) -> None:
        self._ttl_micros = int(ttl_s * 1_000_000)
        self._size = size
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, request: AuthorizeStart, now: DateTime) -> AuthStartResult | None:
        """The answer, with the moment until which it holds; None when there is none any more."""
        key = _key(request)
        found = self._kept.get(key)
        if found is None:
            return None
        if found.until <= now.micros:
            del self._kept[key]
            return None
        return found.again

    def put(self, request: AuthorizeStart, result: AuthStartResult, now: DateTime) -> None:
        """Keep an answer, if it is one to be kept. The session that a partner named is not said again.

        An answer holds no longer than it says itself: one with a `cached_until` of now is for this session alone.
        """
        until = now.micros + self._ttl_micros
        for end in (result.expiry_date, result.cached_until):
            until = until if end is None else min(until, end.micros)
        if self._size < 1 or result.result not in CACHEABLE or until <= now.micros:
            return
        key = _key(request)
        self._kept.pop(key, None)
        if len(self._kept) >= self._size:
            for old in list(self._kept)[: max(self._size // 4, 1)]:
                del self._kept[old]
        moment = DateTime.from_micros(until)
        again = replace(result, cached_until=moment, session_id=None, emp_partner_session_id=None)
        self._kept[key] = _Kept(again, until)

    def forget(self) -> None:
        """Ask again from here on."""
        self._kept.clear()


def _key(request: AuthorizeStart) -> tuple[str, ...]:
    location = request.location
    place = "" if location is None else str(location.charging_pool_id or location.charging_station_operator_id or "")
    return (
        request.authentication.key,
        place.upper(),
        request.provider_id.canonical if request.provider_id else "",
        request.product.id if request.product else "",
    )


class RateLimit:
    """At most so many questions within so many seconds from one place. What is refused does not count.

    Args:
        count: questions; 0 means no limit.
        window_s: seconds.
        places: how many places are watched at once; the one that was quiet longest is forgotten first.
    """

    def __init__(self, *, count: int = 0, window_s: float = 300, places: int = 100_000) -> None:
        self._count = count
        self._window_micros = int(window_s * 1_000_000)
        self._places = places
        self._asked: dict[str, deque[int]] = {}

    def allows(self, place: str, now: DateTime) -> bool:
        """Whether one more question from there is within the limit; if so it is counted."""
        if self._count < 1:
            return True
        asked = self._asked.pop(place, None) or deque()
        self._asked[place] = asked  # at the end: it was heard of just now
        while asked and asked[0] <= now.micros - self._window_micros:
            asked.popleft()
        if len(asked) >= self._count:
            return False
        asked.append(now.micros)
        if len(self._asked) > self._places:
            del self._asked[next(iter(self._asked))]
        return True
