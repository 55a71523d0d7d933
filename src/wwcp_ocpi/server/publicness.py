# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of our own objects are for everybody, partner or not. The objects say it, whatever version they are asked in.

An object is public if it is addressed to nobody and, where its version lets it say whether it may be shown to the
public (`publish` of a Location from 2.2.1 on), says that it may. `publish_allowed_to` names drivers, and whoever comes
without a token is none. In 2.1.1 nothing says it: that version knows published Locations only (LOC-03).
"""

from __future__ import annotations

from functools import lru_cache

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.store.ports import Stored

PUBLISH = "publish"


def is_public(kind: str, stored: Stored) -> bool:
    """Whether one of our objects is for everybody. Spec: mod_locations#mod_locations_location_object (LOC-19).

    A version without the field does not ask for it; whoever says there that an object is not for all is believed.
    """
    if stored.audience:
        return False
    said = patch.split(stored.body).get(PUBLISH)
    return bytes(said) == b"true" if said is not None else not _must_say(kind, stored.version)


@lru_cache
def _must_say(kind: str, number: str) -> bool:
    return PUBLISH in field_names(version_of(number).kind(kind).resource.type)
