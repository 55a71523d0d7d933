# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids and moments as JSON texts."""

from __future__ import annotations

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.parties import Id


def to_wire(value: object) -> object:
    """For an encoder: a moment as it was received, an id as it was written."""
    return value.wire if isinstance(value, DateTime) else str(value)


def from_wire(kind: type, value: object) -> object:
    """For a decoder. Raises ValueError with what was expected."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text that is a {kind.__name__}, got {type(value).__name__}")  # noqa: TRY004
    if issubclass(kind, Id):
        return kind.parse(value)
    return DateTime.parse(value)
