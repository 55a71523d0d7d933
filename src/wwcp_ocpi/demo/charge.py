# SPDX-License-Identifier: AGPL-3.0-or-later
"""One charge from end to end: Token, authorisation, start by command, Session, stop by command, CDR, its check.

A is the operator, with somebody who runs its charge points; B is the provider of the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, cast

from wwcp_ocpi.demo import charging
from wwcp_ocpi.demo.networks import Changed
from wwcp_ocpi.demo.steps import Failed, Steps, until
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.commands import SentCommand
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.rules import Reading, Verdict
from wwcp_ocpi.rules.reading_charges import FORMS
from wwcp_ocpi.scalars import DateTime, PartyId, fold, now
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome, CommandRequest, Report
from wwcp_ocpi.store.ports import Key, Side


class Operator:
    """Who runs A's charge points: starts and stops Sessions when the gateway hands it a command."""

    def __init__(self, begin: Callable[[CommandRequest], Awaitable[None]], end: Callable[[], Awaitable[None]]) -> None:
        self._begin = begin
        self._end = end
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Say at once whether it will be tried; the outcome follows when the charge point has answered."""
        if asked.command == "START_SESSION":
            self._later(self._do(self._begin(asked), report))
        elif asked.command == "STOP_SESSION":
            self._later(self._do(self._end(), report))
        else:
            return CommandAnswer(result="NOT_SUPPORTED")
        return CommandAnswer(result="ACCEPTED")

    async def _do(self, work: Awaitable[None], report: Report) -> None:
        await work
        await report(CommandOutcome(result="ACCEPTED"))

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def priced(platform: Platform, owner: PartyId, id: str) -> tuple[int, str]:
    """Wait for the check of a CDR that has arrived; what it found.

    Raises:
        Failed: it is not right, or nobody could say.
    """

    async def is_checked() -> bool:
        return await platform.cdr_checks.of(owner, id) is not None

    await until(is_checked, "the CDR to be checked at B")
    found = await platform.cdr_checks.of(owner, id)
    assert found is not None
    if found.verdict is not Verdict.OK:
        raise Failed(f"expected the verdict OK, got {found.verdict.value}: {', '.join(found.reasons)}")
    before, after = (None if amount is None else amount.normalize() for amount in found.computed)
    taxed = "" if after is None else f", {after} with tax"
    return 1, f"OK: {before} {found.currency} before tax{taxed}"


class Charge:
    """The steps, each on what the ones before left. A speaks `version`, and so does B."""

    name_of_a = "A"
    """The partner to whom B sends commands for A."""
    asking = "A asks B, and the Token is authorised"
    name_of_b = "B"
    """The partner whom A asks about B's drivers."""

    def __init__(self, a: Platform, b: Platform, version: Version, provider: PartyId, changed: Changed) -> None:
        self._a = a
        self._b = b
        self._version = version
        self._spoken = version
        self._provider = provider
        self._changed = changed
        self._token = charging.token(version, provider)
        self._reference: str | None = None
        self._session: OwnObject | None = None
        self._sent: SentCommand | None = None
        self._began = DateTime.of(now() - charging.LASTED)
        self._meter: list[Reading] = []
        self._cdr: OwnObject | None = None
        a.server.commander = Operator(self._begin, self._end)

    def steps(self) -> Steps:
        """All of them."""
        yield "B issues a Token and it arrives at A", self.issue_token
        yield self.asking, self.authorize
        yield "B starts a session by command", self.start
        yield "B gets the asynchronous result", self.result
        yield "the Session and its updates arrive at B", self.session
        yield "B stops the session by command", self.stop
        yield "the CDR arrives at B", self.cdr
        yield "the CDR is priced at B", self.priced

    async def issue_token(self) -> tuple[int, str]:
        """B publishes the driver's Token; it is pushed to A."""
        await self._b.publisher.publish(self._spoken, "tokens", [self._token])
        await until(self._has(self._a, "tokens", self._token), "the Token to be at A")
        return 1, f"{self._token.id} of {self._provider}"

    async def authorize(self) -> tuple[int, str]:
        """A asks in real time."""
        references = self._version.object_named("LocationReferences")
        at = references(location_id=self._changed.location_id, evse_uids=[self._changed.evse_uid])
        found = await self._a.peer(self.name_of_b).authorize(self._token.id, at=at)
        if found.allowed.value != "ALLOWED":
            raise Failed(f"expected ALLOWED, got {found.allowed}")
        self._reference = getattr(found, "authorization_reference", None)
        return 1, f"ALLOWED at {self._changed.evse_uid}"

    async def start(self) -> tuple[int, str]:
        """B sends START_SESSION, in its version."""
        everything = {
            "token": codec.decode(cast(Any, self._spoken.object_named("Token")), self._token.body),
            "location_id": self._changed.location_id,
            "evse_uid": self._changed.evse_uid,
            "authorization_reference": self._reference,
        }
        fields = field_names(self._spoken.object_named("StartSession"))
        known = {name: value for name, value in everything.items() if name in fields and value is not None}
        return await self._send("START_SESSION", known)

    async def result(self) -> tuple[int, str]:
        """A's charge point has answered, and B hears of it at its response_url."""
        assert self._sent is not None
        outcome = await self._sent.result()
        if outcome.result != "ACCEPTED":
            raise Failed(f"expected ACCEPTED, got {outcome.result}")
        return 1, outcome.result

    async def session(self) -> tuple[int, str]:
        """The Session that the operator began is at B, and grows there."""
        session = self._running()
        await self._session_at_b("status", '"ACTIVE"')
        await self._a.publisher.change(self._version, "sessions", session.owner, [session.id], {"kwh": charging.KWH})
        await self._session_at_b("kwh", str(charging.KWH))
        return 2, f"Session {session.id}, {charging.KWH} kWh"

    async def stop(self) -> tuple[int, str]:
        """B sends STOP_SESSION; the outcome comes as before."""
        await self._send("STOP_SESSION", {"session_id": self._running().id})
        await self.result()
        await self._session_at_b("status", '"COMPLETED"')
        return 1, "COMPLETED"

    async def cdr(self) -> tuple[int, str]:
        """A makes the CDR of the Session by its Tariff and what the meter told; it is at B, byte by byte."""
        session, place = self._running(), await self._place()
        (published,) = await self._a.publisher.publish(
            self._version, "tariffs", [charging.tariff(self._version, place)]
        )
        if isinstance(published, Exception):
            raise published
        bill = await self._a.billing.cdr_of(
            session.owner, session.id, readings=self._meter, tariff_ids=[place.tariff_id]
        )
        self._cdr = bill.cdr
        await self._a.publisher.publish(bill.version, "cdrs", [bill.cdr])
        await until(self._has(self._b, "cdrs", bill.cdr), "the CDR to be at B")
        return 1, f"CDR {bill.cdr.id} by Tariff {place.tariff_id} of {place.owner}"

    async def priced(self) -> tuple[int, str]:
        """B has checked what the CDR states against the Tariff that it brings."""
        assert self._cdr is not None
        return await priced(self._b, self._cdr.owner, self._cdr.id)

    # The operator's work, when a command has come

    async def _begin(self, asked: CommandRequest) -> None:
        place = await self._place()
        self._session = charging.session(
            self._version, self._provider, place, asked.id, self._began, asked.authorization_reference
        )
        await self._a.publisher.publish(self._version, "sessions", [self._session])

    async def _end(self) -> None:
        session = self._running()
        ended = now()
        half = Reading(DateTime.of(self._began + charging.LASTED / 2), charging.KWH / 2)
        self._meter = [Reading(self._began, Decimal(0)), half, Reading(ended, charging.KWH)]
        end = FORMS[self._version.object_named("Session")].end
        change = {"status": "COMPLETED", end: ended}
        await self._a.publisher.change(self._version, "sessions", session.owner, [session.id], change)

    # What the steps need

    async def _send(self, command: str, fields: dict[str, Any]) -> tuple[int, str]:
        self._sent = await self._b.commands.send(self.name_of_a, command, fields, theirs=self._addressed())
        if not self._sent.is_accepted:
            raise Failed(f"expected ACCEPTED, got {self._sent.answer}")
        return 1, "ACCEPTED at once, the result follows"

    def _addressed(self) -> PartyId | None:
        """The party that a command of B names; None: whoever it is that the partner speaks for."""
        return self._changed.owner

    def _running(self) -> OwnObject:
        if self._session is None:
            raise Failed("expected a Session, the operator has begun none")
        return self._session

    async def _place(self) -> charging.Place:
        """Where the driver charges: the EVSE whose status changed, as A has it."""
        id = fold(self._changed.location_id) if self._version.facts.ids_fold else self._changed.location_id
        stored = await self._a.store.get(Key(Side.OURS, "locations", self._changed.owner, id))
        if stored is None:
            raise Failed(f"expected Location {self._changed.location_id} at A")
        location = codec.decode(cast(Any, self._version.object_named("Location")), stored.body)
        evse = next(one for one in location.evses if one.uid == self._changed.evse_uid)
        return charging.Place(owner=self._changed.owner, location=location, evse=evse)

    def _has(self, platform: Platform, module: str, made: OwnObject) -> Callable[[], Awaitable[bool]]:
        """Whether a platform holds this object as its owner wrote it."""

        async def arrived() -> bool:
            stored = await platform.store.get(self._key(module, made))
            return stored is not None and stored.body == made.body

        return arrived

    def _key(self, module: str, made: OwnObject) -> Key:
        resource = self._version.kind(module).resource
        return Key(Side.THEIRS, module, made.owner, self._version.key_id(resource, made.id, made.qualifier))

    async def _session_at_b(self, field: str, value: str) -> None:
        key = self._key("sessions", self._running())

        async def arrived() -> bool:
            stored = await self._b.store.get(key)
            return stored is not None and bytes(patch.split(stored.body)[field]) == value.encode()

        await until(arrived, f"the Session at B to have {field} {value}")
