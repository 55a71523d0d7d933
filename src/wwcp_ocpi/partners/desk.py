# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that partners gave us, from our ACCEPTED to the result that they are told: one each, at their URL.

An accepted command is a document until its result was posted, so that a restart loses none. Whatever happens in
between, the partner hears at most one result while it waits for one, and TIMEOUT when nobody knows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.client.wire import Wire
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.waiting import Clock, Sleep, Waiting, wait, waiting
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, OCPIError, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import AUTHORIZATION, Request, Response, Transport
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.server.commands import Ask, Order, result_body, result_row, result_shape, word_of
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

KIND = "order"
ATTEMPTS = 4
FIRST_WAIT_S = 1.0
GRACE_S = 5.0
"""How long after the timeout a result may still be tried to be delivered."""

PeerOf: TypeAlias = Callable[[Partner], Peer]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was accepted. `is_told`: only a reservation is kept on then, in case that it is cancelled."""

    order: Order
    deadline: float
    outcome: CommandOutcome | None = None
    is_told: bool = False


class CommandDesk:
    """Keeps accepted commands of partners until their results were posted, one each."""

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
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._waiting: dict[str, Waiting] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, order: Order, ask: Ask) -> CommandAnswer:
        """Have a command decided; if it is accepted, it is kept before the partner reads so."""
        self._waiting[order.id] = waiting()
        is_kept = False
        try:
            answer = await ask(partial(self.finish, order.id))
            if answer.result == "ACCEPTED":
                kept = Kept(order=order, deadline=self.clock() + answer.timeout_s)
                await self._write(kept)
                self._watch(kept)
                is_kept = True
        finally:
            if not is_kept:
                del self._waiting[order.id]
        return answer

    async def finish(self, id: str, outcome: CommandOutcome) -> None:
        """Report what became of a command, by the id it was asked for with. The first report counts."""
        place = self._waiting.get(id)
        if place is None or place.done():
            log.warning("command.reported_late", command=id, result=outcome.result)
            return
        place.set_result(outcome)

    async def cancel_reservation(self, id: str, outcome: CommandOutcome | None = None) -> None:
        """Tell a partner that a reservation which it holds is no more (CMD-21). `id` is that of its RESERVE_NOW.

        Raises:
            NotFound: no reservation that runs now was asked for under this id.
            UsageError: the version has no word for it.
        """
        outcome = outcome or CommandOutcome(result="CANCELED_RESERVATION")
        claimed: list[Kept] = []

        def claim(body: bytes | None) -> bytes | None:
            claimed.clear()
            kept = _read(body) if body is not None else None
            if kept is None or not kept.is_told or self._reserved_s(kept) <= 0:
                return body
            version = version_of(kept.order.version)
            if word_of(result_shape(version), outcome.result, "") != outcome.result:
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
                    self._waiting[id] = waiting()
                self._watch(kept)

    async def stop(self) -> None:
        """End all work; what is not done stays for `resume`."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _watch(self, kept: Kept) -> None:
        id = kept.order.id
        self._tasks[id] = asyncio.get_running_loop().create_task(self._follow(kept))
        self._tasks[id].add_done_callback(lambda _: self._tasks.pop(id, None))

    async def _follow(self, kept: Kept) -> None:
        """From acceptance to the end of everything that can still be said about a command."""
        id = kept.order.id
        try:
            outcome = kept.outcome
            if outcome is None:
                outcome = await self._outcome(kept)
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
            log.exception("command.failed", partner=kept.order.partner, command=kept.order.command)
        finally:
            self._waiting.pop(id, None)

    async def _outcome(self, kept: Kept) -> CommandOutcome:
        place = self._waiting[kept.order.id]
        if not await wait(place, kept.deadline - self.clock(), self.sleep):
            place.set_result(CommandOutcome(result="TIMEOUT"))
            log.warning("command.timed_out", partner=kept.order.partner, command=kept.order.command)
        return place.result()

    async def _write(self, kept: Kept) -> None:
        await self._store.change_document(KIND, kept.order.id, lambda _: _encode(kept))

    def _reserved_s(self, kept: Kept) -> float:
        return (kept.order.reserved_until or 0) / 1e6 - self.clock()

    async def _tell(self, order: Order, outcome: CommandOutcome, deadline: float) -> None:
        """Post a result (CMD-03). A partner that cannot take it now is tried again while it waits for it."""
        version = version_of(order.version)
        body = result_body(result_shape(version), outcome.result, outcome.message, version.facts.failed_command)
        event = {"partner": order.partner, "command": order.command, "result": outcome.result}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._post(order, version, body)
                log.info("command.result_sent", **event)
                return
            except OCPIError as error:
                wait_s = FIRST_WAIT_S * 2 ** (attempt - 1)
                is_last = attempt == ATTEMPTS or self.clock() + wait_s > deadline + GRACE_S
                if is_last or not _may_help(error):
                    log.warning("command.result_lost", error=str(error), attempts=attempt, **event)
                    return
            await self.sleep(wait_s)

    async def _post(self, order: Order, version: Version, body: bytes) -> None:
        partner = self._book.get(order.partner)
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        wire = peer.wire
        wire.ours, wire.theirs = order.ours or wire.ours, order.theirs or wire.theirs
        if not _is_at(partner, order.response_url):
            # The URL is the partner's choice, but its credentials token is for its own platform only.
            log.warning("command.foreign_response_url", partner=partner.id, host=urlsplit(order.response_url).hostname)
            wire = Wire(
                _anonymous(wire.transport),
                wire.token,
                wire.form,
                retries=wire.retries,
                ours=wire.ours,
                theirs=wire.theirs,
            )
        try:
            await Peer(wire, version, peer.endpoints).send(result_row(version), order.response_url, body)
        except BadAnswer as error:
            # The specification does not say what the answer to a result is: any success will do.
            if not 200 <= error.http_status < 300:
                raise


def _may_help(error: OCPIError) -> bool:
    """Whether another try may find a partner that can."""
    if isinstance(error, Refused):
        return error.http_status >= 500 or error.http_status == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, Unreachable)


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None


def _is_at(partner: Partner, url: str) -> bool:
    """Whether a URL is at the partner's platform: scheme, host and port of a URL that it registered."""
    remote = partner.remote
    known = [remote.versions_url, *(endpoint.url for endpoint in remote.endpoints)] if remote else []
    return _origin(url) is not None and _origin(url) in map(_origin, known)


def _anonymous(transport: Transport) -> Transport:
    """The same way out, without our credentials."""

    async def send(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != AUTHORIZATION}
        return await transport(replace(request, headers=headers))

    return send


_encode = msgspec.json.encode
_read = msgspec.json.Decoder(Kept).decode
