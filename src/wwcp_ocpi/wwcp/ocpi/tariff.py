# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP charging tariffs to OCPI 2.3.0 Tariffs. Spec: mod_tariffs#mod_tariffs_tariff_object.

WWCP does not say whether prices contain taxes; the policy does. An element with several restrictions, any of
which may hold, becomes as many OCPI elements, which come to the same.
"""

from __future__ import annotations

import re

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.enums import TariffType
from wwcp_ocpi.v2_3_0.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff, ChargingTariffElement, ChargingTariffRestriction
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.energy import energy_mix
from wwcp_ocpi.wwcp.ocpi.inward.names import tariff_text
from wwcp_ocpi.wwcp.ocpi.location import party_of
from wwcp_ocpi.wwcp.ocpi.words import DAY_OF_WEEK, DEFAULT_POLICY, TARIFF_DIMENSION, MappingPolicy

_TIME = re.compile(r"([0-1][0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def tariff(wwcp: ChargingTariff, *, now: DateTime, policy: MappingPolicy = DEFAULT_POLICY) -> Mapped[Tariff]:
    """The Tariff; None when no party, no id that fits or no price can be made of it."""
    context = Context(now, policy)
    party = party_of(wwcp.id.operator, policy)
    id = context.exact(tariff_text(wwcp.id), 36, "$.@id", ascii=True)
    currency = wwcp.currency.strip().upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        context.note("$.currency", f"no Tariff without a currency of ISO 4217, got {wwcp.currency!r}")
        currency = ""
    if party is None:
        context.note("$.@id", f"no party of OCPI can be made of {wwcp.id.operator}")
    elements = [
        made
        for index, element in enumerate(wwcp.elements)
        for made in _elements(element, f"$.elements[{index}]", context)
    ]
    if not elements:
        context.note("$.elements", "no Tariff without prices")
    if party is None or id is None or not currency or not elements:
        return Mapped(str(wwcp.id), None, context.notes)
    context.has_no_place(wwcp, ("brand_id", "extra"), "$")
    made = Tariff(
        country_code=party.country_code,
        party_id=party.party_id,
        id=id,
        currency=currency,
        type=TariffType.REGULAR,
        tariff_alt_text=context.display_texts(wwcp.description or wwcp.name, "$.description"),
        tariff_alt_url=context.exact(wwcp.url, 255, "$.URI"),
        elements=elements,
        tax_included=policy.tax_included,
        energy_mix=energy_mix(wwcp.energy_mix, "$.energy_mix", context),
        last_updated=context.latest(wwcp.last_change),
    )
    return Mapped(str(wwcp.id), made, context.notes)


def _elements(element: ChargingTariffElement, path: str, context: Context) -> list[TariffElement]:
    components = []
    for index, component in enumerate(element.price_components):
        dimension = TARIFF_DIMENSION.get(component.type)
        at = f"{path}.priceComponents[{index}]"
        if dimension is None:
            context.note(f"{at}.type", f"left out: OCPI prices no {component.type}")
            continue
        if component.step_size < 1:
            context.note(f"{at}.stepSize", "sent as 1")
        components.append(PriceComponent(type=dimension, price=component.price, step_size=max(component.step_size, 1)))
    if not components:
        return []
    restrictions: list[TariffRestrictions | None] = [
        _restrictions(restriction, f"{path}.restrictions[{index}]", context)
        for index, restriction in enumerate(element.restrictions)
    ]
    return [
        TariffElement(price_components=components, restrictions=restriction) for restriction in restrictions or [None]
    ]


def _restrictions(restriction: ChargingTariffRestriction, path: str, context: Context) -> TariffRestrictions:
    known = [DAY_OF_WEEK[day] for day in restriction.days_of_week if day in DAY_OF_WEEK]
    if len(known) < len(restriction.days_of_week):
        context.note(f"{path}.day_of_week", "left out what is no day of the week")
    context.has_no_place(restriction, ("extra",), path)
    return TariffRestrictions(
        start_time=_formed(restriction.start_time, _TIME, f"{path}.startTime", context),
        end_time=_formed(restriction.end_time, _TIME, f"{path}.endTime", context),
        start_date=_formed(restriction.start_date, _DATE, f"{path}.startDate", context),
        end_date=_formed(restriction.end_date, _DATE, f"{path}.endDate", context),
        min_kwh=restriction.min_kwh,
        max_kwh=restriction.max_kwh,
        min_power=restriction.min_power,
        max_power=restriction.max_power,
        min_duration=restriction.min_duration,
        max_duration=restriction.max_duration,
        day_of_week=known or None,
    )


def _formed(text: str | None, form: re.Pattern[str], path: str, context: Context) -> str | None:
    if text is None or form.fullmatch(text):
        return text
    context.note(path, f"left out: expected the form {form.pattern}, got {text!r}")
    return None
