# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wishes of a driver for a Session of ours. Spec: mod_sessions#mod_sessions_cpo_put_method."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.server import asynchronous
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import PreferencesRequest
from wwcp_ocpi.server.headers import addressed_parties
from wwcp_ocpi.server.objects import find
from wwcp_ocpi.server.own import is_capable

log = structlog.get_logger()

CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
UNDECIDED = "NOT_POSSIBLE"
UNKNOWN_TYPE = "PROFILE_TYPE_NOT_SUPPORTED"


async def set_preferences(call: Call) -> Answer:
    """Ask the operator's system whether wishes can be met, and answer with its word.

    Raises:
        NotFound: this partner has no such Session, or its EVSE is not CHARGING_PREFERENCES_CAPABLE (SES-09).
    """
    raw = call.body()
    shape = call.endpoint.object
    assert shape is not None, "preferences have a body"
    check(call, shape, raw)
    session = (await find(call)).body
    await _check_capability(call, session)
    body: Any = codec.decode(shape, raw)
    if not body.profile_type.is_known:
        return ok(codec.encode(UNKNOWN_TYPE))
    asked = PreferencesRequest(
        partner=call.caller.partner,
        version=call.version.number,
        session_id=call.ids[0],
        session=session,
        profile_type=body.profile_type.value,
        departure_time=body.departure_time,
        energy_need=body.energy_need,
        discharge_allowed=bool(body.discharge_allowed),
    )
    try:
        async with asyncio.timeout(asynchronous.DECIDE_S):
            word = await call.server.preferences.prefer(asked)
    except TimeoutError:
        log.warning("preferences.undecided", partner=asked.partner, session=asked.session_id)
        word = UNDECIDED
    words = call.endpoint.response
    return ok(codec.encode(word if words(word).is_known else UNDECIDED))


async def _check_capability(call: Call, session: bytes) -> None:
    """Refuse what the EVSE of the Session cannot do. Without the EVSE in the store it is the operator's to know."""
    fields = patch.split(session)
    location_id, evse_uid = patch.text_of(fields, "location_id"), patch.text_of(fields, "evse_uid")
    if location_id is None or evse_uid is None:
        return
    parties = sorted(addressed_parties(call))
    if await is_capable(call, CAPABLE, location_id, evse_uid, parties) is False:
        raise NotFound(f"sessions/{call.ids[0]}: its EVSE takes no charging preferences")
