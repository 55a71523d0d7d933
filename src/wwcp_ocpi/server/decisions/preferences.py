# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver wants to leave at eight, and to drive far. The question of an eMSP to the CPO."""

from __future__ import annotations

from typing import Protocol

import msgspec

from wwcp_ocpi.scalars import DateTime, Number


class PreferencesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A partner tells what the driver of one of its Sessions wishes.

    `session` is our Session as stored, in this version. `profile_type` is a word of ProfileType, `energy_need` is in
    kWh. A driver who does not say so does not allow to discharge.
    """

    partner: str
    version: str
    session_id: str
    session: bytes
    profile_type: str
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: bool = False


class PreferencesTaker(Protocol):
    """Takes the wishes of drivers for the CPO."""

    async def prefer(self, asked: PreferencesRequest) -> str:
        """A word of ChargingPreferencesResponse, within seconds. ACCEPTED is no promise that all will be met."""
        ...


class NoPreferences:
    """Takes none, and says so."""

    async def prefer(self, asked: PreferencesRequest) -> str:
        """Refuse: NOT_POSSIBLE."""
        return "NOT_POSSIBLE"
