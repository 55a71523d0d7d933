# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects of any version as JSON, read from their Structs: as specified, one mistake beside it, and far from it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

import msgspec
from hypothesis import strategies as st

from wwcp_ocpi.protocol.shape import Cardinality, Field, StructType, fields_of
from wwcp_ocpi.scalars import DateTime, Number, OCPIEnum, OpenEnum

JSONObject: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]

_FIRST, _LAST = 946684800, 4102444799  # the years 2000 to 2099
_PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
_ANY_LETTER = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
_LONG = 12


# ---------------------------------------------------------------------------------------------------- as specified


@cache
def objects(cls: StructType) -> st.SearchStrategy[JSONObject]:
    """Any object of this type that the specification allows."""
    always = {field.name: _field(field) for field in fields_of(cls) if field.cardinality.is_required}
    maybe = {field.name: _field(field) for field in fields_of(cls) if not field.cardinality.is_required}
    return st.fixed_dictionaries(always, optional=maybe)


@cache
def patches(cls: StructType) -> st.SearchStrategy[JSONObject]:
    """Any fields of such an object, as a PATCH names them: null takes an optional one away."""
    named = {
        field.name: _field(field) if field.cardinality.is_required else st.none() | _field(field)
        for field in fields_of(cls)
    }
    return st.fixed_dictionaries({}, optional=named)


def _field(field: Field) -> st.SearchStrategy[Any]:
    if field.cardinality.is_list:
        least = 1 if field.cardinality is Cardinality.SOME else 0
        return st.lists(_value(field), min_size=least, max_size=2)
    return _value(field)


def _value(field: Field) -> st.SearchStrategy[Any]:
    kind = field.type
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.deferred(lambda: objects(kind))
    if isinstance(kind, type) and issubclass(kind, OCPIEnum):
        words = [member.value for member in kind]
        return st.sampled_from([*words, "SOMETHING_NEW"] if issubclass(kind, OpenEnum) else words)
    if kind is DateTime:
        return datetimes()
    if kind is Number and field.decimals is not None:
        return st.integers(-(10**6), 10**6).map(lambda whole: whole / 10)
    if kind is Number:
        return st.integers(-(10**9), 10**9).map(lambda whole: whole / 10_000)
    if kind is int:
        most = 10 ** (field.digits or 9) - 1
        return st.integers(0, most)
    if kind is bool:
        return st.booleans()
    return _text(field)


@cache
def datetimes() -> st.SearchStrategy[str]:
    """Any DateTime in the form that the specification allows."""
    return st.tuples(st.integers(_FIRST, _LAST), st.sampled_from(["", "Z", ".5Z", ".123Z"])).map(
        lambda drawn: datetime.fromtimestamp(drawn[0], UTC).strftime("%Y-%m-%dT%H:%M:%S") + drawn[1]
    )


def _text(field: Field) -> st.SearchStrategy[str]:
    text = field.text
    assert text is not None, f"{field.name}: a text that says nothing of itself"
    if text.kind == "URL":
        return st.sampled_from(
            ["https://partner.example/ocpi/versions", "http://a.example:8080/x?y=z#f", "https://[::1]/"]
        )
    if text.pattern is not None:
        return st.from_regex(text.pattern, fullmatch=True, alphabet=_PRINTABLE)
    letters = _PRINTABLE if text.kind == "CiString" else _ANY_LETTER
    most = min(text.max or _LONG, _LONG)
    usual = st.text(letters, min_size=1, max_size=most)
    return st.one_of(usual, st.just("x" * text.max)) if text.max is not None else usual


# ----------------------------------------------------------------------------------------------------- nearly valid

WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "\x00", "é\U0001f600", "x" * 6000, "NaN", "2015-06-29T20:39:09Z",
    "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2016-12-31T23:59:60Z", [], {},
    [None], [[]], [{}], {"a": {}}, "https://user@host/", "http://[", "javascript:alert(1)",
)  # fmt: skip
"""What stands where something else was expected."""

MISTAKES = ("remove", "wrong", "long", "unknown", "extra", "twice")


def mistakes(count: int) -> st.SearchStrategy[list[tuple[int, str, int]]]:
    """So many mistakes to make, each for `spoiled`."""
    one = st.tuples(st.integers(0, 9999), st.sampled_from(MISTAKES), st.integers(0, len(WRONG) - 1))
    return st.lists(one, min_size=count, max_size=count)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place below the whole: fields and entries."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*at, name)
            yield from places(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*at, index)
            yield from places(inner, (*at, index))


