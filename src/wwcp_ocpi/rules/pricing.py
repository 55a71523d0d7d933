# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a CDR, a Session or metered values cost. The way in is `price`.

    price(cdr, time_zone="Europe/Amsterdam").total_cost.after_taxes

Spec: mod_cdrs#mod_cdrs_cdr_object, mod_tariffs#mod_tariffs_tariff_object.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

import msgspec

from wwcp_ocpi.rules.billing import Row, Steps, bill
from wwcp_ocpi.rules.charge import Charge, Reserved
from wwcp_ocpi.rules.dimensions import PARKING_TIME, TIME, Line
from wwcp_ocpi.rules.errors import BadCharge, BadTariff, NoTariff
from wwcp_ocpi.rules.money import EXACT, FOUR_DECIMALS, ZERO, Amount, Rounding, plain
from wwcp_ocpi.rules.notes import Note, NoteCode
from wwcp_ocpi.rules.plan import MOST_TRIED, Candidate, Plan, Tax, prepare
from wwcp_ocpi.rules.reading import AnyTariff
from wwcp_ocpi.rules.reading_charges import AnyRecord, read_charge
from wwcp_ocpi.rules.tariff import Limit
from wwcp_ocpi.rules.walltime import zone_of
from wwcp_ocpi.scalars import fold

_NONE: tuple[Note, ...] = ()


class Cost(msgspec.Struct, frozen=True, eq=False, gc=False):
    """All that one price component adds. Volumes in kWh, seconds or pieces; the amount is not rounded.

    `billed` is the volume with what `step_size` adds.
    """

    line: Line
    candidate: Candidate
    volume: Decimal
    billed: Decimal
    amount: Amount


