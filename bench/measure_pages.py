# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages of a very long list, in process: what one answer takes, from Request to Response, at any depth."""

from __future__ import annotations

import random
import time
from pathlib import Path

from bench import data, setting
from bench.load import quantile
from bench.measure_http import LIST, PAGE
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.gateway.opening import DATABASE, open_platform
from wwcp_ocpi.protocol.http import LINK, Request
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.server import Server


async def measure(report: Report, plan: Plan, folder: Path) -> None:
    """Fill, walk along, jump about."""
    began = time.perf_counter()
    objects = ((f"LOC-{number:07d}", data.small(number)) for number in range(plan.many))
    await setting.prepare(str(folder / "many"), objects)
    took = time.perf_counter() - began
    size = sum(file.stat().st_size for file in (folder / "many").glob(f"{DATABASE}*"))
    each = len(data.small(0))
    report.add(
        f"fill with {plan.many:,} small Locations", took, "s",
        details=f"{plan.many / took:,.0f}/s, {each} bytes each, the database {size / 1e6:,.0f} MB",
    )  # fmt: skip
    # A fixed order, so that two runs do the same.
    chance = random.Random(1)
    async with open_platform(setting.configuration(str(folder / "many"))) as platform:
        urls, walked = await _walk(platform.server)
        _report(report, f"each of {len(urls):,} pages by Link, in order", walked, 5)
        chosen = [chance.choice(urls) for _ in range(plan.visits)]
        jumped = [(await _page(platform.server, url))[0] for url in chosen]
        _report(report, "pages by Link, in random order", jumped, 5)
        offsets = [f"{LIST}?offset={chance.randrange(plan.many)}&limit={PAGE}" for _ in range(plan.visits)]
        found = [(await _page(platform.server, url))[0] for url in offsets]
        _report(report, "pages by offset, at random", found, 30)


async def _walk(server: Server) -> tuple[list[str], list[float]]:
    urls, times, url = [], [], f"{LIST}?limit={PAGE}"
    while url:
        urls.append(url)
        took, url = await _page(server, url)
        times.append(took)
    return urls, times


async def _page(server: Server, url: str) -> tuple[float, str]:
    request = Request(method="GET", url=url, headers=data.HEADERS)
    began = time.perf_counter()
    response = await server.handle(request)
    took = time.perf_counter() - began
    if response.status != 200 or b'"status_code":1000' not in response.body[-80:]:
        raise RuntimeError(f"{url}: {response.body[:300]!r}")
    following = read_next(response.headers.get(LINK), "") or ""
    return took, following[following.find("/ocpi/") :] if following else ""


def _report(report: Report, name: str, times_s: list[float], below_ms: float) -> None:
    p50, p99, most = (quantile(times_s, share) * 1000 for share in (0.5, 0.99, 1.0))
    report.add(f"{name}, p99", p99, "ms", details=f"p50 {p50:.2f} ms, longest {most:.2f} ms", at_most=below_ms)
