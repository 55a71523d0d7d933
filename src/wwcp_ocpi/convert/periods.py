# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a ChargingPeriod holds when dimensions in it cannot be told.

A period is never left out: it ends where the next one begins, so the one before it would become longer.
"""

from __future__ import annotations

import msgspec

from wwcp_ocpi.convert.rules import Change, Rule, differs, raw
from wwcp_ocpi.convert.work import Inexpressible, Work
from wwcp_ocpi.protocol.patch import RawObject, join, split

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_NOTHING_MEASURED = {"type": "TIME", "volume": 0}


def _told(fields: RawObject, work: Work) -> RawObject:
    entries, made = _raws.decode(fields["dimensions"]), []
    for index, entry in enumerate(entries):
        try:
            told = work.part("CdrDimension", split(entry))
        except Inexpressible as reason:
            work.lose(f".dimensions[{index}]", f"{reason.text}; left out")
            continue
        made.append(msgspec.Raw(join(told)))
    return {"dimensions": raw(made or [_NOTHING_MEASURED])}


def _kept(fields: RawObject, work: Work) -> RawObject:
    return _told(fields, work.quiet())


def dimensions(*, up: bool) -> Rule:
    """The rule for the dimensions of a period. `up`: whether there are some that the upper version lacks."""
    change: Change | None = _kept if up else None
    why = (
        "A dimension that cannot be told is left out. A period that has no other holds TIME of 0 hours, which "
        "costs nothing."
    )
    return differs("dimensions", "dimensions", up=change, down=_told, why=why)
