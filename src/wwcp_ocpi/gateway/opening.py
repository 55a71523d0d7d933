# SPDX-License-Identifier: AGPL-3.0-or-later
"""From the configuration to things that work: the database with its key, the way out, the server's settings."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast

from wwcp_ocpi.convert import Context
from wwcp_ocpi.gateway.config import Config, ConvertSection, read_secret, wants_network
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ClientLimits, ServerLimits
from wwcp_ocpi.net.tls.settings import ClientCertificates, ClientTLS, ServerTLS, TLSVersion
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.outbound import OutboundPolicy
from wwcp_ocpi.server import ServerSettings
from wwcp_ocpi.server.extensions import EXTENSIONS
from wwcp_ocpi.server.open_marks import follow_open
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.wwcp.ocpi.emp.feed import follow_partners

DATABASE = "wwcp-ocpi.sqlite"
KEY_FILE = "server.key"
_NAMES_OWNERS = {"hub": None, "always": True, "never": False}


@asynccontextmanager
async def open_platform(config: Config) -> AsyncIterator[Platform]:
    """The platform without its server: for commands that work beside a running gateway, on the same folder."""
    transport = outbound(config)
    store, vault = await open_store(config)
    try:
        server = config.server
        scheme = "https" if server.certificate else "http"
        platform = Platform(settings_of(config, f"{scheme}://{server.host}:{server.port}"), store, vault, transport)
        platform.registration.policy = outbound_policy(config)
        await platform.book.load()
        yield platform
        await platform.book.settle()
    finally:
        await transport.close()
        await store.close()


def settings_of(config: Config, listening: str) -> ServerSettings:
    """What the server is told; `listening` is the base URL where none is configured.

    Raises:
        UsageError: no party is configured, or one is none.
    """
    return ServerSettings(
        base_url=config.server.base_url.rstrip("/") or listening,
        parties=config.own_parties(),
        versions=config.server.versions,
        modules=frozenset(config.server.modules),
        page_size=config.server.page_size,
        max_page_size=config.server.max_page_size,
        extensions=_extensions(config.server.extensions),
        open_versions=config.server.open_versions,
        open_locations=config.server.open_locations,
        open_tariffs=config.server.open_tariffs,
        open_reads_per_minute=config.limits.open_reads_per_minute,
        cors=config.server.cors,
        refusals_per_minute=config.limits.refusals_per_minute,
        relays=frozenset(config.hub.modules),
        names_owners=_NAMES_OWNERS[config.convert.names_owners],
        convert=_convert(config.convert),
    )


def _convert(section: ConvertSection) -> Context:
    return Context(
        time_zone=section.time_zone or None,
        postal_code=section.postal_code or None,
        tax_included=section.tax_included,
        vat=Decimal(section.vat) if section.vat else None,
        unpublished=section.unpublished,
        traces=False,  # the stored object is here; partners see no fields of ours
    )


def _extensions(asked: bool | tuple[str, ...]) -> frozenset[str]:
    if isinstance(asked, bool):
        return EXTENSIONS if asked else frozenset()
    return frozenset(asked)


def server_limits(config: Config) -> ServerLimits:
    """What one caller may cost."""
    section = config.limits
    return ServerLimits(
        body_bytes=section.body_bytes,
        body_s=section.body_s,
        head_bytes=section.head_bytes,
        head_s=section.head_s,
        headers=section.headers,
        read_s=section.read_s,
        handshake_s=section.handshake_s,
        keep_alive_s=section.keep_alive_s,
        connections=section.connections,
        connections_per_address=section.connections_per_address,
        drain_s=section.drain_s,
    )


def server_tls(config: Config) -> ServerTLS | None:
    """How the server speaks TLS; None for plain HTTP."""
    server = config.server
    if not server.certificate:
        return None
    return ServerTLS(
        certificate=server.certificate,
        key=server.key or None,
        client_certificates=cast(ClientCertificates, server.client_certificates),
        client_ca=server.client_ca or None,
        crl=server.crl or None,
        ocsp=server.ocsp or None,
        least=cast(TLSVersion, server.tls_min),
    )


def outbound(config: Config) -> HTTPTransport:
    """The way to the partners, and only to where the configuration allows.

    Raises:
        UsageError: a certificate or key cannot be used.
    """
    policy, section = outbound_policy(config), config.outbound
    tls = ClientTLS(
        authorities=section.authorities or None,
        certificate=section.certificate or None,
        key=section.key or None,
    )
    return HTTPTransport(
        ClientLimits(total_s=config.limits.call_s),
        allow=policy.check_url,
        allow_address=policy.check_address,
        tls=tls if tls != ClientTLS() else None,
    )


def outbound_policy(config: Config) -> OutboundPolicy:
    """Where the configuration allows to call; `for_partner` of it narrows that to the hosts of one."""
    section = config.outbound
    return OutboundPolicy(
        allow_http=section.allow_http,
        allow_private=section.allow_private,
        networks=section.networks,
        ports=frozenset(section.ports),
    )


async def open_store(config: Config) -> tuple[SQLiteStore, Vault]:
    """The database in the data folder, and the key that goes with it; both are made when they are not there.

    Raises:
        UsageError: the key cannot be read.
        OSError: the folder cannot be used.
    """
    vault = open_vault(config)
    store = await SQLiteStore.open(Path(config.store.folder) / DATABASE)
    if wants_network(config) and any(party.role.upper() == "EMSP" for party in config.party):
        follow_partners(store)  # a command that writes beside the gateway leaves its marks for the gateway's network
    if config.party:
        settings = settings_of(config, "")
        follow_open(store, settings.open_kinds, settings.party_ids)
    return store, vault


def open_vault(config: Config) -> Vault:
    """The server key, in the data folder unless it is configured; both are made when they are not there.

    Raises:
        UsageError: the key cannot be read.
        OSError: the folder cannot be used.
    """
    folder = Path(config.store.folder)
    folder.mkdir(parents=True, exist_ok=True)
    return Vault(read_secret(config.store.key) if config.store.key else _own_key(folder / KEY_FILE))


def _own_key(path: Path) -> bytes:
    """The key in our own file; at the first start a new one, readable by nobody else.

    It is whole and on disk before it has its name, and of two processes that start at once one makes it.
    """
    if not path.exists():
        descriptor, made = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(Vault.new_key().hex())
                file.flush()
                os.fsync(descriptor)
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
        finally:
            os.unlink(made)
    return read_secret(f"file:{path}")
