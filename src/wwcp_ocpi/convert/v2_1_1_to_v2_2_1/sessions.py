# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions and CDRs of OCPI 2.1.1 and 2.2.1.

Below they hold the whole Location and the id of the contract. Above a Session holds three ids, a CDR an extract, and
both a CdrToken.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.convert.context import Known
from wwcp_ocpi.convert.periods import dimensions
from wwcp_ocpi.convert.rules import Rule, added, differs, is_given, passes, plain, raw, renamed
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.locations import postal_code
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.owners import owned
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.tariffs import priced
from wwcp_ocpi.convert.work import Inexpressible, Work
from wwcp_ocpi.protocol.errors import CannotConvert, OCPIError
from wwcp_ocpi.protocol.patch import RawObject, children, join, split, text_of
from wwcp_ocpi.scalars import PartyId, fold

NA = "#NA"
_EMAID = re.compile(r"([A-Za-z]{2})(-?)([A-Za-z0-9]{3})\2[A-Za-z0-9]{9}(?:\2[A-Za-z0-9])?")
_KIND = {"connector_standard": "standard", "connector_format": "format", "connector_power_type": "power_type"}
_ADDRESS = ("id", "name", "address", "city", "postal_code", "country", "coordinates")


# --------------------------------------------------------------------------------------------------------- the driver


def _cdr_token(fields: RawObject, work: Work) -> RawObject:
    contract = fields["auth_id"]
    context, id = work.context, str(plain(contract))
    if context.token is not None:
        token = work.whole(context.token, "Token")
        if fold(text_of(token, "contract_id") or "") == fold(id):
            names = ("country_code", "party_id", "uid", "type")
            return {"cdr_token": raw({**{name: token[name] for name in names}, "contract_id": contract})}
    driver = context.driver or issuer_of(id)
    if driver is None:
        raise work.refusal(".auth_id", "driver", "wants the eMSP of the driver, or the Token by the setting 'token'")
    for name in ("token_uid", "token_type"):
        if getattr(context, name) is None:
            raise work.refusal(
                ".auth_id", name, "wants the Token itself, by the setting 'token', or what is known of it"
            )
    token_fields: dict[str, Any] = {"uid": context.token_uid, "type": context.token_type, "contract_id": contract}
    return {"cdr_token": raw({**driver._asdict(), **token_fields})}


def issuer_of(contract_id: str) -> PartyId | None:
    """The eMSP that a contract id names, if it has the form of eMI3."""
    match = _EMAID.fullmatch(contract_id)
    return PartyId.of(match[1], match[3]) if match else None


def _auth_id(fields: RawObject, work: Work) -> RawObject:
    token = split(fields["cdr_token"])
    for name in ("country_code", "party_id", "uid", "type"):
        work.lose(f".cdr_token.{name}", f"OCPI {work.target} names the contract alone")
    return {"auth_id": token["contract_id"]}


_DRIVER = differs(
    "auth_id",
    "cdr_token",
    up=_cdr_token,
    down=_auth_id,
    why="The contract id below, all that identifies the Token above: taken from the setting `token`, or else from"
    " `driver`, `token_uid` and `token_type`. A contract id in the form of eMI3 names the eMSP itself.",
)


# ------------------------------------------------------------------------------------------------------- the Location


def _only(entries: list[RawObject]) -> RawObject | None:
    return entries[0] if len(entries) == 1 else None


def _ids(fields: RawObject, work: Work) -> RawObject:
    location = split(fields["location"])
    evse = _only(children(location, "evses")) or {}
    connector = _only(children(evse, "connectors")) or {}
    return {
        "location_id": location["id"],
        "evse_uid": evse.get("uid", raw(NA)),
        "connector_id": connector.get("id", raw(NA)),
    }


def _location(fields: RawObject, work: Work) -> RawObject:
    if work.context.location is None:
        raise work.refusal(".location_id", "location", "wants the whole Location")
    location = _whole(work.context.location, ".location_id", work)
    id = text_of(fields, "location_id") or ""
    if fold(text_of(location, "id") or "") != fold(id):
        raise work.refusal(".location_id", "location", f"wants the Location {id!r}, and another one is given")
    location = {**location, "id": fields["location_id"]}
    uid, connector_id = text_of(fields, "evse_uid") or "", text_of(fields, "connector_id") or ""
    evse = _named(children(location, "evses"), "uid", uid)
    location.pop("evses", None)
    if evse is None:
        if uid != NA:
            work.lose(".evse_uid", "the Location that is given has no such EVSE")
        return {"location": msgspec.Raw(join(location))}
    connector = _named(children(evse, "connectors"), "id", connector_id)
    if connector is not None:
        evse = {**evse, "connectors": raw([connector])}
    elif connector_id != NA:
        work.lose(".connector_id", "the Location that is given has no such Connector")
    return {"location": msgspec.Raw(join({**location, "evses": raw([evse])}))}


def _whole(known: Known, place: str, work: Work) -> RawObject:
    """The Location of the setting. It may be one that is not to be published: the driver's eMSP knows it anyway."""
    try:
        return work.others.whole(known, "Location", replace(work.context, unpublished=True))
    except CannotConvert as error:
        text = f"wants the whole Location, which cannot be told: {error.message}"
        raise work.refusal(place, error.setting, text) from error
    except OCPIError as error:
        raise work.refusal(place, "location", f"wants the whole Location, and this is none: {error}") from error


def _named(entries: list[RawObject], field: str, id: str) -> RawObject | None:
    return next((entry for entry in entries if fold(text_of(entry, field) or "") == fold(id)), None)


