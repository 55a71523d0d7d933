# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WWCP side of one gateway: its roaming network, and a client of its HTTP API."""

from __future__ import annotations

from typing import NamedTuple

from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.gateway.opening import outbound
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.gateway.roaming import Roaming
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.wwcp import EVSEId, EVSEStatus, RoamingNetwork, Timestamped
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.http.routes import PREFIX

EVERYBODY = "*"


class Side(NamedTuple):
    """`client` may do everything there, over real HTTP by `transport`."""

    roaming: Roaming
    platform: Platform
    client: RemoteNode
    transport: HTTPTransport

    @property
    def network(self) -> RoamingNetwork:
        """The network."""
        return self.roaming.network

    async def set_status(self, evse: EVSEId, status: EVSEStatus) -> None:
        """Over HTTP, as an operator's own system would."""
        await self.client.put_states({evse: (Timestamped(self.network.places.now, status), None)})


async def side_of(gateway: Gateway, network: RoamingNetwork) -> Side:
    """Attach a network to a gateway, and let a client in."""
    roaming = await gateway.attach(network)
    token = await roaming.clients.add("demo", operators=[EVERYBODY], providers=[EVERYBODY])
    transport = outbound(gateway.config)
    client = RemoteNode(f"{gateway.http.base_url}{PREFIX}", network.id, transport, token)
    return Side(roaming, gateway.platform, client, transport)
