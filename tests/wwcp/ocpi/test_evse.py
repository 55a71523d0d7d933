# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.wwcp.making import (
    FIRST,
    GEF,
    MONDAY,
    SECOND,
    TUESDAY,
    WEDNESDAY,
    connector,
    evse,
    evse_with,
    mapped,
    operator,
    pool,
    station,
    texts,
)
from wwcp_ocpi.v2_3_0.enums import ConnectorFormat, ConnectorType, PowerType, Status
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Connector, StatusSchedule
from wwcp_ocpi.v2_3_0.locations import GeoLocation as OCPIGeoLocation
from wwcp_ocpi.v2_3_0.types import DisplayText
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId, EVSEId
from wwcp_ocpi.wwcp.model.places import Address, ChargingCable, GeoLocation
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType, CurrentType

AT = "$.chargingStations[0].EVSEs[0]"
TARIFF = ChargingTariffId.parse("DE*GEF*TAC")


def only_connector(**fields: Any) -> Connector:
    found = evse_with(**fields)
    assert found.value is not None
    (made,) = found.value.connectors
    return made


def test_an_evse_arrives_with_all_that_its_station_says() -> None:
    wwcp = pool(
        station(
            evse(
                status=[Timestamped(MONDAY, EVSEStatus.available)],
                last_change=MONDAY,
                charging_connectors=[connector(tariff_ids=[TARIFF], terms_and_conditions="https://gef.example/t")],
            ),
            physical_reference="pillar 7",
            arrival_instructions={"de-DE": "Hinter dem Haus", "en": "Behind the house"},
            address=Address(floor_level="-1"),
            geo_location=GeoLocation(latitude=Decimal("50.9"), longitude=Decimal("11.6")),
        )
    )
    found = mapped(wwcp, by=operator(charging_tariffs=[ChargingTariff(id=TARIFF, currency="EUR")]), now=TUESDAY)
    assert found.value is not None
    assert found.notes == []
    assert found.value.evses == [
        OCPIEVSE(
            uid="DE*GEF*E1*A*1",
            evse_id="DE*GEF*E1*A*1",
            status=Status.AVAILABLE,
            connectors=[
                Connector(
                    id="1",
                    standard=ConnectorType.IEC_62196_T2,
                    format=ConnectorFormat.SOCKET,
                    power_type=PowerType.AC_3_PHASE,
                    max_voltage=230,
                    max_amperage=32,
                    max_electric_power=22000,
                    tariff_ids=["DE*GEF*TAC"],
                    terms_and_conditions="https://gef.example/t",
                    last_updated=MONDAY,
                )
            ],
            floor_level="-1",
            coordinates=OCPIGeoLocation(latitude="50.90000", longitude="11.60000"),
            physical_reference="pillar 7",
            directions=[
                DisplayText(language="de", text="Hinter dem Haus"),
                DisplayText(language="en", text="Behind the house"),
            ],
            last_updated=MONDAY,
        )
    ]


def test_what_an_evse_says_itself_comes_before_its_station() -> None:
    own = evse(
        physical_reference="left",
        geo_location=GeoLocation(latitude=Decimal("1.123456789"), longitude=Decimal(-0)),
    )
    found = mapped(
        pool(
            station(
                own,
                physical_reference="pillar",
                geo_location=GeoLocation(latitude=Decimal(5), longitude=Decimal(5)),
            )
        )
    )
    assert found.value is not None
    assert found.value.evses is not None
    assert found.value.evses[0].physical_reference == "left"
    assert found.value.evses[0].coordinates == OCPIGeoLocation(latitude="1.1234568", longitude="0.00000")


def test_the_uid_is_what_custom_data_say_or_else_the_evse_id() -> None:
    given = evse_with(custom_data={"OCPI.EVSEUId": "3256"}).value
    nonsense = evse_with(custom_data={"OCPI.EVSEUId": 3256}).value
    assert given is not None
    assert nonsense is not None
    assert (given.uid, given.evse_id, nonsense.uid) == ("3256", "DE*GEF*E1*A*1", "DE*GEF*E1*A*1")


def test_an_evse_whose_uid_does_not_fit_costs_only_itself() -> None:
    long = evse(EVSEId.parse("DE*GEF*E" + "1" * 30))
    found = mapped(pool(station(long, evse(SECOND))))
    assert found.value is not None
    assert found.value.evses is not None
    assert [made.uid for made in found.value.evses] == ["DE*GEF*E1*A*2"]
    assert texts(found) == [f"{AT}.@id: left out: at most 36 characters, got 38"]


def test_two_evses_with_one_uid_are_one_and_a_note() -> None:
    twin = evse(SECOND, custom_data={"OCPI.EVSEUId": str(FIRST)})
    found = mapped(pool(station(evse(), twin)))
    assert found.value is not None
    assert found.value.evses is not None
    assert len(found.value.evses) == 1
    assert "the uid DE*GEF*E1*A*1 is taken" in texts(found)[0]


