# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every CDR that a partner sends is checked: does it cost what its tariffs say?

A CDR is stored and answered first, and marked in the same transaction as still to be checked; what is marked is checked
in the background, in a thread, after the answer. So a check costs the partner no time, a restart loses none, and a CDR
that was pulled, imported or written by another process is checked like one that was posted. The result is an object
beside the CDR, under the same key: it goes when the CDR goes.

The tariffs are those that the CDR brings, else the stored ones of that CPO; the time zone is that of the Location. A
check changes nothing of the CDR and refuses none: what is wrong is for people to settle.

Spec: mod_cdrs#mod_cdrs_push_model (CDR-07)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, TypeAlias, cast

import structlog

from wwcp_ocpi.partners.cdr_verdicts import CdrCheck, Question, checked, read_check
from wwcp_ocpi.partners.charges import (
    Whereabouts,
    connector_tariffs,
    holding,
    read_tariff_of,
    stored_by_id,
    time_zone_of,
    whereabouts,
)
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import NotFound, OCPIError
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.rules import AnyCDR, AnyTariff, Tolerance, Verdict
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.own import spellings
from wwcp_ocpi.store.following import mark_of, read_mark
from wwcp_ocpi.store.ports import Decide, Delete, Followed, Key, Page, PageRequest, Side, Store, Stored, Write

log = structlog.get_logger()

CDRS, WAITING, CHECKS = "cdrs", "cdrs/unchecked", "cdrs/checks"
FOLLOWED = Followed(side=Side.THEIRS, module=CDRS, waiting=WAITING, derived=CHECKS)
CHUNK = 50
"""How many are checked in one go: what is held in memory, and what is done again after a crash."""
LOOK_S = 0.5
"""How often it is looked for work; the look reads a counter."""
RETRY_S = 5.0


_Tariffs: TypeAlias = dict[tuple[PartyId, str], AnyTariff | None]
"""The stored Tariffs that the CDRs of one chunk mean, each read once; None: it is not there, or cannot be read."""


class _Task(NamedTuple):
    """A CDR that waits: its key, the mark as it was read, and the question that it poses."""

    key: Key
    mark: bytes
    question: Question


