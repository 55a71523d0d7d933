# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WWCP side of a gateway: its roaming network, the HTTP API around it, and the nodes that take part from afar."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

import structlog

from wwcp_ocpi.gateway.adapting import Adapters
from wwcp_ocpi.gateway.config import Config, NodeSection, read_token
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Request, Response, Transport
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server.audit import Audit
from wwcp_ocpi.server.decisions import Authorizer, Commander
from wwcp_ocpi.wwcp.http.clients import ClientBook
from wwcp_ocpi.wwcp.http.face import Face
from wwcp_ocpi.wwcp.http.identity import Identity
from wwcp_ocpi.wwcp.http.keeping import Uploads
from wwcp_ocpi.wwcp.http.mirroring import Following, Uploading
from wwcp_ocpi.wwcp.http.node import RemoteNode
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()

DEFAULT_ID = "Prod"
REFRESH_S = 1.0


def empty_network(config: Config) -> LiveNetwork:
    """The network to begin with where there is no file."""
    return LiveNetwork(RoamingNetworkData(id=config.wwcp.id or DEFAULT_ID))


class Roaming:
    """One roaming network that is served. `open` first, `close` at the end."""

    def __init__(
        self,
        network: RoamingNetwork,
        platform: Platform,
        vault: Vault,
        transport: Transport,
        config: Config,
        *,
        audit: Audit | None = None,
    ) -> None:
        """Nothing is read or asked yet.

        Args:
            network: What the file has; uploads from before come on top of it.
            platform: The OCPI side. Refusals by address are counted together with its own.
            transport: The way to other nodes.
        """
        self.network = network
        self.adapters = Adapters(network, platform, config)
        self.clients = ClientBook(platform.store, vault)
        self.uploads = Uploads(platform.store, network.id)
        failures = platform.server.identity.failures
        self.identity = Identity(self.clients, failures=failures, audit=audit, anonymous=config.wwcp.anonymous_read)
        self.nodes: list[RemoteNode] = []
        self.following: list[Following] = []
        self.uploading: list[Uploading] = []
        self.face: Face
        self._transport = transport
        self._config = config
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, authorizer: Authorizer | None = None, commander: Commander | None = None) -> Self:
        """Take over what was before the restart, let the configured nodes take part, and begin to work.

        Args:
            authorizer: the operator's own one, which partners' questions go to instead of the network; so do commands
                to the `commander`.

        Raises:
            UsageError: a node's token cannot be read, or two nodes have the same operator or provider.
        """
        await self.clients.load()
        await self.uploads.resume(self.network.places)
        await self.network.resume()
        self.face = Face(self.network, self.identity, self.uploads)
        self.begin(self.network.run())
        self.begin(self._refresh())
        try:
            for section in self._config.node:
                self._take_part(section)
        except BaseException:
            await self.close()
            raise
        await self.adapters.start(authorizer, commander)
        for work in self.adapters.work():
            self.begin(work)
        log.info("wwcp.opened", network=self.network.id, nodes=len(self.nodes), clients=len(self.clients.all()))
        return self

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, until `close`."""
        self._tasks.append(asyncio.create_task(work))

    async def handle(self, request: Request) -> Response:
        """Answer a request below `/wwcp`."""
        return await self.face.handle(request)

    def stop_streams(self) -> None:
        """Let readers of events go, so that the server can stop."""
        self.face.close()

    async def close(self) -> None:
        """End the work, and wait until what was uploaded is written."""
        self.face.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.adapters.stop()
        await self.uploads.settle()

    def _take_part(self, section: NodeSection) -> None:
        node = RemoteNode(
            section.url,
            section.network,
            self._transport,
            read_token(section.token, "node.token"),
            custom_methods=section.custom_methods,
            names_places=section.upload,
        )
        self.nodes.append(node)
        for id in section.operators:
            self.network.add_operator(ChargingStationOperatorId.parse(id), node)
        for id in section.providers:
            self.network.add_provider(EMobilityProviderId.parse(id), node)
        if not (section.operators or section.providers or section.upload or section.follow):
            raise UsageError(f"node {section.url}: expected operators, providers, upload or follow")
        if section.upload:
            theirs = {ChargingStationOperatorId.parse(id) for id in section.operators}
            uploading = Uploading(self.network, node, without=theirs)
            self.uploading.append(uploading)
            self.begin(uploading.run())
        if section.follow:
            following = Following(node, self.network.places)
            self.following.append(following)
            self.begin(following.run())

    async def _refresh(self) -> None:
        """Notice what the command line writes beside us: new clients, blocked ones."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.clients.refresh()
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("wwcp.refresh_failed")
