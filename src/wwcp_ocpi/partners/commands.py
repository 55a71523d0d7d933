# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that we give to CPOs, and what became of them: answered at once, and later by a posted result.

A result is matched by an id in its URL that nobody can guess, bound to the partner, its version, the command and the
deadline. A command is a document as long as results may come, so that a restart loses none.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
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
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import BadAnswer, NotFound, OCPIError, Unreachable, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.commands import Received, expects_evse, result_row
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome
from wwcp_ocpi.server.routing import base_segments
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

MODULE = "commands"
KIND = "command"
GRACE_S = 5.0
"""What a result may be under way after the timeout."""
DEFAULT_TIMEOUT_S = 60
"""Where a version does not tell how long a command may take."""
LONGEST_TIMEOUT_S = 3600
KEEP_S = 3600.0
"""How long a late result still meets somebody who knows what it was about."""

PeerOf: TypeAlias = Callable[[Partner], Peer]
_ID = re.compile(r"[0-9a-f]{32}")


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A command that we sent, with its times in seconds since 1970; `reserved_until` is 0 where nothing is reserved.

    Until `keep_until` its results are known here, also when nobody waits any more.
    """

    id: str
    partner: str
    version: str
    command: str
    deadline: float
    keep_until: float
    reserved_until: float = 0.0
    answer: CommandAnswer | None = None
    outcome: CommandOutcome | None = None
    canceled: CommandOutcome | None = None


class Sent:
    """A command that a partner answered. `answer` is what it said at once."""

    def __init__(
        self, id: str, partner: str, command: str, answer: CommandAnswer, wait: Callable[[], Awaitable[CommandOutcome]]
    ) -> None:
        self.id = id
        self.partner = partner
        self.command = command
        self.answer = answer
        self._wait = wait

    @property
    def is_accepted(self) -> bool:
        """Whether a result is to be expected."""
        return self.answer.result == "ACCEPTED"

    async def result(self) -> CommandOutcome:
        """What became of it: the posted result, TIMEOUT when none came in time, or the refusal at once."""
        if not self.is_accepted:
            return CommandOutcome(result=self.answer.result, message=self.answer.message)
        return await self._wait()


Canceled: TypeAlias = Callable[[Pending], Awaitable[None]]


async def _log_canceled(pending: Pending) -> None:
    log.warning("command.reservation_canceled", partner=pending.partner, command=pending.id)


class Commands:
    """Sends commands to CPOs and matches the results: by an id that nobody can guess, bound to partner and command.

    `canceled` is told when a CPO gives up a reservation that it had accepted (CMD-21).
    """

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
        self.canceled: Canceled = _log_canceled
        self._settings = settings
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._waiting: WeakValueDictionary[str, Waiting] = WeakValueDictionary()
        self._swept = 0.0

    async def send(
        self,
        partner_id: str,
        command: str,
        fields: Mapping[str, object],
        *,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
    ) -> Sent:
        """Ask a CPO for something. `fields` are those of the command in the partner's version, without response_url.

        Authorise the Token before (CMD-07, CMD-08); it may be one that was never pushed (CMD-12).

        Args:
            ours: the party that asks, where we are several.
            theirs: the party that is asked, where the partner's platform has several.

        Raises:
            UsageError: the partner is blocked, its version has no such command, or these are not its fields; nothing
                was sent.
            Refused: the partner has no such endpoint, or answered with an error (2003: no such Location).
            Unreachable, BadAnswer: nobody knows whether the command arrived; a result that comes is logged.
        """
        partner = self._book.get(partner_id)
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        peer.wire.ours, peer.wire.theirs = ours or peer.wire.ours, theirs or peer.wire.theirs
        version = peer.version
        row = self._row(version, command)
        id = secrets.token_hex(16)
        body = codec.encode({**fields, "response_url": self._response_url(version, command, id)})
        made = self._checked(version, row, body)
        await self._sweep()
        deadline = self.clock() + DEFAULT_TIMEOUT_S + GRACE_S
        reserved_until = made.expiry_date.timestamp() if hasattr(made, "expiry_date") else 0.0
        pending = Pending(
            id=id,
            partner=partner.id,
            version=version.number,
            command=command,
            deadline=deadline,
            keep_until=max(deadline, reserved_until) + KEEP_S,
            reserved_until=reserved_until,
        )
        # Known before it is sent: a result may be quicker than the answer.
        future = self._future(id)
        await self._store.change_document(KIND, id, lambda _: _encode(pending))
        try:
            answered = await peer.call(row, body=body)
            answer = _read_answer(row, answered.envelope.data)
        except OCPIError as error:
            if not isinstance(error, (Unreachable, BadAnswer)) and error.http_status < 500:
                await self._store.change_document(KIND, id, lambda _: None)
            raise
        if answer.result == "ACCEPTED":
            deadline = self.clock() + answer.timeout_s + GRACE_S
            pending = await self._answered(pending, answer, deadline)
        else:
            await self._store.change_document(KIND, id, lambda _: None)
        log.info("command.sent", partner=partner.id, command=command, answer=answer.result)
        return self._sent(replace(pending, answer=answer), future)

    async def recall(self, id: str) -> Sent:
        """A command that was accepted before, perhaps before a restart.

        Raises:
            NotFound: no such command, or it was too long ago.
        """
        pending = await self._find(id)
        if pending is None or pending.answer is None:
            raise NotFound(f"{id}: no such command")
        future = self._future(id)
        if pending.outcome is not None and not future.done():
            future.set_result(pending.outcome)
        return self._sent(pending, future)

    async def take(self, received: Received) -> bool:
        """Take a result that a partner posted. The first in time counts; what comes after is only logged."""
        id = received.names.get("request_id", "")
        known = await self._find(id)
        if known is None or not _is_for(known, received):
            log.warning("command.result_unknown", partner=received.partner, command=received.names.get("command"))
            return False
        outcome = _read_outcome(received.body)
        before = [known]

        def decide(body: bytes | None) -> bytes | None:
            if body is None:
                return None
            pending = _read(body)
            before[:] = [pending]
            if self._is_cancellation(pending, outcome):
                return _encode(replace(pending, canceled=outcome))
            is_due = pending.outcome is None and self.clock() < pending.deadline
            return _encode(replace(pending, outcome=outcome)) if is_due else body

        body = await self._store.change_document(KIND, id, decide)
        after = _read(body) if body is not None else known
        event = {"partner": known.partner, "command": known.command, "result": outcome.result}
        if after.canceled is not None and before[0].canceled is None:
            log.info("command.result", **event)
            await self.canceled(after)
        elif after.outcome is not None and before[0].outcome is None:
            log.info("command.result", **event)
            future = self._waiting.get(id)
            if future is not None and not future.done():
                future.set_result(outcome)
        else:
            log.warning("command.result_ignored", is_late=before[0].outcome is None, **event)
        return True

    def _is_cancellation(self, pending: Pending, outcome: CommandOutcome) -> bool:
        """Whether this ends a reservation that runs, and not the wait for one."""
        if outcome.result != "CANCELED_RESERVATION" or not pending.reserved_until or pending.canceled is not None:
            return False
        if pending.outcome is None:
            return self.clock() >= pending.deadline
        return pending.outcome.result == "ACCEPTED"

    def _row(self, version: Version, command: str) -> Endpoint:
        settings = self._settings
        is_served = MODULE in settings.modules and version.number in settings.versions
        if not (is_served and version.modules[MODULE].senders & settings.roles):
            raise UsageError(f"this platform does not serve {MODULE} as SENDER: no result could arrive")
        for row in version.rows(MODULE, Interface.RECEIVER):
            if row.operation is Operation.COMMAND and row.path == command:
                if row.switch and row.switch not in settings.extensions:
                    raise UsageError(f"{command} is an extension that is off; switch on {row.switch!r}")
                return row
        raise UsageError(f"OCPI {version.number} has no command {command!r}")

    def _response_url(self, version: Version, command: str, id: str) -> str:
        values = {"{command}": command, "{request_id}": id}
        path = (values[part] for part in result_row(version).segments)
        return "/".join((self._settings.base_url, *base_segments(version, MODULE, Interface.SENDER), *path))

    def _checked(self, version: Version, row: Endpoint, body: bytes) -> Any:
        """The command as it is sent.

        Raises:
            UsageError: it is none, or its Token is not valid or not ours (CMD-13).
        """
        shape = row.object
        assert shape is not None, "every command has a body"
        for finding in conformance.check(shape, body):
            if finding.severity is not Severity.NOTE:
                raise UsageError(f"{row.path}: {finding.path}: {finding.message}", path=finding.path)
        made: Any = codec.decode(shape, body)
        if expects_evse(made):
            raise UsageError(f"{row.path}: $.evse_uid: required with connector_id, but missing")
        token = getattr(made, "token", None)
        if token is None:
            return made
        if not token.valid:
            raise UsageError(f"{row.path}: $.token.valid: a Token that is not valid starts nothing")
        if version.facts.objects_name_owner:
            owner = PartyId.of(token.country_code, token.party_id)
            if owner not in self._settings.party_ids:
                raise UsageError(f"{row.path}: $.token.party_id: {owner} is not a party of this platform")
        return made

    async def _answered(self, pending: Pending, answer: CommandAnswer, deadline: float) -> Pending:
        def decide(body: bytes | None) -> bytes:
            now = _read(body or _encode(pending))
            keep_until = max(now.keep_until, deadline + KEEP_S)
            return _encode(replace(now, answer=answer, deadline=deadline, keep_until=keep_until))

        body = await self._store.change_document(KIND, pending.id, decide)
        assert body is not None
        return _read(body)

    def _sent(self, pending: Pending, future: Waiting) -> Sent:
        async def result() -> CommandOutcome:
            if await wait(future, pending.deadline - self.clock(), self.sleep):
                return future.result()
            return CommandOutcome(result="TIMEOUT")

        assert pending.answer is not None
        return Sent(pending.id, pending.partner, pending.command, pending.answer, result)

    def _future(self, id: str) -> Waiting:
        known = self._waiting.get(id)
        if known is None:
            known = self._waiting[id] = waiting()
        return known

    async def _find(self, id: str) -> Pending | None:
        body = await self._store.document(KIND, id) if _ID.fullmatch(id) else None
        pending = _read(body) if body is not None else None
        return pending if pending is not None and self.clock() < pending.keep_until else None

    async def _sweep(self) -> None:
        """Forget, now and then, what no result will come for."""
        if self.clock() < self._swept + KEEP_S:
            return
        self._swept = self.clock()
        for id, body in await self._store.documents(KIND):
            if _read(body).keep_until <= self.clock():
                await self._store.change_document(KIND, id, lambda _: None)


def _is_for(pending: Pending, received: Received) -> bool:
    return (pending.partner, pending.version, pending.command) == (
        received.partner,
        received.version,
        received.names.get("command"),
    )


class _Said(msgspec.Struct, frozen=True):
    """What all answers and results have in common, whatever the version."""

    result: str
    timeout: int = DEFAULT_TIMEOUT_S
    message: list[dict[str, str]] | None = None

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.get("language", ""), one.get("text", "")) for one in self.message or ())


def _read_answer(row: Endpoint, data: msgspec.Raw | None) -> CommandAnswer:
    """The CommandResponse that a partner gave.

    Raises:
        BadAnswer: it is none.
    """
    if data is None or envelope.is_null(data):
        raise BadAnswer(f"{row.path}: expected a {row.response.__name__} in data, got nothing")
    try:
        codec.decode(row.response, data)
        said = codec.decode(_Said, data)
    except OCPIError as error:
        raise BadAnswer(f"{row.path}: {error}") from error
    return CommandAnswer(result=said.result, timeout_s=max(0, min(said.timeout, LONGEST_TIMEOUT_S)), message=said.texts)


def _read_outcome(body: bytes) -> CommandOutcome:
    said = codec.decode(_Said, body)
    return CommandOutcome(result=said.result, message=said.texts)


_encode = msgspec.json.encode
_read = msgspec.json.Decoder(Pending).decode
