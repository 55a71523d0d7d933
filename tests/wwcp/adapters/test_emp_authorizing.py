# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO asks about a Token over OCPI, and the providers of the network answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.objects import token
from tests.platforms import ALL_VERSIONS, EMSP
from tests.rules import rule
from tests.wwcp.adapters.emp_world import CARD, EMP, EVSE_1, GEF, POOL, World, world
from tests.wwcp.roaming import BROKEN, Broken
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import fold
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import rfid
from wwcp_ocpi.wwcp.model.requests import ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult
from wwcp_ocpi.wwcp.ocpi.emp.authorizing import AUTH_START, Unsaid

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
PLACE = {"location_id": "LOC1", "evse_uids": ["E1"]}


class Says:
    """A provider that says one thing, and keeps what it was asked."""

    def __init__(self, result: AuthStartResult) -> None:
        self.result = result
        self.asked: list[Any] = []

    async def authorize_start(self, request: Any) -> AuthStartResult:
        self.asked.append(request)
        return self.result

    async def authorize_stop(self, request: Any) -> Any:
        raise NotImplementedError


async def answered(code: AuthStartCode, version: str = "2.3.0", **payload: Any) -> tuple[World, Says]:
    """A world whose provider DE-GDF stands for our only party, and says that."""
    here = await world(version)
    says = Says(AuthStartResult(result=code, **payload))
    here.network.add_provider(EMobilityProviderId.parse("DE-GDF"), says)
    here.provider.tokens.clear()
    here.adapter._core.parties.clear()
    here.adapter._core.parties[EMobilityProviderId.parse("DE-GDF")] = EMSP
    return here, says


async def publish(here: World, *tokens: dict[str, Any]) -> None:
    """Our Tokens as they were published before."""
    things = [
        OwnObject(owner=EMSP, id=one["uid"], last_updated=1, body=codec.encode(one), qualifier=one["type"])
        for one in tokens
    ]
    for outcome in await here.emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", things, push=False):
        assert not isinstance(outcome, Exception), outcome


@rule("TOK-14")
@versions
async def test_the_provider_is_asked_about_driver_and_place_and_its_answer_goes_back(version: str) -> None:
    payload: dict[str, Any] = {
        "contract_id": "NL-EMP-C12345678",
        "printed_number": "4711",
        "provider_name": "Example",
        "ui_language": "nl",
        "additional_info": {"en": "Hello", "nl": "Hallo"},
    }
    here, says = await answered(AuthStartCode.Authorized, version, **payload)
    found = await here.authorize(place=PLACE)
    (asked,) = says.asked
    assert (asked.authentication, asked.provider_id) == (rfid(CARD), EMobilityProviderId.parse("DE-GDF"))
    assert asked.location == ChargingLocation(
        evse_id=EVSE_1,
        charging_station_id=here.network.places.station_id_of(EVSE_1),
        charging_pool_id=POOL,
        charging_station_operator_id=GEF,
    )
    data = found["data"]
    assert (found["status_code"], data["allowed"]) == (1000, "ALLOWED")
    assert data["location"]["evse_uids"] == ["E1"]
    assert data["info"] == {"language": "nl", "text": "Hallo"}
    if version != "2.1.1":
        made = {name: data["token"][name] for name in ("uid", "type", "contract_id", "issuer", "visual_number")}
        assert made == {
            "uid": CARD,
            "type": "RFID",
            "contract_id": "NL-EMP-C12345678",
            "issuer": "Example",
            "visual_number": "4711",
        }


@versions
async def test_the_session_that_was_allowed_is_awaited_under_the_reference_in_the_answer(version: str) -> None:
    gdf = EMobilityProviderId.parse("DE-GDF")
    here, _ = await answered(AuthStartCode.Authorized, version, provider_id=gdf)
    await publish(here, token("2.3.0"))
    found = await here.authorize(place=PLACE)
    (session,) = await here.network.sessions()
    assert (session.is_awaited, session.evse_id) == (True, EVSE_1)
    assert ("authorization_reference" in found["data"]) == (version != "2.1.1")
    told = {"authorization_reference": found["data"]["authorization_reference"]} if version != "2.1.1" else {}
    await here.put("sessions", here.session(**told))
    (known,) = await here.network.sessions()
    assert (known.id, known.is_awaited, known.cpo_partner_session_id) == (session.id, False, "S1")
    assert known.start.provider_id == session.start.provider_id == gdf


