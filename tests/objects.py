# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects to test with: the least that each version accepts as a Location."""

from __future__ import annotations

from typing import Any

OLD, MIDDLE, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
_CONNECTOR = {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
_ELECTRIC = {
    "2.1.1": {"voltage": 230, "amperage": 32},
    "2.2.1": {"max_voltage": 230, "max_amperage": 32},
    "2.3.0": {"max_voltage": 230, "max_amperage": 32},
}
_PLACE = {
    "name": "Test pool",
    "address": "Example Rd 18",
    "city": "Jena",
    "country": "DEU",
    "coordinates": {"latitude": "50.930000", "longitude": "11.630000"},
}
_OWNED = {"publish": True, "time_zone": "Europe/Berlin"}
_MORE: dict[str, dict[str, Any]] = {
    "2.1.1": {"type": "ON_STREET", "postal_code": "07749"},
    "2.2.1": _OWNED,
    "2.3.0": _OWNED,
}


def connector(version: str, id: str = "1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A Connector of that version."""
    return {**_CONNECTOR, "id": id, **_ELECTRIC[version], "last_updated": last_updated, **more}


def evse(version: str, uid: str = "E1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """An EVSE of that version with one Connector."""
    return {
        "uid": uid,
        "status": "AVAILABLE",
        "connectors": [connector(version, last_updated=last_updated)],
        "last_updated": last_updated,
        **more,
    }


def location(
    version: str,
    id: str = "LOC1",
    owner: tuple[str, str] = ("DE", "GEF"),
    last_updated: str = MIDDLE,
    **more: Any,
) -> dict[str, Any]:
    """A Location of that version with one EVSE."""
    named = {} if version == "2.1.1" else {"country_code": owner[0], "party_id": owner[1]}
    return {
        **named,
        "id": id,
        **_PLACE,
        **_MORE[version],
        "evses": [evse(version, last_updated=last_updated)],
        "last_updated": last_updated,
        **more,
    }
