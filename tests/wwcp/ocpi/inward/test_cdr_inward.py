# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests import objects
from tests.rules import rule
from tests.wwcp.ocpi.inward.test_session_inward import BEGIN, END, LATER, book, period
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.model.charging import ChargingPrice, SessionTime
from wwcp_ocpi.wwcp.model.energy import MeteringValueType
from wwcp_ocpi.wwcp.ocpi.inward.cdr import cdr_of
from wwcp_ocpi.wwcp.ocpi.inward.session import session_keys


def foreign_cdr(id: str = "C1", **fields: Any) -> CDR:
    told: dict[str, Any] = {"end_date_time": END, "total_energy": 1.5} | fields
    return codec.decode(CDR, codec.encode(objects.cdr("2.3.0", id, **told)))


def test_a_cdr_is_a_charge_detail_record() -> None:
    found = cdr_of(
        foreign_cdr(
            session_id="S1",
            total_time=1.5,
            total_parking_time=0.5,
            total_cost={
                "before_taxes": 10,
                "taxes": [{"name": "VAT", "amount": 1.9}, {"name": "EnergieSt", "amount": 0.1}],
            },
            total_parking_cost={"before_taxes": 2},
            total_reservation_cost={"before_taxes": 1, "taxes": []},
            tariffs=[objects.tariff("2.3.0")],
            meter_id="M1",
            remark="thanks",
        ),
        names=book(),
    )
    made = found.value
    assert made is not None
    assert found.notes == []
    assert made.id == ChargeDetailRecordId.parse("DE*GEF*DC1")
    assert made.session_id == ChargingSessionId.parse("DE*GEF*NS1")
    assert made.session_time == SessionTime(start=DateTime.parse(BEGIN), end=DateTime.parse(END))
    assert (made.duration_s, made.parking_time_s) == (Decimal(5400), Decimal(1800))
    assert made.charging_price == ChargingPrice(base=Decimal(10), vat=Decimal("2.0"), currency="EUR")
    assert made.parking_fee == ChargingPrice(base=Decimal(2), currency="EUR")
    assert made.reservation_fee == ChargingPrice(base=Decimal(1), vat=Decimal(0), currency="EUR")
    assert made.consumed_energy_kwh == Decimal("1.5")
    assert (str(made.charging_pool_id), str(made.evse_id)) == ("DE*GEF*PLOC1", "DE*GEF*E1*1")
    assert made.charging_tariff is not None
    assert str(made.charging_tariff.id) == "DE*GEF*T_T1"
    assert made.custom_data is not None
    assert made.custom_data["OCPI.Remark"] == "thanks"
    assert made.custom_data["OCPI.CdrToken"]["contract_id"] == "NL-EMP-C1"
    assert made.custom_data["OCPI.Location"]["evse_uid"] == "E1"


def test_without_a_book_the_evse_id_of_the_cdr_counts() -> None:
    found = cdr_of(foreign_cdr()).value
    assert found is not None
    assert (found.evse_id, found.charging_pool_id) == (EVSEId.parse("DE*GEF*E1"), None)


@rule("CDR-21")
def test_a_record_of_a_session_that_was_found_is_of_that_session() -> None:
    foreign = foreign_cdr(session_id="S1", authorization_reference="Ref")
    assert session_keys(foreign)[1:] == ("S1", "REF")
    known = ChargingSessionId.parse("NL-EMP-N77")
    found = cdr_of(foreign, session_id=known).value
    assert found is not None
    assert found.session_id == known
    alone = cdr_of(foreign_cdr()).value
    assert alone is not None
    assert str(alone.session_id) == "DE*GEF*NC1"


@rule("CDR-04")
def test_a_credit_cdr_says_which_record_it_takes_back() -> None:
    found = cdr_of(foreign_cdr("C2", credit=True, credit_reference_id="C1", total_cost={"before_taxes": -0.5})).value
    assert found is not None
    assert found.charging_price == ChargingPrice(base=Decimal("-0.5"), currency="EUR")
    assert found.custom_data is not None
    assert (found.custom_data["OCPI.Credit"], found.custom_data["OCPI.CreditReferenceId"]) == (True, "C1")


def test_meter_values_have_what_the_meter_signed() -> None:
    signed = {
        "encoding_method": "OCMF",
        "encoding_method_version": 1,
        "public_key": "key",
        "signed_values": [
            {"nature": "Start", "plain_data": "0", "signed_data": "s0"},
            {"nature": "Intermediate", "plain_data": "1", "signed_data": "s1"},
            {"nature": "End", "plain_data": "3", "signed_data": "s3"},
            {"nature": "Dance", "plain_data": "x", "signed_data": "sx"},
        ],
    }
    found = cdr_of(
        foreign_cdr(
            total_energy=3,
            charging_periods=[period(BEGIN, 1, tariff_id="a"), period(LATER, 2, tariff_id="b")],
            signed_data=signed,
        )
    )
    assert found.value is not None
    assert found.value.public_key == "key"
    values = found.value.energy_metering_values
    assert [(one.type, one.energy_kwh, one.signed_data, (one.extra or {}).get("OCPI.PlainData")) for one in values] == [
        (MeteringValueType.Start, Decimal(0), "s0", "0"),
        (MeteringValueType.TariffChange, Decimal(1), "s1", "1"),
        (MeteringValueType.Stop, Decimal(3), "s3", "3"),
        (MeteringValueType.Intermediate, Decimal(0), "sx", "x"),
    ]
    assert found.value.custom_data is not None
    assert found.value.custom_data["OCPI.SignedData"] == {"encoding_method": "OCMF", "encoding_method_version": 1}
    assert [note.path for note in found.notes] == [
        "$.signed_data.signed_values[3].nature",
        "$.signed_data.signed_values",
    ]


def test_what_is_odd_about_a_cdr_is_noted() -> None:
    found = cdr_of(
        foreign_cdr(
            end_date_time="2025-01-01T00:00:00Z",
            tariffs=[objects.tariff("2.3.0"), objects.tariff("2.3.0", "T2")],
            country_code="XX",
        )
    )
    assert found.value is not None
    assert str(found.value.id) == "C1"
    assert [note.path for note in found.notes] == ["$.end_date_time", "$.tariffs"]
