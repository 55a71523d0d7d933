# SPDX-License-Identifier: AGPL-3.0-or-later
"""What charging costs, in the little that WWCP says of it: a currency and elements as OCPI has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids import ChargingTariffId
from wwcp_ocpi.wwcp.texts import PriceComponentType, Weekday


class ChargingTariff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A tariff of an operator. `currency` is a code of ISO 4217."""

    id: ChargingTariffId = msgspec.field(name="@id")
    name: dict[str, str] = {}
    description: dict[str, str] = {}
    data_source: str | None = None
    currency: str
    url: str | None = msgspec.field(default=None, name="URI")
    elements: list[ChargingTariffElement] = []
    last_change: DateTime | None = None
    extra: dict[str, Any] | None = msgspec.field(default=None, name="@extra")


class ChargingTariffElement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Prices, and when they hold: under any one of the restrictions, or always when there is none."""

    price_components: list[ChargingPriceComponent] = []
    restrictions: list[ChargingTariffRestriction] = []
    extra: dict[str, Any] | None = msgspec.field(default=None, name="@extra")


class ChargingPriceComponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What one dimension costs: per kWh, per hour, or flat. A step of 1 is 1 Wh or 1 s."""

    type: PriceComponentType
    price: Decimal
    step_size: int = 1
    extra: dict[str, Any] | None = msgspec.field(default=None, name="@extra")


class ChargingTariffRestriction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
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
    extra: dict[str, Any] | None = msgspec.field(default=None, name="@extra")
