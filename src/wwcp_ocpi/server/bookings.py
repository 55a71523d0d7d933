# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests for a Booking at the CPO: a new one, a change, a cancellation.

Spec: mod_bookings#mod_bookings_cpo_post_booking_method.

The operator's system decides; the Booking is made, kept and answered here. Its id follows from the party that asks
and its request_id, so that the same request, however often it comes, is about the same Booking.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from weakref import WeakValueDictionary

import msgspec
import structlog

from wwcp_ocpi.protocol import codec, conformance, etag, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, OCPIError, PartnerError, UsageError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import DateTime, PartyId, fold, now
from wwcp_ocpi.server import booking_states as states
from wwcp_ocpi.server.asynchronous import DECIDE_S
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import BookingAnswer, BookingQuestion, Wanted
from wwcp_ocpi.server.headers import addressed_parties
from wwcp_ocpi.store.ports import Key, Side, Stored, Write

log = structlog.get_logger()

KIND, LOCATIONS = "bookings", "bookings/booking_locations"


class Turns:
    """One at a time for each Booking: what comes while the operator's system thinks waits for its answer."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, booking: str) -> asyncio.Lock:
        """The lock of one Booking, by its id."""
        lock = self._locks.get(booking)
        if lock is None:
            lock = self._locks[booking] = asyncio.Lock()
        return lock


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A BookingRequest as it came: `body` is its object, `fields` its JSON. `id` is that of its Booking.

    `booking_location` is None where it is not published any more; then there is a Booking.
    """

    id: str
    owner: PartyId
    requester: PartyId
    body: Any
    fields: RawObject
    booking_location: RawObject | None

    @property
    def wire(self) -> bytes:
        """The request as JSON."""
        return patch.join(self.fields)


async def request_booking(call: Call) -> Answer:
    """Answer with the Booking as it stands after the request (BKG-05).

    The same request again is answered without asking anybody. What the terms do not allow is refused, and so is any
    further request when the Booking has come to its end.
    """
    raw = call.body()
    shape = call.endpoint.object
    assert shape is not None, "a request has a body"
    check(call, shape, raw)
    body: Any = codec.decode(shape, raw)
    requester = _requester(call, body)
    if not body.request_id:
        raise InvalidParameters("$.request_id: expected an id", path="$.request_id")
    id = booking_id(requester, body.request_id)
    key = call.version.key_id(call.resource, id)
    async with call.server.turns.of(id):
        stored = await call.server.store.find(Side.OURS, KIND, key, sorted(addressed_parties(call)))
        fields = patch.split(raw)
        if stored is not None and _is_repeated(call, stored, fields):
            return ok(stored.body)
        found = await _place(call, body, _owner(stored) if stored is not None else None)
        if stored is None and found is None:
            raise PartnerError(
                f"$.booking_location_id: no such BookingLocation: {body.booking_location_id[:64]!r}",
                path="$.booking_location_id",
                ocpi_status=StatusCode.UNKNOWN_LOCATION,
            )
        asked = Asked(
            id=id,
            owner=_owner(stored or found),
            requester=requester,
            body=body,
            fields=fields,
            booking_location=patch.split(found.body) if found is not None else None,
        )
        what = _admit(call, stored, asked, now())
        answer = await _decide(call, asked, what, stored)
        return ok(await _keep(call, asked, answer))


def booking_id(requester: PartyId, request_id: str) -> str:
    """The id of the Booking that this party asks for under this request id."""
    return hashlib.sha256(f"{requester}|{fold(request_id)}".encode()).hexdigest()[:32]


async def _place(call: Call, body: Any, owner: PartyId | None) -> Stored | None:
    """Our BookingLocation that a request names: of the owner of the Booking, or of any party that is addressed."""
    owners = [owner] if owner is not None else sorted(addressed_parties(call))
    key = call.version.key_id(call.version.kind(LOCATIONS).resource, body.booking_location_id)
    found = await call.server.store.find(Side.OURS, LOCATIONS, key, owners)
    return found if found is not None and found.version == call.version.number else None


def _is_repeated(call: Call, stored: Stored, fields: RawObject) -> bool:
    """Whether this is the latest request for the Booking once more, and it did not fail.

    Raises:
        NotAllowed: the Booking is another partner's.
    """
    if stored.audience != call.caller.partner or stored.version != call.version.number:
        raise NotAllowed("$.request_id: this Booking is held through another connection", path="$.request_id")
    booking = patch.split(stored.body)
    if states.has_failed(booking) and not _is_final(call, booking):
        return False
    return etag.canonical(patch.join(states.latest_request(booking))) == etag.canonical(patch.join(fields))


