# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wrong, or not wise, in a tariff, before anybody is billed by it.

    for finding in lint(tariff, now=now()): ...

ERROR: no price can be made of it, or not the one that was meant. WARNING: it will surprise somebody. NOTE: worth
a look.

Spec: mod_tariffs#mod_tariffs_tariff_object
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.rules.cells import Cell, cells
from wwcp_ocpi.rules.dimensions import LINES, Line, Purpose
from wwcp_ocpi.rules.errors import BadTariff
from wwcp_ocpi.rules.explaining import found_at
from wwcp_ocpi.rules.plan import Candidate, Lookup, Plan, plan
from wwcp_ocpi.rules.reading import AnyTariff, read_tariff
from wwcp_ocpi.rules.restrictions import Axis, Restriction
from wwcp_ocpi.rules.tariff import Component, Element, Tariff, TaxForm

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
ABSURD_STEP = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600}
"""Wh and seconds: who bills in larger blocks has probably mistaken the unit."""
_ONLY_THESE = frozenset({"FLAT", "TIME"})


class Finding(msgspec.Struct, frozen=True):
    """One thing about a tariff: what kind of thing, how bad, where, and in words."""

    code: str
    severity: Severity
    path: str
    text: str


def lint(tariff: AnyTariff, *, now: dt.datetime) -> list[Finding]:
    """All findings on a tariff, the worst first."""
    try:
        read = read_tariff(tariff)
        prepared = plan(read)
    except BadTariff as error:
        return [Finding("CANNOT_PRICE", ERROR, error.path or "$", error.message)]
    found = [
        *_limits(read),
        *_validity(read, now),
        *_taxes(read),
        *(one for element in read.elements for one in _element(element, now)),
        *(
            one
            for line in LINES
            if line in prepared.lookups
            for one in _reach(line, prepared.lookups[line], read, now.date())
        ),
        *_free(read),
        *_bookings(prepared),
    ]
    return sorted(found, key=lambda one: _RANK[one.severity])


_RANK = {ERROR: 0, WARNING: 1, NOTE: 2}


def lint_body(kind: type[AnyTariff], body: bytes, *, now: dt.datetime) -> list[Finding]:
    """As `lint`, from the JSON as it came: what is not as specified, unknown fields among it, comes first.

    Raises:
        MalformedBody: it is no JSON.
    """
    shaped = [Finding(one.rule, one.severity, one.path, one.message) for one in conformance.check(kind, body)]
    if any(one.severity is ERROR for one in shaped):
        return shaped
    return [*shaped, *lint(codec.decode(kind, body), now=now)]


def _limits(tariff: Tariff) -> Iterator[Finding]:
    for name in ("min_price", "max_price"):
        limit = getattr(tariff, name)
        if limit is not None and limit.after_taxes is None and tariff.tax is not TaxForm.NONE:
            text = "only the side before taxes is limited; that after taxes follows in proportion"
            yield Finding("LIMIT_ONE_SIDED", NOTE, f"$.{name}", text)


def _validity(tariff: Tariff, now: dt.datetime) -> Iterator[Finding]:
    start, end = tariff.start_date_time, tariff.end_date_time
    if start is not None and end is not None and end <= start:
        yield Finding("NEVER_VALID", ERROR, "$.end_date_time", f"expected a time after {start}, got {end}")
    elif end is not None and end < now:
        yield Finding("PAST", WARNING, "$.end_date_time", f"the tariff ended at {end}")


def _taxes(tariff: Tariff) -> Iterator[Finding]:
    components = [one for element in tariff.elements for one in element.components]
    priced = [one for one in components if one.price]
    silent = [one for one in priced if one.vat is None]
    if tariff.tax is TaxForm.NONE:
        for one in components:
            if one.vat:
                yield Finding("VAT_WITHOUT_TAX", WARNING, f"{one.path}.vat", "ignored: tax_included is N/A")
    elif silent and len(silent) < len(priced):
        for one in silent:
            yield Finding("VAT_MISSING", WARNING, one.path, "no vat, while other prices of this tariff have one")
    elif silent and not tariff.silence_means_no_tax:
        text = "no price has a vat: the price after taxes, or before, is unknown"
        yield Finding("VAT_MISSING", NOTE, "$.elements", text)
    elif silent:
        yield Finding("VAT_MISSING", NOTE, "$.elements", "no price has a vat: there is none on it")


def _element(element: Element, now: dt.datetime) -> Iterator[Finding]:
    for component in element.components:
        yield from _component(component, element.purpose)
    yield from _restrictions(element, now)


