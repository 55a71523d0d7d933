# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a certificate allows: one permission for each module and direction, and the rows that need it.

A permission names what its holder is: a holder of CDR-SENDER sends CDRs, so it may POST them at our receiver
interface, and do nothing else. What each row of the endpoint tables needs follows from its interface and operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from cryptography.x509 import ObjectIdentifier

from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki.oids import Arc


class Direction(Enum):
    """What the holder does in a module. The number is the last one of the identifier."""

    SENDER = 1
    """Writes at the receiver interface: PUT, PATCH, POST, DELETE of one object, commands."""
    RECEIVER = 2
    """Uses the sender interface: lists, single objects, real-time authorisation, results of commands."""
    OWNER = 3
    """Reads back at the receiver interface what is its own, and clears all of it (an extension)."""


class Permission(NamedTuple):
    """One permission, written `CDR-SENDER`."""

    subject: str
    direction: Direction

    def __str__(self) -> str:
        return f"{self.subject}-{self.direction.name}"


SUBJECTS: Mapping[str, tuple[str, int]] = {
    "credentials": ("CREDENTIALS", 1),
    "locations": ("LOCATION", 2),
    "sessions": ("SESSION", 3),
    "cdrs": ("CDR", 4),
    "tariffs": ("TARIFF", 5),
    "tokens": ("TOKEN", 6),
    "commands": ("COMMAND", 7),
    "chargingprofiles": ("CHARGINGPROFILE", 8),
    "hubclientinfo": ("HUBCLIENTINFO", 9),
    "invoicereconciliation": ("INVOICERECONCILIATION", 10),
    "bookings": ("BOOKING", 11),
    "payments": ("PAYMENT", 12),
}
"""How a module is called in a permission, and its number under the arc. Numbers are never used again."""

FREE = frozenset({"versions"})
"""Modules that need no permission: without the versions nobody finds what it has a permission for."""

_OWN = frozenset({Operation.GET, Operation.GET_BY_URL, Operation.LIST_OF_PARTY, Operation.DELETE_OF_PARTY})
_READS = frozenset({Operation.GET_CREDENTIALS})

ALL: frozenset[Permission] = frozenset(
    Permission(subject, direction) for subject, _ in SUBJECTS.values() for direction in Direction
)
"""Every permission there is; some of them no row needs."""

_NUMBERS = dict(SUBJECTS.values())
_PERMISSION = re.compile(r"([A-Z]+)-(SENDER|RECEIVER|OWNER)")


def permission_of(row: Endpoint) -> Permission | None:
    """What a caller needs for an operation; None if it needs nothing.

    Raises:
        KeyError: a module without an entry in SUBJECTS.
    """
    if row.module in FREE:
        return None
    return Permission(SUBJECTS[row.module][0], _direction(row.interface, row.operation))


def _direction(interface: Interface, operation: Operation) -> Direction:
    if interface is Interface.SENDER or operation in _READS:
        return Direction.RECEIVER
    return Direction.OWNER if interface is Interface.RECEIVER and operation in _OWN else Direction.SENDER


def permission(text: str) -> Permission:
    """Read `CDR-SENDER`.

    Raises:
        UsageError: there is no such permission.
    """
    match = _PERMISSION.fullmatch(text.upper())
    if match is None or match[1] not in _NUMBERS:
        raise UsageError(f"expected a permission like CDR-SENDER, of {', '.join(_NUMBERS)}, got {text[:64]!r}")
    return Permission(match[1], Direction[match[2]])


def identifiers(permissions: Iterable[Permission], arc: Arc) -> list[ObjectIdentifier]:
    """The extended key usages that stand for these permissions, in their order under the arc."""
    ordered = sorted(permissions, key=lambda one: (_NUMBERS[one.subject], one.direction.value))
    return [arc.permission(_NUMBERS[one.subject], one.direction.value) for one in ordered]


def permissions_in(usages: Iterable[ObjectIdentifier], arc: Arc) -> frozenset[Permission]:
    """The permissions among extended key usages; what is none of them is passed over."""
    known = {arc.permission(_NUMBERS[one.subject], one.direction.value): one for one in ALL}
    return frozenset(known[usage] for usage in usages if usage in known)
