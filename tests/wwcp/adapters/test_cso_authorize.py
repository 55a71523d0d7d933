# SPDX-License-Identifier: AGPL-3.0-or-later
"""AuthorizeStart and AuthorizeStop of a WWCP network, answered by OCPI partners (T9 and T11, the operator's half)."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.objects import token
from tests.partners.test_modules import deliver, own
from tests.platforms import ALL_VERSIONS, EMSP
from tests.rules import rule
from tests.wwcp.adapters.cso_world import CARD, Desk, hub_world, record, world
from tests.wwcp.making import FIRST, SECOND
from tests.wwcp.roaming import auth_start
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication, AuthTokenType, rfid
from wwcp_ocpi.wwcp.model.requests import AuthorizeStop, ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, AuthStopCode
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOOptions
from wwcp_ocpi.wwcp.ocpi.cso.payers import payer_of
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope

EMP = EMobilityProviderId.parse("NL-EMP")


async def test_t9_each_emsp_authorises_its_own_card() -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["emsp.example"].server.authorizer = Desk("2.3.0", cards=("11223344",))
        one.emsps["other.example"].server.authorizer = Desk("2.3.0", cards=("55667788",))
        codes = {}
        for card in ("11223344", "55667788", "01020304050607"):
            codes[card] = (await one.network.authorize_start(auth_start(card))).result
        assert codes == {
            "11223344": AuthStartCode.Authorized,
            "55667788": AuthStartCode.Authorized,
            "01020304050607": AuthStartCode.NotAuthorized,
        }


@rule("TOK-11")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_the_answer_and_the_session_have_all_that_the_record_will_need(version: str) -> None:
    async with world(version=version) as one:
        desk = Desk(version, visual_number="DF000-2001-8999", language="de")
        one.emsps["emsp.example"].server.authorizer = desk
        result = await one.network.authorize_start(auth_start("11-22:33-44"))
        (asked,) = desk.asked
        assert (asked.token_uid, asked.location_id, asked.evse_uids) == (CARD, "DE*GEF*P1", (str(FIRST),))
        is_old = version == "2.1.1"
        assert (result.result, result.provider_id) == (AuthStartCode.Authorized, EMP)
        assert result.authorizator_id == "OCPI"
        assert result.authorization_reference == (None if is_old else "REF-1")
        assert result.additional_info == {"en": "hello"}
        if not is_old:
            assert (result.contract_id, result.printed_number) == ("NL-EMP-C1", "DF000-2001-8999")
            assert (result.ui_language, result.provider_name) == ("de", "EMP")
        assert result.session_id is not None
        await one.restart()
        payer = payer_of(await one.network.session(result.session_id))
        assert payer is not None
        assert (payer.partner, payer.token.uid, payer.auth_method.value) == ("emsp.example", CARD, "AUTH_REQUEST")
        assert payer.authorization_reference == result.authorization_reference


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_pushed_token_that_may_always_charge_is_not_asked_about(version: str) -> None:
    async with world(version=version) as one:
        emsp = one.emsps["emsp.example"]
        body = token(version, uid=CARD, whitelist="ALWAYS")
        await emsp.publisher.publish(VERSIONS[version], "tokens", [own(body, EMSP, qualifier=body["type"])])
        await deliver(emsp)
        emsp.server.authorizer = desk = Desk(version, "BLOCKED")
        result = await one.network.authorize_start(auth_start(CARD))
        assert (result.result, desk.asked, result.contract_id) == (AuthStartCode.Authorized, [], "NL-EMP-C1")


@pytest.mark.parametrize(
    ("word", "start", "stop"),
    [
        ("BLOCKED", AuthStartCode.Blocked, AuthStopCode.Blocked),
        ("EXPIRED", AuthStartCode.Expired, AuthStopCode.Expired),
        ("NO_CREDIT", AuthStartCode.NoCredit, AuthStopCode.NoCredit),
        ("NOT_ALLOWED", AuthStartCode.NotAuthorized, AuthStopCode.NotAuthorized),
        ("UNKNOWN", AuthStartCode.NotAuthorized, AuthStopCode.NotAuthorized),
    ],
)
async def test_a_refusal_is_not_lost(word: str, start: AuthStartCode, stop: AuthStopCode) -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["emsp.example"].server.authorizer = Desk("2.3.0", word)
        one.emsps["other.example"].server.authorizer = Desk("2.3.0", "UNKNOWN")
        assert (await one.network.authorize_start(auth_start(CARD))).result is start
        stopping = AuthorizeStop(session_id=ChargingSessionId.parse("S1"), authentication=rfid(CARD))
        assert (await one.network.authorize_stop(stopping)).result is stop
        assert await one.network.sessions() == []


async def test_partners_that_do_not_answer_or_answer_nonsense_are_told_apart() -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["other.example"].server.authorizer = Desk("2.3.0", "UNKNOWN")
        one.net.down.add("emsp.example")
        result = await one.network.authorize_start(auth_start(CARD))
        assert result.result is AuthStartCode.CommunicationTimeout
        assert "emsp.example: connection refused" in result.description["en"]
        one.net.down.clear()

        async def nonsense(_: Request) -> Response:
            body = {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": {"allowed": "MAYBE"}}
            return Response(status=200, body=json.dumps(body).encode())

        one.net.hosts["emsp.example"] = nonsense
        result = await one.network.authorize_start(auth_start(CARD))
        assert result.result is AuthStartCode.Error
        assert "emsp.example: $: " in result.description["en"]


async def test_a_slow_partner_does_not_hold_up_one_that_allows() -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["emsp.example"].server.authorizer = Desk("2.3.0")

        async def thinks(_: Request) -> Response:
            await asyncio.Event().wait()
            return Response(status=200)

        one.net.hosts["other.example"] = thinks
        assert (await one.network.authorize_start(auth_start(CARD))).result is AuthStartCode.Authorized


async def test_a_provider_that_is_named_is_asked_alone() -> None:
    async with world("emsp.example", "other.example") as one:
        desks = {host: Desk("2.3.0") for host in one.emsps}
        for host, emsp in one.emsps.items():
            emsp.server.authorizer = desks[host]
        assert (await one.network.authorize_start(auth_start(provider_id=EMP))).result is AuthStartCode.Authorized
        assert (len(desks["emsp.example"].asked), len(desks["other.example"].asked)) == (1, 0)
        stranger = EMobilityProviderId.parse("DE-XYZ")
        result = await one.network.authorize_start(auth_start("99", provider_id=stranger))
        assert result.result is AuthStartCode.NotAuthorized


@rule("TOK-14")
async def test_a_driver_who_may_charge_elsewhere_only_may_not_charge_here() -> None:
    async with world() as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        desk.evse_uids = (str(SECOND),)
        assert (await one.network.authorize_start(auth_start())).result is AuthStartCode.NotAuthorized
        there = ChargingLocation(evse_id=SECOND)
        assert (await one.network.authorize_start(auth_start(location=there))).result is AuthStartCode.Authorized


async def test_two_sessions_never_share_a_reference() -> None:
    async with world() as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        for reference in ("R1", "R2"):
            desk.reference = reference
            assert (await one.network.authorize_start(auth_start())).authorization_reference == reference


@pytest.mark.parametrize(
    "authentication",
    [Authentication(pin="1234"), Authentication(public_key="abc"), rfid("x" * 40), rfid("Über")],
)
async def test_what_ocpi_has_no_token_for_is_refused_without_asking(authentication: Authentication) -> None:
    async with world() as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        result = await one.network.authorize_start(auth_start(authentication=authentication))
        assert (result.result, desk.asked) == (AuthStartCode.InvalidToken, [])


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_contract_is_asked_about_by_the_words_of_the_version(version: str) -> None:
    async with world(version=version) as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk(version)
        account = EMobilityAccountId.parse("NL-EMP-C12345678-X")
        shown = Authentication(plug_and_charge_identification=account)
        assert (await one.network.authorize_start(auth_start(authentication=shown))).result is AuthStartCode.Authorized
        (asked,) = desk.asked
        assert (asked.token_uid, asked.token_type) == (str(account), "EMAID" if version == "2.3.0" else "OTHER")


async def test_the_type_of_a_token_never_becomes_part_of_it() -> None:
    async with world() as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        shown = Authentication(auth_token="Ab-Guest", auth_token_type=AuthTokenType.AD_HOC_USER)
        await one.network.authorize_start(auth_start(authentication=shown))
        (asked,) = desk.asked
        assert (asked.token_uid, asked.token_type) == ("Ab-Guest", "AD_HOC_USER")


async def test_a_place_that_is_not_offered_is_unknown() -> None:
    scope = Scope(evses={SECOND})
    async with world(options=CSOOptions(scope=scope)) as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        assert (await one.network.authorize_start(auth_start())).result is AuthStartCode.UnknownLocation
        pool = ChargingLocation(charging_pool_id=ChargingPoolId.parse("DE*GEF*P1"))
        assert (await one.network.authorize_start(auth_start(location=pool))).result is AuthStartCode.Authorized
        assert [(asked.location_id, asked.evse_uids) for asked in desk.asked] == [("DE*GEF*P1", ())]


async def test_t11_who_began_a_session_may_end_it_without_being_asked_about() -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["emsp.example"].server.authorizer = desk = Desk("2.3.0")
        one.emsps["other.example"].server.authorizer = other = Desk("2.3.0", "UNKNOWN")
        begun = await one.network.authorize_start(auth_start())
        assert begun.session_id is not None
        desk.asked.clear()
        other.asked.clear()
        stopping = AuthorizeStop(session_id=begun.session_id, authentication=rfid("11:22:33:44"))
        result = await one.network.authorize_stop(stopping)
        assert (result.result, result.provider_id) == (AuthStopCode.Authorized, EMP)
        assert desk.asked == other.asked == []


async def test_t11_another_card_may_end_it_when_its_emsp_says_so() -> None:
    async with world("emsp.example", "other.example") as one:
        one.emsps["emsp.example"].server.authorizer = Desk("2.3.0", "UNKNOWN")
        one.emsps["other.example"].server.authorizer = other = Desk("2.3.0", country_code="FR", party_id="OTH")
        begun = await one.network.authorize_start(auth_start())
        other.allowed = "BLOCKED"
        assert begun.session_id is not None
        stopping = AuthorizeStop(session_id=begun.session_id, authentication=rfid("55667788"))
        assert (await one.network.authorize_stop(stopping)).result is AuthStopCode.Blocked
        other.allowed = "ALLOWED"
        result = await one.network.authorize_stop(stopping)
        assert (result.result, str(result.provider_id)) == (AuthStopCode.Authorized, "FR-OTH")


async def test_a_card_of_the_same_group_may_end_it() -> None:
    async with world() as one:
        emsp = one.emsps["emsp.example"]
        emsp.server.authorizer = desk = Desk("2.3.0", group_id="G1")
        body = token("2.3.0", uid="55667788", group_id="g1", whitelist="NEVER")
        await emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(body, EMSP, qualifier=body["type"])])
        await deliver(emsp)
        begun = await one.network.authorize_start(auth_start())
        desk.allowed = "NOT_ALLOWED"
        assert begun.session_id is not None
        for card, code in (("99", AuthStopCode.NotAuthorized), ("55667788", AuthStopCode.Authorized)):
            stopping = AuthorizeStop(session_id=begun.session_id, authentication=rfid(card))
            assert (await one.network.authorize_stop(stopping)).result is code


async def test_a_hub_is_asked_for_the_emsps_behind_it_and_gets_session_and_record() -> None:
    async with hub_world() as one:
        result = await one.network.authorize_start(auth_start(CARD))
        assert (result.result, str(result.provider_id)) == (AuthStartCode.Authorized, "NL-EMP")
        assert result.session_id is not None
        payer = payer_of(await one.network.session(result.session_id))
        assert payer is not None
        assert (payer.partner, payer.token.party_id) == ("hub.example", "EMP")
        await one.network.send_cdrs([record(result.session_id)])
        await one.settle()
        assert [cdr["cdr_token"]["party_id"] for cdr in await one.ours("cdrs", "hub.example")] == ["EMP"]
        assert [found["status"] for found in await one.ours("sessions", "hub.example")] == ["COMPLETED"]
