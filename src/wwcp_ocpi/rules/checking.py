# SPDX-License-Identifier: AGPL-3.0-or-later
"""Is a received CDR right? Its totals against what its charging periods and tariffs come to.

    check(cdr, time_zone="Europe/Amsterdam").verdict

Nothing is raised for what a partner sent: a CDR that cannot be priced is UNCLEAR, with the reason as a note.

Spec: mod_cdrs#mod_cdrs_push_model (CDR-07), mod_cdrs#mod_cdrs_credit_cdrs (CDR-05).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from enum import Enum

import msgspec

from wwcp_ocpi.rules.charge import Charge, Reserved
from wwcp_ocpi.rules.cutting import seconds
from wwcp_ocpi.rules.dimensions import CHARGING_LINES, ENERGY, PARKING_TIME
from wwcp_ocpi.rules.errors import PricingError
from wwcp_ocpi.rules.money import EXACT, FOUR_DECIMALS, ZERO, Amount, Rounding, minor_units
from wwcp_ocpi.rules.notes import Note, NoteCode
from wwcp_ocpi.rules.plan import Plan, Tax
from wwcp_ocpi.rules.pricing import Priced, plans_of, priced
from wwcp_ocpi.rules.reading import AnyTariff
from wwcp_ocpi.rules.reading_charges import FORMS, HOUR, AnyCDR, amount_of, read_charge
from wwcp_ocpi.rules.reasons import TOTALS, Reason, mistaken, totals
from wwcp_ocpi.rules.spanning import spans
from wwcp_ocpi.rules.walltime import zone_of


class Verdict(Enum):
    """OK: all that is stated is right. DIFFERENT: it is not. UNCLEAR: the CDR does not allow to tell."""

    OK = "OK"
    DIFFERENT = "DIFFERENT"
    UNCLEAR = "UNCLEAR"


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """By how much a stated value may differ. `money` None: half of the currency's smallest unit."""

    money: Decimal | None = None
    kwh: Decimal = Decimal("0.005")
    hours: Decimal = Decimal("0.005")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is not what it should be: its JSON path, both values, and what may have led to it."""

    path: str
    stated: Decimal
    computed: Decimal
    reasons: tuple[Reason, ...]
    details: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came out. `priced` is None where no price could be computed."""

    verdict: Verdict
    differences: tuple[Difference, ...]
    notes: tuple[Note, ...]
    priced: Priced | None

    @property
    def matches(self) -> bool:
        """Whether the CDR is right."""
        return self.verdict is Verdict.OK


_DEFAULT = Tolerance()
_DOUBTS = frozenset({NoteCode.PERIODS_UNORDERED, NoteCode.PERIOD_OUTSIDE_SESSION})
"""With these nobody can tell, whatever the totals say."""
_WEAKER_DOUBTS = _DOUBTS | {
    NoteCode.PERIOD_SPANS_PRICE_CHANGE,
    NoteCode.TIME_EXCEEDS_PERIOD,
    NoteCode.NOT_MEASURED,
    NoteCode.NO_TARIFF_IN_PERIOD,
}
"""With these a difference in money may be the fault of the CDR's charging periods rather than of its totals."""


def check(
    cdr: AnyCDR,
    tariffs: Sequence[AnyTariff | Plan] | None = None,
    *,
    time_zone: str | dt.tzinfo | None = None,
    tolerance: Tolerance = _DEFAULT,
    rounding: Rounding = FOUR_DECIMALS,
    taxes: Sequence[Tax] = (),
    reserved: Reserved | None = None,
) -> Checked:
    """Whether the totals of the CDR are right.

    Args:
        tariffs, time_zone, rounding, taxes, reserved: as in `price`.

    Raises:
        TimeZoneMissing: a time zone was given that does not exist.
    """
    with localcontext(EXACT):
        zone = None if time_zone is None else zone_of(time_zone)
        notes: list[Note] = []
        try:
            charge = read_charge(cdr, reserved=reserved, notes=notes)
            if zone is None and charge.time_zone is not None:
                zone = zone_of(charge.time_zone)
            plans, more = plans_of(charge, tariffs, taxes)
            found = priced(charge, plans, zone, rounding=rounding, notes=more)
        except PricingError as error:
            notes.append(Note(NoteCode.CANNOT_PRICE, error.path or "$", error.message))
            return Checked(verdict=Verdict.UNCLEAR, differences=(), notes=tuple(notes), priced=None)
        notes = [*found.notes, *_too_long(charge), *_not_valid(charge, plans), *spans(charge, plans, zone)]
        money = list(_money(cdr, charge, plans, zone, found, tolerance, notes))
        volumes = list(_volumes(cdr, charge, tolerance))
    return Checked(
        verdict=_verdict(bool(money), bool(volumes), {note.code for note in notes}),
        differences=(*money, *volumes),
        notes=tuple(notes),
        priced=found,
    )


def _verdict(money: bool, volumes: bool, codes: set[NoteCode]) -> Verdict:
    if codes & _DOUBTS or (money and codes & _WEAKER_DOUBTS):
        return Verdict.UNCLEAR
    return Verdict.DIFFERENT if money or volumes else Verdict.OK


