# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON to objects and back, with the digits and the DateTime texts that came in.

Decoding is lenient: lengths, unknown enum values and unknown fields pass (`conformance` reports them); a
wrong type, a missing or null required field does not.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

import msgspec

from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, TooLarge
from wwcp_ocpi.protocol.shape import StructType, numbers_form, strict_form
from wwcp_ocpi.scalars import DateTime

_T = TypeVar("_T")


def _from_wire(kind: type, value: object) -> object:
    if kind is DateTime:
        if not isinstance(value, str):
            raise ValueError(f"expected a DateTime like 2015-06-29T20:39:09Z, got {type(value).__name__}")
        return DateTime.parse(value)
    raise NotImplementedError(kind)


def _to_wire(value: object) -> object:
    if isinstance(value, DateTime):
        return value.wire
    raise NotImplementedError(f"no wire form for {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_to_wire, decimal_format="number")
_any = msgspec.json.Decoder(float_hook=Decimal)


@cache
def _decoder(cls: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls, dec_hook=_from_wire)


@cache
def _number_decoder(cls: Any) -> msgspec.json.Decoder[Any] | None:
    form = numbers_form(cls)
    return None if form is None else msgspec.json.Decoder(form)


@cache
def _strict_decoder(cls: StructType, is_plain: bool, partial: bool) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(strict_form(cls, is_plain, partial))


def encode(value: object) -> bytes:
    """The JSON of an object, list or plain value; optional fields that are None are left out."""
    return _encoder.encode(value)


def decode(cls: type[_T], body: bytes | msgspec.Raw) -> _T:
    """The object in a JSON text.

    Raises:
        MalformedBody: not JSON.
        InvalidParameters: JSON of another shape; `.path` names the place of the first mistake.
        TooLarge: nested deeper than this server reads.
    """
    kind: Any = cls
    numbers = _number_decoder(kind)
    try:
        found: _T = _decoder(kind).decode(body)
        if numbers is not None:
            numbers.decode(body)  # "2.50", "NaN" and 1e999 would pass as Decimal
    except msgspec.ValidationError as error:
        message, path = _place(str(error))
        raise InvalidParameters(f"{path}: {message}", path=path) from error
    except RecursionError as error:
        raise TooLarge("$: nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"$: expected JSON: {error}", path="$") from error
    return found


def read_json(body: bytes | msgspec.Raw) -> Any:
    """Any JSON value, numbers with their digits.

    Raises:
        MalformedBody: not JSON, no valid UTF-8, or a number beyond all measure.
        TooLarge: nested too deep.
    """
    try:
        return _any.decode(body)
    except RecursionError as error:
        raise TooLarge("$: nested too deep") from error
    except InvalidOperation as error:
        raise MalformedBody("$: expected numbers of a sane size", path="$") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"$: expected JSON: {error}", path="$") from error


def conforms(cls: StructType, body: bytes, *, partial: bool = False) -> bool:
    """Whether the body is all that the specification asks; a cheap question, without reasons.

    Args:
        partial: it is a PATCH, so that nothing is required.
    """
    is_ascii = body.isascii()
    is_plain = is_ascii and b"\\" not in body and b"\x7f" not in body
    try:
        if not is_ascii:
            body.decode()  # the decoder skips over unknown fields without looking at their bytes
        _strict_decoder(cls, is_plain, partial).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _place(message: str) -> tuple[str, str]:
    """msgspec ends its messages with the JSON path; set it apart, with `$` for the whole."""
    text, _, path = message.rpartition(" - at `")
    return (text, path.rstrip("`")) if text else (message, "$")
