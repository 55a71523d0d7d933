# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is connected to us, if we are a hub: a ClientInfo for each party of each partner. Spec: mod_hub_client_info.

What the partners' book says is published like any object of ours, so that every partner is told of a change (HCI-01)
and can read the whole. A party is in one ClientInfo, whatever its roles, since a path has no room for more (decision 15
in docs/spec-defects.md). What is PLANNED is for the operator to publish. They are published in the latest version that
is served, and told to each partner in its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import msgspec
import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.client.wire import Retries
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import OCPIError, Unreachable
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Objects, PageRequest, Side

log = structlog.get_logger()

KIND = "hubclientinfo"
SILENCE_S = 300.0
"""How long a partner may be silent before it is asked whether it is there (HCI-05)."""
_CHUNK = 200
_WORD = "OTHER"
"""The role of a party that did not say which it has: 2.1.1 has no word for it."""


class State(msgspec.Struct, frozen=True):
    """What a ClientInfo says beside the party and the time."""

    role: str
    status: str


class HubClients:
    """Keeps the ClientInfos as the partners' book is. Does nothing on a platform that is no hub."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Objects,
        book: PartnerBook,
        publisher: Publisher,
        peer_of: Callable[[Partner], Peer],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.heard: dict[str, float] = {}
        """When each partner last said something, in seconds since 1970."""
        self._store = store
        self._book = book
        self._publisher = publisher
        self._peer_of = peer_of
        self._clock = clock
        self._offline: frozenset[str] = frozenset()
        self._published: tuple[int, frozenset[str]] | None = None
        served = [version_of(number) for number in settings.versions if KIND in version_of(number).kinds]
        is_hub = settings.hub is not None and KIND in settings.modules
        self._version = max(served, key=lambda one: one.rank) if is_hub and served else None

    async def publish(self) -> int:
        """Write what changed since the last time, and have it told to the partners; says how many were written."""
        state = (self._book.generation, self._offline)
        if self._version is None or state == self._published:
            return 0
        wanted = dict(self._states(self._book.all()))
        known = await self._known()
        gone = {
            party: State(old.role, "SUSPENDED")
            for party, old in known.items()
            if party not in wanted and old.status != "PLANNED"
        }
        changed = {party: new for party, new in {**wanted, **gone}.items() if known.get(party) != new}
        await self._publisher.publish(self._version, KIND, [_client(party, new) for party, new in changed.items()])
        written = len(changed)
        self._published = state
        if written:
            log.info("hub.clients_published", count=written)
        return written

    async def look(self) -> None:
        """Ask every partner that has been silent for long for its versions, and publish who is there (HCI-05)."""
        if self._version is None:
            return
        offline = set()
        for partner in self._book.all():
            if partner.remote is None or partner.blocked:
                continue
            if self._clock() - self.heard.get(partner.id, 0.0) < SILENCE_S:
                continue
            if await self._is_there(partner):
                self.heard[partner.id] = self._clock()
            else:
                offline.add(partner.id)
        self._offline = frozenset(offline)
        await self.publish()

    def is_offline(self, partner: str) -> bool:
        """Whether a partner was silent for long, and did not answer when it was asked."""
        return partner in self._offline

    async def _is_there(self, partner: Partner) -> bool:
        assert partner.remote is not None
        wire = self._peer_of(partner).wire
        wire.retries = Retries(attempts=1)
        try:
            await wire.send("GET", partner.remote.versions_url)
        except Unreachable:
            return False
        except OCPIError:
            pass  # whatever it says, it speaks
        return True

    def _states(self, partners: Iterable[Partner]) -> Iterable[tuple[PartyId, State]]:
        # A party may have left with one partner and come back with another: who is there counts.
        for partner in sorted(partners, key=lambda one: one.is_registered and not one.blocked):
            for party in reversed(partner.parties):  # of several roles the first stands
                yield party.id, State(party.role or _WORD, self._status(partner))

    def _status(self, partner: Partner) -> str:
        if not partner.is_registered:
            return "SUSPENDED"
        return "OFFLINE" if partner.blocked or partner.id in self._offline else "CONNECTED"

    async def _known(self) -> Mapping[PartyId, State]:
        """What is published now."""
        known: dict[PartyId, State] = {}
        after: str | None = None
        while True:
            page = await self._store.page(PageRequest(side=Side.OURS, module=KIND, after=after, limit=_CHUNK))
            for body in page.bodies:
                fields = patch.split(body)
                text = {name: patch.text_of(fields, name) or "" for name in fields}
                known[PartyId.of(text["country_code"], text["party_id"])] = State(text["role"], text["status"])
            after = page.next
            if after is None:
                return known


def _client(party: PartyId, state: State) -> OwnObject:
    at = now()
    body = {
        "party_id": party.party_id,
        "country_code": party.country_code,
        "role": state.role,
        "status": state.status,
        "last_updated": at,
    }
    return OwnObject(owner=party, id="", last_updated=at.micros, body=codec.encode(body))
