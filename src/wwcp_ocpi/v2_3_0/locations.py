# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations of OCPI 2.3.0, their EVSEs and connectors."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int, NonEmpty, Number
from wwcp_ocpi.scalars.numbers import Int1, Int5
from wwcp_ocpi.scalars.text import (
    URL,
    CiString,
    CiString2,
    CiString3,
    CiString4,
    CiString25,
    CiString36,
    CiString48,
    Latitude,
    LocalTime,
    Longitude,
    String3,
    String4,
    String10,
    String12,
    String16,
    String45,
    String50,
    String64,
    String100,
    String255,
)
from wwcp_ocpi.v2_3_0.enums import (
    Capability,
    ConnectorCapability,
    ConnectorFormat,
    ConnectorType,
    EnergySourceCategory,
    EnvironmentalImpactCategory,
    EVSEPosition,
    Facility,
    ImageCategory,
    ParkingDirection,
    ParkingRestriction,
    ParkingType,
    PowerType,
    Status,
    TokenType,
    VehicleType,
)
from wwcp_ocpi.v2_3_0.types import DisplayText


class Location(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place with charge points, with its EVSEs and their connectors inside.

    Spec: mod_locations#mod_locations_location_object
    """

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    publish: bool
    publish_allowed_to: list[PublishTokenType] | None = None
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: String3
    coordinates: GeoLocation
    related_locations: list[AdditionalGeoLocation] | None = None
    parking_type: ParkingType | None = None
    evses: list[EVSE] | None = None
    parking_places: list[Parking] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    time_zone: String255
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
    help_phone: CiString25 | None = None
    last_updated: DateTime


class EVSE(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a charge point that charges one vehicle at a time.

    Spec: mod_locations#mod_locations_evse_object
    """

    uid: CiString36
    evse_id: CiString48 | None = None
    status: Status
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    connectors: NonEmpty[Connector]
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    parking: list[EVSEParking] | None = None
    images: list[Image] | None = None
    accepted_service_providers: list[String50] | None = None
    last_updated: DateTime


class Connector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One socket or cable of an EVSE. Spec: mod_locations#mod_locations_connector_object."""

    id: CiString36
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: Int  # V; of AC_3_PHASE from line to neutral
    max_amperage: Int  # A
    max_electric_power: Int | None = None  # W
    tariff_ids: list[CiString36] | None = None
    terms_and_conditions: URL | None = None
    capabilities: list[ConnectorCapability] | None = None
    last_updated: DateTime


class Parking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One parking place, and which vehicles fit in. Spec: mod_locations#mod_locations_parking_object."""

    id: CiString36
    physical_reference: String12 | None = None
    vehicle_types: NonEmpty[VehicleType]
    max_vehicle_weight: Number | None = None  # kg
    max_vehicle_height: Number | None = None  # cm
    max_vehicle_length: Number | None = None  # cm
    max_vehicle_width: Number | None = None  # cm
    parking_space_length: Number | None = None  # cm
    parking_space_width: Number | None = None  # cm
    dangerous_goods_allowed: bool | None = None
    direction: ParkingDirection | None = None
    drive_through: bool | None = None
    restricted_to_type: bool
    reservation_required: bool
    time_limit: Number | None = None  # minutes
    roofed: bool | None = None
    images: list[Image] | None = None
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: list[CiString36] | None = None
    apds_reference: CiString | None = None


class AdditionalGeoLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One more point of a Location, an entrance for example. WGS 84 degrees as text.

    Spec: mod_locations#mod_locations_additionalgeolocation_class
    """

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class BusinessDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Name, website and logo of a company. Spec: mod_locations#mod_locations_businessdetails_class."""

    name: String100
    website: URL | None = None
    logo: Image | None = None


class EnergyMix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the energy comes from. Spec: mod_locations#mod_locations_energymix_class."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class EnergySource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source of energy and its share. Spec: mod_locations#mod_locations_energysource_class."""

    source: EnergySourceCategory
    percentage: Number  # percent


class EnvironmentalImpact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One burden on the environment, by kWh. Spec: mod_locations#mod_locations_environmentalimpact_class."""

    category: EnvironmentalImpactCategory
    amount: Number  # g/kWh


class EVSEParking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which parking place belongs to an EVSE, and on which side it stands.

    Spec: mod_locations#mod_locations_evseparking_class
    """

    parking_id: CiString36
    evse_position: EVSEPosition | None = None


class ExceptionalPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time in which other opening hours hold.

    Spec: mod_locations#mod_locations_exceptionalperiod_class
    """

    period_begin: DateTime
    period_end: DateTime


class GeoLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point on earth. WGS 84 degrees as text. Spec: mod_locations#mod_locations_geolocation_class."""

    latitude: Latitude
    longitude: Longitude


class Hours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a Location is open, in local time. Spec: mod_locations#mod_locations_hours_class."""

    twentyfourseven: bool
    regular_hours: list[RegularHours] | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture and what it shows. Spec: mod_locations#mod_locations_image_class."""

    url: URL
    thumbnail: URL | None = None
    category: ImageCategory
    type: CiString4
    width: Int5 | None = None  # pixels
    height: Int5 | None = None  # pixels


class PublishTokenType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose Location it is that is not shown to everyone.

    Spec: mod_locations#mod_locations_publish_token_class
    """

    uid: CiString36 | None = None
    type: TokenType | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None


class RegularHours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Opening hours of one weekday, 1 for Monday to 7 for Sunday, in local time.

    Spec: mod_locations#mod_locations_regularhours_class
    """

    weekday: Int1  # 1 is Monday
    period_begin: LocalTime
    period_end: LocalTime


class StatusSchedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A status that is planned for a time. Spec: mod_locations#mod_locations_statusschedule_class."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status