class CdrChecks:
    """Checks, keeps and tells. The counters begin at 0 with the process."""

    def __init__(self, store: Store, time_zone: str | None = None) -> None:
        """Have CDRs marked from here on.

        Args:
            time_zone: what the operator says of Locations that do not tell theirs.
        """
        self._store = store
        self._time_zone = time_zone
        self._lock = asyncio.Lock()
        self._is_complete = False
        self.tolerance = Tolerance()
        """By how much a CDR may differ."""
        self.verdicts: Counter[tuple[str, str]] = Counter()
        """How many CDRs were checked, by partner and verdict."""
        self.reasons: Counter[tuple[str, str]] = Counter()
        """Why they were not OK, by partner and reason or note; one CDR may have several."""
        store.follow(FOLLOWED)

    async def of(self, owner: PartyId, id: str) -> CdrCheck | None:
        """The result for a CDR; None: there is no such CDR, or it waits still."""
        stored = await stored_by_id(self._store, Side.THEIRS, CHECKS, owner, id)
        return None if stored is None else read_check(stored.body)

    async def all(self, *, owner: PartyId | None = None, verdict: Verdict | None = None) -> AsyncIterator[CdrCheck]:
        """All results in the order in which they were found, of one CPO or of all, with one verdict or any."""
        after: str | None = None
        while True:
            page = await self._page(CHECKS, after, owner)
            for body in page.bodies:
                found = read_check(body)
                if verdict in (None, found.verdict):
                    yield found
            after = page.next
            if after is None:
                return

    async def waiting(self) -> int:
        """How many CDRs are still to be checked."""
        return await self._store.count(Side.THEIRS, WAITING)

    async def again(self, owner: PartyId, id: str) -> None:
        """Have a CDR checked anew: its CPO has sent the tariff that was missing, or the Location.

        Raises:
            NotFound: there is no such CDR.
        """
        for spelled in spellings(id):
            key = Key(Side.THEIRS, CDRS, owner, spelled)
            stored = await self._store.get(key)
            if stored is not None:
                await self._mark(key, stored)
                return
        raise NotFound(f"cdrs/{id}: {owner} has sent no such CDR")

    async def settle(self) -> int:
        """Check all that waits; says how many there were."""
        async with self._lock:
            if not self._is_complete:
                await self._complete()
                self._is_complete = True
            done = 0
            after: str | None = None
            while True:
                page = await self._page(WAITING, after)
                done += await self._check(page)
                after = page.next
                if after is None:
                    return done

    async def run(self) -> None:
        """Do that whenever something waits, until cancelled."""
        while True:
            wait_s = LOOK_S
            try:
                if not self._is_complete or await self.waiting():
                    await self.settle()
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("cdrs.not_checked")
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)

    async def _complete(self) -> None:
        """Mark CDRs that neither wait nor were checked: those from before checks were made at all."""
        counts = [await self._store.count(Side.THEIRS, module) for module in (CDRS, WAITING, CHECKS)]
        if counts[0] == counts[1] + counts[2]:
            return
        after: str | None = None
        while True:
            page = await self._page(CDRS, after)
            for body, number, owner in zip(page.bodies, page.versions, page.owners, strict=True):
                id = patch.text_of(patch.split(body), "id") or ""
                version = version_of(number)
                key = Key(Side.THEIRS, CDRS, owner, version.key_id(version.kind(CDRS).resource, id))
                is_known = [await self._store.get(key._replace(module=module)) for module in (WAITING, CHECKS)]
                stored = None if any(is_known) else await self._store.get(key)
                if stored is not None:
                    await self._mark(key, stored)
            after = page.next
            if after is None:
                return

    async def _mark(self, key: Key, stored: Stored) -> None:
        mark = mark_of(key, stored)
        await self._store.change_all(
            [
                (key._replace(module=WAITING), lambda before: mark),
                (key._replace(module=CHECKS), lambda before: None if before is None else Delete()),
            ]
        )

    async def _check(self, page: Page) -> int:
        tasks: list[_Task] = []
        changes: list[tuple[Key, Decide]] = []
        known: _Tariffs = {}
        for body, owner in zip(page.bodies, page.owners, strict=True):
            key = Key(Side.THEIRS, CDRS, owner, read_mark(body).id)
            stored = await self._store.get(key)
            if stored is None:
                changes.append((key._replace(module=WAITING), _finished(body, [])))
            else:
                tasks.append(_Task(key, body, await self._question(key, stored, known)))
        results = await asyncio.to_thread(self._work, [task.question for task in tasks]) if tasks else []
        kept: list[list[bool]] = []
        for task, result in zip(tasks, results, strict=True):
            is_mine: list[bool] = []
            kept.append(is_mine)
            changes.append((task.key._replace(module=WAITING), _finished(task.mark, is_mine)))
            changes.append((task.key._replace(module=CHECKS), _keep(result, is_mine)))
        await self._store.change_all(changes)
        self._tell([result for result, is_mine in zip(results, kept, strict=True) if is_mine[-1:] == [True]])
        return len(tasks)

    def _work(self, questions: Sequence[Question]) -> list[CdrCheck]:
        return [checked(question, self.tolerance) for question in questions]

    def _tell(self, results: Sequence[CdrCheck]) -> None:
        """Count them and say it: one line for all of a partner that came out alike, with the first of them."""
        alike: dict[tuple[str, Verdict, tuple[str, ...]], list[CdrCheck]] = {}
        for result in results:
            reasons = result.reasons
            self.verdicts[result.partner, result.verdict.value] += 1
            for reason in reasons:
                self.reasons[result.partner, reason] += 1
            alike.setdefault((result.partner, result.verdict, reasons), []).append(result)
        for (partner, verdict, reasons), (first, *others) in alike.items():
            say = log.info if verdict is Verdict.OK else log.warning
            say(
                "cdr.checked",
                partner=partner,
                owner=first.owner,
                cdr=first.id,
                more=len(others),
                verdict=verdict.value,
                stated=str(first.stated),
                computed=str(first.computed[0]),
                reasons=list(reasons),
            )

    async def _question(self, key: Key, stored: Stored, known: _Tariffs) -> Question:
        version = version_of(stored.version)
        cdr: AnyCDR | None = None
        unreadable: OCPIError | None = None
        try:
            cdr = cast(AnyCDR, codec.decode(version.kind(CDRS).resource.type, stored.body))
        except OCPIError as error:
            unreadable = error
        question = Question(
            owner=key.owner,
            id=key.id if cdr is None else str(cdr.id),
            partner=stored.source,
            version=stored.version,
            cdr=cdr,
            unreadable=unreadable,
        )
        if cdr is None:
            return question
        place = whereabouts(cdr)
        location = await stored_by_id(self._store, Side.THEIRS, "locations", key.owner, place.location_id)
        tariffs, changed = await self._tariffs(key.owner, cdr, place, location, known)
        return Question(
            owner=key.owner,
            id=question.id,
            partner=stored.source,
            version=stored.version,
            cdr=cdr,
            tariffs=tariffs,
            changed=changed,
            time_zone=time_zone_of(place.time_zone, _time_zone(location), self._time_zone),
        )

    async def _tariffs(
        self, owner: PartyId, cdr: AnyCDR, place: Whereabouts, location: Stored | None, known: _Tariffs
    ) -> tuple[tuple[AnyTariff, ...] | None, tuple[str, ...]]:
        """The stored Tariffs that the CDR means and does not bring; None: it brings all. And which changed since."""
        own: list[AnyTariff] = list(getattr(cdr, "tariffs", None) or ())
        named = dict.fromkeys(getattr(period, "tariff_id", None) for period in cdr.charging_periods)
        brought = {fold(str(one.id)) for one in own}
        missing = [str(id) for id in named if id is not None and fold(str(id)) not in brought]
        if own and not missing:
            return None, ()
        if missing:
            found = await self._stored_tariffs(owner, missing, known)
        else:
            bodies = [body for body in (place.location, location and location.body) if body]
            ids = next(filter(None, (connector_tariffs(body, place) for body in bodies)), ())
            found = holding(await self._stored_tariffs(owner, ids, known), cdr.start_date_time)
        changed = tuple(str(one.id) for one in found if one.last_updated > cdr.start_date_time)
        return (None if own and not found else (*own, *found)), changed

    async def _stored_tariffs(self, owner: PartyId, ids: Sequence[str], known: _Tariffs) -> list[AnyTariff]:
        for id in ids:
            if (owner, id) not in known:
                stored = await stored_by_id(self._store, Side.THEIRS, "tariffs", owner, id)
                known[owner, id] = None if stored is None else read_tariff_of(stored)
        found = [known[owner, id] for id in ids]
        return [one for one in found if one is not None]

    async def _page(self, module: str, after: str | None, owner: PartyId | None = None) -> Page:
        return await self._store.page(
            PageRequest(side=Side.THEIRS, module=module, owner=owner, after=after, limit=CHUNK)
        )


def _time_zone(location: Stored | None) -> str | None:
    return None if location is None else patch.text_of(patch.split(location.body), "time_zone")


def _finished(mark: bytes, is_mine: list[bool]) -> Decide:
    """Take the mark away, unless the CDR was changed meanwhile, or another process was here first."""

    def decide(before: Stored | None) -> Delete | None:
        is_same = before is not None and before.body == mark
        is_mine.append(is_same)
        return Delete() if is_same else None

    return decide


def _keep(result: CdrCheck, is_mine: list[bool]) -> Decide:
    """Keep the result if the mark was ours to take; decided right after it, in the same transaction."""
    written = Write(
        version=result.version,
        last_updated=result.checked_at.micros,
        body=codec.encode(result),
        source=result.partner,
    )
    return lambda before: written if is_mine[-1] else None
