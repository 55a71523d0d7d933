# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI energy mixes to WWCP. Spec: mod_locations#mod_locations_energymix_class.

Green energy of which nothing else is told is all of it from green sources of no special kind.
"""

from __future__ import annotations

from decimal import Decimal

from wwcp_ocpi.v2_3_0.enums import EnergySourceCategory
from wwcp_ocpi.v2_3_0.locations import EnergyMix as OCPIEnergyMix
from wwcp_ocpi.v2_3_0.locations import EnergySource as OCPIEnergySource
from wwcp_ocpi.wwcp.model.energy import EnergyMix, EnergySource, EnvironmentalImpact, EnvironmentalImpactCategory
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.energy import GREEN
from wwcp_ocpi.wwcp.ocpi.inward.words import ENERGY_SOURCE, ENVIRONMENTAL_IMPACT

_ALL = Decimal(100)  # percent


def energy_mix_of(mix: OCPIEnergyMix | None, path: str, context: Context) -> EnergyMix | None:
    """The mix, None where nothing is told. Whether it is green follows from its sources, or is noted."""
    if mix is None:
        return None
    table = ENERGY_SOURCE | context.policy.energy_source_inward
    sources = mix.energy_sources or []
    if mix.is_green_energy and not sources:
        sources = [OCPIEnergySource(source=EnergySourceCategory.GENERAL_GREEN, percentage=_ALL)]
    if mix.is_green_energy != (bool(sources) and all(source.source in GREEN for source in sources)):
        context.note(f"{path}.is_green_energy", f"left out: {str(mix.is_green_energy).lower()} is not what sources say")
    impacts = []
    for impact in mix.environ_impact or ():
        word = ENVIRONMENTAL_IMPACT.get(impact.category) or EnvironmentalImpactCategory(impact.category.value)
        impacts.append(EnvironmentalImpact(category=word, amount=impact.amount))
    language = context.policy.language
    return EnergyMix(
        energy_sources=[EnergySource(category=table[one.source], percent=one.percentage) for one in sources],
        environmental_impacts=impacts,
        supplier_name={language: mix.supplier_name} if mix.supplier_name else {},
        product_name={language: mix.energy_product_name} if mix.energy_product_name else {},
    )
