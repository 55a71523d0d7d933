# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a roaming network tells its listeners."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model import ChargingPool
from wwcp_ocpi.wwcp.status import EVSEAdminStatus, EVSEStatus


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


class PoolChange(msgspec.Struct, frozen=True, kw_only=True):
    """A pool is new (`previous` is None) or its static data changed. Both pools are without statuses."""

    pool: ChargingPool
    previous: ChargingPool | None
    added: list[EVSEId]
    removed: list[EVSEId]
    timestamp: DateTime
