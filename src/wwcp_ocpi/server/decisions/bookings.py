# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keep a charge point free for this driver at that time. The question of an eMSP to the CPO."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal, Protocol, TypeAlias

import msgspec

from wwcp_ocpi.scalars import DateTime, PartyId

Verdict: TypeAlias = Literal["ACCEPTED", "PENDING", "DECLINED", "FAILED"]
"""A word of ReservationRequestStatus."""


class Wanted(Enum):
    """What a partner wants."""

    NEW = "a booking"
    CHANGE = "another time, place or token for a booking that there is"
    CANCEL = "no booking any more"


class BookingQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A partner wants to book, to change what it booked, or to cancel it.

    `booking_id` is ours, and the same in all questions about one Booking: a question that comes a second time, after a
    crash, is known by it. `owner` is our party, `requester` theirs. The deadlines in the terms of the booking were
    checked; whether the time is free is the question. `power_kw` is None where any power will do.

    `request` is the BookingRequest as it came. `booking` is the Booking as it stands, None for a new one.
    `booking_location` is ours as it is published; None where it is not any more and there is a Booking.
    """

    booking_id: str
    wanted: Wanted
    partner: str
    version: str
    owner: PartyId
    requester: PartyId
    location_id: str
    booking_location_id: str
    start: DateTime
    end: DateTime
    request: bytes
    evse_uid: str | None = None
    power_kw: int | None = None
    reason: str | None = None
    """Why it is cancelled: a word of CanceledReason."""
    booking: bytes | None = None
    booking_location: bytes | None = None


class BookingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the request. After PENDING the answer is given later, to `BookingDesk.settle`.

    `fields` are those of the Booking that your system decides, in the form of the wire: `booking_option` with the
    EVSE, `access_information`, `tariff_ids`, `period`. What is not named is taken from the request, and tariffs and
    terms from the BookingLocation. They count with ACCEPTED, and with PENDING for a new Booking.
    """

    verdict: Verdict
    fields: Mapping[str, object] = {}


class Booker(Protocol):
    """Books for the CPO."""

    async def book(self, asked: BookingQuestion) -> BookingAnswer:
        """Decide within seconds; PENDING where it takes longer."""
        ...


class NoBooker:
    """Books nothing, and says so."""

    async def book(self, asked: BookingQuestion) -> BookingAnswer:
        """Refuse: DECLINED, so that a new Booking is REJECTED."""
        return BookingAnswer(verdict="DECLINED")


NO_BOOKER = NoBooker()
