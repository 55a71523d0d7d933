# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from tests.wwcp.making import connector, evse, evse_with, mapped, operator, pool, station, texts
from wwcp_ocpi.v2_3_0 import enums as ocpi
from wwcp_ocpi.wwcp.model.places import AuthenticationMode
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus
from wwcp_ocpi.wwcp.model.texts import (
    AuthenticationType,
    ChargingConnectorType,
    CurrentType,
    Feature,
    ParkingType,
    PaymentOption,
    PriceComponentType,
    UIFeature,
    Weekday,
)
from wwcp_ocpi.wwcp.ocpi import words
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy, ocpi_status

TABLES: list[tuple[dict[Any, Any], type[Enum]]] = [
    (words.EVSE_STATUS, EVSEStatus),
    (words.EVSE_ADMIN_STATUS, EVSEAdminStatus),
    (words.CONNECTOR_TYPE, ChargingConnectorType),
    (words.CURRENT_TYPE, CurrentType),
    (words.CAPABILITY, ocpi.Capability),
    (words.PARKING_TYPE, ParkingType),
    (words.DAY_OF_WEEK, Weekday),
    (words.WEEKDAY_NUMBER, Weekday),
    (words.TARIFF_DIMENSION, PriceComponentType),
]


@pytest.mark.parametrize(("table", "kind"), TABLES)
def test_every_value_has_its_row(table: dict[Any, Any], kind: type[Enum]) -> None:
    assert list(table) == list(kind) or set(table) == set(kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (words.EVSE_STATUS.values(), ocpi.Status),
        (words.CONNECTOR_TYPE.values(), ocpi.ConnectorType),
        (words.FACILITY.values(), ocpi.Facility),
        (words.PARKING_TYPE.values(), ocpi.ParkingType),
        (words.DAY_OF_WEEK.values(), ocpi.DayOfWeek),
        (words.TARIFF_DIMENSION.values(), ocpi.TariffDimensionType),
    ],
)
def test_every_ocpi_value_is_reached(values: Any, kind: type[Enum]) -> None:
    assert set(values) - {None} == set(kind)


def test_names_are_kept_where_both_sides_have_them() -> None:
    assert {type.value: found.value for type, found in words.CONNECTOR_TYPE.items()} == {
        type.value: type.value for type in ChargingConnectorType
    }
    assert all(found is None or found.value == type.value for type, found in words.PARKING_TYPE.items())
    assert [day.value.upper() for day in Weekday] == [day.value for day in words.DAY_OF_WEEK.values()]


@pytest.mark.parametrize(
    ("status", "admin_status", "expected"),
    [
        (EVSEStatus.available, EVSEAdminStatus.operational, ocpi.Status.AVAILABLE),
        (EVSEStatus.available, EVSEAdminStatus.unspecified, ocpi.Status.AVAILABLE),
        (EVSEStatus.available, EVSEAdminStatus("dancing"), ocpi.Status.AVAILABLE),
        (EVSEStatus.available, EVSEAdminStatus.planned, ocpi.Status.PLANNED),
        (EVSEStatus.charging, EVSEAdminStatus.internalUse, ocpi.Status.INOPERATIVE),
        (EVSEStatus.charging, EVSEAdminStatus.deleted, ocpi.Status.REMOVED),
        (EVSEStatus.removed, EVSEAdminStatus.outOfService, ocpi.Status.REMOVED),
        (EVSEStatus.occupied, EVSEAdminStatus.operational, ocpi.Status.CHARGING),
        (EVSEStatus.faulted, EVSEAdminStatus.operational, ocpi.Status.OUTOFORDER),
        (EVSEStatus.offline, EVSEAdminStatus.operational, ocpi.Status.INOPERATIVE),
        (EVSEStatus("dancing"), EVSEAdminStatus.operational, ocpi.Status.UNKNOWN),
    ],
)
def test_the_admin_status_overrides_the_operational_one(
    status: EVSEStatus, admin_status: EVSEAdminStatus, expected: ocpi.Status
) -> None:
    assert ocpi_status(status, admin_status, DEFAULT_POLICY) is expected


