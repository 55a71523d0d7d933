# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pulls that nobody has to start: now and then, and whenever a partner is back. Spec: transport_and_format (pull).

Changes are pushed, and a push may be lost while one of the two is away. So everything that a partner sends us is
asked for as well: every few hours, never for all partners at the same moment (TRN-08), and right after a partner has
registered, is reachable again, or this process has started (TRN-59). What is asked is what changed since the last
pull, and once a day the whole list, which also tells what is gone. When what was pulled is kept as documents.

Sessions and CDRs are a history: partners may stop listing old ones that we keep, so nothing of them is ever removed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.pull import BEGINNING, Pulled, pull
from wwcp_ocpi.partners.waiting import Clock
from wwcp_ocpi.protocol.endpoint import Interface, Operation, Resource
from wwcp_ocpi.protocol.errors import NotAuthenticated, OCPIError, Unreachable
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.server.versions import may_call
from wwcp_ocpi.store.ports import Changes, Store

log = structlog.get_logger()

KIND = "pull"
AT_ONCE = 4
"""Partners that are pulled from together."""
PATIENCE_S = 300.0
"""After this a partner that takes long goes on beside the others, and makes room for the next one."""
LONGEST_S = 6 * 3600.0
LOOK_S = 1.0
SPLAY = 0.25
"""The part of the interval by which a pull comes earlier or later, by chance."""
FIRST_SPLAY_S = 60.0
"""Over how many seconds the pulls after a start are spread."""
LEAST_GAP_S = 60.0
"""Between two pulls from a partner that goes and comes."""
WHOLE_S = 24 * 3600.0
OVERLAP_S = 600.0
"""How much earlier than the last pull a delta begins: the partner's clock may be another."""
MAX_ERROR = 300


