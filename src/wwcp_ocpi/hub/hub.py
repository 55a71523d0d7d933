# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that makes a platform a hub, wired to its server."""

from __future__ import annotations

from collections.abc import Callable

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.convert import Known
from wwcp_ocpi.hub.authorizing import RelayedAuthorizer
from wwcp_ocpi.hub.commanding import RelayedCommander
from wwcp_ocpi.hub.owners import Owners
from wwcp_ocpi.hub.relay import Relay
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.commands import Commands
from wwcp_ocpi.partners.delivery import Courier
from wwcp_ocpi.partners.desk import OrderDesk
from wwcp_ocpi.partners.hubclients import HubClients
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import Server
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.headers import receiver
from wwcp_ocpi.store.ports import Side, Store, Stored

_FULLEST = max(VERSIONS.values(), key=lambda version: version.rank)


class Hub:
    """Passes on what partners give and ask. There is one on a platform with a party in the role HUB."""

    def __init__(
        self,
        server: Server,
        store: Store,
        book: PartnerBook,
        publisher: Publisher,
        courier: Courier,
        commands: Commands,
        desk: OrderDesk,
        clients: HubClients,
        bridge: Bridge,
        peer_of: Callable[[Partner], Peer],
    ) -> None:
        settings = server.settings
        assert settings.hub is not None, "a platform without a party in the role HUB is none"
        self._party = settings.hub
        self._store = store
        self._book = book
        self._bridge = bridge
        self._owners = Owners(store)
        self.relay = Relay(settings, store, book, publisher, clients.is_offline, self._owners)
        self.authorizer = RelayedAuthorizer(store, book, peer_of, bridge, self.reachable, server.authorizer)
        self.commander = RelayedCommander(store, book, commands, desk, server.commander)
        server.authorizer = self.authorizer
        server.commander = self.commander
        server.reachable = self.reachable
        server.changes_of = lambda call: self.relay.changes_of(call.caller.partner, receiver(call))
        courier.broadcaster = self._party
        bridge.token_of = self.token_of

    def reachable(self) -> frozenset[PartyId]:
        """The parties behind us: those of all partners, connected now or not, and those behind them."""
        own = (party.id for partner in self._book.all() for party in partner.parties)
        return frozenset(own) | self._owners.known.keys()

    async def resume(self) -> None:
        """Take up what an earlier run left."""
        await self._owners.load()
        await self.commander.resume()

    async def stop(self) -> None:
        """End all work; what is not done stays for `resume`."""
        await self.commander.stop()

    async def token_of(self, side: Side, kind: str, stored: Stored) -> Known | None:
        """The Token behind a Session or CDR that names its contract alone, in a version that names its owner."""
        field = version_of(stored.version).kind(kind).resource.contract
        contract_id = patch.text_of(patch.split(stored.body), field) if field else None
        key = await self.relay.token_key(contract_id or "")
        token = await self._store.get(key) if key is not None else None
        if key is None or token is None:
            return None
        try:
            return Known(_FULLEST.number, await self._bridge.body(Side.OURS, "tokens", key.owner, token, _FULLEST))
        except CannotConvert:
            return None
