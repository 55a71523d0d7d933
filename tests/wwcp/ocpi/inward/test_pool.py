# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.objects import MIDDLE
from tests.rules import rule
from tests.wwcp.making import MONDAY, TUESDAY, WEDNESDAY
from tests.wwcp.ocpi.inward.making import (
    evse_in,
    foreign_connector,
    foreign_evse,
    foreign_location,
    mapped_in,
    pool_in,
    station_in,
    structure,
)
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import Status as OCPIStatus
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.model.energy import EnergyMix, EnergySource, EnergySourceCategory
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes
from wwcp_ocpi.wwcp.model.places import (
    Address,
    Brand,
    ChargingCable,
    ChargingPool,
    ChargingStationOperator,
    GeoLocation,
    Logo,
)
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.texts import (
    AuthenticationType,
    ChargingConnectorType,
    CurrentType,
    Feature,
    ParkingType,
    PaymentOption,
    UIFeature,
    Weekday,
)
from wwcp_ocpi.wwcp.ocpi.inward.evse import statuses_of
from wwcp_ocpi.wwcp.ocpi.inward.names import OCPIPlace
from wwcp_ocpi.wwcp.ocpi.words import MappingPolicy

GEF = PartyId("DE", "GEF")
CHARGED = DateTime.parse(MIDDLE)


def test_a_location_is_a_pool() -> None:
    found = mapped_in(
        foreign_location(
            parking_type="ON_STREET",
            state="Thüringen",
            postal_code="07749",
            directions=[{"language": "de", "text": "Links"}, {"language": "en", "text": "Left"}],
            operator={
                "name": "Beispielstrom",
                "website": "https://example.com",
                "logo": {"url": "https://example.com/logo.png", "category": "OPERATOR", "type": "png"},
            },
            suboperator={"name": "Marke", "website": "https://example.org"},
            facilities=["HOTEL", "WIFI"],
            charging_when_closed=True,
            help_phone="+49 1",
            images=[{"url": "https://example.com/1.jpg", "category": "LOCATION", "type": "jpg"}],
            energy_mix={"is_green_energy": True, "supplier_name": "Stadtwerk"},
        )
    )
    assert found.notes == []
    assert found.value is not None
    assert found.value.place == OCPIPlace(GEF, "DE*GEF*P1")
    assert found.value.published
    assert found.value.operator == ChargingStationOperator(
        id=ChargingStationOperatorId.parse("DE*GEF"),
        name={"en": "Beispielstrom"},
        homepage="https://example.com",
        logos=[Logo(uri="https://example.com/logo.png")],
    )
    assert found.value.pool == ChargingPool(
        id=ChargingPoolId.parse("DE*GEF*P1"),
        name={"en": "Test pool"},
        geo_location=GeoLocation(latitude=Decimal("50.930000"), longitude=Decimal("11.630000")),
        address=Address(
            street="Example Rd 18",
            postal_code="07749",
            city={"en": "Jena"},
            region="Thüringen",
            country="DEU",
            time_zone="Europe/Berlin",
        ),
        parking_type=ParkingType.ON_STREET,
        arrival_instructions={"de": "Links", "en": "Left"},
        facilities=["HOTEL", "WIFI"],
        hotline="+49 1",
        charging_when_closed=True,
        brands=[Brand(id="Marke", name={"en": "Marke"}, homepage="https://example.org")],
        photo_urls=("https://example.com/1.jpg",),
        energy_mix=EnergyMix(
            energy_sources=[EnergySource(category=EnergySourceCategory.OtherGreen, percent=Decimal(100))],
            supplier_name={"en": "Stadtwerk"},
        ),
    )


def test_odd_data_are_noted_and_never_refused() -> None:
    pool, notes = pool_in(
        country="TRY",
        coordinates={"latitude": "north", "longitude": "11.63"},
        parking_type="ROOF",
        facilities=["CASINO"],
        related_locations=[{"latitude": "1.00000", "longitude": "2.00000"}],
        owner={"name": "Owner"},
        directions=[{"language": "de", "text": "Links"}, {"language": "de", "text": "Rechts"}],
        images=[{"url": "https://example.com/1.jpg", "category": "OWNER", "type": "jpg"}],
        energy_mix={"is_green_energy": True, "energy_sources": [{"source": "COAL", "percentage": 100}]},
    )
    assert pool.geo_location is None
    assert pool.parking_type == ParkingType("ROOF")
    assert pool.facilities == ["CASINO"]
    assert pool.photo_urls == ()
    assert sorted(line.partition(":")[0] for line in notes) == [
        "$.coordinates",
        "$.country",
        "$.directions[1]",
        "$.energy_mix.is_green_energy",
        "$.facilities[0]",
        "$.images[0]",
        "$.owner",
        "$.parking_type",
        "$.related_locations",
    ]


