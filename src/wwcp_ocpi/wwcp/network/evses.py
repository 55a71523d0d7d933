# SPDX-License-Identifier: AGPL-3.0-or-later
"""One EVSE of a living network: what is static of it, and its two status schedules."""

from __future__ import annotations

from msgspec.structs import replace

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId
from wwcp_ocpi.wwcp.model.places import EVSE
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, StatusSchedule
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange


class LiveEVSE:
    """Mutable, and private to the network that holds it."""

    __slots__ = ("admin_status", "evse", "last_updated", "pool_id", "status")

    def __init__(self, evse: EVSE, pool_id: ChargingPoolId, last_updated: DateTime | None) -> None:
        self.evse = evse
        self.pool_id = pool_id
        self.status = StatusSchedule(EVSEStatus.unknown)
        self.admin_status = StatusSchedule(EVSEAdminStatus.unspecified)
        self.last_updated = last_updated

    def as_of(self, now: DateTime) -> EVSE:
        """The EVSE with the statuses in force and the planned ones."""
        return replace(
            self.evse,
            status=self.status.since(now),
            admin_status=self.admin_status.since(now),
            last_status_update=self.last_updated,
        )

    def touch(self, now: DateTime) -> None:
        """Something about the statuses was learned; moments never go back."""
        self.last_updated = now if self.last_updated is None else max(self.last_updated, now)

    def settle(self, now: DateTime) -> EVSEStatusChange | None:
        """The change of state since this was asked last, of both kinds in one."""
        status, admin_status = self.status.settle(now), self.admin_status.settle(now)
        if status is None and admin_status is None:
            return None
        self.touch(now)
        new_status, new_admin_status = self.status.value(now), self.admin_status.value(now)
        return EVSEStatusChange(
            evse_id=self.evse.id,
            pool_id=self.pool_id,
            timestamp=max(change.timestamp for change in (status, admin_status) if change is not None),
            last_updated=self.last_updated or now,
            old_status=status.old if status else new_status,
            status=new_status,
            old_admin_status=admin_status.old if admin_status else new_admin_status,
            admin_status=new_admin_status,
        )
