# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of words between WWCP and OCPI 2.3.0 as Markdown: a block of docs/wwcp-mapping.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from wwcp_ocpi.wwcp.ocpi import words as outward
from wwcp_ocpi.wwcp.ocpi.inward import words as inward


class Pair(NamedTuple):
    """One set of words in both directions; None where only one of them is asked for."""

    title: str
    outward: Mapping[Any, Any] | None
    inward: Mapping[Any, Any] | None
    unsaid: str = "left out"
    """What an empty cell means."""


PAIRS = (
    Pair("EVSE status", outward.EVSE_STATUS, inward.EVSE_STATUS),
    Pair("EVSE admin status", outward.EVSE_ADMIN_STATUS, inward.EVSE_ADMIN_STATUS, "the EVSE status speaks"),
    Pair("Plugs", outward.CONNECTOR_TYPE, inward.CONNECTOR_TYPE),
    Pair(
        "Currents",
        {word: made and made.power_type for word, made in outward.CURRENT_TYPE.items()},
        inward.CURRENT_TYPE,
        "the connector is left out",
    ),
    Pair("Plug and charge of a connector", None, inward.CONNECTOR_CAPABILITY),
    Pair("Parking types", outward.PARKING_TYPE, inward.PARKING_TYPE),
    Pair("Facilities", outward.FACILITY, {made: word for word, made in outward.FACILITY.items()}),
    Pair("Images that are kept as photos", None, inward.IMAGE_IS_PHOTO),
    Pair("Weekdays of tariffs", outward.DAY_OF_WEEK, inward.DAY_OF_WEEK),
    Pair("Weekdays of opening times", outward.WEEKDAY_NUMBER, inward.WEEKDAY),
    Pair("What is priced", outward.TARIFF_DIMENSION, inward.TARIFF_DIMENSION),
    Pair("Energy sources", outward.ENERGY_SOURCE, inward.ENERGY_SOURCE),
    Pair("Environmental impacts", outward.ENVIRONMENTAL_IMPACT, inward.ENVIRONMENTAL_IMPACT),
    Pair("Types of tokens", inward.TOKEN_TYPE, inward.TOKEN_WAY),
    Pair("How it was authorised", None, inward.AUTH_METHOD),
    Pair("Session status", None, inward.SESSION_STATE),
    Pair("Quantities of a charging period", None, inward.CDR_DIMENSION),
    Pair("Nature of signed values", None, inward.NATURE),
)


def tables() -> Iterator[str]:
    """Every table under its heading."""
    for pair in PAIRS:
        yield f"### {pair.title}"
        if pair.outward is not None:
            yield _table("WWCP", "to OCPI", [(_word(key), _told(pair, value)) for key, value in pair.outward.items()])
        if pair.inward is not None:
            yield _table("OCPI", "to WWCP", [(_word(key), _told(pair, value)) for key, value in pair.inward.items()])
    yield "### Capabilities"
    rows = [
        (_word(able), _any_of(source), _any_of(inward.CAPABILITY[able])) for able, source in outward.CAPABILITY.items()
    ]
    lines = [f"| {able} | {source} | {word} |" for able, source, word in rows]
    yield "\n".join(["| OCPI | from any of these at the station | to WWCP |", "|---|---|---|", *lines])


def _any_of(words: tuple[Any, ...] | None) -> str:
    names = ("authentication mode", "UI feature", "payment option", "feature")
    told = [f"{name} {_word(word)}" for name, word in zip(names, words or (), strict=False) if word is not None]
    return ", ".join(told) or "*noted*"


def _told(pair: Pair, value: Any) -> str:
    return f"*{pair.unsaid}*" if value is None else _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    return "\n".join([f"| {left} | {right} |", "|---|---|", *(f"| {one} | {other} |" for one, other in rows)])
