# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the WWCP JSON is shaped otherwise than our objects, in both directions.

Read: old connectors (`plug` and `cableAttached`), a status as text, pair, object or history, lists in lists,
intervals as text, prices as text. What is read is fresh from the parser and may be changed in place. Written:
connectors in the new form, the rest as documented.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.opening import OpeningTimes
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationGroup,
    ChargingStationOperator,
    EMobilityProvider,
    EVSEGroup,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.tariff import ChargingPriceComponent

JSONObject: TypeAlias = dict[str, Any]

_WITH_STATUSES = (
    RoamingNetworkData,
    ChargingStationOperator,
    EMobilityProvider,
    ChargingPool,
    ChargingStation,
    EVSEGroup,
    ChargingStationGroup,
)

CHARGING_PLUG_TYPES: dict[str, str | None] = {
    "Unspecified": None,
    "SmallPaddleInductive": None,
    "LargePaddleInductive": None,
    "AVCONConnector": None,
    "TeslaConnector": None,
    "TESLA_Roadster": "TESLA_R",
    "TESLA_ModelS": "TESLA_S",
    "NEMA5_20": "NEMA_5_20",
    "TypeEFrenchStandard": "DOMESTIC_E",
    "TypeFSchuko": "DOMESTIC_F",
    "TypeGBritishStandard": "DOMESTIC_G",
    "TypeJSwissStandard": "DOMESTIC_J",
    "Type1Connector_CableAttached": "IEC_62196_T1",
    "Type2Outlet": "IEC_62196_T2",
    "UnspecifiedType2Outlet": "IEC_62196_T2",
    "Type2Connector_CableAttached": "IEC_62196_T2",
    "Type3Outlet": "IEC_62196_T3A",
    "IEC60309SinglePhase": "IEC_60309_2_single_16",
    "IEC60309ThreePhase": "IEC_60309_2_three_16",
    "CCSCombo1Plug_CableAttached": "IEC_62196_T1_COMBO",
    "CCSCombo2Plug_CableAttached": "IEC_62196_T2_COMBO",
    "CHAdeMO": "CHADEMO",
    "CEE3": None,
    "CEE5": None,
}
"""The obsolete plug types and the connector types that replace them.

None: there is no such type, or more than one; the connector keeps the old word, and the mapping notes it.
NEMA5_20 and UnspecifiedType2Outlet are our completion.
"""

_INTERVAL = re.compile(r"\s+(?:->|-|–)\s+|\s*/\s*")
_TETHERED = "_CableAttached"
_TRUE = frozenset({"true", "yes", "1"})


def _connector_in(value: JSONObject) -> JSONObject:
    if "type" in value or not isinstance(value.get("plug"), str):
        return value
    plug = value["plug"]
    rest = {key: item for key, item in value.items() if key not in ("plug", "cableAttached")}
    attached = str(value.get("cableAttached", "")).lower() in _TRUE or plug.endswith(_TETHERED)
    cable: JSONObject = {"cable": {}} if attached and "cable" not in rest else {}
    return rest | {"type": CHARGING_PLUG_TYPES.get(plug) or plug} | cable


def _schedule_in(value: object) -> object:
    """A list of pairs, newest first, of any of the forms in which a status is written."""
    match value:
        case {"timestamp": timestamp, "status": status}:
            return [[timestamp, status]]
        case dict():
            return _newest_first([[timestamp, status] for timestamp, status in value.items()])
        case [str(), str()]:
            return [value]
        case list():
            return _newest_first(value)
    return value


def _newest_first(pairs: list[Any]) -> list[Any]:
    """Sorted by moment, not by text; as they are when one has no moment, which is refused later, with its path."""
    try:
        return sorted(pairs, key=lambda pair: DateTime.parse(pair[0]), reverse=True)
    except (IndexError, KeyError, TypeError, ValueError):
        return pairs


def _schedule_out(pairs: list[list[str]]) -> object:
    return pairs[0] if len(pairs) == 1 else dict(pairs)


def _statuses_in(value: JSONObject) -> JSONObject:
    for key in ("status", "adminStatus"):
        if value.get(key) is not None:
            value[key] = _schedule_in(value[key])
    return value


def _statuses_out(value: JSONObject) -> JSONObject:
    return value | {key: _schedule_out(value[key]) for key in ("status", "adminStatus") if key in value}


def _evse_in(value: JSONObject) -> JSONObject:
    modes = value.get("chargingModes")
    if isinstance(modes, list):
        value["chargingModes"] = [mode for item in modes for mode in (item if isinstance(item, list) else [item])]
    if isinstance(value.get("currentType"), str):
        value["currentType"] = [value["currentType"]]
    return _statuses_in(value)


def _interval_in(item: object) -> object:
    ends = _INTERVAL.split(item.strip()) if isinstance(item, str) else []
    return {"begin": ends[0], "end": ends[1]} if len(ends) == 2 else item


def _opening_in(value: JSONObject) -> JSONObject:
    keys = ("exceptionalOpenings", "exceptionalClosings")
    return value | {
        key: [_interval_in(item) for item in value[key]] for key in keys if isinstance(value.get(key), list)
    }


def _opening_out(value: JSONObject) -> JSONObject:
    keys = ("exceptionalOpenings", "exceptionalClosings")
    return value | {key: [f"{item['begin']}/{item['end']}" for item in value[key]] for key in keys if key in value}


def _price_out(value: JSONObject) -> JSONObject:
    return value | {"price": str(value["price"])}


SHAPES_IN: dict[type, Callable[[JSONObject], JSONObject]] = {
    ChargingConnector: _connector_in,
    EVSE: _evse_in,
    **dict.fromkeys(_WITH_STATUSES, _statuses_in),
    OpeningTimes: _opening_in,
}
SHAPES_OUT: dict[type, Callable[[JSONObject], JSONObject]] = {
    ChargingPriceComponent: _price_out,
    EVSE: _statuses_out,
    **dict.fromkeys(_WITH_STATUSES, _statuses_out),
    OpeningTimes: _opening_out,
}
