# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charging profiles on both sides: what a CPO is asked for a Session, and what it tells of one by itself.

Spec: mod_charging_profiles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.endpoint import Parameter
from wwcp_ocpi.protocol.errors import InvalidParameters, NotFound, OCPIError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import asynchronous
from wwcp_ocpi.server.asynchronous import Order, decide, order_of, shaped
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import (
    NO_PROFILE_OPERATOR,
    ProfileAction,
    ProfileAnswer,
    ProfileReport,
    ProfileRequest,
    ProfileUpdate,
)
from wwcp_ocpi.server.headers import addressed_parties, from_party
from wwcp_ocpi.server.own import parties_with_session, spellings
from wwcp_ocpi.store.ports import Side

log = structlog.get_logger()

LONGEST_ID = 36
LONGEST_DURATION_S = 366 * 86400
BY_CONTRACT = frozenset({"SCSP"})
"""Roles that act on Sessions of others, where a contract allows it: that is the operator's to know (CHP-01)."""


class Followers(Protocol):
    """Remembers who set a profile, and must hear when another one comes into force (CHP-03)."""

    async def follow(self, order: Order, session_id: str, parties: Iterable[PartyId]) -> None:
        """Remember that a partner set a profile for a Session of one of these parties of ours."""
        ...


async def ask_for_profile(call: Call) -> Answer:
    """Ask the operator's system to set, clear or tell a profile, and tell the partner what it says.

    What we cannot do is answered in the protocol's words, never with ACCEPTED. A partner whose profile was ACCEPTED
    hears of changes from then on.
    """
    order, asked = _read(call)
    operator = call.server.profile_operator if call.server.desk is not None else NO_PROFILE_OPERATOR
    parties = await parties_with_session(call, asked.session_id, asked.parties)
    if parties:
        known = replace(asked, parties=parties)
    elif operator is NO_PROFILE_OPERATOR or not call.caller.roles.isdisjoint(BY_CONTRACT):
        known = replace(asked, is_foreign=True)
    else:
        return _told(call, ProfileAnswer(result="UNKNOWN_SESSION", timeout_s=0))

    async def ask(report: ProfileReport) -> ProfileAnswer:
        return await operator.run(known, report)

    answer = await decide(call, order, ask, ProfileAnswer(result="REJECTED", timeout_s=0))
    if answer.result == "ACCEPTED" and asked.action is ProfileAction.SET and call.server.followers is not None:
        await call.server.followers.follow(order, asked.session_id, known.parties)
    return _told(call, answer)


async def update_profile(call: Call) -> Answer:
    """Take the ActiveChargingProfile of a Session that this partner gave us. No `data` in the answer (CHP-08).

    Raises:
        NotFound: this partner gave us no such Session.
        OCPIError: nobody took note in time.
    """
    body = call.body()
    shape = call.endpoint.object
    assert shape is not None, "an update has a body"
    check(call, shape, body)
    session_id = _session_id(call)
    owner = await _owner_of(call, session_id)
    update = ProfileUpdate(
        partner=call.caller.partner, version=call.version.number, owner=owner, session_id=session_id, profile=body
    )
    try:
        async with asyncio.timeout(asynchronous.DECIDE_S):
            await call.server.profile_listener.changed(update)
    except TimeoutError as error:
        log.warning("profile.not_noted", partner=update.partner, session=session_id)
        raise OCPIError("the profile could not be taken note of in time") from error
    return ok()


async def _owner_of(call: Call, session_id: str) -> PartyId:
    """The party of the partner whose Session it is."""
    named = from_party(call.request.headers) if call.version.facts.routed else None
    for owner in [named] if named is not None else sorted(call.caller.parties):
        for id in spellings(session_id):
            stored = await call.server.store.find(Side.THEIRS, "sessions", id, [owner])
            if stored is not None and stored.source == call.caller.partner:
                return owner
    raise NotFound(f"sessions/{session_id}: no such Session of this partner")


def _told(call: Call, answer: ProfileAnswer) -> Answer:
    return ok(codec.encode(shaped(call.endpoint.response, answer)))


def _read(call: Call) -> tuple[Order, ProfileRequest]:
    """What is asked, from the path with the body or with the query (CHP-10).

    Raises:
        InvalidParameters: a part of it is not as specified.
    """
    profile: bytes | None = None
    session_id = _session_id(call)
    shape = call.endpoint.object
    if call.endpoint.request is not None and shape is not None:
        raw = call.body()
        check(call, shape, raw)
        body: Any = codec.decode(shape, raw)
        profile = bytes(patch.split(raw)["charging_profile"])
        order = order_of(call, body.response_url, "$.response_url")
    else:
        order = order_of(call, call.request.query["response_url"], "response_url")
    lengths = [_whole(call, one) for one in call.endpoint.query if one.type == "int"]
    return order, ProfileRequest(
        id=order.id,
        partner=order.partner,
        version=order.version,
        action=ProfileAction(order.command),
        parties=tuple(sorted(addressed_parties(call))),
        session_id=session_id,
        profile=profile,
        duration_s=lengths[0] if lengths else None,
    )


def _session_id(call: Call) -> str:
    """The Session in the path, which must be able to be one."""
    id = call.params["session_id"]
    if len(id) > LONGEST_ID:
        raise InvalidParameters(f"session_id: at most {LONGEST_ID} characters, got {len(id)}", path="session_id")
    if not (id.isascii() and id.isprintable()):
        raise InvalidParameters("session_id: a CiString holds printable ASCII only", path="session_id")
    return id


def _whole(call: Call, parameter: Parameter) -> int:
    """A whole number in the query, not below the least that the parameter may be."""
    text = call.request.query[parameter.name]
    digits = text.lstrip("0") or "0"
    is_number = text.isascii() and text.isdigit() and len(digits) <= len(str(LONGEST_DURATION_S))
    if not is_number or not parameter.least <= int(digits) <= LONGEST_DURATION_S:
        raise InvalidParameters(
            f"{parameter.name}: expected a whole number from {parameter.least} to {LONGEST_DURATION_S}, "
            f"got {text[:40]!r}",
            path=parameter.name,
        )
    return int(digits)
