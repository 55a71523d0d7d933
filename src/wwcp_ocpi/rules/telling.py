# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tariff in plain words for a driver: one sentence a dimension, prices with taxes where they are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.rules.dimensions import LINES, Line
from wwcp_ocpi.rules.money import EXACT
from wwcp_ocpi.rules.plan import Candidate, Lookup, Plan, prepare
from wwcp_ocpi.rules.reading import AnyTariff
from wwcp_ocpi.rules.restrictions import DAY, Axis, Restriction
from wwcp_ocpi.rules.tariff import Limit, TaxForm
from wwcp_ocpi.rules.words import LANGUAGES, Words

_FOUR = Decimal("0.0001")


def tell(tariff: AnyTariff | Plan, language: str = "en") -> list[str]:
    """The sentences.

    Args:
        language: en, de, nl or fr; more exactly is fine, too: `de-AT`.

    Raises:
        BadTariff: it cannot be priced.
        UsageError: a language that there are no words for.
    """
    words = words_of(language)
    plan = tariff if isinstance(tariff, Plan) else prepare(tariff)
    with localcontext(EXACT):
        return list(_sentences(plan, words))


def words_of(language: str) -> Words:
    """The words of a language.

    Raises:
        UsageError: there are none.
    """
    found = LANGUAGES.get(language.partition("-")[0].lower())
    if found is None:
        raise UsageError(f"language: expected one of {', '.join(LANGUAGES)}, got {language[:20]!r}")
    return found


def _sentences(plan: Plan, words: Words) -> Iterator[str]:
    candidates = [one for lookup in plan.lookups.values() for one in lookup.all]
    if not any(one.component.price for one in candidates):
        yield words.free_of_charge
        return
    for line in LINES:
        lookup = plan.lookups.get(line)
        if lookup is not None and any(one.component.price for one in lookup.all):
            yield f"{words.dimension[line.name]}: {'; '.join(_parts(line, lookup, plan, words))}."
    tariff = plan.tariff
    for limit, phrase in ((tariff.min_price, words.at_least), (tariff.max_price, words.at_most)):
        if limit is not None:
            yield phrase.format(price=_limit(limit, plan, words))
    if tariff.tax is TaxForm.INCLUDED and any(one.before is None for one in candidates):
        yield words.tax_not_told


def _parts(line: Line, lookup: Lookup, plan: Plan, words: Words) -> Iterator[str]:
    """A price for each element in turn, until one holds always."""
    for index, candidate in enumerate(lookup.all):
        priced = _price(line, candidate, plan, words)
        if not candidate.restrictions:
            yield words.otherwise.format(price=priced) if index else priced
            return
        yield f"{priced} {', '.join(_conditions(candidate, words))}"
    if not all(choice and not choice[-1].checks for choice in lookup.choices):
        yield words.otherwise_free


def _price(line: Line, candidate: Candidate, plan: Plan, words: Words) -> str:
    if not candidate.component.price:
        return words.free
    value, suffix = candidate.after, ""
    if value is None:
        value, suffix = candidate.component.price, f" {words.plus_taxes}"
    said = f"{money(value, plan.tariff.currency, words)} {words.per.get(line.name, words.once)}{suffix}"
    step = candidate.component.step_size
    if line.group and step > 1:
        size = f"{step} Wh" if line.unit == "kWh" else _length(dt.timedelta(seconds=step), words)
        said = f"{said} ({words.step.format(value=size)})"
    return said


def _limit(limit: Limit, plan: Plan, words: Words) -> str:
    if limit.after_taxes is not None:
        return money(limit.after_taxes, plan.tariff.currency, words)
    suffix = "" if plan.tariff.tax is TaxForm.NONE else f" {words.plus_taxes}"
    return f"{money(limit.before_taxes, plan.tariff.currency, words)}{suffix}"


def money(value: Decimal, currency: str, words: Words) -> str:
    """An amount as people write it: two decimals, four where needed."""
    return words.money.format(currency=currency, value=number(value.quantize(_FOUR, ROUND_HALF_UP), words, least=2))


def number(value: Decimal, words: Words, *, least: int = 0) -> str:
    """A number without needless zeros, but with at least so many decimals."""
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0").ljust(least, "0")
    return f"{whole}{words.comma}{part}" if part else whole


def _length(length: dt.timedelta, words: Words) -> str:
    seconds = int(length.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((hours, words.hours), (minutes, words.minutes), (seconds, words.seconds))
    return " ".join(unit.format(value=value) for value, unit in parts if value) or words.seconds.format(value=0)


def _conditions(candidate: Candidate, words: Words) -> Iterator[str]:
    by_axis: dict[Axis, dict[str, Restriction]] = {}
    for one in candidate.restrictions:
        by_axis.setdefault(one.kind.axis, {})[one.name] = one
    for axis, given in by_axis.items():
        if axis is Axis.WEEK:
            yield from _week(given, words)
        elif axis is Axis.DATE:
            for name, one in given.items():
                yield (words.start_date if name == "start_date" else words.end_date).format(value=one.text)
        else:
            for name, one in given.items():
                phrases = words.from_value if name.startswith("min_") else words.below_value
                value = _length(one.limit, words) if axis is Axis.DURATION else number(one.limit, words)
                yield phrases[axis.name].format(value=value)


def _week(given: dict[str, Restriction], words: Words) -> Iterator[str]:
    if "day_of_week" in given:
        yield _days(given["day_of_week"].limit, words)
    if "start_time, end_time" in given:
        start, end = given["start_time, end_time"].limit
        if start == 0 and end < DAY:
            yield words.until_time.format(end=_clock(end))
        elif end == DAY:
            yield words.from_time.format(start=_clock(start))
        else:
            yield words.between.format(start=_clock(start), end=_clock(end))


def _clock(minute: int) -> str:
    return f"{minute % DAY // 60:02}:{minute % 60:02}"


def _days(days: frozenset[int], words: Words) -> str:
    """`Mon–Fri`, `Sat, Sun`: three days or more in a row are written as one."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = words.days
    return ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run) for run in runs
    )