@pytest.mark.parametrize("party", [("XX", "GEF"), ("DE", "G-F"), ("UK", "ABC")])
def test_a_party_that_is_no_operator_is_noted_unless_the_policy_names_one(party: tuple[str, str]) -> None:
    location = foreign_location(country_code=party[0], party_id=party[1])
    found = mapped_in(location)
    assert (found.value, [note.path for note in found.notes]) == (None, ["$.party_id"])
    named = mapped_in(location, policy=MappingPolicy(operators={f"{party[0]}*{party[1]}": "GB*ABC"}))
    assert named.value is not None
    assert str(named.value.pool.id) == "GB*ABC*PDEQTGEFQTP1"


def test_an_operator_in_din_form_is_found_by_the_policy_or_by_its_ids() -> None:
    location = foreign_location(foreign_evse("+49*822*06626*1"), id="+49*822*P1", country_code="DE", party_id="822")
    plain = mapped_in(location)
    assert plain.value is not None
    assert (str(plain.value.pool.id), structure(plain.value.pool)) == (
        "+49*822*P1",
        {"+49*822*S06626": ["+49*822*06626*1"]},
    )
    longer = mapped_in(
        foreign_location(country_code="DE", party_id="8AB", id="77"),
        policy=MappingPolicy(operators={"DE*8AB": "+49*822123"}),
    )
    assert longer.value is not None
    assert str(longer.value.pool.id) == "+49*822123*P77"


def test_an_evse_is_an_evse() -> None:
    evse, notes = evse_in(
        physical_reference="7",
        coordinates={"latitude": "50.93100", "longitude": "11.63100"},
        connectors=[foreign_connector(max_electric_power=22000, tariff_ids=["DE*GEF*T1", "2"], format="CABLE")],
    )
    assert notes == []
    [connector] = evse.charging_connectors
    assert (str(evse.id), evse.custom_data, evse.physical_reference) == ("DE*GEF*E1*1", None, "7")
    assert evse.geo_location == GeoLocation(latitude=Decimal("50.93100"), longitude=Decimal("11.63100"))
    assert evse.current_type == [CurrentType.AC_ThreePhases]
    assert (evse.max_voltage, evse.max_current, evse.max_power) == (Decimal(400), Decimal(32), Decimal(22000))
    assert (evse.last_status_update, evse.last_change) == (CHARGED, None)
    assert connector.type is ChargingConnectorType.IEC_62196_T2
    assert connector.cable == ChargingCable()
    assert [str(id) for id in connector.tariff_ids] == ["DE*GEF*T1", "DE*GEF*T_2"]
    assert connector.custom_data is None


@pytest.mark.parametrize(
    ("power_type", "volts", "expected", "noted"),
    [
        ("AC_3_PHASE", 230, 400, 0),
        ("AC_3_PHASE", 220, 380, 0),
        ("AC_3_PHASE", 133, 230, 0),
        ("AC_3_PHASE", 400, 400, 1),
        ("AC_1_PHASE", 230, 230, 0),
        ("DC", 920, 920, 0),
        ("AC_2_PHASE", 230, 230, 1),
    ],
)
def test_wwcp_tells_three_phases_between_two_lines(power_type: str, volts: int, expected: int, noted: int) -> None:
    evse, notes = evse_in(connectors=[foreign_connector(power_type=power_type, max_voltage=volts)])
    assert (evse.max_voltage, len(notes)) == (Decimal(expected), noted)


