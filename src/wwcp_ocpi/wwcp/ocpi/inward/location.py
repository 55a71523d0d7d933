# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Locations to WWCP charging pools. Spec: mod_locations#mod_locations_location_object.

Nothing that a partner sends is refused here. What WWCP cannot say is noted; only a Location without an operator is
nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import Facility, ImageCategory
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.countries import country_of
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import Address, ChargingPool, ChargingStationOperator, Logo
from wwcp_ocpi.wwcp.model.texts import ParkingType
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.energy import energy_mix_of
from wwcp_ocpi.wwcp.ocpi.inward.evse import photo_urls
from wwcp_ocpi.wwcp.ocpi.inward.hours import opening_times
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, OCPIPlace, operator_id_of, pool_ids_of
from wwcp_ocpi.wwcp.ocpi.inward.station import stations_of
from wwcp_ocpi.wwcp.ocpi.inward.texts import brand, geo_location, has_no_place, i18n, named
from wwcp_ocpi.wwcp.ocpi.inward.words import PARKING_TYPE
from wwcp_ocpi.wwcp.ocpi.location import LOCATION_ID_KEY, PUBLISH_KEY
from wwcp_ocpi.wwcp.ocpi.stations import StationedLocation
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

_WITHOUT_PLACE = ("publish_allowed_to", "related_locations", "parking_places", "owner")


class ForeignPool(msgspec.Struct, frozen=True, kw_only=True):
    """A Location of a partner as a pool, with its stations and their EVSEs, statuses inside.

    `operator` is what the Location tells of its operator, without pools: the id is that of the party of the Location.
    The id of an EVSE may have another operator in front, where a party speaks for several.
    """

    pool: ChargingPool
    operator: ChargingStationOperator
    place: OCPIPlace
    published: bool


def read_location(body: bytes) -> Location:
    """The Location in a stored or received body, with what a partner adds who is this software too.

    Raises:
        MalformedBody, InvalidParameters, TooLarge: as `codec.decode`.
    """
    return codec.decode(StationedLocation, body)


def pool_of(
    location: Location,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    now: DateTime,
    names: NameBook | None = None,
) -> Mapped[ForeignPool]:
    """The pool of a Location; None when no operator id can be made of its party.

    Args:
        location: best as `read_location` gives it: then stations are those that the partner named.
        names: the book of the network; a new one when it is None, which keeps ids apart within the Location only.
            Names of the Location that it held before are given anew.
    """
    context = Context(now, policy)
    party = PartyId.of(location.country_code, location.party_id)
    operator_id = operator_id_of(party, policy)
    if operator_id is None:
        context.note("$.party_id", f"no operator of WWCP can be made of {party}")
        return Mapped(location.id, None, context.notes)
    wishes = _wishes(location, operator_id, party, context)
    page = (names or NameBook()).page(party, location.id, wishes)
    id = page.place.pool_id
    wished = next(_wishes(location, operator_id, party, Context(now, policy)))
    if id != wished:
        context.note("$.id", f"{location.id} is called {id}: {wished} is another Location")
    has_no_place(location, _WITHOUT_PLACE, "$", context)
    address = _address(location, context)
    pool = ChargingPool(
        id=id,
        name=named(location.name, context),
        geo_location=geo_location(location.coordinates, "$.coordinates", context),
        address=address,
        parking_type=_parking_type(location, context),
        arrival_instructions=i18n(location.directions, "$.directions", context),
        facilities=_facilities(location, context),
        hotline=location.help_phone,
        opening_times=opening_times(location.opening_times, "$.opening_times", context),
        charging_when_closed=location.charging_when_closed,
        brands=brand(location.suboperator, context),
        photo_urls=photo_urls(location.images, ImageCategory.LOCATION, "$.images", context),
        energy_mix=energy_mix_of(location.energy_mix, "$.energy_mix", context),
        charging_stations=stations_of(location, page, address, context),
        custom_data=_called(location, id),
    )
    made = ForeignPool(
        pool=pool,
        operator=_operator(location, operator_id, context),
        place=OCPIPlace(party, location.id),
        published=location.publish,
    )
    return Mapped(location.id, made, context.notes)


def _wishes(
    location: Location, operator_id: ChargingStationOperatorId, party: PartyId, context: Context
) -> Iterator[ChargingPoolId]:
    """How the pool may be called: as a partner tells who knows pools, or as its Location is."""
    given = location.charging_pool_id if isinstance(location, StationedLocation) else None
    found = ChargingPoolId.try_parse(given) if isinstance(given, str) else None
    if found is not None and found.operator == operator_id:
        yield found
    elif given is not None:
        context.note("$.charging_pool_id", f"left out: expected a pool of {operator_id}, got {str(given)[:60]!r}")
    yield from pool_ids_of(operator_id, party, location.id, context.policy)


def _called(location: Location, id: ChargingPoolId) -> Extra | None:
    """How its partner calls it, where that is not its id, and whether it is shown, where no station says so."""
    told: Extra = {}
    if location.id != str(id):
        told[LOCATION_ID_KEY] = location.id
    if not (location.publish or location.evses):
        told[PUBLISH_KEY] = False
    return told or None


def _address(location: Location, context: Context) -> Address:
    country = country_of(location.country)
    if country is None:
        context.note("$.country", f"kept: no country is called {location.country!r}")
    floors = {evse.floor_level for evse in location.evses or ()}
    return Address(
        street=location.address,
        floor_level=floors.pop() if len(floors) == 1 else None,
        postal_code=location.postal_code,
        city=named(location.city, context),
        region=location.state,
        country=country.alpha_3 if country else location.country,
        time_zone=location.time_zone,
    )


def _parking_type(location: Location, context: Context) -> ParkingType | None:
    told = location.parking_type
    if told is None:
        return None
    found = PARKING_TYPE.get(told)
    if found is None:
        context.note("$.parking_type", f"kept: no parking type of WWCP is called {told}")
    return found or ParkingType(told.value)


def _facilities(location: Location, context: Context) -> list[str]:
    facilities: list[Facility] = location.facilities or []
    for index, facility in enumerate(facilities):
        if not facility.is_known:
            context.note(f"$.facilities[{index}]", f"kept: OCPI 2.3.0 has no facility {facility}")
    return list(dict.fromkeys(facility.value for facility in facilities))


def _operator(location: Location, operator_id: ChargingStationOperatorId, context: Context) -> ChargingStationOperator:
    told = location.operator
    if told is None:
        return ChargingStationOperator(id=operator_id)
    if told.logo is not None:
        has_no_place(told.logo, ("thumbnail", "width", "height"), "$.operator.logo", context)
    return ChargingStationOperator(
        id=operator_id,
        name=named(told.name.strip(), context),
        homepage=told.website,
        logos=[Logo(uri=told.logo.url)] if told.logo else [],
    )
