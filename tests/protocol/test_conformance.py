# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that is wrong with an object is found, each with its path, its rule and what was expected."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.samples import CONNECTOR, LOCATION, SESSION, TOKEN, with_changes
from tests.rules import rule
from wwcp_ocpi import v2_2_1, v2_3_0
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import Finding, Severity, check, refuse_errors
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, TooLarge
from wwcp_ocpi.protocol.shape import StructType, fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.v2_2_1 import EVSE, Location, Session, SignedData, Token

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def only(cls: StructType, body: bytes, *, partial: bool = False) -> Finding:
    """The one thing that is wrong."""
    (finding,) = check(cls, body, partial=partial)
    return finding


@pytest.mark.parametrize(("cls", "value"), [(Token, TOKEN), (Location, LOCATION), (Session, SESSION)])
def test_a_right_object_has_no_findings(cls: StructType, value: dict[str, Any]) -> None:
    assert check(cls, json.dumps(value).encode()) == []


@rule("TYP-13")
def test_a_missing_required_field_is_an_error() -> None:
    body = json.dumps({name: value for name, value in TOKEN.items() if name != "uid"}).encode()
    assert only(Token, body) == Finding("$.uid", "TYP-13", ERROR, "required in Token, but missing")


@rule("TYP-13")
def test_null_in_a_required_field_is_an_error() -> None:
    body = with_changes(TOKEN, uid=None)
    assert only(Token, body) == Finding("$.uid", "TYP-13", ERROR, "required in Token, but null")


@rule("TYP-13")
def test_null_in_an_optional_field_is_nothing() -> None:
    assert check(Token, with_changes(TOKEN, group_id=None)) == []
    assert check(Location, with_changes(LOCATION, evses=None)) == []


@rule("TYP-13")
def test_an_empty_list_is_an_error_only_where_there_must_be_something() -> None:
    assert check(Location, with_changes(LOCATION, evses=[])) == []
    body = with_changes(LOCATION, evses=[{**LOCATION["evses"][1], "connectors": []}])
    assert only(Location, body) == Finding("$.evses[0].connectors", "TYP-13", ERROR, "at least one element, got 0")


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"uid": 12}, Finding("$.uid", "TYP-06", ERROR, "expected a text, got 12")),
        ({"uid": []}, Finding("$.uid", "TYP-06", ERROR, "expected a text, got an array")),
        ({"valid": "true"}, Finding("$.valid", "TYP-13", ERROR, "expected true or false, got 'true'")),
        ({"valid": 1}, Finding("$.valid", "TYP-13", ERROR, "expected true or false, got 1")),
        ({"type": 7}, Finding("$.type", "TYP-07", ERROR, "expected a TokenType text, got 7")),
        ({"type": True}, Finding("$.type", "TYP-07", ERROR, "expected a TokenType text, got true")),
        (
            {"energy_contract": "none"},
            Finding("$.energy_contract", "TYP-13", ERROR, "expected an object of type EnergyContract, got 'none'"),
        ),
        (
            {"last_updated": 1544462710},
            Finding("$.last_updated", "TYP-04", ERROR, "expected a DateTime like 2015-06-29T20:39:09Z, got 1544462710"),
        ),
        (
            {"last_updated": "yesterday"},
            Finding(
                "$.last_updated", "TYP-04", ERROR, "expected a DateTime like 2015-06-29T20:39:09Z, got 'yesterday'"
            ),
        ),
    ],
)
def test_a_wrong_type_is_an_error(changes: dict[str, Any], finding: Finding) -> None:
    assert only(Token, with_changes(TOKEN, **changes)) == finding


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evses": {}}, "expected an array of EVSE, got an object"),
        ({"evses": "none"}, "expected an array of EVSE, got 'none'"),
        ({"facilities": "HOTEL"}, "expected an array of Facility, got 'HOTEL'"),
    ],
)
def test_what_is_no_list_where_a_list_belongs_is_an_error(changes: dict[str, Any], message: str) -> None:
    (name,) = changes
    assert only(Location, with_changes(LOCATION, **changes)) == Finding(f"$.{name}", "TYP-13", ERROR, message)


