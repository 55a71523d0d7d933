# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of every module: what lies in the window comes, whole; and all pages together are the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, cdr, location, session, tariff, token
from tests.partners.test_modules import linked, own, theirs
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.shape import fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import Side


class Listed(NamedTuple):
    """A module with objects, who owns them, and a field that each must have."""

    module: str
    make: Callable[..., dict[str, Any]]
    owner: PartyId
    required: str


LOCATIONS = Listed("locations", location, CPO, "city")
TARIFFS = Listed("tariffs", tariff, CPO, "currency")
SESSIONS = Listed("sessions", session, CPO, "currency")
CDRS = Listed("cdrs", cdr, CPO, "currency")
TOKENS = Listed("tokens", token, EMSP, "issuer")
versions = pytest.mark.parametrize("version", ALL_VERSIONS)
lists = pytest.mark.parametrize(
    "listed",
    [
        pytest.param(LOCATIONS, id="locations", marks=[rule("LOC-08"), rule("LOC-09"), rule("LOC-10")]),
        pytest.param(TARIFFS, id="tariffs", marks=[rule("TAR-06"), rule("TAR-08")]),
        pytest.param(SESSIONS, id="sessions", marks=[rule("SES-06"), rule("SES-07")]),
        pytest.param(CDRS, id="cdrs", marks=rule("CDR-09")),
        pytest.param(TOKENS, id="tokens", marks=rule("TOK-10")),
    ],
)


async def two(version: str, listed: Listed) -> tuple[MemoryNet, Platform, Platform, str]:
    """Who owns the objects, who reads them, and under which name."""
    net, cpo, emsp = await linked(version)
    return (net, cpo, emsp, "cpo.example") if listed.owner == CPO else (net, emsp, cpo, "emsp.example")


async def publish(made: Platform, version: str, listed: Listed, *moments: str) -> list[dict[str, Any]]:
    """Objects O0, O1 ... changed at these moments; nobody is told."""
    bodies = [listed.make(version, f"O{number}", last_updated=moment) for number, moment in enumerate(moments)]
    qualifier = "RFID" if listed is TOKENS else None
    things = [own(body, listed.owner, concerns=EMSP, qualifier=qualifier) for body in bodies]
    for outcome in await made.publisher.publish(VERSIONS[version], listed.module, things, push=False):
        assert not isinstance(outcome, Exception)
    return bodies


def name(body: Any) -> str:
    return str(body.get("id") or body["uid"])


@versions
@lists
async def test_a_window_has_its_beginning_and_not_its_end(version: str, listed: Listed) -> None:
    _, owner, reader, at = await two(version, listed)
    await publish(owner, version, listed, OLD, MIDDLE, NEW)
    resource = VERSIONS[version].modules[listed.module].resource
    assert resource is not None
    peer = reader.peer(at)
    old, middle, new = (DateTime.parse(moment) for moment in (OLD, MIDDLE, NEW))
    for since, until, expected in ((middle, None, ["O1", "O2"]), (middle, new, ["O1"]), (old, middle, ["O0"])):
        pages = peer.pages(resource.type, date_from=since, date_to=until)
        found = [json.loads(one.body) async for one in pages.received()]
        assert [name(body) for body in found] == expected


@versions
@lists
async def test_what_comes_is_whole_and_all_of_it_is_kept(version: str, listed: Listed) -> None:
    _, owner, reader, at = await two(version, listed)
    bodies = await publish(owner, version, listed, OLD, MIDDLE)
    assert await reader.pull(at, listed.module) == Pulled(pages=1, received=2, stored=2)
    assert await theirs(reader, version, listed.module) == bodies
    resource = VERSIONS[version].modules[listed.module].resource
    assert resource is not None
    required = {field.name for field in fields_of(resource.type) if field.cardinality.is_required}
    assert all(required <= set(body) for body in bodies)


@versions
@lists
async def test_what_is_listed_no_more_is_not_valid_any_more(version: str, listed: Listed) -> None:
    _, owner, reader, at = await two(version, listed)
    await publish(owner, version, listed, OLD, MIDDLE)
    await reader.pull(at, listed.module)
    await owner.store.delete_of_party(Side.OURS, listed.module, listed.owner)
    (kept,) = await publish(owner, version, listed, NEW)
    assert await reader.pull(at, listed.module) == Pulled(pages=1, received=1, stored=1, removed=1)
    assert await theirs(reader, version, listed.module) == [kept]


@versions
@lists
async def test_an_object_without_a_required_field_is_left_out_and_the_others_are_kept(
    version: str, listed: Listed
) -> None:
    net, owner, reader, at = await two(version, listed)
    bodies = await publish(owner, version, listed, OLD, MIDDLE)
    honest, odd = net.hosts[at], f'"{listed.required}"'.encode()

    async def forgetful(request: Request) -> Response:
        response = await honest(request)
        first, found, rest = response.body.partition(odd)
        return replace(response, body=first + b'"x_other"' + rest) if found else response

    net.hosts[at] = forgetful
    done = await reader.pull(at, listed.module)
    assert (done.received, done.rejected, done.removed) == (1, 1, 0)
    assert await theirs(reader, version, listed.module) == bodies[1:]


@rule("TRN-49")
@versions
async def test_what_a_hub_lists_belongs_to_whom_the_objects_name(version: str) -> None:
    _, cpo, emsp = await linked(version)
    other = PartyId("FR", "ABC")
    bodies = [location(version, "L1"), location(version, "L2", owner=other)]
    things = [own(bodies[0], CPO), own(bodies[1], CPO)]
    await cpo.publisher.publish(VERSIONS[version], "locations", things, push=False)
    await emsp.book.change("cpo.example", lambda known: replace(known, hub=CPO))
    await emsp.pull("cpo.example", "locations")
    owners = [CPO, other if VERSIONS[version].facts.objects_name_owner else CPO]
    for body, owner in zip(bodies, owners, strict=True):
        stored = await emsp.store.find(Side.THEIRS, "locations", body["id"], [owner])
        assert stored is not None
        assert json.loads(stored.body) == body
