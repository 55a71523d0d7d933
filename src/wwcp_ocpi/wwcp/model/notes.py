# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was not taken over, and where it stood: nothing is lost in silence."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

_T = TypeVar("_T")


class Note(msgspec.Struct, frozen=True):
    """One thing that was left out, changed or kept unread. `path` is the JSON path in the WWCP object."""

    path: str
    text: str


class Mapped(msgspec.Struct, Generic[_T], frozen=True):
    """What was made of the entity `id`, None where nothing could be, and what was lost on the way."""

    id: str
    value: _T | None
    notes: list[Note] = []


class Loaded(msgspec.Struct, Generic[_T], frozen=True):
    """What was read, and what of it was not understood."""

    value: _T
    notes: list[Note] = []
