# SPDX-License-Identifier: AGPL-3.0-or-later
"""What charging costs, in the little that WWCP says of it: a currency and elements as OCPI has them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.energy import EnergyMix
from wwcp_ocpi.wwcp.model.texts import PriceComponentType, Weekday


class ChargingTariff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A tariff of an operator. `currency` is a code of ISO 4217."""

    id: ChargingTariffId = msgspec.field(name="@id")
    name: I18NText = {}
    description: I18NText = {}
    data_source: str | None = None
    currency: str
    url: str | None = msgspec.field(default=None, name="URI")
    elements: list[ChargingTariffElement] = []
    brand_id: str | None = None
    energy_mix: EnergyMix | None = msgspec.field(default=None, name="energy_mix")
    last_change: DateTime | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingTariffElement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Prices, and when they hold: under any one of the restrictions, or always when there is none."""

    price_components: list[ChargingPriceComponent] = []
    restrictions: list[ChargingTariffRestriction] = []
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingPriceComponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What one dimension costs: per kWh, per hour, or flat. A step of 1 is 1 Wh or 1 s."""

    type: PriceComponentType
    price: Decimal
    step_size: int = 1
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingTariffRestriction(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False
):
    """When an element holds. Times HH:MM and dates YYYY-MM-DD are local; minima include, maxima exclude."""

    start_time: str | None = None
    end_time: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    min_kwh: Decimal | None = msgspec.field(default=None, name="minkWh")  # kWh
    max_kwh: Decimal | None = msgspec.field(default=None, name="maxkWh")  # kWh
    min_power: Decimal | None = None  # kW
    max_power: Decimal | None = None  # kW
    min_duration: int | None = None  # s
    max_duration: int | None = None  # s
    days_of_week: list[Weekday] = msgspec.field(default_factory=list, name="day_of_week")
    extra: Extra | None = msgspec.field(default=None, name="@extra")
