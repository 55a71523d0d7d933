# SPDX-License-Identifier: AGPL-3.0-or-later
"""One OCPI platform, wired together, without a socket: what a test, a demo and the gateway have in common."""

from __future__ import annotations

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.hub import Hub
from wwcp_ocpi.partners import (
    Billing,
    BookingDesk,
    Bookings,
    CdrChecks,
    ChargingProfiles,
    Commands,
    Courier,
    Drivers,
    HubClients,
    OrderDesk,
    PartnerBook,
    ProfileFollowers,
    Publisher,
    Pulled,
    Puller,
    Registration,
    Securing,
    TariffTimetables,
)
from wwcp_ocpi.protocol.http import Transport
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server import Server, ServerSettings
from wwcp_ocpi.server.audit import Audit
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.decisions import Authorizer, Commander
from wwcp_ocpi.store.ports import Side, Store, Stored

_EMSP = "EMSP"


class Platform:
    """Store, partners, server, registration, delivery: each is a room of its own, here they meet."""

    def __init__(self, settings: ServerSettings, store: Store, vault: Vault, transport: Transport) -> None:
        self.settings = settings
        self.store = store
        self.book = PartnerBook(store, vault)
        self.registration = Registration(settings, self.book, vault, store, transport)
        self.securing = Securing(self.book, vault)
        self.bridge = Bridge(store, settings.convert, driver_of=self._driver_of)
        said = settings.names_owners
        self.bridge.names_owners = bool(settings.relayed) if said is None else said
        self.server = Server(settings, store, self.book, self.registration, self.bridge)
        self.server.vault = vault
        self.publisher = Publisher(store, self.book)
        self.timetables = TariffTimetables(store, self.publisher)
        self.courier = Courier(store, self.book, self.registration.peer_of, self.bridge)
        self.courier.tariffs = lambda: self.server.tariffs
        self.cdr_checks = CdrChecks(store, settings.convert.time_zone)
        self.billing = Billing(store, self.book, self.bridge, tariffs=lambda: self.server.tariffs)
        self.puller = Puller(settings, store, self.book, self.registration.peer_of)
        self.courier.backoff.came_back = self.puller.came_back
        self.drivers = Drivers(store, self.book, self.registration.peer_of)
        self.commands = Commands(settings, store, self.book, self.registration.peer_of)
        self.profiles = ChargingProfiles(settings, store, self.book, self.registration.peer_of)
        self.followers = ProfileFollowers(store, self.book, self.registration.peer_of)
        self.desk = OrderDesk(store, self.book, self.registration.peer_of)
        self.bookings = Bookings(settings, store, self.book, self.registration.peer_of)
        self.booking_desk = BookingDesk(store, self.publisher, settings)
        self.hub_clients = HubClients(settings, store, self.book, self.publisher, self.registration.peer_of)
        self.server.desk = self.desk
        self.server.may_call = self.registration.may_call
        self.server.followers = self.followers
        self.server.hears = self.publisher.hears
        self.server.heard = self.hub_clients.heard
        self.server.results["commands"] = self.commands
        self.server.results["chargingprofiles"] = self.profiles
        self.hub: Hub | None = None
        """Passes on between partners, if we are a hub."""
        if settings.relayed:
            self.hub = Hub(
                self.server,
                store,
                self.book,
                self.publisher,
                self.courier,
                self.commands,
                self.desk,
                self.hub_clients,
                self.bridge,
                self.registration.peer_of,
            )
            self.puller.changes_of = self.hub.relay.changes_of
        self.modifiers = self.server.modifiers = self.registration.modifiers
        """What is changed in the traffic with single partners, by the partner's id."""

    def _driver_of(self, side: Side, stored: Stored) -> PartyId | None:
        """The eMSP whose driver a Session or CDR is about, where only one party can be meant."""
        if side is Side.OURS:
            partner = self.book.find(stored.audience)
            found = {party.id for party in partner.parties if party.role == _EMSP} if partner else set()
        else:
            found = {party.id for party in self.settings.parties if party.role == _EMSP}
        return found.pop() if len(found) == 1 else None

    def note_in(self, audit: Audit) -> None:
        """Have everything noted there that somebody may have to answer for."""
        self.server.identity.audit = self.registration.audit = audit

    def peer(self, partner: str) -> Peer:
        """A registered partner, to call.

        Raises:
            UsageError: not registered with it.
        """
        return self.registration.peer(partner)

    async def pull(self, partner: str, module: str, *, date_from: DateTime | None = None) -> Pulled:
        """Fetch what a partner owns into the store, now."""
        return await self.puller.pull(partner, module, date_from=date_from)

    def attach(self, authorizer: Authorizer | None, commander: Commander | None) -> None:
        """Ask the operator's system what is ours to decide; a hub still passes on what is its partners'."""
        if self.hub is not None:
            self.hub.authorizer.own = authorizer or self.hub.authorizer.own
            self.hub.commander.own = commander or self.hub.commander.own
            return
        self.server.authorizer = authorizer or self.server.authorizer
        self.server.commander = commander or self.server.commander
