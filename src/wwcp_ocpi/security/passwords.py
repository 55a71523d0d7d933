# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a one-time password that somebody shows is good now, here, and for the first time.

What is expected of a login is a value. What was shown before is remembered for as long as it would be good: three
slots. A refusal is a value too; the caller hears none of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from enum import Enum
from math import log2
from typing import NamedTuple

import msgspec

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.security.carriers import Carrier, Shown
from wwcp_ocpi.security.totp import TOTP

DRIFT_S = 10
"""A partner's clock may differ by this much before it is worth a warning."""

_LEAST_BITS = 40
_WINDOWS = 4096
_USED = 4096
_LATE_SLOTS = 20


class SingleUse(Enum):
    """How often a password may be shown that is not bound to the channel."""

    OFF = "off"
    """As often as one likes while it is good."""
    PER_CONNECTION = "per_connection"
    """On the TLS 1.3 connection on which it was shown first; on other connections once."""
    STRICT = "strict"
    """Once: the login makes one request a slot, or three with the passwords of the neighbours."""


class Fault(Enum):
    """Why a password is refused: for the audit log, never for the caller. The names are those of its reasons."""

    MISSING_TOTP = "nothing was shown"
    INVALID_TOTP = "no slot has this password, or it came in a way that was not agreed"
    EXPIRED_TOTP = "a slot that is over has it"
    REPLAYED_TOTP = "it was shown before"
    UNBOUND_TOTP = "it must be bound to the connection"
    NO_CHANNEL = "it is bound, and the connection has no material"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a login must show. `ways` are the settings that count, the newest first; older ones while both are good."""

    ways: tuple[TOTP, ...]
    carriers: frozenset[Carrier] = frozenset({Carrier.HEADER})
    must_bind: bool = False
    single_use: SingleUse = SingleUse.OFF
    bare: bool = False
    """Whether a `TOTP` header without the digit in front is taken."""


class Matched(NamedTuple):
    """A password that is good. `way` is the index of the settings; `drift_s` how far the clocks differ at least."""

    way: int
    drift_s: int


def check_expected(expected: Expected) -> None:
    """Refuse settings that nobody could meet, or anybody.

    Raises:
        UsageError
    """
    if not expected.carriers:
        raise UsageError("one-time passwords need at least one carrier: header, basic or scheme")
    if expected.must_bind and Carrier.BASIC in expected.carriers:
        raise UsageError("a password in Basic is never bound to the connection: take another carrier")
    for way in expected.ways:
        bits = way.length * log2(len(way.alphabet))
        if bits < _LEAST_BITS:
            raise UsageError(
                f"{way.length} characters of {len(way.alphabet)} can be guessed: expected at least {_LEAST_BITS} bits, "
                f"got {int(bits)}"
            )


class _Window(NamedTuple):
    way: TOTP
    slot: int
    previous: bytes
    current: bytes
    following: bytes


class PasswordCheck:
    """Checks passwords of all logins, and remembers what it must."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int, bytes], _Window] = {}
        self._used: dict[tuple[str, int, str], tuple[float, bytes | None]] = {}

    def check(
        self, login: str, expected: Expected, shown: Shown | None, channel: Channel | None, unix_s: float
    ) -> Matched | Fault:
        """Whether `login` may do what it asks with the password it showed.

        A password that says it is bound is checked against the connection or not at all (no downgrade).

        Args:
            login: Names the login among all others; not a secret.
            shown: None if nothing was.
        """
        if shown is None:
            return Fault.MISSING_TOTP
        if shown.carrier not in expected.carriers:
            return Fault.INVALID_TOTP
        exporter = b""
        if shown.is_bound:
            exporter = (channel.exporter if channel is not None else None) or b""
            if not exporter:
                return Fault.NO_CHANNEL
        elif expected.must_bind:
            return Fault.UNBOUND_TOTP
        text = shown.password.encode("utf-8", "surrogatepass")
        for index, way in enumerate(expected.ways):
            slot = way.slot_at(unix_s)
            step = self._step((login, index, exporter), way, text, slot)
            if step is not None:
                is_repeatable = exporter or expected.single_use is SingleUse.OFF
                if not is_repeatable and self._is_used(
                    login, expected, shown.password, way, slot + step, channel, unix_s
                ):
                    return Fault.REPLAYED_TOTP
                return Matched(index, _drift(way, step, unix_s) if step else 0)
        late = any(_was_good(way, text, exporter, unix_s) for way in expected.ways)
        return Fault.EXPIRED_TOTP if late else Fault.INVALID_TOTP

    def _step(self, key: tuple[str, int, bytes], way: TOTP, shown: bytes, slot: int) -> int | None:
        """Which of the three passwords that are good now was shown: -1, 0 or 1. They are remembered for each `key`."""
        window = self._windows.get(key)
        if window is None or window.slot != slot or window.way is not way:
            if len(self._windows) >= _WINDOWS:
                self._windows.clear()
            made = [way.password(one, key[2]).encode() for one in (slot - 1, slot, slot + 1)]
            window = self._windows[key] = _Window(way, slot, made[0], made[1], made[2])
        # All three are compared, each in constant time: how long it takes tells nothing.
        is_previous = hmac.compare_digest(window.previous, shown)
        is_next = hmac.compare_digest(window.following, shown)
        if hmac.compare_digest(window.current, shown):
            return 0
        if is_previous:
            return -1
        return 1 if is_next else None

    def _is_used(
        self,
        login: str,
        expected: Expected,
        password: str,
        way: TOTP,
        slot: int,
        channel: Channel | None,
        unix_s: float,
    ) -> bool:
        """Whether this password was shown before where it must not be shown again; remembers it."""
        connection = channel.exporter if channel is not None else None
        if expected.single_use is SingleUse.STRICT:
            connection = None
        key = (login, slot, password)
        before = self._used.get(key)
        if before is not None and before[0] > unix_s:
            return connection is None or before[1] != connection
        if len(self._used) >= _USED:
            self._used = {one: value for one, value in self._used.items() if value[0] > unix_s}
        self._used[key] = ((slot + 2) * way.validity_s, connection)
        return False


def _drift(way: TOTP, step: int, unix_s: float) -> int:
    """Seconds between the clocks at least: a password of the slot before was made before this slot began."""
    into = int(unix_s) % way.validity_s
    return into if step < 0 else way.validity_s - into


def _was_good(way: TOTP, shown: bytes, exporter: bytes, unix_s: float) -> bool:
    slot = way.slot_at(unix_s)
    return any(
        hmac.compare_digest(way.password(slot - back, exporter).encode(), shown)
        for back in range(2, min(_LATE_SLOTS, slot) + 1)
    )


def carriers(names: Iterable[str]) -> frozenset[Carrier]:
    """Read names of carriers.

    Raises:
        UsageError: there is no such carrier.
    """
    try:
        return frozenset(Carrier(name.lower()) for name in names)
    except ValueError as error:
        raise UsageError(f"expected carriers of {', '.join(one.value for one in Carrier)}: {error}") from error
