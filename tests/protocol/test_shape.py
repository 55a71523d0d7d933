# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is read from a Struct: its fields, its PATCH form, its strict form, its numbers."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.protocol.samples import SESSION, TOKEN
from tests.rules import rule
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.shape import Cardinality, Field, field_names, fields_of, numbers_form, patch_form, strict_form
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, Number, Text
from wwcp_ocpi.scalars.numbers import Int5
from wwcp_ocpi.scalars.text import CiString36, NonEmpty, String255
from wwcp_ocpi.v2_2_1 import CDR, EVSE, Connector, Location, Session, Status, Tariff, Token


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: CiString36
    name: String255 | None = None
    width: Int5 | None = None
    status: Status
    tags: list[CiString36] | None = None
    amounts: NonEmpty[Number]
    is_open: bool | None = None
    last_updated: DateTime


def test_fields_are_read_in_order_with_all_that_is_said_of_them() -> None:
    found = [msgspec.structs.replace(field, annotation=None) for field in fields_of(Sample)]
    assert found == [
        Field("id", str, Cardinality.ONE, Text("CiString", 36)),
        Field("name", str, Cardinality.OPTIONAL, Text("string", 255)),
        Field("width", int, Cardinality.OPTIONAL, None, 5),
        Field("status", Status, Cardinality.ONE),
        Field("tags", str, Cardinality.ANY, Text("CiString", 36)),
        Field("amounts", Number, Cardinality.SOME),
        Field("is_open", bool, Cardinality.OPTIONAL),
        Field("last_updated", DateTime, Cardinality.ONE),
    ]
    assert [(field.type_name, field.max) for field in fields_of(Sample)] == [
        ("CiString", 36),
        ("string", 255),
        ("int", None),
        ("Status", None),
        ("CiString", 36),
        ("number", None),
        ("boolean", None),
        ("DateTime", 25),
    ]
    assert field_names(Sample) == {field.name for field in fields_of(Sample)}


def test_a_cardinality_knows_whether_it_requires_and_whether_it_is_a_list() -> None:
    assert {sign: (Cardinality(sign).is_required, Cardinality(sign).is_list) for sign in "1?+*"} == {
        "1": (True, False),
        "?": (False, False),
        "+": (True, True),
        "*": (False, True),
    }


@rule("TRN-23")
def test_a_patch_form_keeps_absent_and_null_apart() -> None:
    form: Any = patch_form(Token)
    assert form.__name__ == "TokenPatch"
    empty = codec.decode(form, b"{}")
    assert all(getattr(empty, name) is msgspec.UNSET for name in form.__struct_fields__)
    change = codec.decode(form, b'{"group_id":null,"valid":false}')
    assert (change.group_id, change.valid, change.issuer) == (None, False, msgspec.UNSET)
    assert json.loads(codec.encode(change)) == {"group_id": None, "valid": False}
    assert change == form(group_id=None, valid=False)
    assert codec.encode(empty) == b"{}"


@pytest.mark.parametrize("name", ["uid", "valid", "whitelist", "last_updated"])
def test_a_patch_form_refuses_null_where_the_object_requires_a_value(name: str) -> None:
    with pytest.raises(InvalidParameters, match=rf"^\$\.{name}: "):
        codec.decode(patch_form(Token), json.dumps({name: None}).encode())


def test_a_patch_form_refuses_wrong_types_half_objects_and_empty_lists() -> None:
    for cls, body in (
        (Location, b'{"coordinates":{"latitude":"51.047599"}}'),
        (EVSE, b'{"connectors":[]}'),
        (Session, b'{"kwh":"1.5"}'),
        (Session, b'{"total_cost":{"excl_vat":"1.5"}}'),
    ):
        with pytest.raises(InvalidParameters):
            codec.decode(patch_form(cls), body)


@pytest.mark.parametrize("version", VERSIONS.values(), ids=list(VERSIONS))
def test_every_object_has_a_patch_form_and_a_strict_form_with_the_same_fields(version: Any) -> None:
    for cls in version.objects.values():
        assert patch_form(cls).__struct_fields__ == cls.__struct_fields__
        assert strict_form(cls).__struct_fields__ == cls.__struct_fields__
        assert patch_form(cls) is patch_form(cls)
        assert [field.cardinality for field in fields_of(patch_form(cls))] == [
            field.cardinality for field in fields_of(cls)
        ]
        assert codec.decode(patch_form(cls), b"{}") == patch_form(cls)()


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_strict_form_accepts_what_the_specification_allows(is_plain: bool) -> None:
    for cls, value in ((Token, TOKEN), (Session, SESSION)):
        decoded: Any = msgspec.json.decode(json.dumps(value).encode(), type=strict_form(cls, is_plain))
        assert decoded.last_updated == value["last_updated"]


@rule("TYP-05")
def test_only_the_strict_form_for_other_than_plain_bodies_looks_at_the_letters_of_ci_strings() -> None:
    body = json.dumps(TOKEN | {"uid": "é"}).encode()
    msgspec.json.decode(body, type=strict_form(Token, True))
    with pytest.raises(msgspec.ValidationError, match=r"\$\.uid"):
        msgspec.json.decode(body, type=strict_form(Token))


def test_the_numbers_of_an_object_are_what_leads_to_a_decimal() -> None:
    form = numbers_form(Session)
    assert form.__struct_fields__ == ("kwh", "charging_periods", "total_cost")
    assert numbers_form(list[Session]).__origin__ is list
    assert numbers_form(Token) is numbers_form(list[Token]) is numbers_form(int) is None
    assert numbers_form(Connector) is None
    assert numbers_form(Tariff).__struct_fields__ == ("min_price", "max_price", "elements", "energy_mix")
    assert "tariffs" in numbers_form(CDR).__struct_fields__
