# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects that are created by POST and never changed after: CDRs above all. Spec: mod_cdrs#mod_cdrs_post_method."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import structlog

from wwcp_ocpi.protocol import etag, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.routing import base_segments
from wwcp_ocpi.store.ports import Key, Stored, Write

log = structlog.get_logger()


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
