# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions and records of a WWCP network as Sessions and CDRs at eMSPs (T10 and T11, the operator's half)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import token
from tests.partners.test_modules import deliver, own
from tests.platforms import ALL_VERSIONS, EMSP
from tests.rules import rule
from tests.wwcp.adapters.cso_world import (
    CARD,
    HALF_LATER,
    HOUR_LATER,
    Desk,
    World,
    meter,
    record,
    world,
)
from tests.wwcp.making import FIRST, MONDAY, SECOND, connector, evse, operator, pool, station
from tests.wwcp.roaming import auth_start
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.rules import Verdict, check
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import rfid
from wwcp_ocpi.wwcp.model.charging import ChargingPrice, ChargingSession, SessionStart, SessionStop, SessionTime
from wwcp_ocpi.wwcp.model.requests import AuthorizeStop
from wwcp_ocpi.wwcp.model.result_codes import SendCDRCode
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOOptions
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.routing.keeping import CDRState

HOST, OTHER_HOST = "emsp.example", "other.example"


async def begun(one: World, host: str = HOST) -> ChargingSessionId:
    """A session that an eMSP let begin at the station."""
    one.emsps[host].server.authorizer = Desk(one.version, cards=(CARD,))
    result = await one.network.authorize_start(auth_start(CARD))
    assert result.session_id is not None
    return result.session_id


def told(id: ChargingSessionId, **fields: Any) -> ChargingSession:
    """What an operator reports of it."""
    return replace(ChargingSession(id=id, start=SessionStart(timestamp=MONDAY)), **fields)