class Workings(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a price was made of: enough to explain it."""

    charge: Charge
    plans: tuple[Plan | None, ...]
    zone: dt.tzinfo | None
    rows: tuple[Row, ...]
    costs: tuple[Cost, ...]
    uncapped: Amount
    rounding: Rounding


class Priced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The totals of a CDR, rounded, under the names of the CDR's fields. None: nothing of the kind was billed.

    `total_cost` is negative for a credit CDR; its parts are not (defect 10).
    """

    currency: str
    total_cost: Amount
    total_fixed_cost: Amount | None = None
    total_energy_cost: Amount | None = None
    total_time_cost: Amount | None = None
    total_parking_cost: Amount | None = None
    total_reservation_cost: Amount | None = None
    notes: tuple[Note, ...] = ()
    workings: Workings


def price(
    record: AnyRecord | Charge,
    tariffs: Sequence[AnyTariff | Plan] | None = None,
    *,
    time_zone: str | dt.tzinfo | None = None,
    rounding: Rounding = FOUR_DECIMALS,
    taxes: Sequence[Tax] = (),
    reserved: Reserved | None = None,
    steps: Steps = Steps.ONCE,
    limits: bool = True,
) -> Priced:
    """What the record costs.

    Args:
        tariffs: instead of those that a CDR brings with it; a single one is for all periods. A Session needs them.
        time_zone: `Location.time_zone`, for tariffs that go by local time. A CDR of 2.1.1 may bring its own.
        taxes: for components without `vat`, where the caller knows what applies.
        reserved: what became of a reservation, where its end is not to be read off the record.
        steps, limits: other than by default only to find out what a partner did wrong.

    Raises:
        BadCharge, BadTariff: the record or the tariff contradicts itself; `.path` names the field.
        NoTariff: none, or none that a period can be given to.
        TimeZoneMissing: it is needed.
    """
    with localcontext(EXACT):
        charge = record if isinstance(record, Charge) else read_charge(record, reserved=reserved)
        plans, notes = plans_of(charge, tariffs, taxes)
        where = time_zone or charge.time_zone
        zone = None if where is None else zone_of(where)
        return priced(charge, plans, zone, rounding=rounding, steps=steps, limits=limits, notes=notes)


def plans_of(
    charge: Charge, tariffs: Sequence[AnyTariff | Plan] | None, taxes: Sequence[Tax]
) -> tuple[tuple[Plan | None, ...], tuple[Note, ...]]:
    """The prepared tariff of each period, by `ChargingPeriod.tariff_id` (TAR-01); all in the currency of the charge.

    Raises:
        NoTariff: none, or none that a period can be given to.
        BadTariff: a tariff cannot be priced, or is in another currency.
    """
    given = charge.tariffs if tariffs is None else tariffs
    if not given:
        raise NoTariff("$.tariffs: expected at least one tariff, got none", path="$.tariffs")
    prepared = [one if isinstance(one, Plan) else prepare(one, taxes) for one in given]
    currency = charge.currency or prepared[0].tariff.currency
    for one in prepared:
        if one.tariff.currency != currency:
            raise BadTariff(
                f"$.currency: expected {currency}, as the CDR or Session has it, got {one.tariff.currency} "
                f"in tariff {one.tariff.id}",
                path="$.currency",
            )
    if len(charge.periods) * max(len(one.tariff.elements) for one in prepared) > MOST_TRIED:
        raise BadCharge(
            f"$.charging_periods: expected at most {MOST_TRIED} times elements, got {len(charge.periods)} periods",
            path="$.charging_periods",
        )
    only = prepared[0] if len(prepared) == 1 else None
    if only is not None:
        named = {period.tariff_id for period in charge.periods}
        if len(named) == 1 and named <= {None, only.tariff.id}:
            return (only,) * len(charge.periods), _NONE
    return _by_period(charge, prepared, only if tariffs is not None else None)


def _by_period(
    charge: Charge, prepared: list[Plan], only: Plan | None
) -> tuple[tuple[Plan | None, ...], tuple[Note, ...]]:
    by_id = {fold(one.tariff.id): one for one in prepared}
    named = any(period.tariff_id is not None for period in charge.periods)
    plans: list[Plan | None] = []
    notes: list[Note] = []
    for period in charge.periods:
        path = f"{period.path}.tariff_id"
        found = None if period.tariff_id is None else by_id.get(fold(period.tariff_id))
        if found is None and only is not None:
            found = only
            text = f"the period names {period.tariff_id or 'none'}, {only.tariff.id} was asked for"
            notes.append(Note(NoteCode.OTHER_TARIFF_USED, path, text))
        elif found is None and (period.tariff_id is not None or not named):
            known = ", ".join(one.tariff.id for one in prepared)
            raise NoTariff(f"{path}: expected one of {known}, got {period.tariff_id or 'none'}", path=path)
        elif found is None:
            notes.append(Note(NoteCode.NO_TARIFF_IN_PERIOD, path, "no tariff is named: the period costs nothing"))
        plans.append(found)
    return tuple(plans), tuple(notes)


def priced(
    charge: Charge,
    plans: tuple[Plan | None, ...],
    zone: dt.tzinfo | None,
    *,
    rounding: Rounding = FOUR_DECIMALS,
    steps: Steps = Steps.ONCE,
    limits: bool = True,
    notes: tuple[Note, ...] = (),
) -> Priced:
    """As `price`, with everything prepared. Computes in the caller's context: use `money.EXACT`."""
    rows = bill(charge, plans, zone, steps)
    costs = _costs(rows)
    sums = _sums(costs)
    whole = _sum(sums.values())
    used = [one for one in dict.fromkeys(plans) if one is not None]
    total, capped = limited(whole, used, costs) if limits and charge.has_charging else (whole, _NONE)
    if charge.credit:
        total = Amount(_negated(total.before_taxes), _negated(total.after_taxes))
    if total.before_taxes is None or total.after_taxes is None:
        notes = (*notes, Note(NoteCode.TAX_UNKNOWN, "$.tariffs", "the tariff does not say which taxes apply"))
    workings = Workings(charge, plans, zone, tuple(rows), costs, whole, rounding)
    return Priced(
        currency=charge.currency or used[0].tariff.currency,
        total_cost=rounding.of_amount(total),
        notes=(*charge.notes, *notes, *capped, *_not_measured(charge, used, costs)),
        workings=workings,
        **{name: rounding.of_amount(amount) for name, amount in sums.items()},
    )


def _negated(value: Decimal | None) -> Decimal | None:
    return -value if value else value


class _Summed(msgspec.Struct, gc=False):
    line: Line
    volume: Decimal
    extra: Decimal


def _costs(rows: list[Row]) -> tuple[Cost, ...]:
    """One cost a price component, in the order of their first rows."""
    sums: dict[Candidate, _Summed] = {}
    for row in rows:
        found = sums.get(row.candidate)
        if found is None:
            sums[row.candidate] = _Summed(row.line, row.volume, row.extra)
        else:
            found.volume += row.volume
            found.extra += row.extra
    costs = []
    for candidate, one in sums.items():
        billed = one.volume + one.extra if one.extra else one.volume
        costs.append(Cost(one.line, candidate, one.volume, billed, cost_of(one.line, candidate, billed)))
    return tuple(costs)


def cost_of(line: Line, candidate: Candidate, billed: Decimal) -> Amount:
    """The cost of a volume at a price, not rounded."""
    units = billed if line.divisor is None else billed / line.divisor
    before, after = candidate.before, candidate.after
    return Amount(None if before is None else units * before, None if after is None else units * after)


def _sums(costs: tuple[Cost, ...]) -> dict[str, Amount]:
    sums: dict[str, Amount] = {}
    for cost in costs:
        total = cost.candidate.total
        known = sums.get(total)
        sums[total] = cost.amount if known is None else _added(known, cost.amount)
    return sums


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = None
    for amount in amounts:
        total = amount if total is None else _added(total, amount)
    return Amount(ZERO, ZERO) if total is None else total


def _added(one: Amount, other: Amount) -> Amount:
    before = None if one.before_taxes is None or other.before_taxes is None else one.before_taxes + other.before_taxes
    after = None if one.after_taxes is None or other.after_taxes is None else one.after_taxes + other.after_taxes
    return Amount(before, after)


def limited(total: Amount, used: Sequence[Plan], costs: tuple[Cost, ...]) -> tuple[Amount, tuple[Note, ...]]:
    """No less than the greatest min_price, no more than the least max_price of the tariffs that were used (TAR-13)."""
    tariffs = [one.tariff for one in used if one.tariff.min_price is not None or one.tariff.max_price is not None]
    if not tariffs:
        return total, _NONE
    floors = [one.min_price for one in tariffs if one.min_price is not None]
    ceilings = [one.max_price for one in tariffs if one.max_price is not None]
    before = _within(total.before_taxes, [one.before_taxes for one in floors], [one.before_taxes for one in ceilings])
    after = _within(total.after_taxes, _after(floors), _after(ceilings))
    if before == total.before_taxes and after == total.after_taxes:
        return total, _NONE
    if not _after(floors if before is not None and _above(before, total.before_taxes) else ceilings):
        after = _in_proportion(total, before, after, costs)
    was = f"{plain(total.before_taxes)} before and {plain(total.after_taxes)} after taxes"
    text = f"{was} became {plain(before)} and {plain(after)}"
    return Amount(before, after), (Note(NoteCode.LIMIT_APPLIED, "$.total_cost", text),)


def _above(value: Decimal, other: Decimal | None) -> bool:
    return other is not None and value > other


def _after(limits: list[Limit]) -> list[Decimal]:
    return [one.after_taxes for one in limits if one.after_taxes is not None]


def _within(value: Decimal | None, floors: list[Decimal], ceilings: list[Decimal]) -> Decimal | None:
    floor, ceiling = max(floors, default=None), min(ceilings, default=None)
    if floor is not None and ceiling is not None and floor > ceiling:
        raise BadTariff(
            f"$.tariffs: expected no min_price above the max_price of another tariff, got {floor} and {ceiling}",
            path="$.tariffs",
        )
    if value is None:
        return None
    if floor is not None and value < floor:
        return floor
    return ceiling if ceiling is not None and value > ceiling else value


def _in_proportion(
    total: Amount, before: Decimal | None, after: Decimal | None, costs: tuple[Cost, ...]
) -> Decimal | None:
    """The price after taxes where a limit names only that before: the taxes keep their share."""
    if before is None or before == total.before_taxes or total.after_taxes is None:
        return after
    if total.before_taxes:
        return before * total.after_taxes / total.before_taxes
    shares = {sum((tax.percentage for tax in cost.candidate.taxes), ZERO) for cost in costs}
    return before * (100 + shares.pop()) / 100 if len(shares) == 1 else None


def _not_measured(charge: Charge, used: Sequence[Plan], costs: tuple[Cost, ...]) -> tuple[Note, ...]:
    """Dimensions that a tariff prices and no period measures: the CDR may be poorer than the session was.

    Who only parks has no TIME, and who only charges no PARKING_TIME; that is no reason to doubt.
    """
    billed = [cost.line for cost in costs]
    missing = [(plan, line) for plan in used for line in plan.charged if line not in billed]
    if not missing or not charge.has_charging:
        return _NONE
    measured = {line for period in charge.periods for line, _ in period.volumes}
    if PARKING_TIME in measured:
        measured.add(TIME)
    measured.add(PARKING_TIME)
    return tuple(
        Note(
            NoteCode.NOT_MEASURED,
            "$.charging_periods",
            f"tariff {plan.tariff.id} prices {line.name}, no charging period says how much",
        )
        for plan, line in missing
        if line not in measured
    )
