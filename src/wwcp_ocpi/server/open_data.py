# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of what is open to everybody: our own objects that are public, for whoever asks without a token.

Pages and counts are those of the marks (`server.open_marks`), and so tell of nothing else. A mark only says where to
look: what is shown is decided by the object as it is when it is read, and a mark that is out of date shows nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from wwcp_ocpi.protocol import paging
from wwcp_ocpi.protocol.errors import InvalidParameters, TooManyRefusals, UsageError
from wwcp_ocpi.protocol.http import LIMIT, LINK, TOTAL_COUNT, Request
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.server import extended
from wwcp_ocpi.server.call import Answer, Call, ok_list
from wwcp_ocpi.server.extensions import WITH_EXTENSIONS
from wwcp_ocpi.server.headers import addressed_parties, endpoint_url
from wwcp_ocpi.server.lists import without_untold
from wwcp_ocpi.server.open_marks import list_of_open
from wwcp_ocpi.server.publicness import is_public
from wwcp_ocpi.store.following import read_mark
from wwcp_ocpi.store.ports import Key, Page, PageRequest, Side, Stored

if TYPE_CHECKING:
    from wwcp_ocpi.server.dispatch import Server

WISHES = frozenset({WITH_EXTENSIONS})
"""What may be asked of extensions without a token. A search reads a whole list, and what is planned is not public."""
CHUNK = 100
"""How many objects are read before other requests get their turn."""
_USE = "after"
_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")
"""Base64 in characters that a URL takes as they are."""


class Found(NamedTuple):
    """The objects of a page of marks, as far as they are still public."""

    stored: Sequence[Stored]
    joined: Joined
    versions: tuple[str, ...]
    owners: tuple[PartyId, ...]


async def list_open(call: Call) -> Answer:
    """One page of our own objects that are public. Spec: transport_and_format#transport_and_format_pagination.

    Raises:
        InvalidParameters: the query is none.
        NotFound: addressed to a party that we are not.
    """
    server, query = call.server, call.request.query
    settings = server.settings
    asked = paging.read_query(query, default_limit=settings.page_size, max_limit=settings.max_page_size)
    is_extended = extended.is_asked(call.wishes_in(query))
    ours = addressed_parties(call)
    marks = await _marks(
        call,
        PageRequest(
            side=Side.OURS,
            module=list_of_open(call.kind),
            owner=next(iter(ours)) if len(ours) == 1 else None,
            date_from=asked.date_from.micros if asked.date_from else None,
            date_to=asked.date_to.micros if asked.date_to else None,
            offset=asked.offset,
            limit=asked.limit,
        ),
        asked.after,
    )
    found = await _found(call, marks, ours)
    told = await server.bridge.bodies(Side.OURS, call.kind, found, call.version)
    created: Sequence[int | None] = [await server.store.created(one) for one in found.stored] if is_extended else []
    bodies, created = without_untold(told, created)
    if is_extended:
        bodies = await extended.page_with_extensions(call, bodies, created, None)
    headers = {TOTAL_COUNT: str(marks.total), LIMIT: str(settings.max_page_size)}
    if marks.next is not None:
        after = server.vault.seal(Secret(marks.next), _USE).rstrip("=").translate(_TO_URL)
        headers[LINK] = paging.next_link(endpoint_url(call), asked, query, after, len(marks.joined))
    return ok_list(bodies, headers)


async def _marks(call: Call, request: PageRequest, after: str | None) -> Page:
    """A page of marks. Its cursor is sealed: places in the order of creation tell how much lies between them."""
    store = call.server.store
    if after is None:
        return await store.page(request)
    try:
        padded = after.translate(_FROM_URL) + "=" * (-len(after) % 4)
        place = call.server.vault.open(padded, _USE).reveal()
        return await store.page(replace(request, after=place, offset=0))
    except (UsageError, InvalidParameters) as error:
        raise InvalidParameters(
            "after: expected the cursor that a Link header of this list gave", path="after"
        ) from error


async def _found(call: Call, marks: Page, ours: Collection[PartyId]) -> Found:
    found: list[tuple[Stored, PartyId]] = []
    for number, (body, owner) in enumerate(zip(marks.bodies, marks.owners, strict=True), start=1):
        if number % CHUNK == 0:
            await asyncio.sleep(0)  # a store may answer at once each time, and others wait
        stored = await call.server.store.get(Key(Side.OURS, call.kind, owner, read_mark(body).id))
        if stored is not None and owner in ours and is_public(call.kind, stored):
            found.append((stored, owner))
    return Found(
        stored=[stored for stored, _ in found],
        joined=Joined(stored.body for stored, _ in found),
        versions=tuple(stored.version for stored, _ in found),
        owners=tuple(owner for _, owner in found),
    )


def check_patience(server: Server, request: Request) -> None:
    """Count a request without a token, and refuse it where its address has asked too much already.

    Raises:
        TooManyRefusals
    """
    now = server.identity.clock()
    wait_s = server.reads.wait_s(request.source, "", now)
    if wait_s:
        raise TooManyRefusals(
            "too many requests without a token from this address",
            headers={"retry-after": str(max(1, math.ceil(wait_s)))},
        )
    server.reads.failed(request.source, "", now)
