# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that can ever be asked of a tariff, divided into cells in which the answer is the same.

Every restriction is an interval on one axis: the local week, the date, energy, duration, current, power. Between two
bounds of an axis no restriction changes, so that one moment of each cell speaks for all of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from math import prod

import msgspec

from wwcp_ocpi.rules.money import ZERO
from wwcp_ocpi.rules.plan import MOST_TRIED, Candidate, Lookup
from wwcp_ocpi.rules.restrictions import NO_TIME, Axis, Moment, Restriction


class Cell(msgspec.Struct, frozen=True):
    """A moment that speaks for a cell, and every component that holds there, in the order of the tariff."""

    moment: Moment
    matching: tuple[Candidate, ...]


def cells(lookup: Lookup, today: dt.date) -> Iterator[Cell] | None:
    """The cells of one dimension from today on; None: too many to look at, which no tariff in daily use comes near."""
    restrictions = [one for candidate in lookup.all for one in candidate.restrictions]
    axes = (
        lookup.bounds,
        _dates(restrictions, today),
        _numbers(restrictions, Axis.KWH),
        _durations(restrictions),
        _numbers(restrictions, Axis.CURRENT),
        _numbers(restrictions, Axis.POWER),
    )
    if prod(len(axis) for axis in axes) * len(lookup.all) > MOST_TRIED:
        return None
    return (_cell(lookup, *at) for at in product(*axes))


def _cell(
    lookup: Lookup, minute: int, date: dt.date, kwh: Decimal, duration: dt.timedelta, current: Decimal, power: Decimal
) -> Cell:
    moment = Moment(
        minute=minute,
        date=date,
        kwh=kwh,
        duration=duration,
        least_current=current,
        most_current=current,
        least_power=power,
        most_power=power,
    )
    matching = tuple(candidate for candidate in lookup.all if all(one.holds(moment) for one in candidate.restrictions))
    return Cell(moment, matching)


def _dates(restrictions: list[Restriction], today: dt.date) -> list[dt.date]:
    return sorted({today} | {one.limit for one in restrictions if one.kind.axis is Axis.DATE and one.limit > today})


def _durations(restrictions: list[Restriction]) -> list[dt.timedelta]:
    return sorted({NO_TIME} | {one.limit for one in restrictions if one.kind.axis is Axis.DURATION})


def _numbers(restrictions: list[Restriction], axis: Axis) -> list[Decimal]:
    return sorted({ZERO} | {one.limit for one in restrictions if one.kind.axis is axis and one.limit > 0})
