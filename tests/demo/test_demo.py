# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job end to end: on the sample network, on real feeds, and when a step fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.cli.running import CLI
from tests.objects import evse, location
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.demo import steps
from wwcp_ocpi.demo.feed import NOBODY, FeedNetwork
from wwcp_ocpi.demo.main_job import Demo
from wwcp_ocpi.demo.networks import Changed, Published
from wwcp_ocpi.demo.steps import Result
from wwcp_ocpi.demo.wwcp.network import SampleNetwork
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import PartyId

FEEDS = Path(__file__).parents[3] / "shared" / "data" / "locations"
present = pytest.mark.skipif(not FEEDS.exists(), reason="the real feeds are not beside the repository")
STEPS = [
    "A publishes its network",
    "A and B register, credentials both ways",
    "B pulls every page",
    "an EVSE's status changes at A and arrives at B",
    "B issues a Token and it arrives at A",
    "A asks B, and the Token is authorised",
    "B starts a session by command",
    "B gets the asynchronous result",
    "the Session and its updates arrive at B",
    "B stops the session by command",
    "the CDR arrives at B",
    "the CDR is priced at B",
    "both stores compared: nothing missing, nothing extra",
]


def results(report: Any) -> dict[str, str]:
    return {step["name"]: step["result"] for step in report["steps"]}


ALL_WELL = dict.fromkeys(STEPS, "ok")
IN_WWCP = [
    *STEPS[:4],
    "B's WWCP network hears of the status",
    "A pulls the Tokens that B's provider tells",
    "AUTHSTART at A: B's provider allows it",
    "AUTHSTOP and SENDCDR at A: the record is at B's provider",
    "REMOTESTART at B becomes a command to A",
    "A's operator begins, and B hears the asynchronous result",
    "the session grows in B's WWCP network",
    "REMOTESTOP at B: A's operator ends it",
    "the record is at B's provider",
    "the CDR is priced at B",
    "B's WWCP network is A's, by way of OCPI",
    STEPS[-1],
]


def written(folder: Path, *objects: object) -> str:
    path = folder / "feed.json"
    path.write_text(json.dumps(objects))
    return str(path)


def test_the_sample_network_goes_all_the_way(cli: CLI) -> None:
    """In WWCP on both sides: what was uploaded to A over HTTP is found at B, with its losses listed."""
    ran = cli("demo", "--json")
    assert ran.code == 0, ran.err
    report = ran.json
    assert results(report) == dict.fromkeys(IN_WWCP, "ok")
    assert (report["version"], report["published"]["objects"], report["published"]["rejected"]) == ("2.3.0", 200, 0)
    counts = {step["name"]: step["count"] for step in report["steps"]}
    assert (counts["B pulls every page"], counts[STEPS[-1]]) == (200, 200)
    assert counts["B's WWCP network is A's, by way of OCPI"] == 2853  # places, each under its id
    assert 0 < len(report["lost"]) < 40
    assert report["lost"]["EVSE status occupied as charging"] > 0
    assert "ok       B pulls every page" in ran.err


@present
@pytest.mark.parametrize(
    ("file", "version", "objects", "rejected"),
    [
        ("ocpi_2_1_1_locations-fastned.json", "2.1.1", 105, 1),
        ("ocpi_2_2_1_locations-ezvolt.json", "2.2.1", 91, 0),
        ("ocpi_2_2_locations-chargesini.json", "2.2.1", 448, 0),
        ("ndw_sample.jsonl.gz", "2.2.1", 3449, 11),
    ],
)
def test_a_real_feed_goes_all_the_way(cli: CLI, file: str, version: str, objects: int, rejected: int) -> None:
    ran = cli("demo", "--feed", FEEDS / file, "--json")
    assert ran.code == 0, ran.err
    report = ran.json
    assert results(report) == ALL_WELL
    published = report["published"]
    assert (report["version"], published["objects"], published["rejected"]) == (version, objects, rejected)
    assert sum(published["reasons"].values()) == rejected
    assert report["steps"][-1]["count"] == objects


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_feed_of_every_version_goes_all_the_way(cli: CLI, tmp_path: Path, version: str) -> None:
    objects = [location(version, f"L{number}", evses=[] if number == 0 else [evse(version)]) for number in range(4)]
    ran = cli("demo", "--feed", written(tmp_path, *objects, 17, {"id": "no"}), "--json")
    assert ran.code == 0, ran.err
    assert results(ran.json) == ALL_WELL
    # What is whole in 2.2.1 is so in 2.3.0 as well; of equals the older one is taken.
    assert ran.json["version"] == ("2.2.1" if version == "2.3.0" else version)
    assert ran.json["published"]["objects"] == 4
    assert "rejected 1: $: expected a JSON object" in ran.err


