# SPDX-License-Identifier: AGPL-3.0-or-later
"""The things of a charging network, as values, and the keys they have in the WWCP JSON.

Network, operator, pool (OCPI's Location), station (OCPI 2.x has none), EVSE, connector. A child stands inside
its parent; no parent links. Values are never changed in place. Electrical values are Decimal in V, A, W and Wh.
Keys are those of the WWCP JSON; the ones it lacks (status, features, tariffs ...) are ours and only add to it.
`extra` keeps keys we do not know.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationGroupId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEGroupId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.energy import EnergyMeter, EnergyMix
from wwcp_ocpi.wwcp.model.opening import OpeningTimes
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, Status
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.model.texts import (
    AuthenticationType,
    ChargingConnectorType,
    CurrentType,
    Feature,
    ParkingType,
    PaymentOption,
    UIFeature,
)


class RoamingNetworkData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A roaming network at one moment, whole. The living one is `network.LiveNetwork`."""

    id: str = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    charging_station_operators: list[ChargingStationOperator] = []
    charging_pools: list[ChargingPool] = []  # a file of pools only; a network puts them under their operators
    e_mobility_providers: list[EMobilityProvider] = []
    data_licenses: tuple[DataLicense, ...] = ()
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingStationOperator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Who runs pools, and at which tariffs."""

    id: ChargingStationOperatorId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    address: Address | None = None
    geo_location: GeoLocation | None = None
    logos: list[Logo] = []
    homepage: str | None = None
    hotline: str | None = None
    terms_and_conditions: str | None = msgspec.field(default=None, name="termsAndConditionsURL")
    brands: list[Brand] = []
    charging_tariffs: list[ChargingTariff] = []
    charging_pools: list[ChargingPool] = []
    telephone: str | None = None
    email: str | None = msgspec.field(default=None, name="eMailAddress")
    data_licenses: tuple[DataLicense, ...] = ()
    evse_groups: tuple[EVSEGroup, ...] = msgspec.field(default=(), name="EVSEGroups")
    charging_station_groups: tuple[ChargingStationGroup, ...] = ()
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EMobilityProvider(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Who has contracts with drivers."""

    id: EMobilityProviderId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    address: Address | None = None
    logos: list[Logo] = []
    homepage: str | None = None
    hotline: str | None = None
    telephone: str | None = None
    email: str | None = msgspec.field(default=None, name="eMailAddress")
    geo_location: GeoLocation | None = None
    data_source: str | None = None
    data_licenses: tuple[DataLicense, ...] = ()
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingPool(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A place with stations: OCPI's Location. Its stations inherit what they do not say themselves."""

    id: ChargingPoolId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    geo_location: GeoLocation | None = None
    address: Address | None = None
    time_zone: str | None = None  # of the IANA database; that of the address comes first
    parking_type: ParkingType | None = msgspec.field(default=None, name="locationType")
    arrival_instructions: I18NText = {}
    authentication_modes: list[AuthenticationMode] = []
    payment_options: list[PaymentOption] = []
    features: list[Feature] = []
    ui_features: list[UIFeature] = msgspec.field(default_factory=list, name="UIFeatures")
    facilities: list[str] = []  # the words of OCPI
    accessibility: str | None = None
    hotline: str | None = msgspec.field(default=None, name="hotlinePhoneNumber")
    opening_times: OpeningTimes | None = None
    charging_when_closed: bool | None = None
    brands: list[Brand] = []
    entrance_location: GeoLocation | None = None
    exit_location: GeoLocation | None = None
    entrance_address: Address | None = None
    exit_address: Address | None = None
    location_languages: tuple[str, ...] = ()
    grid_connection: str | None = None
    photo_urls: tuple[str, ...] = msgspec.field(default=(), name="photoURLs")
    max_current: Decimal | None = None  # A
    max_power: Decimal | None = None  # W
    max_capacity: Decimal | None = None  # Wh
    energy_mix: EnergyMix | None = None
    data_licenses: tuple[DataLicense, ...] = ()
    charging_stations: list[ChargingStation] = []
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingStation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """One cabinet with EVSEs."""

    id: ChargingStationId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    published: bool = True
    geo_location: GeoLocation | None = None
    address: Address | None = None
    physical_reference: str | None = None
    arrival_instructions: I18NText = {}
    authentication_modes: list[AuthenticationMode] = []
    payment_options: list[PaymentOption] = []
    features: list[Feature] = []
    ui_features: list[UIFeature] = msgspec.field(default_factory=list, name="UIFeatures")
    hotline: str | None = msgspec.field(default=None, name="hotlinePhoneNumber")
    opening_times: OpeningTimes | None = None
    is_free_of_charge: bool | None = None
    brands: list[Brand] = []
    charging_when_closed: bool | None = None
    accessibility: str | None = None
    facilities: tuple[str, ...] = ()
    grid_connection: str | None = None
    certification_info: str | None = None
    calibration_info: str | None = None
    model_code: str | None = None
    open_street_map_node_id: str | None = None
    service_identification: str | None = None
    max_reservation_duration: int | None = None  # s
    photo_urls: tuple[str, ...] = msgspec.field(default=(), name="photoURLs")
    max_current: Decimal | None = None  # A
    max_power: Decimal | None = None  # W
    max_capacity: Decimal | None = None  # Wh
    energy_mix: EnergyMix | None = None
    data_licenses: tuple[DataLicense, ...] = ()
    evses: list[EVSE] = msgspec.field(default_factory=list, name="EVSEs")
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EVSE(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What charges one vehicle at a time. `status`: planned ones, then the one in force."""

    id: EVSEId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    geo_location: GeoLocation | None = None
    physical_reference: str | None = None
    is_free_of_charge: bool | None = None
    charging_modes: list[str] = []
    current_type: list[CurrentType] = []
    max_voltage: Decimal | None = msgspec.field(default=None, name="averageVoltage")  # V
    max_current: Decimal | None = None  # A
    max_power: Decimal | None = None  # W
    max_capacity: Decimal | None = None  # Wh
    charging_connectors: list[ChargingConnector] = msgspec.field(default_factory=list, name="socketOutlets")
    photo_urls: tuple[str, ...] = msgspec.field(default=(), name="photoURLs")
    calibration_info: str | None = None
    energy_meter: EnergyMeter | None = None
    energy_mix: EnergyMix | None = None
    data_licenses: tuple[DataLicense, ...] = ()
    status: list[Timestamped[EVSEStatus]] = []
    admin_status: list[Timestamped[EVSEAdminStatus]] = []
    last_status_update: DateTime | None = None  # when we learned of the status, not since when it holds
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingConnector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """One socket or, with a cable, one plug of an EVSE."""

    id: str = msgspec.field(name="@id")
    type: ChargingConnectorType
    cable: ChargingCable | None = None
    lockable: bool | None = None
    tariff_ids: list[ChargingTariffId] = []
    terms_and_conditions: str | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingCable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """The cable of a connector; that there is one says more than its values."""

    length: Decimal | None = None  # m
    resistance: Decimal | None = None  # microohm
    loss_compensation_name: str | None = None
    loss_compensation_identification: Decimal | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A postal address. `country` has three letters of ISO 3166-1."""

    street: str | None = None
    house_number: str | None = None
    floor_level: str | None = None
    postal_code: str | None = None
    postal_code_sub: str | None = None
    city: I18NText = {}
    region: str | None = None
    country: str | None = None
    time_zone: str | None = None
    official_languages: list[str] = []
    comment: I18NText = {}
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class GeoLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A point on earth, WGS 84 unless `projection` says otherwise."""

    latitude: Decimal = msgspec.field(name="lat")  # degrees
    longitude: Decimal = msgspec.field(name="lng")  # degrees
    altitude: Decimal | None = msgspec.field(default=None, name="alt")  # m
    projection: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class AuthenticationMode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """One way to identify; an RFID reader may name its card types."""

    type: AuthenticationType
    card_types: list[str] = []
    brand_ids: list[str] = []
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Brand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A name under which the public knows stations."""

    id: str = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    logo: str | None = None
    homepage: str | None = None
    data_licenses: tuple[DataLicense, ...] = ()
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class DataLicense(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Under which licence data may be used."""

    id: str = msgspec.field(name="@id")
    description: I18NText = {}
    urls: list[str] = msgspec.field(default_factory=list, name="URLs")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EVSEGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """EVSEs that belong together for their operator: by what brand, at what tariff."""

    id: EVSEGroupId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    brand: Brand | None = None
    priority: int | None = None
    tariff_id: ChargingTariffId | None = msgspec.field(default=None, name="chargingTariffId")
    evse_ids: tuple[EVSEId, ...] = msgspec.field(default=(), name="EVSEIds")
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingStationGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Stations that belong together."""

    id: ChargingStationGroupId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    brand: Brand | None = None
    priority: int | None = None
    tariff_id: ChargingTariffId | None = msgspec.field(default=None, name="chargingTariffId")
    charging_station_ids: tuple[ChargingStationId, ...] = ()
    status: tuple[Timestamped[Status], ...] = ()
    admin_status: tuple[Timestamped[AdminStatus], ...] = ()
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Logo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A picture of a company."""

    uri: str
    description: I18NText = {}
    extra: Extra | None = msgspec.field(default=None, name="@extra")


def evses_of(pool: ChargingPool) -> list[EVSE]:
    """All EVSEs of a pool, station by station."""
    return [evse for station in pool.charging_stations for evse in station.evses]