@rule("SES-01")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_session_is_at_its_emsp_and_grows_there_until_it_is_over(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        id = await begun(one)
        (session,) = await one.at(HOST, "sessions")
        assert (session["status"], session["kwh"], len(session["id"])) == ("ACTIVE", 0, 36)
        one.clock.now = HALF_LATER
        values = meter("100", "106.5", "110")
        await one.network.report_session(told(id, energy_meter_values=values[:2], energy_meter_id="M1"))
        (session,) = await one.at(HOST, "sessions")
        assert (session["status"], session["kwh"], session["meter_id"]) == ("ACTIVE", 6.5, "M1")
        (period,) = session["charging_periods"]
        assert {one["type"]: one["volume"] for one in period["dimensions"]}["ENERGY"] == 6.5
        one.clock.now = HOUR_LATER
        stop = SessionStop(timestamp=HOUR_LATER)
        await one.network.report_session(told(id, energy_meter_values=values, stop=stop))
        (session,) = await one.at(HOST, "sessions")
        assert (session["status"], session["kwh"], len(session["charging_periods"])) == ("COMPLETED", 10, 2)
        assert await one.at(OTHER_HOST, "sessions") == []
        assert await one.ours("sessions", "other.example") == []


async def test_the_periods_of_a_session_say_by_which_tariff() -> None:
    async with world() as one:
        id = await begun(one)
        await one.network.report_session(told(id, energy_meter_values=meter("100", "106.5", "110")))
        (session,) = await one.at(HOST, "sessions")
        assert session["charging_periods"] == [
            {
                "start_date_time": moment.wire,
                "dimensions": [
                    {"type": "ENERGY", "volume": kwh},
                    {"type": "TIME", "volume": 0.5},
                    {"type": "MIN_POWER", "volume": kwh * 2},
                    {"type": "MAX_POWER", "volume": kwh * 2},
                ],
                "tariff_id": "DE*GEF*TENERGY",
            }
            for moment, kwh in ((MONDAY, 6.5), (HALF_LATER, 3.5))
        ]


async def test_a_session_that_comes_twice_is_told_once() -> None:
    async with world() as one:
        id = await begun(one)
        report = told(id, energy_meter_values=meter("100", "106.5", "110"))
        await one.network.report_session(report)
        await one.settle()
        one.net.requests.clear()
        await one.network.report_session(report)
        await one.restart()
        await one.settle()
        assert one.net.requests == []


async def test_ids_that_differ_in_case_alone_are_two_sessions() -> None:
    async with world() as one:
        one.emsps[HOST].server.authorizer = Desk("2.3.0")
        for id in ("session-a", "SESSION-A"):
            await one.network.authorize_start(auth_start(session_id=ChargingSessionId.parse(id)))
        ids = sorted(session["id"] for session in await one.at(HOST, "sessions"))
        assert len({id.upper() for id in ids}) == 2
        await one.restart()
        assert sorted(session["id"] for session in await one.at(HOST, "sessions")) == ids


@rule("CDR-13", "CDR-14", "CDR-19", "CDR-20")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_t11_a_record_is_a_cdr_with_periods_token_meter_and_signed_values(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        id = await begun(one)
        one.clock.now = HOUR_LATER
        stopping = AuthorizeStop(session_id=id, authentication=rfid(CARD))
        await one.network.authorize_stop(stopping)
        values = meter("100", "106.5", "110", signed=True)
        made = record(id, energy_metering_values=values, energy_meter_id="M1", public_key="KEY")
        sent = await one.network.send_cdrs([made])
        assert sent.result is SendCDRCode.Enqueued
        (cdr,) = await one.at(HOST, "cdrs")
        assert await one.at(OTHER_HOST, "cdrs") == []
        cls: Any = VERSIONS[version].object_named("CDR")
        checked = check(codec.decode(cls, json.dumps(cdr).encode()), time_zone="Europe/Berlin")
        assert checked.verdict is Verdict.OK
        assert [one["start_date_time"] for one in cdr["charging_periods"]] == [MONDAY.wire, HALF_LATER.wire]
        assert (cdr["id"], cdr["meter_id"], cdr["total_energy"]) == ("DE*GEF*D1", "M1", 10)
        (session,) = await one.at(HOST, "sessions")
        assert session["status"] == "COMPLETED"
        if version != "2.1.1":
            assert cdr["cdr_token"] == {
                "country_code": "NL",
                "party_id": "EMP",
                "uid": CARD,
                "type": "RFID",
                "contract_id": "NL-EMP-C1",
            }
            assert (cdr["session_id"], cdr["authorization_reference"]) == (session["id"], "REF-1")
            assert cdr["cdr_location"]["evse_id"] == str(FIRST)
            assert (cdr["cdr_location"]["id"], cdr["cdr_location"]["connector_standard"]) == (
                "DE*GEF*P1",
                "IEC_62196_T2",
            )
            signed = cdr["signed_data"]
            assert (signed["encoding_method"], signed["public_key"]) == ("OCMF", "KEY")
            assert [(one["nature"], one["plain_data"]) for one in signed["signed_values"]] == [
                ("Start", "100"),
                ("Intermediate", "106.5"),
                ("End", "110"),
            ]


async def test_a_record_ends_its_session_with_its_meter_values() -> None:
    async with world() as one:
        id = await begun(one)
        one.clock.now = HOUR_LATER
        await one.network.send_cdrs([record(id)])
        (session,) = await one.at(HOST, "sessions")
        assert (session["status"], session["kwh"]) == ("COMPLETED", 10)
        assert session["end_date_time"] == HOUR_LATER.wire


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_record_without_session_goes_to_whose_token_it_was(version: str) -> None:
    async with world(HOST, OTHER_HOST, version=version) as one:
        emsp = one.emsps[HOST]
        body = token(version, uid=CARD, whitelist="ALWAYS")
        await emsp.publisher.publish(VERSIONS[version], "tokens", [own(body, EMSP, qualifier=body["type"])])
        await deliver(emsp)
        sent = await one.network.send_cdrs([record("offline-1", authentication_start=rfid("11-22-33-44"))])
        assert sent.result is SendCDRCode.Enqueued
        (cdr,) = await one.at(HOST, "cdrs")
        assert (cdr["auth_method"], cdr["total_energy"]) == ("WHITELIST", 10)


async def test_a_record_that_names_a_provider_goes_to_the_partner_with_that_party() -> None:
    async with world() as one:
        emp = EMobilityProviderId.parse("NL-EMP")
        made = record("offline-1", provider_id_start=emp, authentication_start=rfid(CARD))
        assert (await one.network.send_cdrs([made])).result is SendCDRCode.Enqueued
        (cdr,) = await one.at(HOST, "cdrs")
        assert (cdr["cdr_token"]["uid"], cdr["cdr_token"]["contract_id"]) == (CARD, CARD)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"authentication_start": rfid("99")}, SendCDRCode.UnknownSessionId),
        ({}, SendCDRCode.UnknownSessionId),
        ({"provider_id_start": EMobilityProviderId.parse("DE-XYZ")}, SendCDRCode.UnknownProviderIdStart),
    ],
)
async def test_a_record_of_which_nobody_knows_who_pays_is_kept_and_sent_when_somebody_comes(
    fields: dict[str, Any], code: SendCDRCode
) -> None:
    async with world() as one:
        made = record("nobodys", **fields)
        assert (await one.network.send_cdrs([made])).result is code
        assert one.network.waiting_cdrs == [made.id]
        await one.restart()
        assert one.network.waiting_cdrs == [made.id]
        emsp = one.emsps[HOST]
        body = token("2.3.0", uid="99", whitelist="ALWAYS")
        await emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(body, EMSP, qualifier=body["type"])])
        await deliver(emsp)
        await one.network.retry_cdrs()
        kept = await one.network.cdr(made.id)
        assert kept is not None
        assert (kept.state is CDRState.DELIVERED) is ("authentication_start" in fields)
        assert len(await one.at(HOST, "cdrs")) == ("authentication_start" in fields)


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"evse_id": FIRST.parse("DE*GEF*E9*9")}, SendCDRCode.UnknownLocation, "no EVSE DE*GEF*E9*9"),
        ({"evse_id": SECOND}, SendCDRCode.Filtered, "not offered"),
        ({"energy_metering_values": []}, SendCDRCode.CouldNotConvertCDRFormat, "nobody told how much"),
        ({"energy_metering_values": meter("110", "100")}, SendCDRCode.CouldNotConvertCDRFormat, "expected no less"),
        ({"session_time": SessionTime(start=MONDAY)}, SendCDRCode.CouldNotConvertCDRFormat, "without the end"),
    ],
)
async def test_a_record_of_which_no_cdr_can_be_made_is_kept_with_the_reason(
    fields: dict[str, Any], code: SendCDRCode, text: str
) -> None:
    async with world(options=CSOOptions(scope=Scope(evses={FIRST, FIRST.parse("DE*GEF*E9*9")}))) as one:
        id = await begun(one)
        made = record(id, **fields)
        sent = await one.network.send_cdrs([made])
        (result,) = sent.results
        assert result.result is code
        assert text in result.description["en"]
        assert await one.at(HOST, "cdrs") == []
        assert one.network.waiting_cdrs == [made.id]
        assert str(made.id) in one.adapter.sessions.unaddressed


