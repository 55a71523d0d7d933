# SPDX-License-Identifier: AGPL-3.0-or-later
"""Enums that keep values they do not know.

A partner that sends a value outside its version is reported, never refused: the value travels on as it came.
An unknown value is an instance of the enum without being one of its members, so `value in list(Status)` is
False while `Status("FLYING").value == "FLYING"`.

Spec: 2.3.0 types#types_open_enum_type; for the closed ones this is what partners need in practice.
"""

from __future__ import annotations

from enum import Enum
from typing import Self


class OCPIEnum(str, Enum):
    """A named set of words. Unknown words become instances that are not members."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    @property
    def is_known(self) -> bool:
        """Whether the specification of this version names the value."""
        return self._value_ in type(self)._value2member_map_

    def __str__(self) -> str:
        return str(self._value_)


class ClosedEnum(OCPIEnum):
    """The specification says: no other values. An unknown one is a warning."""


class OpenEnum(OCPIEnum):
    """The specification says: extensible. An unknown one is worth a note, not a warning."""
