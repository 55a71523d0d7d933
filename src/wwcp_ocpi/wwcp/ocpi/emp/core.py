# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all parts of the adapter share: the network, the store, whom we speak for, and how it behaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.waiting import Clock, Sleep
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Side, Store, Stored
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

_EMSP = "EMSP"
_CONTRACT_TYPE = "OTHER"
"""The type of a Token of which no more than its contract is known."""


class EMPOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the adapter behaves. Times in seconds."""

    await_result_s: float = 0
    """How long a verb waits for what the charge point says; 0: it is answered with AsyncOperation at once. Less than
    the network's `verb_timeout_s`, or the network gives up first."""
    awaited_s: float = 3600
    """How long a session that was authorised or started may take to be reported by its CPO; then it came to nothing."""
    authorize_s: float = 9
    """How long the providers may think. A CPO is answered within 10 s whatever happens."""
    asks_stored_tokens: bool = True
    """Whether our stored Tokens answer where no provider does."""
    look_s: float = 0.1
    """How often it is looked for what partners changed; a look reads four counters."""
    tokens_every_s: float = 60
    """How often a provider's list of tokens is read."""
    keep_s: float = 180 * 86400
    """How long it is known which session an authorisation reference or a partner's Session belongs to."""


class EMPCore:
    """The parts of one adapter meet here.

    Args:
        providers: which of our parties stands for which provider; all our parties in the role EMSP, each for the
            provider of the same country and id, unless it is told.
    """

    def __init__(
        self,
        network: RoamingNetwork,
        settings: ServerSettings,
        store: Store,
        book: PartnerBook,
        bridge: Bridge,
        *,
        providers: Mapping[EMobilityProviderId, PartyId] | None = None,
        policy: MappingPolicy = DEFAULT_POLICY,
        options: EMPOptions | None = None,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.network = network
        self.settings = settings
        self.store = store
        self.book = book
        self.bridge = bridge
        self.policy = policy
        self.options = options or EMPOptions()
        self.clock = clock
        self.sleep = sleep
        self.names = NameBook()
        self.parties = dict(providers) if providers is not None else _providers_of(settings)

    def party_of(self, provider_id: EMobilityProviderId | None) -> PartyId | None:
        """The party of ours that stands for a provider; for an unnamed one the only one that there is."""
        if provider_id is not None:
            return self.parties.get(provider_id)
        return next(iter(self.parties.values())) if len(self.parties) == 1 else None

    def provider_of(self, party: PartyId | None) -> EMobilityProviderId | None:
        """The provider for which a party of ours stands; where none is named, the only one that there is."""
        if party is not None:
            return next((provider for provider, own in self.parties.items() if own == party), None)
        return next(iter(self.parties)) if len(self.parties) == 1 else None

    async def read(self, kind: str, owner: PartyId, stored: Stored) -> bytes:
        """A partner's object in OCPI 2.3.0.

        In 2.1.1 a Session or CDR names its driver by the contract alone: where no more is known, that stands for the
        Token, and the driver is of the provider in it, or of the only one that we speak for.

        Raises:
            CannotConvert: it cannot be told in that version.
        """
        if stored.version == VERSION.number:
            return stored.body
        context = await self.bridge.context(Side.THEIRS, kind, owner, stored, VERSION)
        field = version_of(stored.version).kind(kind).resource.contract
        contract = patch.text_of(patch.split(stored.body), field) if field else None
        if contract is not None and context.token is None and context.token_uid is None:
            account = EMobilityAccountId.try_parse(contract)
            own = self.party_of(account.provider) if account is not None else None
            driver = context.driver or own or self.party_of(None)
            context = replace(context, driver=driver, token_uid=contract, token_type=_CONTRACT_TYPE)
        return self.bridge.convert(kind, stored, VERSION, context).body


def _providers_of(settings: ServerSettings) -> dict[EMobilityProviderId, PartyId]:
    named = {
        EMobilityProviderId.try_parse(f"{party.id.country_code}-{party.id.party_id}"): party.id
        for party in settings.parties
        if party.role == _EMSP
    }
    return {provider: party for provider, party in named.items() if provider is not None}