@rule("TYP-09")
@pytest.mark.parametrize(
    ("kwh", "message"),
    [
        ("0.5", "expected a number, got the text '0.5'"),
        (True, "expected a number, got true"),
        ({}, "expected a number, got an object"),
    ],
)
def test_what_is_no_number_is_an_error(kwh: object, message: str) -> None:
    assert only(Session, with_changes(SESSION, kwh=kwh)) == Finding("$.kwh", "TYP-09", ERROR, message)


def test_a_number_that_no_double_holds_is_an_error() -> None:
    body = json.dumps(SESSION).encode().replace(b'"kwh": 0.5', b'"kwh": 1e309')
    assert only(Session, body) == Finding("$.kwh", "TYP-09", ERROR, "expected a number that fits a double, got 1E+309")


@rule("TYP-09")
@pytest.mark.parametrize(("weekday", "shown"), [("1", "'1'"), (1.5, "1.5"), (False, "false")])
def test_what_is_no_whole_number_is_an_error(weekday: object, shown: str) -> None:
    hours = {
        "twentyfourseven": False,
        "regular_hours": [{"weekday": weekday, "period_begin": "08:00", "period_end": "20:00"}],
    }
    assert only(Location, with_changes(LOCATION, opening_times=hours)) == Finding(
        "$.opening_times.regular_hours[0].weekday", "TYP-09", ERROR, f"expected a whole number, got {shown}"
    )


def test_too_many_digits_are_a_warning() -> None:
    image = {"url": "https://example.org/a.png", "category": "CHARGER", "type": "png", "width": 123456}
    assert only(Location, with_changes(LOCATION, images=[image])) == Finding(
        "$.images[0].width", "TYP-09", WARNING, "at most 5 digits, got 123456"
    )


@rule("TYP-06")
def test_a_text_that_is_too_long_is_a_warning() -> None:
    assert only(Location, with_changes(LOCATION, name="ä" * 256)) == Finding(
        "$.name", "TYP-06", WARNING, "at most 255 characters, got 256"
    )
    assert check(Location, with_changes(LOCATION, name="ä" * 255)) == []


@rule("LOC-42")
def test_a_text_that_has_not_the_form_is_a_warning() -> None:
    body = with_changes(LOCATION, coordinates={"latitude": "51,04", "longitude": "3.729944"})
    assert only(Location, body) == Finding(
        "$.coordinates.latitude", "TYP-06", WARNING, r"expected the form -?[0-9]{1,2}\.[0-9]{5,7}, got '51,04'"
    )


@rule("TYP-05")
@pytest.mark.parametrize("uid", ["é", "a\tb", "a\n", "a\x7f"])
def test_what_is_no_printable_ascii_in_a_ci_string_is_a_warning(uid: str) -> None:
    assert only(Token, with_changes(TOKEN, uid=uid)) == Finding(
        "$.uid", "TYP-05", WARNING, "a CiString holds printable ASCII only"
    )


def test_a_ci_string_can_be_too_long_and_unprintable_at_once() -> None:
    found = check(Token, with_changes(TOKEN, uid="é" * 37))
    assert [finding.rule for finding in found] == ["TYP-06", "TYP-05"]


@rule("TYP-07")
@pytest.mark.parametrize("word", ["IMPLANT", "rfid", ""])
def test_an_unknown_word_of_a_closed_enum_is_a_warning(word: str) -> None:
    assert only(Token, with_changes(TOKEN, type=word)) == Finding(
        "$.type", "TYP-07", WARNING, f"{word!r} is no TokenType of this version; kept"
    )


@rule("TYP-11")
def test_an_unknown_word_of_an_open_enum_is_only_a_note() -> None:
    assert only(v2_3_0.Token, with_changes(TOKEN, type="IMPLANT")) == Finding(
        "$.type", "TYP-11", NOTE, "'IMPLANT' is no TokenType of this version; kept"
    )


