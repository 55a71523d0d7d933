# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is measured with: Locations as open data has them, and requests as a partner sends them.

Everything is made from a number, without chance: two runs send the same bytes, but for the moments.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from wwcp_ocpi.scalars import PartyId

VERSION = "2.2.1"
OURS = PartyId("DE", "GEF")
THEIRS = PartyId("FR", "BEN")
TOKEN = "bench-token-of-43-characters-as-ours-are-00"  # of a server that lives for one run

_TOWNS = (
    ("Jena", "DEU", "Europe/Berlin", "07749", 50.93, 11.59),
    ("München", "DEU", "Europe/Berlin", "80331", 48.14, 11.58),
    ("Amsterdam", "NLD", "Europe/Amsterdam", "1012", 52.37, 4.90),
    ("Lyon", "FRA", "Europe/Paris", "69001", 45.76, 4.84),
    ("Roma", "ITA", "Europe/Rome", "00184", 41.89, 12.49),
    ("Wien", "AUT", "Europe/Vienna", "1010", 48.21, 16.37),
)
_STREETS = ("Bahnhofstraße", "Stationsplein", "Industrieweg", "Via Cavour", "Market Square", "Rue de la Gare")
_STATUS = ("AVAILABLE", "CHARGING", "AVAILABLE", "OUTOFORDER", "BLOCKED")
_DAY = "2026-01-01T"
_ticks = itertools.count()


def moment() -> bytes:
    """A DateTime of 24 characters, later than every one before; a run must not last a day."""
    seconds, ms = divmod(next(_ticks), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_DAY}{hours % 24:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}Z".encode()


def location(number: int, owner: PartyId = OURS, evses: int | None = None) -> dict[str, Any]:
    """A Location of 1.6 to 2 kB with 2 or 3 EVSEs, as public feeds have them; or with as many EVSEs as asked."""
    city, country, zone, code, latitude, longitude = _TOWNS[number % len(_TOWNS)]
    shift = number % 9973 / 100_000
    at = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:{number % 60:02d}:{number % 59:02d}Z"
    return {
        "country_code": owner.country_code,
        "party_id": owner.party_id,
        "id": f"LOC-{number:07d}",
        "publish": True,
        "name": f"{city} {_STREETS[number % 5]} {number % 200}",
        "address": f"{_STREETS[number % len(_STREETS)]} {number % 300}",
        "city": city,
        "postal_code": code,
        "country": country,
        "coordinates": {"latitude": f"{latitude + shift:.6f}", "longitude": f"{longitude + shift:.6f}"},
        "parking_type": ("ON_STREET", "PARKING_LOT", "PARKING_GARAGE")[number % 3],
        "evses": [_evse(number, index, owner, at) for index in range(evses or 2 + number % 2)],
        "operator": {"name": "Grand Electric Fuel", "website": "https://operator.example"},
        "time_zone": zone,
        "opening_times": {"twentyfourseven": True},
        "energy_mix": {"is_green_energy": True},
        "last_updated": at,
    }


def _evse(number: int, index: int, owner: PartyId, at: str) -> dict[str, Any]:
    return {
        "uid": f"{number:07d}-{index + 1}",
        "evse_id": f"{owner.country_code}*{owner.party_id}*E{number:07d}*{index + 1}",
        "status": _STATUS[(number + index) % len(_STATUS)],
        "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER", "UNLOCK_CAPABLE"],
        "connectors": [
            {
                "id": "1",
                "standard": "IEC_62196_T2",
                "format": "SOCKET",
                "power_type": "AC_3_PHASE",
                "max_voltage": 230,
                "max_amperage": 32,
                "max_electric_power": 22000,
                "tariff_ids": [f"TARIFF-{number % 40}"],
                "last_updated": at,
            }
        ],
        "coordinates": {"latitude": f"{50 + number % 9973 / 100_000:.6f}", "longitude": "11.590000"},
        "physical_reference": f"{index + 1}",
        "last_updated": at,
    }


