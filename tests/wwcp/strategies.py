# SPDX-License-Identifier: AGPL-3.0-or-later
"""Roaming networks of any content, for laws that must hold for all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes, Period
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    Address,
    AuthenticationMode,
    Brand,
    ChargingCable,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    EMobilityProvider,
    GeoLocation,
    Logo,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.tariff import (
    ChargingPriceComponent,
    ChargingTariff,
    ChargingTariffElement,
    ChargingTariffRestriction,
)
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

OPERATORS = [ChargingStationOperatorId.parse(text) for text in ("DE*GEF", "NLVBL", "+49*8221")]

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
words = st.text("abcdefgh XYZ-_*ü", min_size=1, max_size=12)
i18n = st.dictionaries(st.sampled_from(["en", "de", "fr", "en-GB", ""]), texts, max_size=3)
numbers = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=5)
degrees = st.decimals(min_value=-95, max_value=95, places=8) | st.sampled_from([Decimal("-0.00000001"), Decimal(9)])
hours = st.sampled_from(["00:00", "08:00", "8:15", "22:30:00", "24:00", "25:00", ""])
moments = st.integers(min_value=0, max_value=4_000_000_000_000).map(
    lambda milliseconds: DateTime.from_micros(milliseconds * 1000)
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | texts | numbers | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
extras = st.none() | st.dictionaries(words.map(lambda word: f"x{word}"), json_values, min_size=1, max_size=2)
custom_data = st.none() | st.dictionaries(texts, json_values, max_size=2)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=2)


def schedules(kind: Any) -> st.SearchStrategy[list[Any]]:
    values = st.sampled_from(list(kind)) | words.map(kind)
    return st.dictionaries(moments, values, max_size=3).map(
        lambda entries: [Timestamped(at, entries[at]) for at in sorted(entries, reverse=True)]
    )


places = st.builds(
    GeoLocation,
    latitude=degrees,
    longitude=degrees,
    altitude=optional(numbers),
    projection=st.sampled_from([None, None, "WGS84", "WGS 84", "Moon"]),
    extra=extras,
)
addresses = st.builds(
    Address,
    street=optional(texts),
    house_number=optional(texts),
    floor_level=optional(texts),
    postal_code=optional(texts),
    city=i18n,
    region=optional(texts),
    country=st.sampled_from(["DEU", "NL", "XX", None]),
    time_zone=optional(texts),
    official_languages=several(texts),
    comment=i18n,
    custom_data=custom_data,
    extra=extras,
)
modes = several(
    st.builds(
        AuthenticationMode,
        type=st.sampled_from(AuthenticationType) | words.map(AuthenticationType),
        card_types=several(texts),
        extra=extras,
    )
)
brands = several(st.builds(Brand, id=words, name=i18n, logo=optional(texts), homepage=optional(texts), extra=extras))
opening_times = st.builds(
    OpeningTimes,
    is_24_7=st.booleans(),
    regular_openings=several(
        st.dictionaries(st.sampled_from(Weekday), several(st.builds(HourRange, begin=hours, end=hours)), max_size=2)
    ),
    exceptional_openings=several(st.builds(Period, begin=moments, end=moments)),
    exceptional_closings=several(st.builds(Period, begin=moments, end=moments)),
    free_text=optional(texts),
    extra=extras,
)
tariff_ids = st.builds(
    ChargingTariffId, st.sampled_from(OPERATORS), st.text("ABC*_-.", min_size=1).map(lambda t: "x" + t)
)
connectors = st.builds(
    ChargingConnector,
    id=words,
    type=st.sampled_from(ChargingConnectorType) | words.map(ChargingConnectorType),
    cable=optional(st.builds(ChargingCable, length=optional(numbers), extra=extras)),
    lockable=optional(st.booleans()),
    tariff_ids=several(tariff_ids),
    terms_and_conditions=optional(texts),
    custom_data=custom_data,
    extra=extras,
)
tariffs = st.builds(
    ChargingTariff,
    id=tariff_ids,
    name=i18n,
    currency=words,
    url=optional(texts),
    elements=several(
        st.builds(
            ChargingTariffElement,
            price_components=several(
                st.builds(
                    ChargingPriceComponent,
                    type=st.sampled_from(PriceComponentType),
                    price=numbers,
                    step_size=st.integers(0, 100),
                    extra=extras,
                )
            ),
            restrictions=several(
                st.builds(
                    ChargingTariffRestriction,
                    start_time=optional(texts),
                    min_kwh=optional(numbers),
                    days_of_week=several(st.sampled_from(Weekday)),
                    extra=extras,
                )
            ),
        )
    ),
    last_change=optional(moments),
    extra=extras,
)


@st.composite
def pools(draw: st.DrawFn, operator: ChargingStationOperatorId, number: int) -> ChargingPool:
    stations = []
    for station in range(draw(st.integers(0, 2))):
        suffix = f"{number}*{station}"
        evses = [draw(evses_with(EVSEId(operator, f"{suffix}*{index}"))) for index in range(draw(st.integers(0, 2)))]
        stations.append(draw(stations_with(ChargingStationId(operator, suffix), evses)))
    return draw(
        st.builds(
            ChargingPool,
            id=st.just(ChargingPoolId(operator, str(number))),
            name=i18n,
            description=i18n,
            geo_location=optional(places),
            address=optional(addresses),
            time_zone=optional(texts),
            parking_type=optional(st.sampled_from(ParkingType) | words.map(ParkingType)),
            arrival_instructions=i18n,
            authentication_modes=modes,
            payment_options=several(st.sampled_from(PaymentOption)),
            features=several(st.sampled_from(Feature)),
            ui_features=several(st.sampled_from(UIFeature)),
            facilities=several(st.sampled_from(["HOTEL", "hotel", "CASINO"])),
            accessibility=optional(texts),
            hotline=optional(texts),
            opening_times=optional(opening_times),
            charging_when_closed=optional(st.booleans()),
            brands=brands,
            charging_stations=st.just(stations),
            last_change=optional(moments),
            custom_data=custom_data,
            extra=extras,
        )
    )


def stations_with(id: ChargingStationId, evses: list[EVSE]) -> st.SearchStrategy[ChargingStation]:
    return st.builds(
        ChargingStation,
        id=st.just(id),
        name=i18n,
        published=st.booleans(),
        geo_location=optional(places),
        address=optional(addresses),
        physical_reference=optional(texts),
        arrival_instructions=i18n,
        authentication_modes=modes,
        features=several(st.sampled_from(Feature) | words.map(Feature)),
        hotline=optional(texts),
        opening_times=optional(opening_times),
        brands=brands,
        evses=st.just(evses),
        last_change=optional(moments),
        custom_data=custom_data,
        extra=extras,
    )


def evses_with(id: EVSEId) -> st.SearchStrategy[EVSE]:
    return st.builds(
        EVSE,
        id=st.just(id),
        name=i18n,
        geo_location=optional(places),
        physical_reference=optional(texts),
        is_free_of_charge=optional(st.booleans()),
        charging_modes=several(words),
        current_type=st.lists(st.sampled_from(CurrentType), max_size=3, unique=True),
        max_voltage=optional(numbers),
        max_current=optional(numbers),
        max_power=optional(numbers),
        charging_connectors=several(connectors),
        status=schedules(EVSEStatus),
        admin_status=schedules(EVSEAdminStatus),
        last_status_update=optional(moments),
        last_change=optional(moments),
        custom_data=custom_data | st.just({"OCPI.EVSEUId": "u1"}),
        extra=extras,
    )


@st.composite
def operators(draw: st.DrawFn, id: ChargingStationOperatorId) -> ChargingStationOperator:
    return draw(
        st.builds(
            ChargingStationOperator,
            id=st.just(id),
            name=i18n,
            address=optional(addresses),
            logos=several(st.builds(Logo, uri=texts, description=i18n, extra=extras)),
            homepage=optional(texts),
            hotline=optional(texts),
            terms_and_conditions=optional(texts),
            brands=brands,
            charging_tariffs=st.lists(tariffs, max_size=2, unique_by=lambda tariff: tariff.id),
            charging_pools=st.just([draw(pools(id, number)) for number in range(draw(st.integers(0, 2)))]),
            last_change=optional(moments),
            custom_data=custom_data,
            extra=extras,
        )
    )


def _without_shared_tariffs(operators: list[ChargingStationOperator]) -> bool:
    ids = [tariff.id for operator in operators for tariff in operator.charging_tariffs]
    return len(ids) == len(set(ids))


networks = st.builds(
    RoamingNetworkData,
    id=words,
    name=i18n,
    description=i18n,
    data_source=optional(texts),
    charging_station_operators=st.tuples(*(operators(id) for id in OPERATORS[:2]))
    .map(list)
    .filter(_without_shared_tariffs),
    charging_pools=st.tuples(pools(OPERATORS[2], 9)).map(list),
    e_mobility_providers=st.sampled_from([[], [EMobilityProvider(id=EMobilityProviderId.parse("DE-GDF"))]]),
    extra=extras,
)
