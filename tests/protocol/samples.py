# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small right objects of OCPI 2.2.1 as JSON values, made up here, for tests to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TOKEN: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "012345678",
    "type": "RFID",
    "contract_id": "NL8ACC12E46L89",
    "issuer": "TheNewMotion",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": "2018-12-10T17:25:10Z",
}

CONNECTOR: dict[str, Any] = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "CABLE",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 16,
    "last_updated": "2015-03-16T10:10:02Z",
}

LOCATION: dict[str, Any] = {
    "country_code": "BE",
    "party_id": "BEC",
    "id": "LOC1",
    "publish": True,
    "name": "Gent Zuid",
    "address": "F. Rooseveltlaan 3A",
    "city": "Gent",
    "postal_code": "9000",
    "country": "BEL",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "evses": [
        {
            "uid": "3256",
            "evse_id": "BE*BEC*E041503001",
            "status": "AVAILABLE",
            "capabilities": ["RESERVABLE"],
            "connectors": [CONNECTOR, CONNECTOR | {"id": "2"}],
            "last_updated": "2015-06-28T08:12:01Z",
        },
        {
            "uid": "3257",
            "status": "RESERVED",
            "connectors": [CONNECTOR],
            "last_updated": "2015-06-29T20:39:09Z",
        },
    ],
    "time_zone": "Europe/Brussels",
    "opening_times": {
        "twentyfourseven": False,
        "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
    },
    "energy_mix": {
        "is_green_energy": True,
        "energy_sources": [{"source": "WIND", "percentage": 100}],
    },
    "last_updated": "2015-06-29T20:39:09Z",
}

SESSION: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "STK",
    "id": "101",
    "start_date_time": "2020-03-09T10:17:09Z",
    "kwh": 0.5,
    "cdr_token": {
        "country_code": "NL",
        "party_id": "TST",
        "uid": "123abc",
        "type": "RFID",
        "contract_id": "NL-TST-C12345678-S",
    },
    "auth_method": "WHITELIST",
    "location_id": "LOC1",
    "evse_uid": "#NA",
    "connector_id": "#NA",
    "currency": "EUR",
    "charging_periods": [
        {"start_date_time": "2020-03-09T10:17:09Z", "dimensions": [{"type": "ENERGY", "volume": 0.5}]}
    ],
    "total_cost": {"excl_vat": 2.5},
    "status": "PENDING",
    "last_updated": "2020-03-09T10:17:09Z",
}


def with_changes(value: Mapping[str, Any], **changes: Any) -> bytes:
    """The JSON of the object with some fields set."""
    return json.dumps({**value, **changes}).encode()