def _admit(call: Call, stored: Stored | None, asked: Asked, at: DateTime) -> Wanted:
    """What the request is for, if it may be made at all.

    Raises:
        InvalidParameters: the Booking has come to its end, or its terms are against it.
        OCPIError: our BookingLocation names no terms.
    """
    booking = patch.split(stored.body) if stored is not None else None
    what = states.wanted(booking, asked.fields)
    if booking is not None:
        if _is_final(call, booking):
            state = patch.text_of(booking, states.STATUS)
            raise InvalidParameters(f"$.request_id: this Booking is {state}, which is final", path="$.request_id")
        states.check_place(booking, asked.fields)
        states.check_deadlines(what, booking, at)
        states.check_count(what, booking)
    if what is Wanted.CANCEL:
        return what
    named = booking or asked.booking_location
    assert named is not None, "what is new has a BookingLocation"
    if booking is None:
        states.check_location(named, asked.fields)
    if not states.has(named, "booking_terms"):
        log.error("booking.without_terms", booking_location=asked.body.booking_location_id)
        raise OCPIError("this BookingLocation has no booking_terms, which a Booking must name")
    period = asked.body.period
    states.check_period(period.start_date_time, period.end_date_time, patch.split(named["booking_terms"]), at)
    return what


def _is_final(call: Call, booking: RawObject) -> bool:
    lifecycle = call.resource.lifecycle
    return lifecycle is not None and lifecycle.is_final(patch.text_of(booking, states.STATUS) or "")


async def _decide(call: Call, asked: Asked, what: Wanted, stored: Stored | None) -> BookingAnswer:
    body, place = asked.body, asked.booking_location
    option, canceled = body.booking_option, body.canceled
    question = BookingQuestion(
        booking_id=asked.id,
        wanted=what,
        partner=call.caller.partner,
        version=call.version.number,
        owner=asked.owner,
        requester=asked.requester,
        location_id=body.location_id,
        booking_location_id=body.booking_location_id,
        start=body.period.start_date_time,
        end=body.period.end_date_time,
        request=asked.wire,
        evse_uid=option.evse_uid if option is not None else None,
        power_kw=body.power_required,
        reason=str(canceled.cancellation_reason) if canceled is not None else None,
        booking=stored.body if stored is not None else None,
        booking_location=patch.join(place) if place is not None else None,
    )
    try:
        async with asyncio.timeout(DECIDE_S):
            return await call.server.booker.book(question)
    except TimeoutError:
        log.warning("booking.undecided", partner=call.caller.partner, booking=asked.id)
        return BookingAnswer(verdict="FAILED")


async def _keep(call: Call, asked: Asked, answer: BookingAnswer) -> bytes:
    """Write the Booking as it is after the answer, on the state that is stored now, and return it.

    Raises:
        InvalidParameters: it came to its end while the operator's system was thinking.
        UsageError: the operator's answer makes no Booking.
    """
    at = now()

    def decide(stored: Stored | None) -> Write | None:
        if stored is not None and _is_repeated(call, stored, asked.fields):
            return None
        _admit(call, stored, asked, at)
        if stored is None:
            assert asked.booking_location is not None, "what is new has a BookingLocation"
            booking = states.begun(asked.id, asked.owner, asked.fields, asked.booking_location, at)
        else:
            booking = states.asked_again(patch.split(stored.body), asked.fields, at)
        body = patch.join(states.settled(booking, answer, at))
        check_booking(call.resource.type, body)
        return Write(version=call.version.number, last_updated=at.micros, body=body, audience=call.caller.partner)

    key = Key(Side.OURS, KIND, asked.owner, call.version.key_id(call.resource, asked.id))
    outcome = await call.server.store.change(key, decide)
    assert outcome.after is not None, "it was written"
    log.info("booking.answered", partner=call.caller.partner, booking=asked.id, verdict=answer.verdict)
    return outcome.after.body


def check_booking(shape: StructType, body: bytes) -> None:
    """Refuse to keep as ours what is no Booking.

    Raises:
        UsageError
    """
    if codec.conforms(shape, body):
        return
    try:
        conformance.refuse_errors(conformance.check(shape, body), KIND)
    except InvalidParameters as error:
        raise UsageError(str(error), path=error.path) from error


def _requester(call: Call, body: Any) -> PartyId:
    party = PartyId.of(body.country_code, body.party_id)
    if party not in call.caller.parties and not call.caller.is_hub:
        raise NotAllowed(f"$.party_id: {party} is not a party of this partner", path="$.party_id")
    return party


def _owner(stored: Stored | None) -> PartyId:
    assert stored is not None, "one of the two is there"
    fields = patch.split(stored.body)
    return PartyId.of(*(patch.text_of(fields, name) or "" for name in ("country_code", "party_id")))
