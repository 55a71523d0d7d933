# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WWCP roaming network of three operators: uploaded to A over HTTP, and found again at B behind OCPI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wwcp_ocpi.demo.networks import Changed, Published
from wwcp_ocpi.demo.steps import Failed, Steps, until
from wwcp_ocpi.demo.wwcp.charge import RoamingCharge
from wwcp_ocpi.demo.wwcp.comparing import structure, told_otherwise
from wwcp_ocpi.demo.wwcp.parts import Provider, Stations
from wwcp_ocpi.demo.wwcp.sides import Side, side_of
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0 import VERSION as V2_3_0
from wwcp_ocpi.wwcp import (
    EMobilityProvider,
    EMobilityProviderId,
    EVSEStatus,
    LiveNetwork,
    RoamingNetwork,
    RoamingNetworkData,
    read_network,
)
from wwcp_ocpi.wwcp.sample.network import sample_json


class SampleNetwork:
    """The network that is made by a seed. At A it is its operators', at B what their partner has of it."""

    def __init__(self, seed: int) -> None:
        self._body = sample_json(seed)
        data = read_network(self._body)
        self._id = data.id
        self._operators = [operator.id for operator in data.charging_station_operators]
        self.title = f"WWCP roaming network {data.id}, seed {seed}"
        self.version: Version = V2_3_0
        self.parties: Sequence[PartyId] = [PartyId.parse(str(operator)) for operator in self._operators]
        self.losses: dict[str, int] = {}
        self._a: Side
        self._b: Side
        self._sides: list[Side] = []
        self._stations: Stations
        self._provider: Provider

    async def publish(self, gateway: Gateway) -> Published:
        """Upload it to the gateway's empty network, in which its operators are; its pools become Locations."""
        network = self._empty(gateway)
        self._stations = Stations(network)
        for operator in self._operators:
            network.add_operator(operator, self._stations)
        self._a = await self._opened(gateway, network)
        await self._a.client.put_network(codec.read_json(self._body))
        cso = self._a.roaming.adapters.cso
        assert cso is not None
        await cso.settle()
        published = cso.publisher.published
        unmapped = Counter(
            note.text for id, notes in cso.publisher.notes.items() if id not in published for note in notes[:1]
        )
        return Published(objects=len(published), rejected=sum(unmapped.values()), reasons=dict(unmapped.most_common()))

    async def change_status(self, gateway: Gateway) -> Changed:
        """Set the status of an EVSE over HTTP; all else follows from there."""
        places = self._a.network.places
        evse = next(evse for evse in places.evses() if places.evse_status(evse.id) == EVSEStatus.available)
        await self._a.set_status(evse.id, EVSEStatus.charging)
        return Changed(
            owner=PartyId.parse(str(evse.id.operator)),
            location_id=str(places.pool_of(evse.id).id),
            evse_uid=str(evse.id),
            status="CHARGING",
        )

    async def expect(self, gateway: Gateway, provider: PartyId) -> None:
        """Give the partner an empty network of the same name, with its provider in it."""
        network = self._empty(gateway)
        id = EMobilityProviderId.parse(f"{provider.country_code}-{provider.party_id}")
        network.places.upsert_provider(EMobilityProvider(id=id))
        self._provider = Provider(id)
        network.add_provider(id, self._provider)
        self._b = await self._opened(gateway, network)

    def charges(self, a: Gateway, b: Gateway, provider: PartyId, changed: Changed) -> Steps:
        """In WWCP on both sides; at the end the two networks are compared."""
        yield from RoamingCharge(self._a, self._b, self._stations, self._provider, changed).steps()
        yield "B's WWCP network is A's, by way of OCPI", self._compare

    async def close(self) -> None:
        """Let go of the clients of the HTTP APIs."""
        for side in self._sides:
            await side.transport.close()

    def _empty(self, gateway: Gateway) -> RoamingNetwork:
        return RoamingNetwork(LiveNetwork(RoamingNetworkData(id=self._id)), gateway.platform.store)

    async def _opened(self, gateway: Gateway, network: RoamingNetwork) -> Side:
        side = await side_of(gateway, network)
        self._sides.append(side)
        return side

    async def _compare(self) -> tuple[int, str]:
        """The same pools, stations, EVSEs and connectors, under the same ids; what is told otherwise is counted."""
        ours, theirs = self._a.network.places, self._b.network.places

        async def is_settled() -> bool:
            emp = self._b.roaming.adapters.emp
            return await self._a.platform.store.waiting() == 0 and emp is not None and await emp.waiting() == 0

        await until(is_settled, "nothing to be under way")
        expected, found = structure(ours), structure(theirs)
        if expected != found:
            missing, extra = sorted(expected - found), sorted(found - expected)
            examples = "; ".join("/".join(path) for path in [*missing[:2], *extra[:2]])
            raise Failed(f"{len(missing)} places missing at B, {len(extra)} extra: {examples}")
        self.losses = dict(told_otherwise(ours, theirs).most_common())
        return len(expected), f"places under the same ids; {len(self.losses)} kinds of details are told otherwise"
