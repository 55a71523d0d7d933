# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is lost when the Locations of real feeds are told in every other version; a block of docs/conversion.md.

The feeds are not part of this repository. They lie beside it, in `../shared/data/locations`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from scripts.generate_docs import ROOT, with_block
from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.feeds.assumptions import NOTHING, OPEN_DATA, Assumptions, complete
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.errors import CannotConvert, OCPIError
from wwcp_ocpi.protocol.patch import join, split
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId

PAGE = "docs/conversion.md"
FEEDS = ROOT.parent / "shared" / "data" / "locations"
FILES: dict[str, tuple[str, Assumptions]] = {
    "ndw_sample.jsonl.gz": ("2.2.1", OPEN_DATA),
    "ocpi_2_1_1_locations-fastned.json": ("2.1.1", NOTHING),
    "ocpi_2_2_1_locations-ezvolt.json": ("2.2.1", NOTHING),
    "ocpi_2_2_1_locations-greems.json": ("2.2.1", NOTHING),
    "ocpi_2_2_1_locations-punkt.json": ("2.2.1", NOTHING),
    "ocpi_2_2_1_locations-toger.json": ("2.1.1", NOTHING),
    "ocpi_2_2_locations-chargesini.json": ("2.2.1", NOTHING),
    "ocpi_2_2_locations-electricera.json": ("2.2.1", NOTHING),
    "ocpi_2_2_locations-otopriz.json": ("2.2.1", NOTHING),
}
"""Feeds that hold valid Locations, the version that these are of, and what is filled in first."""

CONTEXT = Context(owner=PartyId("NL", "TNM"), time_zone="Europe/Amsterdam", postal_code="")


class Told(NamedTuple):
    """What came of one feed in one other version."""

    name: str
    source: str
    target: str
    converted: int
    whole: int
    """How many of them lost nothing."""
    refused: Counter[str]
    losses: Counter[str]


def locations(file: str) -> Iterator[bytes]:
    """The valid Locations of a feed, completed."""
    number, assumed = FILES[file]
    cls = VERSIONS[number].objects["Location"]
    for entry in read_file(str(FEEDS / file)):
        try:
            body = join(complete(cls, split(entry.body), assumed)[0])
            if not codec.conforms(cls, body):
                conformance.refuse_errors(conformance.check(cls, body), file)
        except OCPIError:
            continue
        yield body


def told(file: str, target: str) -> Told:
    """Convert a feed and count."""
    source = FILES[file][0]
    converted, whole, refused, losses = 0, 0, Counter[str](), Counter[str]()
    for body in locations(file):
        try:
            done = convert(body, "Location", source, target, CONTEXT)
        except CannotConvert as error:
            refused[_kind(error.path or "$", error.message.partition(": ")[2])] += 1
            continue
        converted += 1
        whole += not done.losses
        losses.update({_kind(loss.path, loss.text) for loss in done.losses})
    name = re.sub(r"^ocpi_[\d_]+_locations-|_sample", "", file).partition(".")[0]
    return Told(name, source, target, converted, whole, refused, losses)


def _kind(path: str, text: str) -> str:
    path = re.sub(r"\[\d+\]", "[]", path)
    return f"`{path}`: {re.sub(r'these are [0-9]+', 'there are more', text)}"


def report() -> list[str]:
    """The tables as Markdown."""
    rows = [told(file, target) for file in FILES for target in VERSIONS if target != FILES[file][0]]
    lines = ["| feed | from | to | converted | of these without loss | refused |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.source} | {row.target} | {row.converted} | {row.whole} | {row.refused.total()} |"
        for row in rows
    ]
    parts = ["\n".join(lines)]
    for target in VERSIONS:
        losses, refused = Counter[str](), Counter[str]()
        for row in rows:
            if row.target == target:
                losses += row.losses
                refused += row.refused
        if not losses and not refused:
            parts.append(f"To {target}: nothing is lost and nothing refused.")
            continue
        entries = [f"| {kind} | {count} |" for kind, count in sorted(losses.items(), key=_often)]
        entries += [f"| refused: {kind} | {count} |" for kind, count in sorted(refused.items(), key=_often)]
        parts.append("\n".join([f"| to {target} | Locations |", "|---|---|", *entries]))
    return parts


def _often(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def main() -> int:
    """Write the block."""
    if not FEEDS.exists():
        print(f"{FEEDS}: not there")
        return 1
    (ROOT / PAGE).write_text(with_block(PAGE, "feeds", report()), encoding="utf-8")
    print(f"{PAGE}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
