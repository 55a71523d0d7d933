# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that is served below `/wwcp`, as one table: methods, path, handler, who may ask. `Allow` and the docs follow it.

HEAD is asked as GET, and OPTIONS is answered from here for every path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import unquote

from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.wwcp.http import events, lists, networks, records, states, uploads, verbs
from wwcp_ocpi.wwcp.http.call import Call
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
)

PREFIX = "/wwcp"
ANSWERED_HERE = ("HEAD", "OPTIONS")

Handler = Callable[[Call], Awaitable[Response]]


class Right(Enum):
    """Who may ask; handlers look further whose things these are."""

    PUBLIC = "everybody, if `wwcp.anonymous_read`; else any client"
    CLIENT = "any client, for what concerns its operators and providers"
    OPERATOR = "a client that acts for the operator"
    PROVIDER = "a client that acts for the provider"
    EITHER = "a client that acts for every operator and provider in it"

    @property
    def is_read(self) -> bool:
        """Whether somebody unknown may be let in."""
        return self is Right.PUBLIC


class Route(NamedTuple):
    """One row. `doc` is what the handler does, in words."""

    methods: tuple[str, ...]
    path: str
    handler: Handler
    right: Right
    doc: str


class Found(NamedTuple):
    """What a path leads to: the rows by method, and what stands in the path."""

    rows: dict[str, Route]
    params: dict[str, str]


def _families() -> Iterator[Route]:
    """The lists of each kind of place, and one of each."""
    for path, collection, what in _COLLECTIONS:
        yield Route(("GET",), path, lists.objects_of(collection), Right.PUBLIC, f"{what}, page by page")
        yield Route(("COUNT",), path, lists.count_of(collection), Right.PUBLIC, f"how many {what}")
        for family in lists.FAMILY:
            if collection.states is not None or family.suffix == "->Id":
                doc = f"{what}: {family.doc}"
                yield Route(("GET",), path + family.suffix, family.handler(collection), Right.PUBLIC, doc)
        one = f"{path}/{{{collection.param}}}"
        yield Route(("GET",), one, lists.one_of(collection), Right.PUBLIC, f"one of the {what}")
        if collection.states is not None:
            yield Route(("GET",), f"{one}/Status", lists.state_of(0)(collection), Right.PUBLIC, "its status")
            yield Route(("GET",), f"{one}/AdminStatus", lists.state_of(1)(collection), Right.PUBLIC, "its admin status")


_RN = "/RNs/{RN}"
_EVSE = f"{_RN}/EVSEs/{{evseId}}"
_POOL = f"{_RN}/ChargingPools/{{poolId}}"
_STATION = f"{_RN}/ChargingStations/{{stationId}}"
_OPERATOR = f"{_RN}/ChargingStationOperators/{{operatorId}}"
_PROVIDER = f"{_RN}/eMobilityProviders/{{providerId}}"
_COLLECTIONS: tuple[tuple[str, lists.Collection, str], ...] = (
    (f"{_RN}/ChargingPools", lists.POOLS, "pools"),
    (f"{_RN}/ChargingStations", lists.STATIONS, "charging stations"),
    (f"{_RN}/EVSEs", lists.EVSES, "EVSEs"),
    (f"{_RN}/ChargingStationOperators", lists.OPERATORS, "operators"),
    (f"{_RN}/eMobilityProviders", lists.PROVIDERS, "providers"),
    (f"{_RN}/ChargingTariffs", lists.TARIFFS, "tariffs"),
    (f"{_OPERATOR}/ChargingPools", lists.POOLS, "pools of an operator"),
    (f"{_OPERATOR}/ChargingTariffs", lists.TARIFFS, "tariffs of an operator"),
    (f"{_POOL}/ChargingStations", lists.STATIONS_OF_POOL, "charging stations of a pool"),
    (f"{_POOL}/EVSEs", lists.EVSES_OF_POOL, "EVSEs of a pool"),
    (f"{_STATION}/EVSEs", lists.EVSES_OF_STATION, "EVSEs of a charging station"),
    (f"{_POOL}/ChargingStations/{{stationId}}/EVSEs", lists.EVSES_OF_STATION, "EVSEs of a charging station"),
)


def _verb(method: str, path: str, alias: str, handler: Handler, right: Right, doc: str) -> tuple[Route, Route]:
    """A verb as the method that WWCP has for it, and as a POST that every proxy lets through."""
    return Route((method,), path, handler, right, doc), Route(("POST",), f"{path}/{alias}", handler, right, doc)


