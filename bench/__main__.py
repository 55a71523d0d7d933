# SPDX-License-Identifier: AGPL-3.0-or-later
"""`make bench`: speed and memory in one run, beside what the project asks for. See README.md in this folder."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench import (
    measure_converted,
    measure_disk,
    measure_http,
    measure_identity,
    measure_import,
    measure_memory,
    measure_pages,
    measure_pricing,
    measure_tls,
    measure_wwcp,
)
from bench.children import cores, only_warnings, pin
from bench.plan import FULL, QUICK, Plan
from bench.report import Report, machine
from wwcp_ocpi.net.server import run

PARTS = ("disk", "http", "tls", "import", "converted", "pages", "pricing", "identity", "wwcp")


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, no judgement: does it run at all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", choices=PARTS, action="append", help="leave the others out; may be repeated")
    parser.add_argument("--folder", help="where the databases are made for the time of the run (default: temporary)")
    asked = parser.parse_args()
    only_warnings()
    began = time.monotonic()
    report = Report(machine=machine(), quick=asked.quick)
    run(_measure(report, QUICK if asked.quick else FULL, set(asked.only or PARTS), asked.folder))
    report.note(f"the run took {time.monotonic() - began:.0f} s")
    print(f"\n{report.table()}")
    if asked.json:
        report.write(asked.json)


async def _measure(report: Report, plan: Plan, parts: set[str], where: str | None) -> None:
    pair = cores()
    server, mine = pair or (None, None)
    pin(mine)
    if pair is None:
        report.note("no core of its own for the server and the load: the figures are lower, and less steady")
    with tempfile.TemporaryDirectory(prefix="wwcp-ocpi-bench-", dir=where) as name:
        folder = Path(name)
        if "disk" in parts:
            measure_disk.measure(report, plan, folder)
        if "http" in parts:
            await measure_http.measure(report, plan, folder, server)
        if "tls" in parts:
            await measure_tls.measure(report, plan, folder, server)
        if "import" in parts:
            await measure_import.measure(report, plan, folder)
            await measure_memory.measure(report, plan, folder, server)
        if "converted" in parts:
            await measure_converted.measure(report, plan, folder)
        if "pages" in parts:
            await measure_pages.measure(report, plan, folder)
        if "pricing" in parts:
            measure_pricing.measure(report, plan)
        if "wwcp" in parts:
            await measure_wwcp.measure(report, plan, folder, server)
        if "identity" in parts:
            measure_identity.measure(report, plan, folder)


if __name__ == "__main__":
    main()