def small(number: int, owner: PartyId = OURS) -> bytes:
    """A Location with no more than it must have: about 280 bytes."""
    city, country, zone, _, latitude, longitude = _TOWNS[number % len(_TOWNS)]
    return encode(
        {
            "country_code": owner.country_code,
            "party_id": owner.party_id,
            "id": f"LOC-{number:07d}",
            "publish": True,
            "address": f"Street {number % 300}",
            "city": city,
            "country": country,
            "coordinates": {"latitude": f"{latitude:.5f}", "longitude": f"{longitude:.5f}"},
            "time_zone": zone,
            "last_updated": "2025-06-01T00:00:00Z",
        }
    )


def token(number: int) -> dict[str, Any]:
    """One of our Tokens."""
    return {
        "country_code": OURS.country_code,
        "party_id": OURS.party_id,
        "uid": f"{number:014X}",
        "type": "RFID",
        "contract_id": f"{OURS.country_code}-{OURS.party_id}-C{number:08d}-X",
        "issuer": "Grand Electric Fuel",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": "2025-06-01T00:00:00Z",
    }


def cdr(number: int, owner: PartyId = THEIRS, signed_bytes: int = 2800, periods: int = 60) -> dict[str, Any]:
    """A CDR; as it stands 20 kB, with a period for each quarter of an hour and signed meter values."""
    place = location(number, owner)
    evse = place["evses"][0]
    at = place["last_updated"]
    block = (encode(place).hex() * 9)[:signed_bytes]
    connector = evse["connectors"][0]
    return {
        "country_code": owner.country_code,
        "party_id": owner.party_id,
        "id": f"CDR-{number:07d}",
        "start_date_time": "2025-05-31T08:00:00Z",
        "end_date_time": "2025-05-31T23:00:00Z",
        "session_id": f"SES-{number:07d}",
        "cdr_token": {
            "country_code": OURS.country_code,
            "party_id": OURS.party_id,
            "uid": f"{number:014X}",
            "type": "RFID",
            "contract_id": f"{OURS.country_code}-{OURS.party_id}-C{number:08d}-X",
        },
        "auth_method": "AUTH_REQUEST",
        "cdr_location": {
            **{name: place[name] for name in ("id", "name", "address", "city", "postal_code", "country")},
            "coordinates": place["coordinates"],
            "evse_uid": evse["uid"],
            "evse_id": evse["evse_id"],
            "connector_id": connector["id"],
            "connector_standard": connector["standard"],
            "connector_format": connector["format"],
            "connector_power_type": connector["power_type"],
        },
        "currency": "EUR",
        "charging_periods": [_period(index) for index in range(periods)],
        "signed_data": {
            "encoding_method": "OCMF",
            "public_key": block[:128],
            "signed_values": [
                {"nature": nature, "plain_data": block, "signed_data": block[::-1]} for nature in ("Start", "End")
            ],
        }
        if signed_bytes
        else None,
        "total_cost": {"excl_vat": 12.375, "incl_vat": 14.7263},
        "total_energy": 41.25,
        "total_time": 15,
        "last_updated": at,
    }


def _period(index: int) -> dict[str, Any]:
    hours, quarters = divmod(index, 4)
    return {
        "start_date_time": f"2025-05-31T{8 + hours:02d}:{quarters * 15:02d}:00Z",
        "dimensions": [{"type": "ENERGY", "volume": 0.6875}, {"type": "TIME", "volume": 0.25}],
        "tariff_id": "TARIFF-7",
    }


def session(number: int) -> dict[str, Any]:
    """A Session of one of our drivers at the partner, three periods long so far."""
    made = cdr(number, THEIRS, signed_bytes=0, periods=3)
    place = made["cdr_location"]
    return {
        **{name: made[name] for name in ("country_code", "party_id", "start_date_time", "cdr_token", "auth_method")},
        "id": f"SES-{number:07d}",
        "kwh": 2.0625,
        "location_id": place["id"],
        "evse_uid": place["evse_uid"],
        "connector_id": place["connector_id"],
        "currency": "EUR",
        "charging_periods": made["charging_periods"],
        "status": "ACTIVE",
        "last_updated": made["last_updated"],
    }


def encode(value: object) -> bytes:
    """JSON without blanks."""
    return msgspec.json.encode(value)


