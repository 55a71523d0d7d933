# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/-/metrics`: what is counted, and what can make the page no longer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.gateways import config, publish, until
from tests.platforms import CPO, EMSP, MemoryNet, platform
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway import metrics
from wwcp_ocpi.gateway.metrics import Metrics
from wwcp_ocpi.gateway.traffic import BOUNDS_S, Kind, Traffic
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.conformance import Finding, Severity
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.server.bridge import Unsaid

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "metrics.md"
_ORDER = (
    "partner side kind version module command method source target path status outcome rule state verdict reason le"
)
ORDER = _ORDER.split()
"""In which labels are written here; on the page they are sorted."""

Samples: TypeAlias = Mapping[str, dict[tuple[str, ...], float]]


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FRESH_S", 0.0)


def read(page: bytes) -> Samples:
    """The samples of a page by name; each by the values of its labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(page.decode()):
        found.setdefault(family.name, {})
        for sample in family.samples:
            labels = sorted(sample.labels, key=lambda label: ORDER.index(label) if label in ORDER else -1)
            found.setdefault(sample.name, {})[tuple(sample.labels[label] for label in labels)] = sample.value
    return found


async def got(gateway: Gateway, path: str = "/-/metrics", method: str = "GET", **headers: str) -> Response:
    async with HTTPTransport() as transport:
        return await transport(Request(method=method, url=f"{gateway.http.base_url}{path}", headers=headers))


async def scraped(gateway: Gateway) -> Samples:
    response = await got(gateway)
    assert (response.status, response.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return read(response.body)


async def test_two_gateways_tell_what_went_on_between_them(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path, "CPO")) as cpo, Gateway(config(tmp_path, "EMSP")) as emsp:
        token = await cpo.platform.registration.invite("emp")
        await emsp.platform.registration.join("gef", cpo.versions_url, token, versions=["2.2.1"])
        await emsp.platform.pull("gef", "locations")
        await publish(cpo, "2.2.1", "L1", "L2")

        async def is_delivered() -> bool:
            return await cpo.platform.store.waiting() == 0 and cpo.platform.courier.delivered == 2

        await until(is_delivered)
        there, here = await scraped(cpo), await scraped(emsp)
    assert there["wwcp_ocpi_pushes_total"] == {("emp", "delivered"): 2}
    assert there["wwcp_ocpi_pushes_waiting"] == {("emp",): 0}
    assert there["wwcp_ocpi_partners"] == {("registered",): 1}
    assert there["wwcp_ocpi_objects"] == {("ours", "locations"): 2}
    assert there["wwcp_ocpi_requests_total"]["2.2.1", "locations", "GET", "2xx"] == 1
    assert there["wwcp_ocpi_requests_total"]["2.2.1", "credentials", "POST", "2xx"] == 1
    assert here["wwcp_ocpi_requests_total"]["2.2.1", "locations", "PUT", "2xx"] == 2
    assert here["wwcp_ocpi_request_duration_seconds_count"]["locations", "PUT"] == 2
    assert here["wwcp_ocpi_request_duration_seconds_bucket"]["locations", "PUT", "+Inf"] == 2
    assert here["wwcp_ocpi_objects"] == {("theirs", "locations"): 2}
    assert here["wwcp_ocpi_pulls_total"] == {("gef", "done"): 1}
    assert here["wwcp_ocpi_pulled_timestamp_seconds"]["gef", "locations"] > 1.7e9
    assert here["wwcp_ocpi_store_bytes"][()] > 10_000
    assert here["process_resident_memory_bytes"][()] > 1e6
    secrets = (token.reveal(), "L1", "127.0.0.1")
    assert not any(secret in str(samples) for samples in (there, here) for secret in secrets)


async def test_what_a_caller_makes_up_makes_no_label(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        for number in range(20):
            for path in (f"/ocpi/2.2.1/x{number}/locations", f"/ocpi/9.{number}", f"/{number}?a=b", "/ocpi/versions"):
                await got(gateway, path, "PROPFIND" if number % 2 else "GET")
            await got(gateway, f"/ocpi/2.2.1/sender/locations/{number}", authorization=f"Token {number}")
        found = await scraped(gateway)
        assert set(found["wwcp_ocpi_requests_total"]) == {
            ("2.2.1", "locations", "GET", "4xx"),
            ("", "versions", "GET", "4xx"),
            ("", "versions", "other", "4xx"),
            ("other", "other", "GET", "4xx"),
            ("other", "other", "other", "4xx"),
        }
        assert found["wwcp_ocpi_requests_total"]["2.2.1", "locations", "GET", "4xx"] == 20
        assert sum(found["wwcp_ocpi_requests_total"].values()) == 100
        assert len(gateway.traffic._known) <= 4  # two paths that exist, refused with 401 and, when often, 429


async def test_it_can_be_switched_off_and_is_not_for_scripts_of_other_origins(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path, metrics=False)) as gateway:
        assert (await got(gateway)).status == 404
    async with Gateway(config(tmp_path, cors=True)) as gateway:
        response = await got(gateway, origin="https://app.example")
        assert response.status == 200
        assert "access-control-allow-origin" not in response.headers
        gateway._ready = False
        assert (await got(gateway)).status == 503


def test_durations_fall_into_classes_and_a_slash_at_the_end_is_none() -> None:
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO")
    traffic = Traffic(made.server.router.routes)
    for url, seconds in (("/ocpi/2.2.1/sender/locations?limit=1", 0.001), ("/ocpi/2.2.1/sender/locations/", 99)):
        traffic.count(Request(method="GET", url=url), 200, seconds)
    traffic.count(Request(method="GET", url="/ocpi/2.2.1/"), 200, 0.002)
    for method in ("M1", "M2"):
        traffic.count(Request(method=method, url="/ocpi/versions"), 405, 0.002)
    places = {Kind("2.2.1", "locations", "GET", 2), Kind("2.2.1", "versions", "GET", 2)}
    places.add(Kind("", "versions", "other", 4))
    assert set(traffic.kinds) == places
    found = traffic.kinds[Kind("2.2.1", "locations", "GET", 2)]
    assert found.counts == [1, *[0] * (len(BOUNDS_S) - 1), 1]
    assert found.sum_s == pytest.approx(99.001)


async def a_page_of_everything() -> tuple[Samples, Any]:
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO")
    await made.book.change("emp", lambda partner: partner)
    made.server.count_findings("emp", [Finding("$.id", "TYP-01", Severity.WARNING, "too long")] * 3)
    for path in ("$.evses[].parking", "$.parking_type", "$.john.doe", "$.jane.roe", "nonsense"):
        made.bridge.lost[Unsaid("locations", "2.3.0", "2.1.1", path)] += 2
    made.bridge.refused[Unsaid("locations", "2.1.1", "2.2.1", "$.time_zone")] += 1
    made.commands.counts["START_SESSION", "accepted"] += 1
    made.profiles.counts["set_profile", "refused"] += 1
    made.desk.counts["commands", "STOP_SESSION", "result_sent"] += 1
    made.courier.counts["emp", "refused"] += 1
    made.cdr_checks.verdicts["emp", "DIFFERENT"] += 2
    made.cdr_checks.reasons["emp", "STEP_SIZE_IGNORED"] += 1
    made.puller.counts["emp", "failed"] += 1
    traffic = Traffic(made.server.router.routes)
    traffic.count(Request(method="GET", url="/ocpi/versions"), 200, 0.1)
    page = Metrics(made, traffic, [Path(__file__)])
    return read(await page.page()), page


async def test_what_is_counted_in_every_room_is_on_the_page() -> None:
    found, _ = await a_page_of_everything()
    assert found["wwcp_ocpi_findings_total"] == {("emp", "TYP-01"): 3}
    assert found["wwcp_ocpi_conversion_losses_total"] == {
        ("locations", "2.3.0", "2.1.1", "$.evses[].parking"): 2,
        ("locations", "2.3.0", "2.1.1", "$.parking_type"): 2,
        ("locations", "2.3.0", "2.1.1", "other"): 6,
    }
    assert found["wwcp_ocpi_conversion_refusals_total"] == {("locations", "2.1.1", "2.2.1", "$.time_zone"): 1}
    assert found["wwcp_ocpi_asked_total"] == {
        ("commands", "START_SESSION", "accepted"): 1,
        ("chargingprofiles", "set_profile", "refused"): 1,
    }
    assert found["wwcp_ocpi_orders_total"] == {("commands", "STOP_SESSION", "result_sent"): 1}
    assert found["wwcp_ocpi_cdr_checks_total"] == {("emp", "DIFFERENT"): 2}
    assert found["wwcp_ocpi_cdr_doubts_total"] == {("emp", "STEP_SIZE_IGNORED"): 1}
    assert found["wwcp_ocpi_store_bytes"][()] == Path(__file__).stat().st_size


async def test_the_document_has_every_metric_with_its_labels() -> None:
    _, page = await a_page_of_everything()
    told = dict(re.findall(r"^\| `(wwcp_ocpi_\w+)` \|([^|]*)\|", DOCS.read_text("utf-8"), re.M))
    made = {}
    async for family in page._families():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        made[name] = ", ".join(f"`{label}`" for label in family._labelnames)
    assert {name: labels.strip() for name, labels in told.items()} == made


async def test_whoever_asks_again_at_once_is_shown_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FRESH_S", 1000.0)
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP")
    page = Metrics(made, Traffic(()))
    before = await page.page()
    made.courier.counts["gef", "delivered"] += 1
    assert await page.page() is before


async def test_what_the_audit_log_notes_is_counted(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        for number in range(3):
            await got(gateway, "/ocpi/versions", authorization=f"Token {number}")
        found = (await scraped(gateway))["wwcp_ocpi_security_events_total"]
        assert (found["unknown_token", "warning"], found["audit_opened", "info"]) == (3, 1)
