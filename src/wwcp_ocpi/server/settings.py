# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server is told once, when it is made."""

from __future__ import annotations

from functools import cached_property

import msgspec

from wwcp_ocpi.convert import Context
from wwcp_ocpi.protocol.endpoint import Interface, Module
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.extensions import DEFAULT


class OwnParty(msgspec.Struct, frozen=True, kw_only=True):
    """One of the parties that this platform is, in one role."""

    id: PartyId
    role: str
    name: str
    website: str | None = None


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """`base_url` is where partners reach us, without a slash at the end.

    `versions` and `modules` are what is served, if a version has it and one of our roles implements it.
    """

    base_url: str
    parties: tuple[OwnParty, ...]
    versions: tuple[str, ...] = ("2.1.1", "2.2.1", "2.3.0")
    modules: frozenset[str] = frozenset({"locations"})
    page_size: int = 50
    max_page_size: int = 1000
    extensions: frozenset[str] = DEFAULT
    """What is offered beyond the specification; see `server.extensions`."""
    open_versions: bool = False
    """Whether versions and their details are shown to whoever asks without a token."""
    open_locations: bool = False
    """Whether our published Locations are."""
    open_tariffs: bool = False
    """Whether our Tariffs are, those that are for everybody."""
    open_reads_per_minute: int = 600
    """How many requests without a token one address may make in a minute; 0: any number."""
    cors: bool = False
    """Whether scripts of other origins may read what needs no token."""

    refusals_per_minute: int = 60
    """How many requests of one address may be refused (401) in a minute before it is not listened to; 0: any number."""
    relays: frozenset[str] = frozenset()
    """The modules in which a hub passes on what partners give and ask. Means nothing on a platform that is none."""
    names_owners: bool | None = None
    """Whether what we tell names its owner also in a version that has no field for it; None: if we are a hub."""

    convert: Context = Context(traces=False)
    """What objects do not say of themselves, where another version asks for it."""

    @property
    def versions_url(self) -> str:
        """What a partner is given to begin with."""
        return f"{self.base_url}/ocpi/versions"

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles that we play."""
        return frozenset(party.role for party in self.parties)

    @cached_property
    def open_kinds(self) -> frozenset[str]:
        """The kinds of our own objects that whoever asks may read, as far as they are public."""
        said = {"locations": self.open_locations, "tariffs": self.open_tariffs}
        return frozenset(kind for kind, is_open in said.items() if is_open and kind in self.modules)

    @cached_property
    def open_modules(self) -> frozenset[str]:
        """The modules with something that needs no token. Open objects open the versions, by which they are found."""
        return self.open_kinds | ({"versions"} if self.open_versions or self.open_kinds else frozenset())

    @cached_property
    def hub(self) -> PartyId | None:
        """The party by which this platform is a hub, if it is one: the own party in the role HUB."""
        return next((party.id for party in self.parties if party.role == "HUB"), None)

    @cached_property
    def relayed(self) -> frozenset[str]:
        """The modules in which we pass on what partners give and ask: as a hub, else none."""
        return self.relays & self.modules if self.hub is not None else frozenset()

    def plays(self, module: Module, interface: Interface) -> bool:
        """Whether one of our roles implements this side of a module, or stands as a hub before those that do."""
        return bool(module.roles(interface) & self.roles) or module.identifier in self.relayed

    @cached_property
    def party_ids(self) -> frozenset[PartyId]:
        """The parties that we are."""
        return frozenset(party.id for party in self.parties)
