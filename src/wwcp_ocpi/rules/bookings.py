# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a booking costs by itself: used, not used, or canceled too late. The charging is priced from its CDR.

Spec: mod_bookings#mod_bookings_booking_object, mod_bookings#mod_bookings_booking_terms_class (2.3.0 Bookings)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import localcontext

from wwcp_ocpi.rules.charge import Charge, Period, Reserved
from wwcp_ocpi.rules.cutting import seconds
from wwcp_ocpi.rules.dimensions import (
    CANCELLATION_FLAT,
    RESERVATION_EXPIRES,
    RESERVATION_EXPIRES_FLAT,
    RESERVATION_FLAT,
    RESERVATION_TIME,
    Line,
)
from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import EXACT, FOUR_DECIMALS, Rounding
from wwcp_ocpi.rules.plan import Plan, Tax, prepare
from wwcp_ocpi.rules.pricing import Priced, price
from wwcp_ocpi.rules.reading import AnyTariff
from wwcp_ocpi.v2_3_0 import Booking, ReservationStatus, Role

_OUTCOMES: dict[str, tuple[Reserved, Line | None, tuple[Line, ...]]] = {
    ReservationStatus.FULFILLED.value: (Reserved.USED, RESERVATION_TIME, (RESERVATION_FLAT,)),
    ReservationStatus.NO_SHOW.value: (
        Reserved.EXPIRED,
        RESERVATION_EXPIRES,
        (RESERVATION_FLAT, RESERVATION_EXPIRES_FLAT),
    ),
    ReservationStatus.CANCELED.value: (Reserved.CANCELED, None, (CANCELLATION_FLAT,)),
}
"""What a final state is priced by. The other states cost nothing, or nothing yet."""


def price_booking(
    booking: Booking,
    tariff: AnyTariff | Plan,
    *,
    canceled_at: dt.datetime | None = None,
    time_zone: str | dt.tzinfo | None = None,
    rounding: Rounding = FOUR_DECIMALS,
    taxes: Sequence[Tax] = (),
) -> Priced | None:
    """The costs of the booking by the elements with a `booking` restriction; None: it costs nothing.

    A used booking costs its whole slot. One that nobody came for costs the time until it was released. A canceled one
    costs its fee when the driver's side canceled later than `cancel_until_minutes` before the start.

    Args:
        canceled_at: when it was canceled; its `last_updated` by default.

    Raises:
        BadCharge: the slot ends before it begins.
        BadTariff, TimeZoneMissing: as in `price`.
    """
    outcome = _OUTCOMES.get(booking.reservation_status.value)
    start, end = booking.period.start_date_time, booking.period.end_date_time
    if end < start:
        raise BadCharge(f"$.period.end_date_time: expected no time before {start}, got {end}", path="$.period")
    if outcome is None or not _is_due(booking, canceled_at or booking.last_updated):
        return None
    reserved, line, fees = outcome
    until: dt.datetime = end
    terms = booking.booking_terms
    if reserved is Reserved.EXPIRED:
        if terms.noshow_timeout is not None:
            until = min(end, start + int(terms.noshow_timeout * 60) * dt.timedelta(seconds=1))
        if terms.noshow_fee is False:
            line, fees = RESERVATION_TIME, (RESERVATION_FLAT,)
    plan = tariff if isinstance(tariff, Plan) else prepare(tariff, taxes)
    with localcontext(EXACT):
        length = seconds(until - start)
    volumes = () if line is None or not length else ((line, length),)
    period = Period(0, start, until, start, volumes, fees, plan.tariff.id)
    charge = Charge(start=start, end=until, currency=None, periods=(period,), reserved=reserved)
    return price(charge, [plan], time_zone=time_zone, rounding=rounding, limits=False)


def _is_due(booking: Booking, canceled_at: dt.datetime) -> bool:
    """A cancellation costs nothing in time, nor when it is the CPO that cancels."""
    if booking.reservation_status.value != ReservationStatus.CANCELED.value:
        return True
    if booking.canceled is not None and booking.canceled.who_canceled.value == Role.CPO.value:
        return False
    notice = int(booking.booking_terms.cancel_until_minutes * 60) * dt.timedelta(seconds=1)
    return canceled_at > booking.period.start_date_time - notice
