# SPDX-License-Identifier: AGPL-3.0-or-later
"""What partners asked us to do later, from our ACCEPTED to the result that they are told: one each, at their URL.

An accepted order is a document until its result was posted, so that a restart loses none. Whatever happens in
between, the partner hears at most one result while it waits for one. When nobody knows it hears TIMEOUT, or nothing
where its module has no word for that.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.retrying import insist
from wwcp_ocpi.partners.waiting import Clock, Sleep, Waiting, wait, waiting
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.server.asynchronous import (
    MATTERS,
    Ask,
    Order,
    OutcomeT,
    ReplyT,
    check_outcome,
    result_row,
    result_shape,
    word_of,
)
from wwcp_ocpi.server.decisions import CommandOutcome, Outcome
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

KIND = "order"
GRACE_S = 5.0
"""How long after the timeout a result may still be tried to be delivered."""

PeerOf: TypeAlias = Callable[[Partner], Peer]


class Kept(msgspec.Struct, Generic[OutcomeT], frozen=True, kw_only=True):
    """An order that was accepted. `is_told`: only a reservation is kept on then, in case that it is cancelled."""

    order: Order
    deadline: float
    outcome: OutcomeT | None = None
    is_told: bool = False


class OrderDesk:
    """Keeps accepted orders of partners until their results were posted, one each."""

    def __init__(
        self,
        store: Documents,
        book: PartnerBook,
        peer_of: PeerOf,
        *,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """What came of orders, by module and command: accepted, refused; then result_sent, result_lost."""
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._waiting: dict[str, tuple[Order, Waiting]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, order: Order, ask: Ask[OutcomeT, ReplyT]) -> ReplyT:
        """Have an order decided; if it is accepted, it is kept before the partner reads so."""
        self._waiting[order.id] = (order, waiting())
        is_kept = False
        try:
            answer = await ask(partial(self.finish, order.id))
            if answer.result == "ACCEPTED":
                kept: Kept[OutcomeT] = Kept(order=order, deadline=self.clock() + answer.timeout_s)
                await self._write(kept)
                self._watch(kept)
                is_kept = True
            self.counts[order.module, order.command, "accepted" if is_kept else "refused"] += 1
        finally:
            if not is_kept:
                del self._waiting[order.id]
        return answer

    async def finish(self, id: str, outcome: Outcome) -> None:
        """Report what became of an order, by the id it was asked for with. The first report counts.

        Raises:
            UsageError: no result of that order can be made of this outcome. Another report may follow.
        """
        order, place = self._waiting.get(id, (None, None))
        if order is None or place is None or place.done():
            log.warning("order.reported_late", order=id, result=outcome.result)
            return
        check_outcome(order, outcome)
        place.set_result(outcome)

    async def cancel_reservation(self, id: str, outcome: CommandOutcome | None = None) -> None:
        """Tell a partner that a reservation which it holds is no more (CMD-21). `id` is that of its RESERVE_NOW.

        Raises:
            NotFound: no reservation that runs now was asked for under this id.
            UsageError: the version has no word for it.
        """
        outcome = outcome or CommandOutcome(result="CANCELED_RESERVATION")
        claimed: list[Kept[Any]] = []

        def claim(body: bytes | None) -> bytes | None:
            claimed.clear()
            kept = _read(body) if body is not None else None
            if kept is None or not kept.is_told or self._reserved_s(kept) <= 0:
                return body
            version = version_of(kept.order.version)
            shape = result_shape(version, kept.order.module, kept.order.command)
            if word_of(shape, outcome.result, "") != outcome.result:
                raise UsageError(f"OCPI {version.number} cannot tell of {outcome.result}")
            claimed.append(kept)
            return None

        await self._store.change_document(KIND, id, claim)
        if not claimed:
            raise NotFound(f"{id}: no such reservation")
        if id in self._tasks:
            self._tasks[id].cancel()
        await self._tell(claimed[0].order, outcome, self.clock())

    async def resume(self) -> None:
        """Take up what an earlier run left: outcomes may still be reported by id, or the time is over."""
        for id, body in await self._store.documents(KIND):
            kept = _read(body)
            if id not in self._tasks:
                if kept.outcome is None:
                    self._waiting[id] = (kept.order, waiting())
                self._watch(kept)

    async def stop(self) -> None:
        """End all work; what is not done stays for `resume`."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _watch(self, kept: Kept[Any]) -> None:
        id = kept.order.id
        self._tasks[id] = asyncio.get_running_loop().create_task(self._follow(kept))
        self._tasks[id].add_done_callback(lambda _: self._tasks.pop(id, None))

    async def _follow(self, kept: Kept[Any]) -> None:
        """From acceptance to the end of everything that can still be said about an order."""
        id = kept.order.id
        try:
            outcome = kept.outcome
            if outcome is None:
                outcome = await self._outcome(kept)
                if outcome is None:
                    await self._store.change_document(KIND, id, lambda _: None)
                    return
                kept = replace(kept, outcome=outcome)
                await self._write(kept)
            if not kept.is_told:
                await self._tell(kept.order, outcome, kept.deadline)
                kept = replace(kept, is_told=True)
            if outcome.result == "ACCEPTED" and self._reserved_s(kept) > 0:
                await self._write(kept)
                await self.sleep(self._reserved_s(kept))
            await self._store.change_document(KIND, id, lambda _: None)
        except Exception:
            # The edge of a background task. The order is still stored: the next start tries again.
            log.exception("order.failed", **_event(kept.order))
        finally:
            self._waiting.pop(id, None)

    async def _outcome(self, kept: Kept[Any]) -> Outcome | None:
        """What was reported in time, or what the module says when nothing was."""
        _, place = self._waiting[kept.order.id]
        if await wait(place, kept.deadline - self.clock(), self.sleep):
            return place.result()
        place.cancel()
        log.warning("order.timed_out", **_event(kept.order))
        matter = MATTERS[kept.order.module]
        return None if matter.unheard is None else matter.outcome(result=matter.unheard)

    async def _write(self, kept: Kept[Any]) -> None:
        await self._store.change_document(KIND, kept.order.id, lambda _: _encode(kept))

    def _reserved_s(self, kept: Kept[Any]) -> float:
        return (kept.order.reserved_until or 0) / 1e6 - self.clock()

    async def _tell(self, order: Order, outcome: Outcome, deadline: float) -> None:
        """Post a result (CMD-03, CHP-09). A partner that cannot take it now is tried again while it waits for it."""
        body = check_outcome(order, outcome)
        event = {**_event(order), "result": outcome.result}

        def post() -> Awaitable[None]:
            return self._post(order, version_of(order.version), body)

        error = await insist(post, deadline + GRACE_S, self.clock, self.sleep)
        self.counts[order.module, order.command, "result_sent" if error is None else "result_lost"] += 1
        if error is None:
            log.info("order.result_sent", **event)
        else:
            log.warning("order.result_lost", error=str(error), **event)

    async def _post(self, order: Order, version: Version, body: bytes) -> None:
        partner = self._book.get(order.partner)
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        wire = peer.wire
        wire.ours, wire.theirs = order.ours or wire.ours, order.theirs or wire.theirs
        try:
            await Peer(wire, version, peer.endpoints).send(result_row(version, order.module), order.response_url, body)
        except BadAnswer as error:
            # The specification does not say what the answer to a result is: any success will do.
            if not 200 <= error.http_status < 300:
                raise


def _event(order: Order) -> dict[str, str]:
    """What a line of the log says of an order."""
    return {"partner": order.partner, "module": order.module, "command": order.command}


class _Peek(msgspec.Struct, frozen=True):
    """What says how the rest of a document is read."""

    order: Order


def _read(body: bytes) -> Kept[Any]:
    """The order in a document, with the outcome that its module has."""
    return _decoders[_peek(body).order.module].decode(body)


_encode = msgspec.json.encode
_peek = msgspec.json.Decoder(_Peek).decode
_kept: Any = Kept
_decoders: dict[str, msgspec.json.Decoder[Kept[Any]]] = {
    module: msgspec.json.Decoder(_kept[matter.outcome]) for module, matter in MATTERS.items()
}
