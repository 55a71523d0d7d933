# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tariff as a picture: the price of each dimension over a local week, as SVG.

Where the price also depends on energy, duration, current or power, the band from the least to the greatest is drawn.
All text in it is escaped; it loads nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, localcontext
from html import escape
from itertools import groupby

import msgspec

from wwcp_ocpi.rules.cells import Cell, cells
from wwcp_ocpi.rules.dimensions import ENERGY, PARKING_TIME, TIME, Line
from wwcp_ocpi.rules.money import EXACT, ZERO
from wwcp_ocpi.rules.plan import Candidate, Lookup, Plan, prepare
from wwcp_ocpi.rules.reading import AnyTariff
from wwcp_ocpi.rules.restrictions import DAY, WEEK
from wwcp_ocpi.rules.telling import money, words_of
from wwcp_ocpi.rules.words import Words

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _FOOT = 840, 150, 110, 20, 40, 26
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.t{font-size:14px;font-weight:bold}.g{stroke:#ddd}"
    ".a{stroke:#444}.p{fill:none;stroke:#1565c0;stroke-width:2}.b{fill:#1565c0;fill-opacity:.2}"
)


class Span(msgspec.Struct, frozen=True):
    """A stretch of the week, in minutes from Monday 00:00, and the least and greatest price in it."""

    start: int
    end: int
    least: Decimal
    greatest: Decimal


def price_over_week(plan: Plan, line: Line, *, today: dt.date) -> list[Span]:
    """The price of one dimension over the week, with taxes where they are known; empty: it has none, or too many."""
    lookup = plan.lookups.get(line)
    found = None if lookup is None else cells(lookup, today)
    if lookup is None or found is None:
        return []
    ends = (*lookup.bounds[1:], lookup.cycle)
    spans = []
    for (start, group), end in zip(groupby(found, key=_minute), ends, strict=True):
        prices = [_price(cell.matching) for cell in group]
        spans.append(Span(start, end, min(prices), max(prices)))
    days = range(0, WEEK, lookup.cycle)
    return _joined([Span(one.start + day, one.end + day, one.least, one.greatest) for day in days for one in spans])


def _joined(spans: list[Span]) -> list[Span]:
    """Neighbours with the same prices as one."""
    joined = [spans[0]]
    for one in spans[1:]:
        last = joined[-1]
        if (one.least, one.greatest) == (last.least, last.greatest):
            joined[-1] = Span(last.start, one.end, last.least, last.greatest)
        else:
            joined.append(one)
    return joined


def _minute(cell: Cell) -> int:
    return cell.moment.minute


def _price(matching: tuple[Candidate, ...]) -> Decimal:
    if not matching:
        return ZERO
    after = matching[0].after
    return matching[0].component.price if after is None else after


def picture(tariff: AnyTariff | Plan, *, today: dt.date, language: str = "en") -> str:
    """The SVG, one panel for each of energy, charging time and parking time that has a price.

    Args:
        today: restrictions by date are taken from then on.

    Raises:
        BadTariff: it cannot be priced.
        UsageError: a language that there are no words for.
    """
    words = words_of(language)
    plan = tariff if isinstance(tariff, Plan) else prepare(tariff)
    with localcontext(EXACT):
        panels = [(line, spans) for line in (ENERGY, TIME, PARKING_TIME) if _is_priced(plan.lookups.get(line))
                  and (spans := price_over_week(plan, line, today=today))]  # fmt: skip
        drawn = [part for index, (line, spans) in enumerate(panels) for part in _panel(line, spans, index, plan, words)]
    height = _TOP + len(panels) * _PANEL + _FOOT
    title = escape(words.title.format(id=plan.tariff.id))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
            f'aria-label="{title}"><title>{title}</title><style>{_STYLE}</style>',
            f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/><text class="t" x="10" y="22">{title}</text>',
            *drawn,
            *_days(_TOP + len(panels) * _PANEL, words),
            "</svg>",
        ]
    )


def _is_priced(lookup: Lookup | None) -> bool:
    return lookup is not None and any(one.component.price for one in lookup.all)


def _panel(line: Line, spans: list[Span], index: int, plan: Plan, words: Words) -> Iterator[str]:
    top = _TOP + index * _PANEL + 24
    bottom = top + _PANEL - 34
    low = min(ZERO, *(one.least for one in spans))
    high = max(ZERO, *(one.greatest for one in spans))

    def y(value: Decimal) -> str:
        return f"{bottom - float((value - low) / (high - low or 1)) * (bottom - top):.1f}"

    currency = plan.tariff.currency
    label = escape(f"{words.dimension[line.name]}, {currency} {words.per[line.name]}")
    yield f'<text x="{_LEFT}" y="{top - 8}">{label}</text>'
    for value in sorted({low, high, ZERO}):
        at = y(value)
        said = escape(money(value, currency, words))
        yield f'<line class="g" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{_LEFT - 6}" y="{at}" text-anchor="end" dominant-baseline="middle">{said}</text>'
    for one in spans:
        if one.least != one.greatest:
            width = f"{float(_x(one.end)) - float(_x(one.start)):.1f}"
            tall = f"{float(y(one.least)) - float(y(one.greatest)):.1f}"
            yield f'<rect class="b" x="{_x(one.start)}" y="{y(one.greatest)}" width="{width}" height="{tall}"/>'
    for prices in ([one.least for one in spans], [one.greatest for one in spans]):
        points = " ".join(
            f"{_x(one.start)},{y(value)} {_x(one.end)},{y(value)}" for one, value in zip(spans, prices, strict=True)
        )
        yield f'<polyline class="p" points="{points}"/>'


def _x(minute: int) -> str:
    return f"{_LEFT + minute * (_WIDTH - _LEFT - _RIGHT) / WEEK:.1f}"


def _days(bottom: int, words: Words) -> Iterator[str]:
    for index, name in enumerate(words.days):
        yield f'<line class="a" x1="{_x(index * DAY)}" x2="{_x(index * DAY)}" y1="{bottom - 8}" y2="{bottom}"/>'
        yield f'<text x="{_x(index * DAY + DAY // 2)}" y="{bottom + 14}" text-anchor="middle">{escape(name)}</text>'