def test_an_evse_without_a_connector_that_ocpi_knows_costs_only_itself() -> None:
    unknown = evse(charging_connectors=[connector(type=ChargingConnectorType("CEE5"))])
    found = mapped(pool(station(unknown, evse(SECOND))))
    assert found.value is not None
    assert found.value.evses is not None
    assert [made.uid for made in found.value.evses] == ["DE*GEF*E1*A*2"]
    assert texts(found) == [
        f"{AT}.socketOutlets[0].type: connector left out: OCPI 2.3.0 has no plug CEE5",
        f"{AT}.socketOutlets: EVSE DE*GEF*E1*A*1 left out: no connector that OCPI 2.3.0 can say",
    ]


@pytest.mark.parametrize("status", EVSEStatus)
def test_every_status_arrives_without_a_note(status: EVSEStatus) -> None:
    found = evse_with(status=[Timestamped(MONDAY, status)])
    assert found.value is not None
    assert found.notes == []


def test_unknown_statuses_are_unknown_and_noted() -> None:
    found = evse_with(
        status=[Timestamped(MONDAY, EVSEStatus("dancing"))],
        admin_status=[Timestamped(MONDAY, EVSEAdminStatus("dreaming"))],
    )
    assert found.value is not None
    assert found.value.status is Status.UNKNOWN
    assert texts(found) == [
        f"{AT}.status: WWCP has no status dancing",
        f"{AT}.adminStatus: WWCP has no status dreaming",
    ]


def test_planned_statuses_are_a_schedule_and_the_one_in_force_the_status() -> None:
    found = evse_with(
        now=MONDAY,
        status=[
            Timestamped(WEDNESDAY, EVSEStatus.available),
            Timestamped(TUESDAY, EVSEStatus.outOfService),
            Timestamped(MONDAY, EVSEStatus.charging),
        ],
    )
    assert found.value is not None
    assert found.value.status is Status.CHARGING
    assert found.value.status_schedule == [
        StatusSchedule(period_begin=TUESDAY, period_end=WEDNESDAY, status=Status.INOPERATIVE),
        StatusSchedule(period_begin=WEDNESDAY, status=Status.AVAILABLE),
    ]
    assert found.value.last_updated == MONDAY


def test_last_updated_is_the_newest_of_all_that_the_evse_shows() -> None:
    def updated(**fields: Any) -> object:
        made = evse_with(now=WEDNESDAY, last_change=MONDAY, **fields).value
        assert made is not None
        assert made.connectors[0].last_updated == MONDAY
        return made.last_updated

    assert updated() == MONDAY
    assert updated(status=[Timestamped(TUESDAY, EVSEStatus.charging)]) == TUESDAY
    assert updated(admin_status=[Timestamped(TUESDAY, EVSEAdminStatus.operational)]) == TUESDAY
    assert updated(last_status_update=TUESDAY) == TUESDAY


def test_last_updated_of_the_location_follows_its_evses_its_station_and_its_operator() -> None:
    old = evse(last_change=MONDAY)
    for station_at, operator_at, expected in [
        (MONDAY, MONDAY, MONDAY),
        (TUESDAY, MONDAY, TUESDAY),
        (MONDAY, WEDNESDAY, WEDNESDAY),
    ]:
        found = mapped(
            pool(station(old, last_change=station_at), last_change=MONDAY),
            by=operator(last_change=operator_at),
            now=WEDNESDAY,
        )
        assert found.value is not None
        assert found.value.last_updated == expected


@pytest.mark.parametrize(
    ("current", "voltage", "amperage", "expected"),
    [
        ([CurrentType.AC_OnePhase], 230, 16, (PowerType.AC_1_PHASE, 230, 16)),
        ([CurrentType.AC_ThreePhases], 400, 32, (PowerType.AC_3_PHASE, 230, 32)),
        ([CurrentType.AC_ThreePhases], 230, 32, (PowerType.AC_3_PHASE, 230, 32)),
        ([CurrentType.AC_ThreePhases], 480, 32, (PowerType.AC_3_PHASE, 277, 32)),
        ([CurrentType.AC_ThreePhases], 405, 32, (PowerType.AC_3_PHASE, 233, 32)),
        ([CurrentType.DC], 920, 500, (PowerType.DC, 920, 500)),
        ([CurrentType.AC_OnePhase], None, None, (PowerType.AC_1_PHASE, 230, 16)),
        ([CurrentType.AC_ThreePhases], 0, 0, (PowerType.AC_3_PHASE, 230, 16)),
        ([CurrentType.DC], None, None, (PowerType.DC, 400, 50)),
        ([CurrentType.DC, CurrentType.AC_OnePhase], 230, 16, (PowerType.AC_1_PHASE, 230, 16)),
        ([CurrentType.Unspecified, CurrentType.DC], 400, 16, (PowerType.DC, 400, 16)),
    ],
)
def test_current_voltage_and_amperage_arrive(
    current: list[CurrentType], voltage: int | None, amperage: int | None, expected: tuple[object, ...]
) -> None:
    made = only_connector(
        current_type=current,
        max_voltage=None if voltage is None else Decimal(voltage),
        max_current=None if amperage is None else Decimal(amperage),
    )
    assert (made.power_type, made.max_voltage, made.max_amperage) == expected


