# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles to test with, and an operator that answers as told."""

from __future__ import annotations

import json
from typing import Any

from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.decisions import ProfileAnswer, ProfileReport, ProfileRequest, ProfileUpdate

WITH_PROFILES = tuple(version for version in ALL_VERSIONS if "chargingprofiles" in VERSIONS[version].modules)
PROFILE: dict[str, Any] = {
    "start_date_time": "2026-03-01T12:00:00Z",
    "duration": 900,
    "charging_rate_unit": "A",
    "min_charging_rate": 6,
    "charging_profile_period": [{"start_period": 0, "limit": 8.1}, {"start_period": 300, "limit": 16}],
}
ACTIVE: dict[str, Any] = {"start_date_time": "2026-03-01T12:00:01Z", "charging_profile": PROFILE}
ACTIVE_BYTES = json.dumps(ACTIVE).encode()
ACCEPTED = ProfileAnswer(result="ACCEPTED", timeout_s=30)


class Station:
    """A profile operator that answers what it was told, and keeps what it was asked and how it may report."""

    def __init__(self, answer: ProfileAnswer = ACCEPTED) -> None:
        self.answer = answer
        self.asked: list[ProfileRequest] = []
        self.reports: list[ProfileReport] = []

    async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
        self.asked.append(asked)
        self.reports.append(report)
        return self.answer


class Noted:
    """A listener that keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[ProfileUpdate] = []

    async def changed(self, update: ProfileUpdate) -> None:
        self.heard.append(update)
