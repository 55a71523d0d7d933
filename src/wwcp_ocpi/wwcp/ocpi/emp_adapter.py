# SPDX-License-Identifier: AGPL-3.0-or-later
"""We are the eMSP of a WWCP network: OCPI CPO partners become its foreign operators.

    adapter = EMPAdapter(network, settings, store, book, bridge, publisher, commands)
    platform.attach(adapter.authorizer, None)
    await adapter.start()
    ... adapter.run() ...

What partners push, and what is pulled from them, is read from the store in which it is kept anyway: pools, tariffs and
statuses go into the network, sessions are reported, records are sent to their provider. CPOs that ask for a Token are
answered by the network's providers. RemoteStart, RemoteStop, Reserve, CancelReservation and Unlock at places of
partners become commands, and what comes of them closes the loop. Everything is mapped to and from OCPI 2.3.0; the
bridge speaks the version of the partner.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import structlog

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.commands import Commands
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.partners.waiting import Clock, Sleep
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.decisions import Authorizer
from wwcp_ocpi.server.decisions.authorization import StoredTokens
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Key, Store
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.requests import CancelReservation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.results import (
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
)
from wwcp_ocpi.wwcp.model.station_verbs import Unlock, UnlockResult
from wwcp_ocpi.wwcp.ocpi.emp.authorizing import WWCPAuthorizer
from wwcp_ocpi.wwcp.ocpi.emp.commanding import Commanding
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore, EMPOptions
from wwcp_ocpi.wwcp.ocpi.emp.feed import CDRS, LOCATIONS, SESSIONS, TARIFFS, Feed, follow_partners
from wwcp_ocpi.wwcp.ocpi.emp.matching import Matches
from wwcp_ocpi.wwcp.ocpi.emp.places import PartnerPlaces
from wwcp_ocpi.wwcp.ocpi.emp.records import PartnerRecords, Taken
from wwcp_ocpi.wwcp.ocpi.emp.tokens import Tokens
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork
from wwcp_ocpi.wwcp.routing.token_source import TokenSource

__all__ = ["EMPAdapter", "EMPOptions", "Taken", "follow_partners"]

log = structlog.get_logger()

RETRY_S = 5.0
SWEEP_S = 60.0


class EMPAdapter:
    """RemoteStarter, Reserver and Unlocker of the network for all operators behind OCPI, and all that comes from them.

    Changes are marked in the store from the moment it is made on; nothing is taken over before `start`.

    Args:
        publisher: publishes the Tokens of providers that tell theirs.
        providers: which of our parties stands for which provider; see `EMPCore`.
        id: how the adapter is called in the network.
        stored: answers for Tokens about which no provider has an answer; our stored Tokens, unless `options` says no.
    """

    def __init__(
        self,
        network: RoamingNetwork,
        settings: ServerSettings,
        store: Store,
        book: PartnerBook,
        bridge: Bridge,
        publisher: Publisher,
        commands: Commands,
        *,
        providers: Mapping[EMobilityProviderId, PartyId] | None = None,
        policy: MappingPolicy = DEFAULT_POLICY,
        options: EMPOptions | None = None,
        id: str = "OCPI",
        priority: int = 10,
        stored: Authorizer | None = None,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._core = core = EMPCore(
            network,
            settings,
            store,
            book,
            bridge,
            providers=providers,
            policy=policy,
            options=options,
            clock=clock,
            sleep=sleep,
        )
        self._matches = Matches(core)
        self.tokens = Tokens(core, publisher)
        """The Tokens of our providers; `tokens.refresh()` reads their lists at once."""
        self._commanding = Commanding(core, commands, self._matches, self.tokens)
        if stored is None and core.options.asks_stored_tokens:
            stored = StoredTokens(store, tuple(core.parties.values()), bridge)
        self.authorizer = WWCPAuthorizer(id, core, self._matches, self.tokens, stored)
        """Answers CPOs: attach it to the OCPI server."""
        self._places = PartnerPlaces(core)
        self._records = PartnerRecords(core, self._matches)
        self._tariffs = Feed(store, TARIFFS, self._places.take_tariffs)
        self._locations = Feed(store, LOCATIONS, self._places.take_locations)
        self._sessions = Feed(store, SESSIONS, self._records.take_sessions)
        self._cdrs = Feed(store, CDRS, self._records.take_cdrs)
        self._feeds = (self._tariffs, self._locations, self._sessions, self._cdrs)
        self._leave = network.add_emp_roaming_provider(id, self, priority=priority)

    @property
    def parties(self) -> Mapping[EMobilityProviderId, PartyId]:
        """Which of our parties stands for which provider."""
        return self._core.parties

    @property
    def names(self) -> NameBook:
        """How the partners' places are called in the network, and back."""
        return self._core.names

    @property
    def notes(self) -> Mapping[Key, list[Note]]:
        """What was lost of partners' Locations and Tariffs on their way into the network, by the key of each."""
        return self._places.notes

    def listen_to(self, provider_id: EMobilityProviderId, source: TokenSource) -> None:
        """Publish that provider's tokens as ours from here on.

        Raises:
            KeyError: none of our parties stands for that provider.
        """
        self.tokens.listen_to(provider_id, source)

    async def session(self, owner: PartyId, id: str) -> Taken | None:
        """What became of a partner's Session; None: there is none, or it waits still."""
        return await self._records.of(SESSIONS, owner, id)

    async def cdr(self, owner: PartyId, id: str) -> Taken | None:
        """What became of a partner's CDR; what its provider says later is with the network (`network.cdr`)."""
        return await self._records.of(CDRS, owner, id)

    def sessions(self) -> AsyncIterator[Taken]:
        """What became of all Sessions."""
        return self._records.all(SESSIONS)

    def cdrs(self) -> AsyncIterator[Taken]:
        """What became of all CDRs."""
        return self._records.all(CDRS)

    # The network's verbs

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Begin a session at a partner's EVSE."""
        return await self._commanding.remote_start(request)

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """End it."""
        return await self._commanding.remote_stop(request)

    async def reserve(self, request: Reserve) -> ReservationResult:
        """Keep a partner's EVSE free."""
        return await self._commanding.reserve(request)

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        """Free it again."""
        return await self._commanding.cancel_reservation(request)

    async def unlock(self, request: Unlock) -> UnlockResult:
        """Have a connector of a partner's EVSE let go of the cable."""
        return await self._commanding.unlock(request)

    # Work

    async def start(self) -> None:
        """Take over all that partners have told so far, and take up what an earlier run left."""
        await self._matches.resume()
        await self._tariffs.load()
        await self._locations.load()
        for feed in (self._sessions, self._cdrs):
            await self.settle()
            await feed.complete()
        await self.settle()
        await self._commanding.resume()

    async def settle(self) -> int:
        """Take over what partners changed since; says how much there was.

        Places come before sessions and these before records, so that each finds what it names.
        """
        return sum([await feed.settle() for feed in self._feeds])

    async def waiting(self) -> int:
        """How many changes are to be taken over."""
        return sum([await feed.waiting() for feed in self._feeds])

    async def sweep(self) -> None:
        """Drop awaited sessions that never came, and forget what no result will come for."""
        await self._matches.sweep()
        await self._commanding.sweep()

    async def run(self) -> None:
        """Do all of that whenever there is something to do, until cancelled. `start` comes first."""
        async with asyncio.TaskGroup() as work:
            for count in range(1, len(self._feeds) + 1):
                work.create_task(self._follow(self._feeds[:count]))
            work.create_task(self.tokens.run())
            work.create_task(self._sweep())

    async def stop(self) -> None:
        """Leave the network; what is not taken over waits in the store."""
        self._leave()
        await self._commanding.stop()

    async def _follow(self, feeds: tuple[Feed, ...]) -> None:
        """Settle the last of these whenever something waits for it, and before it those that it leans on.

        Each has a task of its own: a provider that takes its time with records holds up no status.
        """
        while True:
            wait_s = self._core.options.look_s
            try:
                if await feeds[-1].waiting():
                    for feed in feeds:
                        await feed.settle()
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("wwcp.feed_failed", kind=feeds[-1].kind)
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self.sweep()
            except Exception:
                # The edge of a background task, as above.
                log.exception("wwcp.sweep_failed")
