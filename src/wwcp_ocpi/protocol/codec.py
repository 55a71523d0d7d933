# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON to objects and back, with the digits and the DateTime texts that came in.

Decoding is lenient: lengths, unknown enum values and unknown fields pass (`conformance` reports them); a wrong
type, a missing or null required field does not.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, TooLarge
from wwcp_ocpi.protocol.shape import StructType, strict_form
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


@cache
def _decoder(cls: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls, dec_hook=_from_wire)


@cache
def _strict_decoder(cls: StructType) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(strict_form(cls))


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
    try:
        return _decoder(cls).decode(body)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        message, path = _place(str(error))
        raise InvalidParameters(f"{path}: {message}", path=path) from error
    except RecursionError as error:
        raise TooLarge("$: nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"$: expected JSON: {error}", path="$") from error


def conforms(cls: StructType, body: bytes) -> bool:
    """Whether the body is all that the specification asks; a cheap question, without reasons."""
    try:
        _strict_decoder(cls).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _place(message: str) -> tuple[str, str]:
    """msgspec ends its messages with the JSON path; set it apart, with `$` for the whole."""
    text, _, path = message.rpartition(" - at `")
    return (text, path.rstrip("`")) if text else (message, "$")
