# SPDX-License-Identifier: AGPL-3.0-or-later
"""The little DER that the OCPI attributes need: lists of texts, times, and the attributes of a signing request.

`cryptography` reads attributes of one value only, and partners send lists: as a SET of texts, as a SEQUENCE in a SET,
or as one text. All are read; a SEQUENCE is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

_OID, _UTF8, _PRINTABLE, _IA5, _UTC_TIME, _GENERAL_TIME = 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18
_SEQUENCE, _SET, _ATTRIBUTES = 0x30, 0x31, 0xA0
_TEXTS = {_UTF8: "utf-8", _PRINTABLE: "ascii", _IA5: "ascii"}
_TIMES = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERAL_TIME: "%Y%m%d%H%M%SZ"}
_DEEPEST = 3
_SHORT = 0x80


class Element(NamedTuple):
    """A tag and what stands under it."""

    tag: int
    content: bytes


def elements(data: bytes) -> Iterator[Element]:
    """The elements in a row.

    Raises:
        ValueError: a length that is not DER, or that goes beyond the end.
    """
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("DER: expected a tag and a length")
        tag, length = data[at], data[at + 1]
        at += 2
        if length >= _SHORT:
            size = length - _SHORT
            if not 1 <= size <= 4 or at + size > len(data):
                raise ValueError("DER: expected a definite length")
            length = int.from_bytes(data[at : at + size], "big")
            if length < max(_SHORT, 1 << 8 * (size - 1)):
                raise ValueError("DER: expected the shortest form of a length")
            at += size
        if at + length > len(data):
            raise ValueError("DER: expected more bytes")
        yield Element(tag, data[at : at + length])
        at += length


def pieces(data: bytes) -> list[bytes]:
    """The elements in a row, each with its tag and length.

    Raises:
        ValueError: as `elements`.
    """
    return [_element(*one) for one in elements(data)]


def texts(data: bytes) -> tuple[str, ...]:
    """Every text in a value: one, or a SET or SEQUENCE of them.

    Raises:
        ValueError: something else stands there.
    """
    return tuple(_texts(data, 0))


def _texts(data: bytes, depth: int) -> Iterator[str]:
    for tag, content in elements(data):
        if tag in _TEXTS:
            yield content.decode(_TEXTS[tag])
        elif tag in {_SEQUENCE, _SET} and depth < _DEEPEST:
            yield from _texts(content, depth + 1)
        else:
            raise ValueError(f"DER: expected a text or a list of texts, got tag {tag:#04x}")


def text(data: bytes) -> str:
    """The one text in a value.

    Raises:
        ValueError
    """
    found = texts(data)
    if len(found) != 1:
        raise ValueError(f"DER: expected one text, got {len(found)}")
    return found[0]


def time(data: bytes) -> datetime:
    """The one time in a value, UTCTime or GeneralizedTime, also in a SET.

    Raises:
        ValueError
    """
    found, *more = elements(data)
    if found.tag in {_SET, _SEQUENCE} and not more:
        found, *more = elements(found.content)
    if more or found.tag not in _TIMES:
        raise ValueError("DER: expected one time")
    return datetime.strptime(found.content.decode("ascii"), _TIMES[found.tag]).replace(tzinfo=UTC)


def attributes(request: bytes) -> dict[str, bytes]:
    """The attributes of a signing request, from its part that is signed: dotted identifier and values.

    Raises:
        ValueError: no such structure, or an attribute that stands there twice.
    """
    (whole,) = elements(request)
    found: dict[str, bytes] = {}
    for part in elements(whole.content):
        for attribute in elements(part.content) if part.tag == _ATTRIBUTES else ():
            name, values = elements(attribute.content)
            if (attribute.tag, name.tag, values.tag) != (_SEQUENCE, _OID, _SET):
                raise ValueError("DER: expected an attribute")
            dotted = _dotted(name.content)
            if dotted in found:
                raise ValueError(f"attribute {dotted}: stands there twice")
            found[dotted] = values.content
    return found


def of_text(value: str) -> bytes:
    """A UTF8String."""
    return _element(_UTF8, value.encode())


def of_texts(values: Iterable[str]) -> bytes:
    """A SEQUENCE of UTF8String."""
    return _element(_SEQUENCE, b"".join(map(of_text, values)))


def of_time(value: datetime) -> bytes:
    """A GeneralizedTime, in seconds."""
    return _element(_GENERAL_TIME, value.astimezone(UTC).strftime(_TIMES[_GENERAL_TIME]).encode())


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < _SHORT:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, _SHORT | size)) + length.to_bytes(size, "big") + content


def _dotted(content: bytes) -> str:
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if byte < _SHORT:
            numbers.append(value)
            value = 0
    if not numbers or content[-1] >= _SHORT:
        raise ValueError("DER: expected an object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
