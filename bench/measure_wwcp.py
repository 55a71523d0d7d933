# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WWCP network of a hundred thousand EVSEs: how large and fast, statuses to partners, AuthorizeStart."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from bench.load import quantile
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.wwcp import (
    AuthorizeStart,
    AuthorizeStop,
    AuthStartCode,
    AuthStartResult,
    AuthStopCode,
    AuthStopResult,
    ChargingLocation,
    EMobilityProviderId,
    LiveNetwork,
    RoamingNetwork,
    rfid,
)
from wwcp_ocpi.wwcp.sample.network import sample_json, sample_network

AT_ONCE = 64
_LIFE_S = 900


async def measure(report: Report, plan: Plan, folder: Path, core: int | None) -> None:
    """The large network in two processes of their own, then the verb in this one."""
    file = folder / "network.json"
    file.write_bytes(sample_json(pools=plan.evses // 4, evses=plan.evses))
    _large(report, plan, file, core)
    _outbox(report, plan, file, folder / "outbox.sqlite", core)
    file.unlink()
    await _authorize(report, plan, None, "AuthorizeStart from the cache, in memory", 5_000)
    store = await SQLiteStore.open(folder / "wwcp.sqlite")
    try:
        await _authorize(report, plan, store, "AuthorizeStart from the cache, session durable", 5_000)
    finally:
        await store.close()


def _large(report: Report, plan: Plan, file: Path, core: int | None) -> None:
    found = _child("live_network", plan, file, core)
    many = f"{plan.evses:,} EVSEs"
    size = f"{file.stat().st_size / 1e6:.0f} MB of JSON, by computing time; {found['load_s']:.1f} s by the clock"
    report.add(f"load a network of {many}", found["load_cpu_s"], "s", at_most=20, details=size)
    peak = f"the process has {found['rss_mb']:.0f} MB, at most {found['peak_mb']:.0f} MB with the text it read"
    report.add(f"memory of a network of {many}", found["grown_mb"], "MB", at_most=500, details=peak)
    heard = f"all {found['heard_by_streams']:,.0f} heard by each"
    told = f"by computing time; p50 {found['p50_ms']:.2f} ms, p99 by the clock {found['p99_clock_ms']:.1f} ms, {heard}"
    report.add(f"a status of one of {many}, heard by 50, p99", found["p99_ms"], "ms", at_most=10, details=told)
    clock = f"by computing time; {found['changes_per_s']:,.0f}/s by the clock"
    report.add("the same, one after the other", found["changes_per_cpu_s"], "/s", at_least=2_000, details=clock)


def _outbox(report: Report, plan: Plan, file: Path, database: Path, core: int | None) -> None:
    found = _child("network_outbox", plan, file, core, str(database))
    told = f"by the clock; p50 {found['p50_ms']:.1f} ms, p99 of computing {found['p99_cpu_ms']:.1f} ms"
    report.add(
        f"a status of one of {plan.evses:,} EVSEs, in the outbox of 50 partners, p99", found["p99_ms"], "ms",
        at_most=10, details=told,
    )  # fmt: skip
    clock = f"by computing time; {found['changes_per_s']:,.0f}/s by the clock, {found['heard']:,.0f} changes"
    report.add("the same, sustained", found["changes_per_cpu_s"], "/s", at_least=2_000, details=clock)
    asked = "by the clock: 64 of what is due, rows made for some of it; a push that is made and forgotten computes"
    report.add("the courier looks, p99", found["due_ms"], "ms", details=f"{asked} {found['spread_us']:.0f} µs")


def _child(module: str, plan: Plan, file: Path, core: int | None, *more: str) -> dict[str, float]:
    chosen = str(core if core is not None else "")
    command = [sys.executable, "-m", f"bench.{module}", str(file), str(plan.changes), chosen, *more]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LIFE_S).stdout
    found: dict[str, float] = json.loads(out)
    return found


class _Provider:
    """Knows everybody, without context or limits."""

    def __init__(self, id: EMobilityProviderId) -> None:
        self._id = id
        self.asked = 0

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        self.asked += 1
        return AuthStartResult(result=AuthStartCode.Authorized, provider_id=self._id)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        return AuthStopResult(result=AuthStopCode.Authorized)


async def _authorize(
    report: Report, plan: Plan, documents: Documents | None, name: str, at_least: float | None
) -> None:
    network = RoamingNetwork(LiveNetwork(sample_network()), documents)
    provider = _Provider(EMobilityProviderId.parse("DE-GDF"))
    network.add_provider(EMobilityProviderId.parse("DE-GDF"), provider)
    evse = next(network.places.evses())
    request = AuthorizeStart(authentication=rfid("04AB12CD34EF56"), location=ChargingLocation(evse_id=evse.id))
    await network.authorize_start(request)
    times: list[float] = []

    async def some(count: int) -> None:
        for _ in range(count):
            start = time.perf_counter()
            result = await network.authorize_start(request)
            assert result.result is AuthStartCode.Authorized
            times.append(time.perf_counter() - start)

    rates, clock = [], []
    for _ in range(5):
        began, computed = time.perf_counter(), time.process_time()
        await asyncio.gather(*(some(plan.authorized // AT_ONCE) for _ in range(AT_ONCE)))
        count = plan.authorized // AT_ONCE * AT_ONCE
        rates.append(count / (time.process_time() - computed))
        clock.append(count / (time.perf_counter() - began))
    assert provider.asked == 1
    rates.sort()
    times.sort()
    report.add(
        name, quantile(rates, 0.5), "/s", at_least=at_least, spread=f"{rates[0]:,.0f}, {rates[-1]:,.0f} /s",
        details=f"by computing time; {quantile(sorted(clock), 0.5):,.0f}/s by the clock, {AT_ONCE} at once, "
        f"each a new session, p50 {quantile(times, 0.5) * 1000:.1f} ms, p99 {quantile(times, 0.99) * 1000:.1f} ms",
    )  # fmt: skip
