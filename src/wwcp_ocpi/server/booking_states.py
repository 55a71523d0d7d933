# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a Booking follows from the requests for it and the answers to them. No store, no clock, no partner.

A request is added as PENDING (`begun`, `asked_again`) and answered, at once or later (`settled`). What it wants
counts from the answer on, but for a new Booking, which has to say something from its beginning. Bookings are taken
and given as JSON fields, so that what a partner sent beside the specification survives.

Spec: mod_bookings#mod_bookings_flow_and_lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import get_args

import msgspec

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, UsageError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.scalars import DateTime, PartyId, fold
from wwcp_ocpi.server.decisions import BookingAnswer, Wanted
from wwcp_ocpi.server.decisions.bookings import Verdict

REQUESTS, STATUS = "booking_requests", "reservation_status"
_REQUEST, _REQUEST_STATUS = "booking_request", "request_status"
_ASKED_FOR = {
    "booking_option": "booking_option",
    "location_id": "location_id",
    "tokens": "booking_tokens",
    "access_information": "access_information",
    "period": "period",
    "authorization_reference": "authorization_reference",
}
"""Fields of a BookingRequest, and those of the Booking that become what they say."""
_DECIDED = frozenset(
    {"booking_option", "booking_tokens", "tariff_ids", "period", "access_information", "booking_terms"}
)
"""Fields of a Booking that the operator's system may decide."""
_REFUSALS = {"DECLINED": "REJECTED", "FAILED": "FAILED"}
"""What becomes of a new Booking when its first request is refused."""
_MINUTE = 60_000_000
MOST_REQUESTS = 100
"""How often a Booking can be changed. After that it can still be cancelled, as often again."""


def begun(id: str, owner: PartyId, request: RawObject, booking_location: RawObject, at: DateTime) -> RawObject:
    """A new Booking, PENDING, with its first request. Tariffs and terms are those of the BookingLocation."""
    kept = ("booking_option", "tariff_ids", "booking_terms")
    booking = {
        "id": _raw(id),
        "country_code": _raw(owner.country_code),
        "party_id": _raw(owner.party_id),
        "request_id": request["request_id"],
        **{name: booking_location[name] for name in kept if has(booking_location, name)},
        **_wishes(request),
        STATUS: _raw("PENDING"),
        REQUESTS: _raw([]),
    }
    return asked_again(booking, request, at)


def asked_again(booking: RawObject, request: RawObject, at: DateTime) -> RawObject:
    """The Booking with one more request, PENDING."""
    entry = {_REQUEST_STATUS: "PENDING", _REQUEST: request, "request_received": at}
    entries = [*patch.children(booking, REQUESTS), patch.split(codec.encode(entry))]
    return {**booking, REQUESTS: patch.listed(entries), "last_updated": _raw(at)}


def settled(booking: RawObject, answer: BookingAnswer, at: DateTime) -> RawObject:
    """The Booking after its latest open request was answered.

    An accepted request answers what was open before it as well: it replaces those.

    Raises:
        UsageError: no request is open, the answer is none, or has fields that are not the operator's to decide.
    """
    if answer.verdict not in get_args(Verdict):
        raise UsageError(f"expected {', '.join(get_args(Verdict))} as answer to a request, got {answer.verdict!r}")
    strange = sorted(answer.fields.keys() - _DECIDED)
    if strange:
        raise UsageError(f"$.{strange[0]}: expected only {', '.join(sorted(_DECIDED))} in the answer to a request")
    entries = patch.children(booking, REQUESTS)
    still_open = [index for index, entry in enumerate(entries) if _is_open(entry)]
    if not still_open:
        raise UsageError(f"bookings/{patch.text_of(booking, 'id')}: no request is open")
    latest = still_open[-1]
    request = patch.split(entries[latest][_REQUEST])
    is_cancellation = has(request, "canceled")
    changed: dict[str, object] = {}
    if answer.verdict == "ACCEPTED":
        for index in still_open:
            entries[index] = _answered(entries[index], "DECLINED" if is_cancellation else "ACCEPTED")
        if is_cancellation:
            changed = {STATUS: "CANCELED", "canceled": request["canceled"]}
        else:
            changed = {**_wishes(request), STATUS: "RESERVED", **answer.fields}
    elif answer.verdict == "PENDING" and latest == 0:
        changed = dict(answer.fields)
    elif answer.verdict in _REFUSALS and latest == 0:
        changed = {STATUS: _REFUSALS[answer.verdict]}
    entries[latest] = _answered(entries[latest], answer.verdict)
    return {**booking, **_raws(changed), REQUESTS: patch.listed(entries), "last_updated": _raw(at)}


def moved(booking: RawObject, status: str, at: DateTime, canceled: tuple[str, str] | None = None) -> RawObject:
    """The Booking in another state, that we give it: FULFILLED, NO_SHOW, CANCELED. What was open is DECLINED.

    Args:
        canceled: why, and who: words of CanceledReason and Role.
    """
    entries = [
        _answered(entry, "DECLINED") if _is_open(entry) else entry for entry in patch.children(booking, REQUESTS)
    ]
    changed: dict[str, object] = {STATUS: status}
    if canceled is not None:
        changed["canceled"] = {"cancellation_reason": canceled[0], "who_canceled": canceled[1]}
    return {**booking, **_raws(changed), REQUESTS: patch.listed(entries), "last_updated": _raw(at)}


