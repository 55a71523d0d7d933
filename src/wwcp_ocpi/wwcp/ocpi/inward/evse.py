# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 EVSEs to WWCP EVSEs. Spec: mod_locations#mod_locations_evse_object."""

from __future__ import annotations

from typing import NamedTuple

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.enums import Status
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import StatusSchedule
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


class Statuses(NamedTuple):
    """Both schedules of an EVSE, newest first: planned ones, then the one in force."""

    status: list[Timestamped[EVSEStatus]]
    admin_status: list[Timestamped[EVSEAdminStatus]]


def statuses_of(
    status: Status,
    schedule: list[StatusSchedule] | None,
    at: DateTime,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    now: DateTime,
) -> Statuses:
    """What an OCPI status and its planned ones are in WWCP; `at` is since when it holds (`last_updated`)."""
    raise NotImplementedError


def evse_statuses(evse: OCPIEVSE, policy: MappingPolicy = DEFAULT_POLICY, *, now: DateTime) -> Statuses:
    """The statuses of an EVSE: enough where its status is all that changed."""
    return statuses_of(evse.status, evse.status_schedule, evse.last_updated, policy, now=now)
