# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON to objects and back: digits, DateTime texts and unknown words survive; wrong types do not pass."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.samples import LOCATION, SESSION, TOKEN, with_changes
from tests.rules import rule
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, TooLarge
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_2_1 import EVSE, Location, Price, Session, Status, Tariff, Token, TokenType, WhitelistType


class Amount(msgspec.Struct, frozen=True, omit_defaults=True):
    value: Decimal
    others: list[Decimal] | None = None


class Bill(msgspec.Struct, frozen=True):
    amounts: list[Amount]


def test_an_object_is_decoded_field_by_field() -> None:
    assert codec.decode(Token, json.dumps(TOKEN).encode()) == Token(
        country_code="NL",
        party_id="TNM",
        uid="012345678",
        type=TokenType.RFID,
        contract_id="NL8ACC12E46L89",
        issuer="TheNewMotion",
        valid=True,
        whitelist=WhitelistType.ALLOWED,
        last_updated=DateTime.parse("2018-12-10T17:25:10Z"),
    )


@rule("TYP-09")
@pytest.mark.parametrize(
    "digits", ["0", "1", "-1", "1.0", "1.50", "0.10000", "12345678901234567890.12345", "1E+2", "1E-7", "0.0001", "-0.0"]
)
def test_numbers_come_back_with_their_digits(digits: str) -> None:
    body = f'{{"value":{digits}}}'.encode()
    assert codec.encode(codec.decode(Amount, body)) == body


@rule("TYP-09")
@pytest.mark.parametrize("text", ["2.50", "NaN", "sNaN", "Infinity", "-inf", " 1 ", "1_0", "", "2"])
def test_a_number_written_as_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        codec.decode(Bill, f'{{"amounts":[{{"value":1}},{{"value":"{text}"}}]}}'.encode())
    assert caught.value.path == "$.amounts[1].value"


@pytest.mark.parametrize("digits", ["1e309", "-1E+999", "1e" + "9" * 30, "1" * 5000])
def test_a_number_beyond_all_measure_is_refused(digits: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        codec.decode(Amount, f'{{"value":{digits}}}'.encode())
    assert caught.value.path == "$.value"


def test_lists_of_objects_decode_too_and_their_numbers_are_looked_at() -> None:
    assert codec.decode(list[Amount], b'[{"value":1.10}]') == [Amount(Decimal("1.10"))]
    with pytest.raises(InvalidParameters, match=r"\$\[0\]\.others\[1\]: Expected"):
        codec.decode(list[Amount], b'[{"value":1,"others":[1,"2"]}]')
    assert codec.decode(list[int], b"[1]") == [1]
    assert codec.decode(dict[str, int], b'{"a":1}') == {"a": 1}


def test_moments_come_back_as_they_were_written() -> None:
    for text in ("2018-12-10T17:25:10", "2018-12-10T17:25:10.5Z", "2018-12-10T18:25:10+01:00"):
        token = codec.decode(Token, with_changes(TOKEN, last_updated=text))
        assert token.last_updated == DateTime.parse(text)
        assert json.loads(codec.encode(token))["last_updated"] == text


@rule("TYP-07")
def test_unknown_words_lengths_and_fields_pass() -> None:
    token = codec.decode(Token, with_changes(TOKEN, type="IMPLANT", issuer="x" * 1000, colour="blue"))
    assert token.type == "IMPLANT"
    assert len(token.issuer) == 1000
    assert json.loads(codec.encode(token)) == TOKEN | {"type": "IMPLANT", "issuer": "x" * 1000}


@rule("TYP-13")
def test_null_and_absent_optional_fields_are_the_same_and_are_left_out_again() -> None:
    token = codec.decode(Token, with_changes(TOKEN, group_id=None, energy_contract=None))
    assert token == codec.decode(Token, json.dumps(TOKEN).encode())
    assert json.loads(codec.encode(token)) == TOKEN


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (with_changes(TOKEN, valid="yes"), "$.valid"),
        (with_changes(TOKEN, uid=None), "$.uid"),
        (with_changes(TOKEN, uid=12), "$.uid"),
        (with_changes(TOKEN, last_updated="yesterday"), "$.last_updated"),
        (with_changes(TOKEN, last_updated=1544462710), "$.last_updated"),
        (with_changes(TOKEN, type=None), "$.type"),
        (with_changes(TOKEN, energy_contract={"contract_id": "1"}), "$.energy_contract"),
        (b"{}", "$"),
        (b"[]", "$"),
        (b"null", "$"),
        (b'"text"', "$"),
    ],
)
def test_another_shape_is_refused_and_the_place_is_named(body: bytes, path: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        codec.decode(Token, body)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


def test_a_list_that_must_not_be_empty_is_refused_when_it_is() -> None:
    with pytest.raises(InvalidParameters, match=r"\$\.connectors"):
        codec.decode(EVSE, with_changes(LOCATION["evses"][0], connectors=[]))


@rule("STC-01")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nul",
        b"{} x",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"uid":"\xff"}',
        b"{'uid': 1}",
        b"NaN",
        b'{"uid":"\\ud800"}',
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    for read in (lambda: codec.decode(dict[str, object], body), lambda: codec.read_json(body)):
        with pytest.raises(MalformedBody, match=r"^\$: expected JSON") as caught:
            read()
        assert caught.value.http_status == 400


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"x":', b"}")])
def test_nesting_without_end_is_refused(opening: bytes, closing: bytes) -> None:
    body = opening * 100_000 + b"1" + closing * 100_000
    for read in (lambda: codec.decode(dict[str, object], b'{"x":' + body + b"}"), lambda: codec.read_json(body)):
        with pytest.raises(TooLarge, match="nested too deep") as caught:
            read()
        assert caught.value.http_status == 413
    assert not codec.conforms(Token, body)