@rule("TOK-12")
@versions
@pytest.mark.parametrize("code", [AuthStartCode.NotAuthorized, AuthStartCode.InvalidToken])
async def test_a_token_that_nobody_knows_is_unknown(version: str, code: AuthStartCode) -> None:
    here, _ = await answered(code, version)
    found = await here.authorize("FFFF", PLACE)
    assert (found["http"], found["status_code"]) == (404, VERSIONS[version].facts.unknown_token_status)
    assert await here.network.sessions() == []


@rule("TOK-13")
@versions
async def test_where_the_provider_needs_a_place_and_none_is_known_it_is_asked_for(version: str) -> None:
    here, says = await answered(AuthStartCode.UnknownLocation, version)
    for place in (None, {"location_id": "NOWHERE"}):
        found = await here.authorize(place=place)
        assert (found["http"], found["status_code"]) == (200, 2002)
        assert says.asked[-1].location is None
    found = await here.authorize(place=PLACE)
    assert (found["http"], found["data"]["allowed"]) == (200, "NOT_ALLOWED")


@pytest.mark.parametrize(
    ("code", "word"), [(code, word) for code, word in AUTH_START.items() if not isinstance(word, Unsaid)]
)
async def test_every_answer_has_its_word(code: AuthStartCode, word: str) -> None:
    here, _ = await answered(code)
    found = await here.authorize(place=PLACE)
    assert (found["data"]["allowed"], found["data"]["token"]["valid"]) == (word, word == "ALLOWED")


async def test_a_word_of_the_providers_own_is_a_refusal() -> None:
    here, _ = await answered(AuthStartCode("OnHoliday"))
    assert (await here.authorize(place=PLACE))["data"]["allowed"] == "NOT_ALLOWED"


@versions
async def test_a_known_token_that_may_not_charge_is_not_unknown(version: str) -> None:
    here, _ = await answered(AuthStartCode.NotAuthorized, version)
    await publish(here, token("2.3.0", valid=False))
    found = await here.authorize(place=PLACE)
    assert found["data"]["allowed"] == "NOT_ALLOWED"
    assert version == "2.1.1" or found["data"]["token"]["uid"] == CARD


@pytest.mark.parametrize("code", [code for code, word in AUTH_START.items() if word is Unsaid.NO_ANSWER])
async def test_where_no_provider_has_an_answer_our_stored_tokens_have(code: AuthStartCode) -> None:
    here, _ = await answered(code)
    await publish(here, token("2.3.0"), token("2.3.0", "BLOCKED", valid=False))
    assert (await here.authorize(place=PLACE))["data"]["allowed"] == "ALLOWED"
    assert (await here.authorize("BLOCKED", PLACE))["data"]["allowed"] == "BLOCKED"
    assert (await here.authorize("FFFF", PLACE))["status_code"] == 2004


@pytest.mark.parametrize("does", [one for one in BROKEN if one is not None])
async def test_a_provider_that_fails_is_no_answer(does: object) -> None:
    here = await world()
    here.adapter._core.parties.clear()
    other = EMobilityProviderId.parse("DE-GDF")
    here.adapter._core.parties[other] = EMSP
    here.network.add_provider(other, Broken(does))
    await publish(here, token("2.3.0"))
    found = await here.authorize(place=PLACE)
    assert (found["http"], found["data"]["allowed"]) == (200, "ALLOWED")


async def test_where_nobody_may_answer_instead_nobody_charges() -> None:
    here = await world(asks_stored_tokens=False)
    here.provider.tokens[CARD] = AuthStartCode.Error
    await publish(here, token("2.3.0"))
    assert (await here.authorize(place=PLACE))["data"]["allowed"] == "NOT_ALLOWED"
    assert (await here.authorize("FFFF", PLACE))["status_code"] == 2004


