# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests a second over HTTP, ours beside the bare application: both are up, on one core, and take turns."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import data, load, serve_bare, setting
from bench.children import Child
from bench.data import OURS, VERSION
from bench.load import Result
from bench.plan import EVSES, Plan
from bench.report import Report
from bench.serve_bare import Ready

PAGE = 50
LIST = f"/ocpi/{VERSION}/sender/locations"
_LARGE = 20
"""How many Locations with many EVSEs there are."""
_NEXT = re.compile(r"<https?://[^/]+([^>]*)>")


class Contest(NamedTuple):
    """One kind of request, for both servers the same."""

    name: str
    requests: Callable[[], Iterator[bytes]]
    at_least: float | None


class _Run(NamedTuple):
    result: Result
    cpu_s: float | None
    """Of the server."""

    @property
    def cpu_us(self) -> float:
        return (self.cpu_s or 0) / self.result.answers * 1e6

    @property
    def idle(self) -> float:
        return 1 - (self.cpu_s or 0) / self.result.seconds


async def measure(report: Report, plan: Plan, folder: Path, core: int | None) -> None:
    """Everything that needs two servers."""
    own = (data.location(number) for number in range(plan.locations))
    await setting.prepare(str(folder / "speed"), ((one["id"], data.encode(one)) for one in own))
    answers = folder / "ready.json"
    with Child("serve_ours", str(folder / "speed"), core=core) as ours:
        await _put_all(ours, plan)
        pages = [data.get(path) for path in links(ours.port)]
        offsets = [data.get(f"{LIST}?offset={at}&limit={PAGE}") for at in range(plan.locations - PAGE)]
        puts = [data.put(number) for number in range(plan.locations)]
        patches = [
            data.patch(number, 0, status) for status in ("CHARGING", "AVAILABLE") for number in range(plan.locations)
        ]
        ready = {"GET": call(ours.port, pages[0])}
        ready |= {
            "PUT": call(ours.port, next(data.renewed(puts))),
            "PATCH": call(ours.port, next(data.renewed(patches))),
        }
        serve_bare.write(answers, ready)
        report.note(
            f"a page of {PAGE} has {len(ready['GET'].body):,} bytes, a PUT {len(puts[0][0] + puts[0][1]):,}, "
            f"a PATCH {len(patches[0][0] + patches[0][1]):,}, heads included"
        )
        with Child("serve_bare", str(answers), core=core) as bare:
            await _contest(report, plan, bare, ours, [
                Contest(f"GET a page of {PAGE} of {plan.locations:,}, by Link", lambda: data.repeat(pages), 60),
                Contest("GET the same, right after a change", lambda: data.repeat(offsets), None),
                Contest("PUT a Location, durable", lambda: data.renewed(puts), 35),
                Contest("PATCH an EVSE status, durable", lambda: data.renewed(patches), 35),
            ])  # fmt: skip
        await _large(report, plan, ours)


async def _put_all(ours: Child, plan: Plan) -> None:
    first = [data.put(number) for number in range(plan.locations)]
    first += [data.put(plan.locations + number, EVSES) for number in range(_LARGE)]
    await load.run(ours.port, (before + data.moment() + after for before, after in first), connections=8, seconds=60)


async def _contest(report: Report, plan: Plan, bare: Child, ours: Child, contests: list[Contest]) -> None:
    """Rounds of each kind. The ratio of a round is of two runs that lie beside each other."""
    for contest in contests:
        for child in (bare, ours):
            await load.run(child.port, contest.requests(), connections=plan.connections, seconds=plan.round_s / 2)
        rounds = [(await _run(bare, contest, plan), await _run(ours, contest, plan)) for _ in range(plan.rounds)]
        ratios = [mine.result.rate / theirs.result.rate * 100 for theirs, mine in rounds]
        p50, p99 = (median(mine.result.quantile_ms(share) for _, mine in rounds) for share in (0.5, 0.99))
        details = [
            f"ours {median(mine.result.rate for _, mine in rounds):,.0f}/s",
            f"bare {median(theirs.result.rate for theirs, _ in rounds):,.0f}/s",
            f"p50 {p50:.1f} ms",
            f"p99 {p99:.1f} ms",
        ]
        costs = [(theirs.cpu_us, mine.cpu_us) for theirs, mine in rounds if theirs.cpu_us and mine.cpu_us]
        if costs:
            # What others do on the machine, and the disk, changes this little.
            cheap, dear = (median(cost) for cost in zip(*costs, strict=True))
            share = median(one / other for one, other in costs) * 100
            details.append(f"by computing time {share:.0f} %: ours {dear:.0f} us, bare {cheap:.0f} us")
            details.append(f"ours waits {max(0.0, median(mine.idle for _, mine in rounds)) * 100:.0f} % of the time")
        report.add(
            contest.name,
            median(ratios),
            "%",
            spread=f"{min(ratios):.0f}, {max(ratios):.0f} %",
            details=", ".join(details),
            at_least=contest.at_least,
        )
        busy = median(theirs.result.busy for theirs, _ in rounds)
        ceiling = median(theirs.result.ceiling for theirs, _ in rounds)
        slow = "; IT HELD THE BARE APPLICATION BACK" if busy > 0.95 else ""
        report.note(
            f"{contest.name}: the load took {busy * 100:.0f} % of its core at the bare application's rate, "
            f"so it could take {ceiling:,.0f}/s{slow}"
        )


async def _run(child: Child, contest: Contest, plan: Plan) -> _Run:
    before = child.cpu_s()
    result = await load.run(child.port, contest.requests(), connections=plan.connections, seconds=plan.round_s)
    after = child.cpu_s()
    return _Run(result, None if before is None or after is None else after - before)


async def _large(report: Report, plan: Plan, ours: Child) -> None:
    requests = [
        data.patch(plan.locations + number, evse, status)
        for status in ("CHARGING", "AVAILABLE")
        for evse in range(0, EVSES, 7)
        for number in range(_LARGE)
    ]
    results = [
        await load.run(ours.port, data.renewed(requests), connections=plan.connections, seconds=plan.round_s)
        for _ in range(plan.rounds)
    ]
    rates = [one.rate for one in results]
    size = len(data.encode(data.location(plan.locations, OURS, EVSES)))
    report.add(
        f"PATCH an EVSE of a Location with {EVSES} EVSEs",
        median(rates),
        "/s",
        spread=f"{min(rates):,.0f}, {max(rates):,.0f} /s",
        details=f"{size / 1000:,.0f} kB each, p50 {median(one.quantile_ms(0.5) for one in results):.1f} ms",
    )


def links(port: int) -> list[str]:
    """The paths of all pages of the list, by following `Link`."""
    found = [f"{LIST}?limit={PAGE}"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        while True:
            connection.request("GET", found[-1], headers=data.HEADERS)
            response = connection.getresponse()
            response.read()
            match = _NEXT.match(response.headers.get("link", ""))
            if match is None:
                return found
            found.append(match[1])
    finally:
        connection.close()


def call(port: int, request: bytes) -> Ready:
    """One answer, as the bare application is to give it."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, path, _ = head.decode().split("\r\n", 1)[0].split(" ")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {**data.HEADERS, **({"content-type": "application/json"} if body else {})}
        connection.request(method, path, body=body or None, headers=headers)
        response = connection.getresponse()
        pairs = [(name, value) for name, value in response.getheaders() if name.lower() != "date"]
        return Ready(status=response.status, headers=pairs, body=response.read())
    finally:
        connection.close()
