# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wishes of a driver: whose Session it may be, what the operator is asked, and what the eMSP hears."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from tests.known import known, publish
from tests.objects import evse, location, session
from tests.platforms import CPO, EMSP, Caller, MemoryNet, envelope_of, platform, register
from tests.profiling import WITH_PROFILES
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import Refused, UsageError
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import asynchronous
from wwcp_ocpi.server.decisions import PreferencesRequest

MODULES = frozenset({"locations", "sessions"})
OTHER = PartyId("FR", "OTH")
CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
WISHES = {"profile_type": "GREEN", "departure_time": "2026-03-01T17:00:00Z", "energy_need": 22.5}
pytestmark = pytest.mark.parametrize("version", WITH_PROFILES)


class Wishes:
    """Takes wishes, answers as told, and keeps what it was asked."""

    def __init__(self, word: str = "ACCEPTED") -> None:
        self.word = word
        self.asked: list[PreferencesRequest] = []

    async def prefer(self, asked: PreferencesRequest) -> str:
        self.asked.append(asked)
        return self.word


async def cpo(version: str, *capabilities: str) -> tuple[Platform, Wishes, Caller]:
    """A CPO with Session S1 of an eMSP, at an EVSE with these capabilities; and the calls of that eMSP."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    call = await known(made, "emsp", (EMSP,))
    made.server.preferences = wishes = Wishes()
    await publish(made, version, "sessions", session(version))
    if capabilities:
        able = evse(version, capabilities=list(capabilities))
        await publish(made, version, "locations", location(version, evses=[able, evse(version, uid="E2")]))
    return made, wishes, call


def at(version: str, id: str = "S1") -> str:
    return f"/ocpi/{version}/sender/sessions/{id}/charging_preferences"


def refused(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


@rule("SES-08")
async def test_the_operator_is_asked_with_all_that_the_driver_wishes(version: str) -> None:
    _, wishes, call = await cpo(version, CAPABLE)
    response = await call("PUT", at(version, "s1"), WISHES)
    assert (response.status, envelope_of(response)) == (200, {"status_code": 1000, "data": "ACCEPTED"})
    assert refused(await call("PUT", at(version).removesuffix("/charging_preferences"), WISHES)) == (405, 2000)
    assert wishes.asked == [
        PreferencesRequest(
            partner="emsp",
            version=version,
            session_id="s1",
            session=json.dumps(session(version)).encode(),
            profile_type="GREEN",
            departure_time=DateTime.parse("2026-03-01T17:00:00Z"),
            energy_need=Decimal("22.5"),
            discharge_allowed=False,
        )
    ]


@rule("SES-23")
@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("DEPARTURE_REQUIRED", "DEPARTURE_REQUIRED"),
        ("ENERGY_NEED_REQUIRED", "ENERGY_NEED_REQUIRED"),
        ("NOT_POSSIBLE", "NOT_POSSIBLE"),
        ("PROFILE_TYPE_NOT_SUPPORTED", "PROFILE_TYPE_NOT_SUPPORTED"),
        ("PERHAPS", "NOT_POSSIBLE"),
    ],
)
async def test_what_the_operator_says_is_what_the_partner_hears(version: str, word: str, told: str) -> None:
    _, wishes, call = await cpo(version)
    wishes.word = word
    assert envelope_of(await call("PUT", at(version), {"profile_type": "FAST"}))["data"] == told


@rule("SES-23")
async def test_a_profile_type_that_no_version_has_is_not_supported(version: str) -> None:
    _, wishes, call = await cpo(version)
    response = await call("PUT", at(version), {"profile_type": "PURPLE"})
    assert envelope_of(response)["data"] == "PROFILE_TYPE_NOT_SUPPORTED"
    assert wishes.asked == []


async def test_without_an_operators_system_nothing_is_possible(version: str) -> None:
    made, _, call = await cpo(version)
    made.server.preferences = platform(MemoryNet(), "x.example", CPO, "CPO").server.preferences
    assert envelope_of(await call("PUT", at(version), WISHES))["data"] == "NOT_POSSIBLE"


async def test_an_operator_that_does_not_decide_has_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, call = await cpo(version)

    class Undecided:
        async def prefer(self, asked: PreferencesRequest) -> str:
            await asyncio.Event().wait()
            return "ACCEPTED"

    made.server.preferences = Undecided()
    monkeypatch.setattr(asynchronous, "DECIDE_S", 0.0)
    assert envelope_of(await call("PUT", at(version), WISHES))["data"] == "NOT_POSSIBLE"


@rule("SES-09")
async def test_an_evse_that_takes_no_preferences_is_404(version: str) -> None:
    made, wishes, call = await cpo(version, "RFID_READER")
    assert refused(await call("PUT", at(version), WISHES)) == (404, 2001)
    assert wishes.asked == []
    await publish(made, version, "sessions", session(version, id="S2", evse_uid="E3"))
    assert refused(await call("PUT", at(version, "S2"), WISHES)) == (200, 1000)


async def test_a_session_that_is_not_this_partners_is_404(version: str) -> None:
    made, wishes, call = await cpo(version)
    other = await known(made, "other", (OTHER,))
    for caller, id in ((other, "S1"), (call, "S2"), (call, "x" * 500), (call, "%00")):
        assert refused(await caller("PUT", at(version, id), WISHES)) == (404, 2001)
    assert wishes.asked == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.profile_type"),
        ({**WISHES, "energy_need": "22"}, "$.energy_need"),
        ({**WISHES, "departure_time": "at five"}, "$.departure_time"),
        ({**WISHES, "discharge_allowed": "yes"}, "$.discharge_allowed"),
        ([], "$"),
    ],
)
async def test_what_are_no_preferences_is_refused_at_its_place(version: str, body: object, path: str) -> None:
    _, wishes, call = await cpo(version)
    response = await call("PUT", at(version), body)
    assert refused(response) == (200, 2001)
    assert f": {path}: " in envelope_of(response)["status_message"]
    assert refused(await call("PUT", at(version), b"{")) == (400, 2001)
    assert wishes.asked == []


async def test_an_emsp_tells_wishes_and_hears_the_word(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(cpo, emsp, (version,))
    await publish(cpo, version, "sessions", session(version))
    cpo.server.preferences = Wishes()
    kind: Any = VERSIONS[version].object_named("ChargingPreferences")
    peer = emsp.peer("cpo.example")
    row = next(one for one in VERSIONS[version].endpoints if one.request is kind)
    wishes = codec.decode(kind, b'{"profile_type":"CHEAP","energy_need":5}')
    assert await peer.set_preferences("S1", wishes) == row.response("ACCEPTED")
    with pytest.raises(Refused) as caught:
        await peer.set_preferences("S2", wishes)
    assert caught.value.http_status == 404


async def test_an_older_version_has_no_preferences(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(cpo, emsp, ("2.1.1",))
    kind: Any = VERSIONS[version].object_named("ChargingPreferences")
    with pytest.raises(UsageError, match="has no operation set_preferences"):
        await emsp.peer("cpo.example").set_preferences("S1", codec.decode(kind, b'{"profile_type":"CHEAP"}'))
