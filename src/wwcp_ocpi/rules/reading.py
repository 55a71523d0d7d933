# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs of all versions read into one form. What differs between the versions stands in the two tables.

Fields that a version lacks read as absent. What no price can be made of is refused here, with its JSON path.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

from wwcp_ocpi import v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.rules.dimensions import Purpose
from wwcp_ocpi.rules.errors import BadTariff
from wwcp_ocpi.rules.money import MOST
from wwcp_ocpi.rules.restrictions import DAY, KINDS, Restriction
from wwcp_ocpi.rules.tariff import Component, Element, Limit, Tariff, TaxForm

AnyTariff: TypeAlias = v2_1_1.Tariff | v2_2_1.Tariff | v2_3_0.Tariff
"""A Tariff of whichever version."""


class _Form(msgspec.Struct, frozen=True):
    """How a version writes a Tariff: the two fields of a price limit, and what a price without `vat` means."""

    limit: tuple[str, str] | None
    silence_means_no_tax: bool


_FORMS: dict[type, _Form] = {
    v2_1_1.Tariff: _Form(None, silence_means_no_tax=False),
    v2_2_1.Tariff: _Form(("excl_vat", "incl_vat"), silence_means_no_tax=True),
    v2_3_0.Tariff: _Form(("before_taxes", "after_taxes"), silence_means_no_tax=False),
}
_TAX = {None: TaxForm.ADDED, "NO": TaxForm.ADDED, "YES": TaxForm.INCLUDED, "N/A": TaxForm.NONE}
_PURPOSES = {purpose.value: purpose for purpose in Purpose if purpose is not Purpose.CHARGING}
_PURPOSES["RESERVED"] = Purpose.RESERVATION  # the text's word for the enum's (defect 8)
_DIMENSIONS = frozenset({"ENERGY", "FLAT", "PARKING_TIME", "TIME"})
_DAYS = {day: index for index, day in enumerate(
    ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"))}  # fmt: skip
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_MOST_SECONDS = 10**9
_MOST_PERCENT = Decimal(1000)


def read_tariff(tariff: AnyTariff) -> Tariff:
    """The tariff in the form of this room.

    Raises:
        BadTariff: it lacks elements, contradicts itself, or holds a word or number that has no price.
    """
    form = _FORMS.get(type(tariff))
    if form is None:
        raise BadTariff(f"$: expected a Tariff of a version, got {type(tariff).__name__}", path="$")
    included = getattr(tariff, "tax_included", None)
    tax = _TAX.get(included if included is None else str(included))
    if tax is None:
        raise _bad("$.tax_included", "YES, NO or N/A", included)
    if not tariff.elements:
        raise _bad("$.elements", "at least one element", "none")
    least, most = (_limit(getattr(tariff, name, None), form, f"$.{name}") for name in ("min_price", "max_price"))
    if least is not None and most is not None:
        _in_order(least.before_taxes, most.before_taxes, "$.max_price", "no less than min_price")
        _in_order(least.after_taxes, most.after_taxes, "$.max_price", "no less than min_price")
    return Tariff(
        id=str(tariff.id),
        currency=str(tariff.currency).upper(),
        elements=tuple(_element(element, f"$.elements[{index}]") for index, element in enumerate(tariff.elements)),
        tax=tax,
        silence_means_no_tax=form.silence_means_no_tax or tax is TaxForm.NONE,
        min_price=least,
        max_price=most,
        start_date_time=getattr(tariff, "start_date_time", None),
        end_date_time=getattr(tariff, "end_date_time", None),
    )


def _bad(path: str, expected: str, got: object) -> BadTariff:
    return BadTariff(f"{path}: expected {expected}, got {got!s:.60}", path=path)


def _number(value: object, path: str, *, least: Decimal = -MOST, most: Decimal = MOST) -> Decimal:
    try:
        if isinstance(value, Decimal) and least <= value <= most:
            return value
    except InvalidOperation:  # a NaN
        pass
    raise _bad(path, f"a number from {least} to {most}", value)


def _in_order(low: Any, high: Any, path: str, expected: str) -> None:
    if low is not None and high is not None and high < low:
        raise _bad(path, expected, f"{high}, which is below {low}")


def _limit(price: Any, form: _Form, path: str) -> Limit | None:
    if price is None or form.limit is None:
        return None
    before, after = (getattr(price, name) for name in form.limit)
    before = _number(before, f"{path}.{form.limit[0]}", least=Decimal(0))
    if after is not None:
        after = _number(after, f"{path}.{form.limit[1]}", least=Decimal(0))
        _in_order(before, after, f"{path}.{form.limit[1]}", "no less than before taxes")
    return Limit(before, after)


def _element(element: Any, path: str) -> Element:
    if not element.price_components:
        raise _bad(f"{path}.price_components", "at least one price component", "none")
    restrictions = element.restrictions
    return Element(
        components=tuple(
            _component(component, f"{path}.price_components[{index}]")
            for index, component in enumerate(element.price_components)
        ),
        restrictions=() if restrictions is None else tuple(_restrictions(restrictions, f"{path}.restrictions")),
        purpose=Purpose.CHARGING if restrictions is None else _purpose(restrictions, f"{path}.restrictions"),
        path=path,
    )


def _component(component: Any, path: str) -> Component:
    type = str(component.type)
    if type not in _DIMENSIONS:
        raise _bad(f"{path}.type", "ENERGY, FLAT, PARKING_TIME or TIME", type)
    vat = getattr(component, "vat", None)
    step_size = component.step_size
    if not isinstance(step_size, int) or not 0 <= step_size <= _MOST_SECONDS:
        raise _bad(f"{path}.step_size", "a whole number from 0 on", step_size)
    return Component(
        type=type,
        price=_number(component.price, f"{path}.price"),
        vat=None if vat is None else _number(vat, f"{path}.vat", least=Decimal(0), most=_MOST_PERCENT),
        step_size=step_size,
        path=path,
    )


def _purpose(restrictions: Any, path: str) -> Purpose:
    named = [(name, getattr(restrictions, name, None)) for name in ("reservation", "booking")]
    given = [(name, value) for name, value in named if value is not None]
    if not given:
        return Purpose.CHARGING
    if len(given) > 1:
        raise _bad(path, "either reservation or booking", "both")
    name, value = given[0]
    purpose = _PURPOSES.get(str(value))
    if purpose is None:
        raise _bad(f"{path}.{name}", " or ".join(_PURPOSES), value)
    return purpose


def _restrictions(restrictions: Any, path: str) -> Iterator[Restriction]:
    start, end = restrictions.start_time, restrictions.end_time
    if start is not None or end is not None:
        minutes = (
            0 if start is None else _minute(start, f"{path}.start_time"),
            DAY if end is None else _minute(end, f"{path}.end_time") or DAY,
        )
        yield Restriction(KINDS["start_time, end_time"], minutes, f"{start or '00:00'} to {end or '00:00'}")
    if restrictions.day_of_week:
        days = [str(day) for day in restrictions.day_of_week]
        unknown = next((index for index, day in enumerate(days) if day not in _DAYS), None)
        if unknown is not None:
            raise _bad(f"{path}.day_of_week[{unknown}]", "a day of the week", days[unknown])
        yield Restriction(KINDS["day_of_week"], frozenset(_DAYS[day] for day in days), ", ".join(days))
    for name in ("start_date", "end_date"):
        day = getattr(restrictions, name)
        if day is not None:
            yield Restriction(KINDS[name], _date(day, f"{path}.{name}"), day)
    for name in ("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power"):
        value = getattr(restrictions, name, None)
        if value is not None:
            yield Restriction(KINDS[name], _number(value, f"{path}.{name}"), str(value))
    for name in ("min_duration", "max_duration"):
        seconds = getattr(restrictions, name)
        if seconds is not None:
            if not isinstance(seconds, int) or not 0 <= seconds <= _MOST_SECONDS:
                raise _bad(f"{path}.{name}", "seconds from 0 on", seconds)
            yield Restriction(KINDS[name], dt.timedelta(seconds=seconds), f"{seconds} s")


def _minute(text: str, path: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise _bad(path, "a time like 13:30", text)
    return int(match[1]) * 60 + int(match[2])


def _date(text: str, path: str) -> dt.date:
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise _bad(path, "a date like 2015-12-24", text)
