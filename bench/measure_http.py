# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests a second over HTTP, ours beside the bare application: both are up, on one core, and take turns."""

from __future__ import annotations

import http.client
import re
import ssl
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
from bench.setting import PARTNER, Own
from wwcp_ocpi.scalars import fold

PAGE = 50
LIST = f"/ocpi/{VERSION}/sender/locations"
CDRS = f"/ocpi/{VERSION}/sender/cdrs"
_LARGE = 20
"""How many Locations with many EVSEs there are."""
_NEXT = re.compile(r"<https?://[^/]+([^>]*)>")


class Contest(NamedTuple):
    """One kind of request, for both servers the same."""

    name: str
    requests: Callable[[], Iterator[bytes]]
    at_least: float | None
    shows_p99: bool = False
    """Whether the time of nearly every answer of ours is a figure of its own."""


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
    await setting.prepare(str(folder / "speed"), _own(plan))
    with Child("serve_ours", str(folder / "speed"), core=core) as ours:
        await _put_all(ours, plan)
        for contest in [*_locations(ours, plan), *_charging(ours, plan)]:
            answer = call(ours.port, next(contest.requests()))
            serve_bare.write(folder / "ready.json", answer)
            with Child("serve_bare", str(folder / "ready.json"), core=core) as bare:
                await take_turns(report, plan, bare, ours, contest, len(answer.body))
        await _large(report, plan, ours)


def _own(plan: Plan) -> Iterator[Own]:
    for number in range(plan.locations):
        place = data.location(number)
        yield Own("locations", fold(place["id"]), data.encode(place))
        token = data.token(number)
        yield Own("tokens", fold(token["uid"]) + "|RFID", data.encode(token))
        yield Own("cdrs", fold(f"CDR-{number:07d}"), data.encode(data.cdr(number, OURS)), PARTNER)


def _locations(ours: Child, plan: Plan) -> list[Contest]:
    pages = [data.get(path) for path in links(ours.port, LIST)]
    offsets = [data.get(f"{LIST}?offset={at}&limit={PAGE}") for at in range(plan.locations - PAGE)]
    puts = [data.put(number) for number in range(plan.locations)]
    patches = [
        data.patch(number, 0, status) for status in ("CHARGING", "AVAILABLE") for number in range(plan.locations)
    ]
    return [
        Contest(f"GET a page of {PAGE} of {plan.locations:,}, by Link", lambda: data.repeat(pages), 60),
        Contest("GET the same, right after a change", lambda: data.repeat(offsets), None),
        Contest("PUT a Location, durable", lambda: data.renewed(puts), 35),
        Contest("PATCH an EVSE status, durable", lambda: data.renewed(patches), 35),
    ]


def _charging(ours: Child, plan: Plan) -> list[Contest]:
    pages = [data.get(path) for path in links(ours.port, CDRS)]
    asked = [data.authorize(number) for number in range(plan.locations)]
    updates = [data.patch_session(number) for number in range(plan.locations)]
    posts = [data.post_cdr(number) for number in range(plan.locations)]
    return [
        Contest(f"GET a page of {PAGE} CDRs of 20 kB", lambda: data.repeat(pages), 60),
        Contest("POST authorize a Token", lambda: data.repeat(asked), None, shows_p99=True),
        Contest("PATCH a Session, durable", lambda: data.renewed(updates), 35),
        Contest("POST a CDR, durable", lambda: data.renewed(posts), 35),
    ]


async def _put_all(ours: Child, plan: Plan) -> None:
    first = [data.put(number) for number in range(plan.locations)]
    first += [data.put(plan.locations + number, EVSES) for number in range(_LARGE)]
    first += [data.put_session(number) for number in range(plan.locations)]
    await load.run(ours.port, (before + data.moment() + after for before, after in first), connections=8, seconds=60)


async def take_turns(
    report: Report,
    plan: Plan,
    bare: Child,
    ours: Child,
    contest: Contest,
    body_bytes: int,
    *,
    tls: ssl.SSLContext | None = None,
    theirs_is: str = "bare",
) -> None:
    """Rounds of one kind. The ratio of a round is of two runs that lie beside each other."""
    for child in (bare, ours):
        await _run(child, contest, plan, plan.round_s / 2, tls)
    rounds = [
        (await _run(bare, contest, plan, plan.round_s, tls), await _run(ours, contest, plan, plan.round_s, tls))
        for _ in range(plan.rounds)
    ]
    ratios = [mine.result.rate / theirs.result.rate * 100 for theirs, mine in rounds]
    p50, p99 = ([mine.result.quantile_ms(share) for _, mine in rounds] for share in (0.5, 0.99))
    details = [
        f"ours {median(mine.result.rate for _, mine in rounds):,.0f}/s",
        f"{theirs_is} {median(theirs.result.rate for theirs, _ in rounds):,.0f}/s",
        f"p50 {median(p50):.1f} ms",
        f"p99 {median(p99):.1f} ms",
    ]
    costs = [(theirs.cpu_us, mine.cpu_us) for theirs, mine in rounds if theirs.cpu_us and mine.cpu_us]
    if costs:
        # What others do on the machine, and the disk, changes this little.
        cheap, dear = (median(cost) for cost in zip(*costs, strict=True))
        share = median(one / other for one, other in costs) * 100
        details.append(f"by computing time {share:.0f} %: ours {dear:.0f} us, {theirs_is} {cheap:.0f} us")
        details.append(f"ours waits {max(0.0, median(mine.idle for _, mine in rounds)) * 100:.0f} % of the time")
    report.add(
        contest.name,
        median(ratios),
        "%",
        spread=f"{min(ratios):.0f}, {max(ratios):.0f} %",
        details=", ".join(details),
        at_least=contest.at_least,
    )
    if contest.shows_p99:
        name = f"{contest.name}, {plan.connections} connections, p99"
        report.add(name, median(p99), "ms", spread=f"{min(p99):.1f}, {max(p99):.1f} ms")
    busy = median(theirs.result.busy for theirs, _ in rounds)
    ceiling = median(theirs.result.ceiling for theirs, _ in rounds)
    slow = f"; IT HELD {theirs_is.upper()} BACK" if busy > 0.95 else ""
    report.note(
        f"{contest.name}: a request has {len(next(contest.requests())):,} bytes, an answer {body_bytes:,} without its "
        f"head; the load took {busy * 100:.0f} % of its core at the rate of {theirs_is}, so it could take "
        f"{ceiling:,.0f}/s{slow}"
    )


async def _run(child: Child, contest: Contest, plan: Plan, seconds: float, tls: ssl.SSLContext | None) -> _Run:
    before = child.cpu_s()
    result = await load.run(child.port, contest.requests(), connections=plan.connections, seconds=seconds, tls=tls)
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


def links(port: int, path: str) -> list[str]:
    """The paths of all pages of a list, by following `Link`."""
    found = [f"{path}?limit={PAGE}"]
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
