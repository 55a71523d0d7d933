# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages in another version than the stored one, beside the same pages as they are stored, in process."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from bench import data, setting
from bench.measure_http import PAGE
from bench.plan import Plan
from bench.report import Report
from bench.setting import Own
from wwcp_ocpi.convert import convert
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.protocol.http import LINK, Request
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.scalars import fold
from wwcp_ocpi.server import Server

STORED = "2.3.0"
ASKED = ("2.2.1", "2.1.1")
MOST = 1.3
"""What a converted page may cost of a native one after the first time."""
_ROUNDS = 40
_WALKS = 5
"""Through all pages, in each round."""


async def measure(report: Report, plan: Plan, folder: Path) -> None:
    """Fill, read once in every version, then take turns."""
    name = str(folder / "converted")
    await setting.prepare(name, (_own(number) for number in range(plan.locations)))
    async with open_platform(setting.configuration(name)) as platform:
        server = platform.server
        native, _ = await _walk(server, STORED)
        for version in ASKED:
            began = time.process_time()
            urls, size = await _walk(server, version)
            first_s = (time.process_time() - began) / len(urls)
            rounds = [(await _cost(server, native), await _cost(server, urls)) for _ in range(_ROUNDS)]
            ratios = [other / own for own, other in rounds]
            own_s, other_s = (median(times) for times in zip(*rounds, strict=True))
            report.add(
                f"GET a page of {PAGE} stored in {STORED}, asked in {version}, beside native",
                median(ratios),
                "x",
                spread=f"{min(ratios):.2f}, {max(ratios):.2f} x",
                details=f"{other_s * 1e6:,.0f} us, native {own_s * 1e6:,.0f} us, the first time "
                f"{first_s * 1e6:,.0f} us, {size / 1000:,.0f} kB, by computing time",
                at_most=MOST,
            )


def _own(number: int) -> Own:
    place = data.location(number)
    body = convert(data.encode(place), "Location", data.VERSION, STORED).body
    return Own("locations", fold(place["id"]), body, version=STORED)


async def _walk(server: Server, version: str) -> tuple[list[str], int]:
    """The URLs of all pages, by following `Link`, and how large a page is."""
    urls, url, size = [], f"/ocpi/{version}/sender/locations?limit={PAGE}", 0
    while url:
        urls.append(url)
        response = await server.handle(Request(method="GET", url=url, headers=data.HEADERS))
        if response.status != 200:
            raise RuntimeError(f"{url}: HTTP {response.status}")
        size = max(size, len(response.body))
        following = read_next(response.headers.get(LINK), "") or ""
        url = following[following.find("/ocpi/") :] if following else ""
    return urls, size


async def _cost(server: Server, urls: list[str]) -> float:
    """Seconds of computing for one page."""
    requests = [Request(method="GET", url=url, headers=data.HEADERS) for url in urls] * _WALKS
    began = time.process_time()
    for request in requests:
        await server.handle(request)
    return (time.process_time() - began) / len(requests)