async def test_a_network_without_providers_is_no_answer() -> None:
    here = await World().begin()
    here.adapter._core.parties[EMobilityProviderId.parse("DE-XYZ")] = EMSP
    here.adapter._core.parties.pop(EMP)
    await publish(here, token("2.3.0"))
    assert (await here.authorize())["data"]["allowed"] == "ALLOWED"


async def test_a_provider_that_takes_too_long_is_no_answer() -> None:
    here = await world(authorize_s=0.01)
    here.provider.wait_s = 3600
    await publish(here, token("2.3.0"))
    assert (await here.authorize(place=PLACE))["data"]["allowed"] == "ALLOWED"
    assert await here.network.sessions() == []


async def test_the_providers_reference_is_used_once() -> None:
    here, _ = await answered(AuthStartCode.Authorized, authorization_reference="Ref-1")
    first = (await here.authorize(place=PLACE))["data"]["authorization_reference"]
    second = (await here.authorize(place=PLACE))["data"]["authorization_reference"]
    assert first == "Ref-1"
    assert fold(second) != fold(first)
    await here.put("sessions", here.session("S1", authorization_reference=second))
    await here.put("sessions", here.session("S2", authorization_reference="REF-1"))
    sessions = {one.cpo_partner_session_id: one for one in await here.network.sessions()}
    assert len(sessions) == 2
    assert sessions["S1"].id != sessions["S2"].id


@pytest.mark.parametrize("reference", ["x" * 37, "né", "a\nb", ""])
async def test_a_reference_that_ocpi_cannot_carry_is_replaced(reference: str) -> None:
    here, _ = await answered(AuthStartCode.Authorized, authorization_reference=reference)
    found = (await here.authorize(place=PLACE))["data"]["authorization_reference"]
    assert found != reference
    assert 0 < len(found) <= 36


async def test_several_evses_are_asked_about_as_their_location() -> None:
    here, says = await answered(AuthStartCode.Authorized)
    await here.authorize(place={"location_id": "LOC1", "evse_uids": ["E1", "E2"]})
    await here.authorize(place={"location_id": "loc1"})
    await here.authorize(place={"location_id": "LOC1", "evse_uids": ["NEW"]})
    assert [(one.location.evse_id, one.location.charging_pool_id) for one in says.asked] == [(None, POOL)] * 3


@pytest.mark.parametrize("kind", ["APP_USER", "AD_HOC_USER", "OTHER", "EMAID"])
async def test_every_type_of_token_is_asked_about(kind: str) -> None:
    here, says = await answered(AuthStartCode.Authorized)
    found = await here.authorize("NL-EMP-C12345678", PLACE, kind)
    assert (found["data"]["allowed"], found["data"]["token"]["type"]) == ("ALLOWED", kind)
    assert len(says.asked) == 1


@pytest.mark.parametrize("uid", ["%20", "x" * 300, "%F0%9F%94%8C", "NL-EMP-C1-"])
async def test_odd_uids_are_unknown_and_nothing_breaks(uid: str) -> None:
    here = await world()
    for kind in ("RFID", "APP_USER", "WHAT_IS_IT"):
        found = await here.authorize(uid, PLACE, kind)
        assert found["http"] in (200, 400, 404), found
        assert found["status_code"] in (2001, 2004)
    assert await here.network.sessions() == []


async def test_an_allowed_session_that_never_comes_is_dropped() -> None:
    here, _ = await answered(AuthStartCode.Authorized)
    await here.authorize(place=PLACE)
    await here.timer.advance(3599)
    await here.adapter.sweep()
    assert len(await here.network.sessions()) == 1
    await here.timer.advance(2)
    await here.adapter.sweep()
    assert await here.network.sessions() == []


async def test_many_at_once_are_many_sessions() -> None:
    here = await world()
    found = await asyncio.gather(*(here.authorize(place=PLACE) for _ in range(20)))
    assert len({one["data"]["authorization_reference"] for one in found}) == 20
    assert len(await here.network.sessions()) == 20
