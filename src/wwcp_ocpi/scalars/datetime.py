# SPDX-License-Identifier: AGPL-3.0-or-later
"""DateTime: a moment in UTC that prints as it was written.

Spec: types#types_datetime_type. At most 25 characters, so seconds or milliseconds, never microseconds; always
UTC, with `Z` or with nothing. Partners also write offsets, one-digit months and leap seconds: those are
understood, and the conformance check reports them.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Self

MAX_LENGTH = 25
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
STRICT = (
    "(?!0000)(?:[0-9]{4}-(?:"
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP_YEAR}-02-29)"
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]{1,5})?Z?"
)
"""What the specification allows, and no day that there is not: for decoders that only compare."""

_STRICT = re.compile(STRICT)
_LENIENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[Tt ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|z|UTC|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?",
    re.ASCII,
)
_MICROSECOND = dt.timedelta(microseconds=1)


class DateTime(dt.datetime):
    """An aware datetime in UTC. `str()` gives the wire form; a parsed one prints as it was received."""

    __slots__ = ("_wire",)

    _wire: str | None

    @classmethod
    def parse(cls, text: str) -> DateTime:
        """Read a wire DateTime, leniently.

        Raises:
            ValueError: no moment can be made of the text.
        """
        return _parse(text)

    @property
    def is_as_specified(self) -> bool:
        """Whether it prints in the form that the specification allows (TYP-04)."""
        return len(self.wire) <= MAX_LENGTH and _STRICT.fullmatch(self.wire) is not None

    @classmethod
    def of(cls, moment: dt.datetime) -> Self:
        """The same moment as a DateTime, cut to milliseconds. A naive datetime is refused.

        Raises:
            ValueError: `moment` has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"a moment needs a time zone: {moment.isoformat()}")
        utc = moment.astimezone(dt.UTC)
        made = cls(
            utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second,
            utc.microsecond // 1000 * 1000, dt.UTC,
        )  # fmt: skip
        made._wire = None
        return made

    @classmethod
    def from_micros(cls, micros: int) -> Self:
        """The moment that many microseconds after 1970-01-01T00:00:00Z."""
        return cls.of(_EPOCH + dt.timedelta(microseconds=micros))

    @property
    def micros(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z: what the stores sort by."""
        return (self - _EPOCH) // _MICROSECOND

    @property
    def wire(self) -> str:
        """RFC 3339 text: as received, or with `Z` and milliseconds only where there are any."""
        if getattr(self, "_wire", None):
            return self._wire  # type: ignore[return-value]
        date = f"{self.year:04d}-{self.month:02d}-{self.day:02d}"
        time = f"{self.hour:02d}:{self.minute:02d}:{self.second:02d}"
        fraction = f".{self.microsecond // 1000:03d}" if self.microsecond >= 1000 else ""
        return f"{date}T{time}{fraction}Z"

    def __str__(self) -> str:
        return self.wire


_EPOCH = DateTime(1970, 1, 1, tzinfo=dt.UTC)


@lru_cache(maxsize=4096)
def _parse(text: str) -> DateTime:
    match = _LENIENT.fullmatch(text.strip()) if len(text) <= 64 else None
    if match is None:
        raise ValueError(f"expected a DateTime like 2015-06-29T20:39:09Z, got {text[:64]!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    leap = second == "60"
    try:
        made = DateTime(
            int(year), int(month), int(day), int(hour), int(minute),
            59 if leap else int(second or 0), 999_000 if leap else micros, dt.UTC,
        )  # fmt: skip
        if zone and zone[0] in "+-":
            sign = -1 if zone[0] == "-" else 1
            shift = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            made = made - sign * shift
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a DateTime like 2015-06-29T20:39:09Z, got {text[:64]!r}") from error
    made._wire = text
    return made


def now() -> DateTime:
    """This moment, to the millisecond."""
    return DateTime.of(dt.datetime.now(dt.UTC))
