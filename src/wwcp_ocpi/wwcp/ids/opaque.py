# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids that may be any text: sessions, charge detail records, reservations of partners.

Who makes one puts his own id in front: `DE*GEF*N...` is a session that began at a station, `DE-GDF-N...` one that a
provider began. Partners write what they like, so any printable text is an id as well, and compared as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import ClassVar, Self

from wwcp_ocpi.wwcp.ids.parties import ChargingStationOperatorId, EMobilityProviderId, Id

MAX_LENGTH = 255
_RANDOM_BYTES = 16
_AT_ONCE = 256
_PARTY_FORM = re.compile(
    r"(?P<party>[A-Z]{2}[*-]?[A-Z0-9]{3})(?P<sign>[*-])(?P<letter>[A-Z])(?P<suffix>[A-Za-z0-9][A-Za-z0-9*-]{0,250})"
)


class TextId(Id):
    """An id with a party in front, or any other text.

    Equal when party, separator and suffix are (`DE-GDF-N1` and `DEGDF-N1`), otherwise when the texts are, sign by sign.
    """

    __slots__ = ("party", "suffix")

    party: ChargingStationOperatorId | EMobilityProviderId | None
    """Who made it: an operator (star), a provider (hyphen), None when it is any other text."""
    suffix: str
    """What follows the letter; of any other text all of it."""
    letter: ClassVar[str]

    @classmethod
    def of(cls, party: ChargingStationOperatorId | EMobilityProviderId, suffix: str | None = None) -> Self:
        """A new id of this party; random unless it is told.

        Raises:
            ValueError: no id is made of that suffix.
        """
        sign = "*" if isinstance(party, ChargingStationOperatorId) else "-"
        canonical = party.canonical if party.canonical[0] != "+" else party.canonical[1:]
        text = f"{canonical}{sign}{cls.letter}{suffix or new_text()}"
        if suffix is not None or canonical != party.canonical:
            return cls.parse(text)
        made = cls.__new__(cls)  # it need not be read again, being made as it should be
        made._hold(party, text[len(canonical) + 2 :], text, text)
        return made

    def _hold(
        self, party: ChargingStationOperatorId | EMobilityProviderId | None, suffix: str, text: str, canonical: str
    ) -> None:
        object.__setattr__(self, "party", party)
        object.__setattr__(self, "suffix", suffix)
        self._keep(text, canonical)

    @classmethod
    def _read(cls, text: str) -> Self | None:
        if not text or len(text) > MAX_LENGTH or not text.isprintable():
            return None
        party, suffix, canonical = _parts(text, cls.letter)
        made = cls.__new__(cls)
        made._hold(party, suffix, text, canonical)
        return made

    def __init_subclass__(cls) -> None:
        cls.strict_form = re.compile(rf"[A-Z]{{2}}[*-]?[A-Z0-9]{{3}}[*-]{cls.letter}[A-Za-z0-9][A-Za-z0-9*-]{{0,240}}")


def _parts(text: str, letter: str) -> tuple[ChargingStationOperatorId | EMobilityProviderId | None, str, str]:
    form = _PARTY_FORM.fullmatch(text)
    if form is None or form["letter"] != letter:
        return None, text, text
    kind = ChargingStationOperatorId if form["sign"] == "*" else EMobilityProviderId
    party = kind.try_parse(form["party"].replace("-" if form["sign"] == "*" else "*", form["sign"]))
    if party is None:
        return None, text, text
    return party, form["suffix"], f"{party.canonical}{form['sign']}{letter}{form['suffix']}"


class ChargingSessionId(TextId):
    """A charging session: `DE*GEF*N5c24515b`, `DE-GDF-N0815`, or what a partner calls it."""

    __slots__ = ()
    letter = "N"
    example = "DE*GEF*N5c24515b"


class ChargingReservationId(TextId):
    """A reservation: `DE*GEF*R5c24515b`, or what a partner calls it."""

    __slots__ = ()
    letter = "R"
    example = "DE*GEF*R5c24515b"


class ChargeDetailRecordId(TextId):
    """A charge detail record: `DE*GEF*D5c24515b`, often the id of its session."""

    __slots__ = ()
    letter = "D"
    example = "DE*GEF*D5c24515b"


def _random_texts() -> Iterator[str]:
    """Asking the system for each of them gives other threads the interpreter each time, and waits to get it back."""
    while True:
        drawn = os.urandom(_RANDOM_BYTES * _AT_ONCE).hex()
        for start in range(0, len(drawn), 2 * _RANDOM_BYTES):
            yield drawn[start : start + 2 * _RANDOM_BYTES]


_texts = _random_texts()


def new_text() -> str:
    """A text that nobody else makes, and nobody guesses: 128 random bits in hexadecimal digits."""
    return next(_texts)
