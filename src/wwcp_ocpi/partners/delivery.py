# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bringing changes to partners: the outbox is emptied, in order per object, until each push is done.

A partner that cannot be reached, or says it is busy, is tried again, later and later. One that refuses an object
is not asked again with the same: that is logged, and its next pull shows it the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import steps_to
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation, Resource
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, NotFound, OCPIError, Refused, Unreachable
from wwcp_ocpi.protocol.modifiers import ModifierFailed
from wwcp_ocpi.protocol.patch import Opened
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.store.ports import Delivery, Key, Push, Side, Store, Stored

log = structlog.get_logger()

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 3600.0
AT_ONCE = 16
IDLE_S = 5.0
_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""The partner has no such object, or no such operation on it: the whole object by PUT it must know."""


def wait_s(attempts: int) -> float:
    """How long to wait after that many failed attempts: doubling, an hour at the most."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 30))


class Courier:
    """One worker that delivers. Several deliveries run at once, never two of one object to one partner."""

    def __init__(self, store: Store, book: PartnerBook, peer_of: Callable[[Partner], Peer]) -> None:
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self.delivered = 0
        self.refused = 0

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                if await self.round() == 0:
                    await self._store.wait_for_work(IDLE_S)
            except asyncio.CancelledError:
                raise
            except Exception:
                # The edge of a background task: whatever it is must not end delivery for good.
                log.exception("delivery.failed")
                await asyncio.sleep(IDLE_S)

    async def round(self) -> int:
        """Try everything that is due once; says how many were tried."""
        due = await self._store.due(AT_ONCE * 4)
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(delivery: Delivery) -> int | None:
            async with limit:
                return await self._deliver(delivery)

        done = [number for number in await asyncio.gather(*map(one, due)) if number is not None]
        if done:
            await self._store.done(done)
        return len(due)

    async def _deliver(self, delivery: Delivery) -> int | None:
        """Try one push. Returns its number when it is done for good, None when it waits for another try."""
        push = delivery.push
        try:
            partner = self._book.get(push.partner)
        except NotFound:
            return delivery.number
        if partner.blocked or partner.remote is None or partner.remote.version != push.version:
            self._log_refused(push, "the partner left, or speaks another version now")
            return delivery.number
        try:
            await self._send(self._peer_of(partner), partner, push)
        except (Unreachable, BadAnswer, NotAuthenticated, ModifierFailed) as error:
            await self._later(delivery, error)
            return None
        except Refused as error:
            if error.http_status >= 500 or error.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                await self._later(delivery, error)
                return None
            self._log_refused(push, str(error))
            return delivery.number
        except OCPIError as error:
            self._log_refused(push, str(error))
            return delivery.number
        self.delivered += 1
        log.info("push.delivered", partner=push.partner, method=push.method, module=push.module, id=push.id)
        return delivery.number

    async def _send(self, peer: Peer, partner: Partner, push: Push) -> None:
        peer.wire.ours = push.owner
        resource = peer.version.kind(push.module).resource
        query = {resource.qualifier: push.qualifier} if push.qualifier else None
        if push.method == "DELETE":
            await peer.delete(resource.type, push.id, owner=push.owner, query=query)
        elif push.method == "PATCH":
            try:
                await self._change(peer, partner, push, resource, query)
            except Refused as error:
                if error.http_status not in _NOT_THERE and error.ocpi_status != StatusCode.UNKNOWN_LOCATION:
                    raise
                # TRN-24: the partner does not have the object; give it the whole.
                await self._whole(peer, push, resource, "PUT", query)
        else:
            await self._whole(peer, push, resource, push.method, query)

    async def _change(
        self, peer: Peer, partner: Partner, push: Push, resource: Resource, query: Mapping[str, str] | None
    ) -> None:
        """Tell of changed fields in the way that this partner understands."""
        rows = peer.version.rows_of(peer.version.kind(push.module), Interface.RECEIVER)
        cls = _type_at(resource, len(push.parts))
        status = _status_row(rows, push) if partner.status_post else None
        if status is not None:
            await peer.call(status, *push.owner, push.id, *push.parts, body=_status_body(push))
        elif partner.patch_as_put or not any(row.operation is Operation.PATCH for row in rows):
            await self._part(peer, push, resource, cls, query)
        else:
            await peer.patch_bytes(cls, push.body, push.id, *push.parts, owner=push.owner, query=query)

    async def _part(
        self, peer: Peer, push: Push, resource: Resource, cls: StructType, query: Mapping[str, str] | None
    ) -> None:
        """Send the object or part in which something changed, as it is stored now."""
        stored = await self._stored(peer, push, resource)
        if stored is None:
            return
        part = Opened(patch.split(stored.body), steps_to(peer.version, resource, push.parts)).part
        if part is not None:
            body = patch.join(part) if push.parts else stored.body
            await peer.put_bytes(cls, body, push.id, *push.parts, owner=push.owner, query=query)

    async def _whole(
        self, peer: Peer, push: Push, resource: Resource, method: str, query: Mapping[str, str] | None
    ) -> None:
        """Send the object as it is stored now: a later change needs no second PUT."""
        stored = await self._stored(peer, push, resource)
        if stored is None:
            return
        if method == "POST":
            await peer.post_bytes(resource.type, stored.body)
        else:
            await peer.put_bytes(resource.type, stored.body, push.id, owner=push.owner, query=query)

    async def _stored(self, peer: Peer, push: Push, resource: Resource) -> Stored | None:
        id = peer.version.key_id(resource, push.id, push.qualifier)
        stored = await self._store.get(Key(Side.OURS, push.module, push.owner, id))
        return stored if stored is not None and stored.version == push.version else None

    async def _later(self, delivery: Delivery, error: OCPIError) -> None:
        wait = wait_s(delivery.attempts)
        log.warning(
            "push.postponed",
            partner=delivery.push.partner,
            id=delivery.push.id,
            attempts=delivery.attempts + 1,
            wait_s=wait,
            error=str(error),
        )
        await self._store.retry(delivery.number, wait, str(error))

    def _log_refused(self, push: Push, reason: str) -> None:
        self.refused += 1
        log.error("push.refused", partner=push.partner, method=push.method, id=push.id, reason=reason)


def _status_row(rows: Sequence[Endpoint], push: Push) -> Endpoint | None:
    """The row by which this change can be told as a status, if that is all it is."""
    fields = patch.split(push.body).keys()
    if "status" not in fields or not fields <= {"status", "last_updated"}:
        return None
    depth = len((*push.owner, push.id, *push.parts))
    return next((row for row in rows if row.operation is Operation.POST_STATUS and len(row.params) == depth), None)


def _status_body(push: Push) -> bytes:
    fields = patch.split(push.body)
    id = msgspec.Raw(msgspec.json.encode(push.parts[-1]))
    since = {"timestamp": fields["last_updated"]} if "last_updated" in fields else {}
    return patch.join({"id": id, "status": fields["status"], **since})


def _type_at(resource: Resource, depth: int) -> StructType:
    return resource.type if depth == 0 else resource.parts[depth - 1].type
