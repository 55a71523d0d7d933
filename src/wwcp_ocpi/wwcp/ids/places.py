# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids of places and things: pools, stations, EVSEs and tariffs, each with the operator's id in front.

`DE*GEF*P1234`, `DE*GEF*S1234*A`, `DE*GEF*E1234*A*1`, `DE*GEF*TAC1`; without separators `DEGEFE1234A1`; with a
DIN operator `+49*822*066268034*1` (an EVSE has no letter there; pools and stations keep theirs).

Stars inside the suffix are for people: `DE*GEF*E12*34` and `DEGEFE1234` are the same EVSE. Only in tariff ids
do they count. A suffix keeps the case it was written in and is compared without it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar, Self

from wwcp_ocpi.wwcp.ids.parties import ChargingStationOperatorId, EMobilityProviderId, Id, IdFormat, with_article

__all__ = [
    "ChargingPoolGroupId",
    "ChargingPoolId",
    "ChargingStationGroupId",
    "ChargingStationId",
    "ChargingStationOperatorId",
    "ChargingTariffGroupId",
    "ChargingTariffId",
    "EMobilityProviderId",
    "EVSEGroupId",
    "EVSEId",
    "Id",
    "IdFormat",
    "OperatedId",
]

_ISO_FRONT = r"(?P<operator>[A-Za-z]{2}\*?[A-Za-z0-9]{3})(?P<star>\*?)"
_DIN_FRONT = r"(?P<operator>\+?[0-9]{1,5}\*[0-9]{3,6})(?P<star>\*)"


class OperatedId(Id):
    """An id that begins with the operator's id. The format is that of the operator."""

    __slots__ = ("operator",)

    operator: ChargingStationOperatorId
    letter: ClassVar[str]
    """What stands between the operator and the suffix."""
    din_letter: ClassVar[str]
    """The same behind an operator in DIN form."""
    iso_suffix: ClassVar[re.Pattern[str]]
    din_suffix: ClassVar[re.Pattern[str]]
    strict_suffix: ClassVar[str]
    stars_count: ClassVar[bool] = False
    _iso_form: ClassVar[re.Pattern[str]]
    _din_form: ClassVar[re.Pattern[str]]

    def __init__(self, operator: ChargingStationOperatorId, suffix: str) -> None:
        """Make an id of its parts, in the operator's format.

        Raises:
            ValueError: the suffix is too long or holds other signs than this kind of id allows.
        """
        if not (self.din_suffix if operator.format is IdFormat.DIN else self.iso_suffix).fullmatch(suffix):
            kind = with_article(type(self).__name__)
            raise ValueError(
                f"{suffix[:80]!r} is no suffix of {kind} in {operator.format.value} format; "
                f"expected an id like {self.example}"
            )
        self._put_together(operator, suffix)

    def _put_together(self, operator: ChargingStationOperatorId, suffix: str) -> None:
        object.__setattr__(self, "operator", operator)
        text, canonical = f"{operator}{self._between(operator)}{suffix}", self._canonical(operator, suffix)
        self._keep(text, text if text == canonical else canonical)

    @property
    def suffix(self) -> str:
        """What the operator chose, as it was written. Not kept apart: there are very many ids."""
        return self._text[len(str(self.operator)) + len(self._between(self.operator)) :]

    @classmethod
    def _between(cls, operator: ChargingStationOperatorId) -> str:
        star = "" if operator.format is IdFormat.ISO else "*"
        return star + (cls.din_letter if operator.format is IdFormat.DIN else cls.letter)

    @classmethod
    def _canonical(cls, operator: ChargingStationOperatorId, suffix: str) -> str:
        bare = (suffix if cls.stars_count else suffix.replace("*", "")).upper()
        if operator.has_iso_form and cls.iso_suffix.fullmatch(bare) is not None:
            return f"{operator.canonical}*{cls.letter}{bare}"
        return f"{operator.in_format(IdFormat.DIN)}*{cls.din_letter}{bare}"

    @classmethod
    def _read(cls, text: str) -> Self | None:
        match = cls._iso_form.fullmatch(text) or cls._din_form.fullmatch(text)
        if match is None:
            return None
        operator = _operator(match["operator"], has_star=bool(match["star"]))
        if operator is None:
            return None
        made = cls.__new__(cls)
        made._put_together(operator, match["suffix"])
        return made

    def __init_subclass__(cls) -> None:
        letter, din = ("".join(f"[{sign}{sign.lower()}]" for sign in word) for word in (cls.letter, cls.din_letter))
        cls._iso_form = re.compile(f"{_ISO_FRONT}{letter}(?P<suffix>{cls.iso_suffix.pattern})")
        cls._din_form = re.compile(f"{_DIN_FRONT}{din}(?P<suffix>{cls.din_suffix.pattern})")
        cls.strict_form = re.compile(rf"[A-Z]{{2}}\*?[A-Z0-9]{{3}}\*?{cls.letter}{cls.strict_suffix}")


