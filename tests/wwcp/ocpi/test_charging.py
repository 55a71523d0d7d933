# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions and records of a network as OCPI Sessions and CDRs: what is odd in them, and ids that do not fit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.rules import rule
from tests.wwcp.adapters.cso_world import HALF_LATER, HOUR_LATER, energy_tariff, meter, priced, record
from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, TUESDAY, Clock, evse, operator, pool, station, texts
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.rules import PricingError, Verdict
from wwcp_ocpi.rules import check as check_price
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.decisions import TARIFF_PRICER
from wwcp_ocpi.v2_3_0.cdrs import CDR, CdrToken
from wwcp_ocpi.v2_3_0.enums import AuthMethod, SessionStatus, TokenType
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.v2_3_0.types import Price
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.authentication import Authentication, AuthTokenType, rfid
from wwcp_ocpi.wwcp.model.charging import (
    ChargeDetailRecord,
    ChargingPrice,
    ChargingSession,
    SessionStart,
    SessionStop,
)
from wwcp_ocpi.wwcp.model.energy import EnergyMeter, EnergyMeteringValue
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, RoamingNetworkData
from wwcp_ocpi.wwcp.model.tariff import ChargingPriceComponent, ChargingTariffElement, ChargingTariffRestriction
from wwcp_ocpi.wwcp.model.texts import PriceComponentType
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.charge_detail_record import REMARK_KEY, cdr, charge_of_record
from wwcp_ocpi.wwcp.ocpi.charged_at import ChargedAt, cdr_location, charged_at
from wwcp_ocpi.wwcp.ocpi.session import Payer, hashed_id, ocpi_id, session
from wwcp_ocpi.wwcp.ocpi.token import token_key

PAYER = Payer(
    partner="emsp",
    token=CdrToken(country_code="NL", party_id="EMP", uid="1122", type=TokenType.RFID, contract_id="NL-EMP-C1"),
    auth_method=AuthMethod.AUTH_REQUEST,
    authorization_reference="REF",
)
DAY = ChargingTariffId(GEF, "DAY")


def place(wwcp: ChargingPool | None = None, by: ChargingStationOperator | None = None, **how: Any) -> ChargedAt:
    made = by or operator(charging_tariffs=[energy_tariff()])
    data = RoamingNetworkData(id="test", charging_station_operators=[replace(made, charging_pools=[wwcp or priced()])])
    found = charged_at(LiveNetwork(data, clock=Clock(MONDAY)), POOL, FIRST, **how).value
    assert found is not None
    return found


def ocpi_session(at: ChargedAt | None = None, **fields: Any) -> Mapped[Session]:
    wwcp = ChargingSession(id=ChargingSessionId.parse("S1"), start=SessionStart(timestamp=MONDAY), **fields)
    found = session(wwcp, at or place(), PAYER, id="S1", currency="EUR", last_updated=TUESDAY)
    assert found.value is not None
    assert check(Session, codec.encode(found.value)) == []
    return found


async def ocpi_cdr(
    made: ChargeDetailRecord, at: ChargedAt | None = None, known: ChargingSession | None = None
) -> Mapped[CDR]:
    mapped = charge_of_record(made, known, at or place(), PAYER, session_id="S1", currency="EUR")
    if mapped.value is None:
        return Mapped(mapped.id, None, mapped.notes)
    try:
        costs, why_not = await TARIFF_PRICER.price(mapped.value.pricing_request), ""
    except PricingError as error:
        costs, why_not = None, str(error)
    found = cdr(mapped.value, costs, why_not)
    if found.value is not None:
        assert check(CDR, codec.encode(found.value)) == []
    return Mapped(found.id, found.value, [*mapped.notes, *found.notes])


def test_a_session_says_where_who_and_how_much() -> None:
    stop = SessionStop(timestamp=HOUR_LATER)
    made = ocpi_session(stop=stop, energy_meter_values=meter("100", "106.5", "110"), energy_meter_id="M1").value
    assert made is not None
    assert (made.location_id, made.evse_uid, made.connector_id) == ("DE*GEF*P1", str(FIRST), "1")
    assert (made.cdr_token, made.auth_method, made.authorization_reference) == (PAYER.token, "AUTH_REQUEST", "REF")
    assert (made.kwh, made.meter_id, made.currency, made.status) == (Decimal(10), "M1", "EUR", SessionStatus.COMPLETED)
    assert (made.start_date_time, made.end_date_time, made.last_updated) == (MONDAY, HOUR_LATER, TUESDAY)
    assert [period.start_date_time for period in made.charging_periods or ()] == [MONDAY, HALF_LATER]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, SessionStatus.ACTIVE),
        ({"is_awaited": True}, SessionStatus.PENDING),
        ({"stop": SessionStop(timestamp=HOUR_LATER)}, SessionStatus.COMPLETED),
    ],
)
def test_the_state_of_a_session(fields: dict[str, Any], status: SessionStatus) -> None:
    made = ocpi_session(**fields).value
    assert made is not None
    assert (made.status, made.kwh, made.charging_periods) == (status, Decimal(0), None)