# ----------------------------------------------------------------------------------------------------- requests

AUTHORIZATION = "Token " + base64.b64encode(TOKEN.encode()).decode()
HEADERS = {
    "authorization": AUTHORIZATION,
    "x-request-id": "0f8a1b5e-3c0e-4a8d-9d57-2f3c1a6c7e01",
    "x-correlation-id": "7b1f3c9a-52d4-4d0e-8a4e-9c1d2e3f4a5b",
    "ocpi-from-country-code": THEIRS.country_code,
    "ocpi-from-party-id": THEIRS.party_id,
    "ocpi-to-country-code": OURS.country_code,
    "ocpi-to-party-id": OURS.party_id,
}
"""What the specification asks of a request between two parties."""

Parts = tuple[bytes, bytes]
"""A request in two pieces; where it changes from time to time, a moment goes between them."""


def get(path: str) -> bytes:
    """A GET, ready to be sent."""
    return _head("GET", path) + b"\r\n"


def put(number: int, evses: int | None = None) -> Parts:
    """PUT of one of the partner's Locations, with a hole for `last_updated`."""
    path = f"/ocpi/{VERSION}/receiver/locations/{THEIRS.country_code}/{THEIRS.party_id}/LOC-{number:07d}"
    return _with_hole("PUT", path, {**location(number, THEIRS, evses), "last_updated": "?"})


def patch(number: int, evse: int, status: str) -> Parts:
    """PATCH of the status of one EVSE, with a hole for `last_updated`."""
    path = (
        f"/ocpi/{VERSION}/receiver/locations/{THEIRS.country_code}/{THEIRS.party_id}"
        f"/LOC-{number:07d}/{number:07d}-{evse + 1}"
    )
    return _with_hole("PATCH", path, {"status": status, "last_updated": "?"})


def authorize(number: int) -> bytes:
    """A CPO asks whether one of our Tokens may charge at a Location of its."""
    place = {"location_id": f"LOC-{number:07d}", "evse_uids": [f"{number:07d}-1"]}
    path = f"/ocpi/{VERSION}/sender/tokens/{number:014X}/authorize?type=RFID"
    return _head("POST", path) + _body(encode(place))


def put_session(number: int) -> Parts:
    """PUT of a Session of the partner, with a hole for `last_updated`."""
    return _with_hole("PUT", _session_path(number), {**session(number), "last_updated": "?"})


def patch_session(number: int) -> Parts:
    """PATCH of what a running Session has charged so far."""
    change = {"kwh": number % 50 + 0.25, "total_cost": {"excl_vat": number % 30 + 0.5}, "last_updated": "?"}
    return _with_hole("PATCH", _session_path(number), change)


def _session_path(number: int) -> str:
    return f"/ocpi/{VERSION}/receiver/sessions/{THEIRS.country_code}/{THEIRS.party_id}/SES-{number:07d}"


def post_cdr(number: int) -> Parts:
    """POST of a CDR with three periods and no signed values; the hole is its id, so that each is a new one."""
    made = {name: value for name, value in cdr(number, THEIRS, 0, 3).items() if value is not None}
    return _with_hole("POST", f"/ocpi/{VERSION}/receiver/cdrs", {**made, "id": "?"})


def _with_hole(method: str, path: str, body: dict[str, Any]) -> Parts:
    before, after = encode(body).rsplit(b'"?"', 1)
    length = len(before) + len(after) + 26  # a moment of 24 characters, in quotes
    return _head(method, path) + _announced(length) + before + b'"', b'"' + after


def _body(body: bytes) -> bytes:
    return _announced(len(body)) + body


def _announced(length: int) -> bytes:
    return b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % length


def _head(method: str, path: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in HEADERS.items())]
    return ("\r\n".join(lines) + "\r\n").encode()


def repeat(requests: list[bytes]) -> Iterator[bytes]:
    """These, over and over."""
    return itertools.cycle(requests)


def renewed(requests: list[Parts]) -> Iterator[bytes]:
    """These, over and over, each time with a later moment."""
    for before, after in itertools.cycle(requests):
        yield before + moment() + after
