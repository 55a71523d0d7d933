# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bookings from both ends: those that we ask CPOs for, and our own that partners asked for, after the first answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.protocol import codec, conformance, envelope, patch
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, OCPIError, UsageError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import AnyBooking
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import DateTime, PartyId, fold, now
from wwcp_ocpi.server import booking_states as states
from wwcp_ocpi.server.bookings import KIND, LOCATIONS, check_booking
from wwcp_ocpi.server.changes import state_jump
from wwcp_ocpi.server.decisions import BookingAnswer
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Key, Objects, Side, Stored, Write

log = structlog.get_logger()

_ROLE = "EMSP"
"""Who asks for bookings."""

PeerOf: TypeAlias = Callable[[Partner], Peer]
Settle: TypeAlias = Callable[[RawObject, DateTime], RawObject]


class BookingDesk:
    """Our own Bookings after their first answer: later answers, and what happens to them. Partners hear of it."""

    def __init__(self, store: Objects, publisher: Publisher, settings: ServerSettings) -> None:
        self._store = store
        self._publisher = publisher
        self._settings = settings

    async def settle(self, booking_id: str, answer: BookingAnswer) -> AnyBooking:
        """Answer the latest request that is PENDING; an accepted one answers those before it as well.

        Raises:
            NotFound: we have no such Booking.
            UsageError: nothing is PENDING, or the answer makes no Booking.
        """
        return await self._change(booking_id, lambda booking, at: states.settled(booking, answer, at))

    async def move(
        self, booking_id: str, status: str, *, reason: str = "UNKNOWN", fields: Mapping[str, object] = {}
    ) -> AnyBooking:
        """Tell what happened to a Booking: FULFILLED, NO_SHOW (BKG-19), or CANCELED by us.

        Args:
            reason: why we cancel, a word of CanceledReason.
            fields: what else changes in the Booking, as the `booking_option` with the EVSE that was found.

        Raises:
            NotFound: we have no such Booking.
            UsageError: the state cannot follow the one before: what is final stays final.
        """
        canceled = (reason, "CPO") if status == "CANCELED" else None

        def moved(booking: RawObject, at: DateTime) -> RawObject:
            return patch.merge(states.moved(booking, status, at, canceled), patch.split(codec.encode(dict(fields))))

        return await self._change(booking_id, moved)

    async def _change(self, id: str, edit: Settle) -> AnyBooking:
        owner, version = await self._find(id)
        shape = version.kind(KIND).resource.type

        def change(booking: RawObject) -> Mapping[str, Any]:
            after = edit(booking, now())
            check_booking(shape, patch.join(after))
            return {name: value for name, value in after.items() if booking.get(name) != value}

        outcome = await self._publisher.change(version, KIND, owner, [id], change)
        assert outcome.after is not None, "a change removes nothing"
        made = cast(AnyBooking, codec.decode(shape, outcome.after.body))
        log.info("booking.changed", booking=id, status=str(made.reservation_status))
        return made

    async def _find(self, id: str) -> tuple[PartyId, Version]:
        for owner in sorted(self._settings.party_ids):
            stored = await self._store.get(Key(Side.OURS, KIND, owner, fold(id)))
            if stored is not None:
                return owner, version_of(stored.version)
        raise NotFound(f"bookings/{id}: we have no such Booking")


