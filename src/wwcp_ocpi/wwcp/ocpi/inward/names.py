# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which WWCP ids the objects of partners have, and back: what a command must name in OCPI."""

from __future__ import annotations

from typing import NamedTuple

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId


class OCPIPlace(NamedTuple):
    """How a partner calls a Location, or one of its EVSEs. Ids as he wrote them."""

    party: PartyId
    location_id: str
    evse_uid: str | None = None


class WWCPPlace(NamedTuple):
    """The same in WWCP. Station and EVSE are None where a whole Location is meant."""

    pool_id: ChargingPoolId
    station_id: ChargingStationId | None = None
    evse_id: EVSEId | None = None


class NameBook:
    """The ids of all places that came from partners: never two of theirs on one of ours.

    One book a network, filled by `pool_of`. The first object that comes has the id that is asked for; another one that
    asks for the same gets one of its own. In memory; after a restart it is filled again by mapping what is stored.
    """

    def wwcp_place(self, party: PartyId, location_id: str, evse_uid: str | None = None) -> WWCPPlace | None:
        """The pool of a Location, or one of its EVSEs; None for what was never mapped. OCPI ids in any case."""
        raise NotImplementedError

    def ocpi_place(self, id: EVSEId | ChargingStationId | ChargingPoolId) -> OCPIPlace | None:
        """How the partner calls it. A station has no name in OCPI 2.3.0: its Location is meant."""
        raise NotImplementedError

    def forget(self, party: PartyId, location_id: str) -> None:
        """The Location is gone: its names are free."""
        raise NotImplementedError
