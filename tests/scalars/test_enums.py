# SPDX-License-Identifier: AGPL-3.0-or-later
"""Enums keep the values that they do not know."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.scalars import ClosedEnum, OCPIEnum, OpenEnum


class Light(ClosedEnum):
    RED = "RED"
    GREEN = "GREEN"
    NOT_APPLICABLE = "N/A"


class Kind(OpenEnum):
    SOME = "SOME"


def test_a_known_value_is_its_member() -> None:
    assert Light("RED") is Light.RED
    assert Light("N/A") is Light.NOT_APPLICABLE
    assert Light.RED.is_known


@rule("TYP-11")
@pytest.mark.parametrize("kind", [Light, Kind])
def test_an_unknown_value_is_kept_and_is_no_member(kind: type[OCPIEnum]) -> None:
    value = kind("PURPLE")
    assert isinstance(value, kind)
    assert value.value == "PURPLE"
    assert value not in list(kind)
    assert not value.is_known
    assert kind.__members__.keys() & {"PURPLE"} == set()


@rule("TYP-07")
def test_values_are_case_sensitive() -> None:
    assert not Light("red").is_known
    assert Light("red") != Light.RED


def test_a_value_is_equal_to_its_text_and_hashes_like_it() -> None:
    word: str = "N/A"
    assert word == Light.NOT_APPLICABLE
    assert {Light.NOT_APPLICABLE: 1}["N/A"] == 1  # type: ignore[index]
    assert {"PURPLE": 1}[Light("PURPLE")] == 1
    assert Light("PURPLE") == Light("PURPLE")


def test_a_value_prints_as_its_text() -> None:
    assert (str(Light.NOT_APPLICABLE), f"{Light.RED}", str(Light("PURPLE"))) == ("N/A", "RED", "PURPLE")
    assert repr(Light("PURPLE")) == "<Light.PURPLE: 'PURPLE'>"


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["RED"]])
def test_what_is_no_text_is_no_value(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Light(value)


@given(st.text())
def test_every_text_survives_json(text: str) -> None:
    body = json.dumps(text).encode("utf-8")
    value = msgspec.json.decode(body, type=Light)
    assert value == text
    assert msgspec.json.decode(msgspec.json.encode(value)) == text


def test_values_survive_copy_and_pickle() -> None:
    for value in (Light.RED, Light("PURPLE")):
        assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value


def test_unknown_values_are_not_remembered() -> None:
    for number in range(1000):
        Light(f"HOSTILE_{number}")
    assert [member.value for member in Light] == ["RED", "GREEN", "N/A"]
    assert len(Light._value2member_map_) == 3
