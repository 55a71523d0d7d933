# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which taxes a price holds.

The taxes of an amount add up to the difference of its two sides, to the last digit: what rounding leaves over goes
to the last of them. A limit on the price changes the taxes in proportion.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import msgspec

from wwcp_ocpi.rules.money import EXACT, HUNDRED, ZERO, Amount, Rounding
from wwcp_ocpi.rules.plan import Tax
from wwcp_ocpi.rules.pricing import Cost, Priced


class TaxShare(msgspec.Struct, frozen=True):
    """One tax within an amount."""

    name: str
    percentage: Decimal
    amount: Decimal


def taxes_of(priced: Priced, field: str = "total_cost") -> tuple[TaxShare, ...] | None:
    """The taxes in one of the totals, in the order in which they first occur; None where they are not known.

    Args:
        field: a field of `Priced`, such as `total_energy_cost`.
    """
    amount: Amount | None = getattr(priced, field)
    if amount is None or amount.before_taxes is None or amount.after_taxes is None:
        return None
    with localcontext(EXACT):
        costs = [cost for cost in priced.workings.costs if field in {"total_cost", cost.candidate.total}]
        return _shared_out(_shares(costs), amount.after_taxes - amount.before_taxes, priced.workings.rounding)


def _shares(costs: list[Cost]) -> dict[Tax, Decimal]:
    shares: dict[Tax, Decimal] = {}
    for cost in costs:
        for tax in cost.candidate.taxes:
            share = (cost.amount.before_taxes or ZERO) * tax.percentage / HUNDRED
            shares[tax] = shares.get(tax, ZERO) + share
    return shares


def _shared_out(shares: dict[Tax, Decimal], whole: Decimal, rounding: Rounding) -> tuple[TaxShare, ...]:
    total = sum(shares.values(), ZERO)
    left, made = whole, []
    for index, (tax, share) in enumerate(shares.items()):
        last = index == len(shares) - 1
        amount = left if last else rounding.of(whole * share / total) if total else ZERO
        left -= amount
        made.append(TaxShare(tax.name, tax.percentage, amount))
    return tuple(made)
