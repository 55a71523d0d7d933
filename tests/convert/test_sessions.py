# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of Sessions and CDRs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.convert.telling import V1, V2, V3, also, refused, told
from tests.objects import cdr, connector, evse, location, session, token
from tests.rules import rule
from wwcp_ocpi.convert import ConnectorKind, Context, Known
from wwcp_ocpi.scalars import PartyId

OWNER = PartyId("DE", "GEF")
DRIVER = Context(owner=OWNER, driver=PartyId("NL", "EMP"), token_uid="012345678", token_type="RFID")
KNOWN = Context(postal_code="", location=Known(V2, msgspec.json.encode(location(V2, parking_type="PARKING_LOT"))))
PERIOD = {"start_date_time": "2026-01-01T00:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 1}]}


def known(number: str, body: Any) -> Known:
    return Known(number, msgspec.json.encode(body))


@pytest.mark.parametrize("target", [V2, V3])
def test_an_old_session_names_ids_and_keeps_its_location(target: str) -> None:
    found, losses = told(session(V1), "Session", V1, target, DRIVER)
    assert found == also(session(target), ocpi_2_1_1={"location": location(V1)})
    assert losses == {}
    assert told(found, "Session", target, V1)[0] == session(V1)


def test_a_new_session_needs_its_location_below() -> None:
    assert refused(session(V2), "Session", V2, V1)[:2] == ("$.location_id", "location")
    assert refused(session(V2, location_id="LOC9"), "Session", V2, V1, KNOWN)[:2] == ("$.location_id", "location")
    found, losses = told(session(V2), "Session", V2, V1, KNOWN)
    place = also(location(V1), type="PARKING_LOT", time_zone="Europe/Berlin", postal_code="") | {"postal_code": ""}
    assert found == session(V1, location=place)
    assert set(losses) == {f"$.cdr_token.{name}" for name in ("country_code", "party_id", "uid", "type")}


@rule("LOC-03")
def test_a_driver_may_know_where_its_session_was_though_the_place_is_private() -> None:
    private = known(V2, location(V2, publish=False))
    assert "location" in told(session(V2), "Session", V2, V1, replace(KNOWN, location=private))[0]
    assert "evses" in told(cdr(V2), "CDR", V2, V1, replace(KNOWN, location=private))[0]["location"]


@pytest.mark.parametrize(
    ("context", "setting"),
    [
        (Context(location=known(V2, location(V2))), "postal_code"),
        (Context(location=Known(V2, b"{")), "location"),
        (Context(location=Known("9", b"{}")), "location"),
    ],
)
def test_a_location_that_cannot_be_told_is_the_refusal_of_the_session(context: Context, setting: str) -> None:
    assert refused(session(V2), "Session", V2, V1, context)[:2] == ("$.location_id", setting)


def test_a_setting_that_is_not_needed_does_no_harm() -> None:
    context = replace(DRIVER, location=Known(V2, b"{"))
    assert told(session(V1), "Session", V1, V2, context)[1] == {}


def test_only_the_evse_and_connector_in_question_are_told() -> None:
    spots = [evse(V1, "E1", connectors=[connector(V1, "1"), connector(V1, "2")]), evse(V1, "E2")]
    context = replace(KNOWN, location=known(V1, location(V1, evses=spots)))
    found, _ = told(session(V2, connector_id="2"), "Session", V2, V1, context)
    assert found["location"]["evses"] == [evse(V1, "E1", connectors=[connector(V1, "2")])]
    found, losses = told(session(V2, evse_uid="E9"), "Session", V2, V1, context)
    assert "evses" not in found["location"]
    assert losses["$.evse_uid"] == "the Location that is given has no such EVSE"
    found, losses = told(session(V2, connector_id="9"), "Session", V2, V1, context)
    assert len(found["location"]["evses"][0]["connectors"]) == 2
    assert "$.connector_id" in losses


@rule("SES-22")
def test_without_an_assigned_evse_there_is_none() -> None:
    found, losses = told(session(V2, evse_uid="#NA", connector_id="#NA"), "Session", V2, V1, KNOWN)
    assert "evses" not in found["location"]
    assert not {"$.evse_uid", "$.connector_id"} & set(losses)
    found, _ = told(session(V1, location=location(V1, evses=[])), "Session", V1, V2, DRIVER)
    assert (found["evse_uid"], found["connector_id"]) == ("#NA", "#NA")


@pytest.mark.parametrize(
    ("context", "setting"),
    [
        (Context(owner=OWNER), "driver"),
        (Context(owner=OWNER, driver=PartyId("NL", "EMP")), "token_uid"),
        (Context(owner=OWNER, driver=PartyId("NL", "EMP"), token_uid="X"), "token_type"),
    ],
)
def test_an_unknown_driver_is_asked_for(context: Context, setting: str) -> None:
    assert refused(session(V1), "Session", V1, V2, context)[:2] == ("$.auth_id", setting)


def test_a_known_token_says_who_the_driver_is() -> None:
    context = Context(owner=OWNER, token=known(V3, token(V3, contract_id="nl-emp-c1")))
    assert told(session(V1), "Session", V1, V2, context)[0]["cdr_token"] == session(V2)["cdr_token"]
    other = Context(owner=OWNER, token=known(V2, token(V2, contract_id="NL-EMP-C2")))
    assert refused(session(V1), "Session", V1, V2, other)[1] == "driver"


@pytest.mark.parametrize("id", ["NL-TNM-C12345678-X", "NLTNMC12345678X", "NL-TNM-C12345678", "nltnmc12345678"])
def test_a_contract_id_of_emi3_names_its_emsp(id: str) -> None:
    context = replace(DRIVER, driver=None)
    found = told(session(V1, auth_id=id), "Session", V1, V2, context)[0]["cdr_token"]
    assert (found["country_code"], found["party_id"], found["contract_id"]) == ("NL", "TNM", id)


def test_costs_of_2_1_1_are_without_vat() -> None:
    assert told(session(V1, total_cost=10), "Session", V1, V2, DRIVER)[0]["total_cost"] == {"excl_vat": 10}
    with_vat = replace(DRIVER, vat=Decimal("19"))
    assert told(session(V1, total_cost=10), "Session", V1, V2, with_vat)[0]["total_cost"] == {
        "excl_vat": 10,
        "incl_vat": 11.9,
    }
    found, losses = told(session(V2, total_cost={"excl_vat": 10, "incl_vat": 11.9}), "Session", V2, V1, KNOWN)
    assert found["total_cost"] == 10
    assert "$.total_cost.incl_vat" in losses


@pytest.mark.parametrize(
    ("field", "above", "below"), [("status", "RESERVATION", "PENDING"), ("auth_method", "COMMAND", "AUTH_REQUEST")]
)
def test_words_of_a_session_that_2_1_1_lacks(field: str, above: str, below: str) -> None:
    found, losses = told(session(V2, **{field: above}), "Session", V2, V1, KNOWN)
    assert found[field] == below
    assert losses[f"$.{field}"] == f'"{above}" is no word of OCPI 2.1.1; told as "{below}"'


# --------------------------------------------------------------------------------------------------------------- CDRs


@pytest.mark.parametrize("target", [V2, V3])
def test_an_old_cdr_becomes_an_extract_and_comes_back(target: str) -> None:
    found, losses = told(cdr(V1), "CDR", V1, target, DRIVER)
    kept = found.pop("ocpi_2_1_1")
    place = {**cdr(target)["cdr_location"], "name": "Test pool", "postal_code": "07749", "evse_id": "#NA"}
    assert found == cdr(target, cdr_location=place)
    assert (kept, losses) == ({"location": location(V1)}, {})
    assert told({**found, "ocpi_2_1_1": kept}, "CDR", target, V1)[0] == cdr(V1)


def test_a_cdr_of_several_connectors_asks_which_it_was() -> None:
    mixed = evse(V1, connectors=[connector(V1, "1"), connector(V1, "2", standard="CHADEMO")])
    value = cdr(V1, location=location(V1, evses=[mixed]))
    assert refused(value, "CDR", V1, V2, DRIVER)[:2] == ("$.location", "connector")
    context = replace(DRIVER, connector=ConnectorKind("CHADEMO", "CABLE", "DC"))
    place = told(value, "CDR", V1, V2, context)[0]["cdr_location"]
    assert (place["evse_uid"], place["connector_id"], place["connector_standard"]) == ("E1", "#NA", "CHADEMO")
    alike = evse(V1, connectors=[connector(V1, "1"), connector(V1, "2")])
    value = cdr(V1, location=location(V1, evses=[alike]))
    assert told(value, "CDR", V1, V2, DRIVER)[0]["cdr_location"]["connector_standard"] == "IEC_62196_T2"


def test_a_new_cdr_is_told_its_evse_if_voltage_and_amperage_are_known() -> None:
    value = cdr(V2)
    place = told(value, "CDR", V2, V1, KNOWN)[0]["location"]
    spot = evse(V1, status="UNKNOWN", evse_id="DE*GEF*E1")
    assert place == also(location(V1), type="PARKING_LOT", name=None, evses=[spot]) | {"postal_code": ""}
    found, losses = told(value, "CDR", V2, V1, Context(postal_code=""))
    assert found["location"]["type"] == "UNKNOWN"
    assert "evses" not in found["location"]
    assert {path for path in losses if path.startswith("$.cdr_location")} == {
        f"$.cdr_location.{name}"
        for name in (
            "evse_uid", "evse_id", "connector_id", "connector_standard", "connector_format", "connector_power_type",
        )
    }  # fmt: skip


@rule("CDR-25")
def test_a_cdr_of_an_unused_reservation_loses_no_evse() -> None:
    place = {**cdr(V2)["cdr_location"], "evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA"}
    _, losses = told(cdr(V2, cdr_location=place), "CDR", V2, V1, KNOWN)
    assert [path for path in losses if path.startswith("$.cdr_location")] == []


def test_a_plug_of_a_cdr_without_a_word_takes_the_evse_with_it() -> None:
    place = {**cdr(V2)["cdr_location"], "connector_standard": "CHAOJI", "state": "Thüringen"}
    found, losses = told(cdr(V2, cdr_location=place), "CDR", V2, V1, KNOWN)
    assert "evses" not in found["location"]
    assert {"$.cdr_location.connector_standard", "$.cdr_location.state"} <= set(losses)


def test_flat_is_no_dimension_any_more_and_comes_back() -> None:
    flat = {"type": "FLAT", "volume": 1}
    energy = {"type": "ENERGY", "volume": 1}
    value = cdr(V1, charging_periods=[{**PERIOD, "dimensions": [flat, energy]}, {**PERIOD, "dimensions": [flat]}])
    found, losses = told(value, "CDR", V1, V3, DRIVER)
    assert [period["dimensions"] for period in found["charging_periods"]] == [[energy], [{"type": "TIME", "volume": 0}]]
    assert losses == {}
    assert told(found, "CDR", V3, V1)[0] == value
    assert refused(flat, "CdrDimension", V1, V2)[:2] == ("$.type", None)


def test_a_period_stays_even_if_none_of_its_dimensions_can_be_told() -> None:
    value = session(V2, charging_periods=[PERIOD, {**PERIOD, "dimensions": [{"type": "POWER", "volume": 3}]}])
    found, losses = told(value, "Session", V2, V1, KNOWN)
    assert [period["dimensions"] for period in found["charging_periods"]] == [
        PERIOD["dimensions"],
        [{"type": "TIME", "volume": 0}],
    ]
    assert losses["$.charging_periods[1].dimensions[0]"] == '"POWER" is no word of OCPI 2.1.1; left out'
    value = {**PERIOD, "dimensions": [{"type": "RESERVATION_EXPIRES", "volume": 3}]}
    assert told(value, "ChargingPeriod", V3, V2)[0]["dimensions"] == [{"type": "TIME", "volume": 0}]


def test_what_a_cdr_has_more_is_lost_below_and_signed_data_passes_above() -> None:
    signed = {
        "encoding_method": "OCMF",
        "signed_values": [{"nature": "Start", "plain_data": "a", "signed_data": "b" * 5000}],
    }
    more: dict[str, Any] = {
        "session_id": "S",
        "credit": True,
        "home_charging_compensation": False,
        "signed_data": signed,
    }
    assert told(cdr(V2, **more), "CDR", V2, V3) == (cdr(V3, **more), {})
    losses = told(cdr(V2, total_energy_cost={"excl_vat": 1}, **more), "CDR", V2, V1, KNOWN)[1]
    assert {f"$.{name}" for name in (*more, "total_energy_cost")} <= set(losses)
    assert set(told(cdr(V3, booking_id="B"), "CDR", V3, V2)[1]) == {"$.booking_id"}