def _states() -> Iterator[Route]:
    for kind, word in ((states.STATUS, "Status"), (states.ADMIN_STATUS, "AdminStatus")):
        yield Route(
            ("SET", "PUT"),
            f"{_RN}/EVSEs->{word}",
            states.put_evse_states(kind),
            Right.OPERATOR,
            f"{word} of many EVSEs, all or none",
        )
        for path in (_EVSE, f"{_POOL}/EVSEs/{{evseId}}"):
            handler = states.put_evse_state(kind)
            yield Route(("SET", "PUT"), f"{path}/{word}", handler, Right.OPERATOR, f"{word} of one EVSE")
        for path, param, id_type, known, right in _PLACES:
            place = states.put_place_state(kind, param, id_type, known)
            yield Route(("SET", "PUT"), f"{path}/{word}", place, right, f"{word} of one place")


_PLACES: tuple[tuple[str, str, type[Any], Callable[[Call, Any], object], Right], ...] = (
    (_POOL, "poolId", ChargingPoolId, lambda call, id: call.places.static_pool(id), Right.OPERATOR),
    (_STATION, "stationId", ChargingStationId, lambda call, id: call.places.pool_id_of_station(id), Right.OPERATOR),
    (_OPERATOR, "operatorId", ChargingStationOperatorId, lambda call, id: call.places.operator(id), Right.OPERATOR),
    (_PROVIDER, "providerId", EMobilityProviderId, lists.known_provider, Right.PROVIDER),
)


def _uploads() -> Iterator[Route]:
    evse, station = (
        f"{_POOL}/ChargingStations/{{stationId}}/EVSEs/{{evseId}}",
        f"{_POOL}/ChargingStations/{{stationId}}",
    )
    rows: tuple[tuple[str, tuple[str, ...], Handler, Handler | None, Right, str], ...] = (
        ("a network", (_RN,), uploads.put_network, None, Right.EITHER, "what it names"),
        (
            "an operator",
            (_OPERATOR,),
            uploads.put_operator,
            uploads.delete_operator,
            Right.OPERATOR,
            "with its tariffs",
        ),
        ("a provider", (_PROVIDER,), uploads.put_provider, uploads.delete_provider, Right.PROVIDER, ""),
        ("a pool", (_POOL,), uploads.put_pool, uploads.delete_pool, Right.OPERATOR, "with all that is in it"),
        (
            "a station",
            (_STATION, station),
            uploads.put_station,
            uploads.delete_station,
            Right.OPERATOR,
            "with its EVSEs",
        ),
        (
            "an EVSE",
            (_EVSE, f"{_STATION}/EVSEs/{{evseId}}", evse),
            uploads.put_evse,
            uploads.delete_evse,
            Right.OPERATOR,
            "",
        ),
        (
            "a tariff",
            (f"{_RN}/ChargingTariffs/{{tariffId}}",),
            uploads.put_tariff,
            uploads.delete_tariff,
            Right.OPERATOR,
            "",
        ),
    )
    for what, paths, put, delete, right, with_what in rows:
        for path in paths:
            yield Route(("PUT",), path, put, right, f"upload {what} {with_what}".strip())
            if delete is not None:
                yield Route(("DELETE",), path, delete, right, f"take {what} away")


