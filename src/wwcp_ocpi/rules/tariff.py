# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tariff of any version, in one form: what the rules of pricing need and no more.

`reading` makes it from the objects of the versions. JSON paths are those of the object it came from.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from wwcp_ocpi.rules.dimensions import Purpose
from wwcp_ocpi.rules.restrictions import Restriction
from wwcp_ocpi.scalars import DateTime


class TaxForm(Enum):
    """How prices and taxes relate: 2.3.0 says it in `tax_included`, older versions have one form each."""

    ADDED = "taxes come on top of the prices"
    INCLUDED = "taxes are in the prices"
    NONE = "there are no taxes"


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A price of one dimension. `price` is per kWh, hour or session; `vat` in percent; `step_size` in Wh or s."""

    type: str
    price: Decimal
    vat: Decimal | None
    step_size: int
    path: str


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """Prices, and when they hold."""

    components: tuple[Component, ...]
    restrictions: tuple[Restriction, ...]
    purpose: Purpose
    path: str


class Limit(msgspec.Struct, frozen=True):
    """A least or greatest price of a session; each side counts for itself (TAR-13)."""

    before_taxes: Decimal
    after_taxes: Decimal | None


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff of any version.

    `silence_means_no_tax`: a price without `vat` has no tax on it (2.2.1). Else, when no price of the tariff names
    a `vat`, nothing is known of its taxes.
    """

    id: str
    currency: str
    elements: tuple[Element, ...]
    tax: TaxForm
    silence_means_no_tax: bool
    min_price: Limit | None = None
    max_price: Limit | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
