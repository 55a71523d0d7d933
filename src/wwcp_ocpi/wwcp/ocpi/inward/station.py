# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stations of a Location, which OCPI 2.3.0 does not have: named by the partner, or found by the ids of its EVSEs.

What OCPI says of EVSEs and WWCP of stations (capabilities, directions, floor) is told of all EVSEs of a station; where
they differ that is noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.v2_3_0.enums import Capability, Status
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.places import ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.model.places import EVSE, Address, AuthenticationMode, ChargingStation
from wwcp_ocpi.wwcp.model.texts import AuthenticationType, Feature, PaymentOption, UIFeature
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.escaping import hashed
from wwcp_ocpi.wwcp.ocpi.inward.evse import evse_of
from wwcp_ocpi.wwcp.ocpi.inward.names import Page, evse_ids_of
from wwcp_ocpi.wwcp.ocpi.inward.texts import i18n
from wwcp_ocpi.wwcp.ocpi.inward.words import CAPABILITY, CONNECTOR_CAPABILITY
from wwcp_ocpi.wwcp.ocpi.stations import StationedLocation, StationOfLocation, derived_stations
from wwcp_ocpi.wwcp.ocpi.words import CapabilitySource

_W = TypeVar("_W")
_LONGEST = 51


class _Placed(NamedTuple):
    """An EVSE with the id that it has now, and its path in the Location."""

    evse: OCPIEVSE
    id: EVSEId
    path: str


class _Grouped(NamedTuple):
    """A station by its wished id, and its EVSEs."""

    id: ChargingStationId
    evses: list[_Placed]


def stations_of(location: Location, page: Page, address: Address, context: Context) -> list[ChargingStation]:
    """All stations with their EVSEs, statuses inside."""
    placed = _placed(location, page, context)
    made: dict[ChargingStationId, ChargingStation] = {}
    for group in _grouped(location, placed, context):
        id = page.take(_station_ids(group.id, page))
        if id != group.id:
            context.note("$.evses", f"station {group.id} is called {id}: another Location has one of that name")
        for one in group.evses:
            page.settle(one.evse.uid, id, one.id)
        found = _station(id, group.evses, location, page, address, context)
        if id in made:
            found = replace(made[id], evses=[*made[id].evses, *found.evses])
        made[id] = found
    return list(made.values())


def _station_ids(wished: ChargingStationId, page: Page) -> Iterator[ChargingStationId]:
    yield wished
    yield ChargingStationId(wished.operator, hashed([*page.party, page.location_id, wished.suffix], _LONGEST))


def _placed(location: Location, page: Page, context: Context) -> list[_Placed]:
    """The EVSEs with their ids, in their order. One that was removed leaves its id to the one that came after it."""
    evses = list(enumerate(location.evses or ()))
    found: dict[int, _Placed] = {}
    uids: set[str] = set()
    for index, evse in sorted(evses, key=lambda one: one[1].status is Status.REMOVED):
        path = f"$.evses[{index}]"
        if evse.uid.upper() in uids:
            context.note(f"{path}.uid", f"left out: there is an EVSE {evse.uid} already")
            continue
        uids.add(evse.uid.upper())
        operator = page.place.pool_id.operator
        id = page.take(evse_ids_of(operator, page.party, evse.evse_id, evse.uid, location.id), evse.uid)
        told = EVSEId.try_parse(evse.evse_id) if evse.evse_id else None
        if not evse.evse_id:
            if str(id) != evse.uid:
                context.note(path, f"no evse_id: called {id} after its uid {evse.uid}")
        elif told is None:
            context.note(f"{path}.evse_id", f"no id of WWCP: {evse.evse_id!r} is called {id}")
        elif id != told:
            context.note(f"{path}.evse_id", f"{evse.evse_id} is taken by another EVSE: this one is called {id}")
        found[index] = _Placed(evse, id, path)
    return [found[index] for index in sorted(found)]


