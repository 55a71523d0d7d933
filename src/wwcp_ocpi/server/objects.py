# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading objects: lists, single objects and parts of them, on both sides of every module.

A sender shows the objects of our own parties, a receiver gives back what the partner itself sent.
"""

from __future__ import annotations

from http import HTTPStatus

from wwcp_ocpi.protocol import envelope, etag, paging, patch
from wwcp_ocpi.protocol.errors import NotFound, PreconditionFailed
from wwcp_ocpi.protocol.http import LIMIT, LINK, TOTAL_COUNT
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.headers import addressed_parties, endpoint_url, owners
from wwcp_ocpi.store.ports import PageRequest, Stored


async def list_objects(call: Call) -> Answer:
    """One page of our own objects. Spec: transport_and_format#transport_and_format_pagination."""
    ours = addressed_parties(call)
    is_one = len(ours) == 1 and not call.resource.is_party
    return await _page(call, next(iter(ours)) if is_one else None)


async def list_of_party(call: Call) -> Answer:
    """One page of what a partner sent for one of its parties. An extension: the specification has no such list."""
    return await _page(call, call.owner)


async def _page(call: Call, owner: PartyId | None) -> Answer:
    settings = call.server.settings
    query = call.request.query
    asked = paging.read_query(query, default_limit=settings.page_size, max_limit=settings.max_page_size)
    page = await call.server.store.page(
        PageRequest(
            side=call.side,
            module=call.kind,
            version=call.version.number,
            owner=owner,
            audience=call.audience,
            date_from=asked.date_from.micros if asked.date_from else None,
            date_to=asked.date_to.micros if asked.date_to else None,
            offset=asked.offset,
            after=asked.after,
            limit=asked.limit,
        )
    )
    headers = {TOTAL_COUNT: str(page.total), LIMIT: str(settings.max_page_size)}
    if page.next is not None:
        headers[LINK] = paging.next_link(endpoint_url(call), asked, query, page.next, len(page.bodies))
    return Answer(envelope.success_list(page.bodies), headers=headers)


async def get_object(call: Call) -> Answer:
    """One object, or the part of it that the path names, with its ETag."""
    stored = await find(call)
    body = stored.body
    if call.steps:
        body = patch.join(patch.descend(patch.split(body), call.steps))
    tag = etag.etag(body)
    headers = call.request.headers
    if "if-match" in headers and not etag.matches(headers["if-match"], tag):
        raise PreconditionFailed(f"if-match: the object is at {tag}")
    if "if-none-match" in headers and etag.matches(headers["if-none-match"], tag):
        return Answer(b"", HTTPStatus.NOT_MODIFIED, {"etag": tag})
    return ok(body, headers={"etag": tag})


async def find(call: Call) -> Stored:
    """The stored object that the path names, in the version that was asked for.

    Raises:
        NotFound: there is none.
    """
    candidates = owners(call)
    if not candidates:
        raise unknown(call)
    side, module, _, id = call.key(candidates[0])
    stored = await call.server.store.find(side, module, id, candidates)
    if stored is None or stored.version != call.version.number or stored.audience != call.audience:
        raise unknown(call)
    return stored


def unknown(call: Call) -> NotFound:
    """The refusal for an object that is not here. Spec: status_codes (2003 for Locations)."""
    status = StatusCode.UNKNOWN_LOCATION if call.endpoint.module == "locations" else StatusCode.INVALID_PARAMETERS
    named = "/".join(call.params.values()) if call.resource.is_party else call.ids[0]
    return NotFound(f"{call.kind}/{named}: no such {call.resource.name}", ocpi_status=status)
