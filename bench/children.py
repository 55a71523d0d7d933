# SPDX-License-Identifier: AGPL-3.0-or-later
"""The processes of a measurement: each on its core, each ended with the pipe to it, at the latest by its pid."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

_START_S = 60
_STOP_S = 20
_LIFE_S = 3600


def cores() -> tuple[int, int] | None:
    """A core for the server and one for the load; None where a process cannot choose, or there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    found = sorted(os.sched_getaffinity(0))
    return (found[0], found[1]) if len(found) > 1 else None


def pin(core: int | None) -> None:
    """Stay on this core from here on, with all threads that begin later."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def only_warnings() -> None:
    """Log what is wrong, to standard error, and nothing else."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class Child:
    """One server in a process of its own: `python -m bench.NAME`. It writes its port and lives until its input ends."""

    def __init__(self, module: str, *args: str, core: int | None) -> None:
        chosen = [] if core is None else ["--core", str(core)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.{module}", *args, *chosen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.port = 0

    def __enter__(self) -> Self:
        watch = threading.Timer(_START_S, self._process.kill)
        watch.start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        watch.cancel()
        if not line.strip().isdecimal():
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"a server did not start; it wrote {line!r}")
        self.port = int(line)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def rss(self) -> int | None:
        """The bytes of memory that the process holds now; None where the system does not tell in this way."""
        try:
            for line in Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        except OSError:
            pass
        return None

    def cpu_s(self) -> float | None:
        """The seconds of computing time that the process has used; None where the system does not tell."""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text("ascii")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def until_input_ends() -> None:
    """Return when whoever started this process lets go of it, at the latest after an hour."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    try:
        async with asyncio.timeout(_LIFE_S):
            await ended.wait()
    except TimeoutError:
        return
