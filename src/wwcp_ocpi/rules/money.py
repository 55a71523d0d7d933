# SPDX-License-Identifier: AGPL-3.0-or-later
"""Amounts of money, before and after tax, and the only place where they are rounded.

OCPI says nothing about rounding (TAR-05). Everything is computed with 60 digits and rounded once, at the end, by
a policy that the caller can name. Each field is rounded from its exact value, so that a total may differ by a
last digit from the sum of its rounded parts.
"""

from __future__ import annotations

import decimal
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import msgspec

EXACT = decimal.Context(
    prec=60, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.FloatOperation]
)
"""The arithmetic of this room, whatever context the caller has."""

ZERO = Decimal(0)
HUNDRED = Decimal(100)
MOST = Decimal(1_000_000_000)
"""No price, volume or limit is greater; what claims to be is refused."""

_FINE = Decimal("1e-30")  # what is left of a division: 0.00499… becomes the tie that it is
_MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


class Amount(msgspec.Struct, frozen=True, gc=False):
    """Money before and after tax, in the currency of the tariff. None: it cannot be known from what was given."""

    before_taxes: Decimal | None
    after_taxes: Decimal | None


class Rounding(msgspec.Struct, frozen=True):
    """To how many decimals money is rounded, and how: a rounding mode of `decimal`."""

    places: int = 4
    mode: str = ROUND_HALF_UP

    def of(self, value: Decimal) -> Decimal:
        """The rounded value."""
        return value.quantize(_FINE, ROUND_HALF_EVEN, EXACT).quantize(_UNITS[self.places], self.mode, EXACT)

    def of_amount(self, amount: Amount) -> Amount:
        """Both sides, each for itself."""
        before, after = amount.before_taxes, amount.after_taxes
        return Amount(None if before is None else self.of(before), None if after is None else self.of(after))


_UNITS = [Decimal(1).scaleb(-places) for places in range(13)]
FOUR_DECIMALS = Rounding()
"""The default: exact to the four decimals that an OCPI number has."""


def minor_units(currency: str) -> int:
    """How many decimals a currency has in daily life (ISO 4217); 2 for one that is not known otherwise."""
    return _MINOR_UNITS.get(currency.upper(), 2)


def in_currency(currency: str, mode: str = ROUND_HALF_UP) -> Rounding:
    """The policy that rounds to what can be paid: cents of EUR, whole JPY."""
    return Rounding(minor_units(currency), mode)


def plain(value: Decimal | None, places: int = 6) -> str:
    """A number for a reader: no more than six decimals, no needless zeros; `-` for None."""
    if value is None:
        return "-"
    text = f"{round(value, places):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
