# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fields that no version knows, that another version knows, and that somebody made up to confuse us."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.convert.making import CONTEXT, body_of, canonical, errors, type_of
from tests.convert.telling import V1, V2, V3, also, told
from tests.fuzz.strategies import HOSTILE, WRONG
from tests.objects import connector, evse, location, token
from tests.rules import rule
from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import PartyId

OWN = Context(owner=PartyId("DE", "GEF"), time_zone="Europe/Berlin", postal_code="")


@rule("TRN-32")
def test_unknown_fields_pass_with_their_bytes_at_every_depth() -> None:
    odd = b'{"b":1.50,"\xc3\xa4":[1e2,null,"\\u00e4"]}'
    plug = msgspec.json.encode(connector(V2))[:-1] + b',"x":' + odd + b"}"
    spot = msgspec.json.encode({**evse(V2), "connectors": [msgspec.Raw(plug)], "x": msgspec.Raw(odd)})
    body = msgspec.json.encode({**location(V2), "evses": [msgspec.Raw(spot)], "x": msgspec.Raw(odd)})
    for target in (V1, V3):
        assert convert(body, "Location", V2, target, OWN).body.count(odd) == 3


def test_nothing_to_do_is_done_to_no_byte() -> None:
    body = b'{ "language" :"en",  "text":"\\u00e4", "x": 1.0 }'
    assert convert(body, "DisplayText", V1, V3).body == body
    whole = msgspec.json.encode(location(V2), order="sorted").replace(b",", b" ,")
    assert convert(whole, "Location", V2, V3).body == whole


def test_an_object_that_names_its_owner_all_the_same_is_believed() -> None:
    value = also(location(V1), country_code="NL", party_id="TNM", time_zone="Europe/Berlin")
    found, losses = told(value, "Location", V1, V2)
    assert (found["country_code"], found["party_id"], losses) == ("NL", "TNM", {})
    assert told(found, "Location", V2, V1) == (value, {})
    found, _ = told(value, "Location", V1, V2, OWN)  # who asks knows better
    assert (found["country_code"], found["party_id"]) == ("DE", "GEF")
    assert told(found, "Location", V2, V1, OWN) == (value, {})


def test_a_field_of_the_other_version_is_taken_if_it_is_valid_there() -> None:
    value = also(token(V1), group_id="G", energy_contract={"supplier_name": 5})
    found, losses = told(value, "Token", V1, V3, OWN)
    assert (found["group_id"], "energy_contract" in found, losses) == ("G", False, {})
    assert errors("Token", V3, msgspec.json.encode(found)) == []
    assert told(found, "Token", V3, V1) == (value, {})


def test_below_a_field_of_the_other_version_is_a_loss_if_something_better_is_known() -> None:
    found, losses = told(connector(V2, voltage=1, tariff_id="T"), "Connector", V2, V1)
    assert found == connector(V1, tariff_id="T")
    assert losses == {"$.voltage": "a field of OCPI 2.1.1 with another meaning or another value"}


def test_somebodys_own_field_of_the_name_of_ours_comes_back() -> None:
    value = connector(V1, ocpi_2_1_1={"tariff_id": "T9"})
    found, losses = told(value, "Connector", V1, V2)
    assert (found["ocpi_2_1_1"], losses) == ({"ocpi_2_1_1": {"tariff_id": "T9"}}, {})
    assert told(found, "Connector", V2, V1) == (value, {})


@pytest.mark.parametrize(
    "kept",
    [17, None, [], "x", {"absent": 17}, {"absent": ["type"]}, {"absent": ["address", "id"]}, {"type": 5},
     {"type": {"type": {}}}, {"address": "Y"}, {"unheard": 1}],
)  # fmt: skip
def test_what_others_write_into_our_field_does_no_harm(kept: Any) -> None:
    value = location(V2, ocpi_2_1_1=kept)
    found, _ = told(value, "Location", V2, V1, OWN)
    assert found == told(location(V2), "Location", V2, V1, OWN)[0]
    assert errors("Location", V1, msgspec.json.encode(found)) == []


@settings(max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(
    which=st.sampled_from([(V1, V2), (V2, V1), (V2, V3), (V3, V2), (V1, V3), (V3, V1)]),
    name=st.sampled_from(["Location", "Tariff", "Session", "CDR", "Token", "Credentials", "ReserveNow"]),
    seed=st.integers(0, 1000),
    wrong=st.sampled_from(WRONG),
    at=st.integers(0, 100),
)
def test_whatever_stands_in_fields_of_the_other_version_the_result_is_valid(
    which: tuple[str, str], name: str, seed: int, wrong: Any, at: int
) -> None:
    source, target = which
    others = [*sorted(type_of(name, target).__struct_fields__), "ocpi_2_1_1", "ocpi_2_2_1"]
    field = others[at % len(others)]
    if field in type_of(name, source).__struct_fields__:
        return
    value = {**json.loads(body_of(type_of(name, source), seed)), field: wrong}
    body = json.dumps(value).encode()
    try:
        done = convert(body, name, source, target, CONTEXT)
    except OCPIError:
        return
    assert errors(name, target, done.body) == []
    if source < target:
        assert done.losses == ()
        assert canonical(convert(done.body, name, target, source, CONTEXT).body) == canonical(body)


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bytes_are_refused_in_order(body: bytes) -> None:
    for source, target in ((V1, V3), (V2, V1), (V3, V2)):
        with pytest.raises(OCPIError):
            convert(body, "Location", source, target, CONTEXT)
