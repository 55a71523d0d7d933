# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading a large feed into an empty database, as `wwcp-ocpi import` does, from a file of JSON lines."""

from __future__ import annotations

import time
from pathlib import Path

from bench import data, setting
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.feeds.importing import import_objects
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.registry import version


async def measure(report: Report, plan: Plan, folder: Path) -> None:
    """Leaves the folder `large`, for what comes after."""
    feed = folder / "feed.jsonl"
    with feed.open("wb") as file:
        for number in range(plan.imported):
            file.write(data.encode(data.location(number)) + b"\n")
    each = feed.stat().st_size / plan.imported
    await setting.prepare(str(folder / "large"))
    async with open_platform(setting.configuration(str(folder / "large"))) as platform:
        began = time.perf_counter()
        found = await import_objects(read_file(str(feed)), version(data.VERSION), "locations", platform.publisher)
        took = time.perf_counter() - began
    if found.stored != plan.imported:
        raise RuntimeError(f"imported {found.stored} of {plan.imported}")
    feed.unlink()
    report.add(
        f"import of {plan.imported:,} Locations", took, "s", at_most=60,
        details=f"{plan.imported / took:,.0f}/s, {each:,.0f} bytes each, checked, {found.warnings} warnings",
    )  # fmt: skip
