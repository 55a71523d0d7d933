# SPDX-License-Identifier: AGPL-3.0-or-later
"""Published ids and what they mean: a partner names a Location and an EVSE, the network has a pool and an EVSE.

OCPI ids are equal in any case. Both are found by the ids that were published, however they were made: an EVSE may have
a uid of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.places import ChargingPool, evses_of
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.evse import evse_uid
from wwcp_ocpi.wwcp.ocpi.location import location_id
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


class PublishedNames:
    """One book a network, in memory; filled whenever a Location is published."""

    def __init__(self, policy: MappingPolicy = DEFAULT_POLICY) -> None:
        self.policy = policy
        self._pools: dict[tuple[PartyId, str], ChargingPoolId] = {}
        self._own_uids: dict[tuple[ChargingPoolId, str], EVSEId] = {}
        self._uids: dict[EVSEId, str] = {}

    def note(self, pool: ChargingPool, location: Location, context: Context) -> None:
        """A pool was published as this Location."""
        party = PartyId.of(location.country_code, location.party_id)
        self._pools[party, fold(location.id)] = pool.id
        told = {fold(evse.uid) for evse in location.evses or ()}
        for evse in evses_of(pool):
            uid = evse_uid(evse, "$", context)
            if uid is None or fold(uid) not in told:
                self._uids.pop(evse.id, None)
                continue
            self._uids[evse.id] = uid
            if fold(uid) != fold(str(evse.id)):
                self._own_uids[pool.id, fold(uid)] = evse.id

    def uid(self, evse_id: EVSEId) -> str | None:
        """How partners know an EVSE; None where they do not see it."""
        return self._uids.get(evse_id)

    def pool(self, parties: Iterable[PartyId], location_id: str) -> ChargingPoolId | None:
        """The pool of a Location of one of these parties."""
        key = fold(location_id)
        return next((found for party in parties if (found := self._pools.get((party, key))) is not None), None)

    def evse(self, pool_id: ChargingPoolId, uid: str) -> EVSEId | None:
        """The EVSE of that uid, if it can be one of the pool; whether it is there is for the network to say."""
        return self._own_uids.get((pool_id, fold(uid))) or EVSEId.try_parse(uid)

    def location_id(self, pool_id: ChargingPoolId) -> str:
        """How partners know a pool, published or not."""
        return location_id(pool_id, self.policy)

    def published(self) -> list[tuple[PartyId, ChargingPoolId]]:
        """All that were."""
        return [(party, pool_id) for (party, _), pool_id in self._pools.items()]

    @property
    def count(self) -> int:
        """How many those are; it only grows."""
        return len(self._pools)