class Bookings:
    """The Bookings that we ask CPOs for. What they answer is kept as theirs, as if they had pushed it."""

    def __init__(self, settings: ServerSettings, store: Objects, book: PartnerBook, peer_of: PeerOf) -> None:
        self._settings = settings
        self._store = store
        self._book = book
        self._peer_of = peer_of

    async def request(
        self,
        partner_id: str,
        booking_location_id: str,
        start: DateTime,
        end: DateTime,
        *,
        request_id: str | None = None,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
        **fields: object,
    ) -> AnyBooking:
        """Ask a CPO for a booking.

        Args:
            booking_location_id: of a BookingLocation that the CPO pushed, or that was pulled (BKG-03).
            request_id: names the Booking among ours; new if None. To ask again after a failure, give the same.
            ours: the party that asks, where we are several.
            theirs: the CPO, where the partner is a hub.
            fields: what else the BookingRequest says, in the form of the wire: `tokens`, `booking_option`,
                `access_information`, `power_required`, `authorization_reference` (new if not given).

        Returns:
            The Booking: PENDING, RESERVED, REJECTED or FAILED. The CPO pushes what follows.

        Raises:
            UsageError: no such BookingLocation is known here, or these are not the fields; nothing was sent.
            Refused: the CPO answered with an error.
            Unreachable, BadAnswer: nobody knows whether the request arrived; it may be sent again.
        """
        partner = self._book.get(partner_id)
        version = self._peer_of(partner).version
        place = await self._known(version, LOCATIONS, booking_location_id, partner, theirs)
        if place is None:
            raise UsageError(f"booking_locations/{booking_location_id}: not known here; pull them first")
        offered = patch.split(place.body)
        requester = ours or min(self._settings.parties, key=lambda party: party.role != _ROLE).id
        made = {
            "country_code": requester.country_code,
            "party_id": requester.party_id,
            "request_id": request_id or secrets.token_hex(16),
            "location_id": offered["location_id"],
            "booking_location_id": booking_location_id,
            "period": {"start_date_time": start, "end_date_time": end},
            "authorization_reference": secrets.token_hex(16),
            **fields,
        }
        return await self._send(partner, _party(offered), patch.split(codec.encode(made)))

    async def change(
        self, partner_id: str, booking_id: str, *, theirs: PartyId | None = None, **fields: object
    ) -> AnyBooking:
        """Ask for another time, place or token, under the same request id (BKG-11).

        Args:
            booking_id: the CPO's, of a Booking that is known here.
            theirs: the CPO, where the partner is a hub.
            fields: those of the BookingRequest that become different.

        Raises:
            UsageError: no such Booking is known here, or these are not the fields; nothing was sent.
            Refused: too late, not allowed, or the CPO answered with another error.
            Unreachable, BadAnswer: nobody knows whether the request arrived; it may be sent again.
        """
        partner = self._book.get(partner_id)
        stored = await self._known(self._peer_of(partner).version, KIND, booking_id, partner, theirs)
        if stored is None:
            raise UsageError(f"bookings/{booking_id}: not known here; pull them first")
        booking = patch.split(stored.body)
        request = patch.merge(states.standing_request(booking), patch.split(codec.encode(fields)))
        return await self._send(partner, _party(booking), request)

    async def cancel(
        self, partner_id: str, booking_id: str, reason: str = "NO_CANCELED", *, theirs: PartyId | None = None
    ) -> AnyBooking:
        """Ask to end a booking; `reason` is a word of CanceledReason (BKG-17). Otherwise as `change`."""
        canceled = {"cancellation_reason": reason, "who_canceled": _ROLE}
        return await self.change(partner_id, booking_id, theirs=theirs, canceled=canceled)

    async def _known(
        self, version: Version, kind: str, id: str, partner: Partner, theirs: PartyId | None
    ) -> Stored | None:
        key = version.key_id(version.kind(kind).resource, id)
        found = await self._store.find(Side.THEIRS, kind, key, [theirs] if theirs else sorted(partner.party_ids))
        return found if found is not None and found.version == version.number else None

    async def _send(self, partner: Partner, theirs: PartyId, request: RawObject) -> AnyBooking:
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        row = peer.row(Operation.REQUEST_BOOKING, KIND, Interface.SENDER)
        body = patch.join(request)
        self._check(row, request, body)
        peer.wire.ours, peer.wire.theirs = _party(request), theirs
        answered = await peer.call(row, body=body)
        data = answered.envelope.data
        if data is None or envelope.is_null(data):
            raise BadAnswer("bookings: expected a Booking in data, got nothing")
        return await self._keep(partner, peer.version, request, bytes(data))

    def _check(self, row: Endpoint, request: RawObject, body: bytes) -> None:
        """Refuse to send what the specification does not allow, or in the name of somebody else."""
        assert row.object is not None, "a request has a body"
        for finding in conformance.check(row.object, body):
            if finding.severity is not Severity.NOTE:
                raise UsageError(f"bookings: {finding.path}: {finding.message}", path=finding.path)
        if _party(request) not in self._settings.party_ids:
            raise UsageError(f"bookings: $.party_id: {_party(request)} is not a party of this platform")

    async def _keep(self, partner: Partner, version: Version, request: RawObject, body: bytes) -> AnyBooking:
        """Keep the answer, unless a push has brought something newer meanwhile; the Booking as it stands then."""
        resource = version.kind(KIND).resource
        try:
            findings = conformance.check(resource.type, body)
            conformance.refuse_errors(findings, KIND)
        except OCPIError as error:
            raise BadAnswer(str(error)) from error
        booking = patch.split(body)
        owner, id = _party(booking), patch.text_of(booking, "id") or ""
        if owner not in partner.party_ids and partner.hub is None:
            raise BadAnswer(f"bookings/{id[:64]}: {owner} is not a party of {partner.id}")
        if fold(patch.text_of(booking, "request_id") or "") != fold(patch.text_of(request, "request_id") or ""):
            raise BadAnswer(f"bookings/{id[:64]}: $.request_id: expected that of the request")
        at = patch.moment_of(booking) or now()

        def decide(stored: Stored | None) -> Write | None:
            if stored is not None and stored.version == version.number and stored.last_updated > at.micros:
                return None
            return Write(version=version.number, last_updated=at.micros, body=body, source=partner.id)

        key = Key(Side.THEIRS, KIND, owner, version.key_id(resource, id))
        outcome = await self._store.change(key, decide)
        assert outcome.after is not None, "it was kept, or something newer was there"
        made = cast(AnyBooking, codec.decode(resource.type, outcome.after.body))
        jump = state_jump(resource, outcome)
        _warn(partner, id, findings if jump is None else [*findings, jump])
        log.info("booking.requested", partner=partner.id, booking=id, status=str(made.reservation_status))
        return made


def _warn(partner: Partner, id: str, findings: Sequence[conformance.Finding]) -> None:
    warnings = [found for found in findings if found.severity is Severity.WARNING]
    if warnings:
        first = f"{warnings[0].path}: {warnings[0].message}"
        log.warning("object.not_as_specified", partner=partner.id, object=f"{KIND}/{id}", first=first)


def _party(fields: RawObject) -> PartyId:
    return PartyId.of(*(patch.text_of(fields, name) or "" for name in ("country_code", "party_id")))
