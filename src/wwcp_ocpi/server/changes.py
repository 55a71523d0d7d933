# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing objects: PUT, PATCH and removal of what a partner owns, at the receiver.

What arrives is kept byte by byte; only what a PATCH names, and `last_updated` of what lies above it, is new.
Everything is decided inside one transaction on the state stored then, so that two changes never lose one.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog

from wwcp_ocpi.protocol import codec, conformance, etag, patch
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Part, Resource
from wwcp_ocpi.protocol.errors import InvalidParameters, OlderThanStored, PreconditionFailed
from wwcp_ocpi.protocol.patch import Opened, RawObject
from wwcp_ocpi.protocol.shape import StructType, field_names
from wwcp_ocpi.scalars import DateTime, PartyId, now
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.objects import unknown
from wwcp_ocpi.store.ports import Delete, Stored, Write

log = structlog.get_logger()


async def put_object(call: Call) -> Answer:
    """Create or replace an object, or one part of it. 201 when it is new (STC-04)."""
    body = call.body()
    target = _target(call)
    check(call, target, body)
    fields = patch.split(body)
    _same_ids(call, fields, required=True)
    key = call.key(_owner(call), _qualifier(call, fields))
    is_whole = not call.steps
    moment = patch.moment_of(fields)
    stamp = moment or now()
    written = _write(call, body, stamp)

    def decide(stored: Stored | None) -> Write:
        if is_whole:
            _precondition(call, stored.body if stored else None)
            _not_older(call, moment, stored.last_updated if stored else None)
            return written
        opened = _open(call, stored)
        part = opened.part
        _precondition(call, part)
        _not_older(call, stamp, patch.moment_of(part) if part is not None else None)
        changed = opened.with_part(fields, stamp)
        created.append(part is None)
        return _write(call, patch.join(changed), patch.moment_of(changed) or stamp)

    created: list[bool] = []
    outcome = await call.server.store.change(key, decide)
    is_new = created[-1] if created else outcome.created
    return ok(status=HTTPStatus.CREATED if is_new else HTTPStatus.OK)


async def patch_object(call: Call) -> Answer:
    """Change the named fields of an object or part, and nothing else (LOC-17)."""
    body = call.body()
    target = _target(call)
    check(call, target, body, partial=True)
    change = patch.split(body)
    if not change:
        raise InvalidParameters("$: expected at least one field to change", path="$")
    _same_ids(call, change, required=False)
    stamp = patch.moment_of(change)
    if stamp is None and call.version.facts.patch_needs_last_updated and "last_updated" in field_names(target):
        raise InvalidParameters("$.last_updated: required in every PATCH, but missing", path="$.last_updated")
    return await _change(call, change, stamp)


async def post_status(call: Call) -> Answer:
    """Set the status of an EVSE, as of `timestamp` or now: an extension that does what a PATCH of that field does."""
    body = call.body()
    shape = call.endpoint.object
    assert shape is not None, "a status has a body"
    check(call, shape, body)
    fields = patch.split(body)
    _same_ids(call, fields, id_field="id", required=False)
    change = {"status": fields["status"]}
    stamp = patch.moment_of(fields, "timestamp")
    if stamp is not None:
        change["last_updated"] = fields["timestamp"]
    return await _change(call, change, stamp)


async def _change(call: Call, change: RawObject, stamp: DateTime | None) -> Answer:
    """Put these fields in the place of those that the object or part at the end of the path has."""

    def decide(stored: Stored | None) -> Write:
        opened = _open(call, stored)
        part = opened.part
        if part is None:
            raise unknown(call)
        _precondition(call, part)
        _not_older(call, stamp, patch.moment_of(part))
        at = stamp or now()
        merged = patch.merge(part, change, () if call.steps else call.resource.appended)
        changed = opened.with_part(merged if stamp else patch.stamped(merged, at), at)
        return _write(call, patch.join(changed), patch.moment_of(changed) or at)

    await call.server.store.change(call.key(_owner(call), _qualifier(call, change)), decide)
    return ok()


async def delete_object(call: Call) -> Answer:
    """Remove an object that its owner has withdrawn."""

    def decide(stored: Stored | None) -> Delete:
        if stored is None or stored.version != call.version.number:
            raise unknown(call)
        _precondition(call, stored.body)
        return Delete()

    await call.server.store.change(call.key(_owner(call)), decide)
    return ok()