@rule("CDR-01")
async def test_a_record_twice_is_one_cdr() -> None:
    async with world() as one:
        id = await begun(one)
        for _ in range(2):
            assert (await one.network.send_cdrs([record(id)])).result is SendCDRCode.Enqueued
        assert (await one.adapter.send_cdrs([record(id)]))[0].result is SendCDRCode.Enqueued
        assert len(await one.at(HOST, "cdrs")) == 1


async def test_a_partner_that_is_away_gets_it_later_and_holds_up_nobody() -> None:
    async with world(HOST, OTHER_HOST) as one:
        first = await begun(one)
        one.emsps[HOST].server.authorizer = Desk("2.3.0", "UNKNOWN")
        one.emsps[OTHER_HOST].server.authorizer = Desk("2.3.0", country_code="FR", party_id="OTH")
        second = (await one.network.authorize_start(auth_start("55"))).session_id
        assert second is not None
        await one.settle()
        one.net.down.add(HOST)
        sent = await one.network.send_cdrs([record(first), record(second, "DE*GEF*D2")])
        assert [one.result for one in sent.results] == [SendCDRCode.Enqueued] * 2
        assert [cdr["id"] for cdr in await one.at(OTHER_HOST, "cdrs")] == ["DE*GEF*D2"]
        assert [cdr["id"] for cdr in await one.ours("cdrs", HOST)] == ["DE*GEF*D1"]
        assert await one.outbox.waiting(HOST) == 2


async def test_t10_a_record_with_a_price_needs_neither_tariff_nor_meter() -> None:
    made = operator(
        charging_pools=[pool(station(evse(), evse(SECOND, charging_connectors=[connector("1"), connector("2")])))]
    )
    async with world(operators=[made]) as one:
        id = await begun(one)
        price = ChargingPrice(base=Decimal("1.23"), vat=Decimal("0.34"), currency="EUR")
        bare = record(id, energy_metering_values=[], consumed_energy_kwh=Decimal(5), charging_price=price)
        await one.network.send_cdrs([bare, replace(bare, id=bare.id.parse("D2"), evse_id=SECOND)])
        first, second = await one.at(HOST, "cdrs")
        assert first["total_cost"] == {"before_taxes": 1.23, "taxes": [{"name": "VAT", "amount": 0.34}]}
        assert (first["total_energy"], first["total_time"], first.get("tariffs")) == (5, 1, None)
        assert second["cdr_location"]["connector_id"] == "#NA"
        nothing = record(id, "D3", energy_metering_values=[])
        (result,) = (await one.network.send_cdrs([nothing])).results
        assert result.result is SendCDRCode.CouldNotConvertCDRFormat
        assert "neither the record nor the connector names a tariff" in result.description["en"]


async def test_the_price_of_the_operator_stands_and_the_difference_is_noted() -> None:
    async with world() as one:
        id = await begun(one)
        made = record(id, charging_price=ChargingPrice(base=Decimal(9), currency="EUR"))
        (result,) = (await one.network.send_cdrs([made])).results
        assert result.warnings == ["$.chargingPrice.base: 9 stands, the tariff makes it 4.0000"]
        (cdr,) = await one.at(HOST, "cdrs")
        assert (cdr["total_cost"], cdr.get("total_energy_cost")) == ({"before_taxes": 9}, None)


async def test_an_emsp_in_a_version_without_contract_pays_by_its_card() -> None:
    async with world(version="2.1.1") as one:
        id = await begun(one)
        await one.network.send_cdrs([record(id)])
        (cdr,) = await one.ours("cdrs", HOST)
        assert (cdr["cdr_token"]["contract_id"], cdr["cdr_token"]["party_id"]) == (CARD, "EMP")
        assert DateTime.parse(cdr["end_date_time"]) == HOUR_LATER
