# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tariff made ready for pricing: per line and local time of the week, which components can match, in order.

The index is made with the very functions that decide whether a restriction holds; it leaves out what cannot match at
that time of the week, nothing else. A tariff is prepared once and kept by its content, so that the tariff inside
every CDR costs little.

Spec: mod_tariffs#mod_tariffs_tariff_object (TAR-01, TAR-02).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

import msgspec

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import PartnerError, UsageError
from wwcp_ocpi.rules.dimensions import CHARGING_LINES, LINES, Bucket, Line
from wwcp_ocpi.rules.errors import BadTariff
from wwcp_ocpi.rules.money import EXACT, HUNDRED, ZERO
from wwcp_ocpi.rules.reading import AnyTariff, read_tariff
from wwcp_ocpi.rules.restrictions import DAY, KINDS, WEEK, Axis, Moment, Restriction
from wwcp_ocpi.rules.tariff import Component, Element, Tariff, TaxForm

MOST_ELEMENTS = 5_000
"""Quarters of an hour for more than a month; what has more is refused."""
MOST_TRIED = 2_000_000
"""Restrictions that are tried to make an index, or to price one charge without."""


class Tax(msgspec.Struct, frozen=True):
    """A tax that the tariff does not name and the caller knows of, such as GST: percent of the price before taxes."""

    name: str
    percentage: Decimal


