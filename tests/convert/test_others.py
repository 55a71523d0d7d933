# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of Tokens, commands and Credentials, what has no counterpart, and what is no such object at all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.convert.making import body_of, type_of
from tests.convert.telling import V1, V2, V3, also, refused, told
from tests.objects import MIDDLE, token
from tests.rules import rule
from wwcp_ocpi.convert import Context, Known, convert
from wwcp_ocpi.protocol.errors import (
    CannotConvert,
    InvalidParameters,
    MalformedBody,
    NotInVersion,
    TooLarge,
    UsageError,
)
from wwcp_ocpi.scalars import PartyId

EMSP = Context(owner=PartyId("NL", "EMP"))
URL = "https://emsp.example/result"


def test_a_token_is_told_both_ways() -> None:
    assert told(token(V1), "Token", V1, V3, EMSP) == (token(V3), {})
    value = token(V3, type="EMAID", group_id="G", energy_contract={"supplier_name": "S"}, default_profile_type="GREEN")
    found, losses = told(value, "tokens", V3, V1)
    assert found == token(V1, type="OTHER")
    assert set(losses) == {"$.type", "$.group_id", "$.energy_contract", "$.default_profile_type"}


@pytest.mark.parametrize(("above", "below"), [("APP_USER", "OTHER"), ("AD_HOC_USER", "OTHER"), ("RFID", "RFID")])
def test_a_kind_of_token_that_2_1_1_lacks_is_other(above: str, below: str) -> None:
    assert told(token(V2, type=above), "Token", V2, V1)[0]["type"] == below


def test_an_authorization_needs_the_token_above() -> None:
    below = {"allowed": "ALLOWED", "location": {"location_id": "L", "connector_ids": ["1"]}}
    assert refused(below, "AuthorizationInfo", V1, V2)[:2] == ("$.token", "token")
    known = Context(token=Known(V1, msgspec.json.encode(token(V1))), owner=EMSP.owner)
    found, losses = told(below, "AuthorizationInfo", V1, V3, known)
    kept = {"location_id": "L", "ocpi_2_1_1": {"connector_ids": ["1"]}}
    assert (found, losses) == ({"allowed": "ALLOWED", "token": token(V3), "location": kept}, {})
    found, losses = told({**found, "authorization_reference": "R"}, "AuthorizationInfo", V3, V1)
    assert (found, set(losses)) == (below, {"$.token", "$.authorization_reference"})


@pytest.mark.parametrize("target", [V2, V3])
def test_commands_are_told_both_ways(target: str) -> None:
    start: dict[str, Any] = {"response_url": URL, "token": token(V1), "location_id": "L"}
    assert told(start, "StartSession", V1, target, EMSP) == ({**start, "token": token(target)}, {})
    more = {**start, "token": token(target), "connector_id": "1", "authorization_reference": "R"}
    found, losses = told(more, "StartSession", target, V1)
    assert (found, set(losses)) == (start, {"$.connector_id", "$.authorization_reference"})
    reserve = {**start, "expiry_date": MIDDLE, "reservation_id": 42}
    above = {**reserve, "token": token(target), "reservation_id": "42"}
    assert told(reserve, "ReserveNow", V1, target, EMSP) == (above, {})
    assert told(above, "ReserveNow", target, V1) == (reserve, {})


@pytest.mark.parametrize("id", ["R1", "042", "4e2", "", "٣", "-", "1.0"])
def test_a_reservation_that_is_no_number_needs_one(id: str) -> None:
    value = {"response_url": URL, "token": token(V2), "expiry_date": MIDDLE, "reservation_id": id, "location_id": "L"}
    assert refused(value, "ReserveNow", V2, V1)[:2] == ("$.reservation_id", "reservation_id")
    found, losses = told(value, "ReserveNow", V2, V1, Context(reservation_id=7))
    assert found["reservation_id"] == 7
    assert set(losses) == {"$.reservation_id"}


def test_an_answer_needs_a_timeout_above() -> None:
    assert refused({"result": "ACCEPTED"}, "CommandResponse", V1, V2)[:2] == ("$.timeout", "timeout")
    found, losses = told({"result": "TIMEOUT"}, "CommandResponse", V1, V3, Context(timeout=30))
    assert found == {"result": "REJECTED", "timeout": 30, "ocpi_2_1_1": {"result": "TIMEOUT"}}
    assert told(found, "CommandResponse", V3, V1)[0] == {"result": "TIMEOUT"}
    message = [{"language": "en", "text": "x"}]
    found, losses = told({"result": "ACCEPTED", "timeout": 5, "message": message}, "CommandResponse", V2, V1)
    assert (found, set(losses)) == ({"result": "ACCEPTED"}, {"$.timeout", "$.message"})


def test_an_answer_that_says_by_itself_what_is_wanted_above_is_believed() -> None:
    value = {"result": "ACCEPTED", "timeout": 5}
    assert told(value, "CommandResponse", V1, V2)[0]["timeout"] == 5
    assert refused({**value, "timeout": "x"}, "CommandResponse", V1, V2)[:2] == ("$.timeout", None)
    value = {"allowed": "ALLOWED", "token": token(V2)}
    assert told(value, "AuthorizationInfo", V1, V2)[0]["token"] == token(V2)


def test_a_word_that_is_written_with_escapes_is_that_word() -> None:
    body = json.dumps(token(V2)).replace('"RFID"', '"\\u0052FID"').encode()
    assert json.loads(convert(body, "Token", V2, V1).body)["type"] == "RFID"
    body = json.dumps(token(V2)).replace('"RFID"', '"APP\\u005fUSER"').encode()
    assert json.loads(convert(body, "Token", V2, V1).body)["type"] == "OTHER"


