# SPDX-License-Identifier: AGPL-3.0-or-later
"""CDRs and Sessions of all versions read into one form. What differs between the versions stands in one table.

Read strictly, a charge that contradicts itself is refused. A check of a CDR wants to know all that is wrong: it gives a
list, gets the contradictions of time as notes, and periods in order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

from wwcp_ocpi import v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.rules.charge import Charge, Period, Reserved
from wwcp_ocpi.rules.dimensions import (
    AVERAGES,
    CANCELLATION_FLAT,
    CHARGING_LINES,
    ENERGY,
    FLAT,
    GAUGES,
    LINES,
    PASSED_OVER,
    RESERVATION_EXPIRES,
    RESERVATION_EXPIRES_FLAT,
    RESERVATION_FLAT,
    RESERVATION_OVERTIME,
    RESERVATION_OVERTIME_FLAT,
    RESERVATION_TIME,
    SESSION_ONLY,
    VOLUMES,
    Line,
)
from wwcp_ocpi.rules.errors import BadCharge
from wwcp_ocpi.rules.money import MOST, ZERO, Amount
from wwcp_ocpi.rules.notes import Note, NoteCode
from wwcp_ocpi.scalars import DateTime

AnyCDR: TypeAlias = v2_1_1.CDR | v2_2_1.CDR | v2_3_0.CDR
AnySession: TypeAlias = v2_1_1.Session | v2_2_1.Session | v2_3_0.Session
AnyRecord: TypeAlias = AnyCDR | AnySession
"""What charging periods come in, of whichever version."""


class Form(msgspec.Struct, frozen=True):
    """How a version writes a CDR or Session: the fields of its times, and of a Price; None for a bare number."""

    start: str
    end: str
    price: tuple[str, str] | None
    is_cdr: bool


_VAT = ("excl_vat", "incl_vat")
_TAXES = ("before_taxes", "taxes")
FORMS: dict[type, Form] = {
    v2_1_1.CDR: Form("start_date_time", "stop_date_time", None, is_cdr=True),
    v2_2_1.CDR: Form("start_date_time", "end_date_time", _VAT, is_cdr=True),
    v2_3_0.CDR: Form("start_date_time", "end_date_time", _TAXES, is_cdr=True),
    v2_1_1.Session: Form("start_datetime", "end_datetime", None, is_cdr=False),
    v2_2_1.Session: Form("start_date_time", "end_date_time", _VAT, is_cdr=False),
    v2_3_0.Session: Form("start_date_time", "end_date_time", _TAXES, is_cdr=False),
}

HOUR = Decimal(3600)
_HALF_A_DIGIT_S = Decimal("0.18")  # of hours with four decimals
_ORDER = {line: index for index, line in enumerate(LINES)}
_RESERVED = frozenset({RESERVATION_TIME, RESERVATION_EXPIRES})
_MICROSECOND = dt.timedelta(microseconds=1)
_CHARGING_FEES = (FLAT,)


def read_charge(
    record: AnyRecord,
    *,
    until: dt.datetime | None = None,
    reserved: Reserved | None = None,
    notes: list[Note] | None = None,
) -> Charge:
    """The CDR or Session in the form of this room.

    Args:
        until: the end of a Session that still runs; its `last_updated` by default.
        reserved: what became of the reservation. By default it was used if there is anything but reserved time, and
            expired if not.
        notes: where contradictions of time are noted instead of refused; periods are then put in order.

    Raises:
        BadCharge: no periods, a period outside of the session or out of order, an unknown dimension, a volume that is
            negative or no number.
    """
    form = FORMS.get(type(record))
    if form is None:
        raise BadCharge(f"$: expected a CDR or Session of a version, got {type(record).__name__}", path="$")
    given: Sequence[Any] = record.charging_periods or ()
    if not given:
        raise BadCharge(
            "$.charging_periods: expected at least one charging period, got none", path="$.charging_periods"
        )
    start: DateTime = getattr(record, form.start)
    end: dt.datetime = getattr(record, form.end) or until or max(record.last_updated, given[-1].start_date_time)
    if start.year == 1970 or end.year == 1970:  # by agreement, where no time is known (defect 11)
        raise BadCharge(f"$.{form.start}: expected the times of the session, got unknown ones", path=f"$.{form.start}")
    if end < start:
        raise BadCharge(f"$.{form.end}: expected no time before {start}, got {end}", path=f"$.{form.end}")
    ends = [period.start_date_time for period in given[1:]]
    ends.append(end)
    read = [_read(period, index, start, ends[index]) for index, period in enumerate(given)]
    if form.is_cdr and notes is not None:
        notes.extend(_session_only(given))
    _in_session(read, start, end, notes)
    lines = {line for one in read for line, _ in one.volumes}
    if reserved is None and not lines.isdisjoint(_RESERVED):
        reserved = Reserved.EXPIRED if lines.isdisjoint(CHARGING_LINES) else Reserved.USED
    booked = getattr(record, "booking_id", None) is not None
    plain = reserved is None and not booked and lines <= CHARGING_LINES
    as_read = plain and notes is None
    return Charge(
        start=start,
        end=end,
        currency=record.currency.upper(),
        periods=tuple(read) if as_read else _periods(read, start, end, reserved, booked=booked, plain=plain),
        tariffs=tuple(getattr(record, "tariffs", None) or ()),
        time_zone=getattr(getattr(record, "location", None), "time_zone", None),
        credit=bool(getattr(record, "credit", None)),
        reserved=reserved,
        time_slack_s=_HALF_A_DIGIT_S,
        notes=() if notes is None else tuple(notes),
    )


def _read(period: Any, index: int, start: dt.datetime, end: dt.datetime) -> Period:
    """A charging period as it is where nothing was reserved and all are in order."""
    volumes: list[tuple[Line, Decimal]] = []
    others: list[int] = []
    before, in_order = -1, True
    for at, dimension in enumerate(period.dimensions):
        line = VOLUMES.get(dimension.type._value_)
        if line is None:
            others.append(at)
            continue
        volume = dimension.volume
        try:
            if not ZERO <= volume <= MOST:
                raise _wrong(index, at, ZERO, volume)
        except (InvalidOperation, TypeError) as error:  # a NaN, or no Decimal
            raise _wrong(index, at, ZERO, volume) from error
        place = _ORDER[line]
        in_order = in_order and place > before
        before = place
        if volume:
            volumes.append((line, volume if line is ENERGY else volume * HOUR))
    if not in_order:
        _each_once(period, index)
        volumes.sort(key=_order)
    gauges = _gauges(period, index, others) if others else ()
    tariff_id = getattr(period, "tariff_id", None)
    return Period(index, period.start_date_time, end, start, tuple(volumes), _CHARGING_FEES, tariff_id, *gauges)


def _wrong(index: int, at: int, least: Decimal, volume: object) -> BadCharge:
    return _bad(f"{_path(index)}.dimensions[{at}].volume", f"a volume from {least} to {MOST}", volume)


def _each_once(period: Any, index: int) -> None:
    """Refuse a volume that is given twice, be it as 0."""
    types = [dimension.type._value_ for dimension in period.dimensions]
    for at, type in enumerate(types):
        if type in VOLUMES and type in types[:at]:
            raise _twice(index, at, type)


def _twice(index: int, at: int, type: str) -> BadCharge:
    return _bad(f"{_path(index)}.dimensions[{at}].type", "each dimension once", f"{type} again")


def _gauges(period: Any, index: int, others: list[int]) -> tuple[Decimal | None, ...]:
    """Least and greatest current and power, from the dimensions that are not billed."""
    gauges: dict[str, Decimal] = {}
    averages: dict[str, Decimal] = {}
    types: list[str] = []
    for at in others:
        type, volume = period.dimensions[at].type._value_, period.dimensions[at].volume
        if type in types:
            raise _twice(index, at, type)
        types.append(type)
        if type in PASSED_OVER:
            continue
        if type not in GAUGES and type not in AVERAGES:
            raise _bad(f"{_path(index)}.dimensions[{at}].type", "a CdrDimensionType", type)
        try:
            sound = -MOST <= volume <= MOST
        except (InvalidOperation, TypeError):
            sound = False
        if not sound:
            raise _wrong(index, at, -MOST, volume)
        if type in GAUGES:
            gauges[GAUGES[type]] = volume
        else:
            averages[type] = volume
    return _ends(gauges, averages) if gauges or averages else ()


def _path(index: int) -> str:
    return f"$.charging_periods[{index}]"


def _bad(path: str, expected: str, got: object) -> BadCharge:
    return BadCharge(f"{path}: expected {expected}, got {got!s:.60}", path=path)


def _order(volume: tuple[Line, Decimal]) -> int:
    return _ORDER[volume[0]]


def _ends(gauges: dict[str, Decimal], averages: dict[str, Decimal]) -> tuple[Decimal | None, ...]:
    """Least and greatest current and power. Where only one of the two is known, or an average, it stands for both."""
    ends: list[Decimal | None] = []
    for average, (least, most) in AVERAGES.items():
        low = gauges.get(least, gauges.get(most, averages.get(average)))
        ends += [low, gauges.get(most, low)]
    return tuple(ends)


def _session_only(given: Sequence[Any]) -> Iterator[Note]:
    """Notes on the dimensions that are for Sessions only."""
    for index, period in enumerate(given):
        types = [dimension.type._value_ for dimension in period.dimensions if dimension.type._value_ in SESSION_ONLY]
        if types:
            text = f"for Sessions, not for CDRs: {', '.join(types)}"
            yield Note(NoteCode.SESSION_ONLY_DIMENSION, f"{_path(index)}.dimensions", text)


def _in_session(read: list[Period], start: dt.datetime, end: dt.datetime, notes: list[Note] | None) -> None:
    """Refuse, or note, periods out of order or outside of the session."""
    before = start
    for one in read:
        at = one.start
        if at < start or at > end:
            text = f"expected a time from {start} to {end}, got {at}"
            _say(NoteCode.PERIOD_OUTSIDE_SESSION, f"{_path(one.index)}.start_date_time", text, notes)
        elif at < before:
            text = f"expected no time before that of the period before, {before}, got {at}"
            _say(NoteCode.PERIODS_UNORDERED, f"{_path(one.index)}.start_date_time", text, notes)
        elif at > before:
            before = at
    if notes is not None:
        read.sort(key=lambda one: one.start)


def _say(code: NoteCode, path: str, text: str, notes: list[Note] | None) -> None:
    if notes is None:
        raise BadCharge(f"{path}: {text}", path=path)
    notes.append(Note(code, path, text))


def _periods(
    read: list[Period], start: dt.datetime, end: dt.datetime, reserved: Reserved | None, *, booked: bool, plain: bool
) -> tuple[Period, ...]:
    """The periods, each to the next one, with the clock and the fees that go with what was reserved."""
    charging_from = start
    if reserved is not None:
        charging_from = next((one.start for one in read if _is_charging(one)), start)
    made = []
    until = end
    for one in reversed(read):
        made.append(
            msgspec.structs.replace(
                one,
                end=until,
                clock=charging_from if plain or _is_charging(one) else start,
                volumes=one.volumes if reserved is not Reserved.EXPIRED else _expired(one.volumes, read),
                fees=_CHARGING_FEES if plain else _fees(one, reserved, booked=booked),
            )
        )
        until = one.start
    made.reverse()
    return tuple(made)


def _is_charging(read: Period) -> bool:
    """Whether the session runs in this period: it says so, or says nothing of a reservation."""
    return not read.volumes or any(line in CHARGING_LINES for line, _ in read.volumes)


def _fees(read: Period, reserved: Reserved | None, *, booked: bool) -> tuple[Line, ...]:
    lines = [line for line, _ in read.volumes]
    due = []
    if reserved in {None, Reserved.USED} and _is_charging(read):
        due.append(FLAT)
    if booked or not _RESERVED.isdisjoint(lines):
        due.append(RESERVATION_FLAT)
        if reserved is Reserved.EXPIRED:
            due.append(RESERVATION_EXPIRES_FLAT)
    if reserved is Reserved.CANCELED:
        due.append(CANCELLATION_FLAT)
    if RESERVATION_OVERTIME in lines:
        due.append(RESERVATION_OVERTIME_FLAT)
    return tuple(due)


def _expired(volumes: Sequence[tuple[Line, Decimal]], read: list[Period]) -> tuple[tuple[Line, Decimal], ...]:
    """An expired reservation is one time, whichever of the two words the CDR has for it (TAR-24)."""
    named = any(line is RESERVATION_EXPIRES for one in read for line, _ in one.volumes)
    if named:
        return tuple(one for one in volumes if one[0] is not RESERVATION_TIME)
    return tuple((RESERVATION_EXPIRES if line is RESERVATION_TIME else line, volume) for line, volume in volumes)


def amount_of(price: Any, form: Form) -> Amount | None:
    """A Price of whichever version as an amount; None for none."""
    if price is None:
        return None
    if form.price is None:
        return Amount(price, None)
    before, after = (getattr(price, name) for name in form.price)
    if form.price is _TAXES and after is not None:
        return Amount(before, before + sum((tax.amount for tax in after), ZERO))
    return Amount(before, after)
