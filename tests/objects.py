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


_CDR_TOKEN = {"country_code": "NL", "party_id": "EMP", "uid": "012345678", "type": "RFID", "contract_id": "NL-EMP-C1"}
_PERIODS = [{"start_date_time": OLD, "dimensions": [{"type": "ENERGY", "volume": 1.5}]}]


def _named(version: str, owner: tuple[str, str]) -> dict[str, Any]:
    return {} if version == "2.1.1" else {"country_code": owner[0], "party_id": owner[1]}


def tariff(version: str, id: str = "T1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A Tariff of that version."""
    tax = {"tax_included": "NO"} if version == "2.3.0" else {}
    element = {"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}
    base = {**_named(version, ("DE", "GEF")), "id": id, "currency": "EUR", "elements": [element], **tax}
    return {**base, "last_updated": last_updated, **more}


def token(version: str, uid: str = "012345678", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A Token of that version."""
    contract = {"auth_id": "NL-EMP-C1"} if version == "2.1.1" else {"contract_id": "NL-EMP-C1"}
    base = {**_named(version, ("NL", "EMP")), "uid": uid, "type": "RFID", **contract, "issuer": "EMP", "valid": True}
    return {**base, "whitelist": "ALLOWED", "last_updated": last_updated, **more}


def session(version: str, id: str = "S1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A Session of that version, of a driver of NL*EMP."""
    if version == "2.1.1":
        who = {"start_datetime": OLD, "auth_id": "NL-EMP-C1", "location": location(version)}
    else:
        place = {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}
        who = {"start_date_time": OLD, "cdr_token": _CDR_TOKEN, **place}
    base = {**_named(version, ("DE", "GEF")), "id": id, **who, "kwh": 1.5, "auth_method": "WHITELIST"}
    return {**base, "currency": "EUR", "status": "ACTIVE", "last_updated": last_updated, **more}


def cdr(version: str, id: str = "C1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A CDR of that version, of a driver of NL*EMP."""
    cost = {"2.1.1": 0.5, "2.2.1": {"excl_vat": 0.5}, "2.3.0": {"before_taxes": 0.5}}[version]
    if version == "2.1.1":
        who = {"stop_date_time": MIDDLE, "auth_id": "NL-EMP-C1", "location": location(version)}
    else:
        connector = {"connector_standard": "IEC_62196_T2", "connector_format": "SOCKET"}
        place = {"id": "LOC1", **{name: _PLACE[name] for name in ("address", "city", "country", "coordinates")}}
        ids = {"evse_uid": "E1", "evse_id": "DE*GEF*E1", "connector_id": "1", "connector_power_type": "AC_3_PHASE"}
        who = {"end_date_time": MIDDLE, "cdr_token": _CDR_TOKEN, "cdr_location": {**place, **ids, **connector}}
    base = {**_named(version, ("DE", "GEF")), "id": id, "start_date_time": OLD, **who, "auth_method": "WHITELIST"}
    money = {"currency": "EUR", "charging_periods": _PERIODS, "total_cost": cost, "total_energy": 1.5, "total_time": 1}
    return {**base, **money, "last_updated": last_updated, **more}


START, END = "2051-05-01T12:00:00Z", "2051-05-01T13:00:00Z"
TERMS = {"supported_access_methods": ["TOKEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}


def period(start: str = START, end: str = END) -> dict[str, str]:
    """A stretch of time, of an hour a few years ahead unless told."""
    return {"start_date_time": start, "end_date_time": end}


def calendar(id: str = "CAL1", last_updated: str = MIDDLE, *slots: dict[str, Any]) -> dict[str, Any]:
    """A Calendar that is free at these times; for a day unless told."""
    day = {"begin_from": "2051-05-01T00:00:00Z", "end_before": "2051-05-02T00:00:00Z"}
    free = list(slots) or [period("2051-05-01T08:00:00Z", "2051-05-01T18:00:00Z")]
    return {"id": id, **day, "available_timeslots": free, "last_updated": last_updated}


def booking_location(id: str = "BL1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A BookingLocation with terms and one Calendar."""
    base = {**_named("2.3.0", ("DE", "GEF")), "id": id, "location_id": "LOC1", "tariff_ids": ["T1"]}
    return {**base, "booking_terms": TERMS, "calendars": [calendar()], "last_updated": last_updated, **more}


def booking_request(request_id: str = "R1", **more: Any) -> dict[str, Any]:
    """A BookingRequest of NL*EMP for that BookingLocation."""
    base = {**_named("2.3.0", ("NL", "EMP")), "request_id": request_id, "location_id": "LOC1"}
    base |= {"booking_location_id": "BL1", "period": period(), "authorization_reference": "A1"}
    return {**base, "tokens": [_CDR_TOKEN], **more}


def booking(id: str = "B1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A Booking of NL*EMP that is RESERVED."""
    asked = {"request_status": "ACCEPTED", "booking_request": booking_request(), "request_received": OLD}
    base = {**_named("2.3.0", ("DE", "GEF")), "id": id, "request_id": "R1", "location_id": "LOC1", "period": period()}
    base |= {"reservation_status": "RESERVED", "authorization_reference": "A1", "booking_terms": TERMS}
    return {**base, "booking_requests": [asked], "last_updated": last_updated, **more}


def terminal(version: str, id: str = "TERM1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """A payment terminal of AT*PTP."""
    base = {"terminal_id": id, "address": "Example Rd 18", "city": "Jena", "country": "DEU", "invoice_creator": "PTP"}
    return {**base, "reference": "SERIAL1", "last_updated": last_updated, **more}


def confirmation(version: str, id: str = "FAC1", last_updated: str = MIDDLE, **more: Any) -> dict[str, Any]:
    """What a payment terminal captured."""
    money = {"total_costs": {"before_taxes": 0.5}, "currency": "EUR", "eft_data": ["Amount: EUR 0.50"]}
    base = {"id": id, "authorization_reference": "REF1", **money, "capture_status_code": "SUCCESS"}
    return {**base, "last_updated": last_updated, **more}


def invoice(
    version: str,
    id: str = "INV1",
    owner: tuple[str, str] = ("DE", "GEF"),
    last_updated: str = MIDDLE,
    **more: Any,
) -> dict[str, Any]:
    """An InvoiceReconciliationRecord of one CDR."""
    base = {**_named(version, owner), "id": id, "invoice_id": "2026-0001", "cdrs": ["C1"]}
    return {**base, "last_updated": last_updated, **more}


def client_info(
    version: str, party: tuple[str, str] = ("DE", "GEF"), last_updated: str = MIDDLE, **more: Any
) -> dict[str, Any]:
    """What a hub tells of one of its parties."""
    base = {"party_id": party[1], "country_code": party[0], "role": "CPO", "status": "CONNECTED"}
    return {**base, "last_updated": last_updated, **more}
