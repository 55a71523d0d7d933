# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from wwcp_ocpi.v2_3_0 import enums as ocpi
from wwcp_ocpi.wwcp.model.authentication import AuthMethod, AuthTokenType
from wwcp_ocpi.wwcp.model.energy import EnergySourceCategory, EnvironmentalImpactCategory
from wwcp_ocpi.wwcp.ocpi import words as outward
from wwcp_ocpi.wwcp.ocpi.inward import words
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, ocpi_status

TABLES: list[tuple[dict[Any, Any], type[Enum]]] = [
    (words.EVSE_STATUS, ocpi.Status),
    (words.EVSE_ADMIN_STATUS, ocpi.Status),
    (words.CONNECTOR_TYPE, ocpi.ConnectorType),
    (words.CURRENT_TYPE, ocpi.PowerType),
    (words.CAPABILITY, ocpi.Capability),
    (words.CONNECTOR_CAPABILITY, ocpi.ConnectorCapability),
    (words.PARKING_TYPE, ocpi.ParkingType),
    (words.IMAGE_IS_PHOTO, ocpi.ImageCategory),
    (words.DAY_OF_WEEK, ocpi.DayOfWeek),
    (words.TARIFF_DIMENSION, ocpi.TariffDimensionType),
    (words.ENERGY_SOURCE, ocpi.EnergySourceCategory),
    (words.ENVIRONMENTAL_IMPACT, ocpi.EnvironmentalImpactCategory),
    (words.AUTH_METHOD, ocpi.AuthMethod),
    (words.TOKEN_WAY, ocpi.TokenType),
    (words.SESSION_STATE, ocpi.SessionStatus),
    (words.CDR_DIMENSION, ocpi.CdrDimensionType),
    (words.TOKEN_TYPE, AuthTokenType),
    (outward.ENERGY_SOURCE, EnergySourceCategory),
    (outward.ENVIRONMENTAL_IMPACT, EnvironmentalImpactCategory),
]

THERE_AND_BACK: list[tuple[dict[Any, Any], dict[Any, Any]]] = [
    (words.EVSE_STATUS, outward.EVSE_STATUS),
    (words.CONNECTOR_TYPE, outward.CONNECTOR_TYPE),
    (words.PARKING_TYPE, outward.PARKING_TYPE),
    (words.DAY_OF_WEEK, outward.DAY_OF_WEEK),
    (words.WEEKDAY, outward.WEEKDAY_NUMBER),
    (words.TARIFF_DIMENSION, outward.TARIFF_DIMENSION),
    (words.ENERGY_SOURCE, outward.ENERGY_SOURCE),
    (words.ENVIRONMENTAL_IMPACT, outward.ENVIRONMENTAL_IMPACT),
]


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_word_has_its_row(table: dict[Any, Any], kind: type[Enum]) -> None:
    assert set(table) == set(kind)


@pytest.mark.parametrize(("inward", "outward"), THERE_AND_BACK)
def test_what_came_in_goes_out_as_it_was(inward: dict[Any, Any], outward: dict[Any, Any]) -> None:
    assert {word: outward[other] for word, other in inward.items()} == {word: word for word in inward}


@pytest.mark.parametrize("status", ocpi.Status)
def test_both_statuses_together_are_the_status_that_came(status: ocpi.Status) -> None:
    assert ocpi_status(words.EVSE_STATUS[status], words.EVSE_ADMIN_STATUS[status], DEFAULT_POLICY) is status


@pytest.mark.parametrize("capability", [one for one, word in words.CAPABILITY.items() if word is not None])
def test_the_word_for_a_capability_gives_this_capability_alone(capability: ocpi.Capability) -> None:
    told = words.CAPABILITY[capability]
    assert told is not None
    [(kind, word)] = [(kind, word) for kind, word in enumerate(told) if word is not None]
    giving = [one for one, source in outward.CAPABILITY.items() if source is not None and source[kind] == word]
    assert giving == [capability]


@pytest.mark.parametrize("power", [ocpi.PowerType.AC_1_PHASE, ocpi.PowerType.AC_3_PHASE, ocpi.PowerType.DC])
def test_the_current_gives_the_power_type_that_came(power: ocpi.PowerType) -> None:
    electrical = outward.CURRENT_TYPE[words.CURRENT_TYPE[power]]
    assert electrical is not None
    assert electrical.power_type is power


def test_every_known_method_is_one_of_wwcp() -> None:
    assert set(words.AUTH_METHOD.values()) <= set(AuthMethod)


def test_a_table_cannot_be_turned_round_where_a_row_is_missing_or_superfluous() -> None:
    assert words.inverse({"a": 1, "b": None, "c": 2, "d": 2}, {2: "d"}) == {1: "a", 2: "d"}
    with pytest.raises(ValueError, match="one row for 2"):
        words.inverse({"c": 2, "d": 2})
    with pytest.raises(ValueError, match="one row for 1"):
        words.inverse({"a": 1}, {1: "a"})
