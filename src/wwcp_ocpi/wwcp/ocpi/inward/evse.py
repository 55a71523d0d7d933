# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 EVSEs to WWCP EVSEs. Spec: mod_locations#mod_locations_evse_object.

`last_updated` says when the status was told, so it is `last_status_update`, and since when the status holds as far as
anyone knows. It is no moment of change of the static data: what looks after the living network finds those itself.
"""

from __future__ import annotations

from typing import NamedTuple

from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.v2_3_0.enums import ImageCategory, Status
from wwcp_ocpi.v2_3_0.locations import EVSE as OCPIEVSE
from wwcp_ocpi.v2_3_0.locations import Image, StatusSchedule
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.places import EVSE
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.evse import EVSE_ID_KEY, EVSE_UID_KEY
from wwcp_ocpi.wwcp.ocpi.inward.connector import connectors_of
from wwcp_ocpi.wwcp.ocpi.inward.texts import geo_location, has_no_place
from wwcp_ocpi.wwcp.ocpi.inward.words import EVSE_ADMIN_STATUS, EVSE_STATUS, IMAGE_IS_PHOTO
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

_WITHOUT_PLACE = ("parking_restrictions", "parking", "accepted_service_providers")
_USABLE = frozenset({Status.AVAILABLE, Status.BLOCKED, Status.CHARGING, Status.RESERVED})


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
    """What an OCPI status and its planned ones are in WWCP; `at` is since when it holds (`last_updated`).

    Where a planned status ends and no other follows, an EVSE that can be used today is available again, any other as it
    is today. A status from the future holds from now on.
    """
    since = min(at, now)
    operational, admin = EVSE_STATUS | policy.evse_status_inward, EVSE_ADMIN_STATUS | policy.evse_admin_status_inward
    words = [Timestamped(since, operational[status])]
    admin_words = [Timestamped(since, admin[status])]
    afterwards = Status.AVAILABLE if status in _USABLE else status
    ahead = sorted((one for one in schedule or () if one.period_begin > now), key=lambda one: one.period_begin)
    entries: dict[DateTime, Status] = {}
    for period in ahead:
        entries[period.period_begin] = period.status
        if period.period_end is not None and period.period_end > period.period_begin:
            entries.setdefault(period.period_end, afterwards)
    for moment in sorted(entries):
        words.insert(0, Timestamped(moment, operational[entries[moment]]))
        if admin[entries[moment]] is not admin_words[0].value:
            admin_words.insert(0, Timestamped(moment, admin[entries[moment]]))
    return Statuses(words, admin_words)


def evse_statuses(evse: OCPIEVSE, policy: MappingPolicy = DEFAULT_POLICY, *, now: DateTime) -> Statuses:
    """The statuses of an EVSE: enough where its status is all that changed."""
    return statuses_of(evse.status, evse.status_schedule, evse.last_updated, policy, now=now)


def evse_of(evse: OCPIEVSE, id: EVSEId, party: PartyId, path: str, context: Context) -> EVSE:
    """The EVSE, but for what WWCP says at its station: floor, directions and capabilities."""
    has_no_place(evse, _WITHOUT_PLACE, path, context)
    found = connectors_of(evse.connectors, party, f"{path}.connectors", context)
    statuses = evse_statuses(evse, context.policy, now=context.now)
    return EVSE(
        id=id,
        geo_location=geo_location(evse.coordinates, f"{path}.coordinates", context),
        physical_reference=evse.physical_reference,
        current_type=found.current_type,
        max_voltage=found.max_voltage,
        max_current=found.max_current,
        max_power=found.max_power,
        charging_connectors=found.connectors,
        photo_urls=photo_urls(evse.images, ImageCategory.CHARGER, f"{path}.images", context),
        status=statuses.status,
        admin_status=statuses.admin_status,
        last_status_update=evse.last_updated,
        custom_data=_called(evse, id),
    )


def photo_urls(images: list[Image] | None, usual: ImageCategory, path: str, context: Context) -> tuple[str, ...]:
    """The pictures of a place by their URLs; what WWCP does not say of them is noted."""
    made = []
    for index, image in enumerate(images or ()):
        at = f"{path}[{index}]"
        if not IMAGE_IS_PHOTO.get(image.category, True):
            context.note(at, f"left out: no picture of the place but {image.category}")
            continue
        if image.category is not usual:
            context.note(f"{at}.category", f"left out: {image.category}; WWCP keeps photos by their URL")
        has_no_place(image, ("thumbnail", "width", "height"), at, context)
        made.append(image.url)
    return tuple(made)


def _called(evse: OCPIEVSE, id: EVSEId) -> Extra | None:
    """How its partner calls it, where that is not its id."""
    names: Extra = {}
    if evse.uid != str(id):
        names[EVSE_UID_KEY] = evse.uid
    if evse.evse_id != str(id):
        names[EVSE_ID_KEY] = evse.evse_id
    return names or None
