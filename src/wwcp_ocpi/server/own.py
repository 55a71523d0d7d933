# SPDX-License-Identifier: AGPL-3.0-or-later
"""What our own stored objects say about a request: whose a Session is, and what an EVSE can do."""

from __future__ import annotations

from collections.abc import Sequence

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.patch import Step
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.store.ports import Side


async def parties_with_session(call: Call, session_id: str, parties: tuple[PartyId, ...]) -> tuple[PartyId, ...]:
    """Which of these parties may be meant: those with this partner's Session; none, if it is another's.

    A Session that is not in the store is left to the operator's system. Its id is looked for in both spellings: it may
    be stored in a version in which ids are equal in any case, or in one in which they are not.
    """
    found = [
        (party, stored.audience)
        for party in parties
        for id in spellings(session_id)
        if (stored := await call.server.store.find(Side.OURS, "sessions", id, [party])) is not None
    ]
    return tuple(party for party, audience in found if audience == call.caller.partner) if found else parties


def spellings(id: str) -> list[str]:
    """An id as it is, and as stores have it where ids are equal in any case."""
    return sorted({id, fold(id)})


async def is_capable(
    call: Call, capability: str, location_id: str, evse_uid: str, parties: Sequence[PartyId]
) -> bool | None:
    """Whether one of our EVSEs has a Capability; None if the EVSE is not in the store."""
    id = call.version.key_id(call.version.kind("locations").resource, location_id)
    stored = await call.server.store.find(Side.OURS, "locations", id, parties)
    if stored is None:
        return None
    step = Step("evses", "uid", evse_uid, call.version.facts.ids_fold)
    evses = [evse for evse in patch.children(patch.split(stored.body), "evses") if step.is_at(evse)]
    if not evses:
        return None
    return any(f'"{capability}"'.encode() in bytes(evse.get("capabilities", b"")) for evse in evses)
