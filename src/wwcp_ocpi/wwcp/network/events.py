# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a roaming network tells its listeners."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingReservation, ChargingSession
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.result_codes import CancellationReason
from wwcp_ocpi.wwcp.model.results import SendCDRResult
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import AdminStatus, PlaceId, Status


class EVSEStatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE is in another state now. Of the two kinds at least one differs from before."""

    evse_id: EVSEId
    pool_id: ChargingPoolId
    timestamp: DateTime  # since when the new state holds
    last_updated: DateTime  # when the network learned of it; never goes back
    old_status: EVSEStatus
    status: EVSEStatus
    old_admin_status: EVSEAdminStatus
    admin_status: EVSEAdminStatus


class PlaceStatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """A station, pool, operator, provider or the network itself (id None) is in another state now."""

    id: PlaceId | None
    timestamp: DateTime
    old_status: Status
    status: Status
    old_admin_status: AdminStatus
    admin_status: AdminStatus


class PoolChange(msgspec.Struct, frozen=True, kw_only=True):
    """A pool is new (`previous` is None) or its static data changed. Both pools are without statuses."""

    pool: ChargingPool
    previous: ChargingPool | None
    added: list[EVSEId]
    removed: list[EVSEId]
    timestamp: DateTime


class OperatorChange(msgspec.Struct, frozen=True, kw_only=True):
    """An operator is new (`previous` is None) or it or its tariffs changed. Both are without their pools."""

    operator: ChargingStationOperator
    previous: ChargingStationOperator | None
    timestamp: DateTime

    @property
    def id(self) -> ChargingStationOperatorId:
        """Whose change it is."""
        return self.operator.id


class ProviderChange(msgspec.Struct, frozen=True, kw_only=True):
    """A provider is new (`previous` is None) or changed."""

    provider: EMobilityProvider
    previous: EMobilityProvider | None
    timestamp: DateTime

    @property
    def id(self) -> EMobilityProviderId:
        """Whose change it is."""
        return self.provider.id


class SessionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A session is new (`previous` is None), went on, is over, or came to nothing (`session` is None)."""

    session: ChargingSession | None
    previous: ChargingSession | None
    timestamp: DateTime


class ReservationChange(msgspec.Struct, frozen=True, kw_only=True):
    """Something is kept free, for longer, or no more (`reservation` is None; `reason` tells why)."""

    reservation: ChargingReservation | None
    previous: ChargingReservation | None
    timestamp: DateTime
    reason: CancellationReason | None = None


class CDRChange(msgspec.Struct, frozen=True, kw_only=True):
    """A charge detail record came (`result` is None), or it is known now what became of it."""

    cdr: ChargeDetailRecord
    result: SendCDRResult | None
    timestamp: DateTime


class Missed(msgspec.Struct, frozen=True):
    """A listener was too slow: so many events before the next one are gone for him."""

    count: int


Event: TypeAlias = (
    EVSEStatusChange
    | PlaceStatusChange
    | PoolChange
    | OperatorChange
    | ProviderChange
    | SessionChange
    | ReservationChange
    | CDRChange
)
