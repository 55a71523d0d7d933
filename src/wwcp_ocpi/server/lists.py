# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of objects, page by page, on both sides of every module.

A list as a partner sees it may be several lists of the store, one after the other: what is for everybody, then what
is for this partner alone. A Link tells in which of them the next page begins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from wwcp_ocpi.protocol import paging
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.http import FILTERED_COUNT, LIMIT, LINK, TOTAL_COUNT
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.protocol.paging import PageQuery
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import connector_tariffs, extended, timeslots, variants
from wwcp_ocpi.server.call import Answer, Call, ok_list
from wwcp_ocpi.server.extensions import LONGEST_MATCH, MATCH, TIMESTAMP
from wwcp_ocpi.server.headers import addressed_parties, endpoint_url, receiver
from wwcp_ocpi.server.variants import Moment
from wwcp_ocpi.store.ports import Page, PageRequest

Show: TypeAlias = Callable[[bytes], Awaitable[bytes | None]]


class Section(NamedTuple):
    """One list of the store, and what is shown of each of its objects; None: nothing. Without: all, as they are."""

    request: PageRequest
    show: Show | None = None


class Read(NamedTuple):
    """What a page has. `passed` counts what was looked at on the way, for the offset of the next one."""

    bodies: Sequence[bytes]
    created: Sequence[int | None]
    total: int
    filtered: int | None
    next: str | None
    passed: int


async def list_objects(call: Call) -> Answer:
    """One page of our own objects. Spec: transport_and_format#transport_and_format_pagination."""
    ours = addressed_parties(call)
    is_one = len(ours) == 1 and not call.resource.is_party
    # A hub with no partner has one party, and may still have objects of those that were there.
    is_all = call.endpoint.module in call.server.settings.relayed and receiver(call) is None
    return await _page(call, next(iter(ours)) if is_one and not is_all else None)


async def list_of_party(call: Call) -> Answer:
    """One page of what a partner sent for one of its parties. An extension: the specification has no such list."""
    return await _page(call, call.owner)


async def _page(call: Call, owner: PartyId | None) -> Answer:
    settings = call.server.settings
    query = call.request.query
    asked = paging.read_query(query, default_limit=settings.page_size, max_limit=settings.max_page_size)
    audiences = call.audiences
    is_extended, moment, match = False, None, ""
    if wishes := call.wishes_in(query):
        is_extended, moment, match = extended.is_asked(wishes), variants.asked_moment(wishes), _match(wishes)
    request = PageRequest(
        side=call.side,
        module=call.kind,
        owner=owner,
        audience=audiences[0],
        date_from=asked.date_from.micros if asked.date_from else None,
        date_to=asked.date_to.micros if asked.date_to else None,
        offset=asked.offset,
        after=asked.after,
        limit=asked.limit,
        match=match,
        with_created=is_extended,
    )
    window = timeslots.window_of(call, query)
    if window is not None:
        return await timeslots.page_within(call, asked, request, window)
    if len(audiences) == 1 and moment is None:
        page = await call.server.store.page(request)
        told = await call.server.bridge.bodies(call.side, call.kind, page, call.version, request.audience)
        read = Read(*without_untold(told, page.created), page.total, page.filtered, page.next, len(told))
    else:
        read = await _read(call, _sections(call, request, moment), asked)
    bodies = connector_tariffs.page_for_partner(call, read.bodies)
    if is_extended:
        bodies = await extended.page_with_extensions(call, bodies, read.created, moment)
    headers = {TOTAL_COUNT: str(read.total), LIMIT: str(settings.max_page_size)}
    if read.filtered is not None:
        headers[FILTERED_COUNT] = str(read.filtered)
    if read.next is not None:
        headers[LINK] = paging.next_link(endpoint_url(call), asked, query, read.next, read.passed)
    return ok_list(bodies, headers)


def _sections(call: Call, request: PageRequest, moment: Moment | None) -> list[Section]:
    """The lists of the store that are this list: `request` is for the first of them."""
    requests = [replace(request, audience=audience) for audience in call.audiences]
    if moment is None:
        return [Section(one) for one in requests]
    if request.match:
        raise InvalidParameters(f"{MATCH}: expected no {TIMESTAMP} beside it", path=MATCH)
    timetables = replace(request, module=variants.kind_of_timetables(call.kind), audience="")
    plain = variants.plain_at(call, moment)
    return [*(Section(one, plain) for one in requests), Section(timetables, variants.timetable_at(call, moment))]


def _match(wishes: Mapping[str, str]) -> str:
    text = wishes.get(MATCH, "").strip()
    if len(text) > LONGEST_MATCH:
        raise InvalidParameters(f"{MATCH}: expected {LONGEST_MATCH} characters at most, got {len(text)}", path=MATCH)
    return text


async def _read(call: Call, sections: Sequence[Section], asked: PageQuery) -> Read:
    """A page of several lists in their order, from an offset or behind a cursor."""
    store = call.server.store
    index, after = _place(asked.after, len(sections))
    offset = asked.offset if asked.after is None else 0
    bodies: list[bytes] = []
    created: list[int | None] = []
    totals: list[int] = []
    filtered: list[int | None] = []
    following: str | None = None
    passed = 0
    for number, (request, show) in enumerate(sections):
        limit = asked.limit - passed
        is_read = number >= index and following is None and limit > 0
        if not is_read:
            # Only counted; of those behind a full page the first that is not empty is the next one.
            page = await store.page(replace(request, limit=1, after=None, offset=0))
            if number > index and following is None and page.total:
                following = f"{number}."
        else:
            cursor = after if number == index else None
            page = await store.page(replace(request, limit=limit, after=cursor, offset=0 if cursor else offset))
            offset = max(0, offset - (page.total if page.filtered is None else page.filtered))
            if page.next is not None:
                following = f"{number}.{page.next}" if number else page.next
            passed += len(page.joined)
            told = await _told(call, request, page)
            if show is not None:
                told = [None if body is None else await show(body) for body in told]
            shown, since = without_untold(told, page.created)
            bodies += shown
            created += since
        totals.append(page.total)
        filtered.append(page.filtered)
    counted = [one for one in filtered if one is not None]
    return Read(
        bodies=bodies,
        created=created,
        total=sum(totals),
        filtered=sum(counted) if len(counted) == len(filtered) else None,
        next=following,
        passed=passed,
    )


async def _told(call: Call, request: PageRequest, page: Page) -> Sequence[bytes | None]:
    """The objects of a page in the version of the call; of timetables, those that were made for it."""
    if request.module == call.kind:
        return await call.server.bridge.bodies(call.side, call.kind, page, call.version, request.audience)
    return [
        body if number == call.version.number else None for body, number in zip(page.bodies, page.versions, strict=True)
    ]


def without_untold(
    told: Sequence[bytes | None], created: Sequence[int | None]
) -> tuple[Sequence[bytes], Sequence[int | None]]:
    """What there is to show, and since when each of it is there if that was asked for."""
    if isinstance(told, Joined):
        return told, created
    bodies = [body for body in told if body is not None]
    if len(bodies) == len(told):
        return bodies, created
    return bodies, [since for body, since in zip(told, created, strict=False) if body is not None]


def _place(after: str | None, sections: int) -> tuple[int, str | None]:
    """In which of the lists a cursor stands, and where there. The first one has cursors without a number."""
    if after is None:
        return 0, None
    number, dot, cursor = after.partition(".")
    if not dot:
        return 0, after
    if not (number.isascii() and number.isdecimal() and len(number) == 1 and 0 < int(number) < sections):
        raise InvalidParameters("after: expected the cursor that a Link header of this list gave", path="after")
    return int(number), cursor or None