def test_a_policy_replaces_single_rows() -> None:
    policy = MappingPolicy(
        evse_status={EVSEStatus.occupied: ocpi.Status.BLOCKED},
        evse_admin_status={EVSEAdminStatus.internalUse: None},
    )
    assert ocpi_status(EVSEStatus.occupied, EVSEAdminStatus.internalUse, policy) is ocpi.Status.BLOCKED
    assert ocpi_status(EVSEStatus.pluggedIn, EVSEAdminStatus.internalUse, policy) is ocpi.Status.CHARGING


@pytest.mark.parametrize("type", ChargingConnectorType)
def test_every_connector_type_arrives(type: ChargingConnectorType) -> None:
    found = evse_with(charging_connectors=[connector(type=type)])
    assert found.value is not None
    assert found.value.connectors[0].standard.value == type.value


def capabilities_of(**fields: Any) -> tuple[list[str], list[str]]:
    found = mapped(pool(station(evse(), **fields)))
    assert found.value is not None
    assert found.value.evses is not None
    return [able.value for able in found.value.evses[0].capabilities or []], texts(found)


@pytest.mark.parametrize("word", [*AuthenticationType, *UIFeature, *PaymentOption, *Feature])
def test_every_word_for_what_a_station_can_do_is_a_capability_or_a_note(word: Any) -> None:
    match word:
        case AuthenticationType():
            able, notes = capabilities_of(authentication_modes=[AuthenticationMode(type=word)])
        case UIFeature():
            able, notes = capabilities_of(ui_features=[word])
        case PaymentOption():
            able, notes = capabilities_of(payment_options=[word])
        case _:
            able, notes = capabilities_of(features=[word])
    assert (len(able), len(notes)) in [(1, 0), (0, 1)]
    assert notes in ([], [line for line in notes if f"OCPI 2.3.0 has no capability for {word}" in line])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"authentication_modes": [AuthenticationMode(type=AuthenticationType.RFID)]}, "RFID_READER"),
        ({"ui_features": [UIFeature.RFID]}, "RFID_READER"),
        ({"payment_options": [PaymentOption.CreditCard]}, "CREDIT_CARD_PAYABLE"),
        ({"ui_features": [UIFeature.DebitCard]}, "DEBIT_CARD_PAYABLE"),
        ({"authentication_modes": [AuthenticationMode(type=AuthenticationType.NFC)]}, "CONTACTLESS_CARD_SUPPORT"),
        ({"ui_features": [UIFeature.Pinpad]}, "PED_TERMINAL"),
        ({"authentication_modes": [AuthenticationMode(type=AuthenticationType.REMOTE)]}, "REMOTE_START_STOP_CAPABLE"),
        ({"features": [Feature.Reservable]}, "RESERVABLE"),
        ({"features": [Feature.ChargingProfilesSupported]}, "CHARGING_PROFILE_CAPABLE"),
        ({"features": [Feature.ChargingPreferencesSupported]}, "CHARGING_PREFERENCES_CAPABLE"),
        ({"features": [Feature.TokenGroupsSupported]}, "TOKEN_GROUP_CAPABLE"),
        ({"features": [Feature.CSOUnlockSupported]}, "UNLOCK_CAPABLE"),
        ({"features": [Feature.START_SESSION_CONNECTOR_REQUIRED]}, "START_SESSION_CONNECTOR_REQUIRED"),
    ],
)
def test_what_a_station_can_do_are_capabilities_of_its_evses(fields: dict[str, Any], expected: str) -> None:
    assert capabilities_of(**fields) == ([expected], [])


def test_a_station_inherits_from_its_pool_what_it_does_not_tell() -> None:
    wwcp = pool(
        station(evse(), ui_features=[UIFeature.NFC]),
        authentication_modes=[AuthenticationMode(type=AuthenticationType.RFID)],
        ui_features=[UIFeature.Pinpad],
    )
    found = mapped(wwcp, by=operator())
    assert found.value is not None
    assert found.value.evses is not None
    assert found.value.evses[0].capabilities == [
        ocpi.Capability.CONTACTLESS_CARD_SUPPORT,
        ocpi.Capability.RFID_READER,
    ]
