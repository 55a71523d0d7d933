# SPDX-License-Identifier: AGPL-3.0-or-later
"""One request that was understood, and its answer: what a behaviour gets and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.endpoint import Resource
from wwcp_ocpi.protocol.errors import MalformedBody, WrongContentType
from wwcp_ocpi.protocol.http import JSON, Request
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.caller import Caller
from wwcp_ocpi.store.ports import Changes, Key

if TYPE_CHECKING:
    from wwcp_ocpi.server.dispatch import Server
    from wwcp_ocpi.server.routing import Found


class Answer(msgspec.Struct, frozen=True):
    """A whole response but for the headers that every response has.

    `body` is an envelope, or empty; the envelope of a page is in `pieces`, which joined are the body.
    """

    body: bytes
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = {}
    pieces: tuple[bytes, ...] = ()


class Call:
    """A request that found its row, from a caller who may make it. What its path and row say is at hand."""

    __slots__ = (
        "addressed", "caller", "endpoint", "ids", "kind", "module", "owner", "params", "request", "route", "server",
        "side", "steps", "version",
    )  # fmt: skip

    def __init__(self, server: Server, found: Found, request: Request, caller: Caller) -> None:
        self.server = server
        self.request = request
        self.caller = caller
        self.route = route = found.route
        self.params = found.params
        self.owner = found.owner
        """The party in the path, if the path has one."""
        self.ids = found.ids
        self.steps = found.steps
        self.version = route.version
        """The version in which it is asked."""
        self.endpoint = route.endpoint
        """The row."""
        self.module = route.module
        self.kind = route.kind
        """The name of these objects in the store."""
        self.side = route.side
        """Whose objects this is about."""
        self.addressed: frozenset[PartyId] | None = None
        """For which of our parties it is, once somebody has asked `headers.addressed_parties`."""

    @property
    def changes(self) -> Changes:
        """Where the caller's changes are written: a hub passes them on with it."""
        return self.server.changes_of(self)

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whose of our objects these are: private ones are shown to their partner and no other."""
        public, is_private = self.route.audiences
        return (*public, self.caller.partner) if is_private else public

    @property
    def wishes(self) -> Mapping[str, str]:
        """What is asked of extensions that are offered here: their query parameters. Mostly nothing."""
        return self.wishes_in(self.request.query)

    def wishes_in(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """The same of a query that was read already."""
        offers = self.route.offers
        if offers.isdisjoint(query):
            return {}
        return {name: value for name, value in query.items() if name in offers}

    @property
    def resource(self) -> Resource:
        """The objects of this module."""
        resource = self.route.resource
        assert resource is not None, f"{self.endpoint.module} keeps no objects"
        return resource

    @property
    def qualifier(self) -> str | None:
        """What the query says that names the object together with its id, as `type=APP_USER` for a Token."""
        return self.request.query.get(self.resource.qualifier) if self.resource.qualifier else None

    def key(self, owner: PartyId, qualifier: str | None = None) -> Key:
        """The key of the object that the path names, with the qualifier of the body, the query, or its default."""
        return self.keys(owner, qualifier)[0]

    def keys(self, owner: PartyId, qualifier: str | None = None) -> list[Key]:
        """All keys under which it may be stored: its own, and that of a version with another rule for ids."""
        known = qualifier or self.qualifier
        if self.resource.qualifier and known is None:
            known = next(one.default for one in self.endpoint.query if one.name == self.resource.qualifier)
        ids = self.version.key_ids(self.resource, self.ids[0], known)
        return [Key(self.side, self.kind, owner, id) for id in ids]

    def body(self) -> bytes:
        """The body, which must be there and be announced as JSON (TRN-09; a missing announcement is forgiven).

        Raises:
            WrongContentType, MalformedBody
        """
        kind = self.request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if kind != JSON and not kind.endswith("+json"):
            raise WrongContentType(f"content-type: expected {JSON}, got {kind[:64]!r}")
        if not self.request.body:
            raise MalformedBody("$: expected a JSON body, got none", path="$")
        return self.request.body


Behaviour: TypeAlias = Callable[[Call], Awaitable[Answer]]


def ok_list(bodies: Sequence[bytes], headers: Mapping[str, str]) -> Answer:
    """A success with the objects of a page."""
    return Answer(b"", headers=headers, pieces=envelope.success_list(bodies))


def ok(data: bytes | None = None, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}) -> Answer:
    """A success with `data`, or without."""
    return Answer(envelope.success(data), status, headers)
