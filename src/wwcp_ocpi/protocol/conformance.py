# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wrong with an object, all of it, each with its JSON path and what was expected.

An error means: no such object can be made of this. A warning means: kept as it is, the specification asks for
something else (a length, a closed enum's value, a DateTime spelling). A note means: kept, and rightly so (an
unknown field, a new value of an open enum).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from wwcp_ocpi.protocol.codec import read_json
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.shape import Cardinality, Field, StructType, field_names, fields_of
from wwcp_ocpi.scalars import DateTime, Number, OCPIEnum, OpenEnum

_unprintable = re.compile(r"[\x00-\x1f\x7f]")
_MAX_EXPONENT = 308
"""Of the numbers that every JSON reader can hold (RFC 8259 section 6)."""


class Severity(Enum):
    """Whether the object can be used at all."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as specified: where, which rule, how bad, and in words."""

    path: str
    rule: str
    severity: Severity
    message: str


def check(cls: StructType, body: bytes, *, partial: bool = False) -> list[Finding]:
    """All findings on one JSON object. `partial`: it is a PATCH, so that nothing is required.

    Raises:
        MalformedBody, TooLarge: as `codec.read_json`.
    """
    return list(_object(cls, read_json(body), "$", partial))


def refuse_errors(findings: list[Finding], what: str) -> None:
    """Turn errors among the findings into one refusal that names the first and counts the rest.

    Raises:
        InvalidParameters: there is at least one error.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InvalidParameters(f"{what}: {errors[0].path}: {errors[0].message}{more}", path=errors[0].path)


def _error(path: str, rule: str, message: str) -> Finding:
    return Finding(path, rule, Severity.ERROR, message)


def _warning(path: str, rule: str, message: str) -> Finding:
    return Finding(path, rule, Severity.WARNING, message)


def _note(path: str, rule: str, message: str) -> Finding:
    return Finding(path, rule, Severity.NOTE, message)


def _shown(value: Any) -> str:
    """What stood there as JSON, short enough for a log line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return repr(value[:40])
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)[:40]


def _object(cls: StructType, value: Any, path: str, partial: bool = False) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield _error(path, "TYP-13", f"expected an object of type {cls.__name__}, got {_shown(value)}")
        return
    for field in fields_of(cls):
        at = f"{path}.{field.name}"
        if field.name not in value:
            if field.cardinality.is_required and not partial:
                yield _error(at, "TYP-13", f"required in {cls.__name__}, but missing")
        elif value[field.name] is None:
            if field.cardinality.is_required:
                yield _error(at, "TYP-13", f"required in {cls.__name__}, but null")
        elif field.cardinality.is_list:
            yield from _list(field, value[field.name], at)
        else:
            yield from _value(field, value[field.name], at)
    for name in value:
        if name not in field_names(cls):
            yield _note(f"{path}.{name}", "TRN-32", f"{cls.__name__} has no such field; kept")


def _list(field: Field, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield _error(path, "TYP-13", f"expected an array of {field.type_name}, got {_shown(value)}")
        return
    if not value and field.cardinality is Cardinality.SOME:
        yield _error(path, "TYP-13", "at least one element, got 0")
    for index, item in enumerate(value):
        yield from _value(field, item, f"{path}[{index}]")


def _value(field: Field, value: Any, path: str) -> Iterator[Finding]:
    kind = field.type
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _object(kind, value, path)
    elif isinstance(kind, type) and issubclass(kind, OCPIEnum):
        yield from _enum(kind, value, path)
    elif kind is DateTime:
        yield from _datetime(value, path)
    elif kind is Number:
        yield from _number(field, value, path)
    elif kind is int:
        yield from _int(field, value, path)
    elif kind is bool:
        if not isinstance(value, bool):
            yield _error(path, "TYP-13", f"expected true or false, got {_shown(value)}")
    elif kind is str:
        yield from _text(field, value, path)


def _enum(kind: type[OCPIEnum], value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _error(path, "TYP-07", f"expected a {kind.__name__} text, got {_shown(value)}")
    elif not kind(value).is_known:
        message = f"{_shown(value)} is no {kind.__name__} of this version; kept"
        yield (_note(path, "TYP-11", message) if issubclass(kind, OpenEnum) else _warning(path, "TYP-07", message))


def _datetime(value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _error(path, "TYP-04", f"expected a DateTime like 2015-06-29T20:39:09Z, got {_shown(value)}")
        return
    try:
        moment = DateTime.parse(value)
    except ValueError as error:
        yield _error(path, "TYP-04", str(error))
        return
    if not moment.is_as_specified:
        read = DateTime.of(moment).wire
        yield _warning(path, "TYP-04", f"{_shown(value)} is not the DateTime form; read as {read}")


def _number(field: Field, value: Any, path: str) -> Iterator[Finding]:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        kind = "the text " if isinstance(value, str) else ""
        yield _error(path, "TYP-09", f"expected a number, got {kind}{_shown(value)}")
    elif Decimal(value).adjusted() > _MAX_EXPONENT:
        yield _error(path, "TYP-09", f"expected a number that fits a double, got {_shown(value)}")
    elif field.decimals is not None and _decimals(Decimal(value)) > field.decimals:
        yield _warning(path, "TYP-09", f"at most {field.decimals} digits behind the point, got {_shown(value)}")


def _decimals(value: Decimal) -> int:
    """How many digits stand behind the point, zeros at the end aside."""
    _, digits, exponent = value.as_tuple()
    kept = len("".join(map(str, digits)).rstrip("0"))
    return -int(exponent) - (len(digits) - kept) if kept else 0


def _int(field: Field, value: Any, path: str) -> Iterator[Finding]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _error(path, "TYP-09", f"expected a whole number, got {_shown(value)}")
    elif field.digits is not None and len(str(abs(value))) > field.digits:
        yield _warning(path, "TYP-09", f"at most {field.digits} digits, got {value}")


def _text(field: Field, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _error(path, "TYP-06", f"expected a text, got {_shown(value)}")
        return
    text = field.text
    if text is None:
        return
    if text.max is not None and len(value) > text.max:
        yield _warning(path, "TYP-06", f"at most {text.max} characters, got {len(value)}")
    elif text.pattern is not None and not re.fullmatch(text.pattern, value):
        yield _warning(path, "TYP-06", f"expected the form {text.pattern}, got {_shown(value)}")
    if text.kind == "CiString" and (_unprintable.search(value) or not value.isascii()):
        yield _warning(path, "TYP-05", "a CiString holds printable ASCII only")