def test_connectors_that_differ_keep_what_is_their_own() -> None:
    ac = foreign_connector("1", max_electric_power=22000)
    dc = foreign_connector(
        "2", standard="IEC_62196_T2_COMBO", power_type="DC", max_voltage=920, max_amperage=400, format="CABLE"
    )
    evse, notes = evse_in(connectors=[ac, dc, {**dc, "standard": "MCS"}])
    assert evse.current_type == [CurrentType.AC_ThreePhases, CurrentType.DC]
    assert (evse.max_voltage, evse.max_current, evse.max_power) == (Decimal(920), Decimal(400), Decimal(22000))
    assert [one.custom_data for one in evse.charging_connectors] == [
        {
            "OCPI.Electrical": {
                "power_type": "AC_3_PHASE",
                "max_voltage": 230,
                "max_amperage": 32,
                "max_electric_power": 22000,
            }
        },
        {"OCPI.Electrical": {"power_type": "DC", "max_voltage": 920, "max_amperage": 400}},
    ]
    assert notes == ["$.evses[0].connectors[2].id: left out: there is a connector 2 already"]


def test_a_plug_that_nobody_knows_is_kept() -> None:
    evse, notes = evse_in(connectors=[foreign_connector(standard="WIRELESS")])
    assert evse.charging_connectors[0].type == ChargingConnectorType("WIRELESS")
    assert len(notes) == 1


def test_what_evses_can_do_their_station_can() -> None:
    able = ["RFID_READER", "CREDIT_CARD_PAYABLE", "PED_TERMINAL", "RESERVABLE", "CHIP_CARD_SUPPORT"]
    plugged = foreign_connector(capabilities=["ISO_15118_2_PLUG_AND_CHARGE"])
    station, notes = station_in(
        foreign_evse("DE*GEF*E1*1", capabilities=able, connectors=[plugged]),
        foreign_evse("DE*GEF*E1*2", capabilities=able[:4]),
    )
    assert [mode.type for mode in station.authentication_modes] == [
        AuthenticationType.RFID,
        AuthenticationType.ISO_15118_PLC,
    ]
    assert station.payment_options == [PaymentOption.CreditCard]
    assert station.ui_features == [UIFeature.Pinpad]
    assert station.features == [Feature.Reservable]
    assert sorted(line.partition(":")[0] for line in notes) == [
        "$.evses[0].capabilities",
        "$.evses[0].connectors[0].capabilities",
    ]


def test_what_only_some_evses_can_do_is_noted() -> None:
    _, notes = station_in(foreign_evse("DE*GEF*E1*1", capabilities=["RESERVABLE"]), foreign_evse("DE*GEF*E1*2"))
    assert notes == ["$.evses[0].capabilities: RESERVABLE is told of the whole station, 1 of 2 EVSEs have it"]


def test_floors_and_directions_are_those_of_the_station() -> None:
    links = [{"language": "de", "text": "Links"}]
    pool, notes = pool_in(
        foreign_evse("DE*GEF*E1*1", floor_level="1", directions=links),
        foreign_evse("DE*GEF*E1*2", floor_level="2"),
        foreign_evse("DE*GEF*E2*1", floor_level="2"),
    )
    assert pool.address is not None
    assert pool.address.floor_level is None
    assert [one.address and one.address.floor_level for one in pool.charging_stations] == ["1", "2"]
    assert [one.arrival_instructions for one in pool.charging_stations] == [{"de": "Links"}, {}]
    assert [line.partition(":")[0] for line in notes] == ["$.evses[1].directions", "$.evses[1].floor_level"]
    pool, notes = pool_in(foreign_evse("DE*GEF*E1*1", floor_level="1"), foreign_evse("DE*GEF*E2*1", floor_level="1"))
    assert pool.address is not None
    assert (pool.address.floor_level, notes) == ("1", [])
    assert [one.address for one in pool.charging_stations] == [None, None]


@pytest.mark.parametrize(
    ("status", "expected", "admin"),
    [
        ("AVAILABLE", EVSEStatus.available, EVSEAdminStatus.operational),
        ("CHARGING", EVSEStatus.charging, EVSEAdminStatus.operational),
        ("PLANNED", EVSEStatus.inDeployment, EVSEAdminStatus.planned),
        ("REMOVED", EVSEStatus.removed, EVSEAdminStatus.deleted),
        ("OUTOFORDER", EVSEStatus.outOfOrder, EVSEAdminStatus.operational),
    ],
)
def test_a_status_is_both_statuses(status: str, expected: EVSEStatus, admin: EVSEAdminStatus) -> None:
    evse, _ = evse_in(status=status)
    assert evse.status == [Timestamped(CHARGED, expected)]
    assert evse.admin_status == [Timestamped(CHARGED, admin)]


