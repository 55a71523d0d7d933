# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands through a hub: an eMSP's is given to the CPO whose Location or Session it is, and the result comes back.

Which result belongs to whose command is a document from the CPO's ACCEPTED on, so that a restart loses none.
Reservations have an id of the hub's towards the CPO: two eMSPs may use the same one (CMD-16), and 2.1.1 wants a number.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.hub.finding import find
from wwcp_ocpi.hub.refusals import ANSWER_S, refusal
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.commands import Commands, Pending, SentCommand
from wwcp_ocpi.partners.desk import OrderDesk
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.errors import CannotConvert, NotFound, OCPIError, Refused, UsageError
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.asynchronous import name_of
from wwcp_ocpi.server.caller import party_as
from wwcp_ocpi.server.decisions import CommandAnswer, Commander, CommandOutcome, CommandRequest, Report
from wwcp_ocpi.store.ports import Store

log = structlog.get_logger()

KIND = "relayed_command"
RESERVATION = "relayed_reservation"
PASSED = ("START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR")
"""What is passed on. Extensions are not."""
_NAMED = ("location_id", "evse_uid", "connector_id", "session_id", "authorization_reference")
_ANYWHERE = "https://response.invalid/"
"""Stands for the response URL while a command is converted: the one towards the CPO is ours."""


class Target(msgspec.Struct, frozen=True):
    """The partner that can do it, and the party of it that is asked."""

    partner: str
    owner: PartyId | None = None


class Passed(msgspec.Struct, frozen=True):
    """A command that the CPO accepted: the eMSP's order at our desk, kept until then (seconds)."""

    order: str
    until: float
    is_reservation: bool = False


class Reserved(msgspec.Struct, frozen=True):
    """Where a reservation is, for the command that ends it. `until` is when it ends itself, in seconds."""

    target: Target
    until: float


