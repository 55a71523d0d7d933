# SPDX-License-Identifier: AGPL-3.0-or-later
"""Energy: where it comes from, what measures it, and what was measured."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.texts import WWCPText


class EnergySourceCategory(WWCPText):
    """What energy is made of. `NuclearFision` is how WWCP spells it; Water is our addition."""

    unknown = "unknown"
    Gas = "Gas"
    Coal = "Coal"
    StoneCoal = "StoneCoal"
    Oil = "Oil"
    OtherFossil = "OtherFossil"
    NuclearFision = "NuclearFision"
    NuclearFusion = "NuclearFusion"
    Sun = "Sun"
    Wind = "Wind"
    Water = "Water"
    Geothermal = "Geothermal"
    Waste = "Waste"
    Biogas = "Biogas"
    OtherGreen = "OtherGreen"


class EnvironmentalImpactCategory(WWCPText):
    """What making it leaves behind."""

    NuclearWaste = "NuclearWaste"
    CarbonDioxide = "CarbonDioxide"


class EnergySource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A share of the mix."""

    category: EnergySourceCategory
    percent: Decimal
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EnvironmentalImpact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """An amount of what is left behind, in the unit of its category as the source gives it."""

    category: EnvironmentalImpactCategory
    amount: Decimal = msgspec.field(name="percent")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EnergyMix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Where the energy of a place or a tariff comes from."""

    energy_sources: list[EnergySource] = []
    environmental_impacts: list[EnvironmentalImpact] = []
    supplier_name: I18NText = {}
    product_name: I18NText = {}
    additional_remarks: I18NText = {}
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class TransparencySoftware(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A program with which a driver checks signed meter values."""

    name: str
    version: str | None = None
    vendor: str | None = None
    url: str | None = msgspec.field(default=None, name="URL")
    legal_status: str | None = None
    certificate: str | None = None
    certificate_issuer: str | None = None
    not_before: DateTime | None = None
    not_after: DateTime | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class EnergyMeter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What measures, and how its signatures are checked. The JSON key of its id is `id`."""

    id: str
    name: I18NText = {}
    description: I18NText = {}
    manufacturer: str | None = None
    manufacturer_url: str | None = msgspec.field(default=None, name="manufacturerURL")
    model: str | None = None
    model_url: str | None = msgspec.field(default=None, name="modelURL")
    serial_number: str | None = None
    hardware_version: str | None = None
    firmware_version: str | None = None
    public_keys: list[str] = []
    public_key_certificate_chain: str | None = None
    transparency_software: list[TransparencySoftware] = []
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class MeteringValueType(WWCPText):
    """When in a session a value was read."""

    Start = "Start"
    Intermediate = "Intermediate"
    TariffChange = "TariffChange"
    Stop = "Stop"


class EnergyMeteringValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What the meter showed at one moment: its reading, not what a session took."""

    timestamp: DateTime
    energy_kwh: Decimal = msgspec.field(name="value")  # kWh
    type: MeteringValueType | None = None
    signed_data: str | None = None
    signature: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


def consumed_kwh(values: list[EnergyMeteringValue]) -> Decimal | None:
    """What went through the meter between the first and the last of the values; None without two of them."""
    if len(values) < 2:
        return None
    ordered = sorted(values, key=lambda value: value.timestamp)
    return ordered[-1].energy_kwh - ordered[0].energy_kwh
