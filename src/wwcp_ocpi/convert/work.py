# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a conversion has at hand at one object: the context, the place, and where losses are written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from wwcp_ocpi.convert.context import Context, Known
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.protocol.patch import RawObject


class Loss(msgspec.Struct, frozen=True):
    """What the other version cannot say: its place in the object that was converted, and in words."""

    path: str
    text: str


class Inexpressible(Exception):
    """This value cannot be told. It is left out with the smallest thing around it that may be absent."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


class Journal:
    """What one step of a conversion writes down. `moves`: where parts of the result stood in the source."""

    __slots__ = ("losses", "moves")

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.moves: dict[str, str] = {}


class Others(Protocol):
    """How a rule has other objects converted."""

    def part(self, name: str, fields: RawObject, work: Work) -> RawObject:
        """An object of the source of this step, in its target."""
        ...

    def back(self) -> Others:
        """The same for the way back."""
        ...

    @property
    def number(self) -> str:
        """The version that is converted to."""
        ...

    @property
    def up(self) -> bool:
        """Whether that is the upper one of the step."""
        ...

    def whole(self, known: Known, name: str, context: Context) -> RawObject:
        """An object of any version, in the target of this step.

        Raises:
            CannotConvert, InvalidParameters: as `convert`.
        """
        ...


class Work:
    """One object under conversion. `path` is its place in the source, `to` in the result, None when nobody asks."""

    __slots__ = ("context", "journal", "others", "path", "scope", "to")

    def __init__(
        self,
        context: Context,
        others: Others,
        journal: Journal | None,
        path: str = "$",
        to: str | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        self.context = context
        self.others = others
        self.journal = journal
        self.path = path
        self.to = to
        self.scope: Mapping[str, Any] = scope or {}
        """What an object above says that matters below."""

    @property
    def target(self) -> str:
        """The number of the version that is converted to."""
        return self.others.number

    @property
    def is_up(self) -> bool:
        """Whether the upper version is converted to."""
        return self.others.up

    def below(self, place: str, to: str) -> Work:
        """The work at an object further down."""
        after = None if self.to is None else self.to + to
        return Work(self.context, self.others, self.journal, self.path + place, after, self.scope)

    def within(self, **scope: Any) -> Work:
        """The same work, knowing more of what stands above."""
        return Work(self.context, self.others, self.journal, self.path, self.to, {**self.scope, **scope})

    def quiet(self) -> Work:
        """The same work, without anything being written down."""
        return Work(self.context, self.others, None, self.path, None, self.scope)

    def back(self) -> Work:
        """The way back from here, without anything being written down."""
        return Work(self.context, self.others.back(), None, self.path, None, self.scope)

    def part(self, name: str, fields: RawObject) -> RawObject:
        """Another object of this version, converted on the way; what it loses is not written down."""
        return self.others.part(name, fields, self.quiet())

    def whole(self, known: Known, name: str) -> RawObject:
        """An object that is known from elsewhere, in the version that is converted to."""
        return self.others.whole(known, name, self.context)

    def lose(self, place: str, text: str) -> None:
        """Write down that what stands at `place`, like `.taxes[1]`, is not told."""
        if self.journal is not None:
            self.journal.losses.append(Loss(self.path + place, text))

    def moved(self, place: str, to: str) -> None:
        """Write down that what stood at `place` stands at `to` now."""
        if self.to is not None and self.journal is not None:
            self.journal.moves[self.to + to] = self.path + place

    def refusal(self, place: str, setting: str | None, text: str) -> CannotConvert:
        """The error of something that must be told and cannot."""
        path = self.path + place
        advice = f"; the setting {setting!r} decides it" if setting else ""
        return CannotConvert(f"{path}: OCPI {self.target} {text}{advice}", path=path, setting=setting)
