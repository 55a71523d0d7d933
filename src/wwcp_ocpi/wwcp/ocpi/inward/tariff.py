# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Tariffs to WWCP charging tariffs. Spec: mod_tariffs#mod_tariffs_tariff_object.

An element that holds under a condition which WWCP cannot say (reservations, bookings, currents) is left out and noted:
without its condition it would price what it does not.
"""

from __future__ import annotations

from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import TariffType
from wwcp_ocpi.v2_3_0.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.tariff import (
    ChargingPriceComponent,
    ChargingTariff,
    ChargingTariffElement,
    ChargingTariffRestriction,
)
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.energy import energy_mix_of
from wwcp_ocpi.wwcp.ocpi.inward.names import tariff_id_of, tariff_text
from wwcp_ocpi.wwcp.ocpi.inward.texts import has_no_place, i18n
from wwcp_ocpi.wwcp.ocpi.inward.words import DAY_OF_WEEK, TARIFF_DIMENSION
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

__all__ = ["tariff_id_of", "tariff_of"]

_EPOCH = DateTime.from_micros(0)
_WITHOUT_PLACE = ("min_price", "max_price", "preauthorize_amount", "start_date_time", "end_date_time")
_UNSAYABLE = ("min_current", "max_current", "reservation", "booking")


def tariff_of(tariff: Tariff, policy: MappingPolicy = DEFAULT_POLICY) -> Mapped[ChargingTariff]:
    """The charging tariff; None when no operator id can be made of its party.

    Its elements may be none, where WWCP can say no price of it: the notes tell why.
    """
    context = Context(_EPOCH, policy)
    party = PartyId.of(tariff.country_code, tariff.party_id)
    id = tariff_id_of(party, tariff.id, policy)
    if id is None:
        context.note("$.party_id", f"no operator of WWCP can be made of {party}")
        return Mapped(tariff.id, None, context.notes)
    if tariff_text(id).upper() != tariff.id.strip().upper():
        context.note("$.id", f"{tariff.id[:60]!r} is called {id}")
    has_no_place(tariff, _WITHOUT_PLACE, "$", context)
    if tariff.type not in (None, TariffType.REGULAR):
        context.note("$.type", f"left out: {tariff.type}; WWCP does not say for whom a tariff is")
    if tariff.tax_included is not policy.tax_included:
        context.note("$.tax_included", f"left out: {tariff.tax_included.value}; WWCP does not say it")
    elements = []
    for index, element in enumerate(tariff.elements):
        found = _element(element, f"$.elements[{index}]", context)
        if found is not None:
            elements.append(found)
    made = ChargingTariff(
        id=id,
        description=i18n(tariff.tariff_alt_text, "$.tariff_alt_text", context),
        currency=tariff.currency,
        url=tariff.tariff_alt_url,
        elements=elements,
        energy_mix=energy_mix_of(tariff.energy_mix, "$.energy_mix", context),
        last_change=tariff.last_updated,
    )
    return Mapped(tariff.id, made, context.notes)


def _element(element: TariffElement, path: str, context: Context) -> ChargingTariffElement | None:
    told = element.restrictions
    unsayable = [name for name in _UNSAYABLE if told is not None and getattr(told, name) is not None]
    if unsayable:
        context.note(path, f"left out: WWCP cannot say when it holds ({', '.join(unsayable)})")
        return None
    return ChargingTariffElement(
        price_components=[
            _component(component, f"{path}.price_components[{index}]", context)
            for index, component in enumerate(element.price_components)
        ],
        restrictions=[_restriction(told)] if told is not None and told != TariffRestrictions() else [],
    )


def _component(component: PriceComponent, path: str, context: Context) -> ChargingPriceComponent:
    if component.vat is not None:
        context.note(f"{path}.vat", f"left out: {component.vat} %; WWCP has no place for it")
    return ChargingPriceComponent(
        type=TARIFF_DIMENSION[component.type], price=component.price, step_size=component.step_size
    )


def _restriction(told: TariffRestrictions) -> ChargingTariffRestriction:
    return ChargingTariffRestriction(
        start_time=told.start_time,
        end_time=told.end_time,
        start_date=told.start_date,
        end_date=told.end_date,
        min_kwh=told.min_kwh,
        max_kwh=told.max_kwh,
        min_power=told.min_power,
        max_power=told.max_power,
        min_duration=told.min_duration,
        max_duration=told.max_duration,
        days_of_week=[DAY_OF_WEEK[day] for day in told.day_of_week or ()],
    )
