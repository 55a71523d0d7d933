# SPDX-License-Identifier: AGPL-3.0-or-later
"""The shape of an object, read from its Struct, and what follows from it: the PATCH form and the strict form.

A Struct is written once, field by field as the specification lists them. From it come: the parity table, the
form that a PATCH may have (absent and null kept apart), a strict twin that refuses what the specification
refuses, used as a fast first look before the slow and thorough one, and a twin of the numbers alone.
"""

from __future__ import annotations

import types
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from wwcp_ocpi.scalars import DateTime, Number, OCPIEnum, OpenEnum, Text
from wwcp_ocpi.scalars.datetime import MAX_LENGTH, STRICT
from wwcp_ocpi.scalars.numbers import Decimals, Digits

StructType: TypeAlias = type[msgspec.Struct]


class Cardinality(Enum):
    """How often a field occurs, in the specification's signs."""

    ONE = "1"
    OPTIONAL = "?"
    SOME = "+"
    ANY = "*"

    @property
    def is_required(self) -> bool:
        """Whether the field must be there and must not be null."""
        return self in (Cardinality.ONE, Cardinality.SOME)

    @property
    def is_list(self) -> bool:
        """Whether the field holds a JSON array."""
        return self in (Cardinality.SOME, Cardinality.ANY)


class Field(msgspec.Struct, frozen=True):
    """One field of an object. `type` is the Python type of one value, without list and None."""

    name: str
    type: Any
    cardinality: Cardinality
    text: Text | None = None
    digits: int | None = None
    annotation: Any = None
    decimals: int | None = None

    @property
    def type_name(self) -> str:
        """The specification's name of the type."""
        if self.text is not None:
            return self.text.kind
        plain = {int: "int", bool: "boolean", Number: "number"}
        return plain.get(self.type) or str(self.type.__name__)

    @property
    def max(self) -> int | None:
        """The greatest length in characters, if there is one."""
        if self.type is DateTime:
            return MAX_LENGTH
        return self.text.max if self.text else None


def _unwrap(hint: Any) -> tuple[Any, list[object]]:
    """Take Annotated apart: the type inside and all that was said about it."""
    notes: list[object] = []
    while get_origin(hint) is Annotated:
        inner, *said = get_args(hint)
        notes += said
        hint = inner
    return hint, notes


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        (value,) = (arg for arg in get_args(hint) if arg not in (type(None), msgspec.UnsetType))
        return value, type(None) in get_args(hint)
    return hint, False


def _field(name: str, hint: Any) -> Field:
    outer, optional = _without_none(hint)
    inner, notes = _unwrap(outer)
    many = get_origin(inner) is list
    if many:
        (value,) = get_args(inner)
        inner, notes = _unwrap(value)
        cardinality = Cardinality.ANY if optional else Cardinality.SOME
    else:
        cardinality = Cardinality.OPTIONAL if optional else Cardinality.ONE
    text = next((note for note in notes if isinstance(note, Text)), None)
    digits = next((note.max for note in notes if isinstance(note, Digits)), None)
    decimals = next((note.max for note in notes if isinstance(note, Decimals)), None)
    return Field(name, inner, cardinality, text, digits, hint, decimals)


@cache
def fields_of(cls: StructType) -> tuple[Field, ...]:
    """The fields of an object in the specification's order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_field(name, hints[name]) for name in cls.__struct_fields__)


@cache
def field_names(cls: StructType) -> frozenset[str]:
    """The names of an object's fields."""
    return frozenset(cls.__struct_fields__)


@cache
def patch_form(cls: StructType) -> StructType:
    """The form of a PATCH of this object: every field may be absent (UNSET); an optional one may be null.

    Null and absent are never the same here: null takes a value away, absent leaves it alone.
    """
    made: list[tuple[str, Any, Any]] = [
        (field.name, field.annotation | msgspec.UnsetType, msgspec.UNSET) for field in fields_of(cls)
    ]
    return msgspec.defstruct(
        f"{cls.__name__}Patch",
        made,
        frozen=True,
        kw_only=True,
        module=cls.__module__,
    )


_GREATEST = 2**63 - 1
"""Of the whole numbers that the strict form takes without a closer look."""


def _strict_text(text: Text, is_plain: bool) -> Any:
    form = text.pattern or ("[\\x20-\\x7e]*" if text.kind == "CiString" and not is_plain else None)
    pattern = rf"^(?:{form})\Z" if form else None
    if text.max is None and pattern is None:
        return str
    return Annotated[str, msgspec.Meta(max_length=text.max, pattern=pattern)]


def _strict_value(field: Field, is_plain: bool) -> Any:
    if field.text is not None:
        return _strict_text(field.text, is_plain)
    if field.type is DateTime:
        return Annotated[str, msgspec.Meta(max_length=MAX_LENGTH, pattern=rf"^(?:{STRICT})\Z")]
    if field.type is Number:
        whole = Annotated[int, msgspec.Meta(ge=-_GREATEST, le=_GREATEST)]
        # Digits behind the point cannot be counted here: such a number gets the thorough look.
        return whole if field.decimals is not None else whole | float
    if field.type is int and field.digits is not None:
        return Annotated[int, msgspec.Meta(gt=-(10**field.digits), lt=10**field.digits)]
    if isinstance(field.type, type) and issubclass(field.type, OpenEnum):
        return str
    if isinstance(field.type, type) and issubclass(field.type, OCPIEnum):
        return Literal[tuple(member.value for member in field.type)]
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
        return strict_form(field.type, is_plain)
    return field.type


@cache
def strict_form(cls: StructType, is_plain: bool = False, partial: bool = False) -> StructType:
    """A twin that decodes only what the specification allows: lengths, patterns, closed enums, list sizes.

    What it accepts has no findings but notes; what it refuses gets the thorough look of `conformance`. `is_plain`:
    for bodies in which every text is printable ASCII, so that CiStrings need no look. `partial`: for a PATCH, in which
    nothing is required and what is not optional is not null.
    """
    made: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    value: Any
    for field in fields_of(cls):
        value = _strict_value(field, is_plain)
        if field.cardinality is Cardinality.ONE:
            made.append((field.name, value))
        elif field.cardinality is Cardinality.SOME:
            made.append((field.name, Annotated[list[value], msgspec.Meta(min_length=1)]))
        elif field.cardinality is Cardinality.ANY:
            made.append((field.name, list[value] | None, None))
        else:
            made.append((field.name, value | None, None))
    if partial:
        made = [(entry[0], entry[1] | msgspec.UnsetType, msgspec.UNSET) for entry in made]
    return msgspec.defstruct(f"{cls.__name__}Strict", made, kw_only=True, frozen=True, module=cls.__module__)


@cache
def numbers_form(cls: Any) -> Any:
    """A twin that holds only numbers and what leads to them; None where there are none.

    msgspec reads a Decimal from a text too, "NaN" included. This twin does not.
    """
    if get_origin(cls) is list:
        (item,) = get_args(cls)
        inner: Any = numbers_form(item)
        return None if inner is None else list[inner]
    if not (isinstance(cls, type) and issubclass(cls, msgspec.Struct)):
        return None
    made: list[tuple[str, Any, Any]] = []
    for field in fields_of(cls):
        value: Any = int | float if field.type is Number else numbers_form(field.type)
        if value is not None:
            many = field.cardinality.is_list
            made.append((field.name, (list[value] if many else value) | None, None))
    return msgspec.defstruct(f"{cls.__name__}Numbers", made, module=cls.__module__) if made else None
