# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP charging pools to OCPI 2.3.0 Locations. Spec: mod_locations#mod_locations_location_object.

OCPI 2.x knows no stations: what a station says of itself goes to its EVSEs, or is noted. One EVSE that cannot be
mapped never costs the others. Whatever is required and missing costs the Location, with a note that says so.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from wwcp_ocpi.protocol.coherence import is_time_zone
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import Facility, ImageCategory, ParkingType
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import BusinessDetails, Image, Location
from wwcp_ocpi.v2_3_0.locations import GeoLocation as OCPIGeoLocation
from wwcp_ocpi.wwcp.ids.countries import country_of
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import Address, Brand, ChargingPool, ChargingStation, ChargingStationOperator
from wwcp_ocpi.wwcp.model.texts import ParkingType as WWCPParkingType
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.energy import energy_mix
from wwcp_ocpi.wwcp.ocpi.evse import capabilities, ocpi_evse
from wwcp_ocpi.wwcp.ocpi.hours import hours
from wwcp_ocpi.wwcp.ocpi.images import image_type, images
from wwcp_ocpi.wwcp.ocpi.stations import with_stations
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, FACILITY, PARKING_TYPE, LocationIds, MappingPolicy

LOCATION_ID_KEY = "OCPI.LocationId"
"""In a pool's `customData`: how the partner calls it from whom it comes, where that is not its id. Only told to him."""

PUBLISH_KEY = "OCPI.Publish"
"""The same: false where a pool without stations is not to be shown. Stations say so themselves."""

_WITHOUT_PLACE = (
    "description",
    "accessibility",
    "grid_connection",
    "max_current",
    "max_power",
    "max_capacity",
    "data_licenses",
    "status",
    "admin_status",
    "extra",
)
_POOL_WITHOUT_PLACE = (
    *_WITHOUT_PLACE,
    "entrance_location",
    "exit_location",
    "entrance_address",
    "exit_address",
    "location_languages",
)
_STATION_WITHOUT_PLACE = (
    *_WITHOUT_PLACE,
    "energy_mix",
    "custom_data",
    "name",
    "is_free_of_charge",
    "charging_when_closed",
    "facilities",
    "certification_info",
    "calibration_info",
    "model_code",
    "open_street_map_node_id",
    "service_identification",
    "max_reservation_duration",
)
_STATION_LIKE_POOL = ("hotline", "opening_times", "brands")


def party_of(operator_id: ChargingStationOperatorId, policy: MappingPolicy = DEFAULT_POLICY) -> PartyId | None:
    """The OCPI party of an operator: two letters and three signs, or what the policy tells. None for longer DIN ids."""
    for party, operator in policy.operators.items():
        if ChargingStationOperatorId.try_parse(operator) == operator_id:
            return PartyId.parse(party)
    if len(operator_id.suffix) != 3:
        return None
    return PartyId.of(operator_id.country_code, operator_id.suffix)


def location_id(pool_id: ChargingPoolId, policy: MappingPolicy = DEFAULT_POLICY) -> str:
    """The Location's id. OCPI allows 36 characters: beyond that the stars go, then a hash stands for the rest."""
    text = pool_id.suffix if policy.location_ids is LocationIds.SUFFIX else str(pool_id)
    if len(text) > 36:
        text = text.replace("*", "")
    if len(text) > 36:
        return f"{text[:23]}-{hashlib.sha256(text.upper().encode()).hexdigest()[:12]}"
    return text


