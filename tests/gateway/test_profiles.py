# SPDX-License-Identifier: AGPL-3.0-or-later
"""Smart charging between two gateways over real HTTP, through a restart of the operator's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.gateway.gateways import config, until
from tests.gateway.test_two_gateways import register, restarted
from tests.known import publish
from tests.objects import session
from tests.platforms import CPO
from tests.profiling import ACTIVE, ACTIVE_BYTES, PROFILE, WITH_PROFILES, Noted
from tests.rules import rule
from wwcp_ocpi import Gateway
from wwcp_ocpi.protocol.endpoint import Operation
from wwcp_ocpi.protocol.shape import fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.decisions import ProfileAction, ProfileAnswer, ProfileOutcome, ProfileReport, ProfileRequest


class Profiles:
    """An operator's whole code: it accepts, and its charge point answers in a moment."""

    async def run(self, asked: ProfileRequest, report: ProfileReport) -> ProfileAnswer:
        self.work = asyncio.create_task(self.pass_on(asked, report))
        return ProfileAnswer(result="ACCEPTED", timeout_s=30)

    async def pass_on(self, asked: ProfileRequest, report: ProfileReport) -> None:
        active = ACTIVE_BYTES if asked.action is ProfileAction.GET else None
        await report(ProfileOutcome(result="ACCEPTED", profile=active))


@rule("CHP-03")
@pytest.mark.parametrize("version", WITH_PROFILES)
async def test_a_profile_is_set_told_changed_and_cleared(tmp_path: Path, version: str) -> None:
    cpo = await Gateway(config(tmp_path, "CPO")).start()
    emsp = await Gateway(config(tmp_path, "EMSP")).start()
    try:
        await register(cpo, emsp, version)
        await publish(cpo.platform, version, "sessions", session(version))
        assert (await emsp.platform.pull("partner", "sessions")).received == 1
        profiles = emsp.platform.profiles
        assert (await profiles.set("partner", "S1", PROFILE)).answer.result == "NOT_SUPPORTED"

        cpo.platform.server.profile_operator = Profiles()
        sent = await profiles.set("partner", "S1", PROFILE, theirs=CPO)
        assert await sent.result() == ProfileOutcome(result="ACCEPTED")
        found = await (await profiles.active("partner", "S1", 900)).result()
        assert (found.result, json.loads(found.profile or b"")) == ("ACCEPTED", ACTIVE)
        assert (await (await profiles.clear("partner", "S1")).result()).result == "ACCEPTED"

        async def nothing_is_left() -> bool:
            return await cpo.platform.store.documents("order") == []

        await until(nothing_is_left)
        emsp.platform.server.profile_listener = noted = Noted()
        cpo = await restarted(cpo, tmp_path)
        assert await cpo.platform.followers.changed("S1", ACTIVE_BYTES) == {"partner": ""}
        assert [(heard.session_id, heard.owner) for heard in noted.heard] == [("S1", CPO)]

        peer = emsp.platform.peer("partner")
        row = next(one for one in VERSIONS[version].endpoints if one.operation is Operation.SET_PREFERENCES)
        wishes = VERSIONS[version].object_named("ChargingPreferences")
        kinds = {field.name: field.type for field in fields_of(wishes)}
        made = wishes(profile_type=kinds["profile_type"]("FAST"))
        assert await peer.set_preferences("S1", made) == row.response("NOT_POSSIBLE")
    finally:
        await emsp.stop()
        await cpo.stop()
