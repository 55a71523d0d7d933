# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects that are created by POST and never changed after: CDRs above all. Spec: mod_cdrs#mod_cdrs_post_method."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import quote

import structlog

from wwcp_ocpi.protocol import etag, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, PartnerError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import AcceptanceRequest, Acceptor
from wwcp_ocpi.server.routing import base_segments
from wwcp_ocpi.store.ports import Key, Stored, Write

log = structlog.get_logger()

DECIDE_S = 5.0
"""How long the operator's system may think about an object before it is kept without a decision."""


async def post_object(call: Call) -> Answer:
    """Take an object once, and answer with its URL (CDR-11).

    The same again is answered with the same URL; another body under the same id is refused and reported: what was
    sent is final (CDR-01).
    """
    body = call.body()
    check(call, call.resource.type, body)
    fields = patch.split(body)
    id = patch.text_of(fields, call.resource.id_field) or ""
    if not id:
        raise InvalidParameters(f"$.{call.resource.id_field}: expected an id", path=f"$.{call.resource.id_field}")
    owner = _owner(call, fields)
    key = Key(call.side, call.kind, owner, call.version.key_id(call.resource, id))
    acceptor = call.server.acceptors.get(call.kind)
    if acceptor is not None and await call.server.store.get(key) is None:
        await _ask(call, acceptor, owner, id)

    def decide(stored: Stored | None) -> Write | None:
        if stored is None:
            at = patch.moment_of(fields) or now()
            return Write(version=call.version.number, last_updated=at.micros, body=body, source=call.caller.partner)
        if etag.canonical(stored.body) != etag.canonical(body):
            log.error("object.contradicted", partner=call.caller.partner, kind=call.kind, id=id)
            raise InvalidParameters(f"{call.kind}/{id}: another body is stored under this id, and final")
        return None

    outcome = await call.server.store.change(key, decide)
    status = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    return ok(status=status, headers={"location": _url(call, owner, id)})


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
    """
    if call.resource.names_owner:
        names = [patch.text_of(fields, name) or "" for name in ("country_code", "party_id")]
        owner = PartyId.of(*names)
        if owner in call.caller.parties or call.caller.is_hub:
            return owner
        raise NotAllowed(f"$.party_id: {owner} is not a party of this partner", path="$.party_id")
    if not call.caller.parties:
        raise NotAllowed("this partner has no party that could own the object")
    return min(call.caller.parties)


def _url(call: Call, owner: PartyId, id: str) -> str:
    segments = base_segments(call.version, call.endpoint.module, call.endpoint.interface)
    return "/".join((call.server.settings.base_url, *segments, *owner, quote(id, safe="")))