@lru_cache(maxsize=1024)
def _operator(text: str, *, has_star: bool) -> ChargingStationOperatorId | None:
    """An operator's id, made once, since a network holds it once per pool, station and EVSE."""
    operator = ChargingStationOperatorId.try_parse(text)
    if operator is not None and operator.format is IdFormat.ISO and has_star:
        return operator.in_format(IdFormat.ISO_STAR)
    return operator


_NAME_SUFFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_*\-.€$]{0,50}")
_STRICT_NAME_SUFFIX = r"[A-Z0-9_][A-Z0-9_*\-.€$]{0,50}"
_PLACE_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9*]{0,50}")


class ChargingPoolId(OperatedId):
    """A charging pool, OCPI's Location: `DE*GEF*P1234`."""

    __slots__ = ()
    letter = din_letter = "P"
    iso_suffix = din_suffix = _PLACE_SUFFIX
    strict_suffix = "[A-Z0-9][A-Z0-9*]{0,50}"
    example = "DE*GEF*P1234"


class ChargingStationId(OperatedId):
    """A charging station: `DE*GEF*S1234*A`."""

    __slots__ = ()
    letter = din_letter = "S"
    iso_suffix = din_suffix = _PLACE_SUFFIX
    strict_suffix = "[A-Z0-9][A-Z0-9*]{0,50}"
    example = "DE*GEF*S1234*A"


class EVSEId(OperatedId):
    """An EVSE: `DE*GEF*E1234*1`, `DEGEFE12341`, or in DIN form `+49*822*066268034*1`."""

    __slots__ = ()
    letter = "E"
    din_letter = ""
    iso_suffix = re.compile(r"(?=\**[A-Za-z0-9])[A-Za-z0-9*]{1,30}")
    din_suffix = re.compile(r"(?=\**[A-Za-z0-9])[A-Za-z0-9*]{1,32}")
    strict_suffix = "[A-Z0-9][A-Z0-9*]{1,30}"
    example = "DE*GEF*E1234*1"


class ChargingTariffId(OperatedId):
    """A tariff: `DE*GEF*TAC1`. Signs such as `_`, `-`, `.` are part of it, and so are stars."""

    __slots__ = ()
    letter = din_letter = "T"
    iso_suffix = din_suffix = _NAME_SUFFIX
    strict_suffix = _STRICT_NAME_SUFFIX
    stars_count = True
    example = "DE*GEF*TAC1"


class GroupId(OperatedId):
    """Base of the ids of groups: the signs are those of a tariff id, and stars count."""

    __slots__ = ()
    letter = din_letter = "G"
    iso_suffix = din_suffix = _NAME_SUFFIX
    strict_suffix = _STRICT_NAME_SUFFIX
    stars_count = True
    example = "DE*GEF*G1"


class EVSEGroupId(GroupId):
    """A group of EVSEs: `DE*GEF*GE1`."""

    __slots__ = ()
    letter = din_letter = "GE"
    example = "DE*GEF*GE1"


class ChargingStationGroupId(GroupId):
    """A group of stations: `DE*GEF*GS1`."""

    __slots__ = ()
    letter = din_letter = "GS"
    example = "DE*GEF*GS1"


class ChargingPoolGroupId(GroupId):
    """A group of pools: `DE*GEF*GP1`."""

    __slots__ = ()
    letter = din_letter = "GP"
    example = "DE*GEF*GP1"


class ChargingTariffGroupId(GroupId):
    """A group of tariffs: `DE*GEF*TG1`."""

    __slots__ = ()
    letter = din_letter = "TG"
    example = "DE*GEF*TG1"
