# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own objects: every change of one is stored together with what the partners must hear of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import codec, conformance, etag, lifecycle, patch
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Interface, Operation, Resource
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, UsageError
from wwcp_ocpi.protocol.patch import Opened, RawObject, Step
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.server.caller import unclaimed
from wwcp_ocpi.server.versions import may_call
from wwcp_ocpi.store.ports import Decide, Delete, Key, Objects, Outcome, PageRequest, Push, Side, Stored, Write

_PAGE = 500

Change: TypeAlias = Mapping[str, Any] | Callable[[RawObject], Mapping[str, Any]]
"""The fields that change and their new values; or what finds them out when it sees the object or part as it is."""


class OwnObject(msgspec.Struct, frozen=True, kw_only=True):
    """One of our objects, as bytes of a version, to be published.

    `qualifier` is what names it together with its id: a Token's type. `concerns` is the party that a private object
    is for: the owner of the driver's Token, for a Session or a CDR; who is invoiced; the CPO of a payment terminal.
    Nobody else sees it. Where the object itself names that party, as a CdrToken does, that says it. A Tariff may be for
    one party, too; without, it is for everybody.
    """

    owner: PartyId
    id: str
    last_updated: int
    body: bytes
    qualifier: str | None = None
    concerns: PartyId | None = None


class PartChange(NamedTuple):
    """What `Publisher.change` is given, of an object or of a part of it (`ids` as in a path)."""

    owner: PartyId
    ids: Sequence[str]
    change: Change
    qualifier: str | None = None


class Listener(NamedTuple):
    """A partner that hears of changes, and what it can be asked as receiver of that kind of object."""

    partner: str
    version: Version
    operations: frozenset[Operation]


