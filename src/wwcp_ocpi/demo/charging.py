# SPDX-License-Identifier: AGPL-3.0-or-later
"""One driver's charge in the demo: the Token, the Tariff and the Session, in whichever version was agreed.

Everything that any version wants to know is written down once; an object takes the fields that its version has.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.shape import StructType, field_names
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import DateTime, PartyId, now

TOKEN_UID = "04E7A1B2C3D480"
CONTRACT = "NL-EMP-C00000001-X"
KWH = Decimal("11.50")
LASTED = dt.timedelta(hours=1)
"""How long the demo's charge is said to have lasted. It ends when it is stopped, so that it began so long ago."""
TARIFF_ID = "DEMO"
CURRENCY = "EUR"
_PER_KWH, _FLAT, _VAT = Decimal("0.44"), Decimal("0.35"), 21


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the demo charges: an EVSE of the operator's network, with its Location as stored."""

    owner: PartyId
    location: Any
    evse: Any

    @property
    def connector(self) -> Any:
        """The first connector of the EVSE."""
        return self.evse.connectors[0]

    @property
    def tariff_id(self) -> str:
        """The Tariff that the connector names first, for a feed of Locations has none; the demo's own otherwise."""
        named = getattr(self.connector, "tariff_id", None) or getattr(self.connector, "tariff_ids", None) or TARIFF_ID
        return named if isinstance(named, str) else str(named[0])

    @property
    def used(self) -> Any:
        """The Location with this EVSE and its connector alone, as a Session holds it."""
        return replace(self.location, evses=[replace(self.evse, connectors=[self.connector])])


def _fitting(cls: StructType, everything: dict[str, Any]) -> dict[str, Any]:
    """Of everything that is known, what this object has a field for."""
    return {name: value for name, value in everything.items() if name in field_names(cls)}


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
    """Who charges, where, and by whose leave."""
    token_of = {"country_code": provider.country_code, "party_id": provider.party_id, "uid": TOKEN_UID}
    return {
        "cdr_token": {**token_of, "type": "RFID", "contract_id": CONTRACT},
        "auth_id": CONTRACT,
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": reference,
        "location": place.used,
        "location_id": place.location.id,
        "evse_uid": place.evse.uid,
        "connector_id": place.connector.id,
        "currency": CURRENCY,
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


def tariff(version: Version, place: Place) -> OwnObject:
    """What charging costs here: energy, and a fee for each session; with VAT where the version can say so."""
    component = version.object_named("PriceComponent")
    prices = {"ENERGY": _PER_KWH, "FLAT": _FLAT}
    known = {
        "id": place.tariff_id,
        "currency": CURRENCY,
        "elements": [
            {
                "price_components": [
                    _fitting(component, {"type": type, "price": price, "vat": _VAT, "step_size": 1})
                    for type, price in prices.items()
                ]
            }
        ],
        "tax_included": "NO",
    }
    return _own(version, "Tariff", place.owner, known)
