# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids of parties: charging station operators and e-mobility providers.

An id is a value: it remembers how it was written (`str`), and two ids are equal when they name the same
party, however they are written. `canonical` is the one spelling that all equal ids share. What `parse` accepts,
`str` writes so that `parse` accepts it again and finds the same value.

Formats (ISO 15118 and DIN SPEC 91286): `DE*GEF`, `DEGEF`, `+49*822` for operators; `DE-GDF`, `DE*GDF`,
`DEGDF` for providers. A DIN id begins with a phone code; it belongs to the country that owns the code.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import ClassVar, Self

from wwcp_ocpi.wwcp.ids.countries import BY_ALPHA_2, BY_PHONE


class IdFormat(Enum):
    """How an id is written."""

    ISO = "ISO"
    ISO_STAR = "ISO_STAR"
    ISO_HYPHEN = "ISO_HYPHEN"
    DIN = "DIN"


class Id:
    """Base of all ids: immutable, printed as written, equal by `canonical` within one kind of id."""

    __slots__ = ("_text", "canonical")

    canonical: str
    _text: str
    example: ClassVar[str]
    strict_form: ClassVar[re.Pattern[str]]
    """What strict readers accept; all of it is also read leniently, with the same value."""

    def _keep(self, text: str, canonical: str) -> None:
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "canonical", canonical)

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> Self:
        """Read an id leniently: any case, with or without separators, blanks around it.

        Args:
            strict: only the forms of ISO 15118, in upper case. The value is the same as of a lenient reading.

        Raises:
            ValueError: the text is no such id.
        """
        found = cls.try_parse(text, strict=strict)
        if found is None:
            raise ValueError(f"expected {with_article(cls.__name__)} like {cls.example}, got {text[:80]!r}")
        return found

    @classmethod
    def try_parse(cls, text: str, *, strict: bool = False) -> Self | None:
        """The same as `parse`, with None in place of the error: same default, same answer."""
        if strict and not cls._is_strict(text.strip()):
            return None
        return cls._read(text.strip())

    @classmethod
    def _read(cls, text: str) -> Self | None:
        raise NotImplementedError

    @property
    def is_strict(self) -> bool:
        """Whether a strict reader accepts it as it is written."""
        return self._is_strict(self._text)

    @classmethod
    def _is_strict(cls, text: str) -> bool:
        return cls.strict_form.fullmatch(text) is not None

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Id) or type(other) is not type(self):
            return NotImplemented
        return self.canonical == other.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an id does not change: {self!r}.{name}")

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return type(self).parse, (self._text,)


def with_article(name: str) -> str:
    """As in "a ChargingPoolId" and "an EVSEId"."""
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


_ISO_OPERATOR = re.compile(r"([A-Z]{2})(\*?)([A-Z0-9]{3})")
_DIN_OPERATOR = re.compile(r"\+?([0-9]{1,5})\*([0-9]{3,6})")
_BARE_OPERATOR = re.compile(r"[0-9]{3,6}")


class ChargingStationOperatorId(Id):
    """Who runs charging stations: `DE*GEF`, `DEGEF`, or in DIN form `+49*822`; a bare `822` is German.

    Equal by country and suffix, whatever the format: `+49*822` and `DE*822` name one party, as in OCPI.
    """

    __slots__ = ("country_code", "format", "suffix")

    country_code: str
    suffix: str
    format: IdFormat
    example = "DE*GEF"
    strict_form = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}")

    def __init__(self, country_code: str, suffix: str, format: IdFormat = IdFormat.ISO_STAR) -> None:
        """Make an id of its parts.

        Raises:
            ValueError: no such country, or the format cannot write this id.
        """
        country = BY_ALPHA_2.get(country_code.upper())
        suffix = suffix.upper()
        if country is None:
            raise ValueError(f"expected a country of ISO 3166-1 (two letters), got {country_code!r}")
        iso = f"{country.alpha_2}*{suffix}"
        texts = {IdFormat.ISO_STAR: iso, IdFormat.ISO: country.alpha_2 + suffix}
        is_iso = _ISO_OPERATOR.fullmatch(iso) is not None
        if country.phone is not None and _DIN_OPERATOR.fullmatch(f"{country.phone}*{suffix}"):
            texts[IdFormat.DIN] = f"+{country.phone}*{suffix}"
        if format not in texts or not (is_iso or format is IdFormat.DIN):
            raise ValueError(f"no operator id of the format {format.value} has the parts {iso}")
        object.__setattr__(self, "country_code", country.alpha_2)
        object.__setattr__(self, "suffix", suffix)
        object.__setattr__(self, "format", format)
        self._keep(texts[format], iso if is_iso else texts[format])

    @classmethod
    def _read(cls, text: str) -> Self | None:
        folded = text.upper()
        if iso := _ISO_OPERATOR.fullmatch(folded):
            form = IdFormat.ISO_STAR if iso[2] else IdFormat.ISO
            return cls(iso[1], iso[3], form) if iso[1] in BY_ALPHA_2 else None
        if _BARE_OPERATOR.fullmatch(folded):
            return cls("DE", folded, IdFormat.DIN)
        din = _DIN_OPERATOR.fullmatch(folded)
        if din is None or din[1] not in BY_PHONE:
            return None
        return cls(BY_PHONE[din[1]].alpha_2, din[2], IdFormat.DIN)

    @property
    def has_iso_form(self) -> bool:
        """Whether it can be written with the two letters of its country: a DIN suffix may be too long for that."""
        return self.canonical[0] != "+"

    def in_format(self, format: IdFormat) -> Self:
        """The same operator, written in another format.

        Raises:
            ValueError: the format cannot write it (`DE*GEF` has no DIN form, `+49*8221` no ISO form).
        """
        return type(self)(self.country_code, self.suffix, format)


_PROVIDER = re.compile(r"([A-Z]{2})([*-]?)([A-Z0-9]{3})")
_PROVIDER_FORMATS = {"-": IdFormat.ISO_HYPHEN, "*": IdFormat.ISO_STAR, "": IdFormat.ISO}


class EMobilityProviderId(Id):
    """Who has contracts with drivers: `DE-GDF`, also written `DE*GDF` and `DEGDF`."""

    __slots__ = ("country_code", "format", "suffix")

    country_code: str
    suffix: str
    format: IdFormat
    example = "DE-GDF"
    strict_form = re.compile(r"[A-Z]{2}[*-]?[A-Z0-9]{3}")

    def __init__(self, country_code: str, suffix: str, format: IdFormat = IdFormat.ISO_HYPHEN) -> None:
        """Make an id of its parts.

        Raises:
            ValueError: no such country, a suffix that is not three letters or digits, or no such format.
        """
        separators = {form: sign for sign, form in _PROVIDER_FORMATS.items()}
        hyphened = f"{country_code}-{suffix}".upper()
        if format not in separators or not _PROVIDER.fullmatch(hyphened) or hyphened[:2] not in BY_ALPHA_2:
            raise ValueError(f"no provider id of the format {format.value} has the parts {hyphened}")
        object.__setattr__(self, "country_code", hyphened[:2])
        object.__setattr__(self, "suffix", hyphened[3:])
        object.__setattr__(self, "format", format)
        self._keep(hyphened.replace("-", separators[format]), hyphened)

    @classmethod
    def _read(cls, text: str) -> Self | None:
        match = _PROVIDER.fullmatch(text.upper())
        if match is None or match[1] not in BY_ALPHA_2:
            return None
        return cls(match[1], match[3], _PROVIDER_FORMATS[match[2]])
