# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that loads one large WWCP network and changes its statuses; it writes its figures as JSON and ends."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from bench.children import only_warnings, pin
from bench.load import quantile
from wwcp_ocpi.wwcp import EVSEStatus, Numbered, RoamingNetwork, load
from wwcp_ocpi.wwcp.network.event_bus import EventStream

LISTENERS = 50
_STATUSES = (EVSEStatus.charging, EVSEStatus.available)


def main() -> None:
    """`python -m bench.live_network FILE CHANGES CORE`."""
    only_warnings()
    file, changes, core = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    pin(int(core) if core else None)
    before = _rss()
    began, cpu = time.perf_counter(), time.process_time()
    network = RoamingNetwork(load(file.read_bytes()).value)
    figures = {"load_s": time.perf_counter() - began, "load_cpu_s": time.process_time() - cpu}
    figures |= {"grown_mb": (_rss() - before) / 1e6, "rss_mb": _rss() / 1e6}
    figures["peak_mb"] = _peak() / 1e6
    print(json.dumps(figures | asyncio.run(_changes(network, changes))))


async def _changes(network: RoamingNetwork, count: int) -> dict[str, float]:
    """Half of the listeners are called, half of them read a stream; a change is heard when the last one has it."""
    ids = [evse.id for evse in network.places.evses()]
    heard: list[Numbered] = []
    for _ in range(LISTENERS // 2):
        network.on_event(heard.append)
    streams = [network.events() for _ in range(LISTENERS - LISTENERS // 2)]
    done = [asyncio.create_task(_read(stream, count)) for stream in streams]
    await asyncio.sleep(0)
    times: list[float] = []
    computed: list[float] = []
    began = time.perf_counter()
    for number in range(count):
        start, cpu = time.perf_counter(), time.thread_time()
        network.places.set_evse_status(ids[number * 7919 % len(ids)], _STATUSES[number // len(ids) % 2])
        await asyncio.sleep(0)  # the streams wake
        await asyncio.sleep(0)  # and have read
        times.append(time.perf_counter() - start)
        computed.append(time.thread_time() - cpu)
        heard.clear()
    rate = count / (time.perf_counter() - began)
    for stream in streams:
        stream.close()
    read = await asyncio.gather(*done)
    times.sort()
    per_s = count / sum(computed)
    computed.sort()
    return {
        "changes_per_s": rate,
        "changes_per_cpu_s": per_s,
        "p50_ms": quantile(computed, 0.5) * 1000,
        "p99_ms": quantile(computed, 0.99) * 1000,
        "p99_clock_ms": quantile(times, 0.99) * 1000,
        "longest_ms": times[-1] * 1000,
        "heard_by_streams": min(read),
    }


async def _read(stream: EventStream, count: int) -> int:
    seen = 0
    async for _ in stream:
        seen += 1
    return seen


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    """The most that this process ever had; what it had of its parent before it began does not count."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
