# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the machine's disk allows, for comparison: nothing that is durable can be faster, unless it shares commits."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from bench.load import quantile
from bench.plan import Plan
from bench.report import Report

_BLOCK = b"x" * 4096


def measure(report: Report, plan: Plan, folder: Path) -> None:
    """fsync alone, and SQLite with one commit a row."""
    waits = _fsync(folder / "fsync", plan.round_s)
    details = f"p99 {quantile(waits, 0.99) * 1000:.2f} ms"
    report.add("fsync of 4 kB, p50", quantile(waits, 0.5) * 1000, "ms", details=details)
    report.add(
        "SQLite alone, one durable commit a row of 2 kB", _commits(folder / "commits.sqlite", plan.round_s), "/s"
    )


def _fsync(path: Path, seconds: float) -> list[float]:
    waits = []
    with path.open("wb", buffering=0) as file:
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            file.write(_BLOCK)
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - began)
    return waits


def _commits(path: Path, seconds: float) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)")
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            connection.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (count % 1000, _BLOCK[:2000]))
            count += 1
        return count / (time.perf_counter() - began)
    finally:
        connection.close()
