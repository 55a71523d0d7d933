# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bringing changes to partners: the outbox is emptied, in order per object, until each push is done.

A partner that cannot be reached, or says it is busy, is tried again, later and later. One that refuses an object
is not asked again with the same: that is logged, and its next pull shows it the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import receiver_operations
from wwcp_ocpi.protocol.endpoint import Operation, Resource
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, NotFound, OCPIError, Refused, Unreachable
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.server.connector_tariffs import for_partner
from wwcp_ocpi.server.decisions import TariffChooser
from wwcp_ocpi.store.ports import Delivery, Key, Push, Side, Store

log = structlog.get_logger()

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 3600.0
AT_ONCE = 16
IDLE_S = 5.0


def wait_s(attempts: int) -> float:
    """How long to wait after that many failed attempts: doubling, an hour at the most."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 30))


class Courier:
    """One worker that delivers. Several deliveries run at once, never two of one object to one partner."""

    def __init__(self, store: Store, book: PartnerBook, peer_of: Callable[[Partner], Peer]) -> None:
        self.tariffs: Callable[[], TariffChooser | None] = lambda: None
        """Who chooses the Tariffs of Connectors per partner, as in what the partner reads."""
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
            await self._send(self._peer_of(partner), push)
        except (Unreachable, BadAnswer, NotAuthenticated) as error:
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

    async def _send(self, peer: Peer, push: Push) -> None:
        peer.wire.ours = push.owner
        resource = version_of(push.version).kind(push.module).resource
        query = {resource.qualifier: push.qualifier} if push.qualifier else None
        if push.method == "DELETE":
            await peer.delete(resource.type, *_ids(resource, push), owner=push.owner, query=query)
        elif push.method == "PATCH":
            cls = _type_at(resource, len(push.parts))
            try:
                body = self._personal(push, resource, push.body, is_change=True)
                await peer.patch_bytes(cls, body, push.id, *push.parts, owner=push.owner, query=query)
            except Refused as error:
                if error.http_status != HTTPStatus.NOT_FOUND and error.ocpi_status != StatusCode.UNKNOWN_LOCATION:
                    raise
                # TRN-24: the partner does not have the object; give it the whole.
                await self._whole(peer, push, resource, "PUT", query)
        else:
            await self._whole(peer, push, resource, push.method, query)

    async def _whole(
        self, peer: Peer, push: Push, resource: Resource, method: str, query: Mapping[str, str] | None
    ) -> None:
        """Send the object as it is stored now: a later change needs no second PUT."""
        id = peer.version.key_id(resource, push.id, push.qualifier)
        stored = await self._store.get(Key(Side.OURS, push.module, push.owner, id))
        if stored is None or stored.version != push.version:
            return
        body = self._personal(push, resource, stored.body)
        if method == "POST":
            await peer.post_bytes(resource.type, body)
            return
        try:
            await peer.put_bytes(resource.type, body, *_ids(resource, push), owner=push.owner, query=query)
        except Refused as error:
            has_post = Operation.POST in receiver_operations(peer.version, push.module)
            if error.http_status != HTTPStatus.NOT_FOUND or not has_post:
                raise
            # INV-01: PUT is for what the partner has already; it never got this one.
            await peer.post_bytes(resource.type, body)

    def _personal(self, push: Push, resource: Resource, body: bytes, *, is_change: bool = False) -> bytes:
        """The body as this partner would read it."""
        ids = (push.id, *push.parts) if is_change else ()
        version = version_of(push.version)
        return for_partner(self.tariffs(), push.partner, version, resource, ids, body, is_change=is_change)

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


def _ids(resource: Resource, push: Push) -> tuple[str, ...]:
    """The ids in the path; none where a party alone names the object."""
    return () if resource.is_party else (push.id,)


def _type_at(resource: Resource, depth: int) -> StructType:
    return resource.type if depth == 0 else resource.parts[depth - 1].type
