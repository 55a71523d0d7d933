# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands to test with: their fields in each version, an operator that answers as told, and time that obeys."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.objects import token
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome, CommandRequest, Report

START, STOP, UNLOCK = "START_SESSION", "STOP_SESSION", "UNLOCK_CONNECTOR"
RESERVE, CANCEL = "RESERVE_NOW", "CANCEL_RESERVATION"
STARTED, FAILED = "NOTIFY_WEB_PAYMENT_STARTED", "NOTIFY_WEB_PAYMENT_FAILED"
COMMANDS = (START, STOP, UNLOCK, RESERVE, CANCEL)
ACCEPTED = CommandAnswer(result="ACCEPTED", timeout_s=30)
DONE = CommandOutcome(result="ACCEPTED")
NOON, ONE_O_CLOCK = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
NOON_S = 1772366400.0


def fields(version: str, command: str, **more: Any) -> dict[str, Any]:
    """The fields of a command in that version, without its response URL."""
    place = {"location_id": "LOC1", "evse_uid": "E1"}
    reservation: object = 7 if version == "2.1.1" else "R7"
    known: dict[str, dict[str, Any]] = {
        START: {"token": token(version), **place},
        STOP: {"session_id": "S1"},
        UNLOCK: {**place, "connector_id": "1"},
        RESERVE: {"token": token(version), "expiry_date": ONE_O_CLOCK, "reservation_id": reservation, **place},
        CANCEL: {"reservation_id": reservation},
        STARTED: {**place, "timeout": 120},
        FAILED: place,
    }
    return {**known[command], **more}


class Operator:
    """A commander that answers what it was told, and keeps what it was asked and how it may report."""

    def __init__(self, answer: CommandAnswer = ACCEPTED) -> None:
        self.answer = answer
        self.asked: list[CommandRequest] = []
        self.reports: list[Report] = []
        self.at_once: CommandOutcome | None = None

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        self.asked.append(asked)
        self.reports.append(report)
        if self.at_once is not None:
            await report(self.at_once)
        return self.answer


class Timer:
    """It is noon until somebody advances it."""

    def __init__(self) -> None:
        self.now = NOON_S
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.now + seconds, event))
        await event.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass, and all that was waiting for it come to rest."""
        await rest()
        self.now += seconds
        for at, event in self._sleepers:
            if at <= self.now:
                event.set()
        await rest()


async def rest() -> None:
    """Let everything run that can."""
    for _ in range(100):
        await asyncio.sleep(0)