class RelayedCommander:
    """Passes commands on; `own` runs those for charge points that no partner has."""

    def __init__(self, store: Store, book: PartnerBook, commands: Commands, desk: OrderDesk, own: Commander) -> None:
        self.own = own
        self._store = store
        self._book = book
        self._commands = commands
        self._desk = desk
        self._tasks: set[asyncio.Task[None]] = set()
        commands.canceled = self._canceled

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Give it to the CPO, and its answer back in words that any version has or has another for.

        Raises:
            OCPIError: the CPO refused, or could not be asked.
        """
        if asked.command not in PASSED:
            return await self.own.run(asked, report)
        target = await self._target(asked)
        if target is None:
            return await self._nobodys(asked, report)
        version = version_of(asked.version)
        try:
            async with asyncio.timeout(ANSWER_S):
                sent = await self._send(asked, target)
        except Refused as error:
            if error.ocpi_status == StatusCode.UNKNOWN_LOCATION:
                return CommandAnswer(result="REJECTED", unknown_location=True)
            raise refusal(version, error) from error
        except CannotConvert as error:
            log.warning("hub.command_untold", command=asked.command, partner=target.partner, error=str(error))
            return CommandAnswer(result="NOT_SUPPORTED", message=(("en", str(error)),))
        except (OCPIError, TimeoutError) as error:
            log.warning("hub.command_not_passed", command=asked.command, partner=target.partner, error=str(error))
            raise refusal(version, error) from error
        if sent.is_accepted:
            await self._accepted(asked, target, sent, report)
        log.info("hub.command_passed", command=asked.command, partner=target.partner, answer=sent.answer.result)
        return sent.answer

    async def resume(self) -> None:
        """Take up what an earlier run left under way."""
        for id, body in await self._store.documents(KIND):
            passed = _read_passed(body)
            try:
                sent = await self._commands.recall(id)
            except NotFound:
                await self._store.change_document(KIND, id, lambda _: None)
                continue
            self._watch(self._bring_back(sent, passed))

    async def stop(self) -> None:
        """End all work; what is not done stays for `resume`."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _nobodys(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """No partner has it: perhaps the hub's own charge points do."""
        answer = await self.own.run(asked, report)
        if answer.result != "NOT_SUPPORTED":
            return answer
        if asked.location_id is not None:
            return CommandAnswer(result="REJECTED", unknown_location=True)
        return CommandAnswer(result="UNKNOWN_SESSION" if asked.session_id is not None else "REJECTED")

    async def _target(self, asked: CommandRequest) -> Target | None:
        version = version_of(asked.version)
        if asked.location_id is not None:
            found = await find(self._store, version, "locations", asked.location_id, asked.parties)
        elif asked.session_id is not None:
            found = await find(self._store, version, "sessions", asked.session_id, asked.parties)
            if found is not None and found.stored.audience != asked.partner:
                found = None
        else:
            body = await self._store.document(RESERVATION, _reservation(asked))
            reserved = _read_reserved(body) if body is not None else None
            return reserved.target if reserved is not None else None
        return Target(found.stored.source, found.owner) if found is not None and found.stored.source else None

    async def _send(self, asked: CommandRequest, target: Target) -> SentCommand:
        partner = self._book.find(target.partner)
        if partner is None or partner.remote is None:
            raise UsageError(f"{target.owner} is not connected now")
        provider = self._provider(asked)
        return await self._commands.send(
            target.partner,
            asked.command,
            _told(asked, partner.remote.version, provider),
            ours=asked.asking or provider,
            theirs=target.owner,
            correlation_id=asked.correlation_id,
        )

    def _provider(self, asked: CommandRequest) -> PartyId | None:
        """The eMSP that asks: whose Token it is, or who the partner is."""
        fields = patch.split(asked.token) if asked.token is not None else {}
        names = [patch.text_of(fields, name) for name in ("country_code", "party_id")]
        if names[0] and names[1]:
            return PartyId.of(names[0], names[1])
        partner = self._book.find(asked.partner)
        return party_as(frozenset({"EMSP"}), partner.played) if partner is not None else None

    async def _accepted(self, asked: CommandRequest, target: Target, sent: SentCommand, report: Report) -> None:
        ends = asked.expiry_date.timestamp() if asked.expiry_date is not None else 0.0
        until = max(self._commands.clock() + sent.answer.timeout_s, ends)
        passed = Passed(asked.id, until, is_reservation=ends > 0)
        await self._store.change_document(KIND, sent.id, lambda _: msgspec.json.encode(passed))
        if asked.command == "RESERVE_NOW":
            await self._sweep()
            reserved = msgspec.json.encode(Reserved(target, until))
            await self._store.change_document(RESERVATION, _reservation(asked), lambda _: reserved)
        self._watch(self._bring_back(sent, passed, report))

    async def _bring_back(self, sent: SentCommand, passed: Passed, report: Report | None = None) -> None:
        """Wait for the CPO's result and report it to the eMSP's order."""
        try:
            found = await sent.result()
            outcome = CommandOutcome(result=found.result, message=found.message)
            await (report(outcome) if report is not None else self._desk.finish(passed.order, outcome))
            if found.result != "ACCEPTED" or not passed.is_reservation:
                await self._store.change_document(KIND, sent.id, lambda _: None)
        except Exception:
            # The edge of a background task: the desk tells the eMSP TIMEOUT when nobody reports.
            log.exception("hub.result_lost", partner=sent.partner, command=sent.command)

    async def _canceled(self, pending: Pending) -> None:
        """A CPO gave up a reservation: the eMSP that holds it hears so (CMD-21)."""
        body = await self._store.document(KIND, pending.id)
        if body is None or pending.canceled is None:
            log.warning("command.reservation_canceled", partner=pending.partner, command=pending.id)
            return
        try:
            await self._desk.cancel_reservation(_read_passed(body).order, pending.canceled)
        except OCPIError as error:
            log.warning("hub.cancellation_untold", partner=pending.partner, error=str(error))
        await self._store.change_document(KIND, pending.id, lambda _: None)

    async def _sweep(self) -> None:
        """Forget reservations that are over."""
        for kind, read in ((RESERVATION, _read_reserved), (KIND, _read_passed)):
            for id, body in await self._store.documents(kind):
                if read(body).until <= self._commands.clock() - _LATE_S:
                    await self._store.change_document(kind, id, lambda _: None)

    def _watch(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_LATE_S = 60.0
"""How long after its end a reservation can still be spoken of."""


def _reservation(asked: CommandRequest) -> str:
    """What stands for an eMSP's reservation: the same each time, another for each partner, and a number."""
    text = f"{asked.partner}\0{asked.reservation_id}".encode()
    return str(int.from_bytes(hashlib.sha256(text).digest()[:4]) >> 1)


def _told(asked: CommandRequest, number: str, provider: PartyId | None) -> Mapping[str, object]:
    """The command's fields in the CPO's version.

    Raises:
        CannotConvert
    """
    version = version_of(asked.version)
    rows = version.rows("commands", Interface.RECEIVER)
    shape = next(row.object for row in rows if name_of(row) == asked.command and row.object is not None)
    named: dict[str, object] = {name: getattr(asked, name) for name in _NAMED if getattr(asked, name) is not None}
    if asked.token is not None:
        named["token"] = msgspec.Raw(asked.token)
    if asked.expiry_date is not None:
        named["expiry_date"] = asked.expiry_date
    if asked.reservation_id is not None:
        # A text of digits becomes the number that 2.1.1 wants, and comes from it.
        id = _reservation(asked)
        named["reservation_id"] = id if version.facts.ids_fold else int(id)
    body = codec.encode({**named, "response_url": _ANYWHERE})
    told = convert(body, shape.__name__, asked.version, number, Context(owner=provider, traces=False)).body
    return {name: value for name, value in patch.split(told).items() if name != "response_url"}


_read_passed = msgspec.json.Decoder(Passed).decode
_read_reserved = msgspec.json.Decoder(Reserved).decode
