# SPDX-License-Identifier: AGPL-3.0-or-later
"""One mapping of one WWCP object to OCPI: its moment, its policy, its notes, and how values are made to fit.

A length is law when we send: a text for people is cut, a text for machines (id, URL, phone number) that does not
fit is left out. Either is noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.locations import GeoLocation as OCPIGeoLocation
from wwcp_ocpi.v2_3_0.types import DisplayText
from wwcp_ocpi.wwcp.model.base import I18NText
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.places import GeoLocation
from wwcp_ocpi.wwcp.ocpi.words import MappingPolicy

_FIVE_DECIMALS, _SIX_DECIMALS, _SEVEN_DECIMALS = Decimal("1E-5"), Decimal("1E-6"), Decimal("1E-7")
_LANGUAGE = re.compile(r"[A-Za-z]{2}")


class Context:
    """Collects notes. Every method that shortens or drops something needs the path where it stood."""

    def __init__(self, now: DateTime, policy: MappingPolicy) -> None:
        self.now = now
        self.policy = policy
        self.notes: list[Note] = []

    def note(self, path: str, text: str) -> None:
        """Something is not as WWCP had it."""
        self.notes.append(Note(path, text))

    def cut(self, text: str | None, max: int, path: str) -> str | None:
        """A text for people; None when there is nothing in it."""
        trimmed = (text or "").strip()
        if len(trimmed) > max:
            self.note(path, f"cut to {max} characters, {len(trimmed)} were there")
        return trimmed[:max].rstrip() or None

    def exact(self, text: str | None, max: int, path: str, *, ascii: bool = False) -> str | None:
        """A text for machines: whole or not at all."""
        trimmed = (text or "").strip()
        if len(trimmed) > max:
            self.note(path, f"left out: at most {max} characters, got {len(trimmed)}")
            return None
        if ascii and not (trimmed.isascii() and trimmed.isprintable()):
            self.note(path, f"left out: printable ASCII only, got {trimmed!r}")
            return None
        return trimmed or None

    def one_of(self, texts: I18NText, max: int, path: str) -> str | None:
        """The first text, where OCPI has room for one language."""
        if len(set(texts.values())) > 1:
            self.note(path, f"only the first language is kept of {', '.join(texts)}")
        return self.cut(next(iter(texts.values()), None), max, path)

    def display_texts(self, texts: I18NText, path: str) -> list[DisplayText] | None:
        """All texts by language; OCPI wants two letters, so `en-GB` becomes `en`."""
        made: dict[str, DisplayText] = {}
        for language, text in texts.items():
            short = language[:2].lower()
            fitted = self.cut(text, 512, f"{path}.{language}")
            if not _LANGUAGE.fullmatch(short) or short in made:
                self.note(f"{path}.{language}", "left out: expected each language once, in two letters")
            elif fitted is not None:
                made[short] = DisplayText(language=short, text=fitted)
        return list(made.values()) or None

    def whole(self, value: Decimal | None, path: str) -> int | None:
        """A whole number; None for nothing and for zero, which is how WWCP writes "not told"."""
        if value is None or value <= 0:
            return None
        rounded = int(value.to_integral_value(ROUND_HALF_UP))
        if rounded != value:
            self.note(path, f"rounded to {rounded}")
        return rounded or None

    def coordinates(self, place: GeoLocation | None, path: str) -> OCPIGeoLocation | None:
        """Degrees as text with five to seven decimals; None when it is no place on earth in WGS 84."""
        if place is None:
            return None
        is_foreign = place.projection is not None and "WGS84" not in place.projection.upper().replace(" ", "")
        if is_foreign or abs(place.latitude) > 90 or abs(place.longitude) > 180:
            self.note(path, "left out: expected degrees of WGS 84")
            return None
        return OCPIGeoLocation(latitude=_degrees(place.latitude, 10), longitude=_degrees(place.longitude, 11))

    def has_no_place(self, value: msgspec.Struct, names: Iterable[str], path: str) -> None:
        """Note the fields that hold something and that OCPI cannot say."""
        keys = dict(zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True))
        for name in names:
            if getattr(value, name):
                self.note(f"{path}.{keys[name]}", "left out: OCPI 2.3.0 has no place for it")

    def latest(self, *moments: DateTime | None) -> DateTime:
        """The newest moment there is; now when there is none."""
        return max((moment for moment in moments if moment is not None), default=self.now)


def _degrees(value: Decimal, max_length: int) -> str:
    """Degrees as text; a sign and many digits before the point leave room for six decimals only."""
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    if decimals > 7:
        value = value.quantize(_SEVEN_DECIMALS)
    elif decimals < 5:
        value = value.quantize(_FIVE_DECIMALS)
    text = f"{abs(value) if value == 0 else value:f}"
    return text if len(text) <= max_length else f"{value.quantize(_SIX_DECIMALS):f}"
