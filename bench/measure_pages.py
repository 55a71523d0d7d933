# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages of a very long list, in process: what one answer takes, from Request to Response, at any depth."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import NamedTuple

from bench import data, setting
from bench.load import quantile
from bench.measure_http import LIST, PAGE
from bench.plan import Plan
from bench.report import Report
from bench.setting import Own
from wwcp_ocpi.gateway.opening import DATABASE, open_platform
from wwcp_ocpi.protocol.http import LINK, Request
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.scalars import fold
from wwcp_ocpi.server import Server


class Took(NamedTuple):
    """One answer: by the clock, and in processor time, which does not see what else runs on the machine."""

    seconds: float
    cpu_s: float


async def measure(report: Report, plan: Plan, folder: Path) -> None:
    """Fill, walk along, jump about."""
    began = time.perf_counter()
    objects = (Own("locations", fold(f"LOC-{number:07d}"), data.small(number)) for number in range(plan.many))
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


async def _walk(server: Server) -> tuple[list[str], list[Took]]:
    urls, times, url = [], [], f"{LIST}?limit={PAGE}"
    while url:
        urls.append(url)
        took, url = await _page(server, url)
        times.append(took)
    return urls, times


async def _page(server: Server, url: str) -> tuple[Took, str]:
    request = Request(method="GET", url=url, headers=data.HEADERS)
    began, cpu = time.perf_counter(), time.thread_time()
    response = await server.handle(request)
    took = Took(time.perf_counter() - began, time.thread_time() - cpu)
    if response.status != 200 or b'"status_code":1000' not in response.body[-80:]:
        raise RuntimeError(f"{url}: {response.body[:300]!r}")
    following = read_next(response.headers.get(LINK), "") or ""
    return took, following[following.find("/ocpi/") :] if following else ""


def _report(report: Report, name: str, times: list[Took], below_ms: float) -> None:
    p50, p99, most = (quantile([one.seconds for one in times], share) * 1000 for share in (0.5, 0.99, 1.0))
    cpu = quantile([one.cpu_s for one in times], 0.99) * 1000
    details = f"p50 {p50:.2f} ms, longest {most:.2f} ms, p99 by computing time {cpu:.2f} ms"
    report.add(f"{name}, p99", p99, "ms", details=details, at_most=below_ms)