ROUTES: tuple[Route, ...] = (
    Route(("GET",), "/RNs", networks.networks, Right.PUBLIC, "the roaming networks"),
    Route(("COUNT",), "/RNs", networks.count, Right.PUBLIC, "how many roaming networks"),
    Route(("GET",), "/RNs->Id", networks.ids, Right.PUBLIC, "their ids"),
    Route(("GET",), "/RNs->Status", networks.statuses(0), Right.PUBLIC, "their statuses"),
    Route(("GET",), "/RNs->AdminStatus", networks.statuses(1), Right.PUBLIC, "their admin statuses"),
    Route(("GET",), _RN, networks.network, Right.PUBLIC, "one roaming network, without its pools"),
    *_families(),
    *_verb("AUTHSTART", _EVSE, "authstart", verbs.auth_start, Right.OPERATOR, "may this driver begin?"),
    *_verb("AUTHSTOP", _EVSE, "authstop", verbs.auth_stop, Right.OPERATOR, "may this driver end the session?"),
    *_verb("REMOTESTART", _EVSE, "remotestart", verbs.remote_start, Right.PROVIDER, "begin a session"),
    *_verb("REMOTESTOP", _EVSE, "remotestop", verbs.remote_stop, Right.PROVIDER, "end a session"),
    *_verb("RESERVE", _EVSE, "reserve", verbs.reserve, Right.PROVIDER, "keep an EVSE free"),
    *_verb(
        "CANCELRESERVATION",
        _EVSE,
        "cancelreservation",
        verbs.cancel_reservation,
        Right.PROVIDER,
        "free it again",
    ),
    *_verb("SENDCDR", _EVSE, "sendcdr", verbs.send_cdr, Right.OPERATOR, "a record of a session that is over"),
    *_verb("AUTHSTART", _RN, "authstart", verbs.auth_start, Right.OPERATOR, "the same, the place in the body or none"),
    *_verb("AUTHSTOP", _RN, "authstop", verbs.auth_stop, Right.OPERATOR, "the same, the place in the body or none"),
    *_verb("REMOTESTART", _RN, "remotestart", verbs.remote_start, Right.PROVIDER, "the same, the place in the body"),
    *_verb("RESERVE", _RN, "reserve", verbs.reserve, Right.PROVIDER, "the same, the place in the body"),
    Route(("GET",), f"{_RN}/ChargingSessions", records.sessions, Right.CLIENT, "sessions, page by page"),
    Route(("COUNT",), f"{_RN}/ChargingSessions", records.count_sessions, Right.CLIENT, "how many sessions"),
    Route(("GET",), f"{_RN}/ChargingSessions/{{sessionId}}", records.session, Right.CLIENT, "one session"),
    Route(
        ("PUT",), f"{_RN}/ChargingSessions/{{sessionId}}", verbs.report_session, Right.OPERATOR, "how a session goes"
    ),
    *_verb(
        "REMOTESTOP",
        f"{_RN}/ChargingSessions/{{sessionId}}",
        "remotestop",
        verbs.remote_stop,
        Right.PROVIDER,
        "end this session",
    ),
    Route(("GET",), f"{_RN}/ChargeDetailRecords", records.cdrs, Right.CLIENT, "records, page by page"),
    Route(("COUNT",), f"{_RN}/ChargeDetailRecords", records.count_cdrs, Right.CLIENT, "how many records"),
    Route(("POST",), f"{_RN}/ChargeDetailRecords", verbs.send_cdrs, Right.OPERATOR, "whole records, one or a list"),
    Route(
        ("GET",), f"{_RN}/ChargeDetailRecords/{{cdrId}}", records.cdr, Right.CLIENT, "one record, and what became of it"
    ),
    Route(("GET",), f"{_RN}/Reservations", records.reservations, Right.CLIENT, "reservations in force"),
    Route(("COUNT",), f"{_RN}/Reservations", records.count_reservations, Right.CLIENT, "how many reservations"),
    Route(("GET",), f"{_RN}/Reservations/{{reservationId}}", records.reservation, Right.CLIENT, "one reservation"),
    *_verb(
        "CANCELRESERVATION",
        f"{_RN}/Reservations/{{reservationId}}",
        "cancelreservation",
        verbs.cancel_reservation,
        Right.PROVIDER,
        "free what this one keeps",
    ),
    *_uploads(),
    *_states(),
    Route(("GET",), f"{_RN}/events", events.events, Right.PUBLIC, "everything that changes, as server-sent events"),
)

_STANDARD = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"})
METHODS: tuple[str, ...] = tuple(
    dict.fromkeys(method for route in ROUTES for method in route.methods if method not in _STANDARD)
)
"""The methods of this table that no HTTP parser is sure to know."""


class _Node:
    """One segment of the paths: what follows it, and the rows that end here."""

    __slots__ = ("by_name", "names", "rows", "wildcard")

    def __init__(self) -> None:
        self.by_name: dict[str, _Node] = {}
        self.wildcard: _Node | None = None
        self.names: tuple[str, ...] = ()
        self.rows: dict[str, Route] = {}


class Router:
    """Finds the rows of a path."""

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self._root = _Node()
        for route in routes:
            node, names = self._root, list[str]()
            for segment in route.path.strip("/").split("/"):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.wildcard = node = node.wildcard or _Node()
                else:
                    node = node.by_name.setdefault(segment, _Node())
            for method in route.methods:
                assert method not in node.rows, f"two rows for {method} {route.path}"
                assert node.names in ((), tuple(names)), f"other names than before in {route.path}"
                node.rows[method] = route
                node.names = tuple(names)

    def find(self, path: str) -> Found | None:
        """The rows of a path below the prefix, still percent-encoded; None: there is nothing."""
        node, values = self._root, list[str]()
        for segment in path.strip("/").split("/"):
            text = unquote(segment, errors="replace")
            found = node.by_name.get(text)
            if found is None:
                found = node.wildcard
                values.append(text)
            if found is None:
                return None
            node = found
        if not node.rows:
            return None
        return Found(node.rows, dict(zip(node.names, values, strict=True)))


def allow(rows: Iterable[str]) -> str:
    """The value of the header `Allow`."""
    named = list(rows)
    return ", ".join(sorted({*named, "OPTIONS", *(["HEAD"] if "GET" in named else [])}))
