# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids that follow from others, for partners who have no stations, or whose pools have no ids of that kind.

`DE*GEF*P1234` has the station `DE*GEF*S1234`, and that one the EVSE `DE*GEF*E1234*1`. Words that begin with the letter
of their kind go along: POOL1, STATION1, EVSE1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId, IdFormat

_POOL, _STATION, _EVSE = "OOL", "TATION", "VSE"


def station_id_of_pool(pool_id: ChargingPoolId) -> ChargingStationId:
    """The station of a pool that has one only."""
    return ChargingStationId(pool_id.operator, _reworded(pool_id.suffix, _POOL, _STATION))


def evse_id_of_station(station_id: ChargingStationId, number: str) -> EVSEId:
    """The EVSE of that number at a station.

    Raises:
        ValueError: it would be too long, or the number holds other signs than letters, digits and stars.
    """
    star = "" if station_id.operator.format is IdFormat.ISO else "*"
    return EVSEId(station_id.operator, f"{_reworded(station_id.suffix, _STATION, _EVSE)}{star}{number}")


def station_id_of_evses(evse_ids: Sequence[EVSEId]) -> ChargingStationId:
    """The station at which these EVSEs stand, as far as their ids tell.

    One EVSE: all before its last star. Several: what is common to them, whole parts between stars first, then single
    signs. Those that have nothing in common get a station of their own, the same whatever their order.

    Raises:
        ValueError: no EVSE, or EVSEs of several operators.
    """
    if len({evse_id.operator for evse_id in evse_ids}) != 1:
        raise ValueError("expected EVSEs of one operator")
    suffixes = sorted({_reworded(evse_id.suffix.strip("*").upper(), _EVSE, _STATION) for evse_id in evse_ids})
    parts = [suffix.split("*")[:-1] or [suffix] for suffix in suffixes]
    found = "*".join(_common(parts)) or "".join(_common([list(suffix) for suffix in suffixes])).strip("*")
    if not found:
        found = hashlib.sha256("|".join(suffixes).encode()).hexdigest()[:20].upper()
    return ChargingStationId(evse_ids[0].operator, found.strip("*"))


def _common(lists: list[list[str]]) -> list[str]:
    """What all of them begin with."""
    first, last = min(lists), max(lists)
    same = next((place for place, item in enumerate(first) if item != last[place]), len(first))
    return first[:same]


def _reworded(suffix: str, word: str, other: str) -> str:
    return f"{other}{suffix[len(word) :]}" if suffix.upper().startswith(word) else suffix
