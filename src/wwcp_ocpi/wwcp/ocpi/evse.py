# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP EVSEs, with what their station says, to OCPI EVSEs. Spec: mod_locations#mod_locations_evse_object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from wwcp_ocpi.scalars import OCPIEnum
from wwcp_ocpi.v2_3_0.enums import Capability, ImageCategory
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import StatusSchedule
from wwcp_ocpi.wwcp.model.places import EVSE, ChargingPool, ChargingStation, ChargingStationOperator
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.ocpi.connector import connectors
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.images import images
from wwcp_ocpi.wwcp.ocpi.words import CAPABILITY, ocpi_status

_V = TypeVar("_V", EVSEStatus, EVSEAdminStatus)

EVSE_UID_KEY = "OCPI.EVSEUId"
"""In an EVSE's `customData`: the uid that partners know, where it is not the EVSE id."""

EVSE_ID_KEY = "OCPI.EVSEId"
"""The same of the `evse_id` that partners know. Null where they know none."""

_WITHOUT_PLACE = (
    "name",
    "description",
    "is_free_of_charge",
    "charging_modes",
    "max_capacity",
    "calibration_info",
    "energy_meter",
    "energy_mix",
    "data_licenses",
    "extra",
)


def ocpi_evse(
    evse: EVSE,
    station: ChargingStation,
    pool: ChargingPool,
    operator: ChargingStationOperator,
    path: str,
    context: Context,
) -> OCPIEVSE | None:
    """The EVSE, None when OCPI cannot say it: no uid that fits, or no connector that it knows.

    The station's capabilities are not inside, see `capabilities`.
    """
    changed = context.latest(evse.last_change)
    uid = evse_uid(evse, path, context)
    found = connectors(evse, operator, changed, path, context)
    if not found:
        context.note(f"{path}.socketOutlets", f"EVSE {evse.id} left out: no connector that OCPI 2.3.0 can say")
    if uid is None or not found:
        return None
    context.has_no_place(evse, _WITHOUT_PLACE, path)
    for key in (evse.custom_data or {}).keys() - {EVSE_UID_KEY, EVSE_ID_KEY}:
        context.note(f"{path}.customData.{key}", "left out: OCPI 2.3.0 has no place for it")
    status = _in_force(evse.status, EVSEStatus.unknown, f"{path}.status", context)
    admin_status = _in_force(evse.admin_status, EVSEAdminStatus.unspecified, f"{path}.adminStatus", context)
    moments = [entry.timestamp for entry in evse.status] + [entry.timestamp for entry in evse.admin_status]
    address = station.address or pool.address
    return OCPIEVSE(
        uid=uid,
        evse_id=_evse_id(evse, path, context),
        status=ocpi_status(status, admin_status, context.policy),
        status_schedule=_planned(evse, admin_status, context),
        connectors=found,
        floor_level=context.exact(address.floor_level if address else None, 4, f"{path}.floorLevel"),
        coordinates=context.coordinates(evse.geo_location or station.geo_location, f"{path}.geoLocation"),
        physical_reference=context.cut(
            evse.physical_reference or station.physical_reference, 16, f"{path}.physicalReference"
        ),
        directions=context.display_texts(station.arrival_instructions, f"{path}.arrivalInstructions"),
        images=images((*evse.photo_urls, *station.photo_urls), ImageCategory.CHARGER, f"{path}.photoURLs", context),
        last_updated=context.latest(
            changed,
            station.last_change,
            evse.last_status_update,
            *(moment for moment in moments if moment <= context.now),
        ),
    )


def evse_uid(evse: EVSE, path: str, context: Context) -> str | None:
    """How partners call the EVSE: its id as it was first written, unless its custom data say otherwise."""
    return context.exact(told_uid(evse), 36, f"{path}.@id", ascii=True)


def told_uid(evse: EVSE) -> str:
    """The same, whether it fits or not."""
    given = (evse.custom_data or {}).get(EVSE_UID_KEY)
    return given.strip() if isinstance(given, str) else str(evse.id)


def _evse_id(evse: EVSE, path: str, context: Context) -> str | None:
    given = (evse.custom_data or {}).get(EVSE_ID_KEY, evse.id)
    return None if given is None else context.exact(str(given), 48, f"{path}.@id")


def capabilities(station: ChargingStation, pool: ChargingPool, path: str, context: Context) -> list[Capability] | None:
    """What all EVSEs of the station can do. A station that says nothing of a kind inherits it from its pool."""
    kinds: tuple[tuple[str, Sequence[OCPIEnum]], ...] = (
        ("authenticationModes", [mode.type for mode in station.authentication_modes or pool.authentication_modes]),
        ("UIFeatures", station.ui_features or pool.ui_features),
        ("paymentOptions", station.payment_options or pool.payment_options),
        ("features", station.features or pool.features),
    )
    sources = {capability: source for capability, source in CAPABILITY.items() if source is not None}
    for index, (key, words) in enumerate(kinds):
        placed = {source[index] for source in sources.values()}
        for word in words:
            if word not in placed:
                context.note(f"{path}.{key}", f"left out: OCPI 2.3.0 has no capability for {word}")
    return [
        capability
        for capability, source in sources.items()
        if any(word in words for word, (_, words) in zip(source, kinds, strict=True))
    ] or None


def _in_force(entries: list[Timestamped[_V]], default: _V, path: str, context: Context) -> _V:
    value = next((entry.value for entry in entries if entry.timestamp <= context.now), default)
    if not value.is_known:
        context.note(path, f"WWCP has no status {value}")
    return value


def _planned(evse: EVSE, admin_status: EVSEAdminStatus, context: Context) -> list[StatusSchedule] | None:
    """The planned operational statuses, in the order in which they come."""
    planned = [entry for entry in reversed(evse.status) if entry.timestamp > context.now]
    ends = [*(entry.timestamp for entry in planned[1:]), None]
    return [
        StatusSchedule(
            period_begin=entry.timestamp,
            period_end=end,
            status=ocpi_status(entry.value, admin_status, context.policy),
        )
        for entry, end in zip(planned, ends, strict=False)
    ] or None
