# SPDX-License-Identifier: AGPL-3.0-or-later
"""Entities as the API shows them: their JSON-LD, the ids of what is above, and as much of it whole as is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from wwcp_ocpi.wwcp.http.call import Call
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
)
from wwcp_ocpi.wwcp.jsonld.documents import plain
from wwcp_ocpi.wwcp.model.charging import ChargingReservation
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStation, ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.routing.keeping import KeptCDR

JSONObject: TypeAlias = dict[str, Any]


class _Above(NamedTuple):
    """A relation to what is above: the word in `expand`, and the two keys."""

    word: str
    id_key: str
    key: str


_NETWORK = _Above("network", "roamingNetworkId", "roamingNetwork")
_OPERATOR = _Above("operator", "chargingStationOperatorId", "chargingStationOperator")
_POOL = _Above("pool", "chargingPoolId", "chargingPool")
_STATION = _Above("station", "chargingStationId", "chargingStation")
_BELOW = (
    ("station", "chargingStations", "chargingStationIds"),
    ("evse", "EVSEs", "EVSEIds"),
    ("brand", "brands", "brandIds"),
    ("license", "dataLicenses", "dataLicenseIds"),
)


def network_of(call: Call) -> JSONObject:
    """The network without its pools, which are lists of their own; operators and providers by id unless expanded."""
    places = call.places
    about = plain(replace(places.about, status=(), admin_status=()))
    operators = [
        one for one in places.operators.values() if call.query.include_removed or not call.shown.is_gone(one.id)
    ]
    providers = [
        one for one in places.providers.values() if call.query.include_removed or not call.shown.is_gone(one.id)
    ]
    if "operator" in call.query.expand:
        about["chargingStationOperators"] = [_bare(plain(one)) for one in operators]
    else:
        about["chargingStationOperatorIds"] = [str(one.id) for one in operators]
    about["eMobilityProviderIds"] = [str(one.id) for one in providers]
    return _trimmed(call, about)


def operator_of(call: Call, operator: ChargingStationOperator) -> JSONObject:
    """An operator with its tariffs."""
    return _trimmed(call, _with_parents(call, plain(operator), ()))


def provider_of(call: Call, provider: EMobilityProvider) -> JSONObject:
    """A provider."""
    return _trimmed(call, _with_parents(call, plain(provider), ()))


def pool_of(call: Call, pool: ChargingPool) -> JSONObject:
    """A pool with its stations and EVSEs."""
    return _trimmed(call, _with_parents(call, plain(pool), ((_OPERATOR, pool.id.operator),)))


def station_of(call: Call, station: ChargingStation) -> JSONObject:
    """A station with its EVSEs."""
    above = ((_OPERATOR, station.id.operator), (_POOL, call.places.pool_id_of_station(station.id)))
    return _trimmed(call, _with_parents(call, plain(station), above))


def evse_of(call: Call, evse: EVSE) -> JSONObject:
    """An EVSE."""
    above = (
        (_OPERATOR, evse.id.operator),
        (_POOL, call.places.pool_id_of(evse.id)),
        (_STATION, call.places.station_id_of(evse.id)),
    )
    return _trimmed(call, _with_parents(call, plain(evse), above))


def tariff_of(call: Call, tariff: ChargingTariff) -> JSONObject:
    """A tariff."""
    return _trimmed(call, _with_parents(call, plain(tariff), ((_OPERATOR, tariff.id.operator),)))


def cdr_of(call: Call, kept: KeptCDR) -> JSONObject:
    """A record, and what became of it."""
    delivery: JSONObject = {
        "state": kept.state.value,
        "attempts": kept.attempts,
        "receivedAt": kept.received_at.wire,
    }
    if kept.result is not None:
        delivery["result"] = _bare(plain(kept.result))
    return _trimmed(call, plain(kept.cdr) | {"delivery": delivery})


def reservation_of(call: Call, reservation: ChargingReservation) -> JSONObject:
    """A reservation, under the keys that WWCP has for it."""
    left_s = max(0, (reservation.end_micros - call.places.now.micros) // 1_000_000)
    made = plain(reservation)
    found: JSONObject = {
        "@id": str(reservation.id),
        "@context": made["@context"],
        "ReservationId": str(reservation.id),
        "StartTime": reservation.start_time.wire,
        "Duration": reservation.duration_s,
        "TimeLeft": left_s,
        "Level": reservation.level.value,
        "AuthorizedIds": {
            "AuthTokens": reservation.auth_tokens,
            "eMAIds": [str(id) for id in reservation.emaids],
            "PINs": reservation.pins,
        },
    }
    for key, id in (
        ("ProviderId", reservation.provider_id),
        ("ChargingStationOperatorId", reservation.charging_station_operator_id),
        ("ChargingPoolId", reservation.charging_pool_id),
        ("ChargingStationId", reservation.charging_station_id),
        ("EVSEId", reservation.evse_id),
    ):
        if id is not None:
            found[key] = str(id)
    return found


Parent: TypeAlias = tuple[_Above, ChargingStationOperatorId | ChargingPoolId | ChargingStationId]


def _with_parents(call: Call, made: JSONObject, parents: tuple[Parent, ...]) -> JSONObject:
    for above, id in ((_NETWORK, call.network.id), *parents):
        if above.word in call.query.expand:
            made[above.key] = _EXPANDED[above.word](call, id)
        else:
            made[above.id_key] = str(id)
    return made


def _expanded_network(call: Call, _: object) -> JSONObject:
    return _bare(plain(replace(call.places.about, status=(), admin_status=())))


def _expanded_operator(call: Call, id: ChargingStationOperatorId) -> JSONObject:
    return _bare(plain(replace(call.places.operator(id), charging_tariffs=[])))


def _expanded_pool(call: Call, id: ChargingPoolId) -> JSONObject:
    return _bare(plain(replace(call.places.pool(id), charging_stations=[])))


def _expanded_station(call: Call, id: ChargingStationId) -> JSONObject:
    return _bare(plain(replace(call.places.station(id), evses=[])))


_EXPANDED: dict[str, Callable[[Call, Any], JSONObject]] = {
    "network": _expanded_network,
    "operator": _expanded_operator,
    "pool": _expanded_pool,
    "station": _expanded_station,
}


def _bare(made: JSONObject) -> JSONObject:
    """As it stands inside something else."""
    made.pop("@context", None)
    return made


def _trimmed(call: Call, made: JSONObject) -> JSONObject:
    """With ids in place of what is not to be shown whole, and without what is not wanted."""
    query = call.query
    if not query.show_ids and query.include_custom_data:
        return made
    if not query.include_custom_data:
        made.pop("customData", None)
    for word, key, ids in _BELOW:
        if key in made and word in query.show_ids:
            made[ids] = [one["@id"] for one in made.pop(key)]
        elif key in made and key in ("chargingStations", "EVSEs"):
            made[key] = [_trimmed(call, one) for one in made[key]]
    return made