def location(
    pool: ChargingPool,
    operator: ChargingStationOperator,
    *,
    now: DateTime,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[Location]:
    """The Location of a pool as it is at `now`.

    Args:
        operator: whose name, logo, terms and tariffs the Location shows.
    """
    context = Context(now, policy)
    party = party_of(pool.id.operator, policy)
    if party is None:
        context.note("$.@id", f"no party of OCPI can be made of {pool.id.operator}")
    address = _address(pool, context)
    coordinates = _coordinates(pool, context)
    evses = _evses(pool, operator, context)
    if party is None or address is None or coordinates is None:
        return Mapped(str(pool.id), None, context.notes)
    id = location_id(pool.id, policy)
    if "*" in str(pool.id) and policy.location_ids is LocationIds.FULL and id != str(pool.id):
        context.note("$.@id", f"shortened to {id}")
    context.has_no_place(pool, _POOL_WITHOUT_PLACE, "$")
    for key in (pool.custom_data or {}).keys() - {LOCATION_ID_KEY, PUBLISH_KEY}:
        context.note(f"$.customData.{key}", "left out: OCPI 2.3.0 has no place for it")
    made = Location(
        country_code=party.country_code,
        party_id=party.party_id,
        id=id,
        publish=_publish(pool),
        name=context.one_of(pool.name, 255, "$.name"),
        address=address[0],
        city=address[1],
        country=address[2],
        postal_code=context.exact(pool.address.postal_code if pool.address else None, 10, "$.address.postalCode"),
        state=context.cut(pool.address.region if pool.address else None, 45, "$.address.region"),
        coordinates=coordinates,
        parking_type=_parking_type(pool, context),
        evses=evses or None,
        directions=context.display_texts(pool.arrival_instructions, "$.arrivalInstructions"),
        operator=_operator(operator, context),
        suboperator=_suboperator(pool, context),
        facilities=_facilities(pool, context),
        time_zone=_time_zone(pool, context),
        opening_times=hours(pool.opening_times, "$.openingTimes", context),
        charging_when_closed=pool.charging_when_closed,
        images=images(pool.photo_urls, ImageCategory.LOCATION, "$.photoURLs", context),
        energy_mix=energy_mix(pool.energy_mix, "$.energyMix", context),
        help_phone=context.exact(pool.hotline or operator.hotline, 25, "$.hotlinePhoneNumber", ascii=True),
        last_updated=context.latest(pool.last_change, operator.last_change, *(evse.last_updated for evse in evses)),
    )
    return Mapped(str(pool.id), with_stations(made, pool, policy), context.notes)


def _evses(pool: ChargingPool, operator: ChargingStationOperator, context: Context) -> list[OCPIEVSE]:
    made: dict[str, OCPIEVSE] = {}
    shows_some = any(station.published for station in pool.charging_stations)
    for number, station in enumerate(pool.charging_stations):
        path = f"$.chargingStations[{number}]"
        if shows_some and not station.published:
            context.note(f"{path}.published", f"station {station.id} left out: OCPI hides whole Locations only")
            continue
        _note_losses(station, pool, path, context)
        able = capabilities(station, pool, path, context)
        for index, evse in enumerate(station.evses):
            at = f"{path}.EVSEs[{index}]"
            found = ocpi_evse(evse, station, pool, operator, at, context)
            if found is not None and found.uid.upper() in made:
                context.note(f"{at}.@id", f"EVSE {evse.id} left out: the uid {found.uid} is taken")
            elif found is not None:
                made[found.uid.upper()] = replace(found, capabilities=able)
    return list(made.values())


def _publish(pool: ChargingPool) -> bool:
    if not pool.charging_stations:
        return (pool.custom_data or {}).get(PUBLISH_KEY) is not False
    return any(station.published for station in pool.charging_stations)


def _note_losses(station: ChargingStation, pool: ChargingPool, path: str, context: Context) -> None:
    differing = [name for name in _STATION_LIKE_POOL if getattr(station, name) != getattr(pool, name)]
    context.has_no_place(station, (*_STATION_WITHOUT_PLACE, *differing), path)


def _address(pool: ChargingPool, context: Context) -> tuple[str, str, str] | None:
    """Street, city and country; None when one of them is nowhere to be found."""
    address = pool.address or Address()
    street = " ".join(part for part in (address.street, address.house_number) if part)
    city = context.one_of(address.city, 45, "$.address.city")
    country = country_of(address.country or "")
    if city is None:
        context.note("$.address.city", "no Location without a city")
    if country is None:
        context.note("$.address.country", f"no Location without a country of ISO 3166-1, got {address.country!r}")
    if city is None or country is None:
        return None
    line = context.cut(street, 255, "$.address.street")
    if line is None:
        context.note("$.address.street", "no street: the city stands for it")
    context.has_no_place(address, ("postal_code_sub", "comment", "custom_data", "extra"), "$.address")
    return line or city, city, country.alpha_3


def _coordinates(pool: ChargingPool, context: Context) -> OCPIGeoLocation | None:
    found = context.coordinates(pool.geo_location, "$.geoLocation")
    for number, station in enumerate(pool.charging_stations):
        if found is None and station.geo_location is not None:
            path = f"$.chargingStations[{number}].geoLocation"
            found = context.coordinates(station.geo_location, path)
            context.note("$.geoLocation", f"taken from station {station.id}")
    if found is None:
        context.note("$.geoLocation", "no Location without coordinates")
    return found


def _parking_type(pool: ChargingPool, context: Context) -> ParkingType | None:
    told = pool.parking_type
    found = None if told is None else PARKING_TYPE.get(told)
    if found is None and told not in (None, WWCPParkingType.UNKNOWN):
        context.note("$.locationType", f"left out: OCPI 2.3.0 has no parking type {told}")
    return found


def _facilities(pool: ChargingPool, context: Context) -> list[Facility] | None:
    made = []
    for index, name in enumerate(pool.facilities):
        facility = FACILITY.get(name.strip().upper())
        if facility is None:
            context.note(f"$.facilities[{index}]", f"left out: OCPI 2.3.0 has no facility {name}")
        elif facility not in made:
            made.append(facility)
    return made or None


def _time_zone(pool: ChargingPool, context: Context) -> str:
    told = (pool.address.time_zone if pool.address else None) or pool.time_zone
    found = context.exact(told, 255, "$.timeZone")
    if found is not None and not is_time_zone(found):
        context.note("$.timeZone", f"left out: no time zone is called {found[:40]!r}")
        found = None
    if found is None:
        context.note("$.timeZone", "UTC assumed")
    return found or "UTC"


def _operator(operator: ChargingStationOperator, context: Context) -> BusinessDetails:
    logo = context.exact(operator.logos[0].uri if operator.logos else None, 255, "operator.logos[0].uri")
    name = context.one_of(operator.name, 100, "operator.name")
    return BusinessDetails(
        name=name or str(operator.id),
        website=context.exact(operator.homepage, 255, "operator.homepage"),
        logo=Image(url=logo, category=ImageCategory.OPERATOR, type=image_type(logo)) if logo else None,
    )


def _suboperator(pool: ChargingPool, context: Context) -> BusinessDetails | None:
    """The brand by which the public knows the place: that of the pool, or the first of its stations."""
    brands: list[Brand] = list(pool.brands)
    for station in pool.charging_stations:
        brands += [brand for brand in station.brands if brand not in brands]
    if not brands:
        return None
    if len(brands) > 1:
        context.note("$.brands", f"only {brands[0].id} of {len(brands)} brands is kept")
    name = context.one_of(brands[0].name, 100, "$.brands[0].name") or context.cut(brands[0].id, 100, "$.brands[0]")
    website = context.exact(brands[0].homepage, 255, "$.brands[0].homepage")
    return BusinessDetails(name=name or "-", website=website)
