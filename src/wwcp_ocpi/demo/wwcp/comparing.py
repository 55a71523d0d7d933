# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two WWCP networks, one of which has come through OCPI: the same places, and what is told otherwise of them.

Ids and structure must be the same. Of everything else the differences are counted, by the name of the field: those
are the losses of the way, and docs/wwcp-mapping.md has the reason for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from wwcp_ocpi.wwcp import LiveNetwork
from wwcp_ocpi.wwcp.jsonld.documents import plain
from wwcp_ocpi.wwcp.model.places import ChargingPool

_LISTS_BY_ID = ("chargingStations", "EVSEs", "socketOutlets")
_TEXTS = frozenset({"name", "description", "city", "comment"})
"""Texts by language, of which OCPI has but one: looked at as a whole."""
_NOT_STATIC = frozenset({"@context", "lastChange", "lastStatusUpdate", "customData", "dataSource"})
"""When something was learned, and from whom, is a matter of the side that learned it."""


def structure(network: LiveNetwork) -> set[tuple[str, ...]]:
    """Every pool, station, EVSE and connector, each with what it is in."""
    found: set[tuple[str, ...]] = set()
    for pool in network.static_pools():
        found.add((str(pool.id),))
        for station in pool.charging_stations:
            found.add((str(pool.id), str(station.id)))
            for evse in station.evses:
                path = (str(pool.id), str(station.id), str(evse.id))
                found.add(path)
                found |= {(*path, connector.id) for connector in evse.charging_connectors}
    return found


def told_otherwise(ours: LiveNetwork, theirs: LiveNetwork) -> Counter[str]:
    """How often each field differs, of all places that both have; and the states of EVSEs, as `EVSE status a as b`."""
    losses: Counter[str] = Counter()
    others: Mapping[Any, ChargingPool] = {pool.id: pool for pool in theirs.static_pools()}
    for pool in ours.static_pools():
        other = others.get(pool.id)
        if other is not None:
            losses.update(_differences(plain(pool), plain(other), "pool"))
    for evse in ours.evses():
        here, there = ours.evse_status(evse.id), theirs.evse_status(evse.id)
        if here != there:
            losses[f"EVSE status {here.value} as {there.value}"] += 1
    return losses


def _differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if ours == theirs:
        return
    is_whole = path.rpartition(".")[2] in _TEXTS
    if is_whole or not isinstance(ours, dict) or not isinstance(theirs, dict):
        yield f"{path} {'added' if ours is None else 'left out' if theirs is None else 'told otherwise'}"
        return
    for name in sorted((ours.keys() | theirs.keys()) - _NOT_STATIC):
        one, other = ours.get(name), theirs.get(name)
        if name not in _LISTS_BY_ID:
            yield from _differences(one, other, f"{path}.{name}")
            continue
        by_id = {entry["@id"]: entry for entry in other or ()}
        for entry in one or ():
            if entry["@id"] in by_id:
                yield from _differences(entry, by_id[entry["@id"]], f"{path}.{name}")
