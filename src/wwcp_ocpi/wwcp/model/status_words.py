# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: N815  (the names of the statuses are their JSON texts)
"""The words for the state of all that is no EVSE: stations, pools, operators, providers and the network itself.

One set for the operational and one for the admin status of all of them: which of the words a kind of place uses by the
book is in `WORDS`. Texts outside are kept, as everywhere.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
)
from wwcp_ocpi.wwcp.model.texts import WWCPText

PlaceId: TypeAlias = ChargingStationId | ChargingPoolId | ChargingStationOperatorId | EMobilityProviderId


class Status(WWCPText):
    """What it does now."""

    unknown = "unknown"
    unspecified = "unspecified"
    offline = "offline"
    inDeployment = "inDeployment"
    planned = "planned"
    reserved = "reserved"
    available = "available"
    mostlyAvailable = "mostlyAvailable"
    partialAvailable = "partialAvailable"
    waitingForPlugin = "waitingForPlugin"
    pluggedIn = "pluggedIn"
    charging = "charging"
    occupied = "occupied"
    doorNotClosed = "doorNotClosed"
    error = "error"
    faulted = "faulted"
    unavailable = "unavailable"
    outOfService = "outOfService"
    removed = "removed"
    other = "other"


class AdminStatus(WWCPText):
    """What its owner means to do with it."""

    unknown = "unknown"
    unspecified = "unspecified"
    planned = "planned"
    inDeployment = "inDeployment"
    internalUse = "internalUse"
    outOfService = "outOfService"
    operational = "operational"


class Words(NamedTuple):
    """The words of one kind of place."""

    status: frozenset[Status]
    admin_status: frozenset[AdminStatus]


_ANY = {Status.unknown, Status.unspecified, Status.offline, Status.inDeployment, Status.available, Status.error}
_PLACE = _ANY | {Status.reserved, Status.partialAvailable, Status.charging, Status.removed}
_OWNER = frozenset(
    {
        AdminStatus.unknown,
        AdminStatus.unspecified,
        AdminStatus.outOfService,
        AdminStatus.operational,
        AdminStatus.internalUse,
    }
)
WORDS: dict[type, Words] = {
    ChargingStationId: Words(
        frozenset(_PLACE | {Status.waitingForPlugin, Status.pluggedIn, Status.doorNotClosed, Status.outOfService}),
        frozenset(AdminStatus),
    ),
    ChargingPoolId: Words(frozenset(_PLACE), frozenset(AdminStatus)),
    ChargingStationOperatorId: Words(frozenset(_ANY), _OWNER),
    EMobilityProviderId: Words(frozenset(Status), frozenset(AdminStatus)),
    type(None): Words(frozenset(_ANY), _OWNER),
}
"""By the type of the id; the network itself is meant where there is none."""
