# SPDX-License-Identifier: AGPL-3.0-or-later
"""Text types: a Python `str` whose annotation carries what the specification says of it.

The annotation is read by the shape of an object (`protocol.shape`). Decoding never looks at it: a length is
law when we send and a warning when we receive, so a text that is too long is kept, not refused.

Spec: types#types_cistring_type, types#types_string_type, types#types_url_type.
"""

from typing import Annotated, TypeVar

import msgspec


class Text(msgspec.Struct, frozen=True):
    """What the specification says of one text type.

    `max` is in characters, None for unlimited. `na` tells that `#NA` may stand for a value nobody can know.
    """

    kind: str
    max: int | None = None
    pattern: str | None = None
    na: bool = False


def fold(text: str) -> str:
    """The form in which two CiStrings are equal."""
    return text.upper()


_T = TypeVar("_T")
NonEmpty = Annotated[list[_T], msgspec.Meta(min_length=1)]
"""Cardinality `+`: a list with at least one element."""

CiString = Annotated[str, Text("CiString")]
CiString2 = Annotated[str, Text("CiString", 2)]
CiString3 = Annotated[str, Text("CiString", 3)]
CiString4 = Annotated[str, Text("CiString", 4)]
CiString5 = Annotated[str, Text("CiString", 5)]
CiString10 = Annotated[str, Text("CiString", 10)]
CiString20 = Annotated[str, Text("CiString", 20)]
CiString25 = Annotated[str, Text("CiString", 25)]
CiString32 = Annotated[str, Text("CiString", 32)]
CiString36 = Annotated[str, Text("CiString", 36)]
CiString36OrNA = Annotated[str, Text("CiString", 36, na=True)]
CiString39 = Annotated[str, Text("CiString", 39)]
CiString45 = Annotated[str, Text("CiString", 45)]
CiString48 = Annotated[str, Text("CiString", 48)]
CiString48OrNA = Annotated[str, Text("CiString", 48, na=True)]
CiString255 = Annotated[str, Text("CiString", 255)]

String = Annotated[str, Text("string")]
String2 = Annotated[str, Text("string", 2)]
String3 = Annotated[str, Text("string", 3)]
String4 = Annotated[str, Text("string", 4)]
String5 = Annotated[str, Text("string", 5)]
String10 = Annotated[str, Text("string", 10)]
String12 = Annotated[str, Text("string", 12)]
String16 = Annotated[str, Text("string", 16)]
String20 = Annotated[str, Text("string", 20)]
String36 = Annotated[str, Text("string", 36)]
String39 = Annotated[str, Text("string", 39)]
String45 = Annotated[str, Text("string", 45)]
String48 = Annotated[str, Text("string", 48)]
String50 = Annotated[str, Text("string", 50)]
String64 = Annotated[str, Text("string", 64)]
String100 = Annotated[str, Text("string", 100)]
String255 = Annotated[str, Text("string", 255)]
String512 = Annotated[str, Text("string", 512)]
String5000 = Annotated[str, Text("string", 5000)]

URL = Annotated[str, Text("URL", 255)]

Latitude = Annotated[str, Text("string", 10, r"-?[0-9]{1,2}\.[0-9]{5,7}")]
Longitude = Annotated[str, Text("string", 11, r"-?[0-9]{1,3}\.[0-9]{5,7}")]
LatitudeOfSixDecimals = Annotated[str, Text("string", 10, r"-?[0-9]{1,2}\.[0-9]{6}")]
LongitudeOfSixDecimals = Annotated[str, Text("string", 11, r"-?[0-9]{1,3}\.[0-9]{6}")]
LocalTime = Annotated[str, Text("string", 5, r"([0-1][0-9]|2[0-3]):[0-5][0-9]")]
"""A wall-clock time HH:MM at the Location."""
LocalDate = Annotated[str, Text("string", 10, r"([12][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")]
"""A calendar date YYYY-MM-DD at the Location."""
