# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO whose charge points start and stop by command: python examples/run_commands.py wwcp-ocpi.toml."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome, CommandRequest, Report


class Stations:
    """Says at once whether a command will be tried; what becomes of it follows when the charge point has answered."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Here every charge point obeys, after a while."""
        if asked.command not in ("START_SESSION", "STOP_SESSION"):
            return CommandAnswer(result="NOT_SUPPORTED")
        task = asyncio.create_task(self._ask_charge_point(asked, report))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return CommandAnswer(result="ACCEPTED", timeout_s=30)

    async def _ask_charge_point(self, asked: CommandRequest, report: Report) -> None:
        await asyncio.sleep(0.1)  # your OCPP server, with asked.evse_uid or asked.session_id
        await report(CommandOutcome(result="ACCEPTED"))


async def main(file: str) -> None:
    """Run a gateway with that configuration until it is stopped."""
    async with Gateway(load(Path(file)), commander=Stations()) as gateway:
        print(gateway.versions_url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
