# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fetching what a partner owns, page by page, into our store. Spec: transport_and_format (pull), mod_locations."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import msgspec
import structlog

from wwcp_ocpi.client.pages import BadObject, Received
from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Resource
from wwcp_ocpi.protocol.version import Kind, Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.caller import party_as
from wwcp_ocpi.server.changes import state_jump
from wwcp_ocpi.server.headers import named_by_hub
from wwcp_ocpi.store.ports import Changes, Decide, Delete, Key, Objects, PageRequest, Side, Stored, Write

log = structlog.get_logger()

CHUNK = 200
BEGINNING = DateTime.from_micros(0)


class Pulled(msgspec.Struct, kw_only=True):
    """What came of a pull. `foreign` are objects of parties that are not the partner's (TRN-28)."""

    pages: int = 0
    received: int = 0
    stored: int = 0
    unchanged: int = 0
    rejected: int = 0
    foreign: int = 0
    removed: int = 0


async def pull(
    peer: Peer,
    partner: Partner,
    kind: str,
    store: Objects,
    *,
    date_from: DateTime | None = None,
    limit: int | None = None,
    on_bad: Callable[[BadObject], None] | None = None,
    ours: Container[PartyId] = (),
    changes: Changes | None = None,
) -> Pulled:
    """Read a partner's list to the end and keep it.

    Without `date_from` the list is the whole truth: what the partner does not list any more is removed (LOC-09),
    unless an object was rejected or fewer came than the partner counted, for then nobody can say which ones are gone.

    Args:
        ours: our own parties; what a hub has of them came from us, and counts as foreign.
        changes: where it is written, if not into the store as it is: by a hub with what others hear of it.

    Raises:
        PartnerError: the list could not be read to the end; what had come until then is kept.
    """
    changes = changes or store
    if partner.hub is not None:
        peer.wire.theirs = partner.hub  # TRN-48
    version = peer.version
    resource = version.kind(kind).resource
    if date_from is None and any(parameter.required for parameter in peer.list_row(resource.type).query):
        asked_from: DateTime | None = BEGINNING  # SES-05: sessions want to know since when
    else:
        asked_from = date_from
    pages = peer.pages(resource.type, date_from=asked_from, limit=limit, on_bad=on_bad)
    result = Pulled()
    seen: set[Key] = set()
    chunk: list[tuple[Key, Decide]] = []
    async for received in pages.received():
        result.received += 1
        owner = _owner(version.kind(kind), received, partner)
        if owner is None or (owner in ours and not resource.is_party):
            result.foreign += 1
            continue
        key = _key(version, kind, owner, resource, received)
        seen.add(key)
        chunk.append((key, _keep(version, received, partner)))
        if len(chunk) >= CHUNK:
            await _store(changes, chunk, result, resource, partner)
            chunk = []
    await _store(changes, chunk, result, resource, partner)
    result.pages, result.rejected = pages.pages, pages.rejected
    if date_from is None and not pages.rejected and not pages.missing:
        result.removed = await _remove_unlisted(store, changes, kind, resource, partner, seen)
    log.info("partner.pulled", partner=partner.id, kind=kind, **msgspec.structs.asdict(result))
    return result


def _owner(kind: Kind, received: Received[Any], partner: Partner) -> PartyId | None:
    """Whose object it is; None when that is no party of the partner."""
    if not kind.resource.names_owner:
        named = named_by_hub(patch.split(received.body), is_hub=partner.hub is not None)
        return named or party_as(kind.module.senders, partner.played)
    owner = PartyId.of(received.value.country_code, received.value.party_id)
    return owner if owner in partner.party_ids or partner.hub is not None else None


def _key(version: Version, kind: str, owner: PartyId, resource: Resource, received: Received[Any]) -> Key:
    value = received.value
    qualifier = str(getattr(value, resource.qualifier)) if resource.qualifier else None
    id = "" if resource.is_party else getattr(value, resource.id_field)
    return Key(Side.THEIRS, kind, owner, version.key_id(resource, id, qualifier))


def _keep(version: Version, received: Received[Any], partner: Partner) -> Decide:
    moment: DateTime | None = getattr(received.value, "last_updated", None)
    at = moment.micros if moment else 0

    def decide(stored: Stored | None) -> Write | None:
        if stored is not None and (stored.body == received.body or stored.last_updated > at):
            # A push may have brought something newer while the list was on its way.
            return None
        return Write(version=version.number, last_updated=at, body=received.body, source=partner.id)

    return decide


async def _store(
    store: Changes, chunk: list[tuple[Key, Decide]], result: Pulled, resource: Resource, partner: Partner
) -> None:
    for (key, _), outcome in zip(chunk, await store.change_all(chunk) if chunk else (), strict=True):
        if isinstance(outcome, Exception):
            raise outcome
        jump = state_jump(resource, outcome)
        if jump is not None:
            where = f"{key.module}/{key.id}"
            log.warning("object.state_jumped", partner=partner.id, object=where, message=jump.message)
        if outcome.changed:
            result.stored += 1
        else:
            result.unchanged += 1


async def _remove_unlisted(
    store: Objects, changes: Changes, kind: str, resource: Resource, partner: Partner, seen: set[Key]
) -> int:
    gone: list[tuple[Key, Decide]] = []
    # A hub sends objects of others: which of all are its own, `_forget` sees.
    owners: list[PartyId | None] = [None] if partner.hub is not None else [*sorted(partner.party_ids)]
    for owner in owners:
        after: str | None = None
        while True:
            page = await store.page(
                PageRequest(
                    side=Side.THEIRS,
                    module=kind,
                    owner=owner,
                    after=after,
                    limit=CHUNK,
                )
            )
            for body, number, whose in zip(page.bodies, page.versions, page.owners, strict=True):
                fields = patch.split(body)
                id = patch.text_of(fields, resource.id_field) or ""
                qualifier = patch.text_of(fields, resource.qualifier) if resource.qualifier else None
                key_id = version_of(number).key_id(resource, id, qualifier)
                key = Key(Side.THEIRS, kind, whose, key_id)
                if key not in seen:
                    gone.append((key, _forget(partner)))
            after = page.next
            if after is None:
                break
    return sum(
        1 for outcome in await changes.change_all(gone) if not isinstance(outcome, Exception) and outcome.changed
    )


def _forget(partner: Partner) -> Decide:
    return lambda stored: Delete() if stored is not None and stored.source == partner.id else None
