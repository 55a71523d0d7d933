# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own objects: every change of one is stored together with what the partners must hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import codec, conformance, etag, patch
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Interface, Operation, Resource
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, UsageError
from wwcp_ocpi.protocol.patch import Opened, RawObject, Step
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.server.versions import may_call
from wwcp_ocpi.store.ports import Decide, Delete, Key, Objects, Outcome, Push, Side, Stored, Write


class OwnObject(msgspec.Struct, frozen=True, kw_only=True):
    """One of our objects, as bytes of a version, to be published.

    `qualifier` is what names it together with its id: a Token's type. `concerns` is the party that a private object
    is for: the owner of the driver's Token, for a Session or a CDR. Nobody else sees it. Where the object has a
    CdrToken, that says it.
    """

    owner: PartyId
    id: str
    last_updated: int
    body: bytes
    qualifier: str | None = None
    concerns: PartyId | None = None


class Publisher:
    """Writes our side of the store. What is unchanged is not written, and nobody hears of it."""

    def __init__(self, store: Objects, book: PartnerBook) -> None:
        self._store = store
        self._book = book

    async def publish(
        self, version: Version, kind: str, things: Sequence[OwnObject], *, push: bool = True
    ) -> list[Outcome | Exception]:
        """Create or replace objects, all in one transaction.

        What may not be published stands as a UsageError in its place, and is not stored: an object without a required
        field (LOC-10), or another state of one that is final: a CDR (CDR-01), a completed Session (SES-25).

        Args:
            push: whether partners hear of it now; without, they find it when they pull.
        """
        everybody = self._listeners(version, kind) if push else []
        changes = []
        for thing in things:
            audience = self._audience(version, kind, thing)
            listeners = [one for one in everybody if audience in ("", one)]
            if thing.qualifier in version.kind(kind).resource.pulled_only:
                listeners = []
            key = _key(version, kind, thing.owner, thing.id, thing.qualifier)
            changes.append((key, _put(version, kind, thing, audience, listeners, _unsound(version, kind, thing))))
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
        if not _receives_by(version, kind, Operation.DELETE):
            raise UsageError(f"{kind} of OCPI {version.number} are never deleted")
        pushes = tuple(
            _push(listener, version, kind, owner, [id], "DELETE", b"", qualifier)
            for listener in self._listeners(version, kind)
        )
        return await self._store.change(key, lambda stored: Delete(pushes=pushes) if stored is not None else None)

    async def change(
        self,
        version: Version,
        kind: str,
        owner: PartyId,
        ids: Sequence[str],
        change: Mapping[str, Any],
        *,
        qualifier: str | None = None,
    ) -> Outcome:
        """Change some fields of an object or of a part of it (`ids` as in a path), and tell the partners just that.

        `last_updated` of the part and of all above it follows (LOC-07); it is now unless the change says when. Where
        there is no PATCH of these the partners are given the whole object.

        Raises:
            NotFound: no such object or part.
            UsageError: the object is final.
        """
        resource = version.kind(kind).resource
        steps = [
            Step(part.field, part.id_field, id, version.facts.ids_fold)
            for part, id in zip(resource.parts, ids[1:], strict=False)
        ]
        fields = patch.split(codec.encode({"last_updated": now(), **change}))
        body = patch.join(fields)
        stamp = patch.moment_of(fields)
        assert stamp is not None
        listeners = self._listeners(version, kind) if qualifier not in resource.pulled_only else []
        method = "PATCH" if _receives_by(version, kind, Operation.PATCH) else push_method(version, kind)
        told, pushed = (ids, body) if method == "PATCH" else (ids[:1], b"")

        def decide(stored: Stored | None) -> Write | None:
            if stored is None or stored.version != version.number:
                raise NotFound(f"{kind}/{ids[0]}: we have no such {resource.name} in OCPI {version.number}")
            opened = Opened(patch.split(stored.body), steps)
            part = opened.part
            if part is None:
                raise NotFound(f"{kind}/{'/'.join(ids)}: we have no such part of the {resource.name}")
            if all(part.get(name) == value for name, value in fields.items() if name != "last_updated"):
                return None
            final = _final(resource, opened.whole)
            if final is not None:
                raise UsageError(f"{kind}/{ids[0]}: {final}")
            # As the partners will merge it, so that both sides hold the same.
            changed = opened.with_part(patch.merge(part, fields, () if steps else resource.appended), stamp)
            at = patch.moment_of(changed) or stamp
            return Write(
                version=version.number,
                last_updated=at.micros,
                body=patch.join(changed),
                audience=stored.audience,
                pushes=tuple(
                    _push(one, version, kind, owner, told, method, pushed, qualifier)
                    for one in listeners
                    if stored.audience in ("", one)
                ),
            )

        return await self._store.change(_key(version, kind, owner, ids[0], qualifier), decide)

    def _audience(self, version: Version, kind: str, thing: OwnObject) -> str:
        """The partner that a private object is for: who has its party now, or `?` and the party until somebody has."""
        if not version.kind(kind).resource.is_private:
            return ""
        concerned = thing.concerns or _owner_of_token(thing.body)
        return self._book.holder(concerned) or unclaimed(concerned)

    def _listeners(self, version: Version, kind: str) -> list[str]:
        """The partners that are pushed to: registered, in this version, on the receiving side of the module."""
        return [
            partner.id
            for partner in self._book.all()
            if partner.push and not partner.blocked and _receives(partner, version, kind)
        ]


