# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of feeds that operators really publish: the same numbers every time.

The feeds are not part of this repository; without them beside it these tests skip.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.platforms import CPO, MemoryNet, platform
from wwcp_ocpi.feeds.assumptions import NOTHING, OPEN_DATA, Assumptions
from wwcp_ocpi.feeds.checking import Rejected
from wwcp_ocpi.feeds.importing import Imported, import_objects
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.feeds.telling import told_objects
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId

FEEDS = Path(__file__).parents[3] / "shared" / "data" / "locations"
pytestmark = pytest.mark.skipif(not FEEDS.exists(), reason="the real feeds are not beside the repository")

FASTNED = Assumptions(party=PartyId("NL", "FAS"))
EV24 = Assumptions(party=PartyId("PL", "EV2"))
NO_CONNECTORS = "$.evses[].connectors: at least one element"
EXPECTED = [
    (
        "ndw_sample.jsonl.gz",
        "2.2.1",
        OPEN_DATA,
        Imported(
            read=3460,
            stored=3449,
            rejected=11,
            warnings=150,
            assumed={
                "$.country_code = of the owner": 3449,
                "$.party_id = of the owner": 3449,
                "$.publish = true": 3449,
                "$.time_zone = the only one of the country": 3449,
            },
        ),
        {"$.country_code: required in Location, but missing": 11},
    ),
    (
        "ocpi_2_1_1_locations-fastned.json",
        "2.1.1",
        FASTNED,
        Imported(read=106, stored=105, rejected=1),
        {NO_CONNECTORS: 1},
    ),
    (
        "ocpi_2_2_1_locations-ev24.json",
        "2.2.1",
        EV24,
        Imported(read=11, rejected=11),
        {"$.evses[].connectors[].format: required in Connector, but null": 11},
    ),
    ("ocpi_2_2_1_locations-ezvolt.json", "2.2.1", NOTHING, Imported(read=91, stored=91), {}),
    ("ocpi_2_2_1_locations-greems.json", "2.2.1", NOTHING, Imported(read=80, stored=80), {}),
    (
        "ocpi_2_2_1_locations-punkt.json",
        "2.2.1",
        NOTHING,
        Imported(read=489, stored=427, rejected=62, warnings=74),
        {NO_CONNECTORS: 62},
    ),
    (
        "ocpi_2_2_1_locations-toger.json",
        "2.1.1",
        NOTHING,
        Imported(read=44, stored=34, rejected=10, warnings=23),
        {"$.evses[].connectors: required in EVSE, but missing": 10},
    ),
    ("ocpi_2_2_locations-chargesini.json", "2.2.1", NOTHING, Imported(read=448, stored=448, warnings=48), {}),
    ("ocpi_2_2_locations-electricera.json", "2.2.1", NOTHING, Imported(read=3, stored=3, warnings=18), {}),
    (
        "ocpi_2_2_locations-evio.json",
        "2.2.1",
        NOTHING,
        Imported(read=21, rejected=21),
        {"$.country: required in Location, but missing": 21},
    ),
    (
        "ocpi_2_2_locations-otopriz.json",
        "2.2.1",
        NOTHING,
        Imported(read=500, stored=463, rejected=37, warnings=461),
        {"$.last_updated: required in Location, but missing": 37},
    ),
    ("ocpi_3_0_0_location_example.json", "2.1.1", NOTHING, Imported(read=1, stored=1), {}),
]


async def taken(file: str, version: str, assumed: Assumptions) -> tuple[Imported, dict[str, int]]:
    """What an import of the feed reports, and the first reason of every reject, counted."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO")
    rejected: list[Rejected] = []
    known = VERSIONS[version]
    entries = list(read_file(str(FEEDS / file)))
    done = await import_objects(
        entries, known, "locations", made.publisher, assumed=assumed, on_rejected=rejected.append
    )
    kept = [one.body async for one in told_objects(made.store, made.bridge, known, "locations")]
    assert len(kept) == done.stored
    again = await import_objects(entries, known, "locations", made.publisher, assumed=assumed)
    assert (again.stored, again.unchanged) == (0, done.stored + done.unchanged)
    reasons = Counter(re.sub(r"\[\d+\]", "[]", one.reasons[0]).partition(", got ")[0] for one in rejected)
    return replace(done, seconds=0), dict(reasons)


@pytest.mark.parametrize(
    ("file", "version", "assumed", "done", "reasons"), EXPECTED, ids=[file.partition(".")[0] for file, *_ in EXPECTED]
)
async def test_a_real_feed_gives_the_same_every_time(
    file: str, version: str, assumed: Assumptions, done: Imported, reasons: dict[str, int]
) -> None:
    assert await taken(file, version, assumed) == (done, reasons)


def test_no_feed_is_left_out() -> None:
    assert sorted(file for file, *_ in EXPECTED) == sorted(file.name for file in FEEDS.iterdir())
