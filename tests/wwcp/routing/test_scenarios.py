# SPDX-License-Identifier: AGPL-3.0-or-later
"""One charging network from its first place to the last record: what the WWCP reference tests, or means to test.

Three parties: the operator DE*GEF with two pools, and the providers DE-GDF and DE-GD2 with a card each.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.wwcp.making import Clock, connector
from tests.wwcp.roaming import GD2, GDF, Operator, Provider
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.enums import ConnectorType
from wwcp_ocpi.v2_3_0.enums import Status as OCPIStatus
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp import (
    EVSE,
    AuthMethod,
    AuthorizeStart,
    AuthorizeStop,
    AuthStartCode,
    AuthStopCode,
    ChargeDetailRecord,
    ChargeDetailRecordId,
    ChargingLocation,
    ChargingPool,
    ChargingPoolId,
    ChargingPrice,
    ChargingProduct,
    ChargingReservationId,
    ChargingSession,
    ChargingSessionId,
    ChargingStation,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityAccountId,
    EnergyMeteringValue,
    EVSEAdminStatus,
    EVSEId,
    EVSEStatus,
    EVSEStatusChange,
    LiveNetwork,
    MeteringValueType,
    PoolChange,
    RemoteStart,
    RemoteStartCode,
    RemoteStop,
    RemoteStopCode,
    RoamingNetwork,
    RoamingNetworkData,
    SendCDRCode,
    SessionReport,
    SessionStart,
    SessionTime,
    Status,
    location_of,
    locations,
    remote,
    rfid,
    status_patch,
)
from wwcp_ocpi.wwcp.model.places import Address, GeoLocation
from wwcp_ocpi.wwcp.model.texts import ChargingConnectorType, CurrentType
from wwcp_ocpi.wwcp.network.place_statuses import status_report

NOW = DateTime.parse("2026-08-02T12:00:00Z")
GEF = ChargingStationOperatorId.parse("DE*GEF")
POOL1, POOL2 = ChargingPoolId.parse("DE*GEF*POOL1"), ChargingPoolId.parse("DE*GEF*POOL2")
EVSE1 = EVSEId.parse("DE*GEF*EVSE*1*A*1")
ADDRESS = Address(street="Biberweg", house_number="18", postal_code="07749", city={"de": "Jena"}, country="DEU")
CARD1, CARD2 = rfid("11223344"), rfid("55667788")
AC1 = ChargingProduct(id="AC1")
AT_EVSE1 = ChargingLocation(evse_id=EVSE1)


def later(**time: float) -> DateTime:
    return DateTime.of(NOW + dt.timedelta(**time))


def evse(id: str) -> EVSE:
    return EVSE(
        id=EVSEId.parse(id),
        current_type=[CurrentType.AC_ThreePhases],
        max_power=Decimal(22_000),
        charging_connectors=[connector()],
    )


def station(id: str, *evses: str) -> ChargingStation:
    place = GeoLocation(latitude=Decimal("50.82"), longitude=Decimal("11.52"))
    return ChargingStation(id=ChargingStationId.parse(id), geo_location=place, evses=[evse(one) for one in evses])


def pool(id: ChargingPoolId, *stations: ChargingStation) -> ChargingPool:
    place = GeoLocation(latitude=Decimal("50.93"), longitude=Decimal("11.63"))
    name = {"en": f"Test pool #{id.suffix[-1]}"}
    return ChargingPool(id=id, name=name, address=ADDRESS, geo_location=place, charging_stations=list(stations))


class Field:
    """The network of the scenarios, and what it has told so far."""

    def __init__(self) -> None:
        self.clock = Clock(NOW)
        places = LiveNetwork(RoamingNetworkData(id="Prod"), clock=self.clock)
        self.network = RoamingNetwork(places)
        self.places = places
        self.told: Counter[str] = Counter()
        self.network.on_event(lambda told: self.told.update([type(told.event).__name__]))
        self.operator = Operator()
        self.network.add_operator(GEF, self.operator)
        self.gdf = Provider(GDF, {"11223344": AuthStartCode.Authorized}, contract_id="DE-GDF-C12345678-X")
        self.gd2 = Provider(GD2, {"55667788": AuthStartCode.Authorized})
        self.network.add_provider(GDF, self.gdf)
        self.network.add_provider(GD2, self.gd2)
        stations_a = station("DE*GEF*STATION*1*A", "DE*GEF*EVSE*1*A*1", "DE*GEF*EVSE*1*A*2")
        stations_b = station("DE*GEF*STATION*1*B", "DE*GEF*EVSE*1*B*1")
        places.upsert_pool(pool(POOL1, stations_a, stations_b))
        places.upsert_pool(pool(POOL2, station("DE*GEF*STATION*2*A", "DE*GEF*EVSE*2*A*1")))
        for one in list(places.evses()):
            places.set_evse_status(one.id, EVSEStatus.available)
            places.set_evse_admin_status(one.id, EVSEAdminStatus.operational)
        self.told.clear()

    def location(self, id: ChargingPoolId = POOL1) -> Location:
        found = location_of(self.places, id).value
        assert found is not None
        return found

    def ocpi_evse(self) -> OCPIEVSE:
        return next(one for one in self.location().evses or [] if one.uid == str(EVSE1))


@pytest.fixture
def field() -> Field:
    return Field()


def test_t1_pools_are_locations_and_an_added_evse_makes_one_newer(field: Field) -> None:
    found = {made.id: made.value for made in locations(field.places)}
    assert {id: len((one and one.evses) or []) for id, one in found.items()} == {str(POOL1): 3, str(POOL2): 1}
    before = field.location()
    field.clock.now = later(minutes=5)
    more = station("DE*GEF*STATION*1*B", "DE*GEF*EVSE*1*B*1", "DE*GEF*EVSE*1*B*2")
    known = field.places.pool(POOL1).charging_stations[0]
    field.places.upsert_pool(replace(pool(POOL1), charging_stations=[known, more]))
    assert len(field.location().evses or []) == 4
    assert field.location().last_updated > before.last_updated
    assert field.location(POOL2).last_updated < field.location().last_updated


def test_t3_a_new_name_is_one_event_and_the_name_of_the_location(field: Field) -> None:
    known = field.places.pool(POOL1)
    change = field.places.upsert_pool(replace(known, name={"en": "Test pool #1 (updated)"}))
    assert isinstance(change, PoolChange)
    assert change.previous is not None
    assert (change.previous.name, field.told) == ({"en": "Test pool #1"}, {"PoolChange": 1})
    assert (field.location().name, field.places.pool(POOL1).name["en"]) == ("Test pool #1 (updated)",) * 2


def test_t4_a_new_address_is_one_event_and_makes_the_location_newer(field: Field) -> None:
    before = field.location()
    field.clock.now = later(minutes=5)
    moved = Address(street="Amselfeld", house_number="42", postal_code="07742", city={"de": "NeuJena"}, country="DEU")
    field.places.upsert_pool(replace(field.places.pool(POOL1), address=moved, last_change=None))
    after = field.location()
    assert (after.city, after.postal_code, field.told) == ("NeuJena", "07742", {"PoolChange": 1})
    assert after.last_updated > before.last_updated


def changed_station(field: Field, **changes: object) -> None:
    known = field.places.pool(POOL1)
    first, *rest = known.charging_stations
    made = replace(first, last_change=None, **changes)
    field.places.upsert_pool(replace(known, charging_stations=[made, *rest], last_change=None))


def changed_evse(field: Field, **changes: object) -> None:
    first = field.places.station(ChargingStationId.parse("DE*GEF*STATION*1*A"))
    made = replace(first.evses[0], last_change=None, **changes)
    changed_station(field, evses=[made, *first.evses[1:]])


def test_t5_a_station_that_moved_is_seen_from_everywhere(field: Field) -> None:
    place = GeoLocation(latitude=Decimal("40.257"), longitude=Decimal("16.381"))
    changed_station(field, geo_location=place)
    assert field.told == {"PoolChange": 1}
    id = field.places.station_id_of(EVSE1)
    assert field.places.station(id).geo_location == place
    coordinates = field.ocpi_evse().coordinates
    assert coordinates is not None
    assert (coordinates.latitude, coordinates.longitude) == ("40.25700", "16.38100")


def test_t6_other_connectors_are_one_event(field: Field) -> None:
    changed_evse(field, charging_connectors=[connector(type=ChargingConnectorType.TESLA_R)])
    assert field.told == {"PoolChange": 1}
    assert [one.standard for one in field.ocpi_evse().connectors or []] == [ConnectorType.TESLA_R]


def test_t7_a_physical_reference_is_one_event(field: Field) -> None:
    changed_evse(field, physical_reference="E-V-S-E-#1")
    assert (field.told, field.ocpi_evse().physical_reference) == ({"PoolChange": 1}, "E-V-S-E-#1")


def test_t8_a_status_is_one_event_and_what_partners_are_sent_has_its_moment(field: Field) -> None:
    assert field.ocpi_evse().status is OCPIStatus.AVAILABLE
    field.clock.now = later(minutes=1)
    change = field.places.set_evse_status(EVSE1, EVSEStatus.charging)
    assert isinstance(change, EVSEStatusChange)
    assert (field.told, change.old_status) == ({"EVSEStatusChange": 1}, EVSEStatus.available)
    assert field.ocpi_evse().status is OCPIStatus.CHARGING
    patch = status_patch(field.places, change)
    assert patch is not None
    assert (patch.body.status, patch.body.last_updated) == (OCPIStatus.CHARGING, field.clock.now)


def asked(card: object = CARD1) -> AuthorizeStart:
    return AuthorizeStart(authentication=card, location=AT_EVSE1, product=AC1)  # type: ignore[arg-type]


async def test_t9_each_provider_authorises_its_own_card(field: Field) -> None:
    nobody = await field.network.authorize_start(asked(rfid("04AB12CD34EF56")))
    one, other = [await field.network.authorize_start(asked(card)) for card in (CARD1, CARD2)]
    assert [str(found.result) for found in (nobody, one, other)] == ["NotAuthorized", "Authorized", "Authorized"]
    assert (one.provider_id, one.contract_id, other.provider_id) == (GDF, "DE-GDF-C12345678-X", GD2)


async def test_t10_a_record_with_nothing_but_its_evse_is_filled_up_and_delivered(field: Field) -> None:
    cdr = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse("DE*GEF*D1"),
        session_id=ChargingSessionId.parse("DE*GEF*N1"),
        session_time=SessionTime(start=later(hours=-2), end=later(minutes=-2)),
        duration_s=Decimal(118 * 60),
        evse_id=EVSE1,
        authentication_start=replace(CARD1, auth_method=AuthMethod.AUTH_REQUEST),
        provider_id_start=GDF,
    )
    assert (await field.network.send_cdrs([cdr])).result is SendCDRCode.Success
    (taken,) = field.gdf.cdrs
    assert str(taken.charging_station_id) == "DE*GEF*STATION*1*A"
    assert (taken.charging_pool_id, taken.charging_station_operator_id) == (POOL1, GEF)


async def test_t11_one_card_starts_another_one_stops_and_the_record_is_paid(field: Field) -> None:
    begun = await field.network.authorize_start(asked())
    assert begun.session_id is not None
    field.clock.now = later(minutes=5)
    stop = AuthorizeStop(session_id=begun.session_id, authentication=CARD2, location=AT_EVSE1)
    ended = await field.network.authorize_stop(stop)
    assert (begun.provider_id, ended.result, ended.provider_id) == (GDF, AuthStopCode.Authorized, GD2)
    values = [
        EnergyMeteringValue(timestamp=at, energy_kwh=Decimal(kwh), type=type, signed_data="...")
        for at, kwh, type in [
            (NOW, "1334.034", MeteringValueType.Start),
            (field.clock.now, "1451.241", MeteringValueType.Stop),
        ]
    ]
    cdr = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse(str(begun.session_id)),
        session_id=begun.session_id,
        session_time=SessionTime(start=NOW, end=field.clock.now),
        charging_price=ChargingPrice(base=Decimal("1.23"), vat=Decimal("0.34"), currency="EUR"),
        energy_metering_values=values,
    )
    assert (await field.network.send_cdrs([cdr])).result is SendCDRCode.Success
    (taken,) = field.gdf.cdrs
    assert (taken.energy_kwh, taken.authentication_stop, taken.provider_id_stop) == (Decimal("117.207"), CARD2, GD2)


async def test_t12_a_smart_phone_starts_and_stops_through_its_provider(field: Field) -> None:
    id, driver = ChargingSessionId.parse("DE-GDF-N4711"), EMobilityAccountId.parse("DE-GDF-C12345678-X")
    field.operator.start = replace(field.operator.start, result=RemoteStartCode.AsyncOperation)
    start = RemoteStart(
        location=AT_EVSE1,
        authentication=remote(driver),
        provider_id=GDF,
        product=AC1,
        session_id=id,
        reservation_id=ChargingReservationId.parse("DE*GEF*R1"),
    )
    assert (await field.network.remote_start(start)).result is RemoteStartCode.AsyncOperation
    begun = ChargingSession(id=id, start=SessionStart(timestamp=later(seconds=20)), evse_id=EVSE1)
    assert await field.network.report_session(begun) is SessionReport.ACCEPTED
    stop = RemoteStop(session_id=id, provider_id=GDF, authentication=remote(driver))
    assert (await field.network.remote_stop(stop)).result is RemoteStopCode.Success
    cdr = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse("DE*GEF*D2"),
        session_id=id,
        session_time=SessionTime(start=NOW, end=later(hours=1)),
    )
    assert (await field.network.send_cdrs([cdr])).result is SendCDRCode.Success
    assert [taken.authentication_start for taken in field.gdf.cdrs] == [remote(driver)]


def test_t13_places_begin_with_their_statuses_and_are_reported(field: Field) -> None:
    field.places.set_status(POOL1, Status.available)
    assert field.places.statuses.status(POOL1, NOW) is Status.available
    report = status_report((one.status[0].value for one in field.places.evses()), NOW)
    assert (report.count, report.report["available"].percentage) == (4, 100.0)