def test_for_people_there_is_a_table_and_every_step_as_it_happens(cli: CLI, tmp_path: Path) -> None:
    ran = cli("demo", "--feed", written(tmp_path, location("2.2.1")))
    assert ran.code == 0
    assert [step in ran.out for step in STEPS] == [True] * len(STEPS)
    assert ran.err.startswith("A, the operator: http://127.0.0.1:")
    assert "OK: 5.41 EUR before tax, 6.5461 with tax" in ran.out


def test_with_keep_it_stays_until_it_is_told_to_stop(cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stayed: list[HTTPServer] = []

    async def run_forever(self: HTTPServer) -> None:
        stayed.append(self)

    monkeypatch.setattr(HTTPServer, "run_forever", run_forever)
    ran = cli("demo", "--feed", written(tmp_path, location("2.2.1")), "--keep", "--json")
    assert (ran.code, len(stayed)) == (0, 1)
    assert results(ran.json) == ALL_WELL
    assert ran.err.endswith("Ctrl-C ends it\n")
    assert "gateway B: http://127.0.0.1:" in ran.err


class Broken(FeedNetwork):
    """A network whose operator says that it changed a status, and changed another, or none."""

    async def change_status(self, gateway: Gateway) -> Changed:
        return replace(await super().change_status(gateway), status="BLOCKED")


async def failing(network: FeedNetwork, folder: Path) -> dict[str, tuple[str, str]]:
    async with Demo(network, folder, lambda text: None) as demo:
        report = await demo.run()
    return {step.name: (step.result.value, step.detail) for step in report.steps if step.result is not Result.OK}


async def test_a_step_that_fails_says_what_was_expected_and_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ARRIVAL_S", 0.05)
    failed = await failing(Broken(written(tmp_path, location("2.2.1"))), tmp_path)
    assert failed == {STEPS[3]: ("failed", "expected E1 to be BLOCKED at B within 0 s")}


class Nothing(FeedNetwork):
    """A network of which nothing is published."""

    async def publish(self, gateway: Gateway) -> Published:
        return replace(await super().publish(gateway), objects=0)


async def test_a_network_without_objects_fails_at_once(tmp_path: Path) -> None:
    failed = await failing(Nothing(written(tmp_path, location("2.2.1"))), tmp_path)
    assert failed == {STEPS[0]: ("failed", "expected at least one Location, got none")}


class Extra(FeedNetwork):
    """A network whose operator also does what partners never hear of."""

    async def change_status(self, gateway: Gateway) -> Changed:
        changed = await super().change_status(gateway)
        done = gateway.platform.publisher.publish
        await done(self.version, "locations", [_own("EXTRA")], push=False)
        return changed


def _own(id: str) -> OwnObject:
    body = json.dumps(location("2.2.1", id)).encode()
    return OwnObject(owner=PartyId("DE", "GEF"), id=id, last_updated=0, body=body)


async def test_stores_that_differ_are_told_apart(tmp_path: Path) -> None:
    failed = await failing(Extra(written(tmp_path, location("2.2.1"))), tmp_path)
    assert failed[STEPS[-1]] == ("failed", "1 missing at B, 0 extra, 0 different")


def test_a_step_that_fails_is_code_1(cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def register(self: Demo) -> tuple[int, str]:
        raise steps.Failed("expected B to be registered in OCPI 2.2.1")

    monkeypatch.setattr(Demo, "_register", register)
    ran = cli("demo", "--feed", written(tmp_path, location("2.2.1")), "--json")
    assert ran.code == 1
    assert results(ran.json) == {STEPS[0]: "ok", STEPS[1]: "failed"}


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([], "feed: no object in it can be a Location of any version"),
        ([{"id": "L1"}, 17], "feed: no object in it can be a Location of any version"),
        ([location("2.2.1", evses=[])], "no Location in it has an EVSE"),
    ],
)
def test_a_feed_that_is_of_no_use_is_wrong_use(cli: CLI, tmp_path: Path, objects: list[object], said: str) -> None:
    ran = cli("demo", "--feed", written(tmp_path, *objects), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(f"{said}\n")


def test_a_feed_that_names_no_owner_belongs_to_its_commonest_operator_or_to_nobody(tmp_path: Path) -> None:
    def owned(*evse_ids: str | None) -> list[PartyId]:
        objects = [
            location("2.1.1", f"L{number}", evses=[evse("2.1.1", **({"evse_id": id} if id else {}))])
            for number, id in enumerate(evse_ids)
        ]
        return list(FeedNetwork(written(tmp_path, *objects)).parties)

    assert owned("NL*FAS*E1", "DE*GEF*E2", "NL*FAS*E3") == [PartyId("NL", "FAS")]
    assert owned(None, "nonsense") == [NOBODY]


def test_the_sample_network_is_the_same_for_the_same_seed() -> None:
    one, other = SampleNetwork(1), SampleNetwork(1)
    assert (one.title, one.parties) == (other.title, other.parties)
    assert len(one.parties) == 3
    with pytest.raises(UsageError, match="cannot be read"):
        FeedNetwork("no such file")
