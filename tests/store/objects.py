# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short ways to say what a store test changes and expects."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Decide, Delete, Key, Objects, Outcome, Page, PageRequest, Push, Side, Stored, Write

TNM = PartyId("NL", "TNM")
BEC = PartyId("BE", "BEC")


class Clock:
    """Seconds since 1970, in the hand of the test."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def location(id: str, owner: PartyId = TNM, side: Side = Side.THEIRS, module: str = "locations") -> Key:
    return Key(side, module, owner, id)


def written(
    body: str,
    last_updated: int = 0,
    version: str = "2.2.1",
    source: str = "",
    pushes: tuple[Push, ...] = (),
    audience: str = "",
) -> Write:
    return Write(
        version=version,
        last_updated=last_updated,
        body=body.encode(),
        source=source,
        audience=audience,
        pushes=pushes,
    )


def write(
    body: str,
    last_updated: int = 0,
    version: str = "2.2.1",
    source: str = "",
    pushes: tuple[Push, ...] = (),
    audience: str = "",
) -> Decide:
    decision = written(body, last_updated, version, source, pushes, audience)
    return lambda before: decision


def remove(*pushes: Push) -> Decide:
    return lambda before: Delete(pushes=pushes)


def push(id: str, body: str = "", partner: str = "emsp", owner: PartyId = TNM, parts: tuple[str, ...] = ()) -> Push:
    return Push(
        partner=partner,
        module="locations",
        version="2.2.1",
        method="PUT",
        owner=owner,
        id=id,
        parts=parts,
        body=body.encode(),
    )


def pages_of(
    limit: int = 3,
    *,
    side: Side = Side.THEIRS,
    module: str = "locations",
    audience: str = "",
    owner: PartyId | None = None,
    date_from: int | None = None,
    date_to: int | None = None,
    offset: int = 0,
    after: str | None = None,
    match: str = "",
    with_created: bool = False,
) -> PageRequest:
    return PageRequest(
        side=side,
        module=module,
        limit=limit,
        audience=audience,
        owner=owner,
        date_from=date_from,
        date_to=date_to,
        offset=offset,
        after=after,
        match=match,
        with_created=with_created,
    )


async def fill(store: Objects, *ids: str, owner: PartyId = TNM) -> list[Outcome]:
    """Store Locations whose body is their id and whose last_updated is their place in `ids`, times 10."""
    return [await store.change(location(id, owner), write(id, number * 10)) for number, id in enumerate(ids)]


def stored(
    seq: int, body: str, last_updated: int = 0, version: str = "2.2.1", source: str = "", audience: str = ""
) -> Stored:
    return Stored(
        seq=seq, version=version, last_updated=last_updated, body=body.encode(), source=source, audience=audience
    )


async def walk(store: Objects, request: PageRequest) -> list[str]:
    """All bodies, page after page, by cursor."""
    found: list[str] = []
    after = request.after
    while True:
        page = await store.page(msgspec.structs.replace(request, after=after))
        found += [body.decode() for body in page.bodies]
        after = page.next
        if after is None:
            return found


def page_of(*bodies: bytes, total: int, owner: PartyId = TNM) -> Page:
    """The last page of a list, with these objects of one owner on it."""
    return Page(joined=Joined(bodies), versions=("2.2.1",) * len(bodies), owners=(owner,) * len(bodies), total=total)