def latest_request(booking: RawObject) -> RawObject:
    """The last request that was made for a Booking, whatever became of it."""
    return patch.split(patch.children(booking, REQUESTS)[-1][_REQUEST])


def has_failed(booking: RawObject) -> bool:
    """Whether the last request FAILED: nobody decided, and the same may be asked again."""
    return patch.text_of(patch.children(booking, REQUESTS)[-1], _REQUEST_STATUS) == "FAILED"


def standing_request(booking: RawObject) -> RawObject:
    """The last request that was not refused: what a further one changes."""
    entries = patch.children(booking, REQUESTS)
    stand = [entry for entry in entries if patch.text_of(entry, _REQUEST_STATUS) not in _REFUSALS]
    return patch.split((stand or entries)[-1][_REQUEST])


def wanted(stored: RawObject | None, request: RawObject) -> Wanted:
    """What a request is for.

    Raises:
        InvalidParameters: it cancels what was never booked.
    """
    if has(request, "canceled"):
        if stored is None:
            raise InvalidParameters("$.request_id: no Booking was requested under this id", path="$.request_id")
        return Wanted.CANCEL
    return Wanted.NEW if stored is None else Wanted.CHANGE


def check_location(booking_location: RawObject, request: RawObject) -> None:
    """Refuse a request whose Location is not that of its BookingLocation.

    Raises:
        InvalidParameters
    """
    _same(booking_location, request, "location_id", "the BookingLocation")


def check_place(booking: RawObject, request: RawObject) -> None:
    """Refuse to move a Booking to another BookingLocation, which has other terms and tariffs: that is another Booking.

    Raises:
        InvalidParameters
    """
    for name in ("booking_location_id", "location_id"):
        _same(standing_request(booking), request, name, "the Booking")


def check_count(what: Wanted, booking: RawObject) -> None:
    """Refuse to make a Booking grow without end.

    Raises:
        InvalidParameters
    """
    most = MOST_REQUESTS * (2 if what is Wanted.CANCEL else 1)
    if len(patch.children(booking, REQUESTS)) >= most:
        raise InvalidParameters(f"$.request_id: {most} requests were made for this Booking, and no more are taken")


def check_deadlines(what: Wanted, booking: RawObject, at: DateTime) -> None:
    """Refuse to change or cancel what is reserved later than its terms allow. What is not yet reserved binds nobody.

    Raises:
        InvalidParameters
    """
    if patch.text_of(booking, STATUS) != "RESERVED":
        return
    terms = patch.split(booking["booking_terms"])
    if what is Wanted.CHANGE and bytes(terms.get("change_not_allowed", b"false")) == b"true":
        raise InvalidParameters("this Booking cannot be changed: its terms say change_not_allowed")
    name = "cancel_until_minutes" if what is Wanted.CANCEL else "change_until_minutes"
    minutes = _number(terms, name)
    start = patch.moment_of(patch.split(booking["period"]), "start_date_time")
    if minutes is None or start is None or at.micros <= start.micros - minutes * _MINUTE:
        return
    done = "cancelled" if what is Wanted.CANCEL else "changed"
    raise InvalidParameters(f"this Booking begins at {start} and can be {done} until {minutes:f} minutes before")


def check_period(start: DateTime, end: DateTime, terms: RawObject, at: DateTime) -> None:
    """Refuse a time that is over, ends before it begins, or is shorter or longer than the terms allow.

    Raises:
        InvalidParameters
    """
    minutes = Decimal(end.micros - start.micros) / _MINUTE
    earliest = max(start, at)
    if end <= earliest:
        raise InvalidParameters(
            f"$.period.end_date_time: expected a moment after {earliest}, got {end}", path="$.period.end_date_time"
        )
    least, most = (_number(terms, f"{which}_booking_duration") for which in ("min", "max"))
    if (least is not None and minutes < least) or (most is not None and minutes > most):
        bounds = " and ".join(
            f"{word} {bound:f}" for word, bound in (("at least", least), ("at most", most)) if bound is not None
        )
        raise InvalidParameters(f"$.period: expected {bounds} minutes, got {minutes:f}", path="$.period")


def has(fields: RawObject, name: str) -> bool:
    """Whether a field is there and not null."""
    return bytes(fields.get(name, b"null")) != b"null"


def _same(known: RawObject, request: RawObject, name: str, whose: str) -> None:
    expected = patch.text_of(known, name) or ""
    if fold(expected) != fold(patch.text_of(request, name) or ""):
        raise InvalidParameters(f"$.{name}: expected {expected!r} as {whose} has it", path=f"$.{name}")


def _wishes(request: RawObject) -> RawObject:
    return {ours: request[theirs] for theirs, ours in _ASKED_FOR.items() if has(request, theirs)}


def _is_open(entry: RawObject) -> bool:
    return patch.text_of(entry, _REQUEST_STATUS) == "PENDING"


def _answered(entry: RawObject, verdict: str) -> RawObject:
    return {**entry, _REQUEST_STATUS: _raw(verdict)}


def _number(fields: RawObject, name: str) -> Decimal | None:
    return Decimal(codec.read_json(fields[name])) if has(fields, name) else None


def _raws(fields: Mapping[str, object]) -> RawObject:
    return {name: _raw(value) for name, value in fields.items()}


def _raw(value: object) -> msgspec.Raw:
    return value if isinstance(value, msgspec.Raw) else msgspec.Raw(codec.encode(value))
