# SPDX-License-Identifier: AGPL-3.0-or-later
"""The things of a charging network, as values, and the keys they have in the WWCP JSON.

Network, operator, pool (OCPI's Location), station (OCPI 2.x has none), EVSE, connector. A child stands inside
its parent; no parent links. Electrical values are Decimal in V, A, W and Wh. Keys are those of the WWCP JSON; the
ones it lacks (status, features, tariffs ...) are ours and only add to it. `extra` keeps keys we do not know.
"""

from __future__ import annotations

from decimal import Decimal
import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.base import Extra, I18NText, WWCPObject
from wwcp_ocpi.wwcp.ids import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.opening import OpeningTimes
from wwcp_ocpi.wwcp.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.tariff import ChargingTariff
from wwcp_ocpi.wwcp.texts import (
    AuthenticationType,
    ChargingConnectorType,
    CurrentType,
    Feature,
    ParkingType,
    PaymentOption,
    UIFeature,
)

class RoamingNetworkData(WWCPObject, kw_only=True):
    """A roaming network at one moment, whole. The living one is `network.LiveNetwork`."""

    id: str = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    charging_station_operators: list[ChargingStationOperator] = []
    charging_pools: list[ChargingPool] = []  # a file of pools only; a network puts them under their operators
    e_mobility_providers: list[EMobilityProvider] = []
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingStationOperator(WWCPObject, kw_only=True):
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
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EMobilityProvider(WWCPObject, kw_only=True):
    """Who has contracts with drivers."""

    id: EMobilityProviderId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    address: Address | None = None
    logos: list[Logo] = []
    homepage: str | None = None
    hotline: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingPool(WWCPObject, kw_only=True):
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
    charging_stations: list[ChargingStation] = []
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingStation(WWCPObject, kw_only=True):
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
    evses: list[EVSE] = msgspec.field(default_factory=list, name="EVSEs")
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EVSE(WWCPObject, kw_only=True):
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
    status: list[Timestamped[EVSEStatus]] = []
    admin_status: list[Timestamped[EVSEAdminStatus]] = []
    last_status_update: DateTime | None = None  # when we learned of the status, not since when it holds
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingConnector(WWCPObject, kw_only=True):
    """One socket or, with a cable, one plug of an EVSE."""

    id: str = msgspec.field(name="@id")
    type: ChargingConnectorType
    cable: ChargingCable | None = None
    lockable: bool | None = None
    tariff_ids: list[ChargingTariffId] = []
    terms_and_conditions: str | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingCable(WWCPObject, kw_only=True):
    """The cable of a connector; that there is one says more than its values."""

    length: Decimal | None = None  # m
    resistance: Decimal | None = None  # microohm
    loss_compensation_name: str | None = None
    loss_compensation_identification: Decimal | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Address(WWCPObject, kw_only=True):
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


class GeoLocation(WWCPObject, kw_only=True):
    """A point on earth, WGS 84 unless `projection` says otherwise."""

    latitude: Decimal = msgspec.field(name="lat")  # degrees
    longitude: Decimal = msgspec.field(name="lng")  # degrees
    altitude: Decimal | None = msgspec.field(default=None, name="alt")  # m
    projection: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class AuthenticationMode(WWCPObject, kw_only=True):
    """One way to identify; an RFID reader may name its card types."""

    type: AuthenticationType
    card_types: list[str] = []
    brand_ids: list[str] = []
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Brand(WWCPObject, kw_only=True):
    """A name under which the public knows stations."""

    id: str = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    logo: str | None = None
    homepage: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Logo(WWCPObject, kw_only=True):
    """A picture of a company."""

    uri: str
    description: I18NText = {}
    extra: Extra | None = msgspec.field(default=None, name="@extra")


def evses_of(pool: ChargingPool) -> list[EVSE]:
    """All EVSEs of a pool, station by station."""
    return [evse for station in pool.charging_stations for evse in station.evses]
