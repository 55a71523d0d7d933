# SPDX-License-Identifier: AGPL-3.0-or-later
"""A roaming network that is made up: three operators, pools in the cities of Europe, AC and DC, tariffs, statuses.

The same seed makes the same network, to the byte. It maps to OCPI without loss.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random
from typing import NamedTuple

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.jsonld.documents import write
from wwcp_ocpi.wwcp.model.opening import HourRange, OpeningTimes
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    Address,
    AuthenticationMode,
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
    PriceComponentType,
    Weekday,
)
from wwcp_ocpi.wwcp.sample.places import CITIES, STREETS, City

MADE_AT = DateTime.parse("2025-06-01T00:00:00.000Z")
"""When the network is as it is, unless another moment is given. Fixed, for the sake of equal bytes."""


class _Operator(NamedTuple):
    id: str
    name: str
    language: str
    domain: str
    hotline: str
    countries: str


_OPERATORS = (
    _Operator("DE*GEF", "GEF Beispielstrom", "de", "gef.example", "+49 30 555 0100", "DEU AUT CHE CZE POL DNK"),
    _Operator("NL*VBL", "Voorbeeld Laden", "nl", "vbl.example", "+31 20 555 0100", "NLD BEL LUX SWE NOR FIN"),
    _Operator("FR*EXR", "Exemple Recharge", "fr", "exr.example", "+33 1 55 50 01 00", "FRA ESP PRT ITA"),
)


class _Kind(NamedTuple):
    """One kind of EVSE: V between lines, A, W, and the plugs."""

    tariff: str
    current: CurrentType
    voltage: int
    amperage: int
    power: int
    plugs: tuple[ChargingConnectorType, ...]
    tethered: bool


_T2, _CCS = ChargingConnectorType.IEC_62196_T2, ChargingConnectorType.IEC_62196_T2_COMBO
_KINDS = (
    _Kind("AC", CurrentType.AC_ThreePhases, 400, 32, 22_000, (_T2,), False),
    _Kind("AC", CurrentType.AC_ThreePhases, 400, 16, 11_000, (_T2,), False),
    _Kind("AC", CurrentType.AC_ThreePhases, 400, 32, 22_000, (_T2,), True),
    _Kind("AC", CurrentType.AC_OnePhase, 230, 32, 7_400, (_T2,), False),
    _Kind("DC", CurrentType.DC, 500, 125, 50_000, (_CCS, ChargingConnectorType.CHADEMO), True),
    _Kind("DC", CurrentType.DC, 920, 200, 150_000, (_CCS,), True),
    _Kind("HPC", CurrentType.DC, 920, 500, 350_000, (_CCS,), True),
)
_KIND_WEIGHTS = (36, 14, 10, 8, 12, 12, 8)
_STATUSES = {
    EVSEStatus.available: 58,
    EVSEStatus.charging: 22,
    EVSEStatus.pluggedIn: 4,
    EVSEStatus.occupied: 3,
    EVSEStatus.reserved: 2,
    EVSEStatus.outOfService: 3,
    EVSEStatus.faulted: 2,
    EVSEStatus.offline: 3,
    EVSEStatus.blocked: 1,
    EVSEStatus.inDeployment: 2,
}
_FACILITIES = ("HOTEL", "RESTAURANT", "CAFE", "SUPERMARKET", "TRAIN_STATION", "PARKING_LOT", "WIFI", "MUSEUM")
_OPTIONAL_TARIFFS = ("NIGHT", "SESSION", "ROAMING")
_WORKDAYS = list(Weekday)[:5]


def sample_network(
    seed: int = 2026, *, pools: int = 200, evses: int = 1000, at: DateTime = MADE_AT
) -> RoamingNetworkData:
    """A network as of `at`. Every pool has at least one EVSE, so `evses` is at least `pools`."""
    return _Maker(Random(seed), at).network(pools, max(evses, pools))  # noqa: S311


def sample_json(seed: int = 2026, *, pools: int = 200, evses: int = 1000, at: DateTime = MADE_AT) -> bytes:
    """The same as WWCP JSON, as an operator would hand it in."""
    return write(sample_network(seed, pools=pools, evses=evses, at=at))


class _Maker:
    def __init__(self, random: Random, at: DateTime) -> None:
        self.random = random
        self.at = at

    def network(self, pools: int, evses: int) -> RoamingNetworkData:
        sizes = [1] * pools
        for _ in range(evses - pools):
            sizes[self.random.randrange(pools)] += 1
        operators = []
        for number, about in enumerate(_OPERATORS):
            mine = list(enumerate(sizes, start=1))[number :: len(_OPERATORS)]
            operators.append(self.operator(about, mine))
        return RoamingNetworkData(
            id="Prod",
            name={"en": "Sample roaming network"},
            charging_station_operators=operators,
            e_mobility_providers=[
                EMobilityProvider(
                    id=EMobilityProviderId.parse("DE-GDF"), name={"en": "Sample provider"}, last_change=self.at
                )
            ],
        )

    def operator(self, about: _Operator, sizes: list[tuple[int, int]]) -> ChargingStationOperator:
        id = ChargingStationOperatorId.parse(about.id)
        cities = [city for city in CITIES if city.country in about.countries.split()]
        optional = self.random.sample(_OPTIONAL_TARIFFS, self.random.randint(0, 3))
        tariffs = [self.tariff(id, name) for name in ("AC", "DC", "HPC", *sorted(optional))]
        return ChargingStationOperator(
            id=id,
            name={about.language: about.name},
            logos=[Logo(uri=f"https://{about.domain}/logo.svg")],
            homepage=f"https://{about.domain}/",
            hotline=about.hotline,
            terms_and_conditions=f"https://{about.domain}/terms",
            charging_tariffs=tariffs,
            charging_pools=[self.pool(id, number, size, self.random.choice(cities), tariffs) for number, size in sizes],
            last_change=self.earlier(days=400),
        )

    def tariff(self, operator: ChargingStationOperatorId, name: str) -> ChargingTariff:
        cents = {"AC": 45, "DC": 59, "HPC": 69}.get(name, 52) + self.random.randint(-6, 6)
        energy = _price(PriceComponentType.ENERGY, Decimal(cents).scaleb(-2))
        elements = [ChargingTariffElement(price_components=[energy])]
        if name == "NIGHT":
            night = ChargingTariffRestriction(start_time="22:00", end_time="06:00")
            cheap = _price(PriceComponentType.ENERGY, Decimal(cents - 15).scaleb(-2))
            elements.insert(0, ChargingTariffElement(price_components=[cheap], restrictions=[night]))
        elif name == "SESSION":
            elements[0].price_components.append(_price(PriceComponentType.FLAT, Decimal("0.50")))
        elif name in ("DC", "HPC"):
            long_stay = ChargingTariffRestriction(min_duration=self.random.choice((2700, 3600)))
            blocking = _price(PriceComponentType.PARKING_TIME, Decimal("6.00"), step_size=60)
            elements.append(ChargingTariffElement(price_components=[blocking], restrictions=[long_stay]))
        return ChargingTariff(
            id=ChargingTariffId(operator, name),
            name={"en": f"{name} of {operator}"},
            currency="EUR",
            elements=elements,
            last_change=self.earlier(days=200),
        )

    def pool(
        self,
        operator: ChargingStationOperatorId,
        number: int,
        size: int,
        city: City,
        tariffs: list[ChargingTariff],
    ) -> ChargingPool:
        street = self.random.choice(STREETS[city.language])
        stations = [
            self.station(operator, f"{number:04d}*{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[index % 26]}{index // 26 or ''}",
                         min(2, size - 2 * index), tariffs)
            for index in range((size + 1) // 2)
        ]  # fmt: skip
        return ChargingPool(
            id=ChargingPoolId(operator, f"{number:04d}"),
            name={city.language: f"{city.name} {street}"},
            geo_location=self.near(city),
            address=Address(
                street=street,
                house_number=str(self.random.randint(1, 180)),
                postal_code=self.postal_code(city),
                city={city.language: city.name},
                country=city.country,
                time_zone=city.time_zone,
            ),
            parking_type=self.random.choice(list(ParkingType)[:6]),
            facilities=self.random.sample(_FACILITIES, self.random.randint(0, 3)),
            opening_times=self.opening_times(),
            charging_when_closed=self.random.choice((True, None)),
            charging_stations=stations,
            last_change=self.earlier(days=300),
        )

    def station(
        self, operator: ChargingStationOperatorId, suffix: str, size: int, tariffs: list[ChargingTariff]
    ) -> ChargingStation:
        kind = self.random.choices(_KINDS, _KIND_WEIGHTS)[0]
        modes = [AuthenticationType.RFID, AuthenticationType.REMOTE]
        if kind.current is CurrentType.DC:
            modes += [AuthenticationType.CREDIT_CARD, AuthenticationType.NFC]
        features = [Feature.CSOUnlockSupported, Feature.Reservable, Feature.ChargingProfilesSupported]
        return ChargingStation(
            id=ChargingStationId(operator, suffix),
            physical_reference=suffix.rpartition("*")[2],
            authentication_modes=[AuthenticationMode(type=mode) for mode in modes],
            features=[feature for feature in features if self.random.random() < 0.6],
            evses=[self.evse(EVSEId(operator, f"{suffix}*{n}"), kind, tariffs) for n in range(1, size + 1)],
            last_change=self.earlier(days=300),
        )

    def evse(self, id: EVSEId, kind: _Kind, tariffs: list[ChargingTariff]) -> EVSE:
        fitting = [tariff.id for tariff in tariffs if tariff.id.suffix == kind.tariff]
        others = [tariff.id for tariff in tariffs if tariff.id.suffix in _OPTIONAL_TARIFFS]
        status = self.random.choices(list(_STATUSES), list(_STATUSES.values()))[0]
        is_planned = status is EVSEStatus.inDeployment
        admin_status = EVSEAdminStatus.planned if is_planned else EVSEAdminStatus.operational
        since = self.earlier(days=2)
        return EVSE(
            id=id,
            current_type=[kind.current],
            max_voltage=Decimal(kind.voltage),
            max_current=Decimal(kind.amperage),
            max_power=Decimal(kind.power),
            charging_connectors=[
                ChargingConnector(
                    id=str(position),
                    type=plug,
                    cable=ChargingCable(length=Decimal("4.5")) if kind.tethered else None,
                    tariff_ids=fitting + self.random.sample(others, min(1, len(others))),
                )
                for position, plug in enumerate(kind.plugs, start=1)
            ],
            status=[Timestamped(since, status)],
            admin_status=[Timestamped(since, admin_status)],
            last_change=self.earlier(days=300),
        )

    def opening_times(self) -> OpeningTimes:
        if self.random.random() < 0.7:
            return OpeningTimes(is_24_7=True)
        opens, closes = self.random.choice((6, 7, 8)), self.random.choice((18, 20, 22))
        workday = HourRange(begin=f"{opens:02d}:00", end=f"{closes:02d}:00")
        days = {day: [workday] for day in _WORKDAYS} | {Weekday.SATURDAY: [HourRange(begin="09:00", end="14:30")]}
        return OpeningTimes(regular_openings=[days])

    def near(self, city: City) -> GeoLocation:
        return GeoLocation(
            latitude=Decimal(f"{city.latitude + self.random.uniform(-0.05, 0.05):.6f}"),
            longitude=Decimal(f"{city.longitude + self.random.uniform(-0.07, 0.07):.6f}"),
        )

    def postal_code(self, city: City) -> str:
        signs = {"#": "0123456789", "@": "ABCDEGHJKLMNPRSTVWXZ"}
        return "".join(self.random.choice(signs.get(sign, sign)) for sign in city.postal_code)

    def earlier(self, *, days: int) -> DateTime:
        return DateTime.of(self.at - dt.timedelta(seconds=self.random.randrange(1, days * 86_400)))


def _price(type: PriceComponentType, price: Decimal, *, step_size: int = 1) -> ChargingPriceComponent:
    return ChargingPriceComponent(type=type, price=price, step_size=step_size)