class KindPulled(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the pulls of one kind of object, in microseconds since 1970; 0: never.

    `done` is when the last one began that came to its end, `whole` the same of those that asked for everything.
    """

    tried: int = 0
    done: int = 0
    whole: int = 0
    error: str = ""
    """Why the last one did not come to its end; empty: it did."""


class PullState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the pulls from a partner. `platform` is where and in which version they were made."""

    platform: str = ""
    kinds: dict[str, KindPulled] = {}


class Puller:
    """Pulls from every partner by itself. Off as long as `every_h` is 0."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        book: PartnerBook,
        peer_of: Callable[[Partner], Peer],
        *,
        clock: Clock = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.every_h = 0.0
        self.counts: Counter[tuple[str, str]] = Counter()
        """How often each partner was pulled from, one kind at a time, and with which outcome: done or failed."""
        self.changes_of: Callable[[str], Changes] = lambda partner: store
        """Where what a partner lists is written: into the store, by a hub with what others hear of it."""
        self._settings = settings
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._clock = clock
        self._chance = chance
        self._due: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._has_looked = False

    async def run(self) -> None:
        """Pull whatever is due, until cancelled."""
        try:
            while self.every_h > 0:
                self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def look(self) -> int:
        """Begin the pulls that are due, behind our back; says from how many partners."""
        now = self._clock()
        present = {partner.id for partner in self._book.all() if any(self._kinds(partner))}
        for id in self._due.keys() - present:
            del self._due[id]
        for id in sorted(present - self._due.keys()):
            # Who was there when we started is asked in turn; who comes later is asked at once.
            self._due[id] = now + (0.0 if self._has_looked else self._chance() * FIRST_SPLAY_S)
        self._has_looked = True
        begun = [id for id, due in self._due.items() if due <= now and id not in self._running]
        for id in begun:
            self._begin(id, now)
        return len(begun)

    def _begin(self, id: str, now: float) -> None:
        self._began[id] = now
        self._due[id] = now + self.every_h * 3600 * (1 + SPLAY * (2 * self._chance() - 1))
        self._running[id] = asyncio.get_running_loop().create_task(self._turn(id))
        self._running[id].add_done_callback(lambda _: self._running.pop(id, None))

    def came_back(self, partner: str) -> None:
        """It answers again: soon ask what it could not tell us (TRN-59)."""
        if partner in self._due:
            soon = max(self._clock(), self._began.get(partner, 0.0) + LEAST_GAP_S)
            self._due[partner] = min(self._due[partner], soon)

    async def settle(self) -> None:
        """Wait until what was begun is done."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await asyncio.sleep(0)

    async def state(self, partner: str) -> PullState:
        """When what was pulled from a partner."""
        body = await self._store.document(KIND, partner)
        return PullState() if body is None else _decode(body)

    async def pull(self, id: str, kind: str, *, date_from: DateTime | None = None) -> Pulled:
        """Fetch what a partner owns into the store, and note that. Without `date_from` what is gone is removed.

        Raises:
            NotFound: there is no such partner.
            UsageError: not registered with it.
            PartnerError: the list could not be read to the end; what had come until then is kept.
        """
        partner = self._book.get(id)
        peer = self._peer_of(partner)
        began = int(self._clock() * 1e6)
        try:
            done = await pull(
                peer,
                partner,
                kind,
                self._store,
                date_from=date_from,
                ours=self._settings.party_ids,
                changes=self.changes_of(id),
            )
        except OCPIError as error:
            reason = str(error)[:MAX_ERROR]
            self.counts[id, "failed"] += 1
            await self._note(partner, kind, lambda known: replace(known, tried=began, error=reason))
            raise
        self.counts[id, "done"] += 1
        start = 0 if date_from is None else date_from.micros

        def noted(known: KindPulled) -> KindPulled:
            # A delta that leaves a gap behind the last one is not what the next delta may begin at.
            return KindPulled(
                tried=began,
                done=began if start <= known.done else known.done,
                whole=known.whole if start else began,
            )

        await self._note(partner, kind, noted)
        return done

    async def _turn(self, id: str) -> None:
        """All pulls from one partner, one after the other, as soon as there is room."""
        async with self._slots:
            work = asyncio.get_running_loop().create_task(self._all_of(id))
            try:
                await asyncio.wait([work], timeout=PATIENCE_S)
            except asyncio.CancelledError:
                work.cancel()
                raise
        try:
            is_done = await work
        except asyncio.CancelledError:
            work.cancel()
            raise
        except Exception:
            # The edge of a background task: whatever it is must not end the pulls for good.
            log.exception("pull.failed", partner=id)
            is_done = False
        self._failures[id] = 0 if is_done else self._failures[id] + 1
        if not is_done and id in self._due:
            wait_s = LEAST_GAP_S * 2.0 ** min(self._failures[id] - 1, 20) * (1 + SPLAY * self._chance())
            self._due[id] = min(self._due[id], self._clock() + wait_s)

    async def _all_of(self, id: str) -> bool:
        """Pull each kind of object; says whether all came to their end."""
        partner = self._book.find(id)
        state = await self.state(id)
        is_done = True
        async with asyncio.timeout(LONGEST_S):
            for kind, resource in self._kinds(partner) if partner is not None else ():
                assert partner is not None
                known = state.kinds.get(kind) if state.platform == _platform(partner) else None
                try:
                    await self.pull(id, kind, date_from=self._since(resource, known or KindPulled()))
                except OCPIError as error:
                    is_done = False
                    log.warning("partner.pull_failed", partner=id, kind=kind, error=str(error))
                    if isinstance(error, (Unreachable, NotAuthenticated)):
                        break  # the others would fare no better
        return is_done

    def _since(self, resource: Resource, known: KindPulled) -> DateTime | None:
        """From when on to ask; None for the whole list, after which what is not in it is removed."""
        is_history = resource.is_final or resource.ends is not None
        if not known.done or (not is_history and self._clock() - known.whole / 1e6 >= WHOLE_S):
            return BEGINNING if is_history else None
        return DateTime.from_micros(max(0, known.done - int(OVERLAP_S * 1e6)))

    async def _note(self, partner: Partner, kind: str, change: Callable[[KindPulled], KindPulled]) -> None:
        where = _platform(partner)

        def decide(body: bytes | None) -> bytes:
            known = _decode(body) if body is not None else PullState()
            kinds = dict(known.kinds) if known.platform == where else {}
            kinds[kind] = change(kinds.get(kind, KindPulled()))
            return msgspec.json.encode(PullState(platform=where, kinds=kinds))

        await self._store.change_document(KIND, partner.id, decide)

    def _kinds(self, partner: Partner) -> Iterator[tuple[str, Resource]]:
        """What a partner sends us, and lists: in its version, in its roles and ours."""
        remote = partner.remote
        version = VERSIONS.get(remote.version) if remote is not None else None
        if remote is None or version is None or partner.blocked:
            return
        for name, (module, resource) in version.kinds.items():
            is_ours = module.identifier in self._settings.modules and self._settings.plays(module, Interface.RECEIVER)
            if not is_ours or not may_call(partner.roles, module, Interface.RECEIVER) or not _is_listed(version, name):
                continue
            if any(
                module.is_called(endpoint.identifier)
                and (not version.facts.endpoints_have_roles or (endpoint.role or "").upper() == Interface.SENDER.value)
                for endpoint in remote.endpoints
            ):
                yield name, resource


def _is_listed(version: Version, kind: str) -> bool:
    rows = version.rows_of(version.kind(kind), Interface.SENDER)
    return any(row.operation is Operation.LIST and not row.extension for row in rows)


def _platform(partner: Partner) -> str:
    remote = partner.remote
    return f"{remote.versions_url} {remote.version}" if remote is not None else ""


_decode = msgspec.json.Decoder(PullState).decode
