# SPDX-License-Identifier: AGPL-3.0-or-later
"""What we ask partners to do later, and what became of it: answered at once, and later by a posted result.

A result is matched by an id in its URL that nobody can guess, bound to the partner, its version, what was asked and
the deadline. What was asked is a document as long as results may come, so that a restart loses none.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Generic, TypeAlias
from weakref import WeakValueDictionary

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.waiting import Clock, Sleep, Waiting, wait, waiting
from wwcp_ocpi.protocol import codec, conformance, envelope
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, OCPIError, Unreachable, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.asynchronous import (
    LONGEST_TIMEOUT_S,
    OutcomeT,
    Received,
    ReplyT,
    check_result,
    name_of,
    result_row,
    result_shape,
)
from wwcp_ocpi.server.routing import base_segments
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

GRACE_S = 5.0
"""What a result may be under way after the timeout."""
DEFAULT_TIMEOUT_S = 60
"""Where a version does not tell how long it may take."""
KEEP_S = 3600.0
"""How long a late result still meets somebody who knows what it was about."""

PeerOf: TypeAlias = Callable[[Partner], Peer]
_ID = re.compile(r"[0-9a-f]{32}")


class Pending(msgspec.Struct, Generic[ReplyT, OutcomeT], frozen=True, kw_only=True):
    """What we asked, with its times in seconds since 1970; `reserved_until` is 0 where nothing is reserved.

    Until `keep_until` its results are known here, also when nobody waits any more. `canceled` ends a reservation.
    """

    id: str
    partner: str
    version: str
    command: str
    deadline: float
    keep_until: float
    reserved_until: float = 0.0
    answer: ReplyT | None = None
    outcome: OutcomeT | None = None
    canceled: OutcomeT | None = None


class Sent(Generic[ReplyT, OutcomeT]):
    """What we asked, and a partner answered. `answer` is what it said at once."""

    def __init__(
        self,
        id: str,
        partner: str,
        command: str,
        answer: ReplyT,
        refusal: OutcomeT,
        wait: Callable[[], Awaitable[OutcomeT]],
    ) -> None:
        self.id = id
        self.partner = partner
        self.command = command
        self.answer = answer
        self._refusal = refusal
        self._wait = wait

    @property
    def is_accepted(self) -> bool:
        """Whether a result is to be expected."""
        return self.answer.result == "ACCEPTED"

    async def result(self) -> OutcomeT:
        """What became of it: the posted result, TIMEOUT when none came in time, or the refusal at once."""
        return await self._wait() if self.is_accepted else self._refusal


class Said(msgspec.Struct, frozen=True):
    """What all answers and results have in common, whatever the module and version."""

    result: str
    timeout: int = DEFAULT_TIMEOUT_S
    message: list[dict[str, str]] | None = None
    profile: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def timeout_s(self) -> int:
        """How long it may take, within reason."""
        return max(0, min(self.timeout, LONGEST_TIMEOUT_S))

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The message, as (language, text)."""
        return tuple((one.get("language", ""), one.get("text", "")) for one in self.message or ())