def spoiled(whole: JSONObject, where: int, what: str, which: int) -> JSONObject:
    """The object with one mistake at one place."""
    made = copy.deepcopy(whole)
    found = list(places(made))
    if not found:
        return {"extra": WRONG[which]}
    *way, name = found[where % len(found)]
    last: Any = name
    holder: Any = made
    for step in way:
        holder = holder[step]
    if what == "remove":
        del holder[last]
    elif what == "wrong":
        holder[last] = WRONG[which]
    elif what == "long":
        holder[last] = holder[last] * 600 if isinstance(holder[last], (str, list)) else int("9" * 400)
    elif what == "unknown":
        holder[last] = "NO_SUCH_WORD" if isinstance(holder[last], str) else WRONG[which]
    elif what == "extra" and isinstance(holder, dict):
        holder[f"x-{which}"] = WRONG[which]
    elif what == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    return made


# ---------------------------------------------------------------------------------------------------------- hostile

HOSTILE: tuple[bytes, ...] = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'"text"',
    b"[]",
    b"{}",
    b"[{}]",
    b"NaN",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"evses":' + b"[" * 900 + b"]" * 900 + b"}",
    b"1" * 100_000,
    b'{"id":1e999999999,"last_updated":-1e-999999999}',
    b'{"id":"\xc3\x28"}',
    b'{"id":"\\ud800"}',
    b'{"id":"\\u0000"}',
    b"{'id':1}",
    b'{"id":1,}',
    b'{"":{"":{"":""}}}',
    b"<?xml version='1.0'?><a/>",
)
_INSERTED = (
    b"\xff", b"\xc3", b"\x00", b"\n", b'"', b"\\", b"{", b"}", b"[", b",", b"\\ud800", b"1e400", b"/*", b"\xed\xa0\x80",
)  # fmt: skip


def twisted(body: bytes, how: int, where: int) -> bytes:
    """Bytes that were a body once: cut off, with other bytes inside, with a field that comes twice; or no JSON at all.

    Args:
        how: which of these, and with what.
    """
    kind, which = how % 4, how // 4
    at = where % (len(body) + 1)
    if kind == 0:
        return HOSTILE[which % len(HOSTILE)]
    if kind == 1:
        return body[:at]
    if kind == 2:
        return body[:at] + _INSERTED[which % len(_INSERTED)] + body[at:]
    names = list(msgspec.json.decode(body)) if body[:1] == b"{" else []
    name = msgspec.json.encode(names[where % len(names)]) if names else b'"id"'
    value = msgspec.json.encode(WRONG[which % len(WRONG)])
    return (
        body[:1] + name + b":" + value + (b"," if names else b"") + body[1:] if body else HOSTILE[which % len(HOSTILE)]
    )


ODD_SEGMENTS = (
    "", "%", "%2", "%2F", "%2f..%2f", "..", ".", "%00", "%0d%0aX:y", "%ff", "%C3%A9", "é", "%F0%9F%98%80", " ", "+",
    "*", "null", "x" * 5000, "%41" * 2000, "%25", "a;b=c", "a%3Fb", "'--", "{location_id}", "LOC1|RFID", "\\",
    "%ED%A0%80", "ß",
)  # fmt: skip
ODD_VALUES = (
    "", "x", "-1", "0", "1", "1.5", "1e9", "99999999999999999999", "9" * 5000, "%00", "%ff", "null", "é", "%", "+", "٣",
    "2015-06-29T20:39:09Z", "2015-06-29T20:39:09+02:00", "2015-06-29", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "RFID", "rfid", "APP_USER", "x" * 5000, "..%2f", "%0d%0a",
    "true", "false", "Jena", "0.25", "%5C", "%22", "x" * 100,
)  # fmt: skip
ODD_NAMES = (
    "date_from", "date_to", "offset", "limit", "after", "type", "x", "", "response_url", "duration", "Limit", "match",
    "with_extensions", "timestamp", "tolerance",
)  # fmt: skip
ODD_HEADERS = (
    ("content-type", "text/plain"), ("content-type", "application/json; charset=latin-1"), ("content-type", ""),
    ("content-type", ";"), ("content-type", "APPLICATION/JSON"), ("content-type", "application/ld+json"),
    ("content-type", "x" * 5000), ("if-match", "*"), ("if-match", '"x"'), ("if-match", ""), ("if-match", "W/"),
    ("if-match", "," * 500), ("if-none-match", "*"), ("if-none-match", '"x", W/"y"'), ("if-none-match", "é"),
    ("x-request-id", ""), ("x-request-id", "x" * 5000), ("x-request-id", "é\xa0"), ("x-correlation-id", "\t"),
    ("ocpi-from-party-id", "GEF"), ("ocpi-from-country-code", "D"), ("ocpi-to-party-id", "XXX"),
    ("ocpi-to-country-code", "é"), ("ocpi-to-party-id", ""), ("ocpi-to-party-id", "x" * 5000),
    ("authorization", ""), ("authorization", "Token"), ("authorization", "Token é"), ("authorization", "Basic eDp5"),
    ("authorization", "Token " + "A" * 5000), ("authorization", "token  "), ("authorization", "Token %%%"),
    ("accept", "text/html"), ("accept-encoding", "zip"), ("x-http-method-override", "DELETE"),
)  # fmt: skip
ODD_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X" * 500)
