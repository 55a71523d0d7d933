# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing objects: PUT, PATCH and removal of what a partner owns, at the receiver.

At the sender a partner changes what is ours: the CPO's part of a payment terminal. It sees and changes only what is
for it, adds nothing and removes nothing, and what it does not name stays.

What arrives is kept byte by byte; only what a PATCH names, and `last_updated` of what lies above it, is new.
Everything is decided inside one transaction on the state stored then, so that two changes never lose one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import structlog

from wwcp_ocpi.protocol import codec, conformance, etag, lifecycle, patch
from wwcp_ocpi.protocol.conformance import Finding, Severity
from wwcp_ocpi.protocol.endpoint import Part, Resource
from wwcp_ocpi.protocol.errors import CannotConvert, InvalidParameters, NotAllowed, OlderThanStored, PreconditionFailed
from wwcp_ocpi.protocol.patch import Opened, RawObject
from wwcp_ocpi.protocol.shape import StructType, field_names, fields_of
from wwcp_ocpi.scalars import DateTime, PartyId, now
from wwcp_ocpi.server.bridge import NotLookedUp, View
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.headers import owners
from wwcp_ocpi.server.objects import unknown
from wwcp_ocpi.store.ports import Decision, Delete, Key, Outcome, Side, Stored, Write

log = structlog.get_logger()


async def put_object(call: Call) -> Answer:
    """Create or replace an object, or one part of it. 201 when it is new (STC-04)."""
    if call.endpoint.is_amendment:
        return await patch_object(call)
    body = call.body()
    target = _target(call)
    check(call, target, body)
    fields = patch.split(body)
    _same_ids(call, fields, required=True)
    key = await _existing(call, _owner(call), _qualifier(call, fields))
    is_whole = not call.steps
    moment = patch.moment_of(fields)
    stamp = moment or now()
    written = _write(call, call.version.number, body, stamp)

    def decide(view: View, stored: Stored | None) -> Write:
        if is_whole:
            if is_conditional(call):
                _precondition(call, view.of(stored) if stored else None)
            not_older(call, moment, stored.last_updated if stored else None)
            return written
        stored, opened = _open(call, view, stored)
        part = opened.part
        _precondition(call, part)
        not_older(call, stamp, patch.moment_of(part) if part is not None else None)
        created.append(part is None)
        return _changed(call, view, stored, opened.with_part(fields, stamp), stamp)

    created: list[bool] = []
    outcome = await change_as_seen(call, key, decide)
    _watch(call, outcome)
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
    check_audience(call, change)
    stamp = patch.moment_of(change)
    is_undated = call.endpoint.undated or not call.version.facts.patch_needs_last_updated
    if stamp is None and not is_undated and "last_updated" in field_names(target):
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
    key = await existing_key(call, _qualifier(call, change))

    def decide(view: View, stored: Stored | None) -> Write:
        stored, opened = _open(call, view, stored)
        part = opened.part
        if part is None:
            raise unknown(call)
        _precondition(call, part)
        not_older(call, stamp, patch.moment_of(part))
        at = stamp or now()
        merged = patch.merge(part, change, () if call.steps else call.resource.appended)
        changed = opened.with_part(merged if stamp else patch.stamped(merged, at), at)
        return _changed(call, view, stored, changed, at)

    _watch(call, await change_as_seen(call, key, decide))
    return ok()


async def delete_object(call: Call) -> Answer:
    """Remove an object that its owner has withdrawn; as an extension also a part of one (EVSE, Connector)."""
    stamp = now()
    key = await _existing(call, _owner(call))

    def decide(view: View, stored: Stored | None) -> Write | Delete:
        if stored is None:
            raise unknown(call)
        if not call.steps:
            if is_conditional(call):
                _precondition(call, view.of(stored))
            return Delete()
        stored, opened = _open(call, view, stored)
        if opened.part is None:
            raise unknown(call)
        _precondition(call, opened.part)
        _keep_one(call, opened)
        return _changed(call, view, stored, opened.without_part(stamp), stamp)

    await change_as_seen(call, key, decide)
    return ok()


async def delete_of_party(call: Call) -> Answer:
    """Remove everything that a partner sent for one of its parties. An extension: for starting a sync afresh."""
    await call.changes.delete_of_party(call.side, call.kind, _owner(call))
    return ok()


async def existing_key(call: Call, qualifier: str | None = None) -> Key:
    """The key of the object that the path means. Where it names no owner, it is of the first that has one.

    Raises:
        NotFound: none of those who may own it has it.
    """
    if call.owner is not None:
        return await _existing(call, call.owner, qualifier)
    for owner in owners(call):
        for key in call.keys(owner, qualifier):
            if await call.server.store.get(key) is not None:
                return key
    raise unknown(call)


async def _existing(call: Call, owner: PartyId, qualifier: str | None = None) -> Key:
    """The key under which the object is stored, or would be: it may have come in a version with other rules for ids."""
    first, *others = call.keys(owner, qualifier)
    if others and await call.server.store.get(first) is None:
        for key in others:
            if await call.server.store.get(key) is not None:
                return key
    return first


async def change_as_seen(call: Call, key: Key, decide: Callable[[View, Stored | None], Decision]) -> Outcome:
    """Change an object by a decision on what the caller sees of it.

    The store is read once, in the transaction. What is known beside the object is looked up only when the object turns
    out to be stored in another version; then the decision is made anew.
    """
    view = View(key.module, call.version, key.owner)
    try:
        return await call.changes.change(key, partial(decide, view))
    except NotLookedUp:
        view = await call.server.bridge.view(key.side, key.module, key.owner, call.version, key.id)
        return await call.changes.change(key, partial(decide, view))


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
    where = "/".join(filter(None, (call.kind, *call.ids)))
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