def test_a_policy_replaces_single_rows_inward() -> None:
    policy = MappingPolicy(evse_status_inward={OCPIStatus.INOPERATIVE: EVSEStatus.offline})
    found = statuses_of(OCPIStatus.INOPERATIVE, None, CHARGED, policy, now=MONDAY)
    assert found.status == [Timestamped(CHARGED, EVSEStatus.offline)]


def test_planned_statuses_are_planned() -> None:
    evse, _ = evse_in(
        status="CHARGING",
        status_schedule=[
            {"period_begin": "2020-01-01T00:00:00Z", "status": "OUTOFORDER"},
            {"period_begin": TUESDAY.wire, "period_end": WEDNESDAY.wire, "status": "INOPERATIVE"},
        ],
    )
    assert evse.status == [
        Timestamped(WEDNESDAY, EVSEStatus.available),
        Timestamped(TUESDAY, EVSEStatus.outOfService),
        Timestamped(CHARGED, EVSEStatus.charging),
    ]


def test_a_status_from_the_future_holds_from_now_on() -> None:
    found = statuses_of(OCPIStatus.AVAILABLE, None, WEDNESDAY, now=MONDAY)
    assert found.status == [Timestamped(MONDAY, EVSEStatus.available)]


def hours_in(*regular: tuple[int, str, str], **more: Any) -> tuple[OpeningTimes | None, list[str]]:
    periods = [{"weekday": day, "period_begin": begin, "period_end": end} for day, begin, end in regular]
    pool, notes = pool_in(opening_times={"twentyfourseven": False, "regular_hours": periods, **more})
    return pool.opening_times, notes


def test_nights_are_put_together_again() -> None:
    found, notes = hours_in((1, "08:00", "12:00"), (1, "22:00", "23:59"), (2, "00:00", "06:00"), (7, "10:00", "23:59"))
    assert found is not None
    assert notes == []
    assert found.regular_openings == [
        {Weekday.MONDAY: [HourRange(begin="08:00", end="12:00"), HourRange(begin="22:00", end="06:00")]},
        {Weekday.SUNDAY: [HourRange(begin="10:00", end="24:00")]},
    ]


def test_a_night_is_no_longer_than_a_day() -> None:
    found, _ = hours_in((1, "06:00", "23:59"), (2, "00:00", "08:00"))
    assert found is not None
    assert found.regular_openings == [
        {Weekday.MONDAY: [HourRange(begin="06:00", end="24:00")]},
        {Weekday.TUESDAY: [HourRange(begin="00:00", end="08:00")]},
    ]


def test_hours_that_are_none_are_noted() -> None:
    found, notes = hours_in(
        (9, "08:00", "12:00"),
        (1, "8", "12:00"),
        exceptional_openings=[{"period_begin": TUESDAY.wire, "period_end": MONDAY.wire}],
        exceptional_closings=[{"period_begin": MONDAY.wire, "period_end": TUESDAY.wire}],
    )
    assert found is not None
    assert (found.regular_openings, found.exceptional_openings, len(found.exceptional_closings)) == ([], [], 1)
    assert len(notes) == 3


@rule("LOC-19")
def test_a_location_that_is_not_to_be_shown_has_hidden_stations() -> None:
    pool, _ = pool_in(foreign_evse(), publish=False)
    assert [one.published for one in pool.charging_stations] == [False]
    pool, _ = pool_in(publish=False)
    assert pool.custom_data == {"OCPI.Publish": False}


def test_the_operator_of_an_evse_may_be_another_one() -> None:
    pool, notes = pool_in(foreign_evse("u1", "BE*BEC*E0415*1"))
    assert structure(pool) == {"BE*BEC*S0415": ["BE*BEC*E0415*1"]}
    assert pool.charging_stations[0].evses[0].custom_data == {"OCPI.EVSEUId": "u1"}
    assert (notes, pool.charging_stations[0].evses[0].id) == ([], EVSEId.parse("BE*BEC*E0415*1"))
