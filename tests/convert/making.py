# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects of any version to convert: valid ones of any content, with nulls, unknown fields and odd digits in them."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.objects import location, token
from wwcp_ocpi.convert import ConnectorKind, Context, Known
from wwcp_ocpi.convert.bridge import ALIASES, NOT_CONVERTED, STEPS
from wwcp_ocpi.convert.rules import Step
from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.shape import Cardinality, Field, StructType, fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, OCPIEnum, PartyId

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_FORMED = ("51.047599", "-3.729944", "3.12345", "51.0475991", "08:00", "23:59", "2026-11-24", "2025-01-31")
"""A text of every form that a field may ask for."""
_encoder = msgspec.json.Encoder(decimal_format="number")

CONTEXT = Context(
    owner=PartyId("DE", "GEF"),
    unpublished=True,
    time_zone="Europe/Berlin",
    postal_code="",
    vat=Decimal(19),
    role="CPO",
    token=Known("2.2.1", json.dumps(token("2.2.1")).encode()),
    driver=PartyId("NL", "EMP"),
    token_uid="012345678",
    token_type="RFID",
    location=Known("2.1.1", json.dumps(location("2.1.1")).encode()),
    connector=ConnectorKind("IEC_62196_T2", "SOCKET", "AC_3_PHASE"),
    timeout=30,
    reservation_id=7,
)
"""Everything that a body may lack."""


def names(step: Step) -> list[str]:
    """The objects that exist on both sides of a step."""
    found = {name for name in step.lower.objects if name in step.upper.objects} - NOT_CONVERTED.keys()
    return sorted(found | ALIASES.get(step.lower.number, {}).keys())


def type_of(name: str, number: str) -> StructType:
    """The shape of an object in a version."""
    return VERSIONS[number].objects[ALIASES.get(number, {}).get(name, name)]


EVERY_OBJECT = [(step, name) for step in STEPS for name in names(step)]


def seeds() -> st.SearchStrategy[int]:
    """Numbers for `body_of`. An object as hypothesis draws it field by field would cost half a second each."""
    return st.integers(0, 2**32)


def body_of(cls: StructType, seed: int) -> bytes:
    """The valid object that belongs to a number; for odd ones not all in it is as specified."""
    random = _Random(seed)
    random.is_odd = seed % 2 == 1
    return _encoder.encode(_object(cls, random, random.choice((0.1, 0.5, 0.9))))


class _Random(Random):
    """Whether words, lengths and forms may be such that a receiver keeps them with a warning."""

    is_odd = False

    def errs(self) -> bool:
        return self.is_odd and self.random() < 0.1


def _object(cls: StructType, random: _Random, often: float) -> dict[str, Any]:
    """An object with fields, nulls and unknown fields in any order. `often`: how likely an optional field is there."""
    made: dict[str, Any] = {}
    for field in fields_of(cls):
        if field.cardinality.is_required or random.random() < often:
            made[field.name] = _field(field, random, often)
        elif random.random() < 0.1:
            made[field.name] = None
    if random.random() < 0.2:
        made["x_vendor"] = {"Ä": [1.5, Decimal("2.50"), None], "last": random.randrange(9)}
    items = list(made.items())
    random.shuffle(items)
    return dict(items)


def _field(field: Field, random: _Random, often: float) -> Any:
    if not field.cardinality.is_list:
        return _value(field, random, often)
    least = 1 if field.cardinality is Cardinality.SOME else 0
    return [_value(field, random, often) for _ in range(random.randint(least, 2))]


def _value(field: Field, random: _Random, often: float) -> Any:
    kind = field.type
    if issubclass(kind, msgspec.Struct):
        return _object(kind, random, often * 0.8)
    if issubclass(kind, OCPIEnum):
        return (
            random.choice(["FLYING", "TRAM_STOP", "HUB", "CHAOJI"])
            if random.errs()
            else random.choice(list(kind)).value
        )
    if kind is DateTime:
        return (
            f"20{random.randrange(10, 40)}-0{random.randrange(1, 10)}-11T10:0{random.randrange(10)}:09"
            + random.choice(("", "Z", ".5Z"))
        )
    if kind is Decimal:
        return Decimal(random.randrange(-(10**6), 10**6)).scaleb(-random.randrange(5)) + random.choice(
            (Decimal("0.00"), Decimal(0))
        )
    if kind is int:
        return random.randrange(10 ** (field.digits or 9))
    if kind is bool:
        return random.random() < 0.5
    return _text(field, random)


def _text(field: Field, random: _Random) -> str:
    assert field.text is not None
    if random.errs():
        return random.choice(("x" * 300, "", "1.23456789", "é"))
    if field.text.pattern is not None:
        return random.choice([text for text in _FORMED if re.fullmatch(field.text.pattern, text)])
    if field.text.kind == "URL":
        return "https://partner.example/x?y=z#f"
    letters = _PRINTABLE if field.text.kind == "CiString" else _PRINTABLE + "Äß\u20ac\U0001f600"
    most = field.text.max or 12
    length = most if random.random() < 0.2 else random.randint(1, min(most, 12))
    return "".join(random.choices(letters, k=length))


def errors(name: str, number: str, body: bytes) -> list[str]:
    """Why the body is no such object of a version; empty when it is one."""
    found = check(type_of(name, number), body)
    return [f"{one.path}: {one.message}" for one in found if one.severity is Severity.ERROR]


def canonical(body: bytes) -> Any:
    """JSON for comparing: every number as the text that it was written as."""
    return json.loads(body, parse_float=_number, parse_int=_number)


def _number(text: str) -> str:
    return f"number {text}"


def at(value: Any, path: str) -> Any:
    """What stands at a JSON path; KeyError or IndexError when there is no such place."""
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path.removeprefix("$")):
        value = value[name] if name else value[int(index)]
    return value
