# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Tariffs to WWCP charging tariffs. Spec: mod_tariffs#mod_tariffs_tariff_object."""

from __future__ import annotations

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


def tariff_id_of(party: PartyId, tariff_id: str, policy: MappingPolicy = DEFAULT_POLICY) -> ChargingTariffId | None:
    """The WWCP id of a Tariff of this party; the same for a Tariff and where Connectors name it."""
    raise NotImplementedError


def tariff_of(tariff: Tariff, policy: MappingPolicy = DEFAULT_POLICY) -> Mapped[ChargingTariff]:
    """The charging tariff; None when no operator id can be made of its party."""
    raise NotImplementedError
