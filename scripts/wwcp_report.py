# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is lost when the Locations of real feeds become WWCP pools and Locations again; a block of docs/wwcp-mapping.md.

The feeds are not part of this repository. They lie beside it, in `../shared/data/locations`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts.conversion_report import CONTEXT, FEEDS, FILES, locations
from scripts.generate_docs import ROOT, with_block
from wwcp_ocpi.convert import convert
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ocpi.inward.location import pool_of, read_location
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.location import location

PAGE = "docs/wwcp-mapping.md"
NOW = DateTime.parse("2026-08-01T00:00:00Z")
_NEW_EACH_TIME = frozenset({"last_updated", "charging_pool_id"})


class Told(NamedTuple):
    """What came of one feed."""

    name: str
    locations: int
    evses: int
    stations: int
    unmapped: int
    """Locations of which no pool was made."""
    refused: int
    """Pools of which no Location was made again."""
    notes: Counter[str]
    differences: Counter[str]
    """Places that are another way afterwards, each once a Location."""


def feed(file: str) -> list[Location]:
    """The Locations of a feed, in OCPI 2.3.0."""
    version = FILES[file][0]
    return [read_location(convert(body, "Location", version, "2.3.0", CONTEXT).body) for body in locations(file)]


def told(file: str) -> Told:
    """Map a feed there and back, and count."""
    names, notes, differences = NameBook(), Counter[str](), Counter[str]()
    sent = feed(file)
    stations = unmapped = refused = 0
    for one in sent:
        found = pool_of(one, now=NOW, names=names)
        notes.update({_kind(note.path, note.text) for note in found.notes})
        if found.value is None:
            unmapped += 1
            continue
        stations += len(found.value.pool.charging_stations)
        again = location(found.value.pool, found.value.operator, now=NOW).value
        if again is None:
            refused += 1
        else:
            differences.update(set(_differences(_plain(one), _plain(again), "$")))
    name = re.sub(r"^ocpi_[\d_]+_locations-|_sample", "", file).partition(".")[0]
    evses = sum(len(one.evses or ()) for one in sent)
    return Told(name, len(sent), evses, stations, unmapped, refused, notes, differences)


def report() -> list[str]:
    """The tables as Markdown."""
    rows = [told(file) for file in FILES]
    lines = ["| feed | Locations | EVSEs | stations | no pool | no Location again |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.locations} | {row.evses} | {row.stations} | {row.unmapped} | {row.refused} |"
        for row in rows
    ]
    notes: Counter[str] = sum((row.notes for row in rows), Counter())
    differences: Counter[str] = sum((row.differences for row in rows), Counter())
    return [
        "\n".join(lines),
        "What was noted on the way in:",
        _counted("note", notes),
        "What is another way when the pools go out again, by the number of Locations:",
        _counted("place", differences),
    ]


def _counted(head: str, found: Counter[str]) -> str:
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return "\n".join([f"| {head} | Locations |", "|---|---|", *(f"| {kind} | {count} |" for kind, count in ordered)])


def _kind(path: str, text: str) -> str:
    path = re.sub(r"\[\d+\]", "[]", path)
    text = re.sub(r"'[^']*'|[A-Z]{2}\*[A-Z0-9]{3}\*[A-Z0-9*]+|NL[A-Z0-9]{6,}[*0-9]*", "...", text, flags=re.IGNORECASE)
    text = re.sub(r"(after its uid|there is an EVSE|there is a connector) \S+", r"\1 ...", text)
    return f"`{path}`: {re.sub(r'[0-9]+ of [0-9]+|^[0-9]+ V', '...', text)}".replace("|", "\\|")


def _plain(value: Location) -> Any:
    """As JSON, without what is new each time; EVSEs by their evse_id or uid, since stations put them in order."""
    made = codec.read_json(codec.encode(value))
    for evse in made.get("evses") or ():
        evse["connectors"] = {connector["id"]: connector for connector in evse["connectors"]}
    made["evses"] = {str(evse["uid"]).upper(): evse for evse in made.get("evses") or ()}
    return made


def _differences(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        names = path.endswith((".evses", ".connectors"))
        for key in one.keys() | other.keys():
            at = f"{path}[]" if names else f"{path}.{key}"
            if key not in _NEW_EACH_TIME:
                yield from _differences(one.get(key), other.get(key), at)
    elif isinstance(one, list) and isinstance(other, list) and all(isinstance(item, str) for item in one + other):
        if set(one) != set(other):
            yield f"`{path}`"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        order = ["weekday", "period_begin"] if path.endswith(".regular_hours") else []
        pairs = [sorted(items, key=lambda item: [item[name] for name in order]) for items in (one, other)]
        for first, second in zip(*pairs, strict=True):
            yield from _differences(first, second, f"{path}[]")
    elif one != other and (one or other):
        yield f"`{path}`"


def main() -> int:
    """Write the block of the page anew."""
    if not FEEDS.exists():
        print(f"{FEEDS} is not there")
        return 1
    page = ROOT / PAGE
    page.write_text(with_block(PAGE, "feeds", report()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
