# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the fields of an object say about each other, and what a text must not say: rules that no type can hold.

All findings are warnings: such an object can be kept, and is. `wwcp-ocpi validate` tells them beside those of
`conformance`; a running server does not look for them, for they would cost every request.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import available_timezones

import msgspec

from wwcp_ocpi.protocol.codec import read_json
from wwcp_ocpi.protocol.conformance import Finding, Severity
from wwcp_ocpi.protocol.shape import Field, StructType, field_names, fields_of
from wwcp_ocpi.scalars import DateTime

NOT_AVAILABLE = "#NA"
SESSIONS_ONLY = frozenset({"CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"})
"""Dimensions that have no place in a CDR (CDR-23)."""

_MAX_ID = 36
_ALL = Decimal(100)
_SMALL_VEHICLES = frozenset({"PERSONAL_VEHICLE", "MOTORCYCLE"})
_FLEETING = frozenset({"AD_HOC_USER", "APP_USER"})
_SIZES = (
    "max_vehicle_weight",
    "max_vehicle_height",
    "max_vehicle_length",
    "max_vehicle_width",
    "parking_space_length",
    "parking_space_width",
    "dangerous_goods_allowed",
)
_time_zones = cache(available_timezones)
_MARKUP = re.compile(r"</?[A-Za-z!][^<>]*>")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")

Json: TypeAlias = Mapping[str, Any]


class Said(NamedTuple):
    """A finding below the object that is looked at: the path from there, the rule, and in words."""

    path: str
    rule: str
    message: str


class Check(NamedTuple):
    """What is looked for in the objects of one name, in the versions in which they have these fields."""

    fields: frozenset[str]
    look: Callable[[Json], Iterator[Said]]


def check(cls: StructType, body: bytes) -> list[Finding]:
    """All findings on one JSON object in which `conformance` found no error.

    Raises:
        MalformedBody, TooLarge: as `codec.read_json`.
    """
    return [
        Finding(path, rule, Severity.WARNING, message) for path, rule, message in _object(cls, read_json(body), "$")
    ]


def is_time_zone(name: str) -> bool:
    """Whether this is a time zone of the IANA, like Europe/Berlin."""
    return name in _time_zones()


def _object(cls: StructType, value: Json, path: str) -> Iterator[Said]:
    for one in _checks(cls):
        for said in one.look(value):
            yield said._replace(path=path + said.path)
    for field in fields_of(cls):
        found = value.get(field.name)
        if found is None:
            continue
        at = f"{path}.{field.name}"
        if field.cardinality.is_list:
            for index, item in enumerate(found):
                yield from _value(cls, field, item, f"{at}[{index}]")
        else:
            yield from _value(cls, field, found, at)


def _value(cls: StructType, field: Field, value: Any, path: str) -> Iterator[Said]:
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
        yield from _object(field.type, value, path)
    elif field.text is not None:
        if value == NOT_AVAILABLE and not field.text.na and not field.cardinality.is_required:
            yield Said(path, "TRN-51", f"{NOT_AVAILABLE} is for required fields; leave this one out")
        if field.text.kind == "URL" and not _URL.fullmatch(value):
            yield Said(path, "TYP-10", f"expected a URL, got {value[:40]!r}")
        if cls.__name__ == "DisplayText" and field.name == "text" and _MARKUP.search(value):
            yield Said(path, "TYP-08", "expected plain text, got markup")


@cache
def _checks(cls: StructType) -> Sequence[Check]:
    return [one for one in CHECKS.get(cls.__name__, ()) if one.fields <= field_names(cls)]


def _publication(location: Json) -> Iterator[Said]:
    if location["publish"] and location.get("publish_allowed_to"):
        yield Said(".publish_allowed_to", "LOC-22", "only where publish is false")


def _time_zone(location: Json) -> Iterator[Said]:
    zone = location.get("time_zone")
    if zone is not None and not is_time_zone(zone):
        yield Said(".time_zone", "LOC-52", f"expected a time zone like Europe/Berlin, got {zone[:40]!r}")


def _places(location: Json) -> Iterator[Said]:
    ids = Counter(place["id"].upper() for place in location.get("parking_places") or ())
    for id, count in ids.items():
        if count > 1:
            yield Said(".parking_places", "LOC-44", f"{count} places have the id {id!r}")


def _place(parking: Json) -> Iterator[Said]:
    vehicles = frozenset(parking["vehicle_types"])
    if not vehicles <= _SMALL_VEHICLES:
        for name in _SIZES:
            if parking.get(name) is None:
                yield Said(f".{name}", "LOC-45", "expected where larger vehicles may park, but missing")
    if "DISABLED" in vehicles and not parking.get("images"):
        yield Said(".images", "LOC-47", "expected a photo of a place for disabled drivers")


