# SPDX-License-Identifier: AGPL-3.0-or-later
"""A living roaming network as OCPI 2.3.0: all its Locations and Tariffs, and what a status change sends.

The rules and other versions of OCPI stand elsewhere; this is 2.3.0 only.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import Status
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.evse import ocpi_evse
from wwcp_ocpi.wwcp.ocpi.location import location, location_id, party_of
from wwcp_ocpi.wwcp.ocpi.tariff import tariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy, ocpi_status


class EVSEStatusPatch(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a PATCH of an EVSE. Spec: mod_locations#mod_locations_patch_method."""

    status: Status
    last_updated: DateTime


class EVSEPatch(msgspec.Struct, frozen=True, kw_only=True):
    """Whose EVSE it is, where it stands, and what is sent of it."""

    party: PartyId
    location_id: str
    evse_uid: str
    body: EVSEStatusPatch


def locations(
    network: LiveNetwork,
    operator_id: ChargingStationOperatorId | None = None,
    *,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Iterator[Mapped[Location]]:
    """The Locations of all pools, or of those of one operator, as they are now."""
    now = network.now
    for pool in network.pools(operator_id):
        yield location(pool, network.operator(pool.id.operator), now=now, policy=policy)


def location_of(
    network: LiveNetwork, pool_id: ChargingPoolId, *, policy: MappingPolicy = DEFAULT_POLICY
) -> Mapped[Location]:
    """The Location of one pool as it is now. Raises UnknownId."""
    pool = network.pool(pool_id)
    return location(pool, network.operator(pool.id.operator), now=network.now, policy=policy)


def tariffs(
    network: LiveNetwork,
    operator_id: ChargingStationOperatorId | None = None,
    *,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Iterator[Mapped[Tariff]]:
    """The Tariffs of all operators, or of one."""
    now = network.now
    for operator in network.operators.values():
        if operator_id is None or operator.id == operator_id:
            for wwcp in operator.charging_tariffs:
                yield tariff(wwcp, now=now, policy=policy)


def status_patch(
    network: LiveNetwork, change: EVSEStatusChange, *, policy: MappingPolicy = DEFAULT_POLICY
) -> EVSEPatch | None:
    """What partners must hear of a change; None when they see none, or do not see the EVSE at all.

    Spec: mod_locations, LOC-14: the parents' last_updated follows at the receiver.
    """
    status = ocpi_status(change.status, change.admin_status, policy)
    if status == ocpi_status(change.old_status, change.old_admin_status, policy):
        return None
    pool, party = network.pool(change.pool_id), party_of(change.pool_id.operator, policy)
    operator = network.operator(change.pool_id.operator)
    for station in pool.charging_stations:
        for evse in station.evses:
            if evse.id == change.evse_id and party is not None:
                made = ocpi_evse(evse, station, pool, operator, "$", Context(network.now, policy))
                if made is None:
                    return None
                return EVSEPatch(
                    party=party,
                    location_id=location_id(pool.id, policy),
                    evse_uid=made.uid,
                    body=EVSEStatusPatch(status=status, last_updated=max(made.last_updated, change.last_updated)),
                )
    return None
