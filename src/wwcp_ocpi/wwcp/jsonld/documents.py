# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP objects to JSON-LD and back: a whole roaming network, or any of its parts.

Reading is lenient in form (any case of keys, old connectors, null as absent) and strict in substance: an id
that is none, a wrong type, an entity twice or under the wrong parent is refused, with its JSON path. Unknown keys
are kept and noted. What was read and written is read again as the same value.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.wwcp.jsonld.reading import EXTRA, Reader, plan
from wwcp_ocpi.wwcp.jsonld.shapes import SHAPES_OUT, JSONObject
from wwcp_ocpi.wwcp.jsonld.wire import to_wire
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingProduct, ChargingReservation, ChargingSession
from wwcp_ocpi.wwcp.model.energy import EnergyMeter, EnergyMeteringValue
from wwcp_ocpi.wwcp.model.notes import Loaded
from wwcp_ocpi.wwcp.model.places import (
    EVSE,
    Brand,
    ChargingCable,
    ChargingConnector,
    ChargingPool,
    ChargingStation,
    ChargingStationGroup,
    ChargingStationOperator,
    EMobilityProvider,
    EVSEGroup,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult, SendCDRResult
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff

_S = TypeVar("_S", bound=msgspec.Struct)

CONTEXT = "https://open.charging.cloud/contexts/wwcp+json/"
CONTEXT_NAMES: dict[type, str] = {
    RoamingNetworkData: "roamingNetwork",
    ChargingStationOperator: "chargingStationOperator",
    EMobilityProvider: "eMobilityProvider",
    ChargingPool: "chargingPool",
    ChargingStation: "chargingStation",
    EVSE: "EVSE",
    ChargingConnector: "chargingConnector",
    ChargingCable: "chargingCable",
    ChargingProduct: "chargingProduct",
    ChargingTariff: "ChargingTariff",
    EnergyMeter: "energyMeter",
    EnergyMeteringValue: "energyMeteringValue",
    Brand: "brand",
    EVSEGroup: "EVSEGroup",
    ChargingStationGroup: "chargingStationGroup",
    ChargingReservation: "chargingReservation",
    ChargingSession: "chargingSession",
    ChargeDetailRecord: "chargeDetailRecord",
    SendCDRResult: "sendCDRResult",
    AuthStartResult: "authStartResult",
    AuthStopResult: "authStopResult",
}
"""Those that WWCP names; chargingReservation and chargingStationGroup are ours in the same manner."""


def read(cls: type[_S], body: bytes, *, keep_going: bool = False) -> Loaded[_S]:
    """The object in a JSON text, and notes on what was not understood.

    Args:
        keep_going: leave out of a list the smallest part that holds a mistake, and note it.

    Raises:
        MalformedBody: not JSON.
        InvalidParameters: JSON that is no such object; `.path` names the place of the first mistake.
        TooLarge: nested deeper than we read.
    """
    reader = Reader(keep_going=keep_going)
    return Loaded(reader.entity(cls, msgspec.Raw(body)), reader.notes)


def read_network(body: bytes) -> RoamingNetworkData:
    """The roaming network in a JSON text; `read` tells more. Raises as that."""
    return read(RoamingNetworkData, body).value


def write(value: msgspec.Struct) -> bytes:
    """The JSON-LD of an object, with its `@context` on the outermost level only."""
    return encode(plain(value))


def plain(value: msgspec.Struct) -> JSONObject:
    """The same as dictionaries, lists and plain values, fresh and to be changed in place; numbers as Decimal."""
    made = _written(type(value), msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=to_wire))
    name = CONTEXT_NAMES.get(type(value))
    if name is not None:
        own = {"@id": made.pop("@id")} if "@id" in made else {}
        made = own | {"@context": CONTEXT + name} | made
    return made


def encode(value: object) -> bytes:
    """The JSON text of what `plain` made."""
    return _encoder.encode(value)


_encoder = msgspec.json.Encoder(decimal_format="number")


def _written(cls: StructType, plain: JSONObject) -> JSONObject:
    extra: JSONObject = plain.pop(EXTRA, {})
    for child in plan(cls).children:
        if child.key in plain:
            value = plain[child.key]
            plain[child.key] = (
                [_written(child.cls, item) for item in value] if child.is_list else _written(child.cls, value)
            )
    shape = SHAPES_OUT.get(cls)
    return (shape(plain) if shape else plain) | extra
