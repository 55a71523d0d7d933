# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP energy mixes to OCPI. Spec: mod_locations#mod_locations_energymix_class.

OCPI wants to know whether the energy is green: it is when all its sources are, and they are told.
"""

from __future__ import annotations

from decimal import Decimal

from wwcp_ocpi.v2_3_0.enums import EnergySourceCategory
from wwcp_ocpi.v2_3_0.locations import EnergyMix as OCPIEnergyMix
from wwcp_ocpi.v2_3_0.locations import EnergySource, EnvironmentalImpact
from wwcp_ocpi.wwcp.model.energy import EnergyMix
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.words import ENERGY_SOURCE, ENVIRONMENTAL_IMPACT

GREEN = frozenset(
    {
        EnergySourceCategory.GENERAL_GREEN,
        EnergySourceCategory.SOLAR,
        EnergySourceCategory.WIND,
        EnergySourceCategory.WATER,
    }
)


def energy_mix(mix: EnergyMix | None, path: str, context: Context) -> OCPIEnergyMix | None:
    """The mix; None where there is none, or where its sources are not told."""
    if mix is None:
        return None
    table = ENERGY_SOURCE | context.policy.energy_source
    shares: dict[EnergySourceCategory, Decimal] = {}
    for index, source in enumerate(mix.energy_sources):
        category = table.get(source.category)
        if category is None:
            context.note(f"{path}.energySources[{index}]", f"left out: OCPI 2.3.0 has no source {source.category}")
        else:
            shares[category] = shares.get(category, Decimal(0)) + source.percent
    if not shares:
        context.note(path, "left out: no sources that OCPI 2.3.0 knows, so nobody can tell whether it is green")
        return None
    impacts = []
    for index, impact in enumerate(mix.environmental_impacts):
        burden = ENVIRONMENTAL_IMPACT.get(impact.category)
        if burden is None:
            context.note(f"{path}.environmentalImpacts[{index}]", f"left out: OCPI 2.3.0 has no {impact.category}")
        else:
            impacts.append(EnvironmentalImpact(category=burden, amount=impact.amount))
    context.has_no_place(mix, ("additional_remarks", "extra"), path)
    return OCPIEnergyMix(
        is_green_energy=all(table.get(source.category) in GREEN for source in mix.energy_sources),
        energy_sources=[EnergySource(source=category, percentage=share) for category, share in shares.items()],
        environ_impact=impacts or None,
        supplier_name=context.one_of(mix.supplier_name, 64, f"{path}.supplierName"),
        energy_product_name=context.one_of(mix.product_name, 64, f"{path}.productName"),
    )
