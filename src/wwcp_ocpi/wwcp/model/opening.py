# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a pool or station is open.

JSON: `{"24/7": false, "regularOpenings": [{"Monday": [{"begin": "08:00", "end": "18:00"}]}],
"exceptionalOpenings": ["2026-12-24T08:00:00Z/2026-12-24T12:00:00Z"]}`. Regular times are wall-clock times
of the place, exceptional ones are moments.
"""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.texts import Weekday


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From one moment to another; in JSON a text, the ISO 8601 interval `begin/end`."""

    begin: DateTime
    end: DateTime


class HourRange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wall-clock times HH:MM; an end before the begin lies on the next day, 24:00 is the end of the day."""

    begin: str
    end: str


class OpeningTimes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Open around the clock, or at regular hours by weekday, with exceptions."""

    is_24_7: bool = msgspec.field(default=False, name="24/7")
    regular_openings: list[dict[Weekday, list[HourRange]]] = []
    exceptional_openings: list[Period] = []
    exceptional_closings: list[Period] = []
    free_text: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")
