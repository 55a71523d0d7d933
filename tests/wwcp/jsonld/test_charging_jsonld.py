# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, TUESDAY, evse, operator, pool, station
from tests.wwcp.strategies import (
    custom_data,
    extras,
    i18n,
    moments,
    numbers,
    optional,
    schedules,
    several,
    texts,
    words,
)
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingStationGroupId, EMobilityProviderId, EVSEGroupId
from wwcp_ocpi.wwcp.jsonld.documents import CONTEXT, read, write
from wwcp_ocpi.wwcp.model.authentication import (
    Authentication,
    AuthenticationPlace,
    AuthMethod,
    AuthTokenType,
    HashedPIN,
    QRCodeIdentification,
    rfid,
    token_text,
)
from wwcp_ocpi.wwcp.model.charging import (
    ChargeDetailRecord,
    ChargingPrice,
    ChargingProduct,
    ChargingReservation,
    ChargingSession,
    ReservationLevel,
    SessionStart,
    SessionStop,
    SessionTime,
)
from wwcp_ocpi.wwcp.model.energy import (
    EnergyMeter,
    EnergyMeteringValue,
    EnergyMix,
    EnergySource,
    EnergySourceCategory,
    EnvironmentalImpact,
    EnvironmentalImpactCategory,
    MeteringValueType,
    TransparencySoftware,
    consumed_kwh,
)
from wwcp_ocpi.wwcp.model.places import (
    ChargingStationGroup,
    DataLicense,
    EMobilityProvider,
    EVSEGroup,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, ChargingLocation, RemoteStart, Reserve
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, AuthStopCode, SendCDRCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult, SendCDRResult
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, Status

accounts = st.sampled_from(["DE-GDF-C12345678", "DE-8AA-CA2B3C4D5-L", "DE*BMW*0010LY*3"]).map(EMobilityAccountId.parse)
providers = st.sampled_from(["DE-GDF", "NL*TNM"]).map(EMobilityProviderId.parse)
session_ids = st.sampled_from(["DE*GEF*N1", "DE-GDF-Nabc", "anything at all"]).map(ChargingSessionId.parse)
reservation_ids = st.sampled_from(["DE*GEF*R1", "r 2"]).map(ChargingReservationId.parse)
ways = st.one_of(
    st.fixed_dictionaries(
        {"auth_token": words.filter(str.strip), "auth_token_type": optional(st.sampled_from(AuthTokenType))}
    ),
    st.fixed_dictionaries({"remote_identification": accounts}),
    st.fixed_dictionaries({"plug_and_charge_identification": accounts}),
    st.fixed_dictionaries(
        {
            "qr_code_identification": st.builds(
                QRCodeIdentification,
                emaid=accounts,
                pin=optional(texts),
                hashed_pin=optional(st.builds(HashedPIN, value=texts, function=words, salt=optional(texts))),
            )
        }
    ),
    st.fixed_dictionaries({"pin": st.from_regex(r"[0-9A-Fa-f]{1,20}", fullmatch=True)}),
    st.fixed_dictionaries({"public_key": words.filter(str.strip)}),
)
authentications = st.builds(
    lambda way, **rest: Authentication(**way, **rest),
    ways,
    place=st.sampled_from(AuthenticationPlace),
    auth_method=optional(st.sampled_from(AuthMethod)),
    description=i18n,
    extra=extras,
)
products = st.builds(ChargingProduct, id=words, max_power=optional(numbers), min_duration=optional(st.integers(0, 99)))
values = several(
    st.builds(
        EnergyMeteringValue,
        timestamp=moments,
        energy_kwh=numbers,
        type=optional(st.sampled_from(MeteringValueType)),
        signed_data=optional(texts),
    )
)
meters = st.builds(
    EnergyMeter,
    id=words,
    name=i18n,
    model=optional(texts),
    public_keys=several(texts),
    transparency_software=several(st.builds(TransparencySoftware, name=words, legal_status=optional(words))),
    extra=extras,
)
prices = st.builds(ChargingPrice, base=numbers, vat=optional(numbers), currency=optional(words))
start_results = st.builds(
    AuthStartResult,
    result=st.sampled_from(AuthStartCode),
    authorizator_id=words,
    response_timestamp=optional(moments),
    runtime_ms=st.integers(0, 10_000),
    session_id=optional(session_ids),
    contract_id=optional(texts),
    max_power=optional(numbers),
    provider_id=optional(providers),
    stop_tokens=several(words),
    description=i18n,
    additional_context=custom_data,
    extra=extras,
)
stop_results = st.builds(AuthStopResult, result=st.sampled_from(AuthStopCode), description=i18n)
sessions = st.builds(
    ChargingSession,
    id=session_ids,
    roaming_network_id=optional(words),
    start=st.builds(
        SessionStart,
        timestamp=moments,
        provider_id=optional(providers),
        authentication=optional(authentications),
        authentication_path=optional(texts),
        auth_start_result=optional(start_results),
        extra=extras,
    ),
    stop=optional(st.builds(SessionStop, timestamp=moments, auth_stop_result=optional(stop_results))),
    charging_station_operator_id=st.sampled_from([None, GEF]),
    charging_pool_id=st.sampled_from([None, POOL]),
    evse_id=st.sampled_from([None, FIRST]),
    charging_product=optional(products),
    reservation_id=optional(reservation_ids),
    energy_meter_values=values,
    is_awaited=st.booleans(),
    additional_context=custom_data,
    custom_data=custom_data,
    extra=extras,
)
records = st.builds(
    ChargeDetailRecord,
    id=st.sampled_from(["DE*GEF*D1", "x"]).map(ChargeDetailRecordId.parse),
    session_id=session_ids,
    session_time=st.builds(SessionTime, start=moments, end=optional(moments)),
    duration_s=optional(numbers),
    authentication_start=optional(authentications),
    provider_id_start=optional(providers),
    evse_id=st.sampled_from([None, FIRST]),
    charging_product=optional(products),
    charging_price=optional(prices),
    energy_meter=optional(meters),
    energy_metering_values=values,
    consumed_energy_kwh=optional(numbers),
    signatures=several(texts),
    custom_data=custom_data,
    extra=extras,
)
reservations = st.builds(
    ChargingReservation,
    id=reservation_ids,
    start_time=moments,
    duration_s=st.integers(0, 10_000),
    level=st.sampled_from(ReservationLevel) | words.map(ReservationLevel),
    provider_id=optional(providers),
    evse_id=st.sampled_from([None, FIRST]),
    authentication=optional(authentications),
    auth_tokens=several(words),
    emaids=several(accounts),
    pins=several(words),
    extra=extras,
)
mixes = st.builds(
    EnergyMix,
    energy_sources=several(
        st.builds(
            EnergySource,
            category=st.sampled_from(EnergySourceCategory) | words.map(EnergySourceCategory),
            percent=numbers,
        )
    ),
    environmental_impacts=several(
        st.builds(EnvironmentalImpact, category=st.sampled_from(EnvironmentalImpactCategory), amount=numbers)
    ),
    supplier_name=i18n,
    extra=extras,
)
licences = st.lists(st.builds(DataLicense, id=words, description=i18n, urls=several(texts)), max_size=2).map(tuple)
groups = st.builds(
    EVSEGroup,
    id=st.just(EVSEGroupId.parse("DE*GEF*GE1")),
    name=i18n,
    evse_ids=st.sampled_from([(), (FIRST,)]),
    status=schedules(Status).map(tuple),
    admin_status=schedules(AdminStatus).map(tuple),
    extra=extras,
) | st.builds(
    ChargingStationGroup, id=st.just(ChargingStationGroupId.parse("DE*GEF*GS1")), priority=optional(st.integers(0, 9))
)
results = (
    start_results
    | stop_results
    | st.builds(SendCDRResult, result=st.sampled_from(SendCDRCode), warnings=several(texts))
)
requests = (
    st.builds(AuthorizeStart, authentication=authentications, session_id=optional(session_ids))
    | st.builds(
        RemoteStart, location=st.sampled_from([None, ChargingLocation(evse_id=FIRST)]), product=optional(products)
    )
    | st.builds(Reserve, duration_s=st.integers(0, 999), start_time=optional(moments), emaids=several(accounts))
)


@given(sessions | records | reservations | authentications | products | meters | mixes | groups | results | requests)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_what_was_written_is_read_as_the_same_value(value: msgspec.Struct) -> None:
    body = write(value)
    loaded = read(type(value), body)
    assert loaded.value == value
    assert write(loaded.value) == body


@given(i18n, schedules(Status), schedules(AdminStatus), licences, mixes)
@settings(deadline=None)
def test_what_all_places_have_is_read_and_written(name: Any, status: Any, admin: Any, licence: Any, mix: Any) -> None:
    both = {"status": tuple(status), "admin_status": tuple(admin), "data_licenses": licence}
    made_station = station(evse(energy_mix=mix, data_licenses=licence), energy_mix=mix, **both)
    made = RoamingNetworkData(
        id="x",
        name=name,
        charging_station_operators=[operator(charging_pools=[pool(made_station, energy_mix=mix, **both)], **both)],
        e_mobility_providers=[EMobilityProvider(id=EMobilityProviderId.parse("DE-GDF"), **both)],
        **both,
    )
    assert read(RoamingNetworkData, write(made)).value == made


def test_the_keys_are_those_of_wwcp() -> None:
    cdr = ChargeDetailRecord(
        id=ChargeDetailRecordId.parse("DE*GEF*D1"),
        session_id=ChargingSessionId.parse("DE*GEF*N1"),
        session_time=SessionTime(start=MONDAY, end=TUESDAY),
        duration_s=Decimal(86400),
        evse_id=FIRST,
        authentication_start=rfid("11223344"),
        charging_price=ChargingPrice(base=Decimal("1.23"), vat=Decimal("0.34"), currency="EUR"),
        energy_metering_values=[EnergyMeteringValue(timestamp=MONDAY, energy_kwh=Decimal("1334.034"))],
    )
    assert json.loads(write(cdr)) == {
        "@id": "DE*GEF*D1",
        "@context": f"{CONTEXT}chargeDetailRecord",
        "sessionId": "DE*GEF*N1",
        "sessionTime": {"start": "2026-08-03T08:00:00Z", "end": "2026-08-04T08:00:00Z"},
        "duration": 86400,
        "evseId": "DE*GEF*E1*A*1",
        "authenticationStart": {"authToken": "11223344", "authTokenType": "RFID"},
        "chargingPrice": {"base": 1.23, "vat": 0.34, "currency": "EUR"},
        "energyMeteringValues": [{"timestamp": "2026-08-03T08:00:00Z", "value": 1334.034}],
    }
    assert cdr.charging_price is not None
    assert cdr.charging_price.total == Decimal("1.57")


@pytest.mark.parametrize(
    ("cls", "body", "message"),
    [
        (Authentication, {}, "$: expected exactly one way of authentication, got 0"),
        (Authentication, {"authToken": "1", "PIN": "2"}, "$: expected exactly one way of authentication, got 2"),
        (Authentication, {"PIN": "12G"}, "$: expected a PIN of 1 to 20 hexadecimal digits"),
        (Authentication, {"authToken": " "}, "$: expected an identification of 1 to 255 characters, got 1"),
        (
            AuthorizeStart,
            {"authentication": {"remoteIdentification": "DE-GDF"}},
            "$.authentication.remoteIdentification: expected an EMobilityAccountId like DE-GDF-C12345678, got 'DE-GDF'",
        ),
        (
            ChargingSession,
            {"@id": "s", "start": {"timestamp": "now"}},
            "$.start.timestamp: expected a DateTime like 2015-06-29T20:39:09Z, got 'now'",
        ),
        (ChargeDetailRecord, {"@id": "c", "sessionId": "s"}, "$: Object missing required field `sessionTime`"),
        (
            ChargeDetailRecord,
            {"@id": "c", "sessionId": "s", "sessionTime": {"start": "2026-08-03T08:00:00Z"}, "consumedEnergy": "lots"},
            "$.consumedEnergy: expected a number, got 'lots'",
        ),
        (
            RemoteStart,
            {"chargingLocation": {"evseId": "DE*GEF*X1"}},
            "$.chargingLocation.evseId: expected an EVSEId like DE*GEF*E1234*1, got 'DE*GEF*X1'",
        ),
    ],
)
def test_bad_input_is_refused_with_its_path(cls: type[msgspec.Struct], body: object, message: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        read(cls, json.dumps(body).encode())
    assert str(refused.value) == message


def test_the_energy_of_a_session_is_the_difference_of_its_readings_whatever_their_order() -> None:
    first = EnergyMeteringValue(timestamp=MONDAY, energy_kwh=Decimal("1334.034"))
    last = EnergyMeteringValue(timestamp=TUESDAY, energy_kwh=Decimal("1451.241"))
    assert consumed_kwh([last, first]) == Decimal("117.207")
    assert consumed_kwh([first]) is None


def test_tokens_are_compared_without_case_and_separators() -> None:
    assert token_text("04-ab:12") == token_text(" 04AB12 ") == "04AB12"
    assert token_text("my-token") == "MY-TOKEN"
    assert rfid("04-ab-12").key == rfid("04AB12").key
    assert Authentication(auth_token="04AB12").key != rfid("04AB12").key


def test_the_pin_behind_a_qr_code_may_be_long() -> None:
    """Its length counts for itself: a salted hash is longer than an identification."""
    account = EMobilityAccountId.parse("DE-GDF-C12345678")
    qr = QRCodeIdentification(emaid=account, hashed_pin=HashedPIN(function="pbkdf2", value="ab" * 128, salt="cd" * 64))
    assert Authentication(qr_code_identification=qr).account == account
