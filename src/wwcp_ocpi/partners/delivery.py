# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bringing changes to partners: the outbox is emptied, in order per object, until each push is done.

A partner that cannot be reached, or says it is busy, is tried again, later and later: with one call, whatever waits
for it. One that refuses an object is not asked again with the same: that is logged, and its next pull shows it the
truth.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.backoff import BackOff, wait_s
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import receiver_operations, steps_to
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation, Resource
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, NotFound, OCPIError, Refused, Unreachable
from wwcp_ocpi.protocol.modifiers import ModifierFailed
from wwcp_ocpi.protocol.patch import Opened
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.connector_tariffs import for_partner
from wwcp_ocpi.server.decisions import TariffChooser
from wwcp_ocpi.store.ports import Delivery, Key, Push, Side, Store

log = structlog.get_logger()

_T = TypeVar("_T")
AT_ONCE = 16
"""Calls to one partner that are under way together."""
IDLE_S = 5.0
PATIENCE_S = 2.0
"""How long a round waits for a partner before it goes on to the others."""
LONGEST_CALL_S = 300.0
"""After this a delivery that is under way counts as lost, and is tried again."""
_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""The partner has no such object, or no such operation on it: the whole object by PUT it must know."""


class Failed(msgspec.Struct, frozen=True):
    """A push was tried in vain, and may be tried again after so many seconds."""

    wait_s: float
    error: str


class Tried(Enum):
    """What became of a push that was due and has not failed."""

    DONE = "done"
    """Delivered, or it never will be."""
    HELD = "held"
    """It was not tried: its partner is left alone for now."""


class Courier:
    """One worker that delivers. Several deliveries run at once, never two of one object to one partner.

    A partner that is away, or slow, is left alone for a while, and holds up no other.
    """

    def __init__(self, store: Store, book: PartnerBook, peer_of: Callable[[Partner], Peer], bridge: Bridge) -> None:
        self.tariffs: Callable[[], TariffChooser | None] = lambda: None
        """Who chooses the Tariffs of Connectors per partner, as in what the partner reads."""
        self.broadcaster: PartyId | None = None
        """The hub that we are, if we pass on what others own."""
        self.backoff = BackOff()
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._bridge = bridge
        self._tasks: set[asyncio.Task[Any]] = set()
        self._slow: set[int] = set()
        self.counts: Counter[tuple[str, str]] = Counter()
        """What became of the pushes to each partner: delivered, postponed (each time), refused."""

    @property
    def delivered(self) -> int:
        """How many pushes arrived."""
        return sum(count for (_, outcome), count in self.counts.items() if outcome == "delivered")

    @property
    def refused(self) -> int:
        """How many pushes will never arrive."""
        return sum(count for (_, outcome), count in self.counts.items() if outcome == "refused")

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
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
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._slow:
                await self._store.postpone(sorted(self._slow), 0)

    async def round(self) -> int:
        """Look at everything that is due once; says how many that were. What takes long goes on behind our back."""
        due = await self._store.due(AT_ONCE * 4)
        lanes: dict[str, asyncio.Semaphore] = {}
        tasks: dict[asyncio.Task[Tried | Failed], Delivery] = {}
        for delivery in due:
            partner = delivery.push.partner
            width = 1 if self.backoff.is_doubtful(partner) else AT_ONCE
            lane = lanes.setdefault(partner, asyncio.Semaphore(width))
            tasks[self._task(self._try(delivery, lane))] = delivery
        if not tasks:
            return 0
        finished, slow = await asyncio.wait(tasks, timeout=PATIENCE_S)
        if slow:
            # Not due meanwhile, but due again if this process ends before the answer comes.
            for task in slow:
                self._slow.add(tasks[task].number)
                self.backoff.begin_waiting(tasks[task].push.partner)
            await self._store.postpone([tasks[task].number for task in slow], LONGEST_CALL_S)
            for task in slow:
                self._task(self._see_off(task, tasks[task]))
        await self._settle({task: tasks[task] for task in finished})
        return len(due)

    async def _see_off(self, task: asyncio.Task[Tried | Failed], delivery: Delivery) -> None:
        """Wait for a delivery that takes long."""
        await asyncio.wait([task])
        self.backoff.end_waiting(delivery.push.partner)
        try:
            await self._settle({task: delivery})
            self._slow.discard(delivery.number)
        except Exception:
            # The edge of a background task: the push is still stored, and due again.
            log.exception("delivery.failed")

    async def _settle(self, tried: Mapping[asyncio.Task[Tried | Failed], Delivery]) -> None:
        """Write down what became of these.

        Raises:
            Exception: what any of them raised.
        """
        errors = [error for task in tried if (error := task.exception()) is not None]
        results = [(task.result(), delivery) for task, delivery in tried.items() if task.exception() is None]
        done = [delivery.number for result, delivery in results if result is Tried.DONE]
        if done:
            await self._store.done(done)
        failed = [(result, delivery) for result, delivery in results if isinstance(result, Failed)]
        await asyncio.gather(*(self._store.retry(one.number, why.wait_s, why.error) for why, one in failed))
        held: dict[str, list[int]] = {}
        for result, delivery in results:
            if result is Tried.HELD:
                held.setdefault(delivery.push.partner, []).append(delivery.number)
        for partner, numbers in held.items():
            await self._store.postpone(numbers, self.backoff.pause_s(partner))
        if errors:
            raise errors[0]

    def _task(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _try(self, delivery: Delivery, lane: asyncio.Semaphore) -> Tried | Failed:
        async with lane:
            if self.backoff.pause_s(delivery.push.partner) > 0:
                return Tried.HELD
            return await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> Tried | Failed:
        push = delivery.push
        try:
            partner = self._book.get(push.partner)
        except NotFound:
            return Tried.DONE
        if partner.blocked or partner.remote is None or partner.remote.version != push.version:
            self._log_refused(push, "the partner left, or speaks another version now")
            return Tried.DONE
        try:
            await self._send(self._peer_of(partner), partner, push)
        except (Unreachable, BadAnswer, NotAuthenticated, ModifierFailed) as error:
            return self._later(delivery, error)
        except Refused as error:
            if error.http_status >= 500 or error.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                return self._later(delivery, error)
            self.backoff.answered(push.partner)
            self._log_refused(push, str(error))
            return Tried.DONE
        except OCPIError as error:
            self._log_refused(push, str(error))
            return Tried.DONE
        self.backoff.answered(push.partner)
        self.counts[push.partner, "delivered"] += 1
        log.info("push.delivered", partner=push.partner, method=push.method, module=push.module, id=push.id)
        return Tried.DONE

    async def _send(self, peer: Peer, partner: Partner, push: Push) -> None:
        resource = peer.version.kind(push.module).resource
        # TRN-39: what is for everybody comes from the hub, what is for one party from its owner (TRN-38).
        is_broadcast = not resource.is_private
        peer.wire.ours = self.broadcaster if self.broadcaster and is_broadcast else push.owner
        if partner.hub is not None:
            peer.wire.theirs = partner.hub if is_broadcast else None  # TRN-45: the hub knows whom it concerns
        query = {resource.qualifier: push.qualifier} if push.qualifier and resource.qualifier else None
        if push.method == "DELETE":
            await peer.delete(resource.type, *_ids(resource, push), owner=push.owner, query=query)
        elif push.method == "PATCH" or push.parts:
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
        elif push.method == "PUT" or partner.patch_as_put or not any(row.operation is Operation.PATCH for row in rows):
            await self._part(peer, push, resource, cls, query)
        else:
            body = self._personal(push, resource, push.body, is_change=True)
            await peer.patch_bytes(cls, body, push.id, *push.parts, owner=push.owner, query=query)

    async def _part(
        self, peer: Peer, push: Push, resource: Resource, cls: StructType, query: Mapping[str, str] | None
    ) -> None:
        """Send the object or part in which something changed, as it is stored now."""
        whole = await self._stored(peer, push, resource)
        if whole is None:
            return
        part = Opened(patch.split(whole), steps_to(peer.version, resource, push.parts)).part
        if part is not None:
            body = patch.join(part) if push.parts else whole
            body = self._personal(push, resource, body, is_change=bool(push.parts))
            await peer.put_bytes(cls, body, push.id, *push.parts, owner=push.owner, query=query)

    async def _whole(
        self, peer: Peer, push: Push, resource: Resource, method: str, query: Mapping[str, str] | None
    ) -> None:
        """Send the object as it is stored now: a later change needs no second PUT."""
        whole = await self._stored(peer, push, resource)
        if whole is None:
            return
        body = self._personal(push, resource, whole)
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

    async def _stored(self, peer: Peer, push: Push, resource: Resource) -> bytes | None:
        """The object as it is now, in the partner's version; None: it is there no more.

        Raises:
            CannotConvert: that version cannot be told it.
        """
        for id in peer.version.key_ids(resource, push.id, push.qualifier):
            stored = await self._store.get(Key(Side.OURS, push.module, push.owner, id))
            if stored is not None:
                return await self._bridge.body(Side.OURS, push.module, push.owner, stored, peer.version)
        return None

    def _later(self, delivery: Delivery, error: OCPIError) -> Failed:
        if not isinstance(error, ModifierFailed):
            self.backoff.failed(delivery.push.partner)
        self.counts[delivery.push.partner, "postponed"] += 1
        wait = max(wait_s(delivery.attempts), self.backoff.pause_s(delivery.push.partner))
        log.warning(
            "push.postponed",
            partner=delivery.push.partner,
            id=delivery.push.id,
            attempts=delivery.attempts + 1,
            wait_s=wait,
            error=str(error),
        )
        return Failed(wait, str(error))

    def _log_refused(self, push: Push, reason: str) -> None:
        self.counts[push.partner, "refused"] += 1
        log.error("push.refused", partner=push.partner, method=push.method, id=push.id, reason=reason)


def _ids(resource: Resource, push: Push) -> tuple[str, ...]:
    """The ids in the path; none where a party alone names the object."""
    return () if resource.is_party else (push.id,)


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