@rule("TYP-04")
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2018-12-10T18:25:10+01:00", "2018-12-10T17:25:10Z"),
        ("2018-12-10T17:25:10+00:00", "2018-12-10T17:25:10Z"),
        ("2018-12-10 17:25:10.123456", "2018-12-10T17:25:10.123Z"),
        ("2018-12-10T17:25:10Z\n", "2018-12-10T17:25:10Z"),
    ],
)
def test_another_spelling_of_a_moment_is_a_warning_that_says_how_it_was_read(text: str, read: str) -> None:
    assert only(Token, with_changes(TOKEN, last_updated=text)) == Finding(
        "$.last_updated", "TYP-04", WARNING, f"{text!r} is not the DateTime form; read as {read}"
    )


@rule("TRN-32")
def test_unknown_fields_are_notes_in_the_order_they_came_in() -> None:
    evse = {**LOCATION["evses"][1], "floor": 2}
    assert check(Location, with_changes(LOCATION, evses=[evse], zebra=1, ant=None)) == [
        Finding("$.evses[0].floor", "TRN-32", NOTE, "EVSE has no such field; kept"),
        Finding("$.zebra", "TRN-32", NOTE, "Location has no such field; kept"),
        Finding("$.ant", "TRN-32", NOTE, "Location has no such field; kept"),
    ]


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"', b"true", b"1.5"])
def test_what_is_no_object_is_one_error(body: bytes) -> None:
    finding = only(Token, body)
    assert (finding.path, finding.severity) == ("$", ERROR)
    assert finding.message.startswith("expected an object of type Token, got ")


def test_everything_that_is_wrong_is_found_at_once() -> None:
    connector = {**CONNECTOR, "standard": "IEC_62196_T99", "max_voltage": "230"}
    body = with_changes(
        LOCATION,
        publish=None,
        country="BELGIUM",
        evses=[{"uid": "3256", "status": "AVAILABLE", "connectors": [CONNECTOR, connector], "last_updated": "now"}],
    )
    assert {(found.path, found.severity) for found in check(Location, body)} == {
        ("$.publish", ERROR),
        ("$.country", WARNING),
        ("$.evses[0].connectors[1].standard", WARNING),
        ("$.evses[0].connectors[1].max_voltage", ERROR),
        ("$.evses[0].last_updated", ERROR),
    }


@rule("TRN-23")
def test_a_patch_requires_nothing_of_the_object_but_all_of_what_is_in_it() -> None:
    assert check(Location, b'{"name":"new"}', partial=True) == []
    assert check(Location, b"{}", partial=True) == []
    assert only(Location, b'{"coordinates":{"latitude":"51.047599"}}', partial=True) == Finding(
        "$.coordinates.longitude", "TYP-13", ERROR, "required in GeoLocation, but missing"
    )
    assert only(EVSE, b'{"status":null}', partial=True) == Finding(
        "$.status", "TYP-13", ERROR, "required in EVSE, but null"
    )


def test_what_is_shown_of_a_value_is_short() -> None:
    finding = only(Token, with_changes(TOKEN, valid="x" * 10_000))
    assert finding.message == f"expected true or false, got {'x' * 40!r}"
    assert len(only(Token, with_changes(TOKEN, valid=10**4000)).message) < 100


def test_findings_that_are_errors_are_refused_with_the_first_and_the_count() -> None:
    warning = Finding("$.a", "TYP-06", WARNING, "long")
    first = Finding("$.b", "TYP-13", ERROR, "required in X, but missing")
    second = Finding("$.c", "TYP-13", ERROR, "required in X, but missing")
    refuse_errors([], "x")
    refuse_errors([warning], "x")
    with pytest.raises(InvalidParameters) as caught:
        refuse_errors([warning, first], "tariffs/12")
    assert (str(caught.value), caught.value.path) == ("tariffs/12: $.b: required in X, but missing", "$.b")
    with pytest.raises(InvalidParameters, match=r"but missing \(and 1 more\)$"):
        refuse_errors([warning, first, second], "tariffs/12")