def _money(
    cdr: AnyCDR,
    charge: Charge,
    plans: tuple[Plan | None, ...],
    zone: dt.tzinfo | None,
    found: Priced,
    tolerance: Tolerance,
    notes: list[Note],
) -> Iterator[Difference]:
    form = FORMS[type(cdr)]
    within = tolerance.money
    if within is None:
        within = Decimal(5).scaleb(-minor_units(found.currency) - 1)
    computed = totals(found)
    stated = {name: amount_of(getattr(cdr, name, None), form) for name in TOTALS}
    tried = None
    for name in TOTALS:
        mine, theirs = computed[name] or Amount(ZERO, ZERO), stated[name]
        if theirs is None:
            continue
        either_sign = charge.credit and name != "total_cost"  # only the total is said to be negated (defect 10)
        for side, field in enumerate(form.price or ("",)):
            said, wanted = _sides(theirs)[side], _sides(mine)[side]
            if said is None or wanted is None:
                continue
            if abs((abs(said) - abs(wanted)) if either_sign else (said - wanted)) <= within:
                continue
            tried = list(mistaken(charge, plans, zone)) if tried is None else tried
            reasons: dict[Reason, str] = {}
            for reason, detail, amounts in tried:
                value = _sides(amounts[name] or Amount(ZERO, ZERO))[side]
                if value is not None and value != wanted and abs(value - said) <= within:
                    reasons.setdefault(reason, detail)
            for reason in _other_side(said, mine, side, within, charge=charge, name=name):
                reasons.setdefault(reason, "")
            if any(note.code is NoteCode.PERIOD_SPANS_PRICE_CHANGE for note in notes):
                reasons.setdefault(Reason.PERIOD_SPANS_PRICE_CHANGE, "")
            yield Difference(
                path=f"$.{name}.{field}" if field else f"$.{name}",
                stated=said,
                computed=wanted,
                reasons=tuple(reasons),
                details=tuple(f"{reason.name}: {detail}" for reason, detail in reasons.items() if detail),
            )


def _sides(amount: Amount) -> tuple[Decimal | None, Decimal | None]:
    return amount.before_taxes, amount.after_taxes


def _other_side(
    said: Decimal, mine: Amount, side: int, within: Decimal, *, charge: Charge, name: str
) -> Iterator[Reason]:
    """Mistakes that can be seen without computing anew."""
    wanted, other = _sides(mine)[side], _sides(mine)[1 - side]
    if other is not None and other != wanted and abs(said - other) <= within:
        yield Reason.VAT_MISSING if side else Reason.VAT_IN_PRICE_BEFORE
    if charge.credit and name == "total_cost" and wanted is not None and abs(said + wanted) <= within:
        yield Reason.CREDIT_NOT_NEGATED


def _volumes(cdr: AnyCDR, charge: Charge, tolerance: Tolerance) -> Iterator[Difference]:
    """The sums of the charging periods against the totals; a sum of nothing proves nothing."""
    energy = charge.total(ENERGY)
    if energy and abs(energy - cdr.total_energy) > tolerance.kwh:
        yield _volume("total_energy", cdr.total_energy, energy, Reason.ENERGY_DOES_NOT_ADD_UP)
    parked = charge.total(PARKING_TIME) / HOUR
    if cdr.total_parking_time is not None and parked and abs(parked - cdr.total_parking_time) > tolerance.hours:
        yield _volume("total_parking_time", cdr.total_parking_time, parked, Reason.TIME_DOES_NOT_ADD_UP)
    first = next((one for one in charge.periods if any(line in CHARGING_LINES for line, _ in one.volumes)), None)
    if first is not None and charge.has_charging:
        hours = seconds(charge.end - first.clock) / HOUR
        if abs(hours - cdr.total_time) > tolerance.hours:
            yield _volume("total_time", cdr.total_time, hours, Reason.TIME_DOES_NOT_ADD_UP)


def _volume(name: str, stated: Decimal, computed: Decimal, reason: Reason) -> Difference:
    return Difference(path=f"$.{name}", stated=stated, computed=round(computed, 4), reasons=(reason,))


def _too_long(charge: Charge) -> Iterator[Note]:
    """Periods that count more time than they last."""
    for period in charge.periods:
        length = seconds(period.end - period.start)
        counted = sum((volume for line, volume in period.volumes if line in CHARGING_LINES - {ENERGY}), ZERO)
        if counted > length + 36:  # a hundredth of an hour
            text = f"{round(counted)} s of charging and parking in a period of {round(length)} s"
            yield Note(NoteCode.TIME_EXCEEDS_PERIOD, f"{period.path}.dimensions", text)


def _not_valid(charge: Charge, plans: Sequence[Plan | None]) -> Iterator[Note]:
    """Tariffs that do not hold at the start of the session."""
    for plan in dict.fromkeys(plans):
        if plan is None:
            continue
        since, until = plan.tariff.start_date_time, plan.tariff.end_date_time
        if (since is not None and charge.start < since) or (until is not None and charge.start > until):
            text = f"tariff {plan.tariff.id} holds from {since or 'ever'} to {until or 'ever'}, not at {charge.start}"
            yield Note(NoteCode.TARIFF_NOT_VALID, "$.tariffs", text)
