# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joins the roaming network of a gateway with its OCPI platform, on each side on which we have a party.

As CPO our operators are seen by partners; as EMSP partners' operators are in the network, and its providers answer.
"""

from __future__ import annotations

from collections.abc import Container, Coroutine
from typing import Any

import structlog

from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import Authorizer, Commander
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, ChargingStationOperatorId, EVSEId
from wwcp_ocpi.wwcp.ocpi.cso.adapter import CSOAdapter, CSOOptions
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.ocpi.emp_adapter import EMPAdapter, EMPOptions
from wwcp_ocpi.wwcp.ocpi.location import party_of
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()


class _Ours(Container[ChargingStationOperatorId]):
    """The operators for which we have a party. Those of partners are in the network as well, and are not ours to tell.

    Args:
        parties: ours, in the role CPO.
        chosen: of these operators only; empty: of all.
    """

    def __init__(self, parties: frozenset[PartyId], chosen: frozenset[ChargingStationOperatorId]) -> None:
        self._parties = parties
        self._chosen = chosen

    def __contains__(self, id: object) -> bool:
        if not isinstance(id, ChargingStationOperatorId) or (self._chosen and id not in self._chosen):
            return False
        return party_of(id) in self._parties


class Adapters:
    """The sides that we have: `cso` as CPO, `emp` as EMSP; None where we have no party in the role."""

    def __init__(self, network: RoamingNetwork, platform: Platform, config: Config) -> None:
        """Nothing is published or taken over yet."""
        self.network = network
        self.cso: CSOAdapter | None = None
        self.emp: EMPAdapter | None = None
        self._platform = platform
        own, settings = _parties(platform.settings, "CPO"), config.wwcp
        if own:
            self.cso = CSOAdapter(
                network,
                platform,
                CSOOptions(scope=_scope(own, config), suffix_ids_for=frozenset(settings.short_ids_for)),
            )
        if _parties(platform.settings, "EMSP"):
            self.emp = EMPAdapter(
                network,
                platform.settings,
                platform.store,
                platform.book,
                platform.bridge,
                platform.publisher,
                platform.commands,
                options=EMPOptions(await_result_s=settings.await_result_s),
            )

    async def start(self, authorizer: Authorizer | None, commander: Commander | None) -> None:
        """Publish what is ours, take over what is partners', and answer partners from the network.

        Args:
            authorizer: the operator's own one, which is asked instead of the network; so is the `commander`.
        """
        server = self._platform.server
        if self.cso is not None:
            self._platform.attach(None, commander or self.cso.commander)
            server.profile_operator = self.cso.profile_operator
            await self.cso.start()
            parties = _parties(self._platform.settings, "CPO")
            for id in self.network.places.operators:
                if party_of(id) not in parties and self.emp is None:
                    log.warning("wwcp.operator_not_published", operator=str(id), expected="a [[party]] for it")
        if self.emp is not None:
            self._platform.attach(authorizer or self.emp.authorizer, None)
            for provider, source in self.network.token_sources.items():
                if provider in self.emp.parties:
                    self.emp.listen_to(provider, source)
            await self.emp.start()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be run from then on, each until it is cancelled."""
        return [side.run() for side in (self.cso, self.emp) if side is not None]

    async def stop(self) -> None:
        """Take part in the network no more. `work` has ended."""
        if self.cso is not None:
            self.cso.leave()
        if self.emp is not None:
            await self.emp.stop()


def _parties(settings: ServerSettings, role: str) -> frozenset[PartyId]:
    return frozenset(party.id for party in settings.parties if party.role == role)


def _scope(own: frozenset[PartyId], config: Config) -> Scope:
    """What the configuration leaves partners to see; what is not narrowed there is all of it."""
    chosen = config.wwcp
    return Scope(
        operators=_Ours(own, frozenset(map(ChargingStationOperatorId.parse, chosen.operators))),
        pools=frozenset(map(ChargingPoolId.parse, chosen.pools)) or None,
        stations=frozenset(map(ChargingStationId.parse, chosen.stations)) or None,
        evses=frozenset(map(EVSEId.parse, chosen.evses)) or None,
    )