@rule("STC-01")
def test_what_is_no_json_is_not_looked_at() -> None:
    with pytest.raises(MalformedBody):
        check(Token, b"{")
    with pytest.raises(TooLarge):
        check(Token, b"[" * 100_000)


def test_a_hundred_thousand_unknown_fields_are_a_hundred_thousand_notes() -> None:
    body = with_changes(TOKEN, **{f"f{number}": number for number in range(100_000)})
    assert len(check(Token, body)) == 100_000


def test_types_without_a_rule_are_passed_over() -> None:
    class Odd(msgspec.Struct):
        anything: dict[str, int]
        plain: str

    assert check(Odd, b'{"anything":[],"plain":"x"}') == []


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(
        ["RFID", "AVAILABLE", "2018-12-10T17:25:10Z", "2018-12-10T18:25:10+01:00", "NaN", "1.5", "51.047599"]
    ),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: ["x"]),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in _places(item, (*path, key)))]


@st.composite
def _mutants(draw: st.DrawFn, value: Any) -> Any:
    """The value with one to three places set to something else, or taken away."""
    made = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(_places(made)[1:]))
        inside = made
        for key in above:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.booleans()):
            del inside[last]
        else:
            inside[last] = draw(_scalars)
        if len(_places(made)) == 1:
            break
    return made


@settings(max_examples=200)
@given(st.data(), st.sampled_from([(Token, TOKEN), (Location, LOCATION), (Session, SESSION)]))
def test_an_object_with_an_error_does_not_decode_and_one_without_does(
    data: st.DataObject, sample: tuple[StructType, Any]
) -> None:
    cls, value = sample
    body = json.dumps(data.draw(_mutants(value))).encode()
    errors = [finding for finding in check(cls, body) if finding.severity is ERROR]
    try:
        codec.decode(cls, body)
    except InvalidParameters:
        assert errors
    else:
        assert errors == []


@settings(max_examples=200)
@given(st.data(), st.sampled_from([(Token, TOKEN), (Location, LOCATION), (Session, SESSION)]))
def test_an_object_conforms_when_there_is_nothing_worse_than_a_note(
    data: st.DataObject, sample: tuple[StructType, Any]
) -> None:
    cls, value = sample
    body = json.dumps(data.draw(_mutants(value))).encode()
    worse = [finding for finding in check(cls, body) if finding.severity is not NOTE]
    assert codec.conforms(cls, body) is (not worse)


@rule("CHP-13")
@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        *((text, True) for text in ("8", "8.1", "8.10", "-8.100", "0.0", "1e3", "1E300")),
        *((text, False) for text in ("8.15", "0.01", "1e-2", "1E-300")),
    ],
)
def test_a_limit_has_at_most_one_digit_behind_the_point(text: str, is_fine: bool) -> None:
    body = f'{{"start_period":0,"limit":{text}}}'.encode()
    for kind in (v2_2_1.ChargingProfilePeriod, v2_3_0.ChargingProfilePeriod):
        found = [(finding.path, finding.rule, finding.severity) for finding in check(kind, body)]
        assert found == ([] if is_fine else [("$.limit", "TYP-09", WARNING)])
        assert not codec.conforms(kind, body) or is_fine


def test_every_field_of_every_version_has_a_type_that_is_looked_at() -> None:
    looked_at = ("boolean", "int", "number", "DateTime", "string", "CiString", "URL")
    for version in VERSIONS.values():
        for cls in version.objects.values():
            for field in fields_of(cls):
                assert field.type_name in looked_at or issubclass(field.type, (msgspec.Struct, str)), (cls, field)


def test_signed_values_are_looked_at_like_any_other() -> None:
    body = b'{"encoding_method":"OCMF","encoding_method_version":"1","signed_values":[{"nature":"Start"}]}'
    assert [finding.path for finding in check(SignedData, body)] == [
        "$.encoding_method_version",
        "$.signed_values[0].plain_data",
        "$.signed_values[0].signed_data",
    ]
