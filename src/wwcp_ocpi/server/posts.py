# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects that are created by POST. Spec: mod_cdrs#mod_cdrs_post_method, mod_payments, mod_invoice_reconciliation.

What comes twice is answered twice alike. Another body under a known id replaces the object only where there is no
other way to change it: a CDR is final, and an invoice's record is changed by PUT.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import quote

import structlog

from wwcp_ocpi.protocol import etag, patch
from wwcp_ocpi.protocol.errors import CannotConvert, InvalidParameters, NotAllowed, PartnerError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.server.bridge import View
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import change_as_seen, check, not_older
from wwcp_ocpi.server.decisions import AcceptanceRequest, Acceptor
from wwcp_ocpi.server.headers import check_owner, named_by_hub, sending_party
from wwcp_ocpi.server.routing import base_segments
from wwcp_ocpi.store.ports import Key, Stored, Write

log = structlog.get_logger()

DECIDE_S = 5.0
"""How long the operator's system may think about an object before it is kept without a decision."""


class Contradicted(InvalidParameters):
    """Another body under an id that is final."""


async def post_object(call: Call) -> Answer:
    """Take an object once, and answer with its URL (CDR-11), where it has one.

    The same again is answered with the same URL; another body under the same id is refused and reported (CDR-01),
    unless the kind of object is posted again when it changed.
    """
    fields, body = _read(call)
    id = patch.text_of(fields, call.resource.id_field) or ""
    if not id:
        raise InvalidParameters(f"$.{call.resource.id_field}: expected an id", path=f"$.{call.resource.id_field}")
    owner = _owner(call, fields)
    key = Key(call.side, call.kind, owner, call.version.key_id(call.resource, id))
    acceptor = call.server.acceptors.get(call.kind)
    if acceptor is not None and await call.server.store.get(key) is None:
        await _ask(call, acceptor, owner, id)

    def decide(view: View, stored: Stored | None) -> Write | None:
        at = patch.moment_of(fields)
        if stored is not None:
            if _is_known(_seen(view, stored), fields):
                return None
            if not call.resource.is_posted_again:
                log.error("object.contradicted", partner=call.caller.partner, kind=call.kind, id=id)
                raise Contradicted(f"{call.kind}/{id}: another body is stored under this id, and stays")
            not_older(call, at, stored.last_updated)
        stamp = at or now()
        whole = body if at else patch.join(patch.stamped(fields, stamp))
        return Write(version=call.version.number, last_updated=stamp.micros, body=whole, source=call.caller.partner)

    try:
        outcome = await change_as_seen(call, key, decide)
    except Contradicted as error:
        call.server.identity.noticed(call.request, call.caller, Reason.CONTRADICTED_CDR, error.message)
        raise
    status = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    return ok(status=status, headers=_location(call, owner, id))


def _read(call: Call) -> tuple[RawObject, bytes]:
    """The body, which is a whole object; only its date may be missing where the row says so."""
    body = call.body()
    fields: RawObject | None = None
    checked = body
    if call.endpoint.undated:
        fields = patch.split(body)
        if "last_updated" not in fields:
            checked = patch.join(patch.stamped(fields, now()))
    check(call, call.resource.type, checked)
    return fields if fields is not None else patch.split(body), body


def _seen(view: View, stored: Stored) -> RawObject:
    """What is stored as the caller sees it; nothing, where its version cannot be told it."""
    try:
        return patch.split(view.of(stored))
    except CannotConvert:
        return {}


def _is_known(stored: RawObject, fields: RawObject) -> bool:
    """Whether an object says nothing that is not stored. Without a date it may be less than what is stored."""
    if "last_updated" not in fields:
        stored = {name: value for name, value in stored.items() if name in fields}
    return etag.canonical(patch.join(stored)) == etag.canonical(patch.join(fields))


async def _ask(call: Call, acceptor: Acceptor, owner: PartyId, id: str) -> None:
    """Have the operator's system decide. Without a decision, late or broken, the object is kept.

    Raises:
        PartnerError: it is refused.
    """
    asked = AcceptanceRequest(
        partner=call.caller.partner,
        version=call.version.number,
        kind=call.kind,
        owner=owner,
        id=id,
        body=call.request.body,
    )
    event = {"partner": asked.partner, "kind": asked.kind, "id": id}
    try:
        async with asyncio.timeout(DECIDE_S):
            said = await acceptor.accept(asked)
        accepted, reason, code = said.accepted, said.reason or "refused", said.status_code
    except TimeoutError:
        log.warning("object.undecided", **event)
        return
    except Exception:
        # The operator's own code: its defect must not cost it a CDR.
        log.exception("object.undecided", **event)
        return
    if not accepted:
        log.warning("object.refused", reason=reason, **event)
        is_refusal = 2000 <= code < 4000
        raise PartnerError(
            f"{asked.kind}/{id}: {reason}", ocpi_status=code if is_refusal else StatusCode.INVALID_PARAMETERS
        )


def _owner(call: Call, fields: RawObject) -> PartyId:
    """Whose object it is: as it says, or the caller's party where the version does not say.

    Raises:
        NotAllowed: a party that is not the caller's.
        InvalidParameters: no party.
    """
    if call.resource.names_owner:
        names = [patch.text_of(fields, name) or "" for name in ("country_code", "party_id")]
        owner = PartyId.of(*names)
        check_owner(call, owner, "$.party_id")
        return owner
    sender = named_by_hub(fields, is_hub=call.caller.is_hub) or sending_party(call)
    if sender is None:
        raise NotAllowed("this partner has no party that could own the object")
    check_owner(call, sender)
    return sender


def _location(call: Call, owner: PartyId, id: str) -> dict[str, str]:
    """The header with the URL at which the object can be read; none where there is no such row."""
    row = call.route.read_row
    if row is None:
        return {}
    values = {"{country_code}": owner.country_code, "{party_id}": owner.party_id}
    path = [values.get(segment, quote(id, safe="") if segment[0] == "{" else segment) for segment in row.segments]
    base = base_segments(call.version, row.module, row.interface)
    return {"location": "/".join((call.server.settings.base_url, *base, *path))}