class Publisher:
    """Writes our side of the store. What is unchanged is not written, and nobody hears of it."""

    def __init__(self, store: Objects, book: PartnerBook) -> None:
        self._store = store
        self._book = book
        self._heard: dict[str, tuple[int, list[Listener]]] = {}

    async def publish(
        self, version: Version, kind: str, things: Sequence[OwnObject], *, push: bool = True
    ) -> list[Outcome | Exception]:
        """Create or replace objects, all in one transaction.

        What may not be published stands as a UsageError in its place, and is not stored: an object without a required
        field (LOC-10), or another state of one that is final: a CDR (CDR-01), a completed Session (SES-25).

        Args:
            push: whether partners hear of it now; without, they find it when they pull.

        Returns:
            What became of each; a UsageError where its state cannot follow the one before.
        """
        everybody = self.listeners(kind) if push else []
        changes = []
        for thing in things:
            audience = self.audience(version, kind, thing)
            listeners = [one for one in everybody if audience in ("", one.partner)]
            if thing.qualifier in version.kind(kind).resource.pulled_only:
                listeners = []
            key = _key(version, kind, thing.owner, thing.id, thing.qualifier)
            unsound = _unsound(version, kind, thing)
            changes.append((key, _put(version, kind, thing, audience, listeners, unsound)))
        return await self._store.change_all(changes)

    async def withdraw(
        self, version: Version, kind: str, owner: PartyId, id: str, *, qualifier: str | None = None
    ) -> Outcome:
        """Remove one of our objects, and tell the partners.

        Raises:
            UsageError: there is no DELETE of these. What cannot be used any more says so in itself: the status REMOVED
                of an EVSE (LOC-01), `valid` of a Token (TOK-01), the status of a Session (SES-01).
        """
        key = _key(version, kind, owner, id, qualifier)
        if version.kind(kind).resource.is_lasting:
            raise UsageError(f"{kind} of OCPI {version.number} are never deleted")
        listeners = [one for one in self.listeners(kind) if Operation.DELETE in one.operations]

        def decide(stored: Stored | None) -> Delete | None:
            if stored is None:
                return None
            told = [one for one in listeners if stored.audience in ("", one.partner)]
            pushes = [push_to(one, kind, owner, [id], "DELETE", b"", qualifier) for one in told]
            return Delete(pushes=tuple(pushes))

        return await self._store.change(key, decide)

    async def change(
        self,
        version: Version,
        kind: str,
        owner: PartyId,
        ids: Sequence[str],
        change: Change,
        *,
        qualifier: str | None = None,
    ) -> Outcome:
        """Change some fields of an object or of a part of it (`ids` as in a path), and tell the partners just that.

        Where there is no PATCH for it, they are given the whole object; in another version, what stands at the path.

        `last_updated` of the part and of all above it follows (LOC-07); it is now unless the change says when.

        Raises:
            NotFound: no such object or part.
            UsageError: the object is final, or its new state cannot follow the one before.
        """
        return await self._store.change(*self._changing(version, kind, PartChange(owner, ids, change, qualifier)))

    async def change_all(self, version: Version, kind: str, changes: Sequence[PartChange]) -> list[Outcome | Exception]:
        """Many of these in one transaction, in this order: NotFound or UsageError stands in the place of one."""
        return await self._store.change_all([self._changing(version, kind, one) for one in changes])

    def _changing(self, version: Version, kind: str, asked: PartChange) -> tuple[Key, Decide]:
        owner, ids, change, qualifier = asked
        resource = version.kind(kind).resource
        steps = steps_to(version, resource, ids[1:])
        listeners = self.listeners(kind) if qualifier not in resource.pulled_only else []

        def decide(stored: Stored | None) -> Write | None:
            if stored is None or stored.version != version.number:
                raise NotFound(f"{kind}/{ids[0]}: we have no such {resource.name} in OCPI {version.number}")
            opened = Opened(patch.split(stored.body), steps)
            part = opened.part
            if part is None:
                raise NotFound(f"{kind}/{'/'.join(ids)}: we have no such part of the {resource.name}")
            said = change(part) if callable(change) else change
            fields = patch.split(codec.encode({"last_updated": now(), **said}))
            stamp = patch.moment_of(fields)
            assert stamp is not None
            if all(part.get(name) == value for name, value in fields.items() if name != "last_updated"):
                return None
            final = _final(resource, opened.whole)
            if final is not None:
                raise UsageError(f"{kind}/{ids[0]}: {final}")
            # As the partners will merge it, so that both sides hold the same.
            changed = opened.with_part(patch.merge(part, fields, () if steps else resource.appended), stamp)
            whole = patch.join(changed)
            check_state(resource, stored.body, whole)
            at = patch.moment_of(changed) or stamp
            return Write(
                version=version.number,
                last_updated=at.micros,
                body=whole,
                audience=stored.audience,
                pushes=_pushes_of_change(
                    [one for one in listeners if stored.audience in ("", one.partner)],
                    version, kind, owner, ids, patch.join(fields), qualifier,
                ),
            )  # fmt: skip

        return _key(version, kind, owner, ids[0], qualifier), decide

    async def stored(self, version: Version, kind: str, owner: PartyId, id: str) -> Stored | None:
        """One of our objects as it is published; None: it is not, or in another version."""
        found = await self._store.get(_key(version, kind, owner, id, None))
        return found if found is not None and found.version == version.number else None

    async def all_of(self, kind: str, owner: PartyId) -> AsyncIterator[Stored]:
        """All that a party of ours has published for everybody, in whatever version."""
        after = None
        while True:
            page = await self._store.page(
                PageRequest(side=Side.OURS, module=kind, limit=_PAGE, owner=owner, after=after)
            )
            for body, number in zip(page.bodies, page.versions, strict=True):
                yield Stored(seq=0, version=number, last_updated=0, body=body)
            if page.next is None:
                return
            after = page.next

    def audience(self, version: Version, kind: str, thing: OwnObject) -> str:
        """The partner that a private object is for: who has its party now, or `?` and the party until somebody has."""
        resource = version.kind(kind).resource
        if not resource.is_private and not (resource.may_be_private and thing.concerns):
            return ""
        concerned = thing.concerns or concerned_by(resource, thing.body)
        return self._book.way_to(concerned) or unclaimed(concerned)

    def hears(self, partner: str, version: Version, kind: str) -> bool:
        """Whether a partner is pushed to in this version."""
        return any(one.partner == partner and one.version is version for one in self.listeners(kind))

    def listeners(self, kind: str) -> list[Listener]:
        """The partners that are pushed to: registered, on the receiving side of the module, each in its version.

        Those of one version stand together, for what they hear is the same, and stored once.
        """
        generation, found = self._heard.get(kind, (-1, []))
        if generation != self._book.generation:
            generation = self._book.generation
            found = [
                listener
                for partner in self._book.all()
                if partner.push and not partner.blocked and (listener := _listener(partner, kind)) is not None
            ]
            found.sort(key=lambda one: one.version.number)
            self._heard[kind] = generation, found
        return found


def _listener(partner: Partner, kind: str) -> Listener | None:
    remote = partner.remote
    version = VERSIONS.get(remote.version) if remote is not None else None
    if remote is None or version is None or kind not in version.kinds:
        return None
    module = version.kind(kind).module
    if not may_call(partner.roles, module, Interface.SENDER):
        return None
    operations = receiver_operations(version, kind)
    needs_role = version.facts.endpoints_have_roles
    is_there = any(
        module.is_called(endpoint.identifier) and (not needs_role or endpoint.role == Interface.RECEIVER.value)
        for endpoint in remote.endpoints
    )
    is_told = is_there and not operations.isdisjoint((Operation.PUT, Operation.POST))
    return Listener(partner.id, version, operations) if is_told else None


def receiver_operations(version: Version, kind: str) -> frozenset[Operation]:
    """What a receiver of these objects can be asked."""
    rows = version.rows_of(version.kind(kind), Interface.RECEIVER)
    return frozenset(row.operation for row in rows if not row.extension)


