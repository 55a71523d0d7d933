# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging periods in which the price changed, although a new one should have begun (CDR-14).

Such a period can only be priced as a whole, by its start; what its parts cost nobody can tell.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from wwcp_ocpi.rules.billing import moment_of
from wwcp_ocpi.rules.charge import Charge, Period
from wwcp_ocpi.rules.dimensions import ENERGY
from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import ZERO
from wwcp_ocpi.rules.notes import Note, NoteCode
from wwcp_ocpi.rules.plan import Candidate, Plan
from wwcp_ocpi.rules.restrictions import Moment
from wwcp_ocpi.rules.walltime import changes, wall_clock, week_minute

_SECOND = dt.timedelta(seconds=1)
_LITTLE = Decimal("0.0001")
MOST_LOOKED_AT = dt.timedelta(days=5_000)
"""Days times changes of the clock in each; of a longer period only start and end are looked at."""


def spans(charge: Charge, plans: Sequence[Plan | None], zone: dt.tzinfo | None) -> Iterator[Note]:
    """A note for each period and dimension whose price is not the same all through the period."""
    kwh = ZERO
    clock = wall_clock(zone)
    for index, period in enumerate(charge.periods):
        plan = plans[index]
        if plan is not None and plan.conditional:
            start = moment_of(period, kwh, plan, clock)
            others = list(_others(period, start, plan, zone))
            for line, _ in period.volumes:
                lookup = plan.lookups.get(line)
                if lookup is not None and lookup.always is None:
                    try:
                        first = lookup.first(start)
                        if any(_differs(lookup.first(moment), first) for moment in others):
                            yield Note(
                                NoteCode.PERIOD_SPANS_PRICE_CHANGE,
                                period.path,
                                f"the price of {line.name} changes in it",
                            )
                    except BadCharge:
                        continue
        kwh += period.volume(ENERGY)


def _differs(one: Candidate | None, other: Candidate | None) -> bool:
    """Whether it is another price, not only another element with the same."""
    if one is None or other is None:
        return one is not other
    return one is not other and (one.before, one.after, one.step) != (other.before, other.after, other.step)


def _others(period: Period, start: Moment, plan: Plan, zone: dt.tzinfo | None) -> Iterator[Moment]:
    """Other states that the period went through: just before its end, at changes of the wall clock, at the extremes."""
    length = period.end - period.start
    if length > _SECOND * 2:
        late = period.end - _SECOND
        energy = period.volume(ENERGY)
        yield _at(
            start, late, zone if plan.local else None,
            duration=late - period.clock, kwh=start.kwh + max(energy - _LITTLE, ZERO),
        )  # fmt: skip
        if plan.local and zone is not None and length * (len(plan.moments) + 1) < MOST_LOOKED_AT:
            for moment in changes(period.start, late, {0, *plan.moments}, zone):
                yield _at(start, moment, zone)
    if start.least_power != start.most_power or start.least_current != start.most_current:
        yield msgspec.structs.replace(start, most_power=start.least_power, most_current=start.least_current)
        yield msgspec.structs.replace(start, least_power=start.most_power, least_current=start.most_current)


def _at(start: Moment, when: dt.datetime, zone: dt.tzinfo | None, **more: object) -> Moment:
    moment = msgspec.structs.replace(start, **more)
    if zone is not None:
        wall = when.astimezone(zone)
        moment.minute, moment.date = week_minute(wall), wall.date()
    return moment
