# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server is told once, when it is made."""

from __future__ import annotations

from functools import cached_property

import msgspec

from wwcp_ocpi.scalars import PartyId


class OwnParty(msgspec.Struct, frozen=True, kw_only=True):
    """One of the parties that this platform is, in one role."""

    id: PartyId
    role: str
    name: str
    website: str | None = None


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """`base_url` is where partners reach us, without a slash at the end.

    `versions` and `modules` are what is served, if a version has it and one of our roles implements it. `extensions`
    are the switches of the rows that a strict partner does not know, see `Endpoint.switch`.
    """

    base_url: str
    parties: tuple[OwnParty, ...]
    versions: tuple[str, ...] = ("2.1.1", "2.2.1", "2.3.0")
    modules: frozenset[str] = frozenset({"locations"})
    extensions: frozenset[str] = frozenset()
    page_size: int = 50
    max_page_size: int = 1000

    @property
    def versions_url(self) -> str:
        """What a partner is given to begin with."""
        return f"{self.base_url}/ocpi/versions"

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles that we play."""
        return frozenset(party.role for party in self.parties)

    @cached_property
    def party_ids(self) -> frozenset[PartyId]:
        """The parties that we are."""
        return frozenset(party.id for party in self.parties)
