# SPDX-License-Identifier: AGPL-3.0-or-later
"""From meter readings to charging periods: cut wherever another price component may become active (CDR-14).

Cuts are made at meter readings, tariff changes, the start of parking, the bounds of time restrictions, the setting
of clocks, and where duration or energy reaches a restriction. Energy between two readings is taken as even. What is
cut adds up: to the meter, and to the clock.

Spec: mod_cdrs#mod_cdrs_charging_period
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from itertools import pairwise

import msgspec

from wwcp_ocpi.rules.billing import average_power
from wwcp_ocpi.rules.charge import Charge, Period, Reserved
from wwcp_ocpi.rules.dimensions import (
    ENERGY,
    FLAT,
    PARKING_TIME,
    RESERVATION_EXPIRES,
    RESERVATION_EXPIRES_FLAT,
    RESERVATION_FLAT,
    RESERVATION_TIME,
    TIME,
    Line,
)
from wwcp_ocpi.rules.errors import BadCharge, BadTariff, NoTariff, TimeZoneMissing
from wwcp_ocpi.rules.money import EXACT, MOST
from wwcp_ocpi.rules.plan import Plan
from wwcp_ocpi.rules.restrictions import Axis, Restriction
from wwcp_ocpi.rules.walltime import changes, zone_of

MOST_PERIODS = 100_000
"""More than any session has; a hostile tariff could ask for more."""

LONGEST = dt.timedelta(days=366)
"""No session is longer; what claims to be is refused before it is cut."""

_MICROSECOND = dt.timedelta(microseconds=1)
_MILLION = Decimal(1_000_000)
_MILLIWATT_HOUR = Decimal("0.000001")


class Reading(msgspec.Struct, frozen=True):
    """A meter reading: kWh at a moment, and the current in A, sum of the phases, from then on where it is known."""

    at: dt.datetime
    kwh: Decimal | int
    current_a: Decimal | None = None


def metered(
    readings: Sequence[Reading],
    plan: Plan | Sequence[tuple[dt.datetime, Plan]],
    *,
    parking_from: dt.datetime | None = None,
    reserved_from: dt.datetime | None = None,
    time_zone: str | dt.tzinfo | None = None,
) -> Charge:
    """The charge of metered values, in periods that hold one price each.

    Args:
        readings: at least two; the first begins the session, the last ends it.
        plan: the tariff, or tariffs with the moment each takes over, the first at the start of the session or before.
        parking_from: when the vehicle stopped to ask for power.
        reserved_from: when a reservation began that ended with the session's start.
        time_zone: `Location.time_zone`; needed where a tariff goes by local time.

    Raises:
        BadCharge: fewer than two readings, out of order, a meter that runs backwards, parking outside of the session.
        NoTariff: none for the start of the session.
        TimeZoneMissing: it is needed.
    """
    with localcontext(EXACT):
        _check(readings, parking_from, reserved_from)
        plans = [(readings[0].at, plan)] if isinstance(plan, Plan) else sorted(plan, key=lambda one: one[0])
        start, end = readings[0].at, readings[-1].at
        if not plans or plans[0][0] > start:
            raise NoTariff(f"tariffs: expected one that holds at {start}, got none", path="tariffs")
        zone = None if time_zone is None else zone_of(time_zone)
        cuts = {start, end, *(one.at for one in readings), *(at for at, _ in plans if start < at < end)}
        if parking_from is not None:
            cuts.add(parking_from)
        for _, one in plans:
            cuts.update(_moments(one, start, end, readings, zone))
            if len(cuts) > MOST_PERIODS:
                raise BadTariff(f"$.elements: expected at most {MOST_PERIODS} changes of price in a session, got more")
        periods = _periods(sorted(cuts), readings, plans, parking_from)
        if reserved_from is not None:
            reservation = _reservation(reserved_from, start, plans[0][1], RESERVATION_TIME, (RESERVATION_FLAT,))
            listed = enumerate([reservation, *periods])
            periods = [msgspec.structs.replace(one, index=index) for index, one in listed]
    return Charge(
        start=start if reserved_from is None else reserved_from,
        end=end,
        currency=None,
        periods=tuple(periods),
        reserved=None if reserved_from is None else Reserved.USED,
    )


def expired_reservation(reserved_from: dt.datetime, until: dt.datetime, plan: Plan) -> Charge:
    """The charge of a reservation that nobody came for.

    Raises:
        BadCharge: it ends before it begins.
    """
    if until < reserved_from:
        raise BadCharge(f"until: expected no time before {reserved_from}, got {until}", path="until")
    fees = (RESERVATION_FLAT, RESERVATION_EXPIRES_FLAT)
    with localcontext(EXACT):
        period = _reservation(reserved_from, until, plan, RESERVATION_EXPIRES, fees)
    return Charge(start=reserved_from, end=until, currency=None, periods=(period,), reserved=Reserved.EXPIRED)


def seconds(length: dt.timedelta) -> Decimal:
    """A length of time in seconds, exactly."""
    return Decimal(length // _MICROSECOND) / _MILLION


def _check(readings: Sequence[Reading], parking_from: dt.datetime | None, reserved_from: dt.datetime | None) -> None:
    if len(readings) < 2:
        raise BadCharge(f"readings: expected at least two meter readings, got {len(readings)}", path="readings")
    before = readings[0]
    for index, one in enumerate(readings):
        path = f"readings[{index}]"
        try:
            sound = -MOST <= before.kwh <= one.kwh <= MOST
        except (InvalidOperation, TypeError):  # a NaN, or no number
            sound = False
        if not sound:
            raise BadCharge(f"{path}.kwh: expected no less than {before.kwh}, got {one.kwh}", path=f"{path}.kwh")
        if one.at < before.at or (index and one.at == before.at):
            raise BadCharge(f"{path}.at: expected a time after {before.at}, got {one.at}", path=f"{path}.at")
        before = one
    start, end = readings[0].at, readings[-1].at
    if end - start > LONGEST:
        raise BadCharge(
            f"readings: expected a session of at most {LONGEST.days} days, got {end - start}", path="readings"
        )
    if parking_from is not None and not start <= parking_from <= end:
        raise BadCharge(f"parking_from: expected a time from {start} to {end}, got {parking_from}", path="parking_from")
    if reserved_from is not None and reserved_from > start:
        raise BadCharge(f"reserved_from: expected no time after {start}, got {reserved_from}", path="reserved_from")


def _moments(
    plan: Plan, start: dt.datetime, end: dt.datetime, readings: Sequence[Reading], zone: dt.tzinfo | None
) -> Iterator[dt.datetime]:
    """The moments within the session at which a restriction of the tariff may begin or cease to hold."""
    if plan.local:
        if zone is None:
            raise TimeZoneMissing("time_zone: expected that of the Location, got none", path="time_zone")
        yield from changes(start, end, {0, *plan.moments}, zone)
    restrictions = [one for element in plan.tariff.elements for one in element.restrictions]
    for one in restrictions:
        if one.kind.axis is Axis.DURATION and start < (at := start + one.limit) < end:
            yield at
    yield from _reached(restrictions, readings)


def _reached(restrictions: Iterable[Restriction], readings: Sequence[Reading]) -> Iterator[dt.datetime]:
    """When the energy of the session reaches the kWh of a restriction."""
    for limit in {one.limit for one in restrictions if one.kind.axis is Axis.KWH}:
        wanted = readings[0].kwh + limit
        for one, other in pairwise(readings):
            if one.kwh < wanted < other.kwh:
                part = (wanted - one.kwh) / (other.kwh - one.kwh)
                micros = (Decimal((other.at - one.at) // _MICROSECOND) * part).to_integral_value(ROUND_HALF_EVEN)
                yield one.at + int(micros) * _MICROSECOND


def _periods(
    cuts: list[dt.datetime],
    readings: Sequence[Reading],
    plans: Sequence[tuple[dt.datetime, Plan]],
    parking_from: dt.datetime | None,
) -> list[Period]:
    limits = sorted(
        {
            readings[0].kwh + one.limit
            for _, plan in plans
            for element in plan.tariff.elements
            for one in element.restrictions
            if one.kind.axis is Axis.KWH
        }
    )
    times = [one.at for one in readings]
    changed = [at for at, _ in plans]
    made = []
    before = Decimal(readings[0].kwh)
    for index, (start, end) in enumerate(pairwise(cuts)):
        after = _kwh_at(end, readings, times, limits)
        parks = parking_from is not None and start >= parking_from
        length = seconds(end - start)
        volumes: list[tuple[Line, Decimal]] = [(ENERGY, after - before)] if after > before else []
        volumes.append((PARKING_TIME if parks else TIME, length))
        current = readings[bisect_right(times, start) - 1].current_a
        plan = plans[max(bisect_right(changed, start) - 1, 0)][1]
        period = Period(
            index, start, end, cuts[0], tuple(volumes), (FLAT,), plan.tariff.id, current, current,
        )  # fmt: skip
        power = average_power(period)
        made.append(msgspec.structs.replace(period, least_power=power, most_power=power))
        before = after
    return made


def _kwh_at(
    moment: dt.datetime, readings: Sequence[Reading], times: list[dt.datetime], limits: list[Decimal]
) -> Decimal:
    """The meter at a moment: as read, or even between two readings, to the milliwatt hour; at a limit exactly that."""
    at = bisect_right(times, moment) - 1
    one = readings[at]
    if one.at == moment or at == len(readings) - 1:
        return Decimal(one.kwh)
    other = readings[at + 1]
    part = Decimal((moment - one.at) // _MICROSECOND) / ((other.at - one.at) // _MICROSECOND)
    kwh = Decimal(one.kwh + (other.kwh - one.kwh) * part)
    near = next((limit for limit in limits if abs(limit - kwh) < _MILLIWATT_HOUR and one.kwh < limit < other.kwh), None)
    return kwh.quantize(_MILLIWATT_HOUR, ROUND_HALF_EVEN, EXACT) if near is None else near


def _reservation(start: dt.datetime, end: dt.datetime, plan: Plan, line: Line, fees: tuple[Line, ...]) -> Period:
    length = seconds(end - start)
    return Period(0, start, end, start, ((line, length),) if length else (), fees, plan.tariff.id)
