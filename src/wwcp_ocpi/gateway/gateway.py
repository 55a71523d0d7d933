# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gateway: a platform with a database file, a port to the world, and its background work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Self

import msgspec
import structlog

from wwcp_ocpi.gateway.auditing import keep_written, open_audit
from wwcp_ocpi.gateway.config import Config, wants_network
from wwcp_ocpi.gateway.events import PATH, EventFeed, EventsPage
from wwcp_ocpi.gateway.expiring import PartnerCertificates
from wwcp_ocpi.gateway.metrics import CONTENT_TYPE, Metrics
from wwcp_ocpi.gateway.opening import (
    DATABASE,
    open_store,
    outbound,
    outbound_policy,
    server_limits,
    server_tls,
    settings_of,
)
from wwcp_ocpi.gateway.operators import operators
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.gateway.roaming import Roaming
from wwcp_ocpi.gateway.traffic import Traffic
from wwcp_ocpi.gateway.trusting import certificate_reader, handshake_reason
from wwcp_ocpi.net.asgi import Send, asgi_app
from wwcp_ocpi.net.body import Message, Receive
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.http import JSON, Request, Response
from wwcp_ocpi.protocol.modifiers import Modifiers
from wwcp_ocpi.security.audit import Event
from wwcp_ocpi.security.audit_log import AuditLog
from wwcp_ocpi.security.tracebacks import without_values
from wwcp_ocpi.server import cors
from wwcp_ocpi.server.decisions import Acceptor, Authorizer, Commander
from wwcp_ocpi.server.open_marks import complete
from wwcp_ocpi.server.openapi import openapi
from wwcp_ocpi.wwcp.http.routes import METHODS, PREFIX
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()
_NETWORK = f"{PREFIX}/"

REFRESH_S = 1.0
LOOK_S = 60.0