def _component(component: Component, purpose: Purpose) -> Iterator[Finding]:
    path = f"{component.path}.step_size"
    if purpose is not Purpose.CHARGING and component.type not in _ONLY_THESE:
        text = f"never used: an element for {purpose.value} prices only FLAT and TIME"
        yield Finding("UNREACHABLE", ERROR, f"{component.path}.type", text)
    if component.price < 0:
        yield Finding("NEGATIVE_PRICE", WARNING, f"{component.path}.price", f"the driver is paid {-component.price}")
    if component.type not in ABSURD_STEP:
        return
    if component.step_size == 0:
        yield Finding("STEP_SIZE", WARNING, path, "0 rounds nothing here, and may be refused by others; say 1")
    elif component.step_size > ABSURD_STEP[component.type]:
        unit = "Wh" if component.type == "ENERGY" else "s"
        text = f"{component.type} is billed in blocks of {component.step_size} {unit}: is the unit right?"
        yield Finding("STEP_SIZE", WARNING, path, text)


_PAIRS = (("min_kwh", "max_kwh"), ("min_current", "max_current"), ("min_power", "max_power"),
          ("min_duration", "max_duration"), ("start_date", "end_date"))  # fmt: skip


def _restrictions(element: Element, now: dt.datetime) -> Iterator[Finding]:
    given: dict[str, Restriction] = {one.name: one for one in element.restrictions}
    path = f"{element.path}.restrictions"
    for low, high in _PAIRS:
        if low in given and high in given and given[high].limit <= given[low].limit:
            text = f"never holds: {low} is {given[low].text}, {high} is {given[high].text}"
            yield Finding("CONTRADICTION", ERROR, f"{path}.{high}", text)
    hours = given.get("start_time, end_time")
    if hours is not None and hours.limit[0] == hours.limit[1]:
        text = f"never holds: from {hours.text}; leave both out for the whole day"
        yield Finding("CONTRADICTION", ERROR, f"{path}.end_time", text)
    if hours is not None and hours.limit[1] % 60 == 59:
        text = "ends a minute before the hour, which is left without this price; an end is exclusive"
        yield Finding("LAST_MINUTE", WARNING, f"{path}.end_time", text)
    end = given.get("end_date")
    if end is not None and end.limit < now.date() - dt.timedelta(days=1):  # wherever on earth that date is local
        yield Finding("PAST", WARNING, f"{path}.end_date", f"this element ended on {end.text}")


def _reach(line: Line, lookup: Lookup, tariff: Tariff, today: dt.date) -> Iterator[Finding]:
    """Components that never come to be used, and states in which a dimension has no price."""
    found = cells(lookup, today)
    if found is None:
        yield Finding("NOT_EXAMINED", NOTE, "$.elements", f"{line.name}: too many restrictions to look at all of them")
        return
    first: set[Candidate] = set()
    holding: set[Candidate] = set()
    gap: Cell | None = None
    overlaps: dict[tuple[Candidate, Candidate], Cell] = {}
    for cell in found:
        holding.update(cell.matching)
        if not cell.matching:
            gap = gap or cell
            continue
        first.add(cell.matching[0])
        for other in cell.matching[1:]:
            if other.restrictions and cell.matching[0].restrictions:
                overlaps.setdefault((cell.matching[0], other), cell)
    for candidate in lookup.all:
        if candidate not in first and candidate in holding:
            text = f"never used: wherever it holds, a price before it counts for {line.name}"
            yield Finding("UNREACHABLE", WARNING, candidate.component.path, text)
    if gap is not None and any(one.component.price for one in lookup.all):
        text = f"{line.name} costs nothing {_state(gap, lookup)}; add an element without restrictions if it should"
        yield Finding("GAP", WARNING, "$.elements", text)
    for (one, other), cell in overlaps.items():
        if other in first and one.component.price != other.component.price:
            before = tariff.elements[one.element].path
            text = f"{line.name}: {before} holds as well {_state(cell, lookup)}; the first counts"
            yield Finding("OVERLAP", NOTE, tariff.elements[other.element].path, text)


def _state(cell: Cell, lookup: Lookup) -> str:
    """The cell in words: only what the restrictions of this dimension ask for."""
    axes = {one.kind.axis for candidate in lookup.all for one in candidate.restrictions}
    said = [f"{axis.value.partition(',')[0]} {found_at(cell.moment, axis)}" for axis in Axis if axis in axes]
    return f"(as from {', '.join(said)})"


def _free(tariff: Tariff) -> Iterator[Finding]:
    """Free of charge has a form of its own (TAR-04)."""
    components = [one for element in tariff.elements for one in element.components]
    if any(one.price for one in components):
        return
    plain = len(components) == 1 and components[0].type == "FLAT" and not tariff.elements[0].restrictions
    if not plain:
        text = "free of charge is written as one element without restrictions and one FLAT of 0.00"
        yield Finding("FREE_OF_CHARGE", NOTE, "$.elements", text)


def _bookings(prepared: Plan) -> Iterator[Finding]:
    """A cancellation has no time that a TIME could price."""
    for element in prepared.tariff.elements:
        if element.purpose is Purpose.BOOKING_CANCELLATION_FEES:
            for component in element.components:
                if component.type == "TIME":
                    text = "not priced: no charging period states the time of a cancellation; use FLAT"
                    yield Finding("UNREACHABLE", WARNING, component.path, text)