def test_any_json_is_read_with_its_digits() -> None:
    assert codec.read_json(b'{"a":[1,1.50,null,true,"\xc3\xa4"]}') == {"a": [1, Decimal("1.50"), None, True, "ä"]}
    assert str(codec.read_json(b"1.50")) == "1.50"


@pytest.mark.parametrize("digits", ["1e" + "9" * 30, "1" * 5000])
def test_any_json_with_a_number_beyond_all_measure_is_malformed(digits: str) -> None:
    with pytest.raises(MalformedBody):
        codec.read_json(digits.encode())


def test_what_has_no_wire_form_is_not_encoded() -> None:
    with pytest.raises(NotImplementedError, match="no wire form for object"):
        codec.encode(object())


def test_what_the_decoder_does_not_know_is_not_guessed() -> None:
    class Strange:
        pass

    with pytest.raises(NotImplementedError):
        codec.decode(Strange, b'"x"')


@pytest.mark.parametrize(
    "sample", [(Token, TOKEN), (Location, LOCATION), (Session, SESSION)], ids=["Token", "Location", "Session"]
)
def test_a_right_object_conforms(sample: tuple[type[msgspec.Struct], dict[str, object]]) -> None:
    cls, value = sample
    assert codec.conforms(cls, json.dumps(value).encode())
    assert codec.conforms(cls, with_changes(value, colour="blue", nested={"deep": [1, 2]}))


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": "x" * 37},
        {"uid": 1},
        {"uid": None},
        {"type": "IMPLANT"},
        {"type": "rfid"},
        {"valid": 1},
        {"last_updated": "2018-12-10T17:25:10+00:00"},
        {"last_updated": "2018-12-10T17:25:10Z\n"},
        {"last_updated": "2018-13-10T17:25:10Z"},
        {"last_updated": "2018-12-10T17:25:10.123456Z"},
        {"last_updated": 1},
        {"energy_contract": "none"},
    ],
)
def test_an_object_that_is_not_all_the_specification_asks_does_not_conform(changes: dict[str, object]) -> None:
    assert not codec.conforms(Token, with_changes(TOKEN, **changes))


def test_bytes_that_are_no_utf_8_do_not_conform_even_in_unknown_fields() -> None:
    body = json.dumps(TOKEN).encode().replace(b"{", b'{"colour":"\xff",', 1)
    assert not codec.conforms(Token, body)


def test_numbers_of_a_conforming_object_are_numbers() -> None:
    assert codec.conforms(Price, b'{"excl_vat":1.50}')
    assert not codec.conforms(Price, b'{"excl_vat":"1.50"}')
    assert not codec.conforms(Price, b'{"excl_vat":1e999}')


def test_an_empty_list_conforms_only_where_it_may_be_empty() -> None:
    assert codec.conforms(Location, with_changes(LOCATION, evses=[]))
    assert codec.conforms(Location, with_changes(LOCATION, evses=None))
    assert not codec.conforms(Tariff, b"{}")
    assert not codec.conforms(EVSE, with_changes(LOCATION["evses"][0], connectors=[]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_plain_values_are_encoded_as_they_are(value: object) -> None:
    assert codec.read_json(codec.encode(value)) == value


def test_enums_and_moments_are_encoded_as_their_texts() -> None:
    moment = DateTime.parse("2015-06-29T20:39:09Z")
    assert (
        codec.encode([Status.AVAILABLE, Status("FLYING"), moment]) == b'["AVAILABLE","FLYING","2015-06-29T20:39:09Z"]'
    )