class Gateway:
    """Opens everything in `start`, closes everything in `stop`; or use it as an asynchronous context manager."""

    def __init__(
        self,
        config: Config,
        *,
        authorizer: Authorizer | None = None,
        commander: Commander | None = None,
        acceptors: Mapping[str, Acceptor] | None = None,
        modifiers: Mapping[str, Modifiers] | None = None,
    ) -> None:
        """Nothing is opened yet. What decides is asked from the first request on; see docs/extending.md.

        Args:
            authorizer: says whether a Token may charge; None answers from our own Tokens.
            commander: runs the charge points; None refuses every command with NOT_SUPPORTED.
            acceptors: say whether a posted object is kept, by kind (`cdrs`); without one, it is.
            modifiers: change the traffic with single partners, by the partner's id; see docs/partners.md.
        """
        without_values()
        self.config = config
        self._authorizer = authorizer
        self._commander = commander
        self._acceptors = dict(acceptors or {})
        self._modifiers = dict(modifiers or {})
        self.platform: Platform
        self.http: HTTPServer
        self.audit: AuditLog
        self.feed: EventFeed
        """Security events for those who listen now."""
        self.traffic: Traffic
        """What partners asked, in numbers."""
        self.roaming: Roaming | None = None
        """The WWCP side, once a network is attached."""
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = False

    @property
    def base_url(self) -> str:
        """Where partners reach the gateway."""
        return self.platform.settings.base_url

    @property
    def versions_url(self) -> str:
        """What a partner is given to begin with."""
        return self.platform.settings.versions_url

    async def start(self) -> Self:
        """Open the database, listen, and begin to deliver.

        Raises:
            UsageError: the configuration cannot be used.
            OSError: the address or the folder cannot be used.
        """
        config = self.config
        config.own_parties()  # refused now rather than when the port is open
        limits = server_limits(config)
        self.http = HTTPServer(
            asgi_app(self._handle, limits, apps={PATH: self._events}),
            limits,
            host=config.server.host,
            port=config.server.port,
            tls=server_tls(config),
            trusted_proxies=config.server.trusted_proxies,
            exporter_header=config.server.exporter_header,
            refused=self._handshake_refused,
            methods=METHODS,
        )
        operator = operators(config)
        self._transport = outbound(config)
        store, vault = await open_store(config)
        self._vault = vault
        try:
            listening = await self.http.start()
            certificates = certificate_reader(config)
            self.audit = open_audit(config, vault)
        except BaseException:
            await self.http.stop()
            await store.close()
            raise
        settings = settings_of(config, listening)
        self.platform = Platform(settings, store, vault, self._transport)
        self.platform.puller.every_h = config.pull.every_h
        self.feed = EventFeed(self.audit)
        self.platform.note_in(self.feed)
        self._page = EventsPage(self.feed, operator, self.platform.server.identity)
        self.platform.registration.policy = outbound_policy(config)
        self.platform.server.identity.certificates = certificates
        self._attach_system()
        self.traffic = Traffic(self.platform.server.router.routes)
        file = Path(config.store.folder) / DATABASE
        self._metrics = Metrics(
            self.platform, self.traffic, (file, file.with_name(f"{DATABASE}-wal")), self.audit.counts
        )
        await self.platform.book.load()
        await self.platform.desk.resume()
        if self.platform.hub is not None:
            await self.platform.hub.resume()
        await self.platform.hub_clients.publish()
        platform = self.platform
        work = (
            platform.courier.run(),
            platform.timetables.run(),
            platform.cdr_checks.run(),
            platform.puller.run(),
            self._follow(),
            self._look(),
            self._mark(),
            keep_written(self.audit),
        )
        self._tasks = [asyncio.create_task(one) for one in work]
        self._ready = True
        log.info("gateway.started", url=settings.base_url, versions_url=settings.versions_url)
        return self

    def _attach_system(self) -> None:
        server = self.platform.server
        self.platform.attach(self._authorizer, self._commander)
        server.acceptors.update(self._acceptors)
        self.platform.modifiers.update(self._modifiers)

    async def attach(self, network: RoamingNetwork | LiveNetwork) -> Roaming:
        """Serve a roaming network below `/wwcp`, and join it with OCPI on the sides on which we have a party.

        As CPO its operators' pools become our Locations, now and whenever they change, and partners' commands go to
        who runs them; as EMSP partners' places are in it, and its providers answer. What was uploaded before comes on
        top. Who takes part is best attached to the network before; see docs/wwcp.md.

        Raises:
            UsageError: a configured node cannot take part.
        """
        if isinstance(network, LiveNetwork):
            network = RoamingNetwork(network, self.platform.store)
        roaming = Roaming(network, self.platform, self._vault, self._transport, self.config, audit=self.audit)
        self.roaming = await roaming.open(self._authorizer, self._commander)
        return self.roaming

    async def stop(self) -> None:
        """Finish requests under way, stop delivering (what is not delivered stays), and close the database."""
        self._ready = False
        self.feed.close()  # its readers would not go by themselves
        if self.roaming is not None:
            self.roaming.stop_streams()
        await self.http.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.roaming is not None:
            await self.roaming.close()
        if self.platform.hub is not None:
            await self.platform.hub.stop()
        await self.platform.desk.stop()
        await self.platform.book.settle()
        await self._transport.close()
        await self.platform.store.close()
        await asyncio.to_thread(self.audit.close)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: Request) -> Response:
        if request.url.startswith("/-/"):
            return await self._operations(request)
        if not self._ready:
            return Response(
                status=503,
                headers={"content-type": JSON, "retry-after": "1"},
                body=envelope.failure(3000, "starting"),
            )
        began = time.perf_counter()
        if request.url.startswith(_NETWORK):
            response = await self._roam(request)
            self.traffic.count(request, response.status, time.perf_counter() - began)
            return response
        response = await self.platform.server.respond(request)
        if response.status == HTTPStatus.UNAUTHORIZED and await self._learned():
            response = await self.platform.server.respond(request)
        self.traffic.count(request, response.status, time.perf_counter() - began)
        return response

    async def _events(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._ready:
            await self._page(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    def _handshake_refused(self, source: str, cause: str) -> None:
        """Note a certificate that was refused, or was missing, before there was a request."""
        reason = handshake_reason(cause)
        identity = self.platform.server.identity if self._ready else None
        if reason is not None and identity is not None and not identity.wait_s(source):
            identity.stranger(Event(reason, source=source, request="TLS handshake", detail=cause))

    async def _roam(self, request: Request) -> Response:
        """What is below `/wwcp`: the roaming network, where there is one or will be in a moment."""
        if self.roaming is not None:
            return await self.roaming.handle(request)
        status, reason = (503, "starting") if wants_network(self.config) else (404, "no roaming network here")
        headers = {"content-type": JSON, **({"retry-after": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {})}
        return Response(status=status, headers=headers, body=msgspec.json.encode({"description": reason}))

    async def _learned(self) -> bool:
        """Look at once for what was written beside us.

        A command that registers makes a token which the partner shows us before the command has ended.
        """
        book = self.platform.book
        before = book.generation
        await book.refresh()
        return book.generation != before

    async def _operations(self, request: Request) -> Response:
        """`/-/health`: the process answers. `/-/ready`: it does its work as well. `/-/openapi.json`: what it serves.

        `/-/metrics`: what it did and holds; not for scripts of other origins, whatever the configuration says.
        """
        if request.path == "/-/metrics" and self.config.server.metrics:
            if not self._ready:
                return Response(status=503)
            return Response(status=200, headers={"content-type": CONTENT_TYPE}, body=await self._metrics.page())
        shared = cors.headers(request) if self.config.server.cors else {}
        if shared and cors.is_preflight(request):
            return Response(status=204, headers=shared)
        if request.path == "/-/openapi.json" and self._ready:
            return Response(status=200, headers={"content-type": JSON, **shared}, body=self._openapi)
        pages: dict[str, tuple[int, object]] = {
            "/-/health": (200, {"status": "ok"}),
            "/-/ready": (200 if self._ready else 503, {"ready": self._ready}),
        }
        status, body = pages.get(request.path, (404, {"error": "no such page"}))
        return Response(status=status, headers={"content-type": JSON, **shared}, body=msgspec.json.encode(body))

    @cached_property
    def _openapi(self) -> bytes:
        return msgspec.json.encode(openapi(self.platform.server))

    async def _follow(self) -> None:
        """Notice what the command line writes beside us: new partners, blocked ones."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.platform.book.refresh()
                await self.platform.hub_clients.publish()
            except Exception:
                # The edge of a background task: a database that is busy now must not end it for good.
                log.exception("partners.refresh_failed")

    async def _mark(self) -> None:
        """Find what is open to everybody of what was written while it was not."""
        settings = self.platform.settings
        try:
            changed = await complete(self.platform.store, settings.open_kinds, settings.party_ids)
        except Exception:
            # The edge of a background task, as above; lists are then as they were.
            log.exception("open_data.not_marked")
        else:
            if changed:
                log.info("open_data.marked", changed=changed)

    async def _look(self) -> None:
        """Look for certificates that end soon, and as a hub for partners that have fallen silent."""
        certificates = PartnerCertificates(self.feed)
        looks = 0
        while True:
            try:
                certificates.look(self.platform.book.all(), datetime.now(UTC))
                if looks:  # before, nobody had a chance to say anything
                    await self.platform.hub_clients.look()
            except Exception:
                # The edge of a background task, as above.
                log.exception("partners.look_failed")
            looks += 1
            await asyncio.sleep(LOOK_S)
