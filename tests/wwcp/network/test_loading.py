# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from tests.wwcp.making import MONDAY, Clock, evse, operator, pool, station
from tests.wwcp.strategies import networks
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, OCPIError, TooLarge
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId
from wwcp_ocpi.wwcp.jsonld.documents import read, read_network, write
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.network.loading import load
from wwcp_ocpi.wwcp.network.places import IdTaken, LiveNetwork, UnknownId
from wwcp_ocpi.wwcp.sample.network import sample_json

PLAIN = RoamingNetworkData(
    id="test",
    charging_station_operators=[operator(charging_pools=[pool(station(evse()))])],
    charging_pools=[pool(id=ChargingPoolId.parse("NL*TNM*P1"))],
)
READERS: list[Callable[[bytes], object]] = [read_network, lambda body: load(body, clock=Clock(MONDAY))]


@given(networks)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=30)
def test_a_network_is_loaded_as_it_would_be_read(network: RoamingNetworkData) -> None:
    body = write(network)
    try:
        whole = LiveNetwork(read_network(body), clock=Clock(MONDAY))
    except (IdTaken, UnknownId) as refusal:
        with pytest.raises(type(refusal)):
            load(body, clock=Clock(MONDAY))
        return
    loaded = load(body, clock=Clock(MONDAY))
    assert loaded.value.snapshot() == whole.snapshot()
    assert sorted(map(str, loaded.notes)) == sorted(map(str, read(RoamingNetworkData, body).notes))


def test_the_sample_is_loaded() -> None:
    body = sample_json(pools=30, evses=100)
    assert load(body).value.snapshot() == LiveNetwork(read_network(body)).snapshot()


def test_the_garbage_collector_works_again_after_a_load_good_or_bad() -> None:
    load(write(PLAIN))
    assert gc.isenabled()
    with pytest.raises(MalformedBody):
        load(b"{")
    assert gc.isenabled()


def plain() -> dict[str, Any]:
    return dict(json.loads(write(PLAIN)))


def network(**changes: Any) -> bytes:
    return json.dumps(plain() | changes).encode()


def one_pool(**changes: Any) -> bytes:
    found = plain()
    found["chargingStationOperators"][0]["chargingPools"][0] |= changes
    return json.dumps(found).encode()


DEEP = "[" * 100_000 + "]" * 100_000
IN_POOL = "$.chargingStationOperators[0].chargingPools[0]"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("body", "error", "path"),
    [
        (b"", MalformedBody, "$"),
        (b"{", MalformedBody, "$"),
        (write(PLAIN)[:-40], MalformedBody, "$"),
        (write(PLAIN).replace(b"Markt", b"\xff\xfe"), MalformedBody, "$"),
        (write(PLAIN).replace(b"50.927054", b"50.927054e999999999999999999999"), MalformedBody, "$"),
        (write(PLAIN).replace(b"50.927054", DEEP.encode()), TooLarge, None),
        (b"[]", InvalidParameters, "$"),
        (b"null", InvalidParameters, "$"),
        (network(chargingStationOperators={}), InvalidParameters, "$.chargingStationOperators"),
        (network(chargingStationOperators=[1]), InvalidParameters, "$.chargingStationOperators[0]"),
        (network(chargingPools="no"), InvalidParameters, "$.chargingPools"),
        (network(**{"@id": 1}), InvalidParameters, "$.@id"),
        (one_pool(**{"@id": "DE*GEF*X1"}), InvalidParameters, f"{IN_POOL}.@id"),
        (one_pool(**{"@id": "NL*TNM*P7"}), InvalidParameters, f"{IN_POOL}.@id"),
        (one_pool(chargingStations=[{"EVSEs": []}]), InvalidParameters, f"{IN_POOL}.chargingStations[0]"),
        (one_pool(geoLocation={"lat": "x", "lng": 1}), InvalidParameters, f"{IN_POOL}.geoLocation.lat"),
        (one_pool(maxPower=True), InvalidParameters, f"{IN_POOL}.maxPower"),
        (one_pool(status=[["now", "x"]]), InvalidParameters, f"{IN_POOL}.status[0][0]"),
        (one_pool(authenticationModes=[{"type": 5}]), InvalidParameters, f"{IN_POOL}.authenticationModes[0].type"),
        (network(chargingPools=[{"@id": "DE*GEF*P1"}]), InvalidParameters, "$.chargingPools[0].@id"),
    ],
)
def test_what_is_no_network_is_refused_with_the_place_of_the_mistake(
    reader: Callable[[bytes], object], body: bytes, error: type[OCPIError], path: str | None
) -> None:
    with pytest.raises(error) as refused:
        reader(body)
    assert path is None or str(refused.value).startswith(f"{path}: ") or getattr(refused.value, "path", "") == path


@pytest.mark.parametrize("reader", READERS)
def test_a_list_under_two_spellings_is_refused(reader: Callable[[bytes], object]) -> None:
    with pytest.raises(InvalidParameters, match="stands here twice, in different case"):
        reader(network(CHARGINGPOOLS=[]))


def test_keys_are_found_in_any_case_and_nulls_are_absent() -> None:
    body = write(PLAIN)
    for key in ("chargingStationOperators", "chargingPools", "chargingStations", "EVSEs"):
        body = body.replace(f'"{key}"'.encode(), f'"{key.upper()}"'.encode())
    body = body.replace(b'"@id":"test"', b'"@id":"test","description":null,"eMobilityProviders":null')
    expected = LiveNetwork(PLAIN, clock=Clock(MONDAY)).snapshot()
    assert load(body, clock=Clock(MONDAY)).value.snapshot() == expected


def test_links_to_parents_are_checked_as_they_are_in_a_whole_network() -> None:
    good = one_pool(chargingStationOperatorId="DEGEF", roamingNetworkId="test")
    assert load(good).notes == []
    (note,) = load(one_pool(chargingStationOperatorId="DE*XYZ")).notes
    assert (note.path, "the place counts" in note.text) == (f"{IN_POOL}.chargingStationOperatorId", True)


def test_unknown_keys_are_kept_and_noted_on_every_level() -> None:
    body = write(PLAIN).replace(b'"@id":"DE*GEF*E1*A*1"', b'"@id":"DE*GEF*E1*A*1","colour":"red"')
    loaded = load(body, clock=Clock(MONDAY))
    (note,) = loaded.notes
    assert note.path == f"{IN_POOL}.chargingStations[0].EVSEs[0].colour"
    (found,) = loaded.value.evses()
    assert found.extra == {"colour": "red"}
    assert write(loaded.value.snapshot()).count(b'"colour":"red"') == 1


def test_what_was_loaded_can_be_changed() -> None:
    live = load(write(PLAIN), clock=Clock(MONDAY)).value
    known = live.pool(ChargingPoolId.parse("DE*GEF*P1"))
    assert live.upsert_pool(known) is None
    assert live.upsert_pool(replace(known, name={"de": "Neu"}, last_change=None)) is not None
