# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment terminals at the PTP: a CPO has them activated and deactivated. Spec: mod_payments.

The PTP's own system decides, behind a port. What it allows is written in one transaction: the Terminal with what the
CPO said of it, in that CPO's list and no other, and the POST by which the CPO gets it (PAY-10). Protocol refusals have
no word of their own here: OCPI 2000 with the reason, and 404 for a Terminal that is not the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
import structlog

from wwcp_ocpi.protocol import codec, etag, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, NotFound, OCPIError, PartnerError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import now
from wwcp_ocpi.server.asynchronous import DECIDE_S
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check, check_audience, existing_key
from wwcp_ocpi.server.decisions import TerminalAnswer, TerminalRequest
from wwcp_ocpi.server.headers import addressed_parties
from wwcp_ocpi.server.objects import find, unknown
from wwcp_ocpi.store.ports import Key, Push, Stored, Write

log = structlog.get_logger()

_ID = "terminal_id"
_ASSIGNED = ("location_ids", "evse_uids")
"""What a Terminal serves; without them it serves nothing."""

Hears: TypeAlias = Callable[[str, Version, str], bool]
"""Whether a partner is told of our objects of a kind in a version."""


def nobody_hears(partner: str, version: Version, kind: str) -> bool:
    """Nobody is told: partners pull."""
    return False


async def activate(call: Call) -> Answer:
    """Have a Terminal activated (PAY-10). The CPO may leave out its id, for that is the PTP's to give (defect 37)."""
    body = call.body()
    check(call, call.resource.type, body, partial=True)
    fields = patch.split(body)
    if not fields:
        raise InvalidParameters("$: expected what tells which Terminal is meant", path="$")
    check_audience(call, fields)
    asked_id = patch.text_of(fields, _ID)
    if asked_id is not None:
        await _place(call, asked_id)  # refused before anybody is asked
    id = await _decided(call, _asked(call, body, asked_id), call.server.terminals.activate)
    key = await _place(call, id)
    hears = call.server.hears(call.caller.partner, call.version, call.kind)

    def decide(stored: Stored | None) -> Write | None:
        at = patch.moment_of(fields) or now()
        known: RawObject = {_ID: msgspec.Raw(codec.encode(id))}
        if stored is not None:
            if not call.caller.may_take(stored.audience) or stored.version != call.version.number:
                raise _unknown(id)
            known = patch.split(stored.body)
        told = {name: value for name, value in fields.items() if name not in (_ID, "last_updated")}
        merged = patch.merge(known, told)
        if stored is not None and stored.audience == call.caller.partner and _same(merged, known):
            return None
        merged = patch.stamped(merged, at)
        moment = patch.moment_of(merged) or at
        push = Push(
            partner=call.caller.partner,
            module=call.kind,
            version=call.version.number,
            method="POST",
            owner=key.owner,
            id=id,
        )
        return Write(
            version=call.version.number,
            last_updated=moment.micros,
            body=patch.join(merged),
            audience=call.caller.partner,
            pushes=(push,) if hears else (),
        )

    await call.server.store.change(key, decide)
    log.info("terminal.activated", partner=call.caller.partner, terminal=id)
    return ok()


async def deactivate(call: Call) -> Answer:
    """Have a Terminal of the caller deactivated (PAY-11): it stays the caller's, and serves nothing.

    A body has no meaning here (defect 39).
    """
    id = call.ids[0]
    before = await find(call)
    await _decided(call, _asked(call, before.body, id), call.server.terminals.deactivate)

    def decide(stored: Stored | None) -> Write | None:
        if stored is None or stored.version != call.version.number or stored.audience not in call.audiences:
            raise unknown(call)
        known = patch.split(stored.body)
        kept = {name: value for name, value in known.items() if name not in _ASSIGNED}
        if kept == known:
            return None
        at = now()
        kept = patch.stamped(kept, at)
        moment = patch.moment_of(kept) or at
        return Write(
            version=stored.version, last_updated=moment.micros, body=patch.join(kept), audience=stored.audience
        )

    await call.server.store.change(await existing_key(call), decide)
    log.info("terminal.deactivated", partner=call.caller.partner, terminal=id)
    return ok()


async def _decided(
    call: Call, asked: TerminalRequest, ask: Callable[[TerminalRequest], Awaitable[TerminalAnswer]]
) -> str:
    """The id of the Terminal for which the PTP's system allows it.

    Raises:
        PartnerError: it does not.
        OCPIError: it does not say so in time.
    """
    try:
        async with asyncio.timeout(DECIDE_S):
            answer = await ask(asked)
    except TimeoutError as error:
        log.warning("terminal.undecided", partner=asked.partner, terminal=asked.terminal_id)
        raise OCPIError(f"{call.kind}: no decision within {DECIDE_S:.0f} s; ask again later") from error
    if answer.terminal_id is None:
        raise PartnerError(f"{call.kind}: {answer.reason}")
    return answer.terminal_id


def _asked(call: Call, body: bytes, terminal_id: str | None) -> TerminalRequest:
    fields: Any = codec.read_json(body)
    return TerminalRequest(
        partner=call.caller.partner,
        version=call.version.number,
        body=body,
        terminal_id=terminal_id,
        reference=fields.get("reference"),
        customer_reference=fields.get("customer_reference"),
        location_ids=tuple(fields.get("location_ids") or ()),
        evse_uids=tuple(fields.get("evse_uids") or ()),
    )


async def _place(call: Call, id: str) -> Key:
    """Where a Terminal is kept, or is to be kept: with that of our parties that has it, or with a PTP of ours.

    Raises:
        NotFound: it is another partner's.
    """
    ours = sorted(addressed_parties(call))
    known = call.version.key_id(call.resource, id)
    for owner in ours:
        key = Key(call.side, call.kind, owner, known)
        stored = await call.server.store.get(key)
        if stored is not None:
            if not call.caller.may_take(stored.audience):
                raise _unknown(id)
            return key
    sending = {party.id for party in call.server.settings.parties if party.role in call.module.senders}
    return Key(call.side, call.kind, min(sending.intersection(ours) or ours), known)


def _same(one: RawObject, other: RawObject) -> bool:
    return etag.canonical(patch.join(one)) == etag.canonical(patch.join(other))


def _unknown(id: str) -> NotFound:
    return NotFound(f"payments/terminals/{id}: no such Terminal")