def _cdr_location(fields: RawObject, work: Work) -> RawObject:
    location = split(fields["location"])
    evses = children(location, "evses")
    evse = _only(evses) or {}
    connectors = [connector for one in evses for connector in children(one, "connectors")]
    connector = _only(connectors) or {}
    kinds = {tuple(bytes(one[name]) for name in _KIND.values()) for one in connectors}
    if len(kinds) == 1:
        kind = dict(zip(_KIND, map(msgspec.Raw, kinds.pop()), strict=True))
    elif work.context.connector is not None:
        kind = dict(zip(_KIND, map(raw, work.context.connector), strict=True))
    else:
        which = "none" if not kinds else "several that differ"
        raise work.refusal(".location", "connector", f"wants the Connector that was used, and the Location has {which}")
    made = {name: location[name] for name in _ADDRESS if name in location}
    evse_id = evse.get("evse_id")
    ids = {
        "evse_uid": evse.get("uid", raw(NA)),
        "evse_id": evse_id if evse_id is not None and is_given(evse_id) else raw(NA),
        "connector_id": connector.get("id", raw(NA)),
    }
    return {"cdr_location": msgspec.Raw(join({**made, **ids, **kind}))}


def _cdr_whole_location(fields: RawObject, work: Work) -> RawObject:
    extract = split(fields["cdr_location"])
    known = _known_location(text_of(extract, "id") or "", work)
    made = {name: extract[name] for name in _ADDRESS if name in extract}
    made["postal_code"] = postal_code(extract, ".cdr_location", work)
    made["coordinates"] = msgspec.Raw(join(work.part("GeoLocation", split(extract["coordinates"]))))
    made["type"] = known.get("type", raw("UNKNOWN"))
    made["last_updated"] = fields["last_updated"]
    if is_given(extract.get("state")):
        work.lose(".cdr_location.state", f"OCPI {work.target} has no such field here")
    evse = _cdr_evse(extract, known, fields["last_updated"], work)
    if evse is not None:
        made["evses"] = raw([evse])
    return {"location": msgspec.Raw(join(made))}


def _known_location(id: str, work: Work) -> RawObject:
    """The Location of the setting, if it is that one."""
    if work.context.location is None:
        return {}
    location = _whole(work.context.location, ".cdr_location.id", work)
    return location if fold(text_of(location, "id") or "") == fold(id) else {}


def _cdr_evse(extract: RawObject, known: RawObject, moment: msgspec.Raw, work: Work) -> RawObject | None:
    """The EVSE of a CDR; None where too little of it is known."""
    uid, id = text_of(extract, "evse_uid") or "", text_of(extract, "connector_id") or ""
    evse = _named(children(known, "evses"), "uid", uid) or {}
    electric = _named(children(evse, "connectors"), "id", id)
    if uid == id == NA:
        return None  # CDR-25: the rest says nothing then
    if electric is None:
        for name in ("evse_uid", "evse_id", "connector_id", *_KIND):
            work.lose(f".cdr_location.{name}", f"OCPI {work.target} wants voltage and amperage beside it")
        return None
    try:
        connector = work.part(
            "Connector",
            {
                "id": extract["connector_id"],
                **{name: extract[of] for of, name in _KIND.items()},
                "max_voltage": electric["voltage"],
                "max_amperage": electric["amperage"],
                "last_updated": moment,
            },
        )
    except Inexpressible as reason:
        work.lose(".cdr_location.connector_standard", reason.text)
        return None
    named = {} if text_of(extract, "evse_id") == NA else {"evse_id": extract["evse_id"]}
    status = {"status": raw("UNKNOWN"), "connectors": raw([connector]), "last_updated": moment}
    return {"uid": extract["evse_uid"], **named, **status}


_COSTS = (
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
_REFERENCE = "2.1.1 has no reference to an authorization."

OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Session", "Session"): (
        owned(),
        renamed("start_datetime", "start_date_time"),
        renamed("end_datetime", "end_date_time"),
        _DRIVER,
        *added("authorization_reference", why=_REFERENCE),
        differs(
            "location",
            "location_id evse_uid connector_id",
            up=_ids,
            down=_location,
            why="The whole Location below, ids above. `#NA` stands above where the Location has not exactly one "
            "EVSE or Connector. Below, the Location is that of the setting `location`, with the EVSE and "
            "Connector in question.",
        ),
        priced("total_cost"),
    ),
    ("CDR", "CDR"): (
        owned(),
        *passes("id", why="2.2.1 has three characters more, for credit CDRs. An id that is cut is another id."),
        renamed("stop_date_time", "end_date_time"),
        _DRIVER,
        differs(
            "location",
            "cdr_location",
            up=_cdr_location,
            down=_cdr_whole_location,
            why="A Location below, an extract above. Below, the EVSE is told if the setting `location` knows "
            "voltage and amperage of the Connector; its status is UNKNOWN, its `last_updated` that of the "
            "CDR. Above, a Location without Connector, or with several that differ, needs the setting "
            "`connector`.",
        ),
        priced("total_cost"),
        *added("session_id", why="2.1.1 does not tie a CDR to its Session."),
        *added("authorization_reference", why=_REFERENCE),
        *added("signed_data", why="2.1.1 has no place for signed meter values. They stay in the stored CDR."),
        *added(*_COSTS, why="2.1.1 has the total alone."),
        *added(
            "invoice_reference_id",
            "credit",
            "credit_reference_id",
            "home_charging_compensation",
            why="2.1.1 has neither invoices nor credit CDRs nor home charging. The total of a credit CDR stays "
            "negative.",
        ),
    ),
    ("ChargingPeriod", "ChargingPeriod"): (
        dimensions(up=True),
        *added("tariff_id", why="2.1.1 does not say which Tariff held."),
    ),
}
