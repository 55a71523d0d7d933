# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from tests import objects
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.v2_3_0.enums import AuthMethod as OCPIAuthMethod
from wwcp_ocpi.v2_3_0.enums import TokenType, WhitelistType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import (
    Authentication,
    AuthenticationPlace,
    AuthMethod,
    AuthTokenType,
    remote,
    rfid,
)
from wwcp_ocpi.wwcp.ocpi.inward.token import (
    OCPITokenKey,
    TokenEntry,
    auth_method_of,
    authentication_of,
    authentication_of_uid,
    token_entry_of,
    token_key_of,
)

EMAID = "NL-EMP-C12345678"


def foreign_token(uid: str = "04AB12CD", **fields: Any) -> Token:
    return codec.decode(Token, codec.encode(objects.token("2.3.0", uid, **fields)))


def test_a_card_is_a_token() -> None:
    found = authentication_of(foreign_token(), method=OCPIAuthMethod.WHITELIST)
    assert found.value == Authentication(
        auth_token="04AB12CD", auth_token_type=AuthTokenType.RFID, auth_method=AuthMethod.WHITELIST
    )
    assert found.notes == []


@pytest.mark.parametrize("contract", [EMAID, "NLEMPC12345678", "nl-emp-c12345678", "NL*EMP*123456*X"])
def test_an_app_and_plug_and_charge_are_contracts_however_they_are_written(contract: str) -> None:
    app = authentication_of(foreign_token("u1", type="APP_USER", contract_id=contract)).value
    assert app is not None
    assert (app.place, app.remote_identification) == (AuthenticationPlace.REMOTE, EMobilityAccountId.parse(contract))
    plugged = authentication_of(foreign_token(contract, type="EMAID", contract_id=contract)).value
    assert plugged is not None
    assert plugged.plug_and_charge_identification == EMobilityAccountId.parse(contract)
    assert plugged.extra is None


@pytest.mark.parametrize("type", TokenType)
@pytest.mark.parametrize("contract", [EMAID, "no contract"])
def test_a_token_is_asked_for_as_it_came_in(type: TokenType, contract: str) -> None:
    found = authentication_of(foreign_token("u1", type=type.value, contract_id=contract))
    assert found.value is not None
    assert token_key_of(found.value).value == OCPITokenKey(uid="u1", type=type)
    must_be_a_contract = type in (TokenType.APP_USER, TokenType.EMAID)
    assert len(found.notes) == (1 if must_be_a_contract and contract != EMAID else 0)


def test_a_type_that_nobody_knows_is_kept() -> None:
    found = authentication_of(foreign_token(type="FACE"))
    assert found.value is not None
    assert found.value.auth_token_type == AuthTokenType("FACE")
    assert token_key_of(found.value).value == OCPITokenKey(uid="04AB12CD", type=TokenType("FACE"))


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        (rfid("04AB"), OCPITokenKey(uid="04AB", type=TokenType.RFID)),
        (Authentication(auth_token="04AB"), OCPITokenKey(uid="04AB", type=TokenType.RFID)),
        (
            Authentication(auth_token="04AB", auth_token_type=AuthTokenType.MACAddress),
            OCPITokenKey(uid="04AB", type=TokenType.OTHER),
        ),
        (
            Authentication(auth_token=EMAID, auth_token_type=AuthTokenType.ISO15118),
            OCPITokenKey(uid=EMAID, type=TokenType.EMAID),
        ),
        (remote(EMobilityAccountId.parse(EMAID)), OCPITokenKey(uid=EMAID, type=TokenType.APP_USER)),
    ],
)
def test_every_way_that_ocpi_has_is_a_token(authentication: Authentication, expected: OCPITokenKey) -> None:
    assert token_key_of(authentication).value == expected


@pytest.mark.parametrize("authentication", [Authentication(pin="1234"), Authentication(public_key="x"), rfid("x" * 37)])
def test_a_way_that_ocpi_does_not_have_is_noted(authentication: Authentication) -> None:
    found = token_key_of(authentication)
    assert (found.value, len(found.notes)) == (None, 1)


def test_a_token_is_an_entry_of_a_list() -> None:
    found = token_entry_of(
        foreign_token(contract_id=EMAID, visual_number="1-2", group_id="g", language="nl", whitelist="ALLOWED_OFFLINE")
    )
    assert found.notes == []
    assert found.value == TokenEntry(
        authentication=rfid("04AB12CD"),
        provider_id=EMobilityProviderId.parse("NL-EMP"),
        contract_id=EMobilityAccountId.parse(EMAID),
        contract_text=EMAID,
        valid=True,
        whitelist=WhitelistType.ALLOWED_OFFLINE,
        issuer="EMP",
        visual_number="1-2",
        group_id="g",
        language="nl",
    )


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"contract_id": "DE-GDF-C12345678"}, ["$.contract_id"]),
        ({"contract_id": "NL-EMP-C12345678-0"}, ["$.contract_id"]),
        ({"country_code": "XX"}, ["$.party_id"]),
        ({"default_profile_type": "GREEN", "energy_contract": {"supplier_name": "x"}}, 2),
        ({"uid": " "}, ["$.uid"]),
    ],
)
def test_what_is_odd_about_a_token_is_noted(fields: dict[str, Any], paths: list[str] | int) -> None:
    found = token_entry_of(foreign_token(**fields))
    told = [note.path for note in found.notes]
    assert told == paths or len(told) == paths
    assert (found.value is None) == (fields.get("uid") == " ")


def test_a_uid_alone_is_a_card_or_a_contract() -> None:
    assert authentication_of_uid("04AB").value == rfid("04AB")
    plugged = authentication_of_uid(EMAID, TokenType.EMAID).value
    assert plugged == Authentication(plug_and_charge_identification=EMobilityAccountId.parse(EMAID))


@pytest.mark.parametrize("method", OCPIAuthMethod)
def test_every_method_has_a_word(method: OCPIAuthMethod) -> None:
    assert auth_method_of(method).is_known