class Asking(Generic[ReplyT, OutcomeT]):
    """Asks partners in one module and matches the results. What differs between modules is at its end."""

    module: ClassVar[str]
    kind: ClassVar[str]
    """Of the documents."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Documents,
        book: PartnerBook,
        peer_of: PeerOf,
        *,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.counts: Counter[tuple[str, str]] = Counter()
        """What came of what was asked, by what it was: accepted, refused, failed; then result, late."""
        self._settings = settings
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._waiting: WeakValueDictionary[str, Waiting] = WeakValueDictionary()
        self._swept = 0.0
        pending: Any = Pending
        self._read = msgspec.json.Decoder(pending[self.answer_type, self.outcome_type]).decode

    async def recall(self, id: str) -> Sent[ReplyT, OutcomeT]:
        """What was accepted before, perhaps before a restart.

        Raises:
            NotFound: nothing like that was asked, or it was too long ago.
        """
        pending = await self._find(id)
        if pending is None or pending.answer is None:
            raise NotFound(f"{id}: no such request in {self.module}")
        future = self._future(id)
        if pending.outcome is not None and not future.done():
            future.set_result(pending.outcome)
        return self._sent(pending, future)

    async def take(self, received: Received) -> bool:
        """Take a result that a partner posted. The first in time counts; what comes after is only logged.

        Raises:
            InvalidParameters, MalformedBody: it is no result of what was asked.
        """
        id = received.names.get("request_id", "")
        known = await self._find(id)
        if known is None or not _is_for(known, received):
            log.warning("asked.result_unknown", module=self.module, partner=received.partner)
            return False
        shape = result_shape(version_of(known.version), self.module, known.command)
        check_result(shape, received.body, self.module)
        outcome = self.outcome_of(known, codec.decode(Said, received.body))
        before = [known]

        def decide(body: bytes | None) -> bytes | None:
            if body is None:
                return None
            pending = self._read(body)
            before[:] = [pending]
            if self.is_cancellation(pending, outcome):
                return _encode(replace(pending, canceled=outcome))
            is_due = pending.outcome is None and self.clock() < pending.deadline
            return _encode(replace(pending, outcome=outcome)) if is_due else body

        body = await self._store.change_document(self.kind, id, decide)
        after = self._read(body) if body is not None else known
        event = {"module": self.module, "command": known.command, "partner": known.partner, "result": outcome.result}
        if after.canceled is not None and before[0].canceled is None:
            log.info("asked.result", **event)
            await self.on_canceled(after)
        elif after.outcome is not None and before[0].outcome is None:
            log.info("asked.result", **event)
            self.counts[known.command, "result"] += 1
            future = self._waiting.get(id)
            if future is not None and not future.done():
                future.set_result(outcome)
        else:
            self.counts[known.command, "late"] += 1
            log.warning("asked.result_ignored", is_late=before[0].outcome is None, **event)
        return True

    # What the modules send with

    def _peer(self, partner_id: str, ours: PartyId | None, theirs: PartyId | None) -> Peer:
        """A partner that may be asked, with the parties that ask and are asked."""
        partner = self._book.get(partner_id)
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        peer.wire.ours, peer.wire.theirs = ours or peer.wire.ours, theirs or peer.wire.theirs
        return peer

    def _row(self, version: Version, name: str) -> Endpoint:
        """The row of what is asked, where its result could arrive.

        Raises:
            UsageError: it could not, or the version has no such row.
        """
        settings, module = self._settings, version.modules.get(self.module)
        is_served = self.module in settings.modules and version.number in settings.versions
        if module is None:
            raise UsageError(f"OCPI {version.number} has no {self.module}")
        if not (is_served and settings.plays(module, Interface.SENDER)):
            raise UsageError(f"this platform does not serve {self.module} as SENDER: no result could arrive")
        for row in version.rows(self.module, Interface.RECEIVER):
            if name_of(row) == name:
                if row.extension and row.extension_name not in settings.extensions:
                    raise UsageError(f"{name} is an extension that is off; switch on {row.extension_name!r}")
                return row
        raise UsageError(f"OCPI {version.number} has no {name!r} in {self.module}")

    def _response_url(self, version: Version, name: str, id: str) -> str:
        values = {"{command}": name, "{request_id}": id}
        path = (values.get(part, part) for part in result_row(version, self.module).segments)
        return "/".join((self._settings.base_url, *base_segments(version, self.module, Interface.SENDER), *path))

    def _checked(self, row: Endpoint, body: bytes) -> Any:
        """The object as it is sent.

        Raises:
            UsageError: it is none, or not all that the specification asks.
        """
        shape = row.object
        assert shape is not None, "this row has a body"
        what = name_of(row)
        for finding in conformance.check(shape, body):
            if finding.severity is not Severity.NOTE:
                raise UsageError(f"{what}: {finding.path}: {finding.message}", path=finding.path)
        return codec.decode(shape, body)

    async def _ask(
        self,
        partner_id: str,
        peer: Peer,
        row: Endpoint,
        id: str,
        *ids: str,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        reserved_until: float = 0.0,
    ) -> Sent[ReplyT, OutcomeT]:
        """Make the call of a row, in which `id` stands in the response URL; `ids` are those in the path."""
        await self._sweep()
        deadline = self.clock() + DEFAULT_TIMEOUT_S + GRACE_S
        pending: Pending[ReplyT, OutcomeT] = Pending(
            id=id,
            partner=partner_id,
            version=peer.version.number,
            command=name_of(row),
            deadline=deadline,
            keep_until=max(deadline, reserved_until) + KEEP_S,
            reserved_until=reserved_until,
        )
        # Known before it is sent: a result may be quicker than the answer.
        future = self._future(id)
        await self._store.change_document(self.kind, id, lambda _: _encode(pending))
        try:
            answered = await peer.call(row, *ids, body=body, query=query)
            answer = self.answer_of(_said(row, answered.envelope.data))
        except OCPIError as error:
            self.counts[pending.command, "failed"] += 1
            if not isinstance(error, (Unreachable, BadAnswer)) and error.http_status < 500:
                await self._store.change_document(self.kind, id, lambda _: None)
            raise
        if answer.result == "ACCEPTED":
            deadline = self.clock() + answer.timeout_s + GRACE_S
            pending = await self._answered(pending, answer, deadline)
        else:
            await self._store.change_document(self.kind, id, lambda _: None)
        self.counts[pending.command, "accepted" if answer.result == "ACCEPTED" else "refused"] += 1
        log.info("asked.sent", module=self.module, partner=partner_id, command=name_of(row), answer=answer.result)
        return self._sent(replace(pending, answer=answer), future)

    async def _answered(
        self, pending: Pending[ReplyT, OutcomeT], answer: ReplyT, deadline: float
    ) -> Pending[ReplyT, OutcomeT]:
        def decide(body: bytes | None) -> bytes:
            now = self._read(body or _encode(pending))
            keep_until = max(now.keep_until, deadline + KEEP_S)
            return _encode(replace(now, answer=answer, deadline=deadline, keep_until=keep_until))

        body = await self._store.change_document(self.kind, pending.id, decide)
        assert body is not None
        known: Pending[ReplyT, OutcomeT] = self._read(body)
        return known

    def _sent(self, pending: Pending[ReplyT, OutcomeT], future: Waiting) -> Sent[ReplyT, OutcomeT]:
        async def result() -> OutcomeT:
            is_there = await wait(future, pending.deadline - self.clock(), self.sleep)
            found: Any = future.result() if is_there else self.outcome_type(result="TIMEOUT")
            outcome: OutcomeT = found
            return outcome

        assert pending.answer is not None
        refusal = self.refusal_of(pending.answer)
        return Sent(pending.id, pending.partner, pending.command, pending.answer, refusal, result)

    def _future(self, id: str) -> Waiting:
        known = self._waiting.get(id)
        if known is None:
            known = self._waiting[id] = waiting()
        return known

    async def _find(self, id: str) -> Pending[ReplyT, OutcomeT] | None:
        body = await self._store.document(self.kind, id) if _ID.fullmatch(id) else None
        pending = self._read(body) if body is not None else None
        return pending if pending is not None and self.clock() < pending.keep_until else None

    async def _sweep(self) -> None:
        """Forget, now and then, what no result will come for."""
        if self.clock() < self._swept + KEEP_S:
            return
        self._swept = self.clock()
        for id, body in await self._store.documents(self.kind):
            if self._read(body).keep_until <= self.clock():
                await self._store.change_document(self.kind, id, lambda _: None)

    # What differs between modules

    answer_type: ClassVar[Any]
    outcome_type: ClassVar[Any]

    def answer_of(self, said: Said) -> ReplyT:
        """The answer at once."""
        raise NotImplementedError

    def outcome_of(self, pending: Pending[ReplyT, OutcomeT], said: Said) -> OutcomeT:
        """The result of what was asked.

        Raises:
            InvalidParameters: it is none.
        """
        raise NotImplementedError

    def refusal_of(self, answer: ReplyT) -> OutcomeT:
        """What came of it when it was not accepted."""
        raise NotImplementedError

    def is_cancellation(self, pending: Pending[ReplyT, OutcomeT], outcome: OutcomeT) -> bool:
        """Whether this ends what was done before, and not the wait for it."""
        return False

    async def on_canceled(self, pending: Pending[ReplyT, OutcomeT]) -> None:
        """Such an end was posted."""


def _is_for(pending: Pending[Any, Any], received: Received) -> bool:
    """Whether a result is for what was asked: in the module whose URL does not say what that was, any is."""
    command = received.names.get("command", pending.command)
    return (pending.partner, pending.version, pending.command) == (received.partner, received.version, command)


def _said(row: Endpoint, data: msgspec.Raw | None) -> Said:
    """The answer that a partner gave.

    Raises:
        BadAnswer: it is none.
    """
    what = name_of(row)
    if data is None or envelope.is_null(data):
        raise BadAnswer(f"{what}: expected a {row.response.__name__} in data, got nothing")
    try:
        codec.decode(row.response, data)
        return codec.decode(Said, data)
    except OCPIError as error:
        raise BadAnswer(f"{what}: {error}") from error


_encode = msgspec.json.encode
