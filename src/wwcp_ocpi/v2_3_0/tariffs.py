# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs of OCPI 2.3.0: what charging costs."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int, NonEmpty, Number
from wwcp_ocpi.scalars.text import URL, CiString2, CiString3, CiString36, LocalDate, LocalTime, String3
from wwcp_ocpi.v2_3_0.enums import (
    BookingRestrictionType,
    DayOfWeek,
    ReservationRestrictionType,
    TariffDimensionType,
    TariffType,
    TaxIncluded,
)
from wwcp_ocpi.v2_3_0.locations import EnergyMix
from wwcp_ocpi.v2_3_0.types import DisplayText


class Tariff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What charging costs, as a list of elements; per dimension the first that matches counts.

    Spec: mod_tariffs#mod_tariffs_tariff_object
    """

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    currency: String3
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: URL | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    preauthorize_amount: Number | None = None
    elements: NonEmpty[TariffElement]
    tax_included: TaxIncluded
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime


class PriceComponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one dimension costs. Spec: mod_tariffs#mod_tariffs_pricecomponent_class."""

    type: TariffDimensionType
    price: Number  # per kWh, per hour, or flat; with or without taxes as Tariff.tax_included says
    vat: Number | None = None  # percent
    step_size: Int  # Wh or seconds; without meaning for FLAT


class PriceLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A least or greatest price of a session. Spec: mod_tariffs#mod_tariffs_pricelimit_class."""

    before_taxes: Number
    after_taxes: Number | None = None


class TariffElement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Prices, and when they hold. Spec: mod_tariffs#mod_tariffs_tariffelement_class."""

    price_components: NonEmpty[PriceComponent]
    restrictions: TariffRestrictions | None = None


class TariffRestrictions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a tariff element holds. Times are local; minima include, maxima exclude.

    Spec: mod_tariffs#mod_tariffs_tariffrestrictions_class
    """

    start_time: LocalTime | None = None
    end_time: LocalTime | None = None
    start_date: LocalDate | None = None
    end_date: LocalDate | None = None
    min_kwh: Number | None = None  # kWh
    max_kwh: Number | None = None  # kWh
    min_current: Number | None = None  # A, sum of the phases
    max_current: Number | None = None  # A, sum of the phases
    min_power: Number | None = None  # kW
    max_power: Number | None = None  # kW
    min_duration: Int | None = None  # seconds
    max_duration: Int | None = None  # seconds
    day_of_week: list[DayOfWeek] | None = None
    reservation: ReservationRestrictionType | None = None
    booking: BookingRestrictionType | None = None
