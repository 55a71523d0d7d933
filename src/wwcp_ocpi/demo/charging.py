# SPDX-License-Identifier: AGPL-3.0-or-later
"""One driver's charge in the demo: the Token, the Session and the CDR, in whichever version was agreed.

Everything that any version wants to know is written down once; an object takes the fields that its version has.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.shape import StructType, field_names, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import DateTime, Number, PartyId, now

TOKEN_UID = "04E7A1B2C3D480"
CONTRACT = "NL-EMP-C00000001-X"
KWH = Decimal("11.50")
PRICE = Decimal("5.06")  # 0.44 per kWh, without tax


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the demo charges: an EVSE of the operator's network, with its Location as stored."""

    owner: PartyId
    location: Any
    evse: Any

    @property
    def connector(self) -> Any:
        """The first connector of the EVSE."""
        return self.evse.connectors[0]


def _fitting(cls: StructType, everything: dict[str, Any]) -> dict[str, Any]:
    """Of everything that is known, what this object has a field for; a price in the shape that it has."""
    prices = {field.name: field.type for field in fields_of(cls) if field.name in ("total_cost", "total_energy_cost")}
    known = {name: value for name, value in everything.items() if name in field_names(cls)}
    return {name: _price(prices[name], value) if name in prices else value for name, value in known.items()}


def _price(kind: Any, amount: Decimal) -> object:
    if kind is Number:
        return amount
    return {name: amount for name in ("excl_vat", "before_taxes") if name in field_names(kind)}


def _own(version: Version, name: str, owner: PartyId, known: dict[str, Any], **more: Any) -> OwnObject:
    cls = version.object_named(name)
    at = now()
    body = codec.encode(
        _fitting(cls, {"country_code": owner.country_code, "party_id": owner.party_id, **known, "last_updated": at})
    )
    codec.decode(cls, body)  # a demo must not send what it would refuse
    return OwnObject(owner=owner, id=known.get("id") or known["uid"], last_updated=at.micros, body=body, **more)


def token(version: Version, provider: PartyId) -> OwnObject:
    """The driver's card."""
    known = {
        "uid": TOKEN_UID,
        "type": "RFID",
        "auth_id": CONTRACT,
        "contract_id": CONTRACT,
        "issuer": "Provider B",
        "valid": True,
        "whitelist": "NEVER",
    }
    return _own(version, "Token", provider, known, qualifier="RFID")


def _charge(provider: PartyId, place: Place, reference: str | None) -> dict[str, Any]:
    """What Session and CDR have in common."""
    token_of = {"country_code": provider.country_code, "party_id": provider.party_id, "uid": TOKEN_UID}
    return {
        "cdr_token": {**token_of, "type": "RFID", "contract_id": CONTRACT},
        "auth_id": CONTRACT,
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": reference,
        "location": place.location,
        "location_id": place.location.id,
        "evse_uid": place.evse.uid,
        "connector_id": place.connector.id,
        "currency": "EUR",
    }


def session(
    version: Version, provider: PartyId, place: Place, id: str, began: DateTime, reference: str | None
) -> OwnObject:
    """The Session as it begins."""
    known = {
        **_charge(provider, place, reference),
        "id": id,
        "start_date_time": began,
        "start_datetime": began,
        "kwh": Decimal("0"),
        "status": "ACTIVE",
    }
    return _own(version, "Session", place.owner, known, concerns=provider)


def cdr(
    version: Version, provider: PartyId, place: Place, id: str, began: DateTime, reference: str | None
) -> OwnObject:
    """The CDR of the Session, after it has ended."""
    ended = now()
    location = place.location
    known = {
        **_charge(provider, place, reference),
        "id": id,
        "session_id": id,
        "start_date_time": began,
        "end_date_time": ended,
        "stop_date_time": ended,
        "cdr_location": {
            "id": location.id,
            "name": location.name,
            "address": location.address[:45],
            "city": location.city,
            "country": location.country,
            "coordinates": location.coordinates,
            "evse_uid": place.evse.uid,
            "evse_id": place.evse.evse_id or "#NA",
            "connector_id": place.connector.id,
            "connector_standard": place.connector.standard,
            "connector_format": place.connector.format,
            "connector_power_type": place.connector.power_type,
        },
        "charging_periods": [
            {"start_date_time": began, "dimensions": [{"type": "ENERGY", "volume": KWH}, {"type": "TIME", "volume": 1}]}
        ],
        "total_cost": PRICE,
        "total_energy": KWH,
        "total_time": Decimal("1"),
    }
    return _own(version, "CDR", place.owner, known, concerns=provider)