def test_a_meter_that_is_read_beside_the_session_counts_at_its_bounds() -> None:
    early, late = DateTime.parse("2026-08-03T07:59:58Z"), DateTime.parse("2026-08-03T09:00:03Z")
    values = [
        EnergyMeteringValue(timestamp=late, energy_kwh=Decimal(110)),
        EnergyMeteringValue(timestamp=early, energy_kwh=Decimal(100)),
    ]
    found = ocpi_session(stop=SessionStop(timestamp=HOUR_LATER), energy_meter_values=values)
    assert found.value is not None
    assert found.value.kwh == 10
    assert len(texts(found)) == 2


def test_a_meter_that_runs_backwards_costs_the_periods_and_not_the_session() -> None:
    found = ocpi_session(energy_meter_values=meter("110", "100"))
    assert found.value is not None
    assert (found.value.kwh, found.value.charging_periods) == (Decimal(0), None)
    assert any("expected no less" in text for text in texts(found))


def test_a_session_that_ends_before_it_begins_ends_then() -> None:
    before = DateTime.parse("2026-08-03T07:00:00Z")
    found = ocpi_session(stop=SessionStop(timestamp=before))
    assert found.value is not None
    assert found.value.end_date_time == MONDAY
    assert "before the start" in texts(found)[0]