def state_jump(resource: Resource, outcome: Outcome) -> Finding | None:
    """What is wrong with the state that a change led to, if the object has states and the step is none of theirs."""
    states, before, after = resource.lifecycle, outcome.before, outcome.after
    if states is None or before is None or after is None or not outcome.changed:
        return None
    return lifecycle.broken(states, before.body, after.body)


def _watch(call: Call, outcome: Outcome) -> None:
    """Report a step that the object's states do not allow. It is kept: the owner knows what has happened."""
    found = state_jump(call.resource, outcome)
    if found is not None:
        where = "/".join((call.kind, *call.ids))
        log.warning("object.state_jumped", partner=call.caller.partner, object=where, message=found.message)
        call.server.count_findings(call.caller.partner, [found])


def _same_ids(call: Call, fields: RawObject, *, required: bool, id_field: str = "") -> None:
    """The ids in the body equal those in the path (LOC-13, TRN-27).

    Raises:
        InvalidParameters: one differs.
    """
    ids = call.ids
    expected = {} if call.resource.is_party else {id_field or _named(call, len(ids) - 1).id_field: ids[-1]}
    if len(ids) == 1 and call.resource.names_owner:
        expected |= {name: call.params[name] for name in ("country_code", "party_id")}
    folds = call.version.facts.ids_fold
    for name, value in expected.items():
        found = patch.text_of(fields, name)
        if found is None and not required and bytes(fields.get(name, b"null")) == b"null":
            continue
        if found is None or (found != value and not (folds and found.upper() == value.upper())):
            raise InvalidParameters(f"$.{name}: expected {value!r} as in the path, got {found!r}", path=f"$.{name}")


def check_audience(call: Call, fields: RawObject) -> None:
    """Refuse to make an object of ours one for another: a party that it names is a party of the caller.

    Raises:
        NotAllowed
    """
    if not call.resource.party_is_audience or call.side is not Side.OURS:
        return
    for name, known in (
        ("country_code", {party.country_code for party in call.caller.parties}),
        ("party_id", {party.party_id for party in call.caller.parties}),
    ):
        found = patch.text_of(fields, name)
        if found is not None and found.upper() not in known and not call.caller.is_hub:
            raise NotAllowed(f"$.{name}: {found!r} is not that of a party of this partner", path=f"$.{name}")


def _open(call: Call, view: View, stored: Stored | None) -> tuple[Stored, Opened]:
    """The stored object, as the caller sees it open at the part that the path names (None: not there yet).

    Raises:
        NotFound: the object itself, or a part above the last, is not there, or not for the caller or its version.
    """
    if stored is None or stored.audience not in call.audiences:
        raise unknown(call)
    try:
        body = view.of(stored)
    except CannotConvert as reason:
        raise unknown(call) from reason
    return stored, Opened(patch.split(body), call.steps)


def _changed(call: Call, view: View, stored: Stored, fields: RawObject, stamp: DateTime) -> Write:
    """The new state after the caller changed what it sees, in the version in which the object is stored.

    Raises:
        InvalidParameters: what it has made of the object cannot be said in that version.
    """
    try:
        number, body = view.kept(stored, patch.join(fields))
    except CannotConvert as reason:
        raise InvalidParameters(str(reason), path=reason.path) from reason
    return _write(call, number, body, patch.moment_of(fields) or stamp)


def _keep_one(call: Call, opened: Opened) -> None:
    """Refuse to take the last part away where the object above cannot be without: an EVSE has a Connector.

    Raises:
        InvalidParameters
    """
    depth = len(call.steps)
    name = call.resource.parts[depth - 1].field
    above = next(field for field in fields_of(_named(call, depth - 1).type) if field.name == name)
    if above.cardinality.is_required and not opened.siblings:
        raise InvalidParameters(f"$.{name}: expected one to be left, this is the last", path=f"$.{name}")


def not_older(call: Call, new: DateTime | None, old: DateTime | int | None) -> None:
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


def is_conditional(call: Call) -> bool:
    """Whether the caller asks for a certain state."""
    return "if-match" in call.request.headers or "if-none-match" in call.request.headers


def _precondition(call: Call, state: bytes | RawObject | None) -> None:
    """What `If-Match` and `If-None-Match` ask of the stored state.

    Raises:
        PreconditionFailed
    """
    headers = call.request.headers
    if not is_conditional(call):
        return
    body = patch.join(state) if isinstance(state, dict) else state
    tag = etag.etag(body) if body is not None else None
    if "if-match" in headers and not etag.matches(headers["if-match"], tag):
        raise PreconditionFailed(f"if-match: the object is at {tag or 'no state, it does not exist'}")
    if "if-none-match" in headers and etag.matches(headers["if-none-match"], tag):
        raise PreconditionFailed(f"if-none-match: the object is at {tag}")


def _write(call: Call, version: str, body: bytes, at: DateTime) -> Write:
    """The new state: the partner's, or our own, which stays in the list that it is in."""
    source = "" if call.side is Side.OURS else call.caller.partner
    return Write(version=version, last_updated=at.micros, body=body, source=source, audience=call.audiences[0])