def concerned_by(resource: Resource, body: bytes) -> PartyId | None:
    """The party that a private object names, where it does: the eMSP in a CdrToken, or that asked for a Booking."""
    at = patch.split(body)
    for name in resource.concerns:
        if name not in at:
            return None
        is_list = bytes(at[name]).startswith(b"[")
        entries = patch.children(at, name) if is_list else [patch.split(at[name])]
        if not entries:
            return None
        at = entries[0]
    country_code, party_id = (patch.text_of(at, name) for name in ("country_code", "party_id"))
    return PartyId.of(country_code, party_id) if country_code and party_id else None


def check_state(resource: Resource, before: bytes, after: bytes) -> None:
    """Refuse to take one of our objects from a state into one that cannot follow it.

    Raises:
        UsageError
    """
    found = lifecycle.broken(resource.lifecycle, before, after) if resource.lifecycle is not None else None
    if found is not None:
        raise UsageError(f"{resource.name}: {found.path}: {found.message}", path=found.path)


def _key(version: Version, kind: str, owner: PartyId, id: str, qualifier: str | None) -> Key:
    return Key(Side.OURS, kind, owner, version.key_id(version.kind(kind).resource, id, qualifier))


def _unsound(version: Version, kind: str, thing: OwnObject) -> OCPIError | None:
    """Why an object is none: the first error in it."""
    shape = version.kind(kind).resource.type
    if codec.conforms(shape, thing.body):
        return None
    try:
        findings = conformance.check(shape, thing.body)
    except OCPIError as error:
        return UsageError(f"{kind}/{thing.id}: {error}")
    errors = [found for found in findings if found.severity is Severity.ERROR]
    return UsageError(f"{kind}/{thing.id}: {errors[0].path}: {errors[0].message}") if errors else None


def _final(resource: Resource, stored: RawObject) -> str | None:
    """Why an object is final, in words: partners rely on it as it is."""
    if resource.is_final:
        return "final since it was published"
    if resource.ends is not None and patch.text_of(stored, resource.ends[0]) == resource.ends[1]:
        return f"final since its {resource.ends[0]} is {resource.ends[1]}"
    return None


def _put(
    version: Version,
    kind: str,
    thing: OwnObject,
    audience: str,
    listeners: Sequence[Listener],
    unsound: OCPIError | None,
) -> Decide:
    resource = version.kind(kind).resource

    def decide(stored: Stored | None) -> Write | None:
        if unsound is not None:
            raise unsound
        is_known = stored is not None and stored.version == version.number and stored.audience == audience
        if stored is not None and is_known and stored.body == thing.body:
            return None
        if stored is not None and stored.version == version.number:
            check_state(resource, stored.body, thing.body)
            final = _final(resource, patch.split(stored.body)) if resource.is_final or resource.ends else None
            if final is not None and etag.canonical(stored.body) != etag.canonical(thing.body):
                raise UsageError(f"{kind}/{thing.id}: {final}")
        pushes = tuple(
            push_to(one, kind, thing.owner, [thing.id], push_method(one.operations, not is_known), b"", thing.qualifier)
            for one in listeners
        )
        return Write(
            version=version.number,
            last_updated=thing.last_updated,
            body=thing.body,
            audience=audience,
            pushes=pushes,
        )

    return decide


def steps_to(version: Version, resource: Resource, ids: Sequence[str]) -> list[Step]:
    """The way from an object down to the part that these ids name."""
    return [
        Step(part.field, part.id_field, id, version.facts.ids_fold)
        for part, id in zip(resource.parts, ids, strict=False)
    ]


def push_method(operations: frozenset[Operation], is_new: bool = False) -> str:
    """How a whole object is given to a receiver: PUT, or POST where there is no PUT, or where POST is for new ones."""
    return "POST" if Operation.POST in operations and (is_new or Operation.PUT not in operations) else "PUT"


def _pushes_of_change(
    listeners: Sequence[Listener],
    version: Version,
    kind: str,
    owner: PartyId,
    ids: Sequence[str],
    change: bytes,
    qualifier: str | None,
) -> tuple[Push, ...]:
    """How partners are told of a change that was made in `version`: as it was made, or by what stands there then."""
    pushes: list[Push] = []
    # Those of one version can be asked the same.
    for _, alike in groupby(listeners, lambda one: one.version.number):
        first, *others = alike
        if Operation.PATCH not in first.operations:
            push = push_to(first, kind, owner, ids[:1], push_method(first.operations), b"", qualifier)
        elif first.version is version:
            push = push_to(first, kind, owner, ids, "PATCH", change, qualifier)
        else:
            push = push_to(first, kind, owner, ids, "PUT", b"", qualifier)
        pushes.append(push)
        pushes += [replace(push, partner=one.partner) for one in others]
    return tuple(pushes)


def push_to(
    listener: Listener,
    kind: str,
    owner: PartyId,
    ids: Sequence[str],
    method: str,
    body: bytes,
    qualifier: str | None,
) -> Push:
    """What one partner must hear of an object, or of the part that these ids name, as in a path."""
    return Push(
        partner=listener.partner,
        module=kind,
        version=listener.version.number,
        method=method,
        owner=owner,
        id=ids[0],
        parts=tuple(ids[1:]),
        qualifier=qualifier,
        body=body,
    )