async def delete_of_party(call: Call) -> Answer:
    """Remove everything that a partner sent for one of its parties. An extension: for starting a sync afresh."""
    await call.server.store.delete_of_party(call.side, call.kind, _owner(call))
    return ok()


def _owner(call: Call) -> PartyId:
    owner = call.owner
    assert owner is not None, "rows that write name the owner in the path"
    return owner


def _qualifier(call: Call, fields: RawObject) -> str | None:
    """What qualifies the object in a body; a query that says otherwise is refused.

    Raises:
        InvalidParameters
    """
    name = call.resource.qualifier
    found = patch.text_of(fields, name) if name else None
    if found is not None and call.qualifier is not None and found != call.qualifier:
        raise InvalidParameters(
            f"$.{name}: expected {call.qualifier!r} as in the query, got {found!r}", path=f"$.{name}"
        )
    return found


def _target(call: Call) -> StructType:
    """The type at the end of the path: the object, or one of its parts."""
    return _named(call, len(call.ids) - 1).type


def _named(call: Call, depth: int) -> Resource | Part:
    """What stands that many steps below the object, or the object itself."""
    return call.resource.parts[depth - 1] if depth else call.resource


def check(call: Call, target: StructType, body: bytes, *, partial: bool = False) -> None:
    """Refuse what is no such object; report what is one, but not as specified."""
    if codec.conforms(target, body, partial=partial):
        return
    findings = conformance.check(target, body, partial=partial)
    where = "/".join((call.kind, *call.ids))
    conformance.refuse_errors(findings, where)
    findings = [found for found in findings if found.severity is Severity.WARNING]
    if findings:
        log.warning(
            "object.not_as_specified",
            partner=call.caller.partner,
            object=where,
            findings=len(findings),
            first=f"{findings[0].path}: {findings[0].message}",
        )
        call.server.count_findings(call.caller.partner, findings)


def _same_ids(call: Call, fields: RawObject, *, required: bool, id_field: str = "") -> None:
    """The ids in the body equal those in the path (LOC-13, TRN-27).

    Raises:
        InvalidParameters: one differs.
    """
    ids = call.ids
    expected = {id_field or _named(call, len(ids) - 1).id_field: ids[-1]}
    if len(ids) == 1 and call.resource.names_owner:
        expected |= {name: call.params[name] for name in ("country_code", "party_id")}
    folds = call.version.facts.ids_fold
    for name, value in expected.items():
        found = patch.text_of(fields, name)
        if found is None and not required and bytes(fields.get(name, b"null")) == b"null":
            continue
        if found is None or (found != value and not (folds and found.upper() == value.upper())):
            raise InvalidParameters(f"$.{name}: expected {value!r} as in the path, got {found!r}", path=f"$.{name}")


def _open(call: Call, stored: Stored | None) -> Opened:
    """The stored object, open at the part that the path names (None: not there yet).

    Raises:
        NotFound: the object itself, or a part above the last, is not there.
    """
    if stored is None or stored.version != call.version.number:
        raise unknown(call)
    return Opened(patch.split(stored.body), call.steps)


def _not_older(call: Call, new: DateTime | None, old: DateTime | int | None) -> None:
    """Refuse what was superseded before it arrived, unless this partner may send it.

    Raises:
        OlderThanStored
    """
    if new is None or old is None or call.caller.accepts_older:
        return
    micros = old if isinstance(old, int) else old.micros
    if new.micros // 1000 < micros // 1000:
        raise OlderThanStored(
            f"$.last_updated: {new} is older than the stored {DateTime.from_micros(micros)}; nothing was changed",
            path="$.last_updated",
        )


def _precondition(call: Call, state: bytes | RawObject | None) -> None:
    """What `If-Match` and `If-None-Match` ask of the stored state.

    Raises:
        PreconditionFailed
    """
    headers = call.request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return
    body = patch.join(state) if isinstance(state, dict) else state
    tag = etag.etag(body) if body is not None else None
    if "if-match" in headers and not etag.matches(headers["if-match"], tag):
        raise PreconditionFailed(f"if-match: the object is at {tag or 'no state, it does not exist'}")
    if "if-none-match" in headers and etag.matches(headers["if-none-match"], tag):
        raise PreconditionFailed(f"if-none-match: the object is at {tag}")


def _write(call: Call, body: bytes, at: DateTime) -> Write:
    return Write(version=call.version.number, last_updated=at.micros, body=body, source=call.caller.partner)