def _receives(partner: Partner, version: Version, kind: str) -> bool:
    remote = partner.remote
    if remote is None or remote.version != version.number:
        return False
    found = version.kind(kind)
    if not may_call(partner.roles, found.module, Interface.SENDER):
        return False
    needs_role = version.facts.endpoints_have_roles
    return any(
        endpoint.identifier == found.module.identifier and (not needs_role or endpoint.role == Interface.RECEIVER.value)
        for endpoint in remote.endpoints
    ) and _receives_by(version, kind, Operation.PUT, Operation.POST)


def _receives_by(version: Version, kind: str, *operations: Operation) -> bool:
    """Whether receivers of these objects are asked by one of these operations."""
    return any(row.operation in operations for row in version.rows_of(version.kind(kind), Interface.RECEIVER))


def _owner_of_token(body: bytes) -> PartyId | None:
    """The party in a CdrToken, where the version has one: the eMSP of the driver."""
    raw = patch.split(body).get("cdr_token")
    if raw is None:
        return None
    token = patch.split(raw)
    return PartyId.of(patch.text_of(token, "country_code") or "", patch.text_of(token, "party_id") or "")


def unclaimed(party: PartyId | None) -> str:
    """The audience of a private object whose party is no partner's yet; nobody sees it."""
    return f"?{party or ''}"


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
    listeners: Iterable[str],
    unsound: OCPIError | None,
) -> Decide:
    resource = version.kind(kind).resource
    method = push_method(version, kind)
    pushes = tuple(
        _push(listener, version, kind, thing.owner, [thing.id], method, b"", thing.qualifier) for listener in listeners
    )

    def decide(stored: Stored | None) -> Write | None:
        if unsound is not None:
            raise unsound
        if stored is not None and stored.version == version.number:
            if stored.body == thing.body:
                return None
            final = _final(resource, patch.split(stored.body)) if resource.is_final or resource.ends else None
            if final is not None and etag.canonical(stored.body) != etag.canonical(thing.body):
                raise UsageError(f"{kind}/{thing.id}: {final}")
        return Write(
            version=version.number,
            last_updated=thing.last_updated,
            body=thing.body,
            audience=audience,
            pushes=pushes,
        )

    return decide


def push_method(version: Version, kind: str) -> str:
    """How a whole object is given to a receiver: PUT, or POST where it is final (CDRs)."""
    operations = {row.operation for row in version.rows_of(version.kind(kind), Interface.RECEIVER)}
    return "PUT" if Operation.PUT in operations else "POST"


def _push(
    partner: str,
    version: Version,
    kind: str,
    owner: PartyId,
    ids: Sequence[str],
    method: str,
    body: bytes,
    qualifier: str | None = None,
) -> Push:
    return Push(
        partner=partner,
        module=kind,
        version=version.number,
        method=method,
        owner=owner,
        id=ids[0],
        parts=tuple(ids[1:]),
        qualifier=qualifier,
        body=body,
    )
