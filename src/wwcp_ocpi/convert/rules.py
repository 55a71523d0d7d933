# SPDX-License-Identifier: AGPL-3.0-or-later
"""The differences between two neighbouring versions, each with a name, both directions and the reason.

A rule covers some fields of an object of the lower version and those of its counterpart in the upper one. Fields
that are equal in both need no rule (`plan`). Going up, whatever `down` would not give back is kept beside the
result (`engine`); so a rule may change a value upwards as its meaning asks, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from wwcp_ocpi.convert.work import Inexpressible, Work
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.version import Version

Change: TypeAlias = Callable[[RawObject, Work], RawObject]
Enter: TypeAlias = Callable[[RawObject, Work], Work]

NULL = b"null"


class Rule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One difference. `up` and `down` take the fields of the source and give those of the target that the rule covers.

    None for a direction means that the fields pass as they are.
    """

    kind: str
    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    why: str
    up: Change | None = None
    down: Change | None = None
    inverse: bool = False
    """Whether `down` gives back what `up` was given, always, so that nobody need try."""
    idle: bool = False
    """Whether it has nothing to do where none of its fields is there."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Words of an enum that the other version does not have. Each is replaced, or left out (None).

    `otherwise` replaces words of an open enum that no version names, where the other enum is closed; without it they
    are left out.
    """

    why: str
    up: Mapping[str, str | None] = {}
    down: Mapping[str, str | None] = {}
    otherwise: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All that is different between two neighbours: `objects` and `words` by the names below and above.

    An object or enum that is in neither table is the same in both, or differs only in what it holds.
    """

    lower: Version
    upper: Version
    objects: Mapping[tuple[str, str], tuple[Rule, ...]]
    words: Mapping[tuple[str, str], Words]
    scopes: Mapping[str, Enter] = {}
    """Objects that tell those below them something, by the name that they have in both versions."""

    @property
    def extension(self) -> str:
        """The field in which objects of the upper version keep what only the lower one can say."""
        return f"ocpi_{self.lower.number.replace('.', '_')}"

    def __repr__(self) -> str:
        return f"<{self.lower.number} to {self.upper.number}>"


def raw(value: object) -> msgspec.Raw:
    """A plain value as the value of a field."""
    return msgspec.Raw(msgspec.json.encode(value))


def says(value: msgspec.Raw | None) -> bool:
    """Whether a field says anything: not absent, not null, not an empty list."""
    if value is None:
        return False
    text = bytes(value)
    return text != NULL and not (text[:1] == b"[" and not text[1:-1].strip())


def is_given(value: msgspec.Raw | None) -> bool:
    """Whether a field is there and not null."""
    return value is not None and bytes(value) != NULL


def plain(value: msgspec.Raw | None) -> Any:
    """What a field holds; None when it is absent."""
    return None if value is None else msgspec.json.decode(value)


def lose_if_said(fields: RawObject, name: str, work: Work) -> None:
    """Write a field down as lost if it says anything."""
    if says(fields.get(name)):
        work.lose(f".{name}", f"OCPI {work.target} has no such field here")


def nothing(fields: RawObject, work: Work) -> RawObject:
    """No field at all."""
    return {}


def renamed(lower: str, upper: str, why: str = "Another name for the same.") -> Rule:
    """The same value under two names."""

    def up(fields: RawObject, work: Work) -> RawObject:
        return {upper: fields[lower]} if lower in fields else {}

    def down(fields: RawObject, work: Work) -> RawObject:
        return {lower: fields[upper]} if upper in fields else {}

    return Rule(kind="renamed", lower=(lower,), upper=(upper,), up=up, down=down, inverse=True, why=why)


def added(*names: str, why: str) -> tuple[Rule, ...]:
    """Optional fields that the upper version has more: lost on the way down."""
    return tuple(_added(name, why) for name in names)


def _added(name: str, why: str) -> Rule:
    def down(fields: RawObject, work: Work) -> RawObject:
        lose_if_said(fields, name, work)
        return {}

    return Rule(kind="added", upper=(name,), up=nothing, down=down, inverse=True, idle=True, why=why)


def removed(name: str, why: str) -> Rule:
    """An optional field that the upper version has no more: kept beside on the way up."""
    return Rule(kind="removed", lower=(name,), up=nothing, down=nothing, why=why)


def passes(*names: str, why: str) -> tuple[Rule, ...]:
    """Fields that differ on paper and pass as they are."""
    return tuple(Rule(kind="passes", lower=(name,), upper=(name,), why=why) for name in names)


def essential(name: str, why: str) -> Rule:
    """An optional object that is never left out alone: what it is part of goes with it."""
    return Rule(kind="essential", lower=(name,), upper=(name,), why=why)


def decisive(*names: str, why: str) -> tuple[Rule, ...]:
    """Optional fields that the upper version has more, and without which the rest of the object would mean another."""
    return tuple(_decisive(name, why) for name in names)


def _decisive(name: str, why: str) -> Rule:
    def down(fields: RawObject, work: Work) -> RawObject:
        if says(fields.get(name)):
            text = f"OCPI {work.target} has no {name}, and without it the rest would mean something else"
            raise Inexpressible(f"{work.path}.{name}", text)
        return {}

    return Rule(kind="decisive", upper=(name,), up=nothing, down=down, inverse=True, idle=True, why=why)


def cut(name: str, most: int, why: str) -> Rule:
    """A text that the lower version allows fewer characters."""

    def down(fields: RawObject, work: Work) -> RawObject:
        value = fields.get(name)
        if value is None:
            return {}
        text = plain(value) if len(bytes(value)) - 2 > most else None
        if not isinstance(text, str) or len(text) <= most:
            return {name: value}
        work.lose(f".{name}", f"OCPI {work.target} has room for {most} characters, these are {len(text)}; cut off")
        return {name: raw(text[:most])}

    return Rule(kind="cut", lower=(name,), upper=(name,), down=down, why=why)


def differs(
    lower: str, upper: str, *, up: Change | None = None, down: Change | None = None, why: str, kind: str = "differs"
) -> Rule:
    """Any other difference. Field names are separated by blanks."""
    return Rule(kind=kind, lower=tuple(lower.split()), upper=tuple(upper.split()), up=up, down=down, why=why)
