# SPDX-License-Identifier: AGPL-3.0-or-later
"""All versions this package speaks. Nobody else knows them all; others ask for a fact or a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from wwcp_ocpi import v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.version import Version

AnyLocation: TypeAlias = v2_1_1.Location | v2_2_1.Location | v2_3_0.Location
"""A Location of whichever version was agreed."""

AnyBooking: TypeAlias = v2_3_0.Booking
"""A Booking of whichever version was agreed."""

VERSIONS: dict[str, Version] = {known.number: known for known in (v2_1_1.VERSION, v2_2_1.VERSION, v2_3_0.VERSION)}
"""Every version by its number, oldest first."""


def version(number: str) -> Version:
    """The version of that number.

    Raises:
        UsageError: this package does not speak it.
    """
    found = VERSIONS.get(number)
    if found is None:
        raise UsageError(f"expected an OCPI version of {', '.join(VERSIONS)}, got {number[:32]!r}")
    return found


def best_common(ours: Iterable[str], theirs: Iterable[str]) -> Version | None:
    """The latest version in both lists; None when there is none. Numbers nobody knows are passed over."""
    common = set(ours) & set(theirs)
    return max((known for known in VERSIONS.values() if known.number in common), key=_rank, default=None)


def _rank(known: Version) -> tuple[int, ...]:
    return known.rank


__all__ = ["VERSIONS", "AnyBooking", "AnyLocation", "best_common", "version"]
