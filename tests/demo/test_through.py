# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job with a hub between two gateways that have no version in common, both ways, over real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI
from tests.demo.test_demo import FEEDS, present, written
from tests.objects import evse, location
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.demo import steps
from wwcp_ocpi.demo.feed import FeedNetwork
from wwcp_ocpi.demo.main_job import Demo
from wwcp_ocpi.demo.through import DIRECTIONS, Through
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Delete, Key, Side

COMPARED = "both stores compared: nothing missing, nothing extra"


def check(report: Any) -> None:
    """All steps went well, and there is a charge among them."""
    assert {step["result"] for step in report["steps"]} == {"ok"}, report["steps"]
    names = [step["name"] for step in report["steps"]]
    assert names[-1] == COMPARED
    assert {"the CDR arrives at B", "A asks the hub, the hub asks B, and the Token is authorised"} <= set(names)


def test_the_sample_network_goes_through_a_hub_both_ways(cli: CLI) -> None:
    ran = cli("demo", "--hub", "--json")
    assert ran.code == 0, ran.err
    assert [one["version"] for one in ran.json] == ["2.3.0 at A, 2.1.1 at B", "2.1.1 at A, 2.3.0 at B"]
    for report in ran.json:
        check(report)
        # 200 Locations, the 13 Tariffs of the network and two more, a Session and a CDR
        assert report["steps"][-1]["count"] == 217
        assert report["lost"]["locations 2.3.0 to 2.1.1: $.help_phone"] >= 1
        assert report["refused"] == {}
    assert "lost" in ran.err


@present
@pytest.mark.parametrize(
    ("file", "told", "refused"),
    [
        ("ocpi_2_1_1_locations-fastned.json", 105, 0),
        ("ocpi_2_2_locations-chargesini.json", 372, 76),
        ("ndw_sample.jsonl.gz", 3449, 0),
    ],
)
def test_a_real_feed_goes_through_a_hub_both_ways(cli: CLI, file: str, told: int, refused: int) -> None:
    ran = cli("demo", "--hub", "--feed", FEEDS / file, "--json")
    assert ran.code == 0, ran.err
    for report in ran.json:
        check(report)
        assert report["steps"][-1]["count"] == told + 4
        assert sum(report["refused"].values()) == refused


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_feed_of_every_version_goes_through_a_hub(cli: CLI, tmp_path: Path, version: str) -> None:
    objects = [location(version, f"L{number}", evses=[evse(version)]) for number in range(3)]
    ran = cli("demo", "--hub", "--feed", written(tmp_path, *objects), "--json")
    assert ran.code == 0, ran.err
    for report in ran.json:
        check(report)


class Tampered(Through):
    """A hub that keeps a Location to itself."""

    async def _compare(self) -> tuple[int, str]:
        store = self._platform("B").store
        await store.change(Key(Side.THEIRS, "locations", PartyId("DE", "GEF"), "L1"), lambda _: Delete())
        return await super()._compare()


async def test_what_is_missing_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "ARRIVAL_S", 5.0)
    feed = written(tmp_path, location("2.3.0", "L0"), location("2.3.0", "L1"))
    demo: Demo = Tampered(FeedNetwork(feed), tmp_path, lambda text: None, DIRECTIONS[0])
    async with demo:
        report = await demo.run()
    last = report.steps[-1]
    assert (last.result.value, last.detail) == ("failed", "locations at B: 1 missing, 0 extra, 0 different")