def _owner_of_token(token: Json) -> Iterator[Said]:
    if all(token.get(name) is None for name in ("uid", "visual_number", "group_id")):
        yield Said("", "LOC-37", "expected a uid, a visual_number or a group_id")
    for name, other, rule in (("uid", "type", "LOC-38"), ("visual_number", "issuer", "LOC-39")):
        if token.get(name) is not None and token.get(other) is None:
            yield Said(f".{other}", rule, f"required with {name}, but missing")


def _energy_mix(mix: Json) -> Iterator[Said]:
    shares = [Decimal(source["percentage"]) for source in mix.get("energy_sources") or ()]
    if shares and sum(shares) != _ALL:
        yield Said(".energy_sources", "LOC-33", f"expected shares of 100 percent together, got {sum(shares)}")


def _hours(hours: Json) -> Iterator[Said]:
    if hours.get("twentyfourseven") and hours.get("regular_hours"):
        yield Said(".regular_hours", "LOC-34", "only where twentyfourseven is false")
    if not hours.get("twentyfourseven") and not hours.get("regular_hours"):
        yield Said(".regular_hours", "LOC-34", "at least one element where it is not open all day, got 0")
    periods = [
        [tuple(DateTime.parse(one[end]) for end in ("period_begin", "period_end")) for one in hours.get(name) or ()]
        for name in ("exceptional_openings", "exceptional_closings")
    ]
    if any(max(one[0], other[0]) < min(one[1], other[1]) for one, other in product(*periods)):
        yield Said(".exceptional_closings", "LOC-35", "one overlaps an exceptional opening, and wins")


def _regular_hours(hours: Json) -> Iterator[Said]:
    if hours["period_end"] <= hours["period_begin"]:
        yield Said(".period_end", "LOC-36", f"expected a time after {hours['period_begin']}")


def _whitelist(token: Json) -> Iterator[Said]:
    if token["type"] in _FLEETING and token["whitelist"] != "NEVER":
        yield Said(".whitelist", "TOK-18", f"expected NEVER for the type {token['type']}")


def _reserved(session: Json) -> Iterator[Said]:
    if session["status"] not in ("RESERVATION", "RESERVED"):
        for name in ("evse_uid", "connector_id"):
            if session[name] == NOT_AVAILABLE:
                yield Said(f".{name}", "SES-22", f"{NOT_AVAILABLE} is for reservations")


def _credit(cdr: Json) -> Iterator[Said]:
    is_credit, of = bool(cdr.get("credit")), cdr.get("credit_reference_id")
    if is_credit and of is None:
        yield Said(".credit_reference_id", "CDR-04", "required in a credit CDR, but missing")
    if of is not None and not is_credit:
        yield Said(".credit", "CDR-04", "expected true beside credit_reference_id")
    if of is not None and of.upper() == cdr["id"].upper():
        yield Said(".id", "CDR-03", "expected another id than that of the CDR that is credited")
    if len(cdr["id"]) > _MAX_ID and not is_credit:
        yield Said(".id", "CDR-18", f"at most {_MAX_ID} characters where it is no credit CDR, got {len(cdr['id'])}")


def _dimensions(cdr: Json) -> Iterator[Said]:
    for index, period in enumerate(cdr["charging_periods"]):
        for place, dimension in enumerate(period["dimensions"]):
            if dimension["type"] in SESSIONS_ONLY:
                path = f".charging_periods[{index}].dimensions[{place}].type"
                yield Said(path, "CDR-23", f"{dimension['type']} is for sessions only")


def _on(look: Callable[[Json], Iterator[Said]], *fields: str) -> Check:
    return Check(frozenset(fields), look)


CHECKS: Mapping[str, Sequence[Check]] = {
    "Location": (
        _on(_publication, "publish_allowed_to"),
        _on(_time_zone),
        _on(_places, "parking_places"),
    ),
    "Parking": (_on(_place),),
    "PublishTokenType": (_on(_owner_of_token),),
    "EnergyMix": (_on(_energy_mix),),
    "Hours": (_on(_hours),),
    "RegularHours": (_on(_regular_hours),),
    "Token": (_on(_whitelist),),
    "Session": (_on(_reserved, "evse_uid"),),
    "CDR": (_on(_credit, "credit"), _on(_dimensions)),
}
"""What is looked for, by the name of the object."""
