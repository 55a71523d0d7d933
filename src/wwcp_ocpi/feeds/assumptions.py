# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be filled in where a feed lacks a required field. Nothing is, unless it was asked for, and all is counted.

Open data feeds leave out what everybody knows: that their Locations are published, whose they are, where the
clock stands. As OCPI objects they are incomplete; with these assumptions they can be used, and it stays visible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.shape import StructType, fields_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.wwcp.ids.countries import country_of

_OPERATOR = re.compile(r"([A-Za-z]{2})\*?([A-Za-z0-9]{3})\*?[Ee]")
_OWNER = frozenset(PartyId._fields)
_encode = msgspec.json.encode


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to fill in where it is missing.

    `party` is the owner of objects that name none; `from_evse_ids` finds the owner in the first evse_id instead,
    where it can. `time_zones` takes the time zone of countries that have only one. `fields` are plain defaults,
    JSON values by field name.
    """

    party: PartyId | None = None
    from_evse_ids: bool = False
    time_zones: bool = False
    fields: Mapping[str, object] = {}


NOTHING = Assumptions()
"""Take objects as they are, or not at all."""

OPEN_DATA = Assumptions(from_evse_ids=True, time_zones=True, fields={"publish": True})
"""What is true of every public feed of Locations."""


def complete(cls: StructType, fields: RawObject, assumed: Assumptions) -> tuple[RawObject, list[str]]:
    """The object with what is missing filled in, as far as it may be, and a word on each thing that was."""
    made: dict[str, object] = {}
    needed = {
        field.name for field in fields_of(cls) if field.cardinality.is_required and _is_missing(fields, field.name)
    }
    if _OWNER & needed:
        owner = owner_of(fields, assumed)
        named = owner._asdict() if owner is not None else {}
        if all((patch.text_of(fields, name) or "").upper() == named.get(name) for name in _OWNER - needed):
            made |= {name: text for name, text in named.items() if name in needed}
    if "time_zone" in needed and assumed.time_zones:
        zone = _only_zone(patch.text_of(fields, "country") or "")
        if zone is not None:
            made["time_zone"] = zone
    made |= {name: value for name, value in assumed.fields.items() if name in needed}
    if not made:
        return fields, []
    said = [f"$.{name} = {_VARIES.get(name) or _encode(value).decode()}" for name, value in made.items()]
    return {**fields, **{name: msgspec.Raw(_encode(value)) for name, value in made.items()}}, said


_VARIES = {
    "country_code": "of the owner",
    "party_id": "of the owner",
    "time_zone": "the only one of the country",
}


def owner_of(fields: RawObject, assumed: Assumptions) -> PartyId | None:
    """Whose object it is: as it says, else as its EVSE ids say, else as assumed."""
    country, party = patch.text_of(fields, "country_code"), patch.text_of(fields, "party_id")
    if country and party:
        try:
            return PartyId.parse(f"{country}*{party}")
        except ValueError:
            return None
    if assumed.from_evse_ids:
        for evse in _evses(fields):
            match = _OPERATOR.match(patch.text_of(evse, "evse_id") or "")
            if match is not None:
                return PartyId.of(match[1], match[2])
    return assumed.party


def _evses(fields: RawObject) -> list[RawObject]:
    try:
        return patch.children(fields, "evses")
    except OCPIError:  # the check of the object names what is wrong with them
        return []


def _is_missing(fields: RawObject, name: str) -> bool:
    raw = fields.get(name)
    return raw is None or bytes(raw).strip() == b"null"


@cache
def _zones() -> dict[str, list[str]]:
    """The IANA time zones of each country, by its two letters."""
    found: dict[str, list[str]] = {}
    for line in files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found


def _only_zone(name: str) -> str | None:
    country = country_of(name)
    zones = _zones().get(country.alpha_2, []) if country else []
    return zones[0] if len(zones) == 1 else None