def test_a_result_is_an_answer_in_2_1_1() -> None:
    assert told({"result": "TIMEOUT"}, "CommandResult", V1, V3) == ({"result": "TIMEOUT"}, {})
    found, losses = told({"result": "UNKNOWN_SESSION"}, "CommandResult", V1, V2)
    assert (found, losses) == ({"result": "REJECTED", "ocpi_2_1_1": {"result": "UNKNOWN_SESSION"}}, {})
    assert told(found, "CommandResult", V2, V1) == ({"result": "UNKNOWN_SESSION"}, {})
    found, losses = told({"result": "EVSE_OCCUPIED"}, "commandresult", V3, V1)
    assert (found, set(losses)) == ({"result": "REJECTED"}, {"$.result"})


# ---------------------------------------------------------------------------------------------------------- credentials

PARTY = {"business_details": {"name": "X"}, "party_id": "TNM", "country_code": "NL"}
BASE = {"token": "t", "url": URL}


def role(name: str, **more: Any) -> dict[str, Any]:
    return {"role": name, **PARTY, **more}


def test_one_party_is_a_list_of_one_role() -> None:
    value = {**BASE, **PARTY}
    assert refused(value, "Credentials", V1, V2)[:2] == ("$.roles", "role")
    found, _ = told(value, "Credentials", V1, V3, Context(role="CPO"))
    assert found == {**BASE, "roles": [role("CPO")]}
    assert told(found, "Credentials", V3, V1)[0] == value


def test_of_several_roles_one_is_told() -> None:
    value = {**BASE, "roles": [role("CPO", party_id="AAA"), role("EMSP", party_id="BBB")]}
    found, losses = told(value, "Credentials", V2, V1, Context(role="EMSP"))
    assert (found["party_id"], set(losses)) == ("BBB", {"$.roles[0]", "$.roles[1].role"})
    assert told(value, "Credentials", V2, V1)[0]["party_id"] == "AAA"


@rule("CRD-28")
def test_a_hub_is_a_role_below_and_a_party_above() -> None:
    below = {**BASE, "roles": [role("CPO"), role("HUB", party_id="HUB")]}
    above = {**BASE, "roles": [role("CPO"), role("OTHER", party_id="HUB")], "hub_party_id": "NLHUB"}
    assert told(below, "Credentials", V2, V3) == (above, {})
    assert told(above, "Credentials", V3, V2) == (below, {})
    alone = {**BASE, "roles": [role("CPO")], "hub_party_id": "NLHUB"}
    assert told(alone, "Credentials", V3, V2) == (
        {**BASE, "roles": [role("CPO")]},
        {"$.hub_party_id": "OCPI 2.2.1 names a hub by its role, and no party has it"},
    )


def test_a_hub_that_2_2_1_names_in_advance_comes_back() -> None:
    for roles in ([role("OTHER")], [role("HUB")]):
        value = {**BASE, "roles": roles, "hub_party_id": "NLTNM"}
        found, losses = told(value, "Credentials", V2, V3)
        assert losses == {}
        assert told(found, "Credentials", V3, V2) == (value, {})


def test_client_info_of_a_hub_comes_back() -> None:
    below = {"party_id": "HUB", "country_code": "NL", "role": "HUB", "status": "CONNECTED", "last_updated": MIDDLE}
    found, losses = told(below, "ClientInfo", V2, V3)
    assert (found["role"], found["ocpi_2_2_1"], losses) == ("OTHER", {"role": "HUB"}, {})
    assert told(found, "ClientInfo", V3, V2) == (below, {})


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("Booking", V3, V2), ("BookingLocation", V3, V1), ("Terminal", V3, V2), ("FinancialAdviceConfirmation", V3, V2),
        ("InvoiceReconciliationRecord", V3, V2), ("ClientInfo", V2, V1), ("CancelReservation", V2, V1),
        ("SetChargingProfile", V3, V1), ("ChargingPreferences", V3, V1),
    ],
)  # fmt: skip
def test_what_a_version_does_not_have_is_refused_as_that(name: str, source: str, target: str) -> None:
    with pytest.raises(NotInVersion, match=f"a {name} does not exist in OCPI "):
        convert(body_of(type_of(name, source), 1), name, source, target)


def test_what_tells_of_one_platform_is_not_converted() -> None:
    with pytest.raises(CannotConvert, match="tells of the URLs of one platform"):
        convert(b'{"version":"2.2.1","url":"https://x.example"}', "Version", V2, V3)


def test_wrong_names_are_wrong_use() -> None:
    with pytest.raises(UsageError, match="expected an OCPI version"):
        convert(b"{}", "Location", V2, "2.2")
    with pytest.raises(UsageError, match=r"OCPI 2\.1\.1 has no object 'Booking'"):
        convert(b"{}", "Booking", V1, V3)


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (b'{"uid":1}', InvalidParameters, r"Token of OCPI 2\.2\.1: \$\.country_code: required in Token, but missing"),
        (b"[]", InvalidParameters, r"\$: expected an object"),
        (b"{", MalformedBody, "expected JSON"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, TooLarge, "nested too deep"),
    ],
)
def test_what_is_no_such_object_is_refused_with_path_and_reason(body: bytes, error: type[Exception], text: str) -> None:
    for target in (V1, V2, V3):
        with pytest.raises(error, match=text):
            convert(body, "Token", V2, target)


def test_a_part_with_its_own_module_name_is_found() -> None:
    assert told(also(token(V2), visual_number="1"), "token", V2, V3)[0] == token(V3, visual_number="1")
