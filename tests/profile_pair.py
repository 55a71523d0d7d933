# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO with a station and an eMSP that sets profiles there, registered, in a world with one clock."""

from __future__ import annotations

import json
from typing import Any

from tests.command_pair import Pair
from tests.commanding import rest
from tests.platforms import platform, register
from tests.profiling import PROFILE, Noted, Station
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.profiles import SentProfile
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server.decisions import ProfileAction, ProfileOutcome

MODULES = frozenset({"sessions", "chargingprofiles"})
RESULTS = "/sender/chargingprofiles/results/"


class ProfilePair(Pair):
    """The same pair, with charging profiles instead of commands."""

    def __init__(self, version: str, role: str = "EMSP") -> None:
        self.station = Station()
        self.noted = Noted()
        self.role = role
        super().__init__(version)

    def _made(self, host: str, party: PartyId, role: str, old: Platform | None = None) -> Platform:
        role = role if role == "CPO" else self.role
        store = old.store if old else None
        made = platform(self.net, host, party, role, modules=MODULES, store=store, vault=Vault(b"k" * 32))
        for one in (made.desk, made.profiles, made.followers):
            one.clock, one.sleep = self.timer.clock, self.timer.sleep
        made.server.profile_operator = self.station
        made.server.profile_listener = self.noted
        return made

    async def ask(self, action: ProfileAction = ProfileAction.SET, **more: Any) -> SentProfile:
        profiles = self.emsp.profiles
        if action is ProfileAction.SET:
            return await profiles.set("cpo.example", "S1", PROFILE, **more)
        if action is ProfileAction.CLEAR:
            return await profiles.clear("cpo.example", "S1", **more)
        return await profiles.active("cpo.example", "S1", 900, **more)

    async def answer(self, result: str = "ACCEPTED", profile: bytes | None = None) -> None:
        """The charge point answers the last request."""
        await self.station.reports[-1](ProfileOutcome(result=result, profile=profile))
        await rest()

    def posted(self) -> list[Request]:
        return [request for request in self.net.requests if RESULTS in request.url]

    def results(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.posted()]

    async def pendings(self) -> int:
        return len(await self.emsp.store.documents("profile"))


async def linked(version: str, role: str = "EMSP") -> ProfilePair:
    pair = ProfilePair(version, role)
    await register(pair.cpo, pair.emsp, (version,))
    pair.net.requests.clear()
    return pair
