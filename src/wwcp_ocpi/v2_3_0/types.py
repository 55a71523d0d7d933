# SPDX-License-Identifier: AGPL-3.0-or-later
"""Types that several chapters of OCPI 2.3.0 share."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import Number
from wwcp_ocpi.scalars.text import String, String2, String512


class DisplayText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text for people in one language, without markup. Spec: types#types_displaytext_class."""

    language: String2
    text: String512


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An amount of money, before and after tax. Spec: types#types_price_class."""

    before_taxes: Number
    taxes: list[TaxAmount] | None = None


class TaxAmount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tax within a price. Spec: types#types_tax_amount_class."""

    name: String
    account_number: String | None = None
    percentage: Number | None = None  # percent
    amount: Number
