# SPDX-License-Identifier: AGPL-3.0-or-later
"""`demo`: the main job end to end, with two gateways, real HTTP and real files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from wwcp_ocpi.cli.output import Json, emit, log_to_stderr, say, show
from wwcp_ocpi.demo.feed import FeedNetwork
from wwcp_ocpi.demo.main_job import Demo, Report
from wwcp_ocpi.demo.secure import Secure
from wwcp_ocpi.demo.steps import Result
from wwcp_ocpi.demo.through import DIRECTIONS, Through
from wwcp_ocpi.demo.wwcp.network import SampleNetwork
from wwcp_ocpi.net.server import run
from wwcp_ocpi.protocol.errors import UsageError


def demo(
    feed: Annotated[str | None, typer.Option(help="An OCPI feed of Locations that is the operator's network.")] = None,
    keep: Annotated[bool, typer.Option(help="Stay up at the end and print the URLs.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the network that is made when there is no feed.")] = 2026,
    hub: Annotated[
        bool, typer.Option("--hub", help="With a hub between two gateways that have no version in common, both ways.")
    ] = False,
    secure: Annotated[
        bool, typer.Option("--secure", help="With TLS 1.3, certificates on both sides, and passwords bound to them.")
    ] = False,
    json: Json = False,
) -> None:
    """Register two gateways, pull everything, push a change, compare both stores. Exit 1 if a step fails."""
    if hub and secure:
        raise UsageError("--secure: expected without --hub")
    log_to_stderr("error")
    reports = []
    for direction in DIRECTIONS if hub else (None,):
        network = FeedNetwork(feed) if feed else SampleNetwork(seed)
        with tempfile.TemporaryDirectory(prefix="wwcp-ocpi-demo-") as folder:
            plain = Secure if secure else Demo
            job = Through(network, Path(folder), say, direction) if direction else plain(network, Path(folder), say)
            reports.append(run(_run(job, keep=keep and direction in (None, DIRECTIONS[-1]), json=json)))
    if json:
        emit(reports if hub else reports[0])
    sys.exit(1 if any(step.result is Result.FAILED for report in reports for step in report.steps) else 0)


async def _run(demo: Demo, *, keep: bool, json: bool) -> Report:
    async with demo as job:
        report = await job.run()
        if not json:
            rows = [(step.name, step.result.value, step.count, f"{step.ms:.0f}", step.detail) for step in report.steps]
            title = f"{report.network}, OCPI {report.version}" if report.lost or report.refused else report.network
            show(title, ["step", "result", "count", "ms", "detail"], rows)
        if keep:
            for name, gateway in job.gateways.items():
                say(f"gateway {name}: {gateway.versions_url}")
            say("Ctrl-C ends it")
            await job.gateways["A"].http.run_forever()
        return report
