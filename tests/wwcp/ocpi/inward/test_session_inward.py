# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests import objects
from tests.rules import rule
from tests.wwcp.ocpi.inward.making import foreign_evse, foreign_location, mapped_in
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import SessionStatus
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.authentication import Authentication, AuthMethod, AuthTokenType
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.energy import EnergyMeteringValue, MeteringValueType
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.inward.session import SessionKeys, SessionState, session_keys, session_of, session_state

BEGIN, LATER, END = objects.OLD, "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z"


def foreign_session(id: str = "S1", **fields: Any) -> Session:
    return codec.decode(Session, codec.encode(objects.session("2.3.0", id, **fields)))


def book() -> NameBook:
    made = NameBook()
    mapped_in(foreign_location(foreign_evse("E1", "DE*GEF*E1*1"), id="LOC1"), names=made)
    return made


def period(begin: str, kwh: float, **more: Any) -> dict[str, Any]:
    return {"start_date_time": begin, "dimensions": [{"type": "ENERGY", "volume": kwh}], **more}


def test_a_session_is_a_charging_session() -> None:
    found = session_of(
        foreign_session(
            status="COMPLETED",
            end_date_time=END,
            kwh=3,
            meter_id="M1",
            authorization_reference="ref",
            charging_periods=[period(BEGIN, 1), period(LATER, 2)],
            total_cost={"before_taxes": 1.5},
        ),
        names=book(),
    )
    assert found.notes == []
    provider = EMobilityProviderId.parse("NL-EMP")
    assert found.value == ChargingSession(
        id=ChargingSessionId.parse("DE*GEF*NS1"),
        start=SessionStart(
            timestamp=DateTime.parse(BEGIN),
            provider_id=provider,
            authentication=Authentication(
                auth_token="012345678", auth_token_type=AuthTokenType.RFID, auth_method=AuthMethod.WHITELIST
            ),
        ),
        stop=SessionStop(timestamp=DateTime.parse(END), provider_id=provider),
        charging_station_operator_id=ChargingStationOperatorId.parse("DE*GEF"),
        charging_pool_id=ChargingPoolId.parse("DE*GEF*PLOC1"),
        charging_station_id=ChargingStationId.parse("DE*GEF*S1"),
        evse_id=EVSEId.parse("DE*GEF*E1*1"),
        charging_connector_id="1",
        cpo_partner_session_id="S1",
        emp_partner_session_id="ref",
        energy_meter_id="M1",
        energy_meter_values=[
            EnergyMeteringValue(timestamp=DateTime.parse(BEGIN), energy_kwh=Decimal(0), type=MeteringValueType.Start),
            EnergyMeteringValue(
                timestamp=DateTime.parse(LATER), energy_kwh=Decimal(1), type=MeteringValueType.Intermediate
            ),
            EnergyMeteringValue(timestamp=DateTime.parse(END), energy_kwh=Decimal(3), type=MeteringValueType.Stop),
        ],
        custom_data={
            "OCPI.Status": "COMPLETED",
            "OCPI.LastUpdated": objects.MIDDLE,
            "OCPI.CdrToken": {
                "country_code": "NL",
                "party_id": "EMP",
                "uid": "012345678",
                "type": "RFID",
                "contract_id": "NL-EMP-C1",
            },
            "OCPI.Currency": "EUR",
            "OCPI.TotalCost": {"before_taxes": Decimal("1.5")},
        },
    )
    assert found.value.energy_kwh == Decimal(3)


@pytest.mark.parametrize(
    ("status", "state", "over", "awaited"),
    [
        ("ACTIVE", SessionState.RUNNING, False, False),
        ("COMPLETED", SessionState.ENDED, True, False),
        ("INVALID", SessionState.VOID, True, False),
        ("PENDING", SessionState.AWAITED, False, True),
        ("RESERVATION", SessionState.RESERVED, False, True),
    ],
)
def test_a_status_says_whether_it_runs(status: str, state: SessionState, *, over: bool, awaited: bool) -> None:
    foreign = foreign_session(status=status)
    found = session_of(foreign).value
    assert found is not None
    assert session_state(foreign) is state
    assert (found.stop is not None, found.is_awaited) == (over, awaited)
    if found.stop is not None:
        assert found.stop.timestamp == foreign.last_updated


def test_every_status_is_tested() -> None:
    assert len(SessionStatus) == 5


@rule("SES-21")
def test_a_session_is_found_by_the_reference_that_we_gave_out() -> None:
    foreign = foreign_session("s1", authorization_reference="Ref")
    assert session_keys(foreign) == SessionKeys(PartyId("DE", "GEF"), "S1", "REF")
    known = ChargingSessionId.parse("NL-EMP-N77")
    found = session_of(foreign, id=known).value
    assert found is not None
    assert (found.id, found.cpo_partner_session_id, found.emp_partner_session_id) == (known, "s1", "Ref")


def test_an_evse_that_nobody_knows_is_noted_and_kept() -> None:
    found = session_of(foreign_session(evse_uid="E9"), names=book())
    assert found.value is not None
    assert (found.value.evse_id, found.value.charging_pool_id) == (None, ChargingPoolId.parse("DE*GEF*PLOC1"))
    assert found.value.custom_data is not None
    assert (found.value.custom_data["OCPI.LocationId"], found.value.custom_data["OCPI.EVSEUId"]) == ("LOC1", "E9")
    assert [note.path for note in found.notes] == ["$.evse_uid"]
    assert session_of(foreign_session(location_id="LOC9"), names=book()).value is not None


@rule("SES-22")
def test_a_reservation_is_at_no_evse_and_that_is_not_odd() -> None:
    found = session_of(foreign_session(status="RESERVATION", evse_uid="#NA", connector_id="#NA"), names=book())
    assert found.value is not None
    assert (found.value.evse_id, found.value.charging_connector_id, found.notes) == (None, None, [])


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"status": "COMPLETED", "end_date_time": "2025-01-01T00:00:00Z"}, ["$.end_date_time"]),
        ({"status": "ACTIVE", "end_date_time": END}, ["$.end_date_time"]),
        ({"charging_periods": [period(BEGIN, 1)], "kwh": 9}, ["$.charging_periods"]),
        ({"charging_periods": [period("2025-01-01T00:00:00Z", 1.5)]}, ["$.charging_periods[0].start_date_time"]),
        (
            {"cdr_token": objects._CDR_TOKEN | {"country_code": "XX", "type": "EMAID", "contract_id": "x"}},
            ["$.cdr_token.contract_id", "$.cdr_token.party_id"],
        ),
        (
            {
                "kwh": 2,
                "charging_periods": [
                    {
                        "start_date_time": BEGIN,
                        "dimensions": [
                            {"type": "ENERGY_IMPORT", "volume": 2},
                            {"type": "STATE_OF_CHARGE", "volume": 50},
                            {"type": "TIME", "volume": 1},
                        ],
                    }
                ],
            },
            ["$.charging_periods[0].dimensions"],
        ),
    ],
)
def test_what_is_odd_about_a_session_is_noted(fields: dict[str, Any], paths: list[str]) -> None:
    found = session_of(foreign_session(**fields))
    assert [note.path for note in found.notes] == paths
    assert found.value is not None


def test_periods_may_come_in_any_order() -> None:
    found = session_of(
        foreign_session(kwh=3, charging_periods=[period(LATER, 2, tariff_id="b"), period(BEGIN, 1)])
    ).value
    assert found is not None
    assert [(value.energy_kwh, value.type) for value in found.energy_meter_values] == [
        (Decimal(0), MeteringValueType.Start),
        (Decimal(3), MeteringValueType.Intermediate),
    ]
