# SPDX-License-Identifier: AGPL-3.0-or-later
"""`with_extensions=true`: objects with what is known of them beyond their own fields. An extension.

`created` is when the object was first stored here; of what was stored before that was kept nobody knows, and nothing
is said. A Tariff with a timetable also tells `not_before` and `not_after` of the variant that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.server.extensions import TIMESTAMP, WITH_EXTENSIONS
from wwcp_ocpi.server.variants import Moment, bounds, timetable_of


def is_asked(wishes: Mapping[str, str]) -> bool:
    """Whether the partner asks for extended objects.

    Raises:
        InvalidParameters: neither true nor false.
    """
    text = wishes.get(WITH_EXTENSIONS, "")
    if text not in ("", "true", "false"):
        raise InvalidParameters(f"{WITH_EXTENSIONS}: expected true or false, got {text[:32]!r}", path=WITH_EXTENSIONS)
    return text == "true"


async def page_with_extensions(
    call: Call, bodies: Sequence[bytes], created: Sequence[int | None], moment: Moment | None
) -> list[bytes]:
    """The objects of a page with what is known beside them."""
    return [await with_extensions(call, body, at, moment) for body, at in zip(bodies, created, strict=True)]


async def with_extensions(call: Call, body: bytes, created: int | None, moment: Moment | None) -> bytes:
    """One object with what is known beside it; its own fields stay as they are."""
    known: dict[str, DateTime] = {}
    if created is not None:
        known["created"] = DateTime.from_micros(created)
    timetable = await timetable_of(call, body) if TIMESTAMP in call.route.offers else None
    variant = None
    if timetable is not None:
        variant = timetable.published if moment is None else moment.of(timetable)
    known |= dict(bounds(variant)) if variant else {}
    return patch.join({name: msgspec.Raw(codec.encode(value)) for name, value in known.items()} | patch.split(body))