def _grouped(location: Location, placed: Sequence[_Placed], context: Context) -> list[_Grouped]:
    by_uid = {one.evse.uid.upper(): one for one in placed}
    groups: list[_Grouped] = []
    for index, named in enumerate(_named(location, context)):
        path = f"$.charging_stations[{index}]"
        id = ChargingStationId.try_parse(named.id)
        if id is None:
            context.note(f"{path}.id", f"left out: expected a charging station id, got {named.id[:60]!r}")
            continue
        evses = [by_uid.pop(uid.upper()) for uid in named.evse_uids if uid.upper() in by_uid]
        if len(evses) < len(named.evse_uids):
            context.note(f"{path}.evse_uids", "left out what is no EVSE of this Location, or stands at another station")
        groups.append(_Grouped(id, evses))
    rest = [one for one in placed if one.evse.uid.upper() in by_uid]
    derived = derived_stations(one.id for one in rest)
    return groups + [_Grouped(id, [rest[place] for place in places]) for id, places in derived.items()]


def _named(location: Location, context: Context) -> list[StationOfLocation]:
    given = location.charging_stations if isinstance(location, StationedLocation) else None
    if given is None:
        return []
    try:
        return msgspec.convert(given, list[StationOfLocation])
    except msgspec.ValidationError as error:
        context.note("$.charging_stations", f"left out: {error}")
        return []


def _station(
    id: ChargingStationId,
    placed: Sequence[_Placed],
    location: Location,
    page: Page,
    address: Address,
    context: Context,
) -> ChargingStation:
    able = _capabilities(placed, context)
    made: list[EVSE] = [evse_of(one.evse, one.id, page.party, one.path, context) for one in placed]
    for one in placed:
        if one.evse.directions != placed[0].evse.directions:
            context.note(f"{one.path}.directions", "left out: the first EVSE of its station has others")
        if one.evse.floor_level != placed[0].evse.floor_level:
            context.note(f"{one.path}.floor_level", "left out: the first EVSE of its station is on another floor")
    first = placed[0] if placed else None
    floor = first.evse.floor_level if first else None
    directions = i18n(first.evse.directions, f"{first.path}.directions", context) if first else {}
    return ChargingStation(
        id=id,
        published=location.publish,
        address=None if floor == address.floor_level else replace(address, floor_level=floor),
        arrival_instructions=directions,
        authentication_modes=[AuthenticationMode(type=type) for type in able.authentication],
        payment_options=able.payment_options,
        features=able.features,
        ui_features=able.ui_features,
        evses=made,
    )


class _Able(NamedTuple):
    authentication: list[AuthenticationType]
    ui_features: list[UIFeature]
    payment_options: list[PaymentOption]
    features: list[Feature]


def _capabilities(placed: Sequence[_Placed], context: Context) -> _Able:
    """What at least one EVSE of the station can do, in the order of the tables."""
    told: dict[Capability, list[str]] = {}
    modes: list[AuthenticationType] = []
    for one in placed:
        for capability in one.evse.capabilities or ():
            told.setdefault(capability, []).append(one.path)
        for number, connector in enumerate(one.evse.connectors):
            for edition in connector.capabilities or ():
                mode = CONNECTOR_CAPABILITY.get(edition)
                at = f"{one.path}.connectors[{number}].capabilities"
                context.note(at, f"{edition} is told of its station as {mode}" if mode else f"left out: {edition}")
                modes += [mode] if mode else []
    for capability, paths in told.items():
        if CAPABILITY.get(capability) is None:
            context.note(f"{paths[0]}.capabilities", f"left out: WWCP has no word for {capability}")
        elif len(paths) < len(placed):
            text = f"{capability} is told of the whole station, {len(paths)} of {len(placed)} EVSEs have it"
            context.note(f"{paths[0]}.capabilities", text)
    words = [word for capability, word in CAPABILITY.items() if capability in told and word is not None]
    return _Able(
        authentication=list(dict.fromkeys([*_every(words, 0), *modes])),
        ui_features=_every(words, 1),
        payment_options=_every(words, 2),
        features=_every(words, 3),
    )


def _every(words: Sequence[CapabilitySource], kind: int) -> list[_W]:
    return [word[kind] for word in words if word[kind] is not None]  # type: ignore[misc]