@rule("CDR-14")
async def test_periods_are_cut_where_the_tariff_changes_and_the_meter_was_read() -> None:
    cheap = ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.20"))
    by_hour = energy_tariff(
        id=DAY,
        elements=[
            ChargingTariffElement(
                price_components=[ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.40"))],
                restrictions=[ChargingTariffRestriction(start_time="08:00", end_time="10:15")],
            ),
            ChargingTariffElement(price_components=[cheap]),
        ],
    )
    made = record("S1", charging_tariff=by_hour, parking_time_s=Decimal(600))
    found = (await ocpi_cdr(made)).value
    assert found is not None
    starts = [one.start_date_time.wire[11:16] for one in found.charging_periods]
    assert starts == ["08:00", "08:15", "08:30", "08:50"]  # 10:15 in Jena, the meter, the start of parking
    assert {one.tariff_id for one in found.charging_periods} == {"DE*GEF*TDAY"}
    assert found.total_cost == Price(before_taxes=Decimal("2.65"))
    assert (found.total_energy, found.total_parking_time) == (Decimal(10), Decimal("0.1667"))
    assert check_price(found, time_zone="Europe/Berlin").verdict is Verdict.OK


async def test_what_the_record_leaves_out_its_session_tells() -> None:
    known = ChargingSession(
        id=ChargingSessionId.parse("S1"),
        start=SessionStart(timestamp=MONDAY),
        stop=SessionStop(timestamp=HOUR_LATER),
        energy_meter_values=meter("100", "110"),
        energy_meter_id="M1",
    )
    bare = record("S1", energy_metering_values=[])
    found = (await ocpi_cdr(replace(bare, session_time=replace(bare.session_time, end=None)), known=known)).value
    assert found is not None
    assert (found.total_energy, found.meter_id, found.end_date_time) == (Decimal(10), "M1", HOUR_LATER)


async def test_energy_that_was_told_and_not_metered_is_priced_as_a_whole() -> None:
    found = await ocpi_cdr(record("S1", energy_metering_values=[], consumed_energy_kwh=Decimal(5)))
    assert found.value is not None
    assert (found.value.total_energy, found.value.total_cost.before_taxes) == (Decimal(5), Decimal(2))


async def test_energy_that_is_told_otherwise_than_metered_is_noted() -> None:
    found = await ocpi_cdr(record("S1", consumed_energy_kwh=Decimal(11)))
    assert found.value is not None
    assert found.value.total_energy == 10
    assert "$.consumedEnergy: 10 kWh of the meter stand, 11 kWh were told" in texts(found)


async def test_a_place_that_is_free_of_charge_costs_nothing() -> None:
    free = place(pool(station(evse(is_free_of_charge=True))), operator())
    found = (await ocpi_cdr(record("S1"), free)).value
    assert found is not None
    assert (found.total_cost, found.tariffs, found.total_energy) == (Price(before_taxes=Decimal(0)), None, Decimal(10))


async def test_fees_that_the_operator_states_are_taken_over() -> None:
    fee, base = ChargingPrice(base=Decimal(2)), ChargingPrice(base=Decimal(9), vat=Decimal("1.71"), currency="CHF")
    found = (await ocpi_cdr(record("S1", charging_price=base, parking_fee=fee, reservation_fee=fee))).value
    assert found is not None
    assert (found.currency, found.total_parking_cost) == ("CHF", Price(before_taxes=Decimal(2)))
    assert found.total_reservation_cost == found.total_parking_cost
    assert found.total_cost.taxes is not None


async def test_a_remark_and_signed_values_that_do_not_fit() -> None:
    values = meter("100", "110")
    signed = [
        replace(values[0], signed_data="x" * 5001),
        replace(values[1], type=None, signed_data="<signedMeterValue>"),
    ]
    custom = {REMARK_KEY: "cable stuck"}
    found = await ocpi_cdr(record("S1", energy_metering_values=signed, custom_data=custom, public_key="k" * 600))
    assert found.value is not None
    data = found.value.signed_data
    assert data is not None
    assert (data.encoding_method, data.public_key, found.value.remark) == ("XML", None, "cable stuck")
    assert [(one.nature, one.plain_data) for one in data.signed_values] == [("End", "110")]
    assert len([text for text in texts(found) if "left out" in text]) == 2


async def test_the_key_of_the_meter_is_that_of_its_values() -> None:
    made = place(pool(station(evse(energy_meter=EnergyMeter(id="M7", public_keys=["KEY7"])))))
    price = ChargingPrice(base=Decimal(1), currency="EUR")
    found = (
        await ocpi_cdr(record("S1", energy_metering_values=meter("1", "2", signed=True), charging_price=price), made)
    ).value
    assert found is not None
    assert found.signed_data is not None
    assert (found.meter_id, found.signed_data.public_key) == ("M7", "KEY7")


async def test_of_several_tariffs_the_first_is_told_and_that_is_noted() -> None:
    other = ChargingTariffId(GEF, "Z")
    sockets = [
        replace(priced().charging_stations[0].evses[0].charging_connectors[0], tariff_ids=[energy_tariff().id, other])
    ]
    at = place(
        pool(station(evse(charging_connectors=sockets))),
        operator(charging_tariffs=[energy_tariff(), energy_tariff("9", other)]),
    )
    found = await ocpi_cdr(record("S1"), at)
    assert found.value is not None
    assert found.value.total_cost.before_taxes == 4
    assert any("first of 2" in text for text in texts(found))


def test_a_place_beyond_the_forty_fifth_sign_is_cut_in_a_cdr() -> None:
    long = replace(priced(), address=replace(priced().address, street="x" * 60))  # type: ignore[type-var]
    extract = cdr_location(place(long))
    assert extract is not None
    assert len(extract.address) == 45


@pytest.mark.parametrize("text", ["S1", "DE*GEF*N" + "a" * 32, "x" * 200, "Ü1", "a" * 37])
def test_an_id_that_fits_stays_and_any_other_has_one_that_fits(text: str) -> None:
    made = ocpi_id(ChargingSessionId.parse(text))
    assert len(made) <= 36
    assert made.isascii()
    assert (made == text) is (len(text) <= 36 and text.isascii())
    assert hashed_id("A" * 40) != hashed_id("a" * 40)


@pytest.mark.parametrize(
    ("shown", "uid", "type"),
    [
        (rfid("04-ab:12"), "04AB12", "RFID"),
        (rfid("04ab12"), "04AB12", "RFID"),
        (rfid("Guest-7"), "Guest-7", "RFID"),
        (Authentication(auth_token="x"), "x", "RFID"),
        (Authentication(auth_token="aa:bb", auth_token_type=AuthTokenType.MACAddress), "AABB", "OTHER"),
        (Authentication(auth_token="Aa", auth_token_type=AuthTokenType.ISO15118), "AA", "EMAID"),
        (
            Authentication(remote_identification=EMobilityAccountId.parse("DE-GDF-C12345678")),
            "DE-GDF-C12345678",
            "APP_USER",
        ),
    ],
)
def test_the_uid_is_the_token_and_nothing_else(shown: Authentication, uid: str, type: str) -> None:
    found = token_key(shown)
    assert found is not None
    assert (found.uid, found.type.value) == (uid, type)