def test_what_is_assumed_is_noted() -> None:
    found = evse_with(max_voltage=None, max_current=Decimal(0), max_power=None)
    assert texts(found) == [f"{AT}.averageVoltage: 230 V assumed", f"{AT}.maxCurrent: 16 A assumed"]
    assert found.value is not None
    assert found.value.connectors[0].max_electric_power is None


def test_fractions_are_rounded_and_noted() -> None:
    found = evse_with(max_power=Decimal("3679.5"))
    assert found.value is not None
    assert found.value.connectors[0].max_electric_power == 3680
    assert texts(found) == [f"{AT}.maxPower: rounded to 3680"]


def test_a_plug_for_direct_current_says_so_whatever_the_evse_says() -> None:
    ccs = connector(type=ChargingConnectorType.IEC_62196_T2_COMBO)
    mixed = evse_with(
        charging_connectors=[ccs, connector("2")], current_type=[CurrentType.DC, CurrentType.AC_ThreePhases]
    )
    assert mixed.value is not None
    assert [made.power_type for made in mixed.value.connectors] == [PowerType.DC, PowerType.AC_3_PHASE]
    assert [made.format for made in mixed.value.connectors] == [ConnectorFormat.CABLE, ConnectorFormat.SOCKET]
    lying = evse_with(charging_connectors=[ccs])
    assert texts(lying) == [f"{AT}.currentType: connector 1 sent as DC: IEC_62196_T2_COMBO carries nothing else"]


def test_a_connector_of_no_known_current_is_left_out() -> None:
    found = evse_with(current_type=[CurrentType.Unspecified])
    assert found.value is None
    assert f"{AT}.currentType: connector 1 left out: expected one of AC_ThreePhases, AC_OnePhase, DC" in texts(found)


def test_a_cable_makes_the_format() -> None:
    assert only_connector(charging_connectors=[connector(cable=ChargingCable())]).format is ConnectorFormat.CABLE


def test_each_connector_id_occurs_once_and_fits() -> None:
    found = evse_with(charging_connectors=[connector("a"), connector("A"), connector("ü"), connector("c" * 37)])
    assert found.value is not None
    assert [made.id for made in found.value.connectors] == ["a"]
    assert texts(found) == [
        f"{AT}.socketOutlets[1].@id: left out: A is taken by another connector of DE*GEF*E1*A*1",
        f"{AT}.socketOutlets[2].@id: left out: printable ASCII only, got 'ü'",
        f"{AT}.socketOutlets[3].@id: left out: at most 36 characters, got 37",
    ]


def test_terms_and_conditions_are_those_of_the_operator_where_the_connector_has_none() -> None:
    found = mapped(pool(station(evse())), by=operator(terms_and_conditions="https://gef.example/terms"))
    assert found.value is not None
    assert found.value.evses is not None
    assert found.value.evses[0].connectors[0].terms_and_conditions == "https://gef.example/terms"


def test_a_tariff_that_the_operator_does_not_have_is_sent_and_noted() -> None:
    euro = ChargingTariffId(GEF, "AC€")
    found = evse_with(charging_connectors=[connector(tariff_ids=[TARIFF, euro])])
    assert found.value is not None
    assert found.value.connectors[0].tariff_ids == ["DE*GEF*TAC"]
    assert texts(found) == [
        f"{AT}.socketOutlets[0].tariffIds[0]: DE*GEF has no tariff DE*GEF*TAC",
        f"{AT}.socketOutlets[0].tariffIds[1]: left out: printable ASCII only, got 'DE*GEF*TAC€'",
        f"{AT}.socketOutlets[0].tariffIds[1]: DE*GEF has no tariff DE*GEF*TAC€",
    ]


def test_what_ocpi_has_no_place_for_is_noted() -> None:
    found = evse_with(
        name={"en": "One"},
        is_free_of_charge=True,
        charging_modes=["Mode_3"],
        max_capacity=Decimal(7),
        custom_data={"OCPI.EVSEUId": "1", "colour": "red"},
        charging_connectors=[connector(lockable=True, extra={"colour": "red"})],
    )
    assert [note.path.removeprefix(AT) for note in found.notes] == [
        ".socketOutlets[0].lockable",
        ".socketOutlets[0].@extra",
        ".name",
        ".isFreeOfCharge",
        ".chargingModes",
        ".maxCapacity",
        ".customData.colour",
    ]
    assert all(note.text == "left out: OCPI 2.3.0 has no place for it" for note in found.notes)


def test_long_texts_of_an_evse_are_cut_or_left_out() -> None:
    found = mapped(
        pool(station(evse(physical_reference="a reference that is long"), address=Address(floor_level="third")))
    )
    assert found.value is not None
    assert found.value.evses is not None
    assert (found.value.evses[0].physical_reference, found.value.evses[0].floor_level) == ("a reference that", None)
    assert texts(found) == [
        f"{AT}.floorLevel: left out: at most 4 characters, got 5",
        f"{AT}.physicalReference: cut to 16 characters, 24 were there",
    ]
