# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations of OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from wwcp_ocpi.convert.rules import (
    Rule,
    added,
    cut,
    differs,
    is_given,
    passes,
    plain,
    raw,
    renamed,
    says,
)
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.owners import owned
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject

IDS = "2.1.1 allows 39 characters, 2.2.1 36. An id that is cut is another id, so it passes; a longer one is reported."

_SHARED_TYPES = frozenset({"ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT"})
_DECIMALS = 6


def _parking_type(fields: RawObject, work: Work) -> RawObject:
    word = plain(fields.get("type"))
    return {"parking_type": raw(word)} if word in _SHARED_TYPES else {}


def _type(fields: RawObject, work: Work) -> RawObject:
    word = plain(fields.get("parking_type"))
    if word is None:
        return {"type": raw("UNKNOWN")}
    if word not in _SHARED_TYPES:
        work.lose(".parking_type", f"{word} is no word of OCPI {work.target}; told as OTHER")
        word = "OTHER"
    return {"type": raw(word)}


def _publish(fields: RawObject, work: Work) -> RawObject:
    return {"publish": raw(work.context.publish)}


def _published(fields: RawObject, work: Work) -> RawObject:
    if plain(fields.get("publish")) is not True:
        if not work.context.unpublished:
            raise work.refusal(".publish", "unpublished", "cannot be told that a Location is not to be shown to all")
        work.lose(".publish", f"OCPI {work.target} cannot be told that a Location is not to be shown to all")
    return {}


def _postal_code(fields: RawObject, work: Work) -> RawObject:
    return {"postal_code": postal_code(fields, "", work)}


def postal_code(fields: RawObject, place: str, work: Work) -> msgspec.Raw:
    """The postal code of an address, or what stands for it.

    Raises:
        CannotConvert: there is neither.
    """
    value = fields.get("postal_code")
    if value is not None and is_given(value):
        return value
    if work.context.postal_code is None:
        raise work.refusal(f"{place}.postal_code", "postal_code", "wants a postal code")
    return raw(work.context.postal_code)


def _time_zone(fields: RawObject, work: Work) -> RawObject:
    value = fields.get("time_zone")
    if value is not None and is_given(value):
        return {"time_zone": value}
    if work.context.time_zone is None:
        raise work.refusal(".time_zone", "time_zone", "wants a time zone")
    return {"time_zone": raw(work.context.time_zone)}


def _same_time_zone(fields: RawObject, work: Work) -> RawObject:
    return {"time_zone": fields["time_zone"]} if "time_zone" in fields else {}


def _tariff_ids(fields: RawObject, work: Work) -> RawObject:
    value = fields.get("tariff_id")
    if value is None:
        return {}
    return {"tariff_ids": raw([value]) if is_given(value) else value}


def _tariff_id(fields: RawObject, work: Work) -> RawObject:
    value = fields.get("tariff_ids")
    if value is None or not is_given(value):
        return {} if value is None else {"tariff_id": value}
    ids = plain(value)
    for index in range(1, len(ids)):
        work.lose(f".tariff_ids[{index}]", f"OCPI {work.target} has one Tariff for a Connector")
    return {"tariff_id": raw(ids[0])} if ids else {}


def _always_open(fields: RawObject, work: Work) -> RawObject:
    value = fields.get("twentyfourseven")
    return {"twentyfourseven": value if value is not None and is_given(value) else raw(False)}


def _maybe_always_open(fields: RawObject, work: Work) -> RawObject:
    is_implied = plain(fields.get("twentyfourseven")) is False and says(fields.get("regular_hours"))
    return {} if is_implied or "twentyfourseven" not in fields else {"twentyfourseven": fields["twentyfourseven"]}


def _coordinate(name: str) -> Rule:
    def down(fields: RawObject, work: Work) -> RawObject:
        text = plain(fields.get(name))
        places = len(text.partition(".")[2]) if isinstance(text, str) else _DECIMALS
        if places == _DECIMALS:
            return {name: fields[name]} if name in fields else {}
        try:
            exact = Decimal(text)
            rounded = exact.quantize(Decimal(1).scaleb(-_DECIMALS))
        except InvalidOperation:
            return {name: fields[name]}
        if rounded != exact:
            work.lose(f".{name}", f"OCPI {work.target} has {_DECIMALS} decimals; rounded")
        return {name: raw(str(rounded))}

    why = "2.1.1 asks for exactly six decimals. Fewer are filled up with zeros, more are rounded to a tenth of a metre."
    return differs(name, name, down=down, why=why, kind="rounded")


_COORDINATES = (_coordinate("latitude"), _coordinate("longitude"))

OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Location", "Location"): (
        owned(),
        *passes("id", why=IDS),
        differs(
            "",
            "publish",
            up=_publish,
            down=_published,
            why="2.1.1 knows published Locations only. One that is not to be published is refused, not told: nobody "
            "could know that it must not be shown. The setting `unpublished` tells it nevertheless.",
        ),
        *added("publish_allowed_to", "state", why="2.1.1 has no place for it."),
        cut("address", 45, why="2.1.1 has room for 45 characters, 2.2.1 for 255."),
        differs(
            "postal_code",
            "postal_code",
            down=_postal_code,
            why="2.1.1 requires it. Where there is none, the setting `postal_code` says what to tell.",
        ),
        differs(
            "type",
            "parking_type",
            up=_parking_type,
            down=_type,
            why="Four words are the same. OTHER and UNKNOWN become no `parking_type`; none becomes UNKNOWN; new words "
            "become OTHER.",
        ),
        differs(
            "time_zone",
            "time_zone",
            up=_time_zone,
            down=_same_time_zone,
            why="2.2.1 requires it. Where there is none, the setting `time_zone` says it.",
        ),
    ),
    ("EVSE", "EVSE"): (*passes("uid", why=IDS),),
    ("Connector", "Connector"): (
        renamed("voltage", "max_voltage"),
        renamed("amperage", "max_amperage"),
        *added("max_electric_power", why="2.1.1 leaves it to be worked out of voltage, amperage and phases."),
        differs(
            "tariff_id",
            "tariff_ids",
            up=_tariff_ids,
            down=_tariff_id,
            why="2.2.1 has one Tariff for each kind of use, 2.1.1 one: the first.",
        ),
    ),
    ("GeoLocation", "GeoLocation"): _COORDINATES,
    ("AdditionalGeoLocation", "AdditionalGeoLocation"): _COORDINATES,
    ("EnvironmentalImpact", "EnvironmentalImpact"): (renamed("source", "category"),),
    ("Hours", "Hours"): (
        differs(
            "twentyfourseven",
            "twentyfourseven",
            up=_always_open,
            down=_maybe_always_open,
            why="2.1.1 has either regular hours or this field, 2.2.1 always this field. Beside regular hours "
            "`false` is left out below; where it is missing, it is `false` above.",
        ),
    ),
}
