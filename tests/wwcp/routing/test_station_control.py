# SPDX-License-Identifier: AGPL-3.0-or-later
"""Unlock and charging profiles: who is asked, who cannot do it, and what the failures of an operator become."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wwcp.adapters.cso_world import Stations
from tests.wwcp.making import FIRST, GEF, MONDAY, POOL
from tests.wwcp.roaming import BROKEN, Broken, Operator, roaming
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.requests import ChargingLocation
from wwcp_ocpi.wwcp.model.station_verbs import ProfileCode, ProfileRequest, ProfileVerb, Unlock, UnlockCode
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

AT = ChargingLocation(evse_id=FIRST, connector_id="1")
S1 = ChargingSessionId.parse("S1")
CLEAR = ProfileRequest(verb=ProfileVerb.CLEAR, session_id=S1)


class Far(Broken):
    unlock = charging_profile = Broken._act


async def with_session(code: object, **fields: Any) -> RoamingNetwork:
    network = roaming()
    network.add_operator(GEF, code)
    made = ChargingSession(id=S1, start=SessionStart(timestamp=MONDAY), charging_station_operator_id=GEF, **fields)
    await network.report_session(made)
    return network


async def test_an_operator_that_can_is_asked_with_the_whole_place() -> None:
    network, code = roaming(), Stations()
    network.add_operator(GEF, code)
    assert (await network.unlock(Unlock(location=AT))).result is UnlockCode.Success
    (asked,) = code.asked
    assert isinstance(asked, Unlock)
    assert (asked.location.charging_pool_id, asked.location.connector_id) == (POOL, "1")


async def test_an_operator_that_cannot_is_not_asked() -> None:
    network = await with_session(Operator())
    session = await network.session(S1)
    assert session is not None
    assert (network.can_unlock(AT), network.can_profile(session)) == (False, False)
    assert (await network.unlock(Unlock(location=AT))).result is UnlockCode.NotSupported
    assert (await network.charging_profile(CLEAR)).result is ProfileCode.NotSupported


@pytest.mark.parametrize(
    ("location", "code"),
    [
        (ChargingLocation(evse_id=FIRST.parse("DE*GEF*E9*9")), UnlockCode.UnknownLocation),
        (ChargingLocation(charging_pool_id=POOL), UnlockCode.UnknownLocation),
        (ChargingLocation(evse_id=FIRST, connector_id="9"), UnlockCode.UnknownConnector),
    ],
)
async def test_what_is_not_there_cannot_be_unlocked(location: ChargingLocation, code: UnlockCode) -> None:
    network, stations = roaming(), Stations()
    network.add_operator(GEF, stations)
    assert (await network.unlock(Unlock(location=location))).result is code
    assert stations.asked == []


@pytest.mark.parametrize("does", BROKEN)
async def test_an_operator_who_fails_is_a_typed_answer(does: object) -> None:
    network = await with_session(Far(does))
    late = does is None
    assert (await network.unlock(Unlock(location=AT))).result is (UnlockCode.Timeout if late else UnlockCode.Error)
    found = await network.charging_profile(CLEAR)
    assert found.result is (ProfileCode.Timeout if late else ProfileCode.Error)


async def test_a_profile_is_for_a_session_that_goes_on() -> None:
    network = await with_session(Stations(), stop=SessionStop(timestamp=MONDAY))
    assert (await network.charging_profile(CLEAR)).result is ProfileCode.AlreadyStopped
    other = ProfileRequest(verb=ProfileVerb.GET, session_id=ChargingSessionId.parse("S2"), duration_s=60)
    assert (await network.charging_profile(other)).result is ProfileCode.InvalidSessionId


async def test_unlocking_alone_is_enough_to_take_part() -> None:
    class Unlocker:
        unlock = Stations.unlock

    leave = roaming().add_operator(GEF, Unlocker())
    leave()
    with pytest.raises(UsageError, match="Unlocker"):
        roaming().add_operator(GEF, object())
