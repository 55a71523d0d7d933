# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where somebody charges, as OCPI partners know the place: by the ids of the published Location, with its tariffs."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.coherence import NOT_AVAILABLE
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.cdrs import CdrLocation
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Connector, Location
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.energy import EnergyMeter
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.location import location, party_of
from wwcp_ocpi.wwcp.ocpi.tariff import tariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


class ChargedAt(msgspec.Struct, frozen=True, kw_only=True):
    """A place. `location` has the one EVSE inside, or none where only the pool is known.

    `connector` is None where nobody said which one of several it was. `tariffs` are those of the connector, or of all
    that it may be, in their order.
    """

    party: PartyId
    location: Location
    evse: OCPIEVSE | None = None
    connector: Connector | None = None
    tariffs: tuple[Tariff, ...] = ()
    is_free: bool = False
    meter: EnergyMeter | None = None

    @property
    def evse_uid(self) -> str:
        """As Sessions name it."""
        return self.evse.uid if self.evse is not None else NOT_AVAILABLE

    @property
    def connector_id(self) -> str:
        """As Sessions name it."""
        return self.connector.id if self.connector is not None else NOT_AVAILABLE


def charged_at(
    network: LiveNetwork,
    pool_id: ChargingPoolId,
    evse_id: EVSEId | None = None,
    connector_id: str | None = None,
    *,
    policy: MappingPolicy = DEFAULT_POLICY,
) -> Mapped[ChargedAt]:
    """The place; None, with the reason noted, when partners see no such Location or EVSE.

    Raises:
        UnknownId: the network has none.
    """
    pool, operator = network.pool(pool_id), network.operator(pool_id.operator)
    meter, is_free = None, False
    stations = []
    for station in pool.charging_stations:
        only = [evse for evse in station.evses if evse.id == evse_id]
        stations.append(replace(station, evses=only))
        for evse in only:
            meter = evse.energy_meter
            said = evse.is_free_of_charge
            is_free = bool(station.is_free_of_charge if said is None else said)
    made = location(replace(pool, charging_stations=stations), operator, now=network.now, policy=policy)
    party, whole = party_of(operator.id, policy), made.value
    evses = (whole.evses or []) if whole is not None else []
    if party is None or whole is None or (evse_id is not None and not evses):
        return Mapped(str(evse_id or pool_id), None, made.notes)
    own_evse = evses[0] if evses else None
    connector = _connector(own_evse, connector_id)
    candidates = [connector] if connector is not None else (own_evse.connectors if own_evse is not None else [])
    named = dict.fromkeys(id for one in candidates for id in one.tariff_ids or ())
    mapped = [tariff(one, now=network.now, policy=policy).value for one in operator.charging_tariffs]
    offered = {one.id: one for one in mapped if one is not None}
    tariffs = tuple(offered[id] for id in named if id in offered)
    value = ChargedAt(
        party=party,
        location=whole,
        evse=own_evse,
        connector=connector,
        tariffs=tariffs,
        is_free=is_free,
        meter=meter,
    )
    return Mapped(str(evse_id or pool_id), value, made.notes)


def cdr_location(at: ChargedAt) -> CdrLocation | None:
    """The extract that a CDR holds; None where the EVSE is not known. Spec: mod_cdrs#mod_cdrs_cdr_location_class.

    Of several connectors of which none is named the first one stands for its kind, and the id is `#NA`.
    """
    if at.evse is None:
        return None
    whole, connector = at.location, at.connector or at.evse.connectors[0]
    return CdrLocation(
        id=whole.id,
        name=whole.name,
        address=whole.address[:45],
        city=whole.city,
        postal_code=whole.postal_code,
        state=whole.state,
        country=whole.country,
        coordinates=whole.coordinates,
        evse_uid=at.evse.uid,
        evse_id=at.evse.evse_id or NOT_AVAILABLE,
        connector_id=at.connector_id,
        connector_standard=connector.standard,
        connector_format=connector.format,
        connector_power_type=connector.power_type,
    )


def _connector(evse: OCPIEVSE | None, id: str | None) -> Connector | None:
    """The one that is named, or the only one there is."""
    connectors = evse.connectors if evse is not None else []
    if id is None:
        return connectors[0] if len(connectors) == 1 else None
    return next((one for one in connectors if one.id.upper() == id.strip().upper()), None)
