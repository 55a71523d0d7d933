# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.wwcp.ids.derived import evse_id_of_station, station_id_of_evses, station_id_of_pool
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId

GEF = ChargingStationOperatorId.parse("DE*GEF")


@pytest.mark.parametrize(
    ("pool", "station"),
    [("DE*GEF*P1234", "DE*GEF*S1234"), ("DE*GEF*POOL1", "DE*GEF*STATION1"), ("DEGEFP1234", "DEGEFS1234")],
)
def test_a_pool_has_a_station_of_the_same_name(pool: str, station: str) -> None:
    assert str(station_id_of_pool(ChargingPoolId.parse(pool))) == station


@pytest.mark.parametrize(
    ("station", "evse"),
    [("DE*GEF*S1234", "DE*GEF*E1234*1"), ("DE*GEF*STATION1", "DE*GEF*EVSE1*1"), ("DEGEFS1234", "DEGEFE12341")],
)
def test_an_evse_is_named_after_its_station(station: str, evse: str) -> None:
    assert str(evse_id_of_station(ChargingStationId.parse(station), "1")) == evse


def test_an_evse_id_that_would_be_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="is no suffix of an EVSEId"):
        evse_id_of_station(ChargingStationId.parse("DE*GEF*S" + "1" * 30), "1")


@pytest.mark.parametrize(
    ("evses", "station"),
    [
        (["DE*GEF*E1234*1"], "DE*GEF*S1234"),
        (["DE*GEF*E1234"], "DE*GEF*S1234"),
        (["DE*GEF*EVSE*1*A*1"], "DE*GEF*STATION*1*A"),
        (["DE*GEF*E12*A*1", "DE*GEF*E12*A*2"], "DE*GEF*S12*A"),
        (["DE*GEF*E12*A*1", "DE*GEF*E12*B*1"], "DE*GEF*S12"),
        (["DE*GEF*E121", "DE*GEF*E122"], "DE*GEF*S12"),
    ],
)
def test_the_station_is_what_its_evses_have_in_common(evses: list[str], station: str) -> None:
    assert str(station_id_of_evses([EVSEId.parse(evse) for evse in evses])) == station


def test_evses_of_several_operators_have_no_station() -> None:
    for evses in ([], [EVSEId.parse("DE*GEF*E1"), EVSEId.parse("NL*TNM*E1")]):
        with pytest.raises(ValueError, match="expected EVSEs of one operator"):
            station_id_of_evses(evses)


@given(
    st.lists(st.from_regex(r"[A-Z0-9]{1,5}(\*[A-Z0-9]{1,4}){0,3}", fullmatch=True), min_size=1, max_size=4),
    st.randoms(),
)
def test_the_station_does_not_depend_on_the_order_and_can_be_read(suffixes: list[str], random: object) -> None:
    evses = [EVSEId(GEF, suffix) for suffix in suffixes]
    found = station_id_of_evses(evses)
    random.shuffle(evses)  # type: ignore[attr-defined]
    assert station_id_of_evses(evses) == found
    assert ChargingStationId.parse(str(found)) == found


@given(
    st.from_regex(r"[A-Z0-9]{1,8}(\*[A-Z0-9]{1,4}){0,2}", fullmatch=True),
    st.from_regex(r"[A-Z0-9]{1,3}", fullmatch=True),
)
def test_from_a_station_to_its_evse_and_back(suffix: str, number: str) -> None:
    station = ChargingStationId(GEF, suffix)
    assert station_id_of_evses([evse_id_of_station(station, number)]) == station