class Candidate(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A price component where it may be used. Prices are per unit of the line; None: unknown for want of a tax.

    `checks` are the restrictions that the index of the lookup does not answer.
    """

    element: int
    index: int
    component: Component
    restrictions: tuple[Restriction, ...]
    checks: tuple[tuple[Callable[[Any, Moment], bool], Any], ...]
    before: Decimal | None
    after: Decimal | None
    taxes: tuple[Tax, ...]
    step: Decimal
    total: str
    """The field of the CDR that it counts into."""

    def holds(self, moment: Moment) -> bool:
        """Whether all holds that the index does not answer."""
        return all(holds(limit, moment) for holds, limit in self.checks)


class Lookup(msgspec.Struct, frozen=True, eq=False):
    """The candidates of one line. `bounds` begin with 0; `choices[i]` is for the cycle from `bounds[i]` on.

    The cycle is the week, or the day where no restriction names days.
    """

    cycle: int
    bounds: tuple[int, ...]
    choices: tuple[tuple[Candidate, ...], ...]
    always: Candidate | None
    all: tuple[Candidate, ...]

    def first(self, moment: Moment) -> Candidate | None:
        """The first component that holds; None: this dimension costs nothing (TAR-02)."""
        if self.always is not None:
            return self.always
        bounds = self.bounds
        at = 0 if len(bounds) == 1 else bisect_right(bounds, moment.minute % self.cycle) - 1
        for candidate in self.choices[at]:
            if not candidate.checks or candidate.holds(moment):
                return candidate
        return None


class Plan(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A prepared tariff. `axes` are what its restrictions look at."""

    tariff: Tariff
    lookups: dict[Line, Lookup]
    axes: frozenset[Axis]
    conditional: bool
    local: bool
    powered: bool
    moments: tuple[int, ...]
    """The minutes of the day at which the week changes."""
    charged: tuple[Line, ...]
    """The lines of charging that have a price other than 0."""


def prepare(tariff: AnyTariff, taxes: Sequence[Tax] = ()) -> Plan:
    """The tariff, ready for pricing.

    Args:
        taxes: what applies to components without `vat`, where the caller knows it.

    Raises:
        BadTariff: it cannot be priced.
        UsageError: a tax that cannot be.
    """
    try:
        return _prepared(type(tariff), codec.encode(tariff), tuple(taxes))
    except (PartnerError, msgspec.MsgspecError, NotImplementedError, AttributeError, UnicodeError) as error:
        if isinstance(error, BadTariff):
            raise
        read_tariff(tariff)  # names the field better than the codec can
        raise BadTariff(f"$: expected a Tariff: {error}", path=getattr(error, "path", None) or "$") from error


@lru_cache(maxsize=1024)
def _prepared(kind: type[AnyTariff], body: bytes, taxes: tuple[Tax, ...]) -> Plan:
    return plan(read_tariff(codec.decode(kind, body)), taxes)


def plan(tariff: Tariff, taxes: Sequence[Tax] = ()) -> Plan:
    """As `prepare`, from the form of this room."""
    for tax in taxes:
        if not (tax.percentage.is_finite() and 0 <= tax.percentage <= 1000):
            raise UsageError(f"taxes: expected percentages from 0 to 1000, got {tax.percentage} of {tax.name[:40]!r}")
    if len(tariff.elements) > MOST_ELEMENTS:
        text = f"$.elements: expected at most {MOST_ELEMENTS}, got {len(tariff.elements)}"
        raise BadTariff(text, path="$.elements")
    names_vat = any(component.vat is not None for element in tariff.elements for component in element.components)
    silent = tariff.silence_means_no_tax or names_vat
    with localcontext(EXACT):
        lookups = {
            line: lookup
            for line in LINES
            if (lookup := _lookup(line, tariff, silent=silent, taxes=tuple(taxes))) is not None
        }
    restrictions = [one for element in tariff.elements for one in element.restrictions]
    axes = frozenset(one.kind.axis for one in restrictions)
    return Plan(
        tariff=tariff,
        lookups=lookups,
        axes=axes,
        conditional=bool(axes),
        local=bool(axes & {Axis.WEEK, Axis.DATE}),
        powered=Axis.POWER in axes,
        moments=tuple(_bounds(restrictions, DAY)),
        charged=tuple(
            line
            for line, lookup in lookups.items()
            if line in CHARGING_LINES and any(one.component.price for one in lookup.all)
        ),
    )


def _lookup(line: Line, tariff: Tariff, *, silent: bool, taxes: tuple[Tax, ...]) -> Lookup | None:
    found = [
        (at, element, index, component)
        for at, element in enumerate(tariff.elements)
        if element.purpose in line.purposes
        for index, component in enumerate(element.components)
        if component.type == line.component
    ]
    if not found:
        return None
    restrictions = [one for _, element, _, _ in found for one in element.restrictions]
    cycle = WEEK if any(one.kind is KINDS["day_of_week"] for one in restrictions) else DAY
    bounds = _bounds(restrictions, cycle)
    indexed = len(bounds) * len(found) <= MOST_TRIED // 10
    if not indexed:
        bounds = [0]
    candidates = [_candidate(line, *one, tariff, silent=silent, taxes=taxes, indexed=indexed) for one in found]
    choices = [_choice(candidates, Moment(minute=minute)) if indexed else tuple(candidates) for minute in bounds]
    kept = [at for at in range(len(bounds)) if at == 0 or choices[at] != choices[at - 1]]
    first = choices[0][0] if choices[0] else None
    return Lookup(
        cycle,
        tuple(bounds[at] for at in kept),
        tuple(choices[at] for at in kept),
        first if len(kept) == 1 and first is not None and not first.checks else None,
        tuple(candidates),
    )


def _choice(candidates: list[Candidate], moment: Moment) -> tuple[Candidate, ...]:
    """Those that can match at this time of the cycle, up to the first that needs nothing else."""
    found = []
    for candidate in candidates:
        if all(one.holds(moment) for one in candidate.restrictions if one.kind.axis is Axis.WEEK):
            found.append(candidate)
            if not candidate.checks:
                break
    return tuple(found)


def _bounds(restrictions: Sequence[Restriction], cycle: int) -> list[int]:
    """The minutes of the day or week at which a restriction on it may begin or cease to hold."""
    found = {0}
    for one in restrictions:
        if one.kind is KINDS["start_time, end_time"]:
            found.update((day + minute) % cycle for day in range(0, cycle, DAY) for minute in one.limit)
    found.update(range(0, cycle, DAY))
    return sorted(found)


def _candidate(
    line: Line,
    at: int,
    element: Element,
    index: int,
    component: Component,
    tariff: Tariff,
    *,
    silent: bool,
    taxes: tuple[Tax, ...],
    indexed: bool,
) -> Candidate:
    applied, known = _taxes(component, tariff.tax, silent=silent, taxes=taxes)
    before, after = _prices(component.price, tariff.tax, sum((tax.percentage for tax in applied), ZERO), known=known)
    parks_only = {one.type for one in element.components} == {"FLAT", "PARKING_TIME"}
    return Candidate(
        element=at,
        index=index,
        component=component,
        restrictions=element.restrictions,
        checks=tuple(
            (one.kind.holds, one.limit) for one in element.restrictions if not (indexed and one.kind.axis is Axis.WEEK)
        ),
        before=before,
        after=after,
        taxes=applied,
        step=line.step * component.step_size,
        total=(Bucket.PARKING if line.bucket is Bucket.FIXED and parks_only else line.bucket).value,
    )


def _taxes(
    component: Component, form: TaxForm, *, silent: bool, taxes: tuple[Tax, ...]
) -> tuple[tuple[Tax, ...], bool]:
    """What is on the price, and whether that is all that is known to be."""
    if form is TaxForm.NONE:
        return (), True
    if component.vat is not None:
        return (Tax("VAT", component.vat),), True
    return taxes, bool(taxes) or silent


def _prices(price: Decimal, form: TaxForm, percent: Decimal, *, known: bool) -> tuple[Decimal | None, Decimal | None]:
    if not price:
        return ZERO, ZERO
    if form is TaxForm.INCLUDED:
        return (price * HUNDRED / (HUNDRED + percent) if known else None), price
    return price, (price * (HUNDRED + percent) / HUNDRED if known else None)
