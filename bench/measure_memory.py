# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the serving process holds in memory after it has served and taken much more than it may keep."""

from __future__ import annotations

import inspect
from pathlib import Path

from bench import data, load
from bench.children import Child
from bench.measure_http import LIST, PAGE, links
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.store.sqlite import SQLiteStore

_MB = 1 << 20


async def measure(report: Report, plan: Plan, folder: Path, core: int | None) -> None:
    """Serve every page of the imported Locations, then take as many PUTs."""
    with Child("serve_ours", str(folder / "large"), core=core) as ours:
        before = ours.rss()
        if before is None:
            report.note("memory: not measured, this system does not tell it in a way that is known here")
            return
        pages = len(links(ours.port, LIST))
        served = ours.rss() or 0
        puts = (part[0] + data.moment() + part[1] for part in map(data.put, range(plan.puts)))
        taken = await load.run(ours.port, puts, connections=plan.connections, seconds=600)
        after = ours.rss() or 0
    kept = kept_bytes()
    detail = (
        f"{before / _MB:.0f} MB at the start, {served / _MB:.0f} after {pages:,} pages of {PAGE}, "
        f"{after / _MB:.0f} after {taken.answers:,} PUTs"
    )
    report.add("memory, growth", (after - before) / _MB, "MB", details=detail, at_most=2 * kept / _MB)
    report.note(
        f"memory: what may be kept is {kept / _MB:.0f} MB, ready pages and SQLite's caches; the limit is twice that, "
        "and no whole copy of the data is held"
    )


def kept_bytes() -> int:
    """The encoded data that a store may hold in memory: ready pages, and SQLite's pages for writing and reading."""
    defaults = {name: one.default for name, one in inspect.signature(SQLiteStore.open).parameters.items()}
    # Writing, reading, and a quarter of it for the reads that may take long: see `SQLiteStore.open`.
    caches = defaults["cache_mb"] * 2 + defaults["cache_mb"] / 4
    return int((defaults["page_cache_mb"] + caches) * _MB)
